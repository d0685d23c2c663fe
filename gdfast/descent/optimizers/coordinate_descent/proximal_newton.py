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


class Costs(NamedTuple):
    """Strengths of the working set."""

    l1: float
    l2: float

    def penalty(self, V: FloatArray) -> float:
        """Of these weights."""
        return self.l1 * float(np.abs(V).sum()) + self.l2 * float(np.vdot(V, V))


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
    slopes = np.ascontiguousarray(gradient[:, working])
    level_slopes = gradient[:, -1].copy() if is_free else np.zeros(len(V))
    slopes -= level_slopes[:, None] * means
    costs, tolerance = Costs(*outputs.strengths), TOLERANCE * worst
    if problem.loss.is_quadratic and isinstance(columns, DenseColumns):
        gram = grown_gram(columns, outputs.weights, gram)
        solve_quadratic(here, slopes, level_slopes, 2 * gram, 2 * float(outputs.weights.sum()), costs, tolerance)
    else:
        value = outputs.value(here.scores) + costs.penalty(here.V)
        for _ in range(MODELS):
            sizes = subgradient_sizes(here.V, slopes, costs.l1, costs.l2)
            left = max(float(sizes.max(initial=0.0)), float(np.abs(level_slopes).max(initial=0.0)))
            if not left > tolerance:
                break
            there = newton_point(
                outputs,
                columns,
                here,
                slopes,
                level_slopes,
                costs,
                is_free,
                max(MODEL_TOLERANCE * left, 0.3 * tolerance),
            )
            step, after = step_length(outputs, here, there, slopes, level_slopes, costs, value)
            if step == 0:
                break
            here = moved(here, there, step)
            here.scores = columns.scores(here.V) + here.level[:, None]
            coefficients = outputs.slopes(here.scores)
            slopes, level_slopes = columns.times(coefficients), coefficients.sum(axis=1) if is_free else level_slopes
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


def solve_quadratic(
    here: Local,
    slopes: FloatArray,
    level_slopes: FloatArray,
    matrix: FloatArray,
    mass: float,
    costs: Costs,
    tolerance: float,
) -> None:
    """The optimum of squared error, output by output; centred columns leave the level alone."""
    m = here.V.shape[1]
    l1, l2 = np.full(m, costs.l1), np.full(m, costs.l2)
    for c in range(len(here.V)):
        minimise_quadratic(matrix, np.array(slopes[c]), here.V[c], l1, l2, tolerance)
    if mass > 0:
        here.level -= level_slopes / mass


def newton_point(
    outputs: Outputs,
    columns: DenseColumns | SparseColumns,
    here: Local,
    slopes: FloatArray,
    level_slopes: FloatArray,
    costs: Costs,
    is_free: bool,
    tolerance: float,
) -> Local:
    """Where Newton's model has its optimum, nearly."""
    curvature = outputs.curvature(here.scores)
    diagonal = curvature.diagonal
    V, level = here.V.copy(), here.level.copy()
    m = V.shape[1]
    if curvature.less is None and isinstance(columns, DenseColumns):
        l1, l2 = np.full(m, costs.l1), np.full(m, costs.l2)
        for c in range(len(V)):
            matrix, gradient = columns.gram(diagonal[c]), np.array(slopes[c])
            mass = float(diagonal[c].sum())
            along = columns.times(diagonal[c : c + 1])[0]
            if is_free and mass > 0:
                matrix -= np.outer(along, along) / mass
                gradient -= along * (level_slopes[c] / mass)
            before = V[c].copy()
            minimise_quadratic(matrix, gradient, V[c], l1, l2, tolerance)
            if is_free and mass > 0:
                level[c] -= (level_slopes[c] + along @ (V[c] - before)) / mass
        return Local(V, level, columns.scores(V) + level[:, None])
    return by_columns(columns, curvature, here, slopes, level_slopes, costs, is_free, tolerance)


def by_columns(
    columns: DenseColumns | SparseColumns,
    curvature: ScoreCurvature,
    here: Local,
    slopes: FloatArray,
    level_slopes: FloatArray,
    costs: Costs,
    is_free: bool,
    tolerance: float,
) -> Local:
    """The same by what the scores change: the level is the weight of a column of ones."""
    sizes = subgradient_sizes(here.V, slopes, costs.l1, costs.l2)
    outputs, places = np.nonzero((sizes > 0) | (here.V != 0))
    w = here.V[outputs, places]
    gradient = slopes[outputs, places]
    l1, l2 = np.full(w.size, costs.l1), np.full(w.size, costs.l2)
    k = len(here.V)
    if is_free:
        outputs, places = np.append(np.arange(k), outputs), np.append(np.full(k, here.V.shape[1]), places)
        w, gradient = np.append(np.zeros(k), w), np.append(level_slopes, gradient)
        l1, l2 = np.append(np.zeros(k), l1), np.append(np.zeros(k), l2)
    changes = minimise_by_columns(
        columns, (outputs.astype(np.int64), places.astype(np.int64)), curvature, gradient, w, l1, l2, tolerance,
        MODEL_EPOCHS,
    )  # fmt: skip
    V, level = here.V.copy(), here.level.copy()
    if is_free:
        level += w[:k]
        outputs, places, w = outputs[k:], places[k:], w[k:]
    V[outputs, places] = w
    return Local(V, level, here.scores + changes)


def step_length(
    outputs: Outputs,
    here: Local,
    there: Local,
    slopes: FloatArray,
    level_slopes: FloatArray,
    costs: Costs,
    value: float,
) -> tuple[float, float]:
    """How much of the model's step lowers the objective as it should, and the objective there; 0: nothing does."""
    change, level = there.V - here.V, there.level - here.level
    expected = float(np.vdot(slopes, change)) + float(level_slopes @ level)
    expected += costs.penalty(there.V) - costs.penalty(here.V)
    if outputs.problem.loss.is_quadratic or abs(expected) <= NOTHING * abs(value):  # the model itself, or rounding
        return 1.0, outputs.value(there.scores) + costs.penalty(there.V)
    if not expected < 0:
        return 0.0, value
    move, step = there.scores - here.scores, 1.0
    for _ in range(HALVINGS):
        V = there.V if step == 1 else here.V + step * change
        after = outputs.value(here.scores + step * move) + costs.penalty(V)
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
