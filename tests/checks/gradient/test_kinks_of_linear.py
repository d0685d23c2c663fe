"""Kinks of objectives with structure: counted apart, and explained exactly."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast.checks import check_gradient
from gradients import Kinked, point


def test_kinks_that_explain_the_disagreement_pass():
    counts, excess = np.zeros((2, 3), dtype=np.int64), np.zeros((2, 3))
    counts[1, 0], excess[1, 0] = 2, -0.25
    report = check_gradient(Kinked((2, 3), counts, excess), at=point((2, 3)))
    assert report.verdict == "KINKS"
    assert report.passed
    assert report.kinks.tolist() == [3]
    assert report.max_relative_error > 1e-2
    assert report.unexplained < 1e-9
    text = str(report)
    assert "FAIL" not in text
    assert "1 difference stencil across a kink; error after kink correction" in text


def test_kinks_do_not_hide_a_bug():
    counts, excess = np.ones((2, 3), dtype=np.int64), np.full((2, 3), 0.3)
    report = check_gradient(Kinked((2, 3), counts, excess, factor=4.1), at=point((2, 3)))
    assert report.verdict == "FAIL"
    assert report.unexplained == pytest.approx(0.1 / 4.1, rel=1e-6)


def test_kinks_that_add_nothing_leave_a_pass():
    counts = np.array([0, 5, 1])
    report = check_gradient(Kinked((3,), counts, np.zeros(3)), at=point((3,)))
    assert report.verdict == "PASS"
    assert report.kinks.tolist() == [1, 2]


def test_kinks_follow_the_chosen_coordinates():
    counts, excess = np.arange(6).reshape(2, 3), 0.1 * np.arange(6).reshape(2, 3)
    report = check_gradient(Kinked((2, 3), counts, excess), at=point((2, 3)), coordinates=[4, 0, 2])
    assert report.verdict == "KINKS"
    assert report.kinks.tolist() == [4, 2]
    assert report.unexplained < 1e-9
