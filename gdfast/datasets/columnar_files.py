"""Parquet and Arrow (Feather) tables, through pyarrow: columns of numbers and one of labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..files.npy_reader import require_memory, require_no_bomb
from ..protocols import Array
from .columns import Header, Table, choose_columns, feature_names, index_columns, label_name, remedy
from .labels import LabelColumn
from .options import ReadingOptions

IN_PIECES = "gd.ChunkedObjective, or --memory-limit, reads it in pieces"


def read_columnar(path: Path, kind: str, options: ReadingOptions, n_features: int | None) -> Table:
    """The table of a .parquet or .arrow file: X in the type that all its columns share, else float64.

    A column of lists of one length (embeddings) counts as that many features. What pandas' own metadata call an index
    is no column.

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
        table = _opened(path, kind)
        table.validate(full=True)
    except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, ValueError) and str(error).startswith(str(path)):
            raise
        raise ValueError(f"{path} is damaged or no {kind} file: {error}") from error
    if table.num_rows == 0 or table.num_columns == 0:
        raise ValueError(f"{path} holds no rows")
    names = list(table.column_names)
    widths = [_width(table.column(j)) for j in range(len(names))]
    header = Header(names, True, widths, columns_left_out(table))
    choice = choose_columns(str(path), header, options, n_features)
    columns = {j: table.column(j) for j in choice.features}
    require_memory(table.num_rows * sum(widths[j] * _bytes_of(column.type) for j, column in columns.items()), str(path))
    parts = [numbers_of(path, names[j], column) for j, column in columns.items()]
    labels = None if choice.label is None else _labels(path, names[choice.label], table.column(choice.label))
    d = sum(widths[j] for j in choice.features)
    return Table(
        _together(path, parts, d), labels, feature_names(header, choice), choice.notes, label_name(header, choice)
    )


def _opened(path: Path, kind: str) -> Any:
    import pyarrow
    import pyarrow.parquet

    if kind == "parquet":
        facts = pyarrow.parquet.read_metadata(path)
        widths = sum(_bytes_of(field.type) for field in pyarrow.parquet.read_schema(path))
        # A constant column takes no space in the file.
        require_no_bomb(facts.num_rows * widths, path.stat().st_size, str(path), IN_PIECES)
        rows_of_groups(path, facts)
        table = pyarrow.parquet.ParquetFile(path).read()
        if table.num_rows != facts.num_rows:
            raise ValueError(f"it says that it has {facts.num_rows:,} rows; it has {table.num_rows:,}")
        return table
    with path.open("rb") as file:
        streamed = not file.read(6).startswith(b"ARROW1")
    with pyarrow.memory_map(str(path)) as source:
        return (pyarrow.ipc.open_stream if streamed else pyarrow.ipc.open_file)(source).read_all()


def rows_of_groups(path: Path, metadata: Any) -> list[int]:
    """How many rows each row group of a Parquet file has; ValueError where they are not those of the file.

    pyarrow leaves out a group of less than no rows, and says nothing.
    """
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    if min(sizes, default=0) < 0 or sum(sizes) != metadata.num_rows:
        raise ValueError(
            f"{path} is damaged: it says that it has {metadata.num_rows:,} rows, and its groups have {sizes[:5]}"
        )
    return sizes


def columns_left_out(table: Any) -> dict[int, str]:
    """The columns that are pandas' index, by the metadata that it stores with the table."""
    names = table.column_names
    found = index_columns(names)
    try:
        stored = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))["index_columns"]
    except (ValueError, KeyError, TypeError):
        stored = []
    for name in stored if isinstance(stored, list) else ():
        if isinstance(name, str) and names.count(name) == 1:
            shown = "" if name.startswith("__index_level_") else f" {name!r:.40}"
            found[names.index(name)] = f"the index{shown} that pandas stored is left out"
    return found if len(found) < len(names) else {}


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


def is_list(kind: Any) -> bool:
    import pyarrow.types

    return bool(
        pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind) or pyarrow.types.is_fixed_size_list(kind)
    )


def _width(column: Any) -> int:
    """How many numbers a row of the column holds: of lists as many as its first."""
    if not is_list(column.type):
        return 1
    first = column[0].as_py()
    return max(len(first), 1) if first is not None else 1


def _bytes_of(kind: Any) -> int:
    """What a value takes in memory, at least."""
    kind = kind.value_type if is_list(kind) else kind
    try:
        return max(int(kind.bit_width) // 8, 1)
    except ValueError:  # text
        return 8


def values_type(column: Any) -> Any:
    """The type of its values; in a dictionary (pandas' and polars' categories, Enum) that of the dictionary's."""
    import pyarrow.types

    kind = column.type
    return kind.value_type if pyarrow.types.is_dictionary(kind) else kind


def numbers_of(path: Path, name: str, column: Any) -> Array:
    """A column as (n,), or as (n, k) where it holds lists of k numbers."""
    import pyarrow.types

    n = len(column)
    _require_whole(path, name, column)
    width = None
    if is_list(column.type):
        import pyarrow.compute

        lengths = np.unique(pyarrow.compute.list_value_length(column).to_numpy())
        if lengths.size != 1 or lengths[0] == 0:
            raise ValueError(
                f"{path} must hold lists of one length in column {name!r}; there are {lengths.tolist()[:5]}"
            )
        width = int(lengths[0])
        column = pyarrow.chunked_array([chunk.flatten() for chunk in column.chunks])
        _require_whole(path, name, column)
    kind = values_type(column)
    if pyarrow.types.is_decimal(kind):
        column = column.cast(pyarrow.float64())
    elif not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_boolean(kind)):
        raise ValueError(f"{path} must hold numbers; column {name!r} holds {kind}{remedy(name)}")
    numbers: Array = column.cast(kind).to_numpy()
    return numbers if width is None else numbers.reshape(n, width)


def _labels(path: Path, name: str, column: Any) -> LabelColumn:
    """The labels' column: of the type that it has, or as the text that CSV would hold."""
    import pyarrow.types

    types = pyarrow.types
    kind = values_type(column)
    is_text = str(kind) in ("string", "large_string", "string_view")
    if column.null_count == len(column):
        return LabelColumn.of([None], f"{path}'s {name}")  # it is refused by its first row
    known = is_text or types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    if not (known or types.is_decimal(kind)):
        raise ValueError(f"{path} must hold labels, text or numbers, in column {name!r}; it holds {kind}")
    values: list[Any]
    if types.is_floating(kind) and not types.is_float64(kind):
        values = [None if value is None else float(str(value)) for value in column.cast(kind).to_numpy()]
    else:
        values = column.to_pylist()
    if types.is_decimal(kind):
        values = [None if value is None else str(value) for value in values]
    return LabelColumn.of(values, f"{path}'s {name}")


def _require_whole(path: Path, name: str, column: Any) -> None:
    if column.null_count:
        row = 0 if column.null_count == len(column) else int(np.argmax(column.is_null().to_numpy()))
        raise ValueError(f"{path} must hold a value in every row; row {row:,} of column {name!r} is null{remedy(name)}")
