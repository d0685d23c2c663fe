"""The protocols of gdfast: objective, ray, optimizer, line search, and every optional capability.

An objective is a value and a gradient. Everything else is optional: an object that has more to offer (a cheap ray,
many steps in one call) implements one of the small protocols below and is asked for it through ONE free function in
`gdfast.objective.capabilities` (rays and planes: `gdfast.objective.rays.generic`), which falls back to a generic
implementation. The caller never asks "is it linear?", and the law that both give the same numbers is a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
State = TypeVar("State")
SeenState = TypeVar("SeenState", contravariant=True)

Schedule = Callable[[int], float]
"""Step number k = 0, 1, ... -> learning rate: a pure function."""


@runtime_checkable
class Objective(Protocol):
    """All that a user must write: a function of an array of any shape, and its gradient."""

    def value(self, w: Array) -> float:
        """L(w)."""
        ...

    def gradient(self, w: Array) -> Array:
        """dL/dw, of w's shape and dtype."""
        ...

    def value_and_gradient(self, w: Array) -> tuple[float, Array]:
        """Both, for the price of the gradient where they share work."""
        ...


class Ray(Protocol):
    """L(w + step * direction) as a function of the step alone; immutable."""

    def value(self, step: float) -> float:
        """The objective at that step."""
        ...

    def slope(self, step: float) -> float:
        """The directional derivative there (the right derivative at a kink)."""
        ...

    def values(self, steps: Array) -> FloatArray:
        """The objective at many steps: (m,) -> (m,)."""
        ...

    def minimum(self) -> float:
        """The step >= 0 at which a convex ray is lowest; of any other a local minimum."""
        ...


class Plane(Protocol):
    """L(w + a * u + b * v) as a function of a and b; immutable."""

    def values(self, a: Array, b: Array) -> FloatArray:
        """The objective on a grid: (len(a), len(b))."""
        ...


class Optimizer(Protocol[State]):
    """Which way to go: a frozen dataclass of settings; the state of a run is passed in and out."""

    def init(self, w: Array) -> State:
        """The state before the first step."""
        ...

    def update(self, gradient: Array, state: State, w: Array) -> tuple[Array, State]:
        """A DIRECTION (the driver then moves w by step * direction) and a fresh state."""
        ...


# What an optimizer may offer beyond init and update; descent/optimizers/capabilities.py has a function to ask for each.


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


@dataclass(frozen=True)
class Found:
    """What a line search found along a ray.

    Attributes
    ----------
    step, value : the step taken and the objective there
    evaluations : at how many points of the ray its value or slope (or both) were computed
    accepted : False when no step lowers the objective
    """

    step: float
    value: float
    evaluations: int
    accepted: bool


@runtime_checkable
class LineSearch(Protocol):
    """How far to go: finds a step along a ray."""

    def search(self, ray: Ray, value: float, slope: float) -> Found:
        """Start from the ray's value and slope at step 0."""
        ...


# ---- capabilities of an objective: each optional, each with its one free function ----


class GradientBound(NamedTuple):
    """Lower bounds of the optimum; 0 where nothing better is known of an objective that is >= 0."""

    estimate: float
    """Rounding left aside: how near a run is, and no proof."""
    proven: float
    """True whatever rounding does."""


@dataclass(frozen=True, eq=False)
class NearestKinks:
    """The kinks within a step h of each weight.

    Attributes
    ----------
    safe_h : float64 (n,)
        The largest step that meets no kink, at most h.
    n_terms : int
        How many terms of the loss have their kink within the step of at least one weight.
    terms : tuple of (sample, class, margin)
        Those with the smallest margins.
    """

    safe_h: FloatArray
    n_terms: int
    terms: tuple[tuple[int, int, float], ...]


class HasTerms(Protocol):
    """A loss and a regularizer on rows, and so others on the same rows: `terms_wanted`."""

    @property
    def loss(self) -> Any:
        """Of the scores."""
        ...

    @property
    def regularizer(self) -> Any:
        """Of the weights, or None."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Of W."""
        ...

    @property
    def bias(self) -> bool:
        """W's last column is a bias."""
        ...

    @property
    def penalize_bias(self) -> bool:
        """The regularizer sees it."""
        ...

    def with_terms(self, loss: Any, regularizer: Any, /) -> Any:
        """The objective of these two on the same rows."""
        ...


class ClosedForms(Protocol):
    """Optima at many strengths of L2 for little more than one: `closed_forms`."""

    def closed_forms(self, strengths: FloatArray, /) -> FloatArray | None:
        """(m,) -> (m, *shape), whatever the regularizer; None where there is no closed form, or it is dear."""
        ...


class HasRows(Protocol):
    """A mean over samples, and so over some of them: `rows_wanted`."""

    @property
    def n_samples(self) -> int:
        """How many."""
        ...

    def rows(self, indices: Array) -> Objective:
        """The mean over these rows."""
        ...


class AlongRay(Protocol):
    """A ray cheaper than the objective: `along_ray`."""

    def along_ray(self, w: Array, v: Array, /) -> Ray:
        """L(w + step * v)."""
        ...


class OnPlane(Protocol):
    """A plane cheaper than the objective: `on_plane`."""

    def on_plane(self, w: Array, u: Array, v: Array, /) -> Plane:
        """L(w + a * u + b * v)."""
        ...


