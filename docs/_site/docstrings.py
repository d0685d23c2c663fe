"""Docstrings as reStructuredText: the stars of shapes, (m, *shape), and the bars of norms, |w|, stay what they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

STAR = re.compile(r"(?<![\w*\\`:])\*(?=\w)(?!\w+\*)")  # would begin emphasis
BAR = re.compile(r"(?<![\w\\])\|(?=\S)")  # would be a substitution


def escape_signs(line: str) -> str:
    """The line with a backslash before each of them, but for those in literals."""
    parts = re.split("(``.*?``)", line)
    return "".join(part if part.startswith("``") else _escaped(part) for part in parts)


def _escaped(text: str) -> str:
    return BAR.sub(r"\\|", STAR.sub(r"\\*", text))


def escaped_lines(lines: Iterable[str]) -> Iterator[str]:
    """Every line but those of examples, which end with a blank one."""
    in_example = False
    for line in lines:
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        yield line if in_example else escape_signs(line)


def escape(app: Any, kind: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = list(escaped_lines(lines))


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", escape, priority=900)  # after numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
