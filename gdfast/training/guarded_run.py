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

from ..descent.checkpoints import Checkpoint, Noted
from ..descent.minimize import minimize
from ..descent.result import Result, Status
from ..descent.resume import resume
from ..protocols import Array, FloatArray
from .recipe import Plan

ATTEMPTS = 60
LOOKS = 20
"""So often at least a run is looked at, where nobody wants to see every epoch."""

WRITINGS = 50
"""So often at least a run is written to disk, where that is asked for."""


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

    def is_over(self) -> bool:
        """Whether the last look said to stop."""
        return self.failed or self.settled or self.stopped

    def saved(self) -> list[Any]:
        """What was seen, for `restore`."""
        return [getattr(self, name) for name in _SEEN]

    def restore(self, saved: list[Any]) -> None:
        """Go on from there."""
        for name, value in zip(_SEEN, saved, strict=True):
            setattr(self, name, value)

    def _improves(self, loss: float, score: float | None, tol: float) -> bool:
        if score is not None:
            return score > self.best_scored[0] + tol
        is_better = loss < self.least - tol * self.first
        self.least = min(self.least, loss)
        return is_better


_SEEN = (
    "scores", "best_scored", "settled", "stopped", "first", "least", "best_value", "best_w", "best_epoch", "epoch",
    "idle", "failed",
)  # fmt: skip


@dataclass(frozen=True)
class Keep:
    """Where a run is written to disk, some fifty times, at the ends of epochs; and the run there to go on with.

    `settings` is a text that comes back in what is written: whoever goes on can see whether the run is the same.
    """

    path: str
    settings: str
    noted: Noted | None = None

    def is_of_the_recipe(self) -> bool:
        """Whether what is there was written by `train`."""
        there = None if self.noted is None else self.noted.callback
        return isinstance(there, list) and len(there) == 4 and isinstance(there[0], str)

    def settings_there(self) -> str:
        """The text that was written with it."""
        return str(self.noted.callback[0]) if self.noted is not None else self.settings

    def is_finished(self) -> bool:
        """Whether the run has ended, and there is nothing to go on with."""
        if self.noted is None:
            return False
        seen = dict(zip(_SEEN, self.noted.callback[2], strict=True))
        ended = self.noted.k == self.noted.max_steps or self.noted.converged or seen["settled"] or seen["stopped"]
        return bool(ended and not seen["failed"])

    def checkpoint(self, plan: Plan) -> Checkpoint:
        """As `minimize` takes it."""
        return Checkpoint(self.path, plan.per_epoch * max(1, plan.epochs // WRITINGS))


@dataclass
class Course:
    """How far the attempts have come: which one it is, after how many epochs, and the course of the earlier ones."""

    attempt: int = 0
    done: int = 0
    shrink: float = 1.0
    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    passes: float = 0.0

    def saved(self) -> list[Any]:
        """For ``Course(*saved)``."""
        return [self.attempt, self.done, self.shrink, self.losses, self.rates, self.passes]


class Follower:
    """The callback of one attempt: it tells the watch of each epoch, and is written down with the run."""

    def __init__(self, watch: Watch, course: Course, per_epoch: int, settings: str) -> None:
        self.watch, self.course, self.per_epoch, self.settings = watch, course, per_epoch, settings
        self.seen = 0

    def __call__(self, k: int, w: Array, value: float) -> bool:
        epochs, self.seen = -(-k // self.per_epoch) - self.seen, -(-k // self.per_epoch)
        return self.watch.look(w, value, epochs)

    def saved(self) -> list[Any]:
        """All that a run needs to go on, besides its own state."""
        return [self.settings, self.course.saved(), self.watch.saved(), self.seen]

    def restore(self, saved: list[Any]) -> None:
        """Go on from there."""
        self.watch.restore(saved[2])
        self.seen = saved[3]


@dataclass(frozen=True)
class Outcome:
    """Where a run led: weights, the objective there, and each epoch's mean loss and last learning rate.

    `finished`: it was not given up. `settled`: it ended because nothing improved any more. `passes` over the data, and
    `last`, the run of the last attempt, are those of `minimize`.
    """

    w: Array
    value: float
    losses: list[float]
    rates: list[float]
    finished: bool
    settled: bool
    passes: float
    last: Result


def train(objective: Any, w0: Array, plan: Plan, watch: Watch, keep: Keep | None = None) -> Outcome:
    """Run the plan from w0, or go on with the run that is on the disk."""
    noted = None if keep is None else keep.noted
    course = Course() if noted is None else Course(*noted.callback[1])
    w, value = w0, math.nan
    if noted is None:
        value = _value_at_start(objective, w0)
    while course.attempt < ATTEMPTS:
        part = plan.from_epoch(course.done, course.shrink, course.attempt)
        follower = Follower(watch, course, part.per_epoch, "" if keep is None else keep.settings)
        if keep is not None and noted is not None:
            watch.restore(noted.callback[2])
            ends_at = noted.k if watch.is_over() else None
            result, noted = resume(keep.path, objective, callback=follower, max_steps=ends_at), None
        else:
            watch.begin(w, value)
            result = _run(objective, w, part, follower, keep)
        passes = course.passes + (result.passes or 0.0)
        is_sound = math.isfinite(result.value) and result.value <= 2 * watch.first
        failed = watch.failed or result.status is Status.DIVERGED or not is_sound
        kept = watch.best_epoch if failed else -(-result.steps // part.per_epoch)
        _write(result, part.per_epoch, kept, course.losses, course.rates)
        if result.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        if not failed:
            settled = watch.settled or result.status in (Status.CONVERGED, Status.NO_DESCENT)
            return Outcome(result.w, result.value, course.losses, course.rates, True, settled, passes, result)
        del watch.scores[len(course.losses) :]
        w, done = watch.best_w, course.done + kept
        course = Course(course.attempt + 1, done, course.shrink / 4, course.losses, course.rates, passes)
        value = objective.value(w)
        if plan.rates is None or done == plan.epochs:
            break
    return Outcome(w, value, course.losses, course.rates, False, False, course.passes, result)


def _value_at_start(objective: Any, w0: Array) -> float:
    if objective.loss.classifies and not w0.any():  # all scores are 0
        return float(objective.loss.value(np.zeros((1, objective.n_classes)), np.zeros(1, dtype=np.int64)))
    return float(objective.value(w0))


def _run(objective: Any, w: Array, plan: Plan, follower: Follower, keep: Keep | None) -> Result:
    step: dict[str, Any] = {} if plan.step() is None else {"step": plan.step()}
    every = 1 if follower.watch.every_epoch() else max(1, plan.epochs // LOOKS)
    return minimize(
        objective,
        w,
        plan.optimizer,
        **step,
        batches=plan.batches,
        max_steps=plan.epochs * plan.per_epoch,
        gtol=0.0 if plan.batches is not None else (follower.watch.tol or 1e-6),
        callback=follower,
        callback_every=every * plan.per_epoch,
        checkpoint=None if keep is None else keep.checkpoint(plan),
    )


def _write(result: Result, per_epoch: int, epochs: int, losses: list[float], rates: list[float]) -> None:
    """The mean loss and the last learning rate of the first epochs of a run."""
    for values, into, mean in ((result.history.values, losses, True), (result.history.step_sizes, rates, False)):
        for epoch in range(epochs):
            part: FloatArray = values[epoch * per_epoch : (epoch + 1) * per_epoch]
            if part.size:
                into.append(float(np.mean(part) if mean else part[-1]))
