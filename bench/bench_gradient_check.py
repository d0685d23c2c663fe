"""Checks of gradients, measured: 40 right gradients, 40 with bugs of 8 kinds (`gradient_cases`), several checkers.

A false alarm is a right gradient called wrong; a miss is a wrong one that passes. "can't tell" counts reports that
say the function is too imprecise for a verdict (NOISE): neither. gdfast alone says what the bug is: "named" counts the
wrong gradients whose bug its report names. Every checker sees the same functions, at its own default step:

- gdfast: `check_gradient` by its defaults; where it says NOISE, once more with the step that it recommends.
- scipy.optimize.check_grad gives an error without a verdict (the 2-norm of the difference, forward differences):
  passed here up to 1e-5 * max(1, norm of the gradient), which is generous: its own step alone costs about 1e-8.
- torch.autograd.gradcheck by its defaults (eps 1e-6, atol 1e-5, rtol 1e-3), around the same NumPy functions.
- autograd's check_grads, reverse mode, order 1 (its defaults also differentiate the gradient, which NumPy can't), along
  one random direction by its own constants (eps 1e-6, 1e-6 absolute or relative).
- JAX's check_grads likewise (eps 1e-4; 1e-5 in float64, which is switched on, 2e-3 in float32).

PyTorch's documentation asks for float64; how many of the counted cases compute in float32 is shown in brackets.

Then the same for 30 functions of mixed units, 30 that compute in float32 inside float64, 30 of small values and 20
models of several parameters (`gradient_kinds`): peers that take one array get one flat vector.

    python bench/bench_gradient_check.py [--quick] [--json] [--draws 10] [--list] [--threads 1]
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import common
import gradient_cases
import gradient_kinds
import numpy as np
from gradient_data import Case

import gdfast as gd

PASSED, WRONG, UNTOLD = "passed", "wrong", "can't tell"
SCIPY_TOLERANCE = 1e-5

Checker = Callable[[Case], tuple[str, str]]
"""The outcome, and the report's text."""


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--list", action="store_true", help="print every false alarm, miss and unnamed bug")
        parser.add_argument("--draws", type=int, default=1, help="so many times, on other random data each time")
        parser.add_argument("--first", type=int, default=0, help="number of the first draw")
        parser.add_argument("--only", help="one checker: its name, or a part of it")

    chosen = common.arguments(__doc__, add)
    if chosen.case is not None:
        print(json.dumps(measure(**chosen.case)))
        return
    names = ["gdfast", *(name for name, package in PEERS.items() if importlib.util.find_spec(package))]
    names = [name for name in names if chosen.only is None or chosen.only in name]
    if not names:
        raise SystemExit(f"--only must be a part of one of {', '.join(CHECKERS)}; it is {chosen.only}")
    case = {"rounds": 1 if chosen.quick else 3, "draws": chosen.draws, "first": chosen.first}
    results = {name: common.run_apart(__file__, {**case, "name": name}, chosen.threads[0]) for name in names}
    facts = common.machine()
    facts["versions"] |= common.versions("autograd")
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))
        return
    print(common.describe(facts))
    print(report(results))
    print(report_kinds(results))
    if chosen.list:
        for name, result in results.items():
            print(f"\n{name}\n" + "\n".join(f"- {fault}" for fault in result["faults"]))


