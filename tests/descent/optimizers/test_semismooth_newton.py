"""Semismooth Newton finds the optimum of the hinge that other methods find, and what it proves is true."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent.optimizers.semismooth_newton import hinge_method
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

PAGE = (Path(__file__).parents[3] / "docs" / "explanation" / "proven_hinge.md").read_text(encoding="utf-8")


def solve(objective, w0=None, smoothing=10.0, **settings):
    settings = {"max_steps": 300, "evaluate_every": 1, "gap_tol": 1e-8} | settings
    w0 = np.zeros(objective.shape, objective.arithmetic) if w0 is None else w0
    return gd.minimize(objective, w0, gd.SemismoothNewton(smoothing), **settings)


@each_bias
@pytest.mark.parametrize("seed", range(6))
def test_the_optimum_is_scipys(bias, seed):
    objective, optimum = drawn_with_optimum(seed, bias)
    result = solve(objective)
    assert result.status is gd.Status.CONVERGED
    assert result.value == pytest.approx(optimum, rel=1e-7, abs=1e-7)
    assert result.value - result.duality_gap <= optimum + 1e-12


@each_bias
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_bound_is_above_the_optimum(bias, dtype):
    optimizer, tight = gd.SemismoothNewton(), 0
    for seed in range(8):
        objective, _, exact = drawn(seed, bias, dtype)
        w, state, bounds, best = np.zeros(objective.shape), None, [0.0], np.inf
        for k in range(30):
            direction, state = optimizer.direction(objective, k, w, state)
            w = w + direction
            best = min(best, primal(w, *exact))
            bounds.append(optimizer.lower_bound(objective, state))
        assert max(bounds) <= best * (1 + 1e-14)
        assert bounds == sorted(bounds)
        tight += max(bounds) >= 0.99 * best
    assert tight >= 6


@each_bias
@pytest.mark.parametrize("seed", range(4))
def test_weak_duality_holds_in_exact_arithmetic(bias, seed):
    """For integers in place of rows, one of them repeated, one zero, and every number a fraction."""
    rng = np.random.default_rng(seed)
    X, y, k = rng.integers(-3, 4, (8, 3)), rng.integers(0, 3, 8), 3
    X[0], X[1] = 0, X[2]
    strength = 2.0 ** float(rng.integers(-9, 3))
    objective = gd.LinearObjective(X.astype(np.float32), y, gd.Hinge(), gd.L2(strength), n_classes=k, **BIASES[bias])
    w, state, optimizer = np.zeros(objective.shape, np.float32), None, gd.SemismoothNewton()
    for step in range(25):
        direction, state = optimizer.direction(objective, step, w, state)
        w = w + direction
        exact = [[Fraction(float(v)) for v in row] for row in w]
        rows = [[int(v) for v in x] + [1] * objective.bias for x in X]
        scores = [[sum(a * b for a, b in zip(row, x, strict=True)) for row in exact] for x in rows]
        terms = [s[c] - s[label] + 1 for s, label in zip(scores, y, strict=True) for c in range(k) if c != label]
        penalised = [v for row in exact for v in (row[:3] if bias == "free" else row)]
        value = sum(max(Fraction(0), t) for t in terms) / 8 + Fraction(strength) * sum(v * v for v in penalised)
        assert Fraction(optimizer.lower_bound(objective, state)) <= value


def test_a_free_bias_moves_where_no_pair_is_in_the_zone():
    """It has no curvature there: Newton's step would be infinite."""
    objective, _, _ = made(16, n=22, d=4, k=5, bias="free", strength=0.002)
    result = solve(objective, smoothing=0.1, gap_tol=1e-4)
    assert result.status is gd.Status.CONVERGED


def test_rows_far_larger_than_the_margin_need_short_steps():
    objective, _, _ = made(98, n=14, d=7, k=4, strength=0.004)
    far = gd.LinearObjective(100 * objective.X, objective.y, objective.loss, objective.regularizer, penalize_bias=True)
    result = solve(far, smoothing=1.0, max_steps=100, gap_tol=1e-3)
    assert result.status is gd.Status.CONVERGED


