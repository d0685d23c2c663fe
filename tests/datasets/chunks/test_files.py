"""Files, folders and stores written by their own libraries: what is read is what slicing gives."""

from __future__ import annotations

import pickle
from itertools import pairwise

import dask.array
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import scipy.sparse
import zarr
from sklearn.datasets import dump_svmlight_file

from gdfast.datasets.chunks import chunk_source

N, D = 230, 6
CUTS = [0, 30, 30 + 7, 150, N]


def rows(dtype="float32", n=N, d=D):
    return np.random.default_rng(n).integers(0, 200, (n, d)).astype(dtype)


def labels(n=N):
    return np.random.default_rng(1).integers(0, 3, n)


def pieces():
    return list(pairwise(CUTS))


def npy_folder(folder, X, y):
    for i, (a, b) in zip((1, 2, 9, 10), pieces(), strict=True):
        np.save(folder / f"part-{i}.npy", X[a:b])
        np.save(folder / f"part-{i}_labels.npy", y[a:b])
    (folder / "README.md").write_text("Four parts.")
    return folder


def table(X, y):
    columns = {"kind": y, **{f"x{j}": X[:, j] for j in range(X.shape[1])}}
    return pa.table(columns)


def parquet_folder(folder, X, y):
    for i, (a, b) in zip((1, 2, 9, 10), pieces(), strict=True):
        pyarrow.parquet.write_table(table(X[a:b], y[a:b]), folder / f"part-{i}.parquet", row_group_size=20)
    (folder / "_SUCCESS").write_text("")
    return folder


def embeddings_file(folder, X, y):
    flat = pa.array(X[:, 1:].reshape(-1))
    lists = pa.FixedSizeListArray.from_arrays(flat, X.shape[1] - 1)
    pyarrow.parquet.write_table(pa.table({"first": X[:, 0], "rest": lists, "kind": y}), folder / "X.parquet")
    return folder / "X.parquet"


def svmlight_folder(folder, X, y):
    for i, (a, b) in zip((1, 2, 9, 10), pieces(), strict=True):
        dump_svmlight_file(X[a:b], y[a:b], str(folder / f"part-{i}.svmlight"), zero_based=False)
    return folder


def zarr_group(folder, X, y):
    group = zarr.open_group(folder / "rows.zarr", mode="w")
    group.create_array("X", data=X, chunks=(50, 4))
    group.create_array("y", data=y)
    return folder / "rows.zarr"


def zarr_array(folder, X, y):
    return zarr.create_array(folder / "rows.zarr", data=X, chunks=(50, D)), y


def zarr_path(folder, X, y):
    zarr_group(folder, X, y)
    return folder / "rows.zarr/X", folder / "rows.zarr/y"


def zarr_shards(folder, X, y):
    return zarr.create_array(folder / "rows.zarr", data=X, chunks=(10, D), shards=(50, D)), y


def zarr_in_memory(folder, X, y):
    return zarr.create_array({}, data=X, chunks=(50, D)), y


def zarr_version_2(folder, X, y):
    zarr.create_array(folder / "rows.zarr", data=X, chunks=(50, D), zarr_format=2)
    return folder / "rows.zarr", y


def hdf5_file(folder, X, y):
    with h5py.File(folder / "rows.h5", "w") as file:
        file.create_dataset("X", data=X, chunks=(50, 3), compression="gzip")
        file["labels"] = y
        file["other"] = np.zeros((3, 3))
    return folder / "rows.h5"


def hdf5_names(folder, X, y):
    with h5py.File(folder / "rows.h5", "w") as file:
        file["train/rows"], file["train/kinds"] = X, y
    return f"{folder / 'rows.h5'}::/train/rows", f"{folder / 'rows.h5'}::/train/kinds"


def hdf5_dataset(folder, X, y):
    file = h5py.File(hdf5_file(folder, X, y), "r")
    return file["X"], file["labels"]


def dask_array(folder, X, y):
    return dask.array.from_array(X, chunks=((30, 7, 113, 80), (4, 2))), dask.array.from_array(y, chunks=100)


def dask_of_files(folder, X, y):
    npy_folder(folder, X, y)
    parts = [dask.array.from_array(np.load(folder / f"part-{i}.npy", mmap_mode="r")) for i in (1, 2, 9, 10)]
    return dask.array.concatenate(parts), y


KINDS = {
    "npy folder": npy_folder,
    "parquet folder": parquet_folder,
    "parquet file": embeddings_file,
    "zarr group": zarr_group,
    "zarr array": zarr_array,
    "zarr path": zarr_path,
    "zarr shards": zarr_shards,
    "zarr in memory": zarr_in_memory,
    "zarr version 2": zarr_version_2,
    "hdf5 file": hdf5_file,
    "hdf5 names": hdf5_names,
    "hdf5 dataset": hdf5_dataset,
    "dask": dask_array,
    "dask of files": dask_of_files,
}


def opened(kind, folder, X, y):
    given = KINDS[kind](folder, X, y)
    given = given if isinstance(given, tuple) else (given,)
    return chunk_source(*given, label="kind" if "parquet" in kind else None)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
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
def test_boundaries_are_where_pieces_begin(kind, boundaries, tmp_path):
    source = opened(kind, tmp_path, rows(), labels())
    assert source.boundaries.tolist() == boundaries
    assert source.boundaries.dtype == np.int64


def test_names_are_sorted_by_their_numbers(tmp_path):
    source = chunk_source(npy_folder(tmp_path, rows(), labels()))
    assert source.where(229) == f"row 79 of {tmp_path / 'part-10.npy'}"


def sparse_rows(n=N):
    X = scipy.sparse.random(n, 50, 0.1, "csr", random_state=0)
    X.data = np.ceil(8 * X.data) / 8  # text of few digits
    return X


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
