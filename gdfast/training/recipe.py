"""The recipe: optimizer, mini-batches and learning rates that suit the data, where the user gives none.

The step at the start is ``(1 - momentum) c / (h R)``: h is the loss's curvature, R = (N + (B - 1) lambda) / B what a
batch of B rows z meets, with N the mean of |z|**2 and lambda the largest eigenvalue of the mean of z z'; c was found by
trying. It falls linearly to 0, so that the run settles. Losses whose gradient grows without bound take
``N = sum |z|**4 / sum |z|**2``: long rows are visited seldom, but push far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..descent.optimizers import (
    AdaDelta,
    AdaGrad,
    AveragedSGD,
    DualCoordinateAscent,
    GradientDescent,
    Lion,
    Momentum,
    Nesterov,
    ProximalGradient,
    sets_own_step,
)
from ..objective.losses import Loss
from ..objective.mini_batches import MiniBatches
from ..protocols import FloatArray
from .row_norms import StandardizedRows
from .settings import FULL_BATCH, LINE_SEARCH, SOLVE, SOLVE_TOL, Settings, tolerance

PLAIN, MOMENTUM = GradientDescent(), Momentum(0.9)
MOST_SPARSE_STEPS = 2_000_000
GTOL, LOOSEST = 1e-6, 1e-3
"""No element of the gradient is larger at the end, of an optimizer that the user named; with a `tol`, the latter."""

CLUSTER_TOL = 1e-2
"""The gap that `solve` is to prove where it stands in for mini-batches."""

EVERY_DUAL, EVERY_PROXIMAL = 10, 10
"""Methods whose steps need no objective are evaluated every so many steps: it costs as much as a step."""

SHAPES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "linear": lambda done: 1 - done,
    "cosine": lambda done: 0.5 * (1 + np.cos(np.pi * done)),
    "constant": np.ones_like,
}


@dataclass(frozen=True)
class Plan:
    """What a run is to do: so many epochs of `per_epoch` steps.

    `batches` None: every step sees all rows. `step` is what `minimize` takes: the recipe's learning rates as an array,
    what the user gave, or None where the optimizer sets its own. `ends` are the epochs at whose end the recipe's rate
    has fallen to 0, where somebody asks whether the run has settled. `gtol` and `evaluate_every` go to `minimize`.
    `proves` is the relative gap that `solve` is to prove, in `epochs` passes; None: the run is one of `minimize`.
    """

    optimizer: Any
    batches: MiniBatches | None
    per_epoch: int
    epochs: int
    step: Any
    ends: tuple[int, ...] = ()
    gtol: float = 0.0
    evaluate_every: int | None = None
    proves: float | None = None

    @property
    def is_recipe(self) -> bool:
        """The learning rates are the recipe's, and may be made smaller."""
        return isinstance(self.step, np.ndarray)

    def from_epoch(self, done: int, shrink: float, attempt: int) -> Plan:
        """What is left after some epochs, at smaller steps, with the rows in another order."""
        batches = self.batches if self.batches is None else replace(self.batches, seed=self.batches.seed + attempt)
        step = self.step[done * self.per_epoch :] * shrink if self.is_recipe else self.step
        return replace(self, batches=batches, epochs=self.epochs - done, step=step)


def plan_of_all_rows(settings: Settings, optimizer: Any, gtol: float, n_steps: int) -> Plan:
    """The plan of a run that sees all rows in every step."""
    given: Any = settings.learning_rate
    if isinstance(optimizer, DualCoordinateAscent):
        return Plan(optimizer, None, 1, n_steps, None, evaluate_every=min(n_steps, EVERY_DUAL))
    if isinstance(optimizer, ProximalGradient):
        step = "auto" if given is None else _long_enough(given, n_steps)
        return Plan(optimizer, None, 1, n_steps, step, gtol=gtol, evaluate_every=EVERY_PROXIMAL)
    step = None if sets_own_step(optimizer) else LINE_SEARCH if given is None else _long_enough(given, n_steps)
    return Plan(optimizer, None, 1, n_steps, step, gtol=gtol)


def cycle_ends(epochs: int, default: int) -> tuple[int, ...]:
    """Where the rate is to have fallen to 0: first after a default run, then after twice as long again, and so on.

    No cycle is shorter than a default run, so that what is there at the end of any is no worse.
    """
    ends, length = [0], default
    while ends[-1] < epochs:
        left = epochs - ends[-1]
        length = left if left - min(length, left) < default else length
        ends.append(ends[-1] + length)
        length *= 2
    return tuple(ends[1:])


