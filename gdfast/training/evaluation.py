"""Evaluation of a model on labelled rows: loss, accuracy and confusion matrix, or R2, RMSE and mean absolute error.

Rows go through the model some at a time: memory-mapped and sparse ones are never taken in whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..datasets.chunks import ChunkSource
from ..model import Model
from ..protocols import Array, FloatArray
from .chunked_data import ChunkedData

BLOCK_BYTES = 1 << 24


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The mean loss without penalty on so many rows, and the metrics of a classifier or of a regression.

    Of a classifier `accuracy` and `confusion[i, j]`: rows of class i that were predicted as class j. Of a regression
    `r2` (1 - residual / variance; None where the targets are all equal), `rmse` and `mean_absolute_error`.
    """

    rows: int
    loss: float
    accuracy: float | None = None
    confusion: Array | None = None
    r2: float | None = None
    rmse: float | None = None
    mean_absolute_error: float | None = None


def accuracy(scores: Array, y: Array, weights: FloatArray | None) -> float:
    """The share of the rows whose own class has the largest score."""
    return float(np.average(scores.argmax(axis=1) == y, weights=weights))


def r2(scores: Array, y: FloatArray, weights: FloatArray | None) -> float:
    """The share of the variance of y that the scores explain, the mean over outputs; 0 where there is none."""
    y = y.reshape(len(y), -1)
    residual = np.average((y - scores) ** 2, axis=0, weights=weights)
    variance = np.average((y - np.average(y, axis=0, weights=weights)) ** 2, axis=0, weights=weights)
    return float(np.mean(1 - np.divide(residual, variance, out=np.ones_like(residual), where=variance > 0)))


def scores_in_blocks(model: Model, X: Any, rows: Array | None = None) -> Iterator[Array]:
    """The scores of these rows (None: all), some rows at a time.

    Where the model needs float64 (large offsets), rows of float32 and float16 are read in float64.
    """
    n, d = X.shape[0] if rows is None else len(rows), X.shape[1]
    if isinstance(X, ChunkedData | ChunkSource):
        X = ChunkedData.of(X)
        for block in X.blocks(rows):
            yield from scores_in_blocks(model, block.X)
        return
    needs_float64 = model.W.dtype == np.float64 and X.dtype in (np.float32, np.float16)
    step = max(1, BLOCK_BYTES // (8 * (d + len(model.W))))
    for first in range(0, n, step):
        block = X[first : first + step] if rows is None else X[rows[first : first + step]]
        yield model.scores(block.astype(np.float64) if needs_float64 else block)


def evaluate_model(model: Model, X: Any, y: Array, rows: Array | None = None) -> Evaluation:
    """Evaluate the model on these rows (None: all)."""
    y = y if rows is None else y[rows]
    return _of_classes(model, X, y, rows) if model.loss.classifies else _of_targets(model, X, y, rows)


def _of_classes(model: Model, X: Any, y: Array, rows: Array | None) -> Evaluation:
    k, first, loss = len(model.W), 0, 0.0
    confusion = np.zeros((k, k), dtype=np.int64)
    for scores in scores_in_blocks(model, X, rows):
        labels = y[first : first + len(scores)]
        loss += model.loss.value(scores, labels) * len(scores)
        pairs = np.bincount(labels * k + scores.argmax(axis=1), minlength=k * k)
        confusion += pairs.reshape(k, k)
        first += len(scores)
    return Evaluation(first, loss / first, accuracy=float(np.trace(confusion) / first), confusion=confusion)


def _of_targets(model: Model, X: Any, y: Array, rows: Array | None) -> Evaluation:
    predicted: FloatArray = np.concatenate([scores[:, 0] for scores in scores_in_blocks(model, X, rows)]).astype(
        np.float64
    )
    residuals = y - predicted
    mean_square, variance = float(np.mean(residuals**2)), float(np.mean((y - y.mean()) ** 2))
    return Evaluation(
        len(y),
        model.loss.value(predicted[:, None], y),
        r2=1 - mean_square / variance if variance > 0 else None,
        rmse=mean_square**0.5,
        mean_absolute_error=float(np.mean(np.abs(residuals))),
    )
