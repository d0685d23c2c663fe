"""The loss on a plane, with the way of runs on it: a surface that can be turned and zoomed, or a map."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import FloatArray
from ..landscape import Trajectory
from ..plots.planes import CEILING, FLOOR, rising
from .html import Section, choices, figure, plotly_text, rows_evenly, table
from .looks import HEIGHT_SCALE, axis, colour_bar, look

TICKS = 5
LIFT = 0.012  # of the heights: how far the path runs above the surface, which would hide parts of it
TABLE = 9  # points of the plane's table, each way

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
    """The figure, its buttons, what it says, the points of the way and some of the plane's."""
    a, b, values = rising(data.plane)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(np.percentile(finite, CEILING))) if finite.size else (0.0, 1.0)
    shown = np.clip(values, low, high)
    shade = _shade(shown, low, high)
    bar = colour_bar("objective", tickvals=np.linspace(0, 1, TICKS), ticktext=_tick_texts(low, high))
    titles = [
        f"{name} direction ({100 * share:.3g} % of the way)"
        for name, share in zip(("first", "second"), data.explained, strict=True)
    ]
    common = {"x": a, "y": b, "cmin": 0, "cmax": 1, "colorscale": HEIGHT_SCALE}
    hover = "a %{x:.4g}, b %{y:.4g}<br>objective %{customdata:.6g}<extra></extra>"
    surface = {
        **common, "type": "surface", "z": shown.T, "surfacecolor": shade.T, "customdata": values.T, "colorbar": bar,
        "hovertemplate": hover,
    }  # fmt: skip
    seen = {
        "x": a, "y": b, "type": "heatmap", "z": shade.T, "zmin": 0, "zmax": 1, "colorscale": HEIGHT_SCALE, "colorbar": bar,
        "customdata": values.T, "hovertemplate": hover,
    }  # fmt: skip
    paths = {name: (path, height_at(a, b, shown, path)) for name, path in data.paths.items()}
    above = LIFT * (high - low)
    drawn = {
        "id": "plane",
        "draw": "plane",
        "surface": {
            "data": [
                surface,
                *(_path(i, name, path, heights + above) for i, (name, (path, heights)) in enumerate(paths.items())),
            ],
            "layout": {
                "scene": {
                    "xaxis": {"title": {"text": "first direction"}},
                    "yaxis": {"title": {"text": "second direction"}},
                    "zaxis": {"title": {"text": "objective"}},
                    "aspectmode": "manual",
                    "aspectratio": {"x": 1.1, "y": 1.1, "z": 0.75},
                }
            },
        },
        "map": {
            "data": [seen, *(_path(i, name, path) for i, (name, (path, _)) in enumerate(paths.items()))],
            "layout": {"xaxis": axis(titles[0]), "yaxis": axis(titles[1])},
        },
    }
    controls = choices("plane-view", "View", {"surface": "surface, to be turned", "map": "map, from above"})
    controls += '<div class="controls" role="group" aria-label="Turn and zoom the plane">'
    controls += "".join(f'<button type="button" data-turn="{key}">{label}</button>' for key, label in BUTTONS.items())
    controls += '</div><p class="note" id="plane-note" hidden>This browser draws no surfaces (WebGL is off): here is the map.</p>'
    return Section(
        "plane-section",
        "The way down",
        figure("plane", _sentence(data, low, high), _tables(data, paths), controls),
        (drawn,),
    )


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
    """Where in the colours a height lies: low heights get more of them, so that the valley's floor is seen."""
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.round(share**FLOOR, 4)


def _tick_texts(low: float, high: float) -> list[str]:
    return [f"{low + (high - low) * share ** (1 / FLOOR):.3g}" for share in np.linspace(0, 1, TICKS)]


def _path(i: int, name: str, path: FloatArray, heights: FloatArray | None = None) -> dict[str, Any]:
    """A line whose last point has a large marker."""
    style = look(i + 1)
    sizes = [4] * (len(path) - 1) + [10]
    trace = {
        "type": "scatter" if heights is None else "scatter3d",
        "mode": "lines+markers",
        "name": plotly_text(name or "the run"),
        "x": path[:, 0],
        "y": path[:, 1],
        "line": {"color": style.colour, "width": 2 if heights is None else 5},
        "marker": {
            "color": style.colour,
            "size": sizes if heights is None else [s / 2 for s in sizes],
            "symbol": style.symbol,
        },
        "hovertemplate": "point %{pointNumber}<br>a %{x:.4g}, b %{y:.4g}<extra></extra>",
        "showlegend": False,
    }
    return trace if heights is None else {**trace, "z": heights}


def _sentence(data: Trajectory, low: float, high: float) -> str:
    names = " and ".join(name for name in data.names if name) or "the run"
    first, second = (f"{100 * share:.3g} %" for share in data.explained)
    top = float(np.nanmax(data.plane.values))
    cut = f" Heights above {high:.4g} (up to {top:.4g}) are drawn at {high:.4g}." if high < top else ""
    return (
        f"The objective on the plane that shows most of the way of {names}: {first} of the squared distances from the "
        f"end lie along the first direction, {second} along the second. Lowest on this plane: {low:.4g}.{cut} The large "
        "marker is the end of a way."
    )


def _tables(data: Trajectory, paths: dict[str, tuple[FloatArray, FloatArray]]) -> str:
    parts = []
    for name, (path, _) in paths.items():
        rows = [(k, *point) for k, point in enumerate(path.tolist())]
        caption, kept = rows_evenly(rows, f"The way of {name}" if name else "The way")
        parts.append(table(caption, ("point", "first direction", "second direction"), kept))
    a, b, values = rising(data.plane)
    i, j = (np.unique(np.linspace(0, grid.size - 1, TABLE).round().astype(int)) for grid in (a, b))
    rows_of_plane = [(f"{a[k]:.4g}", *values[k, j].tolist()) for k in i]
    header = ("first \\ second", *(f"{value:.4g}" for value in b[j]))
    return "".join(parts) + table(f"The objective at {i.size} x {j.size} points of the plane", header, rows_of_plane)
