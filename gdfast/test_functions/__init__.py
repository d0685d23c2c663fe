"""Test functions with gradients and known critical points.

Each is an objective: value, gradient, value_and_gradient. w may have any shape that holds the right number of
elements; values are computed in float64, gradients have w's dtype. What is known of a function:

- minima : float64 (m, n), its local minima, the lowest first (all of them unless its docstring says otherwise)
- maxima, saddles : float64 (m, n), likewise; in one dimension the saddles are inflections
- start : float64 (n,), where runs usually begin
- bounds : float64 (n, 2), the part of the world that is worth a picture
"""

from __future__ import annotations

from .classics import Beale, Himmelblau, Rastrigin, Rosenbrock
from .known import KnownFunction
from .landforms import BoundedSaddle, Plateau, Saddle
from .lines import Bumpy, Hill, Inflection, Valley

__all__ = [
    "Beale",
    "BoundedSaddle",
    "Bumpy",
    "Hill",
    "Himmelblau",
    "Inflection",
    "KnownFunction",
    "Plateau",
    "Rastrigin",
    "Rosenbrock",
    "Saddle",
    "Valley",
]
