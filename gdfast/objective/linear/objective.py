"""The linear objective: a loss on scores after one matrix product, plus a regularizer.

X comes in at this door, is checked once, and goes straight to a kernel; W goes round and round. Whatever
moves W along a few directions is the same loss on scores that are already there (`rays`).
"""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np

from ... import _kernels
from ..._arrays import (
    INPUT_CODES,
    check_columns,
    check_flag,
    check_indices,
    check_integer,
    check_labels,
    check_matrix,
    check_sample_weight,
    check_targets,
    check_weights,
    plain_array,
)
from ...protocols import Array, FloatArray
from ..fingerprints import linear_fingerprint
from ..linear_bounds import LinearBounds
from ..linear_mistakes import LinearMistakes
from ..losses.base import Loss
from ..losses.hinge import Hinge
from ..losses.table import check_loss
from ..margins import margins
from ..rays.directions import check_directions
from ..rays.hinge_terms import MaxTerms
from ..rays.log_sum_exp import LogSums
from ..regularizers.along_directions import Penalty, penalties
from ..regularizers.regularizers import Regularizer, check_regularizer, is_convex
from .compiled_steps import LinearDescent
from .least_squares import LinearSolution
from .lipschitz import LinearCurvature
from .rays import LinearPlane, LinearRay

LARGE_OFFSET = 1e4


