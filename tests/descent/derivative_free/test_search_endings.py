"""How searches end: by their limits, by a Ctrl-C, with the best so far in both cases."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import gdfast as gd
from gdfast import Status
from interrupts import PATIENCE, interrupted

BOWL = gd.FunctionObjective(lambda w: float(w @ w))


def up(x):
    return [x + 1]


def test_a_climb_without_end_ends_at_its_limit():
    found = gd.hill_climb(lambda x: float(x), 0, up, maximize=True, max_evaluations=1000)
    assert (found.status, found.evaluations, found.w, found.value) == (Status.MAX_STEPS, 1000, 999, 999.0)


def test_a_climb_has_a_limit_by_itself():
    found = gd.hill_climb(lambda x: float(x), 0, up, maximize=True)
    assert (found.status, found.evaluations) == (Status.MAX_STEPS, 100_000)


def test_a_local_optimum_is_converged():
    def climb(most):
        return gd.hill_climb(lambda x: abs(x - 7), 0, lambda x: [x - 1, x + 1], max_evaluations=most)

    found = climb(17)
    assert (found.status, found.w, found.evaluations) == (Status.CONVERGED, 7, 17)
    assert climb(16).status is Status.MAX_STEPS


def test_neighbours_without_end():
    """Also where a restart walks over them."""
    found = gd.hill_climb(lambda x: -x, 0, lambda x: itertools.count(x), max_evaluations=50, restarts=3, rng=0)
    assert (found.evaluations, found.w) == (50, 48)


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, None, "all"])
def test_a_limit_is_a_whole_number(bad):
    with pytest.raises((TypeError, ValueError), match="max_evaluations"):
        gd.hill_climb(sum, (1, 0), lambda x: [], max_evaluations=bad)


def at_call(n, value=lambda w: float(np.sum(np.square(w)))):
    """A function that raises KeyboardInterrupt at its n-th call; what it was asked for is kept."""
    seen = []

    def f(x):
        if len(seen) == n - 1:
            raise KeyboardInterrupt
        seen.append((float(value(x)), x.copy() if isinstance(x, np.ndarray) else x))
        return seen[-1][0]

    return f, seen


@pytest.mark.parametrize("n", [2, 5, 40])
def test_an_interrupt_gives_the_best_so_far(n):
    f, seen = at_call(n)
    found = gd.local_search(gd.FunctionObjective(f), [3.0, 4.0], n=100, step=0.3, rng=0)
    assert (found.status, found.evaluations) == (Status.INTERRUPTED, n - 1)
    assert found.value == min(value for value, _ in seen) == pytest.approx(BOWL.value(found.w), rel=1e-14)

    f, seen = at_call(n, value=lambda x: abs(x - 50))
    found = gd.hill_climb(f, 0, lambda x: [x - 1, x + 1])
    assert (found.status, found.evaluations) == (Status.INTERRUPTED, n - 1)
    assert (found.value, found.w) == min(seen)
    assert str(found).startswith("Interrupted (Ctrl-C). The best of ")


def test_an_interrupt_in_a_later_block_of_random_points():
    f, seen = at_call(100)
    found = gd.random_search(gd.FunctionObjective(f), 2, n=200, scale=1.0, rng=0)
    assert (found.status, found.evaluations) == (Status.INTERRUPTED, 64)
    assert found.value == min(value for value, _ in seen[:64])


def test_an_interrupt_before_anything_is_known():
    f, _ = at_call(1)
    for found in (
        gd.random_search(gd.FunctionObjective(f), 2, n=5, rng=0),
        gd.local_search(gd.FunctionObjective(f), [1.0], n=5, rng=0),
    ):
        assert (found.status, found.evaluations) == (Status.INTERRUPTED, 0)
        assert math.isnan(found.value)
        assert np.isfinite(found.w).all()
    with pytest.raises(KeyboardInterrupt):
        gd.hill_climb(f, 0, up)


def test_an_interrupt_of_neighbours_and_starts():
    def neighbors(x):
        yield x + 1
        if x == 3:
            raise KeyboardInterrupt

    found = gd.hill_climb(lambda x: -x, 0, neighbors)
    assert (found.status, found.w) == (Status.INTERRUPTED, 4)


def test_searches_that_end_by_themselves_say_so():
    assert gd.random_search(BOWL, 2, n=5, rng=0).status is Status.MAX_STEPS
    assert gd.local_search(BOWL, [1.0], n=5, rng=0).status is Status.MAX_STEPS


@pytest.mark.parametrize(
    "call",
    [
        "gd.random_search(bowl, 100, n=10**9, rng=0)",
        "gd.random_search(linear, n=10**9, rng=0)",
        "gd.local_search(linear, np.zeros(linear.shape), n=10**9, rng=0)",
        "gd.hill_climb(lambda x: -x, 0, lambda x: [x + 1], max_evaluations=10**12)",
        "gd.hill_climb(lambda x: 0, 0, lambda x: itertools.count(), max_evaluations=10**12)",
    ],
)
def test_a_real_ctrl_c(call):
    told = interrupted(
        f"""
        import itertools
        bowl = gd.FunctionObjective(lambda w: float(w @ w))
        linear = gd.LinearObjective(np.random.default_rng(0).normal(size=(10_000, 50)), np.arange(10_000) % 10)
        press_after(0.5)
        found = {call}
        tell(status=found.status.name, evaluations=found.evaluations, value=found.value)
        """
    )
    assert told["status"] == "INTERRUPTED"
    assert told["evaluations"] > 0
    assert math.isfinite(told["value"])
    assert told["seconds"] < PATIENCE
