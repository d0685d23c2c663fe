"""GDRegressor: least squares or Huber by gradient descent, as a scikit-learn regressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _check_y, column_or_1d

from ..protocols import Array, FloatArray
from ..training.fit import Listener, Start, learn
from ..training.names import REGRESSOR_LOSSES
from ..training.scores import r2
from ..training.settings import Settings
from ..training.split import Data
from ..training.target_scaling import in_type, location_and_scale, scaled
from .base import LinearEstimator, threads
from .callbacks import FitTask, with_callbacks


class GDRegressor(RegressorMixin, LinearEstimator):  # type: ignore[misc]
    """Linear regression by stochastic gradient descent, on data as it is: unscaled, uint8, sparse, memory-mapped.

    ``mean loss(z w' + b - y) + alpha * (l1_ratio * |w|_1 + (1 - l1_ratio) / 2 * |w|**2)`` with
    ``z = (x - mean) / scale``.

    Parameters
    ----------
    loss : "squared_error", "huber" (its delta is 1, in units of y), or a gdfast loss such as ``gd.Huber(delta=0.1)``
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
        Hold out `validation_fraction` of the rows, and keep the weights with the best score there. X is not copied.
    validation_fraction : float in (0, 1)
    n_iter_no_change : int
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
    coef_ : array (n_features,)
        In the units of X and y.
    intercept_ : array (1,)
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
    standardised rows are a copy, and `coef_` is float64; so it is where those of y are, or its numbers too large.

    Cost: `epochs` passes in one thread, and one or two over the features before. A run that diverges is taken back to
    its best weights and goes on at a quarter of the step, so finite data give finite weights. Where scikit-learn has
    callbacks (1.9), each epoch is a task of theirs.

    References
    ----------
    L. Bottou, F. Curtis and J. Nocedal, Optimization methods for large-scale machine learning, SIAM Review 60, 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gdfast.estimators import GDRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDRegressor(random_state=0).fit(X, y)
    >>> round(model.score(X, y), 2), model.coef_.shape
    (0.52, (10,))
    """

    def __init__(
        self,
        loss: Any = "squared_error",
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
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_threads = n_threads
        self.certify = certify
        self.verbose = verbose

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
        settings = Settings.of(self, REGRESSOR_LOSSES, classifies=False)
        is_warm = settings.warm_start and hasattr(self, "coef_")
        X, y = self._checked(X, y, reset=not is_warm)
        weights = self._checked_weights(sample_weight, X)
        start = Start(self._rows_of_coef(), self.intercept_.astype(np.float64)) if is_warm else None
        return self._learn(settings, X, y, weights, start, lambda epochs: FitTask(self, epochs, X, y, sample_weight))

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
        settings = Settings.of(self, REGRESSOR_LOSSES, classifies=False)
        is_first = not hasattr(self, "coef_")
        X, y = self._checked(X, y, reset=is_first)
        weights = self._checked_weights(sample_weight, X)
        start = None
        if not is_first:
            start = self._after._replace(coef=self._rows_of_coef(), intercept=self.intercept_.astype(np.float64))
        return self._learn(settings, X, y, weights, start, FitTask.unwatched, for_ever=True)

    def predict(self, X: Any) -> Array:
        """``X coef' + intercept``, (n_samples,)."""
        return self._scores(X)[:, 0]

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, FloatArray]:
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        X = self._checked_X(X, reset=reset)
        y = column_or_1d(_check_y(y, y_numeric=True, estimator=self), dtype=np.float64, warn=True)
        if len(y) != X.shape[0]:
            raise ValueError(f"y must hold a number for each of the {X.shape[0]} rows of X; it holds {len(y)}")
        return X, y

    def _rows_of_coef(self) -> FloatArray:
        return np.atleast_2d(self.coef_).astype(np.float64)

    def _learn(
        self,
        settings: Settings,
        X: Any,
        y: FloatArray,
        weights: FloatArray | None,
        start: Start | None,
        task: Any,
        *,
        for_ever: bool = False,
    ) -> GDRegressor:
        """Train on (y - offset) / unit, which no unit of y changes."""
        total = X.shape[0] if weights is None else float(weights.sum())
        offset, unit = location_and_scale(y, weights, settings)
        settings = scaled(settings, unit)
        held = None
        if settings.early_stopping and not for_ever:
            rows = np.arange(len(y)) if weights is None else np.flatnonzero(weights)
            held = train_test_split(rows, test_size=settings.validation_fraction, random_state=settings.seed)[1]
        is_going_on = start is not None
        if start is None:
            start = Start(np.zeros((1, X.shape[1])), np.full(1, offset))
        start = start._replace(coef=start.coef / unit, intercept=(start.intercept - offset) / unit)

        def attributes(coef: FloatArray, intercept: FloatArray, dtype: Any) -> dict[str, Any]:
            return {
                "coef_": in_type(coef[0] * unit, dtype, offset, unit),
                "intercept_": in_type(intercept * unit + offset, dtype, offset, unit),
            }

        with threads(settings.n_threads):
            learned = learn(
                settings, Data.of(X, (y - offset) / unit, weights, held), start, total, Listener(task, attributes),
                score=r2, unit=unit, for_ever=for_ever,
            )  # fmt: skip
        self._write(learned, go_on=for_ever and is_going_on)
        for name, value in attributes(learned.after.coef, learned.after.intercept, learned.dtype).items():
            setattr(self, name, value)
        learned.task.end()
        return self
