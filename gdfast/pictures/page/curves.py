"""Training curves: each quantity against steps, passes or seconds, to be chosen on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...descent.derivative_free.random_and_local import SearchResult
from ...descent.result import History, Result, Status
from ...protocols import Array, FloatArray
from ..plots.runs import Run, history_of, knows_passes, positions, training_curve
from ..strategies import StrategyTable
from .html import Section, choices, evenly, figure, plotly_text, rows_evenly, table
from .style import GREY, line_style

MOST_POINTS = 1000  # of a curve: a screen has not many more columns
AGAINST = {"steps": "steps", "passes": "passes over the data", "seconds": "seconds"}
LABELS = {
    "value": "objective",
    "step_size": "learning rate (length of the step)",
    "gradient_norm": "largest element of the gradient",
}
SHORT = {"value": "objective", "step_size": "learning rate", "gradient_norm": "largest |gradient|"}
Runs = Mapping[str, Run]


def section(runs: Runs, strategies: StrategyTable | None = None) -> Section | None:
    """The figure with its choices, a sentence for each run and a table.

    Where strategies are compared, their loss at W = 0 is marked, and the scale of the loss is logarithmic at first.
    """
    known = [against for against in AGAINST if against != "passes" or all(map(knows_passes, runs.values()))]
    metrics = dict.fromkeys(name for run in runs.values() for name in history_of(run).metrics)
    labels = {"value": LABELS["value"], **{name: name for name in metrics}, **LABELS}
    places = {name: {against: positions(run, against) for against in known} for name, run in runs.items()}
    curves = {quantity: _curves(runs, places, quantity) for quantity in labels}
    curves = {quantity: found for quantity, found in curves.items() if found}
    if not curves:
        return None
    if strategies is not None and "value" in curves:
        curves["value"].append(_level(strategies, places))
    is_logarithmic = " checked" if strategies is not None else ""
    controls = (
        choices("curves-quantity", "Show", {quantity: labels[quantity] for quantity in curves})
        + choices("curves-against", "against", {against: AGAINST[against] for against in known})
        + f'<p class="controls"><label><input type="checkbox" id="curves-log"{is_logarithmic}> '
        "logarithmic scale</label></p>"
    )
    drawn = {
        "id": "curves",
        "draw": "curves",
        "curves": curves,
        "labels": {quantity: plotly_text(labels[quantity]) for quantity in curves},
        "against": {against: AGAINST[against] for against in known},
    }
    sentence = " ".join(_sentence(name, run, ends=len(runs) == 1) for name, run in runs.items())
    return Section(
        "curves-section", "Training curves", figure("curves", sentence, _tables(runs, places), controls), (drawn,)
    )


def _level(strategies: StrategyTable, places: Mapping[str, Mapping[str, Array]]) -> dict[str, Any]:
    """The loss at W = 0 as a line from the start to the end of all runs."""
    ends = {
        against: np.array([0, max(place[against][-1] for place in places.values())])
        for against in next(iter(places.values()))
    }
    style = {"name": plotly_text(strategies.start), "colour": GREY, "dash": "dot", "width": 1.5, "mode": "lines"}
    return {**style, "x": ends, "y": np.full(2, strategies.first_loss)}


def _curves(runs: Runs, places: Mapping[str, Mapping[str, Array]], quantity: str) -> list[dict[str, Any]]:
    """One curve for each run that knows the quantity; of mini-batches both theirs and the whole objective."""
    found = []
    for i, (name, run) in enumerate(runs.items()):
        past, style = history_of(run), line_style(i)
        if quantity in LABELS or quantity in past.metrics:
            steps, numbers, is_sparse = training_curve(past, quantity)
            if quantity == "value" and is_sparse:
                batches = {"name": f"{name}: mini-batches", "colour": GREY, "dash": "solid", "width": 1}
                found.append(_curve(batches, places[name], past.steps, past.values))
            found.append(
                _curve(
                    {"name": name, "colour": style.colour, "dash": style.dash, "width": 2}, places[name], steps, numbers
                )
            )
    return [curve for curve in found if curve["y"].size]


def _curve(style: dict[str, Any], places: Mapping[str, Array], steps: Array, numbers: FloatArray) -> dict[str, Any]:
    """Its points: NaN (a quantity that was not evaluated) is left out, and so are points beyond a screen's columns."""
    kept = np.flatnonzero(np.isfinite(numbers))
    kept = kept[evenly(kept.size, MOST_POINTS)]
    return {
        **style,
        "name": plotly_text(style["name"]),
        "x": {against: place[steps[kept]] for against, place in places.items()},
        "y": numbers[kept],
    }


def _sentence(name: str, run: Run, *, ends: bool) -> str:
    """What it took and reached; how it ended, where there is room for that or the end is an unexpected one."""
    past = history_of(run)
    values = training_curve(past, "value")[1]
    if not values.size:
        values = past.values
    is_search, parts = isinstance(run, SearchResult), [f"{past.step_sizes.size:,} steps"]
    if not isinstance(run, History):
        parts = [f"{run.evaluations:,} evaluations" if isinstance(run, SearchResult) else f"{run.steps:,} steps"]
        parts += [f"{run.passes:,.4g} passes"] if run.passes is not None else []
        parts += [f"{past.seconds[-1]:.3g} s"] if past.seconds.size else []
    if values.size:
        what = "lowest objective so far" if is_search else "objective"
        parts.append(f"{what} from {values[0]:.4g} to {values[-1]:.4g}")
    parts += [f"{metric} {numbers[-1]:.4g} at the end" for metric, numbers in past.metrics.items() if numbers.size]
    says = f"{name or 'The run'}: {', '.join(parts)}."
    if isinstance(run, Result) and (ends or run.status not in (Status.MAX_STEPS, Status.CONVERGED)):
        says += f" {run.explanation or run.status.value}"
    return says


def _tables(runs: Runs, places: Mapping[str, Mapping[str, Array]]) -> str:
    """One table for each run: a row for each evaluation of the whole objective or, where none was made, each step.

    Passes are left out, a multiple of the steps, and so is a learning rate that never changes: narrow windows have
    room for five columns.
    """
    parts = []
    for name, run in runs.items():
        past = history_of(run)
        steps = past.evaluated_steps if past.evaluated_steps.size > 1 else past.steps
        columns: dict[str, Any] = {
            against: place[steps] for against, place in places[name].items() if against != "passes"
        }
        rate = np.unique(past.step_sizes)
        quantities = ("value", *past.metrics, *(["step_size"] if rate.size > 1 else []), "gradient_norm")
        for quantity in quantities:
            at, numbers = training_curve(past, quantity)[:2]
            if np.isfinite(numbers).any():
                at_step = dict(zip(at.tolist(), numbers.tolist(), strict=True))
                columns[SHORT.get(quantity, quantity)] = [at_step.get(k) for k in steps.tolist()]
        caption, rows = rows_evenly(list(zip(*columns.values(), strict=True)), name or "the run")
        if rate.size == 1:
            caption += f"; learning rate {rate[0]:.4g} throughout"
        parts.append(table(caption, list(columns), rows))
    return "".join(parts)
