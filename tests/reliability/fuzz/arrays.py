"""Targets: .npy and .npz files, gdfast's own files (the digest wrong, and right), CIFAR-10, pickles, tar archives."""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import gdfast as gd
from gdfast.datasets import cifar10, cifar10_files, load
from gdfast.datasets.plain_pickles import read_plain_pickle
from gdfast.files.saved_arrays import load_arrays, save_arrays

from . import seeds
from .oracles import plain, same, unpickled
from .targets import Target, add

_DTYPES = (b"'<f8'", b"'|O'", b"'|V8'", b"'<U3'", b"'<c16'", b"'<M8[s]'", b"True", b"(4, 3)", b"(-1, 3)", b"(" * 300)


def _npy(path: Path, content: bytes) -> None:
    found = load(path, check_finite=False)
    expected = np.load(path, allow_pickle=False)
    expected = expected.reshape(len(expected), -1)
    assert same(found.X, expected.astype(found.X.dtype)), "other numbers than numpy's"
    if found.X.dtype == expected.dtype and expected.ndim == 2:
        mapped = load(path, check_finite=False, mmap=True)
        assert same(mapped.X, expected)


def _npz(path: Path, content: bytes) -> None:
    found = load(path, check_finite=False)
    with np.load(path, allow_pickle=False) as archive:
        if "format" not in archive:
            name = next(
                n
                for n in ("X", "x", "X_train", "x_train", "data", "features", "embeddings", "images", "arr_0", *archive)
                if n in archive
            )
            expected = archive[f"{name}.npy"]
            assert same(found.X, expected.reshape(len(expected), -1).astype(found.X.dtype)), "other numbers"


