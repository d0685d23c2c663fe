"""Why a run ended as it did: a sentence that tells apart what ends alike, for every kind of run."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gdfast as gd
from gdfast import Status

PARABOLA = gd.FunctionObjective(lambda w: float(np.sum(w**2)), lambda w: 2 * w)
HILL = gd.FunctionObjective(lambda w: 5.0 - float(np.sum(w**2)), lambda w: -2 * w)
VALLEY = gd.FunctionObjective(
    lambda w: float(w[0] ** 2 + 3000 * w[1] ** 2), lambda w: np.array([2 * w[0], 6000 * w[1]])
)
ADAPTIVE = [gd.Adam(), gd.NAdam(), gd.AMSGrad(), gd.RAdam(), gd.RMSProp(), gd.Lion(), gd.AdamW()]


def digits(loss):
    data = gd.datasets.load_digits()
    return gd.LinearObjective(data.X, data.y, loss, gd.L2(1e-4), scale=np.full(64, 16.0))


def ended(result, status=Status.MAX_STEPS):
    assert result.status is status
    assert str(result).startswith(result.explanation)
    return result.explanation


@pytest.mark.parametrize("start", [3.0, 2.7, -1e-3, 1e5])
@pytest.mark.parametrize(
    ("step", "says"),
    [
        (1.1, "the loss rose from .*: the step is too large"),
        (1.0, "the loss is stuck at .*: the step is too large"),
        (1e-6, "the loss has barely moved, .*: too small a step?"),
        (0.001, "the loss was still falling, .* allow more steps"),
        (0.9999, "the loss was still falling, .* use a smaller step"),
    ],
)
def test_a_constant_step_of_gradient_descent(start, step, says):
    result = gd.minimize(PARABOLA, [start], step=step, max_steps=100, gtol=1e-12)
    with pytest.raises(RuntimeError, match=says):
        result.require()
    text = ended(result)
    assert len(set(text.split()) & {"rose", "stuck", "barely", "still"}) == 1


def test_the_values_of_a_rise_are_told():
    assert "rose from 9 to 6.17294e+16: " in ended(gd.minimize(PARABOLA, [3.0], step=1.1, max_steps=100))


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (1.1, "the objective fell from -4 to -6.17294e[+]16: the step is too large"),
        (1.0, "the objective is stuck at -4"),
        (1e-6, "the objective has barely moved"),
        (0.01, "the objective was still rising, from -4 to"),
    ],
)
def test_for_ascent_rising_is_what_is_wanted(step, says):
    result = gd.maximize(HILL, [3.0], step=step, max_steps=100, gtol=1e-12)
    with pytest.raises(RuntimeError, match=says):
        result.require()


@pytest.mark.parametrize("steps", [1, 2, 3, 1000])
def test_few_steps_or_many(steps):
    def run(step):
        return ended(gd.minimize(PARABOLA, [3.0], step=step, max_steps=steps, gtol=0.0 if step == 0.4 else 1e-9))

    assert "rose from 9" in run(1.01)
    assert "stuck at 9" in run(1.0)
    assert "barely moved" in run(1e-7)
    if steps < 1000:
        assert "still falling" in run(0.1)


def test_no_steps_at_all():
    assert "max_steps is 0" in ended(gd.minimize(PARABOLA, [3.0], max_steps=0))


def test_a_wrong_sign_in_the_gradient_is_no_step_that_is_too_large():
    wrong = gd.FunctionObjective(PARABOLA.value, lambda w: -2 * w)
    text = ended(gd.minimize(wrong, [3.0], step=1e-3, max_steps=100))
    assert "rose" in text
    assert "check the gradient" in text
    assert "too large" not in text


def test_a_run_that_falls_and_rises_again():
    text = ended(gd.minimize(PARABOLA, [3.0], step=lambda k: 0.1 if k < 20 else 1.03, max_steps=80))
    assert "fell from 9 to" in text
    assert "(after 20 steps) and rose again" in text


def test_a_kink_that_is_overstepped_for_ever():
    corner = gd.FunctionObjective(lambda w: float(abs(w[0])), np.sign)
    assert "stuck at 0.05" in ended(gd.minimize(corner, [3.05], step=0.1, max_steps=100))


def test_a_schedule_that_ends_too_early():
    text = ended(gd.minimize(VALLEY, [3.0, 1.0], step=gd.Polynomial(3e-4, 100), max_steps=1000))
    assert "nearly stopped falling" in text
    assert "shrunk from 0.0003 to 0" in text


@pytest.mark.parametrize("step", [gd.Backtracking(1e-9), gd.GridSearch([1e-9])])
def test_a_line_search_that_tries_too_little(step):
    text = ended(gd.minimize(VALLEY, [3.0, 1.0], step=step, max_steps=50))
    assert "barely moved" in text
    assert "Let the line search try larger ones" in text


@pytest.mark.parametrize("step", [gd.Backtracking(), gd.ExactLineSearch()])
def test_a_line_search_is_never_told_that_its_step_is_too_large(step):
    assert "still falling" in ended(gd.minimize(VALLEY, [3.0, 0.001], step=step, max_steps=10))


@pytest.mark.parametrize("optimizer", ADAPTIVE, ids=lambda optimizer: type(optimizer).__name__)
def test_every_family_barely_moves_or_falls(optimizer):
    def run(step):
        return ended(gd.minimize(PARABOLA, [3.0, -1.0], optimizer, step, max_steps=100, gtol=1e-12))

    assert "barely moved" in run(1e-8)
    assert "still falling" in run(1e-3)


@pytest.mark.parametrize("run", [gd.minimize, gd.maximize])
def test_an_uphill_direction_is_named(run):
    """The direction of Momentum and Adam remembers old gradients; a line search wants one that descends."""

    class Backwards(gd.Momentum):
        def update(self, gradient, state, w):
            direction, state = super().update(gradient, state, w)
            return -direction, state

    objective = PARABOLA if run is gd.minimize else HILL
    text = ended(run(objective, [3.0, -1.0], Backwards(), gd.Backtracking()), Status.NO_DESCENT)
    assert f"The direction of Backwards leads {'uphill' if run is gd.minimize else 'downhill'}" in text
    assert "LBFGS" in text
    text = ended(run(objective, [3.0, -1.0], gd.Adam(), gd.StrongWolfe()), Status.NO_DESCENT)
    assert "The direction of Adam leads " in text


def test_a_direction_of_zeros_is_named():
    class Nowhere(gd.Momentum):
        def update(self, gradient, state, w):
            return np.zeros_like(w), state

    assert "is zero" in ended(gd.minimize(PARABOLA, [3.0], Nowhere(), gd.Backtracking()), Status.NO_DESCENT)


def test_converged_at_the_start():
    assert "Converged at w0" in ended(gd.minimize(PARABOLA, [0.0]), Status.CONVERGED)
    assert "saddle" in ended(gd.minimize(PARABOLA, [0.0]), Status.CONVERGED)
    assert "saddle" not in ended(gd.minimize(PARABOLA, [1e-9]), Status.CONVERGED)
    assert ended(gd.minimize(PARABOLA, [3.0], step=0.5), Status.CONVERGED) == Status.CONVERGED.value


def test_not_finite_from_the_start():
    nothing = gd.FunctionObjective(lambda w: math.nan, lambda w: 2 * w)
    text = ended(gd.minimize(nothing, [3.0]), Status.DIVERGED)
    assert "at w0 already" in text
    assert "smaller step" not in text


def test_diverged_tells_a_rise_from_the_end_of_a_domain():
    text = ended(gd.minimize(PARABOLA, [3.0], step=5.0), Status.DIVERGED)
    assert "rose from 9 to" in text
    assert "use a smaller step" in text
    logarithm = gd.FunctionObjective(lambda w: float(np.log(w[0])), lambda w: 1 / w)
    text = ended(gd.minimize(logarithm, [1.0]), Status.DIVERGED)
    assert "fell from 0 to" in text
    assert "defined only in part" in text


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.CrossEntropy()])
@pytest.mark.parametrize("every", [None, 50])
@pytest.mark.parametrize(
    ("step", "says"), [(1e-6, "barely moved"), (0.01, "still falling"), (100.0, "rose from"), (1e4, "rose from")]
)
def test_mini_batches(loss, every, step, says):
    objective = digits(loss)
    result = gd.minimize(objective, np.zeros(objective.shape), step=step, batches=64, epochs=5, evaluate_every=every)
    assert says in ended(result)
    assert ("means over mini-batches" in result.explanation) == (every is None)


def test_mini_batches_that_only_make_noise():
    """From the optimum on: whatever a step changes is noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5))
    objective = gd.LinearObjective(X, X @ np.arange(5.0) + rng.normal(size=400), gd.SquaredError())
    result = gd.minimize(objective, objective.solve(), step=0.005, batches=20, epochs=50, gtol=0.0)
    assert "still" not in ended(result)