class ManyValues(Protocol):
    """Many values for less than so many calls: `values_at`."""

    def values_at(self, ws: Array, /) -> FloatArray:
        """(m, *shape) -> (m,)."""
        ...


class StructuredNumericalGradient(Protocol):
    """Difference quotients for less than two values a coordinate: `numerical_gradient`."""

    def numerical_gradient(
        self,
        w: Array,
        /,
        h: float | Array | Literal["auto"] = 1e-5,
        scheme: Literal["forward", "centered"] = "centered",
        coordinates: Any = None,
    ) -> FloatArray:
        """Of w's shape, or (m,) for flat coordinates."""
        ...


class KinkCrossings(Protocol):
    """Which difference stencils cross kinks: `kink_crossings`."""

    def kink_crossings(self, w: Array, /, h: float = 1e-5, coordinates: Any = None) -> tuple[Array, FloatArray] | None:
        """(how many, what they add to the centred quotient); None: there are none."""
        ...


class FindsNearestKinks(Protocol):
    """How far a coordinate can move before it meets a kink: `nearest_kinks`."""

    def nearest_kinks(self, w: Array, /, h: float = 1e-5, coordinates: Any = None) -> NearestKinks | None:
        """Up to h; None: there are none."""
        ...


class HessianProduct(Protocol):
    """Second derivatives times a direction: `hessian_product`. Regularizers may have it, too."""

    def hessian_product(self, w: Array, v: Array, /) -> FloatArray:
        """Hessian(w) v."""
        ...


class HessianAt(Protocol):
    """Products with the Hessian at one point, which share their first part: `hessian_at`, `has_cheap_hessian`."""

    @property
    def has_cheap_hessian(self) -> bool:
        """Whether a product costs no more than a gradient."""
        ...

    def hessian_at(self, w: Array, /) -> Callable[[Array], FloatArray]:
        """v -> Hessian(w) v."""
        ...

    def check_curvature(self) -> None:
        """ValueError where there are kinks instead of second derivatives."""
        ...


class Lipschitz(Protocol):
    """The largest curvature anywhere, estimated: `suggest_step`."""

    def lipschitz(self) -> float:
        """>= 0."""
        ...


class HasGram(Protocol):
    """The second moments of the rows of a linear model: `gram_of`."""

    def gram(self, row_weights: Array | None = None, indices: Array | None = None) -> FloatArray:
        """``sum_i u_i z_i z_i'`` of all rows, or of some; (m, m) for m columns of w."""
        ...


class DualityGap(Protocol):
    """A proof of how far from the optimum weights are: `improved_bound`."""

    def duality_gap(self, w: Array, /) -> float:
        """value(w) - optimum is at most this."""
        ...


class ChecksCertificate(Protocol):
    """Whether anything can be proven, known before any work: `check_certifies`."""

    def check_certifies(self) -> None:
        """ValueError where nothing can."""
        ...


class ImprovedBound(Protocol):
    """A proof by all points of a run together: `improved_bound`."""

    def improved_bound(self, w: Array, value: float, known: Any, /) -> tuple[float, Any]:
        """A lower bound of the optimum, and what the next call is to know."""
        ...


class BoundsByGradient(Protocol):
    """A proof from a value and a gradient that are there already: `bound_from_gradient`."""

    def bound_from_gradient(self, w: Array, value: float, gradient: Array, /) -> GradientBound:
        """Lower bounds of the optimum, without a pass over the data."""
        ...


class InFloat64(Protocol):
    """The same objective in other arithmetic: `in_float64`."""

    def in_float64(self) -> Objective:
        """Its values and gradients are float64's."""
        ...


class GradientRounding(Protocol):
    """What rounding does to an element of the gradient: `gradient_rounding`."""

    def gradient_rounding(self, w: Array, /) -> float:
        """In the gradient's units."""
        ...


class Fingerprint(Protocol):
    """What tells an objective from others, for checkpoints: `fingerprint`."""

    def fingerprint(self, w: Array, /) -> dict[str, Any]:
        """JSON-like facts."""
        ...


class StepsKernel(Protocol):
    """Many stochastic steps by one update rule on one objective, in one call.

    Step i takes the rows order[starts[i]] .. order[starts[i + 1] - 1] and the learning rate rates[i]; values[i] is the
    objective on them before the step; done[0] counts the steps taken: fewer than len(rates) when a value is not finite,
    or with KeyboardInterrupt, after which everything stands as the last whole step left it.
    """

    @property
    def extra_state(self) -> tuple[Array, ...]:
        """What it keeps between calls besides w and the rule's states, before the first step; often nothing."""
        ...

    def __call__(
        self,
        w: Array,
        states: tuple[Array, ...],
        order: Array,
        starts: Array,
        rates: Array,
        first_step: int,
        values: Array,
        done: Array,
        /,
    ) -> None:
        """W and the states (the rule's, then the extra ones), values and done are written in place."""
        ...


class CompiledSteps(Protocol):
    """Many stochastic steps in one call: `compiled_steps`."""

    def compiled_steps(self, w: Array, rule: str, settings: tuple[float, ...], /) -> StepsKernel | None:
        """Those of an update rule with these settings; None where there are none for weights like w."""
        ...
