"""Why a run ended as it did, in one sentence with a remedy: what its values, its last gradient and its steps tell."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..describe import counted
from ..protocols import Array, FloatArray
from .optimizers.capabilities import proves_bounds, sets_own_step
from .record import Evaluation, Record
from .result import Status
from .run_state import RunState
from .settings import Settings

FALLING = 0.01
"""Of the whole fall, or of the value: a run that gains as much in its second half is still falling."""
BARELY = 0.01
"""Of the value: a run that changes it by less has barely moved, where the gradient is the same too."""
SAME_GRADIENT = 0.05
FLAT = 1e-9
"""Of the value: what changes by less does not change."""
SHRUNK = 1e-3
"""Of the largest step: a schedule that ends below it has left the run standing."""


class Words(NamedTuple):
    """How the objective and its changes are told: of a minimum that is sought, or of a maximum."""

    loss: str
    fell: str
    falling: str
    rose: str
    falls: str
    lower: str
    lowest: str
    uphill: str
    descends: str


DOWN = Words("loss", "fell", "falling", "rose", "falls", "lower", "lowest", "uphill", "descends")
UP = Words("objective", "rose", "rising", "fell", "rises", "higher", "highest", "downhill", "ascends")


class Trend(NamedTuple):
    """The values of a run in their order (those that are minimised), after so many steps; what of them is noise."""

    steps: Array
    values: FloatArray
    noise: float
    means: str
    """What the values are, where they are not the objective itself."""
    sign: float

    def told(self, value: float) -> str:
        """A value of what is minimised as one of the objective, with digits enough to see the change of the run."""
        first, last = float(self.values[0]), float(self.values[-1])
        change, digits = abs(first - last), 6
        if 0 < change < math.inf:
            digits = min(17, max(digits, 2 + math.ceil(math.log10(max(abs(first), abs(last)) / change))))
        return f"{self.sign * value:.{digits}g}"


def explain(settings: Settings, state: RunState, status: Status, there: Evaluation) -> str:
    """The sentence of a run that ends so; `there` is the whole objective at the end, NaN where it is not known."""
    sentence = _explained(settings, state, status, there)
    if settings.never_evaluates and not math.isnan(there.value):
        sentence += (
            ' The whole objective was not computed (evaluate_every="never"): value is the mean of the last epoch\'s '
            "mini-batches, each before its step."
        )
    return sentence


def _explained(settings: Settings, state: RunState, status: Status, there: Evaluation) -> str:
    words = DOWN if settings.sign > 0 else UP
    if status is Status.MAX_STEPS:
        return f"All steps were taken, {_of_all_steps(settings, state, there, words)}"
    if status is Status.DIVERGED:
        return _of_divergence(settings, state, words)
    if status is Status.NO_DESCENT and settings.step.line_search is not None and state.direction is not None:
        return _of_failed_search(settings, state, words)
    if status is Status.CONVERGED and state.k == 0 and there.norm <= settings.gtol:
        extra = " (as it is at every critical point, whether minimum, maximum or saddle)" if there.norm == 0 else ""
        return f"Converged at w0: every element of the gradient is within gtol of zero there{extra}; no step was taken."
    if status is Status.INTERRUPTED and math.isnan(there.value):
        return (
            f"{status.value} The objective is not known there (that would take another pass over the data): value and "
            "gradient_norm are NaN, best_w is the best that is known."
        )
    return str(status.value)


def _of_all_steps(settings: Settings, state: RunState, there: Evaluation, words: Words) -> str:
    if state.k == 0:
        known = "value is that of the first mini-batch at w0" if settings.never_evaluates else ""
        return f"of which there are none (max_steps is 0): {known or 'value and gradient are those at w0'}."
    trend, loss = _trend(settings, state.record, state.k, there), words.loss
    if trend is None:
        return "too few of them to tell how the mini-batches' loss changes: allow more steps."
    steps, v, noise, means, _ = trend
    told = trend.told
    first, last, best = float(v[0]), float(v[-1]), float(v.min())
    half, size = max(1, len(v) // 2), max(abs(first), abs(last))
    late, before = v[half:], float(v[:half].min())
    gained, flat = before - float(late.min()), FLAT * size
    from_to, overshoots = f"from {told(first)} to {told(last)}{means}", _leads_past(settings, state)
    if last - first > max(noise, flat) or last > 2 * abs(first) + flat:
        if _contradicts(settings, state, v):
            return (
                f"and the {loss} {words.rose} {from_to}, although the gradient says at each step that it "
                f"{words.falls}: check the gradient (gdfast.check_gradient), its sign first."
            )
        return f"and the {loss} {words.rose} {from_to}: {_too_large(settings)}"
    above = float(v[-max(1, len(v) // 4) :].min()) - best
    climbs = settings.run_batches is None and len(late) > 2 and bool(np.mean(np.diff(late) > 0) > 0.8)
    if above > max(noise, flat) and (climbs or above > 0.1 * (first - best)):
        return (
            f"and the {loss} {words.fell} from {told(first)} to {told(best)} (after "
            f"{counted(int(steps[int(v.argmin())]), 'step')}) and {words.rose} again, to {told(last)}{means}: "
            f"{_too_large(settings)}"
        )
    is_flat = float(np.ptp(late)) <= flat and (len(late) > 1 or abs(last - before) <= flat)
    if is_flat and overshoots:
        return (
            f"but the {loss} is stuck at {told(last)}: each step leads past the {words.lowest} point of its direction, "
            f"to the other side: {_too_large(settings)}"
        )
    norms = _norms(settings, state, there, len(v))
    is_same = norms is None or abs(norms[-1] - norms[0]) <= SAME_GRADIENT * max(norms[0], norms[-1])
    if abs(first - last) <= BARELY * size and is_same and not overshoots:
        return f"and the {loss} has barely moved, {from_to}: {_too_small(settings, state)}"
    settles = norms is not None and norms[-1] < 0.7 * norms[half - 1]
    rounding = 16 * float(np.finfo(state.w.dtype).eps) * size
    if gained > max(noise, rounding) and (settles or gained > FALLING * min(first - best, abs(before))):
        return f"and the {loss} was still {words.falling}, {from_to}: {_more(settings, state, overshoots)}"
    return _of_standstill(settings, state, trend, words, overshoots)


def _of_standstill(settings: Settings, state: RunState, trend: Trend, words: Words, overshoots: bool) -> str:
    """Of a run that has moved, and falls no more."""
    steps, v, _, means, sign = trend
    told = trend.told
    half = max(1, len(v) // 2)
    late, before, last, loss = v[half:], float(v[:half].min()), float(v[-1]), words.loss
    if settings.run_batches is not None:
        return (
            f"and the {loss} no longer {words.falls} by more than its noise: it was {told(before)} and is "
            f"{told(last)}{means}. To come nearer, let the step decrease (a schedule), take larger mini-batches, or "
            "LBFGS on all samples."
        )
    if settings.step.line_search is None and (overshoots or (np.diff(late) > 0).sum() >= 0.2 * len(late)):
        ends = sorted((float(late.min()), float(late.max())), key=lambda value: sign * value)
        return (
            f"but the {loss} no longer {words.falls}: it goes up and down between {told(ends[0])} and "
            f"{told(ends[1])}: {_too_large(settings)}"
        )
    return (
        f"and the {loss} has nearly stopped {words.falling} (it was {told(before)} and is {told(last)} after "
        f"{counted(int(steps[-1] - steps[half - 1]), 'more step')}) though its gradient is not yet within gtol: "
        f"{_more_at_the_end(state)}"
    )


def _norms(settings: Settings, state: RunState, there: Evaluation, size: int) -> FloatArray | None:
    """The largest elements of the gradients at the values of the run; None where they are not known."""
    norms = np.array(state.record.norms[: len(state.record.seconds)])
    if norms.size == size - 1:
        norms = np.append(norms, there.norm)
    return norms if settings.run_batches is None and norms.size == size and np.isfinite(norms).all() else None


def _trend(settings: Settings, record: Record, k: int, there: Evaluation) -> Trend | None:
    """The whole objective where it is known at the start and at the end, otherwise the mini-batches'."""
    if settings.run_batches is None:
        n = len(record.seconds)
        steps, values = np.array(record.steps[:n]), np.array(record.values[:n])
    else:
        steps, values = np.array([e.k for e in record.evaluated]), np.array([e.value for e in record.evaluated])
        if not steps.size or steps[0] != 0:
            return _trend_of_batches(settings, record, k)
    if steps.size and steps[-1] != k and math.isfinite(there.value):
        steps, values = np.append(steps, k), np.append(values, there.value)
    return Trend(steps, values, 0.0, "", settings.sign) if len(steps) > 1 else None


