"""Semismooth Newton in an augmented Lagrangian of the dual, hinge + L2 (SsNAL: Li, Sun, Toh, 2018)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..._arrays import check_positive
from ...describe import described
from ...objective.capabilities import gram_of
from ...objective.linear.dual_bundle import best_mixture
from ...objective.linear.dual_sums import DualSums
from ...objective.linear.hinge_dual import GOLDEN, dual_bound, known_of_duals, with_rows
from ...objective.linear.inverse_root import InverseRoot
from ...objective.linear.problem import LinearProblem
from ...objective.linear.smoothed_hinge import (
    LEAST_CURVATURE,
    Curvature,
    Smoothing,
    Span,
    data_value,
    minimum_in_span,
    row_weights,
    smoothing_gap,
    term_changes,
    terms_at,
)
from ...objective.one_thread import dot
from ...protocols import Array, FloatArray
from .dual_coordinate_ascent import DualCoordinateAscent, check_hinge

SHRINK = 0.85
"""What mu is multiplied by when the terms are smoothed around other duals (.5 takes twice the passes)."""
SMOOTHED_ENOUGH = 2.0
"""They are, once the rest of the gap is at most this often what smoothing adds to it."""
STEEP = 100.0
"""At the first mu the gradient is at most so many values of the gap."""
CENTERS_MOST = 3
"""In one step."""
RESIDUAL, PRODUCTS_MOST = 0.5, 60
"""Of the conjugate gradients."""
POINTS, DIRECTIONS = 12, 16
"""Dual points in the bundle, directions in the span, as far as they fit into so many bytes:"""
BUNDLE_BYTES = SPAN_BYTES = 1 << 28
RENEW_EVERY = 10
"""Steps after which the terms are computed from W anew."""
COLUMNS_MOST = 4096
"""Of W, for a matrix as preconditioner; beyond, its diagonal."""
EASY = 8.0
"""``mean(|x|**2) / (2 * strength * n_samples)`` up to which dual coordinate ascent arrives sooner."""


class SemismoothNewtonState(NamedTuple):
    """Where the run stands, and what it has proven.

    Attributes
    ----------
    center, terms : (n_samples, n_classes), of the arithmetic's type
        The duals around which terms are smoothed, and the margins at w.
    directions, changes : the last ones, (m, n_classes, columns), and how terms change along them
    product : A'X of the duals at w, their sums last, (n_classes, n_features + 1)
    sums, totals : the same of the bundle's dual points, and what else their bounds need; the best mixture first
    gram, root : (columns, columns), or (columns,) for a diagonal
        Of the rows; of the preconditioner's inverse (`InverseRoot`), or its diagonal.
    mu, curvature : the smoothing; what the root is for
    """

    center: Array
    terms: Array
    directions: Array
    changes: Array
    product: FloatArray
    sums: FloatArray
    totals: FloatArray
    gram: FloatArray
    root: Array
    mu: float
    curvature: float


@dataclass(frozen=True)
class SemismoothNewton:
    """One Newton step per step on ``hinge + strength * |W|**2``, smoothed around its duals; proves how near it is.

    With margins M and duals a0, each term max(0, M) is replaced by ``max over a in [0, 1] of a M - mu/2 (a - a0)**2``;
    ``a = clip(a0 + M / mu, 0, 1)`` is a dual point. Where smoothing is most of the duality gap that is left, a0 becomes
    a, and mu 0.85 mu. Newton's system is solved by conjugate gradients, whose products visit only the rows with a pair
    in ``0 < a < 1``, preconditioned by ``c G + 2 strength``, G the Gram matrix of the rows.

    Parameters
    ----------
    smoothing : float > 0
        The first mu, in units of the loss's margin. 4 to 30 differ little; harder problems take more.

    Raises
    ------
    TypeError, ValueError
        A setting of the wrong type or range. From `minimize`, before any work: the objective is no `LinearObjective`
        with `Hinge` and `L2` of a strength > 0; a `step`, `batches` or `maximize`.

    Notes
    -----
    It takes no `step`, and proves a lower bound of the optimum, so that ``minimize(gap_tol=...)`` stops where the
    objective is PROVEN to be that near. The bound is computed in float64 and true whatever rounding does; that of the
    best mixture of the last 12 dual points costs no pass. A w0 that is not zero is a warm start.

    It arrives where `DualCoordinateAscent` does not, at small strengths and many features: some 50 to 250 passes to a
    proven 1 %. Where ``mean(|x|**2) / (2 * strength * n_samples)`` is below 8 the latter is quicker.

    A step is some four passes over X, the first one also makes G (of up to 8 rows a feature; its diagonal beyond
    4,096 columns). Memory: 10 arrays (n_samples, n_classes) of the arithmetic's type, 12 of twice the size of W, and
    twice that of G.

    References
    ----------
    X. Li, D. Sun, K.-C. Toh, A highly efficient semismooth Newton augmented Lagrangian method for solving Lasso
    problems, SIAM Journal on Optimization 28, 2018; J. Weston, C. Watkins, Support vector machines for multi-class
    pattern recognition, ESANN 1999.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> digits = gd.datasets.load_digits()
    >>> X = digits.X / np.float32(16)
    >>> objective = gd.LinearObjective(X, digits.y, gd.Hinge(), gd.L2(1e-3), penalize_bias=True)
    >>> settings = {"max_steps": 100, "gap_tol": 0.001, "evaluate_every": 1}
    >>> result = gd.minimize(objective, np.zeros(objective.shape, np.float32), gd.SemismoothNewton(), **settings)
    >>> result.status.name, result.duality_gap <= 0.001
    ('CONVERGED', True)
    """

    smoothing: float = 10.0
    needs_gradient: ClassVar[bool] = False
    sets_own_step: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "smoothing", check_positive(self.smoothing, "smoothing"))

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> SemismoothNewton:
        """Itself; TypeError or ValueError for a run that it cannot do."""
        check_hinge(type(self).__name__, objective, w0, sign)
        if batches is not None:
            raise ValueError(
                f"{type(self).__name__} needs the whole objective: batches must be None; it is {batches!r}"
            )
        return self

    def init(self, w: Array) -> SemismoothNewtonState | None:
        """None: nothing is known of the rows yet."""
        return None

    def check_state(self, objective: Any, w: Array, state: Any) -> None:
        """ValueError unless it is None, or a state for the objective's rows."""
        if state is None:
            return
        if not isinstance(state, SemismoothNewtonState):
            raise ValueError(f"the state must be a SemismoothNewtonState; it is {described(state)}")
        rows = objective.linear_problem.rows
        per_row, side = (rows.n_samples, rows.n_classes), rows.shape[1]
        m, b = (len(part) if isinstance(part, np.ndarray) and part.ndim else 0 for part in (state.changes, state.sums))
        matrix = (side,) if side > COLUMNS_MOST else (side, side)
        wide = np.dtype(np.float64)
        for name, dtype, shape in (
            ("center", rows.arithmetic, per_row),
            ("terms", rows.arithmetic, per_row),
            ("directions", wide, (m, *rows.shape)),
            ("changes", rows.arithmetic, (m, *per_row)),
            ("product", wide, (rows.n_classes, rows.n_features + 1)),
            ("sums", wide, (max(b, 1), rows.n_classes, rows.n_features + 1)),
            ("totals", wide, (max(b, 1), 4)),
            ("gram", wide, matrix),
            ("root", wide if side > COLUMNS_MOST else rows.arithmetic, matrix),
        ):
            array = getattr(state, name)
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
                raise ValueError(f"{name} must be {dtype} of shape {shape}; it is {described(array)}")
        for name in ("mu", "curvature"):
            number = getattr(state, name)
            if not isinstance(number, float) or not 0 < number < np.inf:
                raise ValueError(f"{name} must be a positive float; it is {described(number)}")

    def update(
        self, gradient: Array, state: SemismoothNewtonState | None, w: Array
    ) -> tuple[Array, SemismoothNewtonState | None]:
        """TypeError: a gradient is not enough, see `direction`."""
        raise TypeError(f"{type(self).__name__} needs the objective, not a gradient: call direction")

    def direction(
        self, objective: Any, k: int, w: Array, state: SemismoothNewtonState | None
    ) -> tuple[Array, SemismoothNewtonState]:
        """What step k adds to w, and the state after it."""
        problem: LinearProblem = objective.linear_problem
        rows = problem.rows
        W = np.array(w, dtype=np.float64, order="C")
        if state is None:
            state = _first_state(objective, W, self.smoothing)
        smoothing, ridge = Smoothing(state.center, state.mu), _ridge(problem)
        duals = smoothing.duals(state.terms)
        curvature = Curvature(problem, duals, state.mu)
        # A free bias has no other curvature than that of the zone, which may be empty.
        damped = np.maximum(ridge, min(ridge[0], LEAST_CURVATURE / state.mu))
        state = _preconditioned(state, max(curvature.mean, LEAST_CURVATURE / state.mu), damped)
        gradient = state.product[:, : rows.shape[1]] / rows.n_samples + ridge * W
        newton = _newton_direction(curvature, gradient, damped, state.root)
        changes = term_changes(problem, newton.astype(rows.arithmetic))
        span = Span(state.directions, state.changes).with_newest(newton, changes, _directions_most(problem))
        ahead, terms = minimum_in_span(problem, smoothing, W, state.terms, span, ridge)
        moved = (ahead - W).astype(w.dtype)
        if k % RENEW_EVERY == RENEW_EVERY - 1:
            terms = terms_at(problem, (w + moved).astype(rows.arithmetic))
        state = state._replace(terms=terms, directions=span.directions, changes=span.changes)
        return moved, _certified(problem, w + moved, state)

    def state_in_float64(
        self, objective: Any, w: Array, state: SemismoothNewtonState | None
    ) -> SemismoothNewtonState | None:
        """Around the same duals, with the terms of w computed anew; the preconditioner is as good as it was."""
        if state is None:
            return None
        problem: LinearProblem = objective.linear_problem
        parts = {name: getattr(state, name).astype(np.float64) for name in ("center", "changes", "root")}
        terms = terms_at(problem, np.asarray(w, dtype=np.float64))
        return _certified(problem, w, state._replace(terms=terms, **parts))

    def lower_bound(self, objective: Any, state: SemismoothNewtonState | None) -> float:
        """What the objective is nowhere below, proven by the best mixture of the steps' dual points; no pass."""
        return 0.0 if state is None else dual_bound(objective.linear_problem, _bundle(state)[0])


