"""JSON lines: one row per line, a list or an object of name -> number; lists of numbers count as many features."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from .columns import Choice, Header, Table, choose_columns, feature_names, label_name, remedy
from .labels import LabelColumn
from .options import ReadingOptions
from .text_files import Lines, text_blocks

_LONGEST = 1 << 22
"""Bytes of a line: what JSON says in three of them may take 64 in memory."""


def read_json_lines(path: Path, options: ReadingOptions, n_features: int | None) -> Table:
    """The rows of a .jsonl file as float64 (n, d), labels and names; the arguments are those of `read_csv`.

    Raises
    ------
    ValueError
        A line is no JSON, no list or object like the first, or holds no finite number where one belongs: the message
        names line and column.
    """
    rows = _rows(path, options.encoding)
    first = next(rows, None)
    if first is None:
        raise ValueError(f"{path} holds no rows")
    reader = _Reader(path, first[1], options, n_features)
    for line, row in chain([first], rows):
        reader.add(line, row)
    return reader.table()


class _Reader:
    """Rows like the first one."""

    def __init__(self, path: Path, first: Any, options: ReadingOptions, n_features: int | None) -> None:
        self.path = path
        named = isinstance(first, dict)
        names = list(first) if named else [str(j) for j in range(len(first))]
        values = list(first.values()) if named else first
        widths = [len(value) if isinstance(value, list) else 1 for value in values]
        self.header = Header(names, named, widths, {})
        self.known = set(names)
        self.choice: Choice = choose_columns(str(path), self.header, options, n_features)
        self.booleans = {j for j in self.choice.features if isinstance(values[j], bool)}
        self.numbers, self.labels = array("d"), list[Any]()

    def add(self, line: int, row: Any) -> None:
        """One more row."""
        values = self._in_order(row, line)
        for j in self.choice.features:
            value = values[j]
            if type(value) is float and self.header.widths[j] == 1 and math.isfinite(value):
                self.numbers.append(value)
            else:
                self._add_odd(line, j, value)
        if self.choice.label is not None:
            self.labels.append(self._label(line, values[self.choice.label]))

    def table(self) -> Table:
        """All of it."""
        names = feature_names(self.header, self.choice)
        d = sum(self.header.widths[j] for j in self.choice.features)
        X = np.frombuffer(self.numbers).reshape(-1, d)
        labels = None if self.choice.label is None else LabelColumn.of(self.labels, f"{self.path}'s y")
        return Table(X, labels, names, self.choice.notes, label_name(self.header, self.choice))

    def _in_order(self, row: Any, line: int) -> list[Any]:
        path, names, named = self.path, self.header.names, self.header.named
        if isinstance(row, dict) != named:
            raise ValueError(
                f"{path} must hold lists on all lines or objects on all; line {line:,} differs from the first"
            )
        if named and row.keys() != self.known:
            name = sorted(row.keys() ^ self.known)[0]
            verb = "lacks" if name in self.known else "also has"
            raise ValueError(f"{path} must hold the names of its first line on each; line {line:,} {verb} {name!r:.40}")
        if len(row) != len(names):
            raise ValueError(f"{path} must hold {len(names)} columns in every row; line {line:,} has {len(row)}")
        return [row[name] for name in names] if named else row

    def _add_odd(self, line: int, column: int, value: Any) -> None:
        """What is no plain float."""
        width, values = self.header.widths[column], value if isinstance(value, list) else [value]
        if len(values) != width:
            raise ValueError(
                f"{self.path} must hold lists of one length in a column; {self._where(line, column)} holds "
                f"{len(values):,}, the first {width:,}"
            )
        for each in values:
            self.numbers.append(self._number(line, column, each))

    def _number(self, line: int, column: int, value: Any) -> float:
        path, where = self.path, self._where(line, column)
        if column in self.booleans and isinstance(value, bool):
            return float(value)
        if column in self.booleans:
            raise ValueError(
                f"{path} must hold booleans in this column, as in its first row; {where} is {_shown(value)}"
            )
        if isinstance(value, bool) or not isinstance(value, int | float):
            name = self.header.names[column] if self.header.named else column
            raise ValueError(f"{path} must hold numbers; {where} is {_shown(value)}{remedy(name)}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ValueError(f"{path} must hold finite numbers; {where} is {value!r:.40}")
        return number

    def _label(self, line: int, value: Any) -> Any:
        if value is not None and not isinstance(value, str | int | float):
            where = self._where(line, self.choice.label or 0)
            raise ValueError(f"{self.path} must hold a label, text or a number; {where} is {_shown(value)}")
        return value

    def _where(self, line: int, column: int) -> str:
        name = f" ({self.header.names[column]!r:.40})" if self.header.named else ""
        return f"line {line:,}, column {column + 1}{name}"


def _shown(value: Any) -> str:
    return f"{json.dumps(value):.40}"


def _rows(path: Path, encoding: str) -> Iterator[tuple[int, Any]]:
    """The lines that hold something, with their numbers."""
    try:
        for line, text in enumerate(Lines(text_blocks(path, encoding, longest=_LONGEST)), 1):
            if text.strip():
                row = _parsed(text)
                if not isinstance(row, list | dict) or not row:
                    raise ValueError(f"{path} must hold a list or an object on each line; line {line:,} is {row!r:.40}")
                if isinstance(row, list) and isinstance(row[0], dict):
                    raise ValueError(
                        f"{path} must hold a row on each line; line {line:,} is a list of objects: give each a line of "
                        "its own (pandas: to_json(orient='records', lines=True))"
                    )
                yield line, row
    except _NotRead as error:
        raise ValueError(f"{path} must hold JSON on each line; line {line:,} is not ({error})") from error


class _NotRead(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotRead(f"it holds {twice!r:.40} twice")
    return found


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise _NotRead(error.msg) from error
    except RecursionError as error:
        raise _NotRead("it is nested too deeply") from error
    except ValueError as error:  # Python's limit
        raise _NotRead("a number has too many digits") from error