def test_two_mini_batches_tell_nothing():
    objective = digits(gd.Hinge())
    text = ended(gd.minimize(objective, np.zeros(objective.shape), batches=64, max_steps=2))
    assert "too few" in text


def test_the_explanation_survives_a_checkpoint(tmp_path):
    saved = gd.Checkpoint(tmp_path / "run.npz", every=10)
    whole = gd.minimize(PARABOLA, [3.0], step=1.1, max_steps=100)
    gd.minimize(PARABOLA, [3.0], step=1.1, max_steps=50, checkpoint=saved)
    assert gd.resume(saved.path, PARABOLA, max_steps=100).explanation == whole.explanation


def test_digits_enough_to_see_a_change():
    far = gd.FunctionObjective(lambda w: 1e6 + float(np.sum(w**2)), lambda w: 2 * w)
    text = ended(gd.minimize(far, [3.0], step=0.01, max_steps=50))
    assert "still falling, from 1000009 to 1000001.2" in text


def test_a_dual_method_may_raise_the_loss():
    X = np.random.default_rng(0).normal(size=(200, 5))
    objective = gd.LinearObjective(X, np.arange(200) % 3, gd.Hinge(), gd.L2(1e-6))
    result = gd.minimize(objective, np.zeros((3, 6)), gd.DualCoordinateAscent(), max_steps=3)
    assert result.value > 2
    assert "the dual" in ended(result)
    assert "too large" not in result.explanation
