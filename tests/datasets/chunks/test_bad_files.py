"""Files that can't be read in pieces, or change while they are read: one sentence that names the file."""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask.array
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import zarr
from sklearn.datasets import dump_svmlight_file

from gdfast.datasets.chunks import chunk_source

X = np.random.default_rng(0).integers(0, 9, (40, 3)).astype(np.float32)
Y = np.arange(40) % 3


def write(path, array):
    path.parent.mkdir(exist_ok=True)
    np.save(path, array)


def parquet(path, columns):
    path.parent.mkdir(exist_ok=True)
    pyarrow.parquet.write_table(pa.table(columns), path, row_group_size=15)


def columns(rows=X, **others):
    return {**{f"x{j}": rows[:, j] for j in range(rows.shape[1])}, **others}


def cut(path, size=100):
    path.write_bytes(path.read_bytes()[:-size])


def folder_of(*arrays, names=("a.npy", "b.npy", "c.npy")):
    return lambda f: [write(f / name, array) for name, array in zip(names, arrays, strict=False)]


def two_formats(f):
    write(f / "a.npy", X)
    parquet(f / "b.parquet", columns())


def with_labels(y, second=None):
    def make(f):
        write(f / "a.npy", X)
        write(f / "a_labels.npy", y)
        if second is not None:
            write(f / "b.npy", second)

    return make


def tables(*contents):
    return lambda f: [parquet(f / f"{i}.parquet", content) for i, content in enumerate(contents)]


def texts(**files):
    return lambda f: [(f.mkdir(exist_ok=True), (f / name.replace("_", ".")).write_text(t)) for name, t in files.items()]


def truncated(f):
    write(f / "a.npy", X)
    cut(f / "a.npy")


def damaged_table(f):
    parquet(f / "a.parquet", columns())
    cut(f / "a.parquet")


def misnamed(f):
    parquet(f / "a.parquet", columns())
    (f / "a.parquet").rename(f / "a.npy")


def damaged_hdf5(f):
    f.mkdir()
    with h5py.File(f / "a.h5", "w") as file:
        file["X"] = X
    cut(f / "a.h5", 500)


def hdf5(**datasets):
    def make(f):
        f.mkdir()
        with h5py.File(f / "a.h5", "w") as file:
            for name, data in datasets.items():
                file[name] = data

    return make


def two_zarr_arrays(f):
    group = zarr.open_group(f, mode="w")
    for name in "ab":
        group.create_array(name, data=X)


def damaged_zarr(f):
    zarr.create_array(f, data=X)
    (f / "zarr.json").write_text("{")


