"""callback_every: the same run, seen less often; its value is the mean since the call before."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd


def objective():
    digits = gd.datasets.load_digits()
    return gd.LinearObjective(digits.X[:300], digits.y[:300], gd.CrossEntropy(), gd.L2(1e-3), scale=np.full(64, 16.0))


def run(every, optimizer=gd.Momentum(), batches=gd.MiniBatches(32), **settings):  # noqa: B008 (frozen)
    seen = []
    made = objective()
    result = gd.minimize(
        made,
        np.zeros(made.shape, np.float32),
        optimizer,
        0.1,
        batches=batches,
        max_steps=25,
        callback=lambda k, w, value: seen.append((k, w, value)),
        callback_every=every,
        **settings,
    )
    return result, seen


@pytest.mark.parametrize("optimizer", [gd.Momentum(), gd.Lion()], ids=["compiled", "plain"])
@pytest.mark.parametrize("batches", [gd.MiniBatches(32), None], ids=["batches", "whole"])
def test_seldom_calls_see_the_same_run(optimizer, batches):
    often, each = run(1, optimizer, batches)
    seldom, some = run(10, optimizer, batches)
    assert [k for k, _, _ in each] == list(range(1, 26))
    assert [k for k, _, _ in some] == [10, 20, 25]
    assert np.array_equal(often.w, seldom.w)
    for (k, w, value), first in zip(some, (0, 10, 20), strict=True):
        assert np.array_equal(w, each[k - 1][1])
        assert value == pytest.approx(np.mean([v for _, _, v in each[first:k]]))


def test_it_may_stop_the_run_and_goes_with_evaluations():
    made = objective()
    result = gd.minimize(
        made, np.zeros(made.shape), gd.Momentum(), 0.1, batches=gd.MiniBatches(32), max_steps=100, evaluate_every=4,
        callback=lambda k, w, value: k >= 20, callback_every=10,
    )  # fmt: skip
    assert (result.status, result.steps) == (gd.Status.STOPPED, 20)
    assert result.history.evaluated_steps.tolist() == [0, 4, 8, 12, 16, 20]


@pytest.mark.parametrize(("every", "kind"), [(0, ValueError), (1.5, TypeError), (True, TypeError)])
def test_bad_numbers_are_refused(every, kind):
    with pytest.raises(kind, match="callback_every must be"):
        run(every)


def test_steps_in_an_array_are_those_of_a_list():
    made = objective()
    rates = np.linspace(0.2, 0.01, 40)
    runs = [
        gd.minimize(made, np.zeros(made.shape), gd.Momentum(), step, batches=gd.MiniBatches(32), max_steps=40)
        for step in (rates, rates.tolist())
    ]
    assert np.array_equal(runs[0].w, runs[1].w)
    assert np.array_equal(runs[0].history.step_sizes, rates)
    for bad in (0.0, np.nan, np.inf, -1.0):
        with pytest.raises(ValueError, match=r"step\[3\] must be"):
            gd.minimize(made, np.zeros(made.shape), step=np.where(np.arange(40) == 3, bad, rates), max_steps=40)


def test_where_nothing_was_evaluated_the_value_is_nan_and_in_no_mean():
    """Of a run that computes the objective only at its evaluations."""
    rng = np.random.default_rng(0)
    made = gd.LinearObjective(rng.normal(size=(50, 4)), rng.integers(0, 3, 50), gd.Hinge(), gd.L2(0.05))
    seen = {}
    for every in (1, 5):
        result = gd.minimize(
            made, np.zeros(made.shape), gd.DualCoordinateAscent(), max_steps=10, evaluate_every=3,
            callback=lambda k, w, value, every=every: seen.update({(every, k): value}), callback_every=every,
        )  # fmt: skip
    assert result.history.steps.tolist() == [0, 3, 6, 9]
    known = dict(zip(result.history.steps.tolist(), result.history.values, strict=True))
    for k in range(1, 11):
        assert seen[1, k] == known[k] if k in known else np.isnan(seen[1, k])
    assert [seen[5, 5], seen[5, 10]] == [known[3], (known[6] + known[9]) / 2]
