"""The trajectories of one or several runs on the plane of their principal components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..._arrays import check_point, float64_copy
from ...objective.capabilities import values_at
from ...protocols import Array, FloatArray, Objective
from .planes import Plane, plane
from .saved import Saved, Table

MOST_BYTES = 1 << 31
GRID = 61  # points on each axis that is not given
STRAIGHT = 1e-9  # a trajectory that is narrower, relative to its length, is a line
MARGIN = 0.2  # what the plane shows beyond the points, as a share of their range


@dataclass(frozen=True, eq=False)
class Trajectory(Saved):
    """The points of one or several runs on a plane, and the loss there.

    Attributes
    ----------
    points : array (k, 2)
        The coordinates (a, b) of every point, run after run.
    plane : Plane
        The loss at ``origin + a * directions[0] + b * directions[1]``.
    explained : array (2,)
        The share of the variance (squared distances from the origin) along each direction.
    origin : array of w's shape
        The end of the run; of several runs the mean of their ends.
    directions : array (2, *w's shape)
        Orthonormal.
    names : tuple of str
        Of the runs; one without a name is "".
    starts : integers (number of runs + 1,)
        Run i holds the points ``starts[i]`` up to ``starts[i + 1]``.
    values : array (k,) or None
        The loss at each point itself, which may lie off the plane; None in files of version 0.1.
    """

    shapes: ClassVar = {"points": ("k", 2), "explained": (2,), "values": ("k",)}
    points: FloatArray
    plane: Plane
    explained: FloatArray
    origin: FloatArray
    directions: FloatArray
    names: tuple[str, ...]
    starts: Array
    values: FloatArray | None = None

    def __post_init__(self) -> None:
        starts = self.starts
        if starts.shape != (len(self.names) + 1,) or starts[0] != 0 or starts[-1] != len(self.points):
            raise ValueError(f"starts must lead from 0 to {len(self.points)} in {len(self.names)} runs; it is {starts}")
        if (np.diff(starts) < 0).any():
            raise ValueError(f"starts must not fall; it is {starts}")
        if self.directions.shape != (2, *self.origin.shape):
            raise ValueError(f"directions must be two of the shape {self.origin.shape}, as origin")

    @property
    def heights(self) -> dict[str, FloatArray]:
        """The loss at each point of each run: name -> (k,); NaN where it is not known."""
        values = np.full(len(self.points), np.nan) if self.values is None else self.values
        return {
            name: values[first:last]
            for name, first, last in zip(self.names, self.starts[:-1], self.starts[1:], strict=True)
        }

    @property
    def paths(self) -> dict[str, FloatArray]:
        """The points of each run: name -> (k, 2)."""
        return {
            name: self.points[first:last]
            for name, first, last in zip(self.names, self.starts[:-1], self.starts[1:], strict=True)
        }

    @property
    def has_own_axes(self) -> bool:
        """Whether the space has two weights, and the plane's axes are these."""
        return bool(self.directions[0].size == 2)

    @property
    def axis_names(self) -> tuple[str, str]:
        """What the plane's axes are called."""
        return ("w1", "w2") if self.has_own_axes else ("first principal component", "second principal component")

    def table(self) -> Table:
        """One row for each point; the plane has a table of its own."""
        rows = [
            (name, k, *point, value)
            for (name, path), heights in zip(self.paths.items(), self.heights.values(), strict=True)
            for k, (point, value) in enumerate(zip(path.tolist(), heights.tolist(), strict=True))
        ]
        return ("run", "point", "a", "b", "value"), rows


def trajectory(objective: Objective, ws: Any, a: Array | None = None, b: Array | None = None) -> Trajectory:
    """The points of one or several runs on the plane of their principal components, and the loss there.

    Parameters
    ----------
    objective : Objective
    ws : list or array (k, *shape), or dict of name -> those
        The weights of a run, in order; of several runs on one plane, by name.
    a, b : arrays, optional
        The plane's coordinates; by default 61 points on each axis, 20 % beyond those of the runs.

    Returns
    -------
    Trajectory

    Raises
    ------
    TypeError, ValueError
        For weights that are not finite float arrays of one shape with at least two elements, or all equal; for too
        many of them, with the memory they would need.

    Notes
    -----
    The directions are those of `principal_directions` from the origin; an objective of two weights is drawn on its
    own axes. A point off the plane is projected onto it: `explained` says how much that hides, and `values` holds the
    loss at the point itself (a linear objective makes one more pass for all of them).

    References
    ----------
    H. Li et al., Visualizing the loss landscape of neural nets, NeurIPS 2018, section 7.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> ws = [np.array([4.0, 3.0, 0.0]) * 0.5**k for k in range(4)]
    >>> data = gd.landscape.trajectory(bowl, ws)
    >>> data.points.shape, data.plane.values.shape, np.round(data.explained, 12) + 0.0
    ((4, 2), (61, 61), array([1., 0.]))
    """
    runs = dict(ws) if isinstance(ws, Mapping) else {"": ws}
    if not runs:
        raise ValueError("ws must hold at least one run")
    stacks = [_stacked(run, f"ws[{name!r}]" if isinstance(ws, Mapping) else "ws") for name, run in runs.items()]
    shapes = {stack.shape[1:] for stack in stacks}
    if len(shapes) > 1:
        raise ValueError(f"ws must hold weights of one shape; their shapes are {sorted(shapes)}")
    shape = stacks[0].shape[1:]
    every = np.concatenate(stacks)
    _require_different(every)
    if every[0].size == 2:
        origin, directions = np.zeros(shape), np.eye(2).reshape(2, *shape)
        explained = _shares(every.reshape(-1, 2).T)
    else:
        origin = np.mean([stack[-1] for stack in stacks], axis=0)
        directions, explained = principal_directions(every, origin)
    points = (every - origin).reshape(len(every), -1) @ directions.reshape(2, -1).T
    if not np.isfinite(points).all():
        raise ValueError("ws must lie so near each other that float64 holds their distances; they overflow")
    reach = float(np.ptp(points, axis=0).max())
    axes = [_axis(points[:, i], reach) if given is None else given for i, given in enumerate((a, b))]
    surface = plane(objective, *(array.astype(_dtype_of(runs)) for array in (origin, *directions)), *axes)
    starts = np.cumsum([0, *map(len, stacks)])
    values = values_at(objective, every.astype(_dtype_of(runs), copy=False))
    return Trajectory(points, surface, explained, origin, directions, tuple(map(str, runs)), starts, values)


def principal_directions(ws: Any, origin: Any = None) -> tuple[FloatArray, FloatArray]:
    """The first two principal components of weights, and the share of the variance that each explains.

    Parameters
    ----------
    ws : list or array (k, *shape)
        k >= 2 weights, not all equal, of at least two elements.
    origin : array (*shape), optional
        Distances are from here; by default from the mean of the weights.

    Returns
    -------
    directions : array (2, *shape)
        Each has its largest element > 0. Where the weights lie on a line, the second is a fixed direction across it.
    explained : array (2,)
        Shares of the sum of squared distances.

    Raises
    ------
    TypeError, ValueError
        As for `trajectory`.

    Notes
    -----
    The economical singular value decomposition of the (k, size) matrix, in float64.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> directions, explained = gd.landscape.principal_directions([np.array([float(i), 0.0, 0.0]) for i in range(3)])
    >>> directions[0], explained
    (array([1., 0., 0.]), array([1., 0.]))
    """
    stack = _stacked(ws, "ws")
    shape = stack.shape[1:]
    if origin is None:
        centre = stack.mean(axis=0)
    else:
        centre = check_point(origin, "origin", finite=False)
        if centre.shape != shape:
            raise ValueError(f"origin must have the shape of the weights, {shape}; its shape is {centre.shape}")
        centre = float64_copy(centre, "origin")
    offsets = (stack - centre).reshape(len(stack), -1)
    _require_different(stack)
    _, sizes, axes = np.linalg.svd(offsets / np.abs(offsets).max(), full_matrices=False)
    first = axes[0]
    is_line = len(sizes) < 2 or sizes[1] <= 1e-12 * sizes[0]
    second = np.random.default_rng(0).standard_normal(first.size) if is_line else axes[1]
    second = second - (second @ first) * first
    directions = np.stack([first, second / np.linalg.norm(second)])
    for direction in directions:
        direction *= np.sign(direction[np.abs(direction).argmax()])
    shares = sizes**2 / (sizes**2).sum()
    return directions.reshape(2, *shape), np.array([shares[0], 0.0 if is_line else shares[1]])


def _stacked(ws: Any, name: str) -> FloatArray:
    """Weights (k, *shape) in float64, no more than memory should hold."""
    is_one_number = isinstance(ws, np.ndarray) and ws.ndim == 0
    count = len(ws) if hasattr(ws, "__len__") and not is_one_number else 0
    if count == 0:
        raise ValueError(f"{name} must hold weights (a list of arrays, or an array (k, *shape)); it is {ws!r:.40}")
    first = check_point(ws[0], f"{name}[0]")
    if first.size < 2:
        raise ValueError(f"{name} must hold weights of at least two elements; {name}[0] has {first.size}")
    need = 4 * 8 * count * first.size
    if need > MOST_BYTES:
        raise ValueError(
            f"{name} must take at most {MOST_BYTES / 2**30:.0f} GiB; {count:,} weights of {first.size:,} elements "
            f"would take about {need / 2**30:.1f} GiB: give every tenth of them"
        )
    stack = np.empty((count, *first.shape))
    for i, w in enumerate(ws):
        point = check_point(w, f"{name}[{i}]")
        if point.shape != first.shape:
            raise ValueError(f"{name}[{i}] must have the shape of {name}[0], {first.shape}; its shape is {point.shape}")
        stack[i] = point
    return stack


def _require_different(stack: FloatArray) -> None:
    if (stack == stack[0]).all():
        held = "one" if len(stack) == 1 else f"{len(stack)}, all equal"
        raise ValueError(f"ws must hold at least two different weights; it holds {held}")


def _dtype_of(runs: Mapping[Any, Any]) -> Any:
    return np.result_type(*(np.asarray(run[0]).dtype for run in runs.values()))


def _axis(coordinates: FloatArray, reach: float) -> FloatArray:
    """Coordinates around those of the points; across a straight trajectory as many as along it."""
    low, high = float(coordinates.min()), float(coordinates.max())
    margin = MARGIN * (high - low if high - low > STRAIGHT * reach else reach)
    return np.linspace(low - margin, high + margin, GRID)


def _shares(offsets: FloatArray) -> FloatArray:
    """Of the sum of squares, per row."""
    squares = (offsets**2).sum(axis=1)
    total = squares.sum()
    return np.asarray(squares / total if total > 0 else np.full(len(squares), 1 / len(squares)))
