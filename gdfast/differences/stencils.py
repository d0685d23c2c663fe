"""Stencils of difference quotients: x moved by h along one coordinate, ahead only or in both directions.

The quotient is divided by the step that was really taken, because x + h is rounded to x's type before f
gets it.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._arrays import check_integer, check_point, plain_array
from ..describe import described
from ..protocols import Array, FloatArray
from .points import Points

Scheme = Literal["centered", "forward"]


def evaluations(x: Any, scheme: Scheme = "centered") -> int:
    """How often f is evaluated for a numerical gradient or Jacobian at x.

    ``2 P`` (centred) or ``P + 1`` (forward), for P coordinates.

    Parameters
    ----------
    x : int or float array of any shape
        P itself, or the point.
    scheme : "centered" or "forward"

    Returns
    -------
    int

    Raises
    ------
    TypeError
        x is neither an integer nor a float array.
    ValueError
        P < 1, or the scheme is another.

    Notes
    -----
    With ``vectorized=True`` as many points are evaluated, in fewer calls. A numerical Hessian costs
    ``2 P**2 + 1`` values, or ``2 P`` gradients.

    Examples
    --------
    The 30,730 weights of a linear classifier of 10 classes and 32 x 32 x 3 pixels:

    >>> from gdfast.differences import evaluations
    >>> evaluations(30730, "forward"), evaluations(30730)
    (30731, 61460)
    """
    check_scheme(scheme)
    if isinstance(x, numbers.Integral):
        size = check_integer(x, "x", minimum=1)
    else:
        size = check_point(x, "x", finite=False).size
    return 2 * size if scheme == "centered" else size + 1


@dataclass(frozen=True, eq=False)
class Stencil:
    """Both ends of the stencils of n coordinates.

    Attributes
    ----------
    high, low : (n,) of x's dtype
        The coordinate's value ahead and behind (in the forward scheme: x's own).
    taken : float64 (n,)
        high - low, to be divided by.
    """

    high: Array
    low: Array
    taken: FloatArray

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(n,): False where h is lost in rounding, or overflows."""
        usable: NDArray[np.bool_] = (self.taken > 0) & (self.taken < np.inf)
        return usable


def stencil(x: Array, flat: NDArray[np.int64], h: float | FloatArray, scheme: Scheme) -> Stencil:
    """The stencil of each coordinate in `flat`, usable or not; h is a number, or one for each.

    The centred one is rounded once, on the side away from zero, and mirrored: that is exact, so x stays its middle
    to the last bit.
    """
    middle = x.reshape(-1)[flat]
    with np.errstate(over="ignore", invalid="ignore"):
        h = np.asarray(h).astype(x.dtype)  # x's own type, in which the points are
        if scheme == "forward":
            high, low = middle + h, middle
        else:
            step = np.abs(np.where(middle >= 0, middle + h, middle - h) - middle)
            high, low = middle + step, middle - step
        wide = np.promote_types(x.dtype, np.float64)
        taken = (high.astype(wide) - low.astype(wide)).astype(np.float64)
    return Stencil(high, low, taken)


def usable_stencil(x: Array, flat: NDArray[np.int64], h: float | FloatArray, scheme: Scheme) -> Stencil:
    """The stencil of each coordinate, or ValueError naming the first that h does not move."""
    found = stencil(x, flat, h, scheme)
    if not found.usable.all():
        lost = int(np.argmin(found.usable))
        raise lost_step(name_coordinate(int(flat[lost]), x.shape), float(np.broadcast_to(h, flat.size)[lost]), x)
    return found


def lost_step(name: str, h: float, x: Array) -> ValueError:
    """The error for an h that does not move what `name` says."""
    return ValueError(f"h must change {name} when rounded to {x.dtype}; h = {h:g} is lost or overflows: use another")


def moved(x: Array, flat: Array, values: Array, h: float | FloatArray) -> Points:
    """The points x with the coordinates `flat` (n, k) at `values`; a value of x's own is no move. h is for messages."""

    def place(i: int) -> str:
        moves = [
            f" {'+' if value > x.flat[j] else '-'} h in {name_coordinate(j, x.shape)}"
            for j, value in zip(flat[i].tolist(), values[i], strict=True)
            if value != x.flat[j]
        ]
        step = float(np.broadcast_to(h, len(flat))[i])
        return f"x{','.join(moves)} (h = {step:g})" if moves else "x"

    return Points(x, flat, values, place)


def unmoved(x: Array) -> Points:
    """x itself, one point."""
    return moved(x, np.zeros((1, 1), dtype=np.int64), x.reshape(-1)[:1, np.newaxis], 0.0)


def difference_quotients(
    values_at: Callable[[Points], FloatArray], x: Array, flat: NDArray[np.int64], h: FloatArray, scheme: Scheme
) -> FloatArray:
    """One quotient for each coordinate in `flat`, by its step h (n,): (n, *out).

    values_at gives (m, *out) for m points.
    """
    ends = usable_stencil(x, flat, h, scheme)
    if scheme == "forward":  # x itself first: its coordinate flat[0] at its own value
        flat, values, h = np.append(flat[:1], flat), np.append(ends.low[:1], ends.high), np.append(h[:1], h)
    else:
        h = np.repeat(h, 2)
        flat, values = np.repeat(flat, 2), np.stack([ends.high, ends.low], axis=1).reshape(-1)
    found = values_at(moved(x, flat[:, np.newaxis], values[:, np.newaxis], h))
    with np.errstate(over="ignore"):
        differences = found[1:] - found[0] if scheme == "forward" else found[0::2] - found[1::2]
        quotients: FloatArray = differences / ends.taken.reshape(-1, *(1,) * (found.ndim - 1))
    return quotients


def check_scheme(scheme: Any) -> None:
    """ValueError for what is no scheme."""
    if not isinstance(scheme, str) or scheme not in ("centered", "forward"):
        raise ValueError(f'scheme must be "centered" or "forward"; it is {scheme!r}')


def check_coordinates(coordinates: Any, size: int) -> NDArray[np.int64]:
    """Distinct flat indices into an array of `size` elements, as int64 (n,); all of them for None."""
    if coordinates is None:
        return np.arange(size)
    indices = plain_array(coordinates, "coordinates")
    if indices.size == 0:
        raise ValueError("coordinates must hold at least one flat index; it is empty")
    if indices.dtype.kind not in "iu":
        raise TypeError(f"coordinates must be integers (flat indices); it is {described(coordinates)}")
    if indices.ndim != 1:
        raise ValueError(f"coordinates must be one-dimensional (flat indices); its shape is {indices.shape}")
    outside = (indices < 0) | (indices >= size)
    if outside.any():
        i = int(np.argmax(outside))
        raise ValueError(f"coordinates must be flat indices in [0, {size}); coordinates[{i}] is {indices[i]}")
    if np.unique(indices).size != indices.size:
        raise ValueError("coordinates must be distinct; a flat index comes twice")
    return indices.astype(np.int64)


def name_coordinate(flat: int, shape: tuple[int, ...], name: str = "x") -> str:
    """``x[2, 5]`` for a flat index."""
    index = ", ".join(str(int(i)) for i in np.unravel_index(flat, shape))
    return f"{name}[{index}]" if shape else name
