"""No call of the compiled core crashes the process: thousands of wrong ones at the binding, in forked children.

Every argument of every call, one at a time, with some thirty wrong values: each is a TypeError or ValueError with its
name. Then several arguments at once, drawn at random: whatever comes of that, the process lives.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gdfast import _kernels
from kernel_calls import (
    CASES,
    CROSS_ENTROPY,
    HINGE,
    HUBER,
    INPUTS,
    SQUARED_ERROR,
    D,
    K,
    N,
    all_calls,
    fellows,
    make,
    problem_arguments,
    row_arguments,
    sparse_rows,
    wrong_calls,
    wrong_values,
)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

# ---- children ----


def in_children(cases: list[Any], outcome: Callable[[Any], str], size: int = 400) -> list[str]:
    """outcome(case) of every case, `size` of them in one forked child; "crashed" for the one that ends it."""
    found: list[str] = []
    while len(found) < len(cases):
        some = cases[len(found) : len(found) + size]
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forks in programs with threads
            child = os.fork()
        if child == 0:
            os.close(reading)
            code = 1
            try:
                for case in some:
                    os.write(writing, outcome(case).replace("\n", " ").encode() + b"\n")
                code = 0
            except BaseException:
                traceback.print_exc(file=sys.__stderr__)
            finally:
                os._exit(code)
        os.close(writing)
        with os.fdopen(reading, "rb") as lines:
            found += [line.decode().rstrip("\n") for line in lines]
        _, status = os.waitpid(child, 0)
        if status != 0:
            found.append(f"crashed with status {status}")
    return found


def told(case: tuple[str, Callable[..., Any], dict[str, Any], str]) -> str:
    call, function, arguments, name = case
    try:
        function(**arguments) if not hasattr(function, "__self__") else function(*arguments.values())
    except (TypeError, ValueError) as error:
        found = any(one in str(error) for one in (name, *fellows(call, name)))
        return "named" if found else f"{type(error).__name__} without the name: {error}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def test_the_calls_are_right_before_they_are_made_wrong():
    calls = list(all_calls())
    assert len(calls) > 100
    for call, function, arguments, _ in calls:
        assert told((call, function, arguments, "")) == "accepted", (call, told((call, function, arguments, "")))


def test_every_wrong_argument_is_a_python_error_that_names_it():
    cases = list(wrong_calls())
    assert len(cases) > 5000
    wrong = [
        f"{case[0]}: {outcome}"
        for case, outcome in zip(cases, in_children(cases, told), strict=True)
        if outcome != "named"
    ]
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong[:40])


def test_arguments_drawn_at_random_do_not_crash():
    # Any mixture of what stands in right and wrong calls: lives or raises.
    calls = list(all_calls())
    pool: list[Any] = [None, True, 0, -1, 3, 1e300, float("nan"), (), (0.5,), np.zeros(0), np.zeros((0, 3))]
    pool += [value for _, _, arguments, _ in calls[::3] for value in arguments.values()]

    def survived(seed: int) -> str:
        rng = np.random.default_rng(seed)
        call, function, arguments, limits = calls[rng.integers(len(calls))]
        drawn = dict(arguments)
        for name in rng.choice(list(arguments), size=min(3, len(arguments)), replace=False):
            wrong = [value for _, value in wrong_values(name, arguments[name], call, limits)]
            choices = [*wrong, *(pool[i] for i in rng.integers(0, len(pool), 8))]
            drawn[name] = choices[rng.integers(len(choices))]
        told((call, function, drawn, ""))
        return "lives"

    outcomes = in_children(list(range(3000)), survived)
    assert {outcome for outcome in outcomes if outcome != "lives"} == set()


# ---- what is no argument of a right call ----


@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_problem_is_made_once_and_wholly(is_sparse):
    rng = np.random.default_rng(0)
    arguments = problem_arguments("float64", is_sparse, HINGE, rng)
    problem = make(is_sparse, arguments)
    with pytest.raises(TypeError, match="made once"):
        problem.__init__(*arguments.values())
    unmade = type(problem).__new__(type(problem))
    W = np.zeros((K, D + 1))
    for call in (
        lambda: unmade.evaluate(W, np.zeros(1), None, None, True),
        lambda: unmade.differences(W, 1e-5, 0, np.arange(3), np.zeros((K, 3)), None),
        lambda: unmade.mix(np.zeros((N, K)), None, None, None, np.zeros(1), None, None),
        lambda: unmade.on_rows(np.arange(3), 1.0),
        lambda: _kernels.dual_squares(unmade, np.zeros(N)),
    ):
        with pytest.raises(TypeError, match="not made"):
            call()


def test_a_problem_without_labels_has_scores_only():
    arguments = problem_arguments("float64", False, HINGE, np.random.default_rng(0))
    problem = make(False, {**arguments, "labels": None, "index": None})
    W, scores = np.ones((K, D + 1)), np.zeros((N, K))
    problem.evaluate(W, None, None, scores, True)
    assert np.isfinite(scores).all()
    with pytest.raises(ValueError, match="labels"):
        problem.evaluate(W, np.zeros(1), None, None, True)
    with pytest.raises(ValueError, match="labels"):
        problem.differences(W, 1e-5, 0, np.arange(3), np.zeros((K, 3)), None)
    with pytest.raises(ValueError, match="labels"):
        _kernels.dual_sums(problem, np.ones(N), 1.0, np.zeros((N, K)), np.zeros((K, D + 1)), False)


def test_labels_and_targets_belong_to_their_losses():
    rng = np.random.default_rng(0)
    hinge, squares = (problem_arguments("float64", False, loss, rng) for loss in (HINGE, SQUARED_ERROR))
    with pytest.raises(ValueError, match="labels"):
        make(False, {**squares, "labels": hinge["labels"]})
    with pytest.raises(ValueError, match="targets"):
        make(False, {**hinge, "targets": squares["targets"]})
    with pytest.raises(ValueError, match="input"):
        make(False, {**hinge, "input": INPUTS["uint8"]})
    # Crossings and duals are of losses with margins.
    with pytest.raises(ValueError, match="scheme"):
        make(False, squares).differences(np.ones((K, D + 1)), 1e-5, 2, np.arange(3), np.zeros((K, 3)), None)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_what_was_checked_can_not_be_changed_afterwards(is_sparse):
    rng = np.random.default_rng(0)
    arguments = problem_arguments("float64", is_sparse, HINGE, rng)
    kept = {name: arguments[name].copy() for name in ("labels", "index")}
    problem, same = make(is_sparse, arguments), make(is_sparse, {**arguments, **kept})
    arguments["labels"][:] = 2**30
    arguments["index"][:] = -(2**40)
    answers = []
    for one in (problem, same):
        value, gradient = np.zeros(1), np.zeros((K, D + 1))
        one.evaluate(np.ones((K, D + 1)), value, gradient, None, True)
        answers.append((value.tobytes(), gradient.tobytes()))
    assert answers[0] == answers[1]
    if is_sparse:
        with pytest.raises(ValueError, match="read-only"):
            arguments["X"].starts[0] = 5
        with pytest.raises(ValueError, match="WRITEABLE"):
            arguments["X"].starts.flags.writeable = True


def test_tiles_are_shared_among_problems_on_the_same_rows_only():
    rng = np.random.default_rng(0)
    arguments = problem_arguments("float64", True, HINGE, rng)
    problem = make(True, arguments)
    problem.share_tiles(make(True, {**arguments, "loss": CROSS_ENTROPY}))
    for changed in ({"index": None}, {"index": arguments["index"][::-1].copy()}, {"X": sparse_rows(np.ones((N, D)))}):
        with pytest.raises(ValueError, match="same rows"):
            problem.share_tiles(make(True, {**arguments, **changed}))


def test_some_rows_of_a_problem_are_the_problem_on_those_rows():
    rng = np.random.default_rng(0)
    for dtype, is_sparse in CASES:
        for loss in (HINGE, HUBER):
            arguments = problem_arguments(dtype, is_sparse, loss, rng)
            index, wide = arguments["index"], dtype == "float64"
            whole = make(is_sparse, {**arguments, "index": None})
            some = whole.on_rows(index, arguments["normalizer"]).on_rows(index, arguments["normalizer"])
            answers = []
            for one in (some, make(is_sparse, arguments)):
                value, gradient = np.zeros(1), np.zeros((K, D + 1))
                one.evaluate(np.ones((K, D + 1)), value, gradient, None, wide)
                answers.append((value.tobytes(), gradient.tobytes()))
            assert answers[0] == answers[1]


@pytest.mark.parametrize("wide", [np.int32, np.int64])
@pytest.mark.parametrize("bad", [D, 2**31 - 1, -1, -(2**31)])
def test_indices_of_sparse_rows_that_change_afterwards_are_noticed(wide, bad):
    # In a child: before the check they led wherever they pointed.
    def outcome(name: str) -> str:
        rng = np.random.default_rng(0)
        given = row_arguments(np.ones((N, D)))
        given["indices"] = given["indices"].astype(wide)
        rows = _kernels.SparseRows(**given)
        rows.first_fault(N * D, True)
        problem = make(True, {**problem_arguments("float64", True, HINGE, rng), "X": rows, "index": None})
        W, squares, order, duals = np.zeros((K, D + 1)), np.ones(N), np.arange(N), np.ones((N, K))
        given["indices"][N * D // 2] = bad
        calls = {
            "evaluate": lambda: problem.evaluate(W, np.zeros(1), None, None, True),
            "differences": lambda: problem.differences(W, 1e-3, 0, order[:3], np.zeros((K, 3)), None),
            "take_steps": lambda: problem.take_steps(
                0, (), order, np.arange(N + 1), np.full(N, 0.1), 0.0, 0.0, False, 1.0, 0, W, (), np.zeros(N),
                np.zeros(1, np.int64), True,
            ),
            "dual_squares": lambda: _kernels.dual_squares(problem, squares),
            "dual_epoch": lambda: _kernels.dual_epoch(
                problem, order, order, squares, 1.0, 1.0, 1.0, np.zeros((N, K)), np.zeros(N, np.uint8), W
            ),
            "dual_sums": lambda: _kernels.dual_sums(problem, squares, 1.0, duals, np.zeros((K, D + 1)), False),
        }  # fmt: skip
        try:
            calls[name]()
        except ValueError as error:
            return str(error)[:30]
        return "nothing was noticed"

    names = ["evaluate", "differences", "take_steps", "dual_squares", "dual_epoch", "dual_sums"]
    assert in_children(names, outcome) == ["X.indices must not change whil"] * len(names)
