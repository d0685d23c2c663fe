"""`gdfast check`: the gradient check and the sanity checks on a user's own function."""

from __future__ import annotations

import inspect
import math
import sys
from contextlib import redirect_stdout
from types import ModuleType
from typing import Any, NamedTuple

import click
import numpy as np

from ..checks.gradient.check import check_gradient
from ..checks.gradient.report import GradientReport
from ..checks.sanity import SanityReport, sanity_check
from ..describe import described
from ..objective.function import FunctionObjective
from ..objective.linear.objective import LinearObjective
from ..protocols import Array, Objective
from .option_types import FiniteRange
from .tables import json_text, say, say_line
from .user_code import attribute, explain_errors_of, load_module

SCALE = 0.01  # of the random weights at which an objective is checked when no point is named
FORMS = "an objective, a function f(w), a tuple (f, grad, x), or a function without arguments that returns one of them"
SAME = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-4}  # values of one function, by its arithmetic


class Case(NamedTuple):
    """What is to be checked: as `check_gradient` takes it, and where the point comes from."""

    value: Any
    gradient: Any
    point: Any
    place: str


def _step(context: click.Context, parameter: click.Parameter, value: str) -> float | str:
    if value == "auto":
        return value
    try:
        number = float(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither auto nor a number.") from None
    if not 0 < number < math.inf:
        raise click.BadParameter(f"{value} is not a finite number > 0.")
    return number


@click.command()
@click.argument("target", metavar="MODULE[:OBJECTIVE]")
@click.option("--at", metavar="NAME", help="Attribute of the module that holds the point; without it: w0, or near 0.")
@click.option(
    "--gradient", default="gradient", show_default=True, metavar="NAME", help="Of a function f(w): its gradient."
)
@click.option(
    "--h", default="auto", show_default=True, callback=_step, help="Difference step: auto, or a number.",
)  # fmt: skip
@click.option(
    "--rtol", type=FiniteRange(min=0, min_open=True), default=1e-5, show_default=True,
    help="Largest relative error that passes.",
)  # fmt: skip
@click.option("--coordinates", type=click.IntRange(min=1), help="Check a sample of so many; without it: see above.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the sample.")
@click.option("--sanity", is_flag=True, help="Also run the sanity checks: first loss, overfitting, features, ...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the report.")
@click.option("--traceback", "show_traceback", is_flag=True, help="When your code fails: print the whole traceback.")
def check(
    target: str,
    at: str | None,
    gradient: str,
    h: float | str,
    rtol: float,
    coordinates: int | None,
    seed: int,
    sanity: bool,
    as_json: bool,
    show_traceback: bool,
) -> None:
    """Check a gradient of your own against difference quotients.

    MODULE is a file (my.py) or a dotted name; OBJECTIVE, in it, is an object with value(w) and gradient(w), a tuple
    (f, grad, x), a function without arguments that returns either, or a function f(w), whose gradient is another
    function of the module. Without :OBJECTIVE it is `value`, a function, and a linear objective of the same values
    that the module names `objective` serves to name bugs. All coordinates are checked where that is cheap, else a
    sample of 1,000.

    MODULE is imported: all of its code runs, with your rights. Check no file that you would not run.

    Exit code 0: it passed. 1: it failed, or your code did. 2: wrong usage.

    Example: gdfast check my.py:objective --at w0 --sanity
    """
    module_name, colon, name = target.rpartition(":")
    if not colon:
        module_name, name = target, "value"
    if not module_name or not name:
        raise click.UsageError(f"MODULE:OBJECTIVE must be like my.py:objective; it is {target!r}")
    with redirect_stdout(sys.stderr if as_json else sys.stdout):  # what the user's code prints is no JSON
        with explain_errors_of(f"{module_name} can't be loaded", show_traceback):
            module = load_module(module_name)
        with explain_errors_of(target, show_traceback):
            case = find_case(module, name, at, gradient, seed)
            if not colon:
                case = with_objective(case, module)
        with explain_errors_of(f"{target} at {case.place}", show_traceback):
            report = check_gradient(
                case.value, case.gradient, case.point, h=h, rtol=rtol, coordinates=coordinates, rng=seed
            )
            findings = sanity_check(as_objective(case), case.point) if sanity else None
    if as_json:
        say(json_text(as_data(target, case.place, report, findings), indent=2))
    else:
        say_line(f"{target} at {case.place}")
        say(str(report) if findings is None else f"{report}\n\n{findings}")
    failed = [] if report.passed else [f"the gradient check says {report.verdict}"]
    if findings is not None and not findings.passed:
        failed.append("the sanity check found a problem")
    if failed:
        raise click.ClickException(f"{target}: {' and '.join(failed)}; the report says where")


def find_case(module: ModuleType, name: str, at: str | None, gradient_name: str, seed: int) -> Case:
    """The objective and the point that the user named, made by the user's function where it is one."""
    found = attribute(module, name)
    is_function = callable(found) and not inspect.isclass(found) and _takes(found, 1) and not _takes(found, 0)
    found = found if is_function else _made(found, name)
    value, gradient, point, place = found, None, None, "its own x"
    if isinstance(found, tuple) and len(found) == 3:
        value, gradient, point = found
    elif is_function:
        gradient = getattr(module, gradient_name, None)
        if not callable(gradient):
            raise click.ClickException(
                f"{name} is a function: its gradient must be a function of {module.__name__} named {gradient_name} "
                "(--gradient NAME says another)"
            )
    elif not (callable(getattr(found, "value", None)) and callable(getattr(found, "gradient", None))):
        raise click.ClickException(f"{name} must be {FORMS}; it is {described(found)}")
    if at is not None:
        point, place = _made(attribute(module, at), at), at
    elif point is None and hasattr(module, "w0"):
        point, place = _made(module.w0, "w0"), "w0"
    elif point is None and hasattr(value, "shape"):
        point = SCALE * np.random.default_rng(seed).standard_normal(value.shape)
        place = f"{SCALE:g} * normal (seed {seed})"
    if point is None:
        raise click.ClickException(f"{name} needs a point to be checked at: --at NAME, an array in the same module")
    return Case(value, gradient, point, place)


def _made(found: Any, name: str) -> Any:
    """The thing itself, or what a function or class without arguments makes."""
    is_objective = callable(getattr(found, "value", None)) and not inspect.isclass(found)
    if not callable(found) or is_objective:
        return found
    if not _takes(found, 0):
        raise click.ClickException(f"{name} must be {FORMS}; it is {described(found)}, and needs arguments")
    return found()


def _takes(function: Any, n: int) -> bool:
    """Whether it can be called with n arguments."""
    try:
        inspect.signature(function).bind(*range(n))
    except (TypeError, ValueError):  # a ValueError: compiled functions do not tell
        return False
    return True


def with_objective(case: Case, module: ModuleType) -> Case:
    """The module's `objective` for its `value`, where it has one: it must be the same function."""
    objective = getattr(module, "objective", None)
    if case.gradient is None or not isinstance(objective, LinearObjective):
        return case
    ours, theirs = objective.value(case.point), float(case.value(case.point))
    if not math.isclose(ours, theirs, rel_tol=SAME[objective.arithmetic], abs_tol=1e-12):
        raise click.ClickException(
            f"objective must have the values of value; at {case.place} it has {ours:.10g}, and value {theirs:.10g}"
        )
    return case._replace(value=objective)


def as_objective(case: Case) -> Objective:
    """What `sanity_check` takes."""
    if case.gradient is not None:
        return FunctionObjective(case.value, case.gradient)
    if isinstance(case.value, Objective):
        return case.value
    return FunctionObjective(case.value.value, case.value.gradient)


def as_data(target: str, place: str, report: GradientReport, findings: SanityReport | None) -> dict[str, Any]:
    """Both reports as JSON-like data; a number that is not finite is null."""
    data: dict[str, Any] = {
        "target": target,
        "at": place,
        "passed": report.passed and (findings is None or findings.passed),
        "verdict": str(report.verdict),
        "max_relative_error": _number(report.max_relative_error),
        "unexplained": _number(report.unexplained),
        "h": report.h,
        "rtol": report.rtol,
        "coordinates": int(report.coordinates.size),
        "not_judged": int(report.not_judged.size),
        "kinks": int(report.kinks.size),
        "worst": _integers(report.worst(5)),
        "diagnosis": list(report.diagnosis),
    }
    if findings is not None:
        data["sanity"] = [
            {"check": finding.check, "severity": str(finding.severity), "sentence": finding.sentence}
            for finding in findings.findings
        ]
    return data


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _integers(array: Array) -> list[int]:
    return [int(i) for i in array]
