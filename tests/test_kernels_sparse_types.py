"""What CSR may be made of: bytes as values, wide indices, more entries than 32 bits count, entries that are zeros, in
disorder or there several times; and what is refused by name."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
import reference
from gdfast import _kernels

sparse = pytest.importorskip("scipy.sparse")

MAKERS = {reference.HINGE: gd.Hinge, reference.CROSS_ENTROPY: gd.CrossEntropy, reference.SQUARED_ERROR: gd.SquaredError}
N, D, K = 700, 300, 6


def counts(seed=0):
    """Word counts: (N, D) of uint8, a few of them 255."""
    rng = np.random.default_rng(seed)
    X = sparse.random_array((N, D), density=0.06, format="csr", random_state=rng)
    X.data = rng.integers(0, 9, X.nnz).astype(np.uint8)  # some are explicit zeros
    X.data[:: X.nnz // 7] = 255
    return X


def pair(loss=reference.HINGE, **options):
    """An objective on bytes, and on the same numbers in float32; and weights."""
    X, rng = counts(), np.random.default_rng(1)
    y = rng.normal(size=(N, K)) if loss in reference.REGRESSIONS else rng.integers(0, K, N)
    if loss not in reference.REGRESSIONS:
        options["n_classes"] = K
    W = rng.normal(size=(K, D + 1)) / 20
    return [gd.LinearObjective(A, y, MAKERS[loss](), **options) for A in (X, X.astype(np.float32))], W


@pytest.mark.parametrize("loss", MAKERS)
def test_bytes_give_the_bits_of_float32(loss):
    scale = np.random.default_rng(2).uniform(0.5, 2, D)
    (narrow, wide), W = pair(loss, scale=scale)
    assert narrow.arithmetic == np.float32
    for name in ("value", "gradient", "scores"):
        np.testing.assert_array_equal(getattr(narrow, name)(W), getattr(wide, name)(W), err_msg=name)
    chosen = np.arange(N)[::-3]
    np.testing.assert_array_equal(narrow.rows(chosen).gradient(W), wide.rows(chosen).gradient(W))
    np.testing.assert_array_equal(narrow.in_float64().gradient(W), wide.in_float64().gradient(W))
    np.testing.assert_array_equal(narrow.numerical_gradient(W, h=1e-2), wide.numerical_gradient(W, h=1e-2))
    np.testing.assert_array_equal(narrow.gram(), wide.gram())
    np.testing.assert_array_equal(narrow.lipschitz(), wide.lipschitz())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "optimizer", [gd.GradientDescent(), gd.Momentum(), gd.AdaGrad()], ids=lambda o: type(o).__name__
)
def test_bytes_are_descended_on_as_float32_is(dtype, optimizer):
    objectives, W = pair(reference.HINGE, regularizer=gd.L2(1e-3))
    found = [
        gd.minimize(o, np.zeros(W.shape, dtype), optimizer, step=1e-3, batches=gd.MiniBatches(4), epochs=2).w
        for o in objectives
    ]
    np.testing.assert_array_equal(*found)


def test_bytes_are_solved_as_float32_is():
    objectives, W = pair(reference.HINGE, regularizer=gd.L2(0.1))
    assert objectives[0].duality_gap(W) == objectives[1].duality_gap(W)
    found = [gd.solve(o, tol=1e-3) for o in objectives]
    np.testing.assert_array_equal(found[0].w, found[1].w)


def test_entries_of_bytes_that_are_there_twice_add_up_beyond_255():
    X = sparse.csr_array((1, 3), dtype=np.uint8)
    X.data, X.indices, X.indptr = np.array([200, 3, 200], np.uint8), np.array([1, 0, 1], np.int32), np.array([0, 3])
    W = np.array([[1.0, 10.0, 100.0, 0.5]])
    objective = gd.LinearObjective(X, np.array([0.0]), gd.SquaredError())
    assert objective.scores(W)[0, 0] == 3 + 4000 + 0.5
    assert objective.gradient(W)[0].tolist() == [2 * 4003.5 * x for x in (3, 400, 0, 1)]


def test_chunks_of_bytes_are_read_as_bytes():
    (narrow, _), W = pair(reference.HINGE)
    chunked = gd.ChunkedObjective(counts(), narrow.y, gd.Hinge(), n_classes=K)
    assert chunked.value(W) == pytest.approx(narrow.value(W), rel=1e-6)
    np.testing.assert_allclose(chunked.gradient(W), narrow.gradient(W), atol=1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_wide_indices_and_disorder_change_nothing_but_rounding(dtype):
    X, W = counts().astype(dtype), pair()[1]
    y, rng = np.random.default_rng(1).integers(0, K, N), np.random.default_rng(3)
    tangled = sparse.csr_array(X.shape, dtype=dtype)
    order = np.concatenate([rng.permutation(np.arange(a, b)) for a, b in zip(X.indptr, X.indptr[1:], strict=False)])
    tangled.data, tangled.indices, tangled.indptr = (
        X.data[order],
        X.indices[order].astype(np.int64),
        X.indptr.astype(np.int64),
    )
    found, expected = (gd.LinearObjective(A, y, gd.CrossEntropy(), n_classes=K) for A in (tangled, X))
    np.testing.assert_array_equal(found.gradient(W), expected.gradient(W))  # the copy by columns puts them in order
    runs = [
        gd.minimize(o, np.zeros_like(W), step=1e-3, batches=gd.MiniBatches(1), epochs=1).w for o in (found, expected)
    ]
    np.testing.assert_allclose(*runs, rtol=0, atol=1e-5 * np.abs(runs[1]).max())


@pytest.mark.parametrize("dtype", ["int64", "int32", "int8", "uint16", "bool", "float16", "complex128", "longdouble"])
def test_other_types_of_values_are_refused_by_name(dtype):
    X = sparse.csr_array(counts().shape, dtype=np.float64)
    given = counts()
    X.data, X.indices, X.indptr = given.data.astype(dtype), given.indices, given.indptr
    with pytest.raises(TypeError, match=rf"X\.data must be uint8, float32 or float64; its dtype is {X.data.dtype}"):
        gd.LinearObjective(X, np.zeros(N, int), gd.Hinge(), n_classes=K)


@pytest.mark.parametrize("kind", ["csc", "coo", "bsr", "lil", "dia", "dok"])
def test_other_formats_are_refused_by_name(kind):
    X = sparse.eye_array(5, dtype=np.float32).asformat(kind)
    with pytest.raises(TypeError, match=rf"in {kind.upper()} format: X\.tocsr\(\) converts"):
        gd.LinearObjective(X, np.zeros(5, int), gd.Hinge(), n_classes=K)


@pytest.mark.slow
def test_more_entries_than_32_bits_count():
    # Pages that are only read cost no memory. Row 0 holds 2**31 entries that are 0, in column 0.
    many, d = 2**31, 50
    try:
        values, indices = np.zeros(many + 3, np.uint8), np.zeros(many + 3, np.int32)
    except MemoryError:
        pytest.skip("this machine has no room for 10 GB of addresses")
    values[-3:], indices[-3:] = (7, 1, 5), (49, 3, 8)
    X = sparse.csr_array((2, d), dtype=np.uint8)
    X.data, X.indices, X.indptr = values, indices, np.array([0, many, many + 3])
    W = np.random.default_rng(0).normal(size=(3, d + 1))
    objective = gd.LinearObjective(X, np.array([0, 1]), gd.CrossEntropy(), n_classes=3).rows([1])
    row = np.zeros((1, d))
    row[0, [49, 3, 8]] = 7, 1, 5
    value, gradient = reference.LinearProblem(row, np.array([1]), reference.CROSS_ENTROPY).data_loss(W)
    assert objective.value(W) == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(objective.gradient(W), gradient, atol=1e-5)
    moved = gd.minimize(objective, W, step=0.1, batches=gd.MiniBatches(1), max_steps=1).w
    np.testing.assert_allclose(moved, W - 0.1 * gradient, atol=1e-5)
    indices[-1] = d
    with pytest.raises(ValueError, match=rf"X\.indices must be in \[0, {d}\); X\.indices\[{many + 2}\] is {d}"):
        gd.LinearObjective(X, np.array([0, 1]), gd.CrossEntropy(), n_classes=3)


def test_the_binding_takes_bytes_and_no_half_precision():
    starts, columns = np.array([0, 1]), np.array([0], np.int32)
    assert _kernels.SparseRows(np.ones(1, np.uint8), columns, starts, (1, 1)).dtype == np.uint8
    with pytest.raises(TypeError, match="values"):
        _kernels.SparseRows(np.ones(1, np.float16), columns, starts, (1, 1))
