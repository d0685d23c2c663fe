"""CSV blocks through the parser of pyarrow or pandas: what one of them accepts, the plain reader reads alike."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from typing import Any

import numpy as np

from ..protocols import Array
from .csv_layout import BOOLEANS, Layout

Parsed = tuple[list[Array], "tuple[Array, list[str]] | None"]
Parser = Callable[[memoryview, bool], Parsed | None]
"""Whole rows, and whether there are quotes in them -> the features' columns, and the labels as positions among their
distinct texts; None: not read."""

_LONGEST = 131_072  # csv.reader's limit of a field
_LONGEST_ROW = 1 << 25
_QUOTE = ord('"')


def end_of_rows(text: bytes, delimiter: str) -> tuple[int, bool] | None:
    """Where the last whole row ends (0: there is none as yet), and whether there are quotes before it.

    None where quotes are not by the rules.

    A quote opens a field at its beginning and closes it at its end; two of them within are one. Of such a text every
    reader makes the same rows.
    """
    end = text.rfind(b"\n") + 1
    if not end and len(text) > _LONGEST_ROW:
        return None
    if text.find(b'"', 0, end) < 0:
        return end, False
    letters = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(letters == _QUOTE)
    marks = np.array([ord(delimiter), 10, 13], dtype=np.uint8)
    opening, closing = quotes[0::2], quotes[1::2]
    while end and (held := int(np.searchsorted(quotes, end))) % 2:  # within a field
        end = text.rfind(b"\n", 0, int(quotes[held - 1])) + 1
    if len(text) - end > _LONGEST_ROW:
        return None
    opening, closing = opening[opening < end], closing[closing < end]
    before, after = letters[opening - 1], letters[np.minimum(closing + 1, len(text) - 1)]
    opens = np.isin(before, marks) | (opening == 0)
    opens[1:] |= opening[1:] == closing[: len(opening) - 1] + 1
    closes = np.isin(after, marks)
    closes[:-1] |= closing[:-1] + 1 == opening[1 : len(closing)]
    if not (opens.all() and closes.all()):
        return None
    return end, True


def quick_parser(layout: Layout) -> Parser | None:
    """The quickest parser that is installed; None: there is none."""
    for through in (_through_pyarrow, _through_pandas):
        try:
            parse = through(layout)
        except ImportError:
            continue
        return None if parse is None else _without_marks(parse)
    return None


def _without_marks(parse: Parser) -> Parser:
    """Not of rows that begin with a byte order mark, which is none within a file: both would pass over it."""
    return lambda rows, quoted: None if bytes(rows[:3]) == codecs.BOM_UTF8 else parse(rows, quoted)


def _through_pyarrow(layout: Layout) -> Parser:
    import pyarrow
    import pyarrow.csv

    names = [str(j) for j in range(len(layout.header.names))]
    label, features = layout.choice.label, layout.choice.features
    types = {str(j): pyarrow.bool_() if j in layout.booleans else pyarrow.float64() for j in features}
    if label is not None:
        types[str(label)] = pyarrow.string()
    reading = pyarrow.csv.ReadOptions(column_names=names, block_size=1 << 20, use_threads=False)
    parsing = [
        pyarrow.csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=quoted) for quoted in (False, True)
    ]
    converting = pyarrow.csv.ConvertOptions(
        column_types=types,
        include_columns=list(types),
        null_values=[],
        strings_can_be_null=False,
        true_values=[word for word, value in BOOLEANS.items() if value],
        false_values=[word for word, value in BOOLEANS.items() if not value],
        decimal_point=layout.decimal,
    )

    def parse(rows: memoryview, quoted: bool) -> Parsed | None:
        try:
            table = pyarrow.csv.read_csv(pyarrow.BufferReader(rows), reading, parsing[quoted], converting)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowCancelled):  # cancelled: a signal came, whose handler goes on
            return None
        if table.num_rows == 0:
            return None
        texts = None
        if label is not None:
            coded = table.column(str(label)).combine_chunks().dictionary_encode()
            words = coded.dictionary.to_pylist()
            if any(len(word) > _LONGEST for word in words):
                return None
            texts = _in_place(coded.indices, np.int32), words
        columns = [table.column(str(j)) for j in features]
        if layout.booleans:
            columns = [column.cast(pyarrow.float64()) for column in columns]
        return [np.concatenate([_in_place(part, np.float64) for part in column.chunks]) for column in columns], texts

    return parse


def _in_place(values: Any, dtype: Any) -> Array:
    """An Arrow array without nulls as NumPy's; its own `to_numpy` would import pandas, half a second that waits."""
    return np.frombuffer(values.buffers()[1], dtype, len(values), values.offset * np.dtype(dtype).itemsize)


def _through_pandas(layout: Layout) -> Parser | None:
    import pandas

    if layout.booleans or layout.decimal != ".":
        return None
    label, features = layout.choice.label, layout.choice.features
    types: dict[int, Any] = dict.fromkeys(features, np.float64)
    if label is not None:
        types[label] = str
    exact = {} if int(pandas.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
    width = len(layout.header.names)

    def parse(rows: memoryview, quoted: bool) -> Parsed | None:
        if not _is_rectangular(rows, quoted, layout.delimiter, width):  # pandas fills and cuts
            return None
        try:
            frame = pandas.read_csv(
                io.BytesIO(rows), sep=layout.delimiter, header=None, names=range(width), usecols=sorted(types),
                dtype=types, na_filter=False, engine="c", index_col=False, encoding="utf-8", **exact,
            )  # fmt: skip
        except (ValueError, OverflowError, pandas.errors.ParserError):
            return None
        if frame.empty:
            return None
        texts = None
        if label is not None:
            codes, words = pandas.factorize(frame[label].to_numpy(dtype=object))
            texts = codes, [str(word) for word in words]
        return [frame[j].to_numpy() for j in features], texts

    return parse


def _is_rectangular(text: memoryview, quoted: bool, delimiter: str, width: int) -> bool:
    """Whether every line that is not empty has so many fields."""
    letters = np.frombuffer(text, dtype=np.uint8)
    ends, marks = letters == ord("\n"), letters == ord(delimiter)
    returns = np.flatnonzero(letters == ord("\r"))
    if not ends[returns + 1 - (returns == len(letters) - 1)].all():  # a line end of its own
        return False
    if quoted:
        outside = np.cumsum(letters == _QUOTE) % 2 == 0
        ends, marks = ends & outside, marks & outside
    ends, marks = np.flatnonzero(ends), np.flatnonzero(marks)
    lengths = np.diff(ends, prepend=-1)
    if returns.size:
        lengths -= letters[ends - 1] == ord("\r")
    return bool(((np.diff(np.searchsorted(marks, ends), prepend=0) == width - 1) | (lengths == 1)).all())
