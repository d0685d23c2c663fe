"""The lowest point of a ray from its slopes: smooth ones, staircases, noise and nonsense; and in few of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast.objective.rays.minimum import lowest_step


def asked(slope, max_step=1e12):
    """The step found, and how many slopes it took."""
    steps = []

    def counted(step):
        steps.append(step)
        return slope(step)

    found = lowest_step(counted, max_step)
    assert all(0 <= step <= max_step for step in steps)
    return found, len(steps)


@pytest.mark.parametrize("root", [1e-12, 3.7e-7, 0.01, 0.5, 1.0, 2.0, 17.3, 1e6])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e9])
def test_smooth_slopes_take_few(root, scale):
    straight = asked(lambda a: scale * (a - root))
    assert straight[0] == pytest.approx(root, rel=1e-14)
    assert straight[1] <= 12
    bent = asked(lambda a: scale * (math.expm1(a / root) - math.expm1(1) if a < 50 * root else 1e20))
    assert bent[0] == pytest.approx(root, rel=1e-13)
    assert bent[1] <= 40


@pytest.mark.parametrize("seed", range(20))
def test_a_staircase_ends_at_the_kink_where_the_slope_turns(seed):
    rng = np.random.default_rng(seed)
    kinks = np.sort(10.0 ** rng.uniform(-8, 2, size=50))
    rises = rng.uniform(0.1, 3, size=50)
    start = -rng.uniform(0.1, 0.9) * rises.sum()
    turn = kinks[np.argmax(start + np.cumsum(rises) >= 0)]
    found, slopes = asked(lambda a: start + rises[kinks <= a].sum())
    assert found == pytest.approx(turn, rel=1e-15)
    assert slopes <= 110


def test_rays_that_rise_at_once_or_fall_for_ever():
    assert asked(lambda a: 1.0) == (0.0, 1)
    assert asked(lambda a: 0.0) == (0.0, 1)
    assert asked(lambda a: math.nan) == (0.0, 1)
    assert asked(lambda a: -1.0, 5.0)[0] == 5.0
    assert asked(lambda a: -math.exp(-a), 20.0)[0] == 20.0
    assert asked(lambda a: a - 1, 0.5) == (0.5, 2)


def test_a_slope_that_ceases_to_be_finite_rises():
    found, _ = asked(lambda a: a - 3 if a < 4 else math.nan)
    assert found == pytest.approx(3, rel=1e-14)
    assert asked(lambda a: -1.0 if a < 0.25 else math.inf)[0] == pytest.approx(0.25, rel=1e-14)


def test_noise_and_many_turns_end_at_one_of_them():
    rng = np.random.default_rng(0)
    found, slopes = asked(lambda a: a - 2 + 1e-6 * rng.normal())
    assert found == pytest.approx(2, abs=1e-5)
    assert slopes < 200
    turns, _ = asked(lambda a: -math.cos(3 * a))
    assert math.cos(3 * turns) == pytest.approx(0, abs=1e-12)
    assert math.sin(3 * turns) > 0
