"""The search strategies as bars of held-out accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..canvas import axes, check_type, ink, line_style, plain_text
from ..strategies import StrategyRow, StrategyTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def strategies(table: StrategyTable, ax: Axes | None = None) -> Axes:
    """The strategies' held-out accuracies as bars, with what each of them cost.

    Their colours are those of ``gdfast.plots.history(table.runs)``.

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
        table is of another type.

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
    check_type(table, StrategyTable, "table", "from compare_strategies")
    ax = axes(ax)
    percent = [100 * row.accuracy for row in table.rows]
    places = range(len(table.rows))
    of_curves = [line_style(list(table.runs).index(row.name), ax).colour for row in table.rows]
    ax.barh(places, percent, height=0.5, color=of_curves)
    for place, width in zip(places, percent, strict=True):
        ax.text(width + 1.0, place, f"{width:.1f} %", va="center", weight="bold")
    chance = 100 / table.n_classes
    ax.axvline(chance, color=ink(ax), linestyle="--", linewidth=1)
    ax.text(chance + 1.0, -0.55, f"chance level: {chance:.3g} %", va="center", fontsize="small")
    ax.set_yticks(places, [_cost(row) for row in table.rows])
    ax.set_xlim(0, 112)
    ax.set_xticks(range(0, 101, 20))
    ax.set_ylim(len(table.rows) - 0.5, -0.8)
    ax.set_xlabel("held-out accuracy (%)")
    ax.set_title(f"{max(row.evaluations for row in table.rows):,} evaluations each")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _cost(row: StrategyRow) -> str:
    """The name of a strategy, what it reached and what that took."""
    return f"{plain_text(row.name)}\nloss {row.value:.4g}\n{row.passes:,.0f} passes, {row.seconds:.1f} s"
