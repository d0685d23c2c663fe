"""Dask arrays whose blocks are on a cluster: blocks of whole rows, whose values come through the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..datasets.chunks.dask_arrays import DaskArray
from ..protocols import Array


def is_dask(values: Any) -> bool:
    """It is an array of dask's."""
    return hasattr(values, "to_delayed") and hasattr(values, "chunks")


def in_blocks_of_rows(X: Any) -> Any:
    """A dask array whose blocks are whole rows of known number, where it has rows and columns."""
    if X.ndim == 2 and any(np.isnan(size) for size in X.chunks[0]):
        X = X.compute_chunk_sizes()
    return X.rechunk({1: -1}) if X.ndim == 2 and len(X.chunks[1]) > 1 else X


def labels_here(client: Any, y: Any) -> Any:
    """Labels in this process, those of a dask array too."""
    return client.compute(y).result() if is_dask(y) else y


@dataclass(frozen=True, eq=False)
class ClusterArray(DaskArray):
    """A dask array that the cluster computes."""

    client: Any = None

    def read(self, start: int, stop: int, out: Array | None = None, /) -> Any:
        return self.checked(self.client.compute(self.array[start:stop]).result(), start, stop, out)
