"""A loss and a regularizer on chunks of rows, as one frozen record: what the functions of this folder work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..._derived import derived
from ...protocols import Array, FloatArray
from ..guarded import guarded_regularizer
from ..linear.near_terms import nearest
from ..linear.problem import LinearProblem
from ..linear.rows import Counter
from ..linear.terms import NearTerms, Terms
from ..losses.base import FreeBias, Loss
from ..regularizers.regularizers import Regularizer
from . import operations, operations_of_duals, operations_on_rows
from .chunk import View, rows_of
from .engine import Engine, Function, Kept, OfRows, Start

FIRST_ROWS = 1000


@dataclass(frozen=True, eq=False)
class ChunkedRows:
    """What is known of the rows of all chunks together.

    `facts` are those that took a pass to find out, by name: they are the same for every loss of the same kind.
    """

    source: Any
    y: Array
    sample_weight: FloatArray | None
    mean: FloatArray | None
    scale: FloatArray | None
    n_classes: int
    bias: bool
    flat_targets: bool
    mean_weight: float
    n_samples: int
    n_features: int
    boundaries: Array
    counter: Counter
    is_wide: bool
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """Of W."""
        return self.n_classes, self.n_features + int(self.bias)

    @property
    def is_sparse(self) -> bool:
        """Chunks are CSR matrices."""
        return bool(self.source.is_sparse)

    @derived
    def entries_per_row(self) -> float:
        """How many numbers of a row a pass reads, in the mean; of sparse rows by the first ones."""
        if not self.is_sparse:
            return float(self.n_features)
        some = min(self.n_samples, FIRST_ROWS)
        return float(self.source.read(0, some).nnz) / some

    @property
    def arithmetic(self) -> np.dtype[Any]:
        """The type that scores and gradients are computed in."""
        return np.dtype(np.float64 if self.is_wide else np.float32)

    @property
    def in_float64(self) -> bool:
        """The arithmetic is wider than X's type asks for."""
        return self.is_wide and bool(self.source.dtype != np.float64)

    @property
    def whole(self) -> float:
        """The sum of the rows' shares of the mean."""
        return 1.0

    @property
    def options(self) -> dict[str, Any]:
        """What the rows of any chunk are made with, beside themselves."""
        return {"bias": self.bias, "mean": self.mean, "scale": self.scale, "n_classes": self.n_classes}


