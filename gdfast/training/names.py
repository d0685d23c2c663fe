"""What users write as a word, and the gdfast objects that it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..descent import optimizers
from ..descent.line_searches.searches import StrongWolfe
from ..objective.losses import Loss
from ..objective.losses.table import BY_NAME, is_loss

CLASSIFIER_LOSSES = ("hinge", "squared_hinge", "cross_entropy", "log_loss")
REGRESSOR_LOSSES = ("squared_error", "huber")
LEARNING_RATES = ("linear", "cosine", "constant")

OPTIMIZERS: Mapping[str, Callable[[], Any]] = {
    "gradient_descent": optimizers.GradientDescent,
    "momentum": optimizers.Momentum,
    "nesterov": optimizers.Nesterov,
    "averaged_sgd": optimizers.AveragedSGD,
    "adagrad": optimizers.AdaGrad,
    "adadelta": optimizers.AdaDelta,
    "rmsprop": optimizers.RMSProp,
    "adam": optimizers.Adam,
    "adamw": optimizers.AdamW,
    "nadam": optimizers.NAdam,
    "radam": optimizers.RAdam,
    "amsgrad": optimizers.AMSGrad,
    "lion": optimizers.Lion,
    "lbfgs": optimizers.LBFGS,
    "nonlinear_conjugate_gradient": optimizers.NonlinearConjugateGradient,
    "newton": optimizers.Newton,
    "dual_coordinate_ascent": optimizers.DualCoordinateAscent,
}

WHOLE = (optimizers.LBFGS, optimizers.NonlinearConjugateGradient, optimizers.Newton, optimizers.DualCoordinateAscent)
"""They look at all rows in every step."""

LINE_SEARCH = StrongWolfe()
"""How far the first three of them go."""


def loss_of(loss: Any, allowed: tuple[str, ...], *, classifies: bool) -> Loss:
    """A name or a loss -> the loss."""
    if isinstance(loss, str) and loss in allowed:
        return BY_NAME[loss]()
    if is_loss(loss) and loss.classifies == classifies:
        own: Loss = loss
        return own
    kind = ValueError if isinstance(loss, str) or is_loss(loss) else TypeError
    example = "gd.Hinge(margin=2.0)" if classifies else "gd.SquaredError()"
    raise kind(f"loss must be one of {', '.join(allowed)}, or a gdfast loss such as {example}; it is {loss!r}")


def optimizer_of(optimizer: Any) -> Any:
    """A name or an optimizer -> the optimizer; None stays None."""
    if optimizer is None or (not isinstance(optimizer, str | type) and hasattr(optimizer, "init")):
        return optimizer
    if isinstance(optimizer, str) and optimizer in OPTIMIZERS:
        return OPTIMIZERS[optimizer]()
    kind = ValueError if isinstance(optimizer, str) else TypeError
    raise kind(
        f"optimizer must be None, one of {', '.join(OPTIMIZERS)}, or a gdfast optimizer such as gd.Adam(); "
        f"it is {optimizer!r}"
    )
