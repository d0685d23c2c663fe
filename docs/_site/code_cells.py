"""Blocks of code as cells that run: what a page says in Markdown, as the notebook that MyST-NB reads."""

from __future__ import annotations

import re
from typing import Any

from kernel import NAME

# A block that is a file or a module, by its first line, is shown and not run.
OPENING = re.compile(r"^```python\n(?!# test_|\"\"\")", re.MULTILINE)
FRONT_MATTER = f"""---
file_format: mystnb
kernelspec:
  name: {NAME}
  display_name: Python 3
  language: python
---
"""


def as_notebook(page: str) -> str:
    """The page with its blocks as cells; the page itself where it has none."""
    cells, n_cells = OPENING.subn("```{code-cell}\n", page)
    return FRONT_MATTER + cells if n_cells else page


def convert(app: Any, name: str, source: list[str]) -> None:
    """Sphinx hands the text that it has read, and takes what is left in its place."""
    source[0] = as_notebook(source[0])


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", convert, priority=900)  # after what others do to the Markdown
    return {"parallel_read_safe": True, "parallel_write_safe": True}
