"""Compiled steps on sparse rows follow the trajectory of the generic loop; L2 is applied lazily there."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest

import gdfast as gd
import reference
from gdfast.descent import compiled

sparse = pytest.importorskip("scipy.sparse")

N, D, K = 57, 40, 4
LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber()]
TOLERANCE = {("float64", "float64"): 1e-12, ("float32", "float32"): 1e-5, ("float32", "float64"): 1e-5}


def made(loss, regularizer=None, x="float64", w="float64", k=K, indices=np.int32, seed=0, **options):
    """An objective on CSR, one row of it empty, one entry given in two parts; and weights."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((N, D)) < 0.2, rng.integers(-8, 9, (N, D)) / 4, 0).astype(x)
    X[5], X[7, 3] = 0, 2
    csr = sparse.csr_array(X)
    at = csr.indptr[7]
    csr.data = np.insert(csr.data, at, 0.5)
    csr.data[at + 1 : csr.indptr[8] + 1][csr.indices[at : csr.indptr[8]] == 3] -= 0.5
    csr.indices = np.insert(csr.indices, at, 3).astype(indices)
    csr.indptr = (csr.indptr + (np.arange(N + 1) > 7)).astype(indices)
    np.testing.assert_array_equal(csr.toarray(), X)
    y = rng.normal(size=(N, k)) if isinstance(loss, gd.SquaredError | gd.Huber) else rng.integers(0, k, size=N)
    options |= {} if isinstance(loss, gd.SquaredError | gd.Huber) else {"n_classes": k}
    objective = gd.LinearObjective(csr, y, loss, regularizer, **options)
    return objective, (rng.normal(size=objective.shape) * 0.1).astype(w)


def generic(monkeypatch, *arguments, **options):
    """The same run by the generic implementation."""
    with monkeypatch.context() as patched:
        patched.setattr(compiled.CompiledSteps, "of", staticmethod(lambda run: None))
        return gd.minimize(*arguments, **options)


def assert_same_iterates(monkeypatch, objective, W, tolerance=1e-12, **options):
    """Both implementations; fails where they part, or where the compiled one was not taken."""
    taken, take = [], compiled.CompiledSteps.take

    def counting(self, state):
        after = take(self, state)
        taken.append(after.k - state.k)
        return after

    with monkeypatch.context() as patched:
        patched.setattr(compiled.CompiledSteps, "take", counting)
        result = gd.minimize(objective, W, **options)
    assert sum(taken) == result.steps
    expected = generic(monkeypatch, objective, W, **options)
    np.testing.assert_allclose(result.w, expected.w, rtol=0, atol=tolerance * np.abs(expected.w).max())
    values = expected.history.values
    np.testing.assert_allclose(result.history.values, values, rtol=0, atol=tolerance * np.abs(values).max())
    assert (result.steps, result.status, result.w.dtype) == (expected.steps, expected.status, expected.w.dtype)
    assert result.passes == pytest.approx(expected.passes)
    return result


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("regularizer", [None, gd.L2(0.01)], ids=str)
@pytest.mark.parametrize("size", [1, 7, 57, 200])
@pytest.mark.parametrize("types", TOLERANCE, ids=str)
def test_it_gives_the_iterates_of_the_generic_loop(monkeypatch, loss, regularizer, size, types):
    for options in ({}, {"penalize_bias": True}, {"bias": False}, {"scale": np.linspace(0.5, 2, D)}):
        objective, W = made(loss, regularizer, *types, **options)
        run = {"batches": gd.MiniBatches(size, seed=1), "max_steps": 60, "step": 0.01}
        assert_same_iterates(monkeypatch, objective, W, TOLERANCE[types], **run)


@pytest.mark.parametrize("k", [2, 3, 8, 13, 20, 32, 33, 70])
@pytest.mark.parametrize("indices", [np.int32, np.int64])
def test_any_number_of_classes(monkeypatch, k, indices):
    objective, W = made(gd.CrossEntropy(), gd.L2(0.1), k=k, indices=indices)
    assert_same_iterates(monkeypatch, objective, W, batches=gd.MiniBatches(3), epochs=2, step=0.1)


