"""GDRegressor: least squares or Huber by gradient descent, as a scikit-learn regressor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_y

from ..model import Model
from ..protocols import Array, FloatArray
from ..training.chunked_data import is_chunked
from ..training.fit import Coefficients
from ..training.settings import Settings, check_parts, checked, loss_of
from ..training.split import Split
from ..training.target_scaling import in_type, location_and_scale
from .base import LinearEstimator, LinearPredictor, all_or_nothing, documented, takes_parts
from .by_blocks import by_blocks, labels_and_predictions
from .callbacks import with_callbacks


class LinearRegressor(RegressorMixin, LinearPredictor):  # type: ignore[misc]
    """Predictions of a fitted linear regressor."""

    loss: Any
    _unit: FloatArray
    _y_holds = "number"

    @by_blocks
    def predict(self, X: Any) -> Array:
        """``X coef' + intercept``: (n_samples,), or (n_samples, n_outputs) as y was."""
        scores = self._scores(X)
        return scores if self.coef_.ndim == 2 else scores[:, 0]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of the variance of y that is explained, R2."""
        if not is_chunked(X):
            return float(super().score(X, y, sample_weight))
        y, predicted = labels_and_predictions(self, X, y)
        return float(r2_score(y, predicted, sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _checked_y(self, y: Any) -> FloatArray:
        checked_y = _check_y(y, multi_output=True, y_numeric=True, estimator=self)
        if checked_y.ndim > 2 or (checked_y.ndim == 2 and checked_y.shape[1] == 0):
            raise ValueError(f"y must be (n_samples,) or (n_samples, n_outputs); its shape is {checked_y.shape}")
        return np.asarray(checked_y, dtype=np.float64)

    def _model(self, feature_names: tuple[str, ...] | None) -> Model:
        spread = float(self._unit.max())
        loss = loss_of(self.loss, classifies=False).in_units(1 / spread)
        return Model(
            np.column_stack([np.atleast_2d(self.coef_), self.intercept_]), loss, feature_names=feature_names,
            facts={"one_column": self.coef_.ndim == 2 and len(self.coef_) == 1, "spread": spread},
        )  # fmt: skip


@documented(Settings, LinearEstimator)
@dataclass(eq=False, repr=False)
class GDRegressor(LinearRegressor, LinearEstimator):
    """Linear regression by gradient descent, on data as it is: unscaled, uint8, sparse, memory-mapped.

    ``mean loss(z w' + b - y) / 2 + alpha * (l1_ratio * |w|_1 + (1 - l1_ratio) / 2 * |w|**2)`` with
    ``z = (x - mean) / scale``, the loss r**2 or Huber's (which is r**2 near 0).

    Parameters
    ----------
    loss : "squared_error", "huber", or a gdfast loss such as ``gd.Huber(delta=0.1)``
        Huber's delta (1 of "huber") counts robust spreads of y here, 1.5 times its median absolute deviation from its
        median (several outputs: of each), and the penalty is on weights in that unit as well: no change of y's unit
        changes what is learned. `gd.ScoreLoss` makes one of a function of yours, which is given the targets
        standardised: less their mean, divided by their standard deviation.

    Attributes
    ----------
    coef_ : array (n_features,), of y with columns (n_outputs, n_features)
        In the units of X and y.
    intercept_ : array (1,) or (n_outputs,)

    Notes
    -----
    `coef_` is float64 also where the offset of y, or its numbers, are too large for float32.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gdfast.estimators import GDRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDRegressor().fit(X, y)
    >>> round(model.score(X, y), 2), model.coef_.shape
    (0.52, (10,))
    """

    loss: Any = "squared_error"

    @with_callbacks  # type: ignore[untyped-decorator]
    @all_or_nothing
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> GDRegressor:
        """Train from zero; with `warm_start`, from the weights there are.

        Parameters
        ----------
        X : array or CSR (n_samples, n_features), or rows that are read chunk by chunk
            A path (a .npy file, a folder), a Zarr, HDF5 or dask array, an object of the `gdfast.protocols.Chunks`
            protocol, or a list of these.
        y : numbers (n_samples,) or (n_samples, n_outputs)
            Where X is read chunk by chunk, also a path, or None: the numbers that the chunks carry.
        sample_weight : array (n_samples,) >= 0, optional
            A weight of 3 counts as three equal rows, a weight of 0 as none.
        X_val, y_val : like X and y, optional
            Rows to score on after every epoch (`history_`), in place of those that early_stopping holds out.

        Returns
        -------
        self
        """
        settings = checked(self, classifies=False)
        is_warm = settings.warm_start and hasattr(self, "coef_")
        X, y = self._checked(X, y, reset=not is_warm)
        weights = self._checked_weights(sample_weight, X)
        if is_warm:
            self._check_outputs(y)
        start = Coefficients(*self._wide_coefficients()) if is_warm else None
        own = self._validation(X_val, y_val)
        if own is not None and own[1].shape[1:] != y.shape[1:]:
            raise ValueError(f"y_val must have y's outputs, {y.shape[1:]}; it has {own[1].shape[1:]}")
        self._learn(settings, X, y, weights, start, validation=own, callback_data=(X, y, sample_weight))
        return self

    @available_if(takes_parts)  # type: ignore[untyped-decorator]
    @all_or_nothing
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> GDRegressor:
        """One epoch over these rows, from the weights and the optimizer's state there are.

        Mean and scale are those of all rows seen so far; the step falls as ``1 / sqrt(1 + steps / 1000)``. Weights of
        rows count against the others of the same call; between calls a row counts as a row.

        Parameters
        ----------
        X : array or CSR (n_samples, n_features)
        y : numbers (n_samples,) or (n_samples, n_outputs)
        sample_weight : array (n_samples,) >= 0, optional

        Returns
        -------
        self
        """
        settings = checked(self, classifies=False)
        check_parts(settings)
        is_first = not hasattr(self, "coef_")
        X, y = self._checked(X, y, reset=is_first, in_parts=True)
        weights = self._checked_weights(sample_weight, X)
        start = None
        if not is_first:
            self._check_outputs(y)
            coef, intercept = self._wide_coefficients()
            start = self._end._replace(coef=coef, intercept=intercept)
        self._learn(settings, X, y, weights, start, endless=True)
        return self

    def _check_outputs(self, y: FloatArray) -> None:
        """ValueError unless y has the outputs of the fit before."""
        self._checked_coefficients()
        known, found = np.shape(self.coef_)[:-1], y.shape[1:]
        if known != found:
            raise ValueError(f"y must have the outputs of the first fit, {known}; it has {found}")

    def _wide_coefficients(self) -> tuple[FloatArray, FloatArray]:
        coef, intercept = self._checked_coefficients()
        return coef.astype(np.float64), intercept.astype(np.float64)

    def _learn(
        self,
        settings: Settings,
        X: Any,
        y: FloatArray,
        weights: FloatArray | None,
        start: Coefficients | None,
        *,
        validation: tuple[Any, Array] | None = None,
        endless: bool = False,
        callback_data: tuple[Any, Any, Any] | None = None,
    ) -> None:
        """Train on (y - offset) / unit, which no unit of y changes."""
        total = X.shape[0] if weights is None else float(weights.sum())
        if start is not None and start.continuation is not None:  # what the optimizer has kept is in these units
            offset, unit = start.continuation.offset, start.continuation.unit
        else:
            offset, unit = location_and_scale(y, weights, settings)
        if start is None:
            start = Coefficients(np.zeros((len(unit), X.shape[1])), offset)

        def attributes(coef: FloatArray, intercept: FloatArray, dtype: Any) -> dict[str, Any]:
            coef = coef if y.ndim == 2 else coef[0]
            return {
                "coef_": in_type(coef, dtype, offset, unit),
                "intercept_": in_type(intercept, dtype, offset, unit),
            }

        split = Split(X, y, weights)
        if validation is not None:
            split = split._replace(X_val=validation[0], y_val=validation[1])
        self._unit = unit
        self._train(
            settings, split, start, total, attributes, offset=offset, unit=unit, endless=endless,
            callback_data=callback_data,
        )  # fmt: skip
