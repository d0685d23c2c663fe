"""What LinearObjective and its methods refuse, before any work and by name."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

X, Y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        ({"X": X[0]}, ValueError, "X"),
        ({"X": X[None]}, ValueError, "X"),
        ({"X": X.astype(int)}, TypeError, "X"),
        ({"X": X.astype(complex)}, TypeError, "X"),
        ({"X": X.astype(object)}, TypeError, "X"),
        ({"X": X > 3}, TypeError, "X"),
        ({"X": X.astype(str)}, TypeError, "X"),
        ({"X": None}, TypeError, "X"),
        ({"X": X[:0], "y": Y[:0]}, ValueError, "X"),
        ({"y": Y[:5]}, ValueError, "y"),
        ({"y": Y[:, None]}, ValueError, "y"),
        ({"y": Y + 0.0}, TypeError, "y"),
        ({"y": Y - 1}, ValueError, r"y\[0\] is -1"),
        ({"y": np.array([0, 1, 2, 3, 1, 2]), "n_classes": 3}, ValueError, r"y\[3\] is 3"),
        ({"y": None}, (TypeError, ValueError), "y"),
        ({"y": np.ma.masked_array(Y, Y == 1)}, TypeError, "y"),
        ({"n_classes": 0}, ValueError, "n_classes"),
        ({"n_classes": 3.0}, TypeError, "n_classes"),
        ({"loss": "hinge"}, TypeError, "loss"),
        ({"loss": gd.Hinge}, TypeError, "loss"),
        ({"regularizer": 0.1}, TypeError, "regularizer"),
        ({"regularizer": gd.L2}, TypeError, "regularizer"),
        ({"bias": 1}, TypeError, "bias"),
        ({"penalize_bias": None}, TypeError, "penalize_bias"),
        ({"check_finite": "no"}, TypeError, "check_finite"),
        ({"sample_weight": np.ones(5)}, ValueError, "sample_weight"),
        ({"sample_weight": -np.ones(6)}, ValueError, "sample_weight"),
        ({"sample_weight": np.zeros(6)}, ValueError, "sample_weight"),
        ({"sample_weight": np.full(6, np.nan)}, ValueError, "sample_weight"),
        ({"sample_weight": ["a"] * 6}, TypeError, "sample_weight"),
        ({"mean": np.zeros(3)}, ValueError, "mean"),
        ({"mean": np.full(2, np.inf)}, ValueError, "mean"),
        ({"mean": 0.0}, (TypeError, ValueError), "mean"),
        ({"scale": np.ones(3)}, ValueError, "scale"),
        ({"scale": np.array([1.0, 0.0])}, ValueError, "scale"),
        ({"scale": np.array([1.0, np.nan])}, ValueError, "scale"),
        ({"loss": gd.SquaredError(), "y": np.zeros(6), "n_classes": 1}, (TypeError, ValueError), "n_classes"),
        ({"loss": gd.SquaredError(), "y": np.zeros((6, 2, 1))}, ValueError, "y"),
        ({"loss": gd.SquaredError(), "y": np.zeros((5, 2))}, ValueError, "y"),
        ({"loss": gd.SquaredError(), "y": np.full(6, np.nan)}, ValueError, "y"),
        ({"loss": gd.SquaredError(), "y": ["a"] * 6}, TypeError, "y"),
    ],
)
def test_bad_arguments_are_named(changes, error, named):
    arguments = {"X": X, "y": Y, **changes}
    with pytest.raises(error, match=rf"\b{named}"):
        gd.LinearObjective(**arguments)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("order", ["C", "F"])
def test_non_finite_data_are_refused_by_place(bad, dtype, order):
    data = np.zeros((300, 70), dtype=dtype, order=order)
    data[299, 69] = bad
    labels = np.arange(300) % 3
    with pytest.raises(ValueError, match=r"X\[299, 69\]"):
        gd.LinearObjective(data, labels)
    # The caller's word is taken: no scan.
    assert gd.LinearObjective(data, labels, check_finite=False).shape == (3, 71)


def test_a_scale_that_cancels_in_float32_warns():
    with pytest.warns(match="mean"):
        gd.LinearObjective(X.astype(np.float32), Y, mean=np.array([0.0, 2e4]), scale=np.ones(2))


@pytest.mark.parametrize(
    ("W", "error"),
    [
        (np.zeros((3, 2)), ValueError),
        (np.zeros((4, 3)), ValueError),
        (np.zeros(9), ValueError),
        (np.zeros((3, 3), dtype=int), TypeError),
        (np.zeros((3, 3), dtype=complex), TypeError),
        (np.zeros((3, 3), dtype=np.float16), TypeError),
        (np.zeros((3, 3), dtype=object), TypeError),
        (np.full((3, 3), np.nan), ValueError),
        (np.full((3, 3), np.inf), ValueError),
        (np.ma.masked_array(np.zeros((3, 3)), np.eye(3)), TypeError),
        (None, TypeError),
    ],
)
def test_bad_weights_are_named(W, error):
    objective = gd.LinearObjective(X, Y)
    for call in (objective.value, objective.gradient, objective.value_and_gradient, objective.scores):
        with pytest.raises(error, match="W"):
            call(W)
    assert objective.passes == 0


def test_regression_has_no_classes():
    objective = gd.LinearObjective(X, Y + 0.5, gd.SquaredError())
    W = np.zeros((1, 3))
    for call in (objective.accuracy, objective.margins):
        with pytest.raises((TypeError, ValueError), match=r"SquaredError|labels|class"):
            call(W)


@pytest.mark.parametrize(
    ("others", "error"), [(np.zeros((4, 3)), ValueError), (np.zeros(2), ValueError), (np.zeros((4, 2), int), TypeError)]
)
def test_data_to_predict_must_fit(others, error):
    with pytest.raises(error, match="X"):
        gd.LinearObjective(X, Y).predict(np.zeros((3, 3)), others)