def test_sample_weights_and_rows_of_rows(monkeypatch):
    objective, W = made(gd.Hinge(), gd.L2(0.01), sample_weight=np.arange(N) % 3)
    run = {"batches": gd.MiniBatches(5, seed=1), "epochs": 3, "step": 0.01}
    assert_same_iterates(monkeypatch, objective, W, **run)
    assert_same_iterates(monkeypatch, objective.rows(np.arange(0, N, 2)), W, **run)


@pytest.mark.parametrize("size", [1, 4])
def test_against_the_obvious_loop(size):
    objective, W = made(gd.Hinge(), gd.L2(0.05))
    rows = gd.MiniBatches(size, seed=4)
    result = gd.minimize(objective, W, batches=rows, max_steps=40, step=0.02)
    X, y, w = objective.X.toarray(), objective.y, W.copy()
    for k in range(40):
        ids = rows.rows(N, k)
        batch = reference.LinearProblem(X[ids], y[ids], reference.HINGE, l2=0.05)
        assert result.history.values[k] == pytest.approx(batch.value(w), rel=1e-12)
        w -= 0.02 * batch.gradient(w)
    np.testing.assert_allclose(result.w, w, rtol=0, atol=1e-13)


@pytest.mark.parametrize("rate", [0.499, 0.5, 0.7, 3.0])
def test_a_shrinking_that_nearly_or_more_than_vanishes_is_multiplied_out(monkeypatch, rate):
    # 1 - 2 * rate * strength is 0.002, 0, -0.4 and -5: a product of a few of them is far below what is kept apart.
    objective, W = made(gd.CrossEntropy(), gd.L2(1.0))
    assert_same_iterates(monkeypatch, objective, W, batches=gd.MiniBatches(4), max_steps=20, step=rate, tolerance=1e-11)


def test_a_long_run_keeps_the_sum_of_squares(monkeypatch):
    objective, W = made(gd.Hinge(), gd.L2(0.03))
    result = gd.minimize(objective, W, batches=gd.MiniBatches(1, seed=2), epochs=300, step=0.05)
    expected = generic(monkeypatch, objective, W, batches=gd.MiniBatches(1, seed=2), epochs=300, step=0.05)
    np.testing.assert_allclose(result.w, expected.w, rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.history.values, expected.history.values, rtol=1e-11)


