"""Which of a store's arrays are rows, and which labels: by the names that .npz files use too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..numpy_files import ROLES


def arrays_by_role(arrays: Mapping[str, Any], where: str) -> tuple[Any, Any]:
    """X and y (None where there is none) among a store's arrays, whose names are paths in it.

    Raises
    ------
    ValueError
        None is called X, and not just one is two-dimensional.
    """
    X = next((arrays[name] for name in ROLES["X"] if name in arrays), None)
    if X is None:
        tables = [name for name, array in arrays.items() if len(array.shape) == 2]
        if len(tables) != 1:
            listed = ", ".join(list(arrays)[:8]) + (", ..." if len(arrays) > 8 else "")
            raise ValueError(
                f"{where} must hold an array named X (or {', '.join(ROLES['X'][1:-1])}); it holds {listed or 'none'}"
            )
        X = arrays[tables[0]]
    return X, next((arrays[name] for name in ROLES["y"] if name in arrays), None)
