"""The first loss: its value at zero weights against the formula, and dead classes or saturated scores at w0."""

from __future__ import annotations

import math

import numpy as np

from ...describe import counted
from ...objective.linear.objective import LinearObjective
from ...protocols import Array
from .report import Finding, Severity

RTOL = 1e-3  # of the loss at zero weights, float32 rows included
FAR_OFF = 2.0  # times that loss
LEARNT = 0.5  # of that loss: weights which reach it have learnt something
SMALL = 1e-4  # of the random weights that break symmetry
SURE = 0.999


def small_weights(objective: LinearObjective) -> Array:
    """Random weights near zero, which break the symmetry of the classes as zeros do not."""
    return SMALL * np.random.default_rng(0).standard_normal(objective.shape)


def check_first_loss(data: LinearObjective, point: Array, is_given: bool) -> tuple[Finding, float]:
    """The data's loss at zeros and at the point, and that at zeros."""
    at_zeros, at_point = data.value(np.zeros(data.shape)), data.value(point)
    if not math.isfinite(at_zeros):
        sentence = f"At W = 0 the loss is {at_zeros:.6g}: the targets are too large. Divide them by a power of ten."
        return Finding("first loss", Severity.PROBLEM, sentence), at_zeros
    known = data.loss.value_at_zero_scores(data.n_classes)
    expected, formula = (None, "") if known is None else known
    # The weights of a mini-batch's rows need not have the mean of all.
    is_whole = np.array_equal(data.indices, np.arange(data.linear_problem.rows.matrix.shape[0]))
    if expected is not None and is_whole and not math.isclose(at_zeros, expected, rel_tol=RTOL):
        sentence = (
            f"At W = 0 the loss is {at_zeros:.6g}; {formula} = {expected:.6g} is right. The objective's value is wrong."
        )
        return Finding("first loss", Severity.PROBLEM, sentence), at_zeros
    what = f"At W = 0 the loss is {at_zeros:.6g}" + (f", as {formula} says" if formula else "")
    if at_zeros > 0 and not at_point <= FAR_OFF * at_zeros:  # NaN is far off as well
        if is_given:
            advice = "w0 is worse than no weights at all. Start at zeros, or at weights that are 100 times smaller"
        else:
            advice = "the features are very large. Give mean and scale, or divide X by its largest element"
        where = "w0" if is_given else f"W = {SMALL:g} * normal"
        return Finding("first loss", Severity.WARNING, f"{what}, but at {where} it is {at_point:.3g}: {advice}."), (
            at_zeros
        )
    where = "w0" if is_given else "small random W"
    return Finding("first loss", Severity.OK, f"{what}; at {where} it is {at_point:.6g}."), at_zeros


def check_scores(data: LinearObjective, w0: Array, at_zeros: float) -> Finding:
    """Are classes dead at w0, or the softmax saturated?"""
    scores, at_w0 = data.scores(w0), data.value(w0)
    if data.loss.gives_probabilities and at_w0 > at_zeros:
        top = scores.max(axis=1, keepdims=True)
        with np.errstate(under="ignore"):
            sure = float((1 / np.exp(scores - top).sum(axis=1) > SURE).mean())
        if sure > 0.5:
            sentence = (
                f"The softmax is saturated at w0: {sure:.0%} of the rows have a probability above {SURE}, and the loss "
                f"is {at_w0:.3g}, above the {at_zeros:.3g} of W = 0. Start at smaller weights, or scale the features."
            )
            return Finding("classes at w0", Severity.WARNING, sentence)
    counts = np.bincount(data.y, minlength=data.n_classes)
    silent = (np.bincount(scores.argmax(axis=1), minlength=data.n_classes) == 0) & (counts > 0)
    if at_w0 <= at_zeros:
        # A random start often leaves a class without a single row; weights that have learnt must not.
        dead: Array = silent & (at_w0 < LEARNT * at_zeros)
        state = "never win, though others have been learnt"
        remedy = "Check its labels and its number of samples, or give its samples more weight"
    else:
        dead, state = silent & _never_violates(data, w0), "neither win nor violate a margin"
        remedy = "Start at smaller weights"
    if dead.any():
        names = ", ".join(str(c) for c in np.flatnonzero(dead)[:5]) + (", ..." if dead.sum() > 5 else "")
        sentence = f"The scores of {counted(int(dead.sum()), 'class', 'classes')} ({names}) {state} at w0. {remedy}."
        return Finding("classes at w0", Severity.WARNING, sentence)
    return Finding("classes at w0", Severity.OK, "No class is dead at w0, and no scores are saturated.")


def _never_violates(data: LinearObjective, w0: Array) -> Array:
    """Classes whose scores violate the margin of no row at w0; none for a loss without a margin."""
    if data.loss.margin == 0:
        return np.zeros(data.n_classes, dtype=bool)
    never: Array = np.all(data.margins(w0) <= 0, axis=0)
    return never
