"""The tables of contents: the links of an index page, in their order, are what Sphinx puts into its navigation."""

from __future__ import annotations

import re
from typing import Any

LINK = re.compile(r"\]\(((?!\.\.|\w+:)[^)#]+)\.md\)")


def pages_linked_from(page: str) -> list[str]:
    """The pages beside or below an index page that it links to as a whole, each once."""
    return list(dict.fromkeys(LINK.findall(page)))


def append_contents(app: Any, name: str, source: list[str]) -> None:
    """A hidden toctree at the end of every index page."""
    if name.rpartition("/")[2] == "index":
        source[0] += "\n```{toctree}\n:hidden:\n\n" + "\n".join(pages_linked_from(source[0])) + "\n```\n"


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", append_contents)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
