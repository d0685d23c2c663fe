"""Dual coordinate ascent, hinge + L2: ``W = -A'X / (2 strength n)``, row by row (Shalev-Shwartz, Zhang 2013)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..._arrays import check_seed
from ...describe import described
from ...objective.capabilities import rows_in_memory
from ...objective.linear.hinge_dual import dual_bound, dual_epoch, dual_sums, known_of_duals, with_rows
from ...objective.linear.problem import LinearProblem
from ...protocols import Array

BIAS_SHARE = 0.1
"""A free bias is multiplied by a value whose square is this share of the rows' mean square."""

MOVE_EVERY = 2
"""Epochs after which a free bias may forget what holds it back."""

REBUILD_EVERY = 16
"""Epochs after which W is computed from the duals anew, in float64."""


class DualState(NamedTuple):
    """The duals (n_samples, n_classes) in the arithmetic's type; `idle` counts each row's visits since they moved."""

    duals: Array
    idle: Array


@dataclass(frozen=True)
class DualCoordinateAscent:
    """One epoch per step over the duals of ``hinge + strength * |W|**2``: each row's duals jump to their optimum.

    With a_ic in [0, 1] for the wrong classes of row i, A_ic = a_ic and A_iy = -sum_c a_ic, the weights are
    ``W = -A'X / (2 * strength * n)``. A row's optimum, the others held, is ``a_c = clip(u_c - S, 0, 1)`` with
    ``u_c = (margin + s_c - s_y) / q + A_c - A_y``, ``q = |x|**2 / (2 * strength * n)`` and S the root of
    ``S = sum_c clip(u_c - S, 0, 1)``.

    Parameters
    ----------
    seed : int >= 0
        Epoch k visits the rows in the order of the permutation of (seed, k).

    Raises
    ------
    TypeError, ValueError
        A seed of the wrong type or range. From `minimize`, before any work: the objective is no `LinearObjective` with
        `Hinge` and `L2` of a strength > 0; w0 is not zero, where the duals start; a `step`, `batches` or `maximize`.

    Notes
    -----
    It takes no `step`, and proves a lower bound of the optimum, so that ``minimize(gap_tol=...)`` stops where the
    objective is PROVEN to be that near. Give `evaluate_every`: otherwise the whole objective is evaluated after every
    epoch, which costs as much as the epoch. The bound is true whatever rounding does; it costs one more pass over
    the rows that have duals, at each evaluation.

    An epoch is at most one pass over X, in one thread: rows whose duals have stopped moving are visited every fourth
    time. Memory: the duals, n_samples * n_classes numbers of the arithmetic's type, twice during an epoch, and 9 bytes
    a row; with a free bias another n_classes * (n_features + 1) float64.

    How many epochs it takes grows with ``mean(|x|**2) / (2 * strength * n_samples)``: up to 8 or so, a proven 1 % comes
    within 200 epochs; far above, it may not come in any reasonable time.

    In float32 (X is not float64) the gap stops shrinking near 1e-3 relative on hard problems.

    References
    ----------
    S. Shalev-Shwartz and T. Zhang, Stochastic dual coordinate ascent, JMLR 14, 2013; Y. Wang and C. Scott, An exact
    solver for the Weston-Watkins SVM subproblem, ICML 2021.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> digits = gd.datasets.load_digits()
    >>> X = digits.X / np.float32(16)
    >>> objective = gd.LinearObjective(X, digits.y, gd.Hinge(), gd.L2(0.01), penalize_bias=True)
    >>> settings = {"max_steps": 200, "gap_tol": 0.005, "evaluate_every": 5}
    >>> result = gd.minimize(objective, np.zeros(objective.shape, np.float32), gd.DualCoordinateAscent(), **settings)
    >>> result.status.name, result.duality_gap <= 0.005
    ('CONVERGED', True)
    """

    seed: int = 0
    needs_gradient: ClassVar[bool] = False
    sets_own_step: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", check_seed(self.seed))

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> DualCoordinateAscent:
        """Itself; TypeError or ValueError for a run that it cannot do."""
        name = type(self).__name__
        check_hinge(name, objective, w0, sign)
        if batches is not None:
            raise ValueError(f"{name} visits single rows by itself: batches must be None; it is {batches!r}")
        if w0.any():
            raise ValueError(f"w0 must be zero for {name}, whose duals start there; it has other elements")
        return self

    def init(self, w: Array) -> DualState | None:
        """None: the duals are zero, and nothing is known of the rows yet."""
        return None

    def check_state(self, objective: Any, w: Array, state: Any) -> None:
        """ValueError unless it is None, or duals and visits for each row of the objective."""
        if state is None:
            return
        problem: LinearProblem = objective.linear_problem
        rows = problem.rows
        per_row = (rows.n_samples,)
        duals, idle = getattr(state, "duals", None), getattr(state, "idle", None)
        for name, array, dtype, shape in (
            ("duals", duals, np.dtype(rows.arithmetic), (*per_row, rows.n_classes)),
            ("idle", idle, np.dtype(np.uint8), per_row),
        ):
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
                raise ValueError(f"{name} must be {dtype} of shape {shape}; it is {described(array)}")

    def update(self, gradient: Array, state: DualState | None, w: Array) -> tuple[Array, DualState | None]:
        """TypeError: a gradient is not enough, see `direction`."""
        raise TypeError(f"{type(self).__name__} needs the objective, not a gradient: call direction")

    def direction(self, objective: Any, k: int, w: Array, state: DualState | None) -> tuple[Array, DualState]:
        """What epoch k adds to w, and the duals after it."""
        problem: LinearProblem = objective.linear_problem
        rows, strengths = problem.rows, problem.strengths
        assert strengths is not None
        if state is None:
            duals = np.zeros((rows.n_samples, rows.n_classes), dtype=rows.arithmetic)
            state = DualState(duals, np.zeros(rows.n_samples, dtype=np.uint8))
        duals, idle, W = state.duals.copy(), state.idle.copy(), np.array(w, dtype=rows.arithmetic, order="C")
        unit = 1 / (2 * strengths.l2 * rows.n_samples)
        square = _bias_square(problem)
        dual_epoch(problem, W, duals, idle, unit, square, self.seed, k)
        state = DualState(duals, idle)
        if problem.has_free_bias and k % MOVE_EVERY == MOVE_EVERY - 1:
            W[:, -1] -= square * unit * duals.sum(axis=0, dtype=np.float64)
        if k % REBUILD_EVERY == REBUILD_EVERY - 1:
            sums, _, _ = dual_sums(problem, duals)
            columns = rows.n_features + (rows.bias and problem.penalize_bias)
            W[:, :columns] = -unit * sums[:, :columns]
        if W.dtype == w.dtype:
            return np.subtract(W, w, out=W), state
        return np.asarray(W - w, dtype=w.dtype), state

    def state_in_float64(self, objective: Any, w: Array, state: DualState | None) -> DualState | None:
        """The same duals; every row is visited."""
        if state is None:
            return None
        return DualState(state.duals.astype(np.float64), np.zeros_like(state.idle))

    def lower_bound(self, objective: Any, state: DualState | None) -> float:
        """What the objective is nowhere below; one pass over the rows that have duals."""
        if state is None:
            return 0.0
        problem: LinearProblem = objective.linear_problem
        return dual_bound(problem, known_of_duals(problem, with_rows(problem, state.duals)))


def check_hinge(name: str, objective: Any, w0: Array, sign: float) -> None:
    """TypeError or ValueError unless the run goes down on a hinge with L2, from a w0 of its shape."""
    problem = rows_in_memory(objective, name, "LBFGS() with StrongWolfe()")
    if not problem.loss.has_box_dual:
        raise ValueError(f"{name} needs the loss gdfast.Hinge; the objective's is {problem.loss!r}")
    strengths = problem.strengths
    if strengths is None or strengths.l1 > 0 or strengths.l2 == 0:
        raise ValueError(
            f"{name} needs the regularizer gdfast.L2 of a strength > 0; the objective's is {problem.regularizer!r}"
        )
    if sign < 0:
        raise ValueError(f"{name} goes down only: use minimize")
    if w0.shape != problem.rows.shape:
        raise ValueError(f"w0 must have the objective's shape {problem.rows.shape}; its shape is {w0.shape}")


def _bias_square(problem: LinearProblem) -> float:
    """The square of the value that the bias is multiplied by."""
    if not problem.rows.bias:
        return 0.0
    if problem.penalize_bias:
        return 1.0
    return BIAS_SHARE * float(problem.squares.mean()) or 1.0
