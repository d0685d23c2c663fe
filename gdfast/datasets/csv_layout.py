"""The layout of a CSV file, from its first rows: delimiter, names or none, columns. Better an error than a guess."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ..describe import shortened
from .columns import Choice, Header, choose_columns, index_columns
from .labels import MISSING, number_or_none
from .options import ReadingOptions

LOOKED_AT = 200
"""Rows at the beginning that decide on the layout."""

BOOLEANS = {"True": 1.0, "False": 0.0, "true": 1.0, "false": 0.0, "TRUE": 1.0, "FALSE": 0.0}
_DELIMITERS = (",", "\t", ";", "|")
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*")
_NAME = re.compile(r"[^\W\d]")
_USUAL_LABELS = frozenset({"label", "labels", "class", "target", "targets", "y", "species", "kind", "category"})


class Layout(NamedTuple):
    """How the rows of a CSV file are read."""

    delimiter: str
    decimal: str
    header: Header
    choice: Choice
    booleans: frozenset[int]
    lines_before: int

    def where(self, line: int, column: int) -> str:
        """A place in the file, as messages name it."""
        name = f" ({self.header.names[column]!r:.40})" if self.header.named else ""
        return f"line {line:,}, column {column + 1}{name}"


def layout_of(
    path: Path, head: str, whole: bool, tabs: bool, options: ReadingOptions, n_features: int | None
) -> Layout:
    """The layout by the first rows of the text; `whole`: it is all of it; `tabs`: the file's name says so."""
    delimiter = options.delimiter or ("\t" if tabs else _delimiter(path, head, whole, options.decimal))
    rows = _rows_of(path, head, delimiter, whole)
    if not rows:
        raise ValueError(f"{path} holds no rows")
    (line, first), others = rows[0], [fields for _, fields in rows[1:]]
    words = [field.strip() for field in first]
    named = options.header
    notes: list[str] = []
    if named is None:
        named, note = _holds_names(path, words, others, options.decimal)
        notes += [note] if note else []
    if named and not others:
        raise ValueError(f"{path} holds no rows, only the names of its columns (header=False reads them as a row)")
    left_out = index_columns(words) if named else {}
    last = len(words) - 1
    if last and not words[last] and all(len(row) > last and not row[last].strip() for row in others):
        left_out[last] = "the last column is left out: it is empty, as after a delimiter at the end of each line"
    names = words if named else [str(j) for j in range(len(words))]
    header = Header(names, named, [1] * len(words), left_out)
    try:
        choice = choose_columns(str(path), header, options, n_features)
    except ValueError as error:
        if len(words) == 1 and options.delimiter is None:
            raise ValueError(f"{error}; delimiter=, or --delimiter, says what stands between columns") from error
        raise
    sample = others[0] if named else first
    booleans = frozenset(j for j in choice.features if j < len(sample) and sample[j].strip() in BOOLEANS)
    choice = choice._replace(notes=(*notes, *choice.notes))
    return Layout(delimiter, options.decimal, header, choice, booleans, line if named else 0)


