"""Data sets and contestants of bench_estimators.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

BUNDLED = ("digits", "iris", "wine", "breast_cancer", "dna")
UNITS = (1.0, 1e-6, 1e6)


class Split(NamedTuple):
    """Rows to train on and rows held out."""

    X: Any
    y: Any
    X_held: Any
    y_held: Any


def load(name: str, data: str | None, quick: bool) -> Split:
    """One of the data sets by its name."""
    if name == "images":
        return made_up_images(8_000 if quick else 70_000)
    assert data is not None
    return cifar10(Path(data), quick) if name == "CIFAR-10" else newsgroups(Path(data))


def small(name: str, data: str | None) -> tuple[Any, Any] | None:
    """One of scikit-learn's bundled sets, or dna, 2,000 x 180, of the folder (None where it is not there)."""
    from sklearn import datasets

    if name != "dna":
        return getattr(datasets, f"load_{name}")(return_X_y=True)  # type: ignore[no-any-return]
    found = [] if data is None else [path for path in Path(data).glob("**/dna.scale") if path.is_file()]
    if not found:
        return None
    X, y = datasets.load_svmlight_file(str(found[0]))
    return X.toarray(), y


def made_up_images(n: int) -> Split:
    """MNIST's sizes, uint8: scikit-learn's digits at 20 x 20, shifted, of varied ink and noise, on a 28 x 28 sheet.

    Held-out images come of originals that no training image comes of.
    """
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    digits, rng = load_digits(), np.random.default_rng(0)
    large = np.stack([zoom(image, 2.5, order=1) for image in digits.images]).astype(np.float32) * (255 / 16)
    n_held = n // 7
    border = len(large) * 6 // 7
    which = np.concatenate([rng.integers(0, border, n - n_held), rng.integers(border, len(large), n_held)])
    X = np.zeros((n, 28, 28), dtype=np.uint8)
    for dx in (3, 4, 5):
        for dy in (3, 4, 5):
            at = np.flatnonzero((np.arange(n) * 7 + 3) % 9 == (dx - 3) * 3 + dy - 3)
            ink = large[which[at]] * rng.uniform(0.7, 1.1, (len(at), 1, 1)).astype(np.float32)
            ink += (ink > 20) * rng.standard_normal(ink.shape, dtype=np.float32) * 30
            X[at, dx : dx + 20, dy : dy + 20] = np.clip(ink, 0, 255)
    X, y = X.reshape(n, -1), digits.target[which]
    return Split(X[:-n_held], y[:-n_held], X[-n_held:], y[-n_held:])


def cifar10(folder: Path, quick: bool) -> Split:
    """The first 40,000 training images, and the last 10,000."""
    files = [_found(folder, f"data_batch_{i}.bin") for i in ((1, 5) if quick else range(1, 6))]
    records = np.concatenate([np.fromfile(file, dtype=np.uint8).reshape(-1, 3073) for file in files])
    X, y = np.ascontiguousarray(records[:, 1:]), records[:, 0].astype(np.int64)
    return Split(X[:-10_000], y[:-10_000], X[-10_000:], y[-10_000:])


def newsgroups(folder: Path) -> Split:
    """20 newsgroups, split by date."""
    import scipy.sparse as sp

    with np.load(_found(folder, "news20_labels.npz")) as labels:
        y, y_held = labels["y_train"].astype(np.int64), labels["y_test"].astype(np.int64)
    X, X_held = (sp.load_npz(_found(folder, f"news20_{part}.npz")).tocsr() for part in ("train", "test"))
    return Split(X, y, X_held, y_held)


def _found(folder: Path, name: str) -> Path:
    for path in (folder / name, *sorted(folder.glob(f"*/{name}"))):
        if path.exists():
            return path
    raise SystemExit(f"{folder} holds no {name}")


def contestants(name: str, quick: bool) -> dict[str, Callable[[int], Any]]:
    """Estimators by name, made for a number of threads. Peers see standardised float32 rows (CSR: rows as they are)."""
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler
    from sklearn.svm import LinearSVC

    from gdfast.estimators import GDClassifier

    def scaled(model: Any) -> Any:
        if name == "20 newsgroups":
            return model
        return make_pipeline(FunctionTransformer(lambda X: np.asarray(X, dtype=np.float32)), StandardScaler(), model)

    found: dict[str, Callable[[int], Any]] = {
        "GDClassifier(hinge)": lambda n: GDClassifier("hinge", random_state=0, n_threads=n),
        "GDClassifier(cross_entropy)": lambda n: GDClassifier("cross_entropy", random_state=0, n_threads=n),
        "GDClassifier(cross_entropy, epochs=7)": lambda n: GDClassifier(
            "cross_entropy", epochs=7, random_state=0, n_threads=n
        ),
    }
    if name == "20 newsgroups":
        found["SGDClassifier()"] = lambda n: SGDClassifier(random_state=0, n_jobs=n)
        found["LinearSVC()"] = lambda n: LinearSVC(random_state=0)
        return found
    for epochs in (1,) if quick else (1, 5):
        found[f"scaled + SGDClassifier(max_iter={epochs})"] = lambda n, epochs=epochs: scaled(
            SGDClassifier(max_iter=epochs, tol=None, random_state=0, n_jobs=n)
        )
    for steps in (5,) if quick else (10, 40):
        found[f"scaled + LogisticRegression(max_iter={steps})"] = lambda n, steps=steps: scaled(
            LogisticRegression(max_iter=steps)
        )
    return found
