"""The optimization path of runs on a plane of the loss: a surface that can be turned and zoomed, or a map."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import FloatArray
from ..landscape import Trajectory
from ..plots.planes import CEILING, FLOOR, rising
from .html import Section, choices, figure, plotly_text, rows_evenly, table
from .style import HEIGHT_SCALE, axis, colour_bar

TICKS = 5
LIFT = 0.012  # of the heights: how far the path runs above the surface, which would hide parts of it
# On all heights' colours, which are the same in dark windows: black is visible everywhere.
PATHS = (("#000000", "circle"), ("#009e73", "square"), ("#e69f00", "diamond"), ("#f0e442", "cross"))
TABLE = 9  # points of the plane's table, on each axis

HOVER = "a %{x:.4g}, b %{y:.4g}<br>objective %{customdata:.6g}<extra></extra>"
BUTTONS = {
    "left": "Turn left",
    "right": "Turn right",
    "up": "Tilt up",
    "down": "Tilt down",
    "in": "Zoom in",
    "out": "Zoom out",
    "reset": "Reset",
}


def section(data: Trajectory) -> Section:
    """The figure, its buttons, its sentence, the points of the trajectories and some of the plane's."""
    plane = rising(data.plane)
    finite = plane[2][np.isfinite(plane[2])]
    low, high = (float(finite.min()), float(np.percentile(finite, CEILING))) if finite.size else (0.0, 1.0)
    drawn = {
        "id": "plane",
        "draw": "plane",
        "surface": _surface(data, *plane, low, high),
        "map": _map(data, *plane, low, high),
    }
    turns = "".join(f'<button type="button" data-turn="{key}">{label}</button>' for key, label in BUTTONS.items())
    controls = (
        choices("plane-view", "View", {"surface": "surface, to be turned", "map": "map, from above"})
        + f'<div class="controls" role="group" aria-label="Turn and zoom the plane">{turns}</div>'
        + '<p class="note" id="plane-note" hidden>This browser draws no surfaces (WebGL is off): here is the map.</p>'
    )
    shown = figure("plane", _sentence(data, low, high), _tables(data), controls)
    return Section("plane-section", "Optimization path", shown, (drawn,))


def _surface(
    data: Trajectory, a: FloatArray, b: FloatArray, values: FloatArray, low: float, high: float
) -> dict[str, Any]:
    """In three dimensions; the heights above the ceiling are cut."""
    heights = np.clip(values, low, high)
    ground = {
        "type": "surface", "x": a, "y": b, "z": heights.T, "surfacecolor": _shade(heights, low, high).T, "cmin": 0,
        "cmax": 1, "colorscale": HEIGHT_SCALE, "showscale": False, "customdata": values.T, "hovertemplate": HOVER,
    }  # fmt: skip
    lift = LIFT * (high - low)
    paths = [
        _path(i, name, path, height_at(a, b, heights, path) + lift) for i, (name, path) in enumerate(data.paths.items())
    ]
    x, y = (name.replace("principal ", "") for name in data.axis_names)
    titles = {"xaxis": x, "yaxis": y, "zaxis": "objective"}
    scene = {name: {"title": {"text": title}, "nticks": 5} for name, title in titles.items()}
    box = {"aspectmode": "manual", "aspectratio": {"x": 1.1, "y": 1.1, "z": 0.75}}
    return {"data": [ground, *paths], "layout": {"scene": scene | box, "showlegend": len(paths) > 1}}


