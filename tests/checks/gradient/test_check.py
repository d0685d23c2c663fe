"""The gradient check: right gradients pass, wrong ones fail, and every call is counted."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.checks import GradientReport, check_gradient
from gradients import Quartic, Structured, point, softmax, softmax_gradient


@pytest.mark.parametrize("shape", [(), (1,), (20,), (4, 5), (2, 3, 4)])
def test_lecture_23_a_right_gradient_passes(shape):
    objective, w = Quartic(shape), point(shape)
    report = check_gradient(objective, at=w)
    assert isinstance(report, GradientReport)
    assert report.verdict == "PASS"
    assert report.passed
    assert report.max_relative_error < 1e-7
    assert report.require() is report
    assert np.array_equal(report.coordinates, np.arange(w.size))
    np.testing.assert_allclose(report.analytic, objective.gradient(w).reshape(-1))
    np.testing.assert_allclose(report.numerical, report.analytic, rtol=1e-7)
    assert report.kinks.size == 0


@pytest.mark.parametrize("factor", [3.999, 4.4, -4.0, 0.0, 4e6])
def test_lecture_23_a_wrong_gradient_fails(factor):
    report = check_gradient(Quartic((3, 4), factor), at=point((3, 4)))
    assert report.verdict == "FAIL"
    assert not report.passed
    with pytest.raises(RuntimeError, match="Gradient check: FAIL"):
        report.require()


def test_lecture_23_one_wrong_entry_among_many_is_found_and_named():
    def wrong(w):
        gradient = softmax_gradient(w)
        gradient[2, 3] *= 1.001
        return gradient

    report = check_gradient(softmax, wrong, point((4, 5)))
    assert report.verdict == "FAIL"
    assert report.worst(1).tolist() == [13]
    assert "[2, 3]" in str(report)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_analytic_gradient_that_is_not_finite_fails(bad):
    report = check_gradient(lambda w: float(np.sum(w**2)), lambda w: np.where(w == 2.0, bad, 2 * w), [1.0, 2.0])
    assert report.verdict == "FAIL"
    assert report.relative_error[1] == np.inf
    assert report.worst(1).tolist() == [1]
    assert any("not finite in 1 coordinate:" in sentence for sentence in report.diagnosis)


def test_the_relative_error_is_the_documented_one():
    f, gradient = softmax, lambda w: 1.01 * softmax_gradient(w) - 1e-4
    w = point((6,)) * [1, 1, 1, 1, 1, 30]
    for h in (1e-5, 1e-12):
        report = check_gradient(f, gradient, w, h=h)
        a, n = report.analytic, report.numerical
        floor = 10 * 2.0**-52 * abs(f(w)) / h
        expected = abs(a - n) / np.maximum(np.maximum(abs(a), abs(n)), floor)
        np.testing.assert_allclose(report.relative_error, expected, rtol=1e-14)
        assert report.max_relative_error == report.relative_error.max()


def test_lecture_42_both_zero_passes():
    report = check_gradient(lambda w: 0.0, lambda w: 0 * w, np.ones(3))
    assert report.verdict == "PASS"
    assert report.max_relative_error == 0


@pytest.mark.parametrize(("error", "words"), [(0, "fine"), (3e-6, "acceptable"), (1e-3, "suspicious"), (0.1, "a bug")])
def test_lecture_42_bands(error, words):
    report = check_gradient(softmax, lambda w: softmax_gradient(w) * (1 + error), point(3))
    assert words in report.diagnosis[0]


def test_rtol_decides():
    def nearly(w):
        return softmax_gradient(w) * 1.001

    assert check_gradient(softmax, nearly, point(3), rtol=1e-2).passed
    assert not check_gradient(softmax, nearly, point(3), rtol=1e-4).passed


def test_lecture_18_evaluations_are_counted_and_reported():
    objective = Quartic((3, 4))
    report = check_gradient(objective, at=point((3, 4)))
    assert (
        objective.values == report.evaluations == 2 * 12 + 3
    )  # at the point twice, and elsewhere: does it answer the same?
    assert objective.gradients == 3
    assert "12 of 12 coordinates checked\n  h = 1e-05, 27 evaluations" in str(report)


def test_the_structure_of_an_objective_is_used():
    objective = Structured((100, 200))
    report = check_gradient(objective, at=point((100, 200)))
    assert report.verdict == "PASS"
    assert report.structured
    assert report.coordinates.size == 20_000  # all: cheap from the scores
    assert objective.values == 3
    assert "40,003 evaluations (computed from the scores)" in str(report)


def test_a_gradient_of_ones_own_against_an_objectives_values():
    objective = Structured((3, 4), factor=-1.0)
    w = point((3, 4))
    assert check_gradient(objective, lambda w: 4 * objective.a * w**3, w).verdict == "PASS"
    assert check_gradient(objective, lambda w: 5 * objective.a * w**3, w).verdict == "FAIL"
    assert objective.gradients == 0


def test_the_value_method_of_an_objective_serves_as_the_objective():
    """So is the bug named that only the objective's structure tells."""
    rng = np.random.default_rng(0)
    objective = gd.LinearObjective(rng.normal(size=(30, 4)), rng.integers(0, 3, 30), gd.Hinge())
    w = rng.normal(size=objective.shape)
    other = gd.LinearObjective(objective.X, objective.y, gd.Hinge(margin=2.0))
    report = check_gradient(objective.value, other.gradient, w)
    assert report.structured
    assert report.diagnosis == check_gradient(objective, other.gradient, w).diagnosis
    assert any("another margin" in sentence for sentence in report.diagnosis)
    assert not check_gradient(lambda w: objective.value(w), objective.gradient, w).structured


def test_the_point_is_untouched_whatever_the_functions_do_and_that_they_do_is_told():
    w = point((2, 3))
    before = w.copy()

    def spoil(f):
        def spoiled(x):
            result = f(x)
            x[:] = 7.0
            return result

        return spoiled

    for f, gradient, name in (
        (spoil(softmax), softmax_gradient, "value"),
        (softmax, spoil(softmax_gradient), "gradient"),
    ):
        report = check_gradient(f, gradient, w)
        assert report.verdict == "FAIL"
        assert f"{name} changes its argument" in report.diagnosis[0]
    assert np.array_equal(w, before)
