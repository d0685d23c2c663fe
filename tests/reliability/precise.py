"""The losses of many examples at once in longdouble, and what each number is made of.

Examples are stacked: scores S (e, n, k) of e problems with n rows each. Beside each number stands its magnitude, the
sum of the sizes of what it is the sum of, and of what the rounding of scores of such magnitudes moves: the error of
careful arithmetic is a few units in the last place of that, and no arithmetic of the type can promise less.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reference import CROSS_ENTROPY, HINGE, HUBER, SQUARED_ERROR, SQUARED_HINGE

NEAR = 16
"""Units in the last place within which a margin may fall on either side of its kink."""
TINIEST = 1e-10
"""A unit in the last place that is larger is float32's."""
Long = np.longdouble


class Terms(NamedTuple):
    """Losses (e, n) and derivatives by the scores (e, n, k), each with its magnitude."""

    losses: Any
    losses_size: Any
    slopes: Any
    slopes_size: Any


def terms(loss: str, S: Any, sizes: Any, y: Any, margin: float, eps: float) -> Terms:
    """The loss of scores S that have these magnitudes; y (e, n) labels or (e, n, k) targets."""
    if loss in (SQUARED_ERROR, HUBER):
        return _residual(loss, S, sizes, y, margin, eps)
    own = np.take_along_axis(S, y[..., None], axis=-1)
    wrong = np.arange(S.shape[-1]) != y[..., None]
    if loss == CROSS_ENTROPY:
        return _softmax(S, sizes, own, wrong, np.finfo(np.float32 if eps > TINIEST else np.float64))
    own_size = np.take_along_axis(sizes, y[..., None], axis=-1)
    M = np.where(wrong, (S - own) + Long(margin), 0)
    size = np.where(wrong, sizes + own_size + Long(margin), 0)
    near = wrong & (-NEAR * eps * size < M)
    terms = np.maximum(M, 0)
    if loss == HINGE:
        slopes = (M > 0).astype(Long)
        doubtful = near & (NEAR * eps * size > M)
        slopes_size = np.where(wrong, slopes + doubtful / eps, 0)
        losses, losses_size = terms.sum(-1), (near * size).sum(-1)
    else:
        assert loss == SQUARED_HINGE
        slopes, slopes_size = 2 * terms, 2 * near * size
        losses = (terms**2).sum(-1)
        losses_size = (near * (terms**2 + 2 * terms * size + eps * size**2)).sum(-1)
    slopes = np.where(wrong, slopes, -slopes.sum(-1, keepdims=True))
    slopes_size = np.where(wrong, slopes_size, slopes_size.sum(-1, keepdims=True))
    return Terms(losses, losses_size, slopes, slopes_size)


def _softmax(S: Any, sizes: Any, own: Any, wrong: Any, facts: Any) -> Terms:
    most = S.max(-1, keepdims=True)
    powers = np.exp(S - most)
    place = np.arange(S.shape[-1]) == S.argmax(-1)[..., None]
    rest = np.where(place, 0, powers).sum(-1, keepdims=True)
    P = powers / (1 + rest)
    losses = ((most - own) + np.log1p(rest))[..., 0]
    others = np.where(wrong, P, 0).sum(-1, keepdims=True)
    slopes = np.where(wrong, P, -others)
    moved = (np.abs(slopes) * sizes).sum(-1, keepdims=True)
    losses_size = losses + moved[..., 0]
    # dp_c = p_c (ds_c - sum_j p_j ds_j)
    mean = (P * sizes).sum(-1, keepdims=True)
    wrong_size = P * (1 + sizes + mean) + 4 * Long(facts.tiny) / Long(facts.eps)  # smaller ones are that small
    slopes_size = np.where(wrong, wrong_size, np.where(wrong, wrong_size, 0).sum(-1, keepdims=True))
    return Terms(losses, losses_size, slopes, slopes_size)


def _residual(loss: str, S: Any, sizes: Any, y: Any, delta: float, eps: float) -> Terms:
    R, size = S - y, sizes + np.abs(y)
    if loss == SQUARED_ERROR:
        losses, losses_size = R**2, R**2 + 2 * np.abs(R) * size + eps * size**2
        return Terms(losses.sum(-1), losses_size.sum(-1), 2 * R, 2 * size)
    limit = Long(delta)
    held = np.clip(R, -limit, limit)
    losses = held**2 + 2 * limit * (np.abs(R) - np.abs(held))
    losses_size = losses + 2 * np.minimum(np.abs(R), limit) * size + eps * np.minimum(size, limit) * size
    inside = np.abs(R) - NEAR * eps * size <= limit
    slopes_size = np.where(inside, np.minimum(2 * size, 2 * limit * (1 + NEAR) + 2 * size), 2 * limit)
    return Terms(losses.sum(-1), losses_size.sum(-1), 2 * held, slopes_size)


def naive(loss: str, S: Any, y: Any, margin: float) -> tuple[Any, Any]:
    """The formulas as they are usually written in NumPy, in the type of S: losses and derivatives."""
    real = S.dtype.type
    if loss in (SQUARED_ERROR, HUBER):
        R = S - y.astype(real)
        if loss == SQUARED_ERROR:
            return (R * R).sum(-1), 2 * R
        small, delta = np.abs(R) <= real(margin), real(margin)
        return (
            np.where(small, R * R, 2 * delta * np.abs(R) - delta * delta).sum(-1),
            np.where(small, 2 * R, 2 * delta * np.sign(R)),
        )
    own = np.take_along_axis(S, y[..., None], axis=-1)
    wrong = np.arange(S.shape[-1]) != y[..., None]
    if loss == CROSS_ENTROPY:
        shifted = S - S.max(-1, keepdims=True)
        P = np.exp(shifted)
        total = P.sum(-1, keepdims=True)
        losses = np.log(total[..., 0]) - np.take_along_axis(shifted, y[..., None], axis=-1)[..., 0]
        return losses, P / total - ~wrong
    M = np.where(wrong, np.maximum(S - own + real(margin), 0), real(0))
    slopes = (M > 0).astype(real) if loss == HINGE else 2 * M
    slopes = np.where(wrong, slopes, -slopes.sum(-1, keepdims=True))
    return (M if loss == HINGE else M * M).sum(-1), slopes
