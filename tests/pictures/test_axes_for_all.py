"""Pictures that hide nothing: diverged runs, values that a logarithmic axis cannot show, dark backgrounds."""

from __future__ import annotations

import io

import numpy as np
import pytest

import gdfast as gd

plt = pytest.importorskip("matplotlib.pyplot")
colors = pytest.importorskip("matplotlib.colors")

PARABOLA = gd.FunctionObjective(lambda w: float(np.sum(w**2)), lambda w: 2 * w)
BELOW = gd.FunctionObjective(lambda w: float(np.sum(w**2)) - 1, lambda w: 2 * w)
RUNS = {f"step {step}": gd.minimize(PARABOLA, [3.0], step=step, max_steps=30) for step in (0.05, 0.1, 0.15)}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def pixels(ax):
    """The picture as it is drawn; warnings are errors."""
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png", dpi=80)
    return plt.imread(io.BytesIO(buffer.getvalue()))[..., :3]


def count(ax, colour):
    """How many pixels of the picture have this colour, nearly."""
    return int((np.abs(pixels(ax) - np.array(colors.to_rgb(colour))).max(axis=-1) < 0.1).sum())


def contrast(one, other):
    """WCAG's, between two colours."""
    lights = []
    for colour in (one, other):
        channels = np.array(colors.to_rgb(colour))
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        lights.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("step", [1.5, 5.0, 1e3])
def test_a_diverged_run_is_drawn(log, step):
    run = gd.minimize(PARABOLA, [3.0], step=step, max_steps=10_000)
    assert run.status is gd.Status.DIVERGED
    ax = gd.plots.history(run, log=log)
    assert np.isfinite(ax.get_ylim()).all()
    assert count(ax, ax.lines[0].get_color()) > 100
    if log:
        assert ax.get_ylim()[0] < 9 < run.history.values[-1] <= ax.get_ylim()[1]


def test_a_diverged_run_beside_others():
    ax = gd.plots.history(RUNS | {"diverged": gd.minimize(PARABOLA, [3.0], step=5.0, max_steps=10_000)}, log=True)
    assert all(count(ax, line.get_color()) > 20 for line in ax.lines)


def notes(ax):
    return [text.get_text() for text in ax.texts]


def test_a_logarithmic_axis_says_what_it_leaves_out():
    run = gd.minimize(BELOW, [3.0], max_steps=30)
    above = int((run.history.values > 0).sum())
    ax = gd.plots.history(run, log=True)
    assert ax.get_yscale() == "log"
    assert notes(ax) == [f"{31 - above} of 31 values are not > 0: left out of the logarithmic axis"]
    assert notes(gd.plots.history(gd.minimize(PARABOLA, [3.0], max_steps=30), log=True)) == []
    assert notes(gd.plots.history(run)) == []


def test_where_nothing_is_above_zero_the_axis_is_linear():
    hill = gd.FunctionObjective(lambda w: -float(np.sum(w**2)), lambda w: -2 * w)
    ax = gd.plots.history(gd.maximize(hill, [3.0], max_steps=30), log=True)
    assert ax.get_yscale() == "linear"
    assert notes(ax) == ["31 of 31 values are not > 0: so the axis is linear"]
    assert count(ax, ax.lines[0].get_color()) > 100


def test_metrics_and_gradients_that_reach_zero():
    run = gd.minimize(PARABOLA, [3.0], step=0.5, metrics={"m": lambda w: float(abs(w[0]))}, evaluate_every=1)
    for quantity in ("value", "gradient_norm", "m"):
        assert "1 of 2 values are not > 0" in notes(gd.plots.history(run, quantity=quantity, log=True))[0]
        pixels(gd.plots.history(run, quantity=quantity, log=True))


