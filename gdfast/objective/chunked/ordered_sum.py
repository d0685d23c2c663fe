"""Sums whose bits do not depend on who adds: a fixed tree over the chunks, in their order.

Each node adds up to `FAN_IN` neighbours, one after the other; whoever holds the parts, the same additions are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

FAN_IN = 16


class Total:
    """The sum of tuples of numbers and arrays, place by place, in order; arrays are added up in float64."""

    def __init__(self) -> None:
        self.count = 0
        self._sums: list[Any] = []

    def add(self, part: tuple[Any, ...]) -> None:
        """The next one; its arrays are not kept."""
        self.count += 1
        if self.count == 1:
            self._sums = [np.array(item, dtype=_wide(item)) if isinstance(item, np.ndarray) else item for item in part]
            return
        for i, item in enumerate(part):
            self._sums[i] += item

    def taken(self) -> tuple[Any, ...]:
        """The sum; it begins anew."""
        found, self._sums, self.count = tuple(self._sums), [], 0
        return found


def added(parts: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The sum of neighbours: what a node of the tree gives."""
    total = Total()
    for part in parts:
        total.add(part)
    return total.taken()


def _wide(array: Any) -> Any:
    return np.float64 if array.dtype.kind == "f" else array.dtype


def groups(parts: Sequence[Any]) -> list[Sequence[Any]]:
    """Neighbours that one node adds up."""
    return [parts[i : i + FAN_IN] for i in range(0, len(parts), FAN_IN)]


class OrderedSum:
    """The tree's sum of parts that come one after the other: it holds one sum a level."""

    def __init__(self) -> None:
        self._levels: list[Total] = []

    def add(self, part: tuple[Any, ...], level: int = 0) -> None:
        """The next part."""
        if level == len(self._levels):
            self._levels.append(Total())
        here = self._levels[level]
        here.add(part)
        if here.count == FAN_IN:
            self.add(here.taken(), level + 1)

    def total(self) -> tuple[Any, ...]:
        """Of all of them."""
        found: tuple[Any, ...] | None = None
        for here in self._levels:
            if found is not None:
                here.add(found)
            found = here.taken() if here.count else None
        assert found is not None
        return found
