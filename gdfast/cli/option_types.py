"""The types of options and arguments: a file, a number in a range, a number or one of some words."""

from __future__ import annotations

import math
import os
from typing import Any

import click


class FileName(click.Path):
    """The type of an argument that names a file or a folder; whoever opens it says what is wrong with it."""

    def __init__(self, path_type: type | None = None) -> None:
        super().__init__(readable=False, path_type=path_type)

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """The name; a text without letters, as of a shell's variable that was never set, would be this folder."""
        if not os.fspath(value):
            self.fail("it is empty, where a file's name must stand.", parameter, context)
        if "\0" in os.fsdecode(value):
            self.fail("it holds a null character, which no file's name may.", parameter, context)
        return super().convert(value, parameter, context)


class FiniteRange(click.FloatRange):
    """A number in a range, in which NaN and infinity are not."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """The number."""
        number = super().convert(value, parameter, context)
        if not math.isfinite(number):
            self.fail(f"{value} is not finite.", parameter, context)
        return number


class NumberOr(click.ParamType):  # type: ignore[type-arg]
    """A number, or one of some words."""

    def __init__(self, *words: str, positive: bool) -> None:
        self.words, self.positive = words, positive
        self.name = "|".join((*words, "number"))

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """The word or the number."""
        if value in self.words:
            return value
        try:
            number = float(value)
        except ValueError:
            others = f", nor {' or '.join(self.words)}" if self.words else ""
            self.fail(f"{value!r} is no number{others}.", parameter, context)
        if not math.isfinite(number) or number < 0 or (self.positive and number == 0):
            self.fail(f"{value} is not {'> 0' if self.positive else '>= 0'} and finite.", parameter, context)
        return number
