"""Pictures of lines, planes, weights, step sizes and trajectories say what their data say."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

pytest.importorskip("matplotlib")


def hinge(n: int = 4, classes: int = 3, strength: float = 0.0) -> gd.LinearObjective:
    X = np.random.default_rng(1).normal(size=(n, 3))
    return gd.LinearObjective(X, np.arange(n) % classes, regularizer=gd.L2(strength) if strength else None, n_classes=3)


def directions(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(2).normal(size=(count, 3, 4)))


def legend(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def bowl() -> gd.FunctionObjective:
    return gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)


# ---- line ----


def test_lecture_9_the_curve_is_sharp_at_every_kink_and_its_lowest_point_is_marked(ax):
    w, v = directions(2)
    data = gd.landscape.line(hinge(), w, v, np.linspace(-3, 3, 7))
    assert data.kinks.size > 2
    assert gd.plots.line(data, ax) is ax
    curve, kinks, lowest = ax.lines
    x, y = curve.get_data()
    assert (np.diff(x) >= 0).all()
    np.testing.assert_array_equal(np.sort(np.append(data.steps, data.kinks)), x)
    np.testing.assert_array_equal(y[np.searchsorted(x, data.kinks)], data.kink_values)
    np.testing.assert_array_equal(kinks.get_xdata(), data.kinks)
    assert (lowest.get_xdata()[0], lowest.get_ydata()[0]) == (data.minimum, data.minimum_value)
    assert legend(ax) == [
        "8 hinge terms: their sum is the loss",
        f"{data.kinks.size} kinks",
        f"minimum: {data.minimum_value:.3g} at {data.minimum:.3g}",
    ]


def test_lecture_9_few_hinge_terms_are_drawn_behind_the_curve_and_add_up_to_it(ax):
    w, v = directions(2)
    data = gd.landscape.line(hinge(), w, v, np.linspace(3, -3, 31))
    gd.plots.line(data, ax)
    (terms,) = ax.collections
    assert len(terms.get_segments()) == 8
    total = sum(np.array(segment) for segment in terms.get_segments())
    np.testing.assert_allclose(total[:, 1], data.values[::-1], rtol=1e-12)
    assert terms.get_zorder() < ax.lines[0].get_zorder()
    ax.clear()
    gd.plots.line(gd.landscape.line(hinge(30), w, v, [-1.0, 1.0]), ax)  # 60 terms
    assert not ax.collections


def test_steps_in_any_order_make_the_same_curve(ax):
    w, v = directions(2)
    steps = np.linspace(-3, 3, 7)
    for order in (steps, steps[::-1]):
        gd.plots.line(gd.landscape.line(hinge(), w, v, order), ax)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), ax.lines[3].get_ydata())


def test_a_minimum_outside_the_steps_is_not_drawn_and_a_smooth_line_has_no_kinks(ax):
    gd.plots.line(gd.landscape.line(bowl(), np.array([3.0]), np.array([1.0]), np.linspace(0, 1, 5)), ax)
    assert len(ax.lines) == 1
    assert ax.get_legend() is None


def test_lines_share_axes_under_their_labels(ax):
    w, v = directions(2)
    for n in (1, 4):
        gd.plots.line(gd.landscape.line(hinge(n), w, v, np.linspace(-3, 3, 7)), ax, label=f"{n} images")
    assert [text.get_text() for text in ax.legend().get_texts()] == ["1 images", "4 images"]


# ---- plane ----


def test_lecture_10_values_stand_at_their_a_and_b_and_not_transposed(ax):
    tilted = gd.FunctionObjective(lambda w: float(w[0] + 100 * w[1]), lambda w: np.array([1.0, 100.0]))
    a, b = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0])
    data = gd.landscape.plane(tilted, np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0]), a, b)
    gd.plots.plane(data, ax)
    mesh = ax.collections[0]
    corners = mesh.get_coordinates()
    for i, j in np.ndindex(3, 2):
        assert mesh.get_array()[j, i] == a[i] + 100 * b[j]
        assert corners[j, i, 0] < a[i] < corners[j, i + 1, 0]
        assert corners[j, i, 1] < b[j] < corners[j + 1, i, 1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a, steps along u", "b, steps along v")


def test_coordinates_in_any_order_make_the_same_map(ax):
    w, u, v = directions(3)
    grid = np.linspace(-2, 2, 5)
    maps = []
    for order in (grid, grid[::-1]):
        ax.clear()
        gd.plots.plane(gd.landscape.plane(hinge(), w, u, v, order, grid), ax)
        maps.append(np.asarray(ax.collections[0].get_array()))
    np.testing.assert_allclose(*maps, rtol=1e-12)


def test_lecture_11_the_edges_of_one_images_cells_are_drawn(ax):
    from matplotlib.collections import LineCollection

    w, u, v = directions(3)
    data = gd.landscape.plane(hinge(1), w, u, v, np.linspace(-3, 3, 31), np.linspace(-3, 3, 31))
    assert len(data.edges) > 0
    gd.plots.plane(data, ax)
    (edges,) = [drawn for drawn in ax.collections if type(drawn) is LineCollection]
    np.testing.assert_array_equal(edges.get_segments(), data.edges)
    assert edges.get_linewidth()[0] < 1  # they must not hide the colours


def test_lecture_10_contours_stand_at_equally_spaced_heights_over_the_range_that_is_shown(ax):
    from matplotlib.contour import ContourSet

    w, u, v = directions(3)
    data = gd.landscape.plane(hinge(), w, u, v, np.linspace(-3, 3, 31), np.linspace(-3, 3, 31))
    gd.plots.plane(data, ax)
    (contours,) = [drawn for drawn in ax.collections if isinstance(drawn, ContourSet)]
    gaps = np.diff(contours.levels)
    np.testing.assert_allclose(gaps, gaps[0])
    assert 5 < len(contours.levels) < 15
    assert ax.collections[0].get_clim() == (data.values.min(), data.values.max())


def test_blue_is_low_and_red_is_high_and_grey_shows_it_as_well():
    from gdfast.pictures.canvas import height_colours

    colours = height_colours()(np.linspace(0, 1, 256))[:, :3]
    assert colours[0, 2] > colours[0, 0] + 0.1
    assert colours[-1, 0] > colours[-1, 2] + 0.4
    assert (np.diff(colours @ [0.299, 0.587, 0.114]) < 0).all()


def test_a_surface_in_three_dimensions():
    w, u, v = directions(3)
    grid = np.linspace(-2, 2, 9)
    data = gd.landscape.plane(hinge(), w, u, v, grid, grid[:-1])
    ax = gd.plots.plane(data, surface=True)
    assert (ax.name, ax.get_zlabel()) == ("3d", "objective")
    ax.figure.canvas.draw()
    low, high = ax.get_zlim()
    assert low <= data.values.min() < data.values.max() <= high


def test_a_surface_does_not_fit_on_flat_axes_nor_a_map_on_one_row(ax):
    w, u, v = directions(3)
    data = gd.landscape.plane(hinge(), w, u, v, [0.0, 1.0], [0.0])
    with pytest.raises(ValueError, match="at least two different points on each axis; it holds 2 by 1"):
        gd.plots.plane(data, ax)
    with pytest.raises(TypeError, match="ax must have projection='3d' for a surface; it is flat"):
        gd.plots.plane(gd.landscape.plane(hinge(), w, u, v, [0.0, 1.0], [0.0, 1.0]), ax, surface=True)
    assert not ax.collections


def test_a_flat_plane_has_no_contours_and_no_warning(ax):
    constant = gd.FunctionObjective(lambda w: 1.0, lambda w: np.zeros(2))
    data = gd.landscape.plane(constant, np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0]), [0.0, 1.0], [0.0, 1.0])
    gd.plots.plane(data, ax)
    assert len(ax.collections) == 1


# ---- weight ----


def test_lecture_12_each_term_and_their_sum_are_drawn(ax):
    data = gd.landscape.weight(hinge(2), directions(1)[0], (0, 1), np.linspace(-3, 3, 25))
    gd.plots.weight(data, ax)
    *terms, total, here = ax.lines
    assert len({line.get_color() for line in terms}) == len(terms) == len(data.terms) == 4
    for line, term in zip(terms, data.terms, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), term)
    np.testing.assert_array_equal(total.get_ydata(), data.totals)
    np.testing.assert_allclose(sum(line.get_ydata() for line in terms), total.get_ydata(), rtol=1e-12)
    assert list(here.get_xdata()) == [data.at, data.at]
    assert ax.get_xlabel() == "the weight W[0, 1]"
    assert "sample 0, class 1" in legend(ax)


def test_what_the_terms_leave_is_a_line_of_its_own(ax):
    data = gd.landscape.weight(hinge(2, strength=0.5), directions(1)[0], (0, 1), np.linspace(-3, 3, 25))
    gd.plots.weight(data, ax)
    (rest,) = [line for line in ax.lines if line.get_label() == "the rest of the objective"]
    np.testing.assert_array_equal(rest.get_ydata(), data.rest)


@pytest.mark.parametrize("n", [4, 20, 30])
def test_many_terms_are_drawn_as_those_that_fall_that_rise_and_that_are_constant(ax, n):
    data = gd.landscape.weight(hinge(n), directions(1)[0], (0, 1), np.linspace(-3, 3, 25))
    gd.plots.weight(data, ax)
    fall, rise, constant, total, _ = ax.lines
    assert (np.diff(fall.get_ydata()) <= 1e-12).all()
    assert (np.diff(rise.get_ydata()) >= -1e-12).all()
    assert np.ptp(constant.get_ydata()) < 1e-12
    np.testing.assert_allclose(sum(line.get_ydata() for line in (fall, rise, constant)), data.totals, rtol=1e-12)
    np.testing.assert_array_equal(total.get_ydata(), data.totals)
    names = [label.split(maxsplit=1) for label in legend(ax)[:3]]
    assert [name for _, name in names] == [
        "terms that fall: their sum",
        "terms that rise: their sum",
        "terms that are constant: their sum",
    ]
    assert sum(int(count) for count, _ in names) == len(data.terms)


def test_a_smooth_objective_is_its_total_alone(ax):
    data = gd.landscape.weight(bowl(), np.array([3.0, 1.0]), 0, np.linspace(-3, 3, 25))
    gd.plots.weight(data, ax)
    assert len(ax.lines) == 2


# ---- step sizes ----


def test_lecture_34_best_step_exact_step_and_overshoot_stand_in_their_places(ax):
    data = gd.landscape.step_sizes(bowl(), np.array([3.0]), np.logspace(-3, 3, 61))
    gd.plots.step_sizes(data, ax)
    curve, start, best, exact, overshoot = ax.lines
    np.testing.assert_array_equal(curve.get_data(), (data.steps, data.values))
    assert list(start.get_ydata()) == [9.0, 9.0]
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (data.best_step, data.values.min())
    assert exact.get_xdata()[0] == pytest.approx(0.5)
    assert exact.get_ydata()[0] == pytest.approx(0.0, abs=1e-12)
    assert overshoot.get_xdata()[0] == pytest.approx(1.0)
    assert ax.get_xscale() == "log"


def test_huge_losses_leave_the_picture_which_says_how_high_they_are(ax):
    data = gd.landscape.step_sizes(bowl(), np.array([3.0]), np.logspace(-3, 3, 61))
    assert data.values.max() > 1e6
    gd.plots.step_sizes(data, ax)
    low, high = ax.get_ylim()
    assert low < data.best_value
    assert data.start < high < 20.0
    assert legend(ax)[0] == f"after one step, up to {data.values.max():.4g}"
    words = [text.get_text().partition(":")[0] for text in ax.texts]
    assert words == ["overshoot", "small steps"]


def test_steps_before_the_overshoot_have_none_marked(ax):
    data = gd.landscape.step_sizes(bowl(), np.array([3.0]), np.logspace(-3, -1, 11))
    gd.plots.step_sizes(data, ax)
    assert not any("overshoot" in label for label in legend(ax))
    assert legend(ax)[0] == "after one step"


def test_a_loss_that_falls_for_ever_has_no_exact_step(ax):
    slope = gd.FunctionObjective(lambda w: float(w[0]), lambda w: np.ones(1))
    gd.plots.step_sizes(gd.landscape.step_sizes(slope, np.zeros(1), [0.1, 1.0]), ax)
    assert not any("exact" in label for label in legend(ax))


def test_steps_that_a_logarithmic_axis_cannot_show_are_left_out(ax):
    data = gd.landscape.step_sizes(bowl(), np.array([3.0]), [1.0, 0.0, 0.1, -2.0])
    gd.plots.step_sizes(data, ax)
    assert ax.lines[0].get_xdata().tolist() == [0.1, 1.0]
    assert ax.get_xlim() == (0.1, 1.0)
    with pytest.raises(ValueError, match="data must hold steps > 0, for a logarithmic axis; the largest is 0"):
        gd.plots.step_sizes(gd.landscape.step_sizes(bowl(), np.array([3.0]), [0.0, -1.0]))


def test_one_step_alone_can_be_drawn(ax):
    gd.plots.step_sizes(gd.landscape.step_sizes(bowl(), np.array([3.0]), [0.5]), ax)
    assert ax.lines[0].get_xdata().tolist() == [0.5]
    ax.figure.canvas.draw()


# ---- trajectory ----


def test_paths_begin_and_end_in_their_places(ax):
    runs = {"a": [np.array([4.0, 3.0]), np.array([1.0, 2.0])], "b": [np.array([-1.0, 0.5]), np.zeros(2), np.ones(2)]}
    data = gd.landscape.trajectory(bowl(), runs)
    gd.plots.trajectory(data, ax)
    for i, path in enumerate(data.paths.values()):
        rim, start, whole = ax.lines[3 * i : 3 * i + 3]
        np.testing.assert_array_equal(np.transpose(rim.get_data()), path)
        np.testing.assert_array_equal(np.ravel(start.get_data()), path[0])
        np.testing.assert_array_equal(np.transpose(whole.get_data()), path)
        assert whole.get_markevery() == [-1]
    assert legend(ax) == ["a", "b"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("w1", "w2")  # the space has no others


def test_the_axes_of_many_weights_are_principal_components(ax):
    ws = np.random.default_rng(0).normal(size=(6, 3))
    data = gd.landscape.trajectory(bowl(), ws)
    gd.plots.trajectory(data, ax)
    _, sizes, _ = np.linalg.svd(ws - ws[-1])
    first, second = (100 * (sizes**2 / (sizes**2).sum())[:2]).tolist()
    assert ax.get_xlabel() == f"first principal component ({first:.3g} % of the variance)"
    assert ax.get_ylabel() == f"second principal component ({second:.3g} % of the variance)"


def test_the_map_under_a_path_is_not_transposed(ax):
    data = gd.landscape.trajectory(bowl(), [np.array([9.0, 1.0]), np.array([0.0, 0.0])])
    gd.plots.trajectory(data, ax)
    np.testing.assert_array_equal(ax.collections[0].get_array(), data.plane.values.T)


# ---- wrong types ----


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("line", "Line"),
        ("plane", "Plane"),
        ("weight", "Weight"),
        ("step_sizes", "StepSizes"),
        ("trajectory", "Trajectory"),
    ],
)
@pytest.mark.parametrize("wrong", [None, [1.0, 2.0], np.zeros((2, 2))])
def test_data_of_another_type_are_refused_by_name(ax, name, kind, wrong):
    message = rf"data must be a {kind} \(from gdfast.landscape.{name}\); it is {type(wrong).__name__}"
    with pytest.raises(TypeError, match=message):
        getattr(gd.plots, name)(wrong, ax)
    assert not ax.lines
