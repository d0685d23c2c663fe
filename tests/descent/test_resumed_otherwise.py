"""A run that goes on with another step, or for longer: the same bits as one that had it from the start."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import gdfast as gd

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), np.arange(60) % 3
W0 = RNG.normal(size=(3, 5))
OBJECTIVES = {
    "dense": gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L2(1e-3)),
    "sparse": gd.LinearObjective(sparse.csr_array(X * (X > 0.5)), Y, gd.Hinge(), gd.L2(1e-3)),
}
OPTIMIZERS = [gd.GradientDescent(), gd.Momentum(), gd.Adam(), gd.NAdam(), gd.AveragedSGD(), gd.ProximalGradient()]
HALF, END = 10, 25


def halves(k):
    return 0.1 if k < HALF else 0.02


STEPS = {
    "number": (0.02, lambda k: 0.1 if k < HALF else 0.02),
    "sequence": (np.linspace(0.2, 0.01, END), lambda k: 0.1 if k < HALF else np.linspace(0.2, 0.01, END)[k]),
    "schedule": (gd.Cosine(0.1, END), lambda k: 0.1 if k < HALF else gd.Cosine(0.1, END)(k)),
    "function": (lambda k: 0.02, lambda k: 0.1 if k < HALF else 0.02),
}


@pytest.fixture
def saved(tmp_path):
    return gd.Checkpoint(tmp_path / "run.npz", every=5)


@pytest.mark.parametrize("data", OBJECTIVES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: type(optimizer).__name__)
@pytest.mark.parametrize("batches", [None, 16])
def test_another_step_from_there_on(data, optimizer, batches, saved):
    objective = OBJECTIVES[data]
    if batches is not None and isinstance(optimizer, gd.ProximalGradient):
        pytest.skip("it needs the whole objective")
    options = {"batches": batches, "gtol": 0.0}
    gd.minimize(objective, W0, optimizer, 0.1, max_steps=HALF, checkpoint=saved, **options)
    whole = saved.path.read_bytes()
    for step, both in STEPS.values():
        saved.path.write_bytes(whole)
        if callable(step) and not hasattr(step, "steps"):  # what it is cannot be written down
            with pytest.raises(ValueError, match="checkpoint needs settings that can be written down"):
                gd.resume(saved.path, objective, step=step, max_steps=END)
            continue
        straight = gd.minimize(objective, W0, optimizer, both, max_steps=END, **options)
        resumed = gd.resume(saved.path, objective, step=step, max_steps=END)
        assert resumed.steps == END
        assert np.array_equal(resumed.w, straight.w)
        assert np.array_equal(resumed.history.step_sizes, straight.history.step_sizes)
        assert np.array_equal(resumed.history.values, straight.history.values)


@pytest.mark.parametrize("data", OBJECTIVES)
@pytest.mark.parametrize("batches", [None, 16])
def test_a_line_search_from_there_on_and_back(data, batches, saved):
    objective = OBJECTIVES[data]
    gd.minimize(objective, W0, step=0.1, max_steps=HALF, batches=batches, gtol=0.0, checkpoint=saved)
    searched = gd.resume(saved.path, objective, step=gd.Backtracking(), max_steps=15)
    assert searched.steps == 15
    assert np.array_equal(searched.history.step_sizes[:HALF], np.full(HALF, 0.1))
    assert gd.resume(saved.path, objective, step=0.01, max_steps=20).history.step_sizes[15:].tolist() == [0.01] * 5


def test_the_new_step_is_that_of_the_file_from_then_on(saved):
    objective = OBJECTIVES["dense"]
    gd.minimize(objective, W0, step=0.1, max_steps=HALF, gtol=0.0, checkpoint=saved)
    gd.resume(saved.path, objective, step=0.02, max_steps=15)
    again = gd.resume(saved.path, objective, max_steps=END)
    straight = gd.minimize(objective, W0, step=halves, max_steps=END, gtol=0.0)
    assert np.array_equal(again.w, straight.w)


def test_a_longer_schedule(saved):
    objective = OBJECTIVES["dense"]
    rates = np.linspace(0.1, 0.01, HALF)
    gd.minimize(objective, W0, step=rates, max_steps=HALF, gtol=0.0, checkpoint=saved)
    with pytest.raises(ValueError, match="step must hold a learning rate for each of the 25 steps; it holds 10"):
        gd.resume(saved.path, objective, max_steps=END)
    longer = np.append(rates, np.full(END - HALF, 0.01))
    result = gd.resume(saved.path, objective, step=longer, max_steps=END)
    assert np.array_equal(result.w, gd.minimize(objective, W0, step=longer, max_steps=END, gtol=0.0).w)


def test_auto_and_ascent(saved):
    objective = OBJECTIVES["dense"]
    gd.maximize(objective, W0, step=0.1, max_steps=HALF, gtol=0.0, checkpoint=saved)
    result = gd.resume(saved.path, objective, step="auto", max_steps=END)
    assert np.array_equal(result.history.step_sizes[HALF:], np.full(END - HALF, gd.suggest_step(objective)))
    assert result.value > result.history.values[0]


def test_the_same_step_given_again_changes_nothing(saved):
    objective = OBJECTIVES["dense"]
    gd.minimize(objective, W0, step=0.1, max_steps=HALF, gtol=0.0, checkpoint=saved)
    straight = gd.minimize(objective, W0, step=0.1, max_steps=END, gtol=0.0)
    assert np.array_equal(gd.resume(saved.path, objective, step=0.1, max_steps=END).w, straight.w)


@pytest.mark.parametrize("bad", [0, -1.0, "fast", np.nan, 10**400, [], gd.Cosine, None.__class__])
def test_wrong_steps_leave_the_file_alone(bad, saved):
    objective = OBJECTIVES["dense"]
    gd.minimize(objective, W0, step=0.1, max_steps=HALF, gtol=0.0, checkpoint=saved)
    before = saved.path.read_bytes()
    with pytest.raises((TypeError, ValueError), match="step"):
        gd.resume(saved.path, objective, step=bad, max_steps=END)
    assert saved.path.read_bytes() == before


def test_no_step_for_an_optimizer_that_takes_none(saved):
    hinge = OBJECTIVES["sparse"]
    gd.minimize(hinge, 0 * W0, gd.DualCoordinateAscent(), max_steps=3, gtol=0.0, checkpoint=saved)
    with pytest.raises(ValueError, match="DualCoordinateAscent takes no step"):
        gd.resume(saved.path, hinge, step=0.2, max_steps=5)
