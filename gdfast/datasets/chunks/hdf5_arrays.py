"""HDF5 datasets: ``file.h5::/name``, an h5py.Dataset, or the X (and y) of a file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...protocols import Array
from ..numpy_files import ROLES
from .part import as_read
from .roles import arrays_by_role
from .stamps import FileStamp
from .stored import StoredArray, starts_in_store

BETWEEN = "::"
"""Stands between a file and the name of a dataset in it."""
_SHUFFLE = 2
"""HDF5's number of the one filter that keeps the size of a chunk."""
_DAMAGES = (OSError, KeyError, RuntimeError, ValueError, TypeError, UnicodeError, MemoryError)
"""What h5py raises for a damaged file: KeyError too, in words of HDF5's."""


@dataclass(frozen=True, eq=False)
class Hdf5Array:
    """A dataset in a file, which is opened for each read: nobody is kept from writing the file in between."""

    stamp: FileStamp
    dataset: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    rows_per_chunk: int

    @staticmethod
    def of(dataset: Any, stamp: FileStamp | None = None) -> Hdf5Array:
        """Of an h5py.Dataset, whose file must lie on a disk."""
        if not dataset:
            raise ValueError("X and y must be open datasets where they are h5py's; the file of one is closed")
        name = str(dataset.file.filename)
        try:
            stamp = stamp or FileStamp.of(name)
        except OSError as error:
            raise ValueError(f"{name}{BETWEEN}{dataset.name} must be in a file on a disk: {error}") from error
        shape = tuple(int(length) for length in dataset.shape or ())
        rows = int(dataset.chunks[0]) if dataset.chunks else max(shape[0], 1) if shape else 1
        _require_whole_chunks(dataset, f"{name}{BETWEEN}{dataset.name}")
        return Hdf5Array(stamp, str(dataset.name), shape, np.dtype(dataset.dtype), rows)

    @property
    def name(self) -> str:
        return f"{self.stamp.path}{BETWEEN}{self.dataset}"

    @property
    def is_sparse(self) -> bool:
        return False

    @property
    def rows_at_once(self) -> int:
        return self.rows_per_chunk if self.rows_per_chunk < self.shape[0] else 1

    @property
    def starts(self) -> Array:
        return starts_in_store(self.rows_per_chunk, self.shape, self.dtype)

    def read(self, start: int, stop: int, out: Array | None = None, /) -> Array:
        self.require_unchanged()
        with _opened(self.stamp.path) as file:
            try:
                dataset = file[self.dataset]
                if out is None or out.size == 0:
                    return as_read(np.asarray(dataset[start:stop]), out)
                dataset.read_direct(out, np.s_[start:stop])
            except _DAMAGES as error:
                raise ValueError(f"{self.name} is damaged, between items {start:,} and {stop:,}: {error}") from error
        return out

    def require_unchanged(self) -> None:
        self.stamp.require_unchanged()


def is_hdf5(path: Path) -> bool:
    """By its first bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(8) == b"\x89HDF\r\n\x1a\n"


def hdf5_in_file(path: Path, dataset: str | None) -> tuple[StoredArray, StoredArray | None]:
    """The dataset of that name; without a name the file's X, and its y where it has one.

    Raises
    ------
    ImportError
        h5py is not installed.
    ValueError
        It can't be read, or has no dataset of that name or none that could be X.
    """
    stamp = FileStamp.of(path)
    with _opened(str(path)) as file:
        wanted = ROLES["X"] if dataset is None else (dataset.strip("/"),)
        try:
            found = {name: item for name in wanted if (item := _dataset(file, name)) is not None}
            if not found:
                file.visititems(lambda name, item: found.__setitem__(name, item) if hasattr(item, "shape") else None)
            elif dataset is None:
                found |= {name: item for name in ROLES["y"] if (item := _dataset(file, name)) is not None}
            _ = [item.dtype for item in found.values()]
        except _DAMAGES as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        if dataset is None:
            X, y = arrays_by_role(found, str(path))
        elif dataset.strip("/") in found:
            X, y = found[dataset.strip("/")], None
        else:
            raise ValueError(f"{path} must hold a dataset named {dataset!r}; it holds {', '.join(found) or 'none'}")
        return Hdf5Array.of(X, stamp), None if y is None else Hdf5Array.of(y, stamp)


def _dataset(file: Any, name: str) -> Any:
    """The dataset of that name, or None. Not by a list of all: in a damaged one HDF5 goes round and round for ever."""
    try:
        item = file[name] if name else None
    except KeyError as error:
        if "doesn't exist" in str(error) or "not found" in str(error):
            return None
        raise
    return item if hasattr(item, "shape") else None


def _require_whole_chunks(dataset: Any, name: str) -> None:
    """ValueError where a chunk that is stored as it is has another size than it must have.

    HDF5 reads as many bytes as the file says, and gives out for the others what was in memory before.
    """
    if not dataset.chunks or not hasattr(dataset.id, "chunk_iter"):
        return
    properties = dataset.id.get_create_plist()
    n_filters = properties.get_nfilters()
    changing = sum(1 << i for i in range(n_filters) if properties.get_filter(i)[0] != _SHUFFLE)
    expected = math.prod(dataset.chunks) * dataset.dtype.itemsize
    odd: list[Any] = []

    def judge(chunk: Any) -> bool | None:
        if chunk.size == expected or changing & ~chunk.filter_mask:
            return None
        odd.append(chunk)
        return True  # which ends it

    try:
        dataset.id.chunk_iter(judge)
    except _DAMAGES as error:
        raise ValueError(f"{name} is damaged: {error}") from error
    if odd:
        raise ValueError(
            f"{name} is damaged: its chunk at {odd[0].chunk_offset} has {odd[0].size:,} bytes, not {expected:,}"
        )


def _opened(path: str) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(f"reading {path} takes h5py, which is not installed: pip install 'gdfast[io]'") from error
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path} is damaged, open for writing, or no HDF5 file: {error}") from error
