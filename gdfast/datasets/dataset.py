"""`Dataset`, the result of every reader: rows, labels where there are any, and their description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..protocols import Array

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Rows to train on, and a held-out part where the source has one.

    Attributes
    ----------
    X : array (n, d) of uint8, float16, float32 or float64, or scipy.sparse CSR
        One sample per row; it may be memory-mapped, or a `ChunkSource` of rows in a folder or store.
    y : int64 (n,) in [0, len(class_names)), float64 (n,) for regression, or None
        Labels or targets; None where the source holds none.
    X_test, y_test : of the same kinds, or None
        The held-out part, none of whose rows is in X.
    class_names : tuple of str or None
        What the labels stand for.
    image_shape : tuple of int or None
        ``X[i].reshape(image_shape)`` is the picture: (rows, columns) or (colours, rows, columns).
    pixel_max : int or None
        Pixels lie in [0, pixel_max].
    description : str
        Where the rows come from, and which of them are held out.
    feature_names : tuple of str or None
        Of X's columns.
    notes : tuple of str
        What was decided while reading that might have been meant otherwise; `description` ends with them.
    reading : dict
        Options of `load` that read another file of the same layout alike: ``load(path, **data.reading)``.
    """

    X: Any
    y: Array | None = None
    X_test: Any = None
    y_test: Array | None = None
    class_names: tuple[str, ...] | None = None
    image_shape: tuple[int, ...] | None = None
    pixel_max: int | None = None
    description: str = ""
    feature_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.description})"

    def labels(self) -> Array:
        """`y`, or a ValueError that says that the data hold no labels."""
        if self.y is None:
            raise ValueError(f"labels are needed, and there are none: {self.description}")
        return self.y


@dataclass(frozen=True, eq=False, repr=False)
class Images(Dataset):
    """A `Dataset` of labelled uint8 images with a held-out part: nothing in it is None but the feature names."""

    X: Pixels
    y: Labels
    X_test: Pixels
    y_test: Labels
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...]
    pixel_max: int
    description: str
