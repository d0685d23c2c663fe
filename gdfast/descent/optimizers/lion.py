"""Lion: ``-sign(beta1 * mean + (1 - beta1) * gradient) - weight_decay * w`` (Chen and others 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..._arrays import check_non_negative
from ...protocols import Array
from .moments import check_settings, mixed


class LionState(NamedTuple):
    """The running mean of the gradient."""

    mean: Array


@dataclass(frozen=True)
class Lion:
    """The sign of a mean of gradients: every weight moves by the whole step.

    ``direction = -sign(beta1 * mean + (1 - beta1) * gradient) - weight_decay * w``, and then
    ``mean = beta2 * mean + (1 - beta2) * gradient``.

    Parameters
    ----------
    beta1 : float
        In [0, 1): how much of the mean is in the direction.
    beta2 : float
        In [0, 1): how much of the mean stays per step.
    weight_decay : float
        >= 0; one step takes ``step * weight_decay`` of each weight away, as in `AdamW`.

    Notes
    -----
    The direction does not shrink towards a minimum: let the step do so. Steps that suit are 3 to 10 times
    smaller than Adam's. ``optax.lion`` with its defaults (PyTorch has no such rule). About nine sweeps over w
    per step, one array of its size kept.

    References
    ----------
    X. Chen et al., Symbolic discovery of optimization algorithms, NeurIPS 2023.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.Lion(weight_decay=0.0), np.zeros(3)
    >>> direction, state = optimizer.update(np.array([5.0, -0.1, 0.0]), optimizer.init(w), w)
    >>> direction + 0.0, state.mean.round(6)
    (array([-1.,  1.,  0.]), array([ 0.05 , -0.001,  0.   ]))
    """

    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 1e-3

    def __post_init__(self) -> None:
        check_settings(self, fractions=("beta1", "beta2"))
        object.__setattr__(self, "weight_decay", check_non_negative(self.weight_decay, "weight_decay"))

    def init(self, w: Array) -> LionState:
        """A mean of zero."""
        return LionState(np.zeros_like(w))

    def update(self, gradient: Array, state: LionState, w: Array) -> tuple[Array, LionState]:
        """The sign, downhill, less a share of w, and the new mean."""
        direction = -np.sign(mixed(state.mean, gradient, self.beta1))
        direction -= self.weight_decay * w
        return direction, LionState(mixed(state.mean, gradient, self.beta2))
