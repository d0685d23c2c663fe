"""The objective of a linear model in exact arithmetic: fractions of the very numbers that it was given."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np

from reference import CROSS_ENTROPY, HINGE, HUBER, REGRESSIONS, Array, LinearProblem

DIGITS = 60
"""Of the one thing that is no fraction, a logarithm of exponentials."""
SMALLEST = -3000
"""Exponents below it are left out of a logarithm, which makes it smaller: that excuses no bound."""


def fractions(array: Any) -> list[list[Fraction]]:
    """A matrix of floats, exactly."""
    return [[Fraction(float(x)) for x in row] for row in np.asarray(array)]


def log_sum_exp_less(scores: list[Fraction], own: int) -> Fraction:
    """log sum_c exp(s_c - s_own), to 50 digits, rounded down."""
    with localcontext() as context:
        context.prec = DIGITS
        most = max(scores)
        differences = [s - most for s in scores]
        powers = [(Decimal(x.numerator) / Decimal(x.denominator)).exp() for x in differences if x > SMALLEST]
        rest = sum(powers) - 1 if len(powers) > 1 else Decimal(0)
        assert rest >= 0
        return most - scores[own] + Fraction((rest + 1).ln()) * (1 - Fraction(10) ** -50)


def exact_value(problem: LinearProblem, W: Array) -> Fraction:
    """L(W) as a fraction, cross-entropy to 50 digits."""
    X, V, delta = fractions(problem.X), fractions(W), Fraction(problem.margin)
    n, d = np.shape(problem.X)
    mean = [Fraction(float(x)) for x in (np.zeros(d) if problem.mean is None else problem.mean)]
    scale = [Fraction(float(x)) for x in (np.ones(d) if problem.scale is None else problem.scale)]
    shares = [Fraction(float(w)) for w in (np.ones(n) if problem.sample_weight is None else problem.sample_weight)]
    total = Fraction(0)
    for i in range(n):
        z = [(x - a) / b for x, a, b in zip(X[i], mean, scale, strict=True)] + [Fraction(1)] * problem.bias
        s = [sum(w * x for w, x in zip(row, z, strict=True)) for row in V]
        total += shares[i] * _row(problem, s, problem.y[i], delta) / sum(shares)
    seen = [w for row in V for w in (row[:-1] if problem.bias and not problem.penalize_bias else row)]
    return total + sum(Fraction(problem.l1) * abs(w) + Fraction(problem.l2) * w * w for w in seen)


def _row(problem: LinearProblem, s: list[Fraction], y: Any, delta: Fraction) -> Fraction:
    if problem.loss in REGRESSIONS:
        sizes = [abs(a - Fraction(float(b))) for a, b in zip(s, np.ravel(y), strict=True)]
        far = [problem.loss == HUBER and r > delta for r in sizes]
        return sum((2 * delta * r - delta**2 if out else r * r for r, out in zip(sizes, far, strict=True)), Fraction(0))
    if problem.loss == CROSS_ENTROPY:
        return log_sum_exp_less(s, int(y))
    power = 1 if problem.loss == HINGE else 2
    return sum((max(a - s[y] + delta, Fraction(0)) ** power for c, a in enumerate(s) if c != y), Fraction(0))
