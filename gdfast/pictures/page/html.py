"""HTML elements of the page. Every text that comes from elsewhere is escaped here, and nowhere else."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...describe import printable
from ...notebook import escaped

MOST_ROWS = 40  # of a table under a figure; of more rows, evenly many are shown


class Section(NamedTuple):
    """A part of the page: its heading, what stands under it, and the figures that the script draws there."""

    name: str
    title: str
    body: str
    figures: tuple[dict[str, Any], ...] = ()


def number(value: Any) -> str:
    """Four digits; None and NaN are a dash."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return "–"
    return f"{value:,}" if isinstance(value, (int, np.integer)) else four_digits(value)


def four_digits(value: float) -> str:
    """Four digits that count, whole numbers in full: 0.01235, 1.2e-05, 12,345."""
    return f"{value:,.0f}" if 9999.5 <= abs(value) < 1e6 else f"{value:,.4g}"


def prose(text: str) -> str:
    """Sentences, escaped; a number stays with its percent sign."""
    return escaped(text).replace(" %", "&nbsp;%")


def paragraph(*sentences: str) -> str:
    """Those of the sentences that are there."""
    return f"<p>{prose(' '.join(filter(None, sentences)))}</p>"


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table that scrolls within itself; the first column names the rows."""
    head = "".join(f'<th scope="col">{escaped(name)}</th>' for name in header)
    body = "".join(
        f'<tr><th scope="row">{escaped(number(first))}</th>'
        + "".join(f"<td>{escaped(number(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(caption)}"><table>'
        f"<caption>{escaped(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def preformatted(label: str, markup: str) -> str:
    """Lines that keep their breaks, and scroll within themselves; the markup is escaped already."""
    return f'<pre class="scroll" tabindex="0" role="region" aria-label="{escaped(label)}">{markup}</pre>'


def pairs(caption: str, facts: Mapping[str, Any]) -> str:
    """Names and what they are, as a table of two columns."""
    return table(caption, ("name", "value"), [(str(name), str(value)) for name, value in facts.items()]).replace(
        "<table>", '<table class="facts">', 1
    )


def figure(name: str, sentence: str, numbers: str, controls: str = "") -> str:
    """Where the script draws: controls above, the sentence that describes the figure, and its numbers below."""
    return (
        f'<figure aria-labelledby="{name}-says">{controls}'
        f'<div class="plot" id="{name}" role="img" aria-labelledby="{name}-says"></div>'
        f'<figcaption id="{name}-says">{prose(sentence)}</figcaption>'
        f"<details><summary>The numbers of this figure</summary>{numbers}</details></figure>"
    )


def choices(name: str, legend: str, options: Mapping[str, str]) -> str:
    """Radio buttons, the first of them chosen."""
    buttons = "".join(
        f'<label><input type="radio" name="{name}" value="{escaped(value)}"{" checked" if i == 0 else ""}> '
        f"{escaped(label)}</label>"
        for i, (value, label) in enumerate(options.items())
    )
    return f'<fieldset class="controls"><legend>{escaped(legend)}</legend>{buttons}</fieldset>'


def evenly(count: int, most: int) -> Any:
    """At most so many of the positions 0, 1, ..., count - 1: evenly, with the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)) if count else np.arange(0)


def rows_evenly(rows: Sequence[Sequence[Any]], caption: str) -> tuple[str, list[Sequence[Any]]]:
    """The rows of a table under a figure, and its caption, which says where some are left out."""
    kept = [rows[i] for i in evenly(len(rows), MOST_ROWS)]
    return (caption if len(kept) == len(rows) else f"{caption}: {len(kept)} of {len(rows):,} rows"), kept


def plotly_text(text: str) -> str:
    """A text within a figure: plotly reads some tags there, and turns these entities back."""
    return html.escape(printable(text), quote=False)


def to_json(value: Any) -> str:
    """JSON that can stand within a script element; numbers that are not finite are null."""
    text = json.dumps(_plain(value), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
