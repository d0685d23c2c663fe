"""Objectives and regularizers of users, behind a guard: they can't change w, nor what they returned before.

Each call gets copies of its own, and hands on a copy of what comes back, checked by the rules of `gdfast._returned`. So
a function may work in place, reuse a buffer or return its argument, and the run is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from .._returned import returned_gradient, returned_reals, returned_value
from ..describe import described
from ..protocols import Array, FloatArray
from .regularizers.regularizers import strengths_of


def guarded(function: Any, name: str) -> Any:
    """The objective (or regularizer) behind a guard; itself where its class needs none, and where it is a class.

    A subclass may override what its base class does well, so it is asked itself.
    """
    if isinstance(function, type) or vars(type(function)).get("guards_itself", False):
        return function
    return Guarded(function, name)


def guarded_regularizer(regularizer: Any) -> Any:
    """The same of a regularizer: gdfast's own need none."""
    return regularizer if strengths_of(regularizer) is not None else Guarded(regularizer, "regularizer")


def unguarded(function: Any) -> Any:
    """What the user gave."""
    return function._own if isinstance(function, Guarded) else function


class Guarded:
    """A user's function of the weights. What it offers beyond value and gradient is offered here, too."""

    __slots__ = ("_name", "_own")
    guards_itself: ClassVar[bool] = True

    def __init__(self, own: Any, name: str) -> None:
        self._own, self._name = own, name

    def __repr__(self) -> str:
        return repr(self._own)

    def __getattr__(self, name: str) -> Any:
        found, guard = getattr(self._own, name), _OPTIONAL.get(name)
        return found if guard is None or not callable(found) else partial(guard, self._name, found)

    def value(self, w: Array) -> float:
        """L(w)."""
        return returned_value(self._own.value(w.copy()), f"{self._name}.value")

    def gradient(self, w: Array) -> Array:
        """dL/dw, of w's shape and dtype."""
        return returned_gradient(self._own.gradient(w.copy()), w, f"{self._name}.gradient")

    def value_and_gradient(self, w: Array) -> tuple[float, Array]:
        """Both."""
        name = f"{self._name}.value_and_gradient"
        found = self._own.value_and_gradient(w.copy())
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise TypeError(f"{name} must return (value, gradient); it returned {described(found)}")
        return returned_value(found[0], name), returned_gradient(found[1], w, name)


def _hessian_product(name: str, own: Any, w: Array, v: Array) -> FloatArray:
    return returned_reals(own(w.copy(), v.copy()), f"{name}.hessian_product", shape=w.shape)


def _proximal(name: str, own: Any, w: Array, length: float) -> Array:
    return returned_gradient(own(w.copy(), length), w, f"{name}.proximal")


def _rows(name: str, own: Any, indices: Array) -> Any:
    return guarded(own(indices.copy()), name)


def _hessian_at(name: str, own: Any, w: Array) -> Callable[[Array], FloatArray]:
    times = own(w.copy())
    return lambda v: returned_reals(times(v.copy()), f"{name}.hessian_at(w)", shape=w.shape)


def _values_at(name: str, own: Any, ws: Array) -> FloatArray:
    return returned_reals(own(ws.copy()), f"{name}.values_at", shape=(len(ws),))


def _duality_gap(name: str, own: Any, w: Array) -> float:
    return returned_value(own(w.copy()), f"{name}.duality_gap")


def _lipschitz(name: str, own: Any) -> float:
    return returned_value(own(), f"{name}.lipschitz")


_OPTIONAL: dict[str, Callable[..., Any]] = {
    "hessian_product": _hessian_product,
    "hessian_at": _hessian_at,
    "proximal": _proximal,
    "rows": _rows,
    "values_at": _values_at,
    "duality_gap": _duality_gap,
    "lipschitz": _lipschitz,
}
"""What a user's function may offer beyond value and gradient, and how a call of it is guarded."""
