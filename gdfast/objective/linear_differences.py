"""Difference quotients of the linear objective by structure, and the kinks that their stencils cross.

A perturbed weight moves one column of scores: one pass over X serves every coordinate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _kernels
from .._arrays import check_indices, check_positive, check_weights
from ..differences import Scheme
from ..differences import numerical_gradient as difference_quotients
from ..protocols import Array, FloatArray
from .losses import Loss
from .regularizers import L1, ElasticNet, Regularizer, Separable

CENTERED, FORWARD, CROSSINGS = 0, 1, 2


class LinearDifferences:
    """The part of `LinearObjective` that takes differences."""

    loss: Loss
    regularizer: Regularizer | None
    shape: tuple[int, int]
    n_classes: int
    n_samples: int
    _problem: _kernels.Problem

    def _touch(self, rows: int) -> None:
        raise TypeError(f"{type(self).__name__} must count the rows it touches")

    def _penalised(self, W: Array) -> Array:
        raise TypeError(f"{type(self).__name__} must say which weights are penalised")

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
        if isinstance(self.regularizer, Separable):
            low, width = (penalised, h) if scheme == "forward" else (penalised - h, 2 * h)
            part = (self.regularizer.terms(penalised + h) - self.regularizer.terms(low)) / width
        else:
            part = difference_quotients(self.regularizer.value, penalised, h, scheme)
        self._penalised(quotients)[...] = part
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
        absolute = {L1: "strength", ElasticNet: "l1"}.get(type(self.regularizer))
        if not self.loss.has_kinks and absolute is None:
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
        if absolute is not None:
            strength = getattr(self.regularizer, absolute)
            wide = np.asarray(W, dtype=np.float64)
            crossed = np.zeros(self.shape, dtype=bool)
            self._penalised(crossed)[...] = np.abs(self._penalised(wide)) < h
            extra = np.where(crossed, strength * (wide / h - np.sign(wide)), 0.0)
            counts += crossed if flat is None else crossed.ravel()[flat]
            excess += extra if flat is None else extra.ravel()[flat]
        return counts, excess


def _at(table: Array, flat: Array | None, columns: Array, shape: tuple[int, int]) -> Array:
    """A (n_classes, n_columns) table at flat coordinates of W, or whole."""
    if flat is None:
        return table
    return np.asarray(table[flat // shape[1], np.searchsorted(columns, flat % shape[1])])
