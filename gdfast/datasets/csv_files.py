"""CSV tables as float64 and labels, block by block: through pyarrow or pandas where they read the same, else plainly.

What a file means is what the plain reader says: `csv.reader`, and `float` for every number. The quick parsers get
whole rows that are quoted by the rules; where one refuses a block, or finds a number that is not finite, the plain
reader goes on from there and names the fault by line and column.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from .._background import Coming
from .._config import get_num_threads
from ..protocols import Array, FloatArray
from .columns import MOST_COLUMNS, Table, feature_names, label_name, remedy, too_many
from .csv_layout import BOOLEANS, Layout, layout_of, number_of, read_rows
from .labels import MISSING, LabelColumn
from .options import ReadingOptions
from .quick_csv import Parsed, Parser, end_of_rows, quick_parser
from .text_files import BLOCK, Lines, text_blocks

_HEAD = 1 << 18
DELIMITERS = (b",", b"\t", b";", b"|")
_PART = 1 << 14
MOST_THREADS = 4


def read_csv(path: Path, options: ReadingOptions, n_features: int | None, *, targets: bool = False) -> Table:
    """A delimited text file as float64 (n, d), its labels as they are written, and names.

    `targets`: labels are numbers, whose decimal mark may be a comma.

    Raises
    ------
    ValueError
        No text in its encoding, no rows, a first row that may be names or not, rows of unequal length, text or nothing
        where a number belongs, or a number that is not finite: the message names line and column.
    """
    blocks = text_blocks(path, options.encoding)
    head, whole = b"", False
    while len(head) < _HEAD or head.count(b"\n") < 3:
        block = next(blocks, None)
        if block is None:
            whole = True
            break
        head += block
    first = head[: head.find(b"\n")]
    if (most := max(map(first.count, DELIMITERS))) >= MOST_COLUMNS:
        raise too_many(str(path), most + 1)
    tabs = any(suffix.lower() in (".tsv", ".tab") for suffix in path.suffixes[-2:])
    start = head if whole else head[: head.rfind(b"\n", 0, max(_HEAD, head.find(b"\n") + 1)) + 1] or head
    layout = layout_of(path, start.decode(), whole and len(start) == len(head), tabs, options, n_features)
    rows = _Rows(path, layout, options.encoding, targets)
    _read(rows, chain([_without_lines(head, layout.lines_before)], blocks), quick_parser(layout))
    return rows.table()


def _without_lines(text: bytes, count: int) -> bytes:
    """What follows the first lines, as `csv.reader` counts them: they end with CR, LF or both."""
    position = 0
    for _ in range(count):
        ends = [end for end in (text.find(b"\n", position), text.find(b"\r", position)) if end >= 0]
        position = min(ends) + 1 if ends else len(text)
        position += text[position - 1 : position + 1] == b"\r\n"
    return text[position:]


def _read(rows: _Rows, blocks: Iterator[bytes], parse: Parser | None) -> None:
    """All rows: blocks of whole rows by the quick parser, in threads, what is left by the plain reader."""
    if parse is None:
        rows.add_plainly(blocks)
        return
    cut = _WholeRows(blocks, rows.layout.delimiter)
    workers = min(get_num_threads(), MOST_THREADS) if rows.path.stat().st_size > 4 * BLOCK else 1
    waiting: deque[tuple[memoryview, Callable[[], Parsed | None]]] = deque()
    for piece, quoted in cut:
        parsed = partial(parse, piece, quoted)
        waiting.append((piece, Coming(parsed, "gdfast-parse", daemon=False).result if workers > 1 else parsed))
        if len(waiting) > workers and not rows.add_first(waiting):
            break
    while waiting and rows.add_first(waiting):
        pass
    rows.add_plainly(chain([bytes(piece) for piece, _ in waiting], cut.rest()))


class _WholeRows:
    """Blocks of text that end with a row, and whether there are quotes in them, as long as quotes are by the rules."""

    def __init__(self, blocks: Iterator[bytes], delimiter: str) -> None:
        self._blocks = (block[i : i + BLOCK] for block in blocks for i in range(0, len(block), BLOCK))
        self._delimiter, self._rest = delimiter, b""

    def __iter__(self) -> Iterator[tuple[memoryview, bool]]:
        for block in self._blocks:
            self._rest += block
            found = end_of_rows(self._rest, self._delimiter)
            if found is None:
                return
            end, quoted = found
            if end:
                whole, self._rest = memoryview(self._rest)[:end], self._rest[end:]
                yield whole, quoted

    def rest(self) -> Iterator[bytes]:
        """What was not given out."""
        return chain([self._rest], self._blocks)


class _Rows:
    """The rows that have been read, and after how many bytes of text the next one begins."""

    def __init__(self, path: Path, layout: Layout, encoding: str, targets: bool) -> None:
        self.path, self.layout, self.encoding, self.targets = path, layout, encoding, targets
        self.d = len(layout.choice.features)
        self.X: FloatArray = np.empty((0, self.d))
        self.n, self.position = 0, 0
        self.known: dict[str, int] = {}
        self.codes: list[Array] = []

    def add_first(self, waiting: deque[tuple[memoryview, Callable[[], Parsed | None]]]) -> bool:
        """The rows of the first block that a quick parser has; False, and it stays, where it must be read plainly."""
        piece, result = waiting[0]
        parsed = result()
        if parsed is None or not self._add(*parsed, len(piece)):
            return False
        waiting.popleft()
        return True

    def _add(self, columns: list[Array], labels: tuple[Array, list[str]] | None, size: int) -> bool:
        """Parsed rows; False where a number of theirs is not finite."""
        m = len(columns[0])
        self._reserve(m, size)
        part = self.X[self.n : self.n + m]
        for j, column in enumerate(columns):
            part[:, j] = column
        if not np.isfinite(part).all():
            return False
        if labels is not None:
            codes, values = labels
            numbers = [self._code(value) for value in values]
            self.codes.append(np.array(numbers, dtype=np.int64)[codes])
        self.n += m
        self.position += size
        return True

    def add_plainly(self, blocks: Iterator[bytes]) -> None:
        """All rows that are left, by `csv.reader` and `float`."""
        label, features = self.layout.choice.label, self.layout.choice.features
        numbers, codes = array("d"), array("q")
        width = len(self.layout.header.names)
        plain = self.layout.decimal == "." and not self.layout.booleans
        whole = features == [j for j in range(width) if j != label]
        for line, fields in read_rows(self.path, Lines(blocks), self.layout.delimiter, self._lines_before):
            if len(fields) != width:
                line += self._lines_before()
                raise ValueError(f"{self.path} must hold {width} columns in every row; line {line:,} has {len(fields)}")
            if label is not None:
                codes.append(self._code(fields[label]))
                if whole:
                    del fields[label]
            chosen = fields if whole else [fields[j] for j in features]
            try:
                row = list(map(float, chosen)) if plain else list(map(self._number, features, chosen))
                if not math.isfinite(sum(row)) or "_" in "".join(chosen):
                    raise ValueError
            except ValueError:
                row = [self._judged(line, j, field) for j, field in zip(features, chosen, strict=True)]
            numbers.extend(row)
            if len(numbers) >= _PART * self.d:
                self._take(numbers, codes)
                numbers, codes = array("d"), array("q")
        self._take(numbers, codes)

    def table(self) -> Table:
        """All of it."""
        if self.n == 0:
            raise ValueError(f"{self.path} holds no rows")
        labels = None
        if self.layout.choice.label is not None:
            texts = list(self.known)
            if self.targets and self.layout.decimal != ".":
                texts = [text if number_of(text, ",") is None else text.replace(",", ".") for text in texts]
            labels = LabelColumn(np.concatenate(self.codes), tuple(texts))
        header, choice = self.layout.header, self.layout.choice
        return Table(self.X[: self.n], labels, feature_names(header, choice), choice.notes, label_name(header, choice))

    def _take(self, numbers: array[float], codes: array[int]) -> None:
        m = len(numbers) // self.d
        self._reserve(m)
        self.X[self.n : self.n + m] = np.frombuffer(numbers).reshape(m, self.d) if m else 0
        self.codes.append(np.frombuffer(codes, dtype=np.int64) if codes else np.empty(0, dtype=np.int64))
        self.n += m

    def _reserve(self, more: int, size: int = 0) -> None:
        """Room for more rows: for as many as the whole file will hold, by the bytes that those so far took."""
        n = self.n + more
        if n > len(self.X):
            share = self.path.stat().st_size / max(self.position + size, 1)
            room = np.empty((max(n, int(1.02 * n * share) if size else 0, len(self.X) * 3 // 2), self.d))
            room[: self.n] = self.X[: self.n]  # not resize, which writes zeros first: Ctrl-C would wait for them
            self.X = room

    def _lines_before(self) -> int:
        """How many lines stand before those that are read plainly: counted only where a message needs it."""
        left, lines, last = self.position, self.layout.lines_before, b""
        if not left:
            return lines
        blocks = text_blocks(self.path, self.encoding)
        text = _without_lines(next(blocks, b""), lines)
        while text and left:
            text = text[:left]
            left -= len(text)
            lines += text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
            lines -= last == b"\r" and text[:1] == b"\n"
            last, text = text[-1:], next(blocks, b"")
        return lines

    def _code(self, label: str) -> int:
        """The number of a label among the distinct ones."""
        text = label.strip()
        if text[:1] == '"' and label[:1] != '"' and text[-1:] == '"' and len(text) > 1:
            raise ValueError(
                f"{self.path} must hold quotes at the very beginning of a field; a label is {label!r:.40}: there is a "
                "space before them"
            )
        return self.known.setdefault(text, len(self.known))

    def _number(self, column: int, field: str) -> float:
        if column in self.layout.booleans:
            number = BOOLEANS.get(field.strip())
        else:
            number = number_of(field, self.layout.decimal)
        if number is None:
            raise ValueError
        return number

    def _judged(self, line: int, column: int, field: str) -> float:
        """The number, or the error that says why it is none."""
        line += self._lines_before()
        text, where = field.strip(), self.layout.where(line, column)
        header = self.layout.header
        name = header.names[column] if header.named else column
        try:
            number = self._number(column, field)
        except ValueError:
            kind = "a number in every field" if not text else "numbers"
            if column in self.layout.booleans:
                kind = "booleans in this column, as in its first row"
            said = "empty" if not text else f"{field!r:.40}"
            hint = remedy(name)
            if "," not in (self.layout.decimal, self.layout.delimiter) and number_of(text, ",") is not None:
                hint = ": decimal=',', or --decimal, reads decimal commas"
            raise ValueError(f"{self.path} must hold {kind}; {where} is {said}{self._shown(line)}{hint}") from None
        if not math.isfinite(number):
            hint = remedy(name) if text in MISSING else ""
            raise ValueError(f"{self.path} must hold finite numbers; {where} is {field!r:.40}{hint}")
        return number

    def _shown(self, line: int) -> str:
        """Of the first row: that it was not taken for names."""
        if line == 1 and not self.layout.header.named:
            return " (header=True, or --header, if this line holds names)"
        return ""
