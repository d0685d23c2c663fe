"""Whether a run of `solve` has reached its goal: by a proof, or where nothing can be proven by having settled.

The certificate that a gradient gives for nothing is asked for after every step: in float64 it proves, and in narrower
arithmetic it foretells what one that takes passes over the data would prove, which is asked for only where it is likely
to succeed.
"""

from __future__ import annotations

import math

import numpy as np

from ..describe import counted
from ..objective.capabilities import bound_from_gradient, improved_bound, separates, terms_of
from .goal import Goal
from .optimizers.capabilities import lower_bound
from .result import Status
from .run_state import RunState
from .settings import Settings

WINDOW = 5  # steps: a value has settled where what is left of its fall, judged by two windows, is a part of the goal
PART = 0.1
FALLEN = 0.05  # of the largest gradient: above it, a value that no longer falls has not settled
VANISHED = 1e-4  # of tol and the largest gradient
ASKED_AGAIN = 0.5  # of what was foretold when a certificate failed
BIAS_COSTS = 0.5  # what is foretold is so much of what is proven where a bias is moved to its best (0.36 to 0.47 seen)
OPTIMISM = 0.1  # of the goal: a certificate that fails where no larger gap was foretold fails for rounding
ASKED_EVERY = 10  # steps, where nothing foretells whether it will succeed, unless the value hardly falls
FAR = 100.0  # times the goal
AT_REST = 1e-3  # of the largest gradient, where no step is found that improves the value
ROUNDINGS = 4 * float(np.finfo(np.float32).eps)  # which may be all that there is to a value, or to what it falls by
STALLED = 4  # steps over which it falls by no more


def goal_of(settings: Settings) -> Goal:
    """The goal of a run that has one."""
    assert settings.goal is not None
    return settings.goal


def passes_of(state: RunState) -> float:
    """Passes over the data up to now; evaluations, where nobody counts them."""
    passes = state.record.passes()
    return float(state.record.evaluations) if passes is None else passes


def ending_of(settings: Settings, state: RunState) -> Status | None:
    """How a run whose last step is evaluated ends, proving what can be proven of it; None: it goes on."""
    goal, here = goal_of(settings), state.evaluation
    if not here.is_finite():
        return None
    _prove(settings, state)
    if _is_proven(settings, state):
        return Status.CONVERGED
    if not goal.certifies:
        if _has_no_optimum(settings, state):
            return Status.DIVERGED
        if is_settled(settings, state):
            return Status.CONVERGED
    return Status.MAX_STEPS if passes_of(state) >= goal.max_passes else None


def _is_proven(settings: Settings, state: RunState) -> bool:
    """Whether the gap is within the goal, with what the value itself may be off by where float64 is still to come."""
    value, gap = state.evaluation.value, state.record.gap(state.evaluation.value)
    share = goal_of(settings).tol - (0.0 if settings.wide_objective is None else ROUNDINGS)
    return gap is not None and gap <= share * abs(value)


def _prove(settings: Settings, state: RunState) -> None:
    """Raise the run's lower bound of the optimum: by the optimizer, or by what the objective knows at w."""
    record, here, objective = state.record, state.evaluation, settings.minimised
    own = lower_bound(settings.bound_optimizer, objective, state.optimizer_state)
    if own is not None:
        record.keep_bound(own)
        return
    terms = terms_of(objective)
    if here.value == 0 and terms is not None and terms.loss.has_dual_point and terms.strengths is not None:
        record.keep_bound(0.0)  # which no loss with a certificate and no regularizer of the library is ever below
    if not goal_of(settings).certifies or _is_proven(settings, state):
        return
    if _is_far(settings, state):
        record.keep_bound(0.0)  # all that narrower arithmetic proves by a gradient
        return
    told = bound_from_gradient(objective, state.w, here.value, here.gradient)
    foretold = None
    if told is not None:
        record.keep_bound(told.proven)
        if _is_proven(settings, state):
            return
        foretold = here.value - told.estimate
    if foretold is None:
        values = record.values
        is_slow = len(values) > 1 and values[-2] - values[-1] <= goal_of(settings).tol * abs(here.value)
        is_due = is_slow or state.k % ASKED_EVERY == 0
    else:
        share = BIAS_COSTS if terms is not None and terms.has_free_bias else 1.0
        is_due = foretold <= min(share * goal_of(settings).tol * abs(here.value), ASKED_AGAIN * record.foretold)
    if is_due:
        record.foretold = math.inf if foretold is None else foretold
        bound, record.known = improved_bound(objective, state.w, here.value, record.known, here.gradient)
        record.keep_bound(bound)


def _is_far(settings: Settings, state: RunState) -> bool:
    """Whether the gradient in narrower arithmetic is so large that nothing near the goal can be foretold by it.

    By what its penalised part comes to: a free bias costs a pass over X to be seen.
    """
    terms, here = terms_of(settings.objective), state.evaluation
    strengths = None if terms is None else terms.strengths
    if settings.wide_objective is None or terms is None or strengths is None or not strengths.l2 > 0:
        return False
    part = terms.penalised(here.gradient)
    square = float(np.sum(np.square(part, dtype=np.float64)))
    return strengths.l1 == 0 and square > FAR * 4 * strengths.l2 * goal_of(settings).tol * abs(here.value)


