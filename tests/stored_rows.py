"""The same rows in every kind of file, folder and store that is read in pieces, each written by its own library."""

from __future__ import annotations

from itertools import pairwise

import dask.array
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
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


def sparse_rows(n=N):
    X = scipy.sparse.random(n, 50, 0.1, "csr", random_state=0)
    X.data = np.ceil(8 * X.data) / 8  # text of few digits
    return X


class Counted:
    """An object of the Chunks protocol."""

    def __init__(self, X, y=None):
        self.X, self.y = X, y
        self.n_samples, self.n_features = X.shape
        self.dtype = X.dtype

    def read(self, start, stop):
        return self.X[start:stop] if self.y is None else (self.X[start:stop], self.y[start:stop])


def dense(rows):
    return rows.toarray() if scipy.sparse.issparse(rows) else rows
