"""The compiled steps of a stochastic run: many of them in one call, where objective and optimizer allow it.

They follow the trajectory of the generic implementation (to rounding), and cutting them into segments changes no bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, fields
from typing import NamedTuple

import numpy as np

from ..protocols import Array, RunSteps
from .optimizers import AdaGrad, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSProp
from .record import Evaluation
from .result import Status
from .run_state import RunState
from .settings import Settings

SEGMENT = 1 << 17
"""Rows in one call, at most, or one step: learning rates, values and the order of rows are arrays."""


class Rule(NamedTuple):
    """An update rule as the kernels know it: its name, its settings and its state, in their order.

    Of the state the arrays go to the kernel; `steps`, where it is there, counts the gradients.
    """

    name: str
    settings: tuple[str, ...] = ()
    state: tuple[str, ...] = ()


RULES: dict[type, Rule] = {
    GradientDescent: Rule("gradient_descent"),
    Momentum: Rule("momentum", ("momentum",), ("velocity",)),
    Nesterov: Rule("nesterov", ("momentum",), ("velocity",)),
    AdaGrad: Rule("adagrad", ("eps",), ("square",)),
    RMSProp: Rule("rmsprop", ("decay", "eps"), ("square",)),
    Adam: Rule("adam", ("beta1", "beta2", "eps"), ("mean", "square", "steps")),
    AdamW: Rule("adamw", ("beta1", "beta2", "eps", "weight_decay"), ("mean", "square", "steps")),
}


def check_rules(rules: Mapping[type, Rule]) -> None:
    """AssertionError where an optimizer has a setting or a state that its rule in the kernels does not take."""
    for optimizer, rule in rules.items():
        settings, state = tuple(field.name for field in fields(optimizer)), optimizer().init(np.zeros(1))
        found = settings, () if state is None else state._fields
        if found != (rule.settings, rule.state):
            raise AssertionError(f"the kernels take {rule} of {optimizer.__name__}, which has {found}")


check_rules(RULES)


class CompiledSteps:
    """Takes many steps of a run in one call of the objective's kernels.

    Before step `generic_until` a number ceases to be finite: the generic implementation goes up to there.
    """

    def __init__(self, settings: Settings, batch_size: int, kernel: RunSteps) -> None:
        self._settings, self._kernel = settings, kernel
        self._at_once = max(1, SEGMENT // min(batch_size, settings.objective.n_samples))
        self._rates = settings.step.given if isinstance(settings.step.given, np.ndarray) else None
        # Every so many steps somebody wants to know.
        periods = (
            settings.period,
            None if settings.checkpoint is None else settings.checkpoint.every,
            None if settings.callback is None else settings.callback_every,
            1 if settings.keep_weights else None,
        )
        self._periods = [period for period in periods if period is not None]
        self._most = max(1, settings.max_steps // 100) if settings.progress else settings.max_steps
        self.generic_until = 0

    @staticmethod
    def of(settings: Settings) -> CompiledSteps | None:
        """The compiled steps of a run, or None where there is the generic implementation only."""
        batches = settings.run_batches
        if batches is None or settings.clip is not None or settings.sign < 0 or settings.step.line_search:
            return None
        rule = RULES.get(type(settings.bound_optimizer))
        if rule is None:
            return None
        parameters = tuple(map(float, astuple(settings.bound_optimizer)))
        kernel = batches.compiled_steps(settings.w0, rule.name, parameters)
        return None if kernel is None else CompiledSteps(settings, batches.batches.size, kernel)

    @property
    def extra_state(self) -> tuple[Array, ...]:
        """What the kernel keeps besides w and the optimizer's state, before the first step."""
        return self._kernel.extra_state

    def take(self, state: RunState) -> RunState | None:
        """The state after the steps up to where somebody wants to know, or to where a number ceases to be finite.

        None where there are no such steps: the generic implementation takes the next ones, and sees. Nothing is moved
        in place.
        """
        if state.k < self.generic_until:
            return None
        settings, k, extra_before = self._settings, state.k, state.extra_state or self._kernel.extra_state
        n = min(settings.max_steps - k, self._most)
        for period in self._periods:
            n = min(n, period - k % period)
        asked, n = n, min(n, self._at_once)
        rates = settings.step.rates(k, n) if self._rates is None else self._rates[k : k + n]
        while True:
            w, extra, parts, arrays = state.w.copy(), tuple(map(np.copy, extra_before)), [], []
            for part in state.optimizer_state or ():  # arrays, and often the number of steps
                parts.append(part.copy() if isinstance(part, np.ndarray) else part)
                if isinstance(part, np.ndarray):
                    arrays.append(parts[-1])
            values, done, interrupted = np.empty(n), np.zeros(1, dtype=np.int64), False
            first_step = getattr(state.optimizer_state, "steps", 0)
            try:
                self._kernel(w, (*arrays, *extra), k, rates[:n], first_step, values, done)
            except KeyboardInterrupt:
                interrupted = True
            steps = int(done[0])
            is_finite = math.isfinite(np.vdot(w, w)) or bool(np.isfinite(w).all())
            if is_finite and (steps == n or interrupted):
                break
            n = min(steps, n - 1)  # after a value that is not finite, w may have moved on
            if n == 0 or interrupted:
                self.generic_until = k + asked
                return None
        optimizer_state, record, last = None, state.record, float(values[steps - 1]) if steps else math.nan
        if state.optimizer_state is not None:
            optimizer_state = type(state.optimizer_state)(*parts)
            if hasattr(optimizer_state, "steps"):
                optimizer_state = optimizer_state._replace(steps=first_step + steps)
        record.add_segment(k, values[:steps], rates[:steps], state.w)
        if settings.callback is not None:
            record.unreported.extend(values[:steps].tolist())
        return RunState(
            k + steps, w, optimizer_state, Evaluation(last, w, math.nan), math.nan, state.direction, record,
            extra, ending=Status.INTERRUPTED if interrupted else None,
        )  # fmt: skip
