"""Data sets of many files: folders of .npy, Parquet or svmlight files, HDF5 files and Zarr stores as one `Dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..files.npy_reader import require_memory
from .chunks import ChunkSource
from .chunks.files import parts_of_path
from .numpy_files import BIG, Arrays
from .options import ReadingOptions


def read_in_parts(
    place: Path, options: ReadingOptions, n_features: int | None, mmap: bool | None, with_labels: bool
) -> Arrays:
    """The rows in memory, or a `ChunkSource` of them (from 64 MB on, unless `mmap` says); the labels as they are found.

    Raises
    ------
    ValueError
        Files of several formats, of differing widths or types, or damaged; no memory for the rows.
    """
    parts = parts_of_path(place, options, with_labels, n_features)
    first: Any = parts[0]
    reading = dict(options.given())
    if hasattr(first, "label"):
        reading["label"] = first.label
    elif options.only is None and (options.drop or options.columns):
        raise ValueError(f"{'drop' if options.drop else 'columns'} must be left out: {place} is no table of columns")
    if hasattr(first, "zero_based"):
        reading["zero_based"] = first.zero_based
    source = ChunkSource(tuple(parts))
    size = int(source.n_samples * source.bytes_per_row)
    stays = size >= BIG if mmap is None else mmap
    if not stays:
        require_memory(size, str(place))
    names = getattr(first, "feature_names", None)
    return Arrays(
        source if stays else source.read(0, source.n_samples),
        source.labels_as_found() if with_labels else None,
        feature_names=None if names is None else np.array(names, dtype=object),
        notes=getattr(first, "notes", ()),
        reading=reading,
    )
