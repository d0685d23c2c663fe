"""Arrays in .npy files (memory-mapped from 64 MB on) and .npz archives, those of scipy.sparse included."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..files.mapping import mapping
from ..files.npy_reader import names_in_archive, read_archive, read_header
from ..protocols import Array
from .labels import LabelColumn

BIG = 1 << 26
"""From this many bytes on a .npy file is memory-mapped unless the caller says otherwise."""

ROLES = {
    "X": ("X", "x", "X_train", "x_train", "data", "features", "embeddings", "images", "arr_0"),
    "y": ("y", "Y", "y_train", "labels", "label", "targets", "target", "arr_1"),
    "X_test": ("X_test", "x_test"),
    "y_test": ("y_test",),
    "class_names": ("class_names", "target_names"),
    "feature_names": ("feature_names",),
}
"""The names of arrays in archives and stores, the preferred one first."""

_SPARSE = {"format", "shape", "data", "indices", "indptr", "row", "col", "offsets"}


class Arrays(NamedTuple):
    """What a file holds, by role."""

    X: Any
    y: Array | LabelColumn | None = None
    X_test: Any = None
    y_test: Array | None = None
    class_names: Array | None = None
    feature_names: Array | None = None
    notes: tuple[str, ...] = ()
    reading: Mapping[str, Any] = MappingProxyType({})


def read_npy(path: Path, mmap: bool | None) -> Array:
    """The array of a .npy file; read-only where it is mapped (from 64 MB on, unless `mmap` says)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = read_header(file, size, str(path))
        order: Any = "F" if header.fortran else "C"
        if (size >= BIG if mmap is None else mmap) and size > header.start:
            with mapping(path):
                return np.memmap(path, header.dtype, "r", header.start, header.shape, order)
        content = np.fromfile(file, dtype=header.dtype)
        return content.reshape(header.shape, order=order)


def labels_beside(path: Path) -> Path:
    """NAME_labels.npy of NAME.npy (or of any other suffix)."""
    return path.with_name(f"{path.stem}_labels.npy")


def read_npz(path: Path) -> Arrays:
    """The arrays of a .npz file by their names, or the sparse matrix that scipy.sparse.save_npz wrote."""
    name = str(path)
    names = names_in_archive(path, name)
    if {"format", "shape", "data"} <= names.keys():
        _require_filled(names.get("indptr", 0) // 8, names["data"], name)
        return Arrays(_sparse(read_archive(path, name, _SPARSE), name))
    chosen = {role: next((n for n in accepted if n in names), None) for role, accepted in ROLES.items()}
    if chosen["X"] is None and len(names) == 1:
        (chosen["X"],) = names
    if chosen["X"] is None:
        raise ValueError(
            f"{path} must hold an array named X (or {', '.join(ROLES['X'][1:-1])}); it holds {_list(names)}"
        )
    arrays = read_archive(path, name, {n for n in chosen.values() if n is not None})
    found: dict[str, Any] = {role: arrays[n] for role, n in chosen.items() if n is not None}
    return Arrays(**found)


def _list(names: Any) -> str:
    listed = sorted(names)
    return ", ".join(listed[:8]) + (", ..." if len(listed) > 8 else "")


def _require_filled(length: int, entries: int, name: str) -> None:
    """ValueError where hardly a row holds anything: a small file could ask for gigabytes so."""
    if length > 3_000_000 + 1000 * entries:
        raise ValueError(
            f"{name} is no data to train on: it says that it has {length:,} rows or columns, nearly all empty"
        )


def _sparse(arrays: dict[str, Array], name: str) -> Any:
    """CSR of the parts that scipy.sparse.save_npz writes; every index is checked before scipy uses it."""
    try:
        import scipy.sparse
    except ImportError as error:
        raise ImportError(
            f"{name} holds a sparse matrix, which takes scipy, which is not installed: pip install 'gdfast[sklearn]'"
        ) from error
    try:
        kind = arrays["format"].item()
        kind = kind.decode("ascii") if isinstance(kind, bytes) else str(kind)
        n, d = (int(length) for length in arrays["shape"])
        data = arrays["data"]
        _require_filled(n, data.size, name)
        if data.dtype.kind not in "biuf":
            raise ValueError(f"its numbers are of the type {data.dtype}")
        for part in ("indices", "indptr", "row", "col"):
            if part in arrays and arrays[part].dtype.kind not in "iu":
                raise ValueError(f"its {part} must be integers; they are {arrays[part].dtype}")
        if kind in ("csr", "csc"):
            make = scipy.sparse.csr_matrix if kind == "csr" else scipy.sparse.csc_matrix
            matrix = make((data, arrays["indices"], arrays["indptr"]), shape=(n, d))
            matrix.check_format(full_check=True)
        elif kind == "coo":
            matrix = scipy.sparse.coo_matrix((data, (arrays["row"], arrays["col"])), shape=(n, d))
        else:
            raise ValueError(f"its format is {kind!r:.20}; csr, csc and coo are read")
        matrix = matrix.tocsr()
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, MemoryError) as error:
        if str(error).startswith(name):
            raise
        raise ValueError(f"{name} is not a whole sparse matrix ({type(error).__name__}: {error})") from error
    return matrix if matrix.dtype in (np.float32, np.float64) else matrix.astype(np.float64)
