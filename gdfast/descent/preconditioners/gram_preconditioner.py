"""The Gram preconditioner: ``P = sum_i u_i c_i z_i z_i' + 2 strength I``, the Hessian but for classes.

Features that correlate make a long, narrow valley of any loss on them. Every class has the same features: so one matrix
of (m, m) mends for all of them what pairs of gradients would learn in hundreds of steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..._arrays import check_flag, check_integer, check_seed
from ...describe import described
from ...objective.capabilities import gram_of, linear_problem_of, offered
from ...objective.linear.inverse_root import InverseRoot
from ...objective.linear.problem import LinearProblem
from ...objective.regularizers.regularizers import strengths_of
from ...protocols import Array, FloatArray, HasGram

FAIR_PRICE = 20.0
"""Passes whose multiply-adds the Gram matrix may cost, where nobody says of how many rows it is made."""

ROWS_PER_COLUMN = 3
"""At least so many, where there are as many: a sample of fewer rows than columns knows nothing of most directions."""

LEFT = (0.6, 1.7)
"""The matrix is made anew once the mean curvature of its rows is outside of this, relative to what it was made with."""


class PreconditionerState(NamedTuple):
    """What tells P: the weights that it was made at; the mean curvature there (0: not made yet), how often it was."""

    w: Array
    curvature: float
    made: int


@dataclass(frozen=True)
class GramPreconditioner:
    """``P = sum_i u_i c_i z_i z_i' + 2 strength I`` for L-BFGS, nonlinear conjugate gradients and Newton's method.

    z_i is row i as the model sees it (mean, scale, bias), u_i its share of the mean, c_i how the loss bends there: the
    mean of its second derivatives by the scores, at the weights that P was made at. An unpenalised bias has no
    strength.

    Parameters
    ----------
    rows : int, optional
        >= 1: how many rows, drawn by `seed`, P is made of; n_samples or more: all of them. None: all where that costs
        no more than twenty passes over X, else a sample of that price.
    renew : bool
        Make P anew when the rows' curvature has changed.
    seed : int >= 0
        Which rows.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. In `minimize`: the objective has no Gram matrix (it is no
        `LinearObjective`), or there are mini-batches.

    Notes
    -----
    A step along ``-P^-1 gradient`` goes down a bowl that is nearly round, where the gradient alone goes from side to
    side of a narrow valley: what takes hundreds of steps takes ten. P is factored once, in float64; a product with its
    inverse is one pass over a triangle of (m, m), m the columns of W, in the arithmetic's type.

    A checkpoint holds the weights that P was made at, not P.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 20)) @ rng.normal(size=(20, 20))  # features that correlate
    >>> objective = gd.LinearObjective(X, (X[:, 0] > 0).astype(int), gd.CrossEntropy(), gd.L2(1e-3))
    >>> for preconditioner in (None, gd.GramPreconditioner()):
    ...     rule = gd.LBFGS(preconditioner=preconditioner)
    ...     print(gd.minimize(objective, np.zeros(objective.shape), rule, gd.StrongWolfe(), gtol=1e-4).steps < 25)
    False
    True
    """

    rows: int | None = None
    renew: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.rows is not None:
            object.__setattr__(self, "rows", check_integer(self.rows, "rows", minimum=1))
        object.__setattr__(self, "renew", check_flag(self.renew, "renew"))
        object.__setattr__(self, "seed", check_seed(self.seed))


@dataclass(frozen=True, eq=False)
class BoundPreconditioner:
    """P for one objective: a pure function of the weights that it is made at, of which the last one is kept."""

    objective: Any
    problem: LinearProblem
    indices: Array | None
    renew: bool
    kept: dict[str, Any] = field(default_factory=dict)

    def init(self, w: Array) -> PreconditionerState:
        """P is to be made at the start."""
        return PreconditionerState(w.copy(), 0.0, 0)

    def times(self, v: Array, state: PreconditionerState) -> FloatArray:
        """``P^-1 v`` for v of w's shape, or for many of them, (r, *shape)."""
        return self._root(state).times(v.reshape(-1, v.shape[-1])).reshape(v.shape)

    def renewed(self, w: Array, state: PreconditionerState, steps: int) -> PreconditionerState:
        """The state itself, or another one where P is due to be made anew at w: a rule of the state alone."""
        is_new = state.made == 0
        if not is_new and not (self.renew and steps & (steps - 1) == 0):
            return state
        curvature = float(self._curvatures(w).mean())
        if not is_new and LEFT[0] * state.curvature <= curvature <= LEFT[1] * state.curvature:
            return state
        return PreconditionerState(w.copy(), curvature, state.made + 1)

    def check_state(self, state: Any) -> None:
        """ValueError where a state that comes from outside is not finite."""
        if not (np.isfinite(state.w).all() and 0 <= state.curvature < np.inf):
            raise ValueError("the preconditioner's weights and curvature must be finite; they are not")

    def _root(self, state: PreconditionerState) -> InverseRoot:
        known: InverseRoot | None = self.kept.get("root")
        if known is not None and np.array_equal(self.kept["w"], state.w):
            return known
        problem, rows = self.problem, self.problem.rows
        P = gram_of(self.objective, self._curvatures(state.w), self.indices)
        assert P is not None  # it is a LinearObjective
        strengths = strengths_of(problem.regularizer)
        if strengths is not None:
            penalised = rows.shape[1] - int(problem.has_free_bias)
            P.flat[: penalised * (len(P) + 1) : len(P) + 1] += 2 * strengths.l2
        found = InverseRoot.of(P, rows.arithmetic)
        self.kept.update(w=state.w, root=found)
        return found

    def _curvatures(self, w: Array) -> FloatArray:
        """How the loss bends at each row, (len(indices),); kept for the next call."""
        if "curvatures" not in self.kept or not np.array_equal(self.kept["bent_at"], w):
            problem = self.problem if self.indices is None else self.problem.on_rows(self.indices)
            each = problem.loss.curvatures(problem.wide_scores(w), problem.rows.y)
            self.kept.update(bent_at=w.copy(), curvatures=each.mean(axis=1))
        found: FloatArray = self.kept["curvatures"]
        return found