def test_it_arrives_where_dual_coordinate_ascent_does_not():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 10)) @ rng.normal(size=(10, 40)) + 0.3 * rng.normal(size=(600, 40))
    y = (X[:, :5] + rng.normal(size=(600, 5))).argmax(axis=1)
    objective = gd.LinearObjective(X, y, gd.Hinge(), gd.L2(1e-4), penalize_bias=True)
    ours = solve(objective, gap_tol=1e-3)
    assert ours.status is gd.Status.CONVERGED
    settings = {"epochs": round(ours.passes), "evaluate_every": 5, "gap_tol": 1e-3}
    theirs = gd.minimize(objective, np.zeros(objective.shape), gd.DualCoordinateAscent(), **settings)
    assert theirs.duality_gap > 10 * ours.duality_gap
    assert isinstance(hinge_method(objective.linear_problem), gd.SemismoothNewton)
    easy = objective.with_terms(gd.Hinge(), gd.L2(1.0))
    assert isinstance(hinge_method(easy.linear_problem), gd.DualCoordinateAscent)


def test_wide_sparse_rows_are_left_to_coordinate_ascent_at_any_strength():
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    X, y = sparse.random_array((40, 5000), density=0.01, rng=rng, format="csr"), np.arange(40) % 3
    for columns, kind in ((5000, gd.DualCoordinateAscent), (50, gd.SemismoothNewton)):
        rows = sparse.csr_array(X[:, :columns])
        objective = gd.LinearObjective(rows, y, gd.Hinge(), gd.L2(1e-9), penalize_bias=True)
        assert isinstance(hinge_method(objective.linear_problem), kind)


@each_bias
def test_types_and_layouts_find_one_optimum(bias):
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    pixels = np.where(rng.random((120, 9)) < 0.5, rng.integers(0, 9, (120, 9)), 0).astype(np.uint8)
    y = (pixels[:, :3] + rng.integers(0, 4, (120, 3))).argmax(axis=1)
    wide = pixels.astype(np.float64)
    value = solve(gd.LinearObjective(wide, y, gd.Hinge(), gd.L2(0.01), **BIASES[bias])).value
    for X in (
        pixels,
        wide.astype(np.float32),
        wide.astype(np.float16),
        sparse.csr_array(wide),
        np.asfortranarray(wide),
    ):
        result = solve(gd.LinearObjective(X, y, gd.Hinge(), gd.L2(0.01), **BIASES[bias]), gap_tol=1e-4)
        assert result.status is gd.Status.CONVERGED
        assert abs(result.value - value) <= 1.1e-4


def test_so_many_columns_that_there_is_a_diagonal_only(monkeypatch):
    objective, _, _ = made(3, n=60, d=20, k=4, strength=0.02)
    monkeypatch.setattr("gdfast.descent.optimizers.semismooth_newton.COLUMNS_MOST", 10)
    assert solve(objective, gap_tol=1e-6).status is gd.Status.CONVERGED


@each_bias
def test_a_class_without_rows_is_no_obstacle(bias):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 4)), rng.integers(0, 2, 30) * 2
    objective = gd.LinearObjective(X, y, gd.Hinge(), gd.L2(0.1), n_classes=4, **BIASES[bias])
    assert solve(objective, gap_tol=1e-6).status is gd.Status.CONVERGED
    alone = gd.LinearObjective(X, np.zeros(30, int), gd.Hinge(), gd.L2(0.1), n_classes=1, **BIASES[bias])
    result = solve(alone)
    assert (result.value, result.duality_gap) == (0.0, 0.0)


def test_a_warm_start_goes_on_from_where_it_is():
    objective, _, _ = made(5, n=60, d=6, k=4, strength=0.01)
    first = solve(objective)
    assert solve(objective, first.w, smoothing=0.1).steps < first.steps


@each_bias
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_crashed_run_ends_on_the_same_bits(tmp_path, bias, dtype):
    settings, path = {"max_steps": 25, "gap_tol": 1e-15, "evaluate_every": 6}, tmp_path / "run.npz"
    resumed, straight = resumed_and_straight(
        solve, lambda: made(7, n=50, bias=bias, dtype=dtype)[0], path, 21, **settings
    )
    assert bits_of(resumed) == bits_of(straight)
    assert straight.steps > 21


def test_what_it_cannot_do_is_refused_before_any_work():
    require_refusals(gd.SemismoothNewton())
    for smoothing, error in ((0.0, ValueError), ("wide", TypeError)):
        with pytest.raises(error, match="smoothing"):
            gd.SemismoothNewton(smoothing)


def test_the_page_runs(capsys):
    for example in re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE):
        exec(compile(example, "docs/explanation/proven_hinge.md", "exec"), {})
    assert float(re.search(r"at most ([0-9.]+) above", capsys.readouterr().out)[1]) <= 1e-3
