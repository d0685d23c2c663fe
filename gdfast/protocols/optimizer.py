"""An optimizer: which way to go; and what it may offer beyond that, each optional.

`gdfast.descent.optimizers.capabilities` has a function to ask for each.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from .arrays import Array
from .objective import Objective

State = TypeVar("State")
SeenState = TypeVar("SeenState", contravariant=True)


class Optimizer(Protocol[State]):
    """Which way to go: a frozen dataclass of settings; the state of a run is passed in and out."""

    def init(self, w: Array) -> State:
        """The state before the first step."""
        ...

    def update(self, gradient: Array, state: State, w: Array) -> tuple[Array, State]:
        """A DIRECTION (the driver then moves w by step * direction) and a fresh state."""
        ...


class StepOptimizer(Protocol[State]):
    """Owns the step: proximal, projected and schedule-free methods, which no direction describes."""

    def init(self, w: Array) -> State:
        """The state before the first step."""
        ...

    def step(self, gradient: Array, state: State, w: Array, length: float) -> tuple[Array, State]:
        """The NEXT w, of w's shape and dtype, and a fresh state; `length` is the learning rate of this step."""
        ...


class EvaluationPoint(Protocol[SeenState]):
    """Its `step` wants the gradient elsewhere than at w."""

    def evaluation_point(self, w: Array, state: SeenState) -> Array:
        """Where; w itself (the very array) where it is there."""
        ...


class DirectionFromObjective(Protocol[State]):
    """Needs more than the gradient: asks the objective itself."""

    def direction(self, objective: Objective, k: int, w: Array, state: State) -> tuple[Array, State]:
        """The direction of step k and a fresh state."""
        ...


class BatchDirection(Protocol[State]):
    """Corrects the gradient of a mini-batch by more of the objective."""

    def batch_direction(
        self, objective: Objective, batch: Objective, k: int, w: Array, gradient: Array, state: State
    ) -> tuple[Array, State]:
        """The direction of step k, whose mini-batch has this gradient at w, and a fresh state."""
        ...


class BoundOptimizer(Protocol):
    """Depends on the run, or does not fit every run."""

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> Any:
        """The optimizer for a run on sign * objective, or TypeError or ValueError before any work."""
        ...


class Answer(Protocol[SeenState]):
    """Hands back other weights than those it stands at: a running mean."""

    def answer(self, w: Array, state: SeenState) -> Array:
        """What ``Result.w`` would be now; w itself (the very array) where it is that."""
        ...


class LowerBound(Protocol[SeenState]):
    """Proves a bound on the optimum."""

    def lower_bound(self, objective: Any, state: SeenState) -> float:
        """What the objective is nowhere below."""
        ...


class Stationarity(Protocol):
    """Converges where the gradient does not vanish: at kinks, or at the border of what is allowed."""

    def stationarity(self, gradient: Array, w: Array, length: float) -> Array:
        """What takes the gradient's place in gtol and in ``Result.gradient_norm``: 0 exactly at optima."""
        ...


class ChecksState(Protocol[SeenState]):
    """Knows its state by more than `init` shows."""

    def check_state(self, objective: Any, w: Array, state: SeenState) -> None:
        """ValueError where a state that comes from outside is none of its own at weights like w."""
        ...


class KeepsStateInFloat64(Protocol[State]):
    """Its state is worth keeping where a run goes on in float64 arithmetic: without this it starts anew there."""

    def state_in_float64(self, objective: Any, w: Array, state: State) -> State:
        """The state for the objective in float64, from that of the same run in narrower arithmetic."""
        ...


class OwnSuggestedStep(Protocol):
    """Has its own meaning of step="auto"."""

    def suggest_step(self, objective: Any) -> float:
        """A step > 0."""
        ...


class StepFlags(Protocol):
    """What a loop may leave out; all attributes are optional."""

    needs_gradient: bool
    """False: its steps need no gradient at w, so that `evaluate_every` says how often it is computed."""
    sets_own_step: bool
    """True: its directions are full steps, and `step` must be left out."""
    compares_gradients: bool
    """True: it learns curvature from how gradients differ, so that `clip` is refused."""


class CountsEvaluations(Protocol):
    """A state that says how often the optimizer itself has computed the objective since the start."""

    evaluations: int
