"""Proximal gradient, ``w = prox(y - length * smooth gradient at y)``: Beck and Teboulle's FISTA (2009), restarted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..._arrays import check_flag
from ...describe import described
from ...objective.guarded import guarded_regularizer
from ...objective.one_thread import dot
from ...objective.regularizers.regularizers import strengths_of
from ...objective.second_derivatives import suggest_step
from ...protocols import Array


class ProximalGradientState(NamedTuple):
    """The weights one step before, how far the next step extrapolates from them, and the sequence t of that."""

    last: Array
    extrapolation: float
    t: float
    steps: int


@dataclass(frozen=True)
class ProximalGradient:
    """A gradient step on the smooth part of the objective, and a proximal step on its regularizer: exact zeros.

    With f the objective without its regularizer R:

    - ``y = w_k + extrapolation * (w_k - w_(k-1))``, the extrapolation ``(t_(k-1) - 1) / t_k``, ``t_k = (1 + sqrt(1 + 4
      t_(k-1)**2)) / 2`` (0 without momentum)
    - ``w_(k+1) = argmin_v |v - (y - step * grad f(y))|**2 / 2 + step * R(v)``
    - where ``(y - w_(k+1)) . (w_(k+1) - w_k) > 0`` the momentum leads uphill: t starts again at 1

    Parameters
    ----------
    momentum : bool
        Accelerated steps (FISTA); False: plain ones (ISTA).

    Raises
    ------
    TypeError, ValueError
        momentum is no bool. From `minimize`, before any work: the objective's regularizer has no
        ``proximal(w, length)``, there are mini-batches and momentum, a line search, `clip`, or it is `maximize`.

    Notes
    -----
    ``step="auto"`` is one over the curvature of f: `gdfast.suggest_step` of the objective without its regularizer. With
    a larger step a run may diverge. The error of the value falls like 1 / k**2 with momentum, like 1 / k without, and
    linearly on strongly convex objectives. With the hinge, which is not smooth, nothing is promised.

    The bias column moves by its gradient alone, unless the objective penalises it.

    In place of the gradient, `gtol` and ``result.gradient_norm`` are about what vanishes at the optimum: with gdfast's
    regularizers the subgradient of minimum norm (where a weight is 0, what L1 leaves of its gradient), with others
    ``(w - prox(w - step * grad f(w))) / step``.

    A step with momentum costs one gradient at y; the objective is evaluated at w as well, after each step or, where
    `evaluate_every` is given, only as often: give it. Without momentum the two are one. About ten sweeps over w per
    step, one array of its size kept.

    References
    ----------
    A. Beck, M. Teboulle, A fast iterative shrinkage-thresholding algorithm for linear inverse problems, SIAM Journal on
    Imaging Sciences 2, 2009; B. O'Donoghue, E. Candes, Adaptive restart for accelerated gradient schemes, Foundations
    of Computational Mathematics 15, 2015.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 5))
    >>> y = X @ [1.0, 0.0, -2.0, 0.0, 0.0] + 0.1 * rng.normal(size=100)
    >>> lasso = gd.LinearObjective(X, y, gd.SquaredError(), gd.L1(0.5))
    >>> result = gd.minimize(lasso, np.zeros((1, 6)), gd.ProximalGradient(), step="auto", evaluate_every=10)
    >>> result.status.name, (result.w[0, :-1] != 0).tolist()
    ('CONVERGED', [True, False, True, False, False])
    """

    momentum: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "momentum", check_flag(self.momentum, "momentum"))

    @property
    def needs_gradient(self) -> bool:
        """Without momentum."""
        return not self.momentum

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> BoundProximalGradient:
        """With the regularizer of the objective; refused where there is no proximal step, or no minimum to go to."""
        name, regularizer = type(self).__name__, getattr(objective, "regularizer", None)
        if isinstance(regularizer, type) or not callable(getattr(regularizer, "proximal", None)):
            raise TypeError(
                f"{name} needs an objective whose regularizer has proximal(w, length), as gdfast.L1(strength) has; "
                f"its regularizer is {described(regularizer)}"
            )
        if sign < 0:
            raise ValueError(f"{name} goes down only: use minimize")
        if batches is not None and self.momentum:
            raise ValueError(
                f"{name} needs the whole objective with momentum: leave batches out, or take momentum=False; "
                f"batches is {described(batches)}"
            )
        free_bias = bool(getattr(objective, "bias", False)) and not getattr(objective, "penalize_bias", True)
        return BoundProximalGradient(self.momentum, guarded_regularizer(regularizer), free_bias)

    def init(self, w: Array) -> ProximalGradientState:
        """No momentum yet."""
        return ProximalGradientState(w.copy(), 0.0, 1.0, 0)

    def step(
        self, gradient: Array, state: ProximalGradientState, w: Array, length: float
    ) -> tuple[Array, ProximalGradientState]:
        """TypeError: the regularizer must be known."""
        raise TypeError(f"{type(self).__name__} must know the regularizer: bind it to an objective, as minimize does")


@dataclass(frozen=True)
class BoundProximalGradient(ProximalGradient):
    """Proximal steps for one regularizer, which leaves the last column alone where the bias is free."""

    regularizer: Any = None
    free_bias: bool = False

    def evaluation_point(self, w: Array, state: ProximalGradientState) -> Array:
        """y: w and what the last step adds to it."""
        if state.extrapolation == 0.0:
            return w
        return np.asarray(w + state.extrapolation * (w - state.last))

    def step(
        self, gradient: Array, state: ProximalGradientState, w: Array, length: float
    ) -> tuple[Array, ProximalGradientState]:
        """The proximal step from y, where the gradient is the objective's."""
        y = self.evaluation_point(w, state)
        after = self._proximal_step(gradient, y, length)
        steps = state.steps + 1
        if not self.momentum:
            return after, state._replace(last=w, steps=steps)
        if dot(y - after, after - w) > 0:
            return after, ProximalGradientState(w, 0.0, 1.0, steps)
        t = (1 + math.sqrt(1 + 4 * state.t**2)) / 2
        return after, ProximalGradientState(w, (state.t - 1) / t, t, steps)

    def stationarity(self, gradient: Array, w: Array, length: float) -> Array:
        """The subgradient of minimum norm, or the gradient mapping of a step of this length."""
        strengths = strengths_of(self.regularizer)
        if strengths is None:
            return np.asarray((w - self._proximal_step(gradient, w, length)) / length)
        measure = gradient.copy()
        part, at = self._penalized(measure), self._penalized(w) == 0
        part[at] = np.sign(part[at]) * np.maximum(np.abs(part[at]) - strengths.l1, 0)
        return measure

    def suggest_step(self, objective: Any) -> float:
        """`gdfast.suggest_step` of the objective without its regularizer, where it can be had without."""
        own = getattr(objective, "with_terms", None)
        return suggest_step(objective if own is None else own(objective.loss, None))

    def _proximal_step(self, gradient: Array, y: Array, length: float) -> Array:
        smooth = gradient.copy()
        part, penalized = self._penalized(smooth), self._penalized(y)
        part -= self.regularizer.gradient(penalized)
        after = np.asarray(y - length * smooth)
        if not np.isfinite(after).all():
            return after  # the run has diverged, and says so
        part = self._penalized(after)
        part[...] = self.regularizer.proximal(part, length)
        return after

    def _penalized(self, w: Array) -> Array:
        return w[..., :-1] if self.free_bias else w
