"""Training curves: loss, accuracy, gradient norm or step size against steps, passes or seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._arrays import check_flag
from ...descent.derivative_free.random_and_local import SearchResult
from ...descent.result import History, Result
from ...protocols import Array, FloatArray
from ..canvas import BLUE, GREY, VERMILION, axes, check_types, huge_values, line_style, logarithmic_values, plain_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABELS = {"value": "objective", "gradient_norm": "largest element of the gradient", "step_size": "length of the step"}
Run = Result | SearchResult | History
_AGAINST = {"steps": "steps", "passes": "passes over the data", "seconds": "seconds"}


def history(
    result: Run | Mapping[str, Run],
    ax: Axes | None = None,
    *,
    quantity: str = "value",
    against: str = "steps",
    log: bool = False,
) -> Axes:
    """Training curves of a run, or of several: one quantity against steps, passes or seconds.

    Parameters
    ----------
    result : Result, SearchResult, History, or mapping of name -> those
        What `gdfast.minimize` or a search returned (of a search the lowest objective so far), or its history; several
        under their names.
    ax : matplotlib Axes, optional
        Where to draw; None: a new figure.
    quantity : str
        "value" (the objective), "gradient_norm", "step_size" (with plain gradient descent: the learning
        rate) or the name of a metric. With mini-batches "value" is theirs, and the whole objective is drawn
        over it where it was evaluated; of several runs only the whole objective is drawn.
    against : str
        "steps", "passes" (a Result's passes over the data, spread evenly over its steps) or "seconds".
    log : bool
        A logarithmic axis for the quantity; a note says how many values are not > 0 and left out.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        result is of another type or empty; quantity or against is none of the above; a run does not know
        its passes.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> result = gd.minimize(bowl, [3.0], max_steps=10)
    >>> gd.plots.history(result).get_ylabel()
    'objective'
    >>> faster = gd.minimize(bowl, [3.0], step=0.2, max_steps=10)
    >>> ax = gd.plots.history({"step 0.1": result, "step 0.2": faster}, log=True)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['step 0.1', 'step 0.2']
    """
    runs = check_types(result, (Result, SearchResult, History), "result", "from gdfast.minimize or a search")
    _require_known(against, _AGAINST, "against")
    check_flag(log, "log")
    for run in runs.values():
        _require_known(quantity, [*_LABELS, *history_of(run).metrics], "quantity")
    places = {name: positions(run, against) for name, run in runs.items()}
    ax = axes(ax)
    if isinstance(result, Mapping):
        for i, (name, run) in enumerate(runs.items()):
            steps, numbers, is_sparse = training_curve(history_of(run), quantity)
            colour, dash, marker = line_style(i, ax)
            every = max(1, len(steps) // 8)
            ax.plot(
                places[name][steps],
                numbers,
                color=colour,
                linestyle=dash,
                marker=marker,
                markersize=4,
                markevery=1 if is_sparse and len(steps) < 40 else (i * every // max(1, len(runs)), every),
                label=plain_text(name),
            )
        ax.legend()
    else:
        _draw_one(ax, history_of(runs[""]), places[""], quantity)
    (logarithmic_values if log else huge_values)(ax, [line.get_ydata() for line in ax.lines])
    ax.set_xlabel(_AGAINST[against])
    ax.set_ylabel(_LABELS.get(quantity, plain_text(quantity)))
    ax.grid(alpha=0.3)
    return ax


def _draw_one(ax: Any, past: History, place: Array, quantity: str) -> None:
    steps, numbers, is_sparse = training_curve(past, quantity)
    if quantity == "value" and is_sparse:
        ax.plot(place[past.steps], past.values, color=GREY, linewidth=0.8, label="mini-batches")
        if steps.size:  # none where the run was never evaluated
            ax.plot(place[steps], numbers, color=BLUE, marker="o", markersize=3, label="all samples")
        ax.legend()
    elif is_sparse:
        ax.plot(place[steps], numbers, color=VERMILION, marker="o", markersize=3)
    else:
        ax.plot(place[steps], numbers, color=BLUE)


def training_curve(past: History, quantity: str) -> tuple[Array, FloatArray, bool]:
    """The steps at which a quantity is known, its numbers, and whether those are evaluations alone."""
    if quantity in past.metrics:
        return past.evaluated_steps, past.metrics[quantity], True
    is_batched = past.values.size == past.step_sizes.size > 0
    if quantity == "value" and is_batched:
        return past.evaluated_steps, past.evaluated_values, True
    numbers = {"value": past.values, "gradient_norm": past.gradient_norms, "step_size": past.step_sizes}[quantity]
    return past.steps[: numbers.size], numbers[: past.steps.size], False


def positions(run: Run, against: str) -> Array:
    """Where the steps 0, 1, 2, ... (of a search: its evaluations) lie on the horizontal axis."""
    past = history_of(run)
    steps = np.arange(1 + max([0, *past.steps[-1:], *past.evaluated_steps[-1:]]))
    if against == "passes":
        if isinstance(run, History) or run.passes is None:
            raise ValueError(
                "against must be 'steps' or 'seconds' for a run that does not know its passes: a History, or the "
                "Result on an objective that does not count them"
            )
        return steps * (run.passes / max(1, run.steps if isinstance(run, Result) else run.evaluations - 1))
    if against == "steps" or not past.seconds.size:
        return steps
    return past.seconds[np.minimum(steps, past.seconds.size - 1)]


def knows_passes(run: Run) -> bool:
    return not isinstance(run, History) and run.passes is not None


def history_of(run: Run) -> History:
    if isinstance(run, History):
        return run
    if run.history is None:
        raise ValueError("result must have a history; a hill climb has none")
    return run.history


def _require_known(value: str, known: Any, name: str) -> None:
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; it is {value!r}")
