"""Nesterov's accelerated gradient: ``-(gradient + momentum * velocity)`` (Nesterov 1983)."""

from __future__ import annotations

from dataclasses import dataclass

from ...protocols import Array
from .momentum import Momentum, MomentumState


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Momentum with the gradient one step ahead: ``direction = -(gradient + momentum * velocity)``.

    The velocity is `Momentum`'s, this gradient already in it: ``velocity = momentum * velocity + gradient``.

    Parameters
    ----------
    momentum : float
        In [0, 1); 0 is plain gradient descent.

    Notes
    -----
    PyTorch's ``SGD(momentum=momentum, nesterov=True)``: w itself is the point ahead, and the gradient is
    asked for nowhere else. Four sweeps over w per step, one array of its size kept.

    References
    ----------
    Y. Nesterov, A method of solving a convex programming problem with convergence rate O(1/k^2), 1983.
    I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the importance of initialization and momentum in deep
    learning, ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.Nesterov(0.5), np.zeros(1)
    >>> state = optimizer.init(w)
    >>> for _ in range(3):
    ...     direction, state = optimizer.update(np.array([1.0]), state, w)
    ...     print(direction)
    [-1.5]
    [-1.75]
    [-1.875]
    """

    def update(self, gradient: Array, state: MomentumState, w: Array) -> tuple[Array, MomentumState]:
        """The negative of gradient and velocity together, and the new velocity."""
        velocity = self.momentum * state.velocity
        velocity += gradient
        direction = -self.momentum * velocity
        direction -= gradient
        return direction, MomentumState(velocity)
