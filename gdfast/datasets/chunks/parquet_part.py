"""Parts in Parquet files, through pyarrow: columns of numbers and one of labels, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...protocols import Array
from ..columnar_files import columns_left_out, is_list, numbers_of, rows_of_groups, values_type
from ..columns import Header, choose_columns
from ..options import ReadingOptions
from .part import joined
from .stamps import FileStamp

_BATCH = 1 << 22
"""Bytes of rows that are decoded together: what is gathered column by column stays in the processor's cache."""
NO_FEATURE = ": label= names the column of labels, every other is a feature (gd.datasets.load takes drop= and columns=)"


@dataclass(frozen=True, eq=False)
class ParquetPart:
    """The rows of a Parquet file: which of its columns are features and which labels, and where row groups begin."""

    stamp: FileStamp
    name: str
    features: tuple[str, ...]
    widths: tuple[int, ...]
    label: str | None
    dtype: np.dtype[Any]
    group_starts: Array
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(path: Path, options: ReadingOptions, n_features: int | None = None) -> ParquetPart:
        """By its metadata alone (and the first row, where a column holds lists).

        Raises
        ------
        ImportError
            pyarrow is not installed.
        ValueError
            The file is damaged, a column holds text, there is no column of that label.
        """
        pyarrow = _pyarrow(path)
        stamp = FileStamp.of(path)
        with _opened(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
            sizes = rows_of_groups(path, metadata)
            names = list(schema.names)
            if len(set(names)) < len(names):
                raise ValueError(f"{path} must hold columns of different names; two are called the same")
            lists = [field.name for field in schema if is_list(field.type)]
            first = _first_row(path, file, lists) if lists and metadata.num_rows else None
        if not names:
            raise ValueError(f"{path} must hold columns; it has none")
        widths = [1 if first is None or name not in lists else len(first.column(name)[0]) for name in names]
        header = Header(names, True, widths, columns_left_out(schema.empty_table()))
        choice = choose_columns(str(path), header, options, n_features)
        features = choice.features
        if options.only is not None and {names[j] for j in features} == set(options.only):
            features = [names.index(name) for name in options.only]
        dtypes = set()
        for j in features:
            kind = values_type(pyarrow.chunked_array([], schema.field(j).type))
            kind = kind.value_type if is_list(kind) else kind
            if not _is_number(kind):
                raise ValueError(f"{path} must hold numbers; column {names[j]!r} holds {kind}{NO_FEATURE}")
            dtypes.add(_dtype_of(kind))
        known = dtypes.pop() if len(dtypes) == 1 else np.dtype(np.float64)
        return ParquetPart(
            stamp,
            str(path),
            tuple(names[j] for j in features),
            tuple(widths[j] for j in features),
            None if choice.label is None else names[choice.label],
            known,
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            choice.notes,
        )

    @property
    def n_samples(self) -> int:
        return int(self.group_starts[-1])

    @property
    def n_features(self) -> int:
        return sum(self.widths)

    @property
    def is_sparse(self) -> bool:
        return False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Of X's columns."""
        named = zip(self.features, self.widths, strict=True)
        return tuple(name if width == 1 else f"{name}[{i}]" for name, width in named for i in range(width))

    @property
    def has_labels(self) -> bool:
        return self.label is not None

    @property
    def rows_at_once(self) -> int:
        """The largest row group."""
        return int(np.diff(self.group_starts).max(initial=1))

    @property
    def starts(self) -> Array:
        return joined(self.group_starts[:-1], self.n_features * self.dtype.itemsize)

    def read(self, start: int, stop: int, out: Array | None, /) -> Array:
        if out is None:
            out = np.empty((stop - start, self.n_features), dtype=self.dtype)
        for place, batch in self._batches(start, stop, self.features):
            rows = out[place - start : place - start + batch.num_rows]
            first = 0
            for name, width in zip(self.features, self.widths, strict=True):
                numbers = self._numbers(batch, name, place).reshape(batch.num_rows, -1)
                if numbers.shape[1] != width:
                    raise ValueError(
                        f"{self.name} must hold lists of {width} numbers in column {name!r}; "
                        f"from row {place:,} on there are lists of {numbers.shape[1]}"
                    )
                rows[:, first : first + width] = numbers
                first += width
        return out

    def labels(self, start: int, stop: int, /) -> Array:
        assert self.label is not None  # has_labels says so
        found = []
        for place, batch in self._batches(start, stop, (self.label,)):
            column = batch.column(self.label)
            self._require_whole(column, self.label, place)
            if _is_number(values_type(column)):
                found.append(self._numbers(batch, self.label, place))
            elif str(values_type(column)) in ("string", "large_string", "string_view"):
                found.append(np.array(column.to_pylist(), dtype=np.str_))
            else:
                raise ValueError(
                    f"{self.name} must hold labels, text or numbers, in column {self.label!r}; it holds {column.type}"
                )
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def require_unchanged(self) -> None:
        self.stamp.require_unchanged()

    def _batches(self, start: int, stop: int, columns: tuple[str, ...]) -> Iterator[tuple[int, Any]]:
        """Rows [start, stop) in pieces, each with the row that it begins at."""
        if start == stop:
            return
        self.stamp.require_unchanged()
        import pyarrow

        first = int(np.searchsorted(self.group_starts, start, side="right")) - 1
        last = int(np.searchsorted(self.group_starts, stop, side="left"))
        place = int(self.group_starts[first])
        size = max(256, _BATCH // max(1, self.n_features * self.dtype.itemsize))
        with _opened(Path(self.stamp.path)) as file:
            try:
                batches = file.iter_batches(size, list(range(first, last)), list(columns), use_threads=False)
                for batch in batches:
                    begin, end = max(start, place), min(stop, place + batch.num_rows)
                    if end > begin:
                        yield begin, batch.slice(begin - place, end - begin)
                    place += batch.num_rows
                    if place >= stop:
                        break
            except (pyarrow.ArrowException, OSError) as error:
                raise ValueError(f"{self.name} is damaged, near row {place:,}: {error}") from error
        if place < stop:
            raise ValueError(f"{self.name} is damaged: it ends at row {place:,} of {self.n_samples:,}")

    def _numbers(self, batch: Any, name: str, place: int) -> Array:
        import pyarrow

        column = batch.column(name)
        self._require_whole(column, name, place)
        if pyarrow.types.is_primitive(column.type):
            numbers: Array = column.to_numpy(zero_copy_only=False)
            return numbers
        return numbers_of(Path(self.name), name, pyarrow.chunked_array([column]))

    def _require_whole(self, column: Any, name: str, place: int) -> None:
        if column.null_count:
            row = place + int(np.argmax(np.asarray(column.is_null())))
            raise ValueError(f"{self.name} must hold a value in every row; row {row:,} of column {name!r} is null")


def parquet_parts(paths: Sequence[Path], options: ReadingOptions, n_features: int | None) -> list[ParquetPart]:
    """Files of one table: the same columns in all, whatever their order in a file.

    Raises
    ------
    ValueError
        A file lacks a column of the first, or has one more.
    """
    first = ParquetPart.of(paths[0], options, n_features)
    options = replace(options, label=first.label)
    parts = [first]
    for path in paths[1:]:
        part = ParquetPart.of(path, options)
        if set(part.features) != set(first.features):
            odd = min(set(part.features) ^ set(first.features))
            has = "has one more" if odd in part.features else "lacks one"
            raise ValueError(f"{path} must hold the columns of {paths[0]}; it {has}, {odd!r}")
        width = dict(zip(part.features, part.widths, strict=True))
        parts.append(replace(part, features=first.features, widths=tuple(width[name] for name in first.features)))
    return parts


def _first_row(path: Path, file: Any, columns: list[str]) -> Any:
    """A batch of the first row; None: there is none."""
    pyarrow = _pyarrow(path)
    try:
        return next(file.iter_batches(1, columns=columns), None)
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{path} is damaged, in its first row: {error}") from error


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        needed = "pyarrow, which is not installed: pip install 'gdfast[tables]'"
        raise ImportError(f"reading {path} takes {needed}") from error
    return pyarrow


def _opened(path: Path) -> Any:
    pyarrow = _pyarrow(path)
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} is damaged or no parquet file: {error}") from error


def _is_number(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind))


def _dtype_of(kind: Any) -> np.dtype[Any]:
    """Of X for a column of this type: its own where the kernels read it, else float64."""
    name = {"uint8": "uint8", "halffloat": "float16", "float": "float32"}.get(str(kind), "float64")
    return np.dtype(name)
