"""How far: numbers, sequences, schedules and line searches, and every wrong one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast import (
    L2,
    CrossEntropy,
    FunctionObjective,
    LinearObjective,
    MiniBatches,
    Momentum,
    Status,
    maximize,
    minimize,
)
from gdfast.protocols import Found, LineSearch

PARABOLA = FunctionObjective(lambda w: float(np.sum(w**2)), lambda w: 2 * w)
HILL = FunctionObjective(lambda w: -float(np.sum(w**2)), lambda w: -2 * w)


class Halving:
    """A tiny line search: halve a step of 4 until the objective falls."""

    def __init__(self, tries=30):
        self.tries = tries
        self.seen = []

    def search(self, ray, value, slope):
        self.seen.append((value, slope, ray.value(0.0)))
        step = 4.0
        for evaluations in range(1, self.tries + 1):
            trial = ray.value(step)
            if trial < value:
                return Found(step, trial, evaluations, accepted=True)
            step /= 2
        return Found(0.0, value, self.tries, accepted=False)


def test_a_line_search_decides_how_far():
    search = Halving()
    assert isinstance(search, LineSearch)
    result = minimize(PARABOLA, [3.0, 4.0], step=search)
    # Along -2w the value falls for steps below 1, and 0.5 = 4/2^3 leads to the optimum.
    assert result.status is Status.CONVERGED
    assert result.history.step_sizes.tolist() == [0.5]
    assert result.evaluations == 2 + 4
    value, slope, at_zero = search.seen[0]
    assert (value, slope, at_zero) == (25.0, -100.0, 25.0)


def test_a_line_search_uphill_sees_the_negated_objective():
    search = Halving()
    result = maximize(HILL, [3.0, 4.0], step=search)
    assert (result.status, result.value) == (Status.CONVERGED, 0.0)
    assert search.seen == [(25.0, -100.0, 25.0)]


def test_no_descent_when_the_line_search_finds_nothing():
    kink = FunctionObjective(lambda w: float(np.abs(w).sum()), lambda w: np.where(w >= 0, 1.0, -1.0))
    result = minimize(kink, [0.0], Momentum(), Halving(8))
    assert (result.status, result.steps, result.evaluations) == (Status.NO_DESCENT, 0, 1 + 8)
    assert len(result.history.step_sizes) == 0


def test_a_line_search_on_float32():
    result = minimize(PARABOLA, np.array([3.0, 4.0], np.float32), step=Halving())
    assert result.w.dtype == np.float32


class Lowest:
    """An exact line search on a convex ray."""

    def search(self, ray, value, slope):
        step = ray.minimum()
        lowest = ray.value(step)
        return Found(step, lowest, 1, accepted=lowest < value)


def test_a_line_search_on_a_linear_objective_uses_its_ray():
    """Half a pass over X for the ray and half for the gradient, however many values the search evaluates."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, size=60)
    objective = LinearObjective(X, y, CrossEntropy(), L2(0.1))
    result = minimize(objective, np.zeros((3, 5)), step=Lowest(), max_steps=15, gtol=0)
    assert result.passes == 1 + 15
    assert (np.diff(result.history.values) < 0).all()
    for step in (0.9, 1.1):
        w = -objective.gradient(np.zeros((3, 5))) * result.history.step_sizes[0] * step
        assert objective.value(w) > result.history.values[1]


class Flat:
    """Two rows; the first one's objective is flat, so it offers no direction."""

    n_samples = 2
    value, gradient, value_and_gradient = PARABOLA.value, PARABOLA.gradient, PARABOLA.value_and_gradient

    def rows(self, indices):
        return FunctionObjective(lambda w: 1.0, np.zeros_like) if 0 in indices else PARABOLA


def test_with_batches_a_search_that_finds_nothing_waits_for_the_next_batch():
    batches = MiniBatches(1, shuffle=False)
    result = minimize(Flat(), [3.0, 4.0], step=Halving(), batches=batches, max_steps=2)
    assert result.status is Status.CONVERGED
    assert result.history.step_sizes.tolist() == [0.0, 0.5]


def test_without_a_direction_there_is_no_descent():
    class Nowhere(Momentum):
        def update(self, gradient, state, w):
            return 0 * gradient, state

    assert minimize(PARABOLA, [3.0], Nowhere(), Halving()).status is Status.NO_DESCENT


@pytest.mark.parametrize("step", [1, 0.1, np.float32(0.1), np.int64(1)])
def test_numbers(step):
    result = minimize(PARABOLA, [3.0], step=step, max_steps=3)
    assert result.history.step_sizes.tolist() == [float(step)] * 3
    assert result.w.dtype == np.float64


def test_a_longer_sequence_and_one_for_no_steps():
    assert minimize(PARABOLA, [3.0], step=[0.1] * 9, max_steps=2).steps == 2
    assert minimize(PARABOLA, [3.0], step=[], max_steps=0).steps == 0


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (0.0, ValueError, "step must be > 0; it is 0"),
        (-0.1, ValueError, "step must be > 0; it is -0.1"),
        (math.nan, ValueError, "step must be finite; it is nan"),
        (math.inf, ValueError, "step must be finite; it is inf"),
        (True, TypeError, "step must be a real number; it is bool True"),
        (1j, TypeError, "step must be a real number; it is complex 1j"),
        (None, TypeError, "step must be a positive number, a sequence of them.*NoneType None"),
        ("fast", TypeError, "step must be a positive number, a sequence of them.*str 'fast'"),
        (b"fast", TypeError, "step must be a positive number, a sequence of them.*bytes"),
        ({0.1, 0.2}, TypeError, "step must be a positive number, a sequence of them.*set"),
        (iter([0.1] * 5), TypeError, "step must be a positive number, a sequence of them"),
        (np.array(0.1), TypeError, "step must be a positive number, a sequence of them.*ndarray"),
        (Halving, TypeError, r"it is the class Halving: make an instance, Halving\(...\)"),
        ([0.1] * 4, ValueError, "step must hold a learning rate for each of the 5 steps; it holds 4"),
        ([0.1, 0.1, 0.0, 0.1, 0.1], ValueError, r"step\[2\] must be > 0; it is 0"),
        (np.array([0.1, math.nan] * 3), ValueError, r"step\[1\] must be finite; it is nan"),
        ([0.1, "a", 1, 1, 1], TypeError, r"step\[1\] must be a real number; it is str 'a'"),
        (np.full((5, 1), 0.1), TypeError, r"step\[0\] must be a real number; it is ndarray"),
    ],
)
def test_bad_steps(step, error, message):
    with pytest.raises(error, match=message):
        minimize(PARABOLA, [3.0], step=step, max_steps=5)


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (math.nan, ValueError, "step must return a finite number >= 0; at k = 3 it returned nan"),
        (math.inf, ValueError, "at k = 3 it returned inf"),
        (-0.1, ValueError, "at k = 3 it returned -0.1"),
        (np.float64(-1), ValueError, "at k = 3 it returned -1.0"),
        (None, TypeError, "step must return one real number; at k = 3 it returned NoneType None"),
        (True, TypeError, "at k = 3 it returned bool True"),
        (np.array([0.1]), TypeError, "at k = 3 it returned ndarray"),
        ("0.1", TypeError, "at k = 3 it returned str '0.1'"),
    ],
)
def test_a_schedule_that_returns_nonsense_names_the_step(returned, error, message):
    with pytest.raises(error, match=message):
        minimize(PARABOLA, [3.0], step=lambda k: returned if k == 3 else 0.1)