def measure(name: str, rounds: int, draws: int, first: int = 0) -> dict[str, Any]:
    """One checker on all cases, in a process of its own; seconds a draw, the best of the rounds' times."""
    check = CHECKERS[name]()
    for factor, expected in ((2.0, PASSED), (3.0, WRONG)):
        x = np.array([1.0, 2.0, -3.0])
        control = Case("squares", lambda x: (x * x).sum(), lambda x, factor=factor: factor * x, x)
        if quietly(check, control)[0] != expected:
            raise SystemExit(f"{name} does not tell 2 x from 3 x as the gradient of x^2: {quietly(check, control)[1]}")
    cases = [case for draw in range(first, first + draws) for case in gradient_cases.cases(draw)]
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        outcomes = [quietly(check, case) for case in cases]
        seconds.append((time.perf_counter() - start) / draws)
    pairs = list(zip(cases, outcomes, strict=True))
    found = {
        "false alarms": [case for case, (outcome, _) in pairs if case.right and outcome == WRONG],
        "missed": [case for case, (outcome, _) in pairs if not case.right and outcome == PASSED],
        "can't tell": [case for case, (outcome, _) in pairs if outcome == UNTOLD],
    }
    result: dict[str, Any] = {
        **{kind: {"all": len(some), "float32": sum(c.low for c in some)} for kind, some in found.items()},
        "cases": len(cases),
        "named by kind": None,
        "seconds": min(seconds),
    }
    if name == "gdfast":
        found["unnamed"] = [case for case, (_, text) in pairs if not case.right and not is_named(case, text)]
        kinds = dict.fromkeys(case.kind for case in cases if not case.right)
        result["named by kind"] = {
            kind: sum(is_named(case, text) for case, (_, text) in pairs if case.kind == kind) for kind in kinds
        }
    result["kinds"] = {kind: measure_kind(check, cases, name) for kind, cases in gradient_kinds.kinds().items()}
    result["faults"] = [f"{kind}: {case.kind}, {case.title}" for kind, some in found.items() for case in some]
    return result


def measure_kind(check: Checker, cases: list[Case], name: str) -> dict[str, int]:
    """What one checker says of one kind's cases."""
    counts = {"right": 0, "false alarms": 0, "wrong": 0, "missed": 0, "can't tell": 0}
    for case in cases:
        outcome, _ = quietly(check, case if name == "gdfast" else flat(case))
        counts["right" if case.right else "wrong"] += 1
        counts["false alarms"] += case.right and outcome == WRONG
        counts["missed"] += not case.right and outcome == PASSED
        counts["can't tell"] += outcome == UNTOLD
    return counts


def flat(case: Case) -> Case:
    """A case of several parameters as one of a vector."""
    if not isinstance(case.point, dict):
        return case
    names, arrays = list(case.point), list(case.point.values())
    ends = np.cumsum([array.size for array in arrays])[:-1]

    def parameters(x: Any) -> dict[str, Any]:
        parts = zip(names, np.split(np.asarray(x), ends), arrays, strict=True)
        return {name: part.reshape(array.shape) for name, part, array in parts}

    def gradient(x: Any) -> Any:
        found = case.gradient(parameters(x))
        return np.concatenate([found[name].ravel() for name in names])

    point = np.concatenate([array.ravel() for array in arrays])
    return Case(case.title, lambda x: case.function(parameters(x)), gradient, point, case.kind)


def report_kinds(results: dict[str, dict[str, Any]]) -> str:
    """A table: each kind's false alarms, misses and undecided, checker by checker."""
    kinds = next(iter(results.values()))["kinds"]
    header = (
        "false alarms / missed / can't tell",
        *(f"{kind}, {c['right']} + {c['wrong']}" for kind, c in kinds.items()),
    )
    keys = ("false alarms", "missed", "can't tell")
    rows = [
        (name, *(" / ".join(str(r["kinds"][kind][key]) for key in keys) for kind in kinds))
        for name, r in results.items()
    ]
    return "\n" + common.table(header, rows)


def quietly(check: Checker, case: Case) -> tuple[str, str]:
    """A checker may warn and print; it may not end the bench."""
    with warnings.catch_warnings(), open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        warnings.simplefilter("ignore")
        return check(case)


def is_named(case: Case, text: str) -> bool:
    return any(name in text for name in case.names)


def report(results: dict[str, dict[str, Any]]) -> str:
    """The table of all checkers, and gdfast's naming kind by kind."""

    def cell(counts: dict[str, int]) -> str:
        return f"{counts['all']} ({counts['float32']})"

    half = next(iter(results.values()))["cases"] // 2
    header = ("", f"false alarms of {half}", f"missed of {half}", "can't tell", f"named of {half}", "seconds")
    rows = []
    for name, r in results.items():
        named = None if r["named by kind"] is None else sum(r["named by kind"].values())
        rows.append((name, cell(r["false alarms"]), cell(r["missed"]), cell(r["can't tell"]), named, r["seconds"]))
    low = [case.right for case in gradient_cases.cases() if case.low]
    tables = [
        f"\nIn brackets: in float32, as are {sum(low)} of 40 right, {len(low) - sum(low)} of 40 wrong gradients.\n",
        common.table(header, rows),
    ]
    if "gdfast" in results:
        kinds = results["gdfast"]["named by kind"]
        tables += ["", common.table(("named by gdfast", f"of {half // len(kinds)}"), kinds.items())]
    return "\n".join(tables)


