"""Coordinate descent, ``w_j = soft(h_j w_j - g_j, l1) / (h_j + 2 l2)``: Friedman, Hastie and Tibshirani (2010)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ....describe import described
from ....objective.capabilities import rows_in_memory
from ....objective.linear.coordinate_models import subgradient_sizes
from ....objective.linear.largest_strength import bias_optimum, require_curvature
from ....objective.linear.outputs import Outputs
from ....objective.linear.problem import LinearProblem
from ....protocols import Array, FloatArray
from .newton_matrix import NOTHING_KEPT, Kept, is_dear
from .proximal_newton import Part, descend_part
from .working_set import chosen_features


class CoordinateState(NamedTuple):
    """The columns in work and Newton's matrices of them, where these are kept (else empty), and the samples' weights.

    `matrices` (k, m, m), float32 or float64, and `diagonal` (k, n_samples), k one or the number of outputs. `least` is
    the smallest that the largest subgradient has been, `idle` how many steps ago.
    """

    working: Array
    matrices: Array
    diagonal: FloatArray
    least: float
    idle: int
    steps: int


LEFT, LEFT_AT_FIRST = 0.01, 0.1
"""Of the largest subgradient, by a step; the latter while others are to join."""
PATIENCE = 4
"""Steps that don't lower the largest subgradient before rounding is taken for the reason."""


@dataclass(frozen=True)
class CoordinateDescent:
    """L1 and the elastic net to their optimum, exact zeros included: working sets, Newton's models, coordinate descent.

    With f the data's part, one step is

    1. the gradient of f, by a pass over X: which weights are 0 and want to be, ``|df/dw| <= l1``
    2. a working set: the weights that are not 0, and the worst of those that do not want to be
    3. on it alone, Newton's quadratic models of f (squared error: f itself), each minimised with the regularizer by
       ``w_j = soft(h_j w_j - g_j, l1) / (h_j + 2 l2)``, one weight after another, ``soft(a, b) = sign(a) max(|a| - b,
       0)``; where that is slow, the weights that are not 0 move at once to the optimum that their signs have; a step
       of the model is halved until the objective falls

    Raises
    ------
    TypeError, ValueError
        From `minimize`, before any work: the objective is no `LinearObjective` with `L1` or `ElasticNet` of a strength
        l1 > 0; its loss is not smooth, as the hinge; a `step`, `batches` or `maximize`.

    Notes
    -----
    It takes no `step`. In place of the gradient, `gtol` and ``result.gradient_norm`` are about the subgradient of
    minimum norm: where a weight is 0, what L1 leaves of its gradient.

    Each step costs one pass over X, and what the working set does: its columns are kept in float64, 8 * n_samples bytes
    a column, and a matrix of their products where they are alike, or X is sparse: 4 or 8 bytes an element. Of sparse X
    all columns are kept, 12 to 16 bytes an entry, and some 30 an entry of those in work. Some 5 to 10 steps lead to the
    optimum.

    Two classes with a loss of score differences (`CrossEntropy`, `SquaredHinge`) are one output: ``W = [-v/2, v/2]``,
    which is the optimum of logistic regression with ``l1 * |v|``.

    References
    ----------
    J. Friedman, T. Hastie and R. Tibshirani, Regularization paths for generalized linear models via coordinate descent,
    Journal of Statistical Software 33, 2010; G.-X. Yuan, C.-H. Ho and C.-J. Lin, An improved GLMNET for L1-regularized
    logistic regression, JMLR 13, 2012; Q. Bertrand et al., Beyond L1: faster and better sparse models with skglm,
    NeurIPS 2022.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 5))
    >>> y = X @ [1.0, 0.0, -2.0, 0.0, 0.0] + 0.1 * rng.normal(size=100)
    >>> lasso = gd.LinearObjective(X, y, gd.SquaredError(), gd.L1(0.5))
    >>> result = gd.minimize(lasso, np.zeros(lasso.shape), gd.CoordinateDescent())
    >>> result.status.name, (result.w[0, :-1] != 0).tolist()
    ('CONVERGED', [True, False, True, False, False])
    """

    sets_own_step: ClassVar[bool] = True

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> CoordinateDescent:
        """With what it keeps of the objective; TypeError or ValueError for a run that it cannot do."""
        name = type(self).__name__
        problem = rows_in_memory(objective, name, "ProximalGradient()")
        strengths = problem.strengths
        if strengths is None or strengths.l1 == 0:
            raise ValueError(
                f"{name} needs the regularizer gdfast.L1 or gdfast.ElasticNet with a strength of L1 > 0; the "
                f"objective's is {problem.regularizer!r}"
            )
        require_curvature(problem)
        if sign < 0:
            raise ValueError(f"{name} goes down only: use minimize")
        if batches is not None:
            raise ValueError(f"{name} needs the whole objective: batches must be None; it is {described(batches)}")
        if w0.shape != problem.rows.shape:
            raise ValueError(f"w0 must have the objective's shape {problem.rows.shape}; its shape is {w0.shape}")
        return _OfProblem(Part(Outputs(problem)))

    def init(self, w: Array) -> CoordinateState:
        """No column is in work yet."""
        return CoordinateState(np.empty(0, dtype=np.int64), *NOTHING_KEPT, math.inf, 0, 0)

    def check_state(self, objective: Any, w: Array, state: Any) -> None:
        """ValueError unless it is a working set of the objective's columns, with its matrix or without."""
        problem: LinearProblem = objective.linear_problem
        working, matrices, diagonal = (getattr(state, name, None) for name in CoordinateState._fields[:3])
        columns = problem.penalised(w).shape[1]
        if not (isinstance(working, np.ndarray) and working.dtype == np.int64 and working.ndim == 1):
            raise ValueError(f"working must be int64 (m,); it is {described(working)}")
        if working.size and not (
            working.min() >= 0 and working.max() < columns and np.unique(working).size == working.size
        ):
            raise ValueError(f"working must hold different columns in [0, {columns}); it is {described(working)}")
        outputs = Outputs(problem)
        m = working.size
        types = ("float32", "float64") if is_dear(m, problem.rows.n_samples) else ("float64",)
        shapes = [NOTHING_KEPT.matrices.shape, (1, m, m), (outputs.n_outputs, m, m)]
        if not (isinstance(matrices, np.ndarray) and matrices.dtype in types and matrices.shape in shapes):
            raise ValueError(
                f"matrices must be {' or '.join(types)} of shape {shapes[-1]}; it is {described(matrices)}"
            )
        shape = (len(matrices), problem.rows.n_samples) if len(matrices) else NOTHING_KEPT.diagonal.shape
        if not (isinstance(diagonal, np.ndarray) and diagonal.dtype == np.float64 and diagonal.shape == shape):
            raise ValueError(f"diagonal must be float64 of shape {shape}; it is {described(diagonal)}")
        for name, array in (("matrices", matrices), ("diagonal", diagonal)):
            if not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite; it has other elements")
        if (diagonal < 0).any():
            raise ValueError("diagonal must be >= 0; it has other elements")
        for count in ("idle", "steps"):
            number = getattr(state, count, None)
            if type(number) is not int or not 0 <= number < 2**53:
                raise ValueError(f"{count} must be an integer >= 0; it is {described(number)}")
        least = getattr(state, "least", None)
        if not isinstance(least, float) or not least >= 0:
            raise ValueError(f"least must be a float >= 0; it is {described(least)}")

    def step(self, gradient: Array, state: CoordinateState, w: Array, length: float) -> tuple[Array, CoordinateState]:
        """TypeError: the objective must be known."""
        raise TypeError(f"{type(self).__name__} must know the objective: bind it, as minimize does")


