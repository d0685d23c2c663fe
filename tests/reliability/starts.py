"""Runs that start at weights of another shape: every optimizer, with and without mini-batches, on every kind of X."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

import gdfast as gd
from reliability.judge import names

ROWS, FEATURES, CLASSES = 20, 300, 3
OPTIMIZERS = [
    kind for name in gd.__all__ if isinstance(kind := getattr(gd, name), type) and callable(getattr(kind, "init", None))
]
HINGE = (gd.DualCoordinateAscent, gd.SemismoothNewton)
"""Optimizers of that loss alone."""
SHAPES = {
    "without the bias": (CLASSES, FEATURES),
    "a column more": (CLASSES, FEATURES + 2),
    "a class less": (CLASSES - 1, FEATURES + 1),
    "a class more": (CLASSES + 1, FEATURES + 1),
    "transposed": (FEATURES + 1, CLASSES),
    "flat": (CLASSES * (FEATURES + 1),),
    "one class": (FEATURES + 1,),
    "one by one": (1, 1),
    "five": (5,),
    "empty": (0,),
    "no classes": (0, FEATURES + 1),
    "no features": (CLASSES, 0),
    "a number": (),
    "an axis before": (1, CLASSES, FEATURES + 1),
    "an axis after": (CLASSES, FEATURES + 1, 1),
}


def regularizer_of(optimizer: type) -> gd.L1 | gd.L2:
    """One that it takes."""
    return gd.L1(0.02) if optimizer is gd.CoordinateDescent else gd.L2(0.1)


def _data(kind: str) -> Any:
    X = np.random.default_rng(0).integers(0, 255, size=(ROWS, FEATURES)).astype(np.uint8)
    return sparse.csr_array(X.astype(np.float64)) if kind == "sparse" else X.astype(kind)


class Start:
    """One run with a w0 of another shape."""

    def __init__(self, optimizer: type, batches: Any, kind: str, shape: str, dtype: str) -> None:
        self.optimizer, self.batches, self.kind, self.shape, self.dtype = optimizer, batches, kind, shape, dtype

    def __str__(self) -> str:
        batches = "mini-batches" if self.batches is not None else "the whole"
        return f"{self.optimizer.__name__} on {batches} of {self.kind} X from {self.dtype} w0 {SHAPES[self.shape]}"

    def run(self) -> str | None:
        """What is wrong with what came of it."""
        y = np.arange(ROWS) % CLASSES
        loss = gd.Hinge() if self.optimizer in HINGE else gd.CrossEntropy()
        objective = gd.LinearObjective(_data(self.kind), y, loss, regularizer_of(self.optimizer))
        before = objective.passes
        try:
            gd.minimize(
                objective, np.zeros(SHAPES[self.shape], self.dtype), self.optimizer(), batches=self.batches, max_steps=7
            )
        except ValueError as error:
            if not names(error, ("w0",)):
                return f"does not name w0: {error}"
            return None if objective.passes == before else "refused after some work"
        except BaseException as error:
            return f"another error: {type(error).__name__}: {error}"
        return "accepted"


def _starts() -> Iterator[Start]:
    for optimizer in OPTIMIZERS:
        for batches in (None, gd.MiniBatches(8)):
            for kind in ("float64", "float32", "uint8", "sparse"):
                for i, shape in enumerate(SHAPES):
                    yield Start(optimizer, batches, kind, shape, ("float64", "float32")[i % 2])


def cases_of(name: str) -> list[Start]:
    """All of one optimizer."""
    return [start for start in _starts() if start.optimizer.__name__ == name]
