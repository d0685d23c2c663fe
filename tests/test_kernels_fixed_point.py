"""The fixed-point kernel for uint8 pixels and coefficients that are real numbers (softmax, squared hinge, weights):
as near to float64 as float32 arithmetic is. Where there is none, the converting kernels must meet the same."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import gdfast as gd
import reference
from gdfast import _kernels
from test_kernels_integers import SIZES, draw, python

LOSSES = {
    reference.CROSS_ENTROPY: gd.CrossEntropy(),
    reference.SQUARED_HINGE: gd.SquaredHinge(),
    reference.HINGE: gd.Hinge(),
}


def assert_near(objective, problem, W, tolerance=3e-6):
    expected_value, expected = problem.data_loss(W)
    value, gradient = objective.value_and_gradient(W)
    assert value == pytest.approx(expected_value, rel=1e-6, abs=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=tolerance * np.abs(expected).max())
    assert objective.value(W) == value


def softmax(X, y, W):
    """Value and gradient in float64, and the norm of each class's row."""
    scores = X.astype(np.float64) @ W[:, :-1].T + W[:, -1]
    scores -= scores[np.arange(len(y)), y][:, None]
    most = scores.max(axis=1)
    shares = np.exp(scores - most[:, None])
    totals = shares.sum(axis=1)
    shares /= totals[:, None]
    shares[np.arange(len(y)), y] = 0
    shares[np.arange(len(y)), y] = -shares.sum(axis=1)  # 1 - share would lose what is small
    gradient = np.column_stack([shares.T @ X, shares.sum(axis=0)]) / len(y)
    return (np.log(totals) + most).mean(), gradient


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("loss", [reference.CROSS_ENTROPY, reference.SQUARED_HINGE])
def test_equals_the_formula(size, loss):
    X, y, W = draw(*size)
    problem = reference.LinearProblem(X, y, loss)
    assert_near(gd.LinearObjective(X, y, LOSSES[loss], n_classes=size[2]), problem, W)


@pytest.mark.parametrize("loss", LOSSES)
def test_sample_weights(loss):
    X, y, W = draw(800, 150, 6)
    for factor in (1e-33, 1.0, 1e20):
        weights = np.random.default_rng(1).uniform(0, 3, 800) * (np.arange(800) % 3 > 0) * factor
        objective = gd.LinearObjective(X, y, LOSSES[loss], n_classes=6, sample_weight=weights)
        assert_near(objective, reference.LinearProblem(X, y, loss, sample_weight=weights), W)


@pytest.mark.parametrize("bias", [True, False])
def test_mean_and_scale_are_folded_in(bias):
    X, y, W = draw(577, 191, 11)
    rng = np.random.default_rng(1)
    settings = {"mean": rng.uniform(0, 255, 191), "scale": rng.uniform(1, 90, 191), "bias": bias}
    problem = reference.LinearProblem(X, y, reference.CROSS_ENTROPY, **settings)
    assert_near(gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=11, **settings), problem, W[:, : 191 + bias] * 60)


def test_rows_in_any_order_and_repeated():
    X, y, W = draw(900, 150, 5)
    chosen = np.random.default_rng(2).integers(0, 900, 700)
    problem = reference.LinearProblem(X[chosen], y[chosen], reference.CROSS_ENTROPY)
    assert_near(gd.LinearObjective(X, y, gd.CrossEntropy()).rows(chosen), problem, W)


@pytest.mark.parametrize("scale", [0, 1e-4, 0.1, 1, 10])
def test_errors_are_those_of_float32(scale):
    X, y, W = draw(20000, 300, 10)
    W *= scale
    expected_value, expected = softmax(X, y, W)
    value, gradient = gd.LinearObjective(X, y, gd.CrossEntropy()).value_and_gradient(W)
    assert value == pytest.approx(expected_value, rel=1e-7)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("huge", [(2, 7), (2, slice(None)), (0, slice(None))], ids=["entry", "class", "class 0"])
@pytest.mark.parametrize("factor", [30, 1e4])
def test_huge_weights_leave_the_others_exact(huge, factor):
    # One that 24 bits can't hold beside the others is left to the converting kernels.
    X, y, W = draw(3000, 90, 6)
    X[:, 7] = 0
    W[huge] *= factor
    expected_value, expected = softmax(X, y, W)
    value, gradient = gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=6).value_and_gradient(W)
    assert value == pytest.approx(expected_value, rel=1e-6)
    for row, wanted in zip(gradient, expected, strict=True):
        # rows near a tie with a huge score carry its rounding
        np.testing.assert_allclose(row, wanted, rtol=0, atol=1e-4 * np.abs(wanted).max())


