"""Reproduces two results of the lecture: both random searches with 20 seeds, and the loss after a step of each size.

    python docs/learn/reproduce.py --data cifar-10-batches-bin

prints the tables of docs/learn/reproduce.md; without --data the same on scikit-learn's digits. A search sees the first
5,000 images (--images) and is judged on all others; the whole takes some 7 minutes on one core.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import gdfast as gd

STEPS = 10.0 ** np.arange(-10, 0)
SEARCHES = ("random search", "random local search")
CLASSES = 3  # of the smaller sweep


def objective(images: Any, X: np.ndarray, y: np.ndarray, centred: bool) -> gd.LinearObjective:
    """The hinge loss of pixels as they are, or centred and in units of the largest one, as `gdfast demo` has them."""
    settings: dict[str, Any] = {"n_classes": len(images.class_names)}
    if centred:
        settings |= {"mean": images.X.mean(axis=0), "scale": np.full(X.shape[1], float(images.pixel_max))}
    return gd.LinearObjective(X, y, gd.Hinge(), **settings)


def search(images: Any, kind: str, centred: bool, seed: int, evaluations: int, n: int) -> tuple[float, float]:
    """The best loss that a search finds on the first n images, and its accuracy on all the others."""
    train, rest, test = (
        objective(images, X, y, centred)
        for X, y in ((images.X[:n], images.y[:n]), (images.X[n:], images.y[n:]), (images.X_test, images.y_test))
    )
    unit = 255.0 if centred else 255.0 / images.pixel_max  # the lecture's scales are per grey level of 256
    rng = np.random.default_rng(seed)
    if kind == SEARCHES[0]:
        found = gd.random_search(train, n=evaluations, scale=1e-4 * unit, rng=rng)
    else:
        start = 1e-3 * unit * rng.standard_normal(train.shape)
        found = gd.local_search(train, start, n=evaluations, step=1e-4 * unit, rng=rng)
    right = sum(each.n_samples * each.accuracy(found.w) for each in (rest, test))
    return found.value, right / (rest.n_samples + test.n_samples)


def print_searches(images: Any, seeds: int, evaluations: int, n: int) -> None:
    """For each kind of pixels and search the accuracies of all seeds, the smallest first."""
    for centred in (True, False):
        for kind in SEARCHES:
            found = [search(images, kind, centred, seed, evaluations, n) for seed in range(seeds)]
            losses, accuracies = (np.sort(column) for column in np.transpose(found))
            print(f"{kind}, {'centred' if centred else 'raw'} pixels: loss {np.median(losses):.2f} (median)")
            print("    accuracy in %:", " ".join(f"{100 * accuracy:.1f}" for accuracy in accuracies), flush=True)


def sweeps(images: Any) -> dict[str, gd.landscape.StepSizes]:
    """The loss after one step along minus the gradient, by the setting: pixels and weights."""
    k, d, few = len(images.class_names), images.X.shape[1], images.y < CLASSES
    colours = images.image_shape[0] if len(images.image_shape) == 3 else 1
    grey = images.X[few].reshape(-1, colours, d // colours).mean(axis=1, dtype=np.float32)
    mean, uniform = images.X.mean(axis=0), np.random.default_rng(0).random((k, d + 1))
    settings = {
        "raw pixels, W = 1e-3 * uniform": (images.X, images.y, None, 1e-3 * uniform),
        "raw pixels, W = 1e-4 * normal": (images.X, images.y, None, 1e-4 * normal(0, k, d)),
        "centred pixels, W = 1e-4 * normal": (images.X, images.y, mean, 1e-4 * normal(0, k, d)),
        "3 classes, centred grey pixels, W = 1e-4 * normal": (
            grey, images.y[few], grey.mean(axis=0, dtype=np.float64), 1e-4 * normal(1, CLASSES, grey.shape[1]),
        ),
    }  # fmt: skip
    return {
        name: gd.landscape.step_sizes(gd.LinearObjective(X, y, gd.Hinge(), mean=mean), W, STEPS)
        for name, (X, y, mean, W) in settings.items()
    }


def normal(seed: int, k: int, d: int) -> np.ndarray:
    """Of W's shape, the bias in the last column."""
    return np.random.default_rng(seed).standard_normal((k, d + 1))


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="CIFAR-10's folder of .bin files; without it: digits")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--evaluations", type=int, default=1000)
    parser.add_argument("--images", type=int, default=5_000)
    options = parser.parse_args()
    images = gd.datasets.load_cifar10(options.data) if options.data else gd.datasets.load_digits()
    for name, found in sweeps(images).items():
        print(f"{name}: loss {found.start:.4f}, lowest {found.exact_value:.4g} at step {found.exact_step:.2g}")
        print("   ", ", ".join(f"{step:.0e} {value:.5g}" for step, value in zip(STEPS, found.values, strict=True)))
    print_searches(images, options.seeds, options.evaluations, min(options.images, len(images.X) // 2))


if __name__ == "__main__":
    main()
