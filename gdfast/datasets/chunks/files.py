"""Parts of a path: of one file, of a folder of files of one format, of a store."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..formats import format_of, named_format
from ..numpy_files import labels_beside
from ..options import ReadingOptions
from .hdf5_arrays import BETWEEN, hdf5_in_file, is_hdf5
from .numbers_in_file import NumbersInFile
from .parquet_part import parquet_parts
from .part import Part
from .stored import StoredArray, StoredPart
from .svmlight_part import svmlight_parts
from .zarr_arrays import is_zarr_folder, zarr_in_folder

_READ = "a .npy, .parquet, .svmlight or HDF5 file (file.h5::/name), a folder of .npy, .parquet or .svmlight files, Zarr"
_IN_FOLDERS = ("npy", "parquet", "svmlight")


def parts_of_path(
    path: Path, options: ReadingOptions, with_labels: bool, n_features: int | None = None
) -> Sequence[Part]:
    """The parts that a path names; labels beside the rows are left alone unless they are wanted.

    Of the options a table's label, drop and columns and svmlight's zero_based are used; `n_features` is how wide tables
    and svmlight must be, where that is known.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        A format that is not read in pieces, a folder of several formats or of none, a file that is damaged.
    ImportError
        The format needs a library that is not installed.
    """
    if (stored := _in_store(path)) is not None:
        rows, labels = stored
        return [StoredPart.of(rows, labels if with_labels else None)]
    if path.is_dir():
        return _parts_of_folder(path, options, with_labels, n_features)
    kind = format_of(path)
    if kind not in _IN_FOLDERS:
        raise ValueError(f"{path} is read as a whole only, being of the format {kind}: read in pieces are {_READ}")
    return _parts_of_files([path], kind, options, with_labels, n_features)


def is_in_parts(path: Path) -> bool:
    """It is a folder of files, an HDF5 file or a Zarr store, and not CIFAR-10's folder."""
    if path.is_dir():
        return not any(file.name.startswith("data_batch_") for file in path.iterdir())
    return (BETWEEN in str(path) and not path.exists()) or is_hdf5(path)


def stored_at(path: Path) -> StoredArray:
    """The array that a path names: a .npy file, a Zarr array, ``file.h5::/name``."""
    if (stored := _in_store(path)) is not None:
        return stored[0]
    if (kind := format_of(path)) != "npy":
        raise ValueError(f"{path} must be a .npy file, a Zarr array or file.h5{BETWEEN}/name; its format is {kind}")
    return NumbersInFile.of_npy(path)


def _in_store(path: Path) -> tuple[StoredArray, StoredArray | None] | None:
    file, between, dataset = str(path).partition(BETWEEN)
    if between and not path.exists():
        if not Path(file).exists():
            raise FileNotFoundError(f"{file} does not exist")
        return hdf5_in_file(Path(file), dataset)
    if is_hdf5(path):
        return hdf5_in_file(path, None)
    if is_zarr_folder(path):
        return zarr_in_folder(path)
    return None


def _parts_of_folder(
    folder: Path, options: ReadingOptions, with_labels: bool, n_features: int | None
) -> Sequence[Part]:
    files = sorted((file for file in folder.iterdir() if file.name[0] not in "._"), key=_natural)
    kinds = {file: named_format(file) for file in files if file.is_file()}
    rows = {file: kind for file, kind in kinds.items() if kind is not None and not file.stem.endswith("_labels")}
    if not rows:
        listed = ", ".join(file.name for file in files[:8]) + (", ..." if len(files) > 8 else "")
        raise ValueError(
            f"{folder} must hold .npy, .parquet or .svmlight files; it holds {listed or 'nothing'}: folders of "
            "pictures are not read: put their pixels into a .npy file"
        )
    first, kind = next(iter(rows.items()))
    if other := next((file for file, found in rows.items() if found != kind), None):
        raise ValueError(f"{folder} must hold files of one format; it holds {first.name} and {other.name}")
    if kind not in _IN_FOLDERS:
        raise ValueError(f"{folder} must hold .npy, .parquet or .svmlight files; {first.name} is none of these")
    for file in rows:
        format_of(file)  # the file's own beginning must say so too
    return _parts_of_files(list(rows), kind, options, with_labels, n_features)


def _parts_of_files(
    files: Sequence[Path], kind: str, options: ReadingOptions, with_labels: bool, n_features: int | None
) -> Sequence[Part]:
    if kind == "parquet":
        return parquet_parts(files, options, n_features)
    if kind == "svmlight":
        return svmlight_parts(files, options.zero_based, n_features)
    return [_npy_part(file, with_labels) for file in files]


def _npy_part(file: Path, with_labels: bool) -> StoredPart:
    beside = labels_beside(file)
    labels = NumbersInFile.of_npy(beside) if with_labels and beside.is_file() else None
    return StoredPart.of(NumbersInFile.of_npy(file), labels)


def _natural(file: Path) -> list[tuple[int, str]]:
    """Part-2 before part-10."""
    pieces = re.split(r"(\d+)", file.name)
    return [(int(piece) if i % 2 else 0, piece) for i, piece in enumerate(pieces)]