def test_coefficients_that_grow_along_the_rows():
    # From 1e-20 to 1: the integers' unit is raised in between, and what came before is kept.
    n, d = 4000, 70
    X, y, _ = draw(n, d, 3)
    weights = np.logspace(-20, 0, n)
    X[-1, :8] = 0
    X[:-600, 8:] = 0  # only the last, heavy rows reach these; the light ones alone the first column of all
    X[n // 2 :, 0] = 0
    X[: n // 2, 0] = 200
    problem = reference.LinearProblem(X, y, reference.CROSS_ENTROPY, sample_weight=weights)
    _, expected = problem.data_loss(np.zeros((3, d + 1)))
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=3, sample_weight=weights)
    gradient = objective.gradient(np.zeros((3, d + 1)))
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=3e-6 * np.abs(expected).max())


def test_every_coefficient_at_its_largest():
    # Every pixel is 255 and every coefficient nearly -1 or 1: the largest sums there are.
    n, d = 70000, 64
    X, y = np.full((n, d), 255, dtype=np.uint8), np.ones(n, dtype=int)
    W = np.zeros((2, d + 1))
    W[0, -1] = 60
    for labels, sign in ((y, 1), (1 - y, -1)):
        gradient = gd.LinearObjective(X, labels, gd.CrossEntropy(), n_classes=2).gradient(sign * W)
        expected = np.full((2, d + 1), 255.0) * np.array([[sign], [-sign]])
        expected[:, -1] /= 255
        np.testing.assert_allclose(gradient, expected, rtol=1e-6)


def test_what_is_met_has_a_small_gradient_to_many_digits():
    # A label's coefficient is minus the sum of the others: 1 - share would be 0 in float32.
    if _kernels.instruction_set() not in ("avx512", "neon_dotprod"):
        pytest.skip("the converting kernels lose this")
    y = np.arange(600) % 10
    X = np.zeros((600, 64), dtype=np.uint8)
    X[np.arange(600), y] = 250
    W = np.zeros((10, 65))
    W[:, :10] = 0.08 * np.eye(10)
    _, expected = softmax(X, y, W)
    gradient = gd.LinearObjective(X, y, gd.CrossEntropy()).gradient(W)
    np.testing.assert_allclose(gradient[:, :10], expected[:, :10], rtol=1e-5)


@pytest.mark.parametrize("exponent", [-300, -30, 40, 306])
def test_weights_of_any_size(exponent):
    X, y, W = draw(512, 80, 5)
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=5)
    value, gradient = objective.value_and_gradient(W * 10.0**exponent)
    if exponent > 0:
        assert not value < 1e30  # infinite or NaN where float32 is: a driver sees that it diverged
    else:
        _, expected = softmax(X, y, W * 0)
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


def test_sample_weights_beyond_float32_are_left_to_the_other_kernel():
    X, y, W = draw(512, 80, 5)
    weights = np.full(512, 1e300)
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=5, sample_weight=weights)
    value, gradient = objective.value_and_gradient(W)
    assert value == objective.value(W) == pytest.approx(softmax(X, y, W)[0], rel=1e-6)
    assert not np.isfinite(gradient).any()  # a driver sees that it diverged


@pytest.mark.parametrize("size", [(5000, 130, 5), (3000, 784, 10), (700, 300, 100)], ids=str)
@pytest.mark.parametrize("loss", LOSSES)
def test_any_number_of_threads_gives_the_same_bits(size, loss):
    n, _, k = size
    X, y, W = draw(*size)
    weights = np.logspace(-9, 0, n)
    objectives = [gd.LinearObjective(X, y, LOSSES[loss], n_classes=k, sample_weight=w) for w in (None, weights)]
    objectives += [objectives[0].rows(np.arange(n)[:: -(n // 600)])]
    gd.set_num_threads(1)
    alone = [objective.value_and_gradient(W) for objective in objectives]
    for threads in (2, 3, 5):
        gd.set_num_threads(threads)
        for objective, (value, gradient) in zip(objectives, alone, strict=True):
            other_value, other = objective.value_and_gradient(W)
            assert other_value == value
            np.testing.assert_array_equal(other, gradient)


GUARDED = """
import ctypes, mmap
import numpy as np
import test_kernels_integers, gdfast
n, d, k = 4096, 65, 3
memory = mmap.mmap(-1, n * d + mmap.PAGESIZE)
room = np.frombuffer(memory, dtype=np.uint8)
X, y, W = test_kernels_integers.draw(n, d, k)
view = room[: n * d].reshape(n, d)
view[...] = X
forbid = ctypes.CDLL(None, use_errno=True).mprotect
forbid.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
assert forbid(room.ctypes.data + n * d, mmap.PAGESIZE, 0) == 0
for rows in (np.arange(n), np.full(600, n - 1)):
    gradient = gdfast.LinearObjective(view, y, gdfast.CrossEntropy(), n_classes=k).rows(rows).gradient(W)
    expected = gdfast.LinearObjective(X, y, gdfast.CrossEntropy(), n_classes=k).rows(rows).gradient(W)
    np.testing.assert_array_equal(gradient, expected)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no mprotect")
def test_nothing_is_read_past_the_end(tmp_path):
    run = python(GUARDED, tmp_path)
    assert run.returncode == 0, run.stderr
