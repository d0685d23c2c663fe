"""The learning rates of a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._arrays import check_integer
from ...describe import described
from ...protocols import Schedule
from ..canvas import BLUE, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def schedule(rates: Schedule, steps: int, ax: Axes | None = None, *, label: str | None = None) -> Axes:
    """The learning rates of a schedule against the step number.

    Parameters
    ----------
    rates : schedule
        Any callable of k = 0, 1, ...
    steps : int
        How many steps are drawn, >= 1.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.
    label : str, optional
        For a legend, where several schedules share the axes.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        rates is not callable; steps is not an integer >= 1; whatever the schedule raises.

    Examples
    --------
    >>> import gdfast as gd
    >>> gd.plots.schedule(gd.Cosine(0.1, 100), steps=100).get_ylabel()
    'learning rate'
    """
    if isinstance(rates, type) or not callable(rates):
        raise TypeError(f"rates must be a schedule (callable of k); it is {described(rates)}")
    steps = check_integer(steps, "steps", minimum=1)
    values = [rates(k) for k in range(steps)]
    ax = axes(ax)
    # Each rate holds from its step to the next one.
    ax.step(range(steps + 1), [*values, values[-1]], where="post", label=label, color=None if label else BLUE)
    ax.set_xlim(0, steps)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("step k")
    ax.set_ylabel("learning rate")
    ax.grid(alpha=0.3)
    return ax
