"""Whole files of every format, small: where the mutations begin. Made here, so that nothing binary is kept."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow
import pyarrow.feather
import pyarrow.parquet
from scipy import sparse

ROWS = np.arange(12.0).reshape(4, 3) / 4
LABELS = np.array([0, 1, 2, 1])


def written(suffix: str, write: Callable[[Path], Any]) -> bytes:
    """What `write(path)` leaves in a file of that suffix."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"seed{suffix}"
        write(path)
        return path.read_bytes()


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def npz(packing: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    """An archive of whole .npy files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", packing) as archive:
        for name, member in members.items():
            archive.writestr(f"{name}.npy", member)
    return content.getvalue()


def csv() -> list[bytes]:
    return [
        b"a,b,kind\n1.5,2,x\n2.5,3,y\n-1e-3,4,x\n",
        b"1;2,5;x\r\n2;3,5;y\r\n",
        b'"a","b b","k"\n1,2,"x, y"\n3,4,"z""z"\n',
        b"1\t2\t0\n3\t4\t1\n",
        b"1.5,2,3\n-4,5e-1,6\n",
        b"\xef\xbb\xbfa,b,k\n1,True,x\n2,False,y\n",
        b",a,k\n0,1.5,x\n1,2.5,y\n",
        "a,b,k\n1,2,é\n3,4,ü\n".encode(),
    ]


def packed_csv() -> list[bytes]:
    text = b"a,b,kind\n" + b"1.5,2,x\n2.5,3,y\n" * 40
    return [gzip.compress(text, mtime=0), bz2.compress(text), lzma.compress(text)]


def json_lines() -> list[bytes]:
    return [
        b'[1, 2.5, "x"]\n[3, 4.5, "y"]\n',
        b'{"a": 1, "b": 2.5, "k": "x"}\n{"a": 3, "b": 4.5, "k": "y"}\n',
        b'{"e": [1, 2, 3], "f": true, "k": 0}\n{"e": [4, 5, 6], "f": false, "k": 1}\n',
        b"[1e3, -0.0, 1]\n\n[2, 1e-7, 2]",
    ]


def svmlight() -> list[bytes]:
    return [
        b"1 1:0.5 3:1e-3\n-1 2:4\n",
        b"# a comment\n1 qid:3 1:2 4:3 # here\n\n2 qid:3 2:-1\n",
        b"0 0:1 7:2\n1\n1 3:4\n",
        b"1.5 1:1 2:2 3:3\r\n2.5 2:7\r\n",
    ]


def npy_files() -> list[bytes]:
    arrays = (ROWS, ROWS.astype("f4"), ROWS.astype("u1"), np.asfortranarray(ROWS), ROWS > 1, ROWS.astype(">f8"))
    return [npy(array) for array in (*arrays, ROWS.astype(int), ROWS.reshape(2, 3, 2))]


def npz_files() -> list[bytes]:
    named = {"X": npy(ROWS), "y": npy(LABELS)}
    matrix = sparse.csr_matrix(ROWS)
    saved = [
        written(".npz", lambda path, m=m: sparse.save_npz(path, m)) for m in (matrix, matrix.tocsc(), matrix.tocoo())
    ]
    test = {"X_test": npy(ROWS[:2]), "y_test": npy(LABELS[:2]), "class_names": npy(np.array(["a", "b", "c"]))}
    return [npz(**named), npz(zipfile.ZIP_DEFLATED, **named), npz(**named, **test), *saved]


def table(lists: bool = True) -> Any:
    columns: dict[str, Any] = {"a": np.arange(6) / 4, "b": np.arange(6, dtype=np.int32), "k": ["x", "y", "z"] * 2}
    if lists:
        columns["e"] = pyarrow.array([[1.0, 2.0]] * 6)
        columns["f"] = pyarrow.array([True, False] * 3)
    return pyarrow.table(columns)


@cache
def parquet() -> list[bytes]:
    write = pyarrow.parquet.write_table
    plain = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    return [
        written(".parquet", lambda path: write(table(), path)),
        written(".parquet", lambda path: write(table(lists=False), path, **plain)),
        written(".parquet", lambda path: write(table(), path, row_group_size=2, data_page_version="2.0")),
    ]


@cache
def arrow() -> list[bytes]:
    def stream(path: Path) -> None:
        with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_stream(sink, coded.schema) as writer:
            writer.write_table(coded)

    coded = table().set_column(2, "k", table().column("k").dictionary_encode())
    write = pyarrow.feather.write_feather
    return [
        written(".arrow", lambda path: write(table(), path, compression="uncompressed")),
        written(".arrow", lambda path: write(table(lists=False), path, compression="lz4")),
        written(".arrow", stream),
    ]


@cache
def hdf5() -> list[bytes]:
    import h5py

    def write(path: Path, **settings: Any) -> None:
        with h5py.File(path, "w") as file:
            file.create_dataset("X", data=ROWS, **settings)
            file["y"] = LABELS

    return [
        written(".h5", write),
        written(".h5", lambda path: write(path, chunks=(2, 3), compression="gzip", shuffle=True)),
    ]


@cache
def zarr() -> dict[str, bytes]:
    """The files of a Zarr array in chunks of two rows."""
    from zarr import create_array

    with TemporaryDirectory() as folder:
        create_array(folder, data=ROWS, chunks=(2, 3))
        files = [file for file in Path(folder).rglob("*") if file.is_file()]
        return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def batch(n: int, pixels: int) -> dict[bytes, Any]:
    """A CIFAR-10 batch of n pictures."""
    data = (np.arange(n * pixels) % 251).astype(np.uint8).reshape(n, pixels)
    return {b"data": data, b"labels": [i % 10 for i in range(n)], b"filenames": [b"a.png"] * n}


def pickles() -> list[bytes]:
    names = {b"label_names": [b"airplane", b"cat"], b"num_vis": 3072}
    return [pickle.dumps(thing, protocol) for thing in (batch(3, 4), names) for protocol in (0, 2, 4)]


def binary_batch(n: int, pixels: int) -> bytes:
    """The same as a .bin file."""
    found = batch(n, pixels)
    labels = np.array(found[b"labels"], dtype=np.uint8)[:, None]
    return np.hstack([labels, found[b"data"]]).tobytes()


def tars(n: int, pixels: int) -> list[bytes]:
    """Archives, not compressed, of all batches in binary, and of all pickles."""
    binary = {f"cifar/data_batch_{k}.bin": binary_batch(n, pixels) for k in range(1, 6)}
    names = "\n".join(f"name{i}" for i in range(10)).encode()
    pickled = {f"cifar/data_batch_{k}": pickle.dumps(batch(n, pixels), 2) for k in range(1, 6)}
    return [tar({**binary, "cifar/batches.meta.txt": names}), tar(pickled)]


def tar(members: dict[str, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=kind) as archive:
        for name, member in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(member)
            archive.addfile(info, io.BytesIO(member))
    return content.getvalue()
