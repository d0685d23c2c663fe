"""Gradient checks of the data term and of the regularizer apart, their sizes, and the precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...objective.guarded import guarded
from ...objective.linear.objective import LinearObjective
from ...objective.rays.generic import along_ray
from ...protocols import Array, Objective
from ..gradient.check import check_gradient
from ..gradient.report import GradientReport
from .report import Finding, Severity

FROM_SCORES, FROM_VALUES = 1000, 100  # coordinates: of a linear objective they cost one pass, of others two values each
FLOAT32_RTOL = 1e-4
DOMINATES = 0.1  # of the descent that the data alone offer is left
TINY = 1e-8
FEW_DIGITS = 3.0
SHOW = {
    "gradient": "print(gd.check_gradient(objective, at=w0))",
    "data gradient": "print(gd.check_gradient(objective, at=W))",
    "regularizer gradient": "print(gd.check_gradient(regularizer, at=W))",
}


def check_data_gradient(data: LinearObjective, point: Array) -> Finding:
    """The gradient of the data term alone."""
    narrow = np.float32 in (data.arithmetic, point.dtype)
    report = _checked(data, None, point, FROM_SCORES, FLOAT32_RTOL if narrow else 1e-5)
    if narrow and report.verdict == "NOISE":
        sentence = (
            "It agrees with difference quotients wherever the rounding of float32 lets one tell. Check it with X and "
            "w0 in float64 to know more."
        )
        return Finding("data gradient", Severity.OK, sentence)
    return _verdict("data gradient", report)


def evaluated(objective: Objective, w: Array) -> tuple[float, Array]:
    """Value and gradient; TypeError or ValueError where they are no number and no array like w."""
    value, gradient = guarded(objective, "objective").value_and_gradient(w)
    return value, gradient


def check_agreement(objective: Objective, w0: Array) -> Finding:
    """Do the three methods of an objective say the same?"""
    value, gradient = evaluated(objective, w0)
    apart: dict[str, tuple[Any, Any]] = {
        "value": (value, guarded(objective, "objective").value(w0)),
        "gradient": (gradient, objective.gradient(w0.copy())),
    }
    rtol = np.sqrt(np.finfo(w0.dtype).eps)
    for name, (both, alone) in apart.items():
        if np.shape(both) != np.shape(alone) or _norm(both - alone) > rtol * _norm(alone):
            sentence = (
                f"value_and_gradient gives another {name} than {name}, at the same w0. Let one call the other, or "
                "fix what is drawn at random in between."
            )
            return Finding("agreement", Severity.PROBLEM, sentence)
    return Finding("agreement", Severity.OK, "value, gradient and value_and_gradient say the same.")


def check_own_gradient(objective: Objective, w0: Array) -> Finding:
    """The gradient of an objective that may be anything."""
    if not getattr(objective, "has_gradient", True):
        sentence = (
            f"The objective has no gradient of its own: each costs {2 * w0.size:,} values, and there is nothing to "
            "check. Give one: FunctionObjective(value, gradient)."
        )
        return Finding("gradient", Severity.WARNING, sentence)
    return _verdict("gradient", _checked(objective, None, w0, FROM_VALUES, 1e-5))


def check_regularizer(objective: LinearObjective, data: LinearObjective, w0: Array | None) -> list[Finding]:
    """The regularizer's gradient alone, and how strong it is beside the data."""
    if objective.regularizer is None:
        return [Finding("regularizer", Severity.OK, "There is none.")]
    rng = np.random.default_rng(0)
    shape = _penalised(objective, np.zeros(objective.shape)).shape
    away_from_kinks = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    report = _checked(objective.regularizer.value, objective.regularizer.gradient, away_from_kinks, FROM_VALUES, 1e-5)
    return [_verdict("regularizer gradient", report), _strength(objective, data, w0)]


def check_gradient_size(objective: Any, point: Array, at_least: float) -> Finding:
    """Is there a gradient to follow? None is expected where the value is below `at_least`."""
    value, gradient = evaluated(objective, point)
    if not (math.isfinite(value) and np.isfinite(gradient).all()):
        sentence = f"The value ({value:g}) or its gradient is not finite at the start. Start elsewhere, or scale X."
        return Finding("gradient size", Severity.PROBLEM, sentence)
    largest = float(np.abs(gradient).max())
    if value <= at_least:
        return Finding("gradient size", Severity.OK, f"Little is left to descend: the value is {value:.3g}.")
    if largest <= TINY * abs(value):
        size = "zero" if largest == 0 else f"at most {largest:.1e}, tiny beside the value {value:.3g}"
        sentence = (
            f"Every element of the gradient is {size}: a flat place or a critical point. Start elsewhere (a network: "
            "at random weights), or scale the features up."
        )
        return Finding("gradient size", Severity.WARNING, sentence)
    return Finding("gradient size", Severity.OK, f"The largest element of the gradient is {largest:.3g}.")


