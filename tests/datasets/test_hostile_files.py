"""Damaged and crafted files: named errors, no memory asked for that the file does not justify, no label merged."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
import zipfile

import numpy as np
import pytest

from gdfast.datasets import load, load_cifar10, text_files
from gdfast.datasets.chunks import chunk_source

N = 50


def members(path, **arrays):
    """A .npz archive of these arrays, compressed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array)
            archive.writestr(f"{name}.npy", content.getvalue())
    return path


@pytest.mark.parametrize("kind", ["coo", "csc"])
def test_a_small_file_of_a_thousand_million_rows_is_refused(kind, tmp_path):
    pytest.importorskip("scipy")
    few = np.array([0, 1], dtype=np.int64)
    parts = {"row": few, "col": few} if kind == "coo" else {"indices": few, "indptr": np.array([0, 1, 2])}
    path = members(
        tmp_path / "t.npz", format=np.array(kind.encode()), shape=np.array([10**9, 2]), data=few + 0.5, **parts
    )
    assert path.stat().st_size < 2000
    with pytest.raises(ValueError, match="says that it has 1,000,000,000 rows or columns, nearly all empty"):
        load(path)


@pytest.mark.parametrize(
    ("shape", "data"),
    [([10**30, 2], [1.0]), ([-1, 2], [1.0]), ([3, 2], np.array(["a"])), ([3], [1.0]), ([3, 2, 1], [1.0])],
)
def test_sparse_files_that_are_none(shape, data, tmp_path):
    pytest.importorskip("scipy")
    shape = np.array(shape) if max(shape) < 2**63 else np.array([float(length) for length in shape])
    path = members(tmp_path / "t.npz", format=np.array(b"coo"), shape=shape, data=np.array(data), row=[0], col=[0])
    with pytest.raises(ValueError, match=r"t\.npz"):
        load(path)


def test_names_in_names_of_a_tar_are_a_sentence(tmp_path):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1
    block = header.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")
    path = tmp_path / "t.tar.gz"
    with gzip.open(path, "wb") as file:
        file.write(block * 5000)
    with pytest.raises(ValueError, match=r"t\.tar\.gz is not a whole \.tar\.gz"):
        load_cifar10(path)
    with pytest.raises(ValueError, match=r"t\.tar\.gz is not a whole \.tar\.gz"):
        load(path)


def test_labels_that_end_with_a_null_are_others(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps([i, label]) + "\n" for i, label in enumerate(["a", "a\0", "a\0\0", "a"])))
    data = load(path)
    assert data.class_names == ("a", "a\0", "a\0\0")
    assert data.y.tolist() == [0, 1, 2, 0]


def arrow_table(lists=True):
    pyarrow = pytest.importorskip("pyarrow")
    columns = {"a": np.arange(N) + 0.5, "k": ["x", "y"] * (N // 2)}
    if lists:
        columns["e"] = pyarrow.array([[1.0, 2.0]] * N, pyarrow.list_(pyarrow.float64()))
    return pyarrow.table(columns)


def test_list_offsets_below_0_are_damage(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    offsets = np.arange(0, 2 * (N + 1), 2, dtype=np.int32)
    offsets[3] = -(2**20)
    values = pyarrow.array(np.zeros(2 * N))
    lists = pyarrow.Array.from_buffers(
        pyarrow.list_(pyarrow.float64()), N, [None, pyarrow.py_buffer(offsets.tobytes())], children=[values]
    )
    table = pyarrow.table({"e": lists, "k": ["x", "y"] * (N // 2)})
    for suffix in (".arrow", ".feather"):
        path = tmp_path / f"t{suffix}"
        with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        with pytest.raises(ValueError, match=rf"t\{suffix} is damaged or no arrow file"):
            load(path)


@pytest.mark.parametrize("suffix", [".arrow", ".feather", ".parquet"])
def test_every_flipped_byte_is_the_same_table_or_an_error(suffix, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    path, table = tmp_path / f"t{suffix}", arrow_table(lists=suffix != ".feather")
    if suffix == ".parquet":
        pytest.importorskip("pyarrow.parquet").write_table(table, path)
    elif suffix == ".feather":
        pytest.importorskip("pyarrow.feather").write_feather(table, path, compression="lz4")
    else:
        with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    shape = load(path, label="k").X.shape
    read, said = 0, []
    for position in rng.choice(len(content), 150, replace=False):
        damaged = bytearray(content)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            read += load(path, label="k").X.shape[0] == shape[0]
        except ValueError as error:
            said.append(str(error))
    assert read > 0
    assert [words for words in said if f"t{suffix}" not in words] == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "is a page of HTML or XML"),
        (b"\n  <html>", "is a page of HTML or XML"),
        (b"<?xml version='1.0'?><a/>", "is a page of HTML or XML"),
        (b"\x80\x04\x95....", "is a Python pickle"),
        (b"(dp0\nS'a'\n", "is a Python pickle"),
        (b"\xd0\xcf\x11\xe0....", "is an Excel or Word file: save it as CSV"),
        (b"SQLite format 3\0", "is a SQLite database"),
        (b"%PDF-1.4", "is a PDF document"),
        (b"FEA1....", "is a Feather file of version 1"),
        (b"a,b\n1,2\n".decode().encode("utf-16"), "is a text in UTF-16 .encoding='utf-16'"),
        # (The names of the tests hold these bytes: without a time in them they are the same in every process.)
        (gzip.compress(b"\x93NUMPY\x01\0", mtime=0), "is compressed by gzip, and what it holds is no CSV"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-6], "is damaged: it is compressed by gzip"),
        (b"\x1f\x8b....", "is damaged: it is compressed by gzip"),
        (b"BZh9....", "is damaged: it is compressed by bzip2"),
        (b"\xfd7zXZ\0....", "is damaged: it is compressed by xz"),
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\0\0\0\0", "of no kind that is known"),
    ],
)
def test_files_that_are_something_else_say_what(content, said, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def test_zstandard_without_a_reader_is_a_sentence(tmp_path, monkeypatch):
    if sys.version_info >= (3, 14):
        pytest.skip("Python reads it")
    path = tmp_path / "t.csv.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd....")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ImportError, match=r"t\.csv\.zst is compressed by Zstandard, which takes Python 3.14 or pyarrow"
    ):
        load(path)


def test_what_unpacks_to_more_than_the_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"1,2,x\n3,4,y\n" * 100_000))
    monkeypatch.setattr(text_files, "physical_memory", lambda: 1_000_000)
    with pytest.raises(ValueError, match="unpacks to more than this machine's memory, 1,000,000 bytes"):
        load(path)


