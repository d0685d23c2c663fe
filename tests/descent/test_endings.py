"""How a run ends is data: each Status, and the numbers that come with it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast import (
    AveragedSGD,
    FunctionObjective,
    GridSearch,
    LinearObjective,
    MiniBatches,
    Momentum,
    SquaredError,
    Status,
    maximize,
    minimize,
)

PARABOLA = FunctionObjective(lambda w: float(np.sum(w**2)), lambda w: 2 * w)


def parabola_with(value_at=None, gradient_at=None):
    """The parabola, except where value_at(w) or gradient_at(w) give something."""
    return FunctionObjective(
        lambda w: float(np.sum(w**2)) if value_at is None or value_at(w) is None else value_at(w),
        lambda w: 2 * w if gradient_at is None or gradient_at(w) is None else gradient_at(w),
    )


def agrees_with_itself(result, objective):
    assert result.value == objective.value(result.w)
    assert result.gradient_norm == np.abs(objective.gradient(result.w)).max()
    assert len(result.history.values) == result.steps + 1
    assert len(result.history.step_sizes) == result.steps
    assert result.history.values[-1] == result.value
    assert np.isfinite(result.w).all()


def test_max_steps():
    result = minimize(PARABOLA, [3.0], max_steps=5)
    assert result.status is Status.MAX_STEPS
    agrees_with_itself(result, PARABOLA)


def test_converged_with_the_last_step():
    """The step of length 1/2 leads exactly to the optimum, and it is the last one allowed."""
    assert minimize(PARABOLA, [3.0], step=0.5, max_steps=1).status is Status.CONVERGED


@pytest.mark.parametrize("run", [minimize, maximize])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_diverged_hands_back_the_last_finite_numbers(run, dtype):
    result = run(PARABOLA, np.array([3.0, 1e-3], dtype), step=2.0 if run is minimize else 1.0, max_steps=10_000)
    assert result.status is Status.DIVERGED
    agrees_with_itself(result, PARABOLA)
    assert math.isfinite(result.value)
    assert result.value > 1e30
    best = result.history.values.min() if run is minimize else result.history.values.max()
    assert result.best_value == best


def test_diverged_when_only_a_weight_overflows():
    flat = FunctionObjective(lambda w: 1.0, lambda w: np.full_like(w, -1e308))
    result = minimize(flat, [0.0], step=1.0, max_steps=5)
    assert (result.status, result.steps, result.w.item()) == (Status.DIVERGED, 1, 1e308)
    agrees_with_itself(result, flat)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_diverged_when_only_the_value_or_only_the_gradient_is_not_finite(bad):
    for objective in (
        parabola_with(value_at=lambda w: bad if abs(w[0]) < 1 else None),
        parabola_with(gradient_at=lambda w: np.full_like(w, bad) if abs(w[0]) < 1 else None),
    ):
        result = minimize(objective, [3.0], max_steps=100)
        assert (result.status, result.steps) == (Status.DIVERGED, 4)
        agrees_with_itself(result, objective)


def test_diverged_at_the_start():
    objective = parabola_with(value_at=lambda w: math.inf)
    called = []
    result = minimize(objective, [3.0], callback=lambda *seen: called.append(seen))
    assert (result.status, result.steps, result.w.tolist()) == (Status.DIVERGED, 0, [3.0])
    assert result.value == math.inf
    assert result.best_w.tolist() == [3.0]
    assert len(result.history.values) == 0
    assert called == []


def test_numpy_does_not_warn_of_what_the_status_says():
    """Warnings are errors in these tests: the overflow inside the objective stays quiet, but only there."""
    minimize(PARABOLA, [3.0], step=2.0)
    with pytest.warns(RuntimeWarning, match="overflow"):
        PARABOLA.value(np.array([1e300]))


def test_stopped_by_the_callback():
    result = minimize(PARABOLA, [3.0], callback=lambda k, w, value: k == 3)
    assert (result.status, result.steps) == (Status.STOPPED, 3)
    agrees_with_itself(result, PARABOLA)
    assert minimize(PARABOLA, [3.0], callback=lambda k, w, value: np.bool_(k == 3)).steps == 3


def test_a_run_that_has_converged_is_not_stopped():
    """Whether the callback says True there or not: a checkpoint then says that there is nothing to go on with."""
    result = minimize(PARABOLA, [3.0], step=0.5, callback=lambda k, w, value: True)
    assert (result.status, result.steps) == (Status.CONVERGED, 1)


@pytest.mark.parametrize("answer", [None, False, 1, "yes", np.ones(3)])
def test_only_true_stops(answer):
    assert minimize(PARABOLA, [3.0], max_steps=4, callback=lambda k, w, value: answer).steps == 4


@pytest.mark.parametrize("where", ["objective", "callback", "schedule", "optimizer", "metric"])
def test_interrupted_returns_the_last_finished_step(where):
    calls = dict.fromkeys(("objective", "callback", "schedule", "optimizer", "metric"), 0)

    def tick(name, returned):
        calls[name] += 1
        if name == where and calls[name] > 5:
            raise KeyboardInterrupt
        return returned

    class Watched(Momentum):
        def update(self, gradient, state, w):
            return tick("optimizer", super().update(gradient, state, w))

    objective = FunctionObjective(lambda w: tick("objective", float(np.sum(w**2))), lambda w: 2 * w)
    result = minimize(
        objective,
        [3.0, 1.0],
        Watched(),
        lambda k: tick("schedule", 0.05),
        max_steps=50,
        callback=lambda k, w, value: tick("callback", None),
        metrics={"m": lambda w: tick("metric", 1.0)},
        evaluate_every=1,
    )
    assert result.status is Status.INTERRUPTED
    assert result.steps == {"objective": 4, "callback": 6, "schedule": 5, "optimizer": 5, "metric": 5}[where]
    agrees_with_itself(result, PARABOLA)
    reference = minimize(PARABOLA, [3.0, 1.0], Momentum(), 0.05, max_steps=result.steps)
    assert np.array_equal(result.w, reference.w)


def test_interrupted_before_the_first_value():
    def interrupted(w):
        raise KeyboardInterrupt

    result = minimize(FunctionObjective(interrupted), [3.0])
    assert (result.status, result.steps, result.w.tolist()) == (Status.INTERRUPTED, 0, [3.0])
    assert math.isnan(result.value)
    assert "Interrupted" in str(result)


def test_other_exceptions_come_through():
    def broken(k, w, value):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        minimize(PARABOLA, [3.0], callback=broken)


@pytest.mark.parametrize("optimizer", [Momentum(0.0), Momentum(0.9)])
def test_no_descent_when_float32_stalls(optimizer):
    """A step of 1e-3 is less than half the distance between float32 numbers near 1e8: no bit of w moves."""
    slope = FunctionObjective(lambda w: float(w[0]), np.ones_like)
    result = minimize(slope, np.array([1e8], np.float32), optimizer, 1e-3, max_steps=2000)
    assert result.status is Status.NO_DESCENT
    assert result.w.tolist() == [1e8]
    assert result.steps < 1000


def test_momentum_may_stand_still_before_it_moves():
    """One step is lost in rounding; the velocity grows until it is not."""
    slope = FunctionObjective(lambda w: float(w[0]), np.ones_like)
    result = minimize(slope, np.array([1e8], np.float32), Momentum(0.99), 0.1, max_steps=300)
    assert result.status is Status.MAX_STEPS
    assert result.w[0] < 1e8


def test_a_schedule_of_zeros_is_not_a_stall():
    result = minimize(PARABOLA, [3.0], step=lambda k: 0.1 if k > 20 else 0.0, max_steps=30)
    assert result.status is Status.MAX_STEPS
    assert result.w.item() == pytest.approx(3 * 0.8**9)


def test_require_raises_the_sentence():
    result = minimize(PARABOLA, [3.0], max_steps=5)
    with pytest.raises(RuntimeError, match="All steps were taken"):
        result.require()


def test_a_diverging_run_with_batches_ends_with_finite_weights():
    class Rows:
        n_samples = 4
        value, gradient = PARABOLA.value, PARABOLA.gradient

        def value_and_gradient(self, w):
            return PARABOLA.value_and_gradient(w)

        def rows(self, indices):
            return self

    for evaluate_every in (None, 1, 7):
        result = minimize(
            Rows(), [3.0], step=2.0, batches=MiniBatches(2), max_steps=5000, evaluate_every=evaluate_every
        )
        assert result.status is Status.DIVERGED
        assert np.isfinite(result.w).all()
        assert len(result.history.values) == len(result.history.step_sizes) == result.steps
    last = minimize(Rows(), [3.0], step=1e200, batches=MiniBatches(2), max_steps=1)
    assert (last.status, last.steps) == (Status.DIVERGED, 1)


def test_a_mean_whose_value_is_not_finite_has_diverged():
    """The iterates are finite; at their mean, which is what the run hands back, the objective is not."""
    hole = parabola_with(value_at=lambda w: math.nan if abs(w[0]) < 1 else None)
    result = minimize(hole, [3.0], AveragedSGD(), step=GridSearch([0.9]))  # 3, -2.4, 1.92, -1.54, 1.23, and no further
    assert (result.status, result.steps) == (Status.DIVERGED, 4)
    assert math.isnan(result.value)


def test_stopped_where_the_whole_objective_is_not_finite_has_diverged():
    """A mini-batch is finite, the callback stops, and then the whole is seen to be infinite."""
    X = np.array([[1e-3], [1e200]])
    objective = LinearObjective(X, np.zeros(2), SquaredError(), bias=False)
    first = MiniBatches(1, shuffle=False)
    result = minimize(objective, [[1.0]], batches=first, max_steps=1, callback=lambda k, w, value: True)
    assert result.status is Status.DIVERGED
