"""The loop: the lecture's worked examples, what it records, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdfast import FunctionObjective, GradientDescent, Momentum, Status, maximize, minimize

PARABOLA = FunctionObjective(lambda w: float(np.sum(w**2)), lambda w: 2 * w)
HILL = FunctionObjective(lambda w: -float(np.sum(w**2)), lambda w: -2 * w)


def test_lecture_31_ten_steps_on_a_parabola():
    seen = []
    result = minimize(PARABOLA, 3.0, step=0.1, max_steps=10, callback=lambda k, w, value: seen.append(float(w)))
    assert result.w == pytest.approx(0.3221225472, abs=1e-12)
    assert result.value == pytest.approx(0.1037629354, abs=1e-10)
    assert seen == pytest.approx([3 * 0.8**k for k in range(1, 11)], abs=1e-12)
    assert result.steps == 10
    assert result.evaluations == 11


def test_lecture_32_all_coordinates_move_at_once():
    result = minimize(PARABOLA, [3.0, -4.0], step=0.1, max_steps=10)
    np.testing.assert_allclose(result.w, np.array([3.0, -4.0]) * 0.8**10, rtol=1e-14)


def test_lecture_32_sequential_updates_have_other_iterates_and_the_same_end():
    """Where coordinates are coupled, using the new w1 for the new w2 is another method: coordinate descent."""

    def gradient(w):
        return np.array([2 * w[0] + w[1], 2 * w[1] + w[0]])

    coupled = FunctionObjective(lambda w: float(w[0] ** 2 + w[1] ** 2 + w[0] * w[1]), gradient)
    w0 = np.array([3.0, -4.0])

    simultaneous, sequential = w0.copy(), w0.copy()
    for k in range(1, 301):
        d1, d2 = gradient(simultaneous)
        simultaneous = np.array([simultaneous[0] - 0.1 * d1, simultaneous[1] - 0.1 * d2])
        sequential[0] -= 0.1 * gradient(sequential)[0]
        sequential[1] -= 0.1 * gradient(sequential)[1]
        if k == 3:
            result = minimize(coupled, w0, step=0.1, max_steps=3)
            np.testing.assert_allclose(result.w, simultaneous, rtol=1e-14)
            assert np.abs(result.w - sequential).max() > 0.01
    assert max(np.abs(simultaneous).max(), np.abs(sequential).max()) < 1e-8


def test_lecture_33_fitting_a_line():
    x = np.linspace(-1, 2, 30)
    y = 0.5 - 1.5 * x

    def value(w):
        return float(np.mean((w[0] + w[1] * x - y) ** 2))

    def gradient(w):
        error = w[0] + w[1] * x - y
        return np.array([2 * np.mean(error), 2 * np.mean(error * x)])

    result = minimize(FunctionObjective(value, gradient), np.zeros(2), step=0.3, gtol=1e-10)
    assert result.status is Status.CONVERGED
    np.testing.assert_allclose(result.w, [0.5, -1.5], atol=1e-9)
    by_differences = minimize(FunctionObjective(value), np.zeros(2), step=0.3)
    np.testing.assert_allclose(by_differences.w, [0.5, -1.5], atol=1e-5)


def test_lecture_27_ascent_is_descent_on_the_negative():
    w0 = np.array([[1.0, -2.0], [0.5, 3.0]])
    seen = []
    up = maximize(HILL, w0, Momentum(0.5), max_steps=20, callback=lambda k, w, value: seen.append(value))
    down = minimize(PARABOLA, w0, Momentum(0.5), max_steps=20)
    assert np.array_equal(up.w, down.w)
    assert up.value == -down.value == HILL.value(up.w)
    assert up.best_value == -down.best_value == up.history.values.max()
    assert np.array_equal(up.best_w, down.best_w)
    assert np.array_equal(up.history.values, -down.history.values)
    assert np.array_equal(up.history.evaluated_values, [up.value])
    assert np.array_equal(up.history.gradient_norms, down.history.gradient_norms)
    assert seen == up.history.values[1:].tolist()
    assert up.status is down.status
    assert up.evaluations == down.evaluations


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_lecture_28_a_sequence_of_learning_rates_and_the_trace(kind):
    rates = [0.3, 0.2, 0.1, 0.05]
    result = minimize(PARABOLA, [1.0, 2.0], step=kind(rates), max_steps=4)
    shrink = np.cumprod([1.0, *(1 - 2 * np.array(rates))])
    np.testing.assert_allclose(result.w, np.array([1.0, 2.0]) * shrink[-1], rtol=1e-14)
    history = result.history
    assert history.steps.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(history.values, 5 * shrink**2, rtol=1e-14)
    np.testing.assert_allclose(history.gradient_norms, 4 * shrink, rtol=1e-14)
    assert history.step_sizes.tolist() == rates
    assert len(history.seconds) == 5
    assert (np.diff(history.seconds) >= 0).all()
    assert history.seconds[-1] <= result.seconds


def test_lecture_28_a_schedule_sees_every_step_number_once():
    asked = []

    def schedule(k):
        asked.append(k)
        return np.float64(0.1 / (1 + k))

    result = minimize(PARABOLA, np.ones(2, np.float32), step=schedule, max_steps=5)
    assert asked == [0, 1, 2, 3, 4]
    assert result.history.step_sizes.tolist() == [0.1 / (1 + k) for k in range(5)]
    assert result.w.dtype == np.float32


def test_lecture_29_converged_means_every_element_of_the_gradient_is_near_zero():
    skewed = FunctionObjective(lambda w: float(w[0] ** 2 + 0.01 * w[1] ** 2), lambda w: w * np.array([2, 0.02]))
    result = minimize(skewed, [1.0, 1.0], step=0.4, max_steps=5000, gtol=1e-4)
    assert result.status is Status.CONVERGED
    assert result.gradient_norm == np.abs(skewed.gradient(result.w)).max() <= 1e-4
    assert result.history.gradient_norms[-2] > 1e-4
    assert result.require() is result


def test_a_start_at_the_optimum_takes_no_step():
    result = minimize(PARABOLA, np.zeros(3), gtol=0)
    assert (result.status, result.steps, result.evaluations) == (Status.CONVERGED, 0, 1)
    assert result.history.step_sizes.shape == (0,)


def test_no_steps_evaluate_the_start():
    result = minimize(PARABOLA, [3.0], max_steps=0)
    assert (result.status, result.steps, result.value, result.gradient_norm) == (Status.MAX_STEPS, 0, 9.0, 6.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", [GradientDescent(), Momentum(0.7)])
@pytest.mark.parametrize("step", [0.1, [0.1] * 7, lambda k: np.float64(0.1)])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_lecture_6_dtype_and_shape_of_any_objective_are_kept(dtype, optimizer, step, clip):
    w0 = np.linspace(-1, 1, 12, dtype=dtype).reshape(2, 3, 2)
    kept = []
    result = minimize(
        PARABOLA, w0, optimizer, step, max_steps=7, clip=clip, callback=lambda k, w, value: kept.append(w)
    )
    for w in [result.w, result.best_w, *kept]:
        assert (w.dtype, w.shape) == (dtype, w0.shape)


def test_w0_is_not_touched_and_a_callback_may_keep_what_it_gets():
    w0 = np.array([3.0, -4.0])
    w0.flags.writeable = False
    kept, copies = [], []

    def callback(k, w, value):
        kept.append(w)
        copies.append(w.copy())

    result = minimize(PARABOLA, w0, Momentum(), max_steps=20, callback=callback)
    assert all(np.array_equal(w, copy) for w, copy in zip(kept, copies, strict=True))
    assert np.array_equal(kept[-1], result.w)
    assert w0.tolist() == [3.0, -4.0]
    assert not np.shares_memory(minimize(PARABOLA, w0, max_steps=0).w, w0)


def test_the_callback_sees_finished_steps_and_their_values():
    seen = []
    result = minimize(PARABOLA, [3.0], max_steps=4, callback=lambda k, w, value: seen.append((k, w[0], value)))
    assert [k for k, _, _ in seen] == [1, 2, 3, 4]
    assert all(value == w**2 for _, w, value in seen)
    assert [value for _, _, value in seen] == result.history.values[1:].tolist()


def test_best_is_the_best_of_the_way():
    """A step that is far too long at the end: the last weights are not the best."""
    result = minimize(PARABOLA, [3.0], step=[0.4, 0.4, 5.0], max_steps=3)
    assert result.best_value == result.history.values.min() == PARABOLA.value(result.best_w) < result.value


def test_metrics_are_recorded_where_asked():
    called = []

    def metric(w):
        called.append(w)
        return np.float32(w[0])

    options = {"metrics": {"first": metric, "two": lambda w: 2}, "max_steps": 7}
    history = minimize(PARABOLA, [3.0], evaluate_every=3, **options).history
    assert history.evaluated_steps.tolist() == [0, 3, 6, 7]
    assert history.evaluated_values.tolist() == history.values[[0, 3, 6, 7]].tolist()
    np.testing.assert_allclose(history.metrics["first"], 3 * 0.8 ** np.array([0, 3, 6, 7]), rtol=1e-6)
    assert history.metrics["two"].tolist() == [2, 2, 2, 2]
    assert len(called) == 4

    history = minimize(PARABOLA, [3.0], **options).history
    assert history.evaluated_steps.tolist() == [7]
    assert len(called) == 5


@given(
    w0=st.lists(st.floats(-100, 100), min_size=1, max_size=4),
    clip=st.floats(1e-3, 1e3),
    step=st.floats(1e-3, 0.5),
)
def test_clip_bounds_the_length_of_a_step(w0, clip, step):
    result = minimize(PARABOLA, w0, step=step, clip=clip, max_steps=1, gtol=0)
    gradient = 2 * np.array(w0)
    scale = min(1.0, clip / max(np.linalg.norm(gradient), 1e-300))
    np.testing.assert_allclose(result.w, np.array(w0) - step * scale * gradient, rtol=1e-12, atol=1e-12)
    assert result.history.gradient_norms[0] == np.abs(gradient).max()


def test_clip_survives_squares_that_overflow():
    steep = FunctionObjective(lambda w: float(1e200 * np.abs(w).sum()), lambda w: 1e200 * np.sign(w))
    result = minimize(steep, [1.0, -1.0], step=0.5, clip=np.sqrt(2.0), max_steps=1)
    np.testing.assert_allclose(result.w, [0.5, -0.5], rtol=1e-12)


def test_twice_the_same_run_gives_the_same_bits():
    def run(**options):
        return minimize(PARABOLA, np.linspace(-1, 1, 7), Momentum(), lambda k: 0.1 / (1 + k), max_steps=30, **options)

    plain = run()
    watched = run(callback=lambda k, w, value: None, metrics={"m": PARABOLA.value}, evaluate_every=4)
    assert np.array_equal(plain.w, watched.w)
    assert np.array_equal(plain.history.values, watched.history.values)
    assert plain.evaluations == watched.evaluations


def test_passes_are_the_objective_s_own_count():
    class Counting:
        passes = 5.0

        def value_and_gradient(self, w):
            self.passes += 1
            return PARABOLA.value_and_gradient(w)

        value, gradient = PARABOLA.value, PARABOLA.gradient

    assert minimize(Counting(), [3.0], max_steps=4).passes == 5.0
    assert maximize(Counting(), [3.0], step=1e-3, max_steps=4).passes == 5.0
    assert minimize(PARABOLA, [3.0], max_steps=4).passes is None


def test_the_progress_bar_shows_steps_and_value(capsys):
    minimize(PARABOLA, [3.0], max_steps=5, progress=True)
    text = capsys.readouterr().err
    assert "5/5" in text
    assert "value" in text


def test_numbers_of_every_kind_as_start():
    for w0 in (3.0, np.float32(3.0), [3.0], [[3.0]], np.full((1, 1, 1), 3.0)):
        result = minimize(PARABOLA, w0, max_steps=10)
        assert isinstance(result.w, np.ndarray)
        assert result.w.shape == np.shape(w0)
        assert result.w.item() == pytest.approx(3 * 0.8**10, rel=1e-6)
