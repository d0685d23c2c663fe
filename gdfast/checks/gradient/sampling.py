"""The coordinates that a gradient check compares: all, a stratified sample, given ones, or one random direction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._arrays import check_integer, plain_array
from ...differences import check_coordinates
from ...protocols import FloatArray

Indices = NDArray[np.int64]

CHEAP_COORDINATES = 1000  # 2,000 evaluations
DIRECTION = "direction"


def choose(coordinates: Any, shape: tuple[int, ...], structured: bool, rng: np.random.Generator) -> Indices:
    """The flat indices to check, sorted where they are drawn; none for "direction"."""
    size = math.prod(shape)
    rows = shape[0] if len(shape) > 1 else 1
    if isinstance(coordinates, str):
        if coordinates != DIRECTION:
            raise TypeError(
                f'coordinates must be None, an integer, flat indices or "{DIRECTION}"; it is {coordinates!r}'
            )
        return np.empty(0, dtype=np.int64)
    if coordinates is None:
        n = size if structured else max(CHEAP_COORDINATES, rows)
    elif plain_array(coordinates, "coordinates").ndim == 0:
        n = check_integer(coordinates, "coordinates", minimum=1)
    else:
        return np.asarray(check_coordinates(coordinates, size), dtype=np.int64)
    return np.arange(size) if n >= size else stratified(n, rows, size // rows, rng)


def stratified(n: int, rows: int, columns: int, rng: np.random.Generator) -> Indices:
    """n flat indices, every row covered evenly; the last column fully when n >= 2 rows, else once."""
    key = rng.random((rows, columns))
    first = slice(None) if n >= 2 * rows else rng.integers(rows)
    key[first, -1] = -1.0
    rank = key.argsort(axis=1).argsort(axis=1)  # 0 for the row's first choice, 1 for its second ...
    turn = rng.random((rows, 1)) + rank
    turn[first, -1] = -1.0
    chosen: Indices = np.sort(turn.reshape(-1).argpartition(n - 1)[:n])
    return chosen


def random_direction(shape: tuple[int, ...], rng: np.random.Generator, scale: FloatArray | None = None) -> FloatArray:
    """A direction of length 1, every one as likely as any other; scale: the lengths that count alike."""
    direction = rng.standard_normal(shape) * (1.0 if scale is None else scale / scale.max())
    return np.asarray(direction / np.sqrt(np.sum(direction**2)))
