"""LECTURE 30: the step of a line search keeps its rule on every kind of ray, and costs one ray on linear objectives."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import gdfast as gd
from gdfast.protocols import LineSearch

SEARCHES = [
    gd.GridSearch([0.001, 0.01, 0.1, 1.0]),
    gd.Backtracking(),
    gd.StrongWolfe(),
    gd.StrongWolfe(curvature=0.1),
    gd.ExactLineSearch(),
]
every_search = pytest.mark.parametrize("search", SEARCHES, ids=repr)
LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber()]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)


class Scripted:
    """A ray from two functions of the step, which writes down what it is asked."""

    def __init__(self, value, slope):
        self._value, self._slope, self.asked = value, slope, set()

    def value(self, step):
        self.asked.add(step)
        return self._value(step)

    def slope(self, step):
        self.asked.add(step)
        return self._slope(step)

    def values(self, steps):
        return np.array([self.value(float(step)) for step in steps])


class Plain:
    """An objective without its structure."""

    def __init__(self, objective):
        self._objective = objective

    def value(self, w):
        return self._objective.value(w)

    def gradient(self, w):
        return self._objective.gradient(w)

    def value_and_gradient(self, w):
        return self._objective.value_and_gradient(w)


SMOOTH = {
    "parabola": (lambda a: (a - 0.3) ** 2, lambda a: 2 * (a - 0.3)),
    "far parabola": (lambda a: 1e-6 * (a - 5000) ** 2, lambda a: 2e-6 * (a - 5000)),
    "steep parabola": (lambda a: 1e10 * (a - 1e-5) ** 2, lambda a: 2e10 * (a - 1e-5)),
    "quartic": (lambda a: (a - 2) ** 4, lambda a: 4 * (a - 2) ** 3),
    "well": (lambda a: -a / (a**2 + 2), lambda a: (a**2 - 2) / (a**2 + 2) ** 2),  # More and Thuente's first
    "waves": (
        lambda a: math.cos(5 * a) / 3 - a + 0.1 * a * a,
        lambda a: -5 * math.sin(5 * a) / 3 - 1 + 0.2 * a,
    ),
    "wall": (
        lambda a: -math.log1p(-a) - 3 * a if a < 1 else math.inf,
        lambda a: 1 / (1 - a) - 3 if a < 1 else math.inf,
    ),
}


def found_on(search, value, slope):
    ray = Scripted(value, slope)
    found = search.search(ray, value(0.0), slope(0.0))
    assert found.evaluations == len(ray.asked - {0.0}) + (0.0 in ray.asked)
    return found


@pytest.mark.parametrize("name", SMOOTH)
def test_strong_wolfe_keeps_both_conditions(name):
    value, slope = SMOOTH[name]
    for start in (1e-3, 1.0, 100.0):
        for curvature in (0.9, 0.1, 0.01):
            found = found_on(gd.StrongWolfe(start=start, curvature=curvature), value, slope)
            assert found.accepted
            assert found.value == value(found.step) <= value(0) + 1e-4 * found.step * slope(0)
            assert abs(slope(found.step)) <= curvature * abs(slope(0))
            assert found.evaluations <= 25


@pytest.mark.parametrize("name", SMOOTH)
def test_backtracking_takes_the_first_step_that_falls_enough(name):
    value, slope = SMOOTH[name]
    search = gd.Backtracking(start=4.0, shrink=0.7, sufficient=0.2)
    found = found_on(search, value, slope)
    tried = 4.0 * 0.7 ** np.arange(found.evaluations)
    falls = [value(step) <= value(0) + 0.2 * step * slope(0) for step in tried]
    assert falls == [False] * (len(tried) - 1) + [True]
    assert found.step == pytest.approx(tried[-1], rel=1e-12)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_exact_search_ends_where_the_slope_vanishes(name):
    value, slope = SMOOTH[name]
    found = found_on(gd.ExactLineSearch(), value, slope)
    assert found.accepted
    assert found.value == value(found.step) < value(0)
    assert abs(slope(found.step)) <= 1e-9 * abs(slope(0))


def test_grid_search_takes_the_best_and_nothing_else():
    value, slope = SMOOTH["parabola"]
    found = found_on(gd.GridSearch([1.0, 0.1, 0.25, 0.5]), value, slope)
    assert (found.step, found.value, found.evaluations, found.accepted) == (0.25, value(0.25), 4, True)
    assert not found_on(gd.GridSearch([0.7, 5.0]), value, slope).accepted
    holes = {0.1: math.nan, 0.2: -math.inf, 0.3: math.inf, 0.4: 0.5}
    found = gd.GridSearch(list(holes)).search(Scripted(holes.__getitem__, None), 1.0, -1.0)
    assert (found.step, found.value) == (0.4, 0.5)


@every_search
@pytest.mark.parametrize("slope", [0.0, 1.0, math.nan])
def test_no_step_against_the_slope(search, slope):
    found = search.search(Scripted(lambda a: 1.0 - a, lambda a: -1.0), 1.0, slope)
    assert (found.step, found.value, found.evaluations, found.accepted) == (0.0, 1.0, 0, False)


@every_search
@pytest.mark.parametrize("rising", [lambda a: 1.0 + a, lambda a: math.nan if a else 1.0, lambda a: 1.0])
def test_no_step_where_the_slope_was_wrong(search, rising):
    """A ray that rises (its slope at a kink was another side's), is NaN or flat."""
    found = search.search(Scripted(rising, lambda a: 1.0), 1.0, -1.0)
    assert (found.step, found.value, found.accepted) == (0.0, 1.0, False)
    assert found.evaluations < 130


@every_search
def test_a_ray_that_falls_for_ever(search):
    found = found_on(search, lambda a: 1.0 - a, lambda a: -1.0)
    assert found.accepted
    limits = {gd.GridSearch: 1.0, gd.Backtracking: 1.0}
    assert found.step == limits.get(type(search), 1e12)
    if hasattr(search, "max_step"):
        near = dataclasses.replace(search, max_step=50.0)
        assert found_on(near, lambda a: -a, lambda a: -1.0).step == 50.0
        assert found_on(near, lambda a: -math.log1p(a), lambda a: -1 / (1 + a)).step <= 50.0


def test_strong_wolfe_at_a_kink_takes_the_lowest_step_that_falls_enough():
    found = found_on(gd.StrongWolfe(), lambda a: abs(a - 0.3), lambda a: -1.0 if a < 0.3 else 1.0)
    assert found.accepted
    assert found.value < 1e-8
    assert found.evaluations <= 45


def test_beyond_a_hill_the_exact_search_steps_back():
    """The slope is next seen to rise beyond a hill that it jumped over, where the value is higher than at the start."""
    found = gd.ExactLineSearch().search(
        Scripted(lambda a: (a - 8) ** 2 + 100 if a > 0.9 else a * a - a, lambda a: 2 * (a - 8) if a > 0.9 else -1.0),
        0.0,
        -1.0,
    )
    assert found.accepted
    assert 0 < found.step < 0.9
    assert found.value < 0


# On objectives.


def problem(loss, dtype=np.float64, seed=0, regularizer=None):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, 5)).astype(dtype)
    y = rng.integers(0, 3, size=80) if loss.classifies else rng.normal(size=(80, 3))
    return gd.LinearObjective(X, y, loss, regularizer), rng.normal(size=(3, 6)).astype(dtype)


