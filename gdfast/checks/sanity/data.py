"""Checks of the data: empty classes, constant features, features of very different scale."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...objective.linear.objective import LinearObjective
from ...protocols import Array, FloatArray
from .report import Finding, Severity

ELEMENTS = 1 << 24  # of X that are read, at most; rows evenly spread
BLOCK = 1 << 20  # elements at a time
SEEN_OFTEN = 10  # rows that must store an element of a sparse feature, or its width says nothing
UNEQUAL = 100.0  # times as wide: a step that suits one feature is 10,000 times too long for the other
WIDE = 100.0  # a typical feature so wide is no scaled one: raw pixels span 255
NARROW = 1e-4
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
    """Are the features, after mean and scale, of like size?"""
    with np.errstate(over="ignore", invalid="ignore"):
        low, high, mean, deviation, n_read = _statistics(objective)
        width = high - low  # NaN: not known
    rows = f"the {n_read:,} rows read" if n_read < objective.n_samples else "all rows"
    constant = np.flatnonzero(width == 0)
    if constant.size == width.size:
        return [Finding("features", Severity.PROBLEM, f"Every feature is constant in {rows}: X tells nothing.")]
    findings = []
    if constant.size:
        sentence = (
            f"{_of(constant.size, width.size, 'feature is', 'features are')} constant in {rows} (the first: "
            f"{constant[0]}): that does no harm, and leaving them out saves time."
        )
        findings.append(Finding("constant features", Severity.OK, sentence))
    width[~(width > 0)] = np.nan
    if np.isnan(width).all():
        sentence = f"No feature is stored in {SEEN_OFTEN} rows or more: their sizes say nothing."
        return [*findings, Finding("features", Severity.OK, sentence)]
    widest, narrowest = int(np.nanargmax(width)), int(np.nanargmin(width))
    ratio = width[widest] / width[narrowest]
    off = np.divide(np.abs(mean), deviation, out=np.zeros_like(mean), where=(deviation > 0) & (width > 0))
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
    elif typical < NARROW:
        sentence = (
            f"A typical feature spans {typical:.3g}: next to the bias, weights hardly move. {_advice(objective)}."
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
    """Of each feature, (n_features,); low and high are NaN where too few rows say anything."""

    low: FloatArray
    high: FloatArray
    mean: FloatArray
    deviation: FloatArray
    n_read: int


def _statistics(objective: LinearObjective) -> _Statistics:
    """Of each feature after mean and scale, ``(x - mean) / scale``, over rows that are evenly spread."""
    n, d = objective.n_samples, objective.n_features
    X = objective.linear_problem.rows.indexable()
    is_sparse = hasattr(X, "indptr")
    row_length = max(1, X.nnz // X.shape[0]) if is_sparse else d
    n_rows = min(n, max(1000, ELEMENTS // row_length))
    chosen = objective.indices[np.linspace(0, n - 1, n_rows).astype(np.int64)]
    parts = _of_sparse_rows(X[chosen]) if is_sparse else _of_dense_rows(X, chosen)
    offset = 0.0 if objective.mean is None else objective.mean
    low, high, mean = ((array - offset) / (1.0 if objective.scale is None else objective.scale) for array in parts[:3])
    return _Statistics(low, high, mean, parts[3] / (1.0 if objective.scale is None else objective.scale), n_rows)


def _of_dense_rows(X: Array, chosen: Array) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Least, largest, mean and standard deviation of each column of the chosen rows, a block at a time."""
    d = X.shape[1]
    low, high, total, squares = np.full(d, np.inf), np.full(d, -np.inf), np.zeros(d), np.zeros(d)
    step = max(1, BLOCK // d)
    centre = X[chosen[:step]].mean(axis=0, dtype=np.float64)  # near the mean, so that the squares lose no digits
    for first in range(0, chosen.size, step):
        block = X[chosen[first : first + step]].astype(np.float64)
        np.minimum(low, block.min(axis=0), out=low)
        np.maximum(high, block.max(axis=0), out=high)
        block -= centre
        total += block.sum(axis=0)
        squares += np.einsum("ij,ij->j", block, block)
    shift = total / chosen.size
    return low, high, centre + shift, np.sqrt(np.maximum(squares / chosen.size - shift**2, 0.0))


def _of_sparse_rows(rows: Any) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The same of CSR rows, which are a copy of our own; zeros that are not stored count."""
    n, d = rows.shape
    rows.sum_duplicates()
    columns, values = rows.indices, rows.data.astype(np.float64)
    stored = np.bincount(columns, minlength=d)
    low, high = np.where(stored == n, np.inf, 0.0), np.where(stored == n, -np.inf, 0.0)
    np.minimum.at(low, columns, values)
    np.maximum.at(high, columns, values)
    mean = np.bincount(columns, weights=values, minlength=d) / n
    square = np.bincount(columns, weights=values**2, minlength=d) / n
    rare = (stored > 0) & (stored < SEEN_OFTEN)
    low[rare], high[rare] = np.nan, np.nan
    return low, high, mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _of(some: int, all_of_them: int, one: str, many: str) -> str:
    noun = one if some == 1 else many
    return f"{some:,} of {all_of_them:,} " + noun if some > 1 else f"1 {noun}"


def row_keys(X: Any, indices: Array) -> list[bytes]:
    """What tells these rows of X from each other: equal rows have equal keys."""
    rows = X[indices]
    if not hasattr(rows, "indptr"):
        return [(row + row.dtype.type(0)).tobytes() for row in rows]  # -0 is 0
    rows.sum_duplicates()
    rows.eliminate_zeros()
    pairs = zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
    return [rows.indices[a:b].tobytes() + rows.data[a:b].tobytes() for a, b in pairs]
