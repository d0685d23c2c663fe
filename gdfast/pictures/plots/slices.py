"""The objective along one line, and as a function of one weight with the terms that make it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...describe import counted
from ...protocols import FloatArray
from ..canvas import BLUE, GREEN, VERMILION, axes, check_type, ink, legend_below, line_style
from ..landscape import Line, Weight

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 5  # so many terms, or samples, are told apart; more are drawn alike


def line(data: Line, ax: Axes | None = None, *, label: str | None = None) -> Axes:
    """The objective along a line: the curve, its kinks as ticks on the floor, its lowest point.

    Parameters
    ----------
    data : Line
        From `gdfast.landscape.line`.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.
    label : str, optional
        For a legend, where several curves share the axes.

    Returns
    -------
    matplotlib Axes
        The kinks' own heights are part of the curve, so that every corner is sharp.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError
        data is of another type.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> objective = gd.LinearObjective(np.eye(3), np.arange(3))
    >>> data = gd.landscape.line(objective, np.zeros((3, 4)), np.eye(3, 4), np.linspace(-1, 3, 101))
    >>> gd.plots.line(data).get_ylabel()
    'objective'
    """
    check_type(data, Line, "data", "from gdfast.landscape.line")
    ax = axes(ax)
    x, y = _with_corners(data)
    (curve,) = ax.plot(x, y, color=None if label else BLUE, label=label)
    if data.kinks.size:
        name = None if label else f"{data.kinks.size:,} kinks" if data.kinks.size > 1 else "1 kink"
        floor = ax.get_xaxis_transform()  # whatever the heights are
        faint = min(1.0, max(0.15, 100 / data.kinks.size))
        heights = np.full(data.kinks.size, 0.02)
        ax.plot(data.kinks, heights, "|", color=ink(ax), alpha=faint, markersize=10, transform=floor, label=name)
    if data.minimum is not None and data.minimum_value is not None and x[0] <= data.minimum <= x[-1]:
        name = None if label else f"lowest at {data.minimum:.4g}"
        colour = curve.get_color() if label else VERMILION
        ax.plot(data.minimum, data.minimum_value, "o", color=colour, markersize=8, linestyle="none", label=name)
    ax.set_xlabel("step along the direction")
    ax.set_ylabel("objective")
    ax.grid(alpha=0.3)
    if not label:
        legend_below(ax)
    return ax


def _with_corners(data: Line) -> tuple[FloatArray, FloatArray]:
    """The curve's points in order, the kinks among them."""
    steps, values = np.append(data.steps, data.kinks), np.append(data.values, data.kink_values)
    order = np.argsort(steps, kind="stable")
    return steps[order], values[order]


def weight(data: Weight, ax: Axes | None = None) -> Axes:
    """The objective as a function of one weight: each hinge term on its own, and their sum.

    Parameters
    ----------
    data : Weight
        From `gdfast.landscape.weight`.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib Axes
        The sum is the thick curve. A dotted one is what the drawn terms leave of it: the regularizer, the
        terms that are not among the data.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError
        data is of another type.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> objective = gd.LinearObjective(np.array([[1.0], [2.0], [-1.0]]), np.arange(3), bias=False)
    >>> data = gd.landscape.weight(objective, np.zeros((3, 1)), (0, 0), np.linspace(-3, 3, 121))
    >>> gd.plots.weight(data).get_xlabel()
    'the weight W[0, 0]'
    """
    check_type(data, Weight, "data", "from gdfast.landscape.weight")
    ax = axes(ax)
    order = np.argsort(data.values, kind="stable")
    x = data.values[order]
    _draw_terms(ax, x, data.terms[:, order], data)
    if len(data.terms):
        rest = data.rest[order]
        if np.abs(rest).max() > 1e-9 * max(1.0, float(np.abs(data.totals).max())):
            ax.plot(x, rest, color=ink(ax), linestyle=":", label="the rest of the objective")
    ax.plot(
        x, data.totals[order], color=ink(ax), linewidth=2.5, label="objective, their sum" if len(data.terms) else None
    )
    ax.axvline(data.at, color=GREEN, linestyle="--", linewidth=1, label=f"current value: {data.at:.3g}")
    ax.set_xlabel(f"the weight W[{', '.join(map(str, data.index))}]")
    ax.set_ylabel("objective and its terms")
    ax.grid(alpha=0.3)
    legend_below(ax)
    return ax


def _draw_terms(ax: Any, x: FloatArray, terms: FloatArray, data: Weight) -> None:
    """A few terms by name, those of a few samples by sample, more than that alike."""
    samples = np.unique(data.labels[:, 0])
    for i, (sample, other) in enumerate(data.labels if len(terms) <= FEW else []):
        colour, dash, _ = line_style(i, ax)
        ax.plot(x, terms[i], color=colour, linestyle=dash, label=f"sample {sample}, class {other}")
    for i, sample in enumerate(samples if len(terms) > FEW >= len(samples) else []):
        colour, dash, _ = line_style(i, ax)
        own = terms[data.labels[:, 0] == sample]
        lines = ax.plot(x, own.T, color=colour, linestyle=dash, linewidth=1.0)
        lines[0].set_label(f"sample {sample}, {counted(len(own), 'hinge term')}")
    if len(samples) > FEW:
        lines = ax.plot(x, terms.T, color=BLUE, linewidth=0.8)
        lines[0].set_label(
            counted(len(terms), "hinge term") + ("" if len(terms) == data.n_terms else f" of {data.n_terms:,}")
        )
