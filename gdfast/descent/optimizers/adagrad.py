"""AdaGrad: ``-gradient / (sqrt(sum of gradient**2) + eps)`` (Duchi, Hazan, Singer 2011)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...protocols import Array
from .moments import check_settings


class AdaGradState(NamedTuple):
    """The sum of all squared gradients."""

    square: Array


@dataclass(frozen=True)
class AdaGrad:
    """A step per weight: ``square += gradient**2``, ``direction = -gradient / (sqrt(square) + eps)``.

    Parameters
    ----------
    eps : float
        > 0: keeps a weight that never had a gradient from 0 / 0.

    Notes
    -----
    Weights whose features are rare keep long steps, and every step shrinks like one over the square root of
    the number of steps: no schedule is needed. The first direction is the sign of the gradient.
    ``torch.optim.Adagrad`` with its defaults. Five sweeps over w per step, one array of its size kept.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods for online learning and stochastic
    optimization, JMLR 12, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.AdaGrad(), np.zeros(2)
    >>> state = optimizer.init(w)
    >>> for gradient in ([3.0, 0.0], [4.0, 2.0]):
    ...     direction, state = optimizer.update(np.array(gradient), state, w)
    ...     print(direction.round(6), state.square)
    [-1. -0.] [9. 0.]
    [-0.8 -1. ] [25.  4.]
    """

    eps: float = 1e-10

    def __post_init__(self) -> None:
        check_settings(self, positive=("eps",))

    def init(self, w: Array) -> AdaGradState:
        """A sum of zero."""
        return AdaGradState(np.zeros_like(w))

    def update(self, gradient: Array, state: AdaGradState, w: Array) -> tuple[Array, AdaGradState]:
        """The gradient over the root of the new sum, downhill, and that sum."""
        square = np.square(gradient)
        square += state.square
        root = np.sqrt(square)
        root += self.eps
        return -gradient / root, AdaGradState(square)
