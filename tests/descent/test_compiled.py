"""Compiled steps of stochastic runs follow the trajectory of the generic loop, and cuts change no bit."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent import compiled

N, D, K = 57, 19, 4
LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber()]
REGULARIZERS = [None, gd.L2(0.01), gd.L1(0.003), gd.ElasticNet(0.002, 0.01)]
RULES = [rule() for rule in compiled.RULES]
RULES += [gd.RMSProp(0.9999), gd.Adam(beta2=0.99999)]
# X, W and the step that suits them
TYPES = [("float64", "float64"), ("float32", "float32"), ("float32", "float64"), ("float64", "float32")]
TYPES += [("uint8", "float64"), ("float16", "float32")]


def made(loss, regularizer=None, x="float64", w="float64", fold=False, seed=0, **options):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, size=(N, D))
    X = pixels.astype(np.uint8) if x == "uint8" else (pixels / 128 - 1).astype(x)
    y = rng.normal(size=(N, K)) if isinstance(loss, gd.SquaredError | gd.Huber) else rng.integers(0, K, size=N)
    if fold or x == "uint8":
        options |= {"mean": X.mean(axis=0, dtype=np.float64), "scale": X.std(axis=0, dtype=np.float64) + 0.1}
    objective = gd.LinearObjective(X, y, loss, regularizer, **options)
    return objective, rng.normal(size=objective.shape).astype(w) * w_scale(w)


def w_scale(dtype):
    return np.dtype(dtype).type(0.1)


def generic(monkeypatch, *arguments, **options):
    """The same run by the generic implementation."""
    with monkeypatch.context() as patched:
        patched.setattr(compiled.CompiledSteps, "of", staticmethod(lambda run: None))
        return gd.minimize(*arguments, **options)


def assert_same_iterates(result, expected, tolerance):
    scale = np.abs(expected.w).max()
    np.testing.assert_allclose(result.w, expected.w, rtol=0, atol=tolerance * scale)
    values = expected.history.values
    np.testing.assert_allclose(result.history.values, values, rtol=0, atol=tolerance * np.abs(values).max())
    assert np.array_equal(result.history.step_sizes, expected.history.step_sizes)
    assert (result.steps, result.status, result.w.dtype) == (expected.steps, expected.status, expected.w.dtype)
    assert result.passes == pytest.approx(expected.passes)
    assert result.evaluations == expected.evaluations


def counted_steps(monkeypatch):
    """Counts the compiled steps of each call."""
    taken, take = [], compiled.CompiledSteps.take

    def counting(self, state):
        after = take(self, state)
        taken.append(0 if after is None else after.k - state.k)
        return after

    monkeypatch.setattr(compiled.CompiledSteps, "take", counting)
    return taken


@pytest.mark.parametrize("optimizer", RULES, ids=str)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_every_rule_gives_the_iterates_of_the_generic_loop(monkeypatch, optimizer, loss):
    taken = counted_steps(monkeypatch)
    for regularizer in REGULARIZERS:
        objective, W = made(loss, regularizer)
        options = {"batches": gd.MiniBatches(8, seed=3), "epochs": 4, "step": 0.003}
        result = gd.minimize(objective, W, optimizer, **options)
        assert sum(taken) == result.steps
        taken.clear()
        assert_same_iterates(result, generic(monkeypatch, objective, W, optimizer, **options), 1e-12)


@pytest.mark.parametrize(("x", "w"), TYPES)
@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("size", [1, 7, 57, 200])
def test_every_type_gives_the_iterates_of_the_generic_loop(monkeypatch, x, w, fold, size):
    tolerance = 1e-12 if (x, w) == ("float64", "float64") else 1e-5
    for optimizer in (gd.GradientDescent(), gd.Momentum(0.8), gd.RMSProp(0.9999), gd.AdamW(beta2=0.99999)):
        objective, W = made(gd.CrossEntropy(), gd.L2(0.01), x, w, fold, penalize_bias=size == 7)
        options = {"batches": gd.MiniBatches(size, seed=1), "max_steps": 30, "step": 0.01}
        result = gd.minimize(objective, W, optimizer, **options)
        assert_same_iterates(result, generic(monkeypatch, objective, W, optimizer, **options), tolerance)


@pytest.mark.parametrize("options", [{"bias": False}, {"sample_weight": np.arange(N) % 3}], ids=["no bias", "weights"])
def test_options_of_the_objective(monkeypatch, options):
    objective, W = made(gd.Hinge(), gd.L2(0.01), **options)
    run = {"batches": gd.MiniBatches(5, seed=1), "epochs": 3, "step": 0.01}
    assert_same_iterates(gd.minimize(objective, W, **run), generic(monkeypatch, objective, W, **run), 1e-12)


def test_rows_of_rows_are_the_right_rows(monkeypatch):
    objective, W = made(gd.Hinge())
    part = objective.rows(np.arange(0, N, 2))
    run = {"batches": gd.MiniBatches(5, seed=1), "epochs": 3, "step": 0.01}
    assert_same_iterates(gd.minimize(part, W, **run), generic(monkeypatch, part, W, **run), 1e-12)


def test_schedules_and_sequences(monkeypatch):
    objective, W = made(gd.CrossEntropy())
    for step in (lambda k: 0.1 / (1 + k), np.linspace(0.1, 0.01, 40)):
        run = {"batches": gd.MiniBatches(16), "max_steps": 40, "step": step}
        assert_same_iterates(gd.minimize(objective, W, **run), generic(monkeypatch, objective, W, **run), 1e-12)


@pytest.mark.parametrize("optimizer", RULES, ids=str)
@pytest.mark.parametrize("x", ["float64", "float32", "uint8"])
def test_cuts_change_no_bit(monkeypatch, optimizer, x):
    objective, W = made(gd.Hinge(), gd.L2(0.01), x)
    run = {"batches": gd.MiniBatches(8, seed=2), "max_steps": 37, "step": 0.01}
    whole = gd.minimize(objective, W, optimizer, **run)
    seen = []
    cut = {
        "callback": {"callback": lambda k, w, value: seen.append((k, w, value))},
        "evaluations": {"evaluate_every": 5, "metrics": {"size": lambda w: float(np.abs(w).sum())}},
        "progress": {"progress": True},
    }
    for more in cut.values():
        result = gd.minimize(objective, W, optimizer, **run, **more)
        assert np.array_equal(result.w, whole.w)
        assert np.array_equal(result.history.values, whole.history.values)
    assert [k for k, _, _ in seen] == list(range(1, 38))
    assert [value for _, _, value in seen] == whole.history.values.tolist()
    monkeypatch.setattr(compiled, "SEGMENT", 32)
    assert np.array_equal(gd.minimize(objective, W, optimizer, **run).w, whole.w)


def test_any_number_of_threads_gives_the_same_bits():
    objective, W = made(gd.CrossEntropy(), gd.L2(0.01), "float32", "float32")
    before, runs = gd.get_num_threads(), []
    try:
        for threads in (1, 2, 3, 5):
            gd.set_num_threads(threads)
            runs.append(gd.minimize(objective, W, gd.Momentum(), batches=gd.MiniBatches(16), epochs=3).w)
    finally:
        gd.set_num_threads(before)
    for other in runs[1:]:
        assert np.array_equal(other, runs[0])


def test_a_run_that_diverges_ends_where_the_plain_loop_ends(monkeypatch):
    objective, W = made(gd.SquaredError())
    run = {"batches": gd.MiniBatches(8), "max_steps": 4000, "step": 30.0}
    result, expected = gd.minimize(objective, W, **run), generic(monkeypatch, objective, W, **run)
    assert result.status is expected.status is gd.Status.DIVERGED
    assert result.steps == expected.steps
    assert np.isfinite(result.w).all()


@pytest.mark.parametrize("rule", [gd.GradientDescent(), gd.Nesterov()])
@pytest.mark.parametrize("x", ["float64", "float32"])
def test_cuts_change_no_bit_of_a_run_that_diverges(rule, x):
    """Each step to the last one with finite numbers comes from compiled steps, wherever the run was evaluated."""
    objective, W = made(gd.SquaredHinge(), gd.L2(5.0), x, x)
    run = {"batches": gd.MiniBatches(7), "max_steps": 400, "step": 10.0}
    whole = gd.minimize(objective, W, rule, **run)
    assert whole.status is gd.Status.DIVERGED
    for every in (1, 3, 7):
        cut = gd.minimize(objective, W, rule, callback=lambda k, w, value: None, callback_every=every, **run)
        assert cut.w.tobytes() == whole.w.tobytes()
        assert np.array_equal(cut.history.values, whole.history.values)


def test_what_has_no_compiled_steps_still_runs(monkeypatch):
    taken = counted_steps(monkeypatch)
    objective, W = made(gd.Hinge())
    run = {"batches": gd.MiniBatches(8), "max_steps": 5}
    gd.minimize(objective, W, clip=1.0, **run)
    gd.maximize(objective, W, **run)

    class Square:
        def value(self, W):
            return float((W**2).sum())

        def gradient(self, W):
            return 2 * W

    gd.minimize(made(gd.Hinge(), Square())[0], W, **run)
    assert not taken


def test_an_interrupt_ends_a_long_run_at_once_with_the_result_so_far():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 64)), rng.integers(0, 10, size=20_000)
    objective = gd.LinearObjective(X, y, gd.CrossEntropy())
    pressed = []

    def press():
        pressed.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(0.5, press)
    timer.start()
    try:
        run = {"batches": gd.MiniBatches(64), "epochs": 100_000, "step": 1e-3}
        result = gd.minimize(objective, np.zeros(objective.shape), **run)
    finally:
        timer.cancel()
    assert result.status is gd.Status.INTERRUPTED
    assert 0 < result.steps < 100_000 * 313
    assert result.history.values.size == result.steps
    assert pressed


@dataclass(frozen=True)
class FifthSetting(gd.AdamW):
    fifth: float = 0.5


class Third(NamedTuple):
    mean: np.ndarray
    square: np.ndarray
    third: np.ndarray
    steps: int


class ThirdArray(gd.Adam):
    def init(self, w):
        return Third(np.zeros_like(w), np.zeros_like(w), np.zeros_like(w), 0)


@pytest.mark.parametrize(("optimizer", "like"), [(FifthSetting, gd.AdamW), (ThirdArray, gd.Adam)])
def test_a_rule_that_the_kernels_do_not_know_is_no_rule(optimizer, like):
    """At import: a setting or an array that the kernels leave out would be lost silently, or worse."""
    compiled.check_rules(compiled.RULES)
    with pytest.raises(AssertionError, match=f"the kernels take Rule.*of {optimizer.__name__}, which has"):
        compiled.check_rules({optimizer: compiled.RULES[like]})


def test_a_subclass_of_an_optimizer_keeps_what_it_changes():
    """Its settings and state are not those of the rule: it takes the generic implementation."""
    objective, W = made(gd.CrossEntropy())
    taken = gd.minimize(objective, W, FifthSetting(), step=0.01, batches=gd.MiniBatches(16), max_steps=9)
    expected = gd.minimize(objective, W, gd.AdamW(), step=0.01, batches=gd.MiniBatches(16), max_steps=9)
    np.testing.assert_allclose(taken.w, expected.w, rtol=1e-9)
    assert np.isfinite(taken.history.gradient_norms).all()  # which compiled steps do not compute
    assert np.isnan(expected.history.gradient_norms).all()


def test_batches_larger_than_any_integer_of_the_kernels_are_all_rows():
    objective, W = made(gd.CrossEntropy())
    run = {"step": 0.01, "max_steps": 9}
    whole, huge = (gd.minimize(objective, W, gd.Adam(), batches=gd.MiniBatches(size), **run) for size in (N, 10**30))
    assert np.array_equal(whole.w, huge.w)
