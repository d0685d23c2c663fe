"""Files, folders and stores written by their own libraries: what is read is what slicing gives."""

from __future__ import annotations

import pickle

import dask.array
import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import dump_svmlight_file

from gdfast.datasets.chunks import chunk_source, part, stored
from stored_rows import CUTS, KINDS, D, N, labels, npy_folder, opened, parquet_folder, pieces, rows, sparse_rows


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_read_is_a_slice(kind, dtype, tmp_path):
    X, y = rows(dtype), labels()
    source = pickle.loads(pickle.dumps(opened(kind, tmp_path, X, y)))
    assert (source.n_samples, source.n_features, source.dtype) == (N, D, X.dtype)
    np.testing.assert_array_equal(source.labels(), y)
    for start, stop in [(0, N), (0, 0), (29, 38), (36, 37), (149, 230), (55, 199)]:
        found = source.read(start, stop)
        np.testing.assert_array_equal(found, X[start:stop])
        assert found.flags.c_contiguous
        assert found.dtype == X.dtype
        out = np.zeros_like(found)
        assert source.read(start, stop, out) is out
        np.testing.assert_array_equal(out, X[start:stop])
        np.testing.assert_array_equal(source.labels(start, stop), y[start:stop])
    source.require_unchanged()


@pytest.mark.parametrize(
    ("kind", "boundaries"),
    [
        ("npy folder", CUTS),
        ("parquet folder", [0, 20, 30, 37, 57, 77, 97, 117, 137, 150, 170, 190, 210, 230]),
        ("zarr array", [0, 50, 100, 150, 200, 230]),
        ("zarr shards", [0, 50, 100, 150, 200, 230]),
        ("hdf5 file", [0, 50, 100, 150, 200, 230]),
        ("hdf5 names", [0, 230]),
        ("dask", CUTS),
    ],
)
def test_boundaries_are_where_pieces_begin(kind, boundaries, tmp_path, monkeypatch):
    for module in (part, stored):
        monkeypatch.setattr(module, "PIECE_BYTES", 1)
    source = opened(kind, tmp_path, rows(), labels())
    assert source.boundaries.tolist() == boundaries
    assert source.boundaries.dtype == np.int64


def test_small_pieces_of_a_store_are_joined(tmp_path, monkeypatch):
    for module in (part, stored):
        monkeypatch.setattr(module, "PIECE_BYTES", 110 * 4 * D)
    for kind in ("zarr array", "hdf5 file"):
        (tmp_path / kind).mkdir()
        assert opened(kind, tmp_path / kind, rows(), labels()).boundaries.tolist() == [0, 100, 200, 230]
    folder = parquet_folder(tmp_path, rows(), labels())
    assert chunk_source(folder, label="kind").boundaries.tolist() == CUTS  # no group of 20 rows is one alone
    assert part.joined(np.array([0, 20, 40, 150, 170, 300, 310]), 4 * D).tolist() == [0, 150, 300]
    assert part.joined(np.zeros(1, dtype=int), 8).tolist() == [0]


def test_names_are_sorted_by_their_numbers(tmp_path):
    source = chunk_source(npy_folder(tmp_path, rows(), labels()))
    assert source.where(229) == f"row 79 of {tmp_path / 'part-10.npy'}"


def check_sparse(source, X):
    assert source.is_sparse
    for start, stop in [(0, N), (0, 0), (29, 38), (63, 65), (149, 230)]:
        found = source.read(start, stop)
        assert found.format == "csr"
        np.testing.assert_array_equal(found.toarray(), X[start:stop].toarray())


@pytest.mark.parametrize("zero_based", [True, False])
def test_svmlight_rows(zero_based, tmp_path):
    X, y = sparse_rows(), labels()
    for i, (a, b) in enumerate(pieces()):
        dump_svmlight_file(X[a:b], y[a:b], str(tmp_path / f"part-{i}.svmlight"), zero_based=zero_based)
    source = pickle.loads(pickle.dumps(chunk_source(tmp_path)))
    check_sparse(source, X)
    assert source.labels().dtype == np.int64
    np.testing.assert_array_equal(source.labels(), y)


