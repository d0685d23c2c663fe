"""Gradient checks on the page: the relative error of every checked coordinate, and the report's text.

Where the weights are images, so are their errors: one for each class. Otherwise the errors are a map of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, prod
from typing import Any

import numpy as np

from ...checks.gradient.report import GradientReport
from ...notebook import escaped
from ...protocols import FloatArray
from ..plots.gradients import HIGHEST, LOWEST
from ..plots.templates import class_names_of, image_shape
from .html import Section, figure, plotly_text, preformatted, rows_evenly, table
from .report import Templates
from .style import INK, axis, colour_bar

MOST_CELLS = (256, 1024)  # rows and columns of a picture: a screen shows no more
WORST = 20


IN_A_ROW = 5  # images of classes
GAP, ROW_GAP = 0.15, 0.3  # between them, as shares of one; names stand between rows


def section(reports: Mapping[str, GradientReport], templates: Templates | None = None) -> Section:
    """One figure and one text for each report."""
    parts, drawn = [], []
    for i, (name, report) in enumerate(reports.items()):
        if templates is not None and report.shape == templates.W.shape:
            (data, layout), says = _images(report, templates), _of_biases(report, templates)
        else:
            (data, layout), says = _map(report)
        drawn.append({"id": f"check-{i}", "draw": "still", "data": [data], "layout": layout})
        text = preformatted(f"The report: {name}", escaped(report))
        parts.append(
            f"<h3>{escaped(name)}</h3>" + figure(f"check-{i}", _sentence(name, report) + says, _table(report)) + text
        )
    return Section("checks-section", "Gradient check", "".join(parts), tuple(drawn))


def _heatmap(errors: FloatArray, report: GradientReport, **options: Any) -> dict[str, Any]:
    """Relative errors by their decimal logarithm."""
    return {
        "type": "heatmap", "z": np.round(np.log10(np.clip(errors, LOWEST, HIGHEST)), 3), "zmin": np.log10(LOWEST),
        "zmax": np.log10(HIGHEST), "colorscale": "Cividis",
        "colorbar": colour_bar(
            f"relative error (tolerance {report.rtol:g})", tickvals=[np.log10(LOWEST) + 0.1, -9, -6, -3, 0],
            ticktext=["≤ 10<sup>−12</sup>", *(f"10<sup>−{k}</sup>" for k in (9, 6, 3)), "≥ 1"],
        ),
        **options,
    }  # fmt: skip


def _map(report: GradientReport) -> tuple[tuple[dict[str, Any], dict[str, Any]], str]:
    """Rows and columns of the weights, of a large check in cells; and the sentence that says so."""
    errors, (rows, columns) = _picture(report)
    data = _heatmap(
        errors, report, x0=(columns - 1) / 2, dx=columns, y0=(rows - 1) / 2, dy=rows,
        hovertemplate="row %{y}, column %{x}<br>relative error 10<sup>%{z}</sup><extra></extra>",
    )  # fmt: skip
    layout = {"xaxis": axis("column of the weights"), "yaxis": axis("row", autorange="reversed")}
    is_coarse = "" if rows * columns == 1 else f" Each cell is the largest of {rows} by {columns} coordinates."
    return (data, layout), is_coarse


def _images(report: GradientReport, templates: Templates) -> tuple[dict[str, Any], dict[str, Any]]:
    """One image of errors for each class, side by side in rows; of three colours the largest error."""
    names, errors = class_names_of(templates.W, templates.class_names), _class_errors(report, templates)
    height, width = errors.shape[1:]
    gap, row_gap = max(1, round(GAP * width)), max(1, round(ROW_GAP * height))
    columns = min(IN_A_ROW, len(names))
    rows = ceil(len(names) / columns)
    canvas = np.full((rows * (height + row_gap) - row_gap, columns * (width + gap) - gap), np.nan)
    hover = np.full(canvas.shape, "", dtype=object)
    titles = []
    for k, (name, picture) in enumerate(zip(names, errors, strict=True)):
        top, left = (k // columns) * (height + row_gap), (k % columns) * (width + gap)
        place = slice(top, top + height), slice(left, left + width)
        canvas[place] = picture
        hover[place] = [[f"{plotly_text(name)} ({i}, {j})" for j in range(width)] for i in range(height)]
        titles.append(
            {
                "x": left + (width - 1) / 2, "y": top - 0.5, "text": plotly_text(name), "showarrow": False,
                "yanchor": "bottom", "yref": "y", "xref": "x", "font": {"color": INK, "size": 12},
            }
        )  # fmt: skip
    data = _heatmap(
        canvas, report, customdata=hover, hoverongaps=False,
        hovertemplate="class and pixel %{customdata}<br>relative error 10<sup>%{z}</sup><extra></extra>",
    )  # fmt: skip
    hidden = {"visible": False, "constrain": "domain", "fixedrange": True}
    layout = {
        "xaxis": {**hidden},
        "yaxis": {**hidden, "scaleanchor": "x", "range": [canvas.shape[0] - 0.5, -0.5 - row_gap]},
        "annotations": titles,
    }
    return data, layout


def _class_errors(report: GradientReport, templates: Templates) -> FloatArray:
    """(n_classes, rows, columns), NaN where nothing was checked."""
    sides = image_shape(templates.W, templates.shape)
    errors = np.full(prod(report.shape), np.nan)
    errors[report.coordinates] = report.relative_error
    pixels = errors.reshape(report.shape)[:, : prod(sides)].reshape(-1, *sides)
    return np.asarray(pixels if len(sides) == 2 else np.fmax.reduce(pixels, axis=1))


def _of_biases(report: GradientReport, templates: Templates) -> str:
    sides = image_shape(templates.W, templates.shape)
    says = " One image for each class, a pixel for each weight"
    says += ": of its three colours the largest error." if len(sides) == 3 else "."
    is_bias = report.coordinates % report.shape[1] >= prod(sides)
    if is_bias.any():
        says += f" The largest error of a bias is {report.relative_error[is_bias].max():.2g}."
    return says


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
