"""LinearObjective on sparse X: what it accepts and refuses, and that everything it can do for dense X it does alike."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference

sparse = pytest.importorskip("scipy.sparse")

MAKERS = {
    reference.HINGE: gd.Hinge,
    reference.SQUARED_HINGE: gd.SquaredHinge,
    reference.CROSS_ENTROPY: lambda margin: gd.CrossEntropy(),
    reference.SQUARED_ERROR: lambda margin: gd.SquaredError(),
    reference.HUBER: lambda margin: gd.Huber(margin),
}


def tangle(X, rng):
    """The same matrix with each row's indices in a random order, some entries split into two that add up."""
    data, indices, indptr = [], [], [0]
    for row in X:
        columns = np.flatnonzero(row)
        twice = columns[rng.random(columns.size) < 0.4]
        entries = [(j, row[j] * (0.5 if j in twice else 1)) for j in columns] + [(j, row[j] * 0.5) for j in twice]
        order = rng.permutation(len(entries))
        indices += [entries[i][0] for i in order]
        data += [entries[i][1] for i in order]
        indptr.append(len(data))
    csr = sparse.csr_matrix(X.shape, dtype=X.dtype)
    csr.data, csr.indices = np.array(data, dtype=X.dtype), np.array(indices, dtype=np.int32)
    csr.indptr = np.array(indptr, dtype=np.int32)
    return csr


