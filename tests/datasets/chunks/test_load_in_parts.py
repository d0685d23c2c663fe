"""`load` of folders and stores: a Dataset like that of one file, its rows in memory or left where they lie."""

from __future__ import annotations

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import zarr
from sklearn.datasets import dump_svmlight_file

import gdfast as gd
from gdfast.datasets.chunks import ChunkSource
from stored_rows import KINDS, N, labels, npy_folder, parquet_folder, rows, svmlight_folder, zarr_group

NAMES = np.array(["ant", "bee", "cat"])
PATHS = ["npy folder", "zarr group", "zarr path", "zarr version 2", "hdf5 file", "hdf5 names"]


@pytest.mark.parametrize("mmap", [None, True, False])
@pytest.mark.parametrize("kind", PATHS)
def test_a_folder_or_store_is_a_data_set(kind, mmap, tmp_path):
    X, y = rows(), labels()
    given = KINDS[kind](tmp_path, X, y)
    place, beside = given if isinstance(given, tuple) else (given, None)
    data = gd.datasets.load(place, y=beside, mmap=mmap)
    assert isinstance(data.X, ChunkSource) == (mmap is True)
    assert data.X.shape == X.shape
    np.testing.assert_array_equal(data.X.read(0, N) if mmap else data.X, X)
    np.testing.assert_array_equal(data.y, y)
    assert data.class_names == ("0", "1", "2")
    assert "230 rows of 6 features (float32), 3 classes" in data.description


def test_what_is_large_stays_where_it_lies(tmp_path, monkeypatch):
    import gdfast.datasets.parts as parts

    monkeypatch.setattr(parts, "BIG", rows().nbytes)
    folder = npy_folder(tmp_path, rows(), labels())
    assert isinstance(gd.datasets.load(folder).X, ChunkSource)
    monkeypatch.setattr(parts, "BIG", rows().nbytes + 1)
    assert isinstance(gd.datasets.load(folder).X, np.ndarray)


def test_a_folder_of_tables_is_read_as_a_table_is(tmp_path):
    X, y = rows(), labels()
    for name, a, b in (("part-1", 0, 99), ("part-2", 99, N)):
        table = {"row": np.arange(a, b), **{f"x{j}": X[a:b, j] for j in range(6)}, "kind": NAMES[y[a:b]]}
        pyarrow.parquet.write_table(pa.table(table), tmp_path / f"{name}.parquet")
    data = gd.datasets.load(tmp_path, drop="row", mmap=True)
    whole = gd.datasets.load(tmp_path / "part-1.parquet", drop="row")
    assert data.class_names == whole.class_names == ("ant", "bee", "cat")
    assert data.feature_names == whole.feature_names
    np.testing.assert_array_equal(data.X.read(0, N), X)
    np.testing.assert_array_equal(data.y, y)
    again = gd.datasets.load(tmp_path, **data.reading)
    np.testing.assert_array_equal(again.X, X)
    some = gd.datasets.load(tmp_path, columns=["x4", "x1"], label="kind", mmap=True)
    np.testing.assert_array_equal(some.X.read(0, N), X[:, [4, 1]])
    assert gd.datasets.load(tmp_path, label=None, drop=["row", "kind"]).y is None


def test_svmlight_folders_may_be_wider_than_their_rows(tmp_path):
    X, y = rows(), labels()
    folder = svmlight_folder(tmp_path, X, y)
    data = gd.datasets.load(folder, n_features=9)
    np.testing.assert_array_equal(data.X.toarray(), np.pad(X, ((0, 0), (0, 3))))
    assert data.reading == {"zero_based": False}
    with pytest.raises(ValueError, match=r"part-1\.svmlight must hold 5 features at most; it holds a feature 6"):
        gd.datasets.load(folder, n_features=5)
    dump_svmlight_file(X, y, str(folder / "part-3.svmlight"), zero_based=True)
    with pytest.raises(ValueError, match=r"part-3\.svmlight must count its columns from 1"):
        gd.datasets.load(folder, zero_based=False)


def test_stored_labels_may_be_text(tmp_path):
    X, y = rows(), labels()
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["X"], file["y"] = X, NAMES[y].tolist()
    data = gd.datasets.load(tmp_path / "rows.h5")
    assert data.class_names == tuple(NAMES)
    np.testing.assert_array_equal(data.y, y)
    assert gd.datasets.load(tmp_path / "rows.h5", class_names=[*NAMES, "dog"]).class_names[-1] == "dog"
    np.testing.assert_array_equal(gd.datasets.load(tmp_path / "rows.h5", y=y / 2, targets=True).y, y / 2)


def test_a_source_is_trained_on_as_its_rows_are(tmp_path):
    X, y = rows(), labels()
    data = gd.datasets.load(parquet_folder(tmp_path, X, y), label="kind", mmap=True)
    chunked = gd.ChunkedObjective(data.X, data.labels(), gd.CrossEntropy(), gd.L2(0.1))
    whole = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(0.1))
    W = np.random.default_rng(0).normal(size=whole.shape) / 100
    assert chunked.value(W) == pytest.approx(whole.value(W), rel=1e-6)


def not_finite(folder):
    X = rows()
    X[7, 2] = np.nan
    return npy_folder(folder, X, labels()), {}


def test_what_zarr_reads_is_as_good_as_any_array(tmp_path):
    """Zarr names the byte order of a dtype, even where it is the machine's own: the buffer's format is another."""
    X, y = rows(), labels()
    array = zarr.create_array(tmp_path / "rows.zarr", data=X, chunks=(50, 6))
    W = np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)
    value = gd.LinearObjective(X, y).value(W)
    assert gd.LinearObjective(array[:], y).value(W) == value
    assert gd.ChunkedObjective(array, y).value(W) == value
    assert memoryview(gd.datasets.chunks.chunk_source(array).read(0, 60)).format == "f"


FAULTS = {
    "columns": (lambda f: (npy_folder(f, rows(), labels()), {"columns": [1]}), "columns must be left out"),
    "drop": (lambda f: (zarr_group(f, rows(), labels()), {"drop": 1}), "drop must be left out"),
    "width": (lambda f: (npy_folder(f, rows(), labels()), {"n_features": 7}), "must hold 7 features; it holds 6"),
    "y": (lambda f: (npy_folder(f, rows(), labels()), {"y": np.zeros(3, int)}), "one label for each of the 230 rows"),
    "not finite": (not_finite, r"X must be finite; X\[7, 2\] is nan"),
    "no such file": (lambda f: (f / "rows.h5::/X", {}), r"rows\.h5 does not exist"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_refused(fault, tmp_path):
    make, message = FAULTS[fault]
    place, options = make(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        gd.datasets.load(place, **options)


def test_rows_that_are_more_than_the_memory(tmp_path):
    zarr.create_array(tmp_path / "rows.zarr", shape=(10**10, 1000), dtype="uint8", chunks=(10**6, 1000))
    with pytest.raises(ValueError, match="would take 10,000,000,000,000 bytes"):
        gd.datasets.load(tmp_path / "rows.zarr", mmap=False)
    assert gd.datasets.load(tmp_path / "rows.zarr").X.shape == (10**10, 1000)