def check_preconditioner(preconditioner: Any) -> None:
    """TypeError unless it is None or a preconditioner."""
    if preconditioner is not None and not isinstance(preconditioner, GramPreconditioner):
        remedy = "; make an instance: GramPreconditioner()" if preconditioner is GramPreconditioner else ""
        raise TypeError(
            f"preconditioner must be gdfast.GramPreconditioner() or None; it is {described(preconditioner)}{remedy}"
        )


def preconditioner_for(
    preconditioner: GramPreconditioner, objective: Any, w0: Array, batches: Any, sign: float
) -> BoundPreconditioner:
    """The preconditioner for a run on sign * objective from w0; TypeError or ValueError where there is none."""
    if batches is not None:
        raise ValueError(f"a preconditioner needs the whole objective: leave batches out; it is {batches!r}")
    if sign < 0:
        raise ValueError("a preconditioner leads down only: use minimize")
    problem = linear_problem_of(objective)
    if problem is None or offered(objective, HasGram) is None:
        raise TypeError(
            "GramPreconditioner needs an objective with features that correlate, a gdfast.LinearObjective; it is "
            f"{described(objective)}: leave the preconditioner out"
        )
    if w0.shape != problem.rows.shape:
        raise ValueError(f"w0 must have the objective's shape {problem.rows.shape}; its shape is {w0.shape}")
    n, m = problem.rows.n_samples, problem.rows.shape[1]
    some = preconditioner.rows
    if some is None:
        affordable = int(4 * FAIR_PRICE * n * problem.rows.n_classes / m)
        some = max(affordable, ROWS_PER_COLUMN * m)
    indices = None
    if some < n:
        indices = np.sort(np.random.default_rng(preconditioner.seed).choice(n, some, replace=False))
    return BoundPreconditioner(objective, problem, indices, preconditioner.renew)