@dataclass(frozen=True)
class _OfProblem(CoordinateDescent):
    """Steps on one linear problem, some columns of which it keeps."""

    part: Part = field(compare=False, repr=False)

    def step(self, gradient: Array, state: CoordinateState, w: Array, length: float) -> tuple[Array, CoordinateState]:
        """The optimum, nearly, of the weights in work."""
        part = self.part
        outputs, problem = part.outputs, part.outputs.problem
        l1, l2 = outputs.strengths
        smooth = gradient.astype(np.float64)
        assert problem.regularizer is not None
        penalised = problem.penalised(smooth)
        penalised -= problem.regularizer.gradient(problem.penalised(w).astype(np.float64))
        V, smooth = outputs.of_weights(w), outputs.of_gradient(smooth)
        steps = state.steps + 1
        if problem.has_free_bias and not problem.penalised(V).any() and state.steps == 0:
            bias = bias_optimum(outputs, V[:, -1])
            if not np.array_equal(bias, V[:, -1]):
                V[:, -1] = bias
                return outputs.to_weights(V).astype(w.dtype), state._replace(steps=steps)
        sizes = subgradient_sizes(problem.penalised(V), problem.penalised(smooth), l1, l2)
        worst = float(sizes.max(initial=0.0))
        if problem.has_free_bias:
            worst = max(worst, float(np.abs(smooth[:, -1]).max()))
        least, idle = (worst, 0) if worst < state.least else (state.least, state.idle + 1)
        if worst == 0 or idle >= PATIENCE:
            return w, state._replace(idle=idle, steps=steps)
        chosen = chosen_features(problem, problem.penalised(V), sizes, state.working)
        kept = Kept(state.matrices, state.diagonal) if chosen.keeps_known else NOTHING_KEPT
        share = LEFT if chosen.is_whole else LEFT_AT_FIRST
        kept = descend_part(part, V, smooth, chosen.features, kept, share)
        return outputs.to_weights(V).astype(w.dtype), CoordinateState(chosen.features, *kept, least, idle, steps)

    def stationarity(self, gradient: Array, w: Array, length: float) -> Array:
        """The subgradient of minimum norm."""
        problem = self.part.outputs.problem
        strengths = problem.strengths
        assert strengths is not None
        measure = gradient.copy()
        part, at = problem.penalised(measure), problem.penalised(w) == 0
        part[at] = np.sign(part[at]) * np.maximum(np.abs(part[at]) - strengths.l1, 0)
        return measure
