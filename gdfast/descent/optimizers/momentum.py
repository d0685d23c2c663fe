"""Momentum, the heavy ball: ``velocity = momentum * velocity + gradient``, ``-velocity`` (Polyak 1964)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..._arrays import check_fraction
from ...protocols import Array


class MomentumState(NamedTuple):
    """The sum of all gradients, older ones fading."""

    velocity: Array


@dataclass(frozen=True)
class Momentum:
    """Heavy ball: ``velocity = momentum * velocity + gradient``, ``direction = -velocity``.

    Parameters
    ----------
    momentum : float
        In [0, 1); 0 is plain gradient descent.

    Notes
    -----
    This is PyTorch's rule (``w -= lr * velocity``): the velocity does not hold the step, so a change of
    the step acts at once. After many steps along one slope the length of a step has grown by
    ``1 / (1 - momentum)``. Three sweeps over w per step, one array of its size kept.

    References
    ----------
    B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.Momentum(0.5), np.zeros(1)
    >>> state = optimizer.init(w)
    >>> for _ in range(3):
    ...     direction, state = optimizer.update(np.array([1.0]), state, w)
    ...     print(direction)
    [-1.]
    [-1.5]
    [-1.75]
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        object.__setattr__(self, "momentum", check_fraction(self.momentum, "momentum"))

    def init(self, w: Array) -> MomentumState:
        """A velocity of zero."""
        return MomentumState(np.zeros_like(w))

    def update(self, gradient: Array, state: MomentumState, w: Array) -> tuple[Array, MomentumState]:
        """The negative of the new velocity, and that velocity."""
        velocity = self.momentum * state.velocity
        velocity += gradient
        return -velocity, MomentumState(velocity)
