"""A run of the plan: watched at the ends of its epochs, and taken back where it goes wrong.

The guard: where a number ceases to be finite, or the loss climbs above twice what it was at the start, the run goes on
from the best weights it had, at a quarter of the step. So finite data give finite weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..descent.minimize import minimize
from ..descent.result import Result, Status
from ..protocols import Array, FloatArray
from .recipe import Plan

ATTEMPTS = 60
LOOKS = 20
"""So often at least a run is looked at, where nobody wants to see every epoch."""


@dataclass
class Watch:
    """What is looked at after epochs, and what was seen.

    `score(w)` is the held-out score; `end(epoch, w, loss, score)` reports and says whether to stop. A run settles when
    score (or loss, in units of its first) has not improved by `tol` for `patience` epochs.
    """

    tol: float | None
    patience: int
    score: Callable[[Array], float] | None = None
    end: Callable[[int, Array, float, float | None], bool] | None = None
    scores: list[float] = field(default_factory=list)
    best_scored: tuple[float, Array | None] = (-math.inf, None)
    settled: bool = False
    stopped: bool = False

    def every_epoch(self) -> bool:
        """Whether somebody wants to see every epoch."""
        return self.tol is not None or self.score is not None or self.end is not None

    def begin(self, w: Array, value: float) -> None:
        """A run from w, where the objective is `value`."""
        self.first = self.least = self.best_value = value
        self.best_w, self.best_epoch, self.epoch, self.idle = w, 0, 0, 0
        self.failed = False

    def look(self, w: Array, loss: float, epochs: int) -> bool:
        """So many more epochs have led to w; their mean loss. True to stop."""
        if not math.isfinite(loss) or loss > 2 * self.first:
            self.failed = True
            return True
        self.epoch += epochs
        if loss <= self.best_value:
            self.best_value, self.best_w, self.best_epoch = loss, w, self.epoch
        score = None if self.score is None else self.score(w)
        if self.tol is not None:
            self.idle = 0 if self._improves(loss, score, self.tol) else self.idle + 1
            self.settled = self.idle >= self.patience
        if score is not None:
            self.scores.append(score)
            if score > self.best_scored[0]:
                self.best_scored = (score, w)
        self.stopped = self.end is not None and self.end(len(self.scores) or self.epoch, w, loss, score)
        return self.settled or self.stopped

    def _improves(self, loss: float, score: float | None, tol: float) -> bool:
        if score is not None:
            return score > self.best_scored[0] + tol
        is_better = loss < self.least - tol * self.first
        self.least = min(self.least, loss)
        return is_better


@dataclass(frozen=True)
class Outcome:
    """Where a run led: weights, the objective there, and each epoch's mean loss and last learning rate.

    `finished`: it was not given up. `settled`: it ended because nothing improved any more.
    """

    w: Array
    value: float
    losses: list[float]
    rates: list[float]
    finished: bool
    settled: bool


def train(objective: Any, w0: Array, plan: Plan, watch: Watch) -> Outcome:
    """Run the plan from w0."""
    losses: list[float] = []
    rates: list[float] = []
    w, done, shrink = w0, 0, 1.0
    value = _value_at_start(objective, w0)
    for attempt in range(ATTEMPTS):
        part = plan.from_epoch(done, shrink, attempt)
        every = 1 if watch.every_epoch() else max(1, part.epochs // LOOKS)
        watch.begin(w, value)
        result = _run(objective, w, part, watch, every)
        is_sound = math.isfinite(result.value) and result.value <= 2 * watch.first
        failed = watch.failed or result.status is Status.DIVERGED or not is_sound
        kept = watch.best_epoch if failed else -(-result.steps // part.per_epoch)
        _write(result, part.per_epoch, kept, losses, rates)
        if result.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        if not failed:
            settled = watch.settled or result.status in (Status.CONVERGED, Status.NO_DESCENT)
            return Outcome(result.w, result.value, losses, rates, True, settled)
        del watch.scores[len(losses) :]
        w, done, shrink = watch.best_w, done + kept, shrink / 4
        value = objective.value(w)
        if plan.rates is None or done == plan.epochs:
            break
    return Outcome(w, value, losses, rates, False, False)


def _value_at_start(objective: Any, w0: Array) -> float:
    if objective.loss.classifies and not w0.any():  # all scores are 0
        return float(objective.loss.value(np.zeros((1, objective.n_classes)), np.zeros(1, dtype=np.int64)))
    return float(objective.value(w0))


def _run(objective: Any, w: Array, plan: Plan, watch: Watch, every: int) -> Result:
    step: dict[str, Any] = {} if plan.step() is None else {"step": plan.step()}
    seen = 0

    def look(k: int, w: Array, value: float) -> bool:
        nonlocal seen
        epochs, seen = -(-k // plan.per_epoch) - seen, -(-k // plan.per_epoch)
        return watch.look(w, value, epochs)

    return minimize(
        objective,
        w,
        plan.optimizer,
        **step,
        batches=plan.batches,
        max_steps=plan.epochs * plan.per_epoch,
        gtol=0.0 if plan.batches is not None else (watch.tol or 1e-6),
        callback=look,
        callback_every=every * plan.per_epoch,
    )


def _write(result: Result, per_epoch: int, epochs: int, losses: list[float], rates: list[float]) -> None:
    """The mean loss and the last learning rate of the first epochs of a run."""
    for values, into, mean in ((result.history.values, losses, True), (result.history.step_sizes, rates, False)):
        for epoch in range(epochs):
            part: FloatArray = values[epoch * per_epoch : (epoch + 1) * per_epoch]
            if part.size:
                into.append(float(np.mean(part) if mean else part[-1]))
