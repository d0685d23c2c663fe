"""Slow readers that share nothing with gdfast: what a file that was accepted must have given."""

from __future__ import annotations

import csv
import io
import json
import math
import pickle
from typing import Any

import numpy as np


def same(found: Any, expected: Any) -> bool:
    """Equal to the last bit, but for the sign of a NaN."""
    found, expected = np.asarray(found), np.asarray(expected)
    return found.shape == expected.shape and bool(np.array_equal(found, expected, equal_nan=True))


def csv_numbers(content: bytes) -> np.ndarray:
    """A table of numbers alone, between commas, without names."""
    text = content.decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    if not any(row[-1].strip() for row in rows):  # a delimiter at the end of each line
        rows = [row[:-1] for row in rows]
    words = {"true": 1.0, "false": 0.0}
    return np.array(
        [[words[f.strip().lower()] if f.strip().lower() in words else float(f) for f in row] for row in rows]
    )


def json_numbers(content: bytes) -> np.ndarray:
    """JSON lines as rows of numbers, lists within them flattened, objects in the order of the first."""
    lines = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows: list[Any] = [json.loads(line) for line in lines if line.strip()]
    if isinstance(rows[0], dict):
        names = list(rows[0])
        rows = [[row[name] for name in names] for row in rows]
    return np.array(
        [[float(v) for value in row for v in (value if isinstance(value, list) else [value])] for row in rows]
    )


def svmlight_entries(content: bytes) -> tuple[list[float], dict[tuple[int, int], float]]:
    """The labels, and the numbers by row and column as the file numbers them."""
    labels, entries = [], {}
    for line in content.decode("utf-8-sig").split("\n"):
        fields = line.partition("#")[0].encode().split()  # at ASCII's white space alone
        fields = [field.decode() for field in fields]
        if fields:
            for field in fields[1:]:
                column, _, number = field.partition(":")
                assert "_" not in field
                if column != "qid":
                    entries[len(labels), int(column)] = float(number)
            labels.append(float(fields[0]))
    return labels, entries


def table_numbers(table: Any) -> np.ndarray:
    """All columns of an Arrow table, through Python's own numbers; lists are flattened."""
    columns = []
    for column in table.columns:
        values = column.to_pylist()
        wide = values and isinstance(values[0], list)
        columns.append([value if wide else [value] for value in values])
    rows = [[float(v) for part in row for v in part] for row in zip(*columns, strict=True)]
    return np.array(rows)


class _Plain(pickle._Unpickler):  # the one in Python: C's takes memory by the numbers that things are stored under
    """Python's own, with nothing of it but text: numpy's arrays can't be built from damaged states without a crash."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")


def unpickled(content: bytes) -> Any:
    """What Python makes of a pickle."""
    return _Plain(io.BytesIO(content), encoding="bytes").load()


def plain(thing: Any) -> Any:
    """For comparing: names as text, arrays as their bytes and shape, NaN as a word."""
    if isinstance(thing, dict):
        return {plain(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [type(thing).__name__, *map(plain, thing)]
    if isinstance(thing, np.ndarray):
        return (str(thing.dtype), thing.shape, thing.tobytes())
    if isinstance(thing, bytes | bytearray):
        return bytes(thing).decode("latin-1")
    return "NaN" if isinstance(thing, float) and math.isnan(thing) else thing
