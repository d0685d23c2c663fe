"""Do the labels and the features look as a linear model likes them? Read from the data alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...objective.linear import LinearObjective
from ...protocols import Array, FloatArray
from .report import Finding, Severity

ELEMENTS = 1 << 24  # of X that are looked at, at most; rows evenly spread
UNEQUAL = 100.0  # times as wide: a step that suits one feature is 10,000 times too long for the other
WIDE = 100.0  # a typical feature so wide is no scaled one: raw pixels span 255
OFF_CENTRE = 100.0  # standard deviations from 0: beside the bias such a feature is a second bias


def check_labels(objective: LinearObjective) -> Finding:
    """Is there something to learn in y?"""
    y = objective.y
    if not objective.loss.classifies:
        if (y == y[0]).all():
            return Finding("labels", Severity.WARNING, "All targets are the same: there is nothing to learn. Check y.")
        return Finding("labels", Severity.OK, f"The targets range from {y.min():.4g} to {y.max():.4g}.")
    counts = np.bincount(y, minlength=objective.n_classes)
    empty = np.flatnonzero(counts == 0)
    if empty.size >= objective.n_classes - 1:
        sentence = f"All samples are of class {int(y[0])}: there is nothing to tell apart. Check y."
        return Finding("labels", Severity.PROBLEM, sentence)
    if empty.size:
        sentence = (
            f"{_of(empty.size, objective.n_classes, 'class has', 'classes have')} no samples (the first: {empty[0]}), "
            "so their scores are only ever pushed down. Check y and n_classes, or number the classes without gaps."
        )
        return Finding("labels", Severity.WARNING, sentence)
    each = f"{counts.min():,}" if counts.min() == counts.max() else f"{counts.min():,} to {counts.max():,}"
    return Finding("labels", Severity.OK, f"Each of the {objective.n_classes} classes has samples: {each}.")


def check_features(objective: LinearObjective) -> list[Finding]:
    """Are the features, as the model sees them, of like size?"""
    low, high, mean, deviation, looked_at = _statistics(objective)
    rows = f"the {looked_at:,} rows looked at" if looked_at < objective.n_samples else f"all {looked_at:,} rows"
    varies = high > low
    if not varies.any():
        return [Finding("features", Severity.PROBLEM, f"Every feature is constant in {rows}: X tells nothing.")]
    findings = []
    constant = np.flatnonzero(~varies)
    if constant.size:
        sentence = (
            f"{_of(constant.size, varies.size, 'feature is', 'features are')} constant in {rows} (the first: "
            f"{constant[0]}): that does no harm, and leaving them out saves time."
        )
        findings.append(Finding("constant features", Severity.OK, sentence))
    width = np.where(varies, high - low, np.nan)
    widest, narrowest = int(np.nanargmax(width)), int(np.nanargmin(width))
    ratio = width[widest] / width[narrowest]
    off = np.divide(np.abs(mean), deviation, out=np.zeros_like(mean), where=varies & (deviation > 0))
    typical = float(np.nanmedian(width))
    severity = Severity.WARNING
    if ratio > UNEQUAL:
        sentence = (
            f"Feature {widest} spans {width[widest]:.3g} and feature {narrowest} only {width[narrowest]:.3g}: no step "
            f"suits both. {_advice(objective)}."
        )
    elif typical > WIDE:
        sentence = (
            f"A typical feature spans {typical:.3g}, as raw pixels do: only tiny steps descend, and the bias hardly "
            f"moves. {_advice(objective)}."
        )
    elif off.max() > OFF_CENTRE and objective.bias:
        j = int(off.argmax())
        sentence = (
            f"Feature {j} is {mean[j]:.4g} give or take {deviation[j]:.2g}: beside the bias it is a second bias, and "
            f"descent is slow. {_advice(objective)}."
        )
    else:
        severity = Severity.OK
        sentence = f"The features are of like size: they span {width[narrowest]:.3g} to {width[widest]:.3g}."
    findings.append(Finding("features", severity, sentence))
    return findings


def _advice(objective: LinearObjective) -> str:
    """How to standardise; sparse rows can't be centred."""
    if hasattr(objective.X, "indptr"):
        return "Give scale= the largest of each feature, or its standard deviation"
    return "Give mean=X.mean(axis=0) and scale=X.std(axis=0), with 1 where that is 0; X stays as it is"


class _Statistics(NamedTuple):
    low: FloatArray
    high: FloatArray
    mean: FloatArray
    deviation: FloatArray
    looked_at: int


def _statistics(objective: LinearObjective) -> _Statistics:
    """Of each feature as the model sees it, ``(x - mean) / scale``, over rows that are evenly spread."""
    n, d = objective.n_samples, objective.n_features
    n_rows = min(n, max(1000, ELEMENTS // d))
    chosen = objective.indices[np.linspace(0, n - 1, n_rows).astype(np.int64)]
    low, high, total, squares = np.full(d, np.inf), np.full(d, -np.inf), np.zeros(d), np.zeros(d)
    centre = np.zeros(d)  # close to the mean, so that the squares lose no digits
    step = max(1, (1 << 20) // d)
    for first in range(0, n_rows, step):
        block = objective.X[chosen[first : first + step]]
        if hasattr(block, "indptr"):
            block_low, block_high, sums, block_squares = _sparse_parts(block)
        else:
            dense = np.asarray(block, dtype=np.float64)
            if first == 0:
                centre = dense.mean(axis=0)
            block_low, block_high = dense.min(axis=0), dense.max(axis=0)
            dense = dense - centre
            sums, block_squares = dense.sum(axis=0), np.square(dense).sum(axis=0)
        np.minimum(low, block_low, out=low)
        np.maximum(high, block_high, out=high)
        total += sums
        squares += block_squares
    shift = total / n_rows
    deviation = np.sqrt(np.maximum(squares / n_rows - shift**2, 0.0))
    offset = 0.0 if objective.mean is None else objective.mean
    scale = np.ones(d) if objective.scale is None else np.asarray(objective.scale)
    return _Statistics(
        (low - offset) / scale,
        (high - offset) / scale,
        (centre + shift - offset) / scale,
        deviation / scale,
        n_rows,
    )


def _sparse_parts(block: Any) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Least, largest, sum and sum of squares of each column of CSR rows, the zeros that are not stored included."""
    n, d = block.shape
    block.sum_duplicates()  # a copy of our own: rows were chosen
    stored, values = np.asarray(block.indices), np.asarray(block.data, dtype=np.float64)
    full = np.bincount(stored, minlength=d) == n
    low, high = np.where(full, np.inf, 0.0), np.where(full, -np.inf, 0.0)
    np.minimum.at(low, stored, values)
    np.maximum.at(high, stored, values)
    sums = np.bincount(stored, weights=values, minlength=d)
    return low, high, sums, np.bincount(stored, weights=values**2, minlength=d)


def _of(some: int, all_of_them: int, one: str, many: str) -> str:
    noun = one if some == 1 else many
    return f"{some:,} of {all_of_them:,} " + noun if some > 1 else f"1 {noun}"


def row_keys(X: Array, indices: Array) -> list[bytes]:
    """What tells these rows of X from each other: equal rows have equal keys."""
    rows = X[indices]
    if not hasattr(rows, "indptr"):
        return [np.ascontiguousarray(row + 0.0 if row.dtype.kind == "f" else row).tobytes() for row in rows]
    rows.sum_duplicates()
    rows.eliminate_zeros()
    pairs = zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
    return [rows.indices[a:b].tobytes() + rows.data[a:b].tobytes() for a, b in pairs]