NULL = pa.array([1.0] * 17 + [None] + [2.0] * 22)
AT_ONCE = {
    "no such file": (lambda f: None, "", r"rows does not exist"),
    "empty folder": (lambda f: f.mkdir(), "", r"rows must hold .npy, .parquet or .svmlight files; it holds nothing"),
    "no data": (texts(notes_txt="x"), "", "it holds notes.txt"),
    "two formats": (two_formats, "", r"of one format; it holds a\.npy and b\.parquet"),
    "CSV": (texts(a_csv="1,2\n", b_csv="3,4\n"), "", r"a\.csv is none of these"),
    "one CSV": (texts(a_csv="1,2\n3,4\n"), "/a.csv", "read as a whole only"),
    "widths": (folder_of(X, X[:, :2]), "", r"b\.npy must hold 3 features, as .*a\.npy does; it holds 2"),
    "dtypes": (folder_of(X, X.astype("f8")), "", r"b\.npy must be float32, as .*a\.npy is; its dtype is float64"),
    "one dimension": (folder_of(X, X[:, 0]), "", r"b\.npy must be \(n_samples, n_features\).*reshape\(-1, 1\)"),
    "three dimensions": (folder_of(X[:, :, None]), "", r"a\.npy must be .*reshape\(len\(X\), -1\)"),
    "objects": (folder_of(np.array([[{}]])), "", r"a\.npy holds Python objects"),
    "text": (folder_of(np.array([["a"]])), "", r"a\.npy must be float64.*its dtype is <U1"),
    "integers": (folder_of(X.astype(int)), "", r"a\.npy must be .*int64: .astype"),
    "byte order": (folder_of(X.astype(">f4")), "", r"a\.npy must be in this machine's byte order"),
    "truncated": (truncated, "", r"a\.npy is truncated"),
    "all empty": (folder_of(X[:0], X[:0]), "", "at least one row"),
    "misnamed": (misnamed, "", r"a\.npy is named \.npy, but it is a Parquet file"),
    "labels of another length": (with_labels(Y[:39]), "", r"a_labels\.npy must hold one label for each of the 40"),
    "labels of one part": (with_labels(Y, X), "", r"b\.npy must have labels, as .*a\.npy has"),
    "text table": (tables(columns(kind=Y.astype(str))), "", r"0\.parquet must hold numbers; column 'kind'.*label="),
    "columns": (tables(columns(), columns(X[:, :2], y=Y)), "", r"1\.parquet must hold the columns .*0\.parquet"),
    "table widths": (tables(columns(), columns(X[:, :2])), "", r"1\.parquet .* lacks one, 'x2'"),
    "table dtypes": (tables(columns(), columns(X.astype("f8"))), "", r"1\.parquet must be float32"),
    "damaged table": (damaged_table, "", r"a\.parquet is damaged or no parquet file"),
    "svmlight": (texts(a_svmlight="1 1:2\n1 x:2\n"), "", r"a\.svmlight is not svmlight text.*line 2, field 2"),
    "empty svmlight": (texts(a_svmlight="1 1:2\n", b_svmlight=""), "", r"b\.svmlight is empty"),
    "damaged HDF5": (damaged_hdf5, "/a.h5", r"a\.h5 is damaged"),
    "HDF5 without X": (hdf5(a=X, b=X), "/a.h5", r"a\.h5 must hold an array named X .*it holds a, b"),
    "HDF5 without that": (hdf5(a=X, b=X), "/a.h5::/c", r"a\.h5 must hold a dataset named '/c'; it holds a, b"),
    "no HDF5 file": (lambda f: None, "/a.h5::/c", r"a\.h5 does not exist"),
    "HDF5 of three dimensions": (hdf5(X=X[None]), "/a.h5", r"a\.h5::/X must be .*reshape"),
    "HDF5 text": (hdf5(X=[["a", "b"]]), "/a.h5", r"a\.h5::/X must be .*its dtype is object"),
    "two Zarr arrays": (two_zarr_arrays, "", "rows must hold an array named X"),
    "damaged Zarr": (damaged_zarr, "", "rows is damaged or no Zarr store"),
}


@pytest.mark.parametrize("fault", AT_ONCE)
def test_what_is_refused_at_once(fault, tmp_path):
    make, place, message = AT_ONCE[fault]
    make(tmp_path / "rows")
    with pytest.raises((TypeError, ValueError, FileNotFoundError), match=message):
        chunk_source(f"{tmp_path / 'rows'}{place}")


def test_labels_that_do_not_fit(tmp_path):
    write(tmp_path / "X.npy", X)
    write(tmp_path / "y.npy", Y[:30])
    with pytest.raises(ValueError, match="one label for each of the 40 rows of X; it holds 30"):
        chunk_source(tmp_path / "X.npy", tmp_path / "y.npy")
    with pytest.raises(FileNotFoundError, match=r"z\.npy does not exist"):
        chunk_source(tmp_path / "X.npy", tmp_path / "z.npy")
    write(tmp_path / "X_labels.npy", np.array(["a"] * 40))
    source = chunk_source(tmp_path / "X.npy")
    with pytest.raises(TypeError, match=r"labels must be numbers; those of row 0 of .*X\.npy are <U1: numpy.unique"):
        source.labels()


