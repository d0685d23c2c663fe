"""GDClassifier: hinge, squared hinge or softmax by gradient descent, as a scikit-learn classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from ..protocols import Array, FloatArray
from ..training.fit import Listener, Start, learn
from ..training.names import CLASSIFIER_LOSSES, loss_of
from ..training.scores import accuracy
from ..training.settings import Settings
from ..training.split import Data, times_class_weight
from .base import LinearEstimator, threads
from .callbacks import FitTask, with_callbacks


def _is_cross_entropy(estimator: Any) -> bool:
    """Probabilities are what the cross-entropy fits."""
    if loss_of(estimator.loss, CLASSIFIER_LOSSES, classifies=True).gives_probabilities:
        return True
    raise AttributeError(f"probabilities need loss='cross_entropy'; it is {estimator.loss!r}")


class GDClassifier(ClassifierMixin, LinearEstimator):  # type: ignore[misc]
    """Linear classifier by stochastic gradient descent, on data as it is: unscaled, uint8, sparse, memory-mapped.

    ``mean loss(scores, y) + alpha * (l1_ratio * |w|_1 + (1 - l1_ratio) / 2 * |w|**2)`` with scores ``z w' + b`` and
    ``z = (x - mean) / scale``.

    Parameters
    ----------
    loss : "hinge", "squared_hinge", "cross_entropy" (or "log_loss"), or a gdfast loss
        All are multiclass losses, not one against the rest.
    alpha : "auto" or float >= 0
        Strength of the penalty, as in `SGDClassifier`: ``L2(alpha / 2)``. "auto" is 1 / n_samples, which is
        `LogisticRegression`'s C = 1. It acts on the weights of standardised features.
    l1_ratio : float in [0, 1]
        Share of the L1 penalty. Its subgradient is followed: weights become small, not exactly zero.
    optimizer : name or gdfast optimizer, optional
        None: momentum 0.9, on CSR plain gradient descent. Names: "gradient_descent", "momentum", "nesterov", "adam",
        "adagrad", "rmsprop", "adamw" (compiled), "averaged_sgd", "adadelta", "nadam", "radam", "amsgrad", "lion", and,
        on all rows at every step, "lbfgs", "nonlinear_conjugate_gradient", "newton", "dual_coordinate_ascent".
    learning_rate : name, float > 0 or schedule, optional
        None and "linear": from the recipe's step, which is made of the data, linearly to 0; "cosine", "constant": from
        the same step. A number is a constant step, a schedule (any callable of the step's number) is followed as it is.
    batch_size : int
        Rows of a step. No more rows than that: every step sees them all. On CSR the recipe (optimizer None, l1_ratio 0)
        takes single rows.
    epochs : int
        Passes over the data.
    min_steps : int
        Small data: as many more epochs as make so many steps, and `n_iter_no_change` as many times longer.
    tol : float >= 0, optional
        Stop where the loss (in units of the first), or with early_stopping the held-out score, has not improved by more
        than this for `n_iter_no_change` epochs, and warn where that never came. None: all epochs are run. (With
        early_stopping None is 1e-3.)
    early_stopping : bool
        Hold out `validation_fraction` of the rows, and keep the weights with the best score there. X is not copied
        for that.
    validation_fraction : float in (0, 1)
    n_iter_no_change : int
    class_weight : dict, "balanced" or None
        Factors of the sample weights; "balanced" gives each class the same total.
    fit_intercept : bool
    standardize : "auto", True or False
        Dense features less their mean, divided by their standard deviation (without an intercept: by their root mean
        square); CSR columns divided by their largest absolute value. Folded into the weights: X stays as it is.
    warm_start : bool
        `fit` starts from the weights there are.
    random_state : int, RandomState or None
    n_threads : int, optional
        For passes over all rows; stochastic steps take one. Results do not depend on it.
    certify : bool
        Prove how far the optimum is (`duality_gap_`), which costs as much as four epochs or so.
    verbose : int
        Print each epoch's loss.

    Attributes
    ----------
    coef_ : array (n_classes, n_features), of two classes (1, n_features)
        In the units of X. Of two classes: the difference of their rows.
    intercept_ : array (n_classes,) or (1,)
    classes_ : array (n_classes,)
    n_iter_ : int
        Epochs.
    history_ : dict of lists
        "loss" (the epoch's mean at the weights of the moment, penalty included), "learning_rate" (of its last step)
        and, with early_stopping, "validation_score": one number per epoch.
    duality_gap_ : float or None
        How far the objective is from its optimum at most, proven (the hinge's is loose, see
        `LinearObjective.duality_gap`); None where nothing is proven (Huber, L1, `partial_fit`) or that would need
        more than 64 MB.
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn

    Raises
    ------
    TypeError, ValueError
        From `fit`, before any work: a parameter, X, y or sample_weight is of the wrong kind, shape or range.

    Warns
    -----
    ConvergenceWarning
        `tol` was not reached in `epochs`, or the loss grew at every step that was tried.

    Notes
    -----
    X is used where it lies: float64, float32, float16, uint8 (no float copy of any of them) or CSR;
    read-only, memory-mapped, or a slice. Fortran order is copied to C order, in its own type, so that both give the
    same bits. Other types become float64. Arithmetic is float64 for float64 X, else float32; then
    `coef_` is float32, too. Where offsets are so large that float32 can't take them in (|mean| > 1,000 deviations), the
    standardised rows are a copy, and `coef_` is float64.

    Cost: `epochs` passes in one thread, and one or two over the features before. A run that diverges is taken back to
    its best weights and goes on at a quarter of the step, so finite data give finite weights. Where scikit-learn has
    callbacks (1.9), each epoch is a task of theirs.

    References
    ----------
    L. Bottou, F. Curtis and J. Nocedal, Optimization methods for large-scale machine learning, SIAM Review 60, 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from gdfast.estimators import GDClassifier
    >>> X, y = load_wine(return_X_y=True)  # features from 0.1 to 1,680, as they are
    >>> model = GDClassifier("cross_entropy", random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.99, model.coef_.shape, model.duality_gap_ < 0.01
    (True, (3, 13), True)
    """

    def __init__(
        self,
        loss: Any = "hinge",
        *,
        alpha: Any = "auto",
        l1_ratio: float = 0.0,
        optimizer: Any = None,
        learning_rate: Any = None,
        batch_size: int = 64,
        epochs: int = 20,
        min_steps: int = 1000,
        tol: float | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        fit_intercept: bool = True,
        standardize: Any = "auto",
        warm_start: bool = False,
        random_state: Any = None,
        n_threads: int | None = None,
        certify: bool = True,
        verbose: int = 0,
    ) -> None:
        self.loss = loss
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.min_steps = min_steps
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_threads = n_threads
        self.certify = certify
        self.verbose = verbose

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> GDClassifier:
        """Train from zero; with `warm_start`, from the weights there are.

        Parameters
        ----------
        X : array or CSR (n_samples, n_features)
        y : labels (n_samples,), numbers or strings
        sample_weight : array (n_samples,) >= 0, optional
            A weight of 3 counts as three equal rows, a weight of 0 as none.

        Returns
        -------
        self
        """
        settings = Settings.of(self, CLASSIFIER_LOSSES, classifies=True)
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
        listener = Listener(lambda epochs: FitTask(self, epochs, X, y, sample_weight), self._coefficients)
        self._learn(settings, X, y, weights, start, listener)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> GDClassifier:
        """One epoch over these rows, from the weights there are.

        Mean and scale are those of all rows seen so far; the step falls as ``1 / sqrt(1 + steps / 1000)``.

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
        settings = Settings.of(self, CLASSIFIER_LOSSES, classifies=True)
        is_first = not hasattr(self, "coef_")
        if is_first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        X, y = self._checked(X, y, reset=is_first)
        weights = self._checked_weights(sample_weight, X)
        all_classes = self.classes_ if classes is None else np.unique(classes)
        if not is_first and not np.array_equal(all_classes, self.classes_):
            raise ValueError(f"classes must be those of the first call, {self.classes_}; they are {all_classes}")
        if not np.isin(y, all_classes).all():
            raise ValueError(f"y must hold the classes {all_classes}; it also holds {np.setdiff1d(y, all_classes)}")
        self.classes_ = all_classes
        start = None if is_first else self._start(going_on=True)
        self._learn(settings, X, y, weights, start, Listener(FitTask.unwatched, self._coefficients), for_ever=True)
        return self

    def decision_function(self, X: Any) -> Array:
        """Scores: (n_samples, n_classes); for two classes (n_samples,), positive for `classes_[1]`."""
        scores = self._scores(X)
        return scores[:, 0] if len(self.classes_) <= 2 else scores

    def predict(self, X: Any) -> Array:
        """The class of the largest score."""
        scores = self.decision_function(X)
        if len(self.classes_) == 1:
            return np.repeat(self.classes_, len(scores))
        chosen = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(np.int64)
        return np.asarray(self.classes_[chosen])

    @available_if(_is_cross_entropy)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """Softmax of the scores: (n_samples, n_classes)."""
        return np.exp(self._log_probabilities(X))

    @available_if(_is_cross_entropy)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array:
        """Its logarithm, exact where a probability is too small for one."""
        return self._log_probabilities(X)

    def _log_probabilities(self, X: Any) -> Array:
        scores = self.decision_function(X)
        if len(self.classes_) == 1:
            return np.zeros((len(scores), 1), dtype=scores.dtype)
        if scores.ndim == 1:
            scores = np.column_stack([np.zeros_like(scores), scores])
        scores = scores - scores.max(axis=1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Array]:
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        X = self._checked_X(X, reset=reset)
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        if len(y) != X.shape[0]:
            raise ValueError(f"y must hold a label for each of the {X.shape[0]} rows of X; it holds {len(y)}")
        return X, y

    def _learn(
        self,
        settings: Settings,
        X: Any,
        y: Array,
        weights: FloatArray | None,
        start: Start | None,
        listener: Listener,
        *,
        for_ever: bool = False,
    ) -> None:
        k, d = len(self.classes_), X.shape[1]
        labels = np.minimum(np.searchsorted(self.classes_, y), k - 1)  # a class of weight 0 may be none of them
        total = X.shape[0] if weights is None else float(weights.sum())
        weights = times_class_weight(self.class_weight, self.classes_, labels, weights)
        if k == 1:  # nothing to learn
            dtype = np.float64 if X.dtype == np.float64 else np.float32
            self.coef_, self.intercept_ = np.zeros((1, d), dtype), np.zeros(1, dtype)
            self.n_iter_, self.history_, self.duality_gap_ = 1, {"loss": [0.0], "learning_rate": [0.0]}, 0.0
            return
        held = None
        if settings.early_stopping and not for_ever:
            rows = np.arange(X.shape[0]) if weights is None else np.flatnonzero(weights)
            held = train_test_split(
                rows, test_size=settings.validation_fraction, stratify=labels[rows], random_state=settings.seed
            )[1]
        origin = Start(np.zeros((k, d)), np.zeros(k))
        with threads(settings.n_threads):
            learned = learn(
                settings, Data.of(X, labels, weights, held), start or origin, total, listener,
                score=accuracy, for_ever=for_ever,
            )  # fmt: skip
        self._write(learned, go_on=for_ever and start is not None)
        for name, value in self._coefficients(learned.after.coef, learned.after.intercept, learned.dtype).items():
            setattr(self, name, value)
        learned.task.end()

    def _start(self, *, going_on: bool = False) -> Start:
        """From the coefficients there are: those of two classes are the difference of two opposite rows."""
        coef, intercept = self.coef_.astype(np.float64), self.intercept_.astype(np.float64)
        if len(self.classes_) == 2:
            coef, intercept = np.vstack([-coef / 2, coef / 2]), np.concatenate([-intercept / 2, intercept / 2])
        if going_on and hasattr(self, "_after"):
            return self._after._replace(coef=coef, intercept=intercept)
        return Start(coef, intercept)

    def _coefficients(self, coef: FloatArray, intercept: FloatArray, dtype: Any) -> dict[str, Any]:
        if len(self.classes_) == 2:
            coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
        return {"coef_": coef.astype(dtype), "intercept_": intercept.astype(dtype)}
