"""Parts in svmlight files: where lines begin is found once, so that a read parses its own lines alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from ...protocols import Array
from ..svmlight import parsed_rows, require_reader
from ..text_files import LONGEST_LINE, compression_of
from .part import Part, only_start
from .stamps import FileStamp
from .window import Window

_EVERY = 64
"""Of so many rows the place of the first is remembered."""
_BLOCK = 1 << 20
_MARK = b"\xef\xbb\xbf"  # of UTF-8


class Scan(NamedTuple):
    """What one pass over a file tells: the places of rows 0, 64, ... and of the end, labels, extreme columns."""

    stamp: FileStamp
    places: Array
    y: Array
    lowest: int | None
    highest: int


@dataclass(frozen=True, eq=False)
class SvmlightPart:
    """The rows of an svmlight file as CSR float64, its labels kept from the scan (8 bytes a row)."""

    name: str
    stamp: FileStamp
    places: Array
    y: Array
    n_features: int
    zero_based: bool

    @property
    def n_samples(self) -> int:
        return len(self.y)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64)

    @property
    def is_sparse(self) -> bool:
        return True

    @property
    def has_labels(self) -> bool:
        return True

    @property
    def starts(self) -> Array:
        return only_start()

    def read(self, start: int, stop: int, out: Array | None, /) -> Any:
        import scipy.sparse

        if start == stop:
            return scipy.sparse.csr_matrix((0, self.n_features), dtype=self.dtype)
        first, last = start // _EVERY, -(-stop // _EVERY)
        self.stamp.require_unchanged()
        with open(self.stamp.path, "rb") as file:
            file.seek(int(self.places[first]))
            block = file.read(int(self.places[last] - self.places[first]))
        X, _ = parsed_rows(block, Path(self.name), 0)
        begin = start - first * _EVERY
        if X.shape[0] < begin + stop - start:
            raise ValueError(f"{self.name} must not change while it is read: rows are missing after row {start:,}")
        X = X[begin : begin + stop - start]
        X.indices -= not self.zero_based
        return scipy.sparse.csr_matrix((X.data, X.indices, X.indptr), shape=(stop - start, self.n_features))

    def labels(self, start: int, stop: int, /) -> Array:
        return self.y[start:stop]

    def require_unchanged(self) -> None:
        self.stamp.require_unchanged()

    def narrowed(self, start: int, stop: int, /) -> Part:
        """These rows, with the places and labels of no others (but up to 63 on either side)."""
        first, last = start // _EVERY, -(-stop // _EVERY)
        part = replace(self, places=self.places[first : last + 1], y=self.y[first * _EVERY : last * _EVERY])
        return Window(part, start - first * _EVERY, stop - first * _EVERY)


def svmlight_parts(paths: Sequence[Path], zero_based: bool | str, n_features: int | None) -> list[SvmlightPart]:
    """Files of one data set: as wide as the widest, columns counted from 0 in all where index 0 occurs in one ("auto").

    Labels that are whole numbers in all files become int64.

    Raises
    ------
    ImportError
        scikit-learn is not installed.
    ValueError
        A file is not svmlight text, has features beyond `n_features` or an index 0 where they count from 1, or is
        compressed: a place within it could not be found again.
    """
    scans = [_scan(path) for path in paths]
    from_0 = any(scan.lowest == 0 for scan in scans) if zero_based == "auto" else bool(zero_based)
    for path, scan in zip(paths, scans, strict=True):
        if scan.lowest == 0 and not from_0:
            raise ValueError(
                f"{path} must count its columns from 1; it holds an index 0 (zero_based=True counts from 0)"
            )
        if n_features is not None and scan.highest + from_0 > n_features:
            raise ValueError(
                f"{path} must hold {n_features:,} features at most; it holds a feature {scan.highest + from_0:,}"
            )
    d = n_features or max(1, max(scan.highest + from_0 for scan in scans))
    whole = all((scan.y % 1 == 0).all() and (np.abs(scan.y) <= 2**53).all() for scan in scans)
    return [
        SvmlightPart(str(path), scan.stamp, scan.places, scan.y.astype(np.int64) if whole else scan.y, d, from_0)
        for path, scan in zip(paths, scans, strict=True)
    ]


def _scan(path: Path) -> Scan:
    require_reader(path)
    stamp = FileStamp.of(path)
    places: list[int] = []
    labels: list[Array] = []
    lowest: int | None = None
    highest = line = n = 0
    with path.open("rb") as file:
        head = file.read(6)
        if kind := compression_of(head):
            raise ValueError(f"{path} is compressed by {kind}: unpack it, so that its rows can be read in any order")
        place = len(_MARK) if head.startswith(_MARK) else 0
        file.seek(place)
        for lines in _whole_lines(path, file):
            X, y = parsed_rows(lines, path, line)
            starts = _row_places(lines, len(y))
            places.extend((place + starts[-n % _EVERY :: _EVERY]).tolist())
            labels.append(y)
            if X.nnz:
                least = int(X.indices.min())
                lowest = least if lowest is None else min(lowest, least)
                highest = max(highest, int(X.indices.max()))
            line += lines.count(b"\n")
            n += len(y)
            place += len(lines)
    y = np.concatenate(labels) if labels else np.zeros(0)
    return Scan(stamp, np.array([*places, place], dtype=np.int64), y, lowest, highest)


def _whole_lines(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while block := file.read(_BLOCK):
        data = rest + block
        end = data.rfind(b"\n") + 1
        rest = data[end:]
        if end:
            yield data[:end]
        elif len(rest) > LONGEST_LINE:
            raise ValueError(f"{path} must hold lines of at most {LONGEST_LINE:,} bytes; one is longer")
    if rest:
        yield rest


def _row_places(lines: bytes, n: int) -> Array:
    """Where in a text of whole lines its n rows begin; comments and empty lines are none."""
    ends = np.flatnonzero(np.frombuffer(lines, dtype=np.uint8) == ord("\n")) + 1
    starts: Array = np.concatenate([[0], ends])
    starts = starts[starts < len(lines)]
    filled: Array = starts[np.frombuffer(lines, dtype=np.uint8)[starts] != ord("\n")]
    if len(filled) == n:
        return filled
    texts = lines.split(b"\n")
    is_row = [bool(text.partition(b"#")[0].strip()) for text in texts[: len(starts)]]
    rows: Array = starts[np.array(is_row, dtype=bool)]
    return rows
