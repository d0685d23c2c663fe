"""A stretch of a part's rows as a part of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...protocols import Array
from .part import Part


@dataclass(frozen=True, eq=False)
class Window:
    """Rows [first, last) of a part."""

    part: Part
    first: int
    last: int

    @property
    def name(self) -> str:
        return f"rows {self.first:,} to {self.last - 1:,} of {self.part.name}"

    @property
    def n_samples(self) -> int:
        return self.last - self.first

    @property
    def n_features(self) -> int:
        return self.part.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.part.dtype

    @property
    def is_sparse(self) -> bool:
        return self.part.is_sparse

    @property
    def has_labels(self) -> bool:
        return self.part.has_labels

    @property
    def starts(self) -> Array:
        starts = self.part.starts - self.first
        return np.concatenate([[0], starts[(starts > 0) & (starts < self.n_samples)]]).astype(np.int64)

    def read(self, start: int, stop: int, out: Array | None, /) -> Any:
        return self.part.read(self.first + start, self.first + stop, out)

    def labels(self, start: int, stop: int, /) -> Array:
        return self.part.labels(self.first + start, self.first + stop)

    def require_unchanged(self) -> None:
        self.part.require_unchanged()

    def narrowed(self, start: int, stop: int, /) -> Part:
        return replace(self, first=self.first + start, last=self.first + stop)


def narrowed(part: Part, start: int, stop: int) -> Part:
    """Rows [start, stop) of a part: without the others where it holds them (an array, a graph), else a window."""
    if (start, stop) == (0, part.n_samples):
        return part
    own = getattr(part, "narrowed", None)
    found: Part | None = None if own is None else own(start, stop)
    return Window(part, start, stop) if found is None else found
