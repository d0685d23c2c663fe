"""What an objective may offer beyond value and gradient: small protocols, each optional, each with its free function.

The functions stand in `gdfast.objective.capabilities` (of curvature in `gdfast.objective.second_derivatives`, of rays
and planes in `gdfast.objective.rays.generic`) and fall back to a generic implementation. The caller never asks "is it
linear?", and the law that both give the same numbers is a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from .arrays import Array, FloatArray
from .objective import Objective, Plane, Ray


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


class RowCurvatures(Protocol):
    """How the loss bends at some rows: the mean of its second derivatives by the scores of each."""

    @property
    def arithmetic(self) -> Any:
        """The type that products with what is made of them are computed in."""
        ...

    def mean(self, w: Array, /) -> float:
        """``sum_i u_i c_i`` at w."""
        ...

    def change(self, before: Array, now: Array, /) -> float:
        """``sum_i |c_i now - c_i before|``, as a share of the sum before."""
        ...

    def gram(self, w: Array | None, least: float = 0.0, /) -> FloatArray:
        """``sum_i u_i max(c_i, least * mean c) z_i z_i'``; of None without the c_i."""
        ...

    def diagonal(self, w: Array, least: float = 0.0, /) -> FloatArray:
        """Of that."""
        ...

    def root(self, rank: int, seed: int, w: Array, least: float = 0.0, /) -> FloatArray:
        """B (m, rank) with ``B B'`` near it: a randomised sketch."""
        ...


class HasRowCurvatures(Protocol):
    """A loss on the scores of rows, whose second moments can be weighted: `row_curvatures`."""

    def row_curvatures(self, rows: int, seed: int = 0) -> RowCurvatures:
        """Of so many rows, or of all there are."""
        ...


class Separates(Protocol):
    """Whether weights classify every row: `separates`."""

    def separates(self, w: Array, /) -> bool:
        """By more than rounding."""
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

    def improved_bound(self, w: Array, value: float, known: Any, gradient: Array | None = None, /) -> tuple[float, Any]:
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
