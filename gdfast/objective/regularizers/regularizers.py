"""Regularizers: functions of the weights alone, added to the data's loss. Here: ``l1 * sum|W| + l2 * sum(W**2)``.

`LinearObjective` applies a regularizer to W without the bias column, unless it is told to penalise the bias. Whoever
wants more of it than value and gradient asks `strengths_of`: None is the answer for a function of a user's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from ..._arrays import check_non_negative, check_point, float_array
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


@dataclass(frozen=True)
class L2:
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
    def l1(self) -> float:
        """0."""
        return 0.0

    @property
    def l2(self) -> float:
        """The strength."""
        return self.strength

    @property
    def curvature(self) -> float:
        """The second derivative by a weight, where there is one."""
        return 2 * self.strength

    @property
    def gives_zeros(self) -> bool:
        """Whether weights of the optimum are exactly 0: they are not."""
        return False

    def with_strength(self, strength: float) -> L2:
        """The same at another strength."""
        return L2(strength)

    def terms(self, W: Array) -> FloatArray:
        """``strength * w**2`` for each weight."""
        wide = np.asarray(W, dtype=np.float64)
        return np.asarray(self.strength * wide * wide)

    def value(self, W: Array) -> float:
        """R(W), in float64."""
        wide = np.asarray(float_array(W), dtype=np.float64)
        if wide.ndim == 2:  # of which a part of the columns is no row of numbers, which `vdot` would copy
            return self.strength * float(np.einsum("ij,ij->", wide, wide))
        return self.strength * float(np.vdot(wide, wide))

    def gradient(self, W: Array) -> Array:
        """``2 * strength * W``."""
        W = float_array(W)
        return np.asarray(W * W.dtype.type(2 * self.strength))

    def hessian_product(self, W: Array, V: Array) -> FloatArray:
        """``2 * strength * V``, in float64."""
        return np.asarray(2 * self.strength * np.asarray(V, dtype=np.float64))

    def slope(self, W: Array, V: Array) -> float:
        """The derivative of R(W + step * V) at step 0."""
        return float(np.vdot(self.gradient(W), V))

    def proximal(self, w: Array, length: float) -> Array:
        """``w / (1 + 2 * length * strength)``: the v with the least ``|v - w|**2 / 2 + length * R(v)``."""
        return _proximal(w, length, 0.0, self.strength)


@dataclass(frozen=True)
class L1:
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
    def l1(self) -> float:
        """The strength."""
        return self.strength

    @property
    def l2(self) -> float:
        """0."""
        return 0.0

    @property
    def curvature(self) -> float:
        """The second derivative by a weight, where there is one."""
        return 0.0

    @property
    def gives_zeros(self) -> bool:
        """Whether weights of the optimum are exactly 0."""
        return True

    def with_strength(self, strength: float) -> L1:
        """The same at another strength."""
        return L1(strength)

    def terms(self, W: Array) -> FloatArray:
        """``strength * |w|`` for each weight."""
        return np.asarray(self.strength * np.abs(np.asarray(W, dtype=np.float64)))

    def value(self, W: Array) -> float:
        """R(W), in float64."""
        return float(self.terms(float_array(W)).sum())

    def gradient(self, W: Array) -> Array:
        """``strength * sign(W)``."""
        W = float_array(W)
        return np.asarray(np.sign(W) * W.dtype.type(self.strength))

    def slope(self, W: Array, V: Array) -> float:
        """The right derivative of R(W + step * V): ``strength * sum(sign(W) V)``, with ``|V|`` where W is 0."""
        return self.strength * float(np.where(W == 0, np.abs(V), np.sign(W) * V).sum())

    def proximal(self, w: Array, length: float) -> Array:
        """Each weight nearer to 0 by ``length * strength``, exactly 0 where that is past it (the soft threshold)."""
        return _proximal(w, length, self.strength, 0.0)


@dataclass(frozen=True)
class ElasticNet:
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
    def gives_zeros(self) -> bool:
        """Whether weights of the optimum are exactly 0."""
        return self.l1 > 0

    def with_strength(self, strength: float) -> ElasticNet:
        """The same ratio of l1 to l2, with this l1 (where that is 0, this l2)."""
        if self.l1 == self.l2 == 0:
            raise ValueError("an ElasticNet needs l1 and l2 of some ratio for another strength; both are 0")
        if self.l1 == 0:
            return ElasticNet(0.0, strength)
        return ElasticNet(strength, strength * (self.l2 / self.l1))

    @property
    def curvature(self) -> float:
        """The second derivative by a weight, where there is one."""
        return 2 * self.l2

    def terms(self, W: Array) -> FloatArray:
        """``l1 * |w| + l2 * w**2`` for each weight."""
        return np.asarray(L1(self.l1).terms(W) + L2(self.l2).terms(W))

    def value(self, W: Array) -> float:
        """R(W), in float64."""
        return float(self.terms(float_array(W)).sum())

    def gradient(self, W: Array) -> Array:
        """``l1 * sign(W) + 2 * l2 * W``."""
        return np.asarray(L1(self.l1).gradient(W) + L2(self.l2).gradient(W))

    def hessian_product(self, W: Array, V: Array) -> FloatArray:
        """``2 * l2 * V``, in float64: what there is of it where no weight is 0."""
        return L2(self.l2).hessian_product(W, V)

    def slope(self, W: Array, V: Array) -> float:
        """The right derivative of both."""
        return L1(self.l1).slope(W, V) + L2(self.l2).slope(W, V)

    def proximal(self, w: Array, length: float) -> Array:
        """The soft threshold of `L1`, divided as by `L2`."""
        return _proximal(w, length, self.l1, self.l2)


def _proximal(w: Any, length: Any, l1: float, l2: float) -> Array:
    """The v with the least ``|v - w|**2 / 2 + length * (l1 sum|v| + l2 sum v**2)``, of w's shape and dtype."""
    point, length = check_point(w, "w"), check_non_negative(length, "length")
    with np.errstate(over="ignore", under="ignore"):
        kept = np.maximum(np.abs(point) - point.dtype.type(length * l1), 0) if l1 else np.abs(point)
        return np.asarray(np.copysign(kept / point.dtype.type(1 + 2 * length * l2), point))


