"""The data of bench_sparse.py and the peers it measures: SciPy + NumPy for one pass, scikit-learn for epochs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
N_CLASSES = 20
MARGIN = 1.0


def load(data: str | None, quick: bool, dtype: str) -> tuple[Any, Array]:
    """20 newsgroups from the folder `data`, or random CSR of like shape; and labels."""
    import scipy.sparse as sp

    if data is not None:
        X = sp.load_npz(Path(data) / "news20_train.npz").tocsr()
        with np.load(Path(data) / "news20_labels.npz") as file:
            y = file[next(name for name in file.files if "train" in name)].astype(np.int64)
    else:
        rng = np.random.default_rng(0)
        n, d = (2000, 20_000) if quick else (11_314, 130_107)
        # Few columns are frequent and most are rare, as with words.
        columns = np.minimum(rng.zipf(1.25, (n, 240)) - 1, rng.integers(0, d, (n, 240)))
        rows = np.repeat(np.arange(n), 240)
        X = sp.csr_matrix((np.ones(rows.size), (rows, columns.ravel())), shape=(n, d))
        X.data = 1 / np.sqrt(np.repeat(np.diff(X.indptr), np.diff(X.indptr)))
        y = rng.integers(0, N_CLASSES, n)
    return X.astype(dtype), y


def peer_passes(X: Any, y: Array, W: Array, loss: str) -> dict[str, Callable[[], tuple[float, Array]]]:
    """Loss + gradient, four ways: X^T and W^T as views or in C order. X^T is made once, and not timed."""
    n, every, transposed = X.shape[0], np.arange(X.shape[0]), X.T.tocsr()
    coefficients = hinge if loss == "hinge" else softmax

    def run(copied: bool, by_columns: bool) -> tuple[float, Array]:
        V = np.ascontiguousarray(W[:, :-1].T) if copied else W[:, :-1].T
        scores = X @ V
        scores += W[:, -1]
        value, c = coefficients(scores, y, every)
        gradient = np.empty_like(W)
        gradient[:, :-1] = ((transposed if by_columns else X.T) @ c).T
        gradient[:, -1] = c.sum(axis=0)
        gradient /= n
        return value / n, gradient

    return {
        f"SciPy, {'X^T copied' if b else 'X^T a view'}, {'W^T copied' if a else 'W^T a view'}": (
            lambda a=a, b=b: run(a, b)  # type: ignore[misc]
        )
        for a in (False, True)
        for b in (False, True)
    }


def hinge(scores: Array, y: Array, every: Array) -> tuple[float, Array]:
    scores += (MARGIN - scores[every, y])[:, None]
    scores[every, y] = 0
    np.maximum(scores, 0, out=scores)
    value = float(scores.sum(dtype=np.float64))
    c = (scores > 0).astype(scores.dtype)
    c[every, y] = -c.sum(axis=1)
    return value, c


def softmax(scores: Array, y: Array, every: Array) -> tuple[float, Array]:
    scores -= scores.max(axis=1, keepdims=True)
    right = scores[every, y]
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1, keepdims=True)
    value = float((np.log(sums[:, 0]) - right).sum(dtype=np.float64))
    scores /= sums
    scores[every, y] -= 1
    return value, scores


def peer_epochs(X: Any, y: Array, loss: str) -> Callable[[int], Any]:
    """SGDClassifier from zero for so many epochs, at its default schedule; one-vs-rest: another problem."""
    from sklearn.linear_model import SGDClassifier

    name = "hinge" if loss == "hinge" else "log_loss"
    return lambda epochs: SGDClassifier(loss=name, max_iter=epochs, tol=None, random_state=0).fit(X, y)
