"""The oracle: every formula as a slow and obvious loop in float64.

Nothing here comes from gdfast, and nothing here is clever: what the tests compare against must be right at a
glance. Shapes as everywhere: `X` (n_samples, n_features), `W` (n_classes, n_features + 1) with the bias LAST (no
last column with `bias=False`), `scores` (n_samples, n_classes), labels `y` integers in [0, n_classes).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

HINGE, SQUARED_HINGE, CROSS_ENTROPY = "hinge", "squared_hinge", "cross_entropy"
SQUARED_ERROR, HUBER = "squared_error", "huber"
REGRESSIONS = (SQUARED_ERROR, HUBER)
LOSSES = (HINGE, SQUARED_HINGE, CROSS_ENTROPY, *REGRESSIONS)


# One row: the loss of its scores s, and d loss / d s.


def hinge(s: Array, y: int, margin: float = 1.0) -> tuple[float, Array]:
    """sum over the wrong classes of max(0, s_j - s_y + margin); a term counts when it is strictly > 0."""
    value, gradient = 0.0, np.zeros(len(s))
    for j in range(len(s)):
        if j != y and s[j] - s[y] + margin > 0:
            value += s[j] - s[y] + margin
            gradient[j] += 1
            gradient[y] -= 1
    return value, gradient


def squared_hinge(s: Array, y: int, margin: float = 1.0) -> tuple[float, Array]:
    """The hinge's terms, squared."""
    value, gradient = 0.0, np.zeros(len(s))
    for j in range(len(s)):
        if j != y and s[j] - s[y] + margin > 0:
            term = s[j] - s[y] + margin
            value += term**2
            gradient[j] += 2 * term
            gradient[y] -= 2 * term
    return value, gradient


def cross_entropy(s: Array, y: int) -> tuple[float, Array]:
    """-log(exp(s_y) / sum_j exp(s_j)), the largest score taken out first."""
    largest = max(s)
    powers = [math.exp(score - largest) for score in s]
    total = math.fsum(powers)
    gradient = np.array(powers) / total
    gradient[y] -= 1
    return math.log(total) + (largest - s[y]), gradient


def squared_error(s: Array, target: Array) -> tuple[float, Array]:
    """sum over the outputs of (s_j - target_j)**2; no 1/2."""
    value, gradient = 0.0, np.zeros(len(s))
    for j in range(len(s)):
        value += (s[j] - target[j]) ** 2
        gradient[j] = 2 * (s[j] - target[j])
    return value, gradient


def huber(s: Array, target: Array, delta: float = 1.0) -> tuple[float, Array]:
    """sum over the outputs of r**2 where |r| <= delta, else 2 delta |r| - delta**2, with r = s_j - target_j."""
    value, gradient = 0.0, np.zeros(len(s))
    for j in range(len(s)):
        r = s[j] - target[j]
        if abs(r) <= delta:
            value += r**2
            gradient[j] = 2 * r
        else:
            value += 2 * delta * abs(r) - delta**2
            gradient[j] = 2 * delta if r > 0 else -2 * delta
    return value, gradient


def row_loss(loss: str, s: Array, y: Any, margin: float = 1.0) -> tuple[float, Array]:
    """One of them by name; the margin is Huber's delta."""
    if loss == HINGE:
        return hinge(s, int(y), margin)
    if loss == SQUARED_HINGE:
        return squared_hinge(s, int(y), margin)
    if loss == CROSS_ENTROPY:
        return cross_entropy(s, int(y))
    if loss == HUBER:
        return huber(s, np.atleast_1d(y), margin)
    return squared_error(s, np.atleast_1d(y))


# Many rows: the weighted mean.


