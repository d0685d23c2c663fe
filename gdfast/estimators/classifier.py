"""GDClassifier: softmax, hinge or squared hinge by gradient descent, as a scikit-learn classifier."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from .._arrays import require_labels
from ..describe import described
from ..model import Model
from ..protocols import Array, FloatArray
from ..training.chunked_data import is_chunked
from ..training.fit import Coefficients
from ..training.settings import Settings, check_parts, checked, loss_of
from ..training.split import Split, times_class_weight
from .base import LinearEstimator, LinearPredictor, all_or_nothing, documented, takes_parts
from .by_blocks import by_blocks, labels_and_predictions
from .callbacks import with_callbacks


def _is_cross_entropy(estimator: Any) -> bool:
    """Probabilities are what the cross-entropy fits."""
    if loss_of(estimator.loss, classifies=True).gives_probabilities:
        return True
    raise AttributeError(f"probabilities need loss='cross_entropy'; it is {estimator.loss!r}")


class LinearClassifier(ClassifierMixin, LinearPredictor):  # type: ignore[misc]
    """Predictions of a fitted linear classifier."""

    loss: Any
    classes_: Array
    _y_holds = "label"

    @by_blocks
    def decision_function(self, X: Any) -> Array:
        """Scores: (n_samples, n_classes); for two classes (n_samples,), positive for `classes_[1]`."""
        scores = self._scores(X)
        n_classes = len(self.classes_) if np.ndim(self.classes_) == 1 else 0
        if scores.shape[1] != (n_classes if n_classes > 2 else 1) or not n_classes:
            raise ValueError(
                f"classes_ must hold a label for each row of coef_, {scores.shape[1]} (two for a single one); it is "
                f"{described(self.classes_)}"
            )
        return scores[:, 0] if n_classes <= 2 else scores

    @by_blocks
    def predict(self, X: Any) -> Array:
        """The class of the largest score."""
        scores = self.decision_function(X)
        if len(self.classes_) == 1:
            return np.repeat(self.classes_, len(scores))
        chosen = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(np.int64)
        return np.asarray(self.classes_[chosen])

    @available_if(_is_cross_entropy)  # type: ignore[untyped-decorator]
    @by_blocks
    def predict_proba(self, X: Any) -> Array:
        """Softmax of the scores: (n_samples, n_classes)."""
        return np.exp(self._log_probabilities(X))

    @available_if(_is_cross_entropy)  # type: ignore[untyped-decorator]
    @by_blocks
    def predict_log_proba(self, X: Any) -> Array:
        """Its logarithm, exact where a probability is too small for one."""
        return self._log_probabilities(X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy."""
        if not is_chunked(X):
            return float(super().score(X, y, sample_weight))
        y, predicted = labels_and_predictions(self, X, y)
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def _log_probabilities(self, X: Any) -> Array:
        scores = self.decision_function(X)
        if len(self.classes_) == 1:
            return np.zeros((len(scores), 1), dtype=scores.dtype)
        if scores.ndim == 1:
            scores = np.column_stack([np.zeros_like(scores), scores])
        scores = scores - scores.max(axis=1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))

    def _checked_y(self, y: Any) -> Array:
        require_labels(y)
        if (
            getattr(getattr(y, "dtype", None), "kind", None) == "T"
        ):  # NumPy's StringDType, which scikit-learn can't sort
            y = y.astype(object)
        check_classification_targets(y)
        return np.asarray(column_or_1d(y, warn=True))

    def _model(self, feature_names: tuple[str, ...] | None) -> Model:
        labels = self.classes_.tolist()
        if not all(type(label) in (int, float, str, bool) for label in labels):
            raise ValueError(f"classes_ must be numbers, text or booleans to be kept in a model; they are {labels}")
        W = np.column_stack([self.coef_, self.intercept_])
        return Model(
            np.vstack([-W / 2, W / 2]) if len(labels) == 2 else W,
            loss_of(self.loss, classifies=True),
            class_names=tuple(map(str, labels)),
            feature_names=feature_names,
            facts={
                "labels": labels,
                "label_type": "str" if self.classes_.dtype.kind in "UT" else self.classes_.dtype.name,
            },
        )

    def _attributes(self, coef: FloatArray, intercept: FloatArray, dtype: Any) -> dict[str, Any]:
        if len(self.classes_) == 2:
            coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
        return {"coef_": coef.astype(dtype), "intercept_": intercept.astype(dtype)}


