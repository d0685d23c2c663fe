"""A matrix P near the Hessian: methods that go along ``-P^-1 gradient`` see a bowl that is nearly round."""

from .fixed_preconditioner import FixedPreconditioner
from .gram_preconditioner import (
    BoundPreconditioner,
    GramPreconditioner,
    PreconditionerState,
    check_preconditioner,
    preconditioner_for,
)

__all__ = [
    "BoundPreconditioner",
    "FixedPreconditioner",
    "GramPreconditioner",
    "PreconditionerState",
    "check_preconditioner",
    "preconditioner_for",
]
