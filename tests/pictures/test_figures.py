"""The subject's six figures, from images made here: what they draw, not their pixels."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.pictures import canvas, figures
from gdfast.pictures.figures import derivative, end_points
from gdfast.pictures.images import (
    bright_examples,
    data_name,
    most_varied_pixel,
    objectives,
    range_of_kinks,
    spread_example,
    unit_direction,
)

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def images() -> gd.datasets.Dataset:
    rng = np.random.default_rng(0)
    y = np.arange(150) % 5
    X = (40 * y[:, None] + rng.integers(0, 60, (150, 12))).astype(np.uint8)
    return gd.datasets.Dataset(
        X[:120], y[:120], X[120:], y[120:], tuple("abcde"), (3, 2, 2), 255, "Five colours; small"
    )


def panels(figure) -> list:
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def words(ax) -> str:
    return "\n".join(text.get_text() for text in ax.texts)


def of_type(ax, name: str) -> list:
    return [drawn for drawn in ax.collections if type(drawn).__name__ == name]


@pytest.mark.parametrize("draw", figures.FIGURES.values())
def test_every_figure_names_its_data_its_loss_and_n_and_stands_out_from_a_dark_background(images, draw, monkeypatch):
    from matplotlib.colors import to_hex

    monkeypatch.setattr(end_points, "STARTS", 20)
    monkeypatch.setattr(end_points, "MAX_STEPS", 100)
    with canvas.background(dark=True):
        figure = draw(images, 0)
    title = " ".join([figure.get_suptitle(), *(ax.get_title() for ax in figure.axes)])
    assert title.startswith("Figure ")
    assert "test functions" in title or all(word in title for word in ("Five colours", "hinge loss", "n = "))
    for ax in panels(figure):
        assert ax.get_title()
        assert to_hex(ax.get_facecolor()) == "#000000"
        if not of_type(ax, "QuadMesh"):  # which hides the background
            assert "#000000" not in {to_hex(drawn.get_color()) for drawn in (*ax.lines, *ax.texts)}


def test_lecture_11_13_one_image_along_a_ray_and_beside_a_hundred_on_the_same_plane(images):
    ray, one, many = panels(figures.one_image_and_many(images))
    assert many.get_title().startswith("n = 100")
    grids = [of_type(ax, "QuadMesh")[0].get_coordinates() for ax in (one, many)]
    np.testing.assert_array_equal(*grids)
    values = [np.asarray(of_type(ax, "QuadMesh")[0].get_array()) for ax in (one, many)]
    middle = values[0][len(values[0]) // 2]  # b = 0: the ray
    curve, kinks, minimum = ray.lines
    low, high = ray.lines[0].get_xdata()[[0, -1]]
    np.testing.assert_allclose(np.interp(np.linspace(low, high, len(middle)), *curve.get_data()), middle, rtol=1e-9)
    # Hinge terms add up to the curve, and the kinks spread over the axis.
    (terms,) = of_type(ray, "LineCollection")
    segments = np.array(terms.get_segments())
    assert len(segments) == 4
    at = segments[0, :, 0]
    np.testing.assert_allclose(segments[:, :, 1].sum(axis=0), np.interp(at, *curve.get_data()), rtol=1e-9)
    places = kinks.get_xdata()
    assert len(places) == 4
    assert np.ptp(places) > 0.6 * (high - low)
    assert low < minimum.get_xdata()[0] < high
    # One image is made of flat pieces; averaging makes the bowl rounder.
    flat = [(np.abs(np.diff(heights, n=2, axis=1)) < 1e-9).mean() for heights in values]
    assert flat[0] > 0.9
    assert flat[1] < 0.5


def test_lecture_8_12_each_term_of_three_points_and_groups_of_terms_of_one_pixel(images):
    above, below = panels(figures.one_weight(images))
    *terms, total, _ = above.lines
    assert len(terms) == len({line.get_color() for line in terms}) == 6
    w0, (x0, x1, x2), (w1, w2) = total.get_xdata(), (0.8, 2.0, -1.5), (0.2, -0.1)
    by_hand = {
        "w_1 x_0 - w_0 x_0": (w1 - w0) * x0,
        "w_2 x_0 - w_0 x_0": (w2 - w0) * x0,
        "w_0 x_1 - w_1 x_1": (w0 - w1) * x1,
        "w_2 x_1 - w_1 x_1": (w2 - w1) * x1 + 0 * w0,
        "w_0 x_2 - w_2 x_2": (w0 - w2) * x2,
        "w_1 x_2 - w_2 x_2": (w1 - w2) * x2 + 0 * w0,
    }
    for line, (label, margin) in zip(terms, by_hand.items(), strict=True):
        assert label in line.get_label()
        np.testing.assert_allclose(line.get_ydata(), np.maximum(0, margin + 1) / 3, atol=1e-12)
    np.testing.assert_allclose(sum(line.get_ydata() for line in terms), total.get_ydata(), rtol=1e-9)
    fall, rise, constant, total, _ = below.lines
    np.testing.assert_allclose(
        sum(line.get_ydata() for line in (fall, rise, constant)), total.get_ydata(), rtol=1e-9
    )  # none is left out
    lowest = int(np.argmin(total.get_ydata()))
    assert 0 < lowest < len(total.get_ydata()) - 1  # the range was found


def test_lecture_31_34_ten_steps_against_the_sign_of_the_derivative(images):
    parabola, data = panels(figures.downhill(images))
    value, slope, zero, left, right, _ = parabola.lines
    w = value.get_xdata()
    np.testing.assert_allclose(value.get_ydata(), w**2, rtol=1e-12)
    np.testing.assert_allclose(slope.get_ydata(), 2 * w, rtol=1e-12)
    assert set(zero.get_ydata()) == {0.0}
    for path, start in ((left, -3), (right, 3)):
        np.testing.assert_allclose(path.get_xdata(), start * 0.8 ** np.arange(11), rtol=1e-12)
        np.testing.assert_allclose(path.get_ydata(), np.square(path.get_xdata()), rtol=1e-12)
    for ax in (parabola, data):
        assert [text.get_text() for text in ax.texts if text.get_text()] == [
            "f' < 0: move right",
            "f' > 0: move left",
            "f' = 0: gradient descent\nhalts here",
        ]
        place = dict(zip(("left", "right", "zero"), [text for text in ax.texts if text.get_text()], strict=True))
        f, derivative_ = ax.lines[:2]
        x = f.get_xdata()
        at = [float(np.interp(place[side].get_position()[0], x, derivative_.get_ydata())) for side in ("left", "right")]
        assert at[0] < 0 < at[1]
        nearest = np.argmin(np.abs(x - place["zero"].xy[0]))
        assert f.get_ydata()[nearest] == pytest.approx(f.get_ydata().min(), rel=1e-2, abs=1e-2)
        arrows = [text for text in ax.texts if not text.get_text()]
        starts = len(arrows) // derivative.ARROWS
        assert len(arrows) == derivative.ARROWS * starts > 0
        for arrow in arrows:  # from each point to the next one
            move, sign = arrow.xy[0] - arrow.xyann[0], np.interp(arrow.xyann[0], x, derivative_.get_ydata())
            assert move * sign < 0
    assert (np.diff(data.lines[3].get_ydata()) < 0).all()


def test_lecture_24_three_kinds_of_one_number_and_of_two():
    found = panels(figures.critical_points())
    kinds = [ax.get_legend().get_texts()[0].get_text() for ax in found]
    assert kinds == ["minimum", "minimum", "maximum", "maximum", "inflection", "saddle"]
    for ax, kind in zip(found, kinds, strict=True):
        assert ax.get_title().startswith(f"{kind} of ")
    for ax in found[::2]:
        assert ax.get_legend().get_texts()[1].get_text() == "f' = 0"
    assert found[-1].get_title().endswith("increases\nalong w1, decreases along w2")


def test_lecture_25_where_runs_end(monkeypatch):
    monkeypatch.setattr(end_points, "STARTS", 25)
    monkeypatch.setattr(end_points, "MAX_STEPS", 2500)
    bumpy, plateau, saddle, many = panels(figures.where_runs_end())
    assert [text.get_text() for text in bumpy.texts] == [
        "global minimum\n12 runs",
        "local minimum\n12 runs",
        "inflection\n9 runs",
    ]
    assert words(plateau).count("plateau") == 2
    assert plateau.collections[0].get_array().max() > 0.99  # a run that ended where it began
    assert "saddle in a\nflat region" in words(saddle)
    assert sum(int(text.get_text().split()[-2]) for text in saddle.texts[:-1]) == len(end_points.FLAT_STARTS)
    assert "global minimum" in words(many)
    assert len(many.collections[-1].get_offsets()) > 7
    reached = int(many.get_title().partition(": ")[2].split()[0])
    assert reached == int((np.asarray(many.collections[-2].get_array()) < 1e-6).sum())


def test_lecture_34_one_step_on_the_plane_and_the_loss_along_it(images):
    above, below = panels(figures.step_sizes(images))
    curve, start, at_w, best, overshoot = below.lines
    x, y = curve.get_data()
    assert at_w.get_xdata()[0] == 0.0 < best.get_xdata()[0] < overshoot.get_xdata()[0] < x[-1]
    assert best.get_ydata()[0] == pytest.approx(y.min(), rel=1e-2)
    assert set(start.get_ydata()) == {at_w.get_ydata()[0]}
    assert np.interp(overshoot.get_xdata()[0], x, y) == pytest.approx(at_w.get_ydata()[0], rel=1e-2)
    assert y[x > overshoot.get_xdata()[0]].min() > at_w.get_ydata()[0]
    for word in ("W: loss", "small steps", "best step", "overshoot"):
        assert word in words(below)
    # The row b = 0 of the plane is the curve; the arrow leads along it from W.
    values = np.asarray(of_type(above, "QuadMesh")[0].get_array())
    np.testing.assert_allclose(values[len(values) // 2], y, rtol=1e-6)
    arrow = next(text for text in above.texts if not text.get_text())
    assert arrow.xyann == (0.0, 0.0)
    assert 0 < arrow.xy[0] <= best.get_xdata()[0]
    assert arrow.arrow_patch.get_facecolor()[:3] == (1.0, 1.0, 1.0)


def test_the_seed_decides_the_figures(images):
    def heights(seed):
        return panels(figures.step_sizes(images, seed))[1].lines[0].get_ydata()

    np.testing.assert_array_equal(heights(3), heights(3))
    assert (heights(3) != heights(4)).any()


def test_the_range_of_kinks_holds_all_of_one_image_and_most_of_many(images):
    objective = objectives(images, gd.Hinge())[0]
    w, v = (unit_direction(objective, np.random.default_rng(seed)) for seed in (0, 1))
    row = spread_example(objective, w, v)
    for some, share in ((objective.rows(np.array([row])), 1.0), (objective, 0.8)):
        low, high = range_of_kinks(some, w, v)
        kinks = gd.along_ray(some, w, v).breakpoints(-1e3, 1e3)
        assert low < 0 < high
        assert share <= ((kinks > low) & (kinks < high)).mean() + 1e-9
    assert data_name(images) == "Five colours"


def test_what_images_give(images):
    train, held_out = objectives(images, gd.Hinge(), gd.L2(0.5))
    assert (train.n_samples, held_out.n_samples, train.shape) == (120, 30, (5, 13))
    assert held_out.regularizer is None
    seen = (images.X - images.X.mean(axis=0)) / 255.0
    W = np.random.default_rng(1).normal(size=train.shape)
    np.testing.assert_allclose(train.scores(W), seen @ W[:, :-1].T + W[:, -1], rtol=1e-4, atol=1e-4)
    direction = unit_direction(train, np.random.default_rng(0))
    assert np.std(train.scores(direction)) == pytest.approx(1.0, rel=1e-5)
    pixel = most_varied_pixel(images)
    assert images.X[:, pixel].std() == pytest.approx(images.X.std(axis=0).max())


def test_bright_examples_are_the_first_of_their_class_with_a_bright_pixel():
    X = np.array([[0, 9], [9, 0], [9, 0], [0, 9], [9, 9], [9, 9]], dtype=np.uint8)
    y = np.array([0, 0, 0, 1, 1, 1])
    images = gd.datasets.Dataset(X, y, X, y, ("a", "b"), (1, 2), 9, "Two classes")
    assert bright_examples(images, 0, 2).tolist() == [1, 4]