def _map(data: Trajectory, a: FloatArray, b: FloatArray, values: FloatArray, low: float, high: float) -> dict[str, Any]:
    """From above."""
    ticks = np.linspace(0, 1, TICKS)
    heights = [f"{low + (high - low) * share ** (1 / FLOOR):.3g}" for share in ticks]
    ground = {
        "type": "heatmap", "x": a, "y": b, "z": _shade(np.clip(values, low, high), low, high).T, "zmin": 0, "zmax": 1,
        "colorscale": HEIGHT_SCALE, "colorbar": colour_bar("objective", tickvals=ticks, ticktext=heights),
        "customdata": values.T, "hovertemplate": HOVER,
    }  # fmt: skip
    paths = [_path(i, name, path) for i, (name, path) in enumerate(data.paths.items())]
    layout = {
        "xaxis": axis(data.axis_names[0]),
        "yaxis": axis(data.axis_names[1]),
        "showlegend": len(paths) > 1,
        "legend": {"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
    }
    return {"data": [ground, *paths], "layout": layout}


def height_at(a: FloatArray, b: FloatArray, values: FloatArray, points: FloatArray) -> FloatArray:
    """The plane's heights at points (k, 2) between those of its grid: bilinear, and constant beyond its rim."""
    (i, s), (j, t) = (_between(grid, points[:, k]) for k, grid in enumerate((a, b)))
    lower = (1 - t) * values[i, j] + t * values[i, j + 1]
    upper = (1 - t) * values[i + 1, j] + t * values[i + 1, j + 1]
    return np.asarray((1 - s) * lower + s * upper)


def _between(grid: FloatArray, x: FloatArray) -> tuple[Any, FloatArray]:
    inside = np.clip(x, grid[0], grid[-1])
    i = np.clip(np.searchsorted(grid, inside, side="right") - 1, 0, grid.size - 2)
    return i, (inside - grid[i]) / (grid[i + 1] - grid[i])


def _shade(values: FloatArray, low: float, high: float) -> FloatArray:
    """Where in the colours a height lies: low heights get more of them, so that the valley's floor is visible."""
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.round(share**FLOOR, 4)


def _path(i: int, name: str, path: FloatArray, heights: FloatArray | None = None) -> dict[str, Any]:
    """A line whose last point has a large marker."""
    colour, symbol = PATHS[i % len(PATHS)]
    unit = 1.0 if heights is None else 0.5
    trace = {
        "type": "scatter" if heights is None else "scatter3d",
        "mode": "lines+markers",
        "name": plotly_text(name or "the run"),
        "x": path[:, 0],
        "y": path[:, 1],
        "line": {"color": colour, "width": 2 if heights is None else 6},
        "marker": {
            "color": colour,
            "size": [4 * unit] * (len(path) - 1) + [14 * unit],
            "symbol": symbol,
            "opacity": 1,
            "line": {"color": "#ffffff", "width": 0.5},
        },
        "hovertemplate": "point %{pointNumber}<br>a %{x:.4g}, b %{y:.4g}<extra></extra>",
    }
    return trace if heights is None else {**trace, "z": heights}


def _sentence(data: Trajectory, low: float, high: float) -> str:
    names = " and ".join(name for name in data.names if name) or "the run"
    first, second = (f"{100 * share:.3g} %" for share in data.explained)
    if data.has_own_axes:
        where = f"The objective as a function of w1 and w2, with the trajectory of {names}."
    else:
        where = (
            f"The objective on the plane of the first two principal components of {names}, around the end point: "
            f"{first} and {second} of the variance."
        )
    top = float(np.nanmax(data.plane.values))
    cut = f" Heights above {high:.4g} (up to {top:.4g}) are drawn at {high:.4g}." if high < top else ""
    return f"{where} Lowest on this plane: {low:.4g}.{cut} The large marker is the end point of a trajectory."


def _tables(data: Trajectory) -> str:
    parts = []
    for name, path in data.paths.items():
        rows = [(k, *point) for k, point in enumerate(path.tolist())]
        caption, kept = rows_evenly(rows, f"The trajectory of {name}" if name else "The trajectory")
        parts.append(table(caption, ("point", *data.axis_names), kept))
    a, b, values = rising(data.plane)
    i, j = (np.unique(np.linspace(0, grid.size - 1, TABLE).round().astype(int)) for grid in (a, b))
    rows_of_plane = [(f"{a[k]:.4g}", *values[k, j].tolist()) for k in i]
    header = (
        " \\ ".join(name.replace("principal ", "") for name in data.axis_names),
        *(f"{value:.4g}" for value in b[j]),
    )
    return "".join(parts) + table(f"The objective at {i.size} x {j.size} points of the plane", header, rows_of_plane)
