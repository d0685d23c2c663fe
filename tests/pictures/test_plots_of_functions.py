"""Pictures of critical points, and of where runs end."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast import test_functions as functions

pytest.importorskip("matplotlib")


def legend(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def points_of(line) -> np.ndarray:
    return np.transpose(line.get_data())


# ---- critical points ----


def test_lecture_24_every_kind_of_one_number_is_marked_on_the_curve(ax):
    bumpy = functions.Bumpy()
    assert gd.plots.critical_points(bumpy, ax=ax) is ax
    curve, *marks = ax.lines
    assert legend(ax) == ["minimum", "maximum", "inflection", "f' = 0"]
    (tangents,) = ax.collections
    middles = np.array([segment.mean(axis=0) for segment in tangents.get_segments()])
    assert all(np.ptp(segment[:, 1]) == 0 for segment in tangents.get_segments())
    np.testing.assert_allclose(sorted(middles[:, 0]), [-3.0, -1.0, 1.0, 3.0], atol=1e-12)
    for mark, known in zip(marks, (bumpy.minima, bumpy.maxima, bumpy.saddles), strict=True):
        np.testing.assert_array_equal(mark.get_xdata(), known[:, 0])
        np.testing.assert_array_equal(mark.get_ydata(), [bumpy.value(w) for w in known])
    x, y = curve.get_data()
    assert y[7] == bumpy.value([x[7]])
    assert len({mark.get_marker() for mark in marks}) == 3


def test_lecture_24_every_kind_of_two_numbers_is_marked_on_the_map(ax):
    himmelblau = functions.Himmelblau()
    gd.plots.critical_points(himmelblau, ax=ax)
    assert legend(ax) == ["minimum", "maximum", "saddle"]
    for mark, known in zip(ax.lines, (himmelblau.minima, himmelblau.maxima, himmelblau.saddles), strict=True):
        np.testing.assert_array_equal(points_of(mark), known)


def test_lecture_24_arrows_follow_minus_the_gradient_and_contours_are_equally_spaced(ax):
    from matplotlib.contour import ContourSet

    himmelblau = functions.Himmelblau()
    gd.plots.critical_points(himmelblau, ax=ax)
    (arrows,) = [drawn for drawn in ax.collections if type(drawn).__name__ == "Quiver"]
    downhill = -np.array([himmelblau.gradient(place) for place in np.transpose([arrows.X, arrows.Y])])
    directions = np.transpose([arrows.U, arrows.V])
    np.testing.assert_allclose(
        directions / np.linalg.norm(directions, axis=1, keepdims=True),
        downhill / np.linalg.norm(downhill, axis=1, keepdims=True),
        rtol=1e-9,
    )
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), np.linalg.norm(directions[0]))
    for drawn in ax.collections:
        if isinstance(drawn, ContourSet):
            np.testing.assert_allclose(np.diff(drawn.levels), np.diff(drawn.levels)[0])
            assert len(drawn.levels) > 6


def test_points_are_classified_and_not_taken_on_trust(ax):
    gd.plots.critical_points(functions.Himmelblau(), np.array([[3.0, 2.0], [0.0, 0.0]]), ax)
    assert legend(ax) == ["minimum", "not critical"]


def test_a_function_of_ones_own_needs_points(ax):
    own = gd.FunctionObjective(lambda w: float(w[0] ** 2 - w[1] ** 2), lambda w: np.array([2 * w[0], -2 * w[1]]))
    box = [[-1.0, 1.0], [-2.0, 2.0]]
    gd.plots.critical_points(own, [[0.0, 0.0]], ax, bounds=box)
    assert legend(ax) == ["saddle"]
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1.0, 1.0), (-2.0, 2.0))
    with pytest.raises(TypeError, match=r"bounds must be given for FunctionObjective: \(n, 2\)"):
        gd.plots.critical_points(own, ax=ax)
    with pytest.raises(TypeError, match="points must be given for FunctionObjective"):
        gd.plots.critical_points(own, ax=ax, bounds=box)
    with pytest.raises(ValueError, match=r"points must be \(m, 1\) or \(m, 2\) with m >= 1; its shape is \(2,\)"):
        gd.plots.critical_points(own, [0.0, 0.0], ax)


@pytest.mark.parametrize(
    ("points", "x", "y"),
    [([[0.0, 0.0]], (-1.0, 1.0), (-1.0, 1.0)), ([[0.0, 0.0], [2.0, 1.0]], (-2.0, 4.0), (-2.0, 3.0))],
)
def test_without_bounds_there_is_room_around_the_points(ax, points, x, y):
    saddle = gd.FunctionObjective(lambda w: float(w[0] ** 2 - w[1] ** 2), lambda w: np.array([2 * w[0], -2 * w[1]]))
    gd.plots.critical_points(saddle, points, ax)
    assert (ax.get_xlim(), ax.get_ylim()) == (x, y)


def test_a_function_that_is_flat_everywhere_has_no_lines(ax):
    gd.plots.critical_points(gd.FunctionObjective(lambda w: 1.0, lambda w: 0 * w), [[0.0, 0.0]], ax)
    assert legend(ax) == ["degenerate"]
    assert not ax.collections


# ---- where runs end ----


def test_lecture_25_every_start_has_the_style_of_its_end(ax):
    bumpy = functions.Bumpy()
    starts = np.array([[-4.0], [2.0], [-2.0], [3.5], [0.0]])
    stops = np.array([[-3.0], [3.0], [-3.0 + 1e-7], [3.0], [1.0]])
    gd.plots.ends(bumpy, starts, stops, ax)
    assert legend(ax) == ["starts", "where the runs of that colour end"]
    assert words(ax) == ["global minimum\n2 runs", "local minimum\n2 runs", "inflection\n1 run"]
    np.testing.assert_allclose([text.xy[0] for text in ax.texts], [-3.0, 3.0, 1.0], atol=1e-6)
    _, *marks = ax.lines
    members = [[-4.0, -2.0], [2.0, 3.5], [0.0]]
    for small, large, own, end in zip(marks[::2], marks[1::2], members, [-3.0, 3.0, 1.0], strict=True):
        assert list(small.get_xdata()) == own
        assert large.get_xdata()[0] == end
        assert large.get_ydata()[0] == bumpy.value([end])
        assert (small.get_color(), small.get_marker()) == (large.get_color(), large.get_marker())
        assert small.get_markersize() < large.get_markersize()


def test_lecture_25_ends_on_the_plane_are_named_after_the_critical_points_that_are_known(ax):
    himmelblau = functions.Himmelblau()
    places = np.concatenate([himmelblau.minima[:2], himmelblau.maxima, himmelblau.saddles[:1], [[4.9, 4.9]]])
    gd.plots.ends(himmelblau, places, places, ax)
    assert sorted(words(ax)) == ["1 run", *2 * ["global minimum\n1 run"], "maximum\n1 run", "saddle\n1 run"]
    ax.clear()
    own = gd.FunctionObjective(himmelblau.value, himmelblau.gradient)
    gd.plots.ends(own, places, places, ax, bounds=himmelblau.bounds)
    assert words(ax) == 5 * ["1 run"]


def test_lecture_25_many_ends_are_coloured_by_their_height(ax):
    rastrigin = functions.Rastrigin()
    starts = np.random.default_rng(0).uniform(-3, 3, (30, 2))
    stops = np.array([gd.minimize(rastrigin, start, step=0.002, max_steps=500).w for start in starts])
    gd.plots.ends(rastrigin, starts, stops, ax)
    small, large = ax.collections[-2:]
    np.testing.assert_array_equal(small.get_offsets(), starts)
    np.testing.assert_allclose(small.get_array(), [rastrigin.value(stop) for stop in stops], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(large.get_array(), [rastrigin.value(place) for place in np.asarray(large.get_offsets())])
    assert small.get_clim() == large.get_clim()
    assert 7 < len(large.get_offsets()) < 30


def test_the_map_of_a_function_is_not_transposed(ax):
    steep = gd.FunctionObjective(lambda w: float(w[0] ** 2 + 100 * w[1] ** 2), lambda w: np.array([2, 200]) * w)
    gd.plots.ends(steep, [[1.0, 1.0]], [[0.0, 0.0]], ax, bounds=[[-1.0, 1.0], [-1.0, 1.0]])
    outermost = np.concatenate([path.vertices for path in ax.collections[0].get_paths() if len(path.vertices)])
    lowest, level = ax.collections[0].get_paths()[0].vertices, ax.collections[0].levels[0]
    assert np.abs(lowest[:, 1]).max() == pytest.approx(np.sqrt(level / 100), rel=1e-3)
    assert np.ptp(lowest[:, 0]) > 2 * np.ptp(lowest[:, 1])
    assert np.abs(outermost).max() <= 1.0


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"objective": 3.0}, TypeError, "objective must have value, gradient and value_and_gradient; it is 3.0"),
        ({"objective": gd.FunctionObjective}, TypeError, "objective must have value"),
        ({"starts": [0.0, 1.0]}, ValueError, r"starts must be \(m, 1\) with m >= 1; its shape is \(2,\)"),
        ({"starts": np.zeros((0, 1))}, ValueError, r"starts must be \(m, 1\) with m >= 1; its shape is \(0, 1\)"),
        ({"stops": [[0.0, 1.0]]}, ValueError, r"stops must be \(m, 1\)"),
        ({"stops": [[0.0], [1.0], [2.0]]}, ValueError, r"stops must have the shape of starts, \(2, 1\)"),
        ({"stops": [[0.0], [np.nan]]}, ValueError, r"stops must be finite; stops\[1, 0\] is nan"),
        ({"stops": [["a"], ["b"]]}, TypeError, "stops must hold real numbers"),
        ({"bounds": [0.0, 1.0]}, ValueError, r"bounds must be \(1, 2\) or \(2, 2\)"),
        ({"bounds": [[1.0, 0.0]]}, ValueError, "bounds must rise in each row"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_drawn(ax, changes, error, message):
    arguments = {"objective": functions.Bumpy(), "starts": [[0.0], [1.0]], "stops": [[1.0], [1.0]], **changes}
    with pytest.raises(error, match=message):
        gd.plots.ends(ax=ax, **arguments)
    assert not ax.lines
