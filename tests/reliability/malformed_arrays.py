"""Malformed arrays, tables and archives: headers that lie, bombs, records of the wrong size."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from reliability.fuzz import seeds

Files = dict[str, tuple[Callable[[], bytes], Any]]
MILLION = 10**6


def _header(shape: Any, descr: Any = "<f8", order: Any = False, version: bytes = b"\x01\0", **more: Any) -> bytes:
    text = repr({"descr": descr, "fortran_order": order, "shape": shape, **more}).encode() + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version == b"\x01\0" else 4, "little") + text


def _npy() -> Files:
    body = np.arange(12.0).tobytes()
    shapes = {
        "10^12 rows": (10**12, 3),
        "no columns": (10**12, 0),
        "no rows": (0, 10**12),
        "a row more": (5, 3),
        "a row less": (3, 3),
        "negative": (-4, -3),
        "negative rows": (-4, 3),
        "one number": (),
        "beyond long": (10**30, 3),
        "33 axes": (1,) * 33,
        "70 axes": (1,) * 70,
        "a fraction": (4.0, 3),
        "text": ("4", 3),
        "a list": [4, 3],
        "a number": 12,
        "None": None,
        "True": (True, 12),
        "one axis": (12,),
        "a row of zeros": (0,),
        "2^64 + 12": (2**64 + 12,),
        "2^63 by 2": (2**63, 2),
        "2^32 by 2^32": (2**32, 2**32),
    }
    refused: list[tuple[str, Any]] = [(f"shape of {what}", _header(shape) + body) for what, shape in shapes.items()]
    kinds = {
        "objects": "|O",
        "complex": "<c16",
        "dates": "<M8[s]",
        "no width": "<U0",
        "no bytes": "|S0",
        "void": "|V8",
        "text": "<U2",
        "records": [("a", "<f8")],
        "nested": [("a", [("b", "<f8")])],
        "unknown": "<z8",
        "code": "__import__('os')",
        "a number": 8,
        "None": None,
        "endless": "<f" + "8" * 5000,
        "a subarray": ("<f8", (2,)),
        "half of one": "<f3",
        "intervals": "<m8",
        "wide": "<U1000000000000",
    }
    refused += [(f"type of {what}", _header((4, 3), kind) + body) for what, kind in kinds.items()]
    refused += [(f"order of {order!r}", _header((4, 3), order=order) + body) for order in (None, "C", 2, [], 0.5)]
    whole = _header((4, 3)) + body
    refused += [(f"the first {n} bytes", whole[:n]) for n in range(1, len(whole), 3)]
    refused += [
        ("a name more", _header((4, 3), more=1) + body),
        ("version 9", _header((4, 3), version=b"\x09\0") + body),
    ]
    refused += [(f"{n} bytes more", whole + bytes(n)) for n in (1, 7, 8, 24, 4096)]
    texts = {
        "deep brackets": b"(" * 60_000,
        "a call": b"__import__('os').system('true')",
        "a name": b"x",
        "nothing": b"",
        "a list": b"[]",
        "deep minus": b"-" * 60_000 + b"1",
        "NUL": b"\0" * 40,
        "no UTF-8": b"\xff" * 40,
        "spaces": b" " * 118,
        "an open dict": b"{'descr': '<f8'",
        "a product": b"{'descr': '<f8', 'fortran_order': False, 'shape': (9**99,)}",
    }
    start = b"\x93NUMPY\x01\0"
    refused += [(f"header of {what}", start + len(text).to_bytes(2, "little") + text) for what, text in texts.items()]
    long = b"\x93NUMPY\x02\0" + (50 * MILLION).to_bytes(4, "little")
    refused += [("a header of 50 MB", long + b" " * (50 * MILLION)), ("a header that says 50 MB", long + b"{}")]
    found: Files = {what: ((lambda content=content: content), None) for what, content in refused}
    rows = np.arange(12.0).reshape(4, 3)
    fine = {"another order": np.asfortranarray(rows), "other bytes": rows.astype(">f8"), "integers": rows.astype("<i2")}
    return found | {what: ((lambda array=array: seeds.npy(array)), rows) for what, array in fine.items()}


def _archive(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    return seeds.npz(packing, **members)


def _bomb(packing: int, n: int, name: str = "X") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", packing) as archive, archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        file.write(_header((n // 10, 10), "|u1"))
        for _ in range(n // MILLION):
            file.write(bytes(MILLION))
    return content.getvalue()


def _sparse(**parts: Any) -> bytes:
    whole = {
        "format": np.array(b"csr"),
        "shape": np.array([3, 4]),
        "data": np.ones(4),
        "indices": np.array([0, 1, 2, 3]),
        "indptr": np.array([0, 2, 3, 4]),
    }
    return _archive(
        {name: seeds.npy(np.asarray(part)) for name, part in {**whole, **parts}.items() if part is not None}
    )


def _npz() -> Files:
    X, y = seeds.npy(seeds.ROWS), seeds.npy(seeds.LABELS)
    found: Files = {}
    for name, packing in (("deflate", zipfile.ZIP_DEFLATED), ("bzip2", zipfile.ZIP_BZIP2), ("LZMA", zipfile.ZIP_LZMA)):
        found[f"80 MB of zeros by {name}"] = (lambda packing=packing: _bomb(packing, 80 * MILLION), None)
    parts: dict[str, dict[str, Any]] = {
        "index beyond": {"indices": [0, 1, 2, 4]},
        "index below 0": {"indices": [0, 1, 2, -1]},
        "index -2^31": {"indices": np.array([0, 1, 2, -(2**31)], dtype=np.int32)},
        "falling starts": {"indptr": [0, 3, 2, 4]},
        "starts beyond": {"indptr": [0, 2, 3, 99]},
        "starts below 0": {"indptr": [0, -2, 3, 4]},
        "first start": {"indptr": [1, 2, 3, 4]},
        "a start less": {"indptr": [0, 2, 4]},
        "a start more": {"indptr": [0, 2, 3, 4, 4]},
        "an entry less": {"data": np.ones(3)},
        "an entry more": {"indices": [0, 1, 2, 3, 0]},
        "fractions as indices": {"indices": [0.5, 1, 2, 3]},
        "text as indices": {"indices": ["a", "b", "c", "d"]},
        "NaN as starts": {"indptr": [0, np.nan, 3, 4]},
        "complex": {"data": np.ones(4) * 1j},
        "text": {"data": ["a"] * 4},
        "matrix of data": {"data": np.ones((2, 2))},
        "no shape": {"shape": None},
        "shape of 3": {"shape": [3, 4, 5]},
        "negative shape": {"shape": [-3, 4]},
        "10^18 rows": {"shape": [10**18, 4]},
        "a column less": {"shape": [3, 3]},
        "a row less": {"shape": [2, 4]},
        "no columns": {"shape": [3, 0]},
        "format": {"format": "xyz"},
        "format of numbers": {"format": 3},
        "two formats": {"format": ["csr", "csc"]},
        "no data": {"data": None},
        "no indices": {"indices": None},
        "dia": {"format": b"dia"},
        "bsr": {"format": b"bsr"},
        "coo without rows": {"format": b"coo"},
        "wide text as format": {"format": "\U0001f600" * 9},
        "10^9 columns as csc": {"format": b"csc", "shape": [4, 10**9]},
        "10^9 rows as coo": {"format": b"coo", "shape": [10**9, 3], "row": [0, 1, 2, 3], "col": [0, 1, 2, 0]},
    }
    found |= {f"CSR: {what}": ((lambda part=part: _sparse(**part)), None) for what, part in parts.items()}
    whole = _archive({"X": X, "y": y}, zipfile.ZIP_STORED)
    found |= {f"the first {n} bytes": ((lambda n=n: whole[:n]), None) for n in range(1, len(whole), 10)}
    members: dict[str, dict[str, bytes]] = {
        "no arrays": {},
        "an empty member": {"X": b""},
        "a pickle": {"X": _header((4, 3), "|O")},
        "no X": {"a": X, "b": X},
        "labels of another length": {"X": X, "y": seeds.npy(np.arange(3))},
        "X of one axis": {"X": y},
        "X of text": {"X": seeds.npy(np.array([["a"]]))},
        "names of numbers": {"X": X, "feature_names": seeds.npy(np.arange(3))},
        "two names": {"X": X, "feature_names": seeds.npy(np.array(["a", "b"]))},
        "test of another width": {"X": X, "X_test": seeds.npy(np.ones((2, 2)))},
    }
    by_label = {"labels of another length"}
    found |= {
        what: ((lambda member=member: _archive(member)), ... if what in by_label else None)
        for what, member in members.items()
    }
    return found | {
        "X twice": (lambda: _twice(X), ...),
        "10,000 members": (lambda: _archive({f"a{i}": b"" for i in range(10_000)}), None),
        "whole, with bytes before": (lambda: b"PK\x03\x04" + whole, ...),
        "whole, with bytes after": (lambda: whole + bytes(100), ...),
    }


def _twice(X: bytes) -> bytes:
    import warnings

    content = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("X.npy", X)
        archive.writestr("X.npy", X)
    return content.getvalue()


def _tables(suffix: str, whole: Callable[[], list[bytes]]) -> Files:
    """Cut, lengthened, and with every length of its footer and of its pages replaced."""
    found: Files = {}
    for k, content in enumerate(whole()):
        n = len(content)
        for size in range(1, n, max(1, n // 25)):
            found[f"the first {size} bytes of file {k}"] = ((lambda c=content, size=size: c[:size]), None)
        for place, value in product(range(8, n - 8, max(1, n // 25)), (b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f")):
            found[f"{value.hex()} at {place} of file {k}"] = (
                (lambda c=content, place=place, value=value: c[:place] + value + c[place + 4 :]),
                ...,
            )
        for text in (b"\xff" * 4, b"\0" * 4, (10**9).to_bytes(4, "little")):
            found[f"a footer of {text.hex()} in file {k}"] = (
                (lambda c=content, text=text: c[:-8] + text + c[-4:]),
                None if suffix == "parquet" else ...,
            )
    return found


def _parquet() -> Files:
    write = pyarrow.parquet.write_table

    def constant() -> bytes:
        table = pyarrow.table({"a": np.zeros(20 * MILLION), "b": np.zeros(20 * MILLION)})
        return seeds.written(".parquet", lambda path: write(table, path))

    return {**_tables("parquet", seeds.parquet), "320 MB of a constant": (constant, ...)}


def _tar() -> Files:
    def with_member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 3, link: str = "") -> bytes:
        import gzip

        member = tarfile.TarInfo(name)
        member.type, member.size, member.linkname = kind, size, link
        body = bytes(size) if size < MILLION else b"abc"
        content = member.tobuf(tarfile.GNU_FORMAT) + body + bytes(-len(body) % 512 + 1024)
        return gzip.compress(content, mtime=0)

    names = (
        "../x",
        "/etc/x",
        "a/../../x",
        "C:/x",
        "..\\x",
        "data_batch_1.bin/../../x",
        "",
        ".",
        "\u00e9" * 3,
        "a" * 5000,
        "a\nb",
    )
    found: Files = {f"a member named {name[:20]!r}": ((lambda name=name: with_member(name)), None) for name in names}
    for kind in (b"1", b"2", b"3", b"4", b"6", b"7", b"S", b"Z", b"x", b"g", b"L", b"K", b"V", b"M"):
        found[f"a member of the kind {kind!r}"] = (
            (lambda kind=kind: with_member("data_batch_1", kind, 0, "/etc/x")),
            None,
        )
    for size in (0, 1, 29_999, 30_730_001, 10**11, 2**63 - 1):
        found[f"a batch of {size:,} bytes"] = ((lambda size=size: with_member("data_batch_1.bin", size=size)), None)
    whole = with_member("data_batch_1.bin", size=3073)
    found |= {f"the first {n} bytes": ((lambda n=n: whole[:n]), None) for n in range(1, len(whole))}
    for what, piece in {"nothing": b"N", "marks": b"(", "dicts": b"}", "lists": b"]", "memo": b"]\x94"}.items():
        content = piece * (20 * MILLION // len(piece)) + b"."
        found[f"a pickle of {what}"] = ((lambda content=content: _packed_tar({"data_batch_1": content})), None)
    return found | {
        "a comment of 100 MB": (lambda: _packed_tar({"x": b""}, "y" * (100 * MILLION)), None),
        "200 MB of zeros": (lambda: _packed_tar({"x": bytes(200 * MILLION)}), None),
    }


def _packed_tar(members: dict[str, bytes], comment: str = "") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as archive:
        for name, member in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(member)
            info.pax_headers = {"comment": comment} if comment else {}
            archive.addfile(info, io.BytesIO(member))
    return content.getvalue()


ARRAYS: dict[str, Files] = {
    "npy": _npy(),
    "npz": _npz(),
    "parquet": _parquet(),
    "arrow": _tables("arrow", seeds.arrow),
    "h5": _tables("h5", seeds.hdf5),
    "tar.gz": _tar(),
}
