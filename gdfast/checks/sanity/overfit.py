"""Overfitting as a test: a linear model must fit twenty independent samples exactly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...descent.line_searches.searches import StrongWolfe
from ...descent.minimize import minimize
from ...descent.optimizers import LBFGS, NonlinearConjugateGradient
from ...descent.result import uninterrupted
from ...describe import counted
from ...objective.linear.objective import LinearObjective
from ...protocols import Array, FloatArray
from .data import row_keys
from .report import Finding, Severity

SAMPLES = 20
STEPS = 500
NEARLY = 0.01  # of the loss that a constant prediction has
ENOUGH = 1e-6  # of it: the descent may stop
SEARCHED = 200  # rows, to find independent ones
INDEPENDENT = 1e-6  # of a row's length: less is rounding, or too little to be learnt in a few steps
LARGE = 1 << 20  # weights; for more L-BFGS would keep too many copies


def check_overfitting(data: LinearObjective) -> Finding:
    """Fit a few samples with the objective's own loss; `data` has no regularizer."""
    order = interleave_classes(data)
    # A linear function passes through the targets of independent rows, no more; classes it often tells apart beyond.
    chosen = order[:SAMPLES] if data.loss.classifies else _independent(data, order)
    at_first, reached = _fit(data, chosen)
    many, change = counted(chosen.size, "sample"), f"the loss goes from {at_first:.3g} to {reached:.2g}"
    if not math.isfinite(at_first):
        sentence = f"{many} can't be learnt from: their loss is {at_first:.3g}. Divide the targets by a power of ten."
        return Finding("overfitting", Severity.PROBLEM, sentence)
    if at_first <= 0:
        sentence = f"{many} can't be learnt from: their targets are alike, or their weights are 0."
        return Finding("overfitting", Severity.OK, sentence)
    if reached <= NEARLY * at_first:
        return Finding("overfitting", Severity.OK, f"{many} can be fitted: {change}.")
    same = _contradiction(data, chosen)
    if same is not None:
        sentence = (
            f"{many} can't be fitted, since rows {same[0]} and {same[1]} of X are identical and their labels differ: "
            "check the labels of such rows, or add the feature that tells them apart."
        )
        return Finding("overfitting", Severity.WARNING, sentence)
    fewer = _independent(data, chosen)
    if fewer.size < chosen.size:
        at_first, reached = _fit(data, fewer)
        if reached <= NEARLY * at_first:
            sentence = (
                f"{counted(fewer.size, 'sample')} can be fitted. That {many} can't is no bug: a linear function of "
                f"{counted(data.n_features, 'feature')} need not tell them apart."
            )
            return Finding("overfitting", Severity.OK, sentence)
    sentence = (
        f"{many} can't be fitted, though the features allow it: {change} in {STEPS} steps of L-BFGS. Scale the "
        "features, and check value and gradient."
    )
    return Finding("overfitting", Severity.PROBLEM, sentence)


def interleave_classes(objective: LinearObjective) -> Array:
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
    """The loss that a constant prediction has on these rows, and the loss after a descent."""
    batch = data.rows(chosen)
    W = np.zeros(data.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        at_first = batch.value(W) if data.loss.classifies else float(np.var(batch.y, axis=0).sum())
    if not math.isfinite(at_first):
        return at_first, at_first
    stages = [batch]
    smooth = data.loss.smoothed()
    if smooth is not None:  # descend on that first: it is zero at the same weights
        stages.insert(0, batch.with_terms(smooth, None))

    def is_enough(k: int, w: Array, value: float) -> bool:
        return value <= ENOUGH * at_first

    optimizer = LBFGS() if W.size <= LARGE else NonlinearConjugateGradient()
    for stage in stages:
        run = minimize(stage, W, optimizer, StrongWolfe(), max_steps=STEPS, gtol=0.0, callback=is_enough)
        W = uninterrupted(run).best_w
    return at_first, batch.value(W)


def _contradiction(data: LinearObjective, chosen: Array) -> tuple[int, int] | None:
    """Two of the rows of X that are identical, with different labels."""
    y, keys = data.y[chosen], row_keys(data.linear_problem.rows.indexable(), data.indices[chosen])
    for j, key in enumerate(keys):
        i = keys.index(key)
        if np.any(y[i] != y[j]):
            first, second = sorted(int(row) for row in data.indices[chosen[[i, j]]])
            return first, second
    return None


def _independent(data: LinearObjective, order: Array) -> Array:
    """The first rows that are linearly independent after mean and scale: their scores may be anything."""
    basis: list[FloatArray] = []
    chosen = []
    X = data.linear_problem.rows.indexable()
    for i in order[:SEARCHED]:
        row: Any = X[data.indices[[i]]]
        z = np.ravel(row.toarray() if hasattr(row, "indptr") else row).astype(np.float64)
        z = (z - (0.0 if data.mean is None else data.mean)) / (1.0 if data.scale is None else data.scale)
        z = np.append(z, 1.0) if data.bias else z
        z /= max(float(np.abs(z).max()), np.finfo(np.float64).tiny)
        rest = z - sum(b * (b @ z) for b in basis)
        if np.linalg.norm(rest) > INDEPENDENT * np.linalg.norm(z):
            basis.append(rest / np.linalg.norm(rest))
            chosen.append(i)
        if len(chosen) == min(SAMPLES, z.size):
            break
    return np.array(chosen or order[:1])
