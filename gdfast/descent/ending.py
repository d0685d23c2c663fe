"""How a run ends: where the last finished step led, as the whole objective sees it, and what is proven of it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..objective.capabilities import improved_bound
from ..protocols import Array, Objective
from .optimizers import evaluations_of, final_answer, lower_bound
from .record import Look, Record
from .result import Result, Status
from .settings import Settings


class Finished(NamedTuple):
    """The last finished step, set in one go: Ctrl-C may come between any two lines of the loop."""

    k: int
    w: Array
    state: Any
    look: Look


def result_of(run: Settings, whole: Objective, record: Record, finished: Finished, status: Status) -> Result:
    """The result; the whole objective is looked at once more where it is not known there."""
    k, w, state, there = finished
    answer = final_answer(run.optimizer, w, state)
    try:
        if record.evaluated and record.evaluated[-1].k == k:
            there = Look(record.evaluated[-1].value, answer, record.evaluated[-1].norm)
        else:
            is_unknown = math.isnan(there.value) and (k > 0 or status is Status.DIVERGED)
            if run.rows_of is not None or answer is not w or is_unknown:
                there = record.look(whole, answer)
                record.keep_best(there.value, answer)
            if status is not Status.INTERRUPTED:
                record.evaluate(k, there, answer)
                ends = status in (Status.MAX_STEPS, Status.NO_DESCENT)
                if is_enough(run, record, there, answer, state) and ends:
                    status = Status.CONVERGED
        gap = record.gap(there.value)
    except KeyboardInterrupt:
        status, gap = Status.INTERRUPTED, None
    if status is Status.MAX_STEPS and not there.is_finite():
        status = Status.DIVERGED
    best_value, best_w = record.best if record.best[1] is not None else (there.value, answer)
    return Result(
        w=np.asarray(answer),
        value=run.sign * there.value,
        gradient_norm=there.norm,
        status=status,
        steps=k,
        evaluations=record.evaluations + evaluations_of(state),
        passes=record.passes(),
        seconds=record.elapsed(),
        history=record.history(before=k + 1 if run.rows_of is None else k, steps=k, sign=run.sign),
        best_w=np.asarray(best_w),
        best_value=run.sign * best_value,
        duality_gap=gap,
    )


def is_enough(run: Settings, record: Record, look: Look, answer: Array, state: Any) -> bool:
    """Whether the gradient is within gtol of zero, or the optimum proven to be within gap_tol of what was seen."""
    if not look.is_finite():
        return False
    if run.gap_tol is None:
        return look.norm <= run.gtol
    bound = lower_bound(run.optimizer, run.objective, state)
    if bound is None:
        bound, record.known = improved_bound(run.objective, answer, look.value, record.known)
    record.keep_bound(bound)
    gap = record.gap(look.value)
    return look.norm <= run.gtol or (gap is not None and gap <= run.gap_tol)
