"""CSV tables: numbers and one column of labels, a header or none; errors name line and column."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..protocols import Array, FloatArray


class Table(NamedTuple):
    """What a table holds: the numbers, the labels as they were found, and the names of the features."""

    X: Array
    labels: Array | None
    feature_names: tuple[str, ...] | None


def read_csv(path: Path, label: str | int | None, header: bool | None, n_features: int | None) -> Table:
    """A comma-, semicolon- or tab-separated file as float64 (n, d), labels and names.

    Parameters
    ----------
    label : str, int or None
        The column of the labels by its name or position; None: there is none.
    header : bool or None
        The first line holds names. None: it does where none of its fields is a number, or one is text above a number.
    n_features : int or None
        A table of exactly so many columns has no labels, unless `label` is the name of one.

    Raises
    ------
    ValueError
        Not UTF-8 text, no rows, rows of unequal length, text or nothing where a number belongs, or a number that is
        not finite: the message names line and column.
    """
    layout = _layout(path, label, header, n_features)
    texts: dict[str, int] = {}
    converters: Any = None
    if layout.label is not None:
        converters = {layout.label: lambda text: texts.setdefault(text.strip(), len(texts))}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table: FloatArray = np.loadtxt(
                file, np.float64, comments=None, delimiter=layout.delimiter, converters=converters,
                skiprows=layout.lines_before, ndmin=2, quotechar='"',
            )  # fmt: skip
    except (ValueError, OverflowError) as error:
        raise ValueError(_first_fault(path, layout) or f"{path} is no table of numbers: {error}") from error
    if table.shape[1] != len(layout.columns) or not np.isfinite(table).all():
        raise ValueError(_first_fault(path, layout) or f"{path} is no table of finite numbers")
    return _split(table, layout, list(texts))


class _Layout(NamedTuple):
    delimiter: str
    columns: list[str]
    named: bool
    label: int | None
    lines_before: int


def _layout(path: Path, label: str | int | None, header: bool | None, n_features: int | None) -> _Layout:
    delimiter = _delimiter(path)
    (line, first), (_, second) = [*islice(_rows(path, delimiter), 2), (0, []), (0, [])][:2]
    if not first:
        raise ValueError(f"{path} holds no rows")
    named = _holds_names(first, second) if header is None else header
    columns = [field.strip() for field in first] if named else [str(j) for j in range(len(first))]
    position = label_position(str(path), columns, label, n_features, named=named)
    if named and not second:
        raise ValueError(f"{path} holds no rows, only the names of its columns (header=False reads them as a row)")
    return _Layout(delimiter, columns, named, position, line if named else 0)


def _holds_names(first: list[str], second: list[str]) -> bool:
    """None of the first row's fields is a number, or one is text above a number."""
    numbers = [_is_number(field) for field in first]
    return not any(numbers) or any(not a and _is_number(b) for a, b in zip(numbers, second, strict=False))


def label_position(
    name: str, columns: list[str], label: str | int | None, n_features: int | None, *, named: bool
) -> int | None:
    """Where the labels stand among the columns; the number of the others must be n_features."""
    width = len(columns)
    if isinstance(label, str):
        places = [j for j, column in enumerate(columns) if column == label] if named else []
        if not places and n_features == width:
            return None
        if len(places) != 1:
            shown = ", ".join(columns[:12]) + (", ..." if width > 12 else "")
            found = f"its columns are {shown}" if named else "its columns have no names"
            raise ValueError(f"{name} must hold one column named {label!r}; {found}")
        position: int | None = places[0]
    elif label is None or n_features == width:
        position = None
    elif not -width <= label < width:
        raise ValueError(f"label must be in [{-width}, {width}), the columns of {name}; it is {label}")
    else:
        position = label % width
    d = width - (position is not None)
    if d == 0:
        raise ValueError(f"{name} must hold at least one column of numbers beside the labels; it has {width} column")
    if n_features is not None and d != n_features:
        raise ValueError(f"{name} must hold {n_features:,} features; it holds {d:,}")
    return position


def _delimiter(path: Path) -> str:
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t"
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        line = file.readline(1 << 20)
    return next((mark for mark in (",", "\t", ";") if mark in line), ",")


def _rows(path: Path, delimiter: str, after: int = 0) -> Iterator[tuple[int, list[str]]]:
    """The number of the line on which each row ends, and its fields; empty lines are passed over."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            count = 0
            for fields in reader:
                if fields:
                    count += 1
                    if count > after:
                        yield reader.line_num, fields
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start:,}") from error
    except csv.Error as error:
        raise ValueError(f"{path} is no table: {error} in line {reader.line_num:,}") from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _first_fault(path: Path, layout: _Layout) -> str | None:
    """A sentence about the first row that cannot be read."""
    width = len(layout.columns)
    for line, fields in _rows(path, layout.delimiter, after=int(layout.named)):
        if len(fields) != width:
            return f"{path} must hold {width} columns in every row; line {line:,} has {len(fields)}"
        for j, field in enumerate(fields):
            if j == layout.label:
                continue
            where = f"line {line:,}, column {j + 1}" + (f" ({layout.columns[j]!r:.40})" if layout.named else "")
            if not field.strip():
                return f"{path} must hold a number in every field; {where} is empty"
            if not _is_number(field) or "_" in field:  # 1_000 is a number in Python only
                return f"{path} must hold numbers; {where} is {field!r:.40}"
            if not math.isfinite(float(field)):
                return f"{path} must hold finite numbers; {where} is {field!r:.40}"
    return None


def _split(table: FloatArray, layout: _Layout, texts: list[str]) -> Table:
    names = layout.columns if layout.named else None
    if layout.label is None:
        return Table(table, None, None if names is None else tuple(names))
    labels = np.array(texts)[table[:, layout.label].astype(np.intp)]
    last = table.shape[1] - 1
    # A view where the labels stand at an end: the kernels read rows of any stride.
    if layout.label == last:
        X = table[:, :-1]
    else:
        X = table[:, 1:] if layout.label == 0 else np.delete(table, layout.label, axis=1)
    features = None if names is None else tuple(n for j, n in enumerate(names) if j != layout.label)
    return Table(X, labels, features)
