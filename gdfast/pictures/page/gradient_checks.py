"""Gradient checks on the page: the relative error of every checked coordinate as a map, and the report's text."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, prod
from typing import Any

import numpy as np

from ...checks.gradient.report import GradientReport
from ...notebook import escaped
from ...protocols import FloatArray
from ..plots.gradients import HIGHEST, LOWEST
from .html import Section, figure, preformatted, rows_evenly, table
from .style import axis, colour_bar

MOST_CELLS = (256, 1024)  # rows and columns of a picture: a screen shows no more
WORST = 20


def section(reports: Mapping[str, GradientReport]) -> Section:
    """One figure and one text for each report."""
    parts, drawn = [], []
    for i, (name, report) in enumerate(reports.items()):
        errors, (rows, columns) = _picture(report)
        data = {
            "type": "heatmap", "z": np.round(np.log10(np.clip(errors, LOWEST, HIGHEST)), 3), "zmin": np.log10(LOWEST),
            "zmax": np.log10(HIGHEST), "colorscale": "Cividis",
            "x0": (columns - 1) / 2, "dx": columns, "y0": (rows - 1) / 2, "dy": rows,
            "colorbar": colour_bar(
                f"relative error (tolerance {report.rtol:g})", tickvals=[-12, -9, -6, -3, 0],
                ticktext=["≤ 10<sup>−12</sup>", *(f"10<sup>−{k}</sup>" for k in (9, 6, 3)), "≥ 1"],
            ),
            "hovertemplate": "row %{y}, column %{x}<br>relative error 10<sup>%{z}</sup><extra></extra>",
        }  # fmt: skip
        layout = {"xaxis": axis("column of the weights"), "yaxis": axis("row", autorange="reversed")}
        drawn.append({"id": f"check-{i}", "draw": "still", "data": [data], "layout": layout})
        text = preformatted(f"The report: {name}", escaped(report))
        is_coarse = "" if rows * columns == 1 else f" Each cell is the largest of {rows} by {columns} coordinates."
        parts.append(
            f"<h3>{escaped(name)}</h3>"
            + figure(f"check-{i}", _sentence(name, report) + is_coarse, _table(report))
            + text
        )
    return Section("checks-section", "Gradient check", "".join(parts), tuple(drawn))


def _picture(report: GradientReport) -> tuple[FloatArray, tuple[int, int]]:
    """The errors in the shape of the point, NaN where nothing was checked; and how many rows and columns a cell holds.

    A point of another shape than a matrix is a single row.
    """
    shape = report.shape if len(report.shape) == 2 else (1, prod(report.shape))
    errors = np.full(prod(shape), np.nan)
    errors[report.coordinates] = report.relative_error
    rows, columns = (max(1, ceil(size / most)) for size, most in zip(shape, MOST_CELLS, strict=True))
    padding = [(0, -size % cell) for size, cell in zip(shape, (rows, columns), strict=True)]
    padded = np.pad(errors.reshape(shape), padding, constant_values=np.nan)
    cells = padded.reshape(padded.shape[0] // rows, rows, padded.shape[1] // columns, columns)
    return np.asarray(np.fmax.reduce(cells, axis=(1, 3))), (rows, columns)


def _sentence(name: str, report: GradientReport) -> str:
    kinks = f" {report.kinks.size:,} stencils cross a kink." if report.kinks.size else ""
    some_judged = report.not_judged.size < report.coordinates.size and report.unexplained < report.max_relative_error
    judged = (
        f" The largest that is judged is {report.unexplained:.2g}, the tolerance {report.rtol:g}."
        if some_judged
        else ""
    )
    return (
        f"{name}: {report.verdict}. {report.coordinates.size:,} of {prod(report.shape):,} coordinates were checked "
        f"with h = {report.h:g}; the largest relative error is {report.max_relative_error:.2g}.{kinks}{judged}"
    )


def _table(report: GradientReport) -> str:
    order = np.argsort(-report.relative_error, kind="stable")[:WORST]
    rows: list[tuple[Any, ...]] = [
        (
            str([int(j) for j in np.unravel_index(report.coordinates[i], report.shape)]),
            report.analytic[i],
            report.numerical[i],
            report.relative_error[i],
        )
        for i in order
    ]
    caption, kept = rows_evenly(rows, f"The {len(rows)} largest relative errors")
    return table(caption, ("coordinate", "analytic", "numerical", "relative error"), kept)
