"""Can it fit twenty samples exactly? What can't do that has no use for more."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...descent.line_searches import StrongWolfe
from ...descent.minimize import minimize
from ...descent.optimizers import LBFGS, NonlinearConjugateGradient
from ...objective.linear import LinearObjective
from ...objective.losses import SquaredHinge
from ...protocols import Array, FloatArray
from .data import row_keys
from .report import Finding, Severity

SAMPLES = 20
STEPS = 500
NEARLY = 0.01  # of the loss that a constant prediction has
ENOUGH = 1e-6  # of it: the descent may stop
LARGE = 1 << 20  # weights; for more L-BFGS would keep too many copies


def check_overfitting(data: LinearObjective) -> Finding:
    """Fit a few samples with the objective's own loss; `data` has no regularizer."""
    width = data.n_features + int(data.bias)
    order = spread(data)
    # A linear function of d features passes through d + 1 targets, no more; classes are often told apart beyond that.
    n = min(SAMPLES if data.loss.classifies else width, SAMPLES, order.size)
    chosen = order[:n]
    reached, at_first = _fit(data, chosen)
    if at_first <= 0:
        sentence = f"{_samples(n)} can't be learnt from: their targets are alike, or their weights are 0."
        return Finding("overfitting", Severity.OK, sentence)
    if reached <= NEARLY * at_first:
        return Finding("overfitting", Severity.OK, f"{_samples(n)} can be fitted: {_from_to(at_first, reached)}.")
    twins = _contradiction(data, chosen)
    if twins is not None:
        i, j = sorted(data.indices[chosen[list(twins)]])
        sentence = (
            f"{_samples(n)} can't be fitted, since rows {i} and {j} of X are identical and their labels differ: look "
            "at the labels of such rows, or add the feature that tells them apart."
        )
        return Finding("overfitting", Severity.WARNING, sentence)
    if n > width:
        fewer = order[:width]
        reached_by_fewer, at_first_of_fewer = _fit(data, fewer)
        if reached_by_fewer <= NEARLY * at_first_of_fewer:
            sentence = (
                f"{_samples(width)} can be fitted: {_from_to(at_first_of_fewer, reached_by_fewer)}. That {n} can't is "
                f"no bug: a linear function of {_count(data.n_features, 'feature')} doesn't tell them apart."
            )
            return Finding("overfitting", Severity.OK, sentence)
    stuck = f"{_samples(n)} can't be fitted: {_from_to(at_first, reached)} after {STEPS} steps of L-BFGS"
    if n <= width and _rank(data, chosen) == n:
        sentence = f"{stuck}, though a linear function through them exists. Scale the features, and check the gradient."
        return Finding("overfitting", Severity.PROBLEM, sentence)
    sentence = f"{stuck}. Their features don't determine their labels linearly: check the labels, or add features."
    return Finding("overfitting", Severity.WARNING, sentence)


def spread(objective: LinearObjective) -> Array:
    """All rows in a random order in which the classes take turns."""
    order = np.random.default_rng(0).permutation(objective.n_samples)
    if not objective.loss.classifies:
        return order
    labels = objective.y[order]
    by_class = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    turn = np.empty(order.size, dtype=np.int64)
    turn[by_class] = np.arange(order.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.argsort(turn, kind="stable")]


def _fit(data: LinearObjective, chosen: Array) -> tuple[float, float]:
    """The loss of these rows after a descent, and that of predicting no difference between them."""
    batch = data.rows(chosen)
    W = np.zeros(data.shape)
    optimizer = LBFGS() if W.size <= LARGE else NonlinearConjugateGradient()
    stages = [batch]
    if data.loss.has_kinks:  # descend on its square first, which is smooth and zero at the same weights
        stages.insert(0, batch.with_terms(SquaredHinge(data.loss.margin), None))
    at_first = batch.value(W) if data.loss.classifies else float(np.var(batch.y, axis=0).sum())

    def is_enough(k: int, w: Array, value: float) -> bool:
        return value <= ENOUGH * at_first

    for stage in stages:
        run = minimize(stage, W, optimizer, StrongWolfe(), max_steps=STEPS, gtol=0.0, callback=is_enough)
        W = run.best_w
    return batch.value(W), at_first


def _contradiction(data: LinearObjective, chosen: Array) -> tuple[int, int] | None:
    """Two of the rows that are identical, with different labels or targets."""
    y, keys = data.y[chosen], row_keys(data.X, data.indices[chosen])
    for j, key in enumerate(keys):
        i = keys.index(key)
        if np.any(y[i] != y[j]):
            return i, j
    return None


def _rank(data: LinearObjective, chosen: Array) -> int:
    """How many of the rows, as the model sees them, are linearly independent."""
    rows: Any = data.X[data.indices[chosen]]
    dense: FloatArray = np.asarray(rows.toarray() if hasattr(rows, "indptr") else rows, dtype=np.float64)
    seen = (dense - (0.0 if data.mean is None else data.mean)) / (1.0 if data.scale is None else data.scale)
    if data.bias:
        seen = np.column_stack([seen, np.ones(len(seen))])
    return int(np.linalg.matrix_rank(seen))


def _samples(n: int) -> str:
    return _count(n, "sample")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _from_to(at_first: float, reached: float) -> str:
    return f"the loss goes from {at_first:.3g} to {reached:.2g}"
