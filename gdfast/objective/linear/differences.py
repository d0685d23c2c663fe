"""Difference quotients of the linear objective by structure, and the kinks that their stencils cross.

A perturbed weight moves one column of scores: one pass over X serves every coordinate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import _kernels
from ..._arrays import check_indices, check_positive, check_weights
from ...differences import Scheme
from ...protocols import Array, FloatArray
from ..regularizers.along_directions import difference_quotients
from ..regularizers.regularizers import strengths_of
from .kinks import LinearKinks

CENTERED, FORWARD, CROSSINGS = 0, 1, 2


class LinearDifferences(LinearKinks):
    """The part of `LinearObjective` that takes differences."""

    def numerical_gradient(
        self, W: Array, h: float = 1e-5, scheme: Scheme = "centered", coordinates: Any = None
    ) -> FloatArray:
        """Exact difference quotients of the objective, by structure: one pass over X for all coordinates.

        A perturbed weight moves one column of scores; every row's difference is evaluated on both sides
        and the differences are added up, which avoids the cancellation of subtracting two sums.

        Parameters
        ----------
        W : float array of `shape`
        h : float > 0
        scheme : "centered" (L(+h) - L(-h)) / 2h or "forward" (L(+h) - L) / h
        coordinates : flat indices, optional

        Returns
        -------
        float64 array of `shape`, or (m,) for m coordinates.
        """
        h = check_positive(h, "h")
        if scheme not in ("centered", "forward"):
            raise ValueError(f"scheme must be 'centered' or 'forward'; it is {scheme!r}")
        code = CENTERED if scheme == "centered" else FORWARD
        difference, _, flat, columns = self._differences(W, h, code, coordinates)
        gradient = difference / (2 * h if code == CENTERED else h)
        gradient = _at(gradient, flat, columns, self.shape)
        if self.regularizer is not None:
            gradient += self._penalty_quotients(W, h, scheme, flat)
        return gradient

    def _differences(
        self, W: Array, h: float, code: int, coordinates: Any
    ) -> tuple[FloatArray, Array, Array | None, Array]:
        W = check_weights(W, self.shape)
        flat = None
        columns = np.arange(self.shape[1], dtype=np.int64)
        if coordinates is not None:
            flat = check_indices(coordinates, W.size, "coordinates")
            columns = np.unique(flat % self.shape[1])
        difference = np.empty((self.n_classes, columns.size))
        crossings = np.zeros((self.n_classes, columns.size), dtype=np.int64)
        self._touch(self.n_samples)
        self._problem.differences(W, h, code, columns, difference, crossings)
        return difference, crossings, flat, columns

    def _penalty_quotients(self, W: Array, h: float, scheme: Scheme, flat: Array | None) -> FloatArray:
        assert self.regularizer is not None
        wide = np.array(W, dtype=np.float64)
        quotients = np.zeros(self.shape)
        penalised = self._penalised(wide)
        self._penalised(quotients)[...] = difference_quotients(self.regularizer, penalised, h, scheme)
        return quotients if flat is None else quotients.ravel()[flat]

    def kink_crossings(self, W: Array, h: float = 1e-5, coordinates: Any = None) -> tuple[Array, FloatArray] | None:
        """Hinge terms (and L1 weights) that change side within W +- h, coordinate by coordinate.

        Returns
        -------
        counts : int64, how many terms
        excess : float64, what they add to the centred difference quotient beyond the gradient's share
            (both of `shape`, or (m,)); None when neither loss nor regularizer has kinks.
        """
        h = check_positive(h, "h")
        strengths = strengths_of(self.regularizer)
        l1 = 0.0 if strengths is None else strengths.l1
        if not self.loss.has_kinks and l1 == 0:
            return None
        if self.loss.has_kinks:
            difference, crossings, flat, columns = self._differences(W, h, CROSSINGS, coordinates)
            counts = _at(crossings, flat, columns, self.shape)
            excess = _at(difference / (2 * h), flat, columns, self.shape)
        else:
            W = check_weights(W, self.shape)
            flat = None if coordinates is None else check_indices(coordinates, W.size, "coordinates")
            counts = np.zeros(self.shape if flat is None else flat.size, dtype=np.int64)
            excess = np.zeros(counts.shape)
        if l1 > 0:
            wide = np.asarray(W, dtype=np.float64)
            crossed = np.zeros(self.shape, dtype=bool)
            self._penalised(crossed)[...] = np.abs(self._penalised(wide)) < h
            extra = np.where(crossed, l1 * (wide / h - np.sign(wide)), 0.0)
            counts += crossed if flat is None else crossed.ravel()[flat]
            excess += extra if flat is None else extra.ravel()[flat]
        return counts, excess

    def gradient_rounding(self, W: Array) -> float:
        """About how far rounding may move an element of the gradient at W: the arithmetic's unit times the size of
        what is added up, and of what a row's coefficients are differences of, which near an optimum are far larger
        than the gradient itself."""
        base = np.ascontiguousarray(self.scores(W), dtype=np.float64)
        coefficients = np.empty_like(base)
        self._problem.mix(base, None, None, None, None, None, coefficients)
        rows = slice(None) if self._index is None else self._index
        y = self._labels if self._targets is None else self._targets
        assert y is not None
        sizes = self.loss.coefficient_sizes(base, y[rows])
        weights = np.ones(self.n_samples) if self._weights is None else self._weights[rows]
        sizes *= (weights / (self.n_samples * self._mean_weight))[:, None]
        unit = float(np.finfo(self.arithmetic).eps)
        return unit * max(1.0, self._largest_feature()) * float((np.abs(coefficients) + sizes).sum(axis=0).max())

    def _largest_feature(self) -> float:
        """Of some rows, as the model sees them."""
        if isinstance(self._rows, _kernels.SparseRows):
            n = min(int(self._rows.starts[-1]), 1 << 20)
            scale = 1.0 if self.scale is None else self.scale[self._rows.indices[:n]]
            return float(np.abs(self._rows.values[:n] / scale).max(initial=0.0))
        some = self._rows[: 1 << 10] if self._index is None else self._rows[self._index[: 1 << 10]]
        x = some.astype(np.float64) - (0.0 if self.mean is None else self.mean)
        return float(np.abs(x / (1.0 if self.scale is None else self.scale)).max())


def _at(table: Array, flat: Array | None, columns: Array, shape: tuple[int, int]) -> Array:
    """A (n_classes, n_columns) table at flat coordinates of W, or whole."""
    if flat is None:
        return table
    return np.asarray(table[flat // shape[1], np.searchsorted(columns, flat % shape[1])])
