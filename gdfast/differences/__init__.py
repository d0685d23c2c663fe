"""Derivatives by difference quotients, from nothing but a callable.

Three promises hold for every function here. The caller's point is never touched: each evaluation
gets a fresh copy of its own, which f may keep or overwrite. The quotient is divided by the step that
was really taken, because x + h is rounded to x's type before f gets it. And whatever goes wrong names
the coordinate: a value that is not finite, and, as a note, an exception raised by f itself.
"""

from __future__ import annotations

from .directional import directional_derivative
from .gradient import numerical_gradient
from .hessian import numerical_hessian
from .jacobian import numerical_jacobian
from .stencils import Scheme, check_coordinates, evaluations, name_coordinate
from .sweep import step_sweep
from .sweep_result import ErrorCurve, StepSweep

__all__ = [
    "ErrorCurve",
    "Scheme",
    "StepSweep",
    "check_coordinates",
    "directional_derivative",
    "evaluations",
    "name_coordinate",
    "numerical_gradient",
    "numerical_hessian",
    "numerical_jacobian",
    "step_sweep",
]
