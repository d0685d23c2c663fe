"""The integer kernel for uint8 pixels and the hinge: value and gradient as if computed in float64 and rounded once,
the same bits whatever the instruction set, the threads or the order of the rows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
import reference
from gdfast import _kernels

# (n_samples, n_features, n_classes): what the kernel takes, around the widths of its tiles, blocks and pieces of rows.
SIZES = [
    (512, 64, 10),
    (513, 65, 2),
    (575, 127, 3),
    (600, 128, 7),
    (577, 191, 11),
    (800, 784, 10),
    (530, 100, 20),
    (520, 70, 66),
    (520, 64, 100),
    (515, 130, 128),
    (520, 5000, 3),
]


def draw(n, d, k, seed=0):
    rng = np.random.default_rng((seed, n, d, k))
    X = rng.integers(0, 256, (n, d), dtype=np.uint8)
    return X, rng.integers(0, k, n), rng.normal(size=(k, d + 1)) / np.sqrt(d) / 128


def python(script, folder, *arguments, **variables):
    """A script in a process of its own, which can import this module."""
    environment = {**os.environ, **variables, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def assert_agrees(objective, problem, W, tolerance=1e-12):
    expected_value, expected = problem.data_loss(W)
    value, gradient = objective.value_and_gradient(W)
    assert value == pytest.approx(expected_value, rel=tolerance)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=tolerance * np.abs(expected).max())
    assert objective.value(W) == value


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_equals_the_formula_in_float64(size):
    X, y, W = draw(*size)
    assert_agrees(gd.LinearObjective(X, y, gd.Hinge(), n_classes=size[2]), reference.LinearProblem(X, y), W)


@pytest.mark.parametrize("size", [(800, 784, 10), (577, 191, 11)], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_mean_scale_and_margin_are_folded_in_exactly(size, bias):
    _, d, k = size
    X, y, W = draw(*size)
    rng = np.random.default_rng(1)
    settings = {"mean": rng.uniform(0, 255, d), "scale": rng.uniform(1, 90, d), "bias": bias}
    W = W[:, : d + bias] * 60
    objective = gd.LinearObjective(X, y, gd.Hinge(0.3), n_classes=k, **settings)
    assert_agrees(objective, reference.LinearProblem(X, y, margin=0.3, **settings), W)


def test_rows_in_any_order_and_repeated():
    X, y, W = draw(900, 150, 5)
    chosen = np.random.default_rng(2).integers(0, 900, 700)
    batch = gd.LinearObjective(X, y, gd.Hinge()).rows(chosen)
    assert_agrees(batch, reference.LinearProblem(X[chosen], y[chosen]), W)
    # The order of rows is not even in the bits.
    value, gradient = batch.value_and_gradient(W)
    other_value, other_gradient = gd.LinearObjective(X, y, gd.Hinge()).rows(np.sort(chosen)).value_and_gradient(W)
    assert value == other_value
    np.testing.assert_array_equal(gradient, other_gradient)


@pytest.mark.parametrize("offset", [0, 1, 16, 63])
@pytest.mark.parametrize("gap", [0, 7])
def test_rows_at_any_address_and_distance(offset, gap):
    n, d, k = 600, 200, 6
    X, y, W = draw(n, d, k)
    room = np.full(n * (d + gap) + 128, 255, dtype=np.uint8)
    start = -room.ctypes.data % 64 + offset
    view = room[start : start + n * (d + gap)].reshape(n, d + gap)[:, :d]
    view[...] = X
    expected_value, expected = gd.LinearObjective(X, y, gd.Hinge(), n_classes=k).value_and_gradient(W)
    value, gradient = gd.LinearObjective(view, y, gd.Hinge(), n_classes=k).value_and_gradient(W)
    assert value == expected_value
    np.testing.assert_array_equal(gradient, expected)


GUARDED = """
import ctypes, mmap
import numpy as np
import test_kernels_integers, gdfast
n, d, k = 4096, 65, 3
size = n * d
memory = mmap.mmap(-1, size + mmap.PAGESIZE)
assert size % mmap.PAGESIZE == 0
room = np.frombuffer(memory, dtype=np.uint8)
X, y, W = test_kernels_integers.draw(n, d, k)
view = room[:size].reshape(n, d)
view[...] = X
forbid = ctypes.CDLL(None, use_errno=True).mprotect
forbid.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
assert forbid(room.ctypes.data + size, mmap.PAGESIZE, 0) == 0
for rows in (np.arange(n), np.full(600, n - 1)):
    gradient = gdfast.LinearObjective(view, y, gdfast.Hinge(), n_classes=k).rows(rows).gradient(W)
    expected = gdfast.LinearObjective(X, y, gdfast.Hinge(), n_classes=k).rows(rows).gradient(W)
    np.testing.assert_array_equal(gradient, expected)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no mprotect")
