"""Parquet and Arrow (Feather) tables, through pyarrow: columns of numbers and one of labels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ..files.npy_reader import require_memory
from ..protocols import Array
from .csv_files import Table, label_position

_INDEX = re.compile(r"__index_level_\d+__")


def read_columnar(path: Path, kind: str, label: str | int | None, n_features: int | None) -> Table:
    """The table of a .parquet or .arrow file: X in the type that all its columns share, else float64.

    A column of lists of one length (embeddings) counts as that many features.

    Raises
    ------
    ImportError
        pyarrow is not installed.
    ValueError
        The file is damaged, a column holds text, nulls or lists of unequal length, or there is no memory for it.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        needed = "pyarrow, which is not installed: pip install 'gdfast[tables]'"
        raise ImportError(f"reading {path} takes {needed}") from error
    try:
        if kind == "parquet":
            facts = pyarrow.parquet.read_metadata(path)
            require_memory(facts.num_rows * facts.num_columns, str(path))
            table = pyarrow.parquet.read_table(path)
        else:
            with pyarrow.memory_map(str(path)) as source:
                table = pyarrow.ipc.open_file(source).read_all()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{path} is damaged or no {kind} file: {error}") from error
    table = table.drop_columns([name for name in table.column_names if _INDEX.fullmatch(name)])
    if table.num_rows == 0 or table.num_columns == 0:
        raise ValueError(f"{path} holds no rows")
    return _split(path, table, label, n_features)


def _split(path: Path, table: Any, label: str | int | None, n_features: int | None) -> Table:
    columns = list(table.column_names)
    wide = any(_is_list(field.type) for field in table.schema)
    position = label_position(str(path), columns, label, None if wide else n_features, named=True)
    parts: list[Array] = []
    names: list[str] = []
    for j, name in enumerate(columns):
        if j != position:
            part = _numbers(path, name, table.column(j))
            parts.append(part)
            names += [name] if part.ndim == 1 else [f"{name}[{i}]" for i in range(part.shape[1])]
    if n_features is not None and len(names) != n_features:
        raise ValueError(f"{path} must hold {n_features:,} features; it holds {len(names):,}")
    labels = None if position is None else _labels(path, columns[position], table.column(position))
    return Table(_together(path, parts, len(names)), labels, tuple(names))


def _together(path: Path, parts: list[Array], d: int) -> Array:
    dtypes = {part.dtype for part in parts}
    shared = dtypes.pop() if len(dtypes) == 1 else np.dtype(np.float64)
    dtype = shared if shared.name in ("uint8", "float16", "float32") else np.dtype(np.float64)
    if len(parts) == 1 and parts[0].ndim == 2 and parts[0].dtype == dtype:
        return parts[0]
    n = len(parts[0])
    require_memory(n * d * dtype.itemsize, str(path))
    X = np.empty((n, d), dtype=dtype)
    first = 0
    for part in parts:
        width = 1 if part.ndim == 1 else part.shape[1]
        X[:, first : first + width] = part.reshape(n, width)
        first += width
    return X


def _is_list(kind: Any) -> bool:
    import pyarrow.types

    return bool(
        pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind) or pyarrow.types.is_fixed_size_list(kind)
    )


def _numbers(path: Path, name: str, column: Any) -> Array:
    """A column as (n,), or as (n, k) where it holds lists of k numbers."""
    import pyarrow.types

    n = len(column)
    _require_whole(path, name, column)
    width = None
    if _is_list(column.type):
        import pyarrow.compute

        lengths = np.unique(pyarrow.compute.list_value_length(column).to_numpy())
        if lengths.size != 1 or lengths[0] == 0:
            raise ValueError(
                f"{path} must hold lists of one length in column {name!r}; there are {lengths.tolist()[:5]}"
            )
        width = int(lengths[0])
        column = pyarrow.chunked_array([chunk.flatten() for chunk in column.chunks])
        _require_whole(path, name, column)
    kind = column.type
    if pyarrow.types.is_decimal(kind):
        column = column.cast(pyarrow.float64())
    elif not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_boolean(kind)):
        raise ValueError(f"{path} must hold numbers; column {name!r} holds {kind}")
    numbers: Array = column.to_numpy()
    return numbers if width is None else numbers.reshape(n, width)


def _labels(path: Path, name: str, column: Any) -> Array:
    import pyarrow.types

    _require_whole(path, name, column)
    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        return np.array(column.to_pylist(), dtype=np.str_)
    return _numbers(path, name, column)


def _require_whole(path: Path, name: str, column: Any) -> None:
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy()))
        raise ValueError(f"{path} must hold a value in every row; row {row:,} of column {name!r} is null")