# The checkers. Each is made once, and then asked case by case.


def with_gdfast() -> Checker:
    def check(case: Case) -> tuple[str, str]:
        report = gd.check_gradient(case.function, case.gradient, case.point)
        if report.verdict == "NOISE":
            h = float(np.finfo(np.float32 if case.low else np.float64).eps) ** (1 / 3)
            again = gd.check_gradient(case.function, case.gradient, case.point, h=h)
            report = again if again.verdict != "NOISE" else report
        outcome = PASSED if report.passed else UNTOLD if report.verdict == "NOISE" else WRONG
        return outcome, " ".join(report.diagnosis)

    return check


def with_scipy() -> Checker:
    from scipy.optimize import check_grad

    def check(case: Case) -> tuple[str, str]:
        shape = case.point.shape
        gradient = case.gradient(case.point.copy())
        error = check_grad(
            lambda x: case.value(x.reshape(shape)),
            lambda x: case.gradient(x.reshape(shape)).ravel(),
            case.point.ravel(),
        )
        tolerance = SCIPY_TOLERANCE * max(1.0, float(np.linalg.norm(gradient)))
        return (PASSED if error <= tolerance else WRONG), f"{error:.1e}"

    return check


def with_torch() -> Checker:
    import torch

    class Pair(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any, case: Case) -> Any:
            context.save_for_backward(x)
            context.case = case
            return x.new_tensor(float(case.value(x.detach().numpy().copy())))

        @staticmethod
        def backward(context: Any, factor: Any) -> Any:
            (x,) = context.saved_tensors
            return factor * torch.from_numpy(context.case.gradient(x.detach().numpy().copy())), None

    def check(case: Case) -> tuple[str, str]:
        x = torch.from_numpy(case.point.copy()).requires_grad_(True)
        return verdict(lambda: torch.autograd.gradcheck(lambda x: Pair.apply(x, case), (x,)))

    return check


def with_autograd() -> Checker:
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    def check(case: Case) -> tuple[str, str]:
        value = primitive(lambda x: case.value(x))
        defvjp(value, lambda _, x: lambda factor: factor * case.gradient(x))
        np.random.seed(0)  # noqa: NPY002 (autograd draws its direction from there)
        return verdict(lambda: check_grads(value, modes=["rev"], order=1)(case.point.copy()))

    return check


def with_jax() -> Checker:
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)

    def check(case: Case) -> tuple[str, str]:
        dtype, shape = case.point.dtype, case.point.shape

        def asked(function: Any, shape: Any, x: Any) -> Any:
            result = jax.ShapeDtypeStruct(shape, dtype)
            return jax.pure_callback(lambda x: np.asarray(function(np.array(x)), dtype=dtype), result, x)

        value = jax.custom_vjp(lambda x: asked(case.value, (), x))
        value.defvjp(
            lambda x: (asked(case.value, (), x), x), lambda x, factor: (factor * asked(case.gradient, shape, x),)
        )
        return verdict(lambda: check_grads(value, (jax.numpy.asarray(case.point),), order=1, modes=["rev"]))

    return check


def verdict(check: Callable[[], Any]) -> tuple[str, str]:
    """Of a checker that raises where it finds a gradient wrong."""
    try:
        check()
    except (AssertionError, RuntimeError, ValueError) as error:
        return WRONG, str(error)
    return PASSED, ""


CHECKERS: dict[str, Callable[[], Checker]] = {
    "gdfast": with_gdfast,
    "scipy.optimize.check_grad": with_scipy,
    "torch.autograd.gradcheck": with_torch,
    "autograd check_grads": with_autograd,
    "jax check_grads": with_jax,
}
PEERS = dict(zip(list(CHECKERS)[1:], ("scipy", "torch", "autograd", "jax"), strict=True))


if __name__ == "__main__":
    main()
