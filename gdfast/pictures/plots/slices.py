"""The objective along one line, and as a function of one weight with the terms that make it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...describe import counted
from ...protocols import FloatArray
from ..canvas import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, axes, check_type, ink, legend_below
from ..landscape import Line, Weight

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TERMS = ((BLUE, "--"), (VERMILION, "-."), (GREEN, ":"), (PURPLE, (0, (5, 1))), (ORANGE, "--"), (GREY, "-."))
"""Colours and dashes of so many terms, each on its own; more are drawn in three groups."""


def line(data: Line, ax: Axes | None = None, *, label: str | None = None) -> Axes:
    """The objective along a line: the curve, its kinks as ticks on the floor, its minimum; few hinge terms behind it.

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
    if len(data.terms) and not label:
        from matplotlib.collections import LineCollection

        order = np.argsort(data.steps, kind="stable")
        lines = [np.stack([data.steps[order], term[order]], axis=1) for term in data.terms]
        terms = counted(len(lines), "hinge term") + ": their sum is the loss"
        ax.add_collection(LineCollection(lines, colors=GREY, linewidths=1, alpha=0.7, zorder=1, label=terms))
    (curve,) = ax.plot(x, y, color=None if label else BLUE, label=label)
    if data.kinks.size:
        name = None if label else f"{data.kinks.size:,} kinks" if data.kinks.size > 1 else "1 kink"
        floor = ax.get_xaxis_transform()  # whatever the heights are
        faint = min(1.0, max(0.15, 100 / data.kinks.size))
        heights = np.full(data.kinks.size, 0.02)
        ax.plot(data.kinks, heights, "|", color=ink(ax), alpha=faint, markersize=10, transform=floor, label=name)
    if data.minimum is not None and data.minimum_value is not None and x[0] <= data.minimum <= x[-1]:
        name = None if label else f"minimum: {data.minimum_value:.3g} at {data.minimum:.3g}"
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
        The sum is the thick curve. Up to six terms have a curve each; more are drawn in three groups, the sums of
        the terms that fall as the weight grows, that rise and that stay constant. A thin dotted curve is what the
        terms leave of the sum: the regularizer, the terms that are not among the data.

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
    ax.axvline(data.at, color=GREY, linestyle="-", linewidth=1, label=f"current value: {data.at:.3g}")
    ax.set_xlabel(f"the weight W[{', '.join(map(str, data.index))}]")
    ax.set_ylabel("objective and its terms")
    ax.grid(alpha=0.3)
    legend_below(ax)
    return ax


def _draw_terms(ax: Any, x: FloatArray, terms: FloatArray, data: Weight) -> None:
    """A few terms by name, more of them as the sums of those that fall, rise and stay constant."""
    if len(terms) <= len(TERMS):
        for (sample, other), term, (colour, dash) in zip(data.labels, terms, TERMS, strict=False):
            ax.plot(x, term, color=colour, linestyle=dash, label=f"sample {sample}, class {other}")
        return
    change = np.sign(terms[:, -1] - terms[:, 0])  # a term is monotone in one weight
    for sign, name, (colour, dash) in zip((-1, 1, 0), ("fall", "rise", "are constant"), TERMS, strict=False):
        chosen = terms[change == sign]
        if len(chosen):
            label = f"{counted(len(chosen), 'term')} that {name}: their sum"
            ax.plot(x, chosen.sum(axis=0), color=colour, linestyle=dash, linewidth=1.8, label=label)
