"""GDRegressor: least squares or Huber by gradient descent, as a scikit-learn regressor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import _check_y, column_or_1d

from ..protocols import Array, FloatArray
from ..training.fit import Coefficients
from ..training.settings import Settings, checked
from ..training.target_scaling import in_type, location_and_scale
from .base import LinearEstimator, documented
from .callbacks import with_callbacks


@documented
@dataclass(eq=False, repr=False)
class GDRegressor(RegressorMixin, LinearEstimator):  # type: ignore[misc]
    """Linear regression by stochastic gradient descent, on data as it is: unscaled, uint8, sparse, memory-mapped.

    ``mean loss(z w' + b - y) + alpha * (l1_ratio * |w|_1 + (1 - l1_ratio) / 2 * |w|**2)`` with
    ``z = (x - mean) / scale``.

    Parameters
    ----------
    loss : "squared_error", "huber" (its delta is 1, in units of y), or a gdfast loss such as ``gd.Huber(delta=0.1)``
        `gd.ScoreLoss` makes one of a function of yours, which is given the targets standardised: less their mean,
        divided by their standard deviation.

    Attributes
    ----------
    coef_ : array (n_features,)
        In the units of X and y.
    intercept_ : array (1,)

    Notes
    -----
    `coef_` is float64 also where the offset of y, or its numbers, are too large for float32.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gdfast.estimators import GDRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDRegressor(random_state=0).fit(X, y)
    >>> round(model.score(X, y), 2), model.coef_.shape
    (0.52, (10,))
    """

    loss: Any = "squared_error"

    _y_holds = "number"

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> GDRegressor:
        """Train from zero; with `warm_start`, from the weights there are.

        Parameters
        ----------
        X : array or CSR (n_samples, n_features)
        y : numbers (n_samples,)
        sample_weight : array (n_samples,) >= 0, optional
            A weight of 3 counts as three equal rows, a weight of 0 as none.

        Returns
        -------
        self
        """
        settings = checked(self, classifies=False)
        is_warm = settings.warm_start and hasattr(self, "coef_")
        X, y = self._checked(X, y, reset=not is_warm)
        weights = self._checked_weights(sample_weight, X)
        start = Coefficients(*self._wide_coefficients()) if is_warm else None
        self._learn(settings, X, y, weights, start, callback_data=(X, y, sample_weight))
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> GDRegressor:
        """One epoch over these rows, from the weights there are.

        Mean and scale are those of all rows seen so far; the step falls as ``1 / sqrt(1 + steps / 1000)``.

        Parameters
        ----------
        X : array or CSR (n_samples, n_features)
        y : numbers (n_samples,)
        sample_weight : array (n_samples,) >= 0, optional

        Returns
        -------
        self
        """
        settings = checked(self, classifies=False)
        is_first = not hasattr(self, "coef_")
        X, y = self._checked(X, y, reset=is_first)
        weights = self._checked_weights(sample_weight, X)
        start = None
        if not is_first:
            coef, intercept = self._wide_coefficients()
            start = self._end._replace(coef=coef, intercept=intercept)
        self._learn(settings, X, y, weights, start, endless=True)
        return self

    def predict(self, X: Any) -> Array:
        """``X coef' + intercept``, (n_samples,)."""
        return self._scores(X)[:, 0]

    def _checked_y(self, y: Any) -> FloatArray:
        return np.asarray(column_or_1d(_check_y(y, y_numeric=True, estimator=self), dtype=np.float64, warn=True))

    def _wide_coefficients(self) -> tuple[FloatArray, FloatArray]:
        return np.atleast_2d(self.coef_).astype(np.float64), self.intercept_.astype(np.float64)

    def _learn(
        self,
        settings: Settings,
        X: Any,
        y: FloatArray,
        weights: FloatArray | None,
        start: Coefficients | None,
        *,
        endless: bool = False,
        callback_data: tuple[Any, Any, Any] | None = None,
    ) -> None:
        """Train on (y - offset) / unit, which no unit of y changes."""
        total = X.shape[0] if weights is None else float(weights.sum())
        offset, unit = location_and_scale(y, weights, settings)
        if start is None:
            start = Coefficients(np.zeros((1, X.shape[1])), np.full(1, offset))

        def attributes(coef: FloatArray, intercept: FloatArray, dtype: Any) -> dict[str, Any]:
            return {
                "coef_": in_type(coef[0], dtype, offset, unit),
                "intercept_": in_type(intercept, dtype, offset, unit),
            }

        self._train(
            settings, X, y, weights, start, total, attributes, offset=offset, unit=unit, endless=endless,
            callback_data=callback_data,
        )  # fmt: skip
