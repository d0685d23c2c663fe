"""Arrays of plain numbers in files: .npy files, and what a memory map shows of a file.

Rows are read into buffers of the reader's own. To touch a map's pages instead would leave it to the system how much of
the file is resident, and a page that is missing would stop the kernel in the middle of its work.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...files.npy_reader import read_header
from ...protocols import Array
from .part import only_start
from .stamps import FileStamp

_AT_ONCE = 1 << 26
"""Bytes that are asked for in one call of the system."""


@dataclass(frozen=True, eq=False)
class NumbersInFile:
    """An array in a file: where it begins, its shape, type and order."""

    name: str
    stamp: FileStamp
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool = False

    @property
    def is_sparse(self) -> bool:
        return False

    @property
    def rows_at_once(self) -> int:
        return 1

    @property
    def starts(self) -> Array:
        return only_start()

    @staticmethod
    def of_npy(path: str | os.PathLike[str]) -> NumbersInFile:
        """The array of a .npy file, which must be whole; Python objects are refused."""
        stamp = FileStamp.of(path)
        with open(stamp.path, "rb") as file:
            header = read_header(file, stamp.size, str(path))
        fortran = header.fortran and len(header.shape) > 1
        return NumbersInFile(str(path), stamp, header.start, header.shape, header.dtype, fortran)

    @staticmethod
    def of_map(X: np.memmap[Any, Any]) -> NumbersInFile | None:
        """What a memory map shows of its file; None where it shows something else (columns, private changes)."""
        found = _place_of(X)
        return None if found is None else NumbersInFile(str(X.filename), *found, X.shape, X.dtype)

    def require_unchanged(self) -> None:
        self.stamp.require_unchanged()

    def read(self, start: int, stop: int, out: Array | None = None, /) -> Array:
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

    def expect(self, stretches: Sequence[tuple[int, int]], /) -> None:
        """Items [start, stop) that will be read next: the system is told, and has many under way at a time.

        Without that, reads of blocks here and there wait for the disk one after the other.
        """
        tell = getattr(os, "posix_fadvise", None)
        if tell is None or self.fortran:
            return
        descriptor, width = self.stamp.open(), self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))
        try:
            for start, stop in stretches:
                tell(descriptor, self.offset + start * width, (stop - start) * width, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(descriptor)

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
