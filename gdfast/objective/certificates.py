"""How far weights are from the optimum at most: dual points of a linear objective with L2, and what they prove.

With u_i a row's share of the mean, z_i what the model sees of it and s_i = W z_i its scores, let A_i be numbers with

    loss_i(s) >= <A_i, s> - conjugate_i(A_i)        for every s,

so that for every W, by completing the square,

    L(W) >= sum_i u_i <A_i, W z_i> - sum_i u_i conjugate_i(A_i) + strength ||W||^2
         >= - sum_i u_i conjugate_i(A_i) - ||G||^2 / (4 strength),      G = sum_i u_i A_i z_i'.

An UNPENALISED bias adds its column to <A, W z> but nothing to the square: the bound then holds only where
r = sum_i u_i A_i = 0, and each dual point here is repaired until it is. Ignoring r gives false bounds.

Every loss is >= 0 and 0 at some A = 0, so -conjugate(t A) >= -t conjugate(A) for t <= 1, and the best t is taken:

    D(t) = t linear - t^2 (square + ||G||^2 / (4 strength)),    0 <= t <= most.

The floats that are handed to the kernel ARE the dual point. What they lack to be feasible, and what rounding may do to
the sums, is bounded (`doubt`, and the share taken from `linear`, `square` and `most`): a bound is rounded down.

References
----------
S. Shalev-Shwartz and T. Zhang, Stochastic dual coordinate ascent methods, JMLR 14, 2013 (conjugates, gaps).
N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, chapter 3 (errors of sums).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..protocols import Array, FloatArray
from .losses import CrossEntropy, Hinge, Loss, SquaredError, SquaredHinge

CERTIFIED = (Hinge, SquaredHinge, CrossEntropy, SquaredError)
UNIT = 2.0**-52


class Dual(NamedTuple):
    """A dual point.

    Attributes
    ----------
    coefficients : (n, k), the A_i
    linear, square : D(t)'s parts that don't need G; `linear` rounded down and `square` up
    most : the largest t
    doubt : (k,), how well the sums over rows are known: element (c, j) of G to doubt[c] * max_i |z_ij|
    """

    coefficients: FloatArray
    linear: float
    square: float
    most: float
    doubt: FloatArray


def rounding(n: int, k: int) -> float:
    """A sum of n terms, each a few operations on k classes, is known to this share of the terms' sizes."""
    return (n + 8 * k + 64) * UNIT


def dual_point(loss: Loss, scores: FloatArray, truth: Array, shares: FloatArray, balanced: bool) -> Dual:
    """The dual point that the loss's gradient at `scores` (n, k) is, repaired where that is not feasible.

    Parameters
    ----------
    scores : of any weights. Their error costs tightness, never truth.
    truth : labels (n,) or targets (n, k)
    shares : u (n,) >= 0
    balanced : whether sum_i u_i A_i must be 0 (an unpenalised bias)
    """
    if isinstance(loss, SquaredError):
        return squared_error_dual(scores, truth, shares, balanced)
    if isinstance(loss, CrossEntropy):
        return cross_entropy_dual(scores, truth, shares, balanced)
    margins = scores - np.take_along_axis(scores, truth[:, None], axis=1) + loss.margin
    np.put_along_axis(margins, truth[:, None], 0.0, axis=1)
    if isinstance(loss, SquaredHinge):
        return squared_hinge_dual(margins, truth, shares, loss.margin, balanced)
    return hinge_dual(margins, truth, shares, loss.margin, balanced)


# ---- the hinges: a_ic for the wrong classes c, and A_iy = -sum_c a_ic ----


def hinge_dual(margins: FloatArray, y: Array, shares: FloatArray, margin: float, balanced: bool) -> Dual:
    """0 <= a <= 1 and -conjugate = margin * sum_c a_ic."""
    pairs = _pairs((margins > 0).astype(np.float64), y, shares, balanced)
    top = float(np.where(shares > 0, pairs.a.max(axis=1), 0.0).max()) + pairs.extra
    linear = margin * pairs.total * (1 - 4 * rounding(*margins.shape))
    most = (1 - 4 * UNIT) / top if top > 0 else 0.0
    return Dual(pairs.coefficients(y), linear, 0.0, most, pairs.doubt)


