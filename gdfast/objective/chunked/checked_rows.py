"""From a user's arguments to the rows of all chunks: what is wrong with them is said before any work."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np

from ..._arrays import check_columns, check_integer, check_labels, check_sample_weight, check_targets
from ...datasets.chunks import ChunkSource
from ..linear.rows import Counter, warn_of_offsets
from ..losses.base import Loss
from . import operations
from .chunk import View
from .engine import Engine, Start
from .layout import chunk_boundaries
from .problem import ChunkedRows


def checked_rows(
    source: Any,
    loss: Loss,
    memory_limit: int,
    bias: bool,
    sample_weight: Any,
    mean: Any,
    scale: Any,
    n_classes: Any,
) -> tuple[ChunkedRows, dict[str, Any]]:
    """The rows of all chunks, and the options of each chunk's objective."""
    n, d = source.n_samples, source.n_features
    y = source.labels()
    if y is None:
        raise ValueError("y must be given where X carries no labels of its own")
    if loss.classifies:
        labels, n_classes = check_labels(y, n, None if n_classes is None else check_integer(n_classes, "n_classes", 1))
        options = {"n_classes": n_classes}
    elif n_classes is not None:
        raise ValueError(f"n_classes has no meaning for {type(loss).__name__}; leave it out")
    else:
        labels = check_targets(y, n)
        n_classes, options = labels.shape[1], {}
    weights = check_sample_weight(sample_weight, n)
    if source.is_sparse and mean is not None:
        raise ValueError("mean must be None for sparse X, which centring would fill; scale is allowed")
    mean = check_columns(mean, "mean", d, positive=False)
    scale = check_columns(scale, "scale", d, positive=True)
    for array in (labels, weights, mean, scale):
        if array is not None:
            array.flags.writeable = False
    rows = ChunkedRows(
        source, labels, weights, mean, scale, n_classes, bias, np.ndim(y) == 1,
        1.0 if weights is None else float(weights.mean()), n, d, chunk_boundaries(source, memory_limit, n_classes),
        Counter(),
        source.dtype == np.float64,
    )  # fmt: skip
    warn_of_offsets(rows)
    return rows, options | {"bias": bias, "mean": mean, "scale": scale}


def require_finite_rows(source: ChunkSource, engine: Engine, loss: Loss) -> None:
    """ValueError, which names the first element of X that is NaN or infinite; one scan."""
    with closing(engine.each(View(loss), operations.not_finite, Start())) as each:
        for outcome in each:
            if outcome.found is not None:
                row, column, value = outcome.found
                raise ValueError(f"X must be finite; X[{row}, {column}] ({source.where(row)}) is {value}")
