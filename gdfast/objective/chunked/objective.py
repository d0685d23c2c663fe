"""The linear objective on rows that are read chunk by chunk, from files, stores or a user's own objects.

What is computed is in the other files of this folder, functions of one frozen `ChunkedProblem` each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np

from ..._arrays import check_flag, check_indices
from ...datasets.chunks import ChunkSource, chunk_source
from ...differences import Scheme
from ...differences.steps import Steps
from ...protocols import Array, FloatArray, GradientBound, NearestKinks
from ..guarded import unguarded
from ..linear import certified, differences, gradient_bound, gram_sketch, hessian, kinks, lipschitz
from ..linear import duality_gap as linear_gap
from ..linear import gram as linear_gram
from ..linear import improved_bound as linear_bound
from ..linear.objective import LinearObjective, documented_by
from ..losses.base import Loss
from ..losses.hinge import Hinge
from ..losses.table import check_loss
from ..mini_batches import MiniBatches
from ..regularizers.regularizers import Regularizer, check_regularizer, is_convex
from . import certificates, evaluation, gram, least_squares, rays
from .batches import ChunkedBatches, problem_on_any
from .checked_rows import checked_rows, require_finite_rows
from .engine import Engine
from .layout import bytes_of_row, check_memory, recipes_of
from .local_engine import LocalEngine
from .problem import ChunkedProblem, ChunkedRows
from .row_curvatures import ChunkedRowCurvatures


class ChunkedObjective:
    """``L(W) = mean_i loss(W [x_i, 1], y_i) + regularizer(W)``, for X that is read chunk by chunk.

    The same objective as `LinearObjective`, to the rest of the library: optimizers, line searches, `gd.solve`, paths,
    checkpoints, landscapes and gradient checks take it. Methods that visit single rows (`DualCoordinateAscent`, `SVRG`,
    `CoordinateDescent`, `SemismoothNewton`) are refused by name.

    Parameters
    ----------
    X : path, array, store, or objects with read(start, stop)
        A .npy file, a folder of .npy, Parquet or svmlight files, a Zarr or HDF5 array, a memory map, a dask array, or
        a list of objects as `gdfast.protocols.Chunks`: (n_samples, n_features) of uint8, float16, float32 or float64.
    y : array (n_samples,), path or dask array; None where the chunks carry labels
        Targets of `SquaredError` and `Huber` may be (n_samples, k).
    loss, regularizer, bias, penalize_bias, sample_weight, mean, scale, n_classes
        As `LinearObjective`.
    memory_limit : int or str
        Bytes that X, what kernels make of it, and scores that rays keep may take in memory, as 10**9 or "1 GB".
    label : str, optional
        The column of Parquet files that holds y.
    check_finite : bool
        False skips the one scan of a float X for NaN and infinity, which reads all of it.

    Attributes
    ----------
    n_samples, n_features, n_classes : int
    shape : tuple
        The shape of W: (n_classes, n_features + 1), or without the last column when there is no bias.
    passes : float
        Rows visited so far / n_samples, mini-batches included.
    memory_limit : int

    Raises
    ------
    TypeError, ValueError
        As `LinearObjective`; for parts of other widths or types, a store that changes while it is read. NaN is named by
        its row of the whole and of its file.
    FileNotFoundError
        A file is not there, or not any more.
    OSError
        Scores that memory has no room for have none in the temporary folder either (TMPDIR).
    AttributeError
        An attribute is assigned: an objective never changes.

    Notes
    -----
    Chunks are a source's own parts (files, dask's chunks), cut to at most 64 MB and an eighth of `memory_limit`. What
    they give is added up in their order, in float64: the same bits at any number of threads, or of workers. All stay in
    memory where half of the limit holds them; else the first ones do, and the others are read in every pass by a
    thread, two ahead of the kernels: a pass takes as long as the slower of the two. No thread is left between passes.

    The scores of a ray or a Hessian, 8 or 16 bytes for each row and class, go to temporary files where memory has no
    room, and are gone with it. A checkpoint of a run on an array in memory is resumed on the same rows in files, and
    the other way round. Copies and pickles hold paths, not rows of files.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> objective = gd.ChunkedObjective(X, np.array([0, 1, 2]), gd.Hinge())
    >>> objective.value(np.zeros(objective.shape))
    2.0
    """

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
    memory_limit: int
    problem: ChunkedProblem
    guards_itself: ClassVar[bool] = True

    def __init__(
        self,
        X: Any,
        y: Any = None,
        loss: Loss | None = None,
        regularizer: Regularizer | None = None,
        *,
        memory_limit: int | str = "1 GB",
        label: str | None = None,
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
        penalize_bias, bias = check_flag(penalize_bias, "penalize_bias"), check_flag(bias, "bias")
        limit = check_memory(memory_limit)
        source = self._source(X, y, label)
        rows, options = checked_rows(source, known, limit, bias, sample_weight, mean, scale, n_classes)
        engine = self._engine(rows, known, options, limit, check_flag(check_finite, "check_finite"))
        self._hold(ChunkedProblem.of(rows, known, regularizer, penalize_bias, engine))
        self.__dict__["memory_limit"] = limit

    def _source(self, X: Any, y: Any, label: str | None) -> ChunkSource:
        return chunk_source(X, y, label=label)

    def _engine(
        self, rows: ChunkedRows, loss: Loss, options: dict[str, Any], memory_limit: int, check_finite: bool
    ) -> Engine:
        recipes = recipes_of(rows.source, rows.boundaries, rows.y, rows.sample_weight, loss, options)
        bytes_per_row = 0 if rows.source.in_memory else bytes_of_row(rows.source)
        engine = LocalEngine(recipes, [recipe.n_rows * bytes_per_row for recipe in recipes], memory_limit)
        if check_finite and rows.source.dtype.kind == "f":
            require_finite_rows(rows.source, engine, loss)
        return engine

    def _hold(self, problem: ChunkedProblem) -> None:
        rows = problem.rows
        self.__dict__.update(
            problem=problem, loss=problem.loss, regularizer=unguarded(problem.regularizer), bias=rows.bias,
            penalize_bias=problem.penalize_bias, mean=rows.mean, scale=rows.scale, n_samples=rows.n_samples,
            n_features=rows.n_features, n_classes=rows.n_classes, shape=rows.shape,
        )  # fmt: skip

    def __setattr__(self, name: str, value: Any) -> None:
        own = ChunkedObjective
        if type(self) is own or name in own.__annotations__ or hasattr(own, name):
            raise AttributeError(
                f"{name} must not be assigned: an objective never changes. Make another: with_terms(loss, regularizer)"
            )
        super().__setattr__(name, value)  # a subclass may have more

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name} must not be deleted: an objective never changes")

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are made anew from the arguments, rows of files by their paths; `passes` counts from 0."""
        rows = self.problem.rows
        y = rows.y if self.loss.classifies or not rows.flat_targets else rows.y[:, 0]
        options = {
            "bias": self.bias, "penalize_bias": self.penalize_bias, "sample_weight": rows.sample_weight,
            "mean": self.mean, "scale": self.scale, "n_classes": self.n_classes if self.loss.classifies else None,
            "check_finite": False, **self._own_options(),
        }  # fmt: skip
        arguments = (rows.source, y, self.loss, self.regularizer)
        return _made_anew, (type(self), arguments, options, rows.in_float64)

    def _own_options(self) -> dict[str, Any]:
        """Of the constructor, what other objectives do not take."""
        return {"memory_limit": self.memory_limit}

    def __repr__(self) -> str:
        rows = self.problem.rows
        outputs = "n_classes" if self.loss.classifies else "n_outputs"
        return (
            f"{type(self).__name__}(n_samples={rows.n_samples}, n_features={rows.n_features}, "
            f"{outputs}={rows.n_classes}, loss={self.loss!r}, regularizer={self.regularizer!r}, "
            f"dtype={rows.source.dtype}, chunks={self.problem.engine.n_chunks})"
        )

    def _changed(self, problem: ChunkedProblem) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._hold(problem)
        return other

    # ---- facts ----

    @property
    def terms(self) -> ChunkedProblem:
        """Loss and regularizer as the library's functions see them."""
        return self.problem

    @property
    def y(self) -> Array:
        """The labels, int32 (n_samples,), or the targets, float64 (n_samples, n_classes)."""
        return self.problem.rows.y

    @property
    def arithmetic(self) -> np.dtype[Any]:
        """The type that scores and gradients are computed in."""
        return self.problem.rows.arithmetic

    @property
    def passes(self) -> float:
        """Rows visited / n_samples."""
        return self.problem.rows.counter.visited / self.n_samples

    @property
    def convex(self) -> bool:
        """Whether loss and regularizer are known to be."""
        return self.loss.is_convex and is_convex(self.regularizer)

    # ---- value, gradient, scores ----

    def value(self, W: Array) -> float:
        """L(W); one pass over X."""
        return evaluation.value(self.problem, W)

    def gradient(self, W: Array) -> Array:
        """dL/dW, of W's shape and dtype; one pass over X."""
        return self.value_and_gradient(W)[1]

    def value_and_gradient(self, W: Array) -> tuple[float, Array]:
        """Both, in one pass over X."""
        return evaluation.value_and_gradient(self.problem, W)

    def values_at(self, Ws: Array) -> FloatArray:
        """L at many W, (m, *shape) -> (m,), in one pass over X."""
        return evaluation.values_at(self.problem, Ws)

    def scores(self, W: Array, out: Any = None) -> Array:
        """``(x - mean) / scale`` times W, plus the bias: (n_samples, n_classes), of the arithmetic's type.

        `out` : where they are written, chunk by chunk: the path of a .npy file, whole or not there at all, of which a
        map is returned; or an array of that shape and type.
        """
        return evaluation.scores(self.problem, W, out)

    def margins(self, W: Array) -> Array:
        """``s_ij - s_iy_i + margin`` for the wrong classes j, 0 at the right one: (n_samples, n_classes)."""
        return evaluation.margins_at(self.problem, W)

    def predict(self, W: Array, X: Array | None = None) -> Array:
        """The class of the largest score, int64 (n,); for regression the prediction, of y's shape.

        `X` : other rows of the same features, in memory; by default the objective's own.
        """
        return evaluation.predict(self.problem, W, X)

    def accuracy(self, W: Array) -> float:
        """The share of samples whose largest score is their label's; no more scores than a chunk's are in memory."""
        return evaluation.accuracy(self.problem, W)

    def separates(self, W: Array) -> bool:
        """Whether every row's own score is the largest, by more than rounding; one pass."""
        return evaluation.separates(self.problem, W)

    def row_curvatures(self, rows: int, seed: int = 0) -> ChunkedRowCurvatures:
        """How the loss bends at about so many of the rows, drawn by the seed, or at all: see `gdfast.protocols`."""
        return ChunkedRowCurvatures.of(self.problem, rows, seed)

    def gradient_rounding(self, W: Array) -> float:
        """About how far rounding may move an element of the gradient at W, in the gradient's units."""
        return evaluation.gradient_rounding(self.problem, W)

    def fingerprint(self, W: Array) -> dict[str, Any]:
        """What tells this objective from another: that of a `LinearObjective` on the same rows in memory."""
        return evaluation.fingerprint(self.problem, W)

    # ---- some of the rows ----

    def rows(self, indices: Array) -> LinearObjective:
        """The mini-batch of these rows (repeats allowed), read into memory: an unbiased estimate of this objective."""
        return LinearObjective.of_problem(problem_on_any(self.problem, check_indices(indices, self.n_samples)))

    def run_batches(self, batches: MiniBatches) -> ChunkedBatches:
        """The mini-batches of a run, read ahead: see `gdfast.protocols.RunBatches`."""
        return ChunkedBatches(self.problem, batches, self.memory_limit)

    # ---- others on the same rows ----

    def with_terms(self, loss: Loss, regularizer: Regularizer | None) -> Self:
        """The same rows and labels under another loss (of the same kind) and regularizer; nothing is copied."""
        if check_loss(loss).classifies != self.loss.classifies:
            raise ValueError(f"loss must be one for the same y as {self.loss!r}; it is {loss!r}")
        problem = self.problem
        return self._changed(
            ChunkedProblem.of(problem.rows, loss, check_regularizer(regularizer), self.penalize_bias, problem.engine)
        )

    def in_float64(self) -> Self:
        """The same objective whose arithmetic is float64 whatever X is; its passes count here too."""
        return self if self.problem.rows.is_wide else self._changed(self.problem.in_float64())

    def along_ray(self, W: Array, V: Array) -> rays.ChunkedRay:
        """``L(W + step * V)``: one pass over X, then O(n_samples * n_classes) a point."""
        return rays.along_ray(self.problem, W, V)

    def on_plane(self, W: Array, U: Array, V: Array) -> rays.ChunkedPlane:
        """``L(W + a * U + b * V)``: one pass over X, then O(n_samples * n_classes) a point."""
        return rays.on_plane(self.problem, W, U, V)

    # ---- derivatives ----

    @documented_by(differences.numerical_gradient)
    def numerical_gradient(
        self, W: Array, h: Steps = 1e-5, scheme: Scheme = "centered", coordinates: Any = None
    ) -> FloatArray:
        return differences.numerical_gradient(self.problem, W, h, scheme, coordinates)

    @documented_by(differences.kink_crossings)
    def kink_crossings(self, W: Array, h: float = 1e-5, coordinates: Any = None) -> tuple[Array, FloatArray] | None:
        return differences.kink_crossings(self.problem, W, h, coordinates)

    def nearest_kinks(self, W: Array, h: float = 1e-5, coordinates: Any = None) -> NearestKinks | None:
        """The kinks that a step of up to h in each of W's elements (or some flat `coordinates`) reaches.

        None when neither loss nor regularizer has kinks. One pass over X. Samples are numbered in the whole.
        """
        return kinks.nearest_kinks(self.problem, W, h, coordinates)

    @documented_by(hessian.hessian_product)
    def hessian_product(self, W: Array, V: Array) -> FloatArray:
        return hessian.hessian_product(self.problem, W, V)

    def hessian_at(self, W: Array) -> Callable[[Array], FloatArray]:
        """V -> Hessian(W) V, with the scores of W already there: one pass over X, kept as (n_samples, n_classes)."""
        return hessian.hessian_at(self.problem, W)

    @property
    def has_cheap_hessian(self) -> bool:
        """Whether a product costs no more than a gradient: for squared error in float64."""
        return hessian.has_cheap_hessian(self.problem)

    def check_curvature(self) -> None:
        """ValueError, before any work, where there are kinks instead of curvature."""
        hessian.check_curvature(self.problem)

    @documented_by(lipschitz.lipschitz)
    def lipschitz(self) -> float:
        return lipschitz.lipschitz(self.problem)

    # ---- how the features correlate ----

    @documented_by(linear_gram.gram)
    def gram(self, row_weights: Array | None = None, indices: Array | None = None) -> FloatArray:
        return gram.gram(self.problem, row_weights, indices)

    @documented_by(gram_sketch.gram_diagonal)
    def gram_diagonal(self, row_weights: Array | None = None, indices: Array | None = None) -> FloatArray:
        return gram.gram_diagonal(self.problem, row_weights, indices)

    @documented_by(gram_sketch.gram_sketch)
    def gram_sketch(
        self, rank: int, seed: int = 0, row_weights: Array | None = None, indices: Array | None = None
    ) -> tuple[FloatArray, FloatArray]:
        return gram.gram_sketch(self.problem, rank, seed, row_weights, indices)

    # ---- how far from the optimum ----

    @documented_by(linear_gap.duality_gap)
    def duality_gap(self, W: Array) -> float:
        return certificates.duality_gap(self.problem, W)

    def check_certifies(self) -> None:
        """ValueError, before any work, where `duality_gap` would refuse."""
        certified.certified_strengths(self.problem)

    @documented_by(gradient_bound.bound_from_gradient)
    def bound_from_gradient(self, W: Array, value: float, gradient: Array) -> GradientBound:
        return gradient_bound.bound_from_gradient(self.problem, W, value, gradient)

    @documented_by(linear_bound.improved_bound)
    def improved_bound(self, W: Array, value: float, known: Any, gradient: Array | None = None) -> tuple[float, Any]:
        return certificates.improved_bound(self.problem, W, value, known, gradient)

    # ---- closed forms ----

    @documented_by(least_squares.solve)
    def solve(self) -> FloatArray:
        return least_squares.solve(self.problem)

    def closed_forms(self, strengths: FloatArray) -> FloatArray | None:
        """The optimum at each strength of L2, of squared error; None of other losses, or where that is dear."""
        return least_squares.closed_forms(self.problem, strengths)


def _made_anew(
    kind: type[ChunkedObjective], arguments: tuple[Any, ...], options: dict[str, Any], in_float64: bool
) -> ChunkedObjective:
    objective = kind(*arguments, **options)
    return objective.in_float64() if in_float64 else objective