class Strengths(NamedTuple):
    """Of ``l1 * sum|W| + l2 * sum(W**2)``."""

    l1: float
    l2: float


class StrengthFamily(Protocol):
    """A regularizer whose strength can vary: `family_of`."""

    @property
    def l1(self) -> float:
        """Of ``l1 * sum|W| + l2 * sum(W**2)``."""
        ...

    @property
    def l2(self) -> float:
        """Of the same."""
        ...

    @property
    def gives_zeros(self) -> bool:
        """Whether weights of the optimum are exactly 0."""
        ...

    def with_strength(self, strength: float) -> StrengthFamily:
        """The same at another strength."""
        ...


def family_of(regularizer: Any) -> StrengthFamily | None:
    """gdfast's own, whose strength can vary; None of any other, or where there is none."""
    known: StrengthFamily | None = None if regularizer is None or strengths_of(regularizer) is None else regularizer
    return known


def strengths_of(regularizer: Any) -> Strengths | None:
    """Its strengths, where it is known to be gdfast's (none at all: both 0); None for any other function of W.

    A subclass of gdfast's own is another function: it may change the value.
    """
    if regularizer is None:
        return Strengths(0.0, 0.0)
    if type(regularizer) in (L2, L1, ElasticNet):
        return Strengths(regularizer.l1, regularizer.l2)
    return None


def check_regularizer(regularizer: Any) -> Regularizer | None:
    """None or an object with value(W) and gradient(W)."""
    if regularizer is None:
        return None
    if isinstance(regularizer, type) or not isinstance(regularizer, Regularizer):
        raise TypeError(f"regularizer must have value(W) and gradient(W), as gd.L2(1e-3) has; it is {regularizer!r}")
    return regularizer


def is_convex(regularizer: Any) -> bool:
    """Whether it is known to be: gdfast's are, others say it by an attribute `convex`."""
    return strengths_of(regularizer) is not None or bool(getattr(regularizer, "convex", False))


def terms_of(regularizer: Any, W: FloatArray) -> FloatArray | None:
    """One term for each weight, of gdfast's own; None for others, which may be no such sum."""
    if regularizer is None or strengths_of(regularizer) is None:
        return None
    terms: FloatArray = regularizer.terms(W)
    return terms
