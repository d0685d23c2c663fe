"""The type of an option that takes a number, or one of some words."""

from __future__ import annotations

import math
from typing import Any

import click


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
