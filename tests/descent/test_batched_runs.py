"""Runs with mini-batches: their rows, what is evaluated when, and what it costs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast import L2, CrossEntropy, Hinge, LinearObjective, MiniBatches, Momentum, Status, maximize, minimize
from gdfast.datasets import load_digits


class Regression:
    """Mean squared residuals of X w against y, with rows and a count of passes: an objective by hand."""

    def __init__(self, X, y, counter=None, n_whole=None):
        self.X, self.y = X, y
        self.n_samples = len(X)
        self.n_whole = n_whole or len(X)
        self.counter = [0.0] if counter is None else counter

    @property
    def passes(self):
        return self.counter[0]

    def rows(self, indices):
        return Regression(self.X[indices], self.y[indices], self.counter, self.n_whole)

    def value_and_gradient(self, w):
        self.counter[0] += self.n_samples / self.n_whole
        residuals = self.X @ w - self.y
        return float(np.mean(residuals**2)), 2 * self.X.T @ residuals / len(residuals)

    def value(self, w):
        return self.value_and_gradient(w)[0]

    def gradient(self, w):
        return self.value_and_gradient(w)[1]


@pytest.fixture
def regression():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(23, 3))
    return Regression(X, X @ np.array([1.0, -2.0, 0.5]) + 0.1 * rng.normal(size=23))


@pytest.mark.parametrize("size", [1, 5, 23, 100])
@pytest.mark.parametrize("shuffle", [True, False])
def test_lecture_35_one_loop_from_one_sample_to_all(regression, size, shuffle):
    """The run is the obvious loop over the batches' rows."""
    batches = MiniBatches(size, seed=4, shuffle=shuffle)
    w = np.zeros(3)
    values, norms, weights = [], [], []
    for k in range(60):
        part = regression.rows(batches.rows(23, k))
        value, gradient = part.value_and_gradient(w)
        values.append(value)
        norms.append(np.abs(gradient).max())
        w = w - 0.01 * gradient
        weights.append(w)

    seen = []
    result = minimize(
        regression,
        np.zeros(3),
        step=0.01,
        batches=batches,
        max_steps=60,
        callback=lambda k, w, value: seen.append((k, w, value)),
    )
    assert np.array_equal(result.w, w)
    assert result.history.steps.tolist() == list(range(60))
    assert result.history.values.tolist() == values
    assert result.history.gradient_norms.tolist() == norms
    assert result.history.step_sizes.tolist() == [0.01] * 60
    assert [k for k, _, _ in seen] == list(range(1, 61))
    assert np.array_equal([w for _, w, _ in seen], weights)
    assert [value for _, _, value in seen] == values
    assert result.value == regression.value(result.w)
    assert result.gradient_norm == np.abs(regression.gradient(result.w)).max()


def test_lecture_36_copies_of_the_data_change_nothing(regression):
    copies = Regression(np.tile(regression.X, (12, 1)), np.tile(regression.y, 12))
    options = {"step": 0.1, "max_steps": 50}
    once, twelve = minimize(regression, np.zeros(3), **options), minimize(copies, np.zeros(3), **options)
    np.testing.assert_allclose(twelve.w, once.w, rtol=1e-12)
    np.testing.assert_allclose(twelve.history.values, once.history.values, rtol=1e-12)


@pytest.fixture
def images():
    """40 small "images" of 3 classes."""
    rng = np.random.default_rng(2)
    return rng.normal(size=(40, 6)), rng.integers(0, 3, size=40)


