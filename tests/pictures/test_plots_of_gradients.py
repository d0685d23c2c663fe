"""Pictures of gradient checks and of step sweeps."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

pytest.importorskip("matplotlib")


def cubes(shape, wrong=(), coordinates=None) -> gd.GradientReport:
    def gradient(w):
        found = 3 * w**2
        found.flat[list(wrong)] *= 1.1
        return found

    return gd.check_gradient(lambda w: float(np.sum(w**3)), gradient, np.full(shape, 1.5), coordinates=coordinates)


def with_kinks() -> gd.GradientReport:
    objective = gd.LinearObjective(np.eye(2), np.array([0, 1]))
    W = np.zeros((2, 3))
    W[0, 0] = 1.0 - 1e-6  # the first sample's margin lies beside 0, within h
    return gd.check_gradient(objective, at=W)


def legend(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_errors_stand_in_the_image_where_their_weights_stand_in_w(ax):
    report = cubes((3, 5), wrong=[7])
    assert gd.plots.gradient_report(report, ax) is ax
    image = ax.images[0].get_array()
    assert image.shape == (3, 5)
    np.testing.assert_array_equal(image.ravel(), np.clip(report.relative_error, 1e-12, 1.0))
    assert np.unravel_index(image.argmax(), image.shape) == (1, 2)
    (cross,) = ax.collections
    np.testing.assert_array_equal(cross.get_offsets(), [[2, 1]])  # column, row
    assert legend(ax) == ["1 beyond the tolerance 1e-05"]
    assert ax.get_title() == "FAIL: 15 of 15 checked, h = 1e-05"
    assert type(ax.images[0].norm).__name__ == "LogNorm"


def test_kinks_are_marked(ax):
    report = with_kinks()
    assert report.kinks.size
    gd.plots.gradient_report(report, ax)
    rings = ax.collections[0]
    np.testing.assert_array_equal(rings.get_offsets()[:, ::-1], np.transpose(np.unravel_index(report.kinks, (2, 3))))
    assert legend(ax)[0] == f"{report.kinks.size} across a kink"


def test_a_sample_of_a_matrix_is_points_in_rows_and_columns(ax):
    gd.plots.gradient_report(cubes((4, 6), coordinates=[0, 7, 23]), ax)
    assert not ax.images
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[0, 0], [1, 1], [5, 3]])
    assert ax.get_ylim() == (3.5, -0.5)  # the first row is at the top, as in the image


def test_what_was_not_checked_is_a_hole_in_the_image(ax):
    gd.plots.gradient_report(cubes((2, 2), coordinates=[0, 1, 3]), ax)
    np.testing.assert_array_equal(np.ma.getmaskarray(ax.images[0].get_array()), [[False, False], [True, False]])


@pytest.mark.parametrize("shape", [(6,), (1, 2, 3)])
def test_other_arrays_are_points_against_the_flat_index(ax, shape):
    report = cubes(shape, wrong=[4])
    gd.plots.gradient_report(report, ax)
    points, cross, tolerance = ax.lines
    np.testing.assert_array_equal(points.get_xdata(), np.arange(6))
    np.testing.assert_array_equal(points.get_ydata(), np.clip(report.relative_error, 1e-12, 1.0))
    assert list(cross.get_xdata()) == [4]
    assert set(tolerance.get_ydata()) == {1e-5}
    assert ax.get_yscale() == "log"


def test_an_infinite_error_has_the_highest_colour(ax):
    report = gd.check_gradient(lambda w: float(np.sum(w)), lambda w: np.full((2, 2), np.inf), np.ones((2, 2)))
    gd.plots.gradient_report(report, ax)
    assert (ax.images[0].get_array() == 1.0).all()
    assert legend(ax) == ["4 beyond the tolerance 1e-05"]


def test_lecture_21_both_curves_and_the_best_h_of_each(ax):
    sweep = gd.step_sweep(lambda x: float(np.sum(np.sin(x))), np.cos, [1.0, 2.0, 3.0])
    assert gd.plots.step_sweep(sweep, ax) is ax
    for (curve, best), found in zip((ax.lines[:2], ax.lines[2:]), (sweep.centered, sweep.forward), strict=True):
        np.testing.assert_array_equal(curve.get_data(), (sweep.h, found.error))
        assert (best.get_xdata()[0], best.get_ydata()[0]) == (found.best_h, found.best_error)
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_ylabel()) == ("log", "log", "relative error")


def test_errors_of_zero_and_lost_steps_are_left_out_of_the_sweep(ax):
    sweep = gd.step_sweep(lambda x: float(2 * x[0]), lambda x: np.array([2.0]), np.array([1.0]), [0.5, 0.25, 1e-20])
    assert (sweep.error[:2] == 0).all()
    gd.plots.step_sweep(sweep, ax)
    assert all(line.get_xdata().size == 0 for line in ax.lines)


@pytest.mark.parametrize(("name", "kind"), [("gradient_report", "GradientReport"), ("step_sweep", "StepSweep")])
def test_another_kind_is_refused_by_name(ax, name, kind):
    with pytest.raises(TypeError, match=rf"must be a {kind} \(from gdfast\.\w+\); it is dict"):
        getattr(gd.plots, name)({}, ax)
    assert not ax.lines
