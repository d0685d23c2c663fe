"""A loss and a regularizer on chunks of rows, as one frozen record: what the functions of this folder work on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...protocols import Array, FloatArray
from ..guarded import guarded_regularizer
from ..linear.rows import Counter
from ..linear.terms import Terms
from ..losses.base import Loss
from ..regularizers.regularizers import Regularizer
from .chunk import View
from .engine import Engine, Function, Kept

FIRST_ROWS = 1000


@dataclass(frozen=True, eq=False)
class ChunkedRows:
    """What is known of the rows of all chunks together."""

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

    @property
    def shape(self) -> tuple[int, int]:
        """Of W."""
        return self.n_classes, self.n_features + int(self.bias)

    @property
    def is_sparse(self) -> bool:
        """Chunks are CSR matrices."""
        return bool(self.source.is_sparse)

    @cached_property
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

    def sum(self, function: Function, *arguments: Any) -> tuple[Any, ...]:
        """A function of every chunk, added up in the order of the chunks."""
        outcome = self.engine.sum(self.view, function, *arguments)
        self.rows.counter.add(int(outcome.visited))
        return tuple(outcome.found)

    def each(self, function: Function, *arguments: Any) -> Any:
        """A function of every chunk, one after the other."""
        for outcome in self.engine.each(self.view, function, *arguments):
            self.rows.counter.add(int(outcome.visited))
            yield outcome.found

    def keep(self, function: Function, *arguments: Any) -> Kept:
        """A function of every chunk, whose results stay where the chunks are."""
        kept, visited = self.engine.keep(self.view, function, *arguments)
        self.rows.counter.add(int(visited))
        return kept