@pytest.mark.parametrize(
    "first",
    ["1", "+1  # nothing in this row", "-1 qid:3", "1 qid:3 1:0.5", "1 1:2 # x:3", "  1 1:2", "1.0e0 2:1"],
)
def test_svmlight_whose_first_row_is_odd(first, tmp_path):
    pytest.importorskip("sklearn")
    rows = f"# a comment\n{first}\n-1 1:0.5 3:1e-3\n1 2:4\n"
    for name in ("t.svm", "a9a"):
        (tmp_path / name).write_text(rows)
        data = load(tmp_path / name)
        assert data.X.shape == (3, 3)
        assert data.X[1].toarray().tolist() == [[0.5, 0, 1e-3]]


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("1 1:2 x:3", "line 1, field 3 is 'x:3'"),
        ("one 1:2", "line 1, field 1 is 'one'"),
        ("1 1;2", "line 1, field 2 is '1;2'"),
    ],
)
def test_svmlight_whose_first_row_is_none_says_where(first, said, tmp_path):
    pytest.importorskip("sklearn")
    (tmp_path / "t.svm").write_text(f"{first}\n-1 1:0.5 3:1\n")
    with pytest.raises(ValueError, match=f"is not svmlight text .*: {said}"):
        load(tmp_path / "t.svm")


def test_svmlight_says_where_columns_begin_to_count(tmp_path):
    pytest.importorskip("sklearn")
    path = tmp_path / "t.svm"
    path.write_text("1 1:2 3:4\n-1 2:5\n")
    assert load(path).X.toarray().tolist() == [[2, 0, 4], [0, 5, 0]]
    assert load(path).reading == {"zero_based": False}
    assert load(path, zero_based=True).X.toarray().tolist() == [[0, 2, 0, 4], [0, 0, 5, 0]]
    path.write_text("1 0:2 3:4\n-1 2:5\n")
    assert load(path).reading == {"zero_based": True}
    with pytest.raises(ValueError, match="must count its columns from 1; it holds an index 0"):
        load(path, zero_based=False)


def test_svmlight_in_blocks_is_the_same(tmp_path, monkeypatch):
    datasets = pytest.importorskip("sklearn.datasets")
    sparse = pytest.importorskip("scipy.sparse")
    X = sparse.random(300, 20, 0.2, random_state=1, format="csr")
    y = np.arange(300) % 3
    datasets.dump_svmlight_file(X, y, str(tmp_path / "t.svm"))
    monkeypatch.setattr("gdfast.datasets.svmlight._BLOCK", 100)
    data = load(tmp_path / "t.svm", n_features=20)
    theirs, labels = datasets.load_svmlight_file(str(tmp_path / "t.svm"), n_features=20)
    assert (theirs != data.X).nnz == 0
    assert np.array_equal(data.y, labels)
    (tmp_path / "t.svm.gz").write_bytes(gzip.compress((tmp_path / "t.svm").read_bytes()))
    assert (theirs != load(tmp_path / "t.svm.gz", n_features=20).X).nnz == 0


