"""Functions that answer differently when asked twice are told before anything else."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.checks import check_gradient
from gradients import point, softmax, softmax_gradient


@pytest.mark.parametrize("size", [1e-12, 1e-6, 1.0])
def test_a_value_that_changes(size):
    rng, calls = np.random.default_rng(0), []

    def f(w):
        calls.append(w)
        return softmax(w) * (1 + size * rng.random())

    report = check_gradient(f, softmax_gradient, point(4))
    assert report.verdict == "NONDETERMINISTIC"
    assert not report.passed
    assert len(calls) == report.evaluations == 4
    assert "Two calls of f at the same point differ" in report.diagnosis[0]
    with pytest.raises(RuntimeError, match="NONDETERMINISTIC"):
        report.require()


@pytest.mark.parametrize("coordinates", [None, [2, 0], "direction"])
def test_a_gradient_that_changes(coordinates):
    rng = np.random.default_rng(0)

    def dropout(w):
        return softmax_gradient(w) * (rng.random(w.shape) > 0.5)

    report = check_gradient(softmax, dropout, point(4), coordinates=coordinates, rng=0)
    assert report.verdict == "NONDETERMINISTIC"
    assert "Two calls of gradient" in report.diagnosis[0]
    assert max(map(len, str(report).splitlines())) <= 80
    assert report.analytic.size == (1 if coordinates == "direction" else 4 if coordinates is None else 2)


def test_rounding_that_changes_is_no_matter():
    signs = iter([1, -1] * 1000)

    def f(w):  # sums in another order, as on several threads
        return softmax(w) * (1 + next(signs) * 2.0**-52)

    def gradient(w):
        return softmax_gradient(w) * (1 + next(signs) * 2.0**-52)

    assert check_gradient(f, gradient, point(4)).verdict == "PASS"


def test_structure_does_not_hide_it():
    rng = np.random.default_rng(0)
    objective = gd.LinearObjective(rng.normal(size=(30, 4)), rng.integers(3, size=30), gd.CrossEntropy())
    w = rng.normal(size=(3, 5))
    report = check_gradient(objective, lambda w: objective.gradient(w) + rng.normal(size=w.shape), w)
    assert report.verdict == "NONDETERMINISTIC"
