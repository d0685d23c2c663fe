"""The problems of bench_solve.py: rows, labels or targets, loss and strength; where they come from; their optima."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from estimator_data import made_up_images

Array = np.ndarray[Any, Any]
NEAR = 1e-5  # how far a value may be from the optimum to stand for it, relative: proven


@dataclass(frozen=True)
class Problem:
    """mean loss + strength * |W|^2 on these rows; `key` tells it from all others."""

    key: str
    X: Any
    y: Array
    loss: str
    strength: float
    penalize_bias: bool = False
    mean: Array | None = None
    scale: Array | None = None

    def objective(self) -> Any:
        """A fresh one: what it scans X for belongs to the time of a solve."""
        import gdfast as gd

        regularizer = gd.L2(self.strength)
        return gd.LinearObjective(
            self.X, self.y, getattr(gd, self.loss)(), regularizer, penalize_bias=self.penalize_bias, mean=self.mean,
            scale=self.scale,
        )  # fmt: skip


def known(folder: str | None, key: str, find: Callable[[], Any]) -> Any:
    """What `find` gives, a number or a list; out of a file in the folder, where it has been found before."""
    if folder is None:
        return find()
    file = Path(folder) / "optima.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    if key not in found:
        found[key] = find()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, indent=1))
    return found[key]


def optimum(problem: Problem, folder: str | None) -> float:
    """The value of a long run that ends in float64 arithmetic, proven to be within 1e-5 of the optimum."""
    import gdfast as gd

    def find() -> float:
        result = gd.solve(problem.objective(), NEAR, max_passes=5000)
        if result.duality_gap is None or result.duality_gap > 10 * NEAR * result.value:
            raise SystemExit(f"the optimum of {problem.key} was not found: {result.explanation}")
        return float(result.value)

    return float(known(folder, problem.key, find))


# Rows. Real ones are in the folder that is given; what is made up says so in its name.


def cifar10(data: str | None, quick: bool, n: int = 49_000) -> tuple[str, Array, Array]:
    """uint8 pixels and labels; made-up pixels of the same sizes where there is no folder."""
    if data is None:
        n, d = (1_500, 192) if quick else (n, 3_072)
        X, y = made_up_pixels(n, d)
        return f"made-up pixels {n:,} x {d:,}", X, y
    from gdfast.datasets import load_cifar10

    folder = found_in(data, "data_batch_1.bin").parent
    images = load_cifar10(folder)
    n = 1_500 if quick else n
    return f"CIFAR-10 {n:,} x 3,072", images.X[:n].reshape(n, -1), images.y[:n]


def mnist_sized(quick: bool) -> tuple[str, Array, Array]:
    """float32 in [0, 1]: digits, enlarged, moved, with noise; a 50th of the labels are wrong."""
    split = made_up_images(1_400 if quick else 70_000)
    y, rng = split.y.astype(np.int64), np.random.default_rng(1)
    wrong = rng.random(len(y)) < 0.02
    y[wrong] = rng.integers(0, 10, int(wrong.sum()))
    return f"made-up digits {len(y):,} x 784", split.X / np.float32(255), y


def newsgroups(data: str) -> tuple[str, Any, Array]:
    """20 newsgroups: word counts, rows of length 1, CSR float32."""
    import scipy.sparse as sp

    with np.load(found_in(data, "news20_labels.npz")) as labels:
        y = labels["y_train"].astype(np.int64)
    X = sp.csr_array(sp.load_npz(found_in(data, "news20_train.npz")), dtype=np.float32)
    return f"20 newsgroups {X.shape[0]:,} x {X.shape[1]:,}", X, y


def made_up_pixels(n: int, d: int) -> tuple[Array, Array]:
    """uint8 of a power-law spectrum, as images have it, clipped; labels from ten noisy linear scores."""
    rng = np.random.default_rng(0)
    rank = min(d, 300)
    basis = np.linalg.qr(rng.standard_normal((d, rank)))[0] * np.sqrt(d)
    hidden = rng.standard_normal((n, rank)) / (1 + np.arange(rank))
    X = 128 + 60 * (hidden @ basis.T) + 4 * rng.standard_normal((n, d))
    scores = hidden * (1 + np.arange(rank)) @ rng.standard_normal((rank, 10)) / np.sqrt(rank)
    scores += rng.gumbel(size=scores.shape)
    return np.clip(X, 0, 255).astype(np.uint8), scores.argmax(axis=1)


def correlated(n: int, d: int) -> tuple[Array, Array]:
    """float32 features that correlate, and targets that hang on them but for noise and a twentieth of outliers."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d), dtype=np.float32)
    X += rng.standard_normal((n, d // 10), dtype=np.float32) @ rng.standard_normal((d // 10, d), dtype=np.float32)
    y = X @ rng.standard_normal(d, dtype=np.float32) / np.sqrt(d) + rng.standard_normal(n)
    y[rng.random(n) < 0.05] *= 10
    return X, y.astype(np.float64)


def embeddings(n: int, d: int, k: int) -> tuple[Array, Array]:
    """float16 as a network's last layer gives them: rows of one length in a narrow cone, with a falling spectrum."""
    rng = np.random.default_rng(0)
    scales = ((1 + np.arange(d)) ** -0.7).astype(np.float32)
    mixed = np.linalg.qr(rng.standard_normal((d, d)))[0].astype(np.float32)
    y = rng.integers(0, k, n)
    X = (1.2 * rng.standard_normal((k, d), dtype=np.float32))[y] + rng.standard_normal((n, d), dtype=np.float32)
    X = (X * scales) @ mixed + 0.03 * scales.sum() * mixed[0]
    X *= 0.25 * np.sqrt(d) / np.linalg.norm(X, axis=1, keepdims=True)
    return X.astype(np.float16), y


def standardised(X: Array) -> tuple[Array, Array, Array]:
    """float32 rows less their mean, over their deviation; and both."""
    mean, scale = X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
    scale[scale == 0] = 1
    rows = X.astype(np.float32)
    rows -= mean.astype(np.float32)
    rows /= scale.astype(np.float32)
    return rows, mean, scale


def found_in(folder: str, name: str) -> Path:
    """The file of this name, in the folder or one below."""
    for path in (Path(folder) / name, *sorted(Path(folder).glob(f"*/{name}"))):
        if path.exists():
            return path
    raise SystemExit(f"{folder} holds no {name}")
