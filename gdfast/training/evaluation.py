"""How good a model is on rows that have labels: loss, accuracy and confusion, or the share of variance explained.

Rows go through the model some at a time: memory-mapped and sparse ones are never taken in whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model import Model
from ..protocols import Array, FloatArray

BLOCK_BYTES = 1 << 24


@dataclass(frozen=True, eq=False)
class Judgement:
    """The mean loss without penalty on so many rows, and what else is said of them.

    Of a classifier `accuracy` and `confusion[i, j]`: rows of class i that were taken for class j. Of a regression
    `r2` (1 - residual / variance; None where the targets are all equal), `rmse` and `mean_absolute_error`.
    """

    rows: int
    loss: float
    accuracy: float | None = None
    confusion: Array | None = None
    r2: float | None = None
    rmse: float | None = None
    mean_absolute_error: float | None = None


def scores_of(model: Model, X: Any, rows: Array | None = None) -> Iterator[Array]:
    """The scores of these rows (None: all), some rows at a time.

    Where the model needs float64 (large offsets), rows of float32 and float16 are read in float64.
    """
    n, d = X.shape[0] if rows is None else len(rows), X.shape[1]
    needs = model.W.dtype == np.float64 and X.dtype in (np.float32, np.float16)
    step = max(1, BLOCK_BYTES // (8 * (d + len(model.W))))
    for first in range(0, n, step):
        block = X[first : first + step] if rows is None else X[rows[first : first + step]]
        yield model.scores(block.astype(np.float64) if needs else block)


def judge(model: Model, X: Any, y: Array, rows: Array | None = None) -> Judgement:
    """Judge the model on these rows (None: all)."""
    truth = y if rows is None else y[rows]
    return _of_classes(model, X, truth, rows) if model.loss.classifies else _of_targets(model, X, truth, rows)


def _of_classes(model: Model, X: Any, truth: Array, rows: Array | None) -> Judgement:
    k, first, loss = len(model.W), 0, 0.0
    confusion = np.zeros((k, k), dtype=np.int64)
    for scores in scores_of(model, X, rows):
        labels = truth[first : first + len(scores)]
        loss += model.loss.value(scores, labels) * len(scores)
        pairs = np.bincount(labels * k + scores.argmax(axis=1), minlength=k * k)
        confusion += pairs.reshape(k, k)
        first += len(scores)
    return Judgement(first, loss / first, accuracy=float(np.trace(confusion) / first), confusion=confusion)


def _of_targets(model: Model, X: Any, truth: Array, rows: Array | None) -> Judgement:
    predicted: FloatArray = np.concatenate([scores[:, 0] for scores in scores_of(model, X, rows)]).astype(np.float64)
    residuals = truth - predicted
    mean_square, spread = float(np.mean(residuals**2)), float(np.mean((truth - truth.mean()) ** 2))
    return Judgement(
        len(truth),
        model.loss.value(predicted[:, None], truth),
        r2=1 - mean_square / spread if spread > 0 else None,
        rmse=mean_square**0.5,
        mean_absolute_error=float(np.mean(np.abs(residuals))),
    )
