"""Numbers of the lecture's items at the end of a heading, "(LECTURE 9, 10)", as notes in the margin."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

CITATION = re.compile(r"\s*\((LECTURE [\d, and-]+)\)$")


class LectureNumbers(SphinxTransform):
    """The anchor stays what the whole heading gives; the number gets a class that the style sheet moves."""

    default_priority = 800

    def apply(self, **_: Any) -> None:
        for title in self.document.findall(nodes.title):
            last = title.children[-1] if title.children else None
            found = CITATION.search(last) if isinstance(last, nodes.Text) else None
            if found:
                title.replace(last, [nodes.Text(last[: found.start()] + " "), number(found[1])])


def number(text: str) -> nodes.inline:
    return nodes.inline("", text.replace("-", "\N{NON-BREAKING HYPHEN}"), classes=["lecture"])


def setup(app: Any) -> dict[str, bool]:
    app.add_transform(LectureNumbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