def mean_loss(loss: str, scores: Any, y: Any, sample_weight: Any = None, margin: float = 1.0) -> tuple[float, Array]:
    """sum(w_i l_i) / sum(w_i), and its gradient with respect to the scores."""
    scores, y = np.asarray(scores, dtype=np.float64), np.asarray(y)
    weights = np.ones(len(scores)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    total = math.fsum(weights)
    terms, gradient = [], np.zeros_like(scores)
    for i in range(len(scores)):
        value, slope = row_loss(loss, scores[i], y[i], margin)
        terms.append(weights[i] * value)
        gradient[i] = weights[i] * slope / total
    return math.fsum(terms) / total, gradient


def hinge_margins(scores: Any, y: Any, margin: float = 1.0) -> Array:
    """s_j - s_y + margin for the wrong classes; 0 for the right one."""
    scores = np.asarray(scores, dtype=np.float64)
    margins = np.zeros_like(scores)
    for i in range(len(scores)):
        for j in range(scores.shape[1]):
            if j != y[i]:
                margins[i, j] = scores[i, j] - scores[i, y[i]] + margin
    return margins


# Regularizers, plain on an array: l1 * sum(|w|) + l2 * sum(w**2).


def penalty(W: Any, l1: float = 0.0, l2: float = 0.0) -> float:
    """L1 and L2 in one; the elastic net has both."""
    return math.fsum(l1 * abs(w) + l2 * w**2 for w in np.asarray(W, dtype=np.float64).ravel())


def penalty_gradient(W: Any, l1: float = 0.0, l2: float = 0.0) -> Array:
    """Its subgradient of least norm: 0 for l1 where w = 0."""
    W = np.asarray(W, dtype=np.float64)
    gradient = np.zeros(W.shape)
    for index in np.ndindex(W.shape):
        sign = (W[index] > 0) * 1.0 - (W[index] < 0) * 1.0
        gradient[index] = l1 * sign + 2 * l2 * W[index]
    return gradient


@dataclass(frozen=True)
class LinearProblem:
    """The whole objective of a linear model: mean loss of the scores, plus l1 and l2 penalties on W."""

    X: Array
    y: Array
    loss: str = HINGE
    margin: float = 1.0
    l1: float = 0.0
    l2: float = 0.0
    bias: bool = True
    penalize_bias: bool = False
    sample_weight: Array | None = None
    mean: Array | None = None
    scale: Array | None = None

    def features(self) -> Array:
        """What the model sees: (x - mean) / scale, and a last column of ones for the bias."""
        X = np.array(self.X, dtype=np.float64)
        if self.mean is not None:
            X = X - np.asarray(self.mean, dtype=np.float64)
        if self.scale is not None:
            X = X / np.asarray(self.scale, dtype=np.float64)
        return np.column_stack([X, np.ones(len(X))]) if self.bias else X

    def scores(self, W: Any) -> Array:
        """scores[i, j] = W_j . x_i"""
        features, W = self.features(), np.asarray(W, dtype=np.float64)
        scores = np.zeros((len(features), len(W)))
        for i in range(len(features)):
            for j in range(len(W)):
                scores[i, j] = (W[j] * features[i]).sum()
        return scores

    def data_loss(self, W: Any) -> tuple[float, Array]:
        """The mean loss, and its gradient: row j is the sum over samples of (d loss / d s_ij) x_i."""
        features = self.features()
        value, slopes = mean_loss(self.loss, self.scores(W), self.y, self.sample_weight, self.margin)
        gradient = np.zeros(np.shape(W))
        for i in range(len(features)):
            for j in range(len(gradient)):
                if slopes[i, j] != 0:
                    gradient[j] += slopes[i, j] * features[i]
        return value, gradient

    def penalized(self, W: Any) -> Array:
        """W with what is not penalized (the bias column, unless penalize_bias) set to 0."""
        kept = np.array(W, dtype=np.float64)
        if self.bias and not self.penalize_bias:
            kept[:, -1] = 0
        return kept

    def value(self, W: Any) -> float:
        """mean loss + l1 * sum(|W|) + l2 * sum(W**2)"""
        return self.data_loss(W)[0] + penalty(self.penalized(W), self.l1, self.l2)

    def gradient(self, W: Any) -> Array:
        """Its (sub)gradient."""
        return self.data_loss(W)[1] + penalty_gradient(self.penalized(W), self.l1, self.l2)

    def margins(self, W: Any) -> Array:
        """The hinge's terms before max(0, .)."""
        return hinge_margins(self.scores(W), self.y, self.margin)

    def predict(self, W: Any) -> Array:
        """The class of the largest score, the first among equals."""
        return np.array([max(range(len(row)), key=lambda j, row=row: (row[j], -j)) for row in self.scores(W)])

    def accuracy(self, W: Any) -> float:
        """The share of samples whose prediction is their label."""
        predictions = self.predict(W)
        return sum(int(predictions[i] == self.y[i]) for i in range(len(self.y))) / len(self.y)

    def kink_crossings(self, W: Any, h: float) -> Array:
        """For each weight: how many terms cross their kink between w - h and w + h."""
        W = np.array(W, dtype=np.float64)
        counts = np.zeros(W.shape, dtype=np.int64)
        for index in np.ndindex(W.shape):
            sides = []
            for end in (W[index] - h, W[index] + h):
                moved = W.copy()
                moved[index] = end
                sides.append(self.margins(moved) > 0)
            counts[index] = (sides[0] != sides[1]).sum()
        return counts


# Difference quotients by brute force.


def numerical_gradient(
    f: Callable[[Array], float], x: Any, h: float = 1e-5, scheme: str = "centered", coordinates: Any = None
) -> Array:
    """One difference quotient per coordinate of x; with `coordinates` (flat indices) only those, as a 1-D array."""
    x = np.array(x, dtype=np.float64)
    flat = range(x.size) if coordinates is None else [int(c) for c in coordinates]
    quotients = []
    for c in flat:
        ahead, behind = x.copy(), x.copy()
        ahead.flat[c] += h
        if scheme == "forward":
            quotients.append((f(ahead) - f(x)) / h)
        else:
            behind.flat[c] -= h
            quotients.append((f(ahead) - f(behind)) / (2 * h))
    answer = np.array(quotients)
    return answer.reshape(x.shape) if coordinates is None else answer
