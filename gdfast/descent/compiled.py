"""The compiled steps of a stochastic run: many of them in one call, where objective and optimizer allow it.

They follow the trajectory of the generic implementation (to rounding), and cutting them into segments changes no bit.
"""

from __future__ import annotations

import math
from dataclasses import astuple
from typing import Any, NamedTuple

import numpy as np

from ..objective import capabilities
from ..objective.mini_batches import MiniBatches
from ..protocols import Array
from .optimizers import AdaGrad, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSProp
from .settings import Settings
from .step_sizes import StepRule

SEGMENT = 1 << 17
"""Rows in one call, at most, or one step: learning rates, values and the order of rows are arrays."""

RULES: dict[type, str] = {
    GradientDescent: "gradient_descent",
    Momentum: "momentum",
    Nesterov: "nesterov",
    AdaGrad: "adagrad",
    RMSProp: "rmsprop",
    Adam: "adam",
    AdamW: "adamw",
}


class Segment(NamedTuple):
    """Where some steps led; the mini-batch's objective before each step, and the learning rates."""

    w: Array
    optimizer_state: Any
    extra_state: tuple[Array, ...]
    values: Array
    rates: Array
    interrupted: bool


class CompiledSteps:
    """Takes steps k .. k + n - 1 of a run in one call.

    Before step `generic_until` a number ceases to be finite: the generic implementation goes up to there.
    """

    def __init__(self, objective: Any, optimizer: Any, batches: MiniBatches, step: StepRule) -> None:
        self._objective = objective
        self._rule = RULES[type(optimizer)]
        self._settings = tuple(float(setting) for setting in astuple(optimizer))
        self._batches = batches
        self._step = step
        self._epochs: dict[int, Array] = {}
        self.generic_until = 0

    @staticmethod
    def of(settings: Settings) -> CompiledSteps | None:
        """The compiled steps of a run, or None where there is the generic implementation only."""
        batches, optimizer, step = settings.batches, settings.bound_optimizer, settings.step
        if batches is None or settings.clip is not None or settings.sign < 0 or step.line_search is not None:
            return None
        rule = RULES.get(type(optimizer))
        if rule is None or not capabilities.can_descend(settings.objective, settings.w0, rule):
            return None
        return CompiledSteps(settings.objective, optimizer, batches, step)

    def take(self, k: int, n: int, w: Array, state: Any, extra_state: tuple[Array, ...]) -> Segment | None:
        """Up to n steps from step k on, as many as leave w finite; None when there is none.

        `extra_state` is what the objective kept beside these weights, () where it kept nothing. Nothing is moved in
        place.
        """
        n = min(n, max(1, SEGMENT // self._batches.size))
        rates = self._step.rates(k, n)
        order, starts = self._rows(k, n)
        moved, arrays = w.copy(), [array.copy() for array in _arrays_of(state)]
        if extra_state:
            extra = tuple(array.copy() for array in extra_state)
        else:
            extra = capabilities.extra_state(self._objective, w, self._rule)
        values, done = np.empty(n), np.zeros(1, dtype=np.int64)
        interrupted = False
        try:
            capabilities.descend(
                self._objective, self._rule, self._settings, moved, (*arrays, *extra), order, starts, rates,
                getattr(state, "steps", 0), values, done,
            )  # fmt: skip
        except KeyboardInterrupt:
            interrupted = True
        steps = int(done[0])
        finite = math.isfinite(np.vdot(moved, moved)) or bool(np.isfinite(moved).all())
        if not finite or (steps < n and not interrupted):
            fewer = min(steps, n - 1)  # after a value that is not finite, w may have moved on
            return None if fewer == 0 or interrupted else self.take(k, fewer, w, state, extra_state)
        return Segment(moved, _with_arrays(state, arrays, steps), extra, values[:steps], rates[:steps], interrupted)

    def _rows(self, k: int, n: int) -> tuple[Array, Array]:
        """The rows of steps k .. k + n - 1 one after the other, and where each step's begin."""
        size, n_samples = self._batches.size, self._objective.n_samples
        per_epoch = self._batches.steps_per_epoch(n_samples)
        first, last = k // per_epoch, (k + n - 1) // per_epoch
        kept = {epoch: order for epoch, order in self._epochs.items() if first <= epoch <= last}
        for epoch in range(first, last + 1):
            if epoch not in kept:
                kept[epoch] = self._batches.permutation(n_samples, epoch)
        self._epochs = kept
        whole = np.concatenate([kept[epoch] for epoch in range(first, last + 1)])
        steps = np.arange(k, k + n + 1)
        starts = (steps // per_epoch - first) * n_samples + steps % per_epoch * size
        return np.ascontiguousarray(whole[starts[0] : starts[-1]]), starts - starts[0]


def _arrays_of(state: Any) -> list[Array]:
    return [] if state is None else [part for part in state if isinstance(part, np.ndarray)]


def _with_arrays(state: Any, arrays: list[Array], steps: int) -> Any:
    """A state like this one, with these arrays and its step number moved on."""
    if state is None:
        return None
    fresh = iter(arrays)
    return type(state)(*(next(fresh) if isinstance(part, np.ndarray) else part + steps for part in state))
