"""Fitting to rows that are read chunk by chunk: their statistics, their objective, and scores on those held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..objective.linear.objective import LinearObjective
from ..objective.regularizers.regularizers import Regularizer
from ..protocols import Array, FloatArray
from .chunked_data import ChunkedData, StandardizedSource
from .chunked_statistics import StandardizedChunks, chunked_statistics
from .evaluation import r2
from .feature_statistics import FeatureStatistics
from .settings import FULL_BATCH, OPTIMIZERS, VISITS_ROWS, Settings
from .split import Split


def standardized_chunks(
    settings: Settings, split: Split, y: Array, regularizer: Regularizer | None, n_classes: int | None
) -> tuple[FeatureStatistics | None, StandardizedChunks]:
    """The rows to train on, standardised by their statistics, with their objective: others have a weight of 0."""
    data, weights = split.X, split.training_weights()
    check_optimizer(settings, on_cluster=data.client is not None)
    options = {"bias": settings.fit_intercept, "sample_weight": weights, "n_classes": n_classes}
    statistics = mean = scale = known_norm = None
    if settings.standardize:  # the first pass over X refuses NaN
        plain = data.objective(y, settings.loss, **options)
        statistics = chunked_statistics(plain, centre=settings.fit_intercept)
        if data.client is None:
            del plain  # with the chunks that it holds; a cluster keeps them for the next objective
        data, mean, scale = _standardised(data, statistics)
        known_norm = float(((statistics.deviation / statistics.scale) ** 2).sum())
    objective = data.objective(
        y, settings.loss, regularizer, mean=mean, scale=scale, check_finite=not settings.standardize, **options
    )
    rows = StandardizedChunks(data, mean, scale, split.weights, split.chosen, known_norm, objective)
    return statistics, rows


def _standardised(
    data: ChunkedData, statistics: FeatureStatistics
) -> tuple[ChunkedData, FloatArray | None, FloatArray | None]:
    """The rows as they are with mean and scale to fold in; or standardised as they are read, and nothing to fold in."""
    mean, scale = statistics.mean, statistics.scale
    if mean is not None and not mean.any():
        mean = None
    if statistics.can_fold():
        return data, mean, scale
    if data.client is not None:
        raise ValueError(
            "X must be float64 on a cluster where features lie more than 1,000 deviations from 0, or hold numbers "
            f"beyond {data.dtype}: its dtype is {data.dtype}"
        )
    source = ChunkedData.of(StandardizedSource(data.source, mean, scale)).source
    return replace(data, source=source), None, None


def check_optimizer(settings: Settings, name: str = "optimizer", *, on_cluster: bool = False) -> None:
    """ValueError for what needs single rows at random; on a cluster also for what needs mini-batches."""
    optimizer = settings.optimizer
    if isinstance(optimizer, VISITS_ROWS):
        raise ValueError(
            f"{name} must not visit single rows again and again where they are read chunk by chunk; it is {optimizer!r}"
        )
    if not on_cluster:
        return
    if not (optimizer is None or settings.solves or isinstance(optimizer, FULL_BATCH)):
        names = ", ".join(key for key, kind in OPTIMIZERS.items() if kind in FULL_BATCH and kind not in VISITS_ROWS)
        raise ValueError(
            f"{name} must see all rows in every step on a cluster: None, solve, {names}; it is {optimizer!r}"
        )
    for given, needs in ((settings.early_stopping, "early_stopping"), (settings.learning_rate, "learning_rate")):
        if given and optimizer is None:
            raise ValueError(f"{needs} must be left out on a cluster, which takes no mini-batches; it is {given!r}")


def score_on_held_out(split: Split, rows: StandardizedChunks, y: Array) -> Callable[[Array], float]:
    """The score of weights on the rows held out: gathered into memory where they fit, else in a pass over all."""
    data, counts, objective = rows.X, split.held_out_weights, rows.objective
    assert split.held_out is not None
    order = np.argsort(split.held_out)  # rows are read in their order
    held_out, counts = split.held_out[order], None if counts is None else counts[order]
    own, loss = y[held_out], objective.loss
    if data.client is not None or not data.fits(len(held_out)):
        return lambda w: _score(loss, _answers(objective, w)[held_out], own, counts)
    gathered = LinearObjective(
        data.gathered(held_out), own, loss, bias=objective.bias, mean=rows.mean, scale=rows.scale,
        n_classes=objective.n_classes if loss.classifies else None,
    )  # fmt: skip
    return lambda w: _score(loss, answers_of_chunk(gathered, 1.0, w), own, counts)


def score_on_chunks(
    X_val: ChunkedData, y_val: Array, statistics: FeatureStatistics | None, trained: Any
) -> Callable[[Array], float]:
    """The score of weights of the objective `trained` on rows of the user's own, read chunk by chunk."""
    data, mean, scale = (X_val, None, None) if statistics is None else _standardised(X_val, statistics)
    loss = trained.loss
    own = data.objective(
        np.maximum(y_val, 0) if loss.classifies else y_val, loss, bias=trained.bias, mean=mean, scale=scale,
        n_classes=trained.n_classes if loss.classifies else None,
    )  # fmt: skip
    return lambda w: _score(loss, _answers(own, w), y_val, None)


def answers_of_chunk(objective: LinearObjective, share: float, W: Array) -> Array:
    """The classes that its rows are given, or their scores: of a function of one chunk."""
    return objective.predict(W) if objective.loss.classifies else objective.scores(W)


def _answers(objective: Any, w: Array) -> Array:
    return np.concatenate(list(objective.problem.each(answers_of_chunk, w)))


def _score(loss: Any, answers: Array, y: Array, counts: FloatArray | None) -> float:
    return float(np.average(answers == y, weights=counts)) if loss.classifies else r2(answers, y, counts)
