"""How a table is read: which column holds the labels, which are left out, and how its text is written."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .._arrays import check_flag, check_integer
from ..describe import described

_STORED = {"drop", "columns", "header", "delimiter", "decimal", "encoding", "zero_based", "label_name"}
Column = str | int
"""A column by its name, or by its position: from 0, from the end below 0."""


@dataclass(frozen=True)
class ReadingOptions:
    """The options of `load` that say how a file is laid out; each is checked here, whoever gives it.

    The rest is for the commands: `label_name` is what a model's labels were called, preferred where there is such a
    column; `only` are the features that it wants, by name; `judged` says whether labels are read at all; `of_model`
    that the options are those of its training, and new rows may lack the columns that `drop` names. `trusted` is False
    for a file of a stranger's, which is read in a process of its own.
    """

    label: Column | None = -1
    drop: tuple[Column, ...] = ()
    columns: tuple[Column, ...] | None = None
    header: bool | None = None
    delimiter: str | None = None
    decimal: str = "."
    encoding: str = "utf-8"
    zero_based: bool | str = "auto"
    label_name: str | None = None
    only: tuple[str, ...] | None = None
    judged: bool = True
    of_model: bool = False
    trusted: bool = True

    def __post_init__(self) -> None:
        checked: dict[str, Any] = {
            "label": None if self.label is None else _column(self.label, "label"),
            "drop": _columns(self.drop, "drop"),
            "columns": None if self.columns is None else _columns(self.columns, "columns"),
            "header": None if self.header is None else check_flag(self.header, "header"),
            "trusted": check_flag(self.trusted, "trusted"),
            "zero_based": "auto" if self.zero_based == "auto" else _zero_based(self.zero_based),
        }
        if checked["columns"] == ():
            raise ValueError("columns must name at least one column; None takes all")
        if not isinstance(self.label_name, str | None):
            raise TypeError(f"label_name must be a str or None; it is {described(self.label_name)}")
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.delimiter is not None:
            _check_mark(self.delimiter, "delimiter")
        _check_mark(self.decimal, "decimal")
        if self.decimal not in (".", ","):
            raise ValueError(f"decimal must be '.' or ','; it is {self.decimal!r}")
        if self.decimal == self.delimiter:
            raise ValueError(f"delimiter must be another character than decimal; both are {self.decimal!r}")
        _check_encoding(self.encoding)

    def given(self) -> dict[str, Any]:
        """What differs from the defaults, for another file of the same layout."""
        names = ("drop", "columns", "header", "delimiter", "decimal", "encoding")
        defaults = {field.name: field.default for field in fields(self)}
        return {name: value for name in names if (value := getattr(self, name)) != defaults[name]}

    @staticmethod
    def named_in(facts: Mapping[str, Any], where: str) -> dict[str, Any]:
        """The options that a model's file stores; a ValueError where they are none."""
        found = facts.get("reading", {})
        label = facts.get("label", -1)
        try:
            if not isinstance(found, Mapping):
                raise TypeError(f"they must be a dict; they are {described(found)}")
            if odd := found.keys() - _STORED:
                raise ValueError(f"they hold {described(min(odd))}")
            options = {"label": None if label == "none" else label, **found}
            options |= {
                name: tuple(options[name]) for name in ("drop", "columns") if isinstance(options.get(name), list)
            }
            ReadingOptions(**options)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{where} is no model that can be used: how its data were read is {error}") from error
        return options


def _column(value: Any, name: str) -> Column:
    return value if isinstance(value, str) else check_integer(value, name)


def _columns(values: Any, name: str) -> tuple[Column, ...]:
    if isinstance(values, str | int | np.integer):
        return (_column(values, name),)
    no_list = isinstance(values, np.ndarray) and values.ndim != 1
    if no_list or isinstance(values, Mapping) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a sequence of columns' names or positions; it is {described(values)}")
    return tuple(_column(str(v) if isinstance(v, np.str_) else v, f"{name}[{i}]") for i, v in enumerate(values))


def _zero_based(value: Any) -> bool:
    if isinstance(value, str):
        raise ValueError(f"zero_based must be 'auto', True or False; it is {value!r}")
    return check_flag(value, "zero_based")


def _check_mark(value: Any, name: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str of one character; it is {described(value)}")
    if len(value) != 1 or value in '"\r\n\0' or not value.isascii():
        raise ValueError(f"{name} must be one ASCII character, no quote and no line end; it is {value!r:.40}")


def _check_encoding(value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"encoding must be a str; it is {described(value)}")
    try:
        codecs.getincrementaldecoder(value)
        b"".decode(value)
    except (LookupError, ValueError, TypeError) as error:
        raise ValueError(f"encoding must be one that Python knows, such as 'cp1252'; it is {value!r:.40}") from error
