"""Gradients of linear objectives: every loss, every type of X and W, computed from the scores."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.checks import check_gradient
from gradients import point, softmax, softmax_gradient

LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber()]
DTYPES = [
    ("float64", "float64"),
    ("float64", "float32"),
    ("float32", "float64"),
    ("float32", "float32"),
    ("uint8", "float64"),
    ("uint8", "float32"),
]


def images(loss, dtype="float64", seed=0):
    """60 made-up images of 12 pixels in three classes: the objective, weights to check at, and the labels."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 256, size=(60, 12)).astype(np.uint8)
    X = X if dtype == "uint8" else (X / 255).astype(dtype)
    y = rng.normal(size=(60, 3)) if isinstance(loss, gd.SquaredError | gd.Huber) else rng.integers(3, size=60)
    objective = gd.LinearObjective(X, y, loss, gd.L2(0.01), scale=np.full(12, 255.0) if dtype == "uint8" else None)
    return objective, 0.3 * rng.normal(size=objective.shape), y


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("X", "W"), DTYPES)
@pytest.mark.parametrize("h", [1e-3, 1e-5])
def test_lecture_23_right_gradients_of_linear_objectives_pass_and_wrong_ones_fail(loss, X, W, h):
    for seed in range(3):
        objective, w, _ = images(loss, X, seed)
        w = w.astype(W)
        report = check_gradient(objective, at=w, h=h)
        assert report.passed, str(report)
        assert report.structured
        assert report.coordinates.size == w.size

        wrong = objective.gradient(w)
        wrong[1] *= 1.001
        report = check_gradient(objective, lambda w, wrong=wrong: wrong, w, h=h)
        assert report.verdict == "FAIL", str(report)
        assert any("row 1" in sentence for sentence in report.diagnosis)


@pytest.mark.parametrize("h", [3e-2, 1e-2])
def test_kinks_of_the_hinge_are_counted_apart_and_explained_exactly(h):
    objective, w, y = images(gd.Hinge())
    report = check_gradient(objective, at=w, h=h)
    assert report.verdict == "KINKS"
    assert report.max_relative_error > 1e-4
    assert report.unexplained < 1e-9
    # Away from the kinks the hinge is linear: there the quotients are right as they stand.
    away = ~np.isin(report.coordinates, report.kinks)
    assert away.any()
    assert report.relative_error[away].max() < 1e-9
    # The kinks found are those that a perturbed weight really crosses.
    for i in report.coordinates:
        signs = []
        for sign in (-1, 1):
            moved = w.copy()
            moved.flat[i] += sign * h
            signs.append(objective.scores(moved))
        low, high = ((s - s[np.arange(60), y][:, None] + 1 > 0) for s in signs)
        assert (i in report.kinks) == bool((low != high).any())


def test_quotients_from_scores_and_from_values_give_the_same_verdict():
    objective, w, _ = images(gd.CrossEntropy())
    structured = check_gradient(objective, at=w)
    plain = check_gradient(lambda w: objective.value(w), objective.gradient, w)
    assert structured.structured
    assert not plain.structured
    assert structured.verdict == plain.verdict == "PASS"
    np.testing.assert_allclose(structured.numerical, plain.numerical, atol=1e-9)


def test_function_objectives():
    w = point((3, 4))
    assert check_gradient(gd.FunctionObjective(softmax, softmax_gradient), at=w).verdict == "PASS"
    assert check_gradient(gd.FunctionObjective(softmax, lambda w: -softmax_gradient(w)), at=w).verdict == "FAIL"
    with pytest.raises(ValueError, match="only check itself"):
        check_gradient(gd.FunctionObjective(softmax), at=w)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("w_type", [np.float32, np.float64])
def test_a_direction_goes_by_the_rays_float64(loss, w_type):
    """LECTURE 20: uint8 pixels compute in float32, and yet one direction tells right from 1 % wrong."""
    objective, W, _ = images(loss, "uint8")
    W = W.astype(w_type)
    right = gd.check_gradient(objective, at=W, coordinates="direction", rng=0)
    assert right.passed
    assert right.max_relative_error < 1e-5
    assert right.direction.shape == W.shape
    wrong = gd.check_gradient(
        objective, lambda w: (1.01 * objective.gradient(w)).astype(w_type), W, coordinates="direction", rng=0
    )
    assert wrong.verdict == "FAIL"