@documented(Settings, LinearEstimator)
@dataclass(eq=False, repr=False)
class GDClassifier(LinearClassifier, LinearEstimator):
    """Linear classifier by gradient descent, on data as it is: unscaled, uint8, sparse, memory-mapped.

    ``mean loss(scores, y) + alpha * (l1_ratio * |w|_1 + (1 - l1_ratio) / 2 * |w|**2)`` with scores ``z w' + b`` and
    ``z = (x - mean) / scale``; of two classes w is one row, the difference of the two.

    Parameters
    ----------
    loss : "cross_entropy" (or "log_loss"), "hinge", "squared_hinge", or a gdfast loss
        "cross_entropy" is softmax regression, the one with probabilities. All are multiclass losses, not one against
        the rest. `gd.ScoreLoss` makes one of a function of yours, which is given each row's class as its place in
        `classes_`.
    class_weight : dict, "balanced" or None
        Factors of each row's loss; "balanced" gives each class the same total. A dict may hold classes that are not in
        y (a fold may lack some), unless one of y is missing in it.

    Attributes
    ----------
    coef_ : array (n_classes, n_features), of two classes (1, n_features)
        In the units of X. Of two classes: the difference of their rows.
    intercept_ : array (n_classes,) or (1,)
    classes_ : array (n_classes,)

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from gdfast.estimators import GDClassifier
    >>> X, y = load_wine(return_X_y=True)  # features from 0.1 to 1,680, as they are
    >>> model = GDClassifier(certify=True).fit(X, y)
    >>> model.score(X, y) > 0.99, model.coef_.shape, model.duality_gap_ < 0.01
    (True, (3, 13), True)
    """

    loss: Any = "cross_entropy"
    class_weight: Any = field(default=None, kw_only=True)

    @with_callbacks  # type: ignore[untyped-decorator]
    @all_or_nothing
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> GDClassifier:
        """Train from zero; with `warm_start`, from the weights there are.

        Parameters
        ----------
        X : array or CSR (n_samples, n_features), or rows that are read chunk by chunk
            A path (a .npy file, a folder), a Zarr, HDF5 or dask array, an object of the `gdfast.protocols.Chunks`
            protocol, or a list of these.
        y : labels (n_samples,), numbers or strings
            Where X is read chunk by chunk, also a path, or None: the labels that the chunks carry.
        sample_weight : array (n_samples,) >= 0, optional
            A weight of 3 counts as three equal rows, a weight of 0 as none.
        X_val, y_val : like X and y, optional
            Rows to score on after every epoch (`history_`), in place of those that early_stopping holds out.

        Returns
        -------
        self
        """
        settings = checked(self, classifies=True)
        is_warm = settings.warm_start and hasattr(self, "coef_")
        X, y = self._checked(X, y, reset=not is_warm)
        weights = self._checked_weights(sample_weight, X)
        classes = np.unique(y if weights is None else y[weights > 0])
        if not is_warm:
            self.classes_ = classes
        elif not np.isin(classes, self.classes_).all():
            raise ValueError(
                f"y must hold the classes of the first fit, {self.classes_}, with warm_start; it holds {classes}"
            )
        start = self._start() if is_warm else None
        own = self._validation(X_val, y_val)
        if own is not None and _are_text(own[1]) != _are_text(y):  # compared with each other, all would be wrong
            raise TypeError(f"y_val must hold labels like y's, such as {y[0]!r}; y_val[0] is {own[1][0]!r}")
        self._learn(settings, X, y, weights, start, validation=own, callback_data=(X, y, sample_weight))
        return self

    @available_if(takes_parts)  # type: ignore[untyped-decorator]
    @all_or_nothing
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> GDClassifier:
        """One epoch over these rows, from the weights and the optimizer's state there are.

        Mean and scale are those of all rows seen so far; the step falls as ``1 / sqrt(1 + steps / 1000)``. Weights of
        rows and of classes count against the others of the same call; between calls a row counts as a row.

        Parameters
        ----------
        X : array or CSR (n_samples, n_features)
        y : labels (n_samples,)
        classes : labels of all classes, needed at the first call
        sample_weight : array (n_samples,) >= 0, optional

        Returns
        -------
        self
        """
        settings = checked(self, classifies=True)
        check_parts(settings, self.class_weight)
        is_first = not hasattr(self, "coef_")
        if is_first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        X, y = self._checked(X, y, reset=is_first, in_parts=True)
        weights = self._checked_weights(sample_weight, X)
        all_classes = self.classes_ if classes is None else np.unique(classes)
        if not is_first and not np.array_equal(all_classes, self.classes_):
            raise ValueError(f"classes must be those of the first call, {self.classes_}; they are {all_classes}")
        if not np.isin(y, all_classes).all():
            raise ValueError(f"y must hold the classes {all_classes}; it also holds {np.setdiff1d(y, all_classes)}")
        self.classes_ = all_classes
        start = None if is_first else self._start(going_on=True)
        self._learn(settings, X, y, weights, start, endless=True)
        return self

    def _learn(
        self,
        settings: Settings,
        X: Any,
        y: Array,
        weights: FloatArray | None,
        start: Coefficients | None,
        *,
        validation: tuple[Any, Array] | None = None,
        endless: bool = False,
        callback_data: tuple[Any, Any, Any] | None = None,
    ) -> None:
        k, d = len(self.classes_), X.shape[1]
        labels = np.minimum(np.searchsorted(self.classes_, y), k - 1)  # a class of weight 0 may be none of them
        total, class_factor = X.shape[0] if weights is None else float(weights.sum()), 1.0
        if self.class_weight is not None:
            weights, class_factor = times_class_weight(self.class_weight, self.classes_, labels, weights)
        if k == 1:  # nothing to learn
            dtype = np.float64 if X.dtype == np.float64 else np.float32
            self.coef_, self.intercept_ = np.zeros((1, d), dtype), np.zeros(1, dtype)
            self.n_iter_, self.history_, self.duality_gap_ = 1, {"loss": [0.0], "learning_rate": [0.0]}, 0.0
            return
        split = Split(X, labels, weights)
        if validation is not None:  # what was never seen is always wrong
            y_val = np.minimum(np.searchsorted(self.classes_, validation[1]), k - 1)
            split = split._replace(
                X_val=validation[0], y_val=np.where(self.classes_[y_val] == validation[1], y_val, -1)
            )
        start = start or Coefficients(np.zeros((k, d)), np.zeros(k))
        self._train(
            settings, split, start, total, self._attributes, class_factor=class_factor, stratify=labels,
            endless=endless, callback_data=callback_data,
        )  # fmt: skip

    def _start(self, *, going_on: bool = False) -> Coefficients:
        """From the coefficients there are: those of two classes are the difference of two opposite rows."""
        coef, intercept = (part.astype(np.float64) for part in self._checked_coefficients())
        if len(self.classes_) == 2:
            coef, intercept = np.vstack([-coef / 2, coef / 2]), np.concatenate([-intercept / 2, intercept / 2])
        if going_on and hasattr(self, "_end"):
            return self._end._replace(coef=coef, intercept=intercept)
        return Coefficients(coef, intercept)


def _are_text(labels: Array) -> bool:
    """Whether labels, which are of one kind, are text and no numbers."""
    return isinstance(labels[0], str)
