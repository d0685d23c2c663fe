"""scikit-learn's callbacks, where scikit-learn has them (1.9 and later); elsewhere nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..protocols import Array, FloatArray
from ..training.fit import Epoch

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Any) -> Any:
        """The method as it is."""
        return method


__all__ = ["Attributes", "CallbackSupportMixin", "CallbackTasks", "PlainCallback", "with_callbacks"]

Attributes = Callable[[FloatArray, FloatArray, Any], dict[str, Any]]
"""(coef, intercept, dtype) of each output -> the estimator's own attributes, by name."""


class PlainCallback:
    """The user's function as an observer of the epochs: ``function(epoch, weights, loss)``, True to stop."""

    def __init__(self, function: Callable[[int, Array, float], Any], attributes: Attributes) -> None:
        self._function, self._attributes = function, attributes

    def __call__(self, epoch: Epoch) -> bool:
        if epoch.number == 0:
            return False
        there = self._attributes(*epoch.coefficients(), epoch.dtype)
        weights = np.column_stack([np.atleast_2d(there["coef_"]), np.ravel(there["intercept_"])])
        answer = self._function(epoch.number, weights, epoch.loss)
        return answer is True or answer is np.True_


class CallbackTasks:
    """One fit as a task of scikit-learn's callbacks, and each epoch as a task in it: an observer of the epochs.

    `attributes` makes those of the estimator as if it were fitted there.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, attributes: Attributes) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._attributes = attributes
        self._fit: Any = None
        self._epoch: Any = None

    def __call__(self, epoch: Epoch) -> bool:
        def attributes() -> dict[str, Any]:
            return self._attributes(*epoch.coefficients(), epoch.dtype)

        stop = False
        if epoch.number == 0:
            self._fit = self._data["estimator"]._init_callback_context(max_subtasks=epoch.epochs)
            self._fit.call_on_fit_task_begin(**self._data)
        else:
            stop = bool(self._epoch.call_on_fit_task_end(**self._data, reconstruction_attributes=attributes))
        if not stop and epoch.number < epoch.epochs:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(**self._data, reconstruction_attributes=attributes)
        return stop

    def end(self) -> None:
        """The estimator is fitted."""
        self._fit.call_on_fit_task_end(**self._data, reconstruction_attributes={})
