"""`chunk_source`: whatever holds rows becomes a `ChunkSource`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ...describe import described
from ...protocols import Array
from ..formats import format_of
from .array_parts import ArrayPart
from .file_parts import FilePart, NumbersInFile
from .object_part import ObjectPart, is_chunks
from .part import Part
from .source import ChunkSource, require_numbers


def chunk_source(X: Any, y: Any = None, *, label: str | int | None = None) -> ChunkSource:
    """Rows that need not fit into memory, as one sequence of which any stretch can be read.

    Parameters
    ----------
    X : array, path, or sequence of them
        A numpy array or memory map (n, d); a scipy.sparse CSR matrix; the path of a .npy file; an object of the
        `Chunks` protocol; or a list of these, one after the other.
    y : array (n,), path of a .npy file, or list of arrays, optional
        Labels or targets. None: those that the parts carry, where they carry any.
    label : str or int, optional
        Of tables: the column of labels, by name or position.

    Returns
    -------
    ChunkSource
        It holds no rows but those of arrays in memory, and can be pickled.

    Raises
    ------
    TypeError
        X is nothing of these, or not of uint8, float16, float32 or float64.
    ValueError
        Parts of different widths or types, no rows at all, y of another length than X.
    FileNotFoundError
        There is no such file.

    Examples
    --------
    >>> import numpy as np
    >>> from gdfast.datasets.chunks import chunk_source
    >>> np.save("rows.npy", np.arange(12.0).reshape(4, 3))
    >>> source = chunk_source("rows.npy", [0, 1, 1, 0])
    >>> source
    ChunkSource(4 rows of 3 features (float64) in 1 part)
    >>> source.read(1, 3), source.labels(1, 3)
    (array([[3., 4., 5.],
           [6., 7., 8.]]), array([1, 1]))
    """
    if y is not None and label is not None:
        raise ValueError(f"label must be left out where y is given; it is {described(label)}")
    return ChunkSource(tuple(_parts(X, "X", label)), None if y is None else _given_labels(y))


def _parts(X: Any, name: str, label: str | int | None) -> list[Part]:
    if isinstance(X, (str, os.PathLike)):
        return _parts_of_path(Path(X), label)
    if isinstance(X, (list, tuple)) and any(map(_is_part, X)):
        return [part for i, item in enumerate(X) for part in _parts(item, f"{name}[{i}]", label)]
    if isinstance(X, np.memmap) and (part := FilePart.of_map(X)) is not None:
        return [part]
    if isinstance(X, np.ndarray) or hasattr(X, "indptr") or hasattr(X, "tocsr"):
        return [ArrayPart.of(X, name)]
    if is_chunks(X):
        return [ObjectPart.of(X, name)]
    raise TypeError(
        f"{name} must be an array, a path, an object with n_samples, n_features, dtype and read(start, stop), or a "
        f"list of them; it is {described(X)}"
    )


def _is_part(item: Any) -> bool:
    is_matrix = isinstance(item, np.ndarray) and item.ndim > 1
    return is_matrix or isinstance(item, (str, os.PathLike)) or hasattr(item, "indptr") or is_chunks(item)


def _parts_of_path(path: Path, label: str | int | None) -> list[Part]:
    kind = format_of(path)
    if kind != "npy":
        raise ValueError(f"{path} must be a .npy file; it is of the format {kind}")
    return [FilePart.of_npy(path)]


def _given_labels(y: Any) -> Array:
    """y as an array of numbers, (n,) or (n, k)."""
    if isinstance(y, (str, os.PathLike)):
        found = NumbersInFile.of_npy(y)
        values = found.read(0, found.shape[0]) if found.shape else np.zeros(())
        where = str(y)
    else:
        in_parts = isinstance(y, (list, tuple)) and len(y) > 0 and all(isinstance(item, np.ndarray) for item in y)
        values = np.concatenate(y) if in_parts and all(item.ndim == 1 for item in y) else np.asarray(y)
        where = "y"
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim not in (1, 2):
        raise ValueError(f"{where} must be (n_samples,), or (n_samples, k) targets; its shape is {values.shape}")
    return require_numbers(values, where)
