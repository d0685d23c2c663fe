"""AMSGrad: Adam divided by the root of the largest mean square so far (Reddi, Kale, Kumar 2018)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...protocols import Array
from .moments import check_settings, mixed, mixed_square


class AMSGradState(NamedTuple):
    """Running means of the gradient and of its square, the largest mean square so far, how many gradients."""

    mean: Array
    square: Array
    largest: Array
    steps: int


@dataclass(frozen=True)
class AMSGrad:
    """Adam that divides by the largest mean square so far, so that no weight's step grows back.

    With `mean` and `square` as in `Adam` and t = 1, 2, ... the number of the gradient:

    - ``largest = max(largest, square)``
    - ``direction = -(mean / (1 - beta1**t)) / (sqrt(largest / (1 - beta2**t)) + eps)``

    Parameters
    ----------
    beta1, beta2 : float
        In [0, 1): how much of each mean stays per step.
    eps : float
        > 0: keeps a weight that never had a gradient from 0 / 0.

    Notes
    -----
    Converges on convex functions on which Adam circles. ``torch.optim.Adam(amsgrad=True)`` with its defaults: the
    largest is taken before the correction by ``1 - beta2**t``. About thirteen sweeps over w per step, three
    arrays of its size kept.

    References
    ----------
    S. J. Reddi, S. Kale, S. Kumar, On the convergence of Adam and beyond, ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.AMSGrad(beta1=0.0, beta2=0.5), np.zeros(1)
    >>> state = optimizer.init(w)
    >>> for gradient in (4.0, 1.0, 1.0):
    ...     direction, state = optimizer.update(np.array([gradient]), state, w)
    ...     print(direction.round(4), state.square, state.largest)
    [-1.] [8.] [8.]
    [-0.3062] [4.5] [8.]
    [-0.3307] [2.75] [8.]
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        check_settings(self, fractions=("beta1", "beta2"), positive=("eps",))

    def init(self, w: Array) -> AMSGradState:
        """Means and largest of zero."""
        return AMSGradState(np.zeros_like(w), np.zeros_like(w), np.zeros_like(w), 0)

    def update(self, gradient: Array, state: AMSGradState, w: Array) -> tuple[Array, AMSGradState]:
        """The corrected mean over the root of the corrected largest mean square, downhill, and the new state."""
        steps = state.steps + 1
        mean = mixed(state.mean, gradient, self.beta1)
        square = mixed_square(state.square, gradient, self.beta2)
        largest = np.maximum(state.largest, square)
        root = np.sqrt(largest)
        root /= math.sqrt(1.0 - self.beta2**steps)
        root += self.eps
        direction = mean / root
        direction /= self.beta1**steps - 1.0
        return direction, AMSGradState(mean, square, largest, steps)
