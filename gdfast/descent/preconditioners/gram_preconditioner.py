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
from ...objective.capabilities import row_curvatures, terms_of
from ...objective.linear.inverse_root import InverseRoot
from ...objective.linear.inverse_sketch import InverseSketch
from ...objective.linear.terms import Terms
from ...protocols import Array, FloatArray, RowCurvatures

FAIR_PRICE = 10.0
"""Passes whose multiply-adds the Gram matrix may cost, where nobody says of how many rows it is made."""

ROWS_PER_COLUMN = 3
"""At least so many, where there are as many: a sample of fewer rows than columns knows nothing of most directions."""

DEAR = 1000.0
"""Passes whose multiply-adds a matrix and its factor may cost in all; beyond, a sketch serves."""

MOST_BYTES = 1 << 32
"""Of the matrix, its factor, and the inverse of that."""

RANK = 30
"""Of the sketch beside the diagonal. (20 newsgroups, L-BFGS to 1e-4 of the optimum: 8 steps with 20 to 100, 11 with 10,
and not in 25 with the diagonal alone.)"""

FIRST_RENEWAL = 8
"""Steps until the rows' curvature is computed anew, then after twice as many, and so on. (Sooner slowed CIFAR-10.)"""

CHANGED = 0.3
"""P is made anew once its rows' curvatures have changed by this share of their sum. (Huber's mean curvature hardly
changes, while other rows come within delta: on digits with delta = 0.01 56 steps in place of 260.)"""

LEAST_CURVATURE = 0.3
"""Of the mean: rows that are flat where P is made bend again later, and steps that know nothing of them are too
long. (L-BFGS, squared hinge on digits with standardised features: 128 passes in place of 1475.) Newton's system has
the rows as they are where P is made, and so has its P."""


class PreconditionerState(NamedTuple):
    """What tells P: the weights that it was made at, and how often it was made (0: not yet)."""

    w: Array
    made: int


