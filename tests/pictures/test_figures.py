"""The subject's six figures, from images made here: what they draw, not their pixels."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.pictures import figures
from gdfast.pictures.images import bright_examples, most_varied_pixel, objectives, unit_direction

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def images() -> gd.datasets.Dataset:
    rng = np.random.default_rng(0)
    y = np.arange(150) % 5
    X = (40 * y[:, None] + rng.integers(0, 60, (150, 12))).astype(np.uint8)
    return gd.datasets.Dataset(X[:120], y[:120], X[120:], y[120:], tuple("abcde"), (3, 2, 2), 255, "Five colours")


def flat_axes(figure) -> list:
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def test_lecture_11_13_one_image_beside_a_hundred_on_the_same_plane(images):
    ray, one, many = flat_axes(figures.one_image_and_many(images))
    assert [ax.get_title() for ax in (ray, one, many)][2].startswith("100 images")
    grids = [ax.collections[0].get_coordinates() for ax in (one, many)]
    np.testing.assert_array_equal(*grids)
    values = [np.asarray(ax.collections[0].get_array()) for ax in (one, many)]
    middle = values[0][figures.GRID // 2]  # b = 0: the ray
    curve = ray.lines[0]
    np.testing.assert_allclose(np.interp(np.linspace(-5, 5, figures.GRID), *curve.get_data()), middle, rtol=1e-9)
    # One image is made of flat pieces; averaging makes the bowl rounder.
    flat = [(np.abs(np.diff(heights, n=2, axis=1)) < 1e-9).mean() for heights in values]
    assert flat[0] > 0.9
    assert flat[1] < 0.5


def test_lecture_12_terms_and_sum_of_one_image_and_of_four(images):
    for ax, count in zip(flat_axes(figures.one_weight(images)), (1, 4), strict=True):
        *terms, total, _ = ax.lines
        assert len(terms) == 4 * count
        np.testing.assert_allclose(sum(line.get_ydata() for line in terms), total.get_ydata(), rtol=1e-9)


def test_lecture_31_34_ten_steps_downhill(images):
    parabola, data = flat_axes(figures.downhill(images))
    path = parabola.lines[4]  # after the curve and three tangents
    np.testing.assert_allclose(path.get_xdata(), 3 * 0.8 ** np.arange(11), rtol=1e-12)
    np.testing.assert_allclose(path.get_ydata(), np.square(path.get_xdata()), rtol=1e-12)
    tangent = parabola.lines[1]
    assert np.diff(tangent.get_ydata()) / np.diff(tangent.get_xdata()) == pytest.approx(6.0)
    assert (np.diff(data.lines[4].get_ydata()) < 0).all()


def test_lecture_24_three_kinds_of_one_number_and_of_two():
    panels = flat_axes(figures.critical_points())
    kinds = [ax.get_legend().get_texts()[0].get_text() for ax in panels]
    assert kinds == ["minimum", "maximum", "inflection", "minimum", "maximum", "saddle"]
    assert [ax.get_title() for ax in panels] == ["x²", "-x²", "x³", "x² + y²", "-x² - y²", "x² - y²"]


def test_lecture_25_where_runs_end(monkeypatch):
    monkeypatch.setattr(figures, "STARTS", 40)
    bumpy, plateau, himmelblau, rastrigin = flat_axes(figures.where_runs_end())
    assert {text.get_text().partition(" at ")[2] for text in bumpy.get_legend().get_texts()} >= {"-3.00", "3.00"}
    counts = [int(text.get_text().split()[0]) for text in himmelblau.get_legend().get_texts()]
    assert (len(counts), sum(counts)) == (4, 40)
    assert plateau.collections[0].get_array().max() > 0.99  # a run that ended where it began
    assert len(rastrigin.collections[-1].get_offsets()) > 7


def test_lecture_34_the_effect_of_the_learning_rate(images):
    (ax,) = flat_axes(figures.step_sizes(images))
    _, start, best, exact, overshoot = ax.lines
    assert exact.get_ydata()[0] <= best.get_ydata()[0] < start.get_ydata()[0]
    assert best.get_xdata()[0] < overshoot.get_xdata()[0]


def test_the_seed_decides_the_figures(images):
    def heights(seed):
        return flat_axes(figures.step_sizes(images, seed))[0].lines[0].get_ydata()

    np.testing.assert_array_equal(heights(3), heights(3))
    assert (heights(3) != heights(4)).any()


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
