"""Dual coordinate ascent finds the optimum that other methods find, and what it proves is true."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent.optimizers import DualState
from gdfast.objective.linear.hinge_dual import dual_epoch
from hinge_problems import (
    BIASES,
    bits_of,
    drawn,
    drawn_with_optimum,
    each_bias,
    made,
    primal,
    require_refusals,
    resumed_and_straight,
)


def solve(objective, seed=0, w_type=None, **settings):
    settings = {"max_steps": 3000, "evaluate_every": 10, "gap_tol": 1e-10} | settings
    w_type = objective.arithmetic if w_type is None else w_type
    return gd.minimize(objective, np.zeros(objective.shape, w_type), gd.DualCoordinateAscent(seed), **settings)


@each_bias
@pytest.mark.parametrize("seed", range(6))
def test_the_optimum_is_scipys(bias, seed):
    objective, optimum = drawn_with_optimum(seed, bias)
    result = solve(objective, max_steps=20000)
    assert result.status is gd.Status.CONVERGED
    assert result.value == pytest.approx(optimum, rel=1e-8, abs=1e-9)
    assert result.value - result.duality_gap <= optimum + 1e-12


@each_bias
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_bound_is_above_the_optimum(bias, dtype):
    """For the duals of a run, for random ones and for ones that are out of their box; and they grow as good as kept."""
    optimizer, tight = gd.DualCoordinateAscent(), 0
    for seed in range(60):
        objective, rng, exact = drawn(seed, bias, dtype)
        w, state, bounds, best = np.zeros(objective.shape, dtype), None, [0.0], np.inf
        for k in range(60):
            direction, state = optimizer.direction(objective, k, w, state)
            w = w + direction
            best = min(best, primal(w.astype(np.float64), *exact))
            bounds.append(optimizer.lower_bound(objective, state))
        for noise in (0.01, 0.3, 3.0):
            duals = state.duals + (noise * rng.normal(size=state.duals.shape)).astype(dtype)
            bounds.append(optimizer.lower_bound(objective, state._replace(duals=duals)))
        assert max(bounds) <= best * (1 + 1e-14)
        tight += max(bounds) >= 0.95 * best
    assert tight >= 20


@pytest.mark.parametrize("k", [2, 3, 7, 8, 9, 16, 17, 40, 130])
def test_one_row_is_solved_in_one_visit(k):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        strength, margin = 10 ** rng.uniform(-5, 2), 10 ** rng.uniform(-1, 1)
        x, label = rng.normal(size=(1, 3)), np.array([seed % k])
        objective = gd.LinearObjective(x, label, gd.Hinge(margin), gd.L2(strength), n_classes=k, penalize_bias=True)
        W, idle = np.zeros(objective.shape), np.zeros(1, np.uint8)
        duals = rng.uniform(0, 1, (1, k)) * (rng.random((1, k)) < 0.5)
        duals[0, label] = 0
        duals[0, label] = -duals.sum()
        unit = 1 / (2 * strength)
        W[...] = -unit * np.outer(duals, np.append(x, 1))
        dual_epoch(objective.linear_problem, W, duals, idle, unit, 1.0, 0, 0)
        bound = gd.DualCoordinateAscent().lower_bound(objective, DualState(duals, idle))
        value = objective.value(W)
        assert value - bound <= 1e-11 * value + (1e-12 * margin + 1e-13 * unit) * k  # W was of the size of unit
        assert duals[0, label] == pytest.approx(-np.delete(duals[0], label).sum())


@each_bias
def test_float64_runs_are_certified_to_1e_8(bias):
    objective, _, _ = made(3, n=400, d=10, k=5, bias=bias, strength=0.02)
    result = solve(objective, gap_tol=1e-8)
    assert result.status is gd.Status.CONVERGED
    assert 0 <= result.duality_gap <= 1e-8


@each_bias
def test_float32_runs_are_certified_to_1e_4(bias):
    objective, _, _ = made(3, n=400, d=10, k=5, bias=bias, strength=0.02, dtype=np.float32)
    result = solve(objective, gap_tol=1e-4)
    assert result.status is gd.Status.CONVERGED
    assert result.w.dtype == np.float32


@each_bias
def test_a_class_without_rows_is_no_obstacle(bias):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 4)), rng.integers(0, 2, 30) * 2
    objective = gd.LinearObjective(X, y, gd.Hinge(), gd.L2(0.1), n_classes=4, **BIASES[bias])
    assert solve(objective, gap_tol=1e-7).status is gd.Status.CONVERGED
    alone = gd.LinearObjective(X, np.zeros(30, int), gd.Hinge(), gd.L2(0.1), n_classes=1, **BIASES[bias])
    result = solve(alone)
    assert (result.value, result.duality_gap) == (0.0, 0.0)


def test_rows_far_from_the_origin_keep_their_bound():
    objective, X, y = made(5, n=40, bias="free", strength=0.1)
    far = gd.LinearObjective(X + 1e4, y, objective.loss, objective.regularizer)
    centred = gd.LinearObjective(X + 1e4, y, objective.loss, objective.regularizer, mean=np.full(3, 1e4))
    near, result = solve(objective, gap_tol=1e-7), solve(centred, gap_tol=1e-5)
    assert result.status is gd.Status.CONVERGED
    assert result.value == pytest.approx(near.value, abs=1e-5)
    assert solve(far, max_steps=50).duality_gap is not None


# ---- the same in every implementation ----


def weights_after(objective, epochs=12, seed=0):
    return solve(objective, seed, max_steps=epochs, gap_tol=None).w


@each_bias
@pytest.mark.parametrize(("k", "d"), [(2, 5), (4, 70), (11, 300), (37, 40)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_rows_give_the_iterates_of_dense_ones(bias, k, d, dtype):
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(d)
    X = np.where(rng.random((80, d)) < 0.2, rng.normal(size=(80, d)), 0).astype(dtype)
    y = rng.integers(0, k, 80)
    options = {"n_classes": k, "scale": rng.uniform(0.5, 2, d)} | BIASES[bias]
    csr = sparse.csr_array(X)
    for matrix in (
        csr,
        sparse.csr_array((csr.data, csr.indices.astype(np.int64), csr.indptr.astype(np.int64)), csr.shape),
    ):
        runs = [
            weights_after(gd.LinearObjective(x, y, gd.Hinge(), gd.L2(0.05), **options), epochs=4) for x in (X, matrix)
        ]
        tolerance = 1e-9 if dtype is np.float64 else 2e-3
        np.testing.assert_allclose(runs[1], runs[0], atol=tolerance * np.abs(runs[0]).max(), rtol=0)


def test_repeated_entries_of_sparse_rows_add_up():
    sparse = pytest.importorskip("scipy.sparse")
    whole = sparse.csr_array(np.array([[3.0, 0, 1], [0, 2, 0], [1, 1, 0]]))
    parts = sparse.csr_array(
        (np.array([1.0, 2, 1, 5, -3, 1, 1]), np.array([0, 0, 2, 1, 1, 0, 1]), np.array([0, 3, 5, 7])), (3, 3)
    )
    y = np.array([0, 1, 2])
    results = [solve(gd.LinearObjective(x, y, gd.Hinge(), gd.L2(0.1), penalize_bias=True)) for x in (whole, parts)]
    np.testing.assert_allclose(results[1].w, results[0].w, atol=1e-4)
    assert results[1].duality_gap <= 1e-10


@each_bias
@pytest.mark.parametrize("d", [5, 300])
def test_the_type_and_the_place_of_rows_make_no_difference(bias, d):
    rng = np.random.default_rng(d)
    pixels, y = rng.integers(0, 256, (90, d)).astype(np.uint8), rng.integers(0, 4, 90)
    wide = np.zeros((180, 2 * d), np.float32)
    wide[::2, ::2] = pixels
    options = {"scale": np.full(d, 255.0)} | BIASES[bias]
    shapes = [pixels.astype(np.float32), pixels, pixels.astype(np.float16), np.asfortranarray(pixels), wide[::2, ::2]]
    runs = [weights_after(gd.LinearObjective(x, y, gd.Hinge(), gd.L2(0.05), **options)) for x in shapes]
    for other in runs[1:]:
        np.testing.assert_array_equal(other, runs[0])
    divided = gd.LinearObjective(pixels / np.float32(255), y, gd.Hinge(), gd.L2(0.05), **BIASES[bias])
    np.testing.assert_allclose(weights_after(divided), runs[0], atol=2e-3 * np.abs(runs[0]).max())


def test_a_subset_is_an_objective_of_its_own():
    objective, X, y = made(2, n=40)
    chosen = np.array([3, 1, 4, 1, 5, 9, 26, 38])
    alone = gd.LinearObjective(
        X[chosen], y[chosen], objective.loss, objective.regularizer, n_classes=3, penalize_bias=True
    )
    np.testing.assert_allclose(weights_after(objective.rows(chosen)), weights_after(alone), atol=1e-12)


def test_the_seed_decides_the_order_and_nothing_else():
    objective, _, _ = made(2, n=40)
    first, again, other = weights_after(objective), weights_after(objective), weights_after(objective, seed=1)
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
    assert solve(objective).value == pytest.approx(solve(objective, seed=1).value, abs=1e-9)


def test_evaluating_changes_no_bit():
    objective, _, _ = made(2, n=40, bias="free")
    seen = []
    plain = weights_after(objective)
    watched = solve(objective, max_steps=12, evaluate_every=1, gap_tol=0.0, callback=lambda k, w, value: seen.append(k))
    assert watched.w.tobytes() == plain.tobytes()
    assert seen == list(range(1, 13))
    assert solve(objective, max_steps=12, evaluate_every=None, gap_tol=None).w.tobytes() == plain.tobytes()


# ---- runs ----


@each_bias
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_crashed_run_ends_on_the_same_bits(tmp_path, bias, dtype):
    settings, path = {"max_steps": 41, "gap_tol": 1e-13, "evaluate_every": 6}, tmp_path / "run.npz"
    resumed, straight = resumed_and_straight(
        solve, lambda: made(7, n=50, bias=bias, dtype=dtype)[0], path, 29, **settings
    )
    assert bits_of(resumed) == bits_of(straight)
    assert straight.steps > 29


def test_an_interrupt_leaves_the_last_whole_epoch():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3000, 200)), rng.integers(0, 6, 3000)
    objective = gd.LinearObjective(X, y, gd.Hinge(), gd.L2(1e-3), penalize_bias=True)
    timer = threading.Thread(target=lambda: (time.sleep(0.6), signal.raise_signal(signal.SIGINT)))
    timer.start()
    result = solve(objective, max_steps=10**6, evaluate_every=10**6, gap_tol=None)
    timer.join()
    assert result.status is gd.Status.INTERRUPTED
    again = solve(objective, max_steps=result.steps, gap_tol=None)
    assert again.w.tobytes() == result.w.tobytes()


def test_what_it_cannot_do_is_refused_before_any_work():
    require_refusals(gd.DualCoordinateAscent(), [(np.ones((3, 5)), ValueError, "w0 must be zero")])
    for seed, error in ((-1, ValueError), (0.5, TypeError)):
        with pytest.raises(error, match="seed"):
            gd.DualCoordinateAscent(seed)


def test_an_epoch_in_which_all_rows_rest():
    """Four rows whose duals have long been at their bounds: some epochs visit none of them."""
    X = np.array([[-8.6], [-11.3], [0.0], [-13.3]], np.float32)
    objective = gd.LinearObjective(X, np.array([0, 0, 1, 0]), gd.Hinge(), gd.L2(1e3))
    result = gd.minimize(objective, np.zeros(objective.shape), gd.DualCoordinateAscent(), max_steps=400, gtol=0)
    assert result.status is not gd.Status.DIVERGED
    assert objective.duality_gap(result.w) <= objective.value(result.w)