add(Target("npy", "t.npy", seeds.npy_files, _npy, _DTYPES))
add(Target("npz", "t.npz", seeds.npz_files, _npz, (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", *_DTYPES)))
add(Target(
    "npz-member", "t.npz", seeds.npy_files, _npz, _DTYPES,
    wrap=lambda content: seeds.npz(X=content, y=seeds.npy(seeds.LABELS)),
))  # fmt: skip


# gdfast's own files: as they are, and with a right digest around wrong facts.


@cache
def _model() -> Any:
    W = np.arange(8.0).reshape(2, 4)
    return gd.Model(W, gd.CrossEntropy(), ("a", "b"), ("x", "y", "z"), np.ones(3), np.full(3, 2.0), facts={"n": [1]})


@cache
def file_of(kind: str) -> bytes:
    """A file of this kind."""
    if kind == "model":
        return seeds.written(".npz", lambda path: gd.save_model(path, _model()))
    if kind == "checkpoint":
        return seeds.written(".npz", _run)
    return seeds.written(".npz", _landscape().save)


@cache
def _landscape() -> Any:
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    return gd.landscape.line(bowl, [3.0], [1.0], [-3.0, 0.0])


@cache
def _objective() -> Any:
    return gd.LinearObjective(seeds.ROWS, seeds.LABELS, gd.CrossEntropy())


def _run(path: Path) -> None:
    gd.minimize(
        _objective(),
        np.zeros((3, 4)),
        gd.Adam(),
        batches=gd.MiniBatches(2),
        max_steps=3,
        checkpoint=gd.Checkpoint(path),
    )


def _read(kind: str, path: Path) -> Any:
    if kind == "model":
        return gd.load_model(path)
    if kind == "checkpoint":
        return gd.resume(path, _objective(), max_steps=5)
    return gd.landscape.load(path)


def require_unchanged(kind: str, path: Path) -> None:
    """Whatever is accepted is what was written, bit for bit."""
    arrays, facts = load_arrays(path, kind, 1)
    expected, told = _contents(kind)
    assert arrays.keys() == expected.keys()
    for name, array in expected.items():
        assert arrays[name].dtype == array.dtype
        assert same(arrays[name], array), name
    assert facts == told


def _unchanged(kind: str) -> Any:
    return lambda path, content: require_unchanged(kind, path)


@cache
def _contents(kind: str) -> tuple[dict[str, Any], Any]:
    found: list[Any] = []

    def read(path: Path) -> None:
        path.write_bytes(file_of(kind))
        found.append(load_arrays(path, kind, 1))

    seeds.written(".npz", read)
    return found[0]


def _facts(kind: str) -> Any:
    """The same arrays, and the JSON that is mutated as the facts, under a right digest."""

    def check(path: Path, content: bytes) -> None:
        try:
            facts = json.loads(content)
        except (ValueError, RecursionError):
            return
        save_arrays(path, kind, 1, copy.deepcopy(_contents(kind)[0]), facts)
        found = _read(kind, path)
        if kind == "model":
            assert found.scores(seeds.ROWS).shape == (4, 2)

    return check


_JSON = (
    b"null",
    b"true",
    b"-1",
    b"0.5",
    b"NaN",
    b"1e308",
    b"[]",
    b"{}",
    b'""',
    b'"a"',
    b"[1, 2]",
    b'{"a": 1}',
    b"[" * 900,
)
_SETTINGS = (" must ", " needs ", "use minimize", "leave it out")
for _kind in ("model", "checkpoint", "landscape"):
    add(Target(_kind, "t.npz", lambda kind=_kind: [file_of(kind)], _unchanged(_kind), (b"PK\x03\x04", b"PK\x01\x02")))
    add(Target(
        f"{_kind}-facts", "t.npz", lambda kind=_kind: [json.dumps(_contents(kind)[1]).encode()], _facts(_kind), _JSON,
        wrap=lambda _: b"", named=_SETTINGS if _kind == "checkpoint" else (),
    ))  # fmt: skip


# CIFAR-10, with batches of three pictures of four bytes.

_SMALL = {"RECORDS": 3, "PIXELS": 4, "RECORD_BYTES": 5, "BATCH_BYTES": 15}


def _small_cifar(path: Path, content: bytes) -> None:
    before = {name: getattr(cifar10_files, name) for name in _SMALL}
    modules = [module for module in (cifar10_files, cifar10) for name in _SMALL if hasattr(module, name)]
    try:
        for module in modules:
            for name, value in _SMALL.items():
                if hasattr(module, name):
                    setattr(module, name, value)
        found = cifar10.load_cifar10(path, held_out=3)
    finally:
        for module in modules:
            for name, value in before.items():
                if hasattr(module, name):
                    setattr(module, name, value)
    assert found.X.shape == (12, 4)
    assert found.y.min() >= 0
    assert found.y.max() <= 9


def _has_names(found: Any) -> bool:
    """It is no data: a function's name, an array without its numbers."""
    return "_Name" in repr(found) or "_Rebuilt" in repr(found) or "_Type" in repr(found)


def _pickle(path: Path, content: bytes) -> None:
    found = read_plain_pickle(content, str(path))
    if b"\x95" in content:  # frames, which Python takes apart on its own
        return
    try:
        expected = unpickled(content)
    except Exception:  # of what is no data (a number that is stored nowhere, a frame) Python is stricter
        return
    with contextlib.suppress(RecursionError):  # a list that holds itself
        assert _has_names(found) or plain(found) == plain(expected), "other data than Python's"


add(Target("pickle", "batch", seeds.pickles, _pickle, (b"cos\nsystem\n", b"(", b"t", b"R", b".", b"0", b"b", b"h\0")))
add(Target(
    "tar", "t.tar.gz", lambda: seeds.tars(3, 4), _small_cifar, (b"../", b"/", b"ustar", b"L", b"1", b"2", b"\0" * 512),
    wrap=lambda content: gzip.compress(content, 1, mtime=0),
))  # fmt: skip
add(Target("tar.gz", "t.tar.gz", lambda: [gzip.compress(c, mtime=0) for c in seeds.tars(3, 4)], _small_cifar))
