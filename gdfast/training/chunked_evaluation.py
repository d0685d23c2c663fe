"""Evaluation of a model on rows that are read chunk by chunk: one pass, for what it was trained on and the rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..model import Model
from ..objective.linear.objective import LinearObjective
from ..protocols import Array
from .chunked_data import ChunkedData
from .evaluation import Evaluation, scores_in_blocks

Tally = tuple[Any, ...]


def tally_of_chunk(objective: LinearObjective, share: float, model: Model) -> Tally:
    """Of its rows of weight 1, then of the others: their number, loss, and confusion or sums of residuals."""
    weights = objective.linear_problem.rows.sample_weight
    trains = np.full(objective.n_samples, share > 0) if weights is None else weights > 0
    y = objective.y if model.loss.classifies else objective.y[:, 0]
    tallies = [_tally(model, objective.X, y, np.flatnonzero(some)) for some in (trains, ~trains)]
    return (*tallies[0], *tallies[1])


def _tally(model: Model, X: Any, y: Array, rows: Array) -> Tally:
    first, loss, details = 0, 0.0, _no_details(model)
    for scores in scores_in_blocks(model, X, rows):
        own = y[rows[first : first + len(scores)]]
        if model.loss.classifies:
            k = len(model.W)
            details += np.bincount(own * k + scores.argmax(axis=1), minlength=k * k).reshape(k, k)
            loss += model.loss.value(scores, own) * len(scores)
        else:
            wide = scores.astype(np.float64)
            residuals = own - wide[:, 0]
            details += residuals @ residuals, np.abs(residuals).sum()
            loss += model.loss.value(wide, own) * len(scores)
        first += len(scores)
    return first, loss, details


def _no_details(model: Model) -> Array:
    return np.zeros((len(model.W), len(model.W)), dtype=np.int64) if model.loss.classifies else np.zeros(2)


def evaluate_chunks(
    model: Model, data: ChunkedData, y: Array, held_out: Array | None = None
) -> tuple[Evaluation, Evaluation | None]:
    """Evaluate the model on the rows that are not held out, and on those that are, in one pass over X.

    Where the data have a cluster, its workers do it.
    """
    trains = None if held_out is None else np.ones(len(y), dtype=bool)
    if trains is not None:
        trains[held_out] = False
    weights = None if trains is None else trains.astype(np.float64)
    n_classes = len(model.W) if model.loss.classifies else None
    objective = data.objective(y, model.loss, sample_weight=weights, n_classes=n_classes)
    found = objective.problem.sum(tally_of_chunk, model)
    first = _evaluation(model, found[:3], y if trains is None else y[trains])
    return first, None if held_out is None else _evaluation(model, found[3:], y[held_out])


def _evaluation(model: Model, tally: Tally, y: Array) -> Evaluation:
    rows, loss, details = tally
    if model.loss.classifies:
        right = float(np.trace(details) / rows)
        return Evaluation(rows, loss / rows, accuracy=right, confusion=np.asarray(details))
    mean_square, variance = float(details[0] / rows), float(np.mean((y - y.mean()) ** 2))
    return Evaluation(
        rows,
        loss / rows,
        r2=1 - mean_square / variance if variance > 0 else None,
        rmse=mean_square**0.5,
        mean_absolute_error=float(details[1] / rows),
    )