# With a tiny eps, a gradient that is 0 but for rounding would move its weight as far as any other.
RULES = [
    gd.GradientDescent(),
    gd.Momentum(0.5),
    gd.Nesterov(0.5),
    gd.AdaGrad(eps=1e-2),
    gd.RMSProp(0.9, eps=1e-2),
    gd.Adam(0.5, 0.9, eps=1e-2),
    gd.AdamW(0.5, 0.9, eps=1e-2, weight_decay=0.1),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("regularizer", [None, gd.L2(0.01), gd.L1(0.01), gd.ElasticNet(0.01, 0.02)], ids=str)
@pytest.mark.parametrize("types", TOLERANCE, ids=str)
def test_every_rule_gives_the_iterates_of_the_generic_loop(monkeypatch, rule, regularizer, types):
    for options in ({}, {"penalize_bias": True}, {"bias": False}, {"scale": np.linspace(0.5, 2, D)}):
        for k, size in ((4, 1), (7, 5), (37, 200)):
            objective, W = made(gd.CrossEntropy(), regularizer, *types, k=k, **options)
            run = {"optimizer": rule, "batches": gd.MiniBatches(size, seed=1), "max_steps": 30, "step": 0.01}
            assert_same_iterates(monkeypatch, objective, W, TOLERANCE[types], **run)


@pytest.mark.parametrize("types", TOLERANCE, ids=str)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("regularizer", [None, gd.L2(0.01), gd.ElasticNet(0.01, 0.02)], ids=str)
def test_cuts_change_no_bit(monkeypatch, types, rule, regularizer):
    objective, W = made(gd.Hinge(), regularizer, *types)
    run = {"optimizer": rule, "batches": gd.MiniBatches(8, seed=2), "max_steps": 37, "step": 0.01}
    whole = gd.minimize(objective, W, **run)
    seen = []
    watched = gd.minimize(objective, W, **run, callback=lambda k, w, value: seen.append((w, w.copy())))
    evaluated = gd.minimize(objective, W, **run, evaluate_every=5)
    with monkeypatch.context() as patched:
        patched.setattr(compiled, "SEGMENT", 32)
        cut = gd.minimize(objective, W, **run)
    for other in (watched, evaluated, cut):
        np.testing.assert_array_equal(other.w, whole.w)
        np.testing.assert_array_equal(other.history.values, whole.history.values)
    for w, as_it_was in seen:
        np.testing.assert_array_equal(w, as_it_was)
    halfway = gd.minimize(objective, W, **(run | {"max_steps": len(seen) // 2}))
    np.testing.assert_array_equal(seen[len(seen) // 2 - 1][0], halfway.w)


def test_cuts_change_no_bit_where_the_factor_is_multiplied_out(monkeypatch):
    objective, W = made(gd.Hinge(), gd.L2(0.3), "float32", "float32")
    run = {"batches": gd.MiniBatches(8, seed=2), "max_steps": 90, "step": 0.5}
    whole = gd.minimize(objective, W, **run)
    cut = gd.minimize(objective, W, **run, callback=lambda k, w, value: False)
    np.testing.assert_array_equal(cut.w, whole.w)


@pytest.mark.parametrize("types", TOLERANCE, ids=str)
def test_steps_before_a_divergence_are_taken_again_from_what_was_there(types):
    """Weights and factor are those before the call that went too far, not those that it left."""
    objective, W = made(gd.SquaredHinge(), gd.L2(0.1), *types)
    run = {"batches": gd.MiniBatches(7), "max_steps": 600, "step": 3.0}
    whole = gd.minimize(objective, W, **run)
    assert whole.status is gd.Status.DIVERGED
    cut = gd.minimize(objective, W, callback=lambda k, w, value: None, **run)
    assert cut.steps == whole.steps
    assert np.array_equal(cut.history.values[:-8], whole.history.values[:-8])


def test_rows_longer_than_a_run_of_entries(monkeypatch):
    rng = np.random.default_rng(0)
    X = sparse.csr_array(rng.integers(-4, 5, (12, 5000)) / 64.0)
    objective = gd.LinearObjective(X, np.arange(12) % 3, gd.CrossEntropy(), gd.L2(1e-3))
    assert_same_iterates(
        monkeypatch, objective, rng.normal(size=objective.shape), batches=gd.MiniBatches(1), epochs=2, step=0.1
    )


def test_what_has_no_compiled_steps_takes_the_generic_ones():
    objective, W = made(gd.Hinge())
    assert objective.compiled_steps(W, "adam", (0.9, 0.999, 1e-8)) is not None
    assert objective.compiled_steps(W.astype(np.float32), "gradient_descent", ()) is None
    result = gd.minimize(objective, W.astype(np.float32), gd.Momentum(), batches=gd.MiniBatches(4), epochs=1, step=0.01)
    assert result.steps == 15


def test_a_value_that_is_not_finite_ends_the_run_before_its_step():
    objective, W = made(gd.SquaredError())
    result = gd.minimize(objective, W, batches=gd.MiniBatches(4), epochs=300, step=1e3)
    assert result.status is gd.Status.DIVERGED
    assert np.isfinite(result.w).all()


def test_an_interrupt_leaves_whole_steps():
    objective, W = made(gd.Hinge(), gd.L2(0.01))
    threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT)).start()
    start = time.perf_counter()
    result = gd.minimize(objective, W, batches=gd.MiniBatches(1), epochs=10**6, step=0.01)
    assert time.perf_counter() - start < 10
    assert result.status is gd.Status.INTERRUPTED
    again = gd.minimize(objective, W, batches=gd.MiniBatches(1), max_steps=result.steps, step=0.01)
    np.testing.assert_allclose(result.w, again.w, rtol=0, atol=1e-12)
