"""scikit-learn's callbacks, where scikit-learn has them (1.9 and later); elsewhere nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Any) -> Any:
        """The method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "FitTask", "with_callbacks"]


class FitTask:
    """One fit, told to the callbacks of an estimator: its begin and end, and those of its epochs."""

    def __init__(self, estimator: Any, epochs: int, X: Any, y: Any, sample_weight: Any) -> None:
        self._epoch: Any = None
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        begin = getattr(estimator, "_init_callback_context", None)
        self._context: Any = None if begin is None else begin(max_subtasks=epochs)
        self.is_watched = self._context is not None and bool(getattr(estimator, "_skl_callbacks", ()))
        if self._context is not None:
            self._context.call_on_fit_task_begin(**self._data)

    @staticmethod
    def unwatched(epochs: int) -> FitTask:
        """One that nobody watches."""
        return FitTask(None, epochs, None, None, None)

    def begin_epoch(self, attributes: Callable[[], dict[str, Any]]) -> None:
        """An epoch begins; `attributes` make a fitted estimator of what there is."""
        if self.is_watched:
            self._epoch = self._context.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(**self._data, reconstruction_attributes=attributes)

    def end_epoch(self, attributes: Callable[[], dict[str, Any]]) -> bool:
        """It ended; True where a callback asks to stop."""
        if not self.is_watched:
            return False
        return bool(self._epoch.call_on_fit_task_end(**self._data, reconstruction_attributes=attributes))

    def end(self) -> None:
        """The estimator is fitted."""
        if self._context is not None:
            self._context.call_on_fit_task_end(**self._data, reconstruction_attributes={})
