"""A guarded run: divergence is detected at the ends of epochs, and the run restarts from its best weights.

Where a number ceases to be finite, or the loss climbs above twice what it was at the start, the run goes on from the
best weights it had, at a quarter of the learning rate. So finite data give finite weights. Early stopping and the
tolerance are decided here as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..descent.checkpoints import Checkpoint, Noted
from ..descent.minimize import continued, resume
from ..descent.optimizers.capabilities import proves_bounds, weight_like
from ..descent.result import Result, Status
from ..descent.settings import DEFAULT_STEP
from ..descent.solve import solve
from ..protocols import Array
from .recipe import Plan

ATTEMPTS = 60
EVALUATIONS = 10
"""So often at least a run is evaluated, where nobody wants to know of every epoch."""

GAP_EVERY = 5
"""So often a bound is proven where every step sees all rows: it costs two passes."""

BOUND_TOL = 1e-4
"""An optimizer that proves bounds as it goes has done enough where the gap is this share of the objective at first."""

WRITINGS = 50
"""So often at least a run is written to disk, where that is asked for."""

SOLVE_EVERY = 5
"""Steps between two writings of a run of `solve`, which takes a dozen steps or a thousand."""

_OF_ALL_ATTEMPTS = ("attempt", "epochs_before", "shrink", "losses", "rates", "passes")
_OF_THE_EPOCHS = (
    "scores", "best_scored", "settled", "stopped", "first", "least", "best_value", "best_w", "best_epoch", "epoch",
    "idle", "failed",
)  # fmt: skip


@dataclass(frozen=True)
class SavedRun:
    """Where a run is written to disk, some fifty times, at the ends of epochs; and the run there to go on with.

    `settings` is a text that comes back in what is written: it tells whether a run that is to go on is the same.
    """

    path: str
    settings: str
    noted: Noted | None = None

    def is_guarded(self) -> bool:
        """Whether what is there was written by a `GuardedRun`."""
        there = None if self.noted is None else self.noted.callback
        return isinstance(there, list) and len(there) == 4 and isinstance(there[0], str)

    def settings_there(self) -> str:
        """The text that was written with it."""
        return str(self.noted.callback[0]) if self.noted is not None else self.settings

    def is_finished(self) -> bool:
        """Whether the run has ended, and there is nothing to go on with."""
        if self.noted is None:
            return False
        facts = dict(zip(_OF_THE_EPOCHS, self.noted.callback[2], strict=True))
        ended = self.noted.k == self.noted.max_steps or self.noted.converged or facts["settled"] or facts["stopped"]
        return bool(ended and not facts["failed"])

    def checkpoint(self, plan: Plan) -> Checkpoint:
        """As `minimize` takes it."""
        every = SOLVE_EVERY if plan.proves is not None else plan.per_epoch * max(1, plan.epochs // WRITINGS)
        return Checkpoint(self.path, every)


@dataclass(eq=False)
class GuardedRun:
    """A run of a plan from w0: what is asked of it, what is known of it, and, after `run`, where it led.

    It is the callback of `minimize`, and what a checkpoint writes of the run besides the state of its descent. A plan
    that proves something is a run of `solve`, which needs no guard: its steps find their own lengths.

    Attributes
    ----------
    score : callable, optional
        ``score(w)`` on the held-out rows; the weights with the best are kept in `best_scored`.
    end_epoch : callable, optional
        ``end_epoch(epoch, w, loss, score)`` reports, and says whether to stop.
    tol, patience
        The run has `settled` when score (or loss, in units of its first) has not improved by `tol` from one of the
        plan's `ends` to the next (to the first: from half of the way); without ends, for `patience` epochs.
    gap_tol
        It has settled also where the optimum is proven to be within this.
    optimizer_state
        What another run left, to go on from (None: nothing), and what this one leaves.
    progress
        Of a run of `solve`: show a bar with the objective and the gap.
    w, value
        Where it led, and the objective there. (`last_w`: where it stands, of which w may be an average.)
    losses, rates, scores : one number per epoch
        Mean loss, last learning rate, held-out score.
    finished
        It was not given up.
    epochs
        How many were run, of those that count.
    result
        That of the last attempt; `passes` are those of all.
    """

    objective: Any
    w0: Array
    plan: Plan
    tol: float | None = None
    gap_tol: float | None = None
    patience: int = 1
    optimizer_state: Any = None
    score: Callable[[Array], float] | None = None
    end_epoch: Callable[[int, Array, float, float | None], bool] | None = None
    saved_run: SavedRun | None = None
    progress: bool = False

    attempt: int = 0
    epochs_before: int = 0
    shrink: float = 1.0
    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    passes: float = 0.0

    # Of the epochs so far: losses of this attempt (the first, the least), its best weights, epochs without improvement.
    scores: list[float] = field(default_factory=list)
    best_scored: tuple[float, Array | None] = (-math.inf, None)
    first: float = math.nan
    least: float = math.nan
    best_value: float = math.nan
    best_w: Array = field(init=False)
    best_epoch: int = 0
    epoch: int = 0
    idle: int = 0
    failed: bool = False
    settled: bool = False
    stopped: bool = False

    finished: bool = False
    w: Array = field(init=False)
    last_w: Array = field(init=False)
    value: float = field(init=False)
    result: Result = field(init=False)

    @property
    def epochs(self) -> int:
        """How many were run, without those that were taken back."""
        return (
            self.epochs_before + -(-self.result.steps // self.plan.per_epoch) if self.finished else self.epochs_before
        )

    def run(self) -> GuardedRun:
        """Run the plan, or go on with the run that is on the disk; KeyboardInterrupt after a Ctrl-C."""
        saved, noted = self.saved_run, None if self.saved_run is None else self.saved_run.noted
        self.w = self.w0
        if noted is None:
            self.value = self._value_at_start()
        else:
            self._restore(_OF_ALL_ATTEMPTS, noted.callback[1])
        lags = self.optimizer_state is not None and bool(weight_like(self.plan.optimizer))
        while self.attempt < ATTEMPTS:
            plan = self.plan
            if self.attempt > 0:
                plan = plan.from_epoch(self.epochs_before, self.shrink, self.attempt)
            if saved is not None and noted is not None:
                self.restore(noted.callback)
                is_over = self.failed or self.settled or self.stopped
                most = noted.k if is_over else None
                result = resume(saved.path, self.objective, callback=self, max_steps=most, progress=self.progress)
                noted = None
            else:
                self._begin_attempt()
                result = self._minimize(plan)
            self.result, passes = result, self.passes + (result.passes or 0.0)
            # An average of calls before (`partial_fit`) may be far behind the weights.
            is_sound = math.isfinite(result.value) and (lags or result.value <= 2 * self.first)
            failed = plan.proves is None and (self.failed or result.status is Status.DIVERGED or not is_sound)
            kept = self.best_epoch if failed else max(1, -(-result.steps // plan.per_epoch))
            self._record(result, plan.per_epoch, kept)
            if result.status is Status.INTERRUPTED:
                raise KeyboardInterrupt
            self.passes = passes
            if not failed:
                self.w, self.value, self.finished = result.w, result.value, True
                self.settled = self.settled or result.status in (Status.CONVERGED, Status.NO_DESCENT)
                return self
            del self.scores[len(self.losses) :]
            self.optimizer_state = None
            self.attempt, self.epochs_before, self.shrink = self.attempt + 1, self.epochs_before + kept, self.shrink / 4
            self.w, self.value = self.best_w, self.objective.value(self.best_w)
            if not self.plan.is_recipe or self.epochs_before == self.plan.epochs:
                break
        self.settled = False
        return self

    def __call__(self, k: int, w: Array, loss: float) -> bool:
        """An epoch, or some, have ended at w; their mean loss (NaN where it was not asked for). True to stop."""
        if math.isnan(loss) and self.plan.evaluate_every is not None:
            return False
        if self.plan.proves is None and (not math.isfinite(loss) or loss > 2 * self.first):
            self.failed = True
            return True
        self.epoch = -(-k // self.plan.per_epoch)
        if loss <= self.best_value:
            self.best_value, self.best_w, self.best_epoch = loss, w, self.epoch
        score = None if self.score is None else self.score(w)
        if self.tol is not None and self.plan.batches is not None:
            self._judge(loss, score, self.tol)
        if score is not None:
            self.scores.append(score)
            if score >= self.best_scored[0]:
                self.best_scored = (score, w)
        if self.end_epoch is not None:
            self.stopped = self.end_epoch(self.epochs_before + self.epoch, w, loss, score)
        return self.settled or self.stopped

    def saved(self) -> list[Any]:
        """What a checkpoint keeps of it."""
        settings = "" if self.saved_run is None else self.saved_run.settings
        parts = [[getattr(self, name) for name in names] for names in (_OF_ALL_ATTEMPTS, _OF_THE_EPOCHS)]
        return [settings, *parts, self.epoch]

    def restore(self, saved: list[Any]) -> None:
        """Go on from there."""
        self._restore(_OF_ALL_ATTEMPTS, saved[1])
        self._restore(_OF_THE_EPOCHS, saved[2])

    def _restore(self, names: tuple[str, ...], values: list[Any]) -> None:
        for name, value in zip(names, values, strict=True):
            setattr(self, name, value)

    def _value_at_start(self) -> float:
        if not self.w0.any():  # all scores are 0
            known = self.objective.loss.value_at_zero_scores(self.objective.n_classes)
            if known is not None:
                return float(known[0])
        return float(self.objective.value(self.w0))

    def _begin_attempt(self) -> None:
        """From w, where the objective is `value`."""
        self.first = self.best_value = self.value
        self.least = math.inf
        self.best_w, self.best_epoch, self.epoch, self.idle = self.w, 0, 0, 0
        self.failed = False

    def _minimize(self, plan: Plan) -> Result:
        checkpoint = None if self.saved_run is None else self.saved_run.checkpoint(plan)
        if plan.proves is not None:
            self.result = solve(
                self.objective, plan.proves, w0=self.w, max_passes=plan.epochs, callback=self, progress=self.progress,
                checkpoint=checkpoint,
            )  # fmt: skip
            self.last_w = self.result.w
            return self.result
        wants_every_epoch = self.score is not None or self.end_epoch is not None
        if self.tol is not None and plan.batches is not None:
            wants_every_epoch = True
        every = 1 if wants_every_epoch else plan.evaluate_every or max(1, plan.epochs // EVALUATIONS)
        evaluate_every, gap_tol = None if plan.evaluate_every is None else every, self.gap_tol
        if gap_tol is not None and evaluate_every is None:
            evaluate_every = plan.per_epoch if plan.batches is not None else GAP_EVERY
        elif gap_tol is None and proves_bounds(plan.optimizer):
            gap_tol = (BOUND_TOL if self.tol is None else self.tol) * self.first
        self.result, state = continued(
            self.optimizer_state,
            objective=self.objective,
            w0=self.w,
            optimizer=plan.optimizer,
            step=DEFAULT_STEP if plan.step is None else plan.step,
            batches=plan.batches,
            max_steps=plan.epochs * plan.per_epoch,
            gtol=plan.gtol,
            gap_tol=gap_tol,
            evaluate_every=evaluate_every,
            callback=self,
            callback_every=every * plan.per_epoch,
            checkpoint=checkpoint,
        )
        self.last_w, self.optimizer_state = state.w, state.optimizer_state
        return self.result

    def _judge(self, loss: float, score: float | None, tol: float) -> None:
        """Whether the run has settled: while the rate is large, a loss that stands still says nothing."""
        height = -score if score is not None else loss / self.first if self.first > 0 else 0.0
        gains, ends, epoch = height < self.least - tol, self.plan.ends, self.epochs_before + self.epoch
        if not ends:
            self.idle = 0 if gains else self.idle + 1
            self.settled = self.idle >= self.patience
            self.least = min(self.least, height)
        elif epoch in ends or epoch == ends[0] // 2:
            self.settled = epoch in ends and not gains
            self.least = height

    def _record(self, result: Result, per_epoch: int, epochs: int) -> None:
        """The mean loss and the last learning rate of the first epochs of an attempt."""
        values, rates = result.history.values, result.history.step_sizes
        if self.plan.proves is not None:  # a closed form is one step: what it led to is what counts
            self.losses += (values[1:] if len(values) > 1 else values).tolist()
            self.rates += rates.tolist()
            return
        for start in range(0, epochs * per_epoch, per_epoch):
            if values[start : start + per_epoch].size:
                self.losses.append(float(np.mean(values[start : start + per_epoch])))
            if rates[start : start + per_epoch].size:
                self.rates.append(float(rates[start : start + per_epoch][-1]))
