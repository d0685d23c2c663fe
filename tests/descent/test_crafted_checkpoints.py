"""A checkpoint whose digest is right and whose content is not: a named error, or a run; never a crash, never a wait.

A digest says that a file is whole, not who wrote it.
"""

from __future__ import annotations

import copy
import os

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent.checkpoints import KIND, VERSION
from gdfast.files.saved_arrays import load_arrays, save_arrays
from quick import quick_among

N, D, K = 40, 5, 3
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(N, D)), RNG.integers(0, K, N)
OBJECTIVES = {
    "dense": gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L2(0.01)),
    "hinge": gd.LinearObjective(X, Y, gd.Hinge(), gd.L2(0.01)),
    "lasso": gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L1(0.01)),
}
BATCHES = {"batches": gd.MiniBatches(7)}
GAP = {"gap_tol": 1e-9, "evaluate_every": 3}
RUNS = {
    "adam": ("dense", gd.Adam(), {}),
    "adam compiled": ("dense", gd.Adam(), BATCHES),
    "momentum compiled": ("dense", gd.Momentum(), BATCHES),
    "descent compiled": ("dense", gd.GradientDescent(), BATCHES),
    "svrg": ("dense", gd.SVRG(period=3), BATCHES),
    "lbfgs": ("dense", gd.LBFGS(memory=2), {"step": gd.StrongWolfe(), **GAP}),
    "newton": ("dense", gd.Newton(), {"step": gd.Backtracking()}),
    "conjugate gradients": ("dense", gd.NonlinearConjugateGradient(), {"step": gd.ExactLineSearch()}),
    "averaged": ("dense", gd.AveragedSGD(), {"step": gd.Cosine(0.1, 20), "evaluate_every": 2}),
    "nadam": ("dense", gd.NAdam(), {"step": np.full(20, 0.01)}),
    "dual": ("hinge", gd.DualCoordinateAscent(), GAP),
    "semismooth": ("hinge", gd.SemismoothNewton(), GAP),
    "coordinates": ("lasso", gd.CoordinateDescent(), GAP),
    "proximal": ("lasso", gd.ProximalGradient(), {"evaluate_every": 4}),
    "preconditioned lbfgs": ("dense", gd.LBFGS(2, gd.GramPreconditioner()), {"step": gd.StrongWolfe(), **GAP}),
    "preconditioned newton": ("dense", gd.Newton(preconditioner=gd.GramPreconditioner()), {"step": gd.Backtracking()}),
    "preconditioned conjugate gradients": (
        "dense",
        gd.NonlinearConjugateGradient(gd.GramPreconditioner()),
        {"step": gd.StrongWolfe()},
    ),
}
SOLVED = {  # of rows in float32, from which a run goes on in float64
    "solve": gd.LinearObjective(X.astype(np.float32), Y, gd.CrossEntropy(), gd.L2(1e-5)),
    "solve the hinge": gd.LinearObjective(X.astype(np.float32), Y, gd.Hinge(), gd.L2(1e-3)),
    "solve the lasso": gd.LinearObjective(X.astype(np.float32), Y, gd.CrossEntropy(), gd.L1(0.01)),
}


def other_arrays(array):
    """Arrays that this one might be mistaken for, or that somebody would write to do harm."""
    yield np.zeros((0,), array.dtype)
    yield np.zeros((*array.shape, 1), array.dtype)
    yield np.zeros(10 * array.size + 1, array.dtype)
    yield array.reshape(-1)[:-1].copy() if array.size else np.ones(3, array.dtype)
    yield array.T.reshape(array.shape[::-1]).copy()
    for dtype in (np.float32, np.int64, np.uint8, ">f8"):
        yield np.zeros_like(array).astype(dtype)


def other_facts(fact):
    """The same tree with one leaf changed."""
    if isinstance(fact, dict):
        for name, part in fact.items():
            yield {key: value for key, value in fact.items() if key != name}
            for other in other_facts(part):
                yield fact | {name: other}
    elif isinstance(fact, list):
        yield fact[:-1]
        yield [*fact, 0]
        for i, part in enumerate(fact):
            for other in other_facts(part):
                yield [*fact[:i], other, *fact[i + 1 :]]
    else:
        yield from (None, -1, 10**30, 0.5, "text", {"array": "w"})


def crafted(arrays, facts):
    for name, array in arrays.items():
        yield f"without {name}", {key: value for key, value in arrays.items() if key != name}, facts
        for other in other_arrays(array):
            yield f"{name} {other.dtype} {other.shape}", arrays | {name: other}, facts
    for name, fact in facts.items():
        if name != "objective":
            for i, other in enumerate(other_facts(fact)):
                yield f"{name} {i}", arrays, facts | {name: other}


QUICK = {"adam compiled", "lbfgs", "preconditioned lbfgs", "dual", "coordinates"}


def written(name, path):
    """The objective, arrays and facts of a run that was stopped."""
    if name in SOLVED:
        objective = SOLVED[name]
        gd.solve(objective, 1e-12, callback=lambda k, w, value: k == 3, checkpoint=gd.Checkpoint(path))
        return objective, *load_arrays(path, KIND, VERSION)
    which, optimizer, options = RUNS[name]
    objective = OBJECTIVES[which]
    W0 = np.zeros(objective.shape)
    gd.minimize(objective, W0, optimizer, max_steps=10, checkpoint=gd.Checkpoint(path, every=10), **options)
    arrays, facts = load_arrays(path, KIND, VERSION)
    facts["settings"]["max_steps"], facts["converged"] = 12, False
    return objective, arrays, facts


