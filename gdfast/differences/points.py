"""Evaluation of f at many points near x, one by one or in blocks, always on copies of x.

Each call gets a fresh copy, which f may keep or overwrite. Whatever goes wrong names the point: a value
that can't be used in the error itself, an exception raised by f in a note that is added to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._returned import NotFiniteError, finite_number, returned_reals
from ..protocols import Array, FloatArray

BLOCK_BYTES = 2**22
"""Most that the points of one vectorized call take, unless a single point is larger."""


@dataclass(frozen=True, eq=False)
class Points:
    """n points: each is x with k of its coordinates replaced.

    Attributes
    ----------
    x : array
    flat : int64 (n, k)
        Flat indices (C order) of the replaced coordinates.
    values : (n, k)
        What stands there instead.
    place : callable
        Number of a point -> its name for messages.
    """

    x: Array
    flat: NDArray[np.int64]
    values: Array
    place: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.flat)

    def one(self, i: int) -> Array:
        """A fresh array of x's shape."""
        point = np.array(self.x, order="C")
        point.reshape(-1)[self.flat[i]] = self.values[i]
        return point

    def block(self, start: int, stop: int) -> Array:
        """A fresh array (stop - start, *x.shape)."""
        block = np.empty((stop - start, *self.x.shape), dtype=self.x.dtype)
        block[:] = self.x
        rows = np.arange(stop - start)[:, np.newaxis]
        block.reshape(stop - start, -1)[rows, self.flat[start:stop]] = self.values[start:stop]
        return block

    def some(self, start: int, stop: int) -> Points:
        """Those from start to stop."""
        return Points(self.x, self.flat[start:stop], self.values[start:stop], lambda i: self.place(start + i))

    def blocks(self) -> Iterator[tuple[int, int]]:
        """(start, stop) of consecutive blocks of at most BLOCK_BYTES."""
        size = max(1, BLOCK_BYTES // self.x.nbytes)
        return ((start, min(start + size, len(self))) for start in range(0, len(self), size))


@dataclass(frozen=True)
class _Place:
    """The name of one point, made only when a message shows it."""

    points: Points
    i: int

    def __str__(self) -> str:
        return self.points.place(self.i)


def numbers_at(f: Callable[[Array], Any], points: Points, vectorized: bool) -> FloatArray:
    """f, which returns one real number, at every point: float64 (n,)."""
    if not vectorized:
        singles = np.empty(len(points))
        for i in range(len(points)):  # no generator: it would turn a StopIteration of f's into another error
            place = _Place(points, i)
            singles[i] = finite_number(_call(f, points.one(i), place), "f", place)
        return singles
    return np.concatenate([_block(f, points, start, stop, (), "f") for start, stop in points.blocks()])


def arrays_at(f: Callable[[Array], Any], points: Points, vectorized: bool, name: str = "f") -> FloatArray:
    """f, which returns real numbers always of one shape, at every point: float64 (n, *that shape)."""
    shape: tuple[int, ...] | None = None
    found = []
    if vectorized:
        for start, stop in points.blocks():
            found.append(_block(f, points, start, stop, shape, name))
            shape = found[0].shape[1:]
        return np.concatenate(found)
    for i in range(len(points)):
        place = _Place(points, i)
        array = returned_reals(_call(f, points.one(i), place, name), name, place)
        if not np.isfinite(array).all():
            raise NotFiniteError(f"{name} must return finite numbers; at {place} it returned {array}")
        shape = array.shape if shape is None else shape
        if array.shape != shape:
            raise ValueError(f"{name} must always return one shape; it returned {shape}, and {array.shape} at {place}")
        found.append(array)
    return np.stack(found)


def _block(
    f: Callable[[Array], Any], points: Points, start: int, stop: int, shape: tuple[int, ...] | None, name: str
) -> FloatArray:
    """f at a block of points: (stop - start, *shape), any shape where it is None."""
    place = f"the {stop - start} points from {points.place(start)} to {points.place(stop - 1)}"
    array = returned_reals(_call(f, points.block(start, stop), place, name), name, place)
    needed = (stop - start, *(array.shape[1:] if shape is None else shape))
    if array.shape != needed:
        wanted = f"({stop - start}, ...)" if shape is None else f"{needed}"
        raise ValueError(
            f"{name} must return the shape {wanted} with vectorized=True, for {stop - start} points at once; "
            f"its shape is {array.shape}"
        )
    finite = np.isfinite(array).reshape(stop - start, -1).all(axis=1)
    if not finite.all():
        i = int(np.argmin(finite))
        raise NotFiniteError(f"{name} must return finite numbers; at {points.place(start + i)} it returned {array[i]}")
    return array


def _call(f: Callable[[Array], Any], argument: Array, place: object, name: str = "f") -> Any:
    try:
        return f(argument)
    except Exception as error:
        error.add_note(f"{_RAISED} {name} at {place}, in a difference quotient")
        raise


_RAISED = "raised by"


def is_outside(error: Exception) -> bool:
    """Whether f has no value there, as far as one can tell: it raised, or returned NaN or infinity.

    What it returns of a wrong type or shape is a mistake wherever it happens, and a lack of memory says nothing of f.
    """
    if isinstance(error, MemoryError):
        return False
    notes = getattr(error, "__notes__", ())
    return isinstance(error, NotFiniteError) or any(str(note).startswith(_RAISED) for note in notes)
