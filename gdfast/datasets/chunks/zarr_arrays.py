"""Zarr arrays: those of a folder by its path, others (in memory, in a cloud) as zarr itself pickles them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...protocols import Array
from .part import as_read
from .roles import arrays_by_role
from .stamps import FileStamp
from .stored import StoredArray, starts_in_store

_METADATA = ("zarr.json", ".zarray", ".zgroup")


def is_zarr_folder(path: Path) -> bool:
    """It is a Zarr array or a group of them."""
    return any((path / name).is_file() for name in _METADATA)


@dataclass(frozen=True, eq=False)
class ZarrArray:
    """A Zarr array: `opened` where it does not lie in a folder. Chunks that were never written hold its fill value."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    rows_per_chunk: int
    metadata: FileStamp | None
    opened: Any = None

    @staticmethod
    def of(array: Any, name: str) -> ZarrArray:
        """Of a zarr.Array."""
        root = getattr(array.store, "root", None)
        stamp = None if root is None else _stamp(Path(root) / array.path)
        shape = tuple(int(length) for length in array.shape)
        chunks = getattr(array, "shards", None) or array.chunks
        rows = int(chunks[0]) if chunks else 1
        shown = name if stamp is None else os.path.dirname(stamp.path)
        return ZarrArray(shown, shape, np.dtype(array.dtype), rows, stamp, array if stamp is None else None)

    @property
    def is_sparse(self) -> bool:
        return False

    @property
    def rows_at_once(self) -> int:
        return self.rows_per_chunk

    @property
    def starts(self) -> Array:
        return starts_in_store(self.rows_per_chunk, self.shape, self.dtype)

    def read(self, start: int, stop: int, out: Array | None = None, /) -> Array:
        self.require_unchanged()
        try:
            found = np.asarray(self._array()[start:stop])
        except ImportError:
            raise
        except Exception as error:  # zarr and its codecs raise of every kind
            raise ValueError(f"{self.name} is damaged, between items {start:,} and {stop:,}: {error}") from error
        return as_read(found, out)

    def require_unchanged(self) -> None:
        if self.metadata is not None:
            self.metadata.require_unchanged()
        elif tuple(self.opened.shape) != self.shape:
            raise ValueError(
                f"{self.name} must not change while it is read: its shape was {self.shape} when the source was made, "
                f"and is {tuple(self.opened.shape)}"
            )

    def _array(self) -> Any:
        if self.metadata is None:
            return self.opened
        return _zarr(self.name).open_array(os.path.dirname(self.metadata.path), mode="r")


def zarr_in_folder(path: Path) -> tuple[StoredArray, StoredArray | None]:
    """The rows of a Zarr array in a folder; of a group its X, and its y where it has one.

    Raises
    ------
    ImportError
        zarr is not installed.
    ValueError
        It can't be read, or has no array that could be X.
    """
    zarr = _zarr(str(path))
    try:
        found = zarr.open(str(path), mode="r")
        arrays = None if hasattr(found, "shape") else dict(found.arrays())
    except Exception as error:  # zarr raises of every kind
        raise ValueError(f"{path} is damaged or no Zarr store ({type(error).__name__}: {error})") from error
    if arrays is None:
        return ZarrArray.of(found, str(path)), None
    X, y = arrays_by_role(arrays, str(path))
    return ZarrArray.of(X, str(path)), None if y is None else ZarrArray.of(y, str(path))


def _stamp(folder: Path) -> FileStamp | None:
    found = next((folder / name for name in _METADATA if (folder / name).is_file()), None)
    return None if found is None else FileStamp.of(found)


def _zarr(name: str) -> Any:
    try:
        import zarr
    except ImportError as error:
        raise ImportError(f"reading {name} takes zarr, which is not installed: pip install 'gdfast[io]'") from error
    return zarr
