"""Fitting: standardise by feature statistics, build the objective, plan by the recipe, run it, unfold coefficients."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..descent.minimize import minimize
from ..descent.optimizers.capabilities import check_state, weight_like
from ..descent.result import Status
from ..objective.linear.objective import LinearObjective
from ..objective.regularizers.regularizers import L2, ElasticNet
from ..protocols import Array, FloatArray
from .choice import TINY_GTOL, chosen_optimizer
from .chunked_data import ChunkedData
from .chunked_fit import score_on_chunks, score_on_held_out, standardized_chunks
from .chunked_statistics import StandardizedChunks
from .evaluation import accuracy, r2
from .feature_statistics import (
    FeatureStatistics,
    coefficients_of,
    feature_statistics,
    weights_of,
    with_single_entries,
)
from .guarded_run import GuardedRun, SavedRun
from .proof import Proof
from .recipe import Plan, plan_for, plan_of_all_rows
from .row_norms import StandardizedRows, standardized_rows
from .settings import Settings, penalty, tolerance
from .split import Split

GAP_BYTES = 1 << 26
NOT_CONVERGED = "Maximum number of iteration reached before convergence. Consider increasing epochs to improve the fit."
NOT_PROVEN = (
    "The optimum was not proven to be within gap_tol. Give more epochs, a larger alpha, or for the hinge "
    "optimizer='dual_coordinate_ascent'."
)
STUCK = 1e-2
USEFUL = 0.9
"""A gap of this share of the objective or more says next to nothing: the optimum may be near zero."""

GIVEN_UP = (
    "The loss grew, or ceased to be finite, at every step that was tried: the weights are the best that were found. "
    "Leave optimizer and learning_rate to the recipe (None), or give a smaller learning_rate."
)


class Continuation(NamedTuple):
    """What `partial_fit` keeps of the optimizer: its state, and the units of y that it is in.

    Arrays of the state that are like weights (an average of them), and the weights where the run stands, from which
    such an answer differs, are kept as coefficients: the features' scale changes with each call.
    """

    optimizer: Any
    state: Any
    coefficients: dict[str, tuple[FloatArray, FloatArray]]
    offset: FloatArray
    unit: FloatArray


class Coefficients(NamedTuple):
    """Where a fit starts or ends: coefficients of each output, (k, d) and (k,), in the units of X and y; and what
    `partial_fit` needs of earlier calls: feature statistics, weight of the rows, steps and the optimizer's state."""

    coef: FloatArray
    intercept: FloatArray
    statistics: FeatureStatistics | None = None
    weight: float = 0.0
    steps: int = 0
    continuation: Continuation | None = None


