"""Line searches on linear objectives: one pass a step, whatever step is taken, and the numbers of whole evaluations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse

import gdfast as gd
from gdfast.descent.line_searches.scored_trial import RENEWED_EVERY
from gdfast.objective.linear.search_rays import scored_search

LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber(0.5)]
SMOOTH = [loss for loss in LOSSES if not isinstance(loss, gd.Hinge)]
KINDS = ["float64", "float32", "float16", "uint8", "csr", "fortran"]
SEARCHES = [
    gd.Backtracking(start=64.0), gd.Backtracking(start=1e-3), gd.StrongWolfe(), gd.StrongWolfe(start=64.0),
    gd.StrongWolfe(start=1e-4), gd.ExactLineSearch(), gd.GridSearch([0.01, 0.1, 1.0]),
]  # fmt: skip
OPTIMIZERS = [gd.GradientDescent(), gd.LBFGS(), gd.NonlinearConjugateGradient(), gd.Momentum(0.5)]


def objective(loss, kind="float64", n=90, d=7, k=3, weighted=False, **options):
    rng = np.random.default_rng(7)
    X = rng.integers(0, 9, (n, d))
    y = rng.integers(0, k, n) if loss.classifies else rng.normal(size=(n, k))
    X = X / 4.0 if kind != "uint8" else X.astype(np.uint8)
    if kind in ("float32", "float16"):
        X = X.astype(kind)
    elif kind == "csr":
        X = scipy.sparse.csr_array(X * (rng.random(X.shape) < 0.5))
    elif kind == "fortran":
        X = np.asfortranarray(X)
    if weighted:
        options["sample_weight"] = rng.random(n)
    return gd.LinearObjective(X, y, loss, gd.L2(1e-3), **options)


def start(linear):
    dtype = np.float64 if linear.arithmetic == np.float64 else np.float32
    return (0.1 * np.random.default_rng(3).normal(size=linear.shape)).astype(dtype)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_step_is_a_pass_whatever_step_is_taken(loss, kind):
    pairs = [*itertools.product(OPTIMIZERS[:1], SEARCHES), *itertools.product(OPTIMIZERS[1:], SEARCHES[1:4])]
    for optimizer, search in pairs:
        linear = objective(loss, kind)
        before = linear.passes
        result = gd.minimize(linear, start(linear), optimizer, search, max_steps=8, gtol=0)
        faster = scored_search(linear).has_faster_pass
        # A search that finds nothing has made the scores of its direction.
        failed = 0.5 * (result.status is gd.Status.NO_DESCENT)
        missed = np.count_nonzero(np.diff(result.history.step_sizes)) + 1 if faster else 0
        assert linear.passes - before == result.passes
        if faster:
            assert result.passes <= 1 + result.steps + 2 * missed + 2 * failed
        else:
            assert result.passes == 1 + result.steps + failed


@pytest.mark.parametrize("loss", SMOOTH, ids=repr)
def test_newton_s_steps_cost_a_pass_besides_its_products(loss):
    linear = objective(loss)
    whole = gd.minimize(linear, start(linear), gd.Newton(), gd.Backtracking(start=8.0), max_steps=5, gtol=0)
    products = gd.minimize(linear, start(linear), gd.Newton(), 1.0, max_steps=0, gtol=0)
    assert products.passes == 1
    assert whole.steps >= 1
    assert whole.passes == pytest.approx(round(2 * whole.passes) / 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_values_and_gradients_are_those_of_whole_evaluations(loss, kind):
    """After every step, the scores being 31 steps old just before they are renewed."""
    linear = objective(loss, kind, weighted=True)
    tolerance = 1e-13 if linear.arithmetic == np.float64 else 1e-5
    result = gd.minimize(
        linear,
        start(linear),
        step=gd.StrongWolfe(start=2.0),
        max_steps=2 * RENEWED_EVERY + 5,
        gtol=0,
        keep_weights=True,
    )
    for w, value, norm in zip(
        result.history.weights, result.history.values, result.history.gradient_norms, strict=True
    ):
        expected, gradient = linear.value_and_gradient(w)
        assert value == pytest.approx(expected, rel=tolerance)
        if not linear.loss.has_kinks:  # where a rounding decides a term of the hinge
            assert norm == pytest.approx(np.abs(gradient).max(), rel=1e3 * tolerance, abs=1e2 * tolerance)


def test_scores_are_renewed_against_drift():
    """Large steps to and fro: what each adds to the scores is rounded, and what is lost does not add up for ever."""
    linear = objective(gd.SquaredError(), n=200, d=40)
    scored = scored_search(linear)
    W = start(linear)
    _, _, scores = scored.evaluate(W)
    rng = np.random.default_rng(0)
    for _ in range(RENEWED_EVERY):
        V = rng.normal(size=W.shape)
        ray = scored.ray(scores, W, V)
        W = W + 0.7 * V
        _, _, scores = ray.evaluation(0.7, W)
    exact = linear.scores(W)
    assert np.abs(scores - exact).max() <= RENEWED_EVERY * 1e-15 * np.abs(exact).max()
    result = gd.minimize(linear, start(linear), step=gd.StrongWolfe(), max_steps=3 * RENEWED_EVERY + 1, gtol=0)
    renewals = result.steps // RENEWED_EVERY
    failed = 0.5 * (result.status is gd.Status.NO_DESCENT)
    assert result.passes == 1 + result.steps + 0.5 * renewals + failed


@pytest.mark.parametrize("kind", ["float64", "float32", "uint8", "csr"])
@pytest.mark.parametrize("loss", [gd.Hinge(), gd.CrossEntropy(), gd.Huber(0.5)], ids=repr)
def test_resumed_runs_and_any_number_of_threads_give_the_same_bits(tmp_path, loss, kind):
    search = gd.StrongWolfe(start=3.0)
    settings = {"optimizer": gd.LBFGS(), "step": search, "gtol": 0}
    linear = objective(loss, kind, n=700)
    W0 = start(linear)
    straight = gd.minimize(linear, W0, max_steps=40, **settings)
    threads = gd.get_num_threads()
    try:
        for count in (1, 3):
            gd.set_num_threads(count)
            other = gd.minimize(linear, W0, max_steps=40, **settings)
            assert other.w.tobytes() == straight.w.tobytes()
            assert other.history.values.tobytes() == straight.history.values.tobytes()
    finally:
        gd.set_num_threads(threads)
    for stopped in (5, 31, 32, 33):
        if stopped >= straight.steps:
            continue
        saved = gd.Checkpoint(tmp_path / "run.npz")
        gd.minimize(linear, W0, max_steps=stopped, checkpoint=saved, **settings)
        resumed = gd.resume(saved.path, linear, max_steps=40)
        assert resumed.w.tobytes() == straight.w.tobytes()
        assert resumed.history.values.tobytes() == straight.history.values.tobytes()
        assert resumed.passes == straight.passes


def test_scores_of_another_shape_are_refused(tmp_path):
    from gdfast.files.saved_arrays import load_arrays, save_arrays

    linear = objective(gd.CrossEntropy())
    saved = gd.Checkpoint(tmp_path / "run.npz")
    gd.minimize(linear, start(linear), step=gd.StrongWolfe(), max_steps=3, checkpoint=saved, gtol=0)
    arrays, facts = load_arrays(saved.path, "checkpoint", 1)
    assert arrays["scores"].shape == (90, 3)
    for wrong in (arrays["scores"][:-1], arrays["scores"].astype(np.float32)):
        save_arrays(saved.path, "checkpoint", 1, arrays | {"scores": wrong}, facts)
        with pytest.raises(ValueError, match="the scores must be float64 of shape"):
            gd.resume(saved.path, linear, max_steps=5)
    save_arrays(saved.path, "checkpoint", 1, {n: a for n, a in arrays.items() if n != "scores"}, facts)
    assert gd.resume(saved.path, linear, max_steps=5).steps == 5  # as version 0.1 wrote it


def test_a_class_of_a_user_s_is_asked_itself():
    class Halved(gd.LinearObjective):
        calls = 0

        def value_and_gradient(self, W):
            type(self).calls += 1
            value, gradient = super().value_and_gradient(W)
            return value / 2, gradient / 2

        def value(self, W):
            return super().value(W) / 2

        def along_ray(self, W, V):
            raise NotImplementedError

    linear = objective(gd.CrossEntropy())
    halved = Halved(linear.X, linear.y, gd.CrossEntropy(), gd.L2(1e-3))
    assert scored_search(halved) is None
    result = gd.minimize(halved, start(linear), step=gd.Backtracking(), max_steps=3, gtol=0)
    assert Halved.calls >= 3
    assert result.value == pytest.approx(linear.value(result.w) / 2)


def test_a_regularizer_that_raises_ends_the_ray():
    class Barrier:
        def value(self, W):
            if np.abs(W).max() > 0.5:
                raise ValueError("outside")
            return 0.0

        def gradient(self, W):
            return np.zeros_like(W)

    rng = np.random.default_rng(0)
    linear = gd.LinearObjective(rng.normal(size=(30, 4)), rng.integers(0, 2, 30), gd.CrossEntropy(), Barrier())
    result = gd.minimize(linear, np.zeros(linear.shape), step=gd.Backtracking(start=1e3), max_steps=3, gtol=0)
    assert result.steps >= 1
    assert np.isfinite(result.value)


@pytest.mark.parametrize("kind", ["float64", "float32", "uint8", "csr"])
def test_steps_beyond_the_type_s_range_are_shortened(kind):
    linear = objective(gd.CrossEntropy(), kind)
    huge = 1e300 if linear.arithmetic == np.float64 else 1e37
    result = gd.minimize(linear, start(linear), step=gd.Backtracking(start=huge, shrink=1e-3), max_steps=2, gtol=0)
    assert result.status is gd.Status.MAX_STEPS
    assert np.isfinite(result.w).all()
