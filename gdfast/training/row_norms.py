"""Squared norms of the standardised rows and the largest eigenvalue of their second moments: what bounds a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..protocols import Array, FloatArray
from .feature_statistics import FeatureStatistics, blocks

SAMPLE_ROWS, SAMPLE_BYTES, POWER_ITERATIONS = 1000, 1 << 25, 12
HUGE = 1e300


@dataclass(frozen=True)
class StandardizedRows:
    """Rows z = (x - mean) / scale of X, with their weights; `chosen` are their indices (None: all).

    `X` is what the objective gets, with `mean` and `scale` (None: nothing to fold in).
    """

    X: Any
    mean: FloatArray | None
    scale: FloatArray | None
    weights: FloatArray | None
    chosen: Array | None
    known_norm: float | None = None
    """The mean of |z|**2, where the feature statistics tell it."""

    def __len__(self) -> int:
        return int(self.X.shape[0]) if self.chosen is None else len(self.chosen)

    @property
    def is_sparse(self) -> bool:
        """X is CSR."""
        return hasattr(self.X, "indptr")

    @property
    def n_stored(self) -> int:
        """Numbers in these rows; of CSR in all rows of X."""
        return int(self.X.indptr[-1]) if self.is_sparse else len(self) * int(self.X.shape[1])

    @property
    def n_visited(self) -> int:
        """Rows that an epoch of mini-batches visits."""
        return len(self)

    @property
    def takes_batches(self) -> bool:
        """Steps may take mini-batches of them."""
        return True

    @property
    def visits_rows(self) -> bool:
        """Single rows are at hand at any time."""
        return True

    def normalized_weights(self) -> FloatArray:
        """The weight of each row, 1 on average."""
        if self.weights is None:
            return np.ones(len(self))
        own = self.weights if self.chosen is None else self.weights[self.chosen]
        return np.asarray(own / own.mean())

    def mean_norm(self, power: int = 1) -> float:
        """The mean of ``weight**power * |z|**2``, weights being 1 on average."""
        if self.known_norm is not None and (power == 1 or self.weights is None):
            return self.known_norm
        return float((self.normalized_weights() ** power * self.norms()).mean())

    def spread_norm(self) -> float:
        """``sum |z|**4 / sum |z|**2``: the norm that a step meets where long rows push farther, too.

        Weights count as factors of ``|z|**2``, as they push.
        """
        norms = self.normalized_weights() * self.norms()
        largest = float(norms.max())
        return float((norms / largest) @ norms / (norms / largest).sum()) if largest > 0 else 0.0

    def norms(self) -> FloatArray:
        """``|z|**2`` of each row, in one pass."""
        if hasattr(self.X, "indptr"):
            X = self.X if self.chosen is None else self.X[self.chosen]
            values = X.data.astype(np.float64)
            if self.scale is not None:
                values /= self.scale[X.indices]
            ids = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
            return np.asarray(np.bincount(ids, weights=values**2, minlength=X.shape[0]), dtype=np.float64)
        found = []
        for chosen in blocks(self.X, self.chosen):
            block = np.array(self.X[chosen], dtype=np.float64, order="C")
            standardise(block, self.mean, self.scale)
            found.append(np.einsum("ij,ij->i", block, block))
        return np.concatenate(found)

    def top_eigenvalue(self) -> float:
        """The largest eigenvalue of the mean of z z', by power iterations on a sample of the rows."""
        n, d = len(self), self.X.shape[1]
        size = min(n, SAMPLE_ROWS, max(8, SAMPLE_BYTES // (8 * d)))
        picked = np.arange(n) if size == n else np.sort(np.random.default_rng(0).choice(n, size, replace=False))
        ids = picked if self.chosen is None else self.chosen[picked]
        Z, is_sparse = self._at(ids), self.is_sparse
        if is_sparse:
            scale = np.ones(d) if self.scale is None else self.scale
            Z = Z.astype(np.float64)
            Z.data /= scale[Z.indices]
        else:
            Z = np.array(Z, dtype=np.float64, order="C")
            standardise(Z, self.mean, self.scale)
        weights = np.full(size, 1 / size) if self.weights is None else self.weights[ids] / self.weights[ids].sum()
        v, eigenvalue = np.random.default_rng(1).standard_normal(d), 0.0
        for _ in range(POWER_ITERATIONS):
            length = float(np.linalg.norm(v))
            if length == 0:
                return 0.0
            v = v / length
            # The mean of z (z . v). Dense not by BLAS: its threads cost more than they bring here, and change bits.
            if is_sparse:
                v = np.asarray(Z.T @ (weights * (Z @ v)))
            else:
                v = np.einsum("ij,i->j", Z, weights * np.einsum("ij,j->i", Z, v))
            eigenvalue = float(np.linalg.norm(v))
        return eigenvalue

    def _at(self, ids: Array) -> Any:
        """Some rows of X."""
        return self.X[ids]


def standardise(block: FloatArray, mean: FloatArray | None, scale: FloatArray | None) -> None:
    """``(block - mean) / scale``, in place; without a scale nothing is to be done."""
    if scale is None:
        return
    if mean is None:
        block /= scale
        return
    half = 0.5 if scale.max() > HUGE else 1.0  # exact, and no difference overflows
    block *= half
    block -= half * mean
    block /= half * scale


def standardized_rows(
    X: Any, statistics: FeatureStatistics | None, weights: FloatArray | None, chosen: Array | None
) -> StandardizedRows:
    """The rows, standardised by these statistics (None: as they are).

    Mean and scale are folded into the weights and X stays as it is, unless the arithmetic of X's type can't hold
    them: then the standardised rows are a copy.
    """
    if statistics is None:
        return StandardizedRows(X, None, None, weights, chosen)
    mean, scale = statistics.mean, statistics.scale
    if mean is not None and not mean.any():
        mean = None
    # The mean of |z|**2 is the sum of z's variances: with partial_fit of all rows seen so far, not of these alone.
    norm = float(((statistics.deviation / scale) ** 2).sum())
    if statistics.can_fold():
        return StandardizedRows(X, mean, scale, weights, chosen, norm)
    return StandardizedRows(_standardised_copy(X, mean, scale), None, None, weights, chosen, norm)


def _standardised_copy(X: Any, mean: FloatArray | None, scale: FloatArray) -> Any:
    if hasattr(X, "indptr"):
        copy = X.copy()
        copy.data = (X.data.astype(np.float64) / scale[X.indices]).astype(X.dtype)
        return copy
    copy = np.empty(X.shape, dtype=np.float64 if X.dtype == np.float64 else np.float32)
    for chosen in blocks(X, None):
        block = np.array(X[chosen], dtype=np.float64, order="C")
        standardise(block, mean, scale)
        copy[chosen] = block
    return copy
