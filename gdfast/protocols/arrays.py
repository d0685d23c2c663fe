"""The types of arrays and schedules that signatures are written in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

Schedule = Callable[[int], float]
"""Step number k = 0, 1, ... -> learning rate: a pure function."""
