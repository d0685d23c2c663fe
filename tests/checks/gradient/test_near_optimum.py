"""Near an optimum a gradient is a difference of numbers far larger than itself: a right one never reads as FAIL."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

RTOL = {np.float64: 1e-5, np.float32: 1e-3}


def separated(loss, k, dtype, **options):
    """Rows that some weights, which come with them, put well apart; for regression: that they fit."""
    rng = np.random.default_rng((3, k))
    W = rng.normal(size=(k, 5))
    X = rng.normal(size=(60, 4)).astype(dtype)
    scores = X.astype(np.float64) @ W[:, :-1].T + W[:, -1]
    if isinstance(loss, gd.SquaredError | gd.Huber):
        return gd.LinearObjective(X, scores, loss, **options), W
    top = np.sort(scores, axis=1)
    apart = (top[:, -1] - top[:, -2]).min() if k > 1 else 1.0
    return gd.LinearObjective(X, scores.argmax(axis=1), loss, n_classes=k, **options), W / apart


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.SquaredHinge(), gd.SquaredError(), gd.Huber()])
@pytest.mark.parametrize("weighted", [False, True])
def test_lecture_42_a_right_gradient_that_vanishes_is_no_bug(loss, k, dtype, weighted):
    options = {"sample_weight": np.linspace(0, 5, 60)} if weighted else {}
    objective, W = separated(loss, k, dtype, **options)
    far = () if isinstance(loss, gd.SquaredError | gd.Huber) else (3.0, 10.0, 30.0, 1000.0)
    for factor in (1 - 1e-3, 1 - 1e-6, 1 - 1e-12, 1.0, 1 + 1e-6, *far):
        for h in (1e-4, 1e-5, 1e-6):
            report = gd.check_gradient(objective, at=factor * W, h=h, rtol=RTOL[dtype])
            assert report.verdict != "FAIL", f"{factor}, {h}\n{report}"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.SquaredHinge(), gd.SquaredError(), gd.Huber()])
def test_a_wrong_gradient_still_fails_where_it_stands_out(loss, dtype):
    objective, W = separated(loss, 5, dtype)
    for factor in (0.5, 0.9):
        report = gd.check_gradient(objective, lambda w: 1.02 * objective.gradient(w), factor * W, rtol=RTOL[dtype])
        assert report.verdict == "FAIL"


@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.SquaredHinge(), gd.SquaredError(), gd.Huber()])
def test_rounding_is_that_of_a_mini_batch_s_own_rows(loss):
    objective, W = separated(loss, 3, np.float64, sample_weight=np.linspace(0, 5, 60))
    assert objective.rows(np.arange(60)).gradient_rounding(W) == pytest.approx(objective.gradient_rounding(W))
    report = gd.check_gradient(objective.rows([59, 7, 7]), at=W)
    assert report.verdict != "FAIL"
