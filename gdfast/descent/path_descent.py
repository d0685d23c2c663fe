"""The points of a path of a smooth loss with L2, one after another, by an L-BFGS that keeps what it knows.

- One decomposition of the Gram matrix preconditions every point: ``P = c G + 2 strength I``.
- A point starts where the last three lead. With f the data's term, ``P w = c G w - gradient f(w)`` at an optimum; the
  right side hardly moves where the loss is nearly quadratic. So it is extrapolated, by a parabola in the logarithm of
  the strength, as w is; then ``w + P^-1 (right side - P w)`` is where the point starts.
- The Hessians at two strengths differ by a multiple of I. So a pair of L-BFGS, a move s and the change y of the
  gradient, holds at the next strength too, with ``y + 2 (next - last) s``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ..objective.capabilities import linear_problem_of, row_curvatures, terms_of
from ..objective.guarded import guarded
from ..objective.linear.class_grams import ClassGrams, ClassInverses
from ..objective.linear.inverse_root import InverseRoot
from ..objective.linear.spectrum import GramSpectrum
from ..objective.linear.terms import Terms
from ..protocols import Array, FloatArray
from .goal import Goal
from .line_searches.searches import StrongWolfe
from .loop import last_state, quiet, result_of
from .optimizers.capabilities import direction_of
from .optimizers.preconditioned_lbfgs import PreconditionedLBFGS
from .preconditioners import FixedPreconditioner
from .preconditioners.gram_preconditioner import LEAST_CURVATURE, planned
from .result import Result, Status
from .run_state import RunState
from .settings import Settings, checked_settings, wider

MEMORY = 10
MOST_COLUMNS = 4000
"""Of the matrix: the eigenvectors of a larger one take longer than the points do."""

SAVED = 20
"""Multiply-adds of a point that it saves for each row and class and column: as many as ten passes make."""

CLASSES_PAY = 10
"""Columns for each point up to which every class gets a matrix of its own: those of m columns cost as much as m / 4
passes, and save some six at a point near to where they were made (digits: 4 passes to ten more digits, not 11)."""

REACH = 8.0
"""The sum of the absolute coefficients of an extrapolation: beyond, fewer points lead further. (Even steps: 7.)"""


BENDS = 1e-10
"""Of |s| |y|: pairs whose s . y is less tell nothing but rounding."""


@dataclass(frozen=True, eq=False)
class SharedGram:
    """The spectrum of so many rows, and the mean curvature of the loss where all weights are 0."""

    spectrum: GramSpectrum
    curvature: float
    root: InverseRoot
    rows: int

    def times(self, w: Array) -> FloatArray:
        """``c G w``, for each class."""
        return self.root.times(w)

    @staticmethod
    def of(objective: Any, points: int) -> SharedGram | None:
        """For so many points; None where there is no such matrix, or it is too dear (10 m**3 to decompose)."""
        terms = terms_of(objective)
        if terms is None or not _suits(terms):
            return None
        rows, plan = terms.rows, planned(terms, None)
        m = rows.shape[1]
        if plan.rank or rows.n_samples < m or 10 * m * m > SAVED * points * rows.n_samples * rows.n_classes:
            return None
        some = min(rows.n_samples, plan.rows * points)
        curvatures = row_curvatures(objective, some)
        curvature = curvatures.mean(np.zeros(rows.shape))
        if not curvature > 0:
            return None
        return SharedGram._made(curvatures.gram(None), terms, curvature, some)

    def inverse_root(self, strength: float, dtype: Any) -> InverseRoot:
        """Of ``P = c G + 2 strength I``."""
        return self.spectrum.inverse_root(self.curvature, strength, dtype)

    def near(self, objective: Any, w: Array, points: int) -> Shared:
        """For so many points near w, with rows weighted by their curvature there: for each class, if that pays."""
        terms, problem = terms_of(objective), linear_problem_of(objective)
        assert terms is not None
        if problem is not None and problem.rows.shape[1] <= CLASSES_PAY * points:
            return ClassGrams.of(problem, w)
        G = row_curvatures(objective, self.rows).gram(w, LEAST_CURVATURE)
        return SharedGram._made(G, terms, 1.0, self.rows) or self

    @staticmethod
    def _made(G: FloatArray, terms: Terms, curvature: float, rows: int) -> SharedGram | None:
        spectrum = GramSpectrum.of_matrix(G, terms.has_free_bias)
        return None if spectrum is None else SharedGram(spectrum, curvature, spectrum.root(curvature), rows)


Shared = SharedGram | ClassGrams
"""What points share: one matrix for all classes, or one for each."""


def _suits(terms: Terms) -> bool:
    loss, rows = terms.loss, terms.rows
    is_smooth = not loss.has_kinks and loss.largest_curvature(rows.n_classes) is not None
    return is_smooth and not loss.is_quadratic and 0 < rows.n_features <= MOST_COLUMNS


class Known(NamedTuple):
    """A point of the path: its strength and weights, and the right side ``c G w - gradient f(w)`` there."""

    strength: float
    w: Array
    right: FloatArray


@dataclass(eq=False)
class PathDescent:
    """The last three points, and the last pairs with their strength; whether a point starts where they lead."""

    shared: Shared
    extrapolates: bool = True
    known: list[Known] = field(default_factory=list)
    pairs: tuple[float, Array, Array] | None = None
    settings: Settings | None = None
    """Of the first point's run, which later ones share but for what is their own: to check them all takes as long as
    a pass over small data."""

    def proven(self, objective: Any, strength: float, w: Array, goal: Goal) -> Result:
        """The next point, as near as the goal wants; w is where to start if nothing better is known."""
        with quiet():
            settings, state = last_state(self._settings(objective, strength, w, 0.0, goal))
            self._keep(objective, settings, state, strength)
            return result_of(settings, state)

    def settled(self, objective: Any, strength: float, w: Array, gtol: float, max_steps: int) -> RunState:
        """The next point: no element of its gradient is above gtol."""
        with quiet():
            settings, state = last_state(self._settings(objective, strength, w, gtol, None, max_steps))
            self._keep(objective, settings, state, strength)
        if state.ending is Status.INTERRUPTED:
            raise KeyboardInterrupt
        return state

    def _settings(
        self, objective: Any, strength: float, w: Array, gtol: float, goal: Goal | None, max_steps: int = 1 << 30
    ) -> Settings:
        root = self.shared.inverse_root(strength, objective.arithmetic)
        optimizer = PreconditionedLBFGS(MEMORY, FixedPreconditioner(root), lambda: self._pairs_at(objective, strength))
        start = self._start(objective, strength, w, root)
        if self.settings is None:
            self.settings = _settings_of(objective, start, optimizer)
        return replace(
            self.settings,
            objective=objective,
            minimised=guarded(objective, "objective"),
            wide_objective=None if goal is None else wider(objective),
            keeps_scores=False,  # nearly every first trial is taken, and a pass is sooner made than its halves
            w0=start,
            optimizer=optimizer,
            bound_optimizer=optimizer,
            direction=direction_of(optimizer),
            max_steps=max_steps,
            gtol=gtol,
            goal=goal,
        )

    def _start(self, objective: Any, strength: float, w: Array, root: InverseRoot | ClassInverses) -> Array:
        """Where the last points lead: as many as don't lead too far."""
        if not (self.extrapolates and self.known):
            return w
        at = [math.log(point.strength) for point in self.known]
        first = 0
        while sum(map(abs, shares := extrapolation(at[first:], math.log(strength)))) > REACH:
            first += 1
        start, left = np.zeros(w.shape), np.zeros(w.shape)
        for share, point in zip(shares, self.known[first:], strict=True):
            start += share * point.w
            left += share * point.right
        left -= self.shared.times(start)
        part = objective.terms.penalised(left)
        part -= 2 * strength * objective.terms.penalised(start)
        start += root.times(left)
        return start if np.isfinite(start).all() else w

    def _pairs_at(self, objective: Any, strength: float) -> tuple[Array, Array] | None:
        """The last pairs, as they are at this strength: those that show curvature there."""
        if self.pairs is None:
            return None
        before, moves, changes = self.pairs
        terms = objective.terms
        part = changes = changes.copy()
        shrunk = moves
        if terms.has_free_bias:
            part, shrunk = changes[..., :-1], moves[..., :-1]
        part += 2 * (strength - before) * shrunk
        products, sizes, others = (
            np.einsum("ikj,ikj->i", a, b, dtype=np.float64)
            for a, b in ((moves, changes), (moves, moves), (changes, changes))
        )
        kept = np.flatnonzero(products > BENDS * np.sqrt(sizes * others))
        return (moves[kept], changes[kept]) if kept.size else None

    def _keep(self, objective: Any, settings: Settings, state: RunState, strength: float) -> None:
        """Keep the point, and its pairs with the newest."""
        here, w = state.evaluation, state.w
        if not here.is_finite():
            return
        if state.k > 0:  # else they are those from before
            self.pairs = (strength, *settings.bound_optimizer.pairs(state.optimizer_state, w, here.gradient))
        right = self.shared.times(w) - here.gradient
        part = objective.terms.penalised(right)
        part += 2 * strength * objective.terms.penalised(w)
        self.known = [*self.known[-2:], Known(strength, w, right)]


def _settings_of(objective: Any, w: Array, optimizer: PreconditionedLBFGS) -> Settings:
    """Those of a run of `minimize` without extras."""
    extras: dict[str, Any] = dict.fromkeys(
        ("batches", "epochs", "gap_tol", "evaluate_every", "metrics", "callback", "clip", "checkpoint")
    )
    given = {"objective": objective, "w0": w, "optimizer": optimizer, "step": StrongWolfe(), "max_steps": 0}
    return checked_settings(
        extras | given | {"gtol": 0.0, "callback_every": 1, "keep_weights": False, "progress": False}, sign=1.0
    )


def extrapolation(known: list[float], at: float) -> list[float]:
    """What the values at some points count at another one, on the polynomial through them (Lagrange)."""
    return [math.prod((at - b) / (a - b) for b in known if b != a) for a in known]
