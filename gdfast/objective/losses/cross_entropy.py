"""Softmax cross-entropy ``-log(exp(s_iy_i) / sum_j exp(s_ij))``, mean over samples: multinomial logistic regression.

J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...protocols import Array, FloatArray
from ..rays.log_sum_exp import LogSums
from .base import UNIT, Dual, GradientDual, GradientSums, Loss, rounding


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
    gives_probabilities: ClassVar[bool] = True
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

    def hessian_times(self, scores: FloatArray, y: Array, changes: FloatArray) -> FloatArray:
        """``(diag(p) - p p') change`` of each row."""
        p = softmax(scores)
        return np.asarray(p * (changes - np.einsum("ij,ij->i", p, changes)[:, None]))

    def value_error(self, data: float, score_errors: FloatArray, whole: float) -> float:
        """A score's error moves the logarithm by as much at most; the logarithm has its own."""
        return whole * (2 * float(score_errors.max()) + 4 * (score_errors.size + 8) * UNIT)

    def value_at_zero_scores(self, n_classes: int) -> tuple[float, str]:
        """All classes are alike."""
        return math.log(n_classes), "ln(n_classes)"

    def ray_terms(self, parts: tuple[FloatArray, ...], y: Array, normalized_weights: FloatArray) -> LogSums:
        """``log sum_j exp(s_ij - s_iy_i)``."""
        return LogSums(parts, y, normalized_weights)

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
        """The probability of the right class without its -1."""
        own = np.zeros_like(coefficients)
        own[np.arange(len(scores)), y] = normalized_weights
        yield (
            "correct-class row missing its -1: it needs p - 1, and has p; subtract 1 from the right class's "
            "probability.",
            coefficients + own,
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
    p -= p.max(axis=1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    if balanced:
        mean = normalized_weights @ p
        s = float((1 - np.divide(mass, mean, out=np.full(k, np.inf), where=mean > 0)).max())
        if s > 0:
            p *= 1 - s
            p += np.maximum(mass - (1 - s) * mean, 0) / whole
            p /= p.sum(axis=1, keepdims=True)
    doubt = 4 * g * (normalized_weights @ p + mass)
    entropy = -np.einsum("ij,ij->i", p, np.log(np.maximum(p, np.finfo(np.float64).tiny)))
    linear = float(normalized_weights @ entropy) * (1 - g) - 4 * (k + 8) * UNIT * whole
    p[np.arange(n), y] -= 1
    return Dual(p, linear, 0.0, 1.0, doubt)


def cross_entropy_gradient_dual(sums: GradientSums) -> GradientDual:
    """As `cross_entropy_dual`, but that the entropy of p' is bounded by (1 - s) times that of p and s times that of q.

    ``G' = G - s (G + Y) + s q z'`` needs only the sums Y of each class's rows, and their sum z. A class without samples
    makes s = 1: true, and worth little.
    """
    linear = sums.data - sums.product - sums.data_doubt - sums.product_doubt
    k = len(sums.G)
    if sums.free is None:
        return GradientDual(linear, 0.0, 1.0, sums.G, np.zeros(k))
    rows, share = sums.free.class_rows, sums.share
    mass, unit = rows[:, -1], UNIT if share else 0.0
    whole = float(mass.sum())
    if not whole > 0:
        return GradientDual(0.0, 0.0, 1.0, sums.G, np.zeros(k))
    mean = mass + sums.G[:, -1]
    e = sums.doubt[:, -1] + 2 * share * (mass + np.abs(mean))  # how far `mean` and `mass` are from exact ones
    most = mean + e
    s = float((1 - np.divide(np.maximum(mass - e, 0), most, out=np.ones(k), where=most > 0)).max())
    s = min(1.0, max(s, 0.0) + 8 * unit)
    if s == 0:
        return GradientDual(linear, 0.0, 1.0, sums.G, np.zeros(k))
    mixed = np.maximum(mass - (1 - s) * mean, 0) / whole  # s q
    q, apart = mixed / s, 2 * e / (whole * s) + 8 * unit
    entropy = np.minimum(_entropy(np.maximum(q - apart, 0)), _entropy(np.minimum(q + apart, 1))).sum()
    linear = (1 - s) * linear + s * whole * (float(entropy) - 8 * (k + 8) * unit)
    G = sums.G - s * (sums.G + rows) + mixed[:, None] * rows.sum(axis=0)
    return GradientDual(linear, 0.0, 1.0, G, 2 * e + share * (s * np.abs(mean) + whole * mixed))


def _entropy(q: FloatArray) -> FloatArray:
    """``-q log q``, element by element."""
    return np.asarray(-q * np.log(np.where(q > 0, q, 1.0)))
