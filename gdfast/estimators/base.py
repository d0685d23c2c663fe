"""What classifier and regressor share as scikit-learn estimators: checks of X and weights, scores, attributes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .._config import get_num_threads, set_num_threads
from ..objective.linear.objective import LinearObjective
from ..objective.losses import CrossEntropy
from ..protocols import Array, FloatArray
from ..training.fit import Learned, Start
from .callbacks import CallbackSupportMixin

DENSE_TYPES = (np.float64, np.float32, np.float16, np.uint8)
SPARSE_TYPES = (np.float64, np.float32)
CAST_BYTES = 1 << 23


class LinearEstimator(CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """A linear model of scores ``X coef' + intercept``."""

    coef_: Array
    intercept_: Array
    history_: dict[str, list[float]]
    n_iter_: int
    duality_gap_: float | None
    _after: Start

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _checked_X(self, X: Any, *, reset: bool) -> Any:
        """X as the kernels take it: dense as it is where its type is one of theirs; CSR in float64 or float32.

        Columns that lie apart (Fortran order, a table's) are brought together by a copy: so every layout gives the same
        bits.
        """
        types = SPARSE_TYPES if hasattr(X, "tocsr") else DENSE_TYPES
        with np.errstate(over="ignore", invalid="ignore"):  # of the sum by which it looks for NaN
            checked = validate_data(self, X, accept_sparse="csr", dtype=types, reset=reset)
        is_dense = isinstance(checked, np.ndarray)
        return np.ascontiguousarray(checked) if is_dense and checked.strides[1] != checked.itemsize else checked

    def _checked_weights(self, sample_weight: Any, X: Any) -> FloatArray | None:
        if sample_weight is None:
            return None
        weights: FloatArray = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if not weights.any():
            raise ValueError("sample_weight must hold a weight > 0; all are zero")
        return weights

    def _write(self, learned: Learned, *, go_on: bool = False) -> None:
        """What every fit leaves behind, besides the coefficients; `go_on` adds to the history there is."""
        if learned.complaint is not None:
            warnings.warn(learned.complaint, ConvergenceWarning, stacklevel=4)
        outcome = learned.outcome
        history = {"loss": outcome.losses, "learning_rate": outcome.rates}
        if learned.scores:
            history["validation_score"] = learned.scores
        if go_on:
            history = {name: [*self.history_.get(name, []), *part] for name, part in history.items()}
        self.history_ = history
        self.n_iter_ = max(1, len(history["loss"]))
        self.duality_gap_ = learned.gap
        self._after = learned.after

    def _scores(self, X: Any) -> Array:
        """``X coef' + intercept``, (n, rows of coef_), by the kernels: X is never cast whole."""
        check_is_fitted(self)
        X = self._checked_X(X, reset=False)
        coef, intercept = np.atleast_2d(self.coef_), np.ravel(self.intercept_)
        if hasattr(X, "indptr"):
            return np.asarray(X @ coef.T + intercept)
        W = np.column_stack([coef, intercept])
        if X.dtype == np.float64 or W.dtype != np.float64:
            return _scores_of(X, W)
        # What float32 can't hold was learned in float64: so some rows at a time.
        step = max(1, CAST_BYTES // (8 * X.shape[1]))
        return np.concatenate([_scores_of(X[i : i + step].astype(np.float64), W) for i in range(0, len(X), step)])


def _scores_of(X: Array, W: Array) -> Array:
    labels = np.zeros(X.shape[0], dtype=np.int32)  # scores don't look at them
    return LinearObjective(X, labels, CrossEntropy(), n_classes=len(W), check_finite=False).scores(W)


@contextmanager
def threads(n: int | None) -> Iterator[None]:
    """So many threads for the length of a block; None: as many as there are."""
    before = get_num_threads()
    try:
        if n is not None:
            set_num_threads(n)
        yield
    finally:
        set_num_threads(before)
