"""A loss on the scores of rows, plus a regularizer, as one frozen record: what the functions of this folder work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ... import _kernels
from ..._derived import derived
from ...protocols import Array, FloatArray
from ..guarded import guarded_regularizer
from ..losses.base import FreeBias, Loss
from ..one_thread import weighted_sum
from ..regularizers.regularizers import Regularizer
from .near_terms import terms_near
from .products import compiled_kernel, residual_kernel, weighted_rows
from .rows import Counter, Rows
from .scored_kernel import ScoredKernel
from .terms import NearTerms, Terms

Kernel = _kernels.Problem | ScoredKernel
"""A loss on the rows of X: `evaluate`, `differences`, `mix`, `grid`, `on_rows`."""


@dataclass(frozen=True, eq=False)
class LinearProblem(Terms):
    """``L(W) = sum_i u_i loss(W z_i, y_i) + regularizer(W)``."""

    rows: Rows
    kernel: Kernel

    @staticmethod
    def of(rows: Rows, loss: Loss, regularizer: Regularizer | None, penalize_bias: bool) -> LinearProblem:
        """With a kernel made for it, and a guard around a regularizer of a user's."""
        return LinearProblem(rows, loss, guarded_regularizer(regularizer), penalize_bias, kernel_on(rows, loss))

    def on_rows(self, index: Array) -> LinearProblem:
        """The same loss and regularizer on some of the rows."""
        rows = self.rows.chosen(index)
        kernel = self.kernel
        if isinstance(kernel, ScoredKernel):
            kernel = kernel.on_rows(rows)
        else:
            assert rows.index is not None
            kernel = kernel.on_rows(rows.index, rows.normalizer)
        other = object.__new__(LinearProblem)  # without the dataclass's slower __init__, as in `Rows.chosen`
        known = other.__dict__
        known["rows"], known["kernel"], known["penalize_bias"] = rows, kernel, self.penalize_bias
        known["loss"], known["regularizer"] = self.loss, self.regularizer
        return other

    def in_float64(self) -> LinearProblem:
        """The same function of W by arithmetic in float64, on the same X."""
        rows = replace(self.rows, in_float64=True, counter=Counter(self.rows.counter))
        kernel = self.kernel
        return replace(self, rows=rows, kernel=kernel.of(rows) if isinstance(kernel, ScoredKernel) else kernel)

    def in_own_arithmetic(self) -> LinearProblem:
        """The same in the arithmetic that X's type asks for, whatever this one's is."""
        if not self.rows.in_float64:
            return self
        rows = replace(self.rows, in_float64=False, counter=Counter(self.rows.counter))
        kernel = self.kernel
        return replace(self, rows=rows, kernel=kernel.of(rows) if isinstance(kernel, ScoredKernel) else kernel)

    def uncounted(self) -> LinearProblem:
        """The same, whose visits count nowhere."""
        return replace(self, rows=self.rows.uncounted())

    @property
    def closed_form_side(self) -> int:
        """The rows' products serve where there are fewer of them."""
        return min(self.rows.n_samples, super().closed_form_side)

    @property
    def compiled(self) -> _kernels.Problem:
        """The compiled kernel of a loss that has one."""
        if isinstance(self.kernel, ScoredKernel):
            raise ValueError(f"this needs a loss of gdfast's own, which has a compiled kernel; it is {self.loss!r}")
        return self.kernel

    @property
    def scorer(self) -> _kernels.Problem:
        """A compiled kernel on these rows, of whatever loss."""
        return self.kernel.scorer if isinstance(self.kernel, ScoredKernel) else self.kernel

    def described(self) -> str:
        """Its sizes, loss, regularizer and X's type: what a representation shows."""
        rows, loss = self.rows, self.loss
        kind = f"{'CSR ' if rows.is_sparse else ''}{getattr(rows.X, 'dtype', '')}"
        outputs = "n_classes" if loss.classifies else "n_outputs"
        return (
            f"n_samples={rows.n_samples}, n_features={rows.n_features}, {outputs}={rows.n_classes}, loss={loss!r}, "
            f"regularizer={self.regularizer!r}, dtype={kind}"
        )

    # ---- products with X ----

    def scores(self, W: Array, wide: bool) -> Array:
        """``W z_i`` in float64 or float32, (n_samples, n_classes), or (n_samples, m * n_classes) for m of W."""
        rows = self.rows
        n_outputs = len(W) * rows.n_classes if W.ndim == 3 else rows.n_classes
        scores = np.empty((rows.n_samples, n_outputs), dtype=np.float64 if wide else np.float32)
        rows.counter.add(rows.n_samples)
        self.kernel.evaluate(W, None, None, scores, wide)
        return scores

    def wide_scores(self, W: Array) -> FloatArray:
        """In float64, of weights of any type."""
        return self.scores(np.asarray(W, dtype=np.float64), True)

    def residual_kernel(self, targets: FloatArray, weights: FloatArray | None, normalizer: float) -> _kernels.Problem:
        """``normalizer * sum_i w_i ||W z_i - targets_i||^2`` on the same rows.

        Its gradient makes products with X: for W = 0 and targets -A/2 it is sum_i A_i z_i', for targets 0 it is twice
        W times the second moments of the rows. `targets` stand at the rows of X, mini-batches included.
        """
        kernel = residual_kernel(self.rows, targets, weights, normalizer, targets.shape[1])
        if isinstance(kernel, _kernels.SparseProblem):
            kernel.share_tiles(self.scorer)
        return kernel

    def weighted_rows(self, C: FloatArray) -> FloatArray:
        """``sum_i C_i z_i'`` for C (n_samples, m): (m, the columns of W), by one pass in float64."""
        self.rows.counter.add(self.rows.n_samples)
        return weighted_rows(self.rows, self.scorer, C, wide=True)

    def times_moments(self, n_outputs: int) -> Callable[[FloatArray], FloatArray]:
        """V (n_outputs, m) -> ``V sum_i u_i z_i z_i'``: half the gradient of squared errors whose targets are 0."""
        rows = self.rows
        targets = np.zeros((rows.matrix.shape[0], n_outputs))
        kernel = self.residual_kernel(targets, rows.sample_weight, 0.5 * rows.normalizer)

        return partial(self._gradient_at, kernel)

    def data_curvature(self, W: FloatArray) -> Callable[[FloatArray], FloatArray]:
        """V -> the data's Hessian at W times V: the loss's on the scores, between two products with X."""
        if self.loss.is_quadratic:
            moments = self.times_moments(self.rows.n_classes)
            return lambda V: 2 * moments(V)
        return self.curvature_at(self.wide_scores(W))

    def curvature_at(self, scores: FloatArray) -> Callable[[FloatArray], FloatArray]:
        """The same, at scores that are there already."""
        rows, found = self.rows, self.loss.curvature_factors(scores, self.rows.y)
        if found is None or isinstance(self.kernel, ScoredKernel):
            of_scores = self.loss.hessian_at(scores, rows.y)
            return lambda V: self.weighted_rows(rows.normalized_weights[:, None] * of_scores(self.wide_scores(V)))
        at_rows = np.ascontiguousarray(found.factors)
        if rows.index is not None:  # elsewhere nobody reads
            at_rows = np.zeros((rows.matrix.shape[0], rows.n_classes))
            at_rows[rows.index] = found.factors
        kernel = _kernels.with_curvature(self.kernel, at_rows, found.kind)
        if isinstance(kernel, _kernels.SparseProblem):
            kernel.share_tiles(self.scorer)
        return partial(self._gradient_at, kernel)

    def _gradient_at(self, kernel: _kernels.Problem, V: Array) -> FloatArray:
        """Of a quadratic form on these rows, in float64; the arithmetic is X's own where V is float32."""
        rows, product = self.rows, np.empty(V.shape)
        rows.counter.add(rows.n_samples)
        is_wide = rows.is_wide or V.dtype == np.float64
        kernel.evaluate(np.asarray(V, dtype=np.float64), np.empty(1), product, None, is_wide)
        return product

    def differences(self, W: Array, h: float, code: int, columns: Array) -> tuple[FloatArray, Array]:
        """Each row's difference, added up: one pass serves all columns."""
        rows = self.rows
        difference = np.empty((rows.n_classes, columns.size))
        crossings = np.zeros((rows.n_classes, columns.size), dtype=np.int64)
        rows.counter.add(rows.n_samples)
        self.kernel.differences(W, h, code, columns, difference, crossings)
        return difference, crossings

    def near_kinks(self, W: Array, h: float, wanted: Array) -> NearTerms:
        """One pass over X, and the samples with a small margin."""
        return terms_near(self.rows, self.loss, self.wide_scores(W), h, wanted)

    # ---- facts of the rows that the dual needs ----

    @property
    def reach(self) -> FloatArray:
        """At least max_i |z_ij|, (shape[1],), 1 for the bias; X is scanned once."""
        return self.rows.reach

    @derived
    def squares(self) -> FloatArray:
        """``|(x_i - mean) / scale|**2`` of each row, (n_samples,); one pass over X."""
        squares = np.empty(self.rows.n_samples)
        self.rows.counter.add(self.rows.n_samples)
        _kernels.dual_squares(self.compiled, squares)
        return squares

    @derived
    def class_sums(self) -> FloatArray | None:
        """Weighted sums of the rows of each class, the weights' own sum last: (n_classes, n_features + 1).

        None where the bias is penalised or absent, which has no need of them. Weights are those of `sample_weight`,
        divided by their mean. One pass over X.
        """
        rows = self.rows
        if not self.has_free_bias:
            return None
        chosen = np.zeros((rows.n_samples, rows.n_classes))
        chosen[np.arange(rows.n_samples), rows.y] = 1.0 if rows.weights is None else rows.weights / rows.mean_weight
        sums, squares = np.empty((rows.n_classes, rows.n_features + 1)), self.squares
        rows.counter.add(rows.n_samples)
        _kernels.dual_sums(self.compiled, squares, rows.mean_weight, chosen, sums, True)
        return sums

    @derived
    def free_bias(self) -> FreeBias | None:
        """Sums of rows, and of targets, that mend a dual point where the bias is not penalised; else None. One pass."""
        rows, u = self.rows, self.rows.normalized_weights
        if not self.has_free_bias:
            return None
        k, zeros = rows.n_classes, np.zeros(rows.n_classes)
        if rows.labels is None:
            return FreeBias(self.weighted_rows(u[:, None]), weighted_sum(u, rows.y), weighted_sum(u, np.abs(rows.y)))
        chosen = np.zeros((rows.n_samples, k))
        chosen[np.arange(rows.n_samples), rows.y] = u
        return FreeBias(self.weighted_rows(chosen), zeros, zeros)


def kernel_on(rows: Rows, loss: Loss) -> Kernel:
    """The kernel of the data's loss: compiled, or through the scores."""
    function = loss.row_function()
    if function is not None:
        return ScoredKernel.on(rows, function)
    weights = rows.sample_weight
    return compiled_kernel(rows, loss, rows.labels, rows.targets, weights, rows.normalizer, rows.n_classes)
