"""Three strategies on one objective: the same budget, honest numbers, the lecture's order (LECTURE 14-16)."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

import gdfast as gd
import reference
from gdfast.pictures.strategies import COLUMNS, Plan, StrategyTable, compare_strategies

PLAN = Plan(evaluations=60, random_scale=0.1, local_start=0.1, local_step=0.1, step=0.1)


def problem(seed: int = 0, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 4
    return np.eye(4)[y] + 0.4 * rng.normal(size=(n, 4)), y


@pytest.fixture(scope="module")
def objectives() -> tuple[gd.LinearObjective, gd.LinearObjective]:
    return gd.LinearObjective(*problem(0)), gd.LinearObjective(*problem(1))


@pytest.fixture(scope="module")
def table(objectives) -> StrategyTable:
    return compare_strategies(*objectives, PLAN, rng=0)


def test_lecture_14_15_16_each_strategy_uses_the_same_number_of_evaluations(table):
    assert [row.name for row in table.rows] == [
        "random search",
        "random local search",
        "gradient descent",
        "momentum",
    ]
    assert [row.evaluations for row in table.rows] == [60] * 4
    assert [row.passes for row in table.rows][1:] == [60] * 3
    assert table.rows[0].passes <= 60


def test_lecture_16_following_the_gradient_is_far_better(table):
    random, local, descent, momentum = table.rows
    assert max(descent.value, momentum.value) < local.value < random.value
    assert descent.accuracy > random.accuracy


def test_gradient_descent_is_gradient_descent_and_momentum_is_named(table, objectives):
    """Both from W = 0 with the plan's learning rate, step for step by the formulas."""
    train = reference.LinearProblem(*problem(0))
    for name, momentum in (("gradient descent", 0.0), ("momentum", 0.9)):
        W, velocity, values = np.zeros(objectives[0].shape), 0.0, []
        for _ in range(10):
            values.append(train.value(W))
            velocity = momentum * velocity + train.gradient(W)
            W = W - PLAN.step * velocity
        np.testing.assert_allclose(table.runs[name].history.values[:10], values, rtol=1e-10)


def test_lecture_39_the_loss_at_zero_weights_is_where_gradient_descent_starts(table):
    assert table.first_loss == table.descent.history.values[0] == 3.0
    assert table.start == "3 = (n_classes - 1) * margin, the loss at W = 0"


def test_the_curve_of_a_search_is_the_lowest_loss_so_far(objectives, table):
    for row in table.rows[:2]:
        values = row.run.history.values
        assert values.shape == row.run.history.seconds.shape == (60,)
        assert (np.diff(values) <= 0).all()
        assert values[-1] == row.value
        assert row.run.history.metrics["held-out accuracy"].tolist() == [row.accuracy]


def test_the_worse_loss_with_the_better_accuracy_is_explained_where_it_occurs(table):
    def with_numbers(value, accuracy):
        first, *others = table.rows
        return replace(table, rows=(replace(first, value=value, accuracy=accuracy), *others))

    worst = max(row.value for row in table.rows) + 1
    assert not any("worse loss" in sentence for sentence in with_numbers(worst, 0.0).remarks())
    (said,) = (s for s in with_numbers(worst, 1.0).remarks() if "than random local search" in s)
    assert said.startswith("Random search has the worse loss and the better accuracy than random local search")
    assert "stays the same when W is multiplied by 10" in said


def test_scaling_the_weights_changes_the_loss_and_not_the_accuracy(objectives, table):
    """What that sentence says."""
    train, w = objectives[0], 3.0 * table.rows[0].w
    assert train.accuracy(10 * w) == train.accuracy(w)
    assert train.value(10 * w) > train.value(w)


def test_each_row_tells_the_loss_and_accuracy_of_its_weights(table):
    train, held_out = reference.LinearProblem(*problem(0)), reference.LinearProblem(*problem(1))
    for row in table.rows:
        assert row.value == pytest.approx(train.value(row.w), rel=1e-12)
        assert row.accuracy == pytest.approx(held_out.accuracy(row.w))
        assert row.seconds > 0


def test_gradient_descent_overtook_the_searches_where_its_curve_says(table):
    k = table.overtaken_at()
    best = min(row.value for row in table.rows[:2])
    values = table.descent.history.values
    assert k is not None
    assert values[k - 1] < best
    assert (values[: k - 1] >= best).all()


def test_a_descent_that_never_overtakes_says_so(objectives):
    slow = Plan(evaluations=5, random_scale=0.1, local_start=0.01, local_step=0.1, step=1e-12)
    assert compare_strategies(*objectives, slow, rng=0).overtaken_at() is None


def test_the_same_seed_gives_the_same_table_and_another_seed_another(objectives, table):
    again, other = (compare_strategies(*objectives, PLAN, rng=seed) for seed in (0, 1))
    for row, same in zip(table.rows, again.rows, strict=True):
        np.testing.assert_array_equal(row.w, same.w)
    assert not np.array_equal(table.rows[0].w, other.rows[0].w)


def test_begin_is_told_each_name(objectives):
    names: list[str] = []
    table = compare_strategies(*objectives, Plan(evaluations=2), rng=0, begin=names.append)
    assert names == [row.name for row in table.rows]


def test_the_csv_holds_every_number_in_full(table):
    rows = list(csv.reader(io.StringIO(table.csv())))
    assert tuple(rows[0]) == COLUMNS
    for text, row in zip(rows[1:], table.rows, strict=True):
        assert text[0] == row.name
        assert [float(cell) for cell in text[1:]] == [row.evaluations, row.passes, row.seconds, row.value, row.accuracy]


def test_the_printed_table_is_aligned_and_narrow(table):
    lines = str(table).splitlines()
    assert len(lines) == 5
    assert len({len(line) for line in lines[1:]}) == 1
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"evaluations": 0}, ValueError, "evaluations must be >= 1; it is 0"),
        ({"evaluations": 1.5}, TypeError, "evaluations must be an integer"),
        ({"random_scale": 0.0}, ValueError, "random_scale must be > 0"),
        ({"local_start": -1.0}, ValueError, "local_start must be > 0"),
        ({"local_step": float("nan")}, ValueError, "local_step must be finite"),
        ({"step": "1"}, TypeError, "step must be a real number"),
        ({"momentum": 1.0}, ValueError, "momentum must be"),
    ],
)
def test_a_bad_plan_is_refused(settings, error, message):
    with pytest.raises(error, match=message):
        Plan(**settings)


def test_bad_arguments_are_refused_before_any_work(objectives):
    train, held_out = objectives
    before = train.passes
    elsewhere = gd.LinearObjective(np.ones((4, 3)), np.arange(4))
    with pytest.raises(
        ValueError, match=r"held_out must have weights of train's shape \(4, 5\); its shape is \(4, 4\)"
    ):
        compare_strategies(train, elsewhere)
    with pytest.raises(TypeError, match="plan must be a Plan or None; it is dict"):
        compare_strategies(train, held_out, {})
    with pytest.raises(TypeError, match="progress must be True or False"):
        compare_strategies(train, held_out, progress=1)
    with pytest.raises(ValueError, match="rng must be >= 0"):
        compare_strategies(train, held_out, rng=-1)
    assert train.passes == before
