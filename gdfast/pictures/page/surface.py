"""The optimization path of runs on a plane of the loss: a surface that can be turned and zoomed, or a map."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import FloatArray
from ..landscape import Trajectory
from ..plots.planes import CEILING, FLOOR, rising
from .html import Section, choices, figure, plotly_text, rows_evenly, table
from .style import HEIGHT_SCALE, INK, axis, colour_bar

TICKS = 5
# On all heights' colours, which are the same in dark windows: black is visible everywhere.
PATHS = (("#000000", "circle"), ("#009e73", "square"), ("#e69f00", "diamond"), ("#f0e442", "cross"))
LEGEND = {"orientation": "h", "x": 0, "bgcolor": "#f3f5f7", "font": {"color": "#1a1a1a"}}
TABLE = 5  # points of the plane's table, on each axis

HOVER = "a %{x:.4g}, b %{y:.4g}<br>objective %{customdata:.4g}%{text}<extra></extra>"
POINT = "point %{pointNumber} of the path<br>its objective %{customdata:.4g}%{text}<extra></extra>"
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
    low, high = limits(data, plane[2])
    drawn = {
        "id": "plane",
        "draw": "plane",
        "around": _opposite(data, *plane[:2]),
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


def _opposite(data: Trajectory, a: FloatArray, b: FloatArray) -> float:
    """Where the camera stands at first, as an angle: over the corner that is farthest from the start."""
    start = data.points[0]
    x, y = (grid[0] + grid[-1] - 2 * place for grid, place in zip((a, b), start, strict=True))
    return float(np.arctan2(1.0 if y >= 0 else -1.0, 1.0 if x >= 0 else -1.0))


def limits(data: Trajectory, values: FloatArray) -> tuple[float, float]:
    """The lowest and the highest height that is drawn: all starts, and all but the highest few percent of the plane."""
    finite = values[np.isfinite(values)]
    own = np.concatenate(list(data.heights.values()))
    starts = np.array([heights[0] for heights in data.heights.values()])
    lows, highs = np.append(finite, own[np.isfinite(own)]), starts[np.isfinite(starts)]
    if finite.size:
        highs = np.append(highs, np.percentile(finite, CEILING))
    return (float(lows.min()), float(highs.max())) if lows.size and highs.size else (0.0, 1.0)


def _surface(
    data: Trajectory, a: FloatArray, b: FloatArray, values: FloatArray, low: float, high: float
) -> dict[str, Any]:
    """In three dimensions: the plane's heights cut at the ceiling, and the paths at the loss of their own points."""
    heights = np.clip(values, low, high)
    ground = {
        "type": "surface", "x": a, "y": b, "z": heights.T, "surfacecolor": _shade(heights, low, high).T, "cmin": 0,
        "cmax": 1, "colorscale": HEIGHT_SCALE, "showscale": False, "customdata": values.T, "opacity": 0.7,
        "text": _cut(values, high).T, "hovertemplate": HOVER,
    }  # fmt: skip
    paths = [
        _path(i, name, path, own, np.clip(own, low, high), high)
        for i, ((name, path), own) in enumerate(zip(data.paths.items(), data.heights.values(), strict=True))
    ]
    x, y = (name.replace("principal ", "") for name in data.axis_names)
    titles = {"xaxis": x, "yaxis": y, "zaxis": "objective"}
    scene: dict[str, Any] = {name: {"title": {"text": title}, "nticks": 5} for name, title in titles.items()}
    if (highest := _highest(values, high)) is not None:
        i, j = highest
        scene["annotations"] = [
            {
                "x": a[i], "y": b[j], "z": high, "text": f"cut at {high:.4g}", "showarrow": False, "yshift": 12,
                "font": {"color": INK},
            }
        ]  # fmt: skip
    box = {"aspectmode": "manual", "aspectratio": {"x": 1.1, "y": 1.1, "z": 0.75}}
    legend = {**LEGEND, "y": 1.02, "yanchor": "bottom"}
    return {"data": [ground, *paths], "layout": {"scene": scene | box, "showlegend": len(paths) > 1, "legend": legend}}


