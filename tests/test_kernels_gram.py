"""The kernels of Gram matrices: bytes summed up exactly, floats within the error bound that `gram` states, and the same
bits at any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
from gdfast import _kernels
from gdfast.objective.linear.gram import FLOAT32_SERVES

DTYPES = ["uint8", "float16", "float32", "float64"]
# (n_samples, n_features): around the widths of panels, the parts of rows and the slabs of parts.
SIZES = [(1, 1), (2, 1), (5, 40), (127, 11), (129, 12), (257, 23), (513, 24), (1025, 47), (700, 97), (17_000, 3)]
LARGE = (9000, 230)  # more than one slab, and a task for each of four threads
ROWS_SUMMED = {"uint8": 256, "float16": 256, "float32": 256, "float64": 0}


@pytest.fixture(autouse=True)
def as_many_threads_as_before():
    before = _kernels.get_num_threads()
    yield
    gd.set_num_threads(before)


def objective_of(X, **options):
    return gd.LinearObjective(X, np.arange(len(X)) % 2, gd.CrossEntropy(), n_classes=2, **options)


def draw(size, dtype, seed=0):
    """Features on an offset, so that sums of products grow all the way."""
    rng = np.random.default_rng((seed, *size))
    return (rng.integers(0, 256, size) if dtype == "uint8" else rng.normal(1.0, 2.0, size)).astype(dtype)


def exactly(Z, weights):
    """``sum_i u_i z_i z_i'`` and ``sum_i u_i |z_i| |z_i|'``, in longer floats than any kernel's."""
    Z, weights = Z.astype(np.longdouble), weights.astype(np.longdouble)[:, None]
    return Z.T @ (weights * Z), np.abs(Z).T @ (weights * np.abs(Z))


def assert_within_bound(found, Z, weights, dtype):
    """What the docstring of `gram` promises."""
    expected, sizes = exactly(Z, weights)
    error = np.finfo(np.float32).epsneg * (ROWS_SUMMED[dtype] + 4) if ROWS_SUMMED[dtype] else 0.0
    error += np.finfo(np.float64).eps * (len(Z) + 8)
    assert (np.abs(found - expected) <= error * sizes).all()
    assert (found == found.T).all()


# ---- what it is ----


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_bytes_are_summed_up_exactly(size, bias):
    X = draw(size, "uint8")
    Z = np.column_stack([X, np.ones(len(X))[:, None][:, : int(bias)]]).astype(np.int64)
    G, largest = np.empty((Z.shape[1],) * 2), np.empty(Z.shape[1])
    _kernels.gram(objective_of(X, bias=bias).linear_problem.scorer, None, 1.0, False, G, largest)
    np.testing.assert_array_equal(G, Z.T @ Z)
    np.testing.assert_array_equal(largest, 1.0)


