"""`chunk_source`: whatever holds rows becomes a `ChunkSource`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..._arrays import plain_array
from ...describe import PlainErrors, described
from ...protocols import Array
from ..options import ReadingOptions
from .array_parts import ArrayPart
from .dask_arrays import DaskArray
from .files import parts_of_path, stored_at
from .hdf5_arrays import Hdf5Array
from .numbers_in_file import NumbersInFile
from .object_part import ObjectPart, is_chunks
from .part import Part
from .source import ChunkSource, require_numbers
from .stored import StoredArray, StoredPart
from .zarr_arrays import ZarrArray


@PlainErrors()
def chunk_source(X: Any, y: Any = None, *, label: str | int | None = None) -> ChunkSource:
    """Rows that need not fit into memory, as one sequence of which any stretch can be read.

    Parameters
    ----------
    X : array, path, object with read(start, stop), or list of them
        A path of a .npy, Parquet, svmlight or HDF5 file (``"file.h5::/name"`` names the dataset), of a folder of .npy,
        Parquet or svmlight files (in the natural order of their names), or of a Zarr store. A numpy array, memory map,
        zarr.Array, h5py.Dataset or dask array (n, d), or a scipy.sparse CSR matrix. An object of the `Chunks`
        protocol. A list of these, one after the other.
    y : array (n,), path, or list of arrays, optional
        Labels or targets: an array of one of these kinds. None: those that the parts carry, where they carry any:
        NAME_labels.npy beside NAME.npy, the column `label` of Parquet, svmlight's, a store's array y, those that an
        object's read returns.
    label : str or int, optional
        Of Parquet: the column of labels, by name or position. Every other is a feature.

    Returns
    -------
    ChunkSource
        It holds no rows but those of arrays in memory, and can be pickled.

    Raises
    ------
    TypeError
        X is nothing of these, or not of uint8, float16, float32 or float64 (Parquet's other numbers are read as
        float64); labels are text.
    ValueError
        Parts of different widths or types, no rows at all, y of another length than X, a folder of several formats, a
        file that is damaged, a dask array of unknown chunk sizes.
    FileNotFoundError
        There is no such file.
    ImportError
        The format needs a library that is not installed; the message says which to install.

    Notes
    -----
    Only what files say of themselves is read; of svmlight, which says nothing, all of the text, once. Files are opened
    for each read and closed after it. One that was written to since is an error at the next read, as is one that is
    gone (of a Zarr store its metadata are what is watched; a chunk that was never written holds the fill value).

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
    if isinstance(X, ChunkSource) and label is not None:
        raise ValueError(f"label must be left out where X is a ChunkSource; it is {described(label)}")
    given = None if y is None else _given_labels(y)
    if isinstance(X, ChunkSource):
        return X if given is None else replace(X, y=given)
    return ChunkSource(tuple(_parts(X, "X", label, y is None)), given)


def _parts(X: Any, name: str, label: str | int | None, with_labels: bool) -> list[Part]:
    if isinstance(X, (str, os.PathLike)):
        parts = list(parts_of_path(Path(X), ReadingOptions(label=label), with_labels))
        if label is not None and not hasattr(parts[0], "label"):
            raise ValueError(f"label must be left out: {parts[0].name} is no table of columns")
        return parts
    if isinstance(X, (list, tuple)) and any(map(_is_part, X)):
        return [part for i, item in enumerate(X) for part in _parts(item, f"{name}[{i}]", label, with_labels)]
    if (stored := _stored(X, name)) is not None:
        return [StoredPart.of(stored)]
    if isinstance(X, np.ndarray) or hasattr(X, "indptr") or hasattr(X, "tocsr"):
        return [ArrayPart.of(X, name)]
    if is_chunks(X):
        return [ObjectPart.of(X, name)]
    if hasattr(X, "to_dask_array"):
        raise TypeError(f"{name} must be an array; it is a dask DataFrame: .to_dask_array(lengths=True) makes one")
    raise TypeError(
        f"{name} must be an array, a path, a Zarr, HDF5 or dask array, an object with n_samples, n_features, dtype and "
        f"read(start, stop), or a list of them; it is {described(X)}"
    )


def _is_part(item: Any) -> bool:
    is_matrix = isinstance(item, np.ndarray) and item.ndim > 1
    known = is_matrix or isinstance(item, (str, os.PathLike)) or hasattr(item, "indptr") or is_chunks(item)
    return known or _stored(item, "X") is not None


def _stored(X: Any, name: str) -> StoredArray | None:
    """The recipe of an array that is read where it lies; None: it is in memory, or no array at all."""
    if isinstance(X, np.memmap):
        return NumbersInFile.of_map(X)
    if isinstance(X, _type_of("zarr", "Array")):
        return ZarrArray.of(X, name)
    if isinstance(X, _type_of("h5py", "Dataset")):
        return Hdf5Array.of(X)
    if isinstance(X, _type_of("dask.array", "Array")):
        return DaskArray.of(X, name)
    return None


def _type_of(module: str, name: str) -> Any:
    """A library's type; of a library that nobody imported there can be no object."""
    return getattr(sys.modules.get(module), name, ())


def _given_labels(y: Any) -> Array:
    """y as an array of numbers, (n,) or (n, k)."""
    where, values = "y", y
    stored = stored_at(Path(y)) if isinstance(y, (str, os.PathLike)) else _stored(y, "y")
    if isinstance(y, _type_of("dask.array", "Array")):
        values = y.compute()
    elif stored is not None:
        where, values = stored.name, stored.read(0, stored.shape[0]) if stored.shape else np.zeros(())
    elif isinstance(y, (list, tuple)) and y and all(isinstance(item, np.ndarray) and item.ndim for item in y):
        values = np.concatenate(y)
    values = plain_array(values, where)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim not in (1, 2):
        raise ValueError(f"{where} must be (n_samples,), or (n_samples, k) targets; its shape is {values.shape}")
    return require_numbers(values, where)
