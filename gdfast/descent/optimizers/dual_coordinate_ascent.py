"""Dual coordinate ascent: the hinge with L2, to a distance from the optimum that is proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..._arrays import check_integer
from ...objective.regularizers.regularizers import strengths_of
from ...protocols import Array, FloatArray

BIAS_SHARE = 0.1
"""A free bias is multiplied by a value whose square is this share of the rows' mean square."""

MOVE_EVERY = 2
"""Epochs after which a free bias may forget what holds it back."""

REBUILD_EVERY = 16
"""Epochs after which W is computed from the duals anew, in float64."""


class DualState(NamedTuple):
    """The duals (n_samples, n_classes) in the arithmetic's type, and what is known of the rows.

    `idle` counts each row's visits since its duals moved (n_samples,); `squares` are the rows' squared norms
    (n_samples,); `class_sums`, where the bias is not penalised, the sums of the
    rows of each class and their number (n_classes, n_features + 1).
    """

    duals: Array
    idle: Array
    squares: FloatArray
    class_sums: FloatArray | None


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
        A seed of the wrong kind or range. From `minimize`, before any work: the objective is no `LinearObjective` with
        `Hinge` and `L2` of a strength > 0; w0 is not zero, where the duals start; a `step`, `batches` or `maximize`.

    Notes
    -----
    It takes no `step`, and proves a lower bound of the optimum, so that ``minimize(gap_tol=...)`` stops where the
    objective is PROVEN to be that near. Give `evaluate_every`: otherwise the whole objective is looked at after every
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
        object.__setattr__(self, "seed", check_integer(self.seed, "seed", minimum=0))

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> DualCoordinateAscent:
        """Itself; TypeError or ValueError for a run that it cannot do."""
        name = type(self).__name__
        if not callable(getattr(objective, "dual_epoch", None)):
            raise TypeError(f"{name} needs a gdfast.LinearObjective; the objective is a {type(objective).__name__}")
        if not objective.loss.has_box_dual:
            raise ValueError(f"{name} needs the loss gdfast.Hinge; the objective's is {objective.loss!r}")
        strengths = strengths_of(objective.regularizer)
        if strengths is None or strengths.l1 > 0 or strengths.l2 == 0:
            raise ValueError(
                f"{name} needs the regularizer gdfast.L2 of a strength > 0; the objective's is "
                f"{objective.regularizer!r}"
            )
        if sign < 0:
            raise ValueError(f"{name} goes down only: use minimize")
        if batches is not None:
            raise ValueError(f"{name} visits single rows by itself: batches must be None; it is {batches!r}")
        if w0.shape != objective.shape:
            raise ValueError(f"w0 must have the objective's shape {objective.shape}; its shape is {w0.shape}")
        if w0.any():
            raise ValueError(f"w0 must be zero for {name}, whose duals start there; it has other elements")
        return self

    def init(self, w: Array) -> DualState | None:
        """None: the duals are zero, and nothing is known of the rows yet."""
        return None

    def update(self, gradient: Array, state: DualState | None, w: Array) -> tuple[Array, DualState | None]:
        """TypeError: a gradient is not enough, see `direction`."""
        raise TypeError(f"{type(self).__name__} needs the objective, not a gradient: call direction")

    def direction(self, objective: Any, k: int, w: Array, state: DualState | None) -> tuple[Array, DualState]:
        """What epoch k adds to w, and the duals after it."""
        if state is None:
            state = _start(objective)
        duals, idle, W = state.duals.copy(), state.idle.copy(), np.array(w, dtype=objective.arithmetic, order="C")
        unit = 1 / (2 * objective.regularizer.l2 * objective.n_samples)
        square = _bias_square(objective, state)
        objective.dual_epoch(W, duals, idle, state.squares, unit, square, self.seed, k)
        state = state._replace(duals=duals, idle=idle)
        is_free = objective.bias and not objective.penalize_bias
        if is_free and k % MOVE_EVERY == MOVE_EVERY - 1:
            W[:, -1] -= square * unit * duals.sum(axis=0, dtype=np.float64)
        if k % REBUILD_EVERY == REBUILD_EVERY - 1:
            sums, _, _ = objective.dual_sums(duals, state.squares)
            columns = objective.n_features + (objective.bias and objective.penalize_bias)
            W[:, :columns] = -unit * sums[:, :columns]
        if W.dtype == w.dtype:
            return np.subtract(W, w, out=W), state
        return np.asarray(W - w, dtype=w.dtype), state

    def lower_bound(self, objective: Any, state: DualState | None) -> float:
        """What the objective is nowhere below; one pass over the rows that have duals."""
        if state is None:
            return 0.0
        duals = state.duals
        if state.class_sums is not None and not state.class_sums[:, -1].all():
            duals = duals * (state.class_sums[:, -1] > 0)  # of a class without rows only zeros are feasible
        return float(objective.dual_bound(objective.known_of_duals(duals, state.squares), state.class_sums))


def _start(objective: Any) -> DualState:
    squares, class_sums = objective.facts_of_rows()
    duals = np.zeros((objective.n_samples, objective.n_classes), dtype=objective.arithmetic)
    idle = np.zeros(objective.n_samples, dtype=np.uint8)
    return DualState(duals, idle, squares, class_sums)


def _bias_square(objective: Any, state: DualState) -> float:
    """The square of the value that the bias is multiplied by."""
    if not objective.bias:
        return 0.0
    if objective.penalize_bias:
        return 1.0
    return BIAS_SHARE * float(state.squares.mean()) or 1.0
