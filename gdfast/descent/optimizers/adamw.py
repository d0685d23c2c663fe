"""AdamW: Adam's direction ``- weight_decay * w``, decoupled weight decay (Loshchilov, Hutter 2019)."""

from __future__ import annotations

from dataclasses import dataclass

from ..._arrays import check_non_negative
from ...protocols import Array
from .adam import Adam, AdamState


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: ``direction = Adam's direction - weight_decay * w``.

    Parameters
    ----------
    beta1, beta2 : float
        In [0, 1): how much of each mean stays per step.
    eps : float
        > 0: keeps a weight that never had a gradient from 0 / 0.
    weight_decay : float
        >= 0; 0 is `Adam`. One step takes ``step * weight_decay`` of each weight away, the bias column's
        included.

    Notes
    -----
    The decay does not pass through Adam's means, unlike an `L2` regularizer's gradient: it is no part of the
    objective, whose value does not show it. ``torch.optim.AdamW`` with its defaults. The state is `Adam`'s.
    About fourteen sweeps over w per step, two arrays of its size kept.

    References
    ----------
    I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.AdamW(weight_decay=0.5), np.array([1.0, 4.0])
    >>> direction, state = optimizer.update(np.array([3.0, 0.0]), optimizer.init(w), w)
    >>> direction.round(6)
    array([-1.5, -2. ])
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "weight_decay", check_non_negative(self.weight_decay, "weight_decay"))

    def update(self, gradient: Array, state: AdamState, w: Array) -> tuple[Array, AdamState]:
        """Adam's direction less a share of w, and Adam's means."""
        direction, state = super().update(gradient, state, w)
        direction -= self.weight_decay * w
        return direction, state
