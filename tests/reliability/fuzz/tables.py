"""Targets: text tables (CSV, JSON lines, svmlight) and columnar files, each against a reader of Python's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from gdfast.datasets import csv_files, load
from gdfast.datasets.chunks import chunk_source
from gdfast.datasets.columns import index_columns
from gdfast.datasets.csv_files import quick_parser

from . import seeds
from .oracles import csv_numbers, json_numbers, same, svmlight_entries, table_numbers
from .targets import REFUSALS, Target, add

_READ = 1 << 20
"""Bytes of rows that are compared, where a store may claim any number."""


def _tried(read: Any, *arguments: Any, **options: Any) -> Any:
    """What a reader gives, or the sentence with which it refuses."""
    try:
        return read(*arguments, **options)
    except REFUSALS as error:
        return str(error)


def _csv(path: Path, content: bytes) -> None:
    quick = _tried(load, path)
    csv_files.quick_parser = lambda layout: None
    try:
        plain = _tried(load, path)
    finally:
        csv_files.quick_parser = quick_parser
    if isinstance(quick, str) or isinstance(plain, str):
        assert quick == plain, f"read quickly {quick!s:.100}, plainly {plain!s:.100}"
    else:
        assert same(quick.X, plain.X)
        assert (quick.y is None) == (plain.y is None)
        assert quick.y is None or same(quick.y, plain.y)
        assert quick.class_names == plain.class_names
    numbers = load(path, header=False, label=None, delimiter=",")
    assert same(numbers.X, csv_numbers(content)), "other numbers than csv.reader and float"


def _packed(path: Path, content: bytes) -> None:
    assert load(path).X.shape[1] == 2


def _json_lines(path: Path, content: bytes) -> None:
    load(path, label=-1, targets=True)
    assert same(load(path, label=None).X, json_numbers(content)), "other numbers than json.loads"


def _svmlight(path: Path, content: bytes) -> None:
    found = load(path, targets=True)
    labels, entries = svmlight_entries(content)
    base = found.reading["zero_based"]
    rows = found.X.tocoo()
    ours = {(int(i), int(j) + (not base)): float(v) for i, j, v in zip(rows.row, rows.col, rows.data, strict=True)}
    assert same(found.y, labels), "other labels"
    assert ours == entries, "other entries"
    parts = _tried(chunk_source, path)
    if not isinstance(parts, str):
        again = parts.read(0, parts.n_samples)
        assert again.shape == found.X.shape
        assert (again != found.X).nnz == 0, "read in parts it is another"


def _opened(path: Path) -> Any:
    if path.suffix == ".parquet":
        return pyarrow.parquet.ParquetFile(path).read()
    opened = pyarrow.ipc.open_file if path.read_bytes().startswith(b"ARROW1") else pyarrow.ipc.open_stream
    with pyarrow.memory_map(str(path)) as source:
        return opened(source).read_all()


def _columnar(path: Path, content: bytes) -> None:
    _tried(load, path, label="k")
    refused = None
    try:
        found = load(path, drop="k", label=None, check_finite=False)
    except REFUSALS as error:
        found, refused = None, error
    parts = _tried(chunk_source, path, label="k") if path.suffix == ".parquet" else ""
    if not isinstance(parts, str):
        rows = _tried(parts.read, 0, parts.n_samples)
        _tried(parts.labels, 0, parts.n_samples)
        assert found is None or isinstance(rows, str) or same(rows, found.X), "read in parts it is another"
    if refused is not None:
        raise refused
    table = _opened(path)
    names = table.column_names
    if len(set(names)) < len(names) or index_columns(names):  # what is left out then is gdfast's own choice
        return
    numbers = table.select([name for name in names if name != "k"])
    with np.errstate(all="ignore"):
        expected = table_numbers(numbers).astype(found.X.dtype)
    assert same(found.X, expected), "other numbers than pyarrow's"


def _store(path: Path, content: bytes) -> None:
    found = load(path, check_finite=False)
    source = chunk_source(path)
    if source.n_samples * source.bytes_per_row > _READ:
        source.read(0, 1)
        return
    rows = found.X.read(0, found.X.n_samples) if hasattr(found.X, "read") else found.X
    assert same(source.read(0, source.n_samples), rows), "read once more it is another"


def _zarr(path: Path, content: bytes) -> None:
    """What is mutated is one file of the store: its metadata, or a chunk."""
    store = path.with_name(f"store-{path.name}")
    whole = seeds.zarr()
    shutil.rmtree(store, ignore_errors=True)
    name = "zarr.json" if content.startswith(b"{") else "c/0/0"
    for file, kept in {**whole, name: content}.items():
        (store / file).parent.mkdir(parents=True, exist_ok=True)
        (store / file).write_bytes(kept)
    _store(store, content)


add(Target("csv", "t.csv", seeds.csv, _csv, (b",", b";", b"\t", b'""', b'",', b"nan", b"True", b"\n\n", b"a,b\n")))
add(Target("packed", "t.csv", seeds.packed_csv, _packed))
add(Target(
    "json-lines", "t.jsonl", seeds.json_lines, _json_lines,
    (b"[", b"]", b"{", b"}", b'"a"', b"NaN", b"Infinity", b"null", b"true", b"\\ud800", b"[" * 2000, b"1" * 4400),
))  # fmt: skip
add(Target("svmlight", "t.svm", seeds.svmlight, _svmlight, (b"1:1", b" qid:1", b"#", b":", b"-1:2", b"0:1", b"1,2")))
add(Target("parquet", "t.parquet", seeds.parquet, _columnar, (b"PAR1",)))
add(Target("arrow", "t.arrow", seeds.arrow, _columnar, (b"ARROW1", b"\xff\xff\xff\xff")))
add(Target("hdf5", "t.h5", seeds.hdf5, _store, (b"\x89HDF", b"TREE", b"SNOD", b"HEAP")))
add(
    Target(
        "zarr",
        "t.zarr",
        lambda: [seeds.zarr()["zarr.json"], seeds.zarr()["c/0/0"]],
        _zarr,
        (b"null", b"[]", b"-1", b"1e9"),
    )
)
