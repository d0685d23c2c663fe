"""RMSProp: ``-gradient / (sqrt(mean(gradient**2)) + eps)``, a running mean (Tieleman, Hinton 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...protocols import Array
from .moments import check_settings, mixed_square


class RMSPropState(NamedTuple):
    """The running mean of squared gradients."""

    square: Array


@dataclass(frozen=True)
class RMSProp:
    """AdaGrad that forgets: a running mean of squares instead of their sum.

    ``square = decay * square + (1 - decay) * gradient**2``, ``direction = -gradient / (sqrt(square) + eps)``.

    Parameters
    ----------
    decay : float
        In [0, 1): how much of the mean stays per step (PyTorch's ``alpha``).
    eps : float
        > 0: keeps a weight that never had a gradient from 0 / 0.

    Notes
    -----
    The mean starts at zero and is not corrected for that, so the first direction has elements of size
    ``1 / sqrt(1 - decay)``: 10 with the default. ``torch.optim.RMSprop`` with its defaults. Seven sweeps over
    w per step, one array of its size kept.

    References
    ----------
    T. Tieleman, G. Hinton, Lecture 6.5: rmsprop, Neural networks for machine learning, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.RMSProp(decay=0.75), np.zeros(2)
    >>> state = optimizer.init(w)
    >>> for gradient in ([2.0, 0.0], [1.0, 4.0]):
    ...     direction, state = optimizer.update(np.array(gradient), state, w)
    ...     print(direction.round(6), state.square)
    [-2. -0.] [1. 0.]
    [-1. -2.] [1. 4.]
    """

    decay: float = 0.99
    eps: float = 1e-8

    def __post_init__(self) -> None:
        check_settings(self, fractions=("decay",), positive=("eps",))

    def init(self, w: Array) -> RMSPropState:
        """A mean of zero."""
        return RMSPropState(np.zeros_like(w))

    def update(self, gradient: Array, state: RMSPropState, w: Array) -> tuple[Array, RMSPropState]:
        """The gradient over the root of the new mean, downhill, and that mean."""
        square = mixed_square(state.square, gradient, self.decay)
        root = np.sqrt(square)
        root += self.eps
        return -gradient / root, RMSPropState(square)
