"""The options of the commands that say how DATA is read: those of `gd.datasets.load`, by the same names."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..datasets.options import ReadingOptions
from ..model import Model
from .failures import explain_mistakes

F = TypeVar("F", bound=Callable[..., Any])
NAMES = ("label", "drop", "columns", "header", "delimiter", "decimal", "encoding", "zero_based")


class Label(click.ParamType):  # type: ignore[type-arg]
    """A column by its name or its number (from 0; -1 is the last), or "none"."""

    name = "column"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """An int, a name, or "none" as it is."""
        return _column(value)


class Columns(click.ParamType):  # type: ignore[type-arg]
    """Columns by name or number, between commas; a name that holds one stands in double quotes."""

    name = "columns"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """A tuple of ints and names."""
        if isinstance(value, tuple):
            return value
        lines = csv.reader(io.StringIO(str(value), newline=""), skipinitialspace=True)
        try:
            return tuple(_column(name.strip()) for row in lines for name in row)
        except csv.Error as error:
            self.fail(f"{value!r:.60} is no list of columns: {error}", parameter, context)


class Delimiter(click.ParamType):  # type: ignore[type-arg]
    r"""A character, or one of the words for those that a shell hardly lets through: tab, \t, space."""

    name = "character"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """The character."""
        return {"tab": "\t", "\\t": "\t", "space": " "}.get(value, value)


def _column(value: Any) -> Any:
    try:
        return int(value)
    except ValueError:
        return str(value)


def reading_options(default: str) -> Callable[[F], F]:
    """`--label` and the others, with what the label is without it."""
    options = [
        click.option(
            "--label", type=Label(), metavar="COLUMN",
            help=f"Of a table: the labels' column, by name or number; none: there is none.  [default: {default}]",
        ),
        click.option(
            "--drop", type=Columns(), multiple=True, metavar="COLUMNS",
            help="Of a table: leave these out (names or numbers, between commas; may be repeated).",
        ),
        click.option(
            "--columns", type=Columns(), multiple=True, metavar="COLUMNS", help="Of a table: use these alone."
        ),
        click.option(
            "--header/--no-header", default=None,
            help="Of CSV: the first line holds names, or values.  [default: by its content]",
        ),
        click.option(
            "--delimiter", type=Delimiter(), metavar="CHARACTER",
            help="Of CSV: what stands between columns; tab and space are known by name.  [default: by the content]",
        ),
        click.option("--decimal", metavar="CHARACTER", help="Of CSV: the decimal mark, . or ,  [default: .]"),
        click.option("--encoding", metavar="NAME", help="Of text: such as cp1252 or utf-16.  [default: utf-8]"),
        click.option(
            "--zero-based/--one-based", "zero_based", default=None,
            help="Of svmlight: where columns begin to count.  [default: 1, unless an index 0 occurs]",
        ),
        click.option(
            "--untrusted", is_flag=True,
            help="DATA is a stranger's: read it in a process of its own, where a crash or a bomb is an error.",
        ),
    ]  # fmt: skip

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def given_in(options: dict[str, Any]) -> dict[str, Any]:
    """What was given of them, by `load`'s names."""
    given = {name: options[name] for name in NAMES if options.get(name) not in (None, ())}
    for name in ("drop", "columns"):
        if name in given:
            given[name] = tuple(column for part in given[name] for column in part)
    if options.get("untrusted"):
        given["trusted"] = False
    return given


def reading_of(
    given: dict[str, Any], model: Model | None = None, where: str = "", *, judged: bool = True
) -> ReadingOptions:
    """The options of `load` for DATA; what was not given is as the model was trained with."""
    given = {name: None if name == "label" and value == "none" else value for name, value in given.items()}
    try:
        asked = ReadingOptions(**given)
    except (TypeError, ValueError) as error:
        name, _, what = str(error).partition(" ")
        raise click.UsageError(f"--{name.replace('_', '-')} {what}.") from error
    if model is None:
        return asked
    with explain_mistakes():
        stored = ReadingOptions.named_in(model.facts, where)
    if "label" in given:
        stored.pop("label_name", None)
    # Columns that the model knows by name are found by it, whatever else the table holds.
    return ReadingOptions(
        **{**stored, **given}, only=model.feature_names, judged=judged,
        of_model=not given.keys() & {"drop", "columns"},
    )  # fmt: skip
