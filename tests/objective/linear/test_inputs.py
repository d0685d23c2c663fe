"""Traps in input arrays: however X lies in memory, the answer is that of a plain copy, or X is refused by name."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import gdfast as gd

DTYPES = [np.float64, np.float32, np.float16, np.uint8]
LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy()]
N, D, K = 45, 19, 4


def plain(dtype, n=N, d=D) -> np.ndarray:
    rng = np.random.default_rng(7)
    if dtype == np.uint8:
        return rng.integers(0, 256, (n, d)).astype(dtype)
    return rng.normal(size=(n, d)).astype(dtype)


def misaligned(X):
    room = np.zeros(X.nbytes + 1, dtype=np.uint8)
    view = room[1:].view(X.dtype).reshape(X.shape)
    view[...] = X
    return view


def padded(X, rows=1, columns=1):
    room = np.full((X.shape[0] * rows, X.shape[1] * columns), 77, dtype=X.dtype)
    room[::rows, ::columns] = X
    return room[::rows, ::columns]


def frozen(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def mapped(X, folder):
    path = folder / "X.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


def column_slice(X):
    room = np.full((X.shape[0], X.shape[1] + 5), 77, dtype=X.dtype)
    room[:, 2:-3] = X
    return room[:, 2:-3]


def record(X):
    """Rows of a structured array, as CIFAR-10's records are: one label byte, then the pixels."""
    records = np.zeros(len(X), dtype=np.dtype([("label", "u1"), ("pixels", X.dtype, X.shape[1])]))
    records["pixels"] = X
    return records["pixels"]


# Documented as accepted, without a copy.
ACCEPTED = {
    "read-only": lambda X, folder: frozen(X),
    "memory-mapped": mapped,
    "Fortran order": lambda X, folder: np.asfortranarray(X),
    "every third row": lambda X, folder: padded(X, rows=3),
    "unit-column slice": lambda X, folder: column_slice(X),
    "every second row of a slice": lambda X, folder: padded(column_slice(X), rows=2),
    "a subclass": lambda X, folder: X.view(np.memmap),
}
# Right, or refused with an error that names X.
TRAPS = {
    "rows backwards": lambda X, folder: X[::-1].copy()[::-1],
    "columns backwards": lambda X, folder: X[:, ::-1].copy()[:, ::-1],
    "both backwards": lambda X, folder: X[::-1, ::-1].copy()[::-1, ::-1],
    "every second column": lambda X, folder: padded(X, columns=2),
    "misaligned": lambda X, folder: misaligned(X),
    "byte-swapped": lambda X, folder: X.astype(X.dtype.newbyteorder()),
    "records": lambda X, folder: record(X),
    "part of a three-dimensional array": lambda X, folder: np.stack([X, X], axis=2)[:, :, 1],
    "Fortran order, strided": lambda X, folder: padded(X.T.copy(), rows=2, columns=3).T,
}


def answers(X, y, loss):
    objective = gd.LinearObjective(X, y, loss)
    W = np.random.default_rng(1).normal(size=(K, X.shape[1] + 1))
    value, gradient = objective.value_and_gradient(W)
    batch = objective.rows([3, 3, 0, 44])
    coordinates = [0, 5, W.shape[1] - 1, W.size - 1]
    numerical = objective.numerical_gradient(W, h=1e-2, coordinates=coordinates)
    return value, gradient, objective.scores(W), batch.gradient(W), numerical


def assert_as_plain(X, expected_of, loss):
    y = np.arange(N) % K
    tolerance = 1e-12 if X.dtype == np.float64 else 2e-6
    for number, expected in zip(answers(X, y, loss), answers(expected_of, y, loss), strict=True):
        np.testing.assert_allclose(number, expected, rtol=0, atol=tolerance * (1 + np.abs(expected).max()))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ACCEPTED)
@pytest.mark.parametrize("loss", LOSSES)
def test_accepted_layouts_are_right(dtype, layout, loss, tmp_path):
    X = plain(dtype)
    assert_as_plain(ACCEPTED[layout](X, tmp_path), X, loss)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", TRAPS)
