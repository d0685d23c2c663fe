"""The linear objective: a loss on scores after one matrix product, plus a regularizer.

X comes in here, is checked once, and goes straight to a kernel; W goes round and round. What can be computed is in the
other files of this folder, functions of one frozen `LinearProblem` each; this class gives them their public names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from ..._arrays import check_flag, check_indices
from ...differences import Scheme
from ...differences.steps import Steps
from ...protocols import Array, FloatArray, GradientBound, NearestKinks, StepsKernel
from ..guarded import unguarded
from ..losses.base import Loss
from ..losses.hinge import Hinge
from ..losses.table import check_loss
from ..regularizers.regularizers import Regularizer, check_regularizer, is_convex
from . import (
    certified,
    closed_forms,
    compiled_steps,
    differences,
    duality_gap,
    evaluation,
    gradient_bound,
    gram,
    gram_sketch,
    hessian,
    improved_bound,
    kinks,
    least_squares,
    lipschitz,
    rays,
)
from .problem import LinearProblem
from .row_curvatures import LinearRowCurvatures
from .rows import checked_rows

Method = TypeVar("Method", bound=Callable[..., Any])


def documented_by(function: Callable[..., Any]) -> Callable[[Method], Method]:
    """The method names a function of this folder, and what is said of it stands there."""

    def documented(method: Method) -> Method:
        method.__doc__ = function.__doc__
        return method

    return documented


class LinearObjective:
    """``L(W) = mean_i loss(W [x_i, 1], y_i) + regularizer(W)``, for dense X of any common type.

    Parameters
    ----------
    X : array (n_samples, n_features), float64, float32, float16 or uint8; or scipy.sparse CSR of all but float16
        Used where it lies: never copied, centred, scaled or cast whole. Read-only, memory-mapped,
        Fortran-ordered and strided arrays are accepted, and give the same bits. It must not change while the
        objective lives. CSR is sorted by columns at the first full pass: a copy of about 6 bytes an entry in float32
        (10 in float64), made once and kept; while it is made, about as much again. Compiled steps read X as it is.
        Its indices and row starts may be int32 or int64, of any number of entries, in any order; entries that are
        there twice add up. Nothing of it is converted: uint8 values are widened as they are read.
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
        For anything of the wrong type, shape or range, before any work; the message names it.
    AttributeError
        An attribute is assigned: an objective never changes. `with_terms` and `rows` make others on the same arrays.

    Notes
    -----
    Arithmetic is float64 for float64 X, else float32 with float64 totals; gradients have W's dtype (float32
    or float64). The hinge on dense uint8 X, without sample weights, is exact instead: integer sums give value and
    gradient as float64 does, rounded once, the same bits on every x86-64 processor (2 to 128 classes, rows in C
    order, at least 512 rows and 64 features). Its other losses may run in fixed point, about as near as float32. One
    fused pass over X gives value and gradient. Results are the same bits for any number of threads, wherever X begins
    in memory. Rays, planes and numerical gradients are float64 whatever X is. Compiled steps decide margins in float32
    always: where one lies within its rounding of 0, a step on 512 or more uint8 rows may take another side than
    `rows(indices).gradient`.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> objective = gd.LinearObjective(X, np.array([0, 1, 2]), gd.Hinge())
    >>> objective.value(np.zeros(objective.shape))
    2.0
    """

    X: Any
    loss: Loss
    regularizer: Regularizer | None
    bias: bool
    penalize_bias: bool
    mean: FloatArray | None
    scale: FloatArray | None
    n_samples: int
    n_features: int
    n_classes: int
    shape: tuple[int, int]
    linear_problem: LinearProblem
    guards_itself: ClassVar[bool] = True

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
        known = Hinge() if loss is None else check_loss(loss)
        regularizer = check_regularizer(regularizer)
        penalize_bias = check_flag(penalize_bias, "penalize_bias")
        rows = checked_rows(
            X, y, known, bias=bias, sample_weight=sample_weight, mean=mean, scale=scale, n_classes=n_classes,
            check_finite=check_finite,
        )  # fmt: skip
        self._hold(LinearProblem.of(rows, known, regularizer, penalize_bias))

    @classmethod
    def of_problem(cls, problem: LinearProblem) -> Self:
        """The objective of a problem that is there already."""
        objective = object.__new__(cls)
        objective._hold(problem)
        return objective

    def _hold(self, problem: LinearProblem) -> None:
        rows = problem.rows
        self.__dict__.update(
            linear_problem=problem, X=rows.X, loss=problem.loss, regularizer=unguarded(problem.regularizer),
            bias=rows.bias, penalize_bias=problem.penalize_bias, mean=rows.mean, scale=rows.scale,
            n_samples=rows.n_samples, n_features=rows.n_features, n_classes=rows.n_classes, shape=rows.shape,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.linear_problem.described()})"

    def __setattr__(self, name: str, value: Any) -> None:
        own = LinearObjective
        if type(self) is own or name in own.__annotations__ or hasattr(own, name):
            raise AttributeError(
                f"{name} must not be assigned: an objective never changes. Make another: with_terms(loss, regularizer) "
                "and rows(indices) copy nothing"
            )
        super().__setattr__(name, value)  # a subclass may have more

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name} must not be deleted: an objective never changes")

    def _changed(self, problem: LinearProblem) -> Self:
        """One on the same arrays, whose passes count here too."""
        other = object.__new__(type(self))
        known = other.__dict__
        known.update(self.__dict__)
        known["linear_problem"], known["n_samples"] = problem, problem.rows.n_samples
        known["loss"], known["regularizer"] = problem.loss, unguarded(problem.regularizer)
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are made anew from the arguments; `passes` counts from 0 there."""
        rows, y = self.linear_problem.rows, self.linear_problem.rows.labels
        if rows.targets is not None:
            y = rows.targets[:, 0] if rows.flat_targets else rows.targets
        options = {
            "bias": self.bias, "penalize_bias": self.penalize_bias, "sample_weight": rows.sample_weight,
            "mean": self.mean, "scale": self.scale, "n_classes": self.n_classes if self.loss.classifies else None,
            "check_finite": False,
        }  # fmt: skip
        arguments = (self.X, y, self.loss, self.regularizer)
        return _made_anew, (type(self), arguments, options, rows.index, rows.in_float64)

    @property
    def terms(self) -> LinearProblem:
        """Loss and regularizer as the library's functions see them."""
        return self.linear_problem

    @property
    def arithmetic(self) -> np.dtype[Any]:
        """The type that scores and gradients are computed in: float64 for float64 X, else float32."""
        return self.linear_problem.rows.arithmetic

    @property
    def passes(self) -> float:
        """Rows visited / n_samples, mini-batches included."""
        return self.linear_problem.rows.counter.visited / self.n_samples

    @property
    def y(self) -> Array:
        """The labels, int32 (n_samples,), or the targets, float64 (n_samples, n_classes), of these rows."""
        return self.linear_problem.rows.y

    @property
    def indices(self) -> Array:
        """Which rows of X these are, (n_samples,): all of them, unless this is a mini-batch."""
        index = self.linear_problem.rows.index
        return np.arange(self.n_samples) if index is None else index

    @property
    def convex(self) -> bool:
        """Whether loss and regularizer are known to be."""
        return self.loss.is_convex and is_convex(self.regularizer)

    # ---- value, gradient, scores ----

    def value(self, W: Array) -> float:
        """L(W); one pass over X."""
        return evaluation.value(self.linear_problem, W)

    def gradient(self, W: Array) -> Array:
        """dL/dW, of W's shape and dtype; one pass over X."""
        return self.value_and_gradient(W)[1]

    def value_and_gradient(self, W: Array) -> tuple[float, Array]:
        """Both, in one pass over X."""
        return evaluation.value_and_gradient(self.linear_problem, W)

    def values_at(self, Ws: Array) -> FloatArray:
        """L at many W, (m, *shape) -> (m,), in one pass over X."""
        return evaluation.values_at(self.linear_problem, Ws)

    def scores(self, W: Array) -> Array:
        """``(x - mean) / scale`` times W, plus the bias: (n_samples, n_classes), of the arithmetic's type."""
        return evaluation.scores(self.linear_problem, W)

    def margins(self, W: Array) -> Array:
        """``s_ij - s_iy_i + margin`` for the wrong classes j, 0 at the right one: (n_samples, n_classes).

        The margin is the loss's (0 for losses without one). A hinge term counts where this is > 0.
        """
        return evaluation.margins_at(self.linear_problem, W)

    def predict(self, W: Array, X: Array | None = None) -> Array:
        """The class of the largest score, int64 (n,); for regression the prediction, of y's shape.

        `X` : other rows of the same features; by default the objective's own.
        """
        return evaluation.predict(self.linear_problem, W, X)

    def accuracy(self, W: Array) -> float:
        """The share of samples whose largest score is their label's."""
        return evaluation.accuracy(self.linear_problem, W)

    def gradient_rounding(self, W: Array) -> float:
        """About how far rounding may move an element of the gradient at W, in the gradient's units."""
        return evaluation.gradient_rounding(self.linear_problem, W)

    def fingerprint(self, W: Array) -> dict[str, Any]:
        """What tells this objective from another: see `gdfast.objective.capabilities.fingerprint`."""
        return evaluation.fingerprint(self.linear_problem, W, type(self).__name__)

    # ---- others on the same arrays ----

    def rows(self, indices: Array) -> Self:
        """The mini-batch of these rows (repeats allowed) as an objective: an unbiased estimate of this one."""
        return self._changed(self.linear_problem.on_rows(check_indices(indices, self.n_samples)))

    def with_terms(self, loss: Loss, regularizer: Regularizer | None) -> Self:
        """The same rows and labels under another loss (of the same kind) and regularizer; nothing is copied."""
        if check_loss(loss).classifies != self.loss.classifies:
            raise ValueError(f"loss must be one for the same y as {self.loss!r}; it is {loss!r}")
        rows = self.linear_problem.rows.again()
        return self._changed(LinearProblem.of(rows, loss, check_regularizer(regularizer), self.penalize_bias))

    def in_float64(self) -> Self:
        """The same objective whose arithmetic is float64 whatever X is; nothing is copied.

        For float32, float16 and uint8 X a pass takes two to three times as long; W must be float64 to gain from it.
        Its passes count here too.
        """
        problem = self.linear_problem
        return self if problem.rows.is_wide else self._changed(problem.in_float64())

    def along_ray(self, W: Array, V: Array) -> rays.LinearRay:
        """``L(W + step * V)``: one pass over X, then O(n_samples * n_classes) a point."""
        return rays.along_ray(self.linear_problem, W, V)

    def on_plane(self, W: Array, U: Array, V: Array) -> rays.LinearPlane:
        """``L(W + a * U + b * V)``: one pass over X, then O(n_samples * n_classes) a point."""
        return rays.on_plane(self.linear_problem, W, U, V)

    # ---- derivatives ----

    @documented_by(differences.numerical_gradient)
    def numerical_gradient(
        self, W: Array, h: Steps = 1e-5, scheme: Scheme = "centered", coordinates: Any = None
    ) -> FloatArray:
        return differences.numerical_gradient(self.linear_problem, W, h, scheme, coordinates)

    @documented_by(differences.kink_crossings)
    def kink_crossings(self, W: Array, h: float = 1e-5, coordinates: Any = None) -> tuple[Array, FloatArray] | None:
        return differences.kink_crossings(self.linear_problem, W, h, coordinates)

    def nearest_kinks(self, W: Array, h: float = 1e-5, coordinates: Any = None) -> NearestKinks | None:
        """The kinks that a step of up to h in each of W's elements (or some flat `coordinates`) reaches.

        None when neither loss nor regularizer has kinks. One pass over X, and the samples with a small margin.
        """
        return kinks.nearest_kinks(self.linear_problem, W, h, coordinates)

    @documented_by(hessian.hessian_product)
    def hessian_product(self, W: Array, V: Array) -> FloatArray:
        return hessian.hessian_product(self.linear_problem, W, V)

    def hessian_at(self, W: Array) -> Callable[[Array], FloatArray]:
        """V -> Hessian(W) V, with the scores of W already there: one pass over X, kept as (n_samples, n_classes)."""
        return hessian.hessian_at(self.linear_problem, W)

    @property
    def has_cheap_hessian(self) -> bool:
        """Whether a product costs no more than a gradient: for squared error in float64."""
        return hessian.has_cheap_hessian(self.linear_problem)

    def check_curvature(self) -> None:
        """ValueError, before any work, where there are kinks instead of curvature."""
        hessian.check_curvature(self.linear_problem)

    @documented_by(lipschitz.lipschitz)
    def lipschitz(self) -> float:
        return lipschitz.lipschitz(self.linear_problem)

    # ---- how the features correlate ----

    @documented_by(gram.gram)
    def gram(self, row_weights: Array | None = None, indices: Array | None = None) -> FloatArray:
        return gram.gram(self.linear_problem, row_weights, indices)

    @documented_by(gram_sketch.gram_diagonal)
    def gram_diagonal(self, row_weights: Array | None = None, indices: Array | None = None) -> FloatArray:
        return gram_sketch.gram_diagonal(self.linear_problem, row_weights, indices)

    @documented_by(gram_sketch.gram_sketch)
    def gram_sketch(
        self, rank: int, seed: int = 0, row_weights: Array | None = None, indices: Array | None = None
    ) -> tuple[FloatArray, FloatArray]:
        return gram_sketch.gram_sketch(self.linear_problem, rank, seed, row_weights, indices)

    def row_curvatures(self, rows: int, seed: int = 0) -> LinearRowCurvatures:
        """How the loss bends at so many of the rows, drawn by the seed, or at all: see `gdfast.protocols`."""
        return LinearRowCurvatures.of(self.linear_problem, rows, seed)

    def separates(self, W: Array) -> bool:
        """Whether every row's own score is the largest, by more than rounding; one pass."""
        return evaluation.is_separation(*evaluation.separation(self.linear_problem, W))

    # ---- how far from the optimum ----

    @documented_by(duality_gap.duality_gap)
    def duality_gap(self, W: Array) -> float:
        return duality_gap.duality_gap(self.linear_problem, W)

    def check_certifies(self) -> None:
        """ValueError, before any work, where `duality_gap` would refuse."""
        certified.certified_strengths(self.linear_problem)

    @documented_by(gradient_bound.bound_from_gradient)
    def bound_from_gradient(self, W: Array, value: float, gradient: Array) -> GradientBound:
        return gradient_bound.bound_from_gradient(self.linear_problem, W, value, gradient)

    @documented_by(improved_bound.improved_bound)
    def improved_bound(self, W: Array, value: float, known: Any, gradient: Array | None = None) -> tuple[float, Any]:
        return improved_bound.improved_bound(self.linear_problem, W, value, known, gradient)

    @documented_by(least_squares.solve)
    def solve(self) -> FloatArray:
        return least_squares.solve(self.linear_problem)

    def closed_forms(self, strengths: FloatArray) -> FloatArray | None:
        """The optimum at each strength of L2, of squared error; None of other losses, or where that is dear."""
        return closed_forms.closed_forms(self.linear_problem, strengths)

    # ---- many steps in one call ----

    def compiled_steps(self, W: Array, rule: str, settings: tuple[float, ...]) -> StepsKernel | None:
        """Many stochastic steps in one call: see `gdfast.objective.capabilities`; None where they are taken one by one.

        Where a subclass has a gradient of its own, as for weights of another shape or type, an unknown rule, or a loss
        or regularizer without a kernel.
        """
        for name in ("gradient", "value_and_gradient"):
            if getattr(type(self), name) is not getattr(LinearObjective, name):
                return None
        return compiled_steps.steps_of(self.linear_problem, W, rule, settings)


def _made_anew(
    kind: type[LinearObjective],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    index: Array | None,
    in_float64: bool = False,
) -> LinearObjective:
    objective = kind(*arguments, **options)
    objective = objective.in_float64() if in_float64 else objective
    return objective if index is None else objective.rows(index)
