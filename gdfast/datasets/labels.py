"""Labels of any kind (text, numbers, booleans) as class numbers 0, 1, ... with the class names.

A label keeps the text that it is: 007 and 7 are two classes. Only where every label is a plain integer are the classes
in the order of numbers. What stands for a missing label is refused by its row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._arrays import plain_array
from ..protocols import Array

MISSING = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null", "NAN", "Null", "NaT", "na", "?")
)  # fmt: skip
"""The texts that stand for a missing value: those that pandas knows, and a few more."""

_PLAIN = re.compile(r"0|-?[1-9][0-9]*")
Label = str | int | float | bool | None


class LabelColumn(NamedTuple):
    """Labels as they were found: of each row the position of its label among the distinct ones; None is missing."""

    codes: Array
    values: tuple[Label, ...]

    @staticmethod
    def of(values: Iterable[Any], where: str) -> LabelColumn:
        """Labels from Python objects; True is another label than 1.

        Raises
        ------
        ValueError
            One is no text, number or boolean.
        """
        known: dict[tuple[type, Any], int] = {}
        codes: list[int] = []
        distinct: list[Label] = []
        for value in values:
            try:
                code = known.get((type(value), value))
            except TypeError:  # a list, a dict
                code = None
            if code is None:
                distinct.append(_plain_label(value, where, len(codes)))
                code = len(distinct) - 1
                if distinct[-1] is None or isinstance(value, str | int | float):
                    known[(type(value), value)] = code
            codes.append(code)
        return LabelColumn(np.array(codes, dtype=np.int64), tuple(distinct))


def _plain_label(value: Any, where: str, row: int) -> Label:
    if isinstance(value, np.generic):
        value = value.item()
    if type(value).__name__ in ("NAType", "NaTType") or value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if not isinstance(value, str | int | float):
        raise ValueError(f"{where} must hold numbers or text; row {row:,} is of the type {type(value).__name__}")
    return str(value) if isinstance(value, str) else value


def encode_labels(
    values: Any, n_rows: int, where: str, *, targets: bool, class_names: Sequence[str] | None
) -> tuple[Array, tuple[str, ...] | None]:
    """Class numbers int64 (n,) with their names, or targets float64 (n,) with None.

    Parameters
    ----------
    values : LabelColumn, or array (n,) of integers, text, booleans or integral floats
    n_rows : int
        How many there must be.
    where : str
        What they are called in messages.
    targets : bool
        They are real numbers to be predicted, not classes.
    class_names : sequence of str or None
        The classes, in order: labels are looked up in it. None: the sorted values that are there.

    Raises
    ------
    ValueError
        Not (n,), missing, not finite, fractions as classes, text as targets, or a label that is none of the classes.
    """
    if not isinstance(values, LabelColumn):
        array = plain_array(values, where)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1 or len(array) != n_rows:
            raise ValueError(f"{where} must hold one label for each of the {n_rows:,} rows; the shape is {array.shape}")
        if targets and array.dtype.kind in "iuf":
            return _finite(array.astype(np.float64), where), None
        values = _column_of(array, where)
    if targets:
        return _as_targets(values, where), None
    codes, names = _classes(values, where)
    if class_names is None:
        return codes, names
    number_of = {name: i for i, name in enumerate(class_names)}
    found = [next((number_of[name] for name in _same(name) if name in number_of), -1) for name in names]
    if -1 in found:
        unknown = found.index(-1)
        row = int(np.argmax(codes == unknown))
        known = ", ".join(list(class_names)[:12]) + (", ..." if len(class_names) > 12 else "")
        raise ValueError(
            f"{where} must hold labels of the {len(class_names)} known classes ({known}); row {row:,} is "
            f"{names[unknown]!r:.60}"
        )
    return np.array(found, dtype=np.int64)[codes], tuple(class_names)


def _column_of(array: Array, where: str) -> LabelColumn:
    """The labels of an array; floats that are all whole are integers, for an array has no text that they could be."""
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind == "O":
        return LabelColumn.of(array, where)
    if array.dtype.kind not in "biufU":
        raise ValueError(f"{where} must hold numbers or text; the dtype is {array.dtype}")
    distinct, codes = np.unique(array, return_inverse=True)
    if distinct.dtype.kind == "f":
        numbers = distinct.astype(np.float64)
        distinct = (
            numbers.astype(np.int64) if (np.abs(numbers) <= 2**53).all() and (numbers % 1 == 0).all() else numbers
        )
    return LabelColumn(codes.reshape(-1).astype(np.int64), tuple(distinct.tolist()))


def _same(name: str) -> tuple[str, ...]:
    """The name, and the same whole number or boolean as others write it."""
    if name.lower() in ("true", "false"):
        return name, name.capitalize(), name.lower(), name.upper()
    if _PLAIN.fullmatch(name):
        return name, name + ".0"
    whole = name.removesuffix(".0")
    return (name, whole) if _PLAIN.fullmatch(whole) else (name,)


def _classes(column: LabelColumn, where: str) -> tuple[Array, tuple[str, ...]]:
    """Of each row the number of its class, and the names in their order."""
    texts = ["" if value is None else str(value).strip() for value in column.values]
    for code, (value, text) in enumerate(zip(column.values, texts, strict=True)):
        if text in MISSING:
            is_text = isinstance(value, str)
            said = f"{text!r}, a word for a missing value" if is_text and text else "empty" if is_text else "missing"
            raise ValueError(
                f"{where} must name a class in every row; row {_row_of(column, code):,} is {said}: "
                "leave the row out, or write its class"
            )
    numbers = _all_numbers(texts)
    if numbers is not None:
        for code, number in enumerate(numbers):
            if not number.is_integer():
                raise ValueError(
                    f"{where} must hold classes, which are whole numbers or text; row {_row_of(column, code):,} is "
                    f"{texts[code]} (targets=True reads real numbers to be predicted)"
                )
    names = sorted(set(texts))
    if all(map(_PLAIN.fullmatch, names)):
        names.sort(key=int)
    elif numbers is not None and all(repr(float(name)) == name for name in names):
        names.sort(key=float)
    number_of = {name: i for i, name in enumerate(names)}
    table = np.array([number_of[text] for text in texts], dtype=np.int64)
    return table[column.codes], tuple(names)


def _as_targets(column: LabelColumn, where: str) -> Array:
    numbers = np.empty(len(column.values))
    for code, value in enumerate(column.values):
        number = None if isinstance(value, bool) else number_or_none(value)
        if number is None:
            text = "missing" if value is None else "a boolean" if isinstance(value, bool) else f"text, {value!r:.60}"
            said = f"{value!r}, a word for a missing value" if value in MISSING else text
            raise ValueError(f"{where} must hold real targets; row {_row_of(column, code):,} is {said}")
        numbers[code] = number
    return _finite(numbers[column.codes], where)


def _finite(values: Array, where: str) -> Array:
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise ValueError(f"{where} must be finite; row {row:,} is {values[row]}")
    return values


def number_or_none(value: Any) -> float | None:
    """The number that a text or a number is; None: it is none. (1_000 is one in Python only.)"""
    if isinstance(value, str) and "_" in value:
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except (ValueError, TypeError):
        return None


def _all_numbers(texts: Sequence[str]) -> list[float] | None:
    numbers = []
    for text in texts:
        number = number_or_none(text)
        if number is None:
            return None
        numbers.append(number)
    return numbers


def _row_of(column: LabelColumn, code: int) -> int:
    return int(np.argmax(column.codes == code))
