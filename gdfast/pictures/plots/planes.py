"""The objective on a plane, as a map or a surface, and the trajectories of runs over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._arrays import check_flag
from ...protocols import FloatArray
from ..canvas import axes, check_type, height_colours, legend_below, line_style, plain_text, rounded_levels
from ..landscape import Plane, Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONTOURS = 12
CEILING = 95.0  # percent of the plane within the colours under a path: a wall would make all else blue
FLOOR = 0.4  # the power of the heights that the colours follow there, so that the valley's floor has its own


def plane(data: Plane, ax: Axes | Any | None = None, *, surface: bool = False) -> Axes:
    """The objective on a plane: blue low, red high, with lines at equally spaced heights.

    Parameters
    ----------
    data : Plane
        From `gdfast.landscape.plane`. The edges between one image's linear pieces, where it has them, are thin lines.
    ax : matplotlib Axes, optional
        Where to draw; with ``surface=True`` axes with ``projection="3d"``. None: a new figure.
    surface : bool
        A surface in three dimensions instead of a map.

    Returns
    -------
    matplotlib Axes
        ``a`` runs to the right and ``b`` upwards: ``values[i, j]`` is drawn at ``(a[i], b[j])``.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        data is of another type, or has fewer than two points on each axis; a surface is to be drawn on flat axes.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> grid = np.linspace(-1, 1, 21)
    >>> data = gd.landscape.plane(bowl, np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0]), grid, grid)
    >>> ax = gd.plots.plane(data)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('a, steps along u', 'b, steps along v')
    """
    check_type(data, Plane, "data", "from gdfast.landscape.plane")
    a, b, values = rising(data)
    if check_flag(surface, "surface"):
        if ax is not None and getattr(ax, "name", "") != "3d":
            raise TypeError("ax must have projection='3d' for a surface; it is flat")
        solid = axes(ax, projection="3d")
        first, second = np.meshgrid(a, b, indexing="ij")
        solid.plot_surface(
            first, second, values, cmap=height_colours(), rcount=100, ccount=100, linewidth=0, antialiased=False
        )
        solid.set_zlabel("objective", labelpad=12)
        solid.set_box_aspect(None, zoom=0.8)  # room for the label
        ax = solid
    else:
        ax = axes(ax)
        _draw_map(ax, a, b, values)
        if len(data.edges):
            from matplotlib.collections import LineCollection

            ax.add_collection(LineCollection(list(data.edges), colors="black", linewidths=0.7, alpha=0.8))
    ax.set_xlabel("a, steps along u")
    ax.set_ylabel("b, steps along v")
    return ax


def trajectory(data: Trajectory, ax: Axes | None = None) -> Axes:
    """The trajectories of runs on the plane of their principal components: open markers are starts, full ones ends.

    Parameters
    ----------
    data : Trajectory
        From `gdfast.landscape.trajectory`.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib Axes
        The labels of the axes say how much of the variance each principal component explains; in a space of two
        weights the axes are w1 and w2.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError
        data is of another type.

    Notes
    -----
    The highest 5 % of the plane share one colour, and low heights have more colours and lines than high ones, so
    that the floor of a valley is visible; the colour bar gives the heights.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> ws = [np.array([4.0, 3.0, 0.0]) * 0.5**k for k in range(4)]
    >>> gd.plots.trajectory(gd.landscape.trajectory(bowl, ws)).get_xlabel()
    'first principal component (100 % of the variance)'
    """
    check_type(data, Trajectory, "data", "from gdfast.landscape.trajectory")
    ax = axes(ax)
    _draw_map(ax, *rising(data.plane), is_steep=True)
    for i, (name, path) in enumerate(data.paths.items()):
        colour, dash, marker = line_style(i)
        rim: dict[str, Any] = {"markersize": 9, "markeredgewidth": 1.5}
        ax.plot(*path.T, color="white", linewidth=3.5, alpha=0.7)  # every colour is readable on every other
        ax.plot(*path[0], marker, markerfacecolor="white", markeredgecolor=colour, **rim)
        line: dict[str, Any] = {
            "color": colour,
            "linestyle": dash,
            "linewidth": 1.8,
            "label": plain_text(name) if name else "the run",
        }
        ax.plot(*path.T, marker=marker, markevery=[-1], markeredgecolor="white", **rim, **line)
    first, second = (
        name if data.has_own_axes else f"{name} ({100 * share:.3g} % of the variance)"
        for name, share in zip(data.axis_names, data.explained, strict=True)
    )
    ax.set_xlabel(first)
    ax.set_ylabel(second)
    legend_below(ax)
    return ax


def _draw_map(ax: Any, a: FloatArray, b: FloatArray, values: FloatArray, *, is_steep: bool = False) -> None:
    """A heat map with lines of equal height and a colour bar; values[i, j] is drawn at (a[i], b[j])."""
    from matplotlib.colors import PowerNorm

    finite = values[np.isfinite(values)]
    top = CEILING if is_steep else 100.0
    low, high = (float(finite.min()), float(np.percentile(finite, top))) if finite.size else (0.0, 1.0)
    scale = PowerNorm(FLOOR if is_steep else 1.0, low, high)
    drawn = ax.pcolormesh(a, b, values.T, cmap=height_colours(), norm=scale, shading="nearest", rasterized=True)
    if high > low:
        evenly = rounded_levels(low, high, CONTOURS)
        levels = np.unique(scale.inverse(np.linspace(0.0, 1.0, CONTOURS + 2)[1:-1])) if is_steep else evenly
        ax.contour(a, b, values.T, levels, colors="black", linewidths=0.5, linestyles="solid", alpha=0.5)
    is_cut = bool(finite.size) and high < float(finite.max())
    ax.figure.colorbar(drawn, ax=ax, label="objective", extend="max" if is_cut else "neither")


def rising(data: Plane) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The plane with rising coordinates, each once."""
    a, rows = np.unique(data.a, return_index=True)
    b, columns = np.unique(data.b, return_index=True)
    if a.size < 2 or b.size < 2:
        raise ValueError(f"data must hold at least two different points on each axis; it holds {a.size} by {b.size}")
    return a, b, data.values[np.ix_(rows, columns)]
