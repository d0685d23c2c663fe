"""A chunked objective is the linear objective on the same rows: value, gradient, scores, rays and planes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gdfast as gd
from gdfast.datasets.chunks import chunk_source
from gdfast.objective.chunked.layout import bytes_of_row

LOSSES: list[Any] = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber(0.5)]
FEATURES = 6


def problem(dtype: str, loss: Any, seed: int = 0, n: int = 230) -> tuple[Any, Any, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 255, (n, FEATURES)).astype(dtype) if dtype == "uint8" else rng.normal(size=(n, FEATURES))
    y = rng.integers(0, 3, n) if loss.classifies else rng.normal(size=n)
    options = {"mean": X.mean(axis=0), "scale": X.std(axis=0), "sample_weight": rng.uniform(0, 2, n)}
    return X.astype(dtype), y, options


def pair(dtype: str, loss: Any, rows_per_chunk: int = 23) -> tuple[Any, Any, Any, Any]:
    """The chunked objective, the linear one, and two matrices of weights."""
    X, y, options = problem(dtype, loss)
    limit = 8 * rows_per_chunk * bytes_of_row(chunk_source(X), 3 if loss.classifies else 1)
    chunked = gd.ChunkedObjective(X, y, loss, gd.L2(0.1), memory_limit=limit, **options)
    linear = gd.LinearObjective(X, y, loss, gd.L2(0.1), **options)
    W, V = np.random.default_rng(1).normal(size=(2, *linear.shape))
    return chunked, linear, W, V


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_it_is_the_linear_objective(loss: Any, dtype: str) -> None:
    chunked, linear, W, V = pair(dtype, loss)
    assert chunked.problem.engine.n_chunks == 10
    near = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(chunked.value(W), linear.value(W), rtol=near)
    np.testing.assert_allclose(chunked.gradient(W), linear.gradient(W), rtol=near, atol=near)
    np.testing.assert_allclose(chunked.values_at(np.stack([W, V])), linear.values_at(np.stack([W, V])), rtol=near)
    np.testing.assert_array_equal(chunked.scores(W), linear.scores(W))
    assert chunked.in_float64().value(W) == pytest.approx(linear.in_float64().value(W), rel=1e-13)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_rays_and_planes(loss: Any) -> None:
    chunked, linear, W, V = pair("float64", loss)
    mine, other = gd.along_ray(chunked, W, V), gd.along_ray(linear, W, V)
    steps = np.linspace(-1, 2, 7)
    np.testing.assert_allclose(mine.values(steps), other.values(steps), rtol=1e-12)
    for step in steps:
        assert mine.slope(step) == pytest.approx(other.slope(step), rel=1e-10, abs=1e-10)
        assert mine.slope_left(step) == pytest.approx(other.slope_left(step), rel=1e-10, abs=1e-10)
    U = np.random.default_rng(2).normal(size=W.shape)
    grid = gd.on_plane(chunked, W, U, V).values(steps, steps[:3])
    np.testing.assert_allclose(grid, gd.on_plane(linear, W, U, V).values(steps, steps[:3]), rtol=1e-12)


def test_its_bits_do_not_depend_on_what_is_held_in_memory() -> None:
    X, y, _ = problem("float32", gd.CrossEntropy(), n=1000)
    W = np.random.default_rng(1).normal(size=(3, FEATURES + 1))
    held = gd.ChunkedObjective(X, y, gd.CrossEntropy(), memory_limit=8 * 100 * FEATURES * 4)
    held.value(W)
    again, first = held.value_and_gradient(W), held.value_and_gradient(W)
    assert again[0] == first[0]
    np.testing.assert_array_equal(again[1], first[1])
    assert held.passes == 3
