"""The only descent loop: evaluate, report and decide, step, until the run has an ending.

Which way (an optimizer) and how far (a step) are two plain calls. Each part of the loop takes a `RunState` and gives
the next one; every array is fresh, so whatever a callback keeps stays as it was.
"""

from __future__ import annotations

import math
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np

from .._returned import array_like, returned_gradient
from ..objective.capabilities import improved_bound
from ..protocols import Array, Found, Objective
from .checkpoints import check_can_save, save
from .compiled import CompiledSteps
from .explanation import explain
from .goal_reached import ending_of, explained, passes_of, stalls, without_descent
from .last_batches import told_by_batches
from .line_searches.first_trial import Trial, is_finite, moved
from .line_searches.scored_trial import ScoredTrial
from .optimizers.capabilities import (
    evaluation_point,
    evaluations_of,
    final_answer,
    lower_bound,
    state_in_float64,
)
from .record import Evaluation, largest_element, progress_bar
from .result import Result, Status
from .run_state import UNEVALUATED, RunState, first_state
from .settings import Settings


def run_loop(settings: Settings, state: RunState | None = None) -> Result:
    """Descend on ``sign * objective``: from the start, or from the state in which a run was saved."""
    with quiet():
        settings, last = last_state(settings, state)
        try:
            return result_of(settings, last)
        except KeyboardInterrupt:  # between two of its lines: what it has done so far stands in the record
            return result_of(settings, last.ended(Status.INTERRUPTED))


