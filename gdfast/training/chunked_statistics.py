"""Feature statistics and row norms of chunks: functions of ONE chunk, added up over the chunks in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._derived import derived
from ..objective.linear.objective import LinearObjective
from ..protocols import Array, FloatArray
from .chunked_data import ChunkedData
from .feature_statistics import FeatureStatistics, feature_statistics, with_single_entries
from .row_norms import StandardizedRows


def statistics_of_chunk(objective: LinearObjective, share: float, centre: bool) -> tuple[FeatureStatistics]:
    """Those of its rows; a chunk whose rows all weigh 0 has a weight of 0, which changes no sum."""
    weights, rows = _weights_and_rows(objective)
    X = with_single_entries(objective.X)
    if share == 0:
        d = objective.n_features
        nothing = np.zeros(d)
        mean, largest = (None, nothing) if hasattr(X, "indptr") else (nothing, None)
        return (FeatureStatistics(0.0, mean, nothing, largest, X.dtype, centre),)
    return (feature_statistics(X, weights, rows, centre=centre),)


def norms_of_chunk(objective: LinearObjective, share: float) -> tuple[float, ...]:
    """``sum w |z|**2``, ``sum w**2 |z|**2``, ``sum (w |z|**2)**2``, ``sum w`` and how many rows weigh anything."""
    if share == 0:
        return 0.0, 0.0, 0.0, 0.0, 0
    weights, rows = _weights_and_rows(objective)
    norms = StandardizedRows(objective.X, objective.mean, objective.scale, None, rows).norms()
    w = np.ones(len(norms)) if weights is None else weights if rows is None else weights[rows]
    with np.errstate(over="ignore", invalid="ignore"):
        weighted = w * norms
        return float(weighted.sum()), float((w * weighted).sum()), float((weighted**2).sum()), float(w.sum()), len(w)


def _weights_and_rows(objective: LinearObjective) -> tuple[FloatArray | None, Array | None]:
    """The weights of all rows, and which of them are above 0 (None: all)."""
    weights = objective.linear_problem.rows.sample_weight
    return weights, None if weights is None or weights.all() else np.flatnonzero(weights)


def chunked_statistics(objective: Any, *, centre: bool) -> FeatureStatistics:
    """The statistics of the rows of a chunked objective, in one pass: the same bits wherever its chunks are."""
    (found,) = objective.problem.sum(statistics_of_chunk, centre)
    assert isinstance(found, FeatureStatistics)
    return found


@dataclass(frozen=True)
class StandardizedChunks(StandardizedRows):
    """`StandardizedRows` of an objective whose rows are read chunk by chunk; X is its data."""

    X: ChunkedData
    objective: Any = None

    @property
    def is_sparse(self) -> bool:
        """Rows are CSR."""
        return self.X.is_sparse

    @property
    def n_stored(self) -> int:
        """At most: how many of CSR's numbers are stored is not known without reading them."""
        return len(self) * self.X.shape[1]

    @property
    def n_visited(self) -> int:
        """All rows: those that are held out come with the others, and weigh nothing."""
        return self.X.shape[0]

    @property
    def takes_batches(self) -> bool:
        """Not on a cluster."""
        return self.X.client is None

    @property
    def visits_rows(self) -> bool:
        """They are read with their chunks."""
        return False

    @derived
    def _sums(self) -> tuple[float, ...]:
        return tuple(self.objective.problem.sum(norms_of_chunk))

    def mean_norm(self, power: int = 1) -> float:
        """See `StandardizedRows`; one pass where the statistics don't tell it."""
        if self.known_norm is not None and (power == 1 or self.weights is None):
            return self.known_norm
        first, second, _, weight, n = self._sums
        return (first if power == 1 else second) / n / (weight / n) ** power

    def spread_norm(self) -> float:
        """See `StandardizedRows`; one pass."""
        first, _, squares, weight, n = self._sums
        return squares / first / (weight / n) if first > 0 else 0.0

    def _at(self, ids: Array) -> Any:
        return self.X.gathered(ids)
