"""Gradient descent: ``-gradient`` (Cauchy 1847)."""

from __future__ import annotations

from dataclasses import dataclass

from ...protocols import Array


@dataclass(frozen=True)
class GradientDescent:
    """Steepest descent: ``direction = -gradient``.

    Notes
    -----
    With mini-batches this is stochastic gradient descent, ``torch.optim.SGD``. One sweep over w per step.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> direction, _ = gd.GradientDescent().update(np.array([2.0, -4.0]), None, np.zeros(2))
    >>> direction
    array([-2.,  4.])
    """

    def init(self, w: Array) -> None:
        """No state."""

    def update(self, gradient: Array, state: None, w: Array) -> tuple[Array, None]:
        """The negative gradient."""
        return -gradient, None
