"""What tells one linear objective from another, without reading all of it: settings, digests, a value on some rows."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _kernels
from ..protocols import Array

if TYPE_CHECKING:
    from .linear.objective import LinearObjective

ROWS = 64


def linear_fingerprint(objective: LinearObjective, w: Array) -> dict[str, Any]:
    """JSON-like facts: settings, digests of y, sample weights and 64 rows of X, the value on these rows."""
    chosen = np.unique(np.linspace(0, objective.n_samples - 1, ROWS).astype(np.int64))
    some = objective.rows(chosen)
    some._parent = None  # not a pass of the run
    places = chosen if objective._index is None else objective._index[chosen]
    labels = objective._labels if objective._labels is not None else objective._targets
    visited = slice(None) if objective._index is None else objective._index
    return {
        "kind": type(objective).__name__,
        "shape": [objective.n_samples, *objective.shape],
        "type of X": objective._rows.dtype.name,
        "loss": repr(objective.loss),
        "regularizer": repr(objective.regularizer),
        "bias": [objective.bias, objective.penalize_bias],
        "mean and scale": [_digest(objective.mean), _digest(objective.scale)],
        "y": _digest(None if labels is None else labels[visited]),
        "sample_weight": _digest(None if objective._weights is None else objective._weights[visited]),
        "rows of X": _digest(*_rows_of(objective._rows, places)),
        "value": some.value(w) if w.shape == objective.shape else None,
    }


def _rows_of(X: Array | _kernels.SparseRows, places: Array) -> list[Array]:
    if not isinstance(X, _kernels.SparseRows):
        return [X[places]]
    return [a[X.starts[i] : X.starts[i + 1]] for i in places for a in (X.values, X.indices)]


def _digest(*arrays: Array | None) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        if array is not None:
            plain = np.ascontiguousarray(array)
            digest.update(f"{plain.dtype.str} {plain.shape}".encode())
            digest.update(plain.tobytes())
    return digest.hexdigest()[:16]