def test_other_layouts_are_right_or_refused_by_name(dtype, layout, tmp_path):
    X = plain(dtype)
    trap = TRAPS[layout](X, tmp_path)
    np.testing.assert_array_equal(trap, X)
    try:
        gd.LinearObjective(trap, np.arange(N) % K)
    except (TypeError, ValueError) as refusal:
        assert "X" in str(refusal).split()  # noqa: PT017 (a refusal is one of two right answers)
        return
    assert_as_plain(trap, X, gd.SquaredHinge())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("rows", "columns"), [(0, 1), (1, 0), (0, 0), (3, 1)], ids=["one row", "one column", "one element", "windows"]
)
def test_overlapping_elements_are_right_or_refused_by_name(dtype, rows, columns):
    store = plain(dtype, 1, 3 * N + D)[0]
    size = store.itemsize
    trap = as_strided(store, (N, D), (rows * size, columns * size), writeable=False)
    try:
        gd.LinearObjective(trap, np.arange(N) % K)
    except (TypeError, ValueError) as refusal:
        assert "X" in str(refusal).split()  # noqa: PT017 (a refusal is one of two right answers)
        return
    assert_as_plain(trap, trap.copy(), gd.SquaredHinge())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shift", range(17))
def test_any_column_offset(dtype, shift):
    X = plain(dtype, N, 130)
    room = np.full((N, 160), 77, dtype=dtype)
    room[:, shift : shift + 130] = X
    assert_as_plain(room[:, shift : shift + 130], X, gd.SquaredHinge())


def test_what_lies_around_a_slice_is_never_read_as_data():
    # NaN on every side: a vector load that is not masked would carry it into the sums.
    for d in (1, 7, 8, 15, 16, 17, 33, 64, 100):
        X = plain(np.float32, N, d)
        room = np.full((N + 2, d + 9), np.nan, dtype=np.float32)
        room[1:-1, 4:-5] = X
        assert_as_plain(room[1:-1, 4:-5], X, gd.CrossEntropy())


@pytest.mark.parametrize("dtype", DTYPES)
def test_masked_arrays_are_refused(dtype):
    X = np.ma.masked_array(plain(dtype), mask=np.eye(N, D))
    with pytest.raises(TypeError, match=r"X .*masked"):
        gd.LinearObjective(X, np.arange(N) % K)


@pytest.mark.parametrize("shape", [(0, 5), (0, 0)])
def test_no_rows_are_refused(shape):
    with pytest.raises(ValueError, match="X"):
        gd.LinearObjective(np.zeros(shape), np.zeros(0, dtype=int), n_classes=3)


def test_no_columns_are_right_or_refused_by_name():
    y = np.array([0, 1, 1])
    try:
        objective = gd.LinearObjective(np.zeros((3, 0)), y)
    except ValueError as refusal:
        assert "X" in str(refusal).split()  # noqa: PT017 (a refusal is one of two right answers)
        return
    value, gradient = objective.value_and_gradient(np.array([[1.0], [2.0]]))
    assert value == pytest.approx((2 + 0 + 0) / 3)
    np.testing.assert_allclose(gradient, [[-1 / 3], [1 / 3]])


def test_one_row_and_one_column_with_odd_strides():
    # NumPy gives arrays of length one any stride at all: it must not matter.
    for X in (np.ones((1, 1)), np.ones((40, 40))[:1, 5:6], np.ones((40, 40))[3::40, ::-40], np.ones((1, 7))[:, ::7]):
        value = gd.LinearObjective(X, np.array([1])).value(np.array([[1.0, 2.0], [3.0, -4.0]]))
        assert value == pytest.approx(3 - (-1) + 1)


@pytest.mark.parametrize("layout", ["strided", "backwards", "byte-swapped", "misaligned", "read-only"])
def test_labels_weights_mean_and_scale_in_any_layout(layout):
    rng = np.random.default_rng(3)
    X, W = plain(np.float64), rng.normal(size=(K, D + 1))
    y, weights = rng.integers(0, K, N), rng.uniform(0.1, 1, N)
    mean, scale = rng.normal(size=D), rng.uniform(0.5, 2, D)
    relayed = {
        "strided": lambda a: np.repeat(a, 3)[::3],
        "backwards": lambda a: a[::-1].copy()[::-1],
        "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
        "misaligned": misaligned,
        "read-only": frozen,
    }[layout]

    def gradient(relay):
        return gd.LinearObjective(
            X, relay(y), sample_weight=relay(weights), mean=relay(mean), scale=relay(scale), n_classes=K
        ).gradient(W)

    np.testing.assert_array_equal(gradient(relayed), gradient(lambda a: a))