def _trend_of_batches(settings: Settings, record: Record, k: int) -> Trend | None:
    """The mini-batches' means over the first twentieth and over each quarter."""
    values = np.array(record.values[:k])
    if len(values) < 8:
        return None
    start, quarters = values[: max(1, k // 20)], np.array_split(values, 4)
    spread = math.sqrt(float(np.mean([part.var() for part in quarters[2:]])) * 2 / len(quarters[3]))
    ends = np.cumsum([len(start), *map(len, quarters)])
    # Where the first steps have thrown it away at once, only the first value has seen the start.
    first = float(values[0]) if start.mean() > 2 * abs(values[0]) else float(start.mean())
    means = np.array([first, *(part.mean() for part in quarters)])
    return Trend(ends - len(start), means, 2 * spread, " (means over mini-batches)", settings.sign)


def _leads_past(settings: Settings, state: RunState) -> bool:
    """Whether the last step went beyond the lowest point of its direction: its slope at the end is positive."""
    slope = _slope_at_end(settings, state)
    return slope is not None and slope > 0


def _slope_at_end(settings: Settings, state: RunState) -> float | None:
    """Of the last direction, at the end, without batches."""
    here, direction = state.evaluation, state.direction
    if settings.run_batches is not None or direction is None or here.gradient.shape != direction.shape:
        return None
    return float(np.sum(np.multiply(here.gradient, direction, dtype=np.float64)))


def _contradicts(settings: Settings, state: RunState, values: FloatArray) -> bool:
    """Whether nearly every step has raised the loss, along a direction on which its gradient falls to the very end."""
    slope = _slope_at_end(settings, state)
    return slope is not None and slope < 0 and float(np.mean(np.diff(values) > 0)) > 0.9


def _too_large(settings: Settings) -> str:
    if proves_bounds(settings.bound_optimizer):
        return "what this method raises is the dual, so that the loss need not fall at each step: allow more steps."
    if sets_own_step(settings.bound_optimizer):
        best = "" if settings.never_evaluates else "; best_w is the best that was seen"
        return f"check value and gradient, or use another optimizer{best}."
    if settings.step.line_search is not None:
        return "its steps are too long for what mini-batches tell: use shorter ones, or larger mini-batches."
    remedy = "a smaller one, a decreasing schedule" if settings.step.is_constant else "smaller ones"
    best = "" if settings.never_evaluates else " (best_w is the best that was seen)"
    return f"the step is too large; use {remedy} or a line search{best}."


def _too_small(settings: Settings, state: RunState) -> str:
    rates = np.array(state.record.step_sizes[: state.k])
    zeros = int(np.sum(rates == 0))
    if settings.step.line_search is not None:
        if zeros:
            return f"in {counted(zeros, 'step')} the line search found nothing better; use it on larger mini-batches."
        return "too small a step? Let the line search try larger ones, or allow more steps."
    if sets_own_step(settings.bound_optimizer):
        return "allow more steps, or use another optimizer."
    if zeros > len(rates) // 2:
        return f"{zeros:,} of its steps had the length 0, as the schedule says: too small a step?"
    return "too small a step? Use a larger one (step='auto' suits GradientDescent), a line search, or many more steps."


def _more(settings: Settings, state: RunState, overshoots: bool) -> str:
    if settings.step.line_search is not None or sets_own_step(settings.bound_optimizer):
        return "allow more steps, or use another optimizer."
    if overshoots and state.optimizer_state is None:
        return "allow more steps, or use a smaller step, since each leads past the best point of its direction."
    return "allow more steps, or use another step or optimizer."


def _more_at_the_end(state: RunState) -> str:
    rates = state.record.step_sizes[: state.k]
    if rates[-1] < SHRUNK * max(rates):
        return f"its steps have shrunk from {max(rates):.3g} to {rates[-1]:.3g}, so let them be longer at the end."
    return "allow many more steps, scale the features, use LBFGS, or a larger gtol."


def _of_divergence(settings: Settings, state: RunState, words: Words) -> str:
    k, record = state.k, state.record
    if k == 0 and not len(record.seconds) and not record.step_sizes:
        return (
            "Diverged at the start: the objective or its gradient is infinite or NaN at w0 already, and no step was "
            "taken: check w0, the data and the function."
        )
    values = np.array(record.values[: len(record.seconds)])
    if values.size < 2 or settings.run_batches is not None:
        return Status.DIVERGED.value
    first, last = float(values[0]), float(values[-1])
    from_to = f"from {settings.sign * first:.6g} to {settings.sign * last:.6g}"
    if last > first:
        return (
            f"Diverged: the {words.loss} {words.rose} {from_to} in {counted(k, 'step')}, then it, its gradient or a "
            "weight became infinite or NaN, and w is the last finite one: use a smaller step, clip the gradient, or "
            "scale the features."
        )
    return (
        f"Diverged: the {words.loss} {words.fell} {from_to} in {counted(k, 'step')}, then it, its gradient or a weight "
        "became infinite or NaN, and w is the last finite one: it may be defined only in part (log, sqrt) or have no "
        "bound; use a smaller step, or a line search."
    )


def _of_failed_search(settings: Settings, state: RunState, words: Words) -> str:
    """The last direction is then the one along which nothing was found."""
    slope, name = _slope_at_end(settings, state), type(settings.optimizer).__name__
    assert state.direction is not None
    if not state.direction.any():
        return f"No step: the direction of {name} is zero, so that no step along it changes the objective."
    if slope is not None and slope >= 0:
        return (
            f"The direction of {name} leads {words.uphill} (the slope along it is {settings.sign * slope:+.3g}), so "
            f"that no step is {words.lower}: a line search needs a direction that {words.descends}, so use it with "
            "GradientDescent, NonlinearConjugateGradient, LBFGS or Newton, and give this optimizer a constant step or "
            "a schedule."
        )
    return Status.NO_DESCENT.value
