"""Rays and line searches that lead out of a function's domain: they end where the function does."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gdfast as gd


def barrier(x):
    """Falls up to its minimum at 0.75, rises to infinity at 1."""
    return -math.log(1 - x[0]) - 4 * x[0]


def barrier_gradient(x):
    return np.array([1 / (1 - x[0]) - 4])


def slide(x):
    """Falls up to its end at 1."""
    return -x[0] - math.sqrt(1 - x[0]) * 0.5


def slide_gradient(x):  # knows no end
    return np.array([-1.0])


def raising(f, error):
    def own(x):
        if x[0] >= 1:
            raise error
        return f(x)

    return own


def giving(f, outside):
    return lambda x: outside if x[0] >= 1 else f(x)


class OutOfDomain(Exception):
    """A user's own."""


ENDS = {
    "math": lambda f: f,
    "raises": lambda f: raising(f, RuntimeError("outside")),
    "asserts": lambda f: raising(f, AssertionError()),
    "its own error": lambda f: raising(f, OutOfDomain("outside")),
    "divides": lambda f: raising(f, ZeroDivisionError()),
    "nan": lambda f: giving(f, math.nan),
    "infinite": lambda f: giving(f, math.inf),
    "falls for ever": lambda f: giving(f, -math.inf),
}
SEARCHES = {
    "backtracking": gd.Backtracking(),
    "wolfe": gd.StrongWolfe(),
    "exact": gd.ExactLineSearch(),
    "grid": gd.GridSearch([0.01, 0.1, 1.0, 1e3]),
    "far": gd.StrongWolfe(start=1e3),
}


@pytest.mark.parametrize("own_gradient", [True, False])
@pytest.mark.parametrize("end", ENDS)
def test_the_minimum_of_a_ray_lies_where_the_function_is(end, own_gradient):
    objective = gd.FunctionObjective(ENDS[end](barrier), barrier_gradient if own_gradient else None)
    ray = gd.along_ray(objective, np.array([0.0]), np.array([1.0]))
    if own_gradient:
        assert ray.minimum() == pytest.approx(0.75, rel=1e-12)
    else:
        assert ray.minimum() == pytest.approx(0.75, rel=1e-6)


@pytest.mark.parametrize("direction", [1.0, 1e-3, 1e5])
@pytest.mark.parametrize("end", ENDS)
def test_a_ray_that_falls_up_to_its_end_is_lowest_there(end, direction):
    objective = gd.FunctionObjective(ENDS[end](slide), slide_gradient)
    ray = gd.along_ray(objective, np.array([0.0]), np.array([direction]))
    step = ray.minimum()
    assert math.isfinite(ray.value(step))
    assert step * direction == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.LBFGS()])
def test_searches_stay_where_the_function_is(search, end, optimizer):
    objective = gd.FunctionObjective(ENDS[end](barrier), barrier_gradient)
    result = gd.minimize(objective, [0.0], optimizer, SEARCHES[search], max_steps=200)
    assert math.isfinite(result.value)
    assert result.value < barrier([0.0])
    tolerance = 0.1 if search == "grid" else 1e-3
    assert result.w[0] == pytest.approx(0.75, abs=tolerance)
    slides = gd.minimize(gd.FunctionObjective(ENDS[end](slide), slide_gradient), [0.0], optimizer, SEARCHES[search])
    assert math.isfinite(slides.value)
    assert slides.w[0] <= 1
    assert slides.value < slide([0.0])


def test_going_up_as_well():
    objective = gd.FunctionObjective(lambda x: -barrier(x), lambda x: -barrier_gradient(x))
    result = gd.maximize(objective, [0.0], step=gd.ExactLineSearch())
    assert result.w[0] == pytest.approx(0.75, rel=1e-6)


def test_a_mistake_in_the_function_comes_through():
    def f(x):
        return barrier(x) if x[0] < 0.5 else None

    with pytest.raises(TypeError, match="must return one real number"):
        gd.minimize(gd.FunctionObjective(f, barrier_gradient), [0.0], step=gd.Backtracking())


@pytest.mark.parametrize("mistake", [KeyError("x"), NameError("x"), AttributeError("x"), IndexError("x")])
@pytest.mark.parametrize("search", SEARCHES)
def test_mistakes_that_it_raises_come_through(mistake, search):
    objective = gd.FunctionObjective(raising(slide, mistake), slide_gradient)
    with pytest.raises(type(mistake), match="x"):
        gd.minimize(objective, [0.0], step=SEARCHES[search], max_steps=100)


def test_what_is_asked_for_by_name_raises():
    ray = gd.along_ray(gd.FunctionObjective(barrier, barrier_gradient), np.array([0.0]), np.array([1.0]))
    with pytest.raises(ValueError, match=r"math domain error|positive"):
        ray.value(2.0)
