"""Parts in files of plain numbers: .npy files, and what a memory map shows of a file.

Rows are read into buffers of the reader's own. To touch a map's pages instead would leave it to the system how much of
the file is resident, and a page that is missing would stop the kernel in the middle of its work.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...files.npy_reader import read_header
from ...protocols import Array
from .part import only_start, require_rows
from .stamps import FileStamp

_AT_ONCE = 1 << 26
"""Bytes that are asked for in one call of the system."""


@dataclass(frozen=True, eq=False)
class NumbersInFile:
    """An array in a file, of which items are read: where it begins, its shape, type and order."""

    stamp: FileStamp
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool = False

    @staticmethod
    def of_npy(path: str | os.PathLike[str]) -> NumbersInFile:
        """The array of a .npy file, which must be whole; Python objects are refused."""
        stamp = FileStamp.of(path)
        with open(stamp.path, "rb") as file:
            header = read_header(file, stamp.size, str(path))
        return NumbersInFile(stamp, header.start, header.shape, header.dtype, header.fortran and len(header.shape) > 1)

    def read(self, start: int, stop: int, out: Array | None = None) -> Array:
        """Items [start, stop) of the first axis, C-ordered, in `out` where it is given."""
        if out is None:
            out = np.empty((stop - start, *self.shape[1:]), dtype=self.dtype)
        descriptor = self.stamp.open()
        try:
            if self.fortran:
                self._read_columns(descriptor, start, stop, out)
            else:
                width = self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))
                _read_into(descriptor, self.offset + start * width, out, self.stamp.path)
        finally:
            os.close(descriptor)
        return out

    def _read_columns(self, descriptor: int, start: int, stop: int, out: Array) -> None:
        n, d = self.shape
        column = np.empty(stop - start, dtype=self.dtype)
        for j in range(d):
            _read_into(descriptor, self.offset + (j * n + start) * self.dtype.itemsize, column, self.stamp.path)
            out[:, j] = column


def _read_into(descriptor: int, position: int, out: Array, path: str) -> None:
    """Fill a C-ordered array with the bytes of a file from a position on."""
    if out.size == 0:
        return
    buffer: Any = memoryview(out.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
    os.lseek(descriptor, position, os.SEEK_SET)
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        done = 0
        while done < len(buffer):
            count = file.readinto(buffer[done : done + _AT_ONCE])
            if not count:
                raise ValueError(f"{path} must not change while it is read: it ends {len(buffer) - done:,} bytes early")
            done += count


@dataclass(frozen=True, eq=False)
class FilePart:
    """Rows (n, d) in a file, and their labels in another where there are any."""

    name: str
    rows: NumbersInFile
    label_file: NumbersInFile | None = None

    @staticmethod
    def of_npy(path: str | os.PathLike[str], labels: str | os.PathLike[str] | None = None) -> FilePart:
        """The rows of a .npy file, and one label for each in another."""
        rows = NumbersInFile.of_npy(path)
        require_rows(str(path), rows.shape, rows.dtype)
        if labels is None:
            return FilePart(str(path), rows)
        found = NumbersInFile.of_npy(labels)
        if found.shape not in ((rows.shape[0],), (rows.shape[0], 1)):
            raise ValueError(
                f"{labels} must hold one label for each of the {rows.shape[0]:,} rows of {path}; "
                f"its shape is {found.shape}"
            )
        return FilePart(str(path), rows, found)

    @staticmethod
    def of_map(X: np.memmap[Any, Any]) -> FilePart | None:
        """The file's rows that a memory map shows; None where it shows something else (columns, private changes)."""
        found = _place_of(X)
        if found is None or X.ndim != 2:
            return None
        stamp, offset = found
        require_rows(stamp.path, X.shape, X.dtype)
        return FilePart(stamp.path, NumbersInFile(stamp, offset, X.shape, X.dtype))

    @property
    def n_samples(self) -> int:
        return self.rows.shape[0]

    @property
    def n_features(self) -> int:
        return self.rows.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.rows.dtype

    @property
    def is_sparse(self) -> bool:
        return False

    @property
    def has_labels(self) -> bool:
        return self.label_file is not None

    @property
    def starts(self) -> Array:
        return only_start()

    def read(self, start: int, stop: int, out: Array | None, /) -> Array:
        return self.rows.read(start, stop, out)

    def labels(self, start: int, stop: int, /) -> Array:
        assert self.label_file is not None
        return self.label_file.read(start, stop).reshape(-1)

    def require_unchanged(self) -> None:
        self.rows.stamp.require_unchanged()
        if self.label_file is not None:
            self.label_file.stamp.require_unchanged()


def _place_of(X: np.memmap[Any, Any]) -> tuple[FileStamp, int] | None:
    """The file that a map shows, and where in it the map's first item lies. (A view's own `offset` is its parent's.)"""
    mapped = getattr(X, "_mmap", None)
    if mapped is None or X.filename is None or X.mode == "c" or not X.flags.c_contiguous:
        return None
    beginning = np.ndarray((), dtype=np.uint8, buffer=mapped).__array_interface__["data"][0]
    first = X.offset - X.offset % mmap.ALLOCATIONGRANULARITY
    offset = first + X.__array_interface__["data"][0] - beginning
    path = Path(X.filename)
    try:
        stamp = FileStamp.of(path)
    except OSError:  # removed since: the map still shows it
        return None
    return (stamp, offset) if offset + X.nbytes <= stamp.size else None