@every_loss
@every_search
@pytest.mark.parametrize("regularizer", [None, gd.L2(0.1), gd.L1(0.1)], ids=repr)
def test_lecture_30_on_linear_objectives_both_rays_agree(loss, search, regularizer):
    """The structured ray costs one pass, however many steps are tried, and the generic ray finds the same step."""
    objective, W = problem(loss, regularizer=regularizer)
    value, gradient = objective.value_and_gradient(W)
    slope = -float(np.vdot(gradient, gradient))
    before = objective.passes
    found = search.search(gd.along_ray(objective, W, -gradient), value, slope)
    assert objective.passes == before + 1
    generic = search.search(gd.along_ray(Plain(objective), W, -gradient), value, slope)
    assert found.accepted
    assert generic.accepted
    assert found.step == pytest.approx(generic.step, rel=1e-6)
    assert found.value == pytest.approx(objective.value(W - found.step * gradient), rel=1e-12)
    assert found.value < value


@every_loss
@every_search
def test_a_run_costs_one_ray_and_one_evaluation_a_step_at_most(loss, search):
    objective, W = problem(loss)
    result = gd.minimize(objective, W, step=search, max_steps=12, gtol=0)
    assert (np.diff(result.history.values) < 0).all()
    # A first trial that is not taken is an evaluation as well, for those that try one.
    evaluations = 3 if isinstance(search, gd.Backtracking | gd.StrongWolfe) else 2
    assert result.passes <= 1 + evaluations * 12
    taken = gd.minimize(objective, W, step=gd.Backtracking(start=1e-3), max_steps=12, gtol=0)
    assert taken.passes == 1 + 12  # the trial is the next evaluation


