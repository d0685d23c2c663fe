"""The state of a run between two steps: what a checkpoint writes, what `resume` reads, what the loop hands on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..protocols import Array
from .optimizers.capabilities import stationarity
from .record import Evaluation, Record
from .result import Status
from .settings import Settings

UNEVALUATED = Evaluation(math.nan, np.empty(0), math.nan)
"""In place of an evaluation that is still to come, or that nobody asked for."""


@dataclass(slots=True, eq=False)
class RunState:
    """A run after k finished steps.

    The loop replaces it as a whole once its evaluation is there: a Ctrl-C between any two lines leaves the last
    finished step. Batches and learning rates are functions of k alone, so that with the `Settings` this is all that
    there is to go on from. The record grows; it is told k when it becomes a history.
    """

    k: int
    w: Array
    optimizer_state: Any
    evaluation: Evaluation
    """The whole objective at w; with batches that of the last mini-batch, before its step."""
    previous_value: float
    """The objective one step before, without batches."""
    direction: Array | None
    """Of the last step."""
    record: Record
    extra_state: tuple[Array, ...] = ()
    """What the compiled steps keep besides w and the optimizer's state."""
    ending: Status | None = None
    """How the run ended; None as long as it goes on."""

    def ended(self, ending: Status) -> RunState:
        """The same, and the run is over."""
        return replace(self, ending=ending)


def new_record(settings: Settings) -> Record:
    """The record of a run before its first step."""
    own, rule = stationarity(settings.bound_optimizer), settings.step
    if own is None:
        return Record(settings.objective, settings.metrics, keeps_weights=settings.keep_weights)
    length = (rule.rate_of(0) if settings.max_steps > 0 else 0.0) or 1.0
    return Record(
        settings.objective, settings.metrics, lambda gradient, w: own(gradient, w, length), settings.keep_weights
    )


def first_state(settings: Settings) -> RunState:
    """A run before its first step."""
    w = settings.w0
    optimizer_state = settings.bound_optimizer.init(w)
    return RunState(0, w, optimizer_state, UNEVALUATED, math.nan, None, new_record(settings))
