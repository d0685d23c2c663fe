"""Newton's models of the data's part on a working set, minimised with L1 and L2, and how far their steps go.

J. Lee, Y. Sun and M. Saunders, Proximal Newton-type methods for minimizing composite functions, 2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ....objective.linear.columns import DenseColumns, SparseColumns
from ....objective.linear.coordinate_models import minimise_by_columns, minimise_quadratic, subgradient_sizes
from ....objective.linear.outputs import Outputs
from ....objective.losses.base import ScoreCurvature
from ....protocols import Array, FloatArray

TOLERANCE = 0.01
"""How much nearer to its optimum the working set is brought than the whole is."""
MODELS = 20
MODEL_TOLERANCE = 0.1
MODEL_EPOCHS = 200
HALVINGS = 30
LEAST_FALL = 1e-3
ROUNDING = 1e-14
NOTHING = 1e-12


class Part:
    """What a run keeps of X: the columns that are in work, which are a function of X and their numbers alone."""

    def __init__(self, outputs: Outputs) -> None:
        self.outputs = outputs
        self.columns: DenseColumns | SparseColumns | None = None

    def columns_of(self, working: Array) -> DenseColumns | SparseColumns:
        """Those columns; what is there already is not read again."""
        problem, kept = self.outputs.problem, self.columns
        if kept is None or not np.array_equal(kept.features, working):
            if problem.rows.is_sparse:
                kept = SparseColumns(problem, working, None if kept is None else kept.whole)  # type: ignore[union-attr]
            else:
                begins = kept is not None and np.array_equal(kept.features, working[: kept.features.size])
                kept = DenseColumns(problem, working, kept if begins else None)  # type: ignore[arg-type]
            self.columns = kept
        return kept


@dataclass
class Local:
    """Weights of the working set (n_outputs, m), the level of each output's scores where the bias is free, scores."""

    V: FloatArray
    level: FloatArray
    scores: FloatArray


class Slopes(NamedTuple):
    """Derivatives of the data's part: by the weights (n_outputs, m), and by the levels, 0 where no bias is free."""

    own: FloatArray
    level: FloatArray


def descend_part(
    part: Part, V: FloatArray, gradient: FloatArray, working: Array, gram: FloatArray, worst: float
) -> FloatArray:
    """V (n_outputs, columns of W) moves in place, in the columns `working`, and the free bias; the new matrix.

    `gradient` is that of the data's part at V, `worst` the largest subgradient anywhere, `gram` the matrix of the first
    columns that are in work, where the loss is quadratic.
    """
    outputs, problem = part.outputs, part.outputs.problem
    columns, is_free = part.columns_of(working), problem.has_free_bias
    own = np.ascontiguousarray(V[:, working])
    means = columns.means
    level = V[:, -1] + own @ means if is_free else np.zeros(len(V))
    here = Local(own, level, columns.scores(own) + level[:, None])
    level_slopes = gradient[:, -1].copy() if is_free else np.zeros(len(V))
    slopes = Slopes(np.ascontiguousarray(gradient[:, working]) - level_slopes[:, None] * means, level_slopes)
    tolerance = TOLERANCE * worst
    if problem.loss.is_quadratic and isinstance(columns, DenseColumns):
        gram = grown_gram(columns, outputs.weights, gram)
        solve_quadratic(outputs, here, slopes, 2 * gram, tolerance)
    else:
        value = outputs.value(here.scores) + outputs.penalty(here.V)
        for _ in range(MODELS):
            sizes = subgradient_sizes(here.V, slopes.own, *outputs.strengths)
            left = max(float(sizes.max(initial=0.0)), float(np.abs(slopes.level).max(initial=0.0)))
            if not left > tolerance:
                break
            there = newton_point(outputs, columns, here, slopes, max(MODEL_TOLERANCE * left, 0.3 * tolerance))
            step, after = step_length(outputs, here, there, slopes, value)
            if step == 0:
                break
            here = moved(here, there, step)
            here.scores = columns.scores(here.V) + here.level[:, None]
            coefficients = outputs.slopes(here.scores)
            slopes = Slopes(columns.times(coefficients), coefficients.sum(axis=1) if is_free else slopes.level)
            if after >= value - ROUNDING * abs(value) and step < 1:
                break
            value = after
    V[:, working] = here.V
    if is_free:
        V[:, -1] = here.level - here.V @ means
    return gram


def grown_gram(columns: DenseColumns, weights: FloatArray, gram: FloatArray) -> FloatArray:
    """``sum_i u_i c_i c_i'`` of all columns, of whose first ones it is there."""
    first, m = len(gram), len(columns.values)
    if first == m:
        return gram
    more = columns.gram(weights, first)
    whole = np.empty((m, m))
    whole[:first, :first] = gram
    whole[first:] = more
    whole[:first, first:] = more[:, :first].T
    return whole