def squared_hinge_dual(margins: FloatArray, y: Array, shares: FloatArray, margin: float, balanced: bool) -> Dual:
    """a >= 0 and -conjugate = sum_c margin * a_ic - a_ic**2 / 4."""
    pairs = _pairs(2 * np.maximum(margins, 0), y, shares, balanced)
    n, k = margins.shape
    g = 4 * rounding(n, k)
    square = float(shares @ np.einsum("ij,ij->i", pairs.a, pairs.a)) / 4 * (1 + g)
    square += pairs.extra * pairs.total + pairs.extra * pairs.extra * float(shares.sum()) * k
    return Dual(pairs.coefficients(y), margin * pairs.total * (1 - g), square, math.inf, pairs.doubt)


class Pairs(NamedTuple):
    """a (n, k), 0 at the right class; `total` = sum_i u_i sum_c a_ic; `extra`: what exact feasibility may still add
    to an element."""

    a: FloatArray
    total: float
    extra: float
    doubt: FloatArray

    def coefficients(self, y: Array) -> FloatArray:
        """A, in the place of a."""
        np.put_along_axis(self.a, y[:, None], -self.a.sum(axis=1)[:, None], axis=1)
        return self.a


def _pairs(a: FloatArray, y: Array, shares: FloatArray, balanced: bool) -> Pairs:
    """Where r = sum_i u_i A_i must be 0: every row of class y gets (r_y - r_c)+ / (m n_y) more for the class c, with
    n_y the share of class y and m the number of classes that have one. The changes of r_c add up to
    sum_y (r_y - r_c) / m = -r_c.

    A class without samples takes no part: its bias may go to minus infinity, and so its a must be 0.
    """
    n, k = a.shape
    g = rounding(n, k)
    mass = np.bincount(y, weights=shares, minlength=k)
    here = mass > 0
    extra = 0.0
    if balanced and here.any():
        a[:, ~here] = 0
        r = shares @ a - np.bincount(y, weights=shares * a.sum(axis=1), minlength=k)
        flow = np.maximum(r[:, None] - r[None, :], 0)
        flow[~here] = flow[:, ~here] = 0
        with np.errstate(over="ignore"):
            flow /= np.where(here, mass, 1.0)[:, None] * int(here.sum())
        a += flow[y]
    sums = a.sum(axis=1)
    sizes = shares @ a + np.bincount(y, weights=shares * sums, minlength=k)
    doubt = 2 * g * sizes
    if balanced and here.any():
        # r as it is now, in exact arithmetic, is at most this; its exact repair would add `extra` and move G.
        left = 8 * g * float(sizes.max())
        with np.errstate(over="ignore"):
            extra = float(2 * left / (int(here.sum()) * mass[here].min()))
        doubt += 2 * left
    return Pairs(a, float(shares @ sums), extra, doubt)


# ---- cross-entropy: A = p - e_y with p a distribution over the classes ----