@pytest.mark.parametrize("name", quick_among((*RUNS, *SOLVED), QUICK.__contains__))
def test_what_does_not_fit_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # thousands of files
    path = tmp_path / "run.npz"
    objective, arrays, facts = written(name, path)
    cases = refused = 0
    for what, some_arrays, some_facts in crafted(arrays, facts):
        save_arrays(path, KIND, VERSION, some_arrays, copy.deepcopy(some_facts))
        cases += 1
        try:
            result = gd.resume(path, objective, max_steps=12)
        except (ValueError, TypeError):
            refused += 1
        else:
            assert result.w.shape == objective.shape, what
            assert result.w.dtype == np.float64, what
            assert result.steps <= 12, what
    assert refused > cases / 2 > 100


STATES = {
    "adam": ("mean", r"mean must be float64 of shape \(3, 6\); it is"),
    "adam compiled": ("mean", r"mean must be float64 of shape \(3, 6\); it is"),
    "lbfgs": ("stack", r"stack: 0 must be float64 of shape \(18,\)"),
    "dual": ("duals", r"duals must be float64 of shape \(40, 3\)"),
}


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (7,), (300, 6)], ids=str)
def test_wrong_state_arrays_are_named(tmp_path, name, shape):
    which, optimizer, options = RUNS[name]
    field, message = STATES[name]
    objective, path = OBJECTIVES[which], tmp_path / "run.npz"
    W0 = np.zeros(objective.shape)
    gd.minimize(objective, W0, optimizer, max_steps=10, checkpoint=gd.Checkpoint(path, every=10), **options)
    arrays, facts = load_arrays(path, KIND, VERSION)
    ((kind, parts),) = facts["state"].items()
    place = optimizer_state_fields(kind).index(field)
    state = parts[place]["tuple"][0] if "tuple" in parts[place] else parts[place]
    arrays[state["array"]] = np.zeros(shape)
    save_arrays(path, KIND, VERSION, arrays, facts)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message) as caught:
        gd.resume(path, objective, max_steps=20)
    assert str(path) in "".join(caught.value.__notes__)
    assert path.read_bytes() == before


def optimizer_state_fields(name):
    module, _, kind = name.partition(":")
    return getattr(__import__(module, fromlist=[kind]), kind)._fields


GOAL = "gdfast.descent.goal:Goal"


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("in_float64",), "yes", "in_float64 must be True or False; it is"),
        (("in_float64",), 1, "in_float64 must be True or False; it is"),
        (("in_float64",), None, "in_float64 must be True or False; it is"),
        (("record", "foretold"), "soon", "foretold must be a number; it is"),
        (("record", "foretold"), None, "foretold must be a number; it is"),
        (("record", "foretold"), True, "foretold must be a number; it is"),
        (("settings", "goal"), "the optimum", "goal must be a Goal or None; it is"),
        (("settings", "goal"), {"gdfast.descent.optimizers.adam:Adam": []}, "goal must be a Goal or None; it is"),
        (("settings", "goal"), {GOAL: [0.1, 9.0, "method"]}, "holds no run that can go on"),
        (("settings", "goal"), {GOAL: ["small", 9.0, "method", True]}, "tol must be"),
        (("settings", "goal"), {GOAL: [-1.0, 9.0, "method", True]}, "tol must be"),
        (("settings", "goal"), {GOAL: [0.1, None, "method", True]}, "max_passes must be"),
        (("settings", "goal"), {GOAL: [0.1, 9.0, 7, True]}, "method must be a sentence"),
        (("settings", "goal"), {GOAL: [0.1, 9.0, "method", "yes"]}, "certifies must be"),
    ],
)
def test_a_crafted_goal_is_refused_by_name(tmp_path, place, value, message):
    path = tmp_path / "run.npz"
    objective, arrays, facts = written("solve", path)
    parent = facts
    for key in place[:-1]:
        parent = parent[key]
    assert place[-1] in parent
    parent[place[-1]] = value
    save_arrays(path, KIND, VERSION, arrays, facts)
    with pytest.raises((TypeError, ValueError), match=message):
        gd.resume(path, objective)


def test_float64_has_nothing_wider(tmp_path):
    path = tmp_path / "run.npz"
    objective, arrays, facts = written("lbfgs", path)
    save_arrays(path, KIND, VERSION, arrays, facts | {"in_float64": True})
    with pytest.raises(ValueError, match="in_float64 must be False"):
        gd.resume(path, objective)


@pytest.mark.parametrize("name", SOLVED)
def test_a_state_of_float32_is_none_of_float64s(tmp_path, name):
    """The duals of the hinge are refused; what other methods keep has one type."""
    path = tmp_path / "run.npz"
    objective, arrays, facts = written(name, path)
    save_arrays(path, KIND, VERSION, arrays, facts | {"in_float64": True})
    if objective.loss.has_kinks:
        with pytest.raises(ValueError, match="center must be float64"):
            gd.resume(path, objective)
    else:
        assert gd.resume(path, objective).w.dtype == np.float64
