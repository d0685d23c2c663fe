"""Docstrings as reStructuredText: shapes such as (m, *shape) keep their star, which there would begin emphasis."""

from __future__ import annotations

import re
from typing import Any

STAR = re.compile(r"(?<![\w*\\`:])\*(?=\w)(?!\w+\*)")


def escape_stars(line: str) -> str:
    """The line with a backslash before each star that nothing closes, but for those in literals."""
    parts = re.split("(``.*?``)", line)
    return "".join(part if part.startswith("``") else STAR.sub(r"\\*", part) for part in parts)


def escape(app: Any, kind: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = [line if ">>>" in line else escape_stars(line) for line in lines]


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", escape, priority=900)  # after numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
