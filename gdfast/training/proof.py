"""What a run of `solve` has proven of the optimum and why it ended, in words for those who train."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..descent.result import Result, Status
from ..describe import counted

TOO_WEAK = 0.9
"""A gap of this share of the objective or more says next to nothing: the optimum may be near zero."""


class Proof(NamedTuple):
    """How far the optimum is at most, as a share of the objective (infinity: nothing is proven), and how it ended.

    `proven`, `ended` and `remedy` are parts of sentences; the last is empty where tol is proven.
    """

    tol: float
    share: float
    proven: str
    ended: str
    remedy: str

    @staticmethod
    def of(result: Result, tol: float) -> Proof:
        """Of a run that was to prove tol."""
        share = _share(result)
        proven = "nothing" if share >= TOO_WEAK else f"the optimum is within {share:.2g} of the objective"
        if share <= tol:
            return Proof(tol, share, proven, f"tol {tol:g} is proven", "")
        return Proof(tol, share, proven, *_ended(result))

    def complaint(self) -> str | None:
        """A sentence, or some, where tol is not proven."""
        if not self.remedy:
            return None
        return (
            f"The optimum was not proven to be within tol={self.tol:g} of the objective (proven: {self.proven}): "
            f"{self.ended}. Remedy: {self.remedy}."
        )


def _share(result: Result) -> float:
    gap, value = result.duality_gap, abs(result.value)
    if gap is None:
        return math.inf
    return gap / value if value > 0 else 0.0 if gap == 0 else math.inf


def _ended(result: Result) -> tuple[str, str]:
    """Why a run ended before tol was proven, and what helps."""
    if result.status is Status.CONVERGED:
        return (
            "objective and gradient have settled, but no bound is known for such a loss or alpha=0",
            "one of gdfast's own losses with alpha > 0",
        )
    if result.status is Status.DIVERGED:
        return (
            "there may be no optimum, as of separable classes without a penalty and of numbers beyond what the "
            "arithmetic holds",
            "alpha > 0, and scaled features",
        )
    if result.status is Status.MAX_STEPS:
        count = counted(math.floor(result.passes or 0), "pass", "passes")
        return f"it ended after {count}, the most that are allowed", "a larger alpha or tol, or more epochs"
    if result.status is Status.NO_DESCENT:
        return "no step improves the objective within rounding", "a larger alpha or tol, or float64 rows"
    return "it was stopped", "let it go on"
