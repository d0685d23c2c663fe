"""What is wrong with a gradient: known bugs by name, or where the errors sit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..protocols import Array, FloatArray


def name_bugs(
    objective: Any,
    point: Array,
    coordinates: NDArray[np.int64],
    analytic: FloatArray,
    numerical: FloatArray,
    *,
    wrong: NDArray[np.bool_],
    at_kink: NDArray[np.bool_],
) -> tuple[str, ...]:
    """Where the wrong coordinates sit: everywhere, one row, the bias, one column."""
    shape = point.shape
    many = f"Wrong: {wrong.sum():,} of {wrong.size:,} checked coordinate" + ("" if wrong.size == 1 else "s")
    if 1 < wrong.sum() < wrong.size and len(shape) == 2:
        rows, columns = (np.unique(i) for i in np.unravel_index(coordinates[wrong], shape))
        if rows.size == 1:
            return (f"{many}, all of them in row {rows[0]}.",)
        if columns.size == 1:
            last = ", the last one (the bias of a linear objective)" if columns[0] == shape[1] - 1 else ""
            return (f"{many}, all of them in column {columns[0]}{last}.",)
    return (f"{many}.",)