def is_settled(settings: Settings, state: RunState) -> bool:
    """Whether the gradient has vanished but for a part of the goal, or the value will fall by no more than that."""
    tol, values, norms = goal_of(settings).tol, state.record.values, state.record.norms
    largest, norm = max(norms), state.evaluation.norm
    if norm <= VANISHED * min(tol, 1.0) * largest:
        return True
    if len(values) <= 2 * WINDOW or norm > FALLEN * largest:
        return False
    before, middle, last = values[-1 - 2 * WINDOW], values[-1 - WINDOW], values[-1]
    first_fall, fall = before - middle, middle - last
    if not 0 <= fall <= first_fall:
        return False
    left = fall if fall == 0 else fall * fall / (first_fall - fall) if first_fall > fall else math.inf
    return max(fall, left) <= PART * tol * abs(last)


def without_descent(settings: Settings, state: RunState) -> Status:
    """How a run ends that found no step which improves the value: as near as rounding lets it come, it may be there."""
    if goal_of(settings).certifies:
        bound, state.record.known = improved_bound(
            settings.minimised, state.w, state.evaluation.value, state.record.known, state.evaluation.gradient
        )
        state.record.keep_bound(bound)
        return Status.CONVERGED if _is_proven(settings, state) else Status.NO_DESCENT
    is_at_rest = state.evaluation.norm <= AT_REST * max(state.record.norms)
    return Status.CONVERGED if is_at_rest else Status.NO_DESCENT


def stalls(settings: Settings, state: RunState) -> bool:
    """Whether the arithmetic's rounding, which a wider one has less of, is what keeps the run from its goal."""
    if settings.wide_objective is None or not state.evaluation.is_finite():
        return False
    if state.ending is Status.NO_DESCENT:
        return True
    if state.ending is not None:
        return False
    values, record = state.record.values, state.record
    target = goal_of(settings).tol * abs(state.evaluation.value)
    if record.foretold <= OPTIMISM * target and not _is_proven(settings, state):
        return True
    fallen = values[-1 - STALLED] - values[-1] if len(values) > STALLED else math.inf
    return fallen <= ROUNDINGS * abs(values[-1])


def _has_no_optimum(settings: Settings, state: RunState) -> bool:
    """Whether all rows are classified, so that larger and larger weights come nearer and nearer to a loss of 0.

    Asked whenever the loss has halved; one pass.
    """
    values = state.record.values
    if not _may_have_no_optimum(settings):
        return False
    if len(values) < 2 or not 0 < values[-1] < values[0]:
        return False
    halvings = [math.floor(math.log2(values[0] / value)) for value in values[-2:] if value > 0]
    if len(halvings) < 2 or halvings[1] <= halvings[0]:
        return False
    return separates(settings.objective, state.w)


def explained(settings: Settings, state: RunState, status: Status, value: float, gap: float | None) -> str:
    """What was reached and what was proven, in a few sentences."""
    told = _reached(settings, state, status, value, gap)
    if told and settings.goes_on_in_float64:
        told += " Rounding had held it up: it went on in float64 arithmetic."
    return told


def _reached(settings: Settings, state: RunState, status: Status, value: float, gap: float | None) -> str:
    goal = goal_of(settings)
    share = math.inf if gap is None or value == 0 else gap / abs(value)
    known = "nothing is proven of the distance to the optimum" if share >= 1 else f"{share:.2g} of the value is proven"
    if status is Status.CONVERGED:
        if gap is not None and gap <= goal.tol * abs(value):
            return (
                f"Converged: the optimum is proven to be within {share if value else 0:.2g} of the value "
                f"(tol {goal.tol:g})."
            )
        return (
            "Converged: gradient and value have settled, and further steps would change the value by less than "
            f"{goal.tol:g} of it. No bound on the distance to the optimum is known for this objective, so nothing is "
            "proven."
        )
    if status is Status.MAX_STEPS:
        count = counted(math.floor(passes_of(state)), "pass", "passes")
        reached = known if goal.certifies else "gradient and value have not settled"
        return (
            f"Stopped at the limit of passes ({count}): {reached}, {goal.tol:g} was asked for. Allow more max_passes."
        )
    if status is Status.DIVERGED and value > 0 and state.ending is Status.DIVERGED and _may_have_no_optimum(settings):
        return (
            "There is no optimum: the classes are separable and nothing penalises the weights, so that larger and "
            "larger ones bring the loss nearer and nearer to 0. w classifies every row; add gdfast.L2(strength)."
        )
    if status is Status.NO_DESCENT:
        return (
            f"No step improves the objective within the arithmetic's rounding: {known}, {goal.tol:g} was asked for. "
            "A larger tol is within reach; features of like scales help."
        )
    return ""


def _may_have_no_optimum(settings: Settings) -> bool:
    """Whether the loss is above 0 wherever it is finite, and nothing penalises the weights."""
    terms = terms_of(settings.objective)
    return terms is not None and terms.loss.gives_probabilities and terms.strengths == (0.0, 0.0)
