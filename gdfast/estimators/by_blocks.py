"""Predictions of rows that are not in memory: chunk by chunk, and of dask arrays lazily, as a dask array."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..protocols import Array
from ..training.chunked_data import in_memory, is_chunked, is_dask


def by_blocks(method: Callable[[Any, Any], Array]) -> Callable[[Any, Any], Any]:
    """Method decorator: X may be what `fit` reads chunk by chunk; a dask array gives a dask array."""

    @wraps(method)
    def called(self: Any, X: Any) -> Any:
        if isinstance(X, np.ndarray) or not is_chunked(X):
            return method(self, X)
        check_is_fitted(self)
        data = self._checked_chunks(X, reset=False)
        if is_dask(X):
            return _lazily(method, self, X)
        return np.concatenate([method(self, block.X) for block in data.blocks()])

    return called


def _lazily(method: Callable[[Any, Any], Array], estimator: Any, X: Any) -> Any:
    like = method(estimator, np.zeros((1, X.shape[1]), dtype=X.dtype))[:0]
    whole_rows = X.rechunk({1: -1})
    shape = {"drop_axis": 1} if like.ndim == 1 else {"chunks": (whole_rows.chunks[0], (like.shape[1],))}
    return whole_rows.map_blocks(_of_block, method.__name__, estimator, dtype=like.dtype, meta=like, **shape)


def _of_block(X: Array, name: str, estimator: Any) -> Array:
    found: Array = getattr(estimator, name)(X)
    return found


def labels_and_predictions(estimator: Any, X: Any, y: Any) -> tuple[Any, Array]:
    """What rows that are read chunk by chunk should be (None: what they carry), and what they are predicted to be."""
    if y is None:
        y = estimator._checked_chunks(X, reset=False).source.labels_as_found()
    if y is None:
        raise ValueError("y must be given: X carries no labels")
    return in_memory(y, "y"), np.asarray(estimator.predict(X))
