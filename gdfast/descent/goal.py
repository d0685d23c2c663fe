"""What a run of `solve` is to reach: a proven relative gap, within a number of passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._arrays import check_flag, check_positive
from ..describe import described


@dataclass(frozen=True)
class Goal:
    """A relative gap to prove, within a number of passes.

    Attributes
    ----------
    tol : relative to the objective's size
    max_passes : over the data; evaluations, of an objective that does not count them
    method : the sentence that names the method
    certifies : something can be proven: by the objective, or by the optimizer
    """

    tol: float
    max_passes: float
    method: str
    certifies: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "tol", check_positive(self.tol, "tol"))
        object.__setattr__(self, "max_passes", check_positive(self.max_passes, "max_passes"))
        object.__setattr__(self, "certifies", check_flag(self.certifies, "certifies"))
        if not isinstance(self.method, str):
            raise TypeError(f"method must be a sentence; it is {described(self.method)}")


def check_goal(goal: Any) -> None:
    """TypeError for what comes from a file and is none."""
    if not isinstance(goal, Goal):
        raise TypeError(f"goal must be a Goal or None; it is {described(goal)}")