def test_nothing_is_read_past_the_end(tmp_path):
    # The byte after the last row lies in a page that nobody may read: the process would die.
    run = python(GUARDED, tmp_path)
    assert run.returncode == 0, run.stderr


def test_lecture_2_a_term_counts_when_its_margin_is_strictly_above_zero():
    # Scores are integers, so margins of exactly 0 are many and the formula has no rounding: which side they fall on
    # is decided by the rule alone.
    rng = np.random.default_rng(3)
    n, d, k = 700, 64, 4
    X = rng.integers(0, 3, (n, d), dtype=np.uint8)
    y, W = rng.integers(0, k, n), rng.integers(-1, 2, (k, d + 1)).astype(np.float64)
    problem = reference.LinearProblem(X, y)
    wrong = np.arange(k) != y[:, None]
    assert (problem.margins(W)[wrong] == 0).sum() > 50
    value, gradient = gd.LinearObjective(X, y, gd.Hinge()).value_and_gradient(W)
    expected_value, expected = problem.data_loss(W)
    assert value == pytest.approx(expected_value, rel=1e-15)
    sums = np.rint(expected * n)  # the oracle's running mean rounds; the sums themselves are integers
    np.testing.assert_allclose(gradient, sums / n, rtol=1e-15, atol=0)
    # The same ties by weights that 16 bits cannot hold: the formula in float64 decides.
    scaled = W * 3.0
    assert_agrees(gd.LinearObjective(X, y, gd.Hinge(3.0)), reference.LinearProblem(X, y, margin=3.0), scaled, 1e-14)


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_a_margin_one_rounding_from_zero_is_seen(step):
    # One feature decides; the margin is 1 + w * 255 with w just below, at and above -1 / 255 on the tie's grid.
    n, d = 512, 64
    X = np.zeros((n, d), dtype=np.uint8)
    X[:, 5] = 128
    W = np.zeros((2, d + 1))
    W[1, 5] = -(1 / 128) * (1 - step * 2**-52)
    W[1, 6] = 1.0  # makes the 16 bits coarse
    value, gradient = gd.LinearObjective(X, np.zeros(n, dtype=int), gd.Hinge(), n_classes=2).value_and_gradient(W)
    assert (value > 0) == (step > 0)
    assert gradient[1, 5] == (128 if step > 0 else 0)


@pytest.mark.parametrize("bright", [True, False])
@pytest.mark.parametrize("counts", [True, False])
def test_the_bound_holds_where_rounded_weights_err_most(bright, counts):
    # A huge weight on a pixel that is always 0 rounds the others to 0. All pixels at one end of [0, 255] then put the
    # margin as far from its estimate as it can be, and it lies next to 0.
    n, d = 512, 65
    X = np.zeros((n, d), dtype=np.uint8)
    X[:, :64] = 255 if bright else 0
    W = np.zeros((2, d + 1))
    W[1, :64], W[1, 64] = np.linspace(0.5, 1.5, 64), 1e9
    W[1, -1] = -255 * W[1, :64].sum() * bright - 1 + (1e-6 if counts else -1e-6)
    for y, sign in ((0, 1), (1, -1)):
        value, gradient = gd.LinearObjective(X, np.full(n, y), gd.Hinge(), n_classes=2).value_and_gradient(sign * W)
        assert value == pytest.approx(1e-6 if counts else 0, rel=1e-3)
        assert gradient[1 - y, -1] == (1 if counts else 0)


def test_the_rounding_of_the_formula_itself_is_followed():
    # The weights are held exactly, but 1e16 - 3 is 1e16 - 4 in float64: the margin is -4 + 3.5, not -3 + 3.5.
    X = np.zeros((512, 64), dtype=np.uint8)
    X[:, 3] = 1
    W = np.zeros((2, 65))
    W[1, 3], W[1, 4], W[:, -1] = -3, 32767, 1e16
    value, gradient = gd.LinearObjective(X, np.zeros(512, dtype=int), gd.Hinge(3.5), n_classes=2).value_and_gradient(W)
    assert value == 0
    np.testing.assert_array_equal(gradient, np.zeros((2, 65)))


def test_zero_weights_give_exactly_the_number_of_wrong_classes():
    X, y, W = draw(1024, 100, 10)
    value, gradient = gd.LinearObjective(X, y, gd.Hinge()).value_and_gradient(0 * W)
    assert value == 9.0
    assert_agrees(gd.LinearObjective(X, y, gd.Hinge()), reference.LinearProblem(X, y), 0 * W, 1e-15)
    assert gradient[:, -1].sum() == pytest.approx(0, abs=1e-15)


def test_lecture_5_all_margins_met_is_exactly_zero():
    y = np.arange(600) % 10
    X = np.zeros((600, 64), dtype=np.uint8)
    X[np.arange(600), y] = 1
    value, gradient = gd.LinearObjective(X, y, gd.Hinge()).value_and_gradient(np.eye(10, 65))
    assert value == 0.0
    np.testing.assert_array_equal(gradient, np.zeros((10, 65)))


