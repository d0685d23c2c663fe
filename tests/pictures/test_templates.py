"""Weights as pictures: the right pixel in the right place, in the right colour."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

pytest.importorskip("matplotlib")


def test_every_class_is_a_picture_under_its_name(ax):
    W = np.random.default_rng(0).normal(size=(7, 65))
    assert gd.plots.templates(W, ax=ax, class_names="abcdefg") is ax
    assert [image.get_array().shape for image in ax.images] == [(8, 8)] * 7
    assert [text.get_text() for text in ax.texts] == list("abcdefg")
    boxes = [image.get_extent() for image in ax.images]
    assert boxes[0][:2] == boxes[5][:2]  # five to a row ...
    assert boxes[5][3] < boxes[0][2]  # ... and the sixth below the first
    for box, text in zip(boxes, ax.texts, strict=True):
        assert box[0] < text.get_position()[0] < box[1]
        assert text.get_position()[1] > box[3]


def test_zero_is_the_middle_grey_and_each_class_has_its_own_scale(ax):
    W = np.zeros((3, 5))
    W[0, :4], W[1, :4], W[:, 4] = [1.0, -1.0, 0.5, 0.0], [1e-6, 0.0, 0.0, -1e-6], 100.0
    gd.plots.templates(W, ax=ax)
    expected = [[[1, 0], [0.75, 0.5]], [[1, 0.5], [0.5, 0]], [[0.5, 0.5], [0.5, 0.5]]]
    for image, brightness in zip(ax.images, expected, strict=True):
        np.testing.assert_allclose(image.get_array(), brightness, atol=0.01)
        assert image.get_clim() == (0, 1)


def test_planes_of_red_green_and_blue_become_colours(ax):
    W = np.zeros((1, 13))
    W[0, 0], W[0, 5], W[0, 11] = 1.0, 1.0, -1.0  # red at [0, 0], green at [0, 1], no blue at [1, 1]
    gd.plots.templates(W, ax=ax)
    picture = np.asarray(ax.images[0].get_array())
    assert picture.shape == (2, 2, 3)
    assert picture[0, 0].tolist() == [1.0, 0.5, 0.5]
    assert picture[0, 1].tolist() == [0.5, 1.0, 0.5]
    assert picture[1, 1].tolist() == [0.5, 0.5, 0.0]


@pytest.mark.parametrize(
    ("width", "shape"),
    [(3073, (32, 32, 3)), (3072, (32, 32, 3)), (65, (8, 8)), (64, (8, 8)), (785, (28, 28)), (784, (28, 28))],
)
def test_the_shape_of_common_images_is_found(ax, width, shape):
    gd.plots.templates(np.zeros((2, width)), ax=ax)
    assert ax.images[0].get_array().shape == shape


@pytest.mark.parametrize("shape", [(2, 3), [2, 3], (1, 2, 3)])
def test_a_shape_that_is_given_is_taken(ax, shape):
    gd.plots.templates(np.arange(14.0).reshape(2, 7), shape, ax)
    picture = ax.images[1].get_array()
    assert picture.shape == (2, 3)
    assert (np.diff(picture.ravel()) >= 0).all()  # row by row


def test_weights_are_divided_by_the_objectives_scale(ax):
    gd.plots.templates(np.array([[1.0, 2.0, 3.0, 4.0, 0.0]]), ax=ax, scale=np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_allclose(ax.images[0].get_array(), 1.0)


@pytest.mark.parametrize(
    ("W", "options", "error", "message"),
    [
        ([[1, 2]], {}, TypeError, "W must be a float array"),
        (np.zeros(65), {}, ValueError, r"W must be \(n_classes, n_pixels\)"),
        (np.full((1, 5), np.nan), {}, ValueError, "W must be finite"),
        (np.zeros((2, 7)), {}, ValueError, "shape must be given: 7 columns"),
        (np.zeros((2, 7)), {"shape": (2, 2)}, ValueError, r"shape must have 6 pixels .* or 7; it is \(2, 2\)"),
        (np.zeros((2, 7)), {"shape": (6,)}, ValueError, r"shape must be \(rows, columns\) or"),
        (np.zeros((2, 9)), {"shape": (2, 2, 2)}, ValueError, r"shape must be \(rows, columns\) or"),
        (np.zeros((2, 7)), {"shape": [2.0, 3.0]}, TypeError, "shape must be a tuple of integers"),
        (np.zeros((2, 5)), {"class_names": ["a"]}, ValueError, "class_names must hold 2 names, .*; it holds 1"),
        (np.zeros((2, 5)), {"scale": np.zeros(4)}, ValueError, "scale must be > 0"),
        (np.zeros((2, 5)), {"scale": np.ones(5)}, ValueError, r"scale must have the shape \(4,\)"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_drawn(ax, W, options, error, message):
    with pytest.raises(error, match=message):
        gd.plots.templates(W, ax=ax, **options)
    assert not ax.images
