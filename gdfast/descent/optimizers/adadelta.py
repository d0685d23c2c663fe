"""AdaDelta: ``-gradient * sqrt(mean change**2 + eps) / sqrt(mean gradient**2 + eps)`` (Zeiler 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...protocols import Array
from .moments import check_settings, mixed_square


class AdaDeltaState(NamedTuple):
    """Running means of squared gradients and of squared changes."""

    square: Array
    square_change: Array


@dataclass(frozen=True)
class AdaDelta:
    """A step per weight that measures itself: the length of recent changes over that of recent gradients.

    - ``square = decay * square + (1 - decay) * gradient**2``
    - ``change = gradient * sqrt(square_change + eps) / sqrt(square + eps)``
    - ``square_change = decay * square_change + (1 - decay) * change**2``
    - ``direction = -change``

    Parameters
    ----------
    decay : float
        In [0, 1): how much of each mean stays per step (PyTorch's ``rho``).
    eps : float
        > 0: also the square of the first change's size, which a run starts from.

    Notes
    -----
    The direction has w's units already, so the natural step is 1 (PyTorch's default), not 0.1.
    ``torch.optim.Adadelta`` with its defaults. About twelve sweeps over w per step, two arrays of its size kept.

    References
    ----------
    M. D. Zeiler, ADADELTA: an adaptive learning rate method, arXiv:1212.5701, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.AdaDelta(decay=0.75, eps=1e-4), np.zeros(2)
    >>> state = optimizer.init(w)
    >>> for gradient in ([2.0, 0.0], [2.0, 4.0]):
    ...     direction, state = optimizer.update(np.array(gradient), state, w)
    ...     print(direction.round(4))
    [-0.02 -0.  ]
    [-0.0214 -0.02  ]
    """

    decay: float = 0.9
    eps: float = 1e-6

    def __post_init__(self) -> None:
        check_settings(self, fractions=("decay",), positive=("eps",))

    def init(self, w: Array) -> AdaDeltaState:
        """Means of zero."""
        return AdaDeltaState(np.zeros_like(w), np.zeros_like(w))

    def update(self, gradient: Array, state: AdaDeltaState, w: Array) -> tuple[Array, AdaDeltaState]:
        """The change, downhill, and both new means."""
        square = mixed_square(state.square, gradient, self.decay)
        change = np.sqrt(state.square_change + self.eps)
        change /= np.sqrt(square + self.eps)
        change *= gradient
        square_change = mixed_square(state.square_change, change, self.decay)
        return -change, AdaDeltaState(square, square_change)
