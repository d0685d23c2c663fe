"""Keywords that other libraries use are answered with those that gdfast has."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

PARABOLA = gd.FunctionObjective(lambda w: float(np.sum(w**2)), lambda w: 2 * w)


@pytest.mark.parametrize("run", [gd.minimize, gd.maximize])
@pytest.mark.parametrize(
    ("keyword", "right"),
    [
        ("lr", "step="), ("learning_rate", "step="), ("eta", "step="), ("step_size", "step="), ("LR", "step="),
        ("scheduler", "step="), ("batch_size", "batches="), ("batch", "batches="), ("seed", "batches="),
        ("n_iter", "max_steps="), ("max_iter", "max_steps="), ("maxiter", "max_steps="), ("steps", "max_steps="),
        ("n_epochs", "epochs="), ("tol", "gtol="), ("x0", "w0="), ("jac", "FunctionObjective"),
        ("method", "optimizer="), ("momentum", "Momentum"), ("weight_decay", "L2"), ("verbose", "progress="),
        ("callbacks", "callback="), ("clip_norm", "clip="), ("optimiser", "optimizer="), ("max_step", "max_steps="),
    ],
)  # fmt: skip
def test_the_right_keyword_is_named(run, keyword, right):
    with pytest.raises(
        TypeError, match=f"^{run.__name__}.. got an unexpected keyword argument '{keyword}': use "
    ) as it:
        run(PARABOLA, [3.0], **{keyword: 1})
    assert right in str(it.value)


def test_a_keyword_that_is_like_none_is_answered_with_all():
    with pytest.raises(TypeError, match=r"'zzz': use one of objective, w0, optimizer, step, "):
        gd.minimize(PARABOLA, [3.0], zzz=1)


@pytest.mark.parametrize(
    ("call", "keyword", "right"),
    [
        (lambda **k: gd.random_search(PARABOLA, 2, **k), "n_iter", "n="),
        (lambda **k: gd.random_search(PARABOLA, 2, **k), "sigma", "scale="),
        (lambda **k: gd.random_search(PARABOLA, 2, **k), "random_state", "rng="),
        (lambda **k: gd.local_search(PARABOLA, [3.0], **k), "lr", "step="),
        (lambda **k: gd.local_search(PARABOLA, [3.0], **k), "seed", "rng="),
        (lambda **k: gd.hill_climb(sum, (1, 0), lambda x: [], **k), "max_iter", "max_evaluations="),
        (lambda **k: gd.hill_climb(sum, (1, 0), lambda x: [], **k), "maximise", "maximize="),
        (lambda **k: gd.hill_climb(sum, (1, 0), **k), "neighbours", "neighbors="),
        (lambda **k: gd.solve_critical_point(PARABOLA, [3.0], **k), "max_iter", "max_steps="),
        (lambda **k: gd.solve_critical_point(PARABOLA, [3.0], **k), "tol", "gtol="),
        (lambda **k: gd.resume("run.npz", PARABOLA, **k), "lr", "step="),
        (lambda **k: gd.resume("run.npz", PARABOLA, **k), "n_iter", "max_steps="),
        (lambda **k: gd.resume("run.npz", PARABOLA, **k), "batch_size", "one of path, objective, step, max_steps"),
    ],
)
def test_searches_and_resume(call, keyword, right):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{keyword}': use {right}"):
        call(**{keyword: 1})


@pytest.mark.parametrize(
    ("make", "keyword", "right"),
    [
        (gd.Adam, "lr", "gdfast.minimize(..., step=)"), (gd.GradientDescent, "learning_rate", "step="),
        (gd.Adam, "betas", "beta1= and beta2="), (gd.RMSProp, "alpha", "decay="), (gd.AdaDelta, "rho", "decay="),
        (gd.Momentum, "nesterov", "gdfast.Nesterov"), (gd.LBFGS, "history_size", "memory="),
        (gd.Adam, "weight_decay", "gdfast.AdamW"), (gd.Adam, "amsgrad", "gdfast.AMSGrad"),
        (gd.Lion, "epsilon", "one of"),
        (gd.Momentum, "momentun", "momentum="), (gd.GradientDescent, "zzz", "it takes no settings"),
    ],
)  # fmt: skip
def test_settings_of_optimizers(make, keyword, right):
    with pytest.raises(TypeError, match=rf"^{make.__name__}\(\) got an unexpected keyword argument '{keyword}'") as it:
        make(**{keyword: 1})
    assert right in str(it.value)


@pytest.mark.parametrize("run", [gd.minimize, gd.maximize])
@pytest.mark.parametrize("start", [3, [3, 4], (3, 4), [[3, 4], [5, 6]], [3, 4.5]])
def test_whole_numbers_are_a_start(run, start):
    result = run(PARABOLA, start, max_steps=3)
    assert result.w.dtype == np.float64
    assert np.array_equal(result.w, run(PARABOLA, np.array(start, dtype=np.float64), max_steps=3).w)


@pytest.mark.parametrize("start", [True, [True, 1], np.array([3, 4]), np.int64(3), "3", None, [], [[1, 2], [3]], 3j])
def test_what_is_no_start_is_refused_by_name(start):
    with pytest.raises((TypeError, ValueError), match="w0"):
        gd.minimize(PARABOLA, start)


@pytest.mark.parametrize("start", [10**400, [10**400], [1, 10**400], [1.0, 10**400], [[10**400, 2]]])
def test_a_start_that_float64_cannot_hold(start):
    with pytest.raises((TypeError, ValueError), match="w0"):
        gd.minimize(PARABOLA, start)


def test_a_number_of_rows_is_mini_batches():
    data = gd.datasets.load_digits()
    objective = gd.LinearObjective(data.X, data.y, scale=np.full(64, 16.0))
    W = np.zeros(objective.shape)
    for size in (64, np.int32(64)):
        short = gd.minimize(objective, W, batches=size, max_steps=40)
        assert np.array_equal(short.w, gd.minimize(objective, W, batches=gd.MiniBatches(64), max_steps=40).w)


@pytest.mark.parametrize("rate", [10**400, -(10**400)])
def test_rates_and_values_that_float64_cannot_hold(rate):
    with pytest.raises(ValueError, match="step must return a number that float64 can hold; at k = 0 it returned"):
        gd.minimize(PARABOLA, [3.0], step=lambda k: rate)
    with pytest.raises(ValueError, match="value must return a number that float64 can hold"):
        gd.minimize(gd.FunctionObjective(lambda w: rate, lambda w: w), [3.0])
