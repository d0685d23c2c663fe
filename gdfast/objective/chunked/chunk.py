"""A chunk of rows: the recipe that it is made from wherever it is needed, and the linear objective on its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..._arrays import check_matrix
from ..._derived import derived
from ...protocols import Array, FloatArray
from ..linear.objective import LinearObjective
from ..linear.problem import LinearProblem
from ..linear.rows import Counter, Rows
from ..losses.base import Loss


class View(NamedTuple):
    """What is computed of the rows of a chunk: under which loss, and in which arithmetic."""

    loss: Loss
    in_float64: bool = False


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows [start, stop) of the whole, in memory.

    Attributes
    ----------
    whole : LinearObjective
        On these rows alone, without a regularizer.
    share : float
        Of the mean: the data's term of all rows is the sum over chunks of ``share`` times the chunk's.
    """

    whole: LinearObjective
    share: float
    start: int
    stop: int

    def seen(self, view: View) -> LinearObjective:
        """The objective on these rows, under a loss and in an arithmetic."""
        objective = self.whole if view.loss == self.whole.loss else self.whole.with_terms(view.loss, None)
        return objective.in_float64() if view.in_float64 else objective


@dataclass(frozen=True, eq=False)
class ChunkRecipe:
    """What a chunk is made from: where its rows are read, and everything else there is to know. It can be pickled.

    `source` is None where the rows come to the recipe (a task's argument) instead. y, weights and `options` (bias,
    mean, scale, n_classes) are those that were checked where the whole was made.
    """

    source: Any
    start: int
    stop: int
    y: Array
    sample_weight: FloatArray | None
    share: float
    loss: Loss
    options: dict[str, Any] = field(default_factory=dict)

    def made(self, X: Array | None = None, check_finite: bool = False) -> Chunk:
        """The chunk: its rows are read unless they are given."""
        if X is None:
            X = self.source.read(self.start, self.stop)
        rows = rows_of(X, self.y, self.sample_weight, self.loss, self.options, check_finite)
        whole = LinearObjective.of_problem(LinearProblem.of(rows, self.loss, None, False))
        return Chunk(whole, self.share, self.start, self.stop)

    @derived
    def n_rows(self) -> int:
        """How many."""
        return self.stop - self.start


def rows_of(
    X: Any, y: Array, weights: FloatArray | None, loss: Loss, options: dict[str, Any], check_finite: bool = False
) -> Rows:
    """Rows of which X alone is not checked yet."""
    matrix = check_matrix(X, check_finite=check_finite)
    labels, targets = (y, None) if loss.classifies else (None, y)
    n_classes = options["n_classes"] if loss.classifies else y.shape[1]
    return Rows(
        X, matrix, labels, targets, weights, options.get("mean"), options.get("scale"), n_classes, options["bias"],
        False, 1.0 if weights is None else float(weights.mean()), None, Counter(),
    )  # fmt: skip
