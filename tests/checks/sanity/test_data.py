"""The sanity check of rows, classes and features; odd numbers are findings, not errors."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.checks.sanity import Severity
from sanity import CLASSIFIERS, data, found, not_ok

# ---- dead and saturated rows ----


def test_a_saturated_softmax_is_a_warning():
    objective = gd.LinearObjective(*data(), gd.CrossEntropy())
    w0 = 100 * np.random.default_rng(0).normal(size=objective.shape)
    finding = found(gd.sanity_check(objective, w0), "classes at w0")
    assert finding.severity is Severity.WARNING
    assert "softmax is saturated" in finding.sentence


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.SquaredHinge()], ids=repr)
def test_a_class_that_neither_wins_nor_violates_is_dead(loss):
    objective = gd.LinearObjective(*data(), loss)
    w0 = np.zeros(objective.shape)
    w0[2, -1] = -100.0
    finding = found(gd.sanity_check(objective, w0), "classes at w0")
    assert finding.severity is Severity.WARNING
    assert "1 class (2) neither win nor violate a margin" in finding.sentence


@pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
def test_a_class_that_was_not_learnt_is_a_warning(loss):
    X, y = data()
    keep = (y != 3) | (np.cumsum(y == 3) == 1)  # one row of class 3 left
    objective = gd.LinearObjective(X[keep], y[keep], loss)
    most = gd.LinearObjective(X[y != 3], y[y != 3], loss, n_classes=4)
    w0 = gd.minimize(most, np.zeros(most.shape), step=0.01, max_steps=300).best_w
    finding = found(gd.sanity_check(objective, w0), "classes at w0")
    assert finding.severity is Severity.WARNING
    assert "1 class (3) never win" in finding.sentence


def test_classes_without_samples_are_a_warning():
    X, y = data()
    report = gd.sanity_check(gd.LinearObjective(X, 2 * y))
    assert not_ok(report) == [("labels", "warning")]
    assert "3 of 7 classes have no samples (the first: 1)" in found(report, "labels").sentence


@pytest.mark.parametrize("n_classes", [None, 3])
def test_one_class_alone_is_a_problem(n_classes):
    X, y = data()
    report = gd.sanity_check(gd.LinearObjective(X, 0 * y, n_classes=n_classes))
    assert not_ok(report) == [("labels", "problem")]


def test_targets_that_are_all_alike_are_a_warning():
    X, y = data()
    report = gd.sanity_check(gd.LinearObjective(X, 0.0 * y + 3, gd.SquaredError()))
    assert not_ok(report) == [("labels", "warning")]


# ---- features ----


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X: X * np.where(np.arange(30) == 7, 1000.0, 1.0), "Feature 7 spans"),
        (lambda X: X * np.where(np.arange(30) == 7, 0.001, 1.0), "and feature 7 only"),
        (lambda X: 255 * (X - X.min()) / np.ptp(X), "as raw pixels do"),
        (lambda X: X + np.where(np.arange(30) == 7, 2000.0, 0.0), "beside the bias it is a second bias"),
    ],
)
def test_features_of_unlike_size_are_a_warning_until_they_are_scaled(change, words):
    X, y = data()
    X = change(X)
    report = gd.sanity_check(gd.LinearObjective(X, y))
    assert ("features", "warning") in not_ok(report)
    sentence = found(report, "features").sentence
    assert words in sentence
    assert "Give mean=X.mean(axis=0) and scale=X.std(axis=0)" in sentence
    scaled = gd.sanity_check(gd.LinearObjective(X, y, mean=X.mean(axis=0), scale=X.std(axis=0)))
    assert not_ok(scaled) == []


def test_raw_uint8_pixels_are_a_warning_until_they_are_scaled():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (100, 50), dtype=np.uint8), np.arange(100) % 10
    assert not_ok(gd.sanity_check(gd.LinearObjective(X, y))) == [("features", "warning")]
    scaled = gd.LinearObjective(X, y, mean=X.mean(axis=0), scale=np.full(50, 255.0))
    assert not_ok(gd.sanity_check(scaled)) == []


def test_tiny_features_are_a_warning():
    X, y = data()
    assert ("features", "warning") in not_ok(gd.sanity_check(gd.LinearObjective(1e-9 * X, y)))


def test_constant_features_are_named_and_harmless_unless_all_are():
    X, y = data()
    X[:, 3] = 5.0
    report = gd.sanity_check(gd.LinearObjective(X, y))
    assert not_ok(report) == []
    assert "1 feature is constant in all rows (the first: 3)" in found(report, "constant features").sentence
    assert ("features", "problem") in not_ok(gd.sanity_check(gd.LinearObjective(0 * X, y)))


@pytest.mark.parametrize("as_sparse", [False, True])
def test_the_statistics_of_features_are_numpys(as_sparse):
    from gdfast.checks.sanity.data import _statistics

    rng = np.random.default_rng(0)
    X = np.where(rng.random((400, 12)) < 0.4, rng.normal(3, 2, (400, 12)), 0.0)
    scale = rng.uniform(0.5, 2, 12)
    rows = X
    if as_sparse:
        rows = pytest.importorskip("scipy.sparse").csr_array(X)
    found_ = _statistics(gd.LinearObjective(rows, np.arange(400) % 2, scale=scale).rows(np.arange(100, 300)))
    Z = X[100:300] / scale
    np.testing.assert_allclose(found_.low, Z.min(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found_.high, Z.max(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found_.mean, Z.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(found_.deviation, Z.std(axis=0), rtol=1e-10)
    assert found_.n_read == 200


# ---- odd numbers: findings, not errors ----


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e100, 1e160])
@pytest.mark.parametrize("loss", [*CLASSIFIERS, gd.SquaredError()], ids=repr)
def test_features_of_any_size_are_findings(loss, size):
    X, y = data()
    y = y if loss.classifies else np.cos(y)
    report = gd.sanity_check(gd.LinearObjective(size * X, y, loss, gd.L2(1e-3)))
    assert found(report, "features").severity is not Severity.OK
    assert str(report)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("loss", [*CLASSIFIERS, gd.SquaredError()], ids=repr)
def test_a_few_rows_are_enough(loss, n):
    X, y = data()
    y = y if loss.classifies else np.cos(y)
    assert str(gd.sanity_check(gd.LinearObjective(X[:n], y[:n], loss)))


def test_rows_without_weight_are_no_error():
    X, y = data()
    weight = np.zeros(len(X))
    weight[7] = 1.0
    assert gd.sanity_check(gd.LinearObjective(X, y, sample_weight=weight)).passed
