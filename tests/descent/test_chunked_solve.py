"""gd.solve and the path on chunks of rows: proven as in memory, by methods that make whole passes alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gdfast as gd
from chunked import MODES, pair

TOL = 1e-4
every_mode = pytest.mark.parametrize("mode", MODES)


@every_mode
@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.SquaredHinge(), gd.SquaredError(), gd.Huber(0.5)], ids=repr)
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_smooth_loss_is_proven_by_the_method_that_serves_in_memory(kind: str, loss: Any, mode: str) -> None:
    chunked, linear, _ = pair(kind, loss, mode=mode, regularizer=gd.L2(1e-2))
    one, other = (gd.solve(each, TOL) for each in (chunked, linear))
    assert one.status is other.status is gd.Status.CONVERGED
    assert one.method == other.method
    for result in (one, other):
        assert result.duality_gap is not None
        assert result.duality_gap <= TOL * result.value
    assert abs(one.value - other.value) <= TOL * other.value
    assert one.passes is not None
    assert other.passes is not None
    assert one.passes <= other.passes + 8


@every_mode
@pytest.mark.parametrize("kind", ["uint8", "float32", "float64", "csr"])
def test_the_hinge_is_proven_by_a_bundle(kind: str, mode: str) -> None:
    chunked, linear, _ = pair(kind, gd.Hinge(), mode=mode, regularizer=gd.L2(1e-2))
    one, other = gd.solve(chunked, 1e-3), gd.solve(linear, 1e-6)
    assert one.status is gd.Status.CONVERGED
    assert "bundle" in one.method
    assert one.duality_gap is not None
    assert other.duality_gap is not None
    assert one.duality_gap <= 1e-3 * one.value
    lowest, highest = other.value - other.duality_gap, other.value * (1 + 1e-6)
    assert one.value - one.duality_gap <= highest  # its bound is true
    assert one.value >= lowest * (1 - 1e-6)


def test_few_cuts_prove_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdfast.descent.optimizers.bundle.FEWEST_CUTS", 12)
    monkeypatch.setattr("gdfast.descent.optimizers.bundle.CUT_BYTES", 1)
    chunked, linear, _ = pair("float64", gd.Hinge(), regularizer=gd.L2(1e-2))
    one, other = gd.solve(chunked, 1e-3), gd.solve(linear, 1e-6)
    assert one.status is gd.Status.CONVERGED
    assert one.steps > 12
    assert one.duality_gap is not None
    assert one.value - one.duality_gap <= other.value * (1 + 1e-6)


@pytest.mark.parametrize(
    ("loss", "regularizer"),
    [(gd.Hinge(), gd.L2(1e-2)), (gd.CrossEntropy(), gd.L2(1e-2)), (gd.CrossEntropy(), gd.L1(2e-2))],
    ids=repr,
)
def test_a_proof_that_is_resumed_ends_on_the_same_bits(tmp_path: Any, loss: Any, regularizer: Any) -> None:
    chunked, _, _ = pair("float32", loss, regularizer=regularizer)
    whole = gd.solve(chunked, 1e-4)
    path = tmp_path / "run.npz"
    gd.solve(chunked, 1e-4, checkpoint=gd.Checkpoint(path, every=2), callback=lambda k, w, value: k >= 5)
    again = pair("float32", loss, regularizer=regularizer).chunked
    found = gd.resume(path, again)
    assert found.w.tobytes() == whole.w.tobytes()
    assert (found.value, found.duality_gap, found.steps) == (whole.value, whole.duality_gap, whole.steps)


@pytest.mark.parametrize("regularizer", [gd.L1(0.02), gd.ElasticNet(0.02, 0.01)], ids=repr)
@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.SquaredError(), gd.Huber(0.5)], ids=repr)
def test_exact_zeros_are_proven_by_proximal_steps(loss: Any, regularizer: Any) -> None:
    chunked, linear, _ = pair("float64", loss, regularizer=regularizer)
    one, other = (gd.solve(each, TOL) for each in (chunked, linear))
    assert one.status is other.status is gd.Status.CONVERGED
    assert "Proximal gradient" in one.method
    assert one.duality_gap is not None
    assert one.duality_gap <= TOL * one.value
    np.testing.assert_allclose(one.w[:, :-1], other.w[:, :-1], atol=0.02)


@every_mode
def test_exact_zeros_of_squared_errors_take_a_few_passes_however_features_correlate(mode: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 8)) + 10 * rng.normal(size=(300, 1))
    X[:, 5] = 0
    y = X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=300)
    lasso = gd.LinearObjective(X, y, gd.SquaredError(), gd.L1(0.05), **MODES[mode])
    chunked = gd.ChunkedObjective([X[:100], X[100:]], y, gd.SquaredError(), gd.L1(0.05), **MODES[mode])
    one, other = gd.solve(chunked, 1e-6), gd.solve(lasso, 1e-8)
    assert one.status is gd.Status.CONVERGED
    assert one.passes is not None
    assert one.passes <= 12
    assert one.value == pytest.approx(other.value, rel=2e-6)
    np.testing.assert_array_equal(one.w == 0, other.w == 0)


def test_columns_beyond_a_matrix_take_plain_proximal_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdfast.descent.optimizers.proximal_gram.MOST_COLUMNS", 3)
    chunked, linear, _ = pair("float64", gd.CrossEntropy(), regularizer=gd.L1(0.02))
    one, other = (gd.solve(each, TOL) for each in (chunked, linear))
    assert "metric" not in one.method
    np.testing.assert_allclose(one.value, other.value, rtol=TOL)


def test_separable_classes_have_no_optimum() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 120)
    X = 5 * np.eye(3)[y] + 0.1 * rng.normal(size=(120, 3))
    result = gd.solve(gd.ChunkedObjective([X[:50], X[50:]], y, gd.CrossEntropy()))
    assert result.status is gd.Status.DIVERGED
    assert "separable" in result.explanation


# ---- the path ----


@pytest.mark.parametrize(
    ("loss", "regularizer"),
    [
        (gd.CrossEntropy(), gd.L2(1.0)),
        (gd.SquaredError(), gd.L2(1.0)),
        (gd.CrossEntropy(), gd.L1(1.0)),
        (gd.SquaredError(), gd.ElasticNet(1.0, 0.5)),
    ],
    ids=repr,
)
def test_the_path_is_the_same(loss: Any, regularizer: Any) -> None:
    chunked, linear, _ = pair("float64", loss, regularizer=regularizer)
    one, other = (gd.regularization_path(each, 4, 1e-4) for each in (chunked, linear))
    np.testing.assert_allclose(one.strengths, other.strengths, rtol=1e-6)
    np.testing.assert_allclose(one.values, other.values, rtol=2e-4)
    assert (one.gaps <= 1e-4 * one.values * (1 + 1e-9)).all()
    assert one.status is other.status
