"""What is known at the end of a run that never evaluates the whole objective: the mean over its last mini-batches.

Each of them was seen before its own step. So that a divergence in the last step shows, the last one is seen once more.
"""

from __future__ import annotations

import math

import numpy as np

from ..protocols import Array
from .record import Evaluation
from .result import Status
from .run_state import RunState
from .settings import Settings


def told_by_batches(settings: Settings, state: RunState, answer: Array) -> tuple[Evaluation, int, Status]:
    """The mean over the last epoch's mini-batches, how many they are, and how the run ended.

    Where a mini-batch at the answer is infinite or NaN, that is the value, and the run has DIVERGED. A run without
    steps has seen none: the first one at w0 is its value.
    """
    status, record = state.ending, state.record
    assert settings.batches is not None
    assert status is not None
    values = record.last_values(state.k + 1, settings.batches.steps_per_epoch(settings.objective.n_samples))
    mean = Evaluation(float(np.mean(values)) if values.size else math.nan, answer, math.nan)
    if status in (Status.INTERRUPTED, Status.DIVERGED):
        return mean, values.size, status
    try:
        there = record.evaluate(settings.batch(max(0, state.k - 1)), answer)
    except KeyboardInterrupt:
        return mean, values.size, Status.INTERRUPTED
    if not there.is_finite():
        return there, 1, Status.DIVERGED
    return (mean, values.size, status) if values.size else (there, 1, status)
