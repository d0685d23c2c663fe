"""Nonlinear conjugate gradients: ``beta * conjugate - gradient``, beta >= 0 (Polak, Ribiere 1969)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from ...protocols import Array
from .float64_dots import dot, first_scale, norm


class NonlinearConjugateGradientState(NamedTuple):
    """Where the last step began, the gradient there, the direction before it was scaled, its scale, how many steps."""

    w: Array
    gradient: Array
    conjugate: Array
    scale: float
    steps: int


@dataclass(frozen=True)
class NonlinearConjugateGradient:
    """Polak-Ribiere+ conjugate gradients, restarted where they lead nowhere.

    With `change` the change of the gradient and `move` that of w since the last step:

    - ``beta = max(0, gradient . change / |last gradient|**2)``
    - ``conjugate = beta * conjugate - gradient``, or ``-gradient`` where that is not downhill
    - ``direction = scale * conjugate``, ``scale = move . move / move . change``

    Notes
    -----
    Made for a line search: `step=StrongWolfe(curvature=0.1)`, `Backtracking()` or `ExactLineSearch()`. On a quadratic
    of n weights with exact steps it arrives after n of them. The scale is a guess that makes 1 a sensible first trial
    (PyTorch and SciPy leave it out); it is kept where the curvature is not positive, and the first direction is the
    negative gradient, no longer than 1. beta = 0 is a restart. For whole batches: the gradients of two mini-batches
    differ by more than their curvature. About fifteen sweeps over w per step, three arrays of its size kept; dot
    products in float64.

    References
    ----------
    E. Polak, G. Ribiere, Note sur la convergence de methodes de directions conjuguees, 1969; J. C. Gilbert,
    J. Nocedal, Global convergence properties of conjugate gradient methods for optimization, SIAM Journal on
    Optimization 2, 1992; the scale: J. Barzilai, J. M. Borwein, IMA Journal of Numerical Analysis 8, 1988.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> scales = np.array([1.0, 10.0, 100.0])
    >>> bowl = gd.FunctionObjective(lambda w: float(scales @ w**2), lambda w: 2 * scales * w)
    >>> rule, step = gd.NonlinearConjugateGradient(), gd.ExactLineSearch()
    >>> result = gd.minimize(bowl, np.ones(3), rule, step, gtol=1e-9)
    >>> result.steps, result.status.name
    (3, 'CONVERGED')
    """

    compares_gradients: ClassVar[bool] = True

    def init(self, w: Array) -> NonlinearConjugateGradientState:
        """No direction yet."""
        return NonlinearConjugateGradientState(w.copy(), np.zeros_like(w), np.zeros_like(w), 1.0, 0)

    def update(
        self, gradient: Array, state: NonlinearConjugateGradientState, w: Array
    ) -> tuple[Array, NonlinearConjugateGradientState]:
        """The scaled conjugate direction, and the new state."""
        conjugate: Array = -gradient
        scale = state.scale
        if state.steps == 0:
            scale = first_scale(norm(gradient))
        else:
            change, move = gradient - state.gradient, w - state.w
            before = dot(state.gradient, state.gradient)
            beta = max(0.0, dot(gradient, change) / before) if before > 0 else 0.0
            if beta > 0:
                candidate = np.asarray(beta * state.conjugate + conjugate)
                conjugate = candidate if dot(candidate, gradient) < 0 else conjugate
            curvature, length = dot(move, change), dot(move, move)
            if curvature > float(np.finfo(w.dtype).eps) * norm(change) * length**0.5:
                scale = length / curvature
        state = NonlinearConjugateGradientState(w.copy(), gradient.copy(), conjugate, scale, state.steps + 1)
        return np.asarray(scale * conjugate), state
