"""The kernels on sparse X: every type of values and indices, loss, size, thread count and instruction set, against
the oracle on the same X as a dense array."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
import reference
from gdfast import _kernels

sparse = pytest.importorskip("scipy.sparse")

MAKERS = {
    reference.HINGE: gd.Hinge,
    reference.SQUARED_HINGE: gd.SquaredHinge,
    reference.CROSS_ENTROPY: gd.CrossEntropy,
    reference.SQUARED_ERROR: gd.SquaredError,
    reference.HUBER: gd.Huber,
}
DTYPES = ["float64", "float32"]
INDICES = ["int32", "int64"]
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
# (n_samples, n_features, n_classes, share of entries): around the widths of vectors, quads, groups and blocks.
SIZES = [
    *[(33, 40, k, 0.3) for k in (2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 16, 17, 20, 23, 25, 29, 32, 33, 40, 65, 100)],
    *[(n, 30, 5, 0.2) for n in (1, 2, 63, 64, 65, 600)],
    *[(20, d, 6, 0.2) for d in (1, 3, 4, 255, 256, 257, 1030)],
    (50, 20, 4, 0.0),
    (40, 30, 3, 1.0),
    (30, 3000, 10, 0.01),
]


def draw(dtype, indices, loss, size, seed=0, tangled=False):
    """CSR, labels and weights that leave every margin clear of the hinge's kink; `tangled`: indices unsorted, and
    entries split into repeats that add up."""
    n, d, k, share = size
    rng = np.random.default_rng((seed, n, d, k))
    X = np.where(rng.random((n, d)) < share, rng.normal(size=(n, d)), 0).astype(dtype)
    W = rng.normal(size=(k, d + 1)) / np.sqrt(d)
    y = rng.normal(size=(n, k)) if loss in reference.REGRESSIONS else rng.integers(0, k, n)
    if loss == reference.HINGE:
        margins = reference.LinearProblem(X, y).margins(W)
        clear = (np.abs(margins) > 1e-4).sum(axis=1) >= k - 1
        clear[0] = True
        X, y = X[clear], y[clear]
    return as_csr(X, indices, tangled, rng), y, W


def as_csr(X, indices="int32", tangled=False, rng=None):
    csr = sparse.csr_array(X)
    data, columns, starts = csr.data, csr.indices.astype(indices), csr.indptr.astype(indices)
    if tangled:  # each entry twice: half of it in a first round, half in a second, each in its own order
        parts = [np.concatenate([rng.permutation(np.arange(a, b)), rng.permutation(np.arange(a, b))])
                 for a, b in pairwise(starts)]  # fmt: skip
        order = np.concatenate(parts).astype(np.int64)
        data, columns, starts = data[order] / 2, columns[order], 2 * starts
    made = sparse.csr_array(X.shape, dtype=X.dtype)
    made.data, made.indices, made.indptr = data, columns, starts
    return made


def build(X, y, loss, k, **options):
    return gd.LinearObjective(X, y, MAKERS[loss](), n_classes=None if loss in reference.REGRESSIONS else k, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("indices", INDICES)
@pytest.mark.parametrize("tangled", [False, True])
@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_size(dtype, indices, tangled, loss, size):
    X, y, W = draw(dtype, indices, loss, size, tangled=tangled)
    problem, objective = reference.LinearProblem(X.toarray(), y, loss), build(X, y, loss, size[2])
    tolerance = TOLERANCE[dtype]
    expected_value, expected = problem.data_loss(W)
    value, gradient = objective.value_and_gradient(W)
    assert value == pytest.approx(expected_value, rel=tolerance, abs=tolerance)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=tolerance * np.abs(expected).max())
    scores = problem.scores(W)
    np.testing.assert_allclose(objective.scores(W), scores, rtol=0, atol=tolerance * (1 + np.abs(scores).max()))
    assert objective.value(W) == pytest.approx(expected_value, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(1, 1), (33, 7), (64, 16), (100, 257), (1000, 3)], ids=str)
def test_one_output(dtype, size):
    n, d = size
    X, y, W = draw(dtype, "int32", reference.SQUARED_ERROR, (n, d, 1, 0.5))
    objective = gd.LinearObjective(X, y[:, 0], gd.SquaredError())
    expected_value, expected = reference.LinearProblem(X.toarray(), y, reference.SQUARED_ERROR).data_loss(W)
    value, gradient = objective.value_and_gradient(W)
    assert value == pytest.approx(expected_value, rel=TOLERANCE[dtype])
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=TOLERANCE[dtype] * np.abs(expected).max())


# Large enough for several panels of rows, splits of columns and chunks of everything: against dense NumPy.
LARGE = [(3000, 900, 20, 0.15), (70_000, 300, 3, 0.05), (9000, 2000, 70, 0.01), (200, 70_000, 20, 0.02)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", LARGE, ids=str)
def test_large(dtype, size):
    n, d, k, share = size
    rng = np.random.default_rng(size[:3])
    X = sparse.random_array((n, d), density=share, format="csr", dtype=dtype, random_state=rng)
    y, W = rng.integers(0, k, n), rng.normal(size=(k, d + 1))
    wide = X.astype(np.float64)
    scores = wide @ W[:, :-1].T + W[:, -1]
    value, coefficients = gd.CrossEntropy().value_and_gradient(scores, y)
    expected = np.column_stack([(wide.T @ coefficients).T, coefficients.sum(axis=0)])
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=k)
    tolerance = TOLERANCE[dtype]
    found, gradient = objective.value_and_gradient(W)
    assert found == pytest.approx(value, rel=tolerance)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=tolerance * np.abs(expected).max())
    np.testing.assert_allclose(objective.scores(W), scores, rtol=0, atol=tolerance * np.abs(scores).max())
    chosen = rng.integers(0, n, 50)
    batch = objective.rows(chosen)
    value, coefficients = gd.CrossEntropy().value_and_gradient(scores[chosen], y[chosen])
    expected = np.column_stack([(wide[chosen].T @ coefficients).T, coefficients.sum(axis=0)])
    assert batch.value(W) == pytest.approx(value, rel=tolerance)
    np.testing.assert_allclose(batch.gradient(W), expected, rtol=0, atol=tolerance * np.abs(expected).max())


def answers(objective, W):
    value, gradient = objective.value_and_gradient(W)
    batch = objective.rows(np.arange(objective.n_samples)[::-3])
    found = {
        "value": value,
        "gradient": gradient,
        "loss alone": objective.value(W),
        "losses": objective.values_at(np.stack([W, 0.5 * W, -W])),
        "float32 gradient": objective.gradient(W.astype(np.float32)),
        "scores": objective.scores(W),
        "mini-batch gradient": batch.gradient(W),
        "numerical gradient": objective.numerical_gradient(W, h=1e-2, coordinates=[0, 3, W.shape[1] - 1, W.size - 1]),
        "all of it": objective.numerical_gradient(W, h=1e-2),
        "ray": objective.along_ray(W, np.ones_like(W)).values([0.0, 0.5]),
    }
    crossings = objective.kink_crossings(W, 1e-2)
    if crossings is not None:
        found["crossings"], found["excess"] = crossings
    return found


# One chunk of everything; splits of one panel's columns; several panels; many classes.
THREADED = [(5, 40, 10, 0.3), (1500, 900, 20, 0.15), (5000, 600, 70, 0.02), (300, 3000, 3, 0.1)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("size", THREADED, ids=str)
def test_any_number_of_threads_gives_the_same_bits(dtype, loss, size):
    n, d, k, share = size
    rng = np.random.default_rng(size[:3])
    X = sparse.random_array((n, d), density=share, format="csr", dtype=dtype, random_state=rng)
    y = rng.normal(size=(n, k)) if loss in reference.REGRESSIONS else rng.integers(0, k, n)
    W = rng.normal(size=(k, d + 1))
    options = {"scale": rng.uniform(0.5, 2, d), "sample_weight": rng.uniform(0.1, 1, n)}
    objective = gd.LinearObjective(
        X, y, MAKERS[loss](), gd.L2(0.01), n_classes=None if loss in reference.REGRESSIONS else k, **options
    )
    gd.set_num_threads(1)
    alone = answers(objective, W)
    for threads in (1, 2, 3, 5):
        gd.set_num_threads(threads)
        for name, answer in answers(objective, W).items():
            np.testing.assert_array_equal(answer, alone[name], err_msg=f"{name}, {threads} threads")


# Instruction sets: each in a process of its own, since it is chosen at import.

CASES = [(dtype, loss, size) for dtype in DTYPES for loss in reference.LOSSES for size in [*SIZES[::4], SIZES[-1]]]
SCRIPT = """
import sys
import numpy as np
import test_kernels_sparse, gdfast
assert gdfast._kernels.instruction_set() == sys.argv[2]
np.savez(sys.argv[1], **test_kernels_sparse.dump())
"""


def dump():
    """All the answers of CASES as one flat dictionary."""
    found = {}
    for dtype, loss, size in CASES:
        X, y, W = draw(dtype, "int32", loss, size)
        for name, answer in answers(build(X, y, loss, size[2]), W).items():
            found[f"{dtype} {loss} {size} {name}"] = answer
    return found


@pytest.fixture(scope="module")
def best():
    return dump()


@pytest.mark.parametrize("isa", _kernels.available_instruction_sets())
def test_every_instruction_set_gives_the_same_numbers(isa, best, tmp_path):
    environment = {**os.environ, "GDFAST_ISA": isa, "PYTHONPATH": str(Path(__file__).parent)}
    path = tmp_path / "answers.npz"
    command = [sys.executable, "-c", SCRIPT, str(path), isa]
    run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    with np.load(path) as found:
        assert set(found) == set(best)
        for name, answer in found.items():
            dtype = "float32" if "float32 gradient" in name else name.split()[0]
            tolerance = 1e-10 if "numerical" in name or "all of it" in name else TOLERANCE[dtype]
            room = tolerance * (1 + np.abs(best[name]).max())
            np.testing.assert_allclose(answer, best[name], rtol=0, atol=room, err_msg=name)
