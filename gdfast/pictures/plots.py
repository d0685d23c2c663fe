"""Pictures, in scikit-learn's Display manner: data in, ``ax=`` where you have one, the axes out.

matplotlib is imported inside functions. Colours are Okabe and Ito's, which colour-blind readers tell
apart; they differ in grey as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._arrays import check_integer
from ..descent.result import History, Result
from ..protocols import Array, Schedule
from .strategies import StrategyRow, StrategyTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, VERMILION, ORANGE, GREY = "#0072B2", "#D55E00", "#E69F00", "#767676"

_LABELS = {"value": "objective", "gradient_norm": "largest element of the gradient", "step_size": "length of the step"}
_AGAINST = {"steps": "steps", "seconds": "seconds"}


def history(
    result: Result | History, ax: Axes | None = None, *, quantity: str = "value", against: str = "steps"
) -> Axes:
    """The course of a run: one quantity against steps or seconds.

    Parameters
    ----------
    result : Result or History
        What `gdfast.minimize` returned, or its history.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.
    quantity : str
        "value" (the objective), "gradient_norm", "step_size" or the name of a metric. With mini-batches
        "value" is theirs, and the whole objective is drawn over it where it was evaluated.
    against : str
        "steps" or "seconds".

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        result is of another kind; quantity or against is none of the above.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> result = gd.minimize(bowl, [3.0], max_steps=10)
    >>> gd.plots.history(result).get_ylabel()
    'objective'
    """
    past = _checked_history(result)
    if against not in _AGAINST:
        raise ValueError(f"against must be one of {', '.join(map(repr, _AGAINST))}; it is {against!r}")
    known = [*_LABELS, *past.metrics]
    if quantity not in known:
        raise ValueError(f"quantity must be one of {', '.join(map(repr, known))}; it is {quantity!r}")
    ax = _axes(ax)
    is_batched = past.values.size == past.step_sizes.size > 0
    whole = (past.evaluated_steps, past.evaluated_values)
    if quantity == "value" and is_batched:
        ax.plot(_along(past, past.steps, against), past.values, color=GREY, linewidth=0.8, label="mini-batches")
        ax.plot(_along(past, whole[0], against), whole[1], color=BLUE, marker="o", markersize=3, label="all samples")
        ax.legend()
    elif quantity in past.metrics:
        ax.plot(_along(past, whole[0], against), past.metrics[quantity], color=VERMILION, marker="o", markersize=3)
    else:
        numbers = {"value": past.values, "gradient_norm": past.gradient_norms, "step_size": past.step_sizes}[quantity]
        ax.plot(_along(past, past.steps[: numbers.size], against), numbers, color=BLUE)
    ax.set_xlabel(_AGAINST[against])
    ax.set_ylabel(_LABELS.get(quantity, quantity))
    ax.grid(alpha=0.3)
    return ax


def strategies(table: StrategyTable, ax: Axes | None = None) -> Axes:
    """Three strategies' held-out accuracies as bars, with what each of them cost.

    Parameters
    ----------
    table : StrategyTable
        From `gdfast.pictures.strategies.compare_strategies`.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError
        table is of another kind.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> from gdfast.pictures.strategies import Plan, compare_strategies
    >>> objective = gd.LinearObjective(np.eye(3), np.arange(3))
    >>> table = compare_strategies(objective, objective, Plan(evaluations=20), rng=0)
    >>> gd.plots.strategies(table).get_xlabel()
    'held-out accuracy (%)'
    """
    if not isinstance(table, StrategyTable):
        raise TypeError(f"table must be a StrategyTable; it is {type(table).__name__}")
    ax = _axes(ax)
    percent = [100 * row.accuracy for row in table.rows]
    places = range(len(table.rows))
    ax.barh(places, percent, height=0.5, color=[GREY, ORANGE, BLUE][: len(percent)])
    for place, width in zip(places, percent, strict=True):
        ax.text(width + 1.0, place, f"{width:.1f} %", va="center", weight="bold")
    chance = 100 / table.n_classes
    ax.axvline(chance, color="black", linestyle="--", linewidth=1)
    ax.text(chance + 1.0, -0.55, f"guessing: {chance:.3g} %", va="center", fontsize="small")
    ax.set_yticks(places, [_cost(row) for row in table.rows])
    ax.set_xlim(0, 112)
    ax.set_xticks(range(0, 101, 20))
    ax.set_ylim(len(table.rows) - 0.5, -0.8)
    ax.set_xlabel("held-out accuracy (%)")
    ax.set_title(f"{max(row.evaluations for row in table.rows):,} evaluations each")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


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
        raise TypeError(f"rates must be a schedule (callable of k); it is {type(rates).__name__} {rates!r:.40}")
    steps = check_integer(steps, "steps", minimum=1)
    values = [rates(k) for k in range(steps)]
    ax = _axes(ax)
    # Each rate holds from its step to the next one.
    ax.step(range(steps + 1), [*values, values[-1]], where="post", label=label, color=None if label else BLUE)
    ax.set_xlim(0, steps)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("step k")
    ax.set_ylabel("learning rate")
    ax.grid(alpha=0.3)
    return ax


def _cost(row: StrategyRow) -> str:
    """The name of a strategy, what it reached and what that took."""
    return f"{row.name}\nloss {row.value:.3g}\n{row.passes:,.0f} passes, {row.seconds:.1f} s"


def _axes(ax: Axes | None) -> Any:
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "gdfast.plots draws with matplotlib, which is not installed: pip install 'gdfast[plot]'"
        ) from error
    return plt.figure(layout="constrained").subplots()


def _checked_history(result: Any) -> History:
    if isinstance(result, Result):
        return result.history
    if isinstance(result, History):
        return result
    raise TypeError(f"result must be a Result or a History; it is {type(result).__name__}")


def _along(past: History, steps: Array, against: str) -> Array:
    """Where these steps lie on the horizontal axis."""
    if against == "steps" or not past.seconds.size:
        return steps
    return past.seconds[np.minimum(steps, past.seconds.size - 1)]