@pytest.mark.parametrize("seed", range(10))
def test_the_exact_step_on_a_hinge_is_the_lowest_of_its_kinks(seed):
    objective, W = problem(gd.Hinge(), seed=seed)
    value, gradient = objective.value_and_gradient(W)
    found = gd.ExactLineSearch().search(gd.along_ray(objective, W, -gradient), value, -np.vdot(gradient, gradient))
    margins = objective.margins(W)
    rates = objective.margins(W - gradient) - margins
    with np.errstate(divide="ignore", invalid="ignore"):
        kinks = (-margins / rates).ravel()
    kinks = kinks[np.isfinite(kinks) & (kinks > 0)]
    lowest = gd.along_ray(Plain(objective), W, -gradient).values(kinks).min()
    assert found.value == pytest.approx(lowest, rel=1e-12)
    assert np.abs(kinks - found.step).min() <= 1e-12 * found.step


@every_search
def test_uphill_it_is_the_negated_objective(search):
    hill = gd.FunctionObjective(lambda w: -float(w @ w), lambda w: -2 * w)
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    up, down = gd.maximize(hill, [3.0, 4.0], step=search), gd.minimize(bowl, [3.0, 4.0], step=search)
    assert up.w.tolist() == down.w.tolist()
    assert (up.status, up.evaluations, up.value) == (down.status, down.evaluations, -down.value)


@every_search
def test_float32_stays_and_ends_in_words(search):
    objective, W = problem(gd.CrossEntropy(), np.float32, regularizer=gd.L2(0.1))
    result = gd.minimize(objective, W, step=search, max_steps=500, gtol=0)
    assert result.w.dtype == np.float32
    assert result.status in (gd.Status.NO_DESCENT, gd.Status.MAX_STEPS)
    best = gd.minimize(objective, W.astype(float), gd.LBFGS(), gd.StrongWolfe(), gtol=1e-6).value
    assert result.value == pytest.approx(best, rel=1e-6)


def test_evaluations_are_points():
    points = set()
    bowl = gd.FunctionObjective(
        lambda w: points.add(tuple(w)) or float(w @ w + w[0] ** 4), lambda w: 2 * w + [4 * w[0] ** 3, 0.0]
    )
    for search in SEARCHES:
        points.clear()
        result = gd.minimize(bowl, [2.0, -1.0], step=search, max_steps=1, gtol=0)
        # The exact search asks for slopes only, the grid's best is evaluated again.
        assert result.evaluations >= len(points)


def test_a_step_that_overflows_float32_is_only_too_long():
    objective, W = problem(gd.CrossEntropy(), np.float32)
    far = gd.minimize(objective, W, step=gd.Backtracking(start=1e300, shrink=1e-10), max_steps=3, gtol=0)
    assert far.steps == 3
    assert far.value < objective.value(W)


# Settings.


@every_search
def test_settings_are_frozen_values(search):
    assert isinstance(search, LineSearch)
    assert hash(search) == hash(dataclasses.replace(search))
    assert eval(f"gd.{search!r}") == search
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(search, dataclasses.fields(search)[0].name, 0.5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: gd.GridSearch([]), ValueError, "candidates must not be empty"),
        (lambda: gd.GridSearch([0.1, -1.0]), ValueError, r"candidates\[1\] must be > 0"),
        (lambda: gd.GridSearch([0.1, "a"]), TypeError, r"candidates\[1\] must be a real number"),
        (lambda: gd.GridSearch(0.1), TypeError, "candidates must be a sequence"),
        (lambda: gd.GridSearch("ab"), TypeError, "candidates must be a sequence"),
        (lambda: gd.Backtracking(start=0), ValueError, "start must be > 0"),
        (lambda: gd.Backtracking(shrink=1.0), ValueError, r"shrink must be in \[0, 1\)"),
        (lambda: gd.Backtracking(shrink=0.0), ValueError, "shrink must be > 0"),
        (lambda: gd.Backtracking(sufficient=-0.1), ValueError, r"sufficient must be in \[0, 1\)"),
        (lambda: gd.StrongWolfe(sufficient=0.5, curvature=0.1), ValueError, "sufficient must be < curvature"),
        (lambda: gd.StrongWolfe(max_step=math.inf), ValueError, "max_step must be finite"),
        (lambda: gd.ExactLineSearch(max_step=-1), ValueError, "max_step must be > 0"),
    ],
)
def test_bad_settings(make, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make()
