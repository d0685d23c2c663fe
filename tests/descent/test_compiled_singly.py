"""Steps on single rows, which share one sweep over the weights with the scores of the next row."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent import compiled

N = 41
VELOCITIES = [gd.GradientDescent(), gd.Momentum(0.8), gd.Momentum(0.0), gd.Nesterov(0.7)]
RULES = [*VELOCITIES, gd.AdaGrad(), gd.RMSProp(), gd.Adam(), gd.AdamW()]
PENALTIES = [None, gd.L2(0.01), gd.ElasticNet(0.002, 0.01)]
TYPES = [
    ("float64", "float64"),
    ("float32", "float32"),
    ("uint8", "float32"),
    ("float16", "float32"),
    ("uint8", "float64"),
]


def made(d, k, x, loss=None, offset=0, **options):
    """Rows that begin `offset` elements past a line of the cache; k classes of which some rows are right by far."""
    rng = np.random.default_rng(d + k)
    size = np.dtype(x).itemsize
    memory = np.zeros(N * d * size + 128, np.uint8)
    start = -memory.ctypes.data % 64 + offset * size
    X = memory[start : start + N * d * size].view(x).reshape(N, d)
    X[...] = rng.integers(0, 9, size=(N, d)) if x == "uint8" else rng.normal(size=(N, d))
    y = rng.integers(0, k, size=N)
    return gd.LinearObjective(X, y, gd.Hinge() if loss is None else loss, n_classes=k, **options)


def start(objective, w):
    return (0.3 * np.random.default_rng(2).normal(size=objective.shape)).astype(w)


def generic(monkeypatch, *arguments, **options):
    with monkeypatch.context() as patched:
        patched.setattr(compiled.CompiledSteps, "of", staticmethod(lambda run: None))
        return gd.minimize(*arguments, **options)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize(("x", "w"), TYPES)
@pytest.mark.parametrize(("d", "k"), [(1, 2), (7, 3), (19, 5), (256, 11), (259, 6)])
def test_single_rows_give_the_iterates_of_the_generic_loop(monkeypatch, rule, x, w, d, k):
    for loss, penalty in zip((gd.Hinge(), gd.CrossEntropy(), gd.Hinge()), PENALTIES, strict=True):
        objective = made(d, k, x, loss, regularizer=penalty, bias=k != 3)
        # Rules that divide by the root of a mean of squares make much of the last digits of the first gradients.
        made_of_ratios = rule not in VELOCITIES
        run = {"batches": gd.MiniBatches(1, seed=1), "max_steps": N + 3, "step": 0.01 / d}
        result = gd.minimize(objective, start(objective, w), rule, **run)
        expected = generic(monkeypatch, objective, start(objective, w), rule, **run)
        tolerance = (1e-12 if w == "float64" else 2e-5) * (10 if made_of_ratios else 1)
        np.testing.assert_allclose(result.w, expected.w, rtol=0, atol=tolerance * np.abs(expected.w).max())
        values = expected.history.values
        np.testing.assert_allclose(result.history.values, values, rtol=0, atol=tolerance * np.abs(values).max())


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("x", ["float32", "float64"])
@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_cuts_change_no_bit(monkeypatch, rule, x, penalty):
    objective = made(19, 5, x, regularizer=penalty, penalize_bias=x == "float64")
    run = {"batches": gd.MiniBatches(1, seed=2), "max_steps": N + 20, "step": 0.01}
    W = start(objective, x)
    whole = gd.minimize(objective, W, rule, **run)
    for every in (1, 2, 5):
        cut = gd.minimize(objective, W, rule, callback=lambda k, w, value: None, callback_every=every, **run)
        assert cut.w.tobytes() == whole.w.tobytes()
        assert np.array_equal(cut.history.values, whole.history.values)
    monkeypatch.setattr(compiled, "SEGMENT", 7)
    assert gd.minimize(objective, W, rule, **run).w.tobytes() == whole.w.tobytes()


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_wherever_in_memory_rows_begin_the_bits_are_the_same(rule):
    ends = []
    for offset in (0, 1, 3, 13):
        objective = made(256, 3, "float32", offset=offset)
        run = {"batches": gd.MiniBatches(1, seed=2), "max_steps": N, "step": 0.01}
        ends.append(gd.minimize(objective, start(objective, "float32"), rule, **run).w.tobytes())
    assert len(set(ends)) == 1


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_row_without_a_share_leaves_no_trace(rule):
    """Its weight is zero, so that not even numbers that overflow may touch the weights."""
    objective = made(7, 3, "float64", sample_weight=np.arange(N) % 3)
    wild = made(7, 3, "float64", sample_weight=np.arange(N) % 3)
    run = {"batches": gd.MiniBatches(1, seed=2), "max_steps": N, "step": 0.01}
    whole = gd.minimize(objective, start(objective, "float64"), rule, **run)
    wild.X[::3] = 1e308
    result = gd.minimize(wild, start(objective, "float64"), rule, **run)
    assert result.w.tobytes() == whole.w.tobytes()


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_rows_that_are_not_finite_end_the_run_before_their_step(rule):
    for bad in (np.nan, np.inf, -np.inf):
        objective = made(7, 3, "float64")
        order = gd.MiniBatches(1, seed=2).permutation(N, 0)
        objective.X[order[17], 2] = bad
        run = {"batches": gd.MiniBatches(1, seed=2), "step": 0.01}
        result = gd.minimize(objective, start(objective, "float64"), rule, max_steps=N, **run)
        assert (result.status, result.steps) == (gd.Status.DIVERGED, 17)
        assert np.isfinite(result.w).all()
        before = gd.minimize(objective, start(objective, "float64"), rule, max_steps=17, **run)
        assert result.w.tobytes() == before.w.tobytes()
