"""A scikit-learn estimator made of a model, as `Model.to_sklearn` gives it: the inverse of `to_model`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..model import Model
from ..protocols import Array
from ..training.feature_statistics import SAFE_OFFSET
from ..training.fit import Coefficients
from .classifier import GDClassifier
from .regressor import GDRegressor


def of_model(model: Model) -> GDClassifier | GDRegressor:
    """A fitted estimator that predicts as the model does: for X as it is, scaling folded in."""
    coef, intercept = model.coef_and_intercept()
    dtype = model.W.dtype if _can_hold(model) else np.dtype(np.float64)
    facts = model.facts
    estimator: Any
    if model.loss.classifies:
        estimator = GDClassifier(model.loss)
        estimator.classes_ = _labels(model)
    else:
        spread = facts.get("spread", 1.0)
        spread = spread if isinstance(spread, float) and 0 < spread < np.inf else 1.0
        estimator = GDRegressor(model.loss.in_units(spread))
        estimator._unit = np.full(len(model.W), spread)
        if facts.get("one_column") is True:
            coef = np.atleast_2d(coef)
    estimator.coef_, estimator.intercept_ = coef.astype(dtype), intercept.astype(dtype)
    estimator.n_features_in_, estimator.n_iter_ = model.n_features, 1
    estimator.history_, estimator.duality_gap_ = {"loss": [], "learning_rate": []}, None
    estimator._end = Coefficients(np.atleast_2d(coef), intercept)
    if model.feature_names is not None:
        estimator.feature_names_in_ = np.array(model.feature_names, dtype=object)
    return estimator  # type: ignore[no-any-return]


def _can_hold(model: Model) -> bool:
    """Whether the weights' type can take the mean in."""
    if model.W.dtype == np.float64 or model.mean is None:
        return True
    scale = 1.0 if model.scale is None else model.scale
    return bool((np.abs(model.mean) <= SAFE_OFFSET["float32"] * scale).all())


def _labels(model: Model) -> Array:
    """The classes as they were: kept by `to_model`; otherwise their names, or their numbers."""
    k, names, labels = len(model.W), model.class_names, model.facts.get("labels")
    is_kept = isinstance(labels, list) and len({*map(str, labels)}) == len(labels) == k
    if isinstance(labels, list) and is_kept and all(isinstance(label, int | float | str) for label in labels):
        try:
            return np.array(labels, dtype=np.dtype(str(model.facts.get("label_type"))))
        except (TypeError, ValueError, OverflowError):
            return np.array(labels)
    return np.arange(k) if names is None else np.array(names)
