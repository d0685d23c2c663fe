"""What is computed of ONE chunk: functions of its objective and its share of the mean, as every engine runs them.

Each returns a tuple, which is added up over the chunks, or what its first line says. They are looked up by name on
other machines, so each stands at the top of a module and takes what it needs as arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import _kernels
from ...protocols import Array, FloatArray
from ..linear.evaluation import coefficient_sums
from ..linear.evaluation import separation as separation_of
from ..linear.objective import LinearObjective
from .kept_scores import KeptScores

Part = tuple[Any, ...]


def part_of(share: float, found: Any) -> Any:
    """What a chunk adds: nothing where its rows weigh nothing, whatever they gave."""
    return share * found if share > 0 else np.zeros(np.shape(found))


# ---- value, gradient, scores ----


def value(objective: LinearObjective, share: float, W: Array) -> Part:
    """The data's loss."""
    return (part_of(share, objective.value(W)),)


def value_and_gradient(objective: LinearObjective, share: float, W: Array) -> Part:
    """The data's loss, and its gradient in float64."""
    found, gradient = objective.value_and_gradient(W)
    return part_of(share, found), part_of(share, gradient.astype(np.float64))


def values_at(objective: LinearObjective, share: float, Ws: Array) -> Part:
    """The data's loss at many W."""
    return (part_of(share, objective.values_at(Ws)),)


def scores(objective: LinearObjective, share: float, W: Array) -> Array:
    """Those of its rows; not added up."""
    return objective.scores(W)


def margins(objective: LinearObjective, share: float, W: Array) -> Array:
    """Those of its rows; not added up."""
    return objective.margins(W)


def predictions(objective: LinearObjective, share: float, W: Array) -> Array:
    """Of its rows: classes, or scores (n, k); not added up."""
    return objective.predict(W)


def n_right(objective: LinearObjective, share: float, W: Array) -> Part:
    """How many rows have their label's score as the largest."""
    return (int((objective.predict(W) == objective.y).sum()),)


def separation(objective: LinearObjective, share: float, W: Array) -> tuple[float, float]:
    """By how much the own class's score is above the others at least, and the largest own one; not added up."""
    return separation_of(objective.linear_problem, W)


def rounding(objective: LinearObjective, share: float, W: Array) -> tuple[FloatArray, float]:
    """How much is added up for an element of the gradient, by class, and the largest element; not added up."""
    problem = objective.linear_problem
    return part_of(share, coefficient_sums(problem, W)), problem.rows.largest_seen


def not_finite(objective: LinearObjective, share: float, start: int) -> tuple[int, int, float] | None:
    """Row (of the whole), column and value of the first element that is NaN or infinite; not added up."""
    X: Any = objective.X
    is_sparse = hasattr(X, "indptr")
    values = X.data.reshape(-1, 1) if is_sparse else X
    at = _kernels.first_not_finite(values) if values.size else -1
    if at < 0:
        return None
    if is_sparse:
        row = int(np.searchsorted(X.indptr, at, side="right")) - 1
        return start + row, int(X.indices[at]), float(X.data[at])
    row, column = divmod(at, X.shape[1])
    return start + row, column, float(X[row, column])


def taken(objective: LinearObjective, share: float, places: Array) -> Any:
    """Some of its rows as they are in X, None where there are none; not added up."""
    return objective.X[places] if places.size else None


# ---- rays and planes, on the scores that a chunk keeps ----


def kept_scores(objective: LinearObjective, share: float, Ws: FloatArray) -> KeptScores:
    """Those of several W; kept where the chunk is."""
    return KeptScores.of(objective, share, Ws)


def ray_values(state: KeptScores, steps: FloatArray) -> Part:
    """At many steps."""
    return (part_of(state.share, state.ray().values(steps)),)


def ray_slope(state: KeptScores, step: float, sign: float, rough: bool) -> Part:
    """The derivative by the step, of the ray or (sign -1) of the same line run through the other way."""
    along = state.ray()
    if rough:
        return (part_of(state.share, sign * along.rough_slope(sign * step)),)
    turned = along if sign > 0 else along.reversed()
    return (part_of(state.share, turned.slope(step)),)


def ray_kinks(state: KeptScores, low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """Where terms have theirs, and by how much the slope jumps there; not added up."""
    if not state.share > 0:
        return np.zeros(0), np.zeros(0)
    steps, jumps = state.ray()._data_kinks(low, high)
    return steps, state.share * jumps


def plane_values(state: KeptScores, a: FloatArray, b: FloatArray) -> Part:
    """On a grid."""
    return (part_of(state.share, state.plane().values(a, b)),)