def test_labels_of_tables(tmp_path):
    parquet(tmp_path / "a.parquet", columns(kind=Y.astype(str)))
    with pytest.raises(TypeError, match="labels must be numbers"):
        chunk_source(tmp_path / "a.parquet", label="kind").labels()
    for label, message in (("class", "one column named 'class'"), (9, "label must be in")):
        with pytest.raises(ValueError, match=message):
            chunk_source(tmp_path / "a.parquet", label=label)
    with pytest.raises(ValueError, match="label must be left out where y is given"):
        chunk_source(tmp_path / "a.parquet", Y, label="kind")
    write(tmp_path / "a.npy", X)
    with pytest.raises(ValueError, match=r"label must be left out: .*a\.npy is no table"):
        chunk_source(tmp_path / "a.npy", label="kind")


def test_missing_values_and_ragged_lists_are_named_by_their_row(tmp_path):
    parquet(tmp_path / "a.parquet", {"x": np.arange(40.0), "z": NULL})
    source = chunk_source(tmp_path / "a.parquet")
    source.read(0, 17)
    with pytest.raises(ValueError, match=r"a\.parquet must hold a value in every row; row 17 of column 'z' is null"):
        source.read(3, 40)
    with pytest.raises(ValueError, match="row 17 of column 'z' is null"):
        chunk_source(tmp_path / "a.parquet", label="z").labels()
    parquet(tmp_path / "b.parquet", {"x": [[1.0, 2.0]] * 15 + [[1.0]] * 5})
    source = chunk_source(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=r"b\.parquet must hold lists of one length in column 'x'; there are \[1, 2\]"):
        source.read(10, 20)
    with pytest.raises(ValueError, match=r"b\.parquet must hold lists of 2 numbers in column 'x'; from row 15 on"):
        source.read(15, 20)


def test_a_compressed_file_is_refused(tmp_path):
    dump_svmlight_file(X, Y, str(tmp_path / "a.svmlight"))
    import gzip

    (tmp_path / "b.svmlight.gz").write_bytes(gzip.compress((tmp_path / "a.svmlight").read_bytes()))
    with pytest.raises(ValueError, match=r"b\.svmlight\.gz is compressed by gzip: unpack it"):
        chunk_source(tmp_path / "b.svmlight.gz")


def test_dask_arrays_that_are_refused():
    array = dask.array.from_array(X, chunks=10)
    with pytest.raises(ValueError, match=r"known chunk sizes.*X\.compute_chunk_sizes\(\)"):
        chunk_source(array[array[:, 0] > 3])
    known = array[array[:, 0] > 3].compute_chunk_sizes()
    np.testing.assert_array_equal(chunk_source(known).read(0, len(known)), X[X[:, 0] > 3])
    with pytest.raises(TypeError, match="its dtype is int64"):
        chunk_source(array.astype(np.int64))
    lying = array.map_blocks(lambda block: block.astype("f8"), dtype="f4")
    with pytest.raises(ValueError, match=r"must compute to .* of float32 in rows 0 to 4"):
        chunk_source(lying).read(0, 4)
    with pytest.raises(ValueError, match="one label for each"):
        chunk_source(array, dask.array.from_array(Y[:30], chunks=7))


def test_a_closed_dataset_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        dataset = file.create_dataset("X", data=X)
        chunk_source(dataset)
    with pytest.raises(ValueError, match="open datasets"):
        chunk_source(dataset)


def rewritten_hdf5(path, rows):
    with h5py.File(path, "a") as file:
        file.pop("X", None)
        file["X"] = rows


def rewritten_zarr(path, rows):
    zarr.create_array(path, data=rows, chunks=(10, 3), overwrite=True)


def appended_zarr(path, rows):
    zarr.open_array(path, mode="a").append(rows)


