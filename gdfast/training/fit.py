"""Fitting: standardise by feature statistics, build the objective, plan by the recipe, run it, unfold coefficients."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..objective.linear.objective import LinearObjective
from ..protocols import Array, FloatArray
from .evaluation import accuracy, r2
from .feature_statistics import FeatureStatistics, coefficients_of, feature_statistics, weights_of
from .guarded_run import GuardedRun, SavedRun
from .recipe import Plan, plan_for
from .row_norms import standardized_rows
from .settings import Settings, penalty, tolerance
from .split import Split
from .target_scaling import scaled

GAP_BYTES = 1 << 26
NOT_CONVERGED = "Maximum number of iteration reached before convergence. Consider increasing epochs to improve the fit."
GIVEN_UP = (
    "The loss grew, or ceased to be finite, at every step that was tried: the weights are the best that were found. "
    "Leave optimizer and learning_rate to the recipe (None), or give a smaller learning_rate."
)


class Coefficients(NamedTuple):
    """Where a fit starts or ends: coefficients of each output, (k, d) and (k,), in the units of X and y; and what
    `partial_fit` needs of earlier calls: feature statistics, weight of the rows and steps."""

    coef: FloatArray
    intercept: FloatArray
    statistics: FeatureStatistics | None = None
    weight: float = 0.0
    steps: int = 0


class Epoch(NamedTuple):
    """What an observer of a fit is told: at its start (`number` 0, no loss) and at the end of each epoch.

    `w` are the weights in the objective's own units; `coefficients()` are (coef, intercept), in those of X and y, which
    need `dtype`. `score` is that on the held-out rows.
    """

    number: int
    epochs: int
    w: Array
    loss: float
    score: float | None
    coefficients: Callable[[], tuple[FloatArray, FloatArray]]
    dtype: Any


Observer = Callable[[Epoch], bool | None]
"""True stops the run."""


@dataclass(frozen=True, eq=False)
class Fit:
    """What was minimised, how, and where it led.

    `end` is what a later call goes on from, `dtype` the type that its coefficients need. `gap` is how far the optimum
    is at most, where that is proven; `complaint` a sentence where the run did not go well.
    """

    split: Split
    objective: LinearObjective
    plan: Plan
    run: GuardedRun
    end: Coefficients
    dtype: Any
    gap: float | None
    complaint: str | None


def fit(
    settings: Settings,
    split: Split,
    start: Coefficients,
    weight: float,
    *,
    offset: float = 0.0,
    unit: float = 1.0,
    endless: bool = False,
    observers: Sequence[Observer] = (),
    saved_run: SavedRun | None = None,
) -> Fit:
    """Train on the rows of the split.

    Parameters
    ----------
    weight : float
        What alpha = 1 / n counts: the rows' weight before that of classes.
    offset, unit : float
        Trained on is (y - offset) / unit.
    endless : bool
        One epoch of a run without an end.
    observers : callables
        Each is told of every epoch.
    saved_run : SavedRun, optional
        Where the run is written to disk, and gone on with.
    """
    bias, k, classifies = settings.fit_intercept, len(start.coef), settings.loss.classifies
    y = split.y
    if not classifies:
        settings, y = scaled(settings, unit), (y - offset) / unit
    # The model sees z = (x - mean) / scale: of all rows that `partial_fit` was ever given, where it goes on.
    statistics: FeatureStatistics | None = None
    if settings.standardize:
        statistics = feature_statistics(split.X, split.weights, split.chosen, centre=bias)
        if start.statistics is not None and start.statistics.can_merge(statistics):
            statistics = start.statistics.merged(statistics)
    rows = standardized_rows(split.X, statistics, split.weights, split.chosen)
    weight += start.weight
    whole = LinearObjective(
        rows.X, y, settings.loss, penalty(settings, weight, unit), bias=bias, sample_weight=split.weights,
        mean=rows.mean, scale=rows.scale, n_classes=k if classifies else None, check_finite=False,
    )  # fmt: skip
    objective = whole if split.chosen is None else whole.rows(split.chosen)
    plan = plan_for(settings, k, rows, start.steps if endless else None)
    dtype = objective.arithmetic if statistics is None or statistics.can_fold() else np.dtype(np.float64)

    def coefficients(w: Array) -> tuple[FloatArray, FloatArray]:
        coef, intercept = coefficients_of(w, statistics, bias)
        return (coef, intercept) if classifies else (coef * unit, intercept * unit + offset)

    def tell(number: int, w: Array, loss: float, score: float | None) -> bool:
        epoch = Epoch(number, plan.epochs, w, loss, score, partial(coefficients, w), dtype)
        answers = [observe(epoch) for observe in observers]
        return any(answers)

    w0 = weights_of(start.coef / unit, (start.intercept - offset) / unit, statistics, bias)
    run = GuardedRun(objective, w0.astype(objective.arithmetic), plan, tolerance(settings), saved_run=saved_run)
    # Small data have more epochs, and as much more patience with them.
    stretch = 1 if plan.batches is None or endless else max(1, plan.epochs // settings.epochs)
    run.patience = settings.n_iter_no_change * stretch
    if split.held_out is not None:
        held_out, measure = whole.rows(split.held_out), accuracy if classifies else r2
        y_held_out = y[split.held_out]
        run.score = lambda w: measure(held_out.scores(w), y_held_out, split.held_out_weights)
    if settings.verbose:
        observers = (_print_epoch, *observers)
    if observers:
        run.end_epoch = tell
        tell(0, run.w0, math.nan, None)
    run.run()
    best = run.best_scored[1] if settings.early_stopping else None
    w = run.w if best is None else best
    end = Coefficients(*coefficients(w), statistics, weight, start.steps + plan.per_epoch)
    gap = proven_gap(objective, w) if settings.certify and not endless else None
    complaint = None if run.finished else GIVEN_UP
    if run.finished and settings.tol is not None and not (endless or run.settled or run.stopped):
        complaint = NOT_CONVERGED
    return Fit(split, objective, plan, run, end, dtype, gap, complaint)


def proven_gap(objective: LinearObjective, w: Array) -> float | None:
    """How far the objective at w is from its optimum, at most; None where nothing is proven, or not cheaply."""
    if objective.n_samples * objective.n_classes * 8 > GAP_BYTES:
        return None
    try:
        return objective.duality_gap(w)
    except ValueError:  # a loss or a penalty without a bound
        return None


def _print_epoch(epoch: Epoch) -> None:
    if epoch.number:
        tail = "" if epoch.score is None else f", validation score {epoch.score:.6f}"
        print(f"Epoch {epoch.number} of {epoch.epochs}: loss {epoch.loss:.6g}{tail}", flush=True)
