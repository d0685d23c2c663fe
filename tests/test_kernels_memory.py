"""Wherever in memory X begins, and however its rows and columns lie there, all answers are the same bits."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

DTYPES = ["float64", "float32", "float16", "uint8"]
LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber(1.0)]
# (n_samples, n_features, n_classes): rows that are whole vectors, that are not, short ones; several tiles of classes.
SIZES = [(70, 256, 10), (33, 512, 3), (40, 261, 7), (30, 19, 4), (600, 128, 12)]
PLACES = ["at 0", "at 8", "at 16", "at 24", "at 32", "at 56", "wide rows", "by columns", "backwards"]


def placed(X, place):
    """The same rows elsewhere."""
    if place == "by columns":
        return np.asfortranarray(X)
    if place == "backwards":
        return np.ascontiguousarray(X[::-1])[::-1]
    n, d = X.shape
    width = d + 3 if place == "wide rows" else d
    offset = 0 if place == "wide rows" else int(place[3:])
    memory = np.zeros(n * width * X.itemsize + 128, np.uint8)
    first = -memory.ctypes.data % 64 + offset
    found = memory[first : first + n * width * X.itemsize].view(X.dtype).reshape(n, width)[:, :d]
    found[:] = X
    return found


def drawn(dtype, n, d, k):
    rng = np.random.default_rng((n, d, k))
    X = rng.integers(0, 256, (n, d)) if dtype == "uint8" else rng.normal(size=(n, d))
    return X.astype(dtype), rng.integers(0, k, n), rng.normal(size=(k, d + 1)) / d


def options_of(kind, d):
    rng = np.random.default_rng(d)
    return {"plain": {}, "scaled": {"mean": rng.normal(size=d), "scale": rng.uniform(1, 2, d)}}[kind]


@pytest.mark.parametrize("kind", ["plain", "scaled"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_values_gradients_and_scores(dtype, kind, size):
    n, d, k = size
    X, y, W = drawn(dtype, n, d, k)
    some = np.arange(n)[::-2]
    for loss in LOSSES:
        found = []
        for place in PLACES:
            target = y if loss.classifies else np.eye(k)[y]
            objective = gd.LinearObjective(placed(X, place), target, loss, gd.L2(0.1), **options_of(kind, d))
            value, gradient = objective.value_and_gradient(W)
            batch = objective.rows(some)
            found.append(
                [value, gradient, objective.value(W), objective.scores(W), batch.gradient(W), objective.gram()]
            )
            if dtype != "uint8":
                found[-1].append(objective.numerical_gradient(W, coordinates=[0, 5, d, W.size - 1]))
        for place, other in zip(PLACES[1:], found[1:], strict=True):
            if place == "by columns" and dtype == "uint8" and n >= 512:
                continue  # integers want rows in C order: see LinearObjective
            for a, b in zip(found[0], other, strict=True):
                np.testing.assert_array_equal(a, b, err_msg=f"{loss} {place}")


RULES = [gd.GradientDescent(), gd.Momentum(), gd.Adam(), gd.AdaGrad()]


@pytest.mark.parametrize("kind", ["plain", "scaled"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_compiled_steps(dtype, kind):
    n, d, k = 60, 256, 7
    X, y, _ = drawn(dtype, n, d, k)
    for rule in RULES:
        for clip in (None, 0.5):
            ends = []
            for place in PLACES:
                objective = gd.LinearObjective(
                    placed(X, place), y, gd.CrossEntropy(), gd.L2(0.01), **options_of(kind, d)
                )
                run = gd.minimize(
                    objective, np.zeros(objective.shape), rule, 1e-3, batches=gd.MiniBatches(8), max_steps=20, clip=clip
                )
                ends.append((run.w, run.value))
            for place, (w, value) in zip(PLACES, ends, strict=True):
                np.testing.assert_array_equal(w, ends[0][0], err_msg=f"{rule} {place}")
                assert value == ends[0][1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_single_rows_and_closed_forms(dtype):
    X, y, _ = drawn(dtype, 90, 256, 3)
    ends = []
    for place in PLACES:
        X_there = placed(X, place)
        hinge = gd.LinearObjective(X_there, y, gd.Hinge(), gd.L2(0.1), scale=np.full(256, 100.0))
        squares = gd.LinearObjective(X_there, np.eye(3)[y], gd.SquaredError(), gd.L2(0.1), scale=np.full(256, 100.0))
        dual = gd.minimize(hinge, np.zeros(hinge.shape), gd.DualCoordinateAscent(), max_steps=3)
        lasso = gd.minimize(
            squares.with_terms(gd.SquaredError(), gd.L1(0.01)),
            np.zeros(squares.shape),
            gd.CoordinateDescent(),
            max_steps=3,
        )
        ends.append((dual.w, squares.solve(), lasso.w))
    for place, end in zip(PLACES, ends, strict=True):
        for a, b in zip(ends[0], end, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=place)
