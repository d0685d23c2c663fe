"""Softmax cross-entropy ``-log(exp(s_iy_i) / sum_j exp(s_ij))``, mean over samples: multinomial logistic regression.

J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...protocols import Array, FloatArray
from ..one_thread import weighted_sum
from .base import UNIT, CurvatureFactors, Dual, GradientDual, GradientSums, Loss, ScoreCurvature, rounding
from .best_bias import AtBias, best_bias, products_of_columns

LARGEST_EXPONENT = 700.0  # exp of it is finite


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Softmax cross-entropy: ``mean_i -log(exp(s_iy_i) / sum_j exp(s_ij))``, in nats.

    The largest score of a row is subtracted first, so scores of any size are safe.

    Raises
    ------
    TypeError, ValueError
        Its methods, for scores that are not finite floats (n, k) and labels that are not integers in [0, k).

    References
    ----------
    J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> round(gd.CrossEntropy().value(np.zeros((4, 10)), np.array([0, 1, 2, 3])), 12)
    2.302585092994
    """

    code: ClassVar[int] = 2
    name: ClassVar[str] = "cross_entropy"
    title: ClassVar[str] = "cross-entropy"
    is_shift_invariant: ClassVar[bool] = True
    gives_probabilities: ClassVar[bool] = True
    has_best_bias: ClassVar[bool] = True
    has_dual_point: ClassVar[bool] = True
    step_constant: ClassVar[float] = 1.5
    sparse_step_constant: ClassVar[float] = 20.0

    def largest_curvature(self, n_classes: int) -> float:
        """``1/2``: that of diag(p) - p p' where two classes have p = 1/2."""
        return 0.5

    def coefficient_sizes(self, scores: FloatArray, y: Array) -> FloatArray:
        """The right class's is its probability less 1."""
        sizes = np.zeros(scores.shape)
        sizes[np.arange(len(scores)), y] = 1.0
        return sizes

    def score_curvature(self, scores: FloatArray, y: Array) -> ScoreCurvature:
        """``diag(p) - p p'``."""
        p = softmax(scores)
        return ScoreCurvature(p, p)

    def hessian_times(self, scores: FloatArray, y: Array, changes: FloatArray) -> FloatArray:
        """``(diag(p) - p p') change`` of each row."""
        return self.hessian_at(scores, y)(changes)

    def hessian_at(self, scores: FloatArray, y: Array) -> Callable[[FloatArray], FloatArray]:
        """Probabilities are made once: 8 n k bytes."""
        p = softmax(scores)
        return lambda changes: np.asarray(p * (changes - np.einsum("ij,ij->i", p, changes)[:, None]))

    def curvature_factors(self, scores: FloatArray, y: Array) -> CurvatureFactors:
        """Probabilities."""
        return CurvatureFactors(softmax(scores), 1)

    def value_error(self, data: float, score_errors: FloatArray, whole: float) -> float:
        """A score's error moves the logarithm by as much at most; the logarithm has its own."""
        return whole * (2 * float(score_errors.max()) + 4 * (score_errors.size + 8) * UNIT)

    def value_at_zero_scores(self, n_classes: int) -> tuple[float, str]:
        """All classes are alike."""
        return math.log(n_classes), "ln(n_classes)"

    def at_bias(self, scores: FloatArray, y: Array, normalized_weights: FloatArray) -> AtBias:
        """Of all scores of a class."""
        return cross_entropy_at_bias(scores, y, normalized_weights)

    def dual_point(self, scores: FloatArray, y: Array, normalized_weights: FloatArray, balanced: bool) -> Dual:
        """``A = p - e_y`` with p the probabilities."""
        return cross_entropy_dual(scores, y, normalized_weights, balanced)

    def coefficient_total(self, data: float, whole: float, n_classes: int) -> float:
        """Probabilities, and the 1 of the right class."""
        return 2 * whole

    def gradient_dual(self, sums: GradientSums) -> GradientDual:
        """The mean entropy is ``f - <G, W>``; a mixture's is at least the mixture of the entropies."""
        return cross_entropy_gradient_dual(sums)

    def wrong_coefficients(
        self, scores: FloatArray, y: Array, coefficients: FloatArray, normalized_weights: FloatArray
    ) -> Iterator[tuple[str, FloatArray]]:
        """The probability of the right class without its -1, or with another; sums over something else."""
        own, each = np.zeros_like(coefficients), normalized_weights[:, None]
        own[np.arange(len(scores)), y] = normalized_weights
        yield (
            "correct-class row missing its -1: it needs p - 1, and has p; subtract 1 from the right class's "
            "probability.",
            coefficients + own,
        )
        yield (
            "1 subtracted after the mean: the right class's probability loses 1 before it is divided by N, not after.",
            coefficients + own - (own > 0),
        )
        for said, shift in (("exp(s)", 0.0), ("exp(s - max)", scores.max(axis=1, keepdims=True))):
            shifted = scores - shift
            powers = np.exp(shifted - shifted.max(axis=0))
            yield (
                f"softmax over the samples: {said} is divided by its sum over all samples of a class; divide by the "
                "sum over the classes of a sample (axis=1).",
                powers / powers.sum(axis=0) * each - own,
            )
            if shifted.max() < LARGEST_EXPONENT:
                yield (
                    f"softmax not normalized: the gradient takes {said} for the probabilities; divide by its sum over "
                    "the classes.",
                    np.exp(shifted) * each - own,
                )