def quiet() -> np.errstate:
    """Overflow and NaN are outcomes here (DIVERGED), so NumPy need not warn of them as well."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def last_state(settings: Settings, state: RunState | None = None) -> tuple[Settings, RunState]:
    """The state in which such a run ends, and the settings that it has by then."""
    if settings.checkpoint is not None:
        check_can_save(settings)
    compiled = CompiledSteps.of(settings)
    state = first_state(settings) if state is None else state
    is_new = state.k == 0
    total, unit = (
        (settings.max_steps, "step") if settings.goal is None else (math.ceil(settings.goal.max_passes), "pass")
    )
    with progress_bar(total, unit, settings.progress) as bar:
        try:
            if is_new:
                state = evaluate(settings, state, state)
                state = report_and_decide(settings, state, bar)
            while True:
                if settings.goal is not None and stalls(settings, state):
                    settings = settings.in_float64()
                    state = go_on_in_float64(settings, state)
                if state.ending is not None:
                    break
                taken = None if compiled is None else compiled.take(state)  # many steps at once, or one
                state = evaluate(settings, step(settings, state), state) if taken is None else taken
                state = report_and_decide(settings, state, bar)
        except KeyboardInterrupt:
            state = state.ended(Status.INTERRUPTED)
        return settings, state


# ---- evaluate ----


def evaluate(settings: Settings, state: RunState, last: RunState) -> RunState:
    """The state with the whole objective at its w, where it is asked for; the last one, DIVERGED, where not finite.

    The whole objective is evaluated after each step: its gradient is also the next step's. With batches the state
    keeps the evaluation of its last mini-batch.
    """
    if state.ending is not None:
        return state
    if not settings.evaluates_always and (settings.run_batches is not None or not is_due(settings, state.k)):
        return state
    here, record = state.evaluation, state.record
    if here is UNEVALUATED:
        state.evaluation = here = evaluate_whole(settings, state)
    if not (isfinite(here.value) and isfinite(here.norm)):
        return last.ended(Status.DIVERGED)
    record.add(state.k, here, state.w)
    if here.value < record.best[0]:
        record.keep_best(here.value, state.w)
    if settings.callback is not None and state.k > 0:
        record.unreported.append(here.value)
    return state


def evaluate_whole(settings: Settings, state: RunState) -> Evaluation:
    """The whole objective at w, with the scores where line searches keep them."""
    scored = settings.scored
    if scored is None or (state.k == 0 and scored.has_faster_pass):
        return state.record.evaluate(settings.minimised, state.w)
    return state.record.evaluate_scored(scored, state.w)


def is_due(settings: Settings, k: int) -> bool:
    """Whether the run is evaluated after k steps: the metrics too, and with batches the whole objective."""
    return settings.period is not None and k % settings.period == 0


# ---- report and decide ----


def report_and_decide(settings: Settings, state: RunState, bar: Any) -> RunState:
    """Tell whoever wants to know that k steps are finished, and end the run where that is enough."""
    k, ending = state.k, state.ending
    if ending is not None:
        return state
    if state.evaluation.norm <= settings.gtol and settings.run_batches is None and settings.goal is None:
        answer = final_answer(settings.bound_optimizer, state.w, state.optimizer_state)
        ending = Status.CONVERGED if answer is state.w else None  # of a mean, w says nothing
    if settings.period is not None and is_due(settings, k):
        ending = evaluate_answer(settings, state)
        if ending is Status.DIVERGED:
            return state.ended(ending)
    if settings.goal is not None and ending is None:
        ending = ending_of(settings, state)
    if bar is not None and k > 0:
        show(settings, state, bar)
    ends = ending is not None or k == settings.max_steps
    if settings.callback is not None and k > 0 and (ends or k % settings.callback_every == 0):
        values = state.record.unreported
        # Python's own sum rounds otherwise from 3.12 on.
        value = settings.sign * float(np.mean(values)) if values else math.nan
        values.clear()
        answer = settings.callback(k, sealed(state.w), value)
        if ending is None and (answer is True or answer is np.True_):
            ending = Status.STOPPED
    if ending is None and k == settings.max_steps:
        ending = Status.MAX_STEPS
    if settings.checkpoint is not None and k > 0 and (ending is not None or k % settings.checkpoint.every == 0):
        save(settings, state if ending is None else state.ended(ending))
    return state if ending is None else state.ended(ending)


def show(settings: Settings, state: RunState, bar: Any) -> None:
    """The progress bar at this state."""
    value, gap = state.evaluation.value, None if settings.goal is None else state.record.gap(state.evaluation.value)
    proven = "" if gap is None else f", gap {gap:.2g}"
    bar.set_postfix_str(f"value {settings.sign * value:.6g}{proven}", refresh=False)
    bar.update((state.k if settings.goal is None else math.floor(passes_of(state))) - bar.n)


def go_on_in_float64(settings: Settings, state: RunState) -> RunState:
    """The same weights, evaluated in float64 arithmetic: what narrower arithmetic could not tell apart, this can.

    The step has been reported already; the state is saved when the next one has been taken.
    """
    optimizer_state = state_in_float64(settings.bound_optimizer, settings.objective, state.w, state.optimizer_state)
    state.record.take_back()
    state = replace(state, optimizer_state=optimizer_state, evaluation=UNEVALUATED, ending=None)
    state = evaluate(settings, state, state)
    if state.ending is not None:
        return state
    if is_due(settings, state.k):
        state.record.add_evaluated(state.k, state.evaluation, state.w)
    ending = ending_of(settings, state)
    if ending is not None:
        state = state.ended(ending)
        if settings.checkpoint is not None:
            save(settings, state)
    return state


def evaluate_answer(settings: Settings, state: RunState) -> Status | None:
    """Evaluate the run at the weights that it would hand back now: the metrics are called, the best is kept."""
    answer = final_answer(settings.bound_optimizer, state.w, state.optimizer_state)
    is_known = settings.run_batches is None and answer is state.w
    there = state.evaluation if is_known else state.record.evaluate(settings.minimised, answer)
    state.record.add_evaluated(state.k, there, answer)
    if not there.is_finite():
        return Status.DIVERGED
    return Status.CONVERGED if is_enough(settings, state, there, answer) else None


def is_enough(settings: Settings, state: RunState, there: Evaluation, answer: Array) -> bool:
    """Whether the gradient is within gtol of zero, or the optimum proven to be within gap_tol of the value there."""
    if not there.is_finite():
        return False
    if settings.gap_tol is None:
        return there.norm <= settings.gtol
    record = state.record
    bound = lower_bound(settings.bound_optimizer, settings.objective, state.optimizer_state)
    if bound is None:
        bound, record.known = improved_bound(settings.objective, answer, there.value, record.known, there.gradient)
    record.keep_bound(bound)
    gap = record.gap(there.value)
    return there.norm <= settings.gtol or (gap is not None and gap <= settings.gap_tol)


# ---- step ----


def step(settings: Settings, state: RunState) -> RunState:
    """The state after the next step, to be evaluated; the same, ended, where there is none."""
    if settings.owns_step:
        return own_step(settings, state)
    k, w, here, record = state.k, state.w, state.evaluation, state.record
    objective = settings.minimised
    if settings.run_batches is not None:
        objective, here = evaluate_batch(settings, state, w)
        if not here.is_finite():
            return state.ended(Status.DIVERGED)
    # Which way?
    gradient = here.gradient if settings.clip is None else clipped(here.gradient, settings.clip)
    direction, optimizer_state = settings.direction(
        settings.minimised, objective, k, sealed(w), sealed(gradient), state.optimizer_state
    )
    direction = array_like(direction, w, "the optimizer")
    # How far?
    trial, rule = None, settings.step
    if rule.line_search is None:
        length = rule.rate_of(k)
    else:
        found, trial = search_line(settings, state, objective, here, direction)
        if not found.accepted and settings.run_batches is None:
            return replace(state, ending=Status.NO_DESCENT, direction=direction)
        length = float(found.step) if found.accepted else 0.0  # the next mini-batch may go on
    there = moved(w, length, direction)
    if not is_finite(there):
        return state.ended(Status.DIVERGED)
    stalls = rule.is_constant and here.value == state.previous_value and np.array_equal(there, w)
    if stalls and state.direction is not None and np.array_equal(direction, state.direction):
        return state.ended(Status.NO_DESCENT)
    record.step_sizes.append(length)
    if settings.run_batches is not None:
        return RunState(k + 1, there, optimizer_state, here, math.nan, direction, record)
    known = (trial.evaluation_at(length, there, k + 1) if trial is not None else None) or UNEVALUATED
    return RunState(k + 1, there, optimizer_state, known, here.value, direction, record)


def evaluate_batch(settings: Settings, state: RunState, point: Array) -> tuple[Objective, Evaluation]:
    """The mini-batch of the next step, evaluated before it."""
    objective, record = settings.batch(state.k), state.record
    here = record.evaluate(objective, point)
    if here.is_finite():
        record.add(state.k, here, state.w)
        if settings.callback is not None:
            record.unreported.append(here.value)
    return objective, here


def own_step(settings: Settings, state: RunState) -> RunState:
    """The state after a step that the optimizer owns, from a gradient at the point that it asks for."""
    k, w, here, record, optimizer = state.k, state.w, state.evaluation, state.record, settings.bound_optimizer
    point = evaluation_point(optimizer, w, state.optimizer_state)
    if settings.run_batches is not None:
        _, here = evaluate_batch(settings, state, point)
        if not here.is_finite():
            return state.ended(Status.DIVERGED)
        gradient = here.gradient
    elif point is w and here.is_finite():  # it has been evaluated there
        gradient = here.gradient
    else:
        gradient = record.gradient(settings.minimised, point)
    length = settings.step.rate_of(k)
    there, optimizer_state = optimizer.step(sealed(gradient), state.optimizer_state, sealed(w), length)
    there = returned_gradient(there, w, "the optimizer")
    if not is_finite(there):
        return state.ended(Status.DIVERGED)
    move = np.asarray(there - w)
    stalls = settings.step.is_constant and here.value == state.previous_value
    if stalls and state.direction is not None and not (move.any() or state.direction.any()):
        return state.ended(Status.NO_DESCENT)
    record.step_sizes.append(length)
    if settings.run_batches is not None:
        return RunState(k + 1, there, optimizer_state, here, math.nan, move, record)
    return RunState(k + 1, there, optimizer_state, UNEVALUATED, here.value, move, record)


def search_line(
    settings: Settings, state: RunState, objective: Objective, here: Evaluation, direction: Array
) -> tuple[Found, Trial | ScoredTrial | None]:
    """What the line search finds along the direction, and the ray, which may know the whole objective there."""
    if not direction.any():
        return Found(0.0, here.value, 0, accepted=False), None
    trial: Trial | ScoredTrial
    if settings.scored is not None and here.scores is not None:
        trial = ScoredTrial(settings.scored, here.scores, state.w, direction)
    else:
        trial = Trial(objective, state.w, direction, state.record.evaluate)
    slope = float(np.sum(np.multiply(here.gradient, direction, dtype=np.float64)))
    assert settings.step.line_search is not None
    found = settings.step.line_search.search(trial, here.value, slope)
    state.record.evaluations += found.evaluations - (trial.evaluation is not None)
    return found, trial


def clipped(gradient: Array, limit: float) -> Array:
    """The gradient, scaled down where its 2-norm is above the limit."""
    largest = largest_element(gradient)
    if largest == 0:
        return gradient
    scaled = gradient / largest  # so that no square overflows or vanishes
    norm = largest * math.sqrt(float(np.sum(np.square(scaled), dtype=np.float64)))
    return gradient if norm <= limit else gradient * (limit / norm)


def sealed(array: Array) -> Array:
    """The array itself, read-only from now on: the run goes on from it, so that nobody who gets it may change it."""
    array.flags.writeable = False
    return array


# ---- the end ----


def result_of(settings: Settings, state: RunState) -> Result:
    """Where the last finished step led; the whole objective is evaluated once more where it is not known there.

    Not after a Ctrl-C, which wants an answer at once: what is not known is NaN. Where it is never evaluated, the
    mini-batches of the last epoch say what is known.
    """
    k, w, there, record, status = state.k, state.w, state.evaluation, state.record, state.ending
    assert status is not None
    averaged = None
    answer = final_answer(settings.bound_optimizer, w, state.optimizer_state)
    try:
        if settings.never_evaluates:
            there, averaged, status = told_by_batches(settings, state, answer)
        elif record.evaluated and record.evaluated[-1].k == k:
            there = Evaluation(record.evaluated[-1].value, answer, record.evaluated[-1].norm)
        else:
            is_unknown = math.isnan(there.value) and (k > 0 or status is Status.DIVERGED)
            if settings.run_batches is not None or answer is not state.w or is_unknown:
                there = UNEVALUATED
                if status is not Status.INTERRUPTED:
                    there = record.evaluate(settings.minimised, answer)
                    record.keep_best(there.value, answer)
            if status is not Status.INTERRUPTED:
                record.add_evaluated(k, there, answer)
                ends = status in (Status.MAX_STEPS, Status.NO_DESCENT)
                if is_enough(settings, state, there, answer) and ends:
                    status = Status.CONVERGED
        if settings.goal is not None and status is Status.NO_DESCENT:
            status = without_descent(settings, state)
        gap = record.gap(there.value)
    except KeyboardInterrupt:
        status, gap = Status.INTERRUPTED, None
    if status is not Status.INTERRUPTED and not settings.never_evaluates and not there.is_finite():
        status = Status.DIVERGED
    explanation = "" if settings.goal is None else explained(settings, state, status, there.value, gap)
    explanation = explanation or explain(settings, state, status, there)
    best_value, best_w = record.best if record.best[1] is not None else (there.value, answer)
    return Result(
        w=_writeable(answer),
        value=settings.sign * there.value,
        gradient_norm=there.norm,
        status=status,
        steps=k,
        evaluations=record.evaluations + evaluations_of(state.optimizer_state),
        passes=record.passes(),
        seconds=record.elapsed(),
        history=record.history(before=k + 1 if settings.run_batches is None else k, steps=k, sign=settings.sign),
        best_w=_writeable(best_w),
        best_value=settings.sign * best_value,
        duality_gap=gap,
        explanation=explanation,
        method="" if settings.goal is None else settings.goal.method,
        averaged_batches=averaged,
    )


def _writeable(w: Array | None) -> Array:
    """The caller's own: w, or a copy of what a callback may have kept."""
    answer = np.asarray(w)
    return answer if answer.flags.writeable else answer.copy()