def pair(loss, seed=0, n=12, d=5, k=3, margin=1.0, bias=True, l1=0.0, l2=0.0, dtype=np.float64, **options):
    """The same problem twice: gdfast's on CSR and the oracle's on the dense array; and weights."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((n, d)) < 0.5, rng.normal(size=(n, d)), 0).astype(dtype)
    y = rng.normal(size=(n, k)) if loss in reference.REGRESSIONS else rng.integers(0, k, n)
    W = rng.normal(size=(k, d + bias))
    regularizer = gd.ElasticNet(l1, l2) if l1 or l2 else None
    classes = None if loss in reference.REGRESSIONS else k
    objective = gd.LinearObjective(
        tangle(X, rng), y, MAKERS[loss](margin), regularizer, bias=bias, n_classes=classes, **options
    )
    return objective, reference.LinearProblem(X, y, loss, margin, l1, l2, bias, **options), W


# Laws.


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("scheme", ["centered", "forward"])
@settings(max_examples=25)
@given(
    n=st.integers(1, 20),
    d=st.integers(1, 9),
    k=st.integers(2, 9),
    h=st.sampled_from([2.0, 0.5, 0.05, 1e-3]),
    margin=st.floats(0.1, 10),
    bias=st.booleans(),
    penalize_bias=st.booleans(),
    l1=st.sampled_from([0.0, 0.2]),
    l2=st.sampled_from([0.0, 0.3]),
    weighted=st.booleans(),
    scaled=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_everything_equals_the_oracle(loss, scheme, n, d, k, h, weighted, scaled, seed, **options):
    rng = np.random.default_rng(seed + 1)
    if weighted:
        options["sample_weight"] = rng.uniform(0.1, 2, n) * (rng.random(n) < 0.8) + (np.arange(n) == 0)
    if scaled:
        options["scale"] = rng.uniform(0.5, 2, d)
    objective, problem, W = pair(loss, seed, n, d, k, **options)
    expected = reference.numerical_gradient(problem.value, W, h, scheme)
    quotient = objective.numerical_gradient(W, h=h, scheme=scheme)
    np.testing.assert_allclose(quotient, expected, rtol=0, atol=1e-13 * (1 + problem.value(W)) * (1 + h) / h)
    value, gradient = objective.value_and_gradient(W)
    assert value == pytest.approx(problem.value(W), rel=1e-12)
    np.testing.assert_allclose(gradient, problem.gradient(W), rtol=0, atol=1e-12 * (1 + np.abs(gradient).max()))
    np.testing.assert_allclose(objective.values_at(np.stack([W, 2 * W])), [value, problem.value(2 * W)], rtol=1e-12)


@pytest.mark.parametrize("loss", reference.LOSSES)
@settings(max_examples=15)
@given(coordinates=st.lists(st.integers(0, 17), min_size=1, max_size=20), seed=st.integers(0, 2**32))
def test_chosen_coordinates_in_the_order_given(loss, coordinates, seed):
    objective, _, W = pair(loss, seed, l2=0.1)
    everything = objective.numerical_gradient(W, h=0.1)
    chosen = objective.numerical_gradient(W, h=0.1, coordinates=coordinates)
    np.testing.assert_allclose(chosen, everything.ravel()[coordinates], rtol=0, atol=1e-13)


@pytest.mark.parametrize("h", [1.0, 0.1, 0.05])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("k", [3, 9])
def test_kink_crossings_are_counted(h, bias, k):
    objective, problem, W = pair(reference.HINGE, seed=3, n=90, bias=bias, k=k)
    expected = problem.kink_crossings(W, h)
    assert expected.sum() > 0
    counts, _ = objective.kink_crossings(W, h)
    np.testing.assert_array_equal(counts, expected)
    chosen = [7, 2, 2, W.size - 1]
    np.testing.assert_array_equal(objective.kink_crossings(W, h, chosen)[0], expected.ravel()[chosen])


@pytest.mark.parametrize("h", [1.0, 0.1, 1e-3])
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), weighted=st.booleans(), bias=st.booleans())
def test_crossings_explain_all_that_the_quotient_differs_from_the_gradient(h, seed, weighted, bias):
    options = {"sample_weight": np.random.default_rng(seed).uniform(0.1, 2, 40)} if weighted else {}
    objective, _, W = pair(reference.HINGE, seed, n=40, bias=bias, **options)
    counts, excess = objective.kink_crossings(W, h)
    quotient = objective.numerical_gradient(W, h=h)
    np.testing.assert_allclose(quotient, objective.gradient(W) + excess, rtol=0, atol=1e-12 / h)
    np.testing.assert_array_equal(excess[counts == 0], 0)


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rays_planes_and_differences_are_float64_whatever_the_data_are(loss, dtype):
    objective, problem, W = pair(loss, n=40, d=20, k=5, dtype=dtype)
    rng = np.random.default_rng(1)
    U, V = rng.normal(size=(2, *W.shape))
    # Halves of float32 numbers add up to them exactly, so the tangled matrix is the dense one.
    expected = reference.numerical_gradient(problem.value, W, 1e-2)
    np.testing.assert_allclose(objective.numerical_gradient(W, h=1e-2), expected, rtol=0, atol=1e-10)
    ray, plane = gd.along_ray(objective, W, V), gd.on_plane(objective, W, U, V)
    steps = np.array([-1.0, 0.0, 0.3])
    np.testing.assert_allclose(ray.values(steps), [problem.value(W + a * V) for a in steps], rtol=1e-12)
    assert ray.slope(0.3) == pytest.approx(float((problem.gradient(W + 0.3 * V) * V).sum()), rel=1e-10)
    grid = [[problem.value(W + a * U + b * V) for b in steps] for a in steps]
    np.testing.assert_allclose(plane.values(steps, steps), grid, rtol=1e-12)


@pytest.mark.parametrize("loss", reference.LOSSES)
def test_rows_is_the_mean_over_those_rows(loss):
    n = 30
    weights = np.random.default_rng(5).uniform(0.1, 2, n)
    objective, problem, W = pair(loss, n=n, sample_weight=weights, scale=np.linspace(0.5, 2, 5), l2=0.1)
    chosen = np.array([7, 3, 3, 29, 0])
    batch, again = objective.rows(chosen), objective.rows(list(range(20, 30))).rows([9, 0])
    for part, ids in ((batch, chosen), (again, np.array([29, 20]))):
        small = reference.LinearProblem(
            problem.X[ids], problem.y[ids], loss, l2=0.1, sample_weight=weights[ids], scale=problem.scale
        )
        share = weights[ids].mean() / weights.mean()
        penalty = reference.penalty(problem.penalized(W), l2=0.1)
        assert part.value(W) == pytest.approx(small.data_loss(W)[0] * share + penalty, rel=1e-12)
        expected = small.data_loss(W)[1] * share + reference.penalty_gradient(problem.penalized(W), l2=0.1)
        np.testing.assert_allclose(part.gradient(W), expected, rtol=0, atol=1e-12 * (1 + np.abs(expected).max()))
    assert objective.passes == pytest.approx(2 * 7 / n)


def test_scores_margins_predictions_accuracy():
    objective, problem, W = pair(reference.HINGE, n=40, k=4)
    np.testing.assert_allclose(objective.scores(W), problem.scores(W), atol=1e-13)
    np.testing.assert_allclose(objective.margins(W), problem.margins(W), atol=1e-13)
    np.testing.assert_array_equal(objective.predict(W), problem.predict(W))
    assert objective.accuracy(W) == problem.accuracy(W)
    others = np.random.default_rng(9).normal(size=(6, 5))
    expected = objective.predict(W, X=others)
    np.testing.assert_array_equal(objective.predict(W, X=sparse.csr_array(others)), expected)
    dense = gd.LinearObjective(problem.X, problem.y, n_classes=4)
    np.testing.assert_array_equal(dense.predict(W, X=sparse.csr_array(others)), expected)
    centred = gd.LinearObjective(problem.X, problem.y, mean=np.ones(5), n_classes=4)
    with pytest.raises(ValueError, match="mean must be None"):
        centred.predict(W, X=sparse.csr_array(others))


def test_the_gradient_check_passes_and_knows_the_rounding():
    for dtype in (np.float32, np.float64):
        objective, _, W = pair(reference.CROSS_ENTROPY, n=50, dtype=dtype)
        assert gd.check_gradient(objective, at=W).passed
        assert 0 < objective.gradient_rounding(W) < (1e-4 if dtype == np.float32 else 1e-12)
    empty = gd.LinearObjective(sparse.csr_array((3, 4)), np.array([0, 1, 2]))
    assert np.isfinite(empty.gradient_rounding(np.zeros(empty.shape)))


def test_float32_gradients_come_in_the_type_of_the_weights():
    objective, problem, W = pair(reference.SQUARED_HINGE, n=200, d=40, k=6, dtype=np.float32)
    narrow = W.astype(np.float32)
    _, gradient = objective.value_and_gradient(narrow)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, problem.gradient(narrow), rtol=0, atol=1e-5 * np.abs(gradient).max())
    assert objective.gradient(narrow.astype(np.float64)).dtype == np.float64
    assert objective.scores(W).dtype == np.float32


def test_a_long_float32_column_keeps_its_digits():
    # 300,000 entries of 0.1: one after the other in float32 they would be off by 1e-4 and more.
    n = 300_000
    X = sparse.csr_array(np.full((n, 1), 0.1, dtype=np.float32))
    objective = gd.LinearObjective(X, np.zeros(n), gd.SquaredError())
    W = np.array([[1.0, 0.0]])
    x = float(np.float32(0.1))
    np.testing.assert_allclose(objective.gradient(W), [[2 * x * x, 2 * x]], rtol=1e-6)


def test_minimize_goes_down_by_any_optimizer():
    rng = np.random.default_rng(0)
    X = sparse.random_array((300, 50), density=0.2, format="csr", random_state=rng)
    y = (X @ rng.normal(size=(50, 3))).argmax(axis=1)
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1e-3))
    dense = gd.LinearObjective(X.toarray(), y, gd.CrossEntropy(), gd.L2(1e-3))
    W = np.zeros(objective.shape)
    for options in ({"max_steps": 30}, {"epochs": 2, "batches": gd.MiniBatches(16)}):
        found = gd.minimize(objective, W, step=0.5, **options)
        np.testing.assert_allclose(found.w, gd.minimize(dense, W, step=0.5, **options).w, rtol=0, atol=1e-11)
        assert found.value < 0.9 * objective.value(W)


def test_the_matrix_is_untouched():
    rng = np.random.default_rng(0)
    X = tangle(np.where(rng.random((20, 6)) < 0.5, rng.normal(size=(20, 6)), 0), rng)
    parts = [X.data, X.indices, X.indptr]
    copies = [part.copy() for part in parts]
    for part in parts:
        part.flags.writeable = False
    objective = gd.LinearObjective(X, np.arange(20) % 3)
    W = rng.normal(size=objective.shape)
    objective.gradient(W)
    objective.numerical_gradient(W)
    objective.rows([1, 2]).value(W)
    for part, copy in zip(parts, copies, strict=True):
        np.testing.assert_array_equal(part, copy)


# What is refused.


def stand_in(data, indices, indptr, shape, kind="csr"):
    """The parts of a sparse matrix that are checked; scipy itself would refuse to build most of these."""
    return SimpleNamespace(format=kind, nnz=len(data), data=data, indices=indices, indptr=indptr, shape=shape)


GOOD = {
    "data": np.array([1.0, 2.0, 3.0]),
    "indices": np.array([0, 3, 1], dtype=np.int32),
    "indptr": np.array([0, 2, 2, 3], dtype=np.int32),
    "shape": (3, 4),
}


def test_attributes_are_enough():
    objective = gd.LinearObjective(stand_in(**GOOD), np.array([0, 1, 2]), bias=False)
    W = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(objective.scores(W), [[6, 18, 30], [0, 0, 0], [3, 15, 27]])


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        (
            {"indices": np.array([0, 4, 1], dtype=np.int32)},
            ValueError,
            r"X.indices must be in \[0, 4\); X.indices\[1\] is 4",
        ),
        ({"indices": np.array([0, -1, 1], dtype=np.int32)}, ValueError, r"X.indices\[1\] is -1"),
        ({"indices": np.array([0, 2**62, 1])}, ValueError, r"X.indices\[1\]"),
        ({"indices": np.array([0, 2**32, 1])}, ValueError, r"X.indices\[1\]"),
        ({"indices": np.array([0, -(2**63), 1])}, ValueError, r"X.indices\[1\]"),
        ({"indices": np.array([0, 3], dtype=np.int32)}, ValueError, "X.indices must have as many"),
        ({"indices": np.array([0, 3, 1], dtype=np.uint32)}, TypeError, "X.indices must be int32 or int64"),
        ({"indices": np.array([0.0, 3.0, 1.0])}, TypeError, "X.indices must be int32 or int64"),
        ({"indices": np.array([0, 3, 1], dtype=">i4")}, ValueError, "X.indices must be in this machine's byte order"),
        ({"indices": np.array([0, 9, 3, 9, 1, 9], dtype=np.int32)[::2]}, ValueError, "X.indices must be .* contiguous"),
        ({"indptr": np.array([1, 2, 2, 3])}, ValueError, "X.indptr must start at 0; it starts at 1"),
        ({"indptr": np.array([0, 3, 2, 3])}, ValueError, r"X.indptr must not decrease; X.indptr\[2\] is 2 after 3"),
        ({"indptr": np.array([0, 2, 2, 4])}, ValueError, "X.indptr must end within the 3 entries"),
        ({"indptr": np.array([0, 2, 2, 2**63 - 1])}, ValueError, "X.indptr must end within the 3 entries"),
        ({"indptr": np.array([0, 2**62, -(2**62), 3])}, ValueError, "X.indptr must not decrease"),
        ({"indptr": np.array([0, 2, 3])}, ValueError, "X.indptr must have n_samples . 1 = 4 entries; it has 3"),
        ({"indptr": np.array([0, 2, 2, 3], dtype=np.int16)}, TypeError, "X.indptr must be int32 or int64"),
        ({"data": np.array([1, 2, 3])}, TypeError, "X.data must be uint8, float32 or float64"),
        ({"data": np.array([1, 2, 3], dtype=np.float16)}, TypeError, "X.data must be uint8, float32 or float64"),
        ({"data": np.array([1, 2, 3], dtype=complex)}, TypeError, "X.data must be uint8, float32 or float64"),
        ({"data": np.array([[1.0, 2.0, 3.0]])}, ValueError, "X.data must be one-dimensional"),
        ({"data": [1.0, 2.0, 3.0]}, TypeError, "X.data must be a numpy array"),
        ({"data": np.array([1.0, np.nan, 3.0])}, ValueError, r"X must be finite; X.data\[1\] is nan"),
        ({"data": np.array([1.0, 2.0, -np.inf])}, ValueError, r"X must be finite; X.data\[2\] is -inf"),
        ({"data": np.ma.masked_array([1.0, 2.0, 3.0])}, TypeError, "X.data must be a numpy array"),
        ({"shape": (3,)}, ValueError, r"X must be \(n_samples, n_features\)"),
        ({"shape": (3, 0)}, ValueError, "at least one sample and one feature"),
        ({"kind": "csc"}, TypeError, "CSR format; it is in CSC format"),
    ],
)
def test_bad_arrays_are_refused_by_name(changed, error, message):
    with pytest.raises(error, match=message):
        gd.LinearObjective(stand_in(**{**GOOD, **changed}), np.array([0, 1, 2]))


@pytest.mark.parametrize("kind", ["csc", "coo", "lil", "dok", "bsr", "dia"])
def test_other_formats_are_refused_by_name(kind):
    with pytest.raises(TypeError, match=f"CSR format; it is in {kind.upper()} format"):
        gd.LinearObjective(sparse.random_array((5, 4), density=0.5).asformat(kind), np.zeros(5, dtype=int))


def test_a_one_dimensional_sparse_array_is_refused():
    with pytest.raises(ValueError, match="n_samples, n_features"):
        gd.LinearObjective(sparse.coo_array(np.array([1.0, 0, 2])).tocsr(), np.zeros(3, dtype=int))


def test_centring_is_refused_and_scaling_is_not():
    X = sparse.csr_array(np.eye(4))
    with pytest.raises(ValueError, match="mean must be None for sparse X"):
        gd.LinearObjective(X, np.arange(4), mean=np.zeros(4))
    assert gd.LinearObjective(X, np.arange(4), scale=np.full(4, 2.0)).value(np.eye(4, 5)) == pytest.approx(3 * 0.5)


def test_check_finite_false_skips_only_the_values():
    data = np.array([1.0, np.nan, 3.0])
    objective = gd.LinearObjective(stand_in(**{**GOOD, "data": data}), np.array([0, 1, 2]), check_finite=False)
    assert np.isnan(objective.value(np.ones(objective.shape)))
    bad = {**GOOD, "data": data, "indices": np.array([0, 4, 1], dtype=np.int32)}
    with pytest.raises(ValueError, match=r"X\.indices"):
        gd.LinearObjective(stand_in(**bad), np.array([0, 1, 2]), check_finite=False)


def test_entries_beyond_the_last_row_are_not_read():
    spare = {**GOOD, "indptr": np.array([0, 1, 1, 2]), "indices": np.array([0, 3, 99])}
    spare["data"] = np.array([1, 2, np.nan])
    objective = gd.LinearObjective(stand_in(**spare), np.array([0, 1, 2]), bias=False)
    np.testing.assert_array_equal(objective.scores(np.eye(3, 4)), [[1, 0, 0], [0, 0, 0], [0, 0, 0]])


# Sizes beyond 2^31.


def test_more_elements_than_2_to_the_31():
    # 3,000,000 x 5,000,000 with entries in every corner: n * d is far beyond 2^31, and so is the row-major position.
    n, d = 3_000_000, 5_000_000
    rows, columns = np.array([0, 1, n // 2, n - 1, n - 1]), np.array([0, d - 1, d // 2, 0, d - 1])
    X = sparse.csr_array((np.arange(1.0, 6.0), (rows, columns)), shape=(n, d))
    y = np.zeros(n)
    objective = gd.LinearObjective(X, y, gd.SquaredError())
    W = np.zeros((1, d + 1), dtype=np.float32)
    W[0, [0, d // 2, d - 1]] = [1, 10, 100]
    scores = np.array([1, 200, 30, 504])
    np.testing.assert_array_equal(objective.scores(W)[[0, 1, n // 2, n - 1], 0], scores)
    gradient = objective.gradient(W)
    expected = {0: 1 * 1 + 4 * 504, d // 2: 3 * 30, d - 1: 2 * 200 + 5 * 504, d: scores.sum()}
    np.testing.assert_array_equal(np.flatnonzero(gradient), sorted(expected))
    columns = sorted(expected)
    np.testing.assert_allclose(gradient[0, columns], [2 * expected[j] / n for j in columns], rtol=1e-6)
    batch = objective.rows([n - 1, 1])
    assert batch.value(W) == pytest.approx((504**2 + 200**2) / 2)
    assert np.flatnonzero(batch.gradient(W)).tolist() == [0, d - 1, d]


def test_more_entries_than_2_to_the_31(tmp_path):
    # Row 0 holds 2^31 entries, zeros in column 0 that add up to 0: their values lie in a hole of a memory-mapped
    # sparse file, their indices in memory that was never touched. The rows behind it begin beyond 2^31.
    before, tail = 2**31, 6
    try:
        data = sparse_file(tmp_path / "data", np.float32, before + tail)
        indices = np.zeros(before + tail, dtype=np.int32)
    except (OSError, MemoryError):
        pytest.skip("this machine has no room for 8 GB of zeros that take no room")
    data[before:] = [1, 2, 3, 4, 5, 6]
    indices[before:] = [0, 2, 1, 1, 0, 2]
    X = stand_in(data, indices, np.array([0, before, before + 2, before + 2, before + 6]), (4, 3))
    objective = gd.LinearObjective(X, np.array([0, 1, 0, 2]), gd.SquaredHinge(), check_finite=False)
    batch = objective.rows([3, 1, 2])
    W = np.random.default_rng(0).normal(size=objective.shape)
    dense = np.array([[5, 7, 6], [1, 0, 2], [0, 0, 0]], dtype=np.float64)
    problem = reference.LinearProblem(dense, np.array([2, 1, 0]), reference.SQUARED_HINGE)
    value, gradient = batch.value_and_gradient(W)
    assert value == pytest.approx(problem.value(W), rel=1e-6)
    np.testing.assert_allclose(gradient, problem.gradient(W), rtol=1e-5)


def sparse_file(path, dtype, n):
    """A memory-mapped array whose untouched part takes no room on the disk."""
    mapped = np.memmap(path, dtype=dtype, mode="w+", shape=(n,))
    if path.stat().st_blocks * 512 > 2**20:
        raise OSError("not sparse")
    return mapped