def test_labels_and_settings_changed_afterwards_change_nothing():
    # They are small, and kept as they were when checked: a label out of range would reach beyond the scores.
    rng = np.random.default_rng(3)
    X, W, y = plain(np.float64), rng.normal(size=(K, D + 1)), rng.integers(0, K, N, dtype=np.int32)
    weights, mean, scale = np.ones(N), np.zeros(D), np.ones(D)
    objective = gd.LinearObjective(X, y, sample_weight=weights, mean=mean, scale=scale, n_classes=K)
    before = objective.value(W)
    y[:], weights[:], mean[:], scale[:] = 99, -1, np.nan, 0
    assert objective.value(W) == before


def test_sparse_formats_other_than_csr_are_refused():
    sparse = pytest.importorskip("scipy.sparse")
    for other in (sparse.csc_array, sparse.coo_array, sparse.lil_array):
        with pytest.raises(TypeError, match="X"):
            gd.LinearObjective(other(plain(np.float64)), np.arange(N) % K)


def test_predict_takes_the_same_layouts(tmp_path):
    X, y = plain(np.float32), np.arange(N) % K
    objective, W = gd.LinearObjective(X, y), np.random.default_rng(1).normal(size=(K, D + 1))
    expected = objective.predict(W)
    for relay in ACCEPTED.values():
        np.testing.assert_array_equal(objective.predict(W, relay(X, tmp_path)), expected)


@pytest.mark.parametrize("weights", [[5e-324, 0.0, 0.0], [1e308] * 3, np.array([1.0, 1.0, "1e400"], np.longdouble)])
def test_sample_weights_whose_mean_cannot_be_divided_by_are_refused(weights):
    with pytest.raises(ValueError, match="sample_weight must"):
        gd.LinearObjective(np.ones((3, 2)), [0, 1, 1], sample_weight=weights)
    with pytest.raises(ValueError, match="sample_weight must"):
        gd.Hinge().value(np.ones((3, 2)), [0, 1, 1], weights)


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="long double is double here")
def test_numbers_beyond_float64_are_not_finite():
    wide = np.full(3, np.longdouble("1e400"))
    for changes in ({"mean": wide}, {"scale": wide}, {"y": wide, "loss": gd.SquaredError()}):
        with pytest.raises(ValueError, match="must be finite"):
            gd.LinearObjective(np.ones((3, 3)), **({"y": [0, 1, 1]} | changes))


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0, 2, 3), (1, 2, 2), (1, 1, 2, 3)])
def test_many_weights_of_another_shape_are_refused(shape):
    objective = gd.LinearObjective(np.ones((3, 2)), [0, 1, 1])
    with pytest.raises(ValueError, match="Ws must"):
        objective.values_at(np.zeros(shape))
    assert objective.passes == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_more_elements_than_2_to_the_31(dtype):
    # Zeros that were never touched take no room: 2.2 GB or 8.7 GB by name. Only the last rows hold anything.
    n, d = 2**22 + 9, 520
    try:
        X = np.zeros((n, d), dtype=dtype)
    except MemoryError:
        pytest.skip("this machine has no room for zeros that take no room")
    assert X.size > 2**31
    rng = np.random.default_rng(0)
    X[-3:] = rng.integers(0, 9, (3, d))
    y = np.zeros(n, dtype=np.int64)
    y[-3:] = [1, 2, 0]
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), check_finite=False)
    chosen = [n - 1, 0, n - 3, n - 2]
    W = 0.01 * rng.normal(size=objective.shape)
    small = gd.LinearObjective(X[chosen].astype(np.float64), y[chosen], gd.CrossEntropy())
    value, gradient = objective.rows(chosen).value_and_gradient(W)
    expected_value, expected = small.value_and_gradient(W)
    assert value == pytest.approx(expected_value, rel=1e-5)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    run = {"batches": gd.MiniBatches(2), "max_steps": 2, "step": 0.01}
    tail = gd.minimize(objective.rows(chosen), W, **run).w
    np.testing.assert_allclose(tail, gd.minimize(small, W, **run).w, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_type_whose_byte_order_is_said_is_the_same_type(dtype):
    """As arrays are that h5py reads."""
    own = np.dtype(dtype)
    said = own.newbyteorder("<" if sys.byteorder == "little" else ">")
    assert said.byteorder != own.byteorder
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 6)), rng.integers(0, 3, 40)
    plain, other = (gd.LinearObjective(X.astype(kind), y) for kind in (own, said))
    W = rng.normal(size=plain.shape).astype(own)
    np.testing.assert_array_equal(other.gradient(W.astype(said)), plain.gradient(W))
