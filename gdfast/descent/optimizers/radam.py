"""RAdam: Adam whose division by the root mean square waits, then grows (Liu and others 2020)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...protocols import Array
from .adam import AdamState
from .moments import check_settings, mixed, mixed_square


@dataclass(frozen=True)
class RAdam:
    """Adam that divides by the mean square only once enough gradients are in it, and then cautiously.

    With `mean` and `square` as in `Adam` and t = 1, 2, ... the number of the gradient, the mean square is worth
    ``rho = rho_limit - 2 * t * beta2**t / (1 - beta2**t)`` gradients, ``rho_limit = 2 / (1 - beta2) - 1``.

    - ``rho <= 5``: ``direction = -mean / (1 - beta1**t)``
    - otherwise: ``direction = -caution * (mean / (1 - beta1**t)) * sqrt(1 - beta2**t) / (sqrt(square) + eps)``,
      ``caution**2 = (rho - 4) (rho - 2) rho_limit / ((rho_limit - 4) (rho_limit - 2) rho)``

    Parameters
    ----------
    beta1, beta2 : float
        In [0, 1): how much of each mean stays per step. With beta2 <= 2 / 3 rho never exceeds 5.
    eps : float
        > 0: keeps a weight that never had a gradient from 0 / 0.

    Notes
    -----
    A warm-up without a schedule: with the default beta2 the first five directions are means of the gradient,
    and the following ones grow from small to Adam's. ``torch.optim.RAdam`` with its defaults. The state is
    `Adam`'s. About twelve sweeps over w per step, two arrays of its size kept.

    References
    ----------
    L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han, On the variance of the adaptive learning rate and
    beyond, ICLR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.RAdam(), np.zeros(1)
    >>> state = optimizer.init(w)
    >>> for _ in range(7):
    ...     direction, state = optimizer.update(np.array([2.0]), state, w)
    ...     print(direction.round(4), end=" ")
    [-2.] [-2.] [-2.] [-2.] [-2.] [-0.0258] [-0.0327]
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        check_settings(self, fractions=("beta1", "beta2"), positive=("eps",))

    def init(self, w: Array) -> AdamState:
        """Means of zero."""
        return AdamState(np.zeros_like(w), np.zeros_like(w), 0)

    def update(self, gradient: Array, state: AdamState, w: Array) -> tuple[Array, AdamState]:
        """The corrected mean, over the root of the mean square once that is known, downhill, and both means."""
        steps = state.steps + 1
        mean = mixed(state.mean, gradient, self.beta1)
        square = mixed_square(state.square, gradient, self.beta2)
        scale = 1.0 / (self.beta1**steps - 1.0)
        caution = self._caution(steps)
        if caution == 0.0:
            return scale * mean, AdamState(mean, square, steps)
        root = np.sqrt(square)
        root += self.eps
        direction = mean / root
        direction *= scale * caution * math.sqrt(1.0 - self.beta2**steps)
        return direction, AdamState(mean, square, steps)

    def _caution(self, t: int) -> float:
        """In (0, 1), or 0 where the mean square is not known yet."""
        limit = 2.0 / (1.0 - self.beta2) - 1.0
        rho = limit - 2.0 * t * self.beta2**t / (1.0 - self.beta2**t)
        if rho <= 5.0:
            return 0.0
        return math.sqrt((rho - 4.0) * (rho - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * rho))
