"""Malformed files of every foreign format, by kind: what lies, what never ends, what unpacks to more than it is.

Run by `child.py` in a forked process: each file goes through every loader that takes it, and must be refused by a
sentence that names it, or be read as an independent reader reads it, in memory that the file justifies.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gdfast.datasets import load, load_cifar10
from gdfast.datasets.chunks import chunk_source
from reliability.fuzz.targets import REFUSALS
from reliability.malformed_arrays import ARRAYS
from reliability.malformed_text import TEXT

FILES: dict[str, dict[str, tuple[Callable[[], bytes], Any]]] = {**TEXT, **ARRAYS}
"""By format and by what is wrong: the bytes, and the rows that they hold (None: they must be refused)."""
TIMES, BESIDE = 2, 100_000_000
"""So many times the file, and so many bytes beside it, may be taken."""
ANYTHING = ...
"""Refused, or read: which of them other readers do differs."""


def _peak() -> int:
    """The most memory since the last call of `_begin`, in bytes."""
    return _status("VmHWM")


def _status(name: str) -> int:
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _begin() -> int:
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return _status("VmRSS")


class Malformed:
    """One file, through every loader."""

    def __init__(self, kind: str, what: str) -> None:
        self.kind, self.what = kind, what

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"

    def run(self) -> str | None:
        """What is wrong with what came of it."""
        make, expected = FILES[self.kind][self.what]
        path = Path(f"malformed-{os.getpid()}.{self.kind}")
        path.write_bytes(make())
        size = path.stat().st_size
        try:
            for name, read in self._loaders(path).items():
                before = _begin()
                fault = self._fault(read, path, expected)
                taken = _peak() - before
                if fault is None and taken > TIMES * size + BESIDE:
                    fault = f"takes {taken:,} bytes of memory for a file of {size:,}"
                if fault is not None:
                    return f"{name}: {fault}"
        finally:
            path.unlink()
        return None

    def _loaders(self, path: Path) -> dict[str, Callable[[], Any]]:
        loaders: dict[str, Callable[[], Any]] = {
            "load": lambda: load(path, label=None, check_finite=False).X,
            "load with labels": lambda: load(path).X[:0],
            "load of targets": lambda: load(path, targets=True).X[:0],
        }
        if self.kind in ("npy", "parquet", "svm", "h5"):
            loaders["in parts"] = lambda: _read_in_parts(path)
        if self.kind == "npy":
            loaders["mapped"] = lambda: load(path, mmap=True, check_finite=False).X
        if self.kind == "tar.gz":
            loaders["load_cifar10"] = lambda: load_cifar10(path).X
        return loaders

    def _fault(self, read: Callable[[], Any], path: Path, expected: Any) -> str | None:
        try:
            rows = read()
        except REFUSALS as error:
            return None if path.name in str(error) else f"not named: {type(error).__name__}: {error}"
        except BaseException as error:
            return f"another error: {type(error).__name__}: {error!s:.200}"
        if rows is None or expected is ANYTHING or rows.shape[0] == 0:
            return None
        if expected is None:
            return f"accepted: {rows!r:.80}"
        dense = rows.toarray() if hasattr(rows, "toarray") else rows
        return None if np.array_equal(dense, expected, equal_nan=True) else f"wrong: {dense!r:.80}"


def _read_in_parts(path: Path) -> Any:
    source = chunk_source(path)
    return source.read(0, min(source.n_samples, 1000))


def cases_of(name: str) -> list[Malformed]:
    """All of one format; of "csv/8" one in 8."""
    kind, _, one_in = name.partition("/")
    return [Malformed(kind, what) for what in list(FILES[kind])[:: int(one_in or 1)]]
