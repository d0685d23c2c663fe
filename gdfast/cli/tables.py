"""The output of commands: facts in two columns, 80 wide at most, or JSON."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping
from typing import Any

import click

from ..describe import CONTROL, LONGEST, one_line, printable

WIDTH = 80


def say(text: str = "", *, err: bool = False) -> None:
    """Print text whose names may come from files: their control characters are shown, not obeyed."""
    click.echo(printable(text), err=err)


def say_line(text: str, *, err: bool = False) -> None:
    """Print one line: a line break in a name is shown as well, so that no name can pass for a line of ours."""
    say(one_line(text), err=err)


def json_text(data: Any, indent: int | None = None) -> str:
    """JSON in which control characters are escaped, those beyond ASCII too."""
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(data, ensure_ascii=False, indent=indent))


def print_facts(facts: Mapping[str, Any], indent: str = "") -> None:
    """A line for each fact, the values below one another; long ones go on on the next line."""
    named = [(one_line(name)[:LONGEST], value) for name, value in facts.items()]
    width = max((len(name) for name, _ in named), default=0) + 2
    for name, value in named:
        start = f"{indent}{name:<{width}}"
        text = shown(value)
        folded = textwrap.wrap(text, WIDTH - len(start), break_long_words=False, break_on_hyphens=False) or [""]
        say(start + f"\n{' ' * len(start)}".join(folded))


def shown(value: Any) -> str:
    """As one would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value[:20])) + (f", ... ({len(value):,})" if len(value) > 20 else "")
    if isinstance(value, dict):
        return ", ".join(f"{name} {shown(part)}" for name, part in value.items())
    return "none" if value is None else str(value)


def print_json(data: Any) -> None:
    """One JSON value on one line; numbers that are not finite are null."""
    click.echo(json_text(_plain(data)))


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
