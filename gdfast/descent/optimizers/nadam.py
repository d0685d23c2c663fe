"""NAdam: Adam whose mean is Nesterov's, with a momentum that warms up (Dozat 2016)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..._arrays import check_non_negative
from ...protocols import Array
from .moments import check_settings, mixed, mixed_square


class NAdamState(NamedTuple):
    """Running means of the gradient and of its square, the product of all momenta, how many gradients."""

    mean: Array
    square: Array
    momenta: float
    steps: int


@dataclass(frozen=True)
class NAdam:
    """Adam with the gradient one step ahead, as in `Nesterov`, with a momentum that warms up.

    With `mean` and `square` as in `Adam`, t = 1, 2, ... the number of the gradient,
    ``momentum(t) = beta1 * (1 - 0.96**(t * momentum_decay) / 2)`` and ``momenta(t)`` their product from 1 to t:

    - ``part = gradient * (1 - momentum(t)) / (1 - momenta(t)) + mean * momentum(t + 1) / (1 - momenta(t + 1))``
    - ``direction = -part / (sqrt(square / (1 - beta2**t)) + eps)``

    Parameters
    ----------
    beta1, beta2 : float
        In [0, 1): how much of each mean stays per step.
    eps : float
        > 0: keeps a weight that never had a gradient from 0 / 0.
    momentum_decay : float
        >= 0: how fast the momentum goes from ``beta1 / 2`` to ``beta1``; 0 is never.

    Notes
    -----
    ``torch.optim.NAdam`` with its defaults. PyTorch keeps the product of momenta in its default type, float32
    unless set otherwise; here it is a float64. About fifteen sweeps over w per step, two arrays of its size kept.

    References
    ----------
    T. Dozat, Incorporating Nesterov momentum into Adam, ICLR workshop 2016.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.NAdam(), np.zeros(1)
    >>> state = optimizer.init(w)
    >>> for gradient in (2.0, 2.0, -2.0):
    ...     direction, state = optimizer.update(np.array([gradient]), state, w)
    ...     print(direction.round(4), round(state.momenta, 4), state.steps)
    [-1.0565] 0.4501 1
    [-0.7837] 0.2026 2
    [0.5716] 0.0912 3
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    momentum_decay: float = 0.004

    def __post_init__(self) -> None:
        check_settings(self, fractions=("beta1", "beta2"), positive=("eps",))
        object.__setattr__(self, "momentum_decay", check_non_negative(self.momentum_decay, "momentum_decay"))

    def init(self, w: Array) -> NAdamState:
        """Means of zero, an empty product."""
        return NAdamState(np.zeros_like(w), np.zeros_like(w), 1.0, 0)

    def update(self, gradient: Array, state: NAdamState, w: Array) -> tuple[Array, NAdamState]:
        """The gradient and the mean ahead of it over the root of the mean square, downhill, and the new state."""
        steps = state.steps + 1
        momentum, ahead = self._momentum(steps), self._momentum(steps + 1)
        momenta = state.momenta * momentum
        mean = mixed(state.mean, gradient, self.beta1)
        square = mixed_square(state.square, gradient, self.beta2)
        root = np.sqrt(square)
        root /= math.sqrt(1.0 - self.beta2**steps)
        root += self.eps
        direction = mean * (-ahead / (1.0 - momenta * ahead))
        direction -= gradient * ((1.0 - momentum) / (1.0 - momenta))
        direction /= root
        return direction, NAdamState(mean, square, momenta, steps)

    def _momentum(self, t: int) -> float:
        return float(self.beta1 * (1.0 - 0.5 * 0.96 ** (t * self.momentum_decay)))