def _map(data: Trajectory, a: FloatArray, b: FloatArray, values: FloatArray, low: float, high: float) -> dict[str, Any]:
    """From above."""
    is_cut = _highest(values, high) is not None
    ticks = np.linspace(0, 1, TICKS)
    heights = [f"{low + (high - low) * share ** (1 / FLOOR):.3g}" for share in ticks]
    if is_cut:
        heights[-1] = f"≥ {heights[-1]}"
    ground = {
        "type": "heatmap", "x": a, "y": b, "z": _shade(np.clip(values, low, high), low, high).T, "zmin": 0, "zmax": 1,
        "colorscale": HEIGHT_SCALE, "colorbar": colour_bar("objective", tickvals=ticks, ticktext=heights),
        "customdata": values.T, "text": _cut(values, high).T, "hovertemplate": HOVER,
    }  # fmt: skip
    paths = [
        _path(i, name, path, own)
        for i, ((name, path), own) in enumerate(zip(data.paths.items(), data.heights.values(), strict=True))
    ]
    layout = {
        "xaxis": axis(data.axis_names[0]),
        "yaxis": axis(data.axis_names[1]),
        "showlegend": len(paths) > 1,
        "legend": {**LEGEND, "y": -0.2, "yanchor": "top"},
    }
    return {"data": [ground, *paths], "layout": layout}


def _cut(values: FloatArray, high: float) -> Any:
    """What is said of a height beyond the ceiling, "" of the others."""
    return np.where(values > high, f"<br>cut: drawn at {high:.4g}", "")


def _highest(values: FloatArray, high: float) -> tuple[int, int] | None:
    """Where the plane is highest, if that is cut."""
    if not np.any(values > high):
        return None
    i, j = np.unravel_index(int(np.nanargmax(values)), values.shape)
    return int(i), int(j)


def _shade(values: FloatArray, low: float, high: float) -> FloatArray:
    """Where in the colours a height lies: low heights get more of them, so that the valley's floor is visible."""
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.round(share**FLOOR, 4)


def _path(
    i: int, name: str, path: FloatArray, own: FloatArray, heights: FloatArray | None = None, high: float = np.inf
) -> dict[str, Any]:
    """A line with a marked start and end; hovering tells the loss at each point itself."""
    colour, symbol = PATHS[i % len(PATHS)]
    unit = 1.0 if heights is None else 0.5
    between = len(path) - 2
    trace = {
        "type": "scatter" if heights is None else "scatter3d",
        "mode": "lines+markers",
        "name": plotly_text(name or "the run"),
        "x": path[:, 0],
        "y": path[:, 1],
        "customdata": own,
        "text": _cut(own, high),
        "line": {"color": colour, "width": 2 if heights is None else 6},
        "marker": {
            "color": ["#ffffff", *[colour] * (between + 1)] if between >= 0 else colour,
            "size": [14 * unit, *[4 * unit] * between, 14 * unit] if between >= 0 else 14 * unit,
            "symbol": symbol,
            "opacity": 1,
            "line": {"color": colour, "width": 2 if heights is None else 1},
        },
        "hovertemplate": POINT,
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
            f"{first} and {second} of the variance. The path is drawn at the loss of its own points, which lie beside "
            "the plane: where it leaves the surface, the plane hides the difference."
        )
    top = float(np.nanmax(data.plane.values))
    cut = f" Heights above {high:.4g} (up to {top:.4g}) are cut, drawn at {high:.4g}." if high < top else ""
    return f"{where} Lowest: {low:.4g}.{cut} The white marker is the start of a run, the large full one its end."


def _tables(data: Trajectory) -> str:
    parts = []
    for name, path in data.paths.items():
        rows = list(zip(range(len(path)), *path.T.tolist(), data.heights[name].tolist(), strict=True))
        caption, kept = rows_evenly(rows, f"The trajectory of {name}" if name else "The trajectory")
        parts.append(table(caption, ("point", *data.axis_names, "objective"), kept))
    a, b, values = rising(data.plane)
    i, j = (np.unique(np.linspace(0, grid.size - 1, TABLE).round().astype(int)) for grid in (a, b))
    rows_of_plane = [(f"{a[k]:.4g}", *values[k, j].tolist()) for k in i]
    down, right = data.axis_names if data.has_own_axes else ("a", "b")
    header = (f"{down} \\ {right}", *(f"{value:.4g}" for value in b[j]))
    caption = f"The objective at {i.size} x {j.size} points of the plane: {down} down, {right} to the right"
    return "".join(parts) + table(caption, header, rows_of_plane)
