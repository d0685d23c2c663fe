"""minimize and maximize: the only descent loop.

Which way (an optimizer) and how far (a step) are two arguments, two plain calls in one visible loop.
The state of a run is (w, the optimizer's state, the number of finished steps); batches and learning
rates are pure functions of that number. Every array is fresh, so whatever a callback keeps stays as
it was.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ..objective.function import returned_gradient
from ..objective.mini_batches import MiniBatches
from ..objective.negated import Negated
from ..protocols import Array, Found, LineSearch, Objective, Optimizer
from .checkpoints import Checkpoint, Saved, check_can_save, save
from .compiled import CompiledRoad
from .ending import Finished, is_enough, result_of
from .line_searches.first_trial import Trial, is_finite, moved
from .optimizers import GradientDescent, descent_direction, final_answer
from .progress import progress_bar
from .record import Look, Record, largest_element
from .result import History, Result, Status
from .settings import DEFAULT_STEP, Callback, Metrics, Settings, checked_settings
from .step_sizes import Step

__all__ = ["History", "Result", "Status", "maximize", "minimize"]


def minimize(
    objective: Objective,
    w0: Any,
    optimizer: Optimizer[Any] = GradientDescent(),  # noqa: B008 (frozen)
    step: Step = DEFAULT_STEP,
    *,
    batches: MiniBatches | None = None,
    max_steps: int | None = None,
    epochs: int | None = None,
    gtol: float = 1e-6,
    gap_tol: float | None = None,
    evaluate_every: int | None = None,
    metrics: Metrics | None = None,
    callback: Callback | None = None,
    callback_every: int = 1,
    clip: float | None = None,
    progress: bool = False,
    checkpoint: Checkpoint | None = None,
) -> Result:
    """Follow an optimizer downhill: ``w_(k+1) = w_k + step_k * direction_k``.

    Parameters
    ----------
    objective : Objective
        Anything with `value`, `gradient` and `value_and_gradient`.
    w0 : float array of any shape
        Where to start; never changed. A float32 run stays float32.
    optimizer : Optimizer
        Which way; `GradientDescent()` is straight downhill.
    step : float, "auto", sequence, callable or line search
        How far, as a length along the direction (PyTorch's ``lr``): a number > 0; "auto", which is
        `gdfast.suggest_step(objective)` and suits `GradientDescent`; numbers a_1..a_K > 0,
        at least max_steps of them; a schedule ``k -> rate >= 0`` for k = 0, 1, ...; or an object with
        ``search(ray, value, slope) -> Found``.
    batches : MiniBatches, optional
        Step k sees ``objective.rows(batches.rows(n_samples, k))`` only. None: the whole objective.
    max_steps : int, optional
        Most steps to take: 1000 unless `epochs` is given.
    epochs : int, optional
        The same as so many times ``batches.steps_per_epoch(n_samples)`` steps (without batches one step
        is one epoch).
    gtol : float
        The run has CONVERGED where no element of the whole objective's gradient is larger. >= 0.
    gap_tol : float, optional
        The run has CONVERGED also where the optimum is PROVEN to be within this distance: by the objective's
        `duality_gap`, or by the bound that the optimizer keeps. Looked at when the run is evaluated. >= 0.
    evaluate_every : int, optional
        The run is evaluated at steps 0, evaluate_every, 2 * evaluate_every, ... and at the end (None: only
        there): the metrics are called and, with batches, the whole objective is computed, which is when
        gtol and the best weights are looked at. Without batches these two are looked at after every step (of
        `DualCoordinateAscent`, which needs no look: only then, where `evaluate_every` is given).
    metrics : dict of name -> callable, optional
        Numbers ``f(w)`` for ``result.history.metrics``.
    callback : callable, optional
        ``callback(k, w, value)`` after each step: k finished steps, the weights after them, the objective
        there (with batches: that of the mini-batch, before the step). It may keep w. Returning True stops.
    callback_every : int
        Call it after every so many steps, and after the last one. The value is then the mean over the steps since the
        call before (those after which the run looked; NaN where it looked at none). Many steps in between may be one
        compiled call. >= 1.
    clip : float, optional
        A gradient with a larger 2-norm is scaled down to it before the optimizer sees it. > 0.
    progress : bool
        Show a progress bar (tqdm).
    checkpoint : Checkpoint, optional
        Write the run to disk every so many steps; `gdfast.resume` goes on from there, to the same bits. Then
        optimizer, step and batches must be gdfast's own objects, arrays or numbers.

    Returns
    -------
    Result
        How it ended (`status`), where, and the way there. How a run ends is data: DIVERGED, NO_DESCENT and
        Ctrl-C return a result too; ``result.require()`` raises unless it converged.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong kind, shape or range (w0 must be finite), a schedule returns nonsense at
        step k, or the objective returns something else than one number and a gradient like w.

    Notes
    -----
    Cost without batches: one value and gradient per step, and one at w0. Between steps the driver costs
    two sweeps over w. NO_DESCENT with a constant step means that w, the direction and the value did not
    change in a whole step: rounding has eaten it, and no later step differs.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> result = gd.minimize(bowl, [3.0, -4.0], step=0.1, max_steps=10)
    >>> result.w.round(6), round(result.value, 6), result.status.name
    (array([ 0.322123, -0.429497]), 0.28823, 'MAX_STEPS')
    """
    return descend(
        checked_settings(
            objective,
            w0,
            optimizer,
            step,
            sign=1.0,
            batches=batches,
            max_steps=max_steps,
            epochs=epochs,
            gtol=gtol,
            gap_tol=gap_tol,
            evaluate_every=evaluate_every,
            metrics=metrics,
            callback=callback,
            callback_every=callback_every,
            clip=clip,
            progress=progress,
            checkpoint=checkpoint,
        )
    )


def maximize(
    objective: Objective,
    w0: Any,
    optimizer: Optimizer[Any] = GradientDescent(),  # noqa: B008 (frozen)
    step: Step = DEFAULT_STEP,
    *,
    batches: MiniBatches | None = None,
    max_steps: int | None = None,
    epochs: int | None = None,
    gtol: float = 1e-6,
    gap_tol: float | None = None,
    evaluate_every: int | None = None,
    metrics: Metrics | None = None,
    callback: Callback | None = None,
    callback_every: int = 1,
    clip: float | None = None,
    progress: bool = False,
    checkpoint: Checkpoint | None = None,
) -> Result:
    """Gradient ascent: `minimize` on ``-L``, told in terms of L.

    Parameters, Raises and Notes are those of `minimize`. The value, the history, the callback's value and the best
    weights (those with the largest value) are of the objective itself.

    Returns
    -------
    Result

    Examples
    --------
    >>> import gdfast as gd
    >>> hill = gd.FunctionObjective(lambda w: 5.0 - float(w @ w), lambda w: -2 * w)
    >>> result = gd.maximize(hill, [3.0, -4.0])
    >>> round(result.value, 6), result.status.name
    (5.0, 'CONVERGED')
    """
    return descend(
        checked_settings(
            objective,
            w0,
            optimizer,
            step,
            sign=-1.0,
            batches=batches,
            max_steps=max_steps,
            epochs=epochs,
            gtol=gtol,
            gap_tol=gap_tol,
            evaluate_every=evaluate_every,
            metrics=metrics,
            callback=callback,
            callback_every=callback_every,
            clip=clip,
            progress=progress,
            checkpoint=checkpoint,
        )
    )


def descend(run: Settings, saved: Saved | None = None) -> Result:
    """Go down on ``sign * objective``: from the start, or from where a run was saved."""
    if run.checkpoint is not None:
        check_can_save(run)
    whole = run.objective if run.sign > 0 else Negated(run.objective)
    optimizer, (_, rate_of, line_search, step_is_constant), rows_of = run.optimizer, run.step, run.rows_of
    record = Record(run.objective, run.metrics)
    k, w, part, status = 0, run.w0, whole, Status.MAX_STEPS
    state = optimizer.init(w)
    here = before = Look(math.nan, w, math.nan)
    known: Look | None = None  # the whole objective at w, where a line search has been there
    direction: Any = None
    compiled, plain_until = CompiledRoad.of(run), 0
    if saved is not None:
        k, w, state, here, direction = saved.k, saved.w, saved.state, saved.here, saved.direction
        before = here._replace(value=saved.before)
        record.restore(saved.arrays, saved.facts)
        if compiled is not None:
            compiled.go_on(w, saved.hidden)
    finished = Finished(k, w, state, here)
    seen: list[float] = []  # values since the last callback
    if saved is not None and saved.seen is not None:
        seen = saved.seen.tolist()

    # Overflow and NaN are outcomes here (DIVERGED), so NumPy need not warn of them as well.
    quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
    with quiet, progress_bar(run.max_steps, "step", run.progress) as bar:
        try:
            while True:
                # The whole objective is looked at after each step: its gradient is also the next step's.
                ending = None if saved is None or k != saved.k else saved.ending
                if saved is None or k != saved.k:  # otherwise all this was done before the run was saved
                    is_due = run.evaluate_every is not None and k % run.evaluate_every == 0
                    looks = rows_of is None and (is_due or run.looks_always)
                    if rows_of is None:
                        before, here = here, (known or record.look(whole, w)) if looks else Look(math.nan, w, math.nan)
                    if looks:
                        if not here.is_finite():
                            status = Status.DIVERGED
                            break
                        record.add(k, here)
                        record.keep_best(here.value, w)
                    finished = Finished(k, w, state, here)

                    # k steps are finished. Who wants to know? Is it enough? (Of a mean, w says nothing.)
                    if looks and here.norm <= run.gtol and final_answer(optimizer, w, state) is w:
                        ending = Status.CONVERGED
                    if is_due:
                        answer = final_answer(optimizer, w, state)
                        look = here if looks and answer is w else record.look(whole, answer)
                        record.evaluate(k, look, answer)
                        if not look.is_finite():
                            status = Status.DIVERGED
                            break
                        ending = Status.CONVERGED if is_enough(run, record, look, answer, state) else None
                    if bar is not None and k > 0:
                        bar.set_postfix_str(f"value {run.sign * here.value:.6g}", refresh=False)
                        bar.update(k - bar.n)
                    if run.callback is not None and k > 0:
                        if looks:
                            seen.append(here.value)
                        if k % run.callback_every == 0 or k == run.max_steps or ending is not None:
                            value, seen = run.sign * sum(seen) / len(seen) if seen else math.nan, []
                            if _is_true(run.callback(k, w, value)) and ending is None:
                                ending = Status.STOPPED
                    if (
                        run.checkpoint is not None
                        and k > 0
                        and (ending is not None or k == run.max_steps or k % run.checkpoint.every == 0)
                    ):
                        hidden = () if compiled is None else compiled.hidden(w)
                        save(run, k, w, state, here, before.value, direction, hidden, ending, record, seen)
                if ending is not None:
                    status = ending
                    break
                if k == run.max_steps:
                    break

                # Many stochastic steps in one call, up to where somebody wants to know, or to where a number ceases to
                # be finite: the plain loop takes the next step, and sees.
                if compiled is not None and k >= plain_until:
                    n = _steps_until_asked(run, k)
                    segment = compiled.take(k, n, w, state)
                    if segment is not None:
                        record.add_segment(k, segment.values, segment.rates)
                        if run.callback is not None:
                            seen.extend(segment.values.tolist())
                        k, w, state = k + len(segment.values), segment.w, segment.state
                        here = Look(float(segment.values[-1]) if len(segment.values) else math.nan, w, math.nan)
                        finished = Finished(k, w, state, here)
                        if segment.interrupted:
                            status = Status.INTERRUPTED
                            break
                        continue
                    plain_until = k + n

                # A mini-batch is looked at before its step.
                if rows_of is not None:
                    part = whole.rows(rows_of(k))
                    here = record.look(part, w)
                    if not here.is_finite():
                        status = Status.DIVERGED
                        break
                    record.add(k, here)
                    if run.callback is not None:
                        seen.append(here.value)

                # Which way?
                last_direction = direction
                gradient = here.gradient if run.clip is None else _clipped(here.gradient, run.clip)
                direction, state = descent_direction(optimizer, whole, part, k, w, gradient, state)
                direction = returned_gradient(direction, w, "the optimizer")

                # How far?
                known = None
                if line_search is None:
                    length = rate_of(k)
                else:
                    trial = Trial(part, w, direction, partial(record.look, part))
                    found = _searched(line_search, trial, direction, here)
                    record.evaluations += found.evaluations - (trial.look is not None)
                    if not found.accepted and rows_of is None:
                        status = Status.NO_DESCENT
                        break
                    length = float(found.step) if found.accepted else 0.0  # the next mini-batch may go on
                    known = trial.look_at(length) if rows_of is None else None

                there = moved(w, length, direction)
                if not is_finite(there):
                    status = Status.DIVERGED
                    break
                stalls = step_is_constant and here.value == before.value
                if stalls and _same(there, w) and _same(direction, last_direction):
                    status = Status.NO_DESCENT
                    break
                record.step_sizes.append(length)
                w = there
                k += 1
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
        return result_of(run, whole, record, finished, status)


def _steps_until_asked(run: Settings, k: int) -> int:
    """How many steps may be taken from step k on before somebody looks."""
    n = run.max_steps - k
    if run.progress:
        n = min(n, max(1, run.max_steps // 100))
    for every in (
        run.evaluate_every,
        run.checkpoint.every if run.checkpoint is not None else None,
        run.callback_every if run.callback is not None else None,
    ):
        if every is not None:
            n = min(n, every - k % every)
    return n


def _searched(line_search: LineSearch, trial: Trial, direction: Array, here: Look) -> Found:
    """What the line search finds along the direction; nothing where there is none."""
    if not direction.any():
        return Found(0.0, here.value, 0, accepted=False)
    slope = float(np.sum(np.multiply(here.gradient, direction, dtype=np.float64)))
    return line_search.search(trial, here.value, slope)


def _clipped(gradient: Array, limit: float) -> Array:
    """The gradient, scaled down where its 2-norm is above the limit."""
    largest = largest_element(gradient)
    if largest == 0:
        return gradient
    scaled = gradient / largest  # so that no square overflows or vanishes
    norm = largest * math.sqrt(float(np.sum(np.square(scaled), dtype=np.float64)))
    return gradient if norm <= limit else gradient * (limit / norm)


def _same(a: Any, b: Any) -> bool:
    return a is not None and b is not None and np.array_equal(a, b)


def _is_true(answer: Any) -> bool:
    return answer is True or answer is np.True_
