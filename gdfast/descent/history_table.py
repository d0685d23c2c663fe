"""A history as a table of numbers: as text, and in a notebook beside the sentences of the result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..describe import counted
from ..notebook import BAD, DOUBTFUL, GOOD, details, panel, table

if TYPE_CHECKING:
    from .result import History, Result

MOST_ROWS = 20
FEW_WEIGHTS = 4
"""So many are shown in one cell."""
_COLOURS = {"CONVERGED": GOOD, "DIVERGED": BAD}


def table_of(history: History) -> tuple[list[str], list[list[str]], str]:
    """Header, rows (at most MOST_ROWS, evenly, with the first and the last) and a remark on what is left out."""
    n = len(history.steps)
    shown = np.unique(np.linspace(0, n - 1, min(n, MOST_ROWS)).round().astype(int)) if n else np.arange(0)
    is_batched = history.values.size == history.step_sizes.size > 0
    header = ["k", "step", "|gradient|", "L of the mini-batch" if is_batched else "L"]
    rows = []
    for i in shown.tolist():
        k = int(history.steps[i])
        step = float(history.step_sizes[k]) if k < len(history.step_sizes) else math.nan
        rows.append([str(k), *(_number(x) for x in (step, history.gradient_norms[i], history.values[i]))])
    weights = history.weights
    if weights is not None and n and weights[0].size <= FEW_WEIGHTS:
        header.append("w")
        for row, i in zip(rows, shown.tolist(), strict=True):
            row.append(" ".join(_number(x) for x in weights[i].ravel()))
    return header, rows, "" if len(shown) == n else f"({counted(len(shown), 'row')} of {n:,})"


def history_table(history: History) -> str:
    """The table as text, columns flush right."""
    header, rows, remark = table_of(history)
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *rows]]
    return "\n".join([*(line.rstrip() for line in lines), *([remark] if remark else [])])


def result_html(result: Result) -> str:
    """The sentences of a result, and its history on a click."""
    header, rows, remark = table_of(result.history)
    title = f"{result.status.name}: {result.value:.6g} after {counted(result.steps, 'step')}"
    past = details(f"History {remark}".rstrip(), table(header, rows))
    return panel(_COLOURS.get(result.status.name, DOUBTFUL), title, str(result).splitlines(), past)


def _number(x: float) -> str:
    return "" if math.isnan(x) else f"{x:.6g}"