def softmax(scores: Array) -> Array:
    """``exp(scores)`` of each row in units of its sum, safe for scores of any size."""
    powers: Array = np.exp(scores - scores.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def cross_entropy_dual(scores: FloatArray, y: Array, normalized_weights: FloatArray, balanced: bool) -> Dual:
    """-conjugate = the entropy of p.

    Where sum_i u_i p_i must be the classes' weights n_c: p' = (1 - s) p + s q, q_c = (n_c - (1 - s) sum_i u_i p_ic) /
    (s sum_i u_i), with s = max_c (1 - n_c / sum_i u_i p_ic)+, the smallest s with q >= 0. A class without samples has
    p = 0: its bias may go to minus infinity.
    """
    n, k = scores.shape
    g = 16 * rounding(n, k)
    mass, whole = np.bincount(y, weights=normalized_weights, minlength=k), float(normalized_weights.sum())
    p = np.array(scores)
    balanced = balanced and whole > 0
    if balanced:
        p[:, mass == 0] = -np.inf
        p += best_bias(lambda b: cross_entropy_at_bias(p + b, y, normalized_weights), k)
    p -= p.max(axis=1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    if balanced:
        mean = weighted_sum(normalized_weights, p)
        s = float((1 - np.divide(mass, mean, out=np.full(k, np.inf), where=mean > 0)).max())
        if s > 0:
            p *= 1 - s
            p += np.maximum(mass - (1 - s) * mean, 0) / whole
            p /= p.sum(axis=1, keepdims=True)
    doubt = 4 * g * (weighted_sum(normalized_weights, p) + mass)
    entropy = -np.einsum("ij,ij->i", p, np.log(np.maximum(p, np.finfo(np.float64).tiny)))
    linear = float(weighted_sum(normalized_weights, entropy)) * (1 - g) - 4 * (k + 8) * UNIT * whole
    p[np.arange(n), y] -= 1
    return Dual(p, linear, 0.0, 1.0, doubt)


def cross_entropy_gradient_dual(sums: GradientSums) -> GradientDual:
    """From the sums of each class's rows: p' = p M takes the mean m of the p to the classes' shares n.

    M leaves a class as it is, or takes the share s_c = (m_c - n_c)+ / m_c of it to those that lack some, in proportion
    to what they lack. No M makes classes tell more of the rows than before (the data processing inequality, for
    sum_i u_i KL(p_i, m)), so that ``mean entropy(p') >= mean entropy(p) + entropy(n) - entropy(m)``.

    References
    ----------
    T. Cover and J. Thomas, Elements of Information Theory, 2006, section 2.8.
    """
    linear = sums.data - sums.product - sums.data_doubt - sums.product_doubt
    k = len(sums.G)
    if sums.free is None:
        return GradientDual(linear, 0.0, 1.0, sums.G, np.zeros(k))
    rows, r = sums.free.class_rows, sums.G[:, -1]
    mass, mean = rows[:, -1], rows[:, -1] + r
    e = sums.doubt[:, -1] + 4 * sums.share * (mass + np.abs(mean))  # how far these are from the exact ones
    lacks = np.maximum(-r, 0)
    kept, missing = np.where(r > 0, r / np.where(r > 0, mean, 1.0), 0.0), float(lacks.sum())
    G, added = sums.G, np.full(k, 8 * float(e.sum()))
    if missing > 0:
        freed = kept[:, None] * (sums.G + rows)
        G = G - freed + (lacks / missing)[:, None] * freed.sum(axis=0)
        added += sums.share * (np.abs(r) + missing)
    low, high = mass * (1 - sums.share), mass * (1 + sums.share)
    linear += float(np.minimum(_entropy(low), _entropy(high)).sum())
    low, high = np.maximum(mean - e, 0), np.maximum(mean + e, 0)
    peak = (low < 1 / math.e) & (high > 1 / math.e)
    linear -= float(np.where(peak, 1 / math.e, np.maximum(_entropy(low), _entropy(high))).sum())
    return GradientDual(linear - 8 * sums.share * sums.whole, 0.0, 1.0, G, added)


def cross_entropy_at_bias(scores: FloatArray, y: Array, normalized_weights: FloatArray) -> AtBias:
    """What `best_bias` asks of it."""
    p = scores - scores.max(axis=1, keepdims=True)
    own = np.take_along_axis(p, y[:, None], axis=1)[:, 0]
    np.exp(p, out=p)
    total = p.sum(axis=1)
    p /= total[:, None]
    mean, whole = np.einsum("i,ij->j", normalized_weights, p), float(normalized_weights.sum())
    curvature = np.diag(mean) - products_of_columns(p * normalized_weights[:, None], p)
    slope = mean - np.bincount(y, weights=normalized_weights, minlength=len(mean))
    curvature += whole / len(mean)  # (a bias for all classes alike does nothing)
    return AtBias(float(np.einsum("i,i->", normalized_weights, np.log(total) - own)), slope, curvature)


def _entropy(q: FloatArray) -> FloatArray:
    """``-q log q``, element by element."""
    return np.asarray(-q * np.log(np.where(q > 0, q, 1.0)))
