"""Rows that are read piece by piece: what an object must offer so that an objective can be trained on it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np


class Chunks(Protocol):
    """Rows on a disk, in a data base or anywhere else, of which some are read at a time.

    `read` may be called from a background thread, and again for the same rows: it must give the same numbers. What it
    returns must stay as it is until it is no longer used. An object that is to travel to the workers of a cluster must
    be picklable: a recipe (a path, a query), not an open file.
    """

    @property
    def n_samples(self) -> int:
        """How many rows there are."""
        ...

    @property
    def n_features(self) -> int:
        """How many numbers a row holds."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of X: uint8, float16, float32 or float64."""
        ...

    def read(self, start: int, stop: int, /) -> Any:
        """Rows start to stop - 1: X (stop - start, n_features), dense or scipy.sparse CSR; or (X, y) with labels."""
        ...