@dataclass(frozen=True, eq=False)
class Standardized:
    """The objective of a split's rows, z = (x - mean) / scale with targets (y - offset) / unit, and the way back.

    `whole` has all rows of X, `objective` those to train on, whose mean class weight is `class_factor`; `offset` and
    `unit` are those of each output. Read chunk by chunk, the two are one objective, in which the others weigh nothing.
    """

    settings: Settings
    statistics: FeatureStatistics | None
    rows: StandardizedRows
    whole: Any
    objective: Any
    offset: FloatArray
    unit: FloatArray
    class_factor: float

    @staticmethod
    def of(
        settings: Settings,
        split: Split,
        n_outputs: int,
        offset: FloatArray | float,
        unit: FloatArray | float,
        *,
        class_factor: float = 1.0,
        weight: float | None = None,
        before: FeatureStatistics | None = None,
    ) -> Standardized:
        """Of the rows that the split chooses, with the penalty for rows of this weight (None: without).

        Mean and scale are those of the rows `before` as well, where these can be merged.
        """
        offset, unit = (np.broadcast_to(np.asarray(part, dtype=np.float64), n_outputs) for part in (offset, unit))
        classifies = settings.loss.classifies
        regularizer = (
            None if weight is None else penalty(settings, weight, n_outputs, _spread(settings, unit), class_factor)
        )
        y = split.y if classifies else _in_units(split.y, offset, unit)
        n_classes = n_outputs if classifies else None
        if isinstance(split.X, ChunkedData):
            known, chunks = standardized_chunks(settings, split, y, regularizer, n_classes)
            objective = chunks.objective
            return Standardized(settings, known, chunks, objective, objective, offset, unit, class_factor)
        statistics: FeatureStatistics | None = None
        if settings.standardize:
            statistics = feature_statistics(split.X, split.weights, split.chosen, centre=settings.fit_intercept)
            if before is not None and before.can_merge(statistics):
                statistics = before.merged(statistics)
        rows = standardized_rows(split.X, statistics, split.weights, split.chosen)
        whole = LinearObjective(
            rows.X, y, settings.loss, regularizer, bias=settings.fit_intercept, sample_weight=split.weights,
            mean=rows.mean, scale=rows.scale, n_classes=n_classes, check_finite=False,
        )  # fmt: skip
        objective = whole if split.chosen is None else whole.rows(split.chosen)
        return Standardized(settings, statistics, rows, whole, objective, offset, unit, class_factor)

    def in_units(self, y: Array) -> Array:
        """Targets in the model's units; labels as they are."""
        return y if self.settings.loss.classifies else _in_units(y, self.offset, self.unit)

    def penalty(self, alpha: float) -> L2 | ElasticNet:
        """That of an alpha."""
        unit = _spread(self.settings, self.unit)
        return penalty(replace(self.settings, alpha=alpha), 1.0, len(self.unit), unit, self.class_factor)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type that coefficients need."""
        can_fold = self.statistics is None or self.statistics.can_fold()
        return self.objective.arithmetic if can_fold else np.dtype(np.float64)

    def coefficients(self, w: Array) -> tuple[FloatArray, FloatArray]:
        """Those of X and y that these weights are."""
        with np.errstate(over="ignore", invalid="ignore"):  # `representable` says so
            coef, intercept = coefficients_of(w, self.statistics, self.settings.fit_intercept)
            if self.settings.loss.classifies:
                return coef, intercept
            return coef * self.unit[:, None], intercept * self.unit + self.offset

    def weights(self, coef: FloatArray, intercept: FloatArray) -> Array:
        """The weights that these coefficients are."""
        coef, intercept = coef / self.unit[:, None], (intercept - self.offset) / self.unit
        return weights_of(coef, intercept, self.statistics, self.settings.fit_intercept).astype(
            self.objective.arithmetic
        )


def _in_units(y: Array, offset: FloatArray, unit: FloatArray) -> Array:
    return (y - (offset[0] if y.ndim == 1 else offset)) / (unit[0] if y.ndim == 1 else unit)


def _spread(settings: Settings, unit: FloatArray) -> float:
    """The unit of y that the penalty is in: a robust loss takes its own."""
    return 1.0 if settings.loss.is_robust else float(unit[0])


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
    objective: Any
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
    class_factor: float = 1.0,
    offset: FloatArray | float = 0.0,
    unit: FloatArray | float = 1.0,
    endless: bool = False,
    observers: Sequence[Observer] = (),
    saved_run: SavedRun | None = None,
    progress: bool = False,
) -> Fit:
    """Train on the rows of the split.

    Parameters
    ----------
    weight : float
        What alpha = 1 / n counts: the rows' weight before that of classes.
    class_factor : float
        The mean of the class weights, which multiply the losses but not the penalty.
    offset, unit : float (k,)
        Trained on is (y - offset) / unit.
    endless : bool
        One epoch of a run without an end.
    observers : callables
        Each is told of every epoch.
    saved_run : SavedRun, optional
        Where the run is written to disk, and gone on with.
    progress : bool
        Of a run of `solve`: show a bar with the objective and its gap.
    """
    k = len(start.coef)
    weight += start.weight
    split = split._replace(X=with_single_entries(split.X))
    # The model sees z = (x - mean) / scale: of all rows that `partial_fit` was ever given, where it goes on.
    seen = Standardized.of(
        settings, split, k, offset, unit, class_factor=class_factor, weight=weight, before=start.statistics
    )
    rows, objective, coefficients = seen.rows, seen.objective, seen.coefficients

    def tell(number: int, w: Array, loss: float, score: float | None) -> bool:
        epoch = Epoch(number, plan.epochs, w, loss, score, partial(coefficients, w), seen.dtype)
        answers = [observe(epoch) for observe in observers]
        return any(answers)

    chosen = None if endless or settings.optimizer is not None else chosen_optimizer(settings, k, rows)
    if chosen is not None:
        plan = plan_of_all_rows(settings, *chosen)
    else:
        plan = plan_for(settings, k, rows, start.steps if endless else None)
    w0, optimizer_state = seen.weights(start.coef, start.intercept), None
    before = start.continuation if endless else None
    if before is not None and before.optimizer == plan.optimizer:
        averages = {name: seen.weights(*pair) for name, pair in before.coefficients.items()}
        there = averages.pop("w", w0)
        found = before.state._replace(**averages) if averages else before.state
        with suppress(ValueError):  # of another shape or type: a fresh state
            check_state(plan.optimizer, objective, there, found)
            w0, optimizer_state = there, found

    def new_run(plan: Plan) -> GuardedRun:
        run = GuardedRun(objective, w0, plan, tolerance(settings), settings.gap_tol)
        run.saved_run, run.progress = saved_run, progress
        run.optimizer_state = optimizer_state
        # Small data have more epochs, and as much more patience with them.
        stretch = 1 if plan.batches is None or endless else max(1, plan.epochs // settings.epochs)
        run.patience = settings.n_iter_no_change * stretch
        if score is not None:
            run.score = score
        if observers:
            run.end_epoch = tell
        return run

    score = _score_on(split, seen) if split.has_scores else None
    if settings.verbose:
        observers = (_print_epoch, *observers)
    if observers:
        tell(0, w0, math.nan, None)
    run = new_run(plan).run()
    if chosen is not None and _is_stuck(run):
        plan = plan_for(settings, k, rows)
        saved_run = None if saved_run is None else replace(saved_run, noted=None)
        run = new_run(plan).run()
    elif chosen is not None and chosen[1] == TINY_GTOL:
        _polish(run)
    best = run.best_scored[1] if settings.early_stopping else None
    w = run.w if best is None else best
    kept = None
    if endless and plan.batches is not None and run.optimizer_state is not None:
        names = weight_like(plan.optimizer)
        state = run.optimizer_state
        own = {"w": coefficients(run.last_w), **{name: coefficients(getattr(state, name)) for name in names}}
        kept = Continuation(plan.optimizer, state, own if names else {}, seen.offset, seen.unit)
    steps = plan.per_epoch if endless else run.epochs * plan.per_epoch
    if plan.batches is None:  # as many as would have led there row by row
        steps = max(settings.min_steps, settings.epochs * len(rows))
    found = coefficients(w)
    dtype = representable(*found, seen.dtype)
    end = Coefficients(*found, seen.statistics, weight, start.steps + steps, kept)
    gap = None if endless else _gap(settings, objective, run, best)
    complaint = None if run.finished else GIVEN_UP
    if plan.proves is not None:
        complaint = None if run.stopped else Proof.of(run.result, plan.proves).complaint()
    elif run.finished and not (endless or run.settled or run.stopped):
        if settings.gap_tol is not None:
            complaint = NOT_PROVEN
        elif settings.tol is not None:
            complaint = NOT_CONVERGED
    return Fit(split, objective, plan, run, end, dtype, gap, complaint)


def representable(coef: FloatArray, intercept: FloatArray, dtype: Any) -> Any:
    """The type in which these are finite: `dtype`, or float64; ValueError where there is none.

    The weights of z = (x - mean) / scale are finite; those of x need not be.
    """
    largest = max(float(np.abs(values).max(initial=0.0)) for values in (coef, intercept))
    if not math.isfinite(largest):
        raise ValueError(
            "X must have features for which coefficients are finite: where they are so small, or the learning_rate so "
            "large, coef_ is beyond 1e308; multiply them by a power of ten, or divide y"
        )
    return dtype if largest <= float(np.finfo(dtype).max) else np.dtype(np.float64)


def _is_stuck(run: GuardedRun) -> bool:
    """Whether no step was found though the gradient is large: beside outliers of 1e30 no change of the value shows."""
    has_no_step = run.result.status is Status.NO_DESCENT and run.result.gradient_norm > STUCK
    return not run.stopped and (has_no_step or not run.finished)


def _polish(run: GuardedRun) -> None:
    """Two full steps more, which no line search judges: a value's last digits hide what the gradient still shows.

    Losses of classes are told by differences of scores: the systems leave the sum of free biases to chance, which is 0.
    """
    after = minimize(run.objective, run.w, run.plan.optimizer, 1.0, max_steps=2, gtol=0.0)
    if after.gradient_norm < run.result.gradient_norm:
        run.w, run.value = np.array(after.w), after.value
    loss = run.objective.loss
    if loss.classifies and loss.has_kernel and run.objective.bias:
        run.w = np.array(run.w)
        run.w[:, -1] -= run.w[:, -1].mean()


def _score_on(split: Split, seen: Standardized) -> Callable[[Array], float]:
    """The score of weights on the held-out rows, or on the user's own."""
    whole, loss = seen.whole, seen.settings.loss
    measure = accuracy if loss.classifies else r2
    if isinstance(seen.rows, StandardizedChunks) and split.X_val is None:
        return score_on_held_out(split, seen.rows, seen.in_units(split.y))
    if isinstance(split.X_val, ChunkedData):
        assert split.y_val is not None
        return score_on_chunks(split.X_val, seen.in_units(split.y_val), seen.statistics, seen.objective)
    if split.X_val is None:
        assert split.held_out is not None
        held_out, y, counts = whole.rows(split.held_out), seen.in_units(split.y)[split.held_out], split.held_out_weights
        return lambda w: measure(held_out.scores(w), y, counts)
    assert split.y_val is not None
    rows, y_val = standardized_rows(split.X_val, seen.statistics, None, None), seen.in_units(split.y_val)
    own = LinearObjective(
        rows.X, np.maximum(y_val, 0) if loss.classifies else y_val, loss, bias=whole.bias, mean=rows.mean,
        scale=rows.scale, n_classes=whole.n_classes if loss.classifies else None, check_finite=False,
    )  # fmt: skip
    return lambda w: measure(own.scores(w), y_val, None)


def _gap(settings: Settings, objective: Any, run: GuardedRun, best: Array | None) -> float | None:
    """The run's own bound, or one from the weights where it is asked for; None where it says next to nothing."""
    known = run.result.duality_gap if best is None and run.finished else None
    if run.plan.proves is not None:
        return known
    w = run.w if best is None else best
    if settings.certify or (settings.gap_tol is not None and known is None):
        own = proven_gap(objective, w)
        known = own if known is None or (own is not None and own < known) else known
    value = run.value if best is None else math.inf
    return None if known is None or known >= USEFUL * value else known


def proven_gap(objective: Any, w: Array) -> float | None:
    """How far the objective at w is from its optimum, at most; None where nothing is proven, or not cheaply."""
    if objective.n_samples * objective.n_classes * 8 > GAP_BYTES:
        return None
    try:
        gap: float | None = objective.duality_gap(w)
    except ValueError:  # a loss or a penalty without a bound
        return None
    return gap


def _print_epoch(epoch: Epoch) -> None:
    if epoch.number:
        tail = "" if epoch.score is None else f", validation score {epoch.score:.6f}"
        print(f"Epoch {epoch.number} of {epoch.epochs}: loss {epoch.loss:.6g}{tail}", flush=True)