CHANGES = {
    "npy": (write, write, "a.npy"),
    "parquet": (lambda p, x: parquet(p, columns(x)), lambda p, x: parquet(p, columns(x)), "a.parquet"),
    "svmlight": (*2 * (lambda p, x: dump_svmlight_file(x, np.zeros(len(x)), str(p)),), "a.svmlight"),
    "hdf5": (rewritten_hdf5, rewritten_hdf5, "a.h5"),
    "zarr": (rewritten_zarr, rewritten_zarr, "a.zarr"),
    "zarr append": (rewritten_zarr, appended_zarr, "a.zarr"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_changes_in_mid_run_is_named_at_the_next_read(kind, tmp_path):
    make, change, name = CHANGES[kind]
    path = tmp_path / name
    make(path, X)
    source = chunk_source(path)
    source.read(0, 3)
    change(path, np.concatenate([X, X[:5]]))
    for again in (lambda: source.read(0, 3), source.require_unchanged):
        with pytest.raises(ValueError, match=rf"{name}.* must not change while it is read"):
            again()
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    for again in (lambda: source.read(0, 3), source.require_unchanged):
        with pytest.raises(FileNotFoundError, match=rf"{name}.* is gone"):
            again()


def test_a_file_that_is_missing_in_a_folder(tmp_path):
    folder_of(X, X, X)(tmp_path / "rows")
    source = chunk_source(tmp_path / "rows")
    (tmp_path / "rows/b.npy").unlink()
    source.read(0, 40)
    for read in (lambda: source.read(30, 50), source.require_unchanged):
        with pytest.raises(FileNotFoundError, match=r"b\.npy is gone"):
            read()


def test_a_zarr_array_in_memory_that_grows():
    array = zarr.create_array({}, data=X, chunks=(10, 3))
    source = chunk_source(array)
    array.resize((50, 3))
    with pytest.raises(ValueError, match="must not change while it is read"):
        source.read(0, 3)


def test_a_damaged_chunk_is_named(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=X, chunks=(10, 3))
    (tmp_path / "a.zarr/c/2/0").write_bytes(b"12345")
    source = chunk_source(tmp_path / "a.zarr")
    source.read(0, 20)
    with pytest.raises(ValueError, match=r"a\.zarr is damaged, between items 15 and 25"):
        source.read(15, 25)


def test_empty_parts_are_harmless(tmp_path):
    folder_of(X[:0], X[:9], X[:0], names=("a.npy", "b.npy", "c.npy"))(tmp_path / "rows")
    tables(columns(X[:0]), columns(X[:9]))(tmp_path / "tables")
    for folder in ("rows", "tables"):
        source = chunk_source(tmp_path / folder)
        assert source.boundaries.tolist() == [0, 9]
        np.testing.assert_array_equal(source.read(0, 9), X[:9])
        assert source.where(0).startswith("row 0 of")


@pytest.mark.parametrize(
    ("library", "name", "make", "extra"),
    [
        ("pyarrow", "a.parquet", lambda p: parquet(p, columns()), "tables"),
        ("h5py", "a.h5", lambda p: rewritten_hdf5(p, X), "io"),
        ("zarr", "a.zarr", lambda p: rewritten_zarr(p, X), "io"),
        ("sklearn.datasets", "a.svmlight", lambda p: dump_svmlight_file(X, Y, str(p)), "sklearn"),
    ],
)
def test_a_library_that_is_missing_is_named(library, name, make, extra, tmp_path, monkeypatch):
    make(tmp_path / name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"{name} takes .*not installed: pip install 'gdfast\[{extra}\]'"):
        chunk_source(tmp_path / name)


@pytest.mark.parametrize("kind", ["npy", "parquet", "hdf5", "zarr", "svmlight"])
def test_threads_may_read_at_once(kind, tmp_path):
    make, _, name = CHANGES[kind]
    make(tmp_path / name, X)
    source = chunk_source(tmp_path / name)
    with ThreadPoolExecutor(4) as pool:
        for i, found in enumerate(pool.map(lambda i: source.read(i, i + 9), list(range(30)))):
            found = found.toarray() if source.is_sparse else found
            np.testing.assert_array_equal(found, X[i : i + 9])


def test_a_path_may_be_relative_and_the_folder_changed_since(tmp_path, monkeypatch):
    write(tmp_path / "X.npy", X)
    monkeypatch.chdir(tmp_path)
    source = chunk_source(Path("X.npy"))
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(source.read(0, 40), X)
