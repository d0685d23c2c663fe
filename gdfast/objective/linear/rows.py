"""Rows of X as a linear model sees them, with their labels or targets and weights: resolved once, and never changed.

A row is ``z = [(x - mean) / scale, 1]``, without the 1 where there is no bias; X itself is used where it lies. A
mini-batch is a Rows with an `index` into the same arrays.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ... import _kernels
from ..._arrays import (
    check_columns,
    check_flag,
    check_integer,
    check_labels,
    check_matrix,
    check_sample_weight,
    check_targets,
)
from ..._derived import derived
from ...protocols import Array, FloatArray
from ..losses.base import Loss

SCANNED_BYTES = 1 << 20
LARGE_OFFSET = 1e4
DIGESTED_ROWS = 64
GATHERED_ROWS = 256


class Counter:
    """How many rows were visited. Those of a mini-batch count for the whole as well."""

    __slots__ = ("parent", "visited")

    def __init__(self, parent: Counter | None = None) -> None:
        self.parent = parent
        self.visited: float = 0

    def add(self, rows: float) -> None:
        """So many more: halves where one of a pass's two products is made."""
        counter: Counter | None = self
        while counter is not None:
            counter.visited += rows
            counter = counter.parent

    def chain(self) -> list[Counter]:
        """Itself and all that its rows count for."""
        return [self, *(() if self.parent is None else self.parent.chain())]


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a linear objective.

    Attributes
    ----------
    X : as given; `matrix` is what the kernels read of it
    labels, targets, sample_weight, mean, scale : read-only arrays, for all rows of X
    index : int64 (n_samples,) or None
        Which rows of X these are; None: all of them.
    flat_targets : bool
        Targets came as (n,).
    mean_weight : float
        Of all rows of X: what makes mini-batches unbiased.
    n_samples, n_features : int
    shape : tuple
        Of W: a row for each class or output.
    in_float64 : bool
        The arithmetic is float64 whatever X is.
    is_sparse, is_wide : bool
        X is CSR; the arithmetic is float64 (else float32).
    """

    X: Any
    matrix: Array | _kernels.SparseRows
    labels: Array | None
    targets: FloatArray | None
    sample_weight: FloatArray | None
    mean: FloatArray | None
    scale: FloatArray | None
    n_classes: int
    bias: bool
    flat_targets: bool
    mean_weight: float
    index: Array | None
    counter: Counter
    in_float64: bool = False
    n_samples: int = field(init=False)
    n_features: int = field(init=False)
    shape: tuple[int, int] = field(init=False)
    is_sparse: bool = field(init=False)
    is_wide: bool = field(init=False)

    def __post_init__(self) -> None:
        n, d = self.matrix.shape
        self.__dict__.update(
            n_samples=n if self.index is None else self.index.size,
            n_features=d,
            shape=(self.n_classes, d + int(self.bias)),
            is_sparse=isinstance(self.matrix, _kernels.SparseRows),
            is_wide=self.in_float64 or self.matrix.dtype == np.float64,
        )

    def chosen(self, index: Array) -> Rows:
        """Some of these rows, whose visits count here too."""
        # A mini-batch is made in every step: this is several times as fast as the dataclass's own __init__.
        other = object.__new__(Rows)
        known = other.__dict__
        known.update(self.__dict__)
        for name in DERIVED:
            known.pop(name, None)
        known["index"] = index if self.index is None else self.index[index]
        known["n_samples"] = index.size
        known["counter"] = Counter(self.counter)
        return other

    def again(self) -> Rows:
        """The same rows, whose visits count from 0, and here too."""
        return replace(self, counter=Counter(self.counter))

    def uncounted(self) -> Rows:
        """The same rows, whose visits count nowhere else."""
        return replace(self, counter=Counter())

    # ---- facts ----

    @property
    def arithmetic(self) -> np.dtype[Any]:
        """The type that scores and gradients are computed in."""
        return np.dtype(np.float64 if self.is_wide else np.float32)

    @property
    def normalizer(self) -> float:
        """The data term is this times ``sum_i w_i loss_i``."""
        return 1 / (self.n_samples * self.mean_weight)

    @property
    def entries_per_row(self) -> float:
        """How many numbers of a row a pass reads, in the mean."""
        if not isinstance(self.matrix, _kernels.SparseRows):
            return float(self.n_features)
        return float(self.matrix.starts[-1]) / self.matrix.shape[0]

    @derived
    def y(self) -> Array:
        """The labels (n_samples,) or targets (n_samples, n_classes) of these rows."""
        y = self.targets if self.labels is None else self.labels
        assert y is not None
        return y if self.index is None else y[self.index]

    @derived
    def weights(self) -> FloatArray | None:
        """The sample weights of these rows."""
        if self.sample_weight is None or self.index is None:
            return self.sample_weight
        return self.sample_weight[self.index]

    @derived
    def normalized_weights(self) -> FloatArray:
        """u: the data term is ``sum_i u_i loss_i``, (n_samples,)."""
        if self.weights is None:
            return np.full(self.n_samples, 1 / self.n_samples)
        return np.asarray(self.weights / (self.n_samples * self.mean_weight))

    @derived
    def whole(self) -> float:
        """``sum_i u_i``: 1, but for a mini-batch of weighted rows."""
        return float(self.normalized_weights.sum())

    @property
    def places(self) -> Any:
        """Where these rows stand in X: its index, or all."""
        return slice(None) if self.index is None else self.index

    # ---- X, whoever changes it meanwhile ----

    def columns_of(self, entries: slice) -> Array:
        """Columns of some entries of sparse X: a copy that was checked, because the user's may have changed since."""
        assert isinstance(self.matrix, _kernels.SparseRows)
        columns: Array = self.matrix.indices[entries].copy()
        if columns.size and not 0 <= columns.min() <= columns.max() < self.n_features:
            raise ValueError(
                "X.indices must not change while X is in use: one of them is not in [0, n_features) any more"
            )
        return columns

    def indexable(self) -> Any:
        """X to index and to multiply; sparse as scipy's array, which trusts its indices: see `columns_of`."""
        if not isinstance(self.matrix, _kernels.SparseRows):
            return self.matrix
        import scipy.sparse

        entries = slice(int(self.matrix.starts[-1]))
        parts = (self.matrix.values[entries], self.columns_of(entries), self.matrix.starts)
        return scipy.sparse.csr_array(parts, shape=self.matrix.shape)

    # ---- what the model sees ----

    def seen(self, some: Array) -> FloatArray:
        """Some of the rows, the bias's 1 included: (m, shape[1])."""
        at = some if self.index is None else self.index[some]
        dense = np.ones((some.size, self.shape[1]))
        part = dense[:, : self.n_features]
        if isinstance(self.matrix, _kernels.SparseRows):
            part[...] = 0.0
            starts = self.matrix.starts
            for k, i in enumerate(at.tolist()):
                entries = slice(starts[i], starts[i + 1])
                np.add.at(part[k], self.columns_of(entries), self.matrix.values[entries])
        else:
            part[...] = self.matrix[at]
        if self.mean is not None:
            part -= self.mean
        if self.scale is not None:
            part /= self.scale
        return dense

    def seen_columns(self, columns: Array) -> FloatArray:
        """Some columns of all rows, the bias's 1 where it is among them: (n_samples, len(columns)), float64."""
        seen = np.empty((columns.size, self.n_samples))
        self.fill_columns(columns, seen)
        return seen.T

    def fill_columns(self, columns: Array, out: FloatArray) -> None:
        """Some columns of all rows, the bias's 1 where it is among them: out (len(columns), n_samples)."""
        if isinstance(self.matrix, _kernels.SparseRows):
            out[columns < self.n_features] = self._sparse_columns(columns[columns < self.n_features])
        elif self.n_features:
            some = np.minimum(columns, self.n_features - 1)
            for first in range(0, self.n_samples, GATHERED_ROWS):  # what is read and what is written stay in the cache
                block = slice(first, min(first + GATHERED_ROWS, self.n_samples))
                rows = self.matrix[block if self.index is None else self.index[block]]
                out[:, block] = rows.take(some, axis=1).T
        for place, column in enumerate(columns):
            if column == self.n_features:
                out[place] = 1.0
                continue
            if self.mean is not None:
                out[place] -= self.mean[column]
            if self.scale is not None:
                out[place] /= self.scale[column]

    def _sparse_columns(self, features: Array) -> FloatArray:
        """Unscaled: (len(features), n_samples)."""
        some = self.indexable()[:, features].toarray()
        return np.asarray((some if self.index is None else some[self.index]).T, dtype=np.float64)

    @derived
    def reach(self) -> FloatArray:
        """At least max_i |z_ij|, (shape[1],), 1 for the bias; X is scanned once."""
        reach = self._largest_elements + (0.0 if self.mean is None else np.abs(self.mean))
        if self.scale is not None:
            with np.errstate(over="ignore"):
                reach = reach / self.scale
        return np.append(reach, 1.0) if self.bias else reach

    @derived
    def largest_seen(self) -> float:
        """The largest element of some rows, as the model sees them."""
        if isinstance(self.matrix, _kernels.SparseRows):
            n = min(int(self.matrix.starts[-1]), 1 << 20)
            scale = 1.0 if self.scale is None else self.scale[self.columns_of(slice(n))]
            return float(np.abs(self.matrix.values[:n] / scale).max(initial=0.0))
        some = self.matrix[: 1 << 10] if self.index is None else self.matrix[self.index[: 1 << 10]]
        x = some.astype(np.float64) - (0.0 if self.mean is None else self.mean)
        return float(np.abs(x / (1.0 if self.scale is None else self.scale)).max())

    @derived
    def _largest_elements(self) -> FloatArray:
        """At least max_i |x_ij|, over the rows of the whole or of this mini-batch."""
        largest = np.zeros(self.n_features)
        if isinstance(self.matrix, _kernels.SparseRows):
            starts = self.matrix.starts
            indices = self.columns_of(slice(starts[-1]))
            sizes = np.abs(self.matrix.values[: starts[-1]]).astype(np.float64)
            is_rising = indices[1:] > indices[:-1]
            is_rising[starts[(starts > 0) & (starts < indices.size)] - 1] = True
            if not is_rising.all():  # an element may be a sum of several entries
                return np.asarray(np.bincount(indices, weights=sizes, minlength=self.n_features), dtype=np.float64)
            np.maximum.at(largest, indices, sizes)
            return largest
        step = max(1, SCANNED_BYTES // (self.n_features * self.matrix.itemsize))
        for first in range(0, self.n_samples, step):
            part: Any = slice(first, first + step) if self.index is None else self.index[first : first + step]
            block = self.matrix[part]
            np.maximum(largest, block.max(axis=0), out=largest)
            if block.dtype != np.uint8:
                np.maximum(largest, -block.min(axis=0), out=largest)
        return largest

    # ---- what tells them from others ----

    def entries(self) -> list[Array]:
        """The elements of these rows of X, of sparse ones values and indices."""
        if not isinstance(self.matrix, _kernels.SparseRows):
            return [self.matrix[self.places]]
        starts = self.matrix.starts
        places = range(self.n_samples) if self.index is None else self.index.tolist()
        return [a[starts[i] : starts[i + 1]] for i in places for a in (self.matrix.values, self.matrix.indices)]


DERIVED = tuple(name for name, part in vars(Rows).items() if isinstance(part, derived))


def digest(*arrays: Array | None) -> str:
    """Of arrays, their types and shapes."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is not None:
            plain = np.ascontiguousarray(array)
            digest.update(f"{plain.dtype.str} {plain.shape}".encode())
            digest.update(plain.tobytes())
    return digest.hexdigest()[:16]


# ---- from a user's arguments ----


def checked_rows(
    X: Any,
    y: Any,
    loss: Loss,
    *,
    bias: Any,
    sample_weight: Any,
    mean: Any,
    scale: Any,
    n_classes: Any,
    check_finite: Any,
) -> Rows:
    """Rows from a user's arguments: TypeError or ValueError, which names the argument, where they don't fit."""
    bias = check_flag(bias, "bias")
    if n_classes is not None:
        n_classes = check_integer(n_classes, "n_classes", minimum=1)
    matrix = check_matrix(X, check_finite=check_flag(check_finite, "check_finite"))
    n, d = matrix.shape
    labels = targets = None
    if loss.classifies:
        labels, n_classes = check_labels(y, n, n_classes)
    elif n_classes is not None:
        raise ValueError(f"n_classes has no meaning for {type(loss).__name__}; leave it out")
    else:
        targets = check_targets(y, n)
        n_classes = targets.shape[1]
    weights = check_sample_weight(sample_weight, n)
    require_no_centring(matrix, mean)
    mean = check_columns(mean, "mean", d, positive=False)
    scale = check_columns(scale, "scale", d, positive=True)
    for array in (labels, targets, weights, mean, scale):
        if array is not None:
            array.flags.writeable = False
    rows = Rows(
        X, matrix, labels, targets, weights, mean, scale, n_classes, bias, np.ndim(y) == 1,
        1.0 if weights is None else float(weights.mean()), None, Counter(),
    )  # fmt: skip
    warn_of_offsets(rows)
    return rows


def require_no_centring(X: Array | _kernels.SparseRows, mean: Array | None) -> None:
    """Sparse X stays sparse."""
    if mean is not None and isinstance(X, _kernels.SparseRows):
        raise ValueError("mean must be None for sparse X, which centring would fill; scale is allowed")


def warn_of_offsets(rows: Any) -> None:
    """Where float32 weights lose digits to the means that are folded into them."""
    if rows.is_wide or rows.mean is None:
        return
    ratio = np.abs(rows.mean) / (1.0 if rows.scale is None else rows.scale)
    if ratio.max() > LARGE_OFFSET:
        j = int(ratio.argmax())
        warnings.warn(
            f"|mean| / scale of feature {j} is {ratio[j]:.3g}: folding so large an offset into float32 weights "
            "cancels digits; centre that feature beforehand or give X in float64",
            UserWarning,
            stacklevel=4,
        )