def test_svmlight_text_with_comments_and_empty_lines(tmp_path):
    lines = ["# made up", "", "1 1:2 3:4 # the first", "   ", "-1", "2 2:7\r"] + [f"{i} 1:{i}" for i in range(300)]
    (tmp_path / "X.svmlight").write_text("\n".join(lines))
    source = chunk_source(tmp_path / "X.svmlight")
    assert (source.n_samples, source.n_features) == (303, 3)
    np.testing.assert_array_equal(source.read(0, 4).toarray(), [[2, 0, 4], [0, 0, 0], [0, 7, 0], [0, 0, 0]])
    np.testing.assert_array_equal(source.read(131, 303).toarray()[:, 0], np.arange(128, 300))
    np.testing.assert_array_equal(source.labels(), [1, -1, 2, *range(300)])


def test_svmlight_blocks_of_a_file_that_is_longer_than_one(tmp_path, monkeypatch):
    import gdfast.datasets.chunks.svmlight_part as part

    X, y = sparse_rows(), labels()
    dump_svmlight_file(X, y, str(tmp_path / "X.svmlight"))
    size = (tmp_path / "X.svmlight").stat().st_size
    for block in (size, 1000, 37):
        monkeypatch.setattr(part, "_BLOCK", block)
        check_sparse(chunk_source(tmp_path / "X.svmlight"), X)


def test_dask_arrays_of_sparse_blocks():
    X = sparse_rows()
    blocks = [dask.array.from_array(X[a:b], chunks=(b - a, 50), asarray=False) for a, b in pieces()]
    check_sparse(chunk_source(dask.array.concatenate(blocks)), X)


def test_lists_of_paths_and_arrays(tmp_path):
    X = rows()
    np.save(tmp_path / "X.npy", X[:10])
    source = chunk_source([tmp_path / "X.npy", dask.array.from_array(X[10:40], chunks=9), X[40:]])
    np.testing.assert_array_equal(source.read(5, 60), X[5:60])
    assert source.boundaries.tolist() == [0, 10, 19, 28, 37, 40, N]


@pytest.mark.parametrize("kind", KINDS)
def test_a_narrowed_source_has_the_rows_and_labels_of_the_whole(kind, tmp_path):
    X, y = rows(), labels()
    source = opened(kind, tmp_path, X, y)
    for start, stop in [(0, N), (29, 38), (36, 37), (55, 199)]:
        part = pickle.loads(
            pickle.dumps(
                source.narrowed(start, stop).narrowed(1, stop - start)
                if stop > start + 1
                else source.narrowed(start, stop)
            )
        )
        first = start + (stop > start + 1)
        np.testing.assert_array_equal(part.read(0, stop - first), X[first:stop])
        inside = source.boundaries[(source.boundaries > first) & (source.boundaries < stop)] - first
        np.testing.assert_array_equal(part.boundaries, [0, *inside, stop - first])
        if source.y is None:
            np.testing.assert_array_equal(part.labels(), y[first:stop])


def test_a_narrowed_source_holds_nothing_of_the_others(tmp_path):
    X = np.random.default_rng(0).random((20_000, 3))
    dump_svmlight_file(X, np.zeros(len(X)), str(tmp_path / "X.svmlight"))
    array = dask.array.concatenate([dask.array.from_array(X[i : i + 1000]) for i in range(0, 20_000, 1000)])
    for given in (X, array, tmp_path / "X.svmlight", scipy.sparse.csr_matrix(X)):
        source = chunk_source(given)
        part = source.narrowed(5_010, 5_040)
        found = pickle.loads(pickle.dumps(part)).read(0, 30)
        np.testing.assert_allclose(found.toarray() if source.is_sparse else found, X[5_010:5_040], rtol=1e-14)
        assert len(pickle.dumps(part)) < 40_000


def test_what_a_row_takes(tmp_path):
    assert chunk_source(rows()).bytes_per_row == 4 * D
    X = sparse_rows()
    dump_svmlight_file(X, labels(), str(tmp_path / "X.svmlight"))
    mean = 12 * X.nnz / N
    assert mean < chunk_source(tmp_path / "X.svmlight").bytes_per_row < mean + 8
