"""A trained linear model as data: weights, class names, scaling; `save_model` and `load_model` store it in one file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from ._arrays import check_columns, check_flag, check_path, plain_array, require_finite
from ._derived import derived
from .describe import PlainErrors, described
from .files.saved_arrays import load_arrays, save_arrays
from .objective.few_scores import FEW, few_scores
from .objective.linear.objective import LinearObjective
from .objective.losses import CrossEntropy, Hinge, Loss
from .objective.losses.cross_entropy import softmax
from .objective.losses.table import check_loss, loss_from_json, loss_to_json
from .protocols import Array, FloatArray

KIND, VERSION = "model", 1


@dataclass(frozen=True, eq=False)
class Model:
    """``scores = W [(x - mean) / scale, 1]``: a linear model that predicts.

    Parameters
    ----------
    W : float32 or float64 (k, d + 1), or (k, d) without bias
        A row for each class (one row: for each target); the last column is the bias. It is copied.
    loss : Hinge(), CrossEntropy(), ...
        What it was trained with.
    class_names : sequence of str, optional
        The k classes, in W's order.
    feature_names : sequence of str, optional
        The d features, in X's order.
    mean, scale : array (d,), optional
        Features are ``(x - mean) / scale``, as in `LinearObjective`.
    bias : bool
        W's last column is a bias.
    facts : dict
        Whatever else is worth keeping (alpha, epochs, accuracy): numbers, text, lists and dicts of them.

    Raises
    ------
    TypeError, ValueError
        W is not a finite float matrix, or the other parts do not fit it.

    Notes
    -----
    X is used where it lies, uint8, memory-mapped or CSR: it is never copied or scaled. Arithmetic is float64 for
    float64 X, else float32. Sparse X is never centred: the mean goes into the bias.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> model = gd.Model(np.array([[1.0, 0.0], [-1.0, 0.0]]), class_names=("plus", "minus"))
    >>> [model.class_names[i] for i in model.predict(np.array([[2.0], [-3.0]]))]
    ['plus', 'minus']
    """

    W: Array
    loss: Loss = field(default_factory=Hinge)
    class_names: tuple[str, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    mean: Array | None = None
    scale: Array | None = None
    bias: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        W = np.array(plain_array(self.W, "W"), order="C")
        if W.dtype != np.float32 and W.dtype != np.float64:
            raise TypeError(f"W must be float32 or float64; its dtype is {W.dtype}")
        bias = check_flag(self.bias, "bias")
        if W.ndim != 2 or W.shape[0] < 1 or W.shape[1] < 1 + bias:
            raise ValueError(f"W must be (n_classes, n_features{' + 1' * bias}), not empty; its shape is {W.shape}")
        require_finite(W, "W")
        check_loss(self.loss)
        d = W.shape[1] - bias
        parts = {
            "W": W,
            "bias": bias,
            "class_names": _check_names(self.class_names, "class_names", W.shape[0]),
            "feature_names": _check_names(self.feature_names, "feature_names", d),
            "mean": check_columns(self.mean, "mean", d, positive=False),
            "scale": check_columns(self.scale, "scale", d, positive=True),
            "facts": _check_facts(self.facts),
        }
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    @property
    def n_features(self) -> int:
        """How many columns X must have."""
        return int(self.W.shape[1]) - int(self.bias)

    def to_sklearn(self) -> Any:
        """A fitted `gdfast.estimators.GDClassifier` or `GDRegressor` that predicts the same, for raw X.

        Returns
        -------
        GDClassifier or GDRegressor
            Its `classes_` are those of the estimator that was saved, otherwise `class_names`, or numbers.

        Raises
        ------
        ImportError
            There is no scikit-learn.

        Examples
        --------
        >>> import numpy as np, gdfast as gd
        >>> model = gd.Model(np.array([[1.0, 0.0], [-1.0, 0.0]]), class_names=("plus", "minus"))
        >>> model.to_sklearn().predict(np.array([[2.0], [-3.0]])).tolist()
        ['plus', 'minus']
        """
        return import_module("gdfast.estimators.of_model").of_model(self)  # a layer above, which needs scikit-learn

    def scores(self, X: Any) -> Array:
        """A score for every row and class: (n, k), float64 for float64 X, else float32.

        Raises
        ------
        TypeError, ValueError
            X is no matrix that `LinearObjective` takes, or has another number of features; the message names both.
        """
        known = self._few_scores(X)
        if known is not None:
            return known
        n, d = _shape(X)
        if d != self.n_features:
            raise ValueError(f"X must have the model's {self.n_features:,} features; it has {d:,}")
        W, mean, bias = self.W, self.mean, self.bias
        if mean is not None and hasattr(X, "nnz"):
            W, mean, bias = self._centred_by_bias().astype(W.dtype), None, True
        labels = np.zeros(n, dtype=np.int32)
        objective = LinearObjective(
            X, labels, CrossEntropy(), mean=mean, scale=self.scale, bias=bias, n_classes=len(W)
        )  # fmt: skip
        return objective.scores(W)

    @derived
    def _parts(self) -> tuple[Array, Array | None]:
        """Weights (k, d) and bias (k,), which are views of W."""
        return self.W[:, : self.n_features], self.W[:, -1] if self.bias else None

    def _few_scores(self, X: Any) -> Array | None:
        """Those of a few rows: an objective for them would take longer than the rest. None: the other way."""
        if self.mean is not None or self.scale is not None:
            fits = type(X) is np.ndarray and X.shape[1:] == (self.n_features,) and X.dtype == self.W.dtype
            if not fits or len(X) > FEW:
                return None
            Z = X if self.mean is None else X - self.mean
            Z = Z if self.scale is None else Z / self.scale
            X = Z.astype(X.dtype, copy=False)
        return few_scores(X, *self._parts)

    def predict(self, X: Any) -> Array:
        """The number of the best class, int64 (n,); for regression the predicted values, (n,) or (n, k)."""
        scores = self.scores(X)
        if self.loss.classifies:
            return np.asarray(scores.argmax(1))
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def probabilities(self, X: Any) -> Array:
        """``softmax(scores)``, (n, k): each row sums to 1.

        Raises
        ------
        ValueError
            The loss is not the cross-entropy, whose scores alone are logarithms of probabilities.
        """
        if not self.loss.gives_probabilities:
            raise ValueError(f"probabilities need a model trained with CrossEntropy; the loss is {self.loss}")
        return softmax(self.scores(X))

    def coef_and_intercept(self) -> tuple[FloatArray, FloatArray]:
        """scikit-learn's ``coef_`` and ``intercept_`` in float64, with mean and scale folded in: for raw X.

        Returns
        -------
        coef : (k, d); two classes: (1, d), row 1 less row 0; one target: (d,)
        intercept : (k,); two classes and one target: (1,)
        """
        W = self._centred_by_bias()
        coef, intercept = W[:, :-1], W[:, -1]
        if self.scale is not None:
            coef = coef / self.scale
        if not self.loss.classifies:
            return (coef[0] if len(coef) == 1 else coef), intercept
        if len(W) == 2:
            return coef[1:] - coef[:1], intercept[1:] - intercept[:1]
        return coef, intercept

    def _centred_by_bias(self) -> FloatArray:
        """W float64 (k, d + 1) with the mean in its bias: ``W [x / scale, 1]``."""
        W = np.zeros((self.W.shape[0], self.n_features + 1))
        W[:, : self.W.shape[1]] = self.W
        if self.mean is not None:
            shift = self.mean if self.scale is None else self.mean / self.scale
            W[:, -1] -= W[:, :-1] @ shift
        return W


@PlainErrors()
def save_model(path: str | os.PathLike[str], model: Any, **parts: Any) -> None:
    """Write a model to one file: .npz without pickles, with a version and a digest, whole or not at all.

    Parameters
    ----------
    path : str or path
        Where; its folder must exist. No suffix is added.
    model : Model, a fitted estimator of `gdfast.estimators`, or weights W
        With W, the other fields of `Model` follow by name. ``load_model(path).to_sklearn()`` is an estimator again.

    Raises
    ------
    TypeError, ValueError
        It is no model, the parts do not fit, or the loss is not one of gdfast's own.
    OSError
        The file cannot be written (a full disk); what was there before is still there.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.save_model("model.npz", np.eye(3, 5), loss=gd.CrossEntropy(), class_names=("a", "b", "c"))
    >>> gd.load_model("model.npz").class_names
    ('a', 'b', 'c')
    """
    check_path(path)
    is_whole = isinstance(model, Model)
    if not is_whole and callable(getattr(model, "to_model", None)) and not isinstance(model, type):
        model, is_whole = model.to_model(), True
    if not is_whole:
        if hasattr(model, "get_params") or isinstance(model, type):
            raise TypeError(f"model must be a gd.Model, a fitted estimator of gdfast or W; it is {described(model)}")
        model = Model(model, **parts)
    elif parts:
        raise TypeError(f"{', '.join(parts)} must be fields of the model, which is given whole")
    arrays = {"W": model.W}
    arrays |= {name: part for name in ("mean", "scale") if (part := getattr(model, name)) is not None}
    facts = {
        "loss": loss_to_json(model.loss),
        "bias": model.bias,
        "class_names": model.class_names,
        "feature_names": model.feature_names,
        "gdfast": _gdfast_version(),
        "facts": dict(model.facts),
    }
    save_arrays(path, KIND, VERSION, arrays, facts)


@PlainErrors()
def load_model(path: str | os.PathLike[str]) -> Model:
    """The model that `save_model` wrote; no code runs on loading.

    Returns
    -------
    Model
        Its `facts` hold also, under "gdfast", the version that wrote it.

    Raises
    ------
    OSError
        There is no such file, or it must not be read.
    ValueError
        It is not a model of gdfast's, damaged (its digest differs), of a newer version, or its parts do not fit.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.save_model("model.npz", np.eye(2, 4, dtype=np.float32), scale=np.full(3, 255.0))
    >>> model = gd.load_model("model.npz")
    >>> model.n_features, model.W.dtype, model.loss
    (3, dtype('float32'), Hinge(margin=1.0))
    """
    check_path(path)
    arrays, facts = load_arrays(path, KIND, VERSION)
    try:
        return Model(
            arrays["W"],
            loss_from_json(facts["loss"]),
            class_names=facts["class_names"],
            feature_names=facts["feature_names"],
            mean=arrays.get("mean"),
            scale=arrays.get("scale"),
            bias=facts["bias"],
            facts=facts["facts"] | {"gdfast": facts["gdfast"]},
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is no model that can be used ({type(error).__name__}: {error})") from error


def _check_names(names: Sequence[str] | None, what: str, length: int) -> tuple[str, ...] | None:
    if names is None:
        return None
    is_list = isinstance(names, Sequence) or (isinstance(names, np.ndarray) and names.ndim == 1)
    if not is_list or isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"{what} must be a sequence of str; it is {described(names, 60)}")
    if len(names) != length:
        raise ValueError(f"{what} must hold {length:,} names, as W does; it holds {len(names):,}")
    return tuple(str(name) for name in names)


def _check_facts(facts: Any) -> dict[str, Any]:
    if not isinstance(facts, Mapping):
        raise TypeError(f"facts must be a dict; it is {described(facts)}")
    try:
        plain: dict[str, Any] = json.loads(json.dumps(dict(facts)))
    except (TypeError, ValueError) as error:
        raise TypeError(f"facts must hold numbers, text, lists and dicts of them: {error}") from error
    return plain


def _shape(X: Any) -> tuple[int, int]:
    shape = getattr(X, "shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2:
        raise ValueError(f"X must be (n_samples, n_features); it is {type(X).__name__} of shape {shape}")
    return shape


def _gdfast_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gdfast")
    except PackageNotFoundError:
        return "unknown"
