"""The loss on a plane (LECTURE 10), and for few images the edges between its linear pieces (LECTURE 11 and 13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...objective.rays.generic import check_grid, on_plane
from ...protocols import Array, FloatArray, Objective
from .saved import Saved, Table


@dataclass(frozen=True, eq=False)
class Plane(Saved):
    """``L(w + a * u + b * v)`` on a grid.

    Attributes
    ----------
    a, b : arrays
    values : array (len(a), len(b))
        ``values[i, j]`` belongs to ``a[i]`` and ``b[j]``: matplotlib's pcolormesh wants the transpose.
    edges : array (e, 2, 2)
        For a few images under a hinge: the line segments along which a margin is 0, exactly; ``edges[i]`` holds the
        ends (a, b) of one. Between them the hinge is flat (or, squared, a quadratic). Otherwise e = 0.
    edge_terms : integers (e, 2)
        The sample and the wrong class whose margin that is.
    """

    shapes: ClassVar = {"a": ("m",), "b": ("n",), "values": ("m", "n"), "edges": ("e", 2, 2), "edge_terms": ("e", 2)}
    a: FloatArray
    b: FloatArray
    values: FloatArray
    edges: FloatArray
    edge_terms: Array

    def table(self) -> Table:
        """One row for each point of the grid."""
        a, b = np.meshgrid(self.a, self.b, indexing="ij")
        return ("a", "b", "value"), np.stack([a.ravel(), b.ravel(), self.values.ravel()], axis=1).tolist()


def plane(objective: Objective, w: Array, u: Array, v: Array, a: Array, b: Array) -> Plane:
    """The loss on a plane: ``L(w + a * u + b * v)`` on a grid.

    Parameters
    ----------
    objective : Objective
    w, u, v : float arrays of one shape
        The point and two directions, not parallel.
    a, b : arrays
        How far along u and along v.

    Returns
    -------
    Plane

    Raises
    ------
    TypeError, ValueError
        For points that are not finite arrays of the objective's shape, directions that are zero or parallel,
        coordinates that are empty, not finite or too many.

    Notes
    -----
    A linear objective makes one pass over X. Edges are computed where n_samples * n_classes <= 100.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> image = gd.LinearObjective(np.array([[2.0]]), np.array([0]), bias=False, n_classes=2)
    >>> directions = np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]])
    >>> plane = gd.landscape.plane(image, np.zeros((2, 1)), *directions, [0.0, 1.0], [0.0, 1.0])
    >>> plane.values
    array([[1., 3.],
           [0., 1.]])
    >>> plane.edges
    array([[[0.5, 0. ],
            [1. , 0.5]]])
    """
    rows, columns = check_grid(a, b)
    surface = on_plane(objective, w, u, v)
    values = np.asarray(surface.values(rows, columns), dtype=np.float64)
    own = getattr(surface, "edges", None)
    terms, edges = np.zeros((0, 2), dtype=np.int64), np.zeros((0, 2, 2))
    if own is not None:
        terms, edges = own((rows.min(), rows.max()), (columns.min(), columns.max()))
    return Plane(rows, columns, values, edges, terms)
