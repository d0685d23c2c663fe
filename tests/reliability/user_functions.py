"""Objectives of users that return nonsense or raise, in every function that asks them.

What is returned wrong is a TypeError or ValueError that names the method; what a function raises comes out as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gdfast as gd

W = np.array([[0.5, -0.25, 1.0], [0.25, 0.75, -0.5]])
V = W[::-1].copy()


class OwnError(BaseException):
    """One that nobody knows."""


class _FloatOfText:
    dtype, shape = "float64", ()

    def __float__(self) -> Any:
        return "1"


VALUES: dict[str, Any] = {
    "None": None,
    "text": "1",
    "complex": 1j,
    "one element": np.ones(1),
    "a list": [1.0],
    "10**400": 10**400,
    "True": True,
    "np.True_": np.True_,
    "masked": np.ma.masked,
    "an object array": np.array(1.0, dtype=object),
    "datetime64": np.datetime64("2020"),
    "timedelta64": np.timedelta64(1),
    "a record": np.zeros((), [("a", "f8")]),
    "float() is text": _FloatOfText(),
    "text array": np.array("1"),
    "a class": float,
    "NotImplemented": NotImplemented,
    "Ellipsis": ...,
}
GRADIENTS: dict[str, Callable[[Any], Any]] = {
    "None": lambda w: None,
    "text": lambda w: "1",
    "a number": lambda w: 1.0,
    "a class": lambda w: float,
    "masked": lambda w: np.ma.MaskedArray(2 * w, mask=w > 0),
    "float32": lambda w: (2 * w).astype(np.float32),
    "longdouble": lambda w: (2 * w).astype(np.longdouble),
    "complex": lambda w: (2 * w).astype(complex),
    "objects": lambda w: (2 * w).astype(object),
    "integers": lambda w: (2 * w).astype(int),
    "transposed": lambda w: (2 * w).T,
    "flat": lambda w: (2 * w).ravel(),
    "a row": lambda w: 2 * w[:1],
    "an axis more": lambda w: 2 * w[None],
    "empty": lambda w: np.zeros(0),
    "ragged": lambda w: [[1.0], [1.0, 2.0]],
    "a generator": lambda w: (row for row in w),
    "records": lambda w: np.zeros(w.shape, [("a", "f8")]),
    "its argument, resized": lambda w: w.resize((1,), refcheck=False) or w,
}
RAISED: dict[str, BaseException] = {
    str(type(error).__name__): error
    for error in (
        OwnError("own"), StopIteration("own"), GeneratorExit("own"), SystemExit(3), RecursionError("own"),
        MemoryError("own"), KeyError("own"), AssertionError("own"), UserWarning("own"),
        UnicodeDecodeError("utf8", b"x", 0, 1, "own"), ExceptionGroup("own", [ValueError("a")]),
    )
}  # fmt: skip


class Own:
    """The squared length of w, but for what is wrong with it."""

    def __init__(self, value: Callable[[Any], Any] | None, gradient: Callable[[Any], Any] | None) -> None:
        self._value = value or (lambda w: float(np.vdot(w, w)))
        self._gradient = gradient or (lambda w: 2 * w)

    def value(self, w: Any) -> Any:
        return self._value(w)

    def gradient(self, w: Any) -> Any:
        return self._gradient(w)

    def value_and_gradient(self, w: Any) -> Any:
        return self._value(w), self._gradient(w)


def _run(optimizer: Any, step: Any) -> Callable[[Any], Any]:
    return lambda o: gd.minimize(o, W, optimizer, step=step, max_steps=3)


def _flat(o: Any) -> Any:
    o.shape = W.shape
    return [function(W.ravel()) for function in gd.to_scipy(o)]


BY_VALUE: dict[str, Callable[[Any], Any]] = {
    "a fixed step": _run(gd.GradientDescent(), 0.1),
    "LBFGS": _run(gd.LBFGS(), gd.StrongWolfe()),
    "Backtracking": _run(gd.GradientDescent(), gd.Backtracking()),
    "ExactLineSearch": _run(gd.GradientDescent(), gd.ExactLineSearch()),
    "GridSearch": _run(gd.GradientDescent(), gd.GridSearch((0.1, 0.2))),
    "maximize": lambda o: gd.maximize(o, W, gd.Adam(), step=0.1, max_steps=3),
    "check_gradient": lambda o: gd.check_gradient(o, at=W),
    "sanity_check": lambda o: gd.sanity_check(o, W),
    "classify_critical_point": lambda o: gd.classify_critical_point(o, W),
    "to_scipy": _flat,
    "step_sizes": lambda o: gd.landscape.step_sizes(o, W, [0.5, 1.0]),
    "function": lambda o: gd.FunctionObjective(o.value, o.gradient).value_and_gradient(W),
}
ALONE: dict[str, Callable[[Any], Any]] = {
    "random_search": lambda o: gd.random_search(o, (2, 3), 5),
    "local_search": lambda o: gd.local_search(o, W, 5),
    "along_ray": lambda o: gd.along_ray(o, W, V).values([0.0, 1.0]),
    "on_plane": lambda o: gd.on_plane(o, W, V, W).values([0.0, 1.0], [0.0, 1.0]),
    "line": lambda o: gd.landscape.line(o, W, V, [0.0, 1.0]),
    "plane": lambda o: gd.landscape.plane(o, W, V, W, [0.0, 1.0], [0.0, 1.0]),
    "numerical gradient": lambda o: gd.numerical_gradient(o.value, W),
}
"""These ask for the value alone."""
USES = BY_VALUE | ALONE
NAMED = ("value", "gradient", "f must", "f(x)")


class Nonsense:
    """One use of an objective whose value or gradient is wrong."""

    def __init__(self, use: str, part: str, what: str) -> None:
        self.use, self.part, self.what = use, part, what

    def __str__(self) -> str:
        return f"{self.use}: {self.part} is {self.what}"

    def run(self) -> str | None:
        """What is wrong with what came of it."""
        before = (W.tobytes(), V.tobytes())
        own = RAISED.get(self.what)
        try:
            USES[self.use](Own(**{"value": None, "gradient": None, self.part: self._function(own)}))
        except BaseException as error:
            if (W.tobytes(), V.tobytes()) != before:
                return "an argument was changed"
            if own is not None:
                return None if error is own else f"another error: {type(error).__name__}: {error}"
            is_told = isinstance(error, TypeError | ValueError) and any(name in str(error) for name in NAMED)
            return None if is_told else f"{type(error).__name__}: {error}"
        return "accepted"

    def _function(self, own: BaseException | None) -> Callable[[Any], Any]:
        def fail(w: Any) -> Any:
            assert own is not None
            raise own

        if own is not None:
            return fail
        return GRADIENTS[self.what] if self.part == "gradient" else lambda w: VALUES[self.what]


def cases_of(use: str) -> list[Nonsense]:
    """All of one use."""
    values = [Nonsense(use, "value", what) for what in (*VALUES, *RAISED)]
    return values if use in ALONE else values + [Nonsense(use, "gradient", what) for what in (*GRADIENTS, *RAISED)]
