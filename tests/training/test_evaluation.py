"""Evaluation: every metric by its definition, whatever the blocks that the rows come in."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
import reference
from gdfast.training import evaluation
from gdfast.training.evaluation import accuracy, evaluate_model, r2, scores_in_blocks

RNG = np.random.default_rng(3)
X, W = RNG.normal(size=(53, 4)), RNG.normal(size=(3, 5))
Y, TARGETS = RNG.integers(0, 3, 53), RNG.normal(size=53)
ROWS = np.array([3, 4, 9, 20, 50])


@pytest.fixture(params=[1 << 24, 8 * 7 * 10], ids=["one block", "blocks of 10 rows"], autouse=True)
def _blocks(request, monkeypatch):
    monkeypatch.setattr(evaluation, "BLOCK_BYTES", request.param)


@pytest.mark.parametrize("rows", [None, ROWS], ids=["all", "some"])
@pytest.mark.parametrize(
    ("loss", "name"), [(gd.Hinge(), reference.HINGE), (gd.CrossEntropy(), reference.CROSS_ENTROPY)]
)
def test_of_classes(loss, name, rows):
    found = evaluate_model(gd.Model(W, loss), X, Y, rows)
    x, y = (X, Y) if rows is None else (X[rows], Y[rows])
    scores = x @ W[:, :4].T + W[:, 4]
    confusion = np.zeros((3, 3), dtype=int)
    for i, label in enumerate(y):
        confusion[label, np.argmax(scores[i])] += 1
    assert found.rows == len(y)
    assert found.loss == pytest.approx(reference.mean_loss(name, scores, y)[0])
    assert np.array_equal(found.confusion, confusion)
    assert found.accuracy == np.trace(confusion) / len(y)
    assert found.r2 is found.rmse is found.mean_absolute_error is None


@pytest.mark.parametrize("rows", [None, ROWS], ids=["all", "some"])
@pytest.mark.parametrize(
    ("loss", "name"), [(gd.SquaredError(), reference.SQUARED_ERROR), (gd.Huber(), reference.HUBER)]
)
def test_of_targets(loss, name, rows):
    found = evaluate_model(gd.Model(W[:1], loss), X, TARGETS, rows)
    x, y = (X, TARGETS) if rows is None else (X[rows], TARGETS[rows])
    predicted = x @ W[0, :4] + W[0, 4]
    assert found.loss == pytest.approx(reference.mean_loss(name, predicted[:, None], y[:, None])[0])
    assert found.rmse == pytest.approx(np.sqrt(np.mean((y - predicted) ** 2)))
    assert found.mean_absolute_error == pytest.approx(np.mean(np.abs(y - predicted)))
    assert found.r2 == pytest.approx(1 - np.mean((y - predicted) ** 2) / y.var())
    assert found.accuracy is found.confusion is None


def test_targets_that_are_all_equal_have_no_variance_to_explain():
    assert evaluate_model(gd.Model(W[:1], gd.SquaredError()), X, np.full(53, 2.0)).r2 is None
    assert r2(X[:, :1], np.full(53, 2.0), None) == 0.0


def test_weights_count_rows():
    counts = RNG.integers(0, 4, 53)
    scores = X @ W[:, :4].T
    again = np.repeat(np.arange(53), counts)
    assert accuracy(scores, Y, counts.astype(float)) == pytest.approx(accuracy(scores[again], Y[again], None))
    assert r2(scores, TARGETS, counts.astype(float)) == pytest.approx(r2(scores[again], TARGETS[again], None))


def test_a_model_in_float64_sees_narrow_rows_in_float64():
    far = (X + 1e6).astype(np.float32)
    model = gd.Model(W, mean=np.full(4, 1e6))
    scores = np.concatenate(list(scores_in_blocks(model, far)))
    assert scores == pytest.approx((far.astype(float) - 1e6) @ W[:, :4].T + W[:, 4], rel=1e-6, abs=1e-6)
