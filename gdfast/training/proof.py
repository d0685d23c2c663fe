"""What a run of `solve` has proven of the optimum, where it is less than was asked for: a sentence for who trains."""

from __future__ import annotations

import math

from ..descent.result import Result, Status

TOO_WEAK = 0.9
"""A gap of this share of the objective or more says next to nothing: the optimum may be near zero."""


def proven_share(result: Result) -> float:
    """The proven gap as a share of the objective; infinity where nothing is proven."""
    gap, value = result.duality_gap, abs(result.value)
    if gap is None:
        return math.inf
    return gap / value if value > 0 else 0.0 if gap == 0 else math.inf


def not_proven(result: Result, tol: float) -> str | None:
    """Why the optimum is not proven to be within tol of the objective, and what helps; None: it is proven."""
    share = proven_share(result)
    if share <= tol:
        return None
    known = "nothing is proven" if share >= TOO_WEAK else f"it is proven to be within {share:.2g} of it"
    start = f"The optimum was not proven to be within tol={tol:g} of the objective: {known}"
    if result.status is Status.DIVERGED:
        return (
            f"{start}, and there may be none, since classes that are separable without a penalty, or numbers beyond "
            "what the arithmetic holds, have none. Give alpha > 0, and scaled features."
        )
    if result.status is Status.CONVERGED:
        return (
            f"{start}. Objective and gradient have settled, but no bound is known for such a loss or alpha=0: "
            "gdfast's own losses with alpha > 0 have one."
        )
    if result.status is Status.MAX_STEPS:
        return f"{start} after the passes that epochs and min_steps allow. Give more of them, a larger tol or alpha."
    return f"{start}, and no step improves the objective within rounding. Give a larger tol or alpha, or float64 rows."
