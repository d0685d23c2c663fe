"""The effect of the learning rate: the objective after one step, against the step size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..canvas import BLUE, GREEN, GREY, VERMILION, axes, check_type, label_point, legend_below, note
from ..landscape import StepSizes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL = 0.1  # of what the best step gains
ROOM = 1.0  # above the start: so many times what the best step gains is shown


def step_sizes(data: StepSizes, ax: Axes | None = None) -> Axes:
    """The objective after one step against its size: the best step, the exact minimiser, and the overshoot.

    The horizontal axis is logarithmic: steps that are not > 0 are not drawn, and a note says how many. The vertical
    axis reaches from the best value to a little above the start; the legend gives the largest value beyond it.

    Parameters
    ----------
    data : StepSizes
        From `gdfast.landscape.step_sizes`.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        data is of another type, or holds no step > 0.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> data = gd.landscape.step_sizes(bowl, np.array([3.0]), np.logspace(-3, 1, 41))
    >>> gd.plots.step_sizes(data).get_xscale()
    'log'
    """
    check_type(data, StepSizes, "data", "from gdfast.landscape.step_sizes")
    order = np.argsort(data.steps, kind="stable")
    order = order[data.steps[order] > 0]
    if not order.size:
        raise ValueError(f"data must hold steps > 0, for a logarithmic axis; the largest is {data.steps.max():g}")
    steps, values = data.steps[order], data.values[order]
    ax = axes(ax)
    gain = data.start - min(data.best_value, data.start)
    finite = values[np.isfinite(values)]
    top = data.start + (ROOM * gain or float(np.ptp(finite)) or 1.0)
    highest = float(finite.max()) if finite.size else data.start
    where = f", up to {highest:.4g}" if highest > top else ""
    ax.plot(steps, values, color=BLUE, marker=".", markersize=4, label=f"after one step{where}")
    ax.axhline(data.start, color=GREY, linestyle="--", label=f"loss before the step: {data.start:.4g}")
    ax.plot(
        data.best_step, data.best_value, "s", color=VERMILION, markersize=8,
        label=f"best of these steps: {data.best_step:.3g}, {data.best_value:.4g}",
    )  # fmt: skip
    bottom = data.best_value
    if data.exact_step is not None and data.exact_value is not None:
        bottom = min(bottom, data.exact_value)
        ax.plot(
            data.exact_step, data.exact_value, "D", color=GREEN, markersize=7, fillstyle="none", markeredgewidth=2,
            label=f"exact minimiser: {data.exact_step:.3g}, {data.exact_value:.4g}",
        )  # fmt: skip
    ax.set_xscale("log")
    left_out = len(data.steps) - len(order)
    if left_out:
        note(ax, f"{left_out:,} of {len(data.steps):,} steps are not > 0: left out of the logarithmic axis")
    if steps[0] < steps[-1]:
        ax.set_xlim(steps[0], steps[-1])
    if data.overshoot is not None and data.overshoot < steps[-1]:
        ax.axvline(
            data.overshoot, color=VERMILION, linestyle=":", linewidth=2, label=f"overshoot: above {data.overshoot:.3g}"
        )
        ax.axvspan(data.overshoot, steps[-1], color=VERMILION, alpha=0.12)
        label_point(ax, "overshoot", (steps[-1], data.start), (-28, -12), arrow=False)
    if data.start - values[0] < SMALL * gain:
        label_point(ax, "small steps:\nlittle change", (steps[0], values[0]), (45, -22), arrow=False)
    if highest > top:
        ax.set_ylim(bottom - 0.1 * (top - bottom), top)
    ax.set_xlabel("step size (logarithmic)")
    ax.set_ylabel("objective after one step")
    ax.grid(alpha=0.3)
    legend_below(ax)
    return ax
