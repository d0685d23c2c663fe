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
from .newton_matrix import MOST_OF_SPARSE, NOTHING_KEPT, Kept, Model, diagonal_at, grown, is_dear, is_stale, made

MODELS = 40
SLOW = 0.75
"""Where a step leaves more than this of the largest subgradient, the next one has matrices made at its own point."""
MODEL_TOLERANCE = 0.1
MODEL_EPOCHS = 200
FEW_EPOCHS, QUICK = 5, 0.3
"""Where columns are little alike, so many epochs leave no more than this, and a matrix is not worth its cost."""
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
                kept = DenseColumns(problem, working, kept)  # type: ignore[arg-type]
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


def descend_part(part: Part, V: FloatArray, gradient: FloatArray, working: Array, kept: Kept, share: float) -> Kept:
    """V (n_outputs, columns of W) moves in place, in the columns `working`, and the free bias; the matrices kept.

    `gradient` is that of the data's part at V; `kept` are the matrices of the first columns that are in work, or none.
    No more than a share of their largest subgradient is left: that of centred columns where the bias is free, since
    in others, far from the origin, the level's slope hides all else.
    """
    outputs, problem = part.outputs, part.outputs.problem
    columns, is_free = part.columns_of(working), problem.has_free_bias
    own = np.ascontiguousarray(V[:, working])
    means = columns.means
    level = V[:, -1] + own @ means if is_free else np.zeros(len(V))
    here = Local(own, level, columns.scores(own) + level[:, None])
    level_slopes = gradient[:, -1].copy() if is_free else np.zeros(len(V))
    slopes = Slopes(np.ascontiguousarray(gradient[:, working]) - level_slopes[:, None] * means, level_slopes)
    value = outputs.value(here.scores) + outputs.penalty(here.V)
    matrices = Matrices(outputs, columns, kept, here.scores)
    left = size_of(outputs, here, slopes)
    tolerance = share * left
    for _ in range(MODELS):
        if not left > tolerance:
            break
        there = matrices.newton_point(here, slopes, max(MODEL_TOLERANCE * left, 0.3 * tolerance))
        step, after = step_length(outputs, here, there, slopes, value)
        if step > 0:
            here = moved(here, there, step)
            coefficients = outputs.slopes(here.scores)
            slopes = Slopes(columns.times(coefficients), coefficients.sum(axis=1) if is_free else slopes.level)
        before, left = left, size_of(outputs, here, slopes)
        is_idle = step == 0 or (after >= value - ROUNDING * abs(value) and (step < 1 or left > SLOW * before))
        if is_idle and matrices.are_the_best:
            break
        value = after
        matrices.judge(left / before)
    V[:, working] = here.V
    if is_free:
        bias, before = here.level - here.V @ means, V[:, -1].mean()
        # One number more for all classes changes no loss of theirs: their mean stays, and weights for rows and their
        # repeats are the same.
        V[:, -1] = bias - (bias.mean() - before) if problem.loss.is_shift_invariant and len(V) > 1 else bias
    return matrices.kept


def size_of(outputs: Outputs, here: Local, slopes: Slopes) -> float:
    """The largest subgradient."""
    sizes = subgradient_sizes(here.V, slopes.own, *outputs.strengths)
    return max(float(sizes.max(initial=0.0)), float(np.abs(slopes.level).max(initial=0.0)))


class Matrices:
    """Newton's models on some columns: by a matrix that serves for as long as its steps lead far enough."""

    def __init__(self, outputs: Outputs, columns: DenseColumns | SparseColumns, kept: Kept, scores: FloatArray) -> None:
        self.outputs, self.columns = outputs, columns
        serves = kept.matrices.size and not is_stale(outputs, kept, scores)
        self.kept = grown(columns, kept) if serves else NOTHING_KEPT
        self.model: Model | None = None
        self.is_here = self.outputs.problem.loss.is_quadratic  # made of the second derivatives at the point itself
        self.wants_another = False
        self.tries_columns = columns.starts is None and is_dear(columns.features.size, scores.shape[1])
        self.wants_exact = self.kept.is_exact and bool(self.kept.matrices.size)

    @property
    def are_the_best(self) -> bool:
        """Nothing is left to try."""
        return self.is_here and self.kept.is_exact and not self.tries_columns

    def judge(self, share: float) -> None:
        """What the last step left of the largest subgradient says whether the next one needs other matrices."""
        if self.tries_columns and not self.kept.matrices.size:
            self.tries_columns = share <= QUICK
        elif share > SLOW:
            self.wants_another = not self.is_here
            self.wants_exact = self.wants_exact or self.is_here
        self.is_here = self.outputs.problem.loss.is_quadratic

    def newton_point(self, here: Local, slopes: Slopes, tolerance: float) -> Local:
        """Where Newton's model has its optimum, nearly."""
        outputs, columns = self.outputs, self.columns
        is_small = columns.starts is None or columns.features.size <= MOST_OF_SPARSE
        if self.wants_another or not self.kept.matrices.size or (self.wants_exact and not self.kept.is_exact):
            diagonal = diagonal_at(outputs, here.scores) if is_small else None
            is_tried = self.tries_columns and not self.kept.matrices.size
            if diagonal is None or is_tried:
                self.kept, self.is_here = NOTHING_KEPT, True
                curvature, epochs = outputs.curvature(here.scores), FEW_EPOCHS if is_tried else MODEL_EPOCHS
                return by_columns(outputs, columns, curvature, here, slopes, tolerance, epochs)
            self.kept, self.model = made(columns, diagonal, self.wants_exact), None
            self.is_here, self.wants_another = True, False
        if self.model is None:
            self.model = Model(columns, self.kept, outputs.problem.has_free_bias)
        V, level = here.V.copy(), here.level.copy()
        l1, l2 = (np.full(V.shape[1], strength) for strength in outputs.strengths)
        for c in range(len(V)):
            matrix, along, mass = self.model.of_output(c)
            gradient = np.array(slopes.own[c])
            if mass > 0:
                gradient -= along * (slopes.level[c] / mass)
            if gradient.size:
                minimise_quadratic(matrix, gradient, V[c], l1, l2, tolerance)
            if mass > 0:
                level[c] -= (slopes.level[c] + along @ (V[c] - here.V[c])) / mass
        return Local(V, level, columns.scores(V) + level[:, None])


def by_columns(
    outputs: Outputs,
    columns: DenseColumns | SparseColumns,
    curvature: ScoreCurvature,
    here: Local,
    slopes: Slopes,
    tolerance: float,
    epochs: int,
) -> Local:
    """The same by what the scores change: the level is the weight of a column of ones."""
    sizes = subgradient_sizes(here.V, slopes.own, *outputs.strengths)
    rows, places = np.nonzero((sizes > 0) | (here.V != 0))
    w, gradient = here.V[rows, places], slopes.own[rows, places]
    l1, l2 = (np.full(w.size, strength) for strength in outputs.strengths)
    k = len(here.V) if outputs.problem.has_free_bias else 0
    rows, places = np.append(np.arange(k), rows), np.append(np.zeros(k, dtype=np.int64), places + 1)
    w, gradient = np.append(np.zeros(k), w), np.append(slopes.level[:k], gradient)
    l1, l2 = np.append(np.zeros(k), l1), np.append(np.zeros(k), l2)
    changes = minimise_by_columns(
        columns, (rows.astype(np.int64), places.astype(np.int64)), curvature, gradient, w, l1, l2, tolerance,
        epochs,
    )  # fmt: skip
    V, level = here.V.copy(), here.level.copy()
    level[:k] += w[:k]
    V[rows[k:], places[k:] - 1] = w[k:]
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