@dataclass(frozen=True, eq=False)
class ChunkedProblem(Terms):
    """``L(W) = sum over chunks of share * loss of the chunk + regularizer(W)``."""

    rows: ChunkedRows
    engine: Engine

    @staticmethod
    def of(
        rows: ChunkedRows, loss: Loss, regularizer: Regularizer | None, penalize_bias: bool, engine: Engine
    ) -> ChunkedProblem:
        """With a guard around a regularizer of a user's."""
        return ChunkedProblem(rows, loss, guarded_regularizer(regularizer), penalize_bias, engine)

    @property
    def view(self) -> View:
        """What is asked of each chunk."""
        return View(self.loss, self.rows.is_wide)

    def in_float64(self) -> ChunkedProblem:
        """The same function of W by arithmetic in float64."""
        return replace(self, rows=replace(self.rows, is_wide=True, counter=Counter(self.rows.counter)))

    # ---- functions of all chunks ----

    def sum(self, function: Function, *arguments: Any) -> tuple[Any, ...]:
        """A function of every chunk, added up in the order of the chunks."""
        outcome = self.engine.sum(self.view, function, *arguments)
        self.rows.counter.add(int(outcome.visited))
        return tuple(outcome.found)

    def each(self, function: Function, *arguments: Any) -> Iterator[Any]:
        """A function of every chunk, one after the other."""
        for outcome in self.engine.each(self.view, function, *arguments):
            self.rows.counter.add(int(outcome.visited))
            yield outcome.found

    def keep(self, *Ws: FloatArray) -> Kept:
        """The scores of several W, which stay where the chunks are: `KeptScores`."""
        kept, visited = self.engine.keep(self.view, operations.kept_scores, np.stack(Ws))
        self.rows.counter.add(int(visited))
        return kept

    # ---- sums over rows: see `Terms` ----

    def on_rows(self, index: Array) -> LinearProblem:
        """The same loss and regularizer on some of the rows, which are gathered in memory."""
        some, place = np.unique(index, return_inverse=True)
        found = self.on_gathered(self.gathered(some), some)
        return found if np.array_equal(some, index) else found.on_rows(place.astype(np.int64))

    def on_gathered(self, X: Any, some: Array) -> LinearProblem:
        """The same on rows that were gathered, by their numbers."""
        rows = self.rows
        weights = None if rows.sample_weight is None else rows.sample_weight[some]
        found = rows_of(X, rows.y[some], weights, self.loss, rows.options)
        found = replace(
            found, flat_targets=rows.flat_targets, mean_weight=rows.mean_weight, counter=Counter(rows.counter),
            in_float64=rows.in_float64,
        )  # fmt: skip
        return LinearProblem.of(found, self.loss, self.regularizer, self.penalize_bias)

    def gathered(self, places: Array) -> Any:
        """Rows of X in memory, by their numbers, which rise."""
        parts = list(self.each(operations.taken, _Places(places)))
        parts = [part for part in parts if part is not None]
        if not self.rows.source.is_sparse:
            return np.concatenate(parts)
        import scipy.sparse

        return scipy.sparse.vstack(parts, format="csr")

    @property
    def free_bias(self) -> FreeBias | None:
        """Sums of rows, and of targets, that mend a dual point where the bias is not penalised; else None. One pass."""
        if not self.has_free_bias:
            return None
        found: FreeBias = self.fact("free_bias", lambda: FreeBias(*self.sum(operations_on_rows.free_bias)))
        return found

    @property
    def class_sums(self) -> FloatArray | None:
        """Sums of the rows of each class, weights last, where the bias is not penalised; else None. One pass."""
        if not self.has_free_bias:
            return None
        mean_weight = self.rows.mean_weight
        sums: FloatArray = self.fact("class_sums", lambda: self.sum(operations_of_duals.class_sums, mean_weight)[0])
        return sums

    def times_moments(self, n_outputs: int) -> Callable[[FloatArray], FloatArray]:
        """V (n_outputs, m) -> ``V sum_i u_i z_i z_i'``; each call makes one pass."""
        return lambda V: self.sum(operations_on_rows.times_moments, V)[0]

    def data_curvature(self, W: FloatArray) -> Callable[[FloatArray], FloatArray]:
        """V -> the data's Hessian at W times V; chunks keep the scores of W, unless these don't matter."""
        if self.loss.is_quadratic:
            moments = self.times_moments(self.rows.n_classes)
            return lambda V: 2 * moments(V)
        kept = self.keep(W)
        return lambda V: self.sum(operations_on_rows.hessian_times, kept, V)[0]

    def differences(self, W: Array, h: float, code: int, columns: Array) -> tuple[FloatArray, Array]:
        """Of the data's loss, by steps h in some columns of W, and how many terms cross a kink: (k, len(columns))."""
        difference, crossings = self.sum(operations_on_rows.differences, W, h, code, columns)
        return difference, crossings

    def near_kinks(self, W: Array, h: float, wanted: Array) -> NearTerms:
        """The loss's kinks within a step of h of the wanted weights."""
        total = NearTerms(np.full(self.rows.shape, h), 0, ())
        for near in self.each(operations_on_rows.near_kinks, Start(), W, h, wanted):
            terms = tuple(nearest([*total.terms, *near.terms]))
            total = NearTerms(np.minimum(total.safe_h, near.safe_h), total.n_terms + near.n_terms, terms)
        return total

    # ---- facts of the rows ----

    def fact(self, name: str, found: Callable[[], Any]) -> Any:
        """What `found` gives, by a pass at the first call."""
        facts = self.rows.facts
        if name not in facts:
            facts[name] = found()
        return facts[name]

    @property
    def reach(self) -> FloatArray:
        """At least max_i |z_ij|, (shape[1],), 1 for the bias; X is scanned once, which counts as no pass."""
        reach: FloatArray = self.fact("reach", lambda: np.maximum.reduce(list(self.each(operations_on_rows.reach))))
        return reach


class _Places(OfRows):
    """The numbers of rows, which rise: a chunk gets those of its own, counted from its first."""

    def of_chunk(self, i: int, start: int, stop: int) -> Array:
        """int64 (m,)."""
        first, last = np.searchsorted(self.values, [start, stop])
        return self.values[first:last] - start
