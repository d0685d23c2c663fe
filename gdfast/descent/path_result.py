"""What a regularization path is: strengths, the optimum at each, and how far from it the weights are at most."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..describe import counted
from ..notebook import DOUBTFUL, GOOD, panel, table
from ..protocols import Array, FloatArray
from .result import Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEADER = ("strength", "objective", "gap", "nonzero weights")


@dataclass(frozen=True, eq=False)
class Path:
    """The optimum at each of some strengths of a regularizer; printing it is a table.

    Attributes
    ----------
    strengths : float64 (m,)
        Descending. Of ElasticNet: its l1, or where that is 0 its l2.
    W : float64 (m, *shape)
        The weights at each.
    values : float64 (m,)
        The objective there, the penalty included.
    gaps : float64 (m,)
        Proven: ``values - optimum`` is at most this. NaN where nothing can be proven.
    nonzeros : int (m,)
        Penalised weights that are not exactly 0.
    has_free_bias : bool
        W's last column is a bias that is not penalised.
    passes : float or None
        Over the data, in all.
    regularizers : tuple (m,)
        The regularizer of each point: ``objective.with_terms(objective.loss, path.regularizers[i])``.
    status : Status
        CONVERGED where every point is as near as `tol` asked, proven or, where nothing can be proven, as far as its
        run could tell; MAX_STEPS where some are not; INTERRUPTED after a Ctrl-C: the points that were finished.
    method : str
        How the points were found.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> objective = gd.LinearObjective(X, y, gd.SquaredError(), gd.L1(1.0))
    >>> gd.regularization_path(objective, [4.0, 1.0]).nonzeros.tolist()
    [0, 1]
    """

    strengths: FloatArray
    W: FloatArray
    values: FloatArray
    gaps: FloatArray
    nonzeros: Array
    has_free_bias: bool = field(repr=False)
    passes: float | None
    regularizers: tuple[Any, ...] = field(repr=False)
    status: Status
    method: str

    def __len__(self) -> int:
        return len(self.strengths)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The weights against the strength: ``gd.plots.path(self, ax)``."""
        return import_module("gdfast.pictures.plots").path(self, ax)  # type: ignore[no-any-return]  # a layer above

    def __repr__(self) -> str:
        first, last = self.strengths[0], self.strengths[-1]
        return (
            f"Path({counted(len(self), 'strength')} from {first:.3g} to {last:.3g}, W of the shape {self.W.shape[1:]}, "
            f"{self.status.name})"
        )

    def __str__(self) -> str:
        rows = [HEADER, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*self._sentences(), *(line.rstrip() for line in lines)])

    def _repr_html_(self) -> str:
        colour = GOOD if self.status is Status.CONVERGED else DOUBTFUL
        return panel(colour, repr(self), self._sentences(), table(HEADER, self._rows()))

    def _rows(self) -> list[tuple[str, ...]]:
        columns = zip(self.strengths, self.values, self.gaps, self.nonzeros, strict=True)
        return [(f"{s:.4g}", f"{v:.6g}", "" if math.isnan(g) else f"{g:.2g}", f"{n:,}") for s, v, g, n in columns]

    def _sentences(self) -> list[str]:
        passes = "" if self.passes is None else f" {self.passes:,.4g} passes over the data."
        ending = {
            Status.MAX_STEPS: ["Some points are not as near to their optimum as tol asked: their gaps say how near."],
            Status.INTERRUPTED: ["Interrupted (Ctrl-C): these points were finished."],
        }.get(self.status, [])
        if not self.strengths[-1]:
            ending.append("At strength 0 nothing is proven, and an optimum need not exist.")
        return [self.method + passes, *ending]
