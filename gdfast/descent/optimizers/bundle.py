"""Bundle method with a line search, for the hinge with L2 on rows that are read chunk by chunk.

Each point gives a cut, ``mean hinge(W) >= <G, W> + b``, from its value and gradient alone. The next direction leads to
the minimum of the cuts' maximum and the regularizer, a quadratic programme over the cuts' shares whose value is a lower
bound of the optimum: any mixture of cuts is a dual point. S. V. N. Vishwanathan et al., Bundle methods for regularized
risk minimization, JMLR 11, 2010; V. Franc, S. Sonnenburg, Optimized cutting plane algorithm, JMLR 10, 2009.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...describe import described
from ...objective.capabilities import in_float64, terms_of
from ...objective.linear.dual_bundle import simplex_maximum
from ...objective.linear.gradient_bound import SHARE, bound_of_sums, gradient_sums
from ...objective.linear.terms import Terms
from ...objective.losses.base import UNIT, GradientSums, rounding
from ...objective.rays.generic import along_ray
from ...protocols import Array, FloatArray

MOST_CUTS, FEWEST_CUTS = 300, 20
CUT_BYTES = 1 << 28  # of all cuts
ROUNDS = 1000  # of the quadratic programme: points that join
CHECKED = (0.1, 1e-3)  # of the pull on a free bias: mixtures whose derivative by it is smaller
SPAN = 2.0 ** np.arange(-8.0, 3.0)  # steps that are tried first
FINER, REFINED = 12, 2  # steps between the neighbours of the best, and how often


class BundleState(NamedTuple):
    """The cuts, and what their mixtures prove.

    `gradients` (c, k * m) and `offsets` (c,) are G and b of each, `products` (c, c) those of their penalised parts;
    `doubt` (k, m) and `offset_doubt` bound the rounding of every one; `shares` (c,) are those of the last programme.
    """

    gradients: FloatArray
    offsets: FloatArray
    products: FloatArray
    doubt: FloatArray
    shares: FloatArray
    offset_doubt: float
    pull: float
    bound: float
    steps: int


@dataclass(frozen=True)
class Bundle:
    """Steps towards the minimum of all cuts at once, as long as the objective falls along them.

    A free bias is drawn to where it is, by `pull` times the square of its change.
    """

    sets_own_step: ClassVar[bool] = True
    needs_gradient: ClassVar[bool] = False

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> Bundle:
        """In float64 arithmetic, whose bounds are proofs; TypeError or ValueError for a run that it cannot do."""
        terms = terms_of(objective)
        if terms is None or not terms.loss.has_box_dual or terms.strengths is None:
            raise TypeError(f"Bundle needs a hinge on the scores of rows; the objective is {described(objective)}")
        if terms.strengths.l1 > 0 or terms.strengths.l2 == 0 or sign < 0 or batches is not None:
            raise ValueError("Bundle needs the whole objective, L2 with a strength > 0, and goes down only")
        return _OfObjective(in_float64(objective))

    def init(self, w: Array) -> BundleState:
        """No cuts yet."""
        none = np.zeros(0)
        return BundleState(np.zeros((0, w.size)), none, np.zeros((0, 0)), np.zeros(w.shape), none, 0.0, 0.0, 0.0, 0)

    def update(self, gradient: Array, state: BundleState, w: Array) -> tuple[Array, BundleState]:
        """TypeError: a gradient is not enough, see `direction`."""
        raise TypeError(f"{type(self).__name__} needs the objective, not a gradient: call direction")


@dataclass(frozen=True)
class _OfObjective(Bundle):
    """For one objective, in float64."""

    objective: Any = None

    @property
    def terms(self) -> Terms:
        """Of the objective."""
        terms: Terms = self.objective.terms
        return terms

    def in_float64(self) -> _OfObjective:
        """Itself."""
        return self

    def state_in_float64(self, objective: Any, w: Array, state: BundleState) -> BundleState:
        """The same."""
        return state

    def lower_bound(self, objective: Any, state: BundleState) -> float:
        """What the best mixture up to now has proven."""
        return state.bound

    def check_state(self, objective: Any, w: Array, state: Any) -> None:
        """ValueError unless it is finite, and of cuts that fit together."""
        if not isinstance(state, BundleState):
            raise ValueError(f"the state must be a BundleState; it is {described(state)}")
        c = len(state.offsets) if isinstance(state.offsets, np.ndarray) and state.offsets.ndim else 0
        shapes = {"gradients": (c, w.size), "offsets": (c,), "products": (c, c), "doubt": w.shape, "shares": (c,)}
        for name, shape in shapes.items():
            array = getattr(state, name)
            if not isinstance(array, np.ndarray) or (array.dtype, array.shape) != (np.dtype(np.float64), shape):
                raise ValueError(f"{name} must be float64 of shape {shape}; it is {described(array)}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite")

    def direction(self, objective: Any, k: int, w: Array, state: BundleState) -> tuple[Array, BundleState]:
        """What step k adds to w, and the state with the cut at w."""
        W = np.array(w, dtype=np.float64)
        state = self._with_cut(W, state)
        shares = self._shares(W, state)
        state = state._replace(shares=shares, bound=max(state.bound, self._proven(state, shares)), steps=k + 1)
        terms, strengths = self.terms, self.terms.strengths
        assert strengths is not None
        mixed = np.einsum("i,ij->j", shares, state.gradients).reshape(W.shape)
        there = -mixed / (2 * strengths.l2)
        if terms.has_free_bias:
            there[:, -1] = W[:, -1] - mixed[:, -1] / (2 * state.pull)
        V = there - W
        if not V.any():
            return np.zeros_like(w), state
        return np.asarray(_lowest(along_ray(self.objective, W, V)) * V, dtype=w.dtype), state

    def _with_cut(self, W: FloatArray, state: BundleState) -> BundleState:
        terms, strengths = self.terms, self.terms.strengths
        assert strengths is not None
        if state.pull == 0:
            squares = 1.0
            if terms.has_free_bias:
                squares = float(self.objective.gram_diagonal()[:-1].sum()) or 1.0
            state = state._replace(pull=strengths.l2 / squares)
        value, gradient = self.objective.value_and_gradient(W)
        sums = gradient_sums(terms, W, value, gradient, strengths)
        G = sums.G.ravel()
        state = _without(state, max(FEWEST_CUTS, min(MOST_CUTS, CUT_BYTES // (8 * W.size))))
        gradients = np.vstack([state.gradients, G])
        own = np.zeros(W.shape)
        terms.penalised(own)[...] = terms.penalised(sums.G)
        row = np.einsum("ij,j->i", gradients, own.ravel())
        products = np.zeros((len(gradients), len(gradients)))
        products[:-1, :-1], products[-1], products[:, -1] = state.products, row, row
        return state._replace(
            gradients=gradients,
            offsets=np.append(state.offsets, sums.data - sums.product),
            products=products,
            doubt=np.maximum(state.doubt, sums.doubt),
            shares=np.append(state.shares, 0.0),
            offset_doubt=max(state.offset_doubt, sums.data_doubt + sums.product_doubt),
        )

    def _programme(self, state: BundleState, pull: float, centre: FloatArray | None) -> FloatArray:
        """The shares of cuts with the highest minimum; what is left of 1 goes to the cut 0."""
        terms, strengths = self.terms, self.terms.strengths
        assert strengths is not None
        c = len(state.offsets)
        quadratic, linear, start = np.zeros((c + 1, c + 1)), np.zeros(c + 1), np.zeros(c + 1)
        quadratic[:c, :c] = state.products / (2 * strengths.l2)
        linear[:c] = state.offsets
        if terms.has_free_bias:
            slopes = state.gradients.reshape(c, *terms.rows.shape)[:, :, -1]
            quadratic[:c, :c] += np.einsum("ij,lj->il", slopes, slopes) / (2 * pull)
            if centre is not None:
                linear[:c] += np.einsum("ij,j->i", slopes, centre)
        start[:c] = state.shares
        start[c] = max(0.0, 1 - float(start.sum()))
        return simplex_maximum(linear, quadratic, start, ROUNDS)[:c]

    def _shares(self, W: FloatArray, state: BundleState) -> FloatArray:
        return self._programme(state, state.pull, W[:, -1])

    def _proven(self, state: BundleState, shares: FloatArray) -> float:
        """By these shares, and where the bias is free by some under which its derivative is nearer to 0."""
        mixtures = [shares]
        if self.terms.has_free_bias:
            mixtures += [self._programme(state, share * state.pull, None) for share in CHECKED]
        return max(self._bound(state, each) for each in mixtures)

    def _bound(self, state: BundleState, shares: FloatArray) -> float:
        terms, strengths = self.terms, self.terms.strengths
        assert strengths is not None
        rows, unit = terms.rows, 4 * (len(shares) + 64) * UNIT
        G = np.einsum("i,ij->j", shares, state.gradients).reshape(rows.shape)
        sizes = np.einsum("i,ij->j", shares, np.abs(state.gradients)).reshape(rows.shape)
        offset, size = float(shares @ state.offsets), float(shares @ np.abs(state.offsets))
        share = SHARE * rounding(rows.n_samples, rows.n_classes)
        sums = GradientSums(
            offset, state.offset_doubt + unit * size, 0.0, 0.0, G, state.doubt + unit * sizes, rows.whole,
            terms.free_bias, share,
        )  # fmt: skip
        return bound_of_sums(terms, sums, strengths)


def _without(state: BundleState, most: int) -> BundleState:
    """Room for another cut: those of the smallest shares, the oldest first, leave; their mixture stays."""
    c = len(state.offsets)
    if c < most:
        return state
    leaving = np.argsort(state.shares, kind="stable")[: c - most + 2]
    weight = float(state.shares[leaving].sum())
    kept = np.setdiff1d(np.arange(c), leaving)
    mix = np.zeros((len(kept) + 1, c))
    mix[np.arange(len(kept)), kept] = 1.0
    mix[-1, leaving] = state.shares[leaving] / weight if weight > 0 else 1 / len(leaving)
    return state._replace(
        gradients=np.einsum("ij,jl->il", mix, state.gradients),
        offsets=mix @ state.offsets,
        products=mix @ state.products @ mix.T,
        shares=np.append(state.shares[kept], weight),
    )


def _lowest(ray: Any) -> float:
    """About where a convex ray is lowest, > 0: by its values at many steps at once, which is one call of all chunks."""
    steps, low = SPAN, 0.0
    for _ in range(REFINED + 1):
        values = ray.values(steps)
        best = int(np.argmin(values))
        if not np.isfinite(values[best]):
            return float(steps[0])
        low, high = steps[best - 1] if best > 0 else low, steps[min(best + 1, len(steps) - 1)]
        steps, found = np.linspace(low, high, FINER + 2)[1:-1], float(steps[best])
    return found
