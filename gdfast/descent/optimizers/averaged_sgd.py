"""Averaged SGD: ``-gradient``, the answer the mean of the iterates (Polyak, Juditsky 1992)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from ..._arrays import check_integer
from ...protocols import Array


class AveragedSGDState(NamedTuple):
    """The mean of the weights so far, those of now not yet in it, and the number of finished steps."""

    mean: Array
    steps: int


@dataclass(frozen=True)
class AveragedSGD:
    """Gradient descent, ``direction = -gradient``, whose answer is the mean of its iterates.

    With w_(k+1) the weights after step k = 0, 1, ..., a run of K steps hands back
    ``(w_(start+1) + ... + w_K) / (K - start)``, or w_K where `start` is not passed yet.

    Parameters
    ----------
    start : int
        >= 0: the first step whose outcome is in the mean; w0 never is.

    Notes
    -----
    Polyak-Ruppert averaging: stochastic steps circle around the minimum, and the mean of a circle is its
    centre, so the step need not shrink. ``torch.optim.SGD`` together with ``torch.optim.swa_utils.AveragedModel``
    (``torch.optim.ASGD`` shrinks its step, by a rule of its own). The weights that a callback sees, and those that a
    line search starts from, are plain ones; ``result.w`` is the mean. Four sweeps over w per step, one array
    of its size kept.

    References
    ----------
    B. T. Polyak, A. B. Juditsky, Acceleration of stochastic approximation by averaging, SIAM Journal on Control
    and Optimization 30, 1992.

    Examples
    --------
    >>> import gdfast as gd
    >>> zigzag = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> path = []
    >>> result = gd.minimize(
    ...     zigzag, [1.0], gd.AveragedSGD(), 0.75, max_steps=3, callback=lambda k, w, value: path.append(float(w[0]))
    ... )
    >>> path, result.w
    ([-0.5, 0.25, -0.125], array([-0.125]))
    """

    start: int = 0
    weight_like: ClassVar[tuple[str, ...]] = ("mean",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", check_integer(self.start, "start", minimum=0))

    def init(self, w: Array) -> AveragedSGDState:
        """A mean of nothing."""
        return AveragedSGDState(np.zeros_like(w), 0)

    def update(self, gradient: Array, state: AveragedSGDState, w: Array) -> tuple[Array, AveragedSGDState]:
        """The negative gradient, and the mean with w in it."""
        return -gradient, AveragedSGDState(self._mean(w, state), state.steps + 1)

    def answer(self, w: Array, state: AveragedSGDState) -> Array:
        """The mean with w in it; w itself as long as that is all there is."""
        return w if state.steps <= self.start + 1 else self._mean(w, state)

    def _mean(self, w: Array, state: AveragedSGDState) -> Array:
        """The mean of the weights up to w, which `steps` steps have led to."""
        count = state.steps - self.start
        if count < 1:
            return state.mean
        mean: Array = w - state.mean
        mean /= count
        mean += state.mean
        return mean
