"""Runs that never evaluate the whole objective: the mini-batches say what is known, and a divergence still shows."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gdfast as gd

N, D, K = 57, 6, 3
RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(N, D)), RNG.integers(0, K, size=N)


class ByHand:
    """Mean squared residuals against the labels: an objective without kernels."""

    shape = (D,)

    def __init__(self, rows=None, calls=None):
        self.chosen = np.arange(N) if rows is None else rows
        self.n_samples = self.chosen.size
        self.calls = [] if calls is None else calls

    def rows(self, indices):
        return ByHand(self.chosen[indices], self.calls)

    def value_and_gradient(self, w):
        self.calls.append(self.n_samples)
        A = X[self.chosen]
        residuals = A @ w - Y[self.chosen]
        return float(np.mean(residuals**2)), 2 * A.T @ residuals / len(residuals)

    def value(self, w):
        return self.value_and_gradient(w)[0]

    def gradient(self, w):
        return self.value_and_gradient(w)[1]


def linear(loss=None, dtype=np.float64):
    return gd.LinearObjective(X.astype(dtype), Y, gd.Hinge() if loss is None else loss, gd.L2(0.01))


class Stored:
    """Rows that are not in memory, to a source."""

    dtype, n_samples, n_features = X.dtype, N, D

    def read(self, start, stop):
        return X[start:stop].copy()


def chunked():
    """Windows of some 24 rows."""
    return gd.ChunkedObjective([Stored()], Y, gd.Hinge(), gd.L2(0.01), memory_limit=16 * 24 * D * X.itemsize)


OBJECTIVES = {"by hand": ByHand, "compiled": linear, "windows": chunked}


def run(objective, **options):
    return gd.minimize(objective, np.zeros(objective.shape), **{"step": 0.01, "evaluate_every": "never"} | options)


@pytest.mark.parametrize(
    ("make", "size"), [(ByHand, 1), (ByHand, 5), (linear, 1), (linear, 5), (linear, 200), (chunked, 1), (chunked, 24)]
)
@pytest.mark.parametrize("length", [{"epochs": 3}, {"max_steps": 4}, {"max_steps": 71}], ids=str)
@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.Momentum()], ids=str)
def test_the_value_is_the_mean_of_the_last_epochs_mini_batches(make, size, length, optimizer):
    batches = gd.MiniBatches(size, seed=2)
    result = run(make(), optimizer=optimizer, batches=batches, **length)
    evaluated = run(make(), optimizer=optimizer, batches=batches, evaluate_every=None, **length)
    last = min(result.steps, batches.steps_per_epoch(N))
    seen = evaluated.history.values[-last:]
    assert result.value == np.mean(seen) == result.best_value
    assert result.averaged_batches == last
    assert evaluated.averaged_batches is None
    assert result.w.tobytes() == evaluated.w.tobytes() == result.best_w.tobytes()
    assert (result.status, result.steps) == (gd.Status.MAX_STEPS, evaluated.steps)
    assert math.isnan(result.gradient_norm)
    assert result.duality_gap is None
    assert result.history.evaluated_steps.size == result.history.evaluated_values.size == 0
    assert np.array_equal(result.history.values, evaluated.history.values)
    assert 'was not computed (evaluate_every="never")' in result.explanation
    assert "best_w" not in result.explanation
    assert f"the mean of the last {last:,} mini-batch" in str(result)
    assert "nan" not in str(result)


def test_no_call_sees_more_than_a_mini_batch():
    objective = ByHand()
    result = run(objective, batches=5, epochs=2)
    assert max(objective.calls) == 5
    assert result.evaluations == len(objective.calls) == result.steps + 1
    compiled, evaluated = (run(linear(), batches=5, epochs=2, evaluate_every=e) for e in ("never", None))
    assert compiled.passes == pytest.approx(evaluated.passes - 1 + 2 / N)  # the last one has 2 rows


def test_cuts_change_nothing():
    """A run that goes on to the same end, cut anywhere, has the same value: it is of the steps, not of the calls."""
    seen = []
    options = {"batches": gd.MiniBatches(5, seed=1), "max_steps": 31}
    whole = run(linear(), **options)
    cut = run(linear(), callback=lambda k, w, value: seen.append(value), **options)
    kept = run(linear(), keep_weights=True, **options)
    assert whole.value == cut.value == kept.value == np.mean(seen[-12:])


@pytest.mark.parametrize("make", OBJECTIVES.values(), ids=OBJECTIVES)
@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.Nesterov(), gd.Adam(), gd.AveragedSGD()], ids=str)
def test_a_run_goes_on_from_a_checkpoint_to_the_same_bits(tmp_path, make, optimizer):
    options = {"optimizer": optimizer, "batches": gd.MiniBatches(5, seed=3)}
    whole = run(make(), max_steps=40, **options)
    for cut in (7, 12, 29):
        saved = gd.Checkpoint(tmp_path / "run.npz", every=1000)
        run(make(), max_steps=cut, checkpoint=saved, **options)
        result = gd.resume(saved.path, make(), max_steps=40)
        assert result.w.tobytes() == whole.w.tobytes()
        assert (result.value, result.averaged_batches) == (whole.value, whole.averaged_batches)
        assert np.array_equal(result.history.values, whole.history.values)


def test_maximize_tells_its_own_objective():
    class Hill(ByHand):
        def rows(self, indices):
            return Hill(self.chosen[indices], self.calls)

        def value_and_gradient(self, w):
            value, gradient = super().value_and_gradient(w)
            return -value, -gradient

    options = {"step": 0.01, "batches": 5, "max_steps": 30, "evaluate_every": "never"}
    up, down = gd.maximize(Hill(), np.zeros(D), **options), gd.minimize(ByHand(), np.zeros(D), **options)
    assert up.value == -down.value
    assert up.value == np.mean(up.history.values[-12:])


@pytest.mark.parametrize("make", OBJECTIVES.values(), ids=OBJECTIVES)
def test_a_run_without_steps_has_the_first_mini_batch(make):
    objective = make()
    result = run(objective, batches=gd.MiniBatches(5, seed=4), max_steps=0)
    if make is not chunked:  # whose window chooses other rows
        first = objective.rows(gd.MiniBatches(5, seed=4).rows(N, 0))
        assert result.value == pytest.approx(first.value(np.zeros(objective.shape)))
    assert (result.status, result.averaged_batches) == (gd.Status.MAX_STEPS, 1)
    assert "value is that of the first mini-batch at w0" in result.explanation


@pytest.mark.parametrize("make", [ByHand, lambda: gd.LinearObjective(X, X[:, :2], gd.SquaredError())], ids=["1", "2"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_divergence_in_the_last_step_shows(make, steps):
    """The weights are finite, and no later step has seen what they lead to."""
    rates = [0.01] * (steps - 1) + [1e200]
    result = run(make(), step=rates, batches=5, max_steps=steps)
    assert result.status is gd.Status.DIVERGED
    assert np.isfinite(result.w).all()
    assert not math.isfinite(result.value)
    assert result.steps == steps


@pytest.mark.parametrize("make", [ByHand, lambda: linear(gd.SquaredHinge())], ids=["by hand", "compiled"])
def test_a_divergence_in_between_ends_the_run_as_it_always_does(make):
    options = {"batches": 5, "max_steps": 5000, "step": 1e3}
    result, evaluated = (run(make(), **options, evaluate_every=every) for every in ("never", None))
    assert result.status is evaluated.status is gd.Status.DIVERGED
    assert result.steps == evaluated.steps
    assert result.w.tobytes() == evaluated.w.tobytes()


def test_a_rise_is_told():
    result = run(linear(gd.SquaredHinge()), batches=5, max_steps=24, step=20.0)
    assert "rose from" in result.explanation
    assert "the step is too large" in result.explanation
    assert "best_w" not in str(result)


def test_a_callback_ends_it_and_a_ctrl_c_too():
    def stop(k, w, value):
        return k == 20

    def press(k, w, value):
        if k == 20:
            raise KeyboardInterrupt

    stopped, pressed = (run(linear(), batches=5, max_steps=90, callback=call) for call in (stop, press))
    assert (stopped.status, pressed.status) == (gd.Status.STOPPED, gd.Status.INTERRUPTED)
    for result in (stopped, pressed):
        assert result.steps == 20
        assert result.value == np.mean(result.history.values[-12:])
    assert pressed.evaluations == 20


def test_a_ctrl_c_in_the_last_mini_batch_leaves_the_mean():
    class Slow(ByHand):
        def rows(self, indices):
            return Slow(self.chosen[indices], self.calls)

        def value_and_gradient(self, w):
            if len(self.calls) == 9:
                raise KeyboardInterrupt
            return super().value_and_gradient(w)

    result = run(Slow(), batches=5, max_steps=9)
    assert (result.status, result.steps) == (gd.Status.INTERRUPTED, 9)
    assert result.value == np.mean(result.history.values)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batches": None}, 'evaluate_every="never" needs batches'),
        ({"gap_tol": 0.0}, 'gap_tol needs evaluations of the run, which evaluate_every="never" leaves out'),
        ({"metrics": {"size": np.linalg.norm}}, "metrics needs evaluations of the run"),
        ({"evaluate_every": "often"}, "evaluate_every must be a number of steps, \"never\" or None; it is str 'often'"),
    ],
)
def test_what_it_does_not_go_with(options, message):
    objective = ByHand()
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        run(objective, **{"batches": 5} | options)
    assert not objective.calls
