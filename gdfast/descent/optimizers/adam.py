"""Adam: ``-mean(gradient) / (sqrt(mean(gradient**2)) + eps)``, running means, corrected (Kingma, Ba 2015)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...protocols import Array
from .moments import check_settings, mixed, mixed_square


class AdamState(NamedTuple):
    """Running means of the gradient and of its square, and how many gradients are in them."""

    mean: Array
    square: Array
    steps: int


@dataclass(frozen=True)
class Adam:
    """Momentum with a step per weight: a running mean of gradients over the root of that of their squares.

    With t = 1, 2, ... the number of the gradient:

    - ``mean = beta1 * mean + (1 - beta1) * gradient``
    - ``square = beta2 * square + (1 - beta2) * gradient**2``
    - ``direction = -(mean / (1 - beta1**t)) / (sqrt(square / (1 - beta2**t)) + eps)``

    Parameters
    ----------
    beta1, beta2 : float
        In [0, 1): how much of each mean stays per step.
    eps : float
        > 0: keeps a weight that never had a gradient from 0 / 0.

    Notes
    -----
    Both means start at zero; the divisions by ``1 - beta**t`` correct for that, so the first direction is the
    sign of the gradient. ``torch.optim.Adam`` with its defaults. About twelve sweeps over w per step, two
    arrays of its size kept.

    References
    ----------
    D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.Adam(), np.zeros(2)
    >>> state = optimizer.init(w)
    >>> for gradient in ([2.0, -0.001], [2.0, 0.001]):
    ...     direction, state = optimizer.update(np.array(gradient), state, w)
    ...     print(direction.round(3), state.steps)
    [-1.  1.] 1
    [-1.    -0.053] 2
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
        """The corrected mean over the root of the corrected mean square, downhill, and both means."""
        steps = state.steps + 1
        mean = mixed(state.mean, gradient, self.beta1)
        square = mixed_square(state.square, gradient, self.beta2)
        root = np.sqrt(square)
        root /= math.sqrt(1.0 - self.beta2**steps)
        root += self.eps
        direction = mean / root
        direction /= self.beta1**steps - 1.0
        return direction, AdamState(mean, square, steps)
