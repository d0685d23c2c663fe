"""Loss landscapes along lines and planes as plain arrays: data here, pictures in `gdfast.plots`.

Each function returns a frozen dataclass of float64 arrays that saves itself (`save`), and `load` reads it back.
"""

from __future__ import annotations

from .lines import Line, line
from .planes import Plane, plane
from .saved import load
from .step_sizes import StepSizes, step_sizes
from .trajectories import Trajectory, principal_directions, trajectory
from .weights import Weight, weight

__all__ = [
    "Line",
    "Plane",
    "StepSizes",
    "Trajectory",
    "Weight",
    "line",
    "load",
    "plane",
    "principal_directions",
    "step_sizes",
    "trajectory",
    "weight",
]