def check_precision(objective: Any, point: Array, h: float = 1e-5) -> Finding:
    """How many digits do gradients and difference quotients keep?"""
    if callable(getattr(objective, "numerical_gradient", None)):
        narrow = [name for name, t in (("X", objective.arithmetic), ("w0", point.dtype)) if t == np.float32]
        if not narrow:
            return Finding("precision", Severity.OK, "float64 throughout.")
        sentence = (
            f"Gradients are float32 because of {' and '.join(narrow)}: about 6 digits, enough to descend. Check them "
            f"with rtol={FLOAT32_RTOL:g}; difference quotients are float64 all the same."
        )
        return Finding("precision", Severity.OK, sentence)
    value, gradient = objective.value_and_gradient(point)
    eps, largest = float(np.finfo(point.dtype).eps), float(np.abs(gradient).max())
    noise = eps * abs(value) / h
    digits = 16.0 if noise == 0 else math.log10(max(largest, np.finfo(np.float64).tiny) / noise)
    best_h = eps ** (1 / 3)
    if point.dtype != np.float64:
        sentence = (
            f"w0 is {point.dtype}: at h = {h:g} a difference quotient's noise is {noise:.0e}. Check gradients at a "
            f"float64 copy of w0, or with h near {best_h:.0e}."
        )
        return Finding("precision", Severity.WARNING, sentence)
    if digits < FEW_DIGITS and largest > 0:
        sentence = (
            f"At h = {h:g} a difference quotient keeps {max(0, int(digits))} digits of the largest element of the "
            f"gradient, which is tiny ({largest:.1e}) beside the value ({value:.1e}): take constants out of the "
            "value, or use a larger h."
        )
        return Finding("precision", Severity.WARNING, sentence)
    return Finding(
        "precision", Severity.OK, f"float64; a difference quotient keeps about {int(min(digits, 15))} digits."
    )


def _checked(value: Any, gradient: Any, point: Array, most: int, rtol: float) -> GradientReport:
    """At most so many coordinates, always the same ones."""
    return check_gradient(value, gradient, point, coordinates=min(most, point.size), rtol=rtol, rng=0)


def _verdict(check: str, report: GradientReport) -> Finding:
    if report.passed:
        within = max(report.unexplained, 1e-16)
        sentence = f"{report.verdict}: it agrees with difference quotients, to a relative error of {within:.0e}."
        return Finding(check, Severity.OK, sentence)
    reason = " ".join(report.diagnosis)
    if report.verdict == "NOISE":
        return Finding(check, Severity.WARNING, f"NOISE: nothing is known. {reason}")
    return Finding(check, Severity.PROBLEM, f"{report.verdict}. {reason} {SHOW[check]} shows where.")


def _strength(objective: LinearObjective, data: LinearObjective, w0: Array | None) -> Finding:
    """Is there anything left of the descent that the data offer, once the regularizer has its say?"""
    regularizer = objective.regularizer
    assert regularizer is not None
    zeros = np.zeros(objective.shape)
    loss, gradient = data.value_and_gradient(zeros)
    if w0 is not None:
        penalty, term = regularizer.value(_penalised(objective, w0)), regularizer.gradient(_penalised(objective, w0))
        if penalty > regularizer.value(_penalised(objective, zeros)) + loss:
            value_there, gradient_there = data.value_and_gradient(w0)
            sentence = (
                f"The regularizer dominates at w0: it is {penalty:.3g} and the data's loss {value_there:.3g} (norms of "
                f"their gradients: {_norm(term):.3g} and {_norm(gradient_there):.3g}), more than the {loss:.3g} of "
                "W = 0. Start at smaller weights, or lower the strength."
            )
            return Finding("regularizer strength", Severity.WARNING, sentence)
    steepness = _norm(gradient)
    if not TINY * loss < steepness < math.inf:
        return Finding("regularizer strength", Severity.OK, "The data have no gradient at W = 0 to compare it with.")
    steps = loss / steepness / steepness * 2.0 ** np.arange(-40, 11)
    losses = np.nan_to_num(along_ray(data, zeros, -gradient).values(steps), nan=np.inf)
    start = regularizer.value(_penalised(objective, zeros))
    penalties = np.array([regularizer.value(_penalised(objective, -step * gradient)) - start for step in steps])
    best = int(losses.argmin())
    offered = loss - losses[best]
    if not math.isfinite(offered):
        sentence = f"At the best step from W = 0 the data's loss is {losses[best]:.3g}: scale the features."
        return Finding("regularizer strength", Severity.WARNING, sentence)
    left = max(0.0, loss - float((losses + penalties).min())) / offered if offered > 0 else 1.0
    if left < DOMINATES:
        term = regularizer.gradient(_penalised(objective, -steps[best] * gradient))
        sentence = (
            f"The regularizer dominates: of the {offered:.3g} that the best step from W = 0 takes off the data's loss "
            f"it leaves {left:.1%}. There it is {penalties[best]:.3g} and the norm of its gradient {_norm(term):.3g}, "
            f"against {_norm(gradient):.3g} of the data's at W = 0. Lower the strength."
        )
        return Finding("regularizer strength", Severity.WARNING, sentence)
    sentence = f"It leaves {left:.0%} of the {offered:.3g} that the best step from W = 0 takes off the data's loss."
    return Finding("regularizer strength", Severity.OK, sentence)


def _penalised(objective: LinearObjective, W: Array) -> Array:
    """The weights that the regularizer applies to."""
    return W[:, :-1] if objective.bias and not objective.penalize_bias else W


def _norm(array: Any) -> float:
    """The 2-norm, whose squares may be beyond float64."""
    wide = np.abs(np.asarray(array, dtype=np.float64))
    largest = float(wide.max())
    return largest if largest in (0.0, math.inf) else largest * float(np.linalg.norm(wide / largest))