def hinge_method(problem: LinearProblem) -> DualCoordinateAscent | SemismoothNewton:
    """Which of the two proves the optimum of a hinge with L2 sooner: by how much a row's duals hang on the others'.

    Wide sparse rows have few columns in common, and no matrix as preconditioner: theirs are raised one by one.
    """
    assert problem.strengths is not None
    rows = problem.rows
    square = float(problem.squares.mean()) + rows.bias
    is_easy = square <= EASY * 2 * problem.strengths.l2 * rows.n_samples
    is_wide_and_sparse = rows.is_sparse and rows.shape[1] > COLUMNS_MOST
    return DualCoordinateAscent() if is_easy or is_wide_and_sparse else SemismoothNewton()


# ---- the parts of a step ----


def _directions_most(problem: LinearProblem) -> int:
    rows = problem.rows
    size = 8 * (rows.n_samples * rows.n_classes + rows.n_classes * rows.shape[1])
    return min(DIRECTIONS, max(2, SPAN_BYTES // size))


def _ridge(problem: LinearProblem) -> FloatArray:
    """The regularizer's second derivatives, (columns,): 0 for a free bias."""
    assert problem.strengths is not None
    ridge = np.full(problem.rows.shape[1], 2 * problem.strengths.l2)
    if problem.has_free_bias:
        ridge[-1] = 0.0
    return ridge


def _first_state(objective: Any, W: FloatArray, smoothing: float) -> SemismoothNewtonState:
    """Duals of 0, and the Gram matrix."""
    problem: LinearProblem = objective.linear_problem
    rows = problem.rows
    terms = terms_at(problem, W.astype(rows.arithmetic))
    state = SemismoothNewtonState(
        center=np.zeros_like(terms),
        terms=terms,
        directions=np.empty((0, *rows.shape)),
        changes=np.empty((0, *terms.shape), terms.dtype),
        product=np.zeros((rows.n_classes, rows.n_features + 1)),
        sums=np.empty((0, rows.n_classes, rows.n_features + 1)),
        totals=np.empty((0, 4)),
        gram=_second_moments(objective),
        root=np.empty(0),
        mu=smoothing * (problem.loss.margin or 1.0),
        curvature=0.0,
    )
    # So wide that the gradient there is not the whole gap by orders: few steps would have to bring it down.
    product, _ = _known(problem, Smoothing(state.center, state.mu).duals(terms))
    gradient = problem.penalised(product[:, : rows.shape[1]] / rows.n_samples + _ridge(problem) * W)
    rest, value = dot(gradient, gradient) / (2 * _ridge(problem)[0]), data_value(problem, terms)
    if rest > STEEP * value > 0:
        state = state._replace(mu=state.mu * math.sqrt(rest / (STEEP * value)))
    return _certified(problem, W, state)


def _second_moments(objective: Any) -> FloatArray:
    """The Gram matrix of the rows, or of a sample of them; the diagonal where it would be too large."""
    rows = objective.linear_problem.rows
    columns, n = rows.shape[1], rows.n_samples
    if columns > COLUMNS_MOST:
        return _diagonal_moments(objective.linear_problem)
    most = max(2000, 8 * columns)
    sample = None if n <= most else np.unique((np.arange(most) * GOLDEN % 1 * n).astype(np.int64))
    found = gram_of(objective, None, sample)
    assert found is not None
    return found


def _diagonal_moments(problem: LinearProblem) -> FloatArray:
    """``sum_i u_i z_ij**2``, (columns,)."""
    rows, weights = problem.rows, problem.rows.normalized_weights
    rows.counter.add(rows.n_samples)
    found = np.zeros(rows.shape[1])
    step = max(1, (1 << 22) // rows.shape[1])
    for first in range(0, rows.n_samples, step):
        some = np.arange(first, min(first + step, rows.n_samples))
        found += weights[some] @ rows.seen(some) ** 2
    return found


def _preconditioned(state: SemismoothNewtonState, curvature: float, ridge: FloatArray) -> SemismoothNewtonState:
    """With a root for this mean curvature, where the one there is for too different a one."""
    if 0.6 * state.curvature < curvature < 1.7 * state.curvature:
        return state
    G = state.gram
    # A free bias, and directions that no row of a sample shows, have nothing else.
    floor = 1e-9 * curvature * float(np.mean(G if G.ndim == 1 else np.diag(G)))
    if G.ndim == 1:
        return state._replace(curvature=curvature, root=1 / (curvature * G + ridge + floor))
    P = curvature * G
    P[np.diag_indices(len(P))] += ridge + floor
    return state._replace(curvature=curvature, root=InverseRoot.of(P, state.terms.dtype).root)


def _inverse_times(root: Array, V: FloatArray) -> FloatArray:
    return V * root if root.ndim == 1 else InverseRoot(root).times(V)


def _newton_direction(curvature: Curvature, gradient: FloatArray, ridge: FloatArray, root: Array) -> FloatArray:
    """Conjugate gradients on ``(curvature + ridge) x = -gradient``, to RESIDUAL in the preconditioner's norm."""
    x, residual = np.zeros_like(gradient), -gradient
    z = _inverse_times(root, residual)
    conjugate, square = z, dot(residual, z)
    first = square
    for _ in range(PRODUCTS_MOST):
        if not square > RESIDUAL**2 * first:
            break
        image = curvature.times(conjugate) + ridge * conjugate
        bend = dot(conjugate, image)
        if not bend > 0:
            return x if x.any() else conjugate
        x += square / bend * conjugate
        residual = residual - square / bend * image
        z = _inverse_times(root, residual)
        before, square = square, dot(residual, z)
        conjugate = z + square / before * conjugate
    return x


def _certified(problem: LinearProblem, W: Array, state: SemismoothNewtonState) -> SemismoothNewtonState:
    """With the dual point of its terms in the bundle, what that proves, and other duals to smooth around when due."""
    assert problem.strengths is not None
    penalised = problem.penalised(np.asarray(W, dtype=np.float64))
    value = data_value(problem, state.terms) + problem.strengths.l2 * dot(penalised, penalised)
    most = min(POINTS, max(3, BUNDLE_BYTES // (8 * state.product.size)))
    bundle, smoothing = _bundle(state), Smoothing(state.center, state.mu)
    for is_last in [False] * CENTERS_MOST + [True]:
        duals = smoothing.duals(state.terms)
        product, proof = _known(problem, duals)
        bundle = [*bundle[:1], *bundle[1:][-(most - 2) :], proof]
        bundle[0] = best_mixture(problem, tuple(bundle))
        missing = smoothing_gap(problem, state.terms, duals)
        if is_last or value - dual_bound(problem, proof) - missing > SMOOTHED_ENOUGH * missing:
            break
        smoothing = Smoothing(duals, smoothing.mu * SHRINK)
    return state._replace(
        center=smoothing.center,
        mu=smoothing.mu,
        product=product,
        sums=np.stack([known.sums for known in bundle]),
        totals=np.array([known[1:] for known in bundle], dtype=np.float64),
    )


def _bundle(state: SemismoothNewtonState) -> list[DualSums]:
    return [DualSums(sums, *totals) for sums, totals in zip(state.sums, state.totals.tolist(), strict=True)]


def _known(problem: LinearProblem, duals: Array) -> tuple[FloatArray, DualSums]:
    """A'X with the sums of A of these duals, and what is known of those among them that are feasible; one pass."""
    weights = row_weights(problem)
    if weights is not None:
        duals = (duals * weights).astype(duals.dtype)
    feasible = with_rows(problem, duals)
    proof = known_of_duals(problem, feasible)
    return (proof if feasible is duals else known_of_duals(problem, duals)).sums, proof