def read_rows(
    path: Path, lines: Iterable[str], delimiter: str, before: Callable[[], int] = int
) -> Iterator[tuple[int, list[str]]]:
    """The number of the line on which each row ends, and its fields; empty lines are passed over.

    `before` says, for messages, how many lines went before these.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        raise ValueError(f"{path} is no table: {error} in line {before() + reader.line_num:,}") from error


def number_of(field: str, decimal: str) -> float | None:
    """The number that a field holds; None: it holds none."""
    if decimal != ".":
        if "." in field:
            return None
        field = field.replace(decimal, ".")
    return number_or_none(field)


def _rows_of(path: Path, head: str, delimiter: str, whole: bool) -> list[tuple[int, list[str]]]:
    """The first rows; of a text that is cut off without its last."""
    rows = []
    try:
        for row in islice(read_rows(path, io.StringIO(head, newline=""), delimiter), LOOKED_AT + 1):
            rows.append(row)
    except ValueError:
        if whole or not rows:
            raise
    return rows if whole or len(rows) <= 1 else rows[:-1]


def _delimiter(path: Path, head: str, whole: bool, decimal: str) -> str:
    """The character that splits all of the first rows into as many fields; ValueError where two of them might."""
    fits, occurs = [], []
    for mark in _DELIMITERS:
        if mark == decimal:
            continue
        try:
            rows = [fields for _, fields in _rows_of(path, head, mark, whole)]
        except ValueError:
            continue
        if rows and len(rows[0]) > 1:
            occurs.append(mark)
            if all(len(row) == len(rows[0]) for row in rows):
                fits.append((mark, rows))
    for mark, rows in fits:
        if mark != "," and any(other == "," for other, _ in fits):
            with_comma = [field for row in rows for field in row if "," in field]
            if with_comma and all(map(_DECIMAL_COMMA.fullmatch, with_comma)):
                raise ValueError(
                    f"{path} may hold decimal commas, or commas between its columns: its first row is "
                    f"{shortened(mark.join(rows[0]), 60)}; delimiter={mark!r}, decimal=',' (--delimiter, --decimal) or "
                    "delimiter=',' says which"
                )
    return fits[0][0] if fits else occurs[0] if occurs else "," if decimal != "," else ";"


def _holds_names(path: Path, words: Sequence[str], others: Sequence[Sequence[str]], decimal: str) -> tuple[bool, str]:
    """Whether the first row holds names, and a note where that is not certain.

    It does where it cannot be a row: a name stands above numbers, or in no field of it is a number. What is a faulty
    row just as well (an empty field, a word for a missing value, a number with a slip) is none; what could be either is
    refused.
    """
    is_number = [number_of(word, decimal) is not None or word in BOOLEANS for word in words]
    below = [[row[j].strip() for row in others if j < len(row)] for j in range(len(words))]
    above = [j for j, word in enumerate(words) if not is_number[j] and any(_is_value(t, decimal) for t in below[j])]
    recurs = any(not is_number[j] and word and word in below[j] for j, word in enumerate(words))
    lead = next((j for j, word in enumerate(words) if word), len(words))
    missing = any(word in MISSING for word in words[lead:-1]) or (words[-1] in MISSING and words[-1] != "")
    if all(is_number):
        if _are_positions(words) and len(words) > 2 and others and _are_fractions(below[:-1]):
            raise ValueError(_either(path, words))
        return False, ""
    if not others:
        return not any(is_number), ""
    if missing or recurs:
        return False, ""
    if not any(is_number):
        return not above or any(_NAME.match(words[j]) for j in above), ""
    if not _are_positions([word for word, number in zip(words, is_number, strict=True) if number]):
        return False, ""
    note = f"its first row, {shortened(', '.join(words), 40)}, is taken for names (header=False reads it as a row)"
    if (
        lead
        or any(words[j].lower() in _USUAL_LABELS for j in range(len(words)))
        or any(_NAME.match(words[j]) for j in above)
    ):
        return True, note
    if sum(is_number) > 1 and words[is_number.index(True)] == "0":
        raise ValueError(_either(path, words))
    return False, ""


def _is_value(text: str, decimal: str) -> bool:
    return text in BOOLEANS or number_of(text, decimal) is not None


def _are_positions(words: Sequence[str]) -> bool:
    """0, 1, 2, ... or 1, 2, 3, ...: the names that tables without names of their own are given."""
    return any(list(words) == [str(first + j) for j in range(len(words))] for first in (0, 1))


def _are_fractions(columns: Sequence[Sequence[str]]) -> bool:
    return all("." in text or "e" in text.lower() for column in columns for text in column)


def _either(path: Path, words: Sequence[str]) -> str:
    return (
        f"{path} must say whether its first row holds names: it is {shortened(', '.join(words), 60)}; header=True or "
        "header=False (--header, --no-header) says it"
    )