def test_the_largest_bytes_do_not_overflow():
    X = np.full((70_001, 2), 255, dtype=np.uint8)
    np.testing.assert_array_equal(objective_of(X, bias=False).gram(), np.full((2, 2), 255.0**2))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_floats_keep_the_bound(size, dtype):
    X, rng = draw(size, dtype), np.random.default_rng(1)
    mean, scale, weights = rng.normal(size=size[1]), rng.uniform(0.5, 2, size[1]), rng.random(size[0]) + 1e-3
    objective = objective_of(X, mean=mean, scale=scale, sample_weight=weights)
    Z = np.column_stack([(X.astype(np.float64) - mean) / scale, np.ones(len(X))])
    assert_within_bound(objective.gram(), Z, weights / weights.sum(), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_long_sums_do_not_drift(dtype):
    """A running sum in float32 loses 5e-4 of it."""
    X = np.full((300_000, 1), 3 if dtype == "uint8" else 0.1, dtype)
    weights = np.where(np.arange(len(X)) % 3 == 0, 0.7, 1.1)  # bytes in floats, too
    found = objective_of(X).gram(weights)
    x, mean = float(X[0, 0]), weights.mean()
    np.testing.assert_allclose(found, mean * np.array([[x * x, x], [x, 1]]), rtol=4e-6)
    np.testing.assert_allclose(objective_of(X).gram(), np.array([[x * x, x], [x, 1]]), rtol=4e-6)


def test_offsets_that_the_mean_takes_off_are_taken_off_before_rounding():
    rng = np.random.default_rng(0)
    X = (1e6 + rng.integers(-40, 41, (500, 6))).astype(np.float32)
    with pytest.warns(UserWarning, match="folding so large an offset"):
        objective = objective_of(X, mean=np.full(6, 1e6))
    Z = np.column_stack([X.astype(np.float64) - 1e6, np.ones(500)])
    np.testing.assert_allclose(objective.gram(), Z.T @ Z / 500, rtol=1e-6, atol=1e-6)
    offset = objective_of(X)
    Z[:, :6] += 1e6
    assert_within_bound(offset.gram(), Z, np.full(500, 1 / 500), "float32")


def test_bytes_less_their_mean_cancel_in_float64():
    X = np.random.default_rng(0).integers(250, 256, (3000, 5), dtype=np.uint8)
    X[:, 2] = 251
    mean, scale = X.mean(axis=0), np.maximum(X.std(axis=0), 1)
    Z = (X - mean) / scale
    found = objective_of(X, mean=mean, scale=scale, bias=False).gram()
    np.testing.assert_allclose(found, Z.T @ Z / 3000, rtol=1e-10, atol=1e-10)
    assert not found[2].any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_constant_and_duplicate_columns_stay_so(dtype):
    X = draw((300, 60), dtype)
    X[:, 59], X[:, 30], X[:, 4], X[:, 7] = X[:, 2], X[:, 2], 0, 3
    weights = np.random.default_rng(0).random(300)
    G = objective_of(X).gram(weights)
    np.testing.assert_array_equal(G[2], G[30])
    np.testing.assert_array_equal(G[2], G[59])
    assert not G[4].any()
    np.testing.assert_allclose(G[7], 3 * G[-1], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("exponent", [-66, -41, -39, 49, 51, 66, 100])
def test_columns_beyond_float32_are_summed_up_in_float64(dtype, exponent):
    """Scaled there in float64: products of such columns would over- or underflow."""
    X, scale = draw((200, 4), dtype), np.array([1.0, 2.0**-exponent, 1.0, 1.0])
    Z = X.astype(np.float64) / scale
    G = objective_of(X, scale=scale, bias=False).gram()
    expected = Z.T @ Z / 200
    sizes = np.sqrt(np.diag(expected))
    tight = not FLOAT32_SERVES[0] < np.abs(Z[:, 1]).max() < FLOAT32_SERVES[1]
    assert (np.abs(G - expected) <= (1e-13 if tight else 1e-5) * np.outer(sizes, sizes)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_far_apart(dtype):
    """A feature that rows of small weight alone have keeps its digits."""
    X = np.zeros((400, 3), dtype)
    X[:200, 0], X[200:, 1], X[:, 2] = draw((200, 3), dtype)[:, 0], draw((200, 3), dtype)[:, 1], 1
    weights = np.where(np.arange(400) < 200, 1.0, 1e-60)
    expected, _ = exactly(X, weights / 400)
    np.testing.assert_allclose(objective_of(X, bias=False).gram(weights), expected.astype(np.float64), rtol=1e-4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_of_zero(dtype):
    objective = objective_of(draw((20, 5), dtype))
    np.testing.assert_array_equal(objective.gram(np.zeros(20)), np.zeros((6, 6)))
    one = np.zeros(20)
    one[3] = 2.0
    np.testing.assert_allclose(objective.gram(one), 0.1 * objective.gram(indices=[3]), rtol=1e-15)


def test_in_float64_means_so():
    X, weights = draw((900, 10), "float32"), np.random.default_rng(0).random(900)
    objective = objective_of(X, bias=False)
    wide = gd.objective.linear.gram.gram(objective.linear_problem.in_float64(), weights)
    Z = X.astype(np.float64)
    np.testing.assert_allclose(wide, Z.T @ (weights[:, None] / 900 * Z), rtol=1e-12, atol=1e-13)


# ---- the same bits ----


def answers():
    """Of each type, weighted or not, shifted and scaled; of rows out of order."""
    found, rng = {}, np.random.default_rng(3)
    for dtype in DTYPES:
        X = draw(LARGE, dtype)
        order = rng.permutation(LARGE[0])[: LARGE[0] - 7]
        scaled = objective_of(X, mean=X.mean(axis=0, dtype=np.float64), scale=np.arange(1.0, LARGE[1] + 1))
        found[f"{dtype} plain"] = objective_of(X, bias=False).gram()
        found[f"{dtype} scaled"] = scaled.gram(indices=order)
        found[f"{dtype} weighted"] = scaled.gram(rng.random(LARGE[0]) * (rng.random(LARGE[0]) < 0.9))
    return found


@pytest.fixture(scope="module")
def alone():
    before = _kernels.get_num_threads()
    gd.set_num_threads(1)
    found = answers()
    gd.set_num_threads(before)
    return found


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_any_number_of_threads_gives_the_same_bits(threads, alone):
    gd.set_num_threads(threads)
    for name, answer in answers().items():
        np.testing.assert_array_equal(answer, alone[name], err_msg=name)


SCRIPT = """
import sys
import numpy as np
import test_kernels_gram, gdfast
assert gdfast._kernels.instruction_set() == sys.argv[2]
np.savez(sys.argv[1], **test_kernels_gram.answers())
"""


@pytest.mark.parametrize("isa", _kernels.available_instruction_sets())
def test_every_instruction_set_gives_the_same_numbers(isa, alone, tmp_path):
    """And of bytes that weigh the same, the same bits."""
    environment = {**os.environ, "GDFAST_ISA": isa, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "answers.npz"), isa]
    run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    with np.load(tmp_path / "answers.npz") as found:
        assert set(found) == set(alone)
        for name, answer in found.items():
            is_exact = name.startswith("uint8") and not name.endswith("weighted")
            tolerance = 0.0 if is_exact else 1e-13 if name.startswith("float64") else 1e-6
            sizes = np.sqrt(np.diag(alone[name]))
            assert (np.abs(answer - alone[name]) <= tolerance * np.outer(sizes, sizes)).all(), name


def test_other_threads_run_meanwhile():
    objective = objective_of(draw((4000, 900), "float32"))
    done, seen = threading.Event(), []

    def compute():
        seen.append(objective.gram())
        done.set()

    thread = threading.Thread(target=compute)
    thread.start()
    others = [0]
    while not done.is_set():
        others[0] += 1
    thread.join()
    assert others[0] > 1000
    np.testing.assert_array_equal(seen[0], objective.gram())
