"""svmlight (LIBSVM) text: a label and the features that are not 0, read through scikit-learn as CSR, block by block."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..protocols import Array
from .options import ReadingOptions
from .text_files import text_blocks

_NUMBER = r"[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|inf|nan)"
_LABEL = re.compile(_NUMBER, re.IGNORECASE)
_PAIR = re.compile(rf"(qid:\d+|\d+:{_NUMBER})", re.IGNORECASE)
_LET_PASS = re.compile(rb"_|(?<!\S)qid(?!:\d+(?!\S))")
"""What scikit-learn's reader may pass over: a first field that only begins with qid, Python's 1_000."""
_BLOCK = 1 << 20
"""scikit-learn does not listen to Ctrl-C while it reads: it is given this much at a time."""


class SparseTable(NamedTuple):
    """CSR float64 (n, d), the labels float64 (n,), and whether columns are counted from 0."""

    X: Any
    labels: Array
    zero_based: bool


def read_svmlight(path: Path, options: ReadingOptions, n_features: int | None) -> SparseTable:
    """The rows of an svmlight file.

    With `zero_based` "auto" columns count from 1, as svmlight's do, unless an index 0 occurs in the file.

    Raises
    ------
    ImportError
        scikit-learn is not installed.
    ValueError
        The file is not svmlight, it has features beyond n_features, or an index 0 where they count from 1.
    """
    require_reader(path)
    import scipy.sparse

    data, indices, lengths, labels = [], [], [np.zeros(1, dtype=np.int64)], []
    line = 0
    for block in _whole_lines(path, options.encoding):
        part, y = parsed_rows(block, path, line)
        data.append(part.data)
        indices.append(part.indices)
        lengths.append(np.diff(part.indptr).astype(np.int64))
        labels.append(y)
        line += block.count(b"\n")
    columns = np.concatenate(indices) if indices else np.zeros(0, dtype=np.int32)
    if not sum(map(len, labels)):
        raise ValueError(f"{path} holds no rows")
    lowest = int(columns.min()) if columns.size else 1
    zero_based = lowest == 0 if options.zero_based == "auto" else bool(options.zero_based)
    if lowest < (not zero_based):
        raise ValueError(
            f"{path} must count its columns from 1; it holds an index {lowest} (zero_based=True, or --zero-based, "
            "counts from 0)"
        )
    columns = columns - (not zero_based)
    d = int(columns.max()) + 1 if columns.size else 1
    if n_features is not None:
        if d > n_features:
            base = "" if zero_based else " (zero_based=True, or --zero-based, counts from 0)"
            raise ValueError(f"{path} must hold {n_features:,} features at most; it holds a feature {d:,}{base}")
        d = n_features
    starts = np.cumsum(np.concatenate(lengths))
    index = np.int32 if max(d, int(starts[-1])) < 2**31 else np.int64
    X = scipy.sparse.csr_matrix(
        (np.concatenate(data), columns.astype(index, copy=False), starts.astype(index)), shape=(len(starts) - 1, d)
    )
    return SparseTable(X, np.concatenate(labels), zero_based)


def require_reader(path: Path) -> Any:
    """scikit-learn's reader of svmlight text; an ImportError that says what to install where it is missing."""
    try:
        from sklearn.datasets import load_svmlight_file
    except ImportError as error:
        raise ImportError(
            f"reading {path} takes scikit-learn, which is not installed: pip install 'gdfast[sklearn]'"
        ) from error
    return load_svmlight_file


def parsed_rows(block: bytes, path: Path, line: int) -> tuple[Any, Array]:
    """Whole lines as CSR float64, columns as they are numbered, and labels float64; `line` lines come before them."""
    try:
        found: tuple[Any, Array] = require_reader(path)(io.BytesIO(block), zero_based=True)
    except (ValueError, OverflowError) as error:
        raise _no_text(path, _first_text(block, line) or str(error)) from error
    if _LET_PASS.search(block) and (where := _first_text(block, line)):
        raise _no_text(path, where)
    return found


def _no_text(path: Path, where: str) -> ValueError:
    return ValueError(f"{path} is not svmlight text (label index:value ...): {where}")


def _whole_lines(path: Path, encoding: str) -> Iterator[bytes]:
    rest = b""
    for block in text_blocks(path, encoding, _BLOCK):
        data = rest + block
        end = data.rfind(b"\n") + 1
        if end:
            yield data[:end]
        rest = data[end:]
    if rest:
        yield rest


def _first_text(block: bytes, before: int) -> str | None:
    """Where text stands first instead of a number, or instead of index:value."""
    for line, text in enumerate(io.StringIO(block.decode("utf-8", "replace")), before + 1):
        for j, field in enumerate(re.findall(r"[^ \t\n\r\f\v]+", text.partition("#")[0])):
            if not (_LABEL if j == 0 else _PAIR).fullmatch(field):
                return f"line {line:,}, field {j + 1} is {field!r:.40}"
    return None
