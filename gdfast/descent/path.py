"""The regularization path: the optimum at many strengths of one regularizer, from the largest strength down.

Each point is solved from where the one before ended. Squared error with L2 has them all in closed form, by one
eigendecomposition.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from .._arrays import check_integer, check_positive, check_steps, plain_array
from ..describe import shortened
from ..objective.capabilities import closed_forms, linear_problem_of, offered, terms_of, terms_wanted
from ..objective.largest_strength import largest_strength_by_gradient
from ..objective.linear.compressed import Compressed, compressed
from ..objective.linear.largest_strength import has_curvature, largest_strength
from ..objective.regularizers.regularizers import StrengthFamily, family_of
from ..protocols import Array, DualityGap, FloatArray, HasTerms, Lipschitz
from .goal import Goal
from .line_searches.searches import StrongWolfe
from .minimize import minimize
from .optimizers import LBFGS
from .path_descent import PathDescent, Shared, SharedGram
from .path_result import Path
from .result import Status, uninterrupted
from .solve import certifies, solve

SHRINKS = 100.0
"""At the largest strength of L2 the penalty is so many times as steep as the loss is anywhere."""

L2_SPAN, L1_SPAN = 1e-8, 1e-3
"""The smallest strength, as a share of the largest."""

MAX_STEPS = 1000
"""At most so many for one point."""

KINKS_TOL = 1e-3

TOGETHER = "L-BFGS preconditioned by one decomposition of the features' second moments, which all strengths share."

MOST_BYTES = 1 << 33


class Point(NamedTuple):
    """The optimum at one strength: its regularizer, the weights, the objective and how far the optimum is at most."""

    regularizer: Any
    w: Array
    value: float
    gap: float
    status: Status
    steps: int
    method: str
    no_optimum: str | None = None
    """Why, where there is none."""


def regularization_path(objective: Any, strengths: Any = 20, tol: float = 1e-3) -> Path:
    """The optimum at each of many strengths of the objective's regularizer, from the largest strength down.

    ``W(strength) = argmin mean loss + strength * R(W)``, R being that of L2, L1 or ElasticNet.

    Parameters
    ----------
    objective : LinearObjective or ChunkedObjective
        Its regularizer says the kind, L2, L1 or ElasticNet; its own strength is of no account. ElasticNet keeps the
        ratio of l1 to l2, and its strength is its l1 (where that is 0, its l2).
    strengths : int or float array (m,)
        An integer: so many, evenly spaced on a logarithmic scale. With L1 they begin at the smallest strength at which
        all weights are 0, and end at a thousandth of it. With L2 they begin where weights are nearly 0 (the penalty's
        curvature is 100 times the largest of the loss, as `suggest_step` estimates it: no direction keeps more than a
        hundredth) and span eight decades. An array: those, in any order, each finite, >= 0 and there once.
    tol : float > 0
        Each point is PROVEN to be within ``tol * value`` of the optimum, where that can be proven.

    Returns
    -------
    Path
        Its `strengths` descend. After a Ctrl-C it holds the points that were finished.

    Raises
    ------
    TypeError, ValueError
        Before any work: the objective has no regularizer, or one of its own kind; a strength is negative, not finite or
        there twice; an integer for a loss whose curvature nobody knows.
    KeyboardInterrupt
        After a Ctrl-C before any point was finished.

    Warns
    -----
    RuntimeWarning
        There is no optimum: at strength 0 classes that can be separated drive the weights of a softmax to infinity.

    Notes
    -----
    Squared error with L2 costs ONE matrix of products (as many operations as the closed form of one strength) and ONE
    eigendecomposition, and two passes a gap. Other smooth losses with L2 cost one Gram matrix and one decomposition as
    well, which precondition L-BFGS at every strength (up to 4,000 columns); a point starts where those before lead, at
    a parabola in the logarithm of the strength, with their pairs. All else is `gdfast.solve` at each strength, from the
    weights of the strength before. At most 1000 passes a point.

    References
    ----------
    J. Friedman, T. Hastie and R. Tibshirani, Regularization paths for generalized linear models via coordinate descent,
    Journal of Statistical Software 33, 2010.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> path = gd.regularization_path(gd.LinearObjective(X, y, gd.SquaredError(), gd.L2(1.0)), [0.1, 1.0, 10.0])
    >>> path.strengths.tolist(), path.W[:, 0, 0].round(4).tolist()
    ([10.0, 1.0, 0.1], [0.125, 0.8, 1.7391])
    """
    known = terms_wanted(objective, "objective must be")
    family = varied(known.regularizer)
    family.with_strength(1.0)  # an ElasticNet without a ratio has no other
    check_positive(tol, "tol")
    given = checked_strengths(strengths, known.shape)
    before = getattr(objective, "passes", None)
    chosen = strength_grid(known, family, given) if isinstance(given, int) else given
    points: list[Point] = []
    status = Status.CONVERGED
    try:
        regularizers = [family.with_strength(strength) for strength in chosen]
        shared = shared_gram(known, regularizers)
        for point in solved_points(known, regularizers, proving_solver(tol, shared)):
            points.append(evaluated(known, point))
    except KeyboardInterrupt:
        if not points:
            raise
        status = Status.INTERRUPTED
    for point in points:
        if point.no_optimum is not None:
            warnings.warn(f"{point.regularizer!r}: {point.no_optimum}", RuntimeWarning, stacklevel=2)
    if status is Status.CONVERGED and any(point.status is not Status.CONVERGED for point in points):
        status = Status.MAX_STEPS
    W = np.stack([point.w for point in points])
    has_free_bias = known.bias and not known.penalize_bias
    penalised = W[:, :, :-1] if has_free_bias else W
    return Path(
        strengths=chosen[: len(points)].copy(),
        W=W,
        values=np.array([point.value for point in points]),
        gaps=np.array([point.gap for point in points]),
        nonzeros=np.count_nonzero(penalised, axis=(1, 2)),
        has_free_bias=has_free_bias,
        passes=None if before is None else objective.passes - before,
        regularizers=tuple(point.regularizer for point in points),
        status=status,
        method=" ".join(dict.fromkeys(point.method for point in points)),
    )


# ---- strengths ----


def varied(regularizer: Any) -> StrengthFamily:
    """A regularizer whose strength can vary; ValueError for any other."""
    known = family_of(regularizer)
    if known is None:
        raise ValueError(
            "objective must have a regularizer whose strength can vary, gd.L2(1.0), gd.L1(1.0) or gd.ElasticNet(1.0, "
            f"0.5); it is {regularizer!r}"
        )
    return known


def checked_strengths(strengths: Any, shape: tuple[int, ...], name: str = "strengths") -> FloatArray | int:
    """How many strengths a user wants, or those they gave, float64 (m,), descending: finite, >= 0, each there once.

    At most so many as weights of this shape fit into memory.
    """
    is_count = isinstance(strengths, Integral) and not isinstance(strengths, bool)
    count = check_integer(strengths, name, minimum=1) if is_count else plain_array(strengths, name).size
    most = MOST_BYTES // (8 * math.prod(shape))
    if count > most:
        raise ValueError(f"{name} must be at most {most:,}, whose weights fill 8 GB; they are {shortened(count)}")
    if is_count:
        return count
    found = check_steps(strengths, name)
    if (found < 0).any():
        i = int(np.argmax(found < 0))
        raise ValueError(f"{name} must be >= 0; {name}[{i}] is {found[i]:g}")
    order = np.argsort(found, kind="stable")
    again = np.flatnonzero(np.diff(found[order]) == 0)
    if again.size:
        i, j = order[again[0]], order[again[0] + 1]
        raise ValueError(f"{name} must differ from each other; {name}[{j}] is {found[j]:g}, as {name}[{i}] is")
    return np.asarray(found[order[::-1]])


def strength_grid(objective: HasTerms, family: StrengthFamily, count: int) -> FloatArray:
    """So many strengths, descending: from the smallest with W = 0, or from one that is large for L2."""
    largest, span = (_largest_l1(objective), L1_SPAN) if family.gives_zeros else (_largest_l2(objective), L2_SPAN)
    return np.geomspace(largest, largest * span, count)


def _largest_l1(objective: HasTerms) -> float:
    """The smallest strength at which all weights are 0; 1 where they are anyway."""
    terms, problem = terms_of(objective), linear_problem_of(objective)
    if terms is None:
        raise ValueError("strengths must be an array for an objective that is no LinearObjective")
    if not has_curvature(terms):
        raise ValueError(f"strengths must be an array for {objective.loss!r}: it is not smooth, or hides how it curves")
    return (largest_strength_by_gradient(objective) if problem is None else largest_strength(problem)) or 1.0


def _largest_l2(objective: HasTerms) -> float:
    """A strength at which the penalty is SHRINKS times as steep as the loss is anywhere; 1 where that is flat."""
    own = offered(objective.with_terms(objective.loss, None), Lipschitz)
    try:
        curvature = math.nan if own is None else float(own.lipschitz())
    except TypeError as error:
        raise ValueError(f"strengths must be an array for {objective.loss!r}: nobody knows its curvature") from error
    if not math.isfinite(curvature):
        raise ValueError(f"strengths must be an array where the curvature of the objective is {curvature}")
    return SHRINKS * curvature / 2 or 1.0


# ---- points ----


Solver = Callable[[Any, StrengthFamily, Array], Point]
"""(objective, its regularizer, where to start) -> the optimum."""


def solved_points(
    objective: HasTerms, regularizers: Sequence[StrengthFamily], solver: Solver, start: Array | None = None
) -> Iterator[Point]:
    """The optimum under each regularizer in turn, each from the weights of the one before."""
    if not any(each.gives_zeros for each in regularizers):
        found = closed_forms(objective, np.array([each.l2 for each in regularizers]))
        if found is not None:
            method = "One eigendecomposition of the products of the columns gives the closed form at every strength."
            for regularizer, w in zip(regularizers, found, strict=True):
                yield Point(regularizer, w, math.nan, math.nan, Status.CONVERGED, 1, method)
            return
    w = np.zeros(objective.shape) if start is None else start
    for regularizer in regularizers:
        point = solver(objective.with_terms(objective.loss, regularizer), regularizer, w)
        w = point.w
        yield point


def evaluated(objective: HasTerms, point: Point) -> Point:
    """The point with the objective there and its gap, where they are not known."""
    if not math.isnan(point.value):
        return point
    own = objective.with_terms(objective.loss, point.regularizer)
    return point._replace(value=own.value(point.w), gap=_gap(own, point.w))


def shared_gram(objective: Any, regularizers: Sequence[StrengthFamily], paths: int = 1) -> SharedGram | None:
    """What the points of so many paths share; None where they share nothing, or are a single one."""
    points = paths * len(regularizers)
    if points < 2 or any(each.gives_zeros for each in regularizers):
        return None
    return SharedGram.of(objective, points)


def proving_solver(tol: float, shared: Shared | None = None) -> Solver:
    """Until a gap of this share of the value is proven: `solve`, or what makes use of what the points share."""
    descent = None if shared is None else PathDescent(shared)

    def solver(objective: Any, regularizer: StrengthFamily, w: Array) -> Point:
        if descent is None or regularizer.l2 == 0:
            result = solve(objective, tol, w0=w)
        else:
            result = descent.proven(objective, regularizer.l2, w, Goal(tol, MAX_STEPS, TOGETHER, certifies(objective)))
        result = uninterrupted(result)
        gap = math.nan if result.duality_gap is None else result.duality_gap
        told = result.explanation if result.status is Status.DIVERGED else None
        return Point(regularizer, result.w, result.value, gap, result.status, result.steps, result.method, told)

    return solver


def settled_solver(gtol: float, shared: Shared | None = None, extrapolates: bool = True) -> Solver:
    """Until no element of the gradient is larger than gtol; where it has kinks, until a gap of a thousandth."""
    proving, descent = proving_solver(KINKS_TOL), None if shared is None else PathDescent(shared, extrapolates)
    few: list[Compressed | None] = []  # of the first objective, whose rows are those of the others

    def solver(objective: Any, regularizer: StrengthFamily, w: Array) -> Point:
        if regularizer.gives_zeros or objective.loss.has_kinks:
            if not few:
                problem = linear_problem_of(objective)
                few.append(None if problem is None else compressed(problem))
            if few[0] is None:
                return proving(objective, regularizer, w)
            own: HasTerms = few[0].objective
            point = proving(own.with_terms(own.loss, regularizer), regularizer, few[0].start(w))
            return point._replace(w=few[0].whole(point.w))
        if descent is None or regularizer.l2 == 0:
            result = uninterrupted(minimize(objective, w, LBFGS(), StrongWolfe(), gtol=gtol, max_steps=MAX_STEPS))
            return Point(regularizer, result.w, result.value, math.nan, result.status, result.steps, "L-BFGS.")
        run = descent.settled(objective, regularizer.l2, w, gtol, MAX_STEPS)
        assert run.ending is not None
        return Point(regularizer, run.w, run.evaluation.value, math.nan, run.ending, run.k, TOGETHER)

    return solver


def _gap(objective: Any, w: Array) -> float:
    """How far the optimum is at most; NaN where nobody can prove it."""
    own = offered(objective, DualityGap)
    try:
        return math.nan if own is None else float(own.duality_gap(w))
    except ValueError:
        return math.nan
