"""Directions in the space of weights: checked, drawn at random, or from one point to another."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..._arrays import check_point, check_rng, require_finite
from ...protocols import Array

Normalize = Literal["none", "norm", "row"]
PARALLEL = 4  # units of rounding that tell a direction from a multiple of the other


def check_directions(w: Any, **directions: Any) -> list[Array]:
    """A point and one or two directions of its shape: none of them zero, two of them not parallel."""
    arrays = [check_point(w, "w")]
    for name, direction in directions.items():
        array = check_point(direction, name, finite=False)
        if array.shape != arrays[0].shape:
            raise ValueError(f"{name} must have the shape of w, {arrays[0].shape}; its shape is {array.shape}")
        require_finite(array, name)
        if not array.any():
            raise ValueError(f"{name} must not be zero everywhere")
        arrays.append(array)
    if len(arrays) == 3 and _are_parallel(arrays[1], arrays[2]):
        first, second = directions
        raise ValueError(f"{second} must not be parallel to {first}: together they span a line, not a plane")
    return arrays


def _are_parallel(u: Array, v: Array) -> bool:
    """Whether v is a multiple of u, but for rounding of the coarser type."""
    rounding = max(np.finfo(u.dtype).eps, np.finfo(v.dtype).eps, np.finfo(np.float64).eps)
    first, second = (array.astype(np.float64) / np.abs(array).max().astype(np.float64) for array in (u, v))
    rest = second - np.vdot(first, second) / np.vdot(first, first) * first
    return float(np.linalg.norm(rest)) <= PARALLEL * float(rounding) * float(np.linalg.norm(second))


def random_direction(
    rng: np.random.Generator | int | None = None, like: Any = None, normalize: Normalize = "none"
) -> Array:
    """Standard normal numbers of the shape and dtype of some weights, scaled to them where asked.

    Parameters
    ----------
    rng : seed, Generator or None
    like : float array
        The weights that the direction will be added to.
    normalize : "none", "norm" or "row"
        "norm": the direction gets the 2-norm of `like`; "row": each of its rows gets the norm of that row of `like`
        (rows of zeros stay zero), so that a step of 1 is as large as the weights themselves everywhere.

    Returns
    -------
    array
        Of the shape and dtype of `like`.

    Raises
    ------
    TypeError, ValueError
        like is not a finite float array, is zero everywhere where its norm is asked for, or has no rows (one
        dimension) where they are; normalize is none of the three.

    References
    ----------
    H. Li et al., Visualizing the loss landscape of neural nets, NeurIPS 2018: "row" is their filter normalization.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> W = np.array([[3.0, 4.0], [0.0, 0.0]])
    >>> V = gd.random_direction(0, like=W, normalize="row")
    >>> np.round(np.linalg.norm(V, axis=1), 12)
    array([5., 0.])
    """
    if not isinstance(normalize, str) or normalize not in ("none", "norm", "row"):
        raise ValueError(f"normalize must be 'none', 'norm' or 'row'; it is {normalize!r}")
    weights = check_point(like, "like")
    if normalize == "row" and weights.ndim < 2:
        raise ValueError(f"like must have rows (at least two dimensions) for normalize='row'; it has {weights.ndim}")
    if normalize != "none" and not weights.any():
        raise ValueError(f"like must not be zero everywhere for normalize={normalize!r}")
    direction = np.asarray(check_rng(rng).standard_normal(weights.shape))
    if normalize == "norm":
        direction *= _norms(weights, None) / _norms(direction, None)
    elif normalize == "row":
        inner = tuple(range(1, weights.ndim))
        direction *= _norms(weights, inner) / _norms(direction, inner)
    return direction.astype(weights.dtype)


def direction_between(W0: Any, W1: Any) -> Array:
    """``W1 - W0``: a step of 1 along it leads from W0 to W1.

    Parameters
    ----------
    W0, W1 : float arrays of one shape, not equal

    Returns
    -------
    array
        Of their shape, and of the wider of their dtypes.

    Raises
    ------
    TypeError, ValueError
        They are not finite float arrays of one shape, or equal, or too far apart for their type.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.direction_between(np.array([1.0, 2.0]), np.array([3.0, 2.0]))
    array([2., 0.])
    """
    start, end = check_point(W0, "W0", finite=False), check_point(W1, "W1", finite=False)
    if start.shape != end.shape:
        raise ValueError(f"W1 must have the shape of W0, {start.shape}; its shape is {end.shape}")
    for array, name in ((start, "W0"), (end, "W1")):
        require_finite(array, name)
    with np.errstate(over="ignore"):
        direction = np.asarray(end - start)
    if not direction.any():
        raise ValueError("W1 must differ from W0: there is no direction from a point to itself")
    if not np.isfinite(direction).all():
        raise ValueError(f"W1 - W0 must be finite; it overflows {direction.dtype}")
    return direction


def _norms(array: Array, axes: tuple[int, ...] | None) -> Array:
    """2-norms in float64 over these axes (None: all), kept as axes of length 1; safe from overflow."""
    sizes = np.abs(array).astype(np.float64)
    largest = sizes.max(axis=axes, keepdims=True)
    scaled = sizes / np.where(largest > 0, largest, 1.0)
    return np.asarray(largest * np.sqrt((scaled * scaled).sum(axis=axes, keepdims=True)))
