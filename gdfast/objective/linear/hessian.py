"""The linear objective's Hessian, as products with it: curvature of the loss on scores, between two products with X."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..._arrays import check_weights
from ...protocols import Array, FloatArray
from ..capabilities import hessian_product
from ..regularizers.regularizers import strengths_of
from .rows import LinearParts


class LinearHessian(LinearParts):
    """The part of `LinearObjective` that knows its second derivatives."""

    def hessian_product(self, W: Array, V: Array) -> FloatArray:
        """``Hessian(W) V = sum_i u_i (D2 loss_i(W z_i) (V z_i)) z_i' + (D2 regularizer) V``, exact up to rounding.

        z_i is what the model sees of row i and u_i its share of the mean.

        Parameters
        ----------
        W, V : float arrays of `shape`, float64 or float32

        Returns
        -------
        float64 array of `shape`

        Raises
        ------
        ValueError
            The loss is Hinge, or the regularizer has an L1 part: they have kinks where others have curvature. W or V
            has another shape, or an element that is not finite.

        Notes
        -----
        In float64 whatever X is. For SquaredHinge and Huber a generalised Hessian: the margins that are > 0, the
        residuals within delta count. A regularizer of your own is asked for its ``hessian_product(W, V)``, else
        differences of its gradient are taken.

        One pass over X for SquaredError, otherwise three: the scores of W and of V, and the product with X'. Where many
        products are needed at one W, `hessian_at` makes the first of them once.

        References
        ----------
        B. A. Pearlmutter, Fast exact multiplication by the Hessian, 1994.

        Examples
        --------
        >>> import numpy as np, gdfast as gd
        >>> X, y = np.array([[1.0], [2.0]]), np.array([3.0, 5.0])
        >>> objective = gd.LinearObjective(X, y, gd.SquaredError(), gd.L2(0.5), bias=False)
        >>> objective.hessian_product(np.zeros((1, 1)), np.ones((1, 1)))  # twice the mean of x^2, and 2 * 0.5
        array([[6.]])
        """
        V = check_weights(V, self.shape, "V")
        return self.hessian_at(W)(V)

    def hessian_at(self, W: Array) -> Callable[[Array], FloatArray]:
        """V -> Hessian(W) V, with the scores of W already there: one pass over X, kept as (n_samples, n_classes)."""
        W = check_weights(W, self.shape).astype(np.float64)
        self.check_curvature()
        scores = None if self.loss.is_quadratic else self._wide_scores(W)
        return lambda V: self._hessian_times(W, scores, check_weights(V, self.shape, "V").astype(np.float64))

    @property
    def has_cheap_hessian(self) -> bool:
        """Whether a product costs no more than a gradient: for squared error in float64."""
        return self.loss.is_quadratic and self._wide

    def check_curvature(self) -> None:
        """ValueError, before any work, where there are kinks instead of curvature."""
        if self.loss.has_kinks:
            raise ValueError(
                f"{self.loss!r} has kinks and no curvature, so there is no Hessian: take {self.loss.smoothed()!r}"
            )
        strengths = strengths_of(self.regularizer)
        if strengths is not None and strengths.l1 > 0:
            raise ValueError(f"{self.regularizer!r} has a kink at 0, so there is no Hessian there: take L2(strength)")

    def _hessian_times(self, W: FloatArray, scores: FloatArray | None, V: FloatArray) -> FloatArray:
        size = float(np.abs(V).max())
        if size == 0:
            return np.zeros(self.shape)
        unit = 2.0 ** np.floor(np.log2(size))  # rows whose squared coefficients underflow are left out by the kernel
        if scores is None:
            product = self._twice_moments_times(V / unit)
        else:
            changes = self._wide_scores(V / unit)
            truth = self._labels if self._targets is None else self._targets
            assert truth is not None
            truth = truth if self._index is None else truth[self._index]
            bent = self.loss.hessian_times(scores, truth, changes)
            product = self._weighted_rows(self._shares()[:, None] * bent)
        product *= unit
        if self.regularizer is not None:
            part = self._penalised(product)
            part += hessian_product(self.regularizer, self._penalised(W), self._penalised(V))
        return product

    def _wide_scores(self, W: FloatArray) -> FloatArray:
        scores = np.empty((self.n_samples, self.n_classes))
        self._touch(self.n_samples)
        self._problem.evaluate(W, None, None, scores, True)
        return scores

    def _twice_moments_times(self, V: FloatArray) -> FloatArray:
        """``2 V sum_i u_i z_i z_i'``: a gradient of squared errors whose targets are 0, in one pass."""
        targets = np.zeros((self._rows.shape[0], self.n_classes))
        problem = self._residual_problem(targets, self._weights, 1 / (self.n_samples * self._mean_weight))
        value, product = np.empty(1), np.empty(self.shape)
        self._touch(self.n_samples)
        problem.evaluate(V, value, product, None, True)
        return product
