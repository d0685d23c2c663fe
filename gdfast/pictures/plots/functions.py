"""Functions of one or two weights: their critical points, and the end points of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._arrays import float64_copy, plain_array
from ...describe import counted
from ...objective.rays.generic import on_plane
from ...protocols import Array, FloatArray, Objective
from ..canvas import (
    BLUE,
    GREY,
    PURPLE,
    VERMILION,
    LineStyle,
    axes,
    height_colours,
    ink,
    label_point,
    legend_below,
    line_style,
    paper,
    rounded_levels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 401  # on the curve of a function of one number
GRID = 101  # on each axis, for one of two
LEVELS = 14
WALL = 1.6  # times the height that nine tenths of the picture stay below: above it there is one colour
ARROWS = 9  # on each axis
FEW = 7  # ends that are told apart by colour and marker; more are coloured by their height
NEAR = 1e-3  # ends within this share of the picture are one
AT_REST = 1e-2  # and so near to a known critical point, they are named after it

KINDS = {
    "minimum": LineStyle(BLUE, "-", "o"),
    "maximum": LineStyle(VERMILION, "-", "^"),
    "saddle": LineStyle("black", "-", "X"),
    "inflection": LineStyle("black", "-", "X"),
    "degenerate": LineStyle(PURPLE, "-", "D"),
    "not critical": LineStyle(GREY, "-", "s"),
}


def critical_points(
    objective: Objective, points: Array | None = None, ax: Axes | None = None, *, bounds: Array | None = None
) -> Axes:
    """A function of one or two numbers and its critical points, each classified by gradient and curvature.

    Parameters
    ----------
    objective : Objective
        Of one number (drawn as a curve) or two (drawn as a map with contours, blue low and red high).
    points : float (m, n), optional
        n = 1 or 2. None: the known ones of a `gdfast.test_functions` function.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.
    bounds : float (n, 2), optional
        The limits of each axis. None: those of a `gdfast.test_functions` function, of others a box around the points.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        The objective is none, has a loss with kinks, or has no points of its own and none are given; an array is of
        the wrong shape or not finite.

    Notes
    -----
    `gdfast.classify_critical_point` classifies the points. On a curve the horizontal tangent, f' = 0, is drawn at each;
    on a map arrows of equal length point along minus the gradient. Contours are at equally spaced heights, up to a wall
    of a tenth of the picture at most.

    Examples
    --------
    >>> import gdfast as gd
    >>> ax = gd.plots.critical_points(gd.test_functions.Bumpy())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['minimum', 'maximum', 'inflection', "f' = 0"]
    """
    if points is not None and bounds is None and getattr(objective, "bounds", None) is None:
        bounds = _around(points)
    box = _bounds(objective, bounds)
    where = _known_points(objective) if points is None else _points(points, "points", len(box))
    from ...checks.critical_points import classify_critical_point

    kinds = [classify_critical_point(objective, w).name for w in where]
    ax = axes(ax)
    draw_function(ax, objective, box)
    for kind, (colour, _, marker) in KINDS.items():
        chosen = where[[found == kind for found in kinds]]
        if chosen.size:
            _mark(ax, objective, chosen, marker, colour, label=kind, markersize=10)
    if len(box) == 1:
        _draw_tangents(ax, objective, where[[found != "not critical" for found in kinds]], 0.12 * np.ptp(box))
    else:
        _draw_arrows(ax, objective, box)
    legend_below(ax, columns=4)
    return ax


def ends(
    objective: Objective,
    starts: Array,
    stops: Array,
    ax: Axes | None = None,
    *,
    bounds: Array | None = None,
) -> Axes:
    """The end points of runs: every start has the colour of the point where its run ended.

    Parameters
    ----------
    objective : Objective
        Of one number or two.
    starts, stops : float (m, n)
        Where each run began and where it ended, n = 1 or 2.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.
    bounds : float (n, 2), optional
        The limits of each axis. None: those of a `gdfast.test_functions` function.

    Returns
    -------
    matplotlib Axes
        Up to seven different ends are told apart by colour and marker, with how many runs ended there and, of a
        `gdfast.test_functions` function, the critical point's kind; more are coloured by the objective there, blue low
        and red high.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        The objective is none; bounds are needed; an array is of the wrong shape or not finite.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> bumpy = gd.test_functions.Bumpy()
    >>> starts = np.linspace(-4, 4, 9).reshape(-1, 1)
    >>> stops = [gd.minimize(bumpy, w0, step=0.5, max_steps=20_000).w for w0 in starts]
    >>> ax = gd.plots.ends(bumpy, starts, stops)
    >>> [": ".join(text.get_text().splitlines()) for text in ax.texts]
    ['global minimum: 3 runs', 'local minimum: 3 runs', 'inflection: 2 runs', 'maximum: 1 run']
    """
    box = _bounds(objective, bounds)
    first, last = _points(starts, "starts", len(box)), _points(stops, "stops", len(box))
    if first.shape != last.shape:
        raise ValueError(f"stops must have the shape of starts, {first.shape}; its shape is {last.shape}")
    places, member = _different(last, NEAR * float(np.ptp(box, axis=1).max()))
    ax = axes(ax)
    draw_function(ax, objective, box, pale=True)
    heights = np.array([objective.value(place) for place in places])
    if len(places) <= FEW:
        for rank, i in enumerate(np.lexsort((*places.T[::-1], heights.round(6)))):
            place, count = places[i], int((member == i).sum())
            colour, _, marker = line_style(rank, ax)
            kind = _known_kind(objective, place, AT_REST * float(np.ptp(box, axis=1).max()))
            names = ("starts", "where the runs of that colour end") if rank == 0 else (None, None)
            _mark(ax, objective, first[member == i], marker, colour, label=names[0], markersize=4, markeredgewidth=0)
            _mark(ax, objective, place[np.newaxis], marker, colour, label=names[1], markersize=11)
            x, y = (float(part[0]) for part in _places(objective, place[np.newaxis]))
            beside = 40 if x < box[0].mean() + 0.1 * np.ptp(box[0]) else -40
            offset = (beside, 0) if len(box) == 2 else (0, -30) if "minimum" in kind else (0, 32)
            label_point(ax, f"{kind}\n{counted(count, 'run')}".strip(), (x, y), offset, arrow=len(box) == 1)
        ax.margins(y=0.45 if len(box) == 1 else None)
        legend_below(ax)
    else:
        _scatter(ax, objective, first, heights[member], heights, s=14, edgecolors=GREY, linewidths=0.4)
        drawn = _scatter(ax, objective, places, heights, heights, s=70, marker="*", edgecolors=ink(ax), linewidths=0.6)
        ax.figure.colorbar(drawn, ax=ax, label="objective where the run ends")
    return ax


def draw_function(ax: Any, objective: Objective, bounds: FloatArray, *, pale: bool = False) -> None:
    """The curve of a function of one number, or the map of one of two (pale: contours alone)."""
    if len(bounds) == 1:
        x = np.linspace(bounds[0, 0], bounds[0, 1], POINTS)
        ax.plot(x, [objective.value(np.array([t])) for t in x], color=GREY, zorder=1)
        ax.set_xlabel("w")
        ax.set_ylabel("objective")
        ax.grid(alpha=0.3)
        return
    a, b = (np.linspace(low, high, GRID) for low, high in bounds)
    values = on_plane(objective, np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0])).values(a, b)
    levels = _levels(values, LEVELS // 2 if pale else LEVELS)
    has_heights = levels.size > 1
    if has_heights and not pale:
        ax.contourf(a, b, values.T, levels=levels, cmap=height_colours(), extend="both")
    if has_heights:
        ax.contour(a, b, values.T, levels=levels, colors=GREY, linewidths=0.5, linestyles="solid")
    ax.set_xlim(*bounds[0])
    ax.set_ylim(*bounds[1])
    ax.set_aspect("equal")
    ax.set_xlabel("w1")
    ax.set_ylabel("w2")


def _levels(values: FloatArray, count: int) -> FloatArray:
    """Equally spaced heights, without those of a steep wall or pit: it would leave the rest no lines."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return finite
    low, high = float(finite.min()), float(finite.max())
    inner = np.percentile(finite, [10, 90])
    return rounded_levels(max(low, high - WALL * (high - inner[0])), min(high, low + WALL * (inner[1] - low)), count)


