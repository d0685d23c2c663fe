"""SVRG: ``-(gradient - snapshot gradient + whole gradient at the snapshot)`` (Johnson, Zhang 2013)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..._arrays import check_integer
from ...objective.capabilities import rows_wanted
from ...objective.mini_batches import MiniBatches
from ...protocols import Array, Objective

EPOCHS = 2  # between two snapshots, where no period is given


class SVRGState(NamedTuple):
    """The weights of the last snapshot, the whole gradient there, and the evaluations up to now."""

    snapshot: Array
    whole: Array
    evaluations: int
    steps: int


@dataclass(frozen=True)
class SVRG:
    """Variance-reduced stochastic gradients: ``direction = -(gradient - gradient there + whole gradient there)``.

    "There" is a snapshot of the weights some steps ago; the first two gradients are of the step's mini-batch, the
    third is the whole objective's. Near the optimum the noise of the first two cancels, so a constant step
    leads to it, and linearly.

    Parameters
    ----------
    period : int, optional
        >= 1: steps from one snapshot to the next. None: two epochs of the run.

    Raises
    ------
    TypeError, ValueError
        period is no integer >= 1. In `minimize`: the objective has no `rows`, or there are no mini-batches.

    Notes
    -----
    Needs `batches`. Cost per row: a gradient at w and one at the snapshot, and one of the whole objective per period:
    2.5 passes per epoch with snapshots every two epochs, where plain stochastic descent makes 1. All are counted in
    ``result.evaluations`` and ``result.passes``. A step of about 1 / L, L the largest curvature of one row's loss, is
    right for convex objectives. For smooth losses: with the hinge the noise does not cancel. Four sweeps over w
    per step, two arrays of its size kept.

    References
    ----------
    R. Johnson, T. Zhang, Accelerating stochastic gradient descent using predictive variance reduction, NeurIPS 2013.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> y = X @ [1.0, -2.0, 0.5] + rng.normal(size=200)
    >>> objective, run = gd.LinearObjective(X, y, gd.SquaredError()), {"batches": gd.MiniBatches(4), "epochs": 20}
    >>> for rule in (gd.GradientDescent(), gd.SVRG()):
    ...     print(gd.minimize(objective, np.zeros((1, 4)), rule, 0.05, **run).gradient_norm < 1e-6)
    False
    True
    """

    period: int | None = None

    def __post_init__(self) -> None:
        if self.period is not None:
            object.__setattr__(self, "period", check_integer(self.period, "period", minimum=1))

    def bind(self, objective: Any, w0: Array, batches: MiniBatches | None, sign: float) -> SVRG:
        """With the period of the run; refused where there are no rows to take at random."""
        n_samples = rows_wanted(objective, "SVRG needs").n_samples
        if batches is None:
            raise ValueError("SVRG needs mini-batches: give batches=gdfast.MiniBatches(size)")
        if self.period is not None:
            return self
        return replace(self, period=EPOCHS * batches.steps_per_epoch(n_samples))

    def init(self, w: Array) -> SVRGState:
        """No snapshot yet."""
        return SVRGState(np.zeros_like(w), np.zeros_like(w), 0, 0)

    def batch_direction(
        self, objective: Objective, batch: Objective, k: int, w: Array, gradient: Array, state: SVRGState
    ) -> tuple[Array, SVRGState]:
        """The corrected gradient, downhill; every `period` steps a snapshot of w is taken first."""
        if self.period is None:
            raise ValueError("SVRG must know its period outside minimize: SVRG(period=...)")
        if k % self.period == 0:
            whole = objective.gradient(w)
            return -whole, SVRGState(w.copy(), whole, state.evaluations + 1, state.steps + 1)
        direction: Array = batch.gradient(state.snapshot) - gradient
        direction -= state.whole
        return direction, state._replace(evaluations=state.evaluations + 1, steps=state.steps + 1)