class LinearObjective(LinearBounds, LinearDescent, LinearCurvature, LinearSolution, LinearMistakes):
    """``L(W) = mean_i loss(W [x_i, 1], y_i) + regularizer(W)``, for dense X of any common type.

    Parameters
    ----------
    X : array (n_samples, n_features), float64, float32, float16 or uint8; or scipy.sparse CSR, float64 or float32
        Used where it lies: never copied, centred, scaled or cast whole. Read-only, memory-mapped,
        Fortran-ordered and strided arrays are accepted. It must not change while the objective lives. CSR is
        sorted by columns at the first full pass: a copy of about 6 bytes an entry in float32 (10 in float64), made
        once and kept; while it is made, about as much again. `descend` reads X as it is.
    y : integer labels (n_samples,) in [0, n_classes); for `SquaredError` and `Huber` real targets (n,) or (n, k)
    loss : Hinge(), SquaredHinge(), CrossEntropy(), SquaredError() or Huber()
    regularizer : L2, L1, ElasticNet or an object with value(W) and gradient(W), optional
        Applied to W without its bias column, unless `penalize_bias`.
    bias : bool
        W's last column is a bias.
    penalize_bias : bool
    sample_weight : array (n_samples,) >= 0, optional
        The data term is ``sum(w_i l_i) / sum(w_i)``.
    mean, scale : array (n_features,), optional
        The model sees ``(x - mean) / scale``; folded into W, in float64.
    n_classes : int, optional
        max(y) + 1 by default.
    check_finite : bool
        False skips the one scan of a float X for NaN and infinity.

    Attributes
    ----------
    n_samples, n_features, n_classes : int
    shape : tuple
        The shape of W: (n_classes, n_features + 1), or without the last column when there is no bias.
    passes : float
        Rows touched so far / n_samples, mini-batches included.

    Raises
    ------
    TypeError, ValueError
        For anything of the wrong kind, shape or range, before any work; the message names it.

    Notes
    -----
    Arithmetic is float64 for float64 X, else float32 with float64 totals; gradients have W's dtype (float32
    or float64). The hinge on uint8 X, without sample weights, is exact instead: integer sums give value and
    gradient as float64 does, rounded once, the same bits on every x86-64 processor (2 to 128 classes, rows in C
    order, at least 512 rows and 64 features). Its other losses may run in fixed point, about as near as float32. One
    fused pass over X gives value and gradient. Results are the same bits for any number of threads. Rays, planes and
    numerical gradients are float64 whatever X is. `descend` decides margins in float32 always: where one lies within
    its rounding of 0, a step on 512 or more uint8 rows may take another side there than `rows(indices).gradient`.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> objective = gd.LinearObjective(X, np.array([0, 1, 2]), gd.Hinge())
    >>> objective.value(np.zeros(objective.shape))
    2.0
    """

    def __init__(
        self,
        X: Array,
        y: Array,
        loss: Loss | None = None,
        regularizer: Regularizer | None = None,
        *,
        bias: bool = True,
        penalize_bias: bool = False,
        sample_weight: Array | None = None,
        mean: Array | None = None,
        scale: Array | None = None,
        n_classes: int | None = None,
        check_finite: bool = True,
    ) -> None:
        self.loss = Hinge() if loss is None else check_loss(loss)
        self.regularizer = check_regularizer(regularizer)
        self.bias = check_flag(bias, "bias")
        self.penalize_bias = check_flag(penalize_bias, "penalize_bias")
        if n_classes is not None:
            n_classes = check_integer(n_classes, "n_classes", minimum=1)
        self.X = X
        self._rows = check_matrix(X, check_finite=check_flag(check_finite, "check_finite"))
        n, self.n_features = self._rows.shape
        self._labels: Array | None = None
        self._targets: Array | None = None
        if self.loss.classifies:
            self._labels, self.n_classes = check_labels(y, n, n_classes)
        elif n_classes is not None:
            raise ValueError(f"n_classes has no meaning for {type(self.loss).__name__}; leave it out")
        else:
            self._targets = check_targets(y, n)
            self.n_classes = self._targets.shape[1]
        self._flat_targets = np.ndim(y) == 1
        self._weights = check_sample_weight(sample_weight, n)
        _require_no_centring(self._rows, mean)
        self.mean = check_columns(mean, "mean", self.n_features, positive=False)
        self.scale = check_columns(scale, "scale", self.n_features, positive=True)
        self.shape = (self.n_classes, self.n_features + int(self.bias))
        self._mean_weight = 1.0 if self._weights is None else float(self._weights.mean())
        self._wide = self._rows.dtype == np.float64
        self._index: Array | None = None
        self._largest: FloatArray | None = None
        self._parent: LinearObjective | None = None
        self._touched = 0
        self._prepare()
        self._warn_of_offsets()

    def _prepare(self, whole: _kernels.Problem | None = None) -> None:
        self._facts: tuple[FloatArray, FloatArray | None] | None = None
        self.n_samples = self._rows.shape[0] if self._index is None else self._index.size
        normalizer = 1 / (self.n_samples * self._mean_weight)
        labels, targets, weights = self._labels, self._targets, self._weights
        if whole is not None and self._index is not None:
            self._problem = whole.on_rows(self._index, normalizer)
            return
        self._problem = self._make_problem(self._rows, labels, targets, weights, self._index, normalizer)

    def _make_problem(
        self,
        X: Array | _kernels.SparseRows,
        labels: Array | None,
        targets: Array | None,
        weights: Array | None,
        index: Array | None,
        normalizer: float,
    ) -> _kernels.Problem:
        make: Any = _kernels.SparseProblem if isinstance(X, _kernels.SparseRows) else _kernels.Problem
        problem: _kernels.Problem = make(
            X, INPUT_CODES[X.dtype.name], labels, targets, weights, index, self.mean, self.scale,
            self.loss.code, self.loss.parameter, normalizer, self.n_classes, self.bias,
        )  # fmt: skip
        return problem

    def _warn_of_offsets(self) -> None:
        if self._wide or self.mean is None:
            return
        ratio = np.abs(self.mean) / (1.0 if self.scale is None else self.scale)
        if ratio.max() > LARGE_OFFSET:
            j = int(ratio.argmax())
            warnings.warn(
                f"|mean| / scale of feature {j} is {ratio[j]:.3g}: folding so large an offset into float32 weights "
                "cancels digits; centre that feature beforehand or give X in float64",
                UserWarning,
                stacklevel=3,
            )

    @property
    def arithmetic(self) -> np.dtype[Any]:
        """The type that scores and gradients are computed in: float64 for float64 X, else float32."""
        return np.dtype(np.float64 if self._wide else np.float32)

    @property
    def passes(self) -> float:
        """Rows touched / n_samples, mini-batches included."""
        return self._touched / self.n_samples

    @property
    def y(self) -> Array:
        """The labels, int32 (n_samples,), or the targets, float64 (n_samples, n_classes), of these rows."""
        y = self._targets if self._labels is None else self._labels
        assert y is not None
        return y if self._index is None else y[self._index]

    @property
    def indices(self) -> Array:
        """Which rows of X these are, (n_samples,): all of them, unless this is a mini-batch."""
        return np.arange(self.n_samples) if self._index is None else self._index

    def _touch(self, rows: int) -> None:
        objective: LinearObjective | None = self
        while objective is not None:
            objective._touched += rows
            objective = objective._parent

    # ---- value and gradient ----

    def value(self, W: Array) -> float:
        """L(W); one pass over X."""
        W = check_weights(W, self.shape)
        value = np.empty(1)
        self._touch(self.n_samples)
        self._problem.evaluate(W, value, None, None, self._wide)
        return float(value[0]) + self._penalty(W)

    def gradient(self, W: Array) -> Array:
        """dL/dW, of W's shape and dtype; one pass over X."""
        return self.value_and_gradient(W)[1]

    def value_and_gradient(self, W: Array) -> tuple[float, Array]:
        """Both, in one pass over X."""
        W = check_weights(W, self.shape)
        value, gradient = np.empty(1), np.empty_like(W)
        self._touch(self.n_samples)
        self._problem.evaluate(W, value, gradient, None, self._wide)
        total = float(value[0])
        if self.regularizer is not None:
            penalised = self._penalised(W)
            total += self.regularizer.value(penalised)
            part = self._penalised(gradient)
            part += self.regularizer.gradient(penalised)
        return total, gradient

    def values_at(self, Ws: Array) -> FloatArray:
        """L at many W, (m, *shape) -> (m,), in one pass over X."""
        Ws = plain_array(Ws, "Ws")
        if Ws.ndim != 3 or len(Ws) == 0:
            raise ValueError(f"Ws must be (m, {self.shape[0]}, {self.shape[1]}), m >= 1; its shape is {Ws.shape}")
        Ws = check_weights(Ws, (len(Ws), *self.shape), "Ws")
        values = np.empty(len(Ws))
        self._touch(self.n_samples)
        self._problem.evaluate(Ws, values, None, None, self._wide)
        values += [self._penalty(W) for W in Ws]
        return values

    def _penalised(self, W: Array) -> Array:
        return W[:, :-1] if self.bias and not self.penalize_bias else W

    def _penalty(self, W: Array) -> float:
        return 0.0 if self.regularizer is None else self.regularizer.value(self._penalised(W))

    # ---- scores ----

    def scores(self, W: Array) -> Array:
        """``(x - mean) / scale`` times W, plus the bias: (n_samples, n_classes), of the arithmetic's type."""
        W = check_weights(W, self.shape)
        return self._scores(W, self._problem, self.n_samples, self._wide)

    def _scores(self, W: Array, problem: _kernels.Problem, n: int, wide: bool) -> Array:
        n_outputs = W.shape[0] * self.n_classes if W.ndim == 3 else self.n_classes
        scores = np.empty((n, n_outputs), dtype=np.float64 if wide else np.float32)
        self._touch(n)
        problem.evaluate(W, None, None, scores, wide)
        return scores

    def margins(self, W: Array) -> Array:
        """``s_ij - s_iy_i + margin`` for the wrong classes j, 0 at the right one: (n_samples, n_classes).

        The margin is the loss's (0 for losses without one). A hinge term counts where this is > 0.
        """
        labels = self._require_labels("margins")
        return margins(self.scores(W), labels, self.loss.margin)

    def predict(self, W: Array, X: Array | None = None) -> Array:
        """The class of the largest score, int64 (n,); for regression the prediction, of y's shape.

        `X` : other rows of the same features; by default the objective's own.
        """
        if X is None:
            scores = self.scores(W)
        else:
            W = check_weights(W, self.shape)
            rows = check_matrix(X, check_finite=True)
            _require_no_centring(rows, self.mean)
            if rows.shape[1] != self.n_features:
                raise ValueError(f"X must have {self.n_features} features; it has {rows.shape[1]}")
            problem = self._make_problem(rows, None, None, None, None, 1.0)
            wide = rows.dtype == np.float64
            scores = np.empty((rows.shape[0], self.n_classes), dtype=np.float64 if wide else np.float32)
            problem.evaluate(W, None, None, scores, wide)
        if self.loss.classifies:
            return np.asarray(scores.argmax(axis=1))
        return scores[:, 0] if self._flat_targets else scores

    def accuracy(self, W: Array) -> float:
        """The share of samples whose largest score is their label's."""
        labels = self._require_labels("accuracy")
        return float((self.predict(W) == labels).mean())

    def _require_labels(self, what: str) -> Array:
        if self._labels is None:
            raise ValueError(f"{what} has no meaning for {type(self.loss).__name__}, which has no classes")
        return self._labels if self._index is None else self._labels[self._index]

    # ---- structure ----

    def rows(self, indices: Array) -> Self:
        """The mini-batch of these rows (repeats allowed) as an objective: an unbiased estimate of this one."""
        chosen = check_indices(indices, self.n_samples)
        index = chosen if self._index is None else self._index[chosen]
        return self._changed(self._problem, _index=index)

    def with_terms(self, loss: Loss, regularizer: Regularizer | None) -> Self:
        """The same rows and labels under another loss (of the same kind) and regularizer; nothing is copied."""
        if loss.classifies != self.loss.classifies:
            raise ValueError(f"loss must be one for the same y as {self.loss!r}; it is {loss!r}")
        return self._changed(None, loss=loss, regularizer=regularizer)

    def _changed(self, whole: _kernels.Problem | None, **attributes: Any) -> Self:
        """One on the same arrays, whose passes count here too."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, **attributes, _parent=self, _touched=0)
        other._prepare(whole)
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are made anew from the arguments; `passes` counts from 0 there."""
        y = self._labels
        if self._targets is not None:
            y = self._targets[:, 0] if self._flat_targets else self._targets
        options = {
            "bias": self.bias,
            "penalize_bias": self.penalize_bias,
            "sample_weight": self._weights,
            "mean": self.mean,
            "scale": self.scale,
            "n_classes": self.n_classes if self.loss.classifies else None,
            "check_finite": False,
        }
        return _made_anew, (type(self), (self.X, y, self.loss, self.regularizer), options, self._index)

    def fingerprint(self, W: Array) -> dict[str, Any]:
        """What tells this objective from another: see `gdfast.objective.capabilities.fingerprint`."""
        return linear_fingerprint(self, W)

    def along_ray(self, W: Array, V: Array) -> LinearRay:
        """``L(W + step * V)``: one pass over X, then O(n_samples * n_classes) a point."""
        arrays = self._checked_directions(W, V=V)
        base, rate = self._parts(arrays)
        return LinearRay(self._problem, base, rate, self._sums(base, rate), self._penalties(arrays))

    def on_plane(self, W: Array, U: Array, V: Array) -> LinearPlane:
        """``L(W + a * U + b * V)``: one pass over X, then O(n_samples * n_classes) a point."""
        arrays = self._checked_directions(W, U=U, V=V)
        base, first, second = self._parts(arrays)
        sums = self._sums(base, first, second)
        return LinearPlane(self._problem, base, first, second, sums, self._penalties(arrays))

    @property
    def convex(self) -> bool:
        """Whether loss and regularizer are known to be."""
        return self.loss.is_convex and is_convex(self.regularizer)

    def _sums(self, *parts: FloatArray) -> MaxTerms | LogSums | None:
        """What the loss is a sum of, where that is known to help."""
        return self.loss.ray_terms(parts, self.y, self._shares())

    def _penalties(self, arrays: list[FloatArray]) -> tuple[Penalty, ...]:
        return penalties(self.regularizer, *map(self._penalised, arrays))

    def _checked_directions(self, W: Array, **directions: Array) -> list[FloatArray]:
        check_weights(W, self.shape)
        return [np.array(array, dtype=np.float64) for array in check_directions(W, **directions)]

    def _parts(self, arrays: list[FloatArray]) -> list[FloatArray]:
        scores = self._scores(np.stack(arrays), self._problem, self.n_samples, True)
        k = self.n_classes
        return [np.ascontiguousarray(scores[:, i * k : (i + 1) * k]) for i in range(len(arrays))]


def _made_anew(
    kind: type[LinearObjective], arguments: tuple[Any, ...], options: dict[str, Any], index: Array | None
) -> LinearObjective:
    objective = kind(*arguments, **options)
    return objective if index is None else objective.rows(index)


def _require_no_centring(X: Array | _kernels.SparseRows, mean: Array | None) -> None:
    if mean is not None and isinstance(X, _kernels.SparseRows):
        raise ValueError("mean must be None for sparse X, which centring would fill; scale is allowed")