def _draw_tangents(ax: Any, objective: Objective, points: FloatArray, reach: float) -> None:
    """The horizontal tangents of a curve."""
    if points.size:
        x, y = _places(objective, points)
        ax.hlines(y, x - reach, x + reach, colors=ink(ax), linewidth=1.5, label="f' = 0", zorder=2)


def _draw_arrows(ax: Any, objective: Objective, bounds: FloatArray) -> None:
    """Arrows of equal length along minus the gradient; none where it is 0."""
    a, b = (np.linspace(low, high, 2 * ARROWS + 1)[1::2] for low, high in bounds)
    places = np.array([(x, y) for x in a for y in b])
    downhill = -np.array([objective.gradient(place) for place in places])
    sizes = np.linalg.norm(downhill, axis=1)
    chosen = np.isfinite(sizes) & (sizes > 0)
    if chosen.any():
        arrows = 0.6 * np.ptp(bounds, axis=1).min() / ARROWS * downhill[chosen] / sizes[chosen, np.newaxis]
        exactly: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1.0, "pivot": "mid"}
        ax.quiver(*places[chosen].T, *arrows.T, color="black", alpha=0.7, width=0.006, zorder=2, **exactly)
        ax.set_xlabel("w1 (arrows: -gradient)")


def _known_kind(objective: Any, place: FloatArray, near: float) -> str:
    """The kind of a test function's critical point there; nothing where none is known."""
    for name, kind in (("minima", "minimum"), ("maxima", "maximum"), ("saddles", "saddle")):
        known = np.asarray(getattr(objective, name, ()), dtype=np.float64).reshape(-1, place.size)
        at = known[np.abs(known - place).max(axis=1) <= near]
        if len(at) and kind == "minimum":
            is_lowest = objective.value(at[0]) <= objective.value(known[0]) + 1e-9
            return "global minimum" if is_lowest else "local minimum"
        if len(at):
            return "inflection" if kind == "saddle" and place.size == 1 else kind
    return ""


