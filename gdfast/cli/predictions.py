"""Predictions as CSV, JSON lines or an array."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..datasets.labels import number_or_none
from ..protocols import Array
from .tables import json_text

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
PART = 10_000  # rows that are made into text together


class Predicted(NamedTuple):
    """Of some rows: the class numbers, and the probabilities or scores of each class (or None), or values (n, k)."""

    classes: Array | None
    numbers: Array | None


def write_csv(file: BinaryIO, predicted: Iterable[Predicted], names: Sequence[str], more: str, n: int) -> None:
    """A header and a line for each row; a name that a spreadsheet would take for a formula begins with a '."""
    names = [_no_formula(name) for name in names]
    first, predicted = _first(predicted)
    k = first.numbers.shape[1] if first.numbers is not None else 0
    if first.classes is None:
        header = ["prediction"] if k == 1 else [f"prediction_{j}" for j in range(k)]
    else:
        header = ["prediction", *(names if more else ())]
    file.write(_csv([header]))
    for part in _parts(predicted):
        file.write(_csv(_fields(part, names)))


def write_json_lines(file: BinaryIO, predicted: Iterable[Predicted], names: Sequence[str], more: str, n: int) -> None:
    """An object on each line; classes whose names are all whole numbers are numbers."""
    values = _as_numbers(names)
    labels = list(names) if values is None else values.tolist()
    for part in _parts(predicted):
        lines = []
        for i, said in enumerate(_said(part, labels)):
            row: dict[str, Any] = {"prediction": said}
            if part.classes is not None and part.numbers is not None:
                row[more] = dict(zip(names, map(float, _texts(part.numbers[i])), strict=True))
            lines.append(json_text(row) + "\n")
        file.write("".join(lines).encode())


def write_npy(file: BinaryIO, predicted: Iterable[Predicted], names: Sequence[str], more: str, n: int) -> None:
    """One array: the names of the classes (numbers where all are), or the numbers asked for (n, k), or values (n,)."""
    first, predicted = _first(predicted)
    values = _as_numbers(names)
    classes = np.array(names) if values is None else values
    like = _array_of(first, classes)
    header = {"descr": np.lib.format.dtype_to_descr(like.dtype), "fortran_order": False, "shape": (n, *like.shape[1:])}
    np.lib.format.write_array_header_1_0(file, header)
    for part in predicted:
        file.write(np.ascontiguousarray(_array_of(part, classes)).data)


def _array_of(part: Predicted, classes: Array) -> Array:
    if part.numbers is None:
        return np.asarray(classes[part.classes])
    return part.numbers[:, 0] if part.classes is None and part.numbers.shape[1] == 1 else part.numbers


def _first(predicted: Iterable[Predicted]) -> tuple[Predicted, Iterable[Predicted]]:
    """The first part, and all of them."""
    rest = iter(predicted)
    first = next(rest)
    return first, chain([first], rest)


FORMATS: dict[str, Callable[[BinaryIO, Iterable[Predicted], Sequence[str], str, int], None]] = {
    "csv": write_csv,
    "jsonl": write_json_lines,
    "npy": write_npy,
}
_BY_SUFFIX = {".npy": "npy", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


def format_of(out: str) -> str:
    """By the file's name; CSV where that says nothing."""
    return _BY_SUFFIX.get(Path(out).suffix.lower(), "csv")


def _parts(predicted: Iterable[Predicted]) -> Iterable[Predicted]:
    for whole in predicted:
        n = len(whole.numbers if whole.classes is None else whole.classes)  # type: ignore[arg-type]
        for i in range(0, n, PART):
            yield Predicted(*(None if part is None else part[i : i + PART] for part in whole))


def _fields(part: Predicted, names: Sequence[str]) -> Iterable[list[str]]:
    if part.classes is None:
        assert part.numbers is not None
        return map(_texts, part.numbers)
    if part.numbers is None:
        return ([names[i]] for i in part.classes)
    return ([names[i], *_texts(row)] for i, row in zip(part.classes, part.numbers, strict=True))


def _said(part: Predicted, labels: Sequence[Any]) -> Iterable[Any]:
    if part.classes is not None:
        return (labels[i] for i in part.classes)
    assert part.numbers is not None
    rows = ([float(text) for text in _texts(row)] for row in part.numbers)
    return (row[0] if len(row) == 1 else row for row in rows)


def _texts(numbers: Array) -> list[str]:
    """The shortest texts that read as these very numbers, in their own type."""
    return [str(number) for number in numbers]


def _csv(rows: Iterable[list[str]]) -> bytes:
    lines = _Lines()
    # Python's writer quotes the characters of its line end alone: a bare carriage return would end a line for readers.
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return "".join(line[:-2] + "\n" for line in lines).encode()


class _Lines(list[str]):
    """What a csv.writer writes to."""

    write = list.append


def _no_formula(name: str) -> str:
    """As OWASP says of formulas in CSV: what begins like one is given a single quote; numbers stay numbers."""
    if not name.startswith(_FORMULA) or number_or_none(name) is not None:
        return name
    return f"'{name}"


def _as_numbers(names: Sequence[str]) -> Array | None:
    """The names as whole numbers; None where one is text, or written in another way."""
    try:
        values = [int(name) for name in names]
    except ValueError:
        return None
    if [str(value) for value in values] != list(names) or any(abs(value) >= 2**63 for value in values):
        return None
    return np.array(values, dtype=np.int64)
