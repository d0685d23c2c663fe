"""What the pictures say: their numbers, labels and legends, not their pixels."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import gdfast as gd
from gdfast.pictures.strategies import Plan, StrategyTable, compare_strategies

pytest.importorskip("matplotlib")


def run(**options) -> gd.Result:
    X = np.random.default_rng(0).normal(size=(20, 3))
    objective = gd.LinearObjective(X, np.arange(20) % 2)
    options = {"metrics": {"accuracy": objective.accuracy}, "evaluate_every": 4, "max_steps": 10, **options}
    return gd.minimize(objective, np.zeros(objective.shape), **options)


@pytest.fixture(scope="module")
def table() -> StrategyTable:
    objective = gd.LinearObjective(np.eye(4), np.arange(4))
    return compare_strategies(objective, objective, Plan(evaluations=20), rng=0)


def test_the_objective_is_drawn_against_steps(ax):
    result = run()
    assert gd.plots.history(result, ax) is ax
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), np.arange(11))
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), result.history.values)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("steps", "objective")


def test_a_metric_is_drawn_where_it_was_evaluated(ax):
    result = run()
    gd.plots.history(result.history, ax, quantity="accuracy", against="seconds")
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), result.history.seconds[[0, 4, 8, 10]])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), result.history.metrics["accuracy"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("seconds", "accuracy")


@pytest.mark.parametrize(("quantity", "field"), [("gradient_norm", "gradient_norms"), ("step_size", "step_sizes")])
def test_the_other_quantities(ax, quantity, field):
    result = run(step=list(np.linspace(0.1, 0.2, 10)))
    gd.plots.history(result, ax, quantity=quantity)
    numbers = getattr(result.history, field)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), numbers)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), np.arange(numbers.size))


def test_a_run_that_was_never_evaluated_has_its_mini_batches(ax):
    gd.plots.history(run(batches=5, evaluate_every="never", metrics=None), ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mini-batches"]


@pytest.mark.parametrize("against", ["steps", "seconds"])
def test_mini_batches_are_drawn_beside_the_whole_objective(ax, against):
    result = run(batches=gd.MiniBatches(5, seed=0))
    gd.plots.history(result, ax, against=against)
    batches, whole = ax.lines
    np.testing.assert_array_equal(batches.get_ydata(), result.history.values)
    np.testing.assert_array_equal(whole.get_ydata(), result.history.evaluated_values)
    assert whole.get_xdata().size == 4
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mini-batches", "all samples"]


def test_a_run_without_a_step_can_be_drawn(ax):
    gd.plots.history(run(max_steps=0), ax)
    assert ax.lines[0].get_xdata().tolist() == [0]


def test_lecture_38_several_runs_share_axes_under_their_names(ax):
    runs = {"full": run(), "batches of 5": run(batches=gd.MiniBatches(5, seed=0))}
    gd.plots.history(runs, ax, against="passes", log=True)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(runs)
    full, batched = ax.lines
    np.testing.assert_array_equal(full.get_ydata(), runs["full"].history.values)
    np.testing.assert_array_equal(batched.get_ydata(), runs["batches of 5"].history.evaluated_values)
    for line, result in zip(ax.lines, runs.values(), strict=True):
        assert line.get_xdata()[0] == 0.0
        assert line.get_xdata()[-1] == pytest.approx(result.passes)
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in ax.lines}) == 2
    assert (ax.get_xlabel(), ax.get_yscale()) == ("passes over the data", "log")


def test_a_run_that_does_not_know_its_passes_is_refused(ax):
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    result = gd.minimize(bowl, [1.0], max_steps=3)
    for unknown in (result, run().history):
        with pytest.raises(ValueError, match=r"against must be 'steps' or 'seconds' for a run that does not know"):
            gd.plots.history(unknown, ax, against="passes")


def test_named_runs_are_checked_before_anything_is_drawn(ax):
    with pytest.raises(ValueError, match="result must not be empty"):
        gd.plots.history({}, ax)
    with pytest.raises(TypeError, match=r"result\['b'\] must be a Result or a SearchResult or a History"):
        gd.plots.history({"a": run(), "b": 3}, ax)
    with pytest.raises(ValueError, match=r"quantity must be one of .*; it is 'accuracy'"):
        gd.plots.history({"a": run(), "b": run(metrics={})}, ax, quantity="accuracy")
    assert not ax.lines


def test_the_table_as_bars(ax, table):
    assert gd.plots.strategies(table, ax) is ax
    assert [bar.get_width() for bar in ax.patches] == [100 * row.accuracy for row in table.rows]
    names = [label.get_text() for label in ax.get_yticklabels()]
    for name, row in zip(names, table.rows, strict=True):
        assert name.startswith(f"{row.name}\nloss {row.value:.4g}\n{row.passes:,.0f} passes")
    texts = [text.get_text() for text in ax.texts]
    assert texts == [f"{100 * row.accuracy:.1f} %" for row in table.rows] + ["chance level: 25 %"]
    assert ax.get_title() == "20 evaluations each"


def test_a_schedule_is_drawn_step_by_step(ax):
    rates = gd.StepDecay(0.8, 2, 0.5)
    assert gd.plots.schedule(rates, 5, ax) is ax
    assert ax.lines[0].get_xdata().tolist() == [0, 1, 2, 3, 4, 5]
    assert ax.lines[0].get_ydata().tolist() == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]
    assert ax.lines[0].get_drawstyle() == "steps-post"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step k", "learning rate")
    assert ax.get_ylim()[0] == 0


def test_schedules_share_axes_under_their_labels(ax):
    for rate in (0.1, 0.2):
        gd.plots.schedule(gd.Constant(rate), 3, ax, label=str(rate))
    assert [text.get_text() for text in ax.legend().get_texts()] == ["0.1", "0.2"]
    assert ax.lines[0].get_color() != ax.lines[1].get_color()


@pytest.mark.parametrize(
    ("rates", "steps", "error", "message"),
    [
        (0.1, 5, TypeError, r"rates must be a schedule \(callable of k\); it is float 0.1"),
        (gd.Constant, 5, TypeError, "rates must be a schedule"),
        (gd.Constant(0.1), 0, ValueError, "steps must be >= 1; it is 0"),
        (gd.Sequence([0.1]), 2, ValueError, "k must be < 1"),
    ],
)
def test_what_is_no_schedule_is_refused(ax, rates, steps, error, message):
    with pytest.raises(error, match=message):
        gd.plots.schedule(rates, steps, ax)
    assert not ax.lines


def test_without_an_ax_a_figure_is_made(table):
    first, second = gd.plots.history(run()), gd.plots.strategies(table)
    assert first.figure is not second.figure


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"quantity": "loss"}, ValueError, "quantity must be one of 'value', .*'accuracy'; it is 'loss'"),
        ({"against": "hours"}, ValueError, "against must be one of 'steps', 'passes', 'seconds'; it is 'hours'"),
        (
            {"result": [1.0, 2.0]},
            TypeError,
            r"result must be a Result or a SearchResult or a History \(.*\); it is list",
        ),
    ],
)
def test_bad_arguments_are_refused(ax, arguments, error, message):
    with pytest.raises(error, match=message):
        gd.plots.history(**{"result": run(), "ax": ax, **arguments})
    assert not ax.lines


@pytest.mark.parametrize("wrong", [np.array([None, None]), "axes", (8, 8)])
def test_what_is_no_ax_is_refused(wrong):
    with pytest.raises(TypeError, match=f"ax must be one matplotlib Axes .*; it is {type(wrong).__name__}"):
        gd.plots.history(run(), wrong)


def test_a_table_of_another_type_is_refused(ax):
    with pytest.raises(TypeError, match=r"table must be a StrategyTable .*; it is list"):
        gd.plots.strategies([], ax)


def test_without_matplotlib_one_sentence_says_what_to_install():
    code = (
        "import sys; sys.modules['matplotlib'] = None; import gdfast as gd\n"
        "bowl = gd.FunctionObjective(lambda w: float(w @ w))\n"
        "try:\n    gd.plots.history(gd.minimize(bowl, [1.0], max_steps=1))\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("which is not installed: pip install 'gdfast[plot]'")


def test_a_gradient_report_along_a_direction_is_refused():
    report = gd.check_gradient(
        lambda w: float(np.sum(w**2)), lambda w: 2 * w, np.ones(3), coordinates="direction", rng=0
    )
    with pytest.raises(ValueError, match=r"report must be of single coordinates; it is of one direction"):
        gd.plots.gradient_report(report)
