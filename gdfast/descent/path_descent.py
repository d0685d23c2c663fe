"""The points of a path of a smooth loss with L2, one after another, by an L-BFGS that keeps what it knows.

- One decomposition of the Gram matrix preconditions every point: ``P = c G + 2 strength I``.
- A point starts where the last three lead: at their parabola in the logarithm of the strength.
- The Hessians at two strengths differ by a multiple of I. So a pair of L-BFGS, a move s and the change y of the
  gradient, holds at the next strength too, with ``y + 2 (next - last) s``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..objective.capabilities import linear_problem_of
from ..objective.linear.problem import LinearProblem
from ..objective.linear.spectrum import GramSpectrum
from ..protocols import Array
from .goal import Goal
from .line_searches.searches import StrongWolfe
from .loop import last_state, quiet, result_of
from .optimizers.float64_dots import dot
from .optimizers.preconditioned_lbfgs import PreconditionedLBFGS
from .preconditioners import FixedPreconditioner
from .preconditioners.gram_preconditioner import planned
from .result import Result, Status
from .run_state import RunState
from .settings import Settings, checked_settings

MEMORY = 10
MOST_COLUMNS = 4000
"""Of the matrix: the eigenvectors of a larger one take longer than the points do."""

REACH = 8.0
"""The sum of the absolute coefficients of an extrapolation: beyond, fewer points lead further. (Even steps: 7.)"""


@dataclass(frozen=True, eq=False)
class SharedGram:
    """The spectrum of the rows, and the mean curvature of the loss where all weights are 0."""

    spectrum: GramSpectrum
    curvature: float

    @staticmethod
    def of(objective: Any, points: int) -> SharedGram | None:
        """For so many points; None where there is no such matrix, or it is too dear."""
        problem = linear_problem_of(objective)
        if problem is None or not _suits(problem):
            return None
        rows, plan = problem.rows, planned(problem, None)
        if plan.is_diagonal:
            return None
        indices, some = None, plan.rows * points
        if some < rows.n_samples:
            indices = np.sort(np.random.default_rng(0).choice(rows.n_samples, some, replace=False))
        spectrum = GramSpectrum.of(problem, indices)
        zeros = np.zeros((rows.n_samples, rows.n_classes))
        curvature = float(rows.normalized_weights @ problem.loss.curvatures(zeros, rows.y).mean(axis=1))
        return None if spectrum is None or not curvature > 0 else SharedGram(spectrum, curvature)


def _suits(problem: LinearProblem) -> bool:
    loss, rows = problem.loss, problem.rows
    is_smooth = not loss.has_kinks and loss.largest_curvature(rows.n_classes) is not None
    return is_smooth and not loss.is_quadratic and 0 < rows.n_features <= MOST_COLUMNS


@dataclass(eq=False)
class PathDescent:
    """The points up to now: their strengths and weights, and the last pairs; whether a point starts where they lead."""

    shared: SharedGram
    extrapolates: bool = True
    strengths: list[float] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    pairs: tuple[Array, Array] | None = None

    def proven(self, objective: Any, strength: float, w: Array, goal: Goal) -> Result:
        """The next point, as near as the goal wants; w is where to start if nothing better is known."""
        with quiet():
            settings, state = last_state(self._settings(objective, strength, w, 0.0, goal))
            self._keep(settings, state, strength)
            return result_of(settings, state)

    def settled(self, objective: Any, strength: float, w: Array, gtol: float, max_steps: int) -> RunState:
        """The next point: no element of its gradient is above gtol."""
        with quiet():
            settings, state = last_state(self._settings(objective, strength, w, gtol, None, max_steps))
            self._keep(settings, state, strength)
        if state.ending is Status.INTERRUPTED:
            raise KeyboardInterrupt
        return state

    def _settings(
        self, objective: Any, strength: float, w: Array, gtol: float, goal: Goal | None, max_steps: int = 1 << 30
    ) -> Settings:
        root = self.shared.spectrum.inverse_root(self.shared.curvature, strength, objective.arithmetic)
        optimizer = PreconditionedLBFGS(MEMORY, FixedPreconditioner(root), self._pairs_at(objective, strength))
        return checked_settings(
            {
                "objective": objective,
                "w0": self._start(strength, w),
                "optimizer": optimizer,
                "step": StrongWolfe(),
                "batches": None,
                "max_steps": max_steps,
                "epochs": None,
                "gtol": gtol,
                "gap_tol": None,
                "evaluate_every": None,
                "metrics": None,
                "callback": None,
                "callback_every": 1,
                "clip": None,
                "keep_weights": False,
                "progress": False,
                "checkpoint": None,
                "goal": goal,
            },
            sign=1.0,
        )

    def _start(self, strength: float, w: Array) -> Array:
        """Where the last three points lead, by Lagrange's polynomial; the last one, where they are too far away."""
        if not (self.extrapolates and self.weights):
            return w
        known = [math.log(each) for each in self.strengths[-3:]]
        for first in range(len(known)):
            shares = extrapolation(known[first:], math.log(strength))
            if sum(map(abs, shares)) <= REACH:
                start = np.zeros(w.shape)
                for share, each in zip(shares, self.weights[first - len(known) :], strict=True):
                    start += share * each
                return start
        return w

    def _pairs_at(self, objective: Any, strength: float) -> tuple[Array, Array] | None:
        """The last pairs, as they are at this strength: those that show curvature there."""
        if self.pairs is None:
            return None
        moves, changes = self.pairs
        problem = objective.linear_problem
        part = changes = changes.copy()
        shrunk = moves
        if problem.has_free_bias:
            part, shrunk = changes[..., :-1], moves[..., :-1]
        part += 2 * (strength - self.strengths[-1]) * shrunk
        kept = [
            i
            for i, (move, change) in enumerate(zip(moves, changes, strict=True))
            if dot(move, change) > 1e-10 * math.sqrt(dot(move, move) * dot(change, change))
        ]
        return (moves[kept], changes[kept]) if kept else None

    def _keep(self, settings: Settings, state: RunState, strength: float) -> None:
        """Keep the point, and its pairs with the newest."""
        here = state.evaluation
        if here.is_finite():
            _, known = settings.bound_optimizer.update(here.gradient, state.optimizer_state, state.w)
            self.pairs = settings.bound_optimizer.pairs(known)
        self.strengths.append(strength)
        self.weights.append(state.w)


def extrapolation(known: list[float], at: float) -> list[float]:
    """What the values at some points count at another one, on the polynomial through them (Lagrange)."""
    return [math.prod((at - b) / (a - b) for b in known if b != a) for a in known]
