"""Regularizers: functions of the weights alone, added to the data's loss.

Each is a sum over weights of a term in one weight (`terms`), with the strength inside. `LinearObjective`
applies it to W without the bias column, unless it is told to penalise the bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from ..._arrays import check_non_negative
from ...protocols import Array, FloatArray


@runtime_checkable
class Regularizer(Protocol):
    """All that a user must write: a value and a gradient."""

    def value(self, W: Array) -> float:
        """R(W)."""
        ...

    def gradient(self, W: Array) -> Array:
        """dR/dW, of W's shape and dtype."""
        ...


class Separable:
    """A sum of terms, one for each weight."""

    def terms(self, W: Array) -> FloatArray:
        """The terms, in float64, of W's shape."""
        raise TypeError(f"{type(self).__name__} must define terms(W)")

    def value(self, W: Array) -> float:
        """R(W): the sum of the terms, in float64."""
        return float(self.terms(W).sum())

    def gradient(self, W: Array) -> Array:
        """dR/dW, of W's shape and dtype."""
        raise TypeError(f"{type(self).__name__} must define gradient(W)")

    def slope(self, W: Array, V: Array) -> float:
        """The right derivative of R(W + step * V) at step 0."""
        return float(np.vdot(self.gradient(W), V))


@dataclass(frozen=True)
class L2(Separable):
    """``strength * sum(W**2)``; the gradient is ``2 * strength * W``.

    PyTorch's `weight_decay` is twice this strength, scikit-learn's `alpha` (SGDClassifier) too.

    Parameters
    ----------
    strength : float >= 0

    Raises
    ------
    TypeError, ValueError
        For a strength that is not a finite number >= 0.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.L2(0.5).value(np.array([[1.0, -2.0]]))
    2.5
    """

    strength: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", check_non_negative(self.strength, "strength"))

    @property
    def curvature(self) -> float:
        """The second derivative by a weight, where there is one."""
        return 2 * self.strength

    def terms(self, W: Array) -> FloatArray:
        """``strength * w**2`` for each weight."""
        wide = np.asarray(W, dtype=np.float64)
        return np.asarray(self.strength * wide * wide)

    def value(self, W: Array) -> float:
        """R(W), in float64."""
        wide = np.asarray(W, dtype=np.float64)
        return self.strength * float(np.vdot(wide, wide))

    def gradient(self, W: Array) -> Array:
        """``2 * strength * W``."""
        return np.asarray(W * W.dtype.type(2 * self.strength))

    def hessian_product(self, W: Array, V: Array) -> FloatArray:
        """``2 * strength * V``, in float64."""
        return np.asarray(2 * self.strength * np.asarray(V, dtype=np.float64))


@dataclass(frozen=True)
class L1(Separable):
    """``strength * sum(|W|)``; the gradient is the minimum-norm subgradient, 0 at 0.

    Exact zeros come only from optimizers that take a proximal step.

    Parameters
    ----------
    strength : float >= 0

    Raises
    ------
    TypeError, ValueError
        For a strength that is not a finite number >= 0.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.L1(0.5).gradient(np.array([[1.0, -2.0, 0.0]]))
    array([[ 0.5, -0.5,  0. ]])
    """

    strength: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", check_non_negative(self.strength, "strength"))

    @property
    def curvature(self) -> float:
        """The second derivative by a weight, where there is one."""
        return 0.0

    def terms(self, W: Array) -> FloatArray:
        """``strength * |w|`` for each weight."""
        return np.asarray(self.strength * np.abs(np.asarray(W, dtype=np.float64)))

    def gradient(self, W: Array) -> Array:
        """``strength * sign(W)``."""
        return np.asarray(np.sign(W) * W.dtype.type(self.strength))

    def slope(self, W: Array, V: Array) -> float:
        """``strength * sum(sign(W) V)``, with ``|V|`` where W is 0."""
        return self.strength * float(np.where(W == 0, np.abs(V), np.sign(W) * V).sum())


@dataclass(frozen=True)
class ElasticNet(Separable):
    """``l1 * sum(|W|) + l2 * sum(W**2)``: both at once.

    Parameters
    ----------
    l1, l2 : float >= 0

    Raises
    ------
    TypeError, ValueError
        For strengths that are not finite numbers >= 0.

    References
    ----------
    H. Zou and T. Hastie, Regularization and variable selection via the elastic net, 2005.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.ElasticNet(l1=0.5, l2=0.25).value(np.array([[1.0, -2.0]]))
    2.75
    """

    l1: float
    l2: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "l1", check_non_negative(self.l1, "l1"))
        object.__setattr__(self, "l2", check_non_negative(self.l2, "l2"))

    @property
    def curvature(self) -> float:
        """The second derivative by a weight, where there is one."""
        return 2 * self.l2

    def terms(self, W: Array) -> FloatArray:
        """``l1 * |w| + l2 * w**2`` for each weight."""
        return np.asarray(L1(self.l1).terms(W) + L2(self.l2).terms(W))

    def gradient(self, W: Array) -> Array:
        """``l1 * sign(W) + 2 * l2 * W``."""
        return np.asarray(L1(self.l1).gradient(W) + L2(self.l2).gradient(W))

    def hessian_product(self, W: Array, V: Array) -> FloatArray:
        """``2 * l2 * V``, in float64: what there is of it where no weight is 0."""
        return L2(self.l2).hessian_product(W, V)

    def slope(self, W: Array, V: Array) -> float:
        """The right derivative of both."""
        return L1(self.l1).slope(W, V) + L2(self.l2).slope(W, V)