@pytest.mark.parametrize("loss", [Hinge(), CrossEntropy()])
def test_lecture_36_a_linear_run_on_copies_or_weights_is_the_same_run(images, loss):
    X, y = images
    options = {"optimizer": Momentum(), "step": 0.05, "max_steps": 60}
    W = np.zeros((3, 7))
    once = minimize(LinearObjective(X, y, loss, L2(0.01)), W, **options)
    copies = minimize(LinearObjective(np.tile(X, (12, 1)), np.tile(y, 12), loss, L2(0.01)), W, **options)
    weighted = minimize(LinearObjective(X, y, loss, L2(0.01), sample_weight=np.full(40, 12.0)), W, **options)
    for other in (copies, weighted):
        np.testing.assert_allclose(other.w, once.w, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(other.history.values, once.history.values, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_linear_run_with_batches_is_the_obvious_loop(images, dtype):
    objective = LinearObjective(images[0].astype(dtype), images[1], Hinge(), L2(0.01))
    batches, W = MiniBatches(7, seed=1), np.zeros((3, 7), dtype)
    result = minimize(objective, W, step=0.05, batches=batches, epochs=5)
    assert result.passes == pytest.approx(5 + 1)
    for k in range(30):
        W = W - 0.05 * objective.rows(batches.rows(40, k)).gradient(W)
    np.testing.assert_allclose(result.w, W, rtol=0, atol=np.abs(W).max() * (1e-5 if dtype is np.float32 else 1e-12))
    assert result.w.dtype == dtype


def test_a_linear_run_that_diverges_says_so(images):
    objective = LinearObjective(*images, CrossEntropy(), L2(1.0))
    for batches in (None, MiniBatches(8)):
        result = minimize(objective, np.zeros((3, 7)), step=1e9, batches=batches)
        assert result.status is Status.DIVERGED
        assert np.isfinite(result.w).all()


def test_the_whole_objective_is_evaluated_where_asked_and_at_the_end(regression):
    called = []
    options = {"step": 0.02, "batches": MiniBatches(5), "metrics": {"first": lambda w: called.append(w) or w[0]}}
    result = minimize(regression, np.ones(3), max_steps=12, evaluate_every=5, **options)
    assert result.history.evaluated_steps.tolist() == [0, 5, 10, 12]
    assert result.history.evaluated_values.tolist() == [regression.value(w) for w in called]
    assert result.history.metrics["first"].tolist() == [w[0] for w in called]
    assert result.evaluations == 12 + 4
    assert result.best_value == result.history.evaluated_values.min() == regression.value(result.best_w)

    at_end = minimize(regression, np.ones(3), max_steps=12, **options)
    assert at_end.history.evaluated_steps.tolist() == [12]
    assert at_end.evaluations == 12 + 1
    assert np.array_equal(at_end.w, result.w)
    assert np.array_equal(at_end.best_w, at_end.w)


def test_passes_count_the_rows_that_were_touched(regression):
    result = minimize(regression, np.zeros(3), step=0.01, batches=MiniBatches(5), epochs=3)
    assert result.steps == 15
    assert result.passes == pytest.approx(3 + 1)


def test_epochs_without_batches_are_steps(regression):
    assert minimize(regression, np.zeros(3), step=1e-3, epochs=4).steps == 4
    assert minimize(regression, np.zeros(3), epochs=0).steps == 0


def test_gtol_is_about_the_whole_objective():
    """Every sample of y = X w0 has zero gradient at w0, so a batched run converges to it for certain."""
    X = np.random.default_rng(1).normal(size=(20, 2))
    exact = Regression(X, X @ np.array([2.0, -1.0]))
    result = minimize(exact, np.zeros(2), step=0.05, batches=MiniBatches(4), max_steps=5000, evaluate_every=10)
    assert result.status is Status.CONVERGED
    assert result.steps < 5000
    assert result.steps % 10 == 0
    assert result.gradient_norm == np.abs(exact.gradient(result.w)).max() <= 1e-6
    unasked = minimize(exact, np.zeros(2), step=0.05, batches=MiniBatches(4), max_steps=5000)
    assert (unasked.status, unasked.steps) == (Status.CONVERGED, 5000)


def test_a_batch_with_a_flat_gradient_does_not_end_the_run():
    X = np.array([[1.0], [1.0]])
    result = minimize(Regression(X, np.array([0.0, 4.0])), [0.0], step=0.1, batches=MiniBatches(1, shuffle=False))
    assert result.steps == 1000


def test_ascent_with_batches(regression):
    class Hill(Regression):
        def rows(self, indices):
            return Hill(self.X[indices], self.y[indices], self.counter, self.n_whole)

        def value_and_gradient(self, w):
            value, gradient = super().value_and_gradient(w)
            return -value, -gradient

    options = {"step": 0.02, "batches": MiniBatches(4, 1), "max_steps": 30, "evaluate_every": 7}
    up = maximize(Hill(regression.X, regression.y), np.zeros(3), Momentum(0.5), **options)
    down = minimize(regression, np.zeros(3), Momentum(0.5), **options)
    assert np.array_equal(up.w, down.w)
    assert up.value == -down.value
    assert up.passes == down.passes
    assert np.array_equal(up.history.evaluated_values, -down.history.evaluated_values)


def test_interrupted_with_batches_answers_at_once_and_says_what_is_not_known(regression):
    def callback(k, w, value):
        if k == 4:
            raise KeyboardInterrupt

    result = minimize(regression, np.zeros(3), step=0.01, batches=MiniBatches(5), callback=callback)
    assert (result.status, result.steps, result.evaluations) == (Status.INTERRUPTED, 4, 4)
    assert math.isnan(result.value)
    assert math.isnan(result.gradient_norm)
    assert "not known there" in str(result)
    assert len(result.history.values) == len(result.history.step_sizes) == 4
    straight = minimize(regression, np.zeros(3), step=0.01, batches=MiniBatches(5), max_steps=4)
    assert np.array_equal(result.w, straight.w)
    assert straight.evaluations == 5


def test_interrupted_after_an_evaluation_keeps_it(regression):
    def callback(k, w, value):
        if k == 4:
            raise KeyboardInterrupt

    options = {"step": 0.01, "batches": MiniBatches(5), "callback": callback}
    result = minimize(regression, np.zeros(3), evaluate_every=2, **options)
    assert (result.status, result.steps) == (Status.INTERRUPTED, 4)
    assert result.value == result.best_value == regression.value(result.w)
    assert np.array_equal(result.best_w, result.w)


def test_interrupted_in_a_mini_batch_keeps_the_last_finished_step(regression):
    calls = []

    class Slow(Regression):
        def rows(self, indices):
            return Slow(self.X[indices], self.y[indices], self.counter, self.n_whole)

        def value_and_gradient(self, w):
            calls.append(w)
            if len(calls) > 4:
                raise KeyboardInterrupt
            return super().value_and_gradient(w)

    slow = Slow(regression.X, regression.y)
    result = minimize(slow, np.zeros(3), step=0.01, batches=MiniBatches(5))
    assert (result.status, result.steps) == (Status.INTERRUPTED, 4)
    assert math.isnan(result.value)
    assert len(result.history.values) == 4


def test_lecture_38_mini_batches_are_ahead_after_each_of_the_same_passes():
    """On scikit-learn's digits, for every usual size, each with the best (on average) of the same constant steps."""
    pytest.importorskip("sklearn")
    digits = load_digits()
    objective = LinearObjective(digits.X, digits.y, CrossEntropy(), L2(1e-3), scale=np.full(64, 16.0))

    def course(size, passes=10):
        batches = None if size is None else MiniBatches(size, seed=0)
        every = 1 if size is None else batches.steps_per_epoch(objective.n_samples)
        options = {"batches": batches, "epochs": passes, "evaluate_every": every}
        runs = [minimize(objective, np.zeros(objective.shape), step=step, **options) for step in (0.2, 0.5, 1.0, 2.0)]
        return min((run.history.evaluated_values for run in runs), key=np.mean)

    full = course(None)
    for size in (32, 64, 128, 256):
        values = course(size)
        assert values[0] == full[0]
        assert (values[1:] < full[1:]).all()
        assert values[:4].min() < full[10]  # three passes do more than ten