def test_step_sizes_and_sweeps_say_it_too():
    ax = gd.plots.step_sizes(gd.landscape.step_sizes(PARABOLA, np.array([3.0]), np.array([-1.0, 0.0, 0.1, 0.5])))
    assert notes(ax) == ["2 of 4 steps are not > 0: left out of the logarithmic axis"]
    assert "errors are not > 0" in notes(gd.plots.step_sweep(gd.step_sweep(bowl, lambda x: 2 * x, [0.0, 0.0])))[0]


def bowl(x):
    return float(x @ x)


@pytest.mark.parametrize("background", ["white", "black", "#111111", "#1e1e1e", "#f5f5f5", "#002b36"])
def test_every_run_stands_out_from_its_background(background):
    _, ax = plt.subplots(facecolor=background)
    ax.set_facecolor(background)
    gd.plots.history({f"{name} {i}": run for i in range(3) for name, run in RUNS.items()}, ax)
    for line in ax.lines:
        assert contrast(line.get_color(), background) > 2
        assert count(ax, line.get_color()) > 20


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_in_matplotlibs_styles(style):
    with plt.style.context(style):
        ax = gd.plots.history(RUNS)
        background = ax.get_facecolor()
        assert min(contrast(line.get_color(), background) for line in ax.lines) > 2
        weight = gd.landscape.weight(
            gd.LinearObjective(np.array([[1.0], [2.0], [-1.0]]), np.arange(3), bias=False),
            np.zeros((3, 1)), (0, 0), np.linspace(-3, 3, 31),
        )  # fmt: skip
        for drawn in (gd.plots.weight(weight), gd.plots.critical_points(gd.test_functions.Bumpy())):
            assert min(contrast(line.get_color(), background) for line in drawn.lines) > 2


def _linear():
    return gd.LinearObjective(np.array([[1.0], [2.0], [-1.0]]), np.arange(3), bias=False)


EVERY = {
    "line": lambda: gd.plots.line(gd.landscape.line(_linear(), *np.eye(3)[:2, :, None], np.linspace(-3, 3, 31))),
    "step_sizes": lambda: gd.plots.step_sizes(gd.landscape.step_sizes(PARABOLA, np.array([3.0]), np.logspace(-3, 3))),
    "ends": lambda: gd.plots.ends(gd.test_functions.Bumpy(), [[-4.0], [0.0], [2.0]], [[-3.0], [1.0], [3.0]]),
    "ends of many": lambda: gd.plots.ends(
        gd.test_functions.Rastrigin(), *2 * [np.random.default_rng(0).normal(size=(9, 2))]
    ),
    "schedule": lambda: gd.plots.schedule(gd.Cosine(0.1, 10), 10),
    "step_sweep": lambda: gd.plots.step_sweep(gd.step_sweep(bowl, lambda x: 2 * x, [1.0, 2.0])),
    "gradient_report": lambda: gd.plots.gradient_report(gd.check_gradient(bowl, lambda x: 2 * x, np.ones(3))),
    "validation_curve": lambda: gd.plots.validation_curve([0.1, 0.01], np.array([[0.8, 0.9], [0.7, 0.9]]), chosen=0.1),
    "templates": lambda: gd.plots.templates(np.eye(4)),
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_lines_and_words_of_every_plot_stand_out_in_matplotlibs_styles(name, style):
    with plt.style.context(style):
        ax = EVERY[name]()
        background = ax.get_facecolor()
        drawn = [*ax.lines, *(text for text in ax.texts if text.get_text())]
        for artist in drawn:
            assert contrast(artist.get_color(), background) > 2
        assert drawn or name == "ends of many"
        for spots in ax.collections:  # stars and starts have a rim
            rims = [colors.to_rgb(rim) for rim in spots.get_edgecolor()] if name == "ends of many" else []
            assert all(contrast(rim, background) > 2 for rim in rims)


def test_a_transparent_axes_has_its_figures_background():
    figure, ax = plt.subplots(facecolor="black")
    ax.set_facecolor("none")
    gd.plots.history(RUNS, ax)
    assert "white" in {line.get_color() for line in ax.lines}
    figure.set_facecolor("white")
