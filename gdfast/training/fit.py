"""From checked data to coefficients: columns, objective, plan, run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..objective.linear.objective import LinearObjective
from ..protocols import Array, FloatArray
from .feature_statistics import Columns, columns_of
from .guarded_run import Keep, Outcome, Watch, train
from .recipe import Plan, Wishes, plan_for
from .row_norms import rows_seen
from .settings import Settings
from .split import Data
from .units import coefficients_of, weights_of

GAP_BYTES = 1 << 26
NOT_CONVERGED = "Maximum number of iteration reached before convergence. Consider increasing epochs to improve the fit."
GIVEN_UP = (
    "The loss grew, or ceased to be finite, at every step that was tried: the weights are the best that were found. "
    "Leave optimizer and learning_rate to the recipe (None), or give a smaller learning_rate."
)


class FitTask(Protocol):
    """The epochs of one fit, told to whoever watches it: scikit-learn's callbacks, or nobody.

    `attributes` make a fitted estimator of what there is; `end_epoch` is True where a watcher asks to stop.
    """

    is_watched: bool

    def begin_epoch(self, attributes: Callable[[], dict[str, Any]]) -> None: ...

    def end_epoch(self, attributes: Callable[[], dict[str, Any]]) -> bool: ...

    def end(self) -> None: ...


class Start(NamedTuple):
    """Where to start: coefficients of each output, (k, d) and (k,); and what `partial_fit` knows from earlier calls:
    columns, weight of the rows and steps."""

    coef: FloatArray
    intercept: FloatArray
    columns: Columns | None = None
    weight: float = 0.0
    steps: int = 0


@dataclass(frozen=True)
class Learned:
    """Where a fit led; `dtype` is the type that the coefficients need, `after` what a later call goes on from.

    `plan` is what was to be done, `complaint` a sentence where that did not go well. `objective` is what was minimised,
    from `w0`.
    """

    dtype: Any
    outcome: Outcome
    scores: list[float]
    gap: float | None
    after: Start
    task: FitTask
    plan: Plan
    complaint: str | None
    objective: LinearObjective
    w0: Array


@dataclass(frozen=True)
class Listener:
    """Who hears of the run: the callbacks' task, made once the number of epochs is known, and what makes an
    estimator's attributes of coefficients; `epoch(number, of, loss, score)` hears of the end of each, and
    `weights(number, of, w)` of the weights there."""

    task: Callable[[int], FitTask]
    attributes: Callable[[FloatArray, FloatArray, Any], dict[str, Any]]
    epoch: Callable[[int, int, float, float | None], None] | None = None
    weights: Callable[[int, int, Array], None] | None = None


def learn(
    settings: Settings,
    data: Data,
    start: Start,
    weight: float,
    listener: Listener,
    *,
    score: Callable[[Array, Array, FloatArray | None], float] | None = None,
    unit: float = 1.0,
    for_ever: bool = False,
    keep: Keep | None = None,
) -> Learned:
    """Train on the data.

    `weight` is what alpha = 1 / n counts, the rows' weight before that of classes; `score(scores, truth, weights)`
    judges what is held out; `unit` is what targets were divided by; `for_ever`: one epoch of a run without an end;
    `keep` says where the run is written to disk.
    """
    bias, k = settings.fit_intercept, len(start.coef)
    columns: Columns | None = None
    if settings.standardize:
        columns = columns_of(data.X, data.weights, data.chosen, centre=bias)
        if start.columns is not None and start.columns.goes_with(columns):
            columns = start.columns.merged(columns)
    rows = rows_seen(data.X, columns, data.weights, data.chosen)
    weight += start.weight
    whole = LinearObjective(
        rows.X, data.truth, settings.loss, settings.penalty(weight, unit), bias=bias, sample_weight=data.weights,
        mean=rows.mean, scale=rows.scale, n_classes=k if settings.loss.classifies else None, check_finite=False,
    )  # fmt: skip
    objective = whole if data.chosen is None else whole.rows(data.chosen)
    wishes = Wishes(settings.optimizer, settings.learning_rate, settings.batch_size, settings.epochs,
                    settings.min_steps, settings.seed, lazy=settings.l1_ratio == 0)  # fmt: skip
    plan = plan_for(wishes.going_on(start.steps) if for_ever else wishes, settings.loss, k, rows)
    dtype = objective.arithmetic if columns is None or columns.folds() else np.dtype(np.float64)

    # Small data have more epochs, and as much more patience with them.
    stretch = 1 if plan.batches is None or for_ever else max(1, plan.epochs // settings.epochs)
    watch = Watch(settings.tol, settings.n_iter_no_change * stretch)
    if data.held is not None and score is not None:
        held, judge = data.held, whole.rows(data.held)
        watch.score = lambda w: score(judge.scores(w), data.truth[held], data.held_weights)
    w0 = weights_of(start.coef, start.intercept, columns, bias).astype(objective.arithmetic)
    task = listener.task(plan.epochs)

    def attributes(w: Array) -> Callable[[], dict[str, Any]]:
        return lambda: listener.attributes(*coefficients_of(w, columns, bias), dtype)

    watch.end = _at_the_end_of_an_epoch(settings.verbose, plan, task, attributes, listener)
    task.begin_epoch(attributes(w0))
    outcome = train(objective, w0, plan, watch, keep)
    best = watch.best_scored[1] if settings.early_stopping else None
    w = outcome.w if best is None else best
    complaint = None
    if not outcome.finished:
        complaint = GIVEN_UP
    elif settings.must_settle and not (for_ever or outcome.settled or watch.stopped):
        complaint = NOT_CONVERGED
    after = Start(*coefficients_of(w, columns, bias), columns, weight, start.steps + plan.per_epoch)
    gap = proven_gap(objective, w) if settings.certify and not for_ever else None
    return Learned(dtype, outcome, watch.scores, gap, after, task, plan, complaint, objective, w0)


def _at_the_end_of_an_epoch(
    verbose: int,
    plan: Plan,
    task: FitTask,
    attributes: Callable[[Array], Callable[[], dict[str, Any]]],
    listener: Listener,
) -> Callable[[int, Array, float, float | None], bool] | None:
    """Print and tell; None where nobody wants to know."""
    heard, weights = listener.epoch, listener.weights
    if not (verbose or task.is_watched or heard or weights):
        return None

    def end(epoch: int, w: Array, loss: float, score: float | None) -> bool:
        if heard is not None:
            heard(epoch, plan.epochs, loss, score)
        if weights is not None:
            weights(epoch, plan.epochs, w)
        if verbose:
            tail = "" if score is None else f", validation score {score:.6f}"
            print(f"Epoch {epoch} of {plan.epochs}: loss {loss:.6g}{tail}", flush=True)
        if not task.is_watched:
            return False
        stop = task.end_epoch(attributes(w))
        if not stop and epoch < plan.epochs:
            task.begin_epoch(attributes(w))
        return stop

    return end


def proven_gap(objective: LinearObjective, w: Array) -> float | None:
    """How far the objective at w is from its optimum, at most; None where nothing is proven, or not cheaply."""
    if objective.n_samples * objective.n_classes * 8 > GAP_BYTES:
        return None
    try:
        return objective.duality_gap(w)
    except ValueError:  # a loss or a penalty without a bound
        return None
