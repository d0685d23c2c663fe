"""What classifier and regressor share as scikit-learn estimators: parameters, checks of X and weights, fit, scores."""

from __future__ import annotations

import inspect
import numbers
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from .._arrays import check_matrix, check_positive, check_sample_weight, plain_array, require_finite
from .._config import own_threads
from ..describe import described
from ..model import Model
from ..objective.few_scores import few_scores
from ..objective.linear.objective import LinearObjective
from ..objective.losses import CrossEntropy
from ..protocols import Array, FloatArray
from ..training.chunked_data import ChunkedData, in_memory, is_chunked
from ..training.fit import Coefficients, Observer, fit
from ..training.settings import SOLVE, Settings
from ..training.split import Split
from .callbacks import Attributes, CallbackSupportMixin, CallbackTasks, PlainCallback

DENSE_TYPES = (np.float64, np.float32, np.float16, np.uint8)
SPARSE_TYPES = (np.float64, np.float32)
CAST_BYTES = 1 << 23
MEMORY_LIMIT = Settings.memory_limit

Class = TypeVar("Class", bound=type)


@contextmanager
def named(name: str, values: Any) -> Iterator[None]:
    """What is no array of numbers or labels is refused, and scikit-learn's errors of conversion name the argument."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a plain array; it is a masked array, whose mask would be ignored")
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "MmV":
        raise TypeError(f"{name} must hold numbers or labels; its dtype is {dtype}")
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        if re.search(rf"\b{name}\b", str(error)):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} cannot be used: {error}") from error


class LinearPredictor(BaseEstimator):  # type: ignore[misc]
    """A linear model of scores ``X coef' + intercept``: what its data must be, its scores, its file."""

    coef_: Array
    intercept_: Array
    _y_holds: str
    _fits_chunks = False

    def _checked_y(self, y: Any) -> Array:
        raise TypeError("a LinearPredictor is a classifier or a regressor")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _checked(self, X: Any, y: Any, *, reset: bool, in_parts: bool = False) -> tuple[Any, Array]:
        """X and y as they are trained on; `in_parts`: by `partial_fit`."""
        chunked = not isinstance(X, np.ndarray) and is_chunked(X)
        if chunked and (in_parts or not self._fits_chunks):
            where = "partial_fit" if in_parts else type(self).__name__
            raise TypeError(f"X must be an array in memory for {where}; it is {described(X)}")
        if chunked:
            y = in_memory(y, "y")
            X = self._checked_chunks(X, y, reset=reset)
            y = X.source.labels_as_found() if y is None else y
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        if not chunked:
            X = self._checked_X(X, reset=reset)
        with named("y", y):
            y = self._checked_y(y)
        if len(y) != X.shape[0]:
            raise ValueError(f"y must hold a {self._y_holds} for each of the {X.shape[0]} rows of X; it holds {len(y)}")
        return X, y

    def _checked_X(self, X: Any, *, reset: bool) -> Any:
        """X as the kernels take it: dense as it is where its type is one of theirs; CSR in float64 or float32.

        Columns that lie apart (Fortran order, a table's) are brought together by a copy: so every layout gives the same
        bits. Indices of sparse X are checked here: scikit-learn and scipy trust them, and read where they say.
        """
        is_sparse = hasattr(X, "tocsr")
        if is_sparse and getattr(X, "format", "csr") != "csr":
            _check_before_conversion(X)
        # NumPy need not warn of the sum by which scikit-learn finds NaN.
        with np.errstate(over="ignore", invalid="ignore"), named("X", X):
            types = SPARSE_TYPES if is_sparse else DENSE_TYPES
            checked = validate_data(self, X, accept_sparse="csr", dtype=types, reset=reset)
        if hasattr(checked, "tocsr"):  # a pandas frame of sparse columns becomes one, too
            checked = checked if checked.dtype in SPARSE_TYPES else checked.astype(np.float64)
            check_matrix(checked, check_finite=False)
            used = int(checked.indptr[-1])
            if used == checked.data.size:
                return checked
            return type(checked)((checked.data[:used], checked.indices[:used], checked.indptr), shape=checked.shape)
        return np.ascontiguousarray(checked) if checked.strides[1] != checked.itemsize else checked

    def _checked_chunks(self, X: Any, y: Any = None, *, reset: bool) -> ChunkedData:
        """X that is read chunk by chunk, without the labels that it carries where there is y."""
        instead = np.zeros(np.shape(y)[0], dtype=np.uint8) if np.ndim(y) else None
        with named("X", X):
            data = ChunkedData.of(X, instead, memory_limit=getattr(self, "memory_limit", MEMORY_LIMIT))
        _check_feature_names(self, data, reset=reset)
        _check_n_features(self, data, reset=reset)
        return data

    def _checked_weights(self, sample_weight: Any, X: Any) -> FloatArray | None:
        if sample_weight is None:
            return None
        if isinstance(X, ChunkedData):
            sample_weight = in_memory(sample_weight, "sample_weight")
        if isinstance(sample_weight, numbers.Number):
            sample_weight = check_positive(sample_weight, "sample_weight")
        with named("sample_weight", sample_weight):
            weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        return check_sample_weight(weights, X.shape[0])

    def to_model(self) -> Model:
        """What was learned as a `gdfast.Model`: what `gdfast.save_model` writes, and ``gdfast predict`` reads.

        Returns
        -------
        Model
            Its `to_sklearn` gives an estimator back that predicts the same.

        Raises
        ------
        NotFittedError, ValueError
            It is not fitted; its classes are not integers, text or booleans.
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        return self._model(None if names is None else tuple(map(str, names)))

    def _model(self, feature_names: tuple[str, ...] | None) -> Model:
        raise TypeError("a LinearPredictor is a classifier or a regressor")

    def _scores(self, X: Any) -> Array:
        """``X coef' + intercept``, (n, rows of coef_), by the kernels: X is never cast whole."""
        known = self._few_scores(X)
        if known is not None:
            return known
        check_is_fitted(self)
        X = self._checked_X(X, reset=False)
        coef, intercept = self._checked_coefficients()
        if hasattr(X, "indptr"):
            return np.asarray(X @ coef.T + intercept)
        W = np.column_stack([coef, intercept])
        if X.dtype == np.float64 or W.dtype != np.float64:
            return _scores_of(X, W)
        # What float32 can't hold was learned in float64: so some rows at a time.
        step = max(1, CAST_BYTES // (8 * X.shape[1]))
        return np.concatenate([_scores_of(X[i : i + step].astype(np.float64), W) for i in range(0, len(X), step)])

    def _checked_coefficients(self) -> tuple[Array, Array]:
        """coef_ (k, d) and intercept_ (k,): TypeError or ValueError where somebody put something else there."""
        coef = np.atleast_2d(plain_array(self.coef_, "coef_"))
        intercept = np.ravel(plain_array(self.intercept_, "intercept_"))
        for name, part in (("coef_", coef), ("intercept_", intercept)):
            if part.dtype.kind not in "fiu":
                raise TypeError(f"{name} must hold real numbers; its dtype is {part.dtype}")
            require_finite(part, name)
        width = getattr(self, "n_features_in_", coef.shape[-1])
        if coef.ndim != 2 or coef.shape[1] != width or len(intercept) != len(coef):
            raise ValueError(
                f"coef_ must be (k, {width}) and intercept_ (k,), as fitted; their shapes are {coef.shape} and "
                f"{intercept.shape}"
            )
        return coef, intercept

    def _few_scores(self, X: Any) -> Array | None:
        """Those of a few rows: to check them, and to bring W together, would take longer. None: the other way, which
        says what is wrong with X."""
        known = self.__dict__
        coef, intercept = known.get("coef_"), known.get("intercept_")
        if type(coef) is not np.ndarray or type(intercept) is not np.ndarray or "feature_names_in_" in known:
            return None
        return few_scores(X, coef if coef.ndim == 2 else coef[None], intercept)


class LinearEstimator(CallbackSupportMixin, LinearPredictor, Settings):  # type: ignore[misc]
    """A linear model of scores ``X coef' + intercept``, whose parameters are those of `Settings`.

    Attributes
    ----------
    n_iter_ : int
        Epochs.
    history_ : dict of lists
        "loss" (the epoch's mean at the weights of the moment, penalty included; of "solve" after each step),
        "learning_rate" (of its last step) and, with early_stopping, "validation_score": one number per epoch.
    duality_gap_ : float or None
        How far the objective is from its optimum at most, proven (the hinge's is loose, see
        `LinearObjective.duality_gap`), in the units of what was trained on (targets of a regression divided by their
        spread). With `gap_tol`, and of "solve" and dual coordinate ascent always, it is the run's own bound; otherwise
        it is computed where `certify` asks. None where nobody asks, nothing is proven (losses of yours, alpha = 0,
        `partial_fit`), that would need more than 64 MB, or it says next to nothing: nine tenths of the objective or
        more.
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn

    Raises
    ------
    TypeError, ValueError
        From `fit`, before any work: a parameter, X, y or sample_weight is of the wrong type, shape or range.

    Warns
    -----
    ConvergenceWarning
        `tol` or `gap_tol` was not reached in `epochs`, or the loss grew at every step that was tried. Of "solve": what
        was proven, where that is less than `tol` asks.

    Notes
    -----
    X is used where it lies: float64, float32, float16, uint8 (no float copy of any of them) or CSR;
    read-only, memory-mapped, or a slice. Fortran order is copied to C order, in its own type, so that both give the
    same bits. Other types become float64. Arithmetic is float64 for float64 X, else float32; then
    `coef_` is float32, too. Where offsets are so large that float32 can't take them in (|mean| > 1,000 deviations), the
    standardised rows are a copy, and `coef_` is float64.

    Sparse X with several entries for one place is taken as their sum; X itself stays as it is. A fit that is refused or
    interrupted leaves the estimator as it was.

    Cost: `epochs` passes in one thread (small data: some thirty passes by L-BFGS), one or two over the features
    before. A run that diverges is taken back to its best weights and goes on at a quarter of the step, so finite data
    give finite weights. Where scikit-learn has callbacks (1.9), each epoch is a task of theirs.

    References
    ----------
    L. Bottou, F. Curtis and J. Nocedal, Optimization methods for large-scale machine learning, SIAM Review 60, 2018.
    """

    _fits_chunks = True
    history_: dict[str, list[float]]
    n_iter_: int
    duality_gap_: float | None
    _end: Coefficients
    _unit: FloatArray

    def _validation(self, X_val: Any, y_val: Any) -> tuple[Any, Array] | None:
        """The user's own validation rows, checked like X and y."""
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            missing, there = ("X_val", "y_val") if X_val is None else ("y_val", "X_val")
            raise ValueError(f"{missing} must be given with {there}; it is None")
        with _renamed({"X": "X_val", "y": "y_val"}):
            X, y = self._checked(X_val, y_val, reset=False)
        return X, y

    def _train(
        self,
        settings: Settings,
        split: Split,
        start: Coefficients,
        weight: float,
        attributes: Attributes,
        *,
        class_factor: float = 1.0,
        stratify: Array | None = None,
        offset: FloatArray | float = 0.0,
        unit: FloatArray | float = 1.0,
        endless: bool = False,
        callback_data: tuple[Any, Any, Any] | None = None,
    ) -> None:
        """Train on the split's rows from `start`, and set the attributes of what is fitted.

        `weight` is the rows' before that of classes, whose mean is `class_factor`; `stratify` are classes of which the
        same share is held out; `callback_data` the (X, y, sample_weight) that scikit-learn's callbacks are given: None
        where they are not told.
        """
        held_out = None
        if settings.early_stopping and split.X_val is None:
            weights = split.weights
            rows = np.arange(split.X.shape[0]) if weights is None else np.flatnonzero(weights)
            held_out = train_test_split(
                rows,
                test_size=settings.validation_fraction,
                stratify=None if stratify is None else stratify[rows],
                random_state=settings.random_state,
            )[1]
        observers: list[Observer] = []
        tasks = None
        if callback_data and (getattr(self, "_skl_callbacks", None) or hasattr(self, "_parent_callback_ctx")):
            tasks = CallbackTasks(self, *callback_data, attributes)
            observers.append(tasks)
        if settings.callback is not None:
            observers.append(PlainCallback(settings.callback, attributes))
        divided = Split.of(split.X, split.y, split.weights, held_out)._replace(X_val=split.X_val, y_val=split.y_val)
        with nullcontext() if settings.n_threads is None else own_threads(settings.n_threads):
            fitted = fit(
                settings, divided, start, weight, class_factor=class_factor, offset=offset, unit=unit,
                endless=endless, observers=observers,
            )  # fmt: skip
        if fitted.complaint is not None:
            warnings.warn(fitted.complaint, ConvergenceWarning, stacklevel=5)
        history, epochs = {"loss": fitted.run.losses, "learning_rate": fitted.run.rates}, max(1, fitted.run.epochs)
        if fitted.run.scores:
            history["validation_score"] = fitted.run.scores
        if endless and hasattr(self, "history_"):
            history = {name: [*self.history_.get(name, []), *part] for name, part in history.items()}
            epochs += self.n_iter_
        self.history_ = history
        self.n_iter_ = epochs
        self.duality_gap_ = fitted.gap
        self._end = fitted.end
        for name, value in attributes(fitted.end.coef, fitted.end.intercept, fitted.dtype).items():
            setattr(self, name, value)
        if tasks is not None:
            tasks.end()


def takes_parts(estimator: Any) -> bool:
    """Whether there is a `partial_fit`: not where the optimum of all rows is wanted, which are never seen there."""
    if isinstance(estimator.optimizer, str) and estimator.optimizer == SOLVE:
        raise AttributeError("partial_fit needs another optimizer than 'solve', which goes to the optimum of all rows")
    return True


def _check_before_conversion(X: Any) -> None:
    """ValueError where a sparse matrix in another format than CSR holds indices beyond its shape."""
    try:
        if X.format in ("csc", "bsr"):
            X.check_format(full_check=True)
        elif X.format == "coo" and X.nnz:
            for indices, size in zip((X.row, X.col), X.shape, strict=True):
                if indices.min() < 0 or indices.max() >= size:
                    raise ValueError(f"indices must be in [0, {size})")
    except ValueError as error:
        raise ValueError(f"X must be a sparse matrix whose indices fit its shape {X.shape}: {error}") from error


def _scores_of(X: Array, W: Array) -> Array:
    labels = np.zeros(X.shape[0], dtype=np.int32)  # scores do not depend on them
    return LinearObjective(X, labels, CrossEntropy(), n_classes=len(W), check_finite=False).scores(W)


@contextmanager
def _renamed(names: Mapping[str, str]) -> Iterator[None]:
    """Errors about X and y name the arguments that were meant."""
    try:
        yield
    except (TypeError, ValueError) as error:
        text = str(error)
        for name, meant in names.items():
            text = re.sub(rf"\b{name}\b", meant, text)
        raise type(error)(text) from error


def all_or_nothing(method: Callable[..., Any]) -> Callable[..., Any]:
    """Method decorator: where it raises, the estimator is left as it was."""

    @wraps(method)
    def called(self: Any, *arguments: Any, **keywords: Any) -> Any:
        before = dict(vars(self))
        try:
            return method(self, *arguments, **keywords)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return called


SECTIONS = ("", "Parameters", "Attributes", "Raises", "Warns", "Notes", "References", "Examples")


def documented(*shared: type) -> Callable[[Class], Class]:
    """Class decorator: each section of the docstring goes on with those of the classes that it shares them with."""

    def decorated(cls: Class) -> Class:
        own, *others = (_sections(each.__doc__ or "") for each in (cls, *shared))
        parts = [own.get("", "")]
        for title in SECTIONS[1:]:
            text = "\n".join(sections[title] for sections in (own, *others) if title in sections)
            if text:
                parts.append(f"{title}\n{'-' * len(title)}\n{text}")
        cls.__doc__ = "\n\n".join(parts) + "\n"
        return cls

    return decorated


def _sections(docstring: str) -> dict[str, str]:
    """numpydoc's sections by their titles; "" is what stands before the first."""
    titles = re.split(r"^(\w+)\n-{3,}$", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return {title: text.strip("\n") for title, text in zip(["", *titles[1::2]], titles[::2], strict=True)}
