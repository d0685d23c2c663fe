"""Rows of arrays, files and objects as one source: what is read is what slicing gives, and faults are named."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from gdfast.datasets.chunks import chunk_source
from gdfast.datasets.chunks.part import aligned_csr
from stored_rows import Counted


def rows(n=40, d=7, dtype="uint8", seed=0):
    return np.random.default_rng(seed).integers(0, 200, (n, d)).astype(dtype)


def sources(tmp_path, X):
    n = len(X)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "F.npy", np.asfortranarray(X))
    wide = np.zeros((n, 2 * X.shape[1]), dtype=X.dtype)
    wide[:, ::2] = X
    return {
        "array": X,
        "strided": wide[:, ::2],
        "path": tmp_path / "X.npy",
        "fortran": tmp_path / "F.npy",
        "map": np.load(tmp_path / "X.npy", mmap_mode="r"),
        "fortran map": np.load(tmp_path / "F.npy", mmap_mode="r"),
        "object": Counted(X),
        "list": [X[:5], Counted(X[5:20]), X[20:20], X[20:]],
        "maps": [np.load(tmp_path / "X.npy", mmap_mode="r")[a:b] for a, b in ((0, 3), (3, 33), (33, n))],
    }


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_a_read_is_a_slice(tmp_path, dtype):
    X = rows(dtype=dtype)
    for kind, given in sources(tmp_path, X).items():
        source = pickle.loads(pickle.dumps(chunk_source(given)))
        assert (source.n_samples, source.n_features, source.dtype) == (*X.shape, X.dtype), kind
        for start, stop in [(0, 40), (0, 0), (3, 4), (4, 6), (19, 34), (40, 40)]:
            out = np.empty((stop - start, 7), dtype=dtype)
            found = source.read(start, stop)
            np.testing.assert_array_equal(found, X[start:stop], err_msg=kind)
            assert found.flags.c_contiguous
            assert source.read(start, stop, out) is out
            np.testing.assert_array_equal(out, X[start:stop], err_msg=kind)


def test_sparse_rows(tmp_path):
    X = scipy.sparse.random(30, 9, 0.3, "csr", random_state=0)
    for given in (X, Counted(X), [X[:4], Counted(X[4:9]), X[9:]]):
        source = chunk_source(given)
        assert source.is_sparse
        for start, stop in [(0, 30), (3, 10), (5, 5)]:
            np.testing.assert_array_equal(source.read(start, stop).toarray(), X[start:stop].toarray())
        with pytest.raises(ValueError, match="out must be left out"):
            source.read(0, 1, np.empty((1, 9)))


def unaligned(array):
    memory = np.empty(array.nbytes + 1, dtype=np.uint8)[1:]
    memory[:] = array.reshape(-1).view(np.uint8)
    return memory.view(array.dtype).reshape(array.shape)


def test_rows_are_aligned_as_kernels_want_them():
    X = rows(dtype="float64")
    given = unaligned(X)
    assert not given.flags.aligned
    for source in (chunk_source(given), chunk_source([given[:5], Counted(given[5:])])):
        assert source.read(0, 40).flags.aligned
        assert source.read(7, 9).flags.aligned
        np.testing.assert_array_equal(source.read(0, 40), X)
    matrix = scipy.sparse.csr_matrix(X)
    odd = scipy.sparse.csr_matrix((unaligned(matrix.data), matrix.indices, matrix.indptr), shape=X.shape)
    odd.data = unaligned(matrix.data)
    assert aligned_csr(matrix) is matrix
    assert aligned_csr(odd).data.flags.aligned
    np.testing.assert_array_equal(aligned_csr(odd).toarray(), X)


def test_a_view_of_a_map_is_read_from_its_own_place_in_the_file(tmp_path):
    X = rows()
    np.save(tmp_path / "X.npy", X)
    part = np.load(tmp_path / "X.npy", mmap_mode="r")[7:30][2:]
    source = chunk_source(part)
    assert source.parts[0].name == str(tmp_path / "X.npy")
    assert len(pickle.dumps(source)) < 1000
    np.testing.assert_array_equal(source.read(0, 21), X[9:30])
    private = np.load(tmp_path / "X.npy", mmap_mode="c")
    private[0, 0] += 1
    assert chunk_source(private).read(0, 1)[0, 0] == private[0, 0]


def resident():
    """Bytes of this process that are in memory, by kind."""
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return {words[0]: int(words[1]) << 10 for words in lines if words[0] in ("RssAnon:", "RssFile:")}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells")
def test_a_pass_over_a_map_takes_one_buffer(tmp_path):
    np.save(tmp_path / "X.npy", np.zeros((1 << 16, 1 << 10), dtype=np.uint8))  # 64 MB
    source = chunk_source(np.load(tmp_path / "X.npy", mmap_mode="r"))
    out = np.zeros((1 << 10, 1 << 10), dtype=np.uint8)
    source.read(0, 1 << 10, out)
    before = resident()
    for start in range(0, 1 << 16, 1 << 10):
        source.read(start, start + (1 << 10), out)
    for kind, bytes_before in before.items():
        assert resident()[kind] - bytes_before < 1 << 22, kind


def test_labels_are_given_or_carried(tmp_path):
    X, y = rows(), np.arange(40) % 3
    np.save(tmp_path / "y.npy", y)
    for given in (y, list(y), y[:, None], tmp_path / "y.npy", [y[:11], y[11:]]):
        np.testing.assert_array_equal(chunk_source(X, given).labels(), y)
        np.testing.assert_array_equal(chunk_source(X, given).labels(5, 9), y[5:9])
    carried = chunk_source([Counted(X[:9], y[:9]), Counted(X[9:], y[9:])])
    np.testing.assert_array_equal(carried.labels(7, 12), y[7:12])
    assert chunk_source(X).labels() is None


def test_where_a_row_lies(tmp_path):
    np.save(tmp_path / "X.npy", rows())
    source = chunk_source([rows(5), tmp_path / "X.npy"])
    assert source.where(4) == "row 4 of X[0]"
    assert source.where(5) == f"row 0 of {tmp_path / 'X.npy'}"
    assert source.boundaries.tolist() == [0, 5, 45]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([rows(), rows(d=6)], None, r"X\[1\] must hold 7 features, as X\[0\] does; it holds 6"),
        ([rows(), rows(dtype="float32")], None, r"X\[1\] must be uint8, as X\[0\] is; its dtype is float32"),
        ([rows(), scipy.sparse.csr_matrix(rows(dtype="float32"))], None, "must hold dense rows"),
        ([rows(0), rows(0)], None, "at least one row; it has 2 parts"),
        (rows(), np.zeros(39, dtype=int), "each of the 40 rows of X; it holds 39"),
        (np.zeros(4), None, r"\(n_samples, n_features\); its shape is \(4,\): .reshape"),
        (np.zeros((4, 2, 2)), None, r"its shape is \(4, 2, 2\): .reshape\(len\(X\), -1\)"),
        (np.zeros((4, 0)), None, "at least one feature"),
        (np.zeros((4, 2), dtype=">f8"), None, "byte order"),
        ([Counted(rows(), np.zeros(40)), Counted(rows())], None, r"X\[1\] must have labels"),
        (rows(), np.zeros((40, 2, 2)), r"y must be \(n_samples,\)"),
    ],
)
def test_bad_values(X, y, message):
    with pytest.raises(ValueError, match=message):
        chunk_source(X, y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros((4, 2), dtype=int), None, "its dtype is int64: .astype"),
        (np.zeros((4, 2), dtype=object), None, "its dtype is object"),
        ([[1.0, 2.0], [3.0, 4.0]], None, "X must be an array, a path"),
        (3, None, "it is int 3"),
        (rows(3), ["a", "b", "c"], "labels must be numbers"),
        (np.ma.masked_array(rows()), None, "masked"),
    ],
)
def test_bad_types(X, y, message):
    with pytest.raises(TypeError, match=message):
        chunk_source(X, y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"read": lambda a, b: rows(b - a, 6)}, "rows of the shape"),
        ({"read": lambda a, b: rows(b - a, dtype="float64")}, "must return uint8"),
        ({"read": lambda a, b: (rows(b - a), np.zeros(b - a))}, "must return X"),
        ({"read": lambda a, b: rows(b - a).tolist()}, "must return a numpy array"),
        ({"n_samples": 39}, "X must not change"),
    ],
)
def test_an_object_is_checked_at_every_read(change, message):
    chunks = Counted(rows())
    source = chunk_source(chunks)
    for name, value in change.items():
        setattr(chunks, name, value)
    with pytest.raises((TypeError, ValueError), match=message):
        source.read(0, 9)


def test_a_file_that_changes_is_named(tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, rows())
    source = chunk_source(path)
    source.require_unchanged()
    np.save(path, rows(41))
    for read in (lambda: source.read(0, 1), source.require_unchanged):
        with pytest.raises(ValueError, match=r"X\.npy must not change .* bytes"):
            read()
    np.save(path, rows(40, seed=1))
    with pytest.raises(ValueError, match=r"X\.npy must not change"):
        source.read(0, 1)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"X\.npy is gone"):
        source.read(0, 1)


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (4, 3), (0, 41)])
def test_rows_that_are_not_there(start, stop):
    with pytest.raises(ValueError, match="start and stop"):
        chunk_source(rows()).read(start, stop)


def test_out_must_fit():
    source = chunk_source(rows())
    for out in (np.empty((2, 7)), np.empty((3, 7), np.uint8), np.empty((7, 2), np.uint8).T):
        with pytest.raises(ValueError, match="out must be"):
            source.read(0, 2, out)


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system takes no advice")
def test_files_are_told_what_will_be_read_and_nothing_else(tmp_path, monkeypatch):
    parts = [rows(40), rows(30, seed=1)]
    for i, part in enumerate(parts):
        np.save(tmp_path / f"part-{i}.npy", part)
    source, told = chunk_source(tmp_path, np.zeros(70)), []
    advise = os.posix_fadvise
    monkeypatch.setattr(os, "posix_fadvise", lambda *asked: told.append(asked[1:]) or advise(*asked))
    source.expect([(3, 5), (38, 44), (60, 70)])
    assert told == [
        (128 + 7 * start, 7 * n, os.POSIX_FADV_WILLNEED) for start, n in ((3, 2), (38, 2), (0, 4), (20, 10))
    ]
    assert np.array_equal(source.read(38, 44), np.concatenate(parts)[38:44])
    chunk_source([Counted(parts[0])], np.zeros(40)).expect([(0, 3)])  # who cannot begin to read is not told
    with pytest.raises(ValueError, match="start and stop"):
        source.expect([(3, 71)])
