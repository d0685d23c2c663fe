"""Splits: what is trained on and held out, and what weights of samples and classes make of the objective."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.training.split import Split, held_out_rows, times_class_weight

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n", [2, 7, 100])
@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5, 0.99])
def test_of_every_class_the_same_share_is_held_out_and_never_all(n, fraction):
    y = np.random.default_rng(n).integers(0, 3, n)
    held = held_out_rows(n, fraction, 3, y)
    assert np.array_equal(held, np.unique(held))
    for c in range(3):
        count, taken = int(np.sum(y == c)), int(np.sum(y[held] == c))
        assert taken == min(max(count - 1, 0), round(fraction * count))
    assert len(held_out_rows(n, fraction, 3)) == min(n - 1, round(fraction * n))


def test_the_objective_of_the_chosen_rows_is_that_of_these_rows_alone():
    """Rows of weight 0 and those held out lie in X, and change nothing."""
    X, y, weights = RNG.normal(size=(40, 3)), RNG.integers(0, 3, 40), RNG.integers(0, 3, 40).astype(float)
    held_out = np.array([1, 5, 17, 30])
    split = Split.of(X, y, weights, held_out)
    trains = weights > 0
    trains[held_out] = False
    assert np.array_equal(split.chosen, np.flatnonzero(trains))
    assert np.array_equal(split.held_out_weights, weights[held_out])
    W = RNG.normal(size=(3, 4))
    whole = gd.LinearObjective(split.X, split.y, gd.CrossEntropy(), sample_weight=split.weights)
    alone = gd.LinearObjective(X[trains], y[trains], gd.CrossEntropy(), sample_weight=weights[trains])
    assert whole.rows(split.chosen).value(W) == pytest.approx(alone.value(W), rel=1e-13)
    assert whole.rows(split.chosen).gradient(W) == pytest.approx(alone.gradient(W), rel=1e-12)


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 3.0])])
def test_where_every_row_trains_none_is_named(weights):
    split = Split.of(np.eye(3), np.arange(3), weights)
    assert split.chosen is None
    assert split.held_out is None
    assert split.weights is weights


@pytest.mark.parametrize("weighted", [False, True])
def test_balanced_classes_have_the_same_total(weighted):
    labels = RNG.integers(0, 4, 200) * RNG.integers(0, 2, 200)
    weights = RNG.uniform(0, 2, 200) if weighted else None
    own = np.ones(200) if weights is None else weights
    balanced, mean = times_class_weight("balanced", np.arange(4), labels, weights)
    assert mean == pytest.approx(1.0)
    totals = [balanced[labels == c].sum() for c in range(4)]
    assert totals == pytest.approx([own.sum() / 4] * 4)
    for c in range(4):  # within a class nothing changes
        factor = balanced[labels == c] / own[labels == c]
        assert factor == pytest.approx(np.full(len(factor), factor[0]))


def test_class_weights_are_factors():
    labels = np.array([0, 1, 2, 1])
    classes = np.array(["a", "b", "c"])
    product, mean = times_class_weight({"b": 3.0}, classes, labels, None)
    assert (product.tolist(), mean) == ([1, 3, 1, 3], 2.0)
    product, mean = times_class_weight({"b": 3.0, "c": 0}, classes, labels, np.arange(4.0))
    assert (product.tolist(), mean) == ([0, 3, 0, 9], 2.0)


def test_a_dict_may_hold_classes_that_a_fold_lacks_but_no_mistakes():
    """As scikit-learn's compute_class_weight."""
    labels, classes = np.array([0, 1]), np.array(["a", "b"])
    assert times_class_weight({"a": 2.0, "b": 1.0, "c": 5.0}, classes, labels, None)[0].tolist() == [2, 1]
    with pytest.raises(ValueError, match="it also is for"):
        times_class_weight({"a": 2.0, "bb": 5.0}, classes, labels, None)