def test_columns_that_take_no_space_ask_for_no_memory(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(
        pyarrow.table({"a": np.zeros(10**6), "k": np.zeros(10**6, dtype=int)}), tmp_path / "t.parquet"
    )
    assert (tmp_path / "t.parquet").stat().st_size < 20_000
    monkeypatch.setattr("gdfast.files.npy_reader.physical_memory", lambda: 15_000_000)
    with pytest.raises(ValueError, match="would take 16,000,000 bytes of memory; this machine has 15,000,000"):
        load(tmp_path / "t.parquet")
    monkeypatch.undo()
    nothing = pyarrow.nulls(10**9)  # a few hundred bytes on the disk
    for columns, said in (
        ({"a": pyarrow.nulls(3), "k": [1, 2, 3]}, "row 0 of column 'a' is null"),
        ({"a": nothing, "k": nothing}, "is (null|missing)"),
        ({"k": [1.5, 2, 3], "none": pyarrow.nulls(3)}, "must name a class in every row; row 0 is missing"),
    ):
        table = pyarrow.table(columns)
        with (
            pyarrow.OSFile(str(tmp_path / "t.arrow"), "wb") as sink,
            pyarrow.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table)
        with pytest.raises(ValueError, match=said):
            load(tmp_path / "t.arrow")


def test_a_chunk_of_hdf5_that_is_too_short_gives_out_no_memory(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "t.h5", "w") as file:
        dataset = file.create_dataset("X", shape=(4, 3), chunks=(2, 3), dtype="f8", compression="gzip")
        dataset.id.write_direct_chunk((0, 0), b"x" * 20, filter_mask=1)  # stored as it is, 20 of 48 bytes
    with pytest.raises(ValueError, match=r"t\.h5::/X is damaged: its chunk at \(0, 0\) has 20 bytes, not 48"):
        load(tmp_path / "t.h5")
    with h5py.File(tmp_path / "t.h5", "w") as file:
        dataset = file.create_dataset("X", shape=(4, 3), chunks=(2, 3), dtype="f8", shuffle=True, fletcher32=True)
        dataset[:] = 1.5
    assert load(tmp_path / "t.h5").X.tolist() == [[1.5] * 3] * 4


def test_a_row_group_of_less_than_no_rows(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    path = tmp_path / "t.parquet"
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table({"a": [0.5] * 77, "k": [1] * 77}), path)
    content = path.read_bytes()
    count = bytes([2 * 77 & 0x7F | 0x80, 2 * 77 >> 7])  # as thrift writes 77
    places = [i for i in range(len(content)) if content[i : i + 2] == count]
    said = []
    for place in places:
        path.write_bytes(content[:place] + b"\x99\x01" + content[place + 2 :])  # -77
        for rows in (lambda: load(path).X, lambda: chunk_source(path)):
            try:
                said.append(f"t.parquet of {rows().shape[0]}")
            except ValueError as error:
                said.append(str(error))
    assert sum("its groups have [-77]" in text for text in said) == 2
    assert all("t.parquet is" in text or text == "t.parquet of 77" for text in said)


def test_a_byte_order_mark_within_a_table_is_none(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b,k\n\xef\xbb\xbf1,2,x\n3,4,y\n")
    with pytest.raises(ValueError, match=r"line 2, column 1 \('a'\) is '\\ufeff1'"):
        load(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("4,", "9223372036854775808,", "must hold rows that a machine can count"),
        ("2,", "0,", "t.zarr is damaged"),
        ("4,", "-4,", "is damaged or no Zarr store"),
    ],
)
def test_metadata_of_zarr_that_lie(old, new, said, tmp_path):
    zarr = pytest.importorskip("zarr")
    zarr.create_array(tmp_path / "t.zarr", data=np.ones((4, 3)), chunks=(2, 3))
    metadata = tmp_path / "t.zarr" / "zarr.json"
    metadata.write_text(metadata.read_text().replace(old, new, 1))
    for read in (load, lambda path: chunk_source(path).read(0, 4)):
        with pytest.raises(ValueError, match=said) as caught:
            read(tmp_path / "t.zarr")
        assert "t.zarr" in str(caught.value)


@pytest.mark.parametrize("field", ["qid2:-1", "qid\x01:1", "qid:3\x1d1:2", "qid1:1:2", "1_0:2", "1:2_0"])
def test_what_scikit_learn_passes_over_is_refused(field, tmp_path):
    pytest.importorskip("sklearn")
    path = tmp_path / "t.svm"
    path.write_text(f"1 1:2\n-1 {field}\n")
    for read in (load, chunk_source):
        with pytest.raises(ValueError, match=r"t\.svm is not svmlight text .*: line 2, field 2"):
            read(path)
