"""Sums whose bits do not depend on who adds: a fixed tree over the chunks, in their order.

Each node adds up to `FAN_IN` neighbours, one after the other; whoever holds the parts, the same additions are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

FAN_IN = 16


def added(parts: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The sum of tuples of numbers and arrays, place by place, in order; arrays are added up in float64."""
    total: list[Any] | None = None
    for part in parts:
        if total is None:
            total = [np.array(item, dtype=_wide(item)) if isinstance(item, np.ndarray) else item for item in part]
            continue
        for i, item in enumerate(part):
            if isinstance(item, np.ndarray):
                total[i] += item
            else:
                total[i] = total[i] + item
    assert total is not None
    return tuple(total)


def _wide(array: Any) -> Any:
    return np.float64 if array.dtype.kind == "f" else array.dtype


def groups(parts: Sequence[Any]) -> list[Sequence[Any]]:
    """Neighbours that one node adds up."""
    return [parts[i : i + FAN_IN] for i in range(0, len(parts), FAN_IN)]


class OrderedSum:
    """The tree's sum of parts that come one after the other: it holds at most `FAN_IN` of them a level."""

    def __init__(self) -> None:
        self._levels: list[list[tuple[Any, ...]]] = []

    def add(self, part: tuple[Any, ...], level: int = 0) -> None:
        """The next part."""
        if level == len(self._levels):
            self._levels.append([])
        waiting = self._levels[level]
        waiting.append(part)
        if len(waiting) == FAN_IN:
            self.add(added(waiting), level + 1)
            waiting.clear()

    def total(self) -> tuple[Any, ...]:
        """Of all of them."""
        for level in range(len(self._levels)):
            waiting = self._levels[level]
            is_last = not any(self._levels[level + 1 :])
            if is_last and len(waiting) <= 1:
                break
            if waiting:
                self.add(added(waiting), level + 1)
                waiting.clear()
        (found,) = [part for level in self._levels for part in level]
        return found
