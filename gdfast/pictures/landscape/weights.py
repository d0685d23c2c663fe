"""The loss as a function of one weight (LECTURE 12): each hinge term on its own, and their sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..._arrays import check_indices, check_integer
from ...objective.capabilities import weights_for
from ...objective.rays.generic import along_ray, check_points, require_objective
from ...protocols import Array, FloatArray, Objective
from .saved import Saved, Table

MOST_TERMS = 50


@dataclass(frozen=True, eq=False)
class Weight(Saved):
    """The loss for many values of one weight, the others fixed.

    Attributes
    ----------
    index : tuple of int
        Which weight.
    at : float
        Its current value, in w.
    values : array (m,)
        The values it takes.
    totals : array (m,)
        The loss there, regularizer included.
    terms : array (t, m)
        Terms of a hinge, as they enter the loss: already divided by the number of samples. Those that grow
        largest in the range, where they are many; empty for other objectives.
    labels : integers (t, 2)
        Each term's sample and wrong class.
    n_terms : int
        How many there are in all.
    """

    shapes: ClassVar = {"values": ("m",), "totals": ("m",), "terms": ("t", "m"), "labels": ("t", 2)}
    index: tuple[int, ...]
    at: float
    values: FloatArray
    totals: FloatArray
    terms: FloatArray
    labels: Array
    n_terms: int

    @property
    def rest(self) -> FloatArray:
        """What the terms leave of the totals: the regularizer, and terms that are not here."""
        return np.asarray(self.totals - self.terms.sum(axis=0))

    def table(self) -> Table:
        """A column for each term."""
        names = [f"sample {i}, class {j}" for i, j in self.labels]
        columns = np.concatenate([self.values[None], self.totals[None], self.terms])
        return ("value of the weight", "total", *names), columns.T.tolist()


def weight(objective: Objective, w: Array, index: Any, values: Array, *, max_terms: int = MOST_TERMS) -> Weight:
    """The loss as a function of one weight, and each hinge term of it.

    Parameters
    ----------
    objective : Objective
    w : float array
        The other weights.
    index : int or sequence of int
        Which weight: its position in w, for example (class, feature), or in w.ravel().
    values : array (m,)
        The values it takes.
    max_terms : int
        Where there are more, only those that grow largest in the range.

    Returns
    -------
    Weight

    Raises
    ------
    TypeError, ValueError
        index is none of w's; w or values are not finite, or values empty.

    Notes
    -----
    A linear objective makes one pass over X.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X = np.array([[1.0], [2.0], [-1.0]])
    >>> objective = gd.LinearObjective(X, np.array([0, 1, 2]), bias=False)
    >>> weight = gd.landscape.weight(objective, np.zeros((3, 1)), (0, 0), [-1.0, 0.0, 1.0])
    >>> weight.terms.shape, weight.totals
    ((6, 3), array([2.66666667, 2.        , 1.66666667]))
    """
    require_objective(objective)
    point = weights_for(objective, w, "w")
    place = _checked_index(index, point.shape)
    targets = check_points(values, "values")
    most = check_integer(max_terms, "max_terms", minimum=1)
    axis = np.zeros(point.shape, dtype=point.dtype)
    axis[place] = 1
    at = float(point[place])
    steps = targets - at
    ray = along_ray(objective, point, axis)
    totals = np.asarray(ray.values(steps), dtype=np.float64)
    source = getattr(ray, "sums", None)
    if source is None:
        return Weight(place, at, targets, totals, np.zeros((0, targets.size)), np.zeros((0, 2), dtype=np.int64), 0)
    labels, terms = source.largest(steps, most)
    return Weight(place, at, targets, totals, terms, labels, source.count)


def _checked_index(index: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """An element's position in an array of this shape."""
    size = int(np.prod(shape))
    if isinstance(index, list) or (isinstance(index, np.ndarray) and index.ndim == 1):
        index = tuple(index)
    if not isinstance(index, tuple):
        flat = check_integer(index, "index", minimum=0)
        if flat >= size:
            raise ValueError(f"index must be in [0, {size}); it is {flat}")
        return tuple(int(i) for i in np.unravel_index(flat, shape))
    if len(index) != len(shape):
        raise ValueError(f"index must have {len(shape)} parts, one for each axis of w; it is {index!r}")
    return tuple(int(check_indices([i], size, "index")[0]) for i, size in zip(index, shape, strict=True))
