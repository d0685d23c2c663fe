"""The tables of contents: the links of an index page, in their order, are what Sphinx puts into its menus."""

from __future__ import annotations

import re
from typing import Any

LINK = re.compile(r"\[([^\]]+)\]\(((?!\.\.|\w+:)[^)#]+)\.md\)")


def pages_linked_from(page: str) -> dict[str, str]:
    """The pages beside or below an index page that it links to as a whole: page -> the words of its first link."""
    found: dict[str, str] = {}
    for words, name in LINK.findall(page):
        found.setdefault(name, " ".join(words.replace("`", "").split()))
    return found


def append_contents(app: Any, name: str, source: list[str]) -> None:
    """A hidden toctree at the end of every index page."""
    if name.rpartition("/")[2] == "index":
        entries = [f"{words} <{page}>" for page, words in pages_linked_from(source[0]).items()]
        source[0] += "\n```{toctree}\n:hidden:\n\n" + "\n".join(entries) + "\n```\n"


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", append_contents)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