def cross_entropy_dual(scores: FloatArray, y: Array, shares: FloatArray, balanced: bool) -> Dual:
    """-conjugate = the entropy of p.

    Where sum_i u_i p_i must be the classes' shares n_c: p' = (1 - s) p + s q with s = max_c (1 - n_c / sum_i u_i p_ic)+
    and q_c = (n_c - (1 - s) sum_i u_i p_ic) / (s sum_i u_i), the smallest s with q >= 0. A class without samples has
    p = 0: its bias may go to minus infinity.
    """
    n, k = scores.shape
    g = 16 * rounding(n, k)
    mass, whole = np.bincount(y, weights=shares, minlength=k), float(shares.sum())
    p = np.array(scores)
    balanced = balanced and whole > 0
    if balanced:
        p[:, mass == 0] = -np.inf
    p -= p.max(axis=1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    if balanced:
        mean = shares @ p
        s = float((1 - np.divide(mass, mean, out=np.full(k, np.inf), where=mean > 0)).max())
        if s > 0:
            p *= 1 - s
            p += np.maximum(mass - (1 - s) * mean, 0) / whole
            p /= p.sum(axis=1, keepdims=True)
    doubt = 4 * g * (shares @ p + mass)
    entropy = -np.einsum("ij,ij->i", p, np.log(np.maximum(p, np.finfo(np.float64).tiny)))
    linear = float(shares @ entropy) * (1 - g) - 4 * (k + 8) * UNIT * whole
    p[np.arange(n), y] -= 1
    return Dual(p, linear, 0.0, 1.0, doubt)


# ---- squared error: any A ----


def squared_error_dual(scores: FloatArray, targets: FloatArray, shares: FloatArray, balanced: bool) -> Dual:
    """-conjugate = -<A, y> - ||A||^2 / 4. The repair takes the mean of A from each A_i, as the best bias does."""
    n, k = scores.shape
    g = 8 * rounding(n, k)
    a, whole = 2 * (scores - targets), float(shares.sum())
    balanced = balanced and whole > 0
    left = np.zeros(k)
    if balanced:
        left = g * (shares @ np.abs(a))  # of what is taken away, some stays
        a -= (shares @ a) / whole
        targets = targets - (shares @ targets) / whole
    sizes = shares @ np.abs(a)
    linear = -float(shares @ np.einsum("ij,ij->i", a, targets))
    linear -= g * float(shares @ np.einsum("ij,ij->i", np.abs(a), np.abs(targets)))
    square = float(shares @ np.einsum("ij,ij->i", a, a)) / 4 * (1 + g)
    if balanced:
        linear -= float(left @ (shares @ np.abs(targets))) / whole
        square += float(left @ left) / whole
    return Dual(a, linear, square, math.inf, g * sizes + left)


# ---- what follows ----


def lower_bound(dual: Dual, G: FloatArray, reach: FloatArray, strength: float) -> float:
    """max_t D(t), rounded down, for G (k, m) of the penalised columns and their reach max_i |z_ij|, (m,).

    At least 0, which every objective here is.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        norm = float(np.linalg.norm(G)) * (1 + (G.size + 8) * UNIT)
        # (the kernel leaves out a row whose squared coefficients underflow: hence 1e-150)
        norm += 2 * float(np.linalg.norm(dual.doubt + 1e-150) * np.linalg.norm(reach))
        square = dual.square + float(np.square(norm)) / (4 * strength) * (1 + 8 * UNIT)
    if not (dual.linear > 0 and math.isfinite(dual.linear) and 0 < square < math.inf):
        return 0.0
    t = min(dual.most, dual.linear / (2 * square))
    bound = (t * dual.linear - t * t * square) * (1 - 32 * UNIT)
    return bound if 0 < bound < math.inf else 0.0


def value_doubt(loss: Loss, data: float, W: FloatArray, reach: FloatArray, whole: float, n: int) -> float:
    """How far rounding in float64 may move the data term of W (k, m), which came out as `data`.

    `reach` (m,) is max_i |z_ij| as above, 1 for a bias; `whole` is sum_i u_i.
    """
    k, m = W.shape
    with np.errstate(over="ignore", invalid="ignore"):
        e = 2 * (m + 16) * UNIT * (np.abs(W) @ reach + loss.margin)
        most, root = float(e.max()), math.sqrt(whole * max(data, 0.0))
        if isinstance(loss, SquaredError):
            moved = 2 * root * float(np.linalg.norm(e)) + whole * float(e @ e)
        elif isinstance(loss, SquaredHinge):
            moved = 4 * most * root * math.sqrt(k) + 4 * whole * k * most * most
        elif isinstance(loss, Hinge):
            moved = whole * (float(e.sum()) + k * most)
        else:
            moved = whole * (2 * most + 4 * (k + 8) * UNIT)
        return moved + 4 * rounding(n, k) * data
