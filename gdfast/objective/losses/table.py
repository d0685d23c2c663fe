"""The losses there are, in the order of the compiled kernels' table; by name, in files, and checked as arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .base import Loss
from .cross_entropy import CrossEntropy
from .hinge import Hinge, SquaredHinge
from .residual import Huber, SquaredError
from .score_loss import ScoreLoss

COMPILED: tuple[type[Loss], ...] = (Hinge, SquaredHinge, CrossEntropy, SquaredError, Huber)
if [kind.code for kind in COMPILED] != list(range(len(COMPILED))):
    raise ImportError("a loss's code must be its place in the kernels' table")

KNOWN: tuple[type[Loss], ...] = (*COMPILED, ScoreLoss)
"""Those that `LinearObjective` takes."""

BY_NAME: Mapping[str, type[Loss]] = {kind.name: kind for kind in COMPILED} | {"log_loss": CrossEntropy}
"""What users write as a word."""


def check_loss(loss: Any, name: str = "loss") -> Loss:
    """A loss whose values are known to be what it says: TypeError for anything else, subclasses of losses included.

    A subclass may change the value, which neither the kernels nor the certificates would follow.
    """
    if type(loss) in KNOWN:
        checked: Loss = loss
        return checked
    if isinstance(loss, Loss):
        base = next(kind.__name__ for kind in type(loss).__mro__ if kind in (*KNOWN, Loss))
        raise TypeError(
            f"{name} must be a loss of gdfast's own such as gd.Hinge(), or gd.ScoreLoss(function) with one of yours; "
            f"{type(loss).__name__} derives from {base}, and the kernels would not follow what it changes"
        )
    raise TypeError(f"{name} must be a gdfast loss such as gd.Hinge(); it is {loss!r:.60}")


def is_loss(loss: Any) -> bool:
    """Whether `check_loss` takes it."""
    return type(loss) in KNOWN


def certified_names() -> str:
    """The losses that `duality_gap` knows a dual point of."""
    return ", ".join(kind.__name__ for kind in COMPILED if kind.has_dual_point)


def loss_to_json(loss: Loss) -> list[Any]:
    """The kind and its settings, for files; ValueError where another process could not know the loss."""
    if type(loss) not in COMPILED:
        raise ValueError(f"loss must be one of gdfast's own to be written down; it is {loss!r:.60}")
    settings: Any = loss
    return [type(loss).__name__, asdict(settings)]


def loss_from_json(written: Any) -> Loss:
    """The loss that `loss_to_json` wrote; no other class is ever made."""
    name, settings = written
    for kind in COMPILED:
        if kind.__name__ == name:
            return kind(**settings)
    raise ValueError(f"{name!r:.40} is no loss of gdfast's")
