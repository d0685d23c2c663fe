"""Functions and gradients in plain NumPy, as users write them: what `gradient_cases` checks.

Each maker returns (value, gradient). Its keywords put one classic bug into the gradient; the value is always right.
Arithmetic is that of the data's type. The last column of X is ones where a bias is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Pair = tuple[Callable[[Array], Any], Callable[[Array], Array]]


def hinge(
    X: Array,
    y: Array,
    margin: float = 1.0,
    *,
    used_margin: float | None = None,
    with_ties: bool = False,
    own_class: bool = False,
    correct_row: bool = True,
) -> Pair:
    """The Weston-Watkins hinge of W (k, d).

    used_margin: the gradient's. with_ties: >= for >, which gives another subgradient. own_class: the same after the
    own class's margin was set to 0, so that it counts itself. correct_row: False forgets the right class's row.
    """
    rows, n = np.arange(len(y)), len(y)

    def margins(W: Array, by: float) -> Array:
        scores = X @ W.T
        found = scores - scores[rows, y][:, None] + scores.dtype.type(by)
        found[rows, y] = 0
        return found

    def gradient(W: Array) -> Array:
        found = margins(W, margin if used_margin is None else used_margin)
        counted = (found >= 0 if with_ties or own_class else found > 0).astype(X.dtype)
        if not own_class:
            counted[rows, y] = 0
        counted[rows, y] = -counted.sum(axis=1) if correct_row else 0
        return counted.T @ X / n

    return lambda W: np.maximum(margins(W, margin), 0).sum() / n, gradient


def softmax(
    X: Array,
    y: Array,
    strength: float = 0.0,
    *,
    correct_row: bool = True,
    factor: float = 2.0,
    penalised_bias: bool = False,
) -> Pair:
    """Softmax cross-entropy of W (k, d), and strength * sum of squares of W without its last column.

    correct_row: False forgets the -1 there. factor: of the regularizer's gradient, 2 is right. penalised_bias: the
    last column too, in the gradient alone.
    """
    rows, n = np.arange(len(y)), len(y)

    def shifted(W: Array) -> Array:
        scores = X @ W.T
        return scores - scores.max(axis=1, keepdims=True)

    def value(W: Array) -> Any:
        scores = shifted(W)
        losses = np.log(np.exp(scores).sum(axis=1)) - scores[rows, y]
        return losses.mean() + W.dtype.type(strength) * (W[:, :-1] ** 2).sum()

    def gradient(W: Array) -> Array:
        p = np.exp(shifted(W))
        p /= p.sum(axis=1, keepdims=True)
        if correct_row:
            p[rows, y] -= 1
        found = p.T @ X / n
        penalised = slice(None) if penalised_bias else slice(-1)
        found[:, penalised] += W.dtype.type(factor * strength) * W[:, penalised]
        return found

    return value, gradient


def network(X: Array, y: Array, hidden: int, n_classes: int, strength: float = 0.0, *, factor: float = 2.0) -> Pair:
    """A two-layer ReLU network with softmax, of its parameters in one vector: W1, b1, W2, b2."""
    rows, n, d = np.arange(len(y)), len(y), X.shape[1]
    sizes = np.cumsum([hidden * d, hidden, n_classes * hidden])

    def forward(theta: Array) -> tuple[Array, Array, Array, Array]:
        W1, b1, W2, b2 = np.split(theta, sizes)
        W2 = W2.reshape(n_classes, hidden)
        before = X @ W1.reshape(hidden, d).T + b1
        scores = np.maximum(before, 0) @ W2.T + b2
        return W2, before, scores, scores - scores.max(axis=1, keepdims=True)

    def value(theta: Array) -> Any:
        scores = forward(theta)[3]
        losses = np.log(np.exp(scores).sum(axis=1)) - scores[rows, y]
        return losses.mean() + theta.dtype.type(strength) * (theta**2).sum()

    def gradient(theta: Array) -> Array:
        W2, before, _, scores = forward(theta)
        p = np.exp(scores)
        p /= p.sum(axis=1, keepdims=True)
        p[rows, y] -= 1
        p /= n
        back = (p @ W2) * (before > 0)
        parts = (back.T @ X, back.sum(axis=0), p.T @ np.maximum(before, 0), p.sum(axis=0))
        return np.concatenate([part.ravel() for part in parts]) + theta.dtype.type(factor * strength) * theta

    return value, gradient


def one_layer(X: Array, targets: Array) -> Pair:
    """mean of (relu(X W') - targets)**2, summed over outputs, of W (k, d)."""

    def value(W: Array) -> Any:
        return ((np.maximum(X @ W.T, 0) - targets) ** 2).sum() / len(X)

    def gradient(W: Array) -> Array:
        before = X @ W.T
        return (2 * (np.maximum(before, 0) - targets) * (before > 0)).T @ X / len(X)

    return value, gradient


def huber(X: Array, y: Array, delta: float = 1.0) -> Pair:
    """Mean Huber loss of the residuals X w - y."""

    def value(w: Array) -> Any:
        size = np.abs(X @ w - y)
        return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)).mean()

    def gradient(w: Array) -> Array:
        return X.T @ np.clip(X @ w - y, -delta, delta) / len(y)

    return value, gradient