def _mark(ax: Any, objective: Objective, points: FloatArray, marker: str, colour: str, **options: Any) -> None:
    x, y = _places(objective, points)
    ax.plot(
        x,
        y,
        marker,
        color=ink(ax) if colour == "black" else colour,
        linestyle="none",
        markeredgecolor=paper(ax),
        zorder=3,
        **options,
    )


def _scatter(
    ax: Any, objective: Objective, points: FloatArray, heights: FloatArray, scale: FloatArray, **options: Any
) -> Any:
    x, y = _places(objective, points)
    return ax.scatter(x, y, c=heights, cmap=height_colours(), vmin=scale.min(), vmax=scale.max(), zorder=3, **options)


def _places(objective: Objective, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where points lie in the picture: on the curve, or on the map."""
    if points.shape[1] == 2:
        return points[:, 0], points[:, 1]
    return points[:, 0], np.array([objective.value(point) for point in points])


def _different(points: FloatArray, near: float) -> tuple[FloatArray, Array]:
    """Points that differ by more than `near`, in the order in which they come, and to which each belongs."""
    places: list[FloatArray] = []
    member = np.empty(len(points), dtype=np.int64)
    for i, point in enumerate(points):
        distances = [float(np.abs(point - place).max()) for place in places]
        if not distances or min(distances) > near:
            distances.append(0.0)
            places.append(point)
        member[i] = int(np.argmin(distances))
    return np.array(places), member


def _bounds(objective: Any, bounds: Any) -> FloatArray:
    if isinstance(objective, type) or not isinstance(objective, Objective):
        raise TypeError(f"objective must have value, gradient and value_and_gradient; it is {objective!r:.60}")
    if bounds is None:
        bounds = getattr(objective, "bounds", None)
        if bounds is None:
            raise TypeError(f"bounds must be given for {type(objective).__name__}: (n, 2), one row for each number")
    box = _floats(bounds, "bounds")
    if box.shape not in ((1, 2), (2, 2)):
        raise ValueError(f"bounds must be (1, 2) or (2, 2), for one number or two; its shape is {box.shape}")
    if (box[:, 0] >= box[:, 1]).any():
        raise ValueError(f"bounds must rise in each row; they are {box.tolist()}")
    return box


def _around(points: Any) -> FloatArray:
    """A box around points (m, n), with a margin on each side as wide as they are apart; around a single one, 1."""
    array = _floats(points, "points")
    if array.ndim != 2 or array.shape[1] not in (1, 2) or not len(array):
        raise ValueError(f"points must be (m, 1) or (m, 2) with m >= 1; its shape is {array.shape}")
    low, high = array.min(axis=0), array.max(axis=0)
    margin = float((high - low).max()) or 1.0
    return np.stack([low - margin, high + margin], axis=1)


def _known_points(objective: Any) -> FloatArray:
    kinds = [getattr(objective, name, None) for name in ("minima", "maxima", "saddles")]
    if any(points is None for points in kinds):
        raise TypeError(f"points must be given for {type(objective).__name__}, which does not know its own")
    return np.concatenate([np.asarray(points, dtype=np.float64) for points in kinds])


def _points(points: Any, name: str, n: int) -> FloatArray:
    array = _floats(points, name)
    if array.ndim != 2 or array.shape[1] != n or not len(array):
        raise ValueError(f"{name} must be (m, {n}) with m >= 1; its shape is {array.shape}")
    return array


def _floats(values: Any, name: str) -> FloatArray:
    array = plain_array(values, name)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must hold real numbers; its dtype is {array.dtype}")
    return float64_copy(array, name)
