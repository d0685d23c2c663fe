"""JSON lines: one row per line, a list of numbers or an object of name -> number; one of them may be a label."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .csv_files import Table, label_position


def read_json_lines(path: Path, label: str | int | None, n_features: int | None) -> Table:
    """The rows of a .jsonl file as float64 (n, d), labels and names; the arguments are those of `read_csv`.

    Raises
    ------
    ValueError
        A line is no JSON, no list or object like the first, or holds no finite number where one belongs: the message
        names line and column.
    """
    numbers, labels = array("d"), list[str]()
    columns: list[str] = []
    position, named = None, False
    for line, row in _rows(path):
        if not columns:
            named = isinstance(row, dict)
            columns = list(row) if named else [str(j) for j in range(len(row))]
            position = label_position(str(path), columns, label, n_features, named=named)
        for j, value in enumerate(_in_order(row, columns, named, path, line)):
            where = f"line {line:,}, column {j + 1}" + (f" ({columns[j]!r:.40})" if named else "")
            if j == position:
                labels.append(_label(value, path, where))
            else:
                numbers.append(_number(value, path, where))
    if not columns:
        raise ValueError(f"{path} holds no rows")
    d = len(columns) - (position is not None)
    names = tuple(name for j, name in enumerate(columns) if j != position) if named else None
    return Table(np.array(numbers).reshape(-1, d), np.array(labels) if position is not None else None, names)


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """The lines that hold something, with their numbers."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for line, text in enumerate(file, 1):
                if text.strip():
                    row = _parsed(text)
                    if not isinstance(row, list | dict) or not row:
                        raise ValueError(
                            f"{path} must hold a list or an object on each line; line {line:,} is {row!r:.40}"
                        )
                    yield line, row
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start:,}") from error
    except _NotRead as error:
        raise ValueError(f"{path} must hold JSON on each line; line {line:,} is not ({error})") from error


class _NotRead(Exception):
    pass


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _NotRead(error.msg) from error
    except RecursionError as error:
        raise _NotRead("it is nested too deeply") from error
    except ValueError as error:  # Python's limit
        raise _NotRead("a number has too many digits") from error


def _in_order(row: Any, columns: list[str], named: bool, path: Path, line: int) -> list[Any]:
    if isinstance(row, dict) != named:
        raise ValueError(f"{path} must hold lists on all lines or objects on all; line {line:,} differs from the first")
    if named and (odd := row.keys() ^ columns):
        name = sorted(odd)[0]
        verb = "lacks" if name in columns else "also has"
        raise ValueError(f"{path} must hold the names of its first line on each; line {line:,} {verb} {name!r:.40}")
    if len(row) != len(columns):
        raise ValueError(f"{path} must hold {len(columns)} columns in every row; line {line:,} has {len(row)}")
    return [row[name] for name in columns] if named else row


def _number(value: Any, path: Path, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{path} must hold numbers; {where} is {json.dumps(value):.40}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{path} must hold finite numbers; {where} is {value!r:.40}")
    return number


def _label(value: Any, path: Path, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{path} must hold a label, text or a number; {where} is {json.dumps(value):.40}")
    return str(value)
