"""Plots of regularization paths: which weights are drawn, and that narrow pages show all of the words."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gdfast as gd

plt = pytest.importorskip("matplotlib.pyplot")

RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 10
NARROW, WIDE = (3.9, 3.4), (12.8, 7.2)  # inches: a phone's page and a screen's
NAMES = ["aeroplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "lorry"]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def path_of(width):
    X = RNG.normal(size=(60, width))
    return gd.regularization_path(
        gd.LinearObjective(X, LABELS, gd.CrossEntropy(), gd.L2(1.0)), [1.0, 0.1, 0.0], tol=0.1
    )


def drawn(size):
    figure = plt.figure(figsize=size, dpi=100, layout="constrained")
    return figure.add_subplot()


def is_inside(part, ax):
    ax.figure.draw_without_rendering()
    box, page = part.get_window_extent(), ax.figure.bbox
    return page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1


@pytest.mark.filterwarnings("ignore:.*There is no optimum:RuntimeWarning")
def test_the_weights_that_grow_largest_are_drawn_against_strengths_above_0():
    path = path_of(36)
    ax = gd.plots.path(path)
    lines = [line for line in ax.lines if list(line.get_xdata()) == [0.1, 1.0]]
    assert len(lines) == 300
    sizes = np.sort(np.abs(path.W[:2, :, :-1]).max(axis=0).ravel())
    shown = [np.abs(line.get_ydata()).max() for line in lines]
    assert sorted(shown) == sizes[-300:].tolist()
    (note,) = ax.texts  # two would stand upon each other
    first, second = note.get_text().split("\n")
    assert first.startswith("300 of 360 weights")
    assert second.startswith("1 of 3 are not > 0")


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_words_of_a_validation_curve_are_on_the_page(size):
    scores = RNG.uniform(0.8, 0.9, (5, 9))
    ax = gd.plots.validation_curve(np.append(np.geomspace(1e-4, 1, 8), 0), scores, chosen=0.01, ax=drawn(size))
    assert is_inside(ax.get_legend(), ax)
    assert len(ax.texts) == 1
    assert is_inside(ax.texts[0], ax)


@pytest.mark.filterwarnings("ignore:.*There is no optimum:RuntimeWarning")
@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_names_above_templates_leave_each_other_room(size):
    ax = gd.plots.path_templates(path_of(36), class_names=NAMES, ax=drawn(size))
    labels = [text for text in ax.texts if text.get_text() in NAMES]
    assert all(is_inside(label, ax) for label in labels)
    for one, next_one in itertools.pairwise(labels):
        boxes = one.get_window_extent(), next_one.get_window_extent()
        if one.get_rotation() == 0:
            assert boxes[0].x1 < boxes[1].x0
        else:  # slanted side by side: as far apart as a line of text is high
            assert (boxes[1].x0 - boxes[0].x0) * np.sin(np.pi / 4) > one.get_fontsize() * ax.figure.dpi / 72
    assert len(labels) == 10
    assert [text.get_text() for text in ax.texts][:4] == ["1", "0.1", "0", "strength"]
