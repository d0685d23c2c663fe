"""The effect of the learning rate: the loss after one step, with a slider over the step size."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..landscape import StepSizes
from ..plots.step_sizes import ROOM
from .html import Section, figure, rows_evenly, table
from .style import BLUE, GREEN, GREY, INK, VERMILION, axis


def section(data: StepSizes) -> Section:
    """The figure, its slider and the buttons that jump to the best step and to the exact one."""
    steps, values = _with_exact(data)
    gain = data.start - min(data.best_value, data.start)
    finite = np.append(values[np.isfinite(values)], data.start)
    bottom, highest = (float(np.min(finite)), float(np.max(finite)))
    top = min(data.start + (ROOM * gain or highest - bottom or 1.0), highest if highest > bottom else bottom + 1.0)
    height = top - bottom
    is_logarithmic = bool((steps > 0).all())
    ends = np.log10(steps[[0, -1]]) if is_logarithmic else steps[[0, -1]]
    scale = {"type": "log", "dtick": 1, "exponentformat": "power"} if is_logarithmic else {}
    marks = [_mark("best of these steps", data.best_step, data.best_value, VERMILION, "square")]
    stops = {"best": (data.best_step, "Best of these steps")}
    if data.exact_step is not None and steps[0] <= data.exact_step <= steps[-1]:
        marks.append(_mark("exact minimiser", data.exact_step, data.exact_value, GREEN, "diamond-open"))
        stops["exact"] = (data.exact_step, "Exact minimiser")
    drawn = {
        "id": "steps",
        "draw": "steps",
        "positions": steps,
        "values": values,
        "start": data.start,
        "top": top,
        "data": [
            {
                "type": "scatter", "mode": "lines+markers", "name": "after one step", "x": steps, "y": values,
                "line": {"color": BLUE, "width": 2}, "marker": {"color": BLUE, "size": 4},
                "hovertemplate": "step %{x:.4g}<br>objective %{y:.4g}<extra></extra>",
            },
            {
                "type": "scatter", "mode": "lines", "name": f"loss before the step: {data.start:.4g}",
                "x": steps[[0, -1]], "y": [data.start, data.start], "line": {"color": GREY, "dash": "dash"},
                "hoverinfo": "skip",
            },
            *marks,
            {
                "type": "scatter", "mode": "markers", "name": "the slider", "x": [steps[0]], "y": [values[0]],
                "marker": {"color": "--orange", "size": 15, "symbol": "circle", "line": {"color": INK, "width": 2}},
                "hoverinfo": "skip",
            },
        ],
        "layout": {
            "xaxis": axis("step size", range=ends, **scale),
            "yaxis": axis("objective after one step", range=[bottom - 0.08 * height, top + 0.04 * height]),
            "shapes": _overshoot(data, steps),
        },
    }  # fmt: skip
    at = {key: int(np.flatnonzero(steps == step)[0]) for key, (step, _) in stops.items()}
    controls = (
        '<div class="controls slider"><label for="steps-slider">Step size</label>'
        f'<input type="range" id="steps-slider" min="0" max="{steps.size - 1}" step="1" value="{steps.size // 2}" '
        'aria-describedby="steps-output">'
        + "".join(f'<button type="button" data-stop="{at[key]}">{label}</button>' for key, (_, label) in stops.items())
        + '</div><p class="output"><output id="steps-output" for="steps-slider"></output></p>'
    )
    caption, rows = rows_evenly(list(zip(steps.tolist(), values.tolist(), strict=True)), "The objective after one step")
    numbers = table(caption, ("step size", "objective after it"), rows)
    return Section(
        "steps-section",
        "Effect of the learning rate",
        figure("steps", _sentence(data, top), numbers, controls),
        (drawn,),
    )


def _with_exact(data: StepSizes) -> tuple[Any, Any]:
    """The steps tried, in order, and the exact minimiser where it lies among them: where the slider can stand."""
    steps, first = np.unique(data.steps, return_index=True)
    values = data.values[first]
    exact = data.exact_step
    if exact is None or not steps[0] <= exact <= steps[-1] or exact in steps:
        return steps, values
    i = int(np.searchsorted(steps, exact))
    return np.insert(steps, i, exact), np.insert(values, i, float(data.exact_value or 0.0))


def _mark(name: str, step: float, value: float | None, colour: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "markers", "name": f"{name}: {step:.3g}", "x": [step], "y": [value],
        "marker": {"color": colour, "size": 11, "symbol": symbol, "line": {"width": 2, "color": colour}},
        "hovertemplate": f"{name}<br>step %{{x:.4g}}<br>objective %{{y:.4g}}<extra></extra>",
    }  # fmt: skip


def _overshoot(data: StepSizes, steps: Any) -> list[dict[str, Any]]:
    """A shade over the steps that end higher than they began."""
    if data.overshoot is None or data.overshoot >= steps[-1]:
        return []
    return [
        {
            "type": "rect", "xref": "x", "yref": "paper", "x0": data.overshoot, "x1": steps[-1], "y0": 0, "y1": 1,
            "fillcolor": VERMILION, "opacity": 0.15, "line": {"width": 0}, "layer": "below",
        }
    ]  # fmt: skip


def _sentence(data: StepSizes, top: float) -> str:
    says = [
        f"Before the step the objective is {data.start:.4g}. Of {data.steps.size:,} step sizes, {data.best_step:.4g} "
        f"is the best: {data.best_value:.4g}."
    ]
    if data.exact_step is not None:
        says.append(f"The exact minimiser is {data.exact_step:.4g}: {data.exact_value:.4g}.")
    if data.overshoot is not None:
        says.append(f"Steps beyond {data.overshoot:.4g} overshoot (shaded): the objective is higher than before.")
    finite = data.values[np.isfinite(data.values)]
    if finite.size and finite.max() > top:
        says.append(f"The curve leaves the figure and reaches {finite.max():,.5g}.")
    return " ".join(says)