def least_squares(
    X: Array, Y: Array, l1: float = 0.0, l2: float = 0.0, *, factor: float = 2.0, reshaped: bool = False
) -> Pair:
    """mean of (X W' - Y)**2, summed over outputs, + l1 |W| + l2 |W|^2, of W (k, d) or (d,).

    factor: of l2's gradient, 2 is right. reshaped: (d, k) was reshaped to (k, d) instead of transposed.
    """

    def value(W: Array) -> Any:
        return ((X @ W.T - Y) ** 2).sum() / len(X) + l1 * np.abs(W).sum() + l2 * (W**2).sum()

    def gradient(W: Array) -> Array:
        back = 2 * X.T @ (X @ W.T - Y) / len(X)
        return (back.reshape(W.shape) if reshaped else back.T) + l1 * np.sign(W) + factor * l2 * W

    return value, gradient


def log_sum_exp(A: Array, b: Array) -> Pair:
    """log of the sum of exp(A w + b)."""

    def value(w: Array) -> Any:
        z = A @ w + b
        return z.max() + np.log(np.exp(z - z.max()).sum())

    def gradient(w: Array) -> Array:
        z = A @ w + b
        p = np.exp(z - z.max())
        return A.T @ (p / p.sum())

    return value, gradient


def absolute(a: Array, *, at_zero: float = 0.0) -> Pair:
    """Sum of a |x|, a >= 0; at_zero in [-1, 1] is the subgradient of |x| used at 0."""
    return lambda x: (a * np.abs(x)).sum(), lambda x: a * np.where(x == 0, x.dtype.type(at_zero), np.sign(x))


def max_pool(c: Array, *, all_tied: bool = False) -> Pair:
    """Sum of c times the largest of each 2 x 2 window of x (n, 2 h, 2 w).

    The first of several largest takes it all, which is a subgradient; all_tied: each of them does, a bug.
    """

    def windows(x: Array) -> Array:
        n, h, w = x.shape
        return x.reshape(n, h // 2, 2, w // 2, 2).transpose(0, 1, 3, 2, 4).reshape(n, h // 2, w // 2, 4)

    def gradient(x: Array) -> Array:
        cells = windows(x)
        largest = cells == cells.max(axis=-1, keepdims=True)
        if not all_tied:
            largest &= largest.cumsum(axis=-1) == 1
        n, h, w = c.shape
        back = (largest * c[..., None]).reshape(n, h, w, 2, 2)
        return np.ascontiguousarray(back.transpose(0, 1, 3, 2, 4).reshape(x.shape))

    return lambda x: (c * windows(x).max(axis=-1)).sum(), gradient


def residual_units(a: Array, slope: float = 0.1, *, with_ties: bool = False) -> Pair:
    """Sum of a (relu(x) - slope relu(-x)): a leaky ReLU.

    At 0 the derivative 1 is used; with_ties: >= for > in both parts gives 1 + slope there, a bug.
    """

    def gradient(x: Array) -> Array:
        if with_ties:
            return a * ((x >= 0) + x.dtype.type(slope) * (x <= 0))
        return a * np.where(x >= 0, x.dtype.type(1), x.dtype.type(slope))

    return lambda x: (a * (np.maximum(x, 0) - x.dtype.type(slope) * np.maximum(-x, 0))).sum(), gradient


def factorization(M: Array) -> Pair:
    """|W W' - M|^2 of W (n, r), M symmetric."""
    return lambda W: ((W @ W.T - M) ** 2).sum(), lambda W: 4 * (W @ W.T - M) @ W


def tensor_regression(A: Array, y: Array) -> Pair:
    """mean of (<A_i, T> - y_i)**2 of a tensor T of any shape."""
    flat = A.reshape(len(A), -1)

    def gradient(T: Array) -> Array:
        return (2 * (flat @ T.ravel() - y) @ flat / len(y)).reshape(T.shape)

    return lambda T: ((flat @ T.ravel() - y) ** 2).mean(), gradient
