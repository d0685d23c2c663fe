"""Rows that are read chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...protocols import Array


@dataclass(frozen=True, eq=False)
class ArraySource:
    """Rows of an array."""

    X: Any
    y: Any

    @property
    def n_samples(self) -> int:
        """Rows."""
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        """Columns."""
        return int(self.X.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the elements."""
        return np.dtype(self.X.dtype)

    @property
    def boundaries(self) -> Array:
        """Where its parts begin, and the end."""
        return np.array([0, self.n_samples])

    def read(self, start: int, stop: int) -> Any:
        """Some rows."""
        return self.X[start:stop]

    def labels(self) -> Any:
        """y."""
        return self.y


def chunk_source(X: Any, y: Any = None, *, label: str | None = None) -> ArraySource:
    """The rows of an array."""
    return ArraySource(X, y)
