"""Wrong gradients of a linear objective that take other rows than the loss: other samples, features as they came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...objective.linear.rows import Counter, Rows
from ...objective.losses.base import Loss
from ...protocols import Array, FloatArray

Mistake = tuple[str, FloatArray]

ELEMENTS = 1 << 22  # of X, of which a mini-batch's mistakes are computed


def feature_mistakes(rows: Rows, columns: Array, Z: FloatArray) -> Iterator[Mistake]:
    """(a sentence, the columns Z of the rows as they are taken by mistake)."""
    if rows.mean is not None and rows.scale is not None:
        yield (
            "features not standardized: the gradient holds x, the scores (x - mean) / scale; take the same in both.",
            replace(rows, mean=None, scale=None).seen_columns(columns),
        )
    if rows.mean is not None:
        yield (
            "mean forgotten: the gradient's features are not centred, the scores' are; subtract the mean in both.",
            replace(rows, mean=None).seen_columns(columns),
        )
    if rows.scale is not None:
        yield (
            "scale forgotten: the gradient's features are not divided by the scale, the scores' are; divide in both.",
            replace(rows, scale=None).seen_columns(columns),
        )
    if rows.bias:
        without = Z.copy()
        without[:, columns == rows.n_features] = 0.0
        yield (
            "bias column missing: the gradient's last column is zero; there x is 1, so add up each class's shares.",
            without,
        )


def mini_batch_mistakes(rows: Rows, loss: Loss, W: FloatArray, columns: Array, data: FloatArray) -> Iterator[Mistake]:
    """(a sentence, some columns of the wrong gradient) of some rows of X; `data` is the right one."""
    n_all, n = rows.matrix.shape[0], rows.n_samples
    if rows.index is None or n_all == n:
        return
    yield (
        f"another N: the sum is divided by all {n_all:,} samples, the mini-batch has {n:,}; divide by its own size.",
        data * (n / n_all),
    )
    if n_all * rows.n_features > ELEMENTS:
        return
    whole = replace(rows, index=None, counter=Counter())
    first = replace(rows, index=np.arange(min(n, n_all)), counter=Counter())
    yield (
        "whole data set: the gradient is that of all samples; take the mini-batch's rows of X and y.",
        _gradient(whole, whole.y, loss, W, columns),
    )
    yield (
        "other samples: the gradient is that of the first rows of X; take those whose numbers were drawn.",
        _gradient(first, first.y, loss, W, columns),
    )
    if n <= n_all:
        yield (
            "other samples' labels: the mini-batch's rows of X stand beside the first entries of y; take y at the same "
            "places.",
            _gradient(rows, first.y, loss, W, columns),
        )


def _gradient(rows: Rows, y: Array, loss: Loss, W: FloatArray, columns: Array) -> FloatArray:
    """Some columns of the data's gradient on these rows, with these labels or targets."""
    scores = rows.seen_columns(np.arange(rows.shape[1])) @ W.T
    A = loss.gradient(scores, y) * (rows.n_samples * rows.normalized_weights[:, None])
    return A.T @ rows.seen_columns(columns)
