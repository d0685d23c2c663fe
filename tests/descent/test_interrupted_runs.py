"""Ctrl-C wherever a run may be: a real one is answered at once, with what is known and no further pass over X."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gdfast as gd
from gdfast import Status
from interrupts import PATIENCE, interrupted
from quick import quick_among

DATA = """
X = np.random.default_rng(0).random((100_000, 300), dtype=np.float32)
o = gd.LinearObjective(X, np.arange(100_000) % 10, gd.CrossEntropy(), gd.L2(1e-4))
W = np.zeros(o.shape)
forever = dict(max_steps=10**7, gtol=0.0)
f = gd.FunctionObjective(lambda w: time.sleep(0.01) or float(np.sum(w * w)), lambda w: 2 * w)
"""
RUNS = {
    "all rows": "gd.minimize(o, W, step=0.1, **forever)",
    "line search": "gd.minimize(o, W, gd.LBFGS(), gd.StrongWolfe(), **forever)",
    "exact line search": "gd.minimize(o, W, step=gd.ExactLineSearch(), **forever)",
    "mini-batches": "gd.minimize(o, W, gd.Adam(), 1e-4, batches=64, **forever)",
    "mini-batches, clipped": "gd.minimize(o, W, gd.Adam(), 1e-4, batches=64, clip=1.0, **forever)",
    "averaged": "gd.minimize(o, W, gd.AveragedSGD(), 1e-3, batches=64, **forever)",
    "ascent": "gd.maximize(o, W, step=1e-6, **forever)",
    "kept weights": "gd.minimize(o, W, step=1e-3, batches=64, keep_weights=True, **forever)",
    "metrics": "gd.minimize(o, W, step=0.1, metrics={'m': o.accuracy}, evaluate_every=1, **forever)",
    "progress": "gd.minimize(o, W, gd.Adam(), 1e-4, batches=64, progress=True, **forever)",
    "checkpoint": "gd.minimize(o, W, gd.Adam(), 1e-4, batches=64, checkpoint=gd.Checkpoint('run.npz', 10), **forever)",
    "user's function": "gd.minimize(f, W + 1, step=1e-6, **forever)",
    "callback": "gd.minimize(o, W, step=1e-3, batches=64, callback=lambda k, w, v: time.sleep(0.01), **forever)",
}
QUICK = {"all rows", "line search", "mini-batches", "user's function"}


@pytest.mark.parametrize("name", quick_among(RUNS, QUICK.__contains__))
def test_a_run_answers_at_once(name, tmp_path):
    told = interrupted(
        f"""{DATA}
press_after(0.7)
run = {RUNS[name]}
seen = run.history
tell(status=run.status.name, steps=run.steps, value=run.value, finite=bool(np.isfinite(run.w).all()),
     text=str(run), history=len(seen.values), passes=run.passes, batched=len(seen.values) == run.steps)
""",
        tmp_path,
    )
    assert told["status"] == "INTERRUPTED"
    assert told["steps"] > 0
    assert told["finite"]
    assert told["seconds"] < PATIENCE
    assert told["history"] in (told["steps"], told["steps"] + 1)
    assert told["text"].startswith(Status.INTERRUPTED.value)
    if told["batched"]:
        assert math.isnan(told["value"])
        assert "not known there" in told["text"]
    else:
        assert math.isfinite(told["value"])


def counted(interrupt_at):
    """An objective on 40 rows that counts what it computes, and is interrupted at its n-th mini-batch."""

    class Counted:
        n_samples = 40

        def __init__(self, whole=True):
            self.whole = whole

        def rows(self, indices):
            return Counted(whole=False)

        def value(self, w):
            return float(w @ w)

        def gradient(self, w):
            return 2 * w

        def value_and_gradient(self, w):
            calls.append(self.whole)
            if len(calls) == interrupt_at:
                raise KeyboardInterrupt
            return self.value(w), self.gradient(w)

    calls = []
    return Counted(), calls


@pytest.mark.parametrize("run", [gd.minimize, gd.maximize])
@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.AveragedSGD()])
def test_no_further_pass_is_made(run, optimizer):
    objective, calls = counted(interrupt_at=7)
    result = run(objective, [3.0], optimizer, batches=4, max_steps=50)
    assert (result.status, result.steps, len(calls)) == (Status.INTERRUPTED, 6, 7)
    assert not any(calls)
    assert math.isnan(result.value)
    assert math.isnan(result.gradient_norm)
    assert np.isfinite(result.w).all()


def test_an_interrupt_of_the_last_evaluation():
    """All steps are taken; the whole objective at the end is not known."""
    objective, calls = counted(interrupt_at=6)
    result = gd.minimize(objective, [3.0], batches=4, max_steps=5)
    assert (result.status, result.steps) == (Status.INTERRUPTED, 5)
    assert calls[-1]
    assert math.isnan(result.value)


def test_what_was_evaluated_before_is_the_best():
    objective, _ = counted(interrupt_at=9)
    result = gd.minimize(objective, [3.0], batches=4, max_steps=50, evaluate_every=2, step=0.1)
    assert result.status is Status.INTERRUPTED
    assert math.isnan(result.value) or result.value == result.best_value
    assert result.best_value == float(result.best_w @ result.best_w) < 9.0


def test_an_interrupt_while_the_result_is_made(monkeypatch):
    from gdfast.descent import loop

    explain, calls = loop.explain, []

    def interrupted_once(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return explain(*arguments)

    monkeypatch.setattr(loop, "explain", interrupted_once)
    objective, passes = counted(interrupt_at=10**6)
    result = gd.minimize(objective, [3.0], batches=4, max_steps=5)
    assert (result.status, result.steps, len(passes)) == (Status.INTERRUPTED, 5, 6)
    assert result.value == float(result.w @ result.w)


def test_a_larger_work_ends_with_the_run_within_it(monkeypatch):
    """A sanity check must not report on half a run, nor a table of strategies on half a search."""
    from gdfast.checks.sanity import overfit
    from gdfast.pictures.strategies import Plan, compare_strategies

    objective = gd.LinearObjective(np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 3)
    minimize = overfit.minimize

    def presses(k, w, value):
        raise KeyboardInterrupt

    monkeypatch.setattr(overfit, "minimize", lambda *a, **k: minimize(*a, **k | {"callback": presses}))
    with pytest.raises(KeyboardInterrupt):
        gd.sanity_check(objective)
    with pytest.raises(KeyboardInterrupt):
        compare_strategies(
            objective, objective, Plan(evaluations=20), rng=0, callback=lambda name, k, w, value: presses(k, w, value)
        )
