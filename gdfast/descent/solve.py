"""solve: one call to the proven optimum. It only chooses a method, and what the one loop is to reach."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .._arrays import check_positive
from ..describe import described
from ..objective.capabilities import check_certifies, linear_problem_of, start_for, terms_of
from ..objective.linear.largest_strength import has_curvature
from ..objective.linear.least_squares import fits_memory
from ..objective.linear.problem import LinearProblem
from ..objective.linear.terms import Terms
from ..objective.regularizers.regularizers import strengths_of
from ..protocols import Array, Objective
from .checkpoints import Checkpoint
from .goal import Goal
from .line_searches.searches import StrongWolfe
from .loop import run_loop
from .optimizers import LBFGS, CoordinateDescent, DualCoordinateAscent, ProximalGradient
from .optimizers.bundle import Bundle
from .optimizers.capabilities import proves_bounds
from .optimizers.closed_form import ClosedForm
from .optimizers.proximal_gram import ProximalGram, serves
from .optimizers.semismooth_newton import hinge_method
from .preconditioners import GramPreconditioner
from .result import Result
from .settings import DEFAULT_STEP, Callback, check_objective, checked_settings

__all__ = ["solve"]

COLUMNS_PER_OUTPUT = 50  # some 20 passes cost as much as the products of rows that are so long
ROWS_PER_COLUMN = 20  # a sample of them is enough for a preconditioner
FEW_PAIRS = 3
STEPS_PER_PASS = 16  # more than any method takes: the limit of passes is to come first


def solve(
    objective: Objective,
    tol: float = 1e-4,
    *,
    w0: Any = None,
    max_passes: float = 1000,
    callback: Callback | None = None,
    progress: bool = False,
    checkpoint: Checkpoint | None = None,
) -> Result:
    """The minimum, proven where it can be: ``value(w) - optimum <= tol * |value(w)|``.

    Parameters
    ----------
    objective : Objective
        Its loss, regularizer, shape and strength choose the method.
    tol : float
        The relative gap that is to be proven. > 0.
    w0 : float array, optional
        Where to start; zeros of the objective's shape by default. Methods that begin at duals of their own, and closed
        forms, have no use for it.
    max_passes : float
        The most passes over the data (evaluations, of an objective that does not count them): a run ends with the first
        step after which so many were made. > 0.
    callback : callable, optional
        ``callback(k, w, value)`` after each step, as for `minimize`. Returning True stops.
    progress : bool
        Show a progress bar (tqdm) with the value and its gap.
    checkpoint : Checkpoint, optional
        As for `minimize`; `gdfast.resume` goes on from it to the same bits.

    Returns
    -------
    Result
        `method` is a sentence that names the method and why it was chosen, `duality_gap` what was proven. CONVERGED:
        the gap is proven to be within tol of the value; where nothing can be proven (no certificate for such a loss or
        regularizer, or no regularizer at all), gradient and value have settled. MAX_STEPS: max_passes came first. The
        explanation says which.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong type, shape or range, or w0 is missing for an objective without a shape.

    Notes
    -----
    Where X is not float64, the run begins in float32 arithmetic, and goes on in float64 where that stalls before tol is
    proven. Weights are float64. A value in float32 may be off by some 5e-7 of itself, for which a proof there leaves
    room.

    Examples
    --------
    >>> import gdfast as gd
    >>> digits = gd.datasets.load_digits()
    >>> X, n = digits.X / 16, len(digits.X)
    >>> objective = gd.LinearObjective(X, digits.y, gd.CrossEntropy(), gd.L2(1 / (2 * n)))
    >>> result = gd.solve(objective)
    >>> result.status.name, result.duality_gap <= 1e-4 * result.value
    ('CONVERGED', True)
    """
    check_objective(objective, ("value", "gradient", "value_and_gradient"))
    tol, max_passes = check_positive(tol, "tol"), check_positive(max_passes, "max_passes")
    start = _start(objective, w0)
    method = method_for(objective)
    goal = Goal(tol, max_passes, method.sentence, certifies(objective, method.optimizer))
    arguments = {
        "objective": objective,
        "w0": start if method.takes_w0 else np.zeros_like(start),
        "optimizer": method.optimizer,
        "step": method.step,
        "batches": None,
        "max_steps": math.ceil(STEPS_PER_PASS * min(max_passes, 2.0**31)),
        "epochs": None,
        "gtol": 0.0,
        "gap_tol": None,
        "evaluate_every": method.evaluate_every,
        "metrics": None,
        "callback": callback,
        "callback_every": 1,
        "clip": None,
        "keep_weights": False,
        "progress": progress,
        "checkpoint": checkpoint,
        "goal": goal,
    }
    return run_loop(checked_settings(arguments, sign=1.0))


class Method(NamedTuple):
    """A method, how far its steps lead, and the sentence that names it."""

    optimizer: Any
    step: Any
    sentence: str
    evaluate_every: int | None = None
    takes_w0: bool = True


def method_for(objective: Any) -> Method:
    """The method that suits the objective."""
    terms = terms_of(objective)
    strengths = strengths_of(getattr(objective, "regularizer", None))
    if terms is None or strengths is None:
        if strengths is not None and strengths.l1 > 0:
            return Method(ProximalGradient(), "auto", "Proximal gradient steps: the regularizer has an L1 part.")
        reason = "the objective is known by value and gradient alone" if terms is None else "an own regularizer"
        return Method(LBFGS(), StrongWolfe(), f"L-BFGS with a strong Wolfe line search: {reason}.")
    if strengths.l1 > 0:
        if not has_curvature(terms):
            return Method(ProximalGradient(), "auto", "Proximal gradient steps: L1, and a loss without curvature.")
        if linear_problem_of(objective) is None and serves(terms):
            sentence = "Proximal gradient steps in the metric of the Gram matrix: L1, by whole passes over the chunks."
            return Method(ProximalGram(), "auto", sentence, evaluate_every=None if terms.loss.is_quadratic else 4)
        if linear_problem_of(objective) is None:
            return Method(ProximalGradient(), "auto", "Proximal gradient steps: L1, by whole passes over the chunks.")
        sentence = "Coordinate descent on working sets: L1 leaves most weights at exactly 0."
        return Method(CoordinateDescent(), DEFAULT_STEP, sentence)
    return _smooth_regularizer(objective, terms, strengths.l2)


def _smooth_regularizer(objective: Any, terms: Terms, strength: float) -> Method:
    loss = terms.loss
    if loss.is_quadratic and fits_memory(terms) and not _passes_are_cheaper(terms, strength):
        return Method(ClosedForm(), DEFAULT_STEP, "The closed form: squared error has one.", takes_w0=False)
    if loss.has_box_dual and strength > 0:
        return _hinge(linear_problem_of(objective))
    if loss.has_kinks or terms.rows.n_features == 0:
        return Method(LBFGS(), StrongWolfe(), "L-BFGS with a strong Wolfe line search: the loss has kinks.")
    reason = "passes over so many rows cost less than all their products" if loss.is_quadratic else "a smooth loss"
    sentence = f"L-BFGS preconditioned by the features' second moments, with a strong Wolfe line search: {reason}."
    return Method(LBFGS(_memory(terms), GramPreconditioner()), StrongWolfe(), sentence)


def _hinge(problem: LinearProblem | None) -> Method:
    """With L2, by its dual: row by row where the rows are in memory."""
    if problem is None:
        sentence = "A bundle of cuts with a line search: the hinge on chunks, of which whole passes alone are made."
        return Method(Bundle(), DEFAULT_STEP, sentence, evaluate_every=5)
    optimizer = hinge_method(problem)
    if isinstance(optimizer, DualCoordinateAscent):
        sentence = "Dual coordinate ascent: the hinge with L2 has a dual that single rows can raise."
        return Method(optimizer, DEFAULT_STEP, sentence, evaluate_every=5, takes_w0=False)
    sentence = "Semismooth Newton steps on the dual of the hinge: at such a strength rows hang on one another."
    return Method(optimizer, DEFAULT_STEP, sentence)


def _memory(terms: Terms) -> int:
    """How many pairs: few where W is larger than X, so that work on pairs would take longer than passes."""
    rows = terms.rows
    is_wide = rows.shape[0] * rows.shape[1] > rows.n_samples * rows.entries_per_row
    return FEW_PAIRS if is_wide else LBFGS().memory


def _passes_are_cheaper(terms: Terms, strength: float) -> bool:
    """Than the products of all rows in float64, which a closed form needs."""
    rows = terms.rows
    k, m = rows.shape
    is_narrow = not rows.is_wide and not rows.is_sparse
    return strength > 0 and is_narrow and m >= COLUMNS_PER_OUTPUT * k and rows.n_samples >= ROWS_PER_COLUMN * m


def _start(objective: Any, w0: Any) -> Array:
    """Where to begin: float64, but for objectives that may want another type."""
    shape = getattr(objective, "shape", None)
    if w0 is None:
        if not isinstance(shape, tuple):
            raise ValueError(
                f"w0 must be given: the objective has no shape to start from; it is {described(objective)}"
            )
        return np.zeros(shape)
    start = start_for(objective, w0, "w0")
    return start if terms_of(objective) is None else np.asarray(start, dtype=np.float64)


def certifies(objective: Any, optimizer: Any = None) -> bool:
    """Whether a run can prove anything."""
    if proves_bounds(optimizer):
        return True
    if not callable(getattr(objective, "duality_gap", None)):
        return False
    try:
        check_certifies(objective)
    except ValueError:
        return False
    return True