def solve_quadratic(outputs: Outputs, here: Local, slopes: Slopes, matrix: FloatArray, tolerance: float) -> None:
    """The optimum of squared error, output by output; centred columns leave the level alone."""
    l1, l2 = (np.full(here.V.shape[1], strength) for strength in outputs.strengths)
    for c in range(len(here.V)):
        minimise_quadratic(matrix, np.array(slopes.own[c]), here.V[c], l1, l2, tolerance)
    mass = 2 * float(outputs.weights.sum())
    if mass > 0:
        here.level -= slopes.level / mass


def newton_point(
    outputs: Outputs,
    columns: DenseColumns | SparseColumns,
    here: Local,
    slopes: Slopes,
    tolerance: float,
) -> Local:
    """Where Newton's model has its optimum, nearly."""
    curvature = outputs.curvature(here.scores)
    if curvature.less is not None or isinstance(columns, SparseColumns):
        return by_columns(outputs, columns, curvature, here, slopes, tolerance)
    V, level = here.V.copy(), here.level.copy()
    l1, l2 = (np.full(V.shape[1], strength) for strength in outputs.strengths)
    for c, diagonal in enumerate(curvature.diagonal):
        matrix, gradient = columns.gram(diagonal), np.array(slopes.own[c])
        mass = float(diagonal.sum()) if outputs.problem.has_free_bias else 0.0
        if mass > 0:
            along = columns.times(diagonal[None])[0]
            matrix -= np.outer(along, along) / mass
            gradient -= along * (slopes.level[c] / mass)
        before = V[c].copy()
        minimise_quadratic(matrix, gradient, V[c], l1, l2, tolerance)
        if mass > 0:
            level[c] -= (slopes.level[c] + along @ (V[c] - before)) / mass
    return Local(V, level, columns.scores(V) + level[:, None])


def by_columns(
    outputs: Outputs,
    columns: DenseColumns | SparseColumns,
    curvature: ScoreCurvature,
    here: Local,
    slopes: Slopes,
    tolerance: float,
) -> Local:
    """The same by what the scores change: the level is the weight of a column of ones."""
    sizes = subgradient_sizes(here.V, slopes.own, *outputs.strengths)
    rows, places = np.nonzero((sizes > 0) | (here.V != 0))
    w, gradient = here.V[rows, places], slopes.own[rows, places]
    l1, l2 = (np.full(w.size, strength) for strength in outputs.strengths)
    k = len(here.V) if outputs.problem.has_free_bias else 0
    rows, places = np.append(np.arange(k), rows), np.append(np.full(k, here.V.shape[1]), places)
    w, gradient = np.append(np.zeros(k), w), np.append(slopes.level[:k], gradient)
    l1, l2 = np.append(np.zeros(k), l1), np.append(np.zeros(k), l2)
    changes = minimise_by_columns(
        columns, (rows.astype(np.int64), places.astype(np.int64)), curvature, gradient, w, l1, l2, tolerance,
        MODEL_EPOCHS,
    )  # fmt: skip
    V, level = here.V.copy(), here.level.copy()
    level[:k] += w[:k]
    V[rows[k:], places[k:]] = w[k:]
    return Local(V, level, here.scores + changes)


def step_length(outputs: Outputs, here: Local, there: Local, slopes: Slopes, value: float) -> tuple[float, float]:
    """How much of the model's step lowers the objective as it should, and the objective there; 0: nothing does."""
    change, level = there.V - here.V, there.level - here.level
    expected = float(np.vdot(slopes.own, change)) + float(slopes.level @ level)
    expected += outputs.penalty(there.V) - outputs.penalty(here.V)
    if outputs.problem.loss.is_quadratic or abs(expected) <= NOTHING * abs(value):  # the model itself, or rounding
        return 1.0, outputs.value(there.scores) + outputs.penalty(there.V)
    if not expected < 0:
        return 0.0, value
    move, step = there.scores - here.scores, 1.0
    for _ in range(HALVINGS):
        V = there.V if step == 1 else here.V + step * change
        after = outputs.value(here.scores + step * move) + outputs.penalty(V)
        if after <= value + LEAST_FALL * step * expected + ROUNDING * abs(value):
            return step, after
        step /= 2
    return 0.0, value


def moved(here: Local, there: Local, step: float) -> Local:
    """A share of the step."""
    if step == 1:
        return there
    return Local(
        here.V + step * (there.V - here.V),
        here.level + step * (there.level - here.level),
        here.scores + step * (there.scores - here.scores),
    )