def test_every_coefficient_at_its_largest():
    # All 127 wrong classes count in every row and every pixel is 255: the largest sums there are.
    n, d, k = 3000, 64, 128
    X, y = np.full((n, d), 255, dtype=np.uint8), np.arange(n) % 2
    gradient = gd.LinearObjective(X, y, gd.Hinge(), n_classes=k).gradient(np.zeros((k, d + 1)))
    expected = np.full((k, d + 1), 255.0)
    expected[:2] = 255 * (0.5 - 0.5 * 127)
    expected[:, -1] /= 255
    np.testing.assert_allclose(gradient, expected, rtol=1e-15)


@pytest.mark.parametrize("n_classes", [2, 3, 9, 10, 33, 64, 65, 66, 128])
@pytest.mark.parametrize("label", [0, -1])
@pytest.mark.parametrize("n_others", [0, 400])
def test_white_rows_of_one_label_count_in_full(n_classes, label, n_others):
    """Sums of coefficients times pixels are as far below zero as they come, in every block or in some of them."""
    X, y = np.full((1000, 96), 255, dtype=np.uint8), np.full(1000, label % n_classes)
    y[:n_others] = np.arange(n_others) % n_classes
    value, gradient = gd.LinearObjective(X, y, gd.Hinge(), n_classes=n_classes).value_and_gradient(
        np.zeros((n_classes, 97))
    )
    assert value == pytest.approx(n_classes - 1, rel=1e-15)
    counts = np.bincount(y, minlength=n_classes)
    expected = (1000 - n_classes * counts) / 1000
    np.testing.assert_allclose(gradient, np.outer(expected, [255.0] * 96 + [1]), rtol=1e-14, atol=1e-12)


@pytest.mark.parametrize("exponent", [-300, -160, -30, 30, 160])
def test_weights_of_any_size(exponent):
    X, y, W = draw(512, 80, 5)
    assert_agrees(gd.LinearObjective(X, y, gd.Hinge()), reference.LinearProblem(X, y), W * 10.0**exponent)


def test_one_huge_weight_leaves_the_others_exact():
    # It makes the integers coarse, so that nearly every row is decided in float64.
    X, y, W = draw(600, 90, 6)
    X[:, 7] = 0
    W[2, 7] = 1e6
    assert_agrees(gd.LinearObjective(X, y, gd.Hinge()), reference.LinearProblem(X, y), W)


def test_weights_beyond_the_integers_are_left_to_the_other_kernel():
    X, y, W = draw(512, 64, 3)
    value, _ = gd.LinearObjective(X, y, gd.Hinge()).value_and_gradient(W * 1e306)
    assert not value < 1e300  # infinite or NaN: a driver sees that it diverged


# The same bits.

THREADED = [(5000, 130, 5), (3000, 784, 10), (700, 300, 100)]


def answers(size):
    n, d, k = size
    X, y, W = draw(*size)
    rng = np.random.default_rng(4)
    folded = {"mean": rng.uniform(0, 255, d), "scale": rng.uniform(1, 90, d)}
    found = {}
    cases = {"plain": ({}, W), "folded": (folded, 60 * W), "float32": ({}, W.astype(np.float32))}
    for name, (settings, W) in cases.items():
        objective = gd.LinearObjective(X, y, gd.Hinge(), n_classes=k, **settings)
        value, gradient = objective.value_and_gradient(W)
        found |= {f"{size} {name} value": value, f"{size} {name} gradient": gradient}
        found[f"{size} {name} loss alone"] = objective.value(W)
        found[f"{size} {name} rows"] = objective.rows(np.arange(n)[:: -(n // 600)]).gradient(W)
    return found


def dump():
    return {name: answer for size in THREADED for name, answer in answers(size).items()}


@pytest.mark.parametrize("size", THREADED, ids=str)
def test_any_number_of_threads_gives_the_same_bits(size):
    gd.set_num_threads(1)
    alone = answers(size)
    for threads in (2, 3, 5):
        gd.set_num_threads(threads)
        for name, answer in answers(size).items():
            np.testing.assert_array_equal(answer, alone[name], err_msg=f"{name}, {threads} threads")


SCRIPT = """
import sys
import numpy as np
import test_kernels_integers, gdfast
assert gdfast._kernels.instruction_set() == sys.argv[2]
np.savez(sys.argv[1], **test_kernels_integers.dump())
"""


@pytest.fixture(scope="module")
def best():
    return dump()


@pytest.mark.parametrize("isa", _kernels.available_instruction_sets())
def test_every_instruction_set_gives_the_same_bits(isa, best, tmp_path):
    path = tmp_path / "answers.npz"
    run = python(SCRIPT, tmp_path, str(path), isa, GDFAST_ISA=isa)
    assert run.returncode == 0, run.stderr
    with np.load(path) as found:
        assert set(found) == set(best)
        for name, answer in found.items():
            np.testing.assert_array_equal(answer, best[name], err_msg=name)