@dataclass(frozen=True)
class GramPreconditioner:
    """``P = sum_i u_i c_i z_i z_i' + 2 strength I`` for L-BFGS, nonlinear conjugate gradients and Newton's method.

    z_i is row i as the model sees it (mean, scale, bias), u_i its share of the mean, c_i how the loss bends there: the
    mean of its second derivatives by the scores, at the weights that P was made at (but for `Newton`, at least 0.3 of
    what it is over all rows). An unpenalised bias has no strength.

    Parameters
    ----------
    rows : int, optional
        >= 1: how many rows, drawn by `seed`, P is made of; n_samples or more: all of them. None: all where that costs
        no more than ten passes over X, else a sample of that price, or of three rows a column where that is more;
        and a sketch of P where X is so wide that the matrix would not fit (4 GB, some 11,000 columns) or would cost
        more than a thousand passes: its diagonal, and off that its 30 largest eigenvalues, about, by one pass.
    renew : bool
        Make P anew when the rows' curvatures have changed: they are computed after 8, 16, 32, ... steps, and P made at
        the weights there once they differ by 0.3 of their sum from those of the last P.
    seed : int >= 0
        Which rows, and of a sketch's random vectors.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. In `minimize`: the objective has no Gram matrix (it is no
        `LinearObjective` or `ChunkedObjective`), there are mini-batches, or `rows` is given and the matrix needs more
        than 4 GB.

    Notes
    -----
    A step along ``-P^-1 gradient`` goes down a bowl that is nearly round, where the gradient alone goes from side to
    side of a narrow valley: what takes hundreds of steps takes ten. P is factored once; a product with its
    inverse is one pass over a triangle of (m, m), m the columns of W, in the arithmetic's type.

    `Hinge` has no curvature: all c_i are 1. Of `Huber` beyond delta it is that of the parabola which touches it there.

    Made by one pass over its rows and rows * m**2 / 2 multiply-adds, and 2 m**3 / 3 for its factor and the inverse of
    that; 32 m**2 bytes meanwhile, 4 or 8 m**2 from then on. The curvature costs half a pass over its rows.

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
    """P for one objective: a pure function of the weights that it is made at, of which the last one is kept.

    `ridge` (m,) is added to the diagonal; P's products are in `dtype`.
    """

    curvatures: RowCurvatures
    ridge: FloatArray
    dtype: np.dtype[Any]
    renew: bool
    rank: int = 0
    seed: int = 0
    least_curvature: float = LEAST_CURVATURE
    kept: dict[str, Any] = field(default_factory=dict)

    def init(self, w: Array) -> PreconditionerState:
        """P is to be made at the start."""
        return PreconditionerState(w.copy(), 0)

    def times(self, v: Array, state: PreconditionerState) -> FloatArray:
        """``P^-1 v`` for v of w's shape, or for many of them, (r, *shape)."""
        return self._inverse(state).times(v.reshape(-1, v.shape[-1])).reshape(v.shape)

    def renewed(self, w: Array, state: PreconditionerState, steps: int) -> PreconditionerState:
        """The state itself, or another one where P is due to be made anew at w: a rule of the state alone."""
        is_new = state.made == 0
        if not is_new and not (self.renew and steps >= FIRST_RENEWAL and steps & (steps - 1) == 0):
            return state
        if not is_new and self.curvatures.change(state.w, w) <= CHANGED:
            return state
        return PreconditionerState(w.copy(), state.made + 1)

    def check_state(self, state: Any) -> None:
        """ValueError where a state that comes from outside is not finite."""
        if not np.isfinite(state.w).all():
            raise ValueError("the preconditioner's weights must be finite; they are not")

    def _inverse(self, state: PreconditionerState) -> InverseRoot | InverseSketch:
        known: InverseRoot | InverseSketch | None = self.kept.get("inverse")
        if known is not None and np.array_equal(self.kept["w"], state.w):
            return known
        self.kept.pop("inverse", None)  # before another one takes as much memory
        found = self._made(state.w)
        self.kept.update(w=state.w, inverse=found)
        return found

    def _made(self, w: Array) -> InverseRoot | InverseSketch:
        rows, least = self.curvatures, self.least_curvature
        if self.rank:
            return InverseSketch.of(rows.diagonal(w, least), self.ridge, rows.root(self.rank, self.seed, w, least))
        P = rows.gram(w, least)
        P.flat[:: len(P) + 1] += self.ridge
        return InverseRoot.of(P, self.dtype)


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
    terms = terms_of(objective)
    if terms is None:
        raise TypeError(
            "GramPreconditioner needs an objective with features that correlate, a gdfast.LinearObjective or "
            f"ChunkedObjective; it is {described(objective)}: leave the preconditioner out"
        )
    if w0.shape != terms.rows.shape:
        raise ValueError(f"w0 must have the objective's shape {terms.rows.shape}; its shape is {w0.shape}")
    plan = planned(terms, preconditioner.rows)
    curvatures = row_curvatures(objective, plan.rows, preconditioner.seed)
    ridge = np.zeros(terms.rows.shape[1])
    if terms.strengths is not None:
        terms.penalised(ridge[None])[...] = 2 * terms.strengths.l2
    dtype = curvatures.arithmetic
    return BoundPreconditioner(curvatures, ridge, dtype, preconditioner.renew, plan.rank, preconditioner.seed)


class Plan(NamedTuple):
    """Of how many rows P is made; the rank of its sketch beside its diagonal, 0: all of it."""

    rows: int
    rank: int


def planned(terms: Terms, wanted: int | None) -> Plan:
    """By cost where nobody says; ValueError, before any work, where somebody does and the matrix is too large."""
    rows, m = terms.rows, terms.rows.shape[1]
    n, k = rows.n_samples, rows.n_classes
    needed = 32 * m * m
    if wanted is not None:
        if needed > MOST_BYTES:
            raise ValueError(
                f"rows asks for a matrix of {m:,} x {m:,}, which with its factor needs {needed / 1e9:.1f} GB and may "
                f"use {MOST_BYTES / 1e9:.1f}: leave rows out, and P is a sketch; or take fewer features"
            )
        return Plan(min(wanted, n), 0)
    width = rows.entries_per_row + rows.bias
    a_pass, a_row = 2 * n * k * width, max(1.0, 0.5 * width * width)
    some = min(n, max(int(FAIR_PRICE * a_pass / a_row), ROWS_PER_COLUMN * m))
    if needed > MOST_BYTES or some * a_row + 2 / 3 * float(m) ** 3 > DEAR * max(a_pass, 1e7):
        return Plan(n, max(1, min(RANK, m, MOST_BYTES // (32 * m))))
    return Plan(some, 0)
