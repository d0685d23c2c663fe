"""Results as a notebook shows them: escaped HTML in the page's own colours, which is legible light and dark."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

from .describe import printable

GOOD, DOUBTFUL, BAD = "#009E73", "#E69F00", "#D55E00"
"""Colours of the line at the left, which stand out from white and from black; text has the page's own."""


def escaped(text: Any) -> str:
    """A text as HTML, safe in attributes too; control characters are shown, and what turns the direction of writing."""
    return html.escape(printable(str(text)))


def panel(colour: str, title: str, sentences: Iterable[str], *tables: str) -> str:
    """A titled block: paragraphs, then tables that are HTML already."""
    paragraphs = "".join(f'<p style="margin:0.3em 0">{escaped(sentence)}</p>' for sentence in sentences)
    return (
        f'<div style="border-left:4px solid {colour};padding-left:0.8em;max-width:60em;color:inherit;background:none">'
        f"<strong>{escaped(title)}</strong>{paragraphs}{''.join(tables)}</div>"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: bool = True) -> str:
    """Cells as they are given, numbers flush right; the page's own lines and colours."""
    side = f' style="text-align:{"right" if numbers else "left"}"'
    head = "".join(f'<th scope="col"{side}>{escaped(name)}</th>' for name in header)
    body = "".join("<tr>" + "".join(f"<td{side}>{escaped(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    style = "color:inherit;background:none"
    return f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def details(summary: str, content: str) -> str:
    """What is shown on a click; the content is HTML already."""
    return f"<details><summary>{escaped(summary)}</summary>{content}</details>"