def plan_for(settings: Settings, n_outputs: int, rows: StandardizedRows, steps_before: int | None = None) -> Plan:
    """The plan of a run on these rows; `steps_before` (of `partial_fit`): one more epoch of a run without an end."""
    n, epochs, min_steps, seed = rows.n_visited, settings.epochs, settings.min_steps, settings.random_state
    if steps_before is not None:
        epochs, min_steps, seed = 1, 0, seed + steps_before
    given = settings.learning_rate
    if settings.solves or not (rows.takes_batches or isinstance(settings.optimizer, FULL_BATCH)):
        tol = settings.tol or (SOLVE_TOL if settings.solves else CLUSTER_TOL)
        return Plan(SOLVE, None, 1, max(epochs, min_steps), None, proves=tol)
    if isinstance(settings.optimizer, FULL_BATCH):
        gtol = GTOL if settings.tol is None else min(settings.tol, LOOSEST)
        return plan_of_all_rows(settings, settings.optimizer, gtol, max(epochs, min_steps))
    is_sparse = rows.is_sparse
    size, optimizer = settings.batch_size, settings.optimizer
    is_full_batch = n <= size
    if is_sparse and optimizer is None and settings.l1_ratio == 0 and not is_full_batch:
        size = max(1, n * epochs // MOST_SPARSE_STEPS)  # a step of L2 alone leaves the columns that a row lacks alone
    if optimizer is None:
        optimizer = PLAIN if is_sparse or steps_before is not None else MOMENTUM
    per_epoch = -(-n // size)
    least = -(-min_steps // per_epoch)
    default, epochs = max(Settings.epochs, least), max(epochs, least)
    batches = MiniBatches(size, seed=seed, shuffle=not is_full_batch)
    if given is not None and not isinstance(given, str):
        return Plan(optimizer, batches, per_epoch, epochs, _long_enough(given, epochs * per_epoch))
    with np.errstate(over="ignore", invalid="ignore"):
        start = step_at_start(optimizer, settings.loss, n_outputs, rows, size, is_full_batch, is_sparse)
    if not 0 < start < np.inf:
        raise ValueError("X must have features whose squares are finite with standardize=False; leave it 'auto'")
    k = np.arange(per_epoch, dtype=np.float64)
    if steps_before is not None:
        return Plan(optimizer, batches, per_epoch, epochs, start / np.sqrt(1 + (steps_before + k) / 1000))
    falls = given != "constant"
    ends = cycle_ends(epochs, default) if falls and tolerance(settings) is not None else (epochs,)
    cycles = [np.arange((b - a) * per_epoch) / ((b - a) * per_epoch) for a, b in zip((0, *ends), ends, strict=False)]
    rates = start * SHAPES[given or "linear"](np.concatenate(cycles))
    return Plan(optimizer, batches, per_epoch, epochs, rates, ends if falls else ())


def _long_enough(given: Any, n_steps: int) -> Any:
    """A learning rate of the user's; a sequence must last."""
    if isinstance(given, list) and len(given) < n_steps:
        raise ValueError(f"learning_rate must hold one for each of the {n_steps} steps; it holds {len(given)}")
    return given


def step_at_start(
    optimizer: Any, loss: Loss, n_outputs: int, rows: StandardizedRows, size: int, is_full_batch: bool, is_sparse: bool
) -> float:
    """The recipe's step; rounded to 6 digits, so that the last bits of a sum do not move every weight."""
    if isinstance(optimizer, AdaDelta):
        return 1.0
    if not isinstance(optimizer, GradientDescent | Momentum | Nesterov | AveragedSGD):
        # Every weight moves by about the step: as far together as one step of the others.
        base = 1.0 if isinstance(optimizer, AdaGrad) else 0.01 if isinstance(optimizer, Lion) else 0.1
        return _rounded(base / (rows.mean_norm() + 1) ** 0.5)
    if is_full_batch:
        reach = rows.top_eigenvalue() + 1
    else:
        reach = (rows.spread_norm() if loss.gradient_grows else rows.mean_norm(2)) + 1
        if size > 1:
            reach = (reach + (size - 1) * (rows.top_eigenvalue() + 1)) / size
    c = loss.sparse_step_constant if size == 1 and is_sparse else loss.step_constant
    momentum = getattr(optimizer, "momentum", 0.0)
    return _rounded((1 - momentum) * c / (loss.step_curvature(n_outputs) * reach))


def _rounded(step: float) -> float:
    return float(f"{step:.6g}")
