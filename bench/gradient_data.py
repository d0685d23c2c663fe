"""What cases for checks of gradients are made of: data, objectives on them, and ways to spoil a gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradient_functions as functions
import numpy as np

import gdfast as gd

Array = np.ndarray[Any, Any]
Gradient = Callable[[Array], Array]


@dataclass(frozen=True)
class Case:
    """A function (or an objective, whose scores gdfast may use), a gradient, and the point to check it at.

    names: any of these words in a report names the bug; empty for a right gradient. low: something in it is float32.
    """

    title: str
    function: Any
    gradient: Gradient
    point: Array
    kind: str = "right"
    names: tuple[str, ...] = ()
    low: bool = False

    @property
    def right(self) -> bool:
        return self.kind == "right"

    @property
    def value(self) -> Callable[[Array], Any]:
        return self.function.value if hasattr(self.function, "value") else self.function


_draw = 0


def use_draw(number: int) -> None:
    """Another number gives the cases that are made from now on other random data."""
    global _draw
    _draw = number


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng([_draw, seed] if _draw else seed)


def rows(seed: int, n: int = 23, d: int = 5, k: int = 4, dtype: Any = np.float64) -> tuple[Array, Array, Array]:
    """X with a last column of ones, labels, and weights (k, d + 1)."""
    rng = generator(seed)
    X = np.hstack([rng.normal(size=(n, d)), np.ones((n, 1))])
    return X.astype(dtype), rng.integers(0, k, n), rng.normal(size=(k, d + 1)).astype(dtype)


def integer_rows(seed: int) -> tuple[Array, Array, Array]:
    """The same, small integers: many margins are exactly 0."""
    rng = generator(seed)
    X = np.hstack([rng.integers(-2, 3, (23, 5)), np.ones((23, 1))]).astype(np.float64)
    return X, rng.integers(0, 4, 23), rng.integers(-1, 2, (4, 6)).astype(np.float64)


def linear(X: Array, y: Array, loss: Any, regularizer: Any = None, **more: Any) -> gd.LinearObjective:
    """An objective on X without its column of ones."""
    return gd.LinearObjective(np.ascontiguousarray(X[:, :-1]), y, loss, regularizer, n_classes=4, **more)


def network(seed: int, dtype: Any = np.float64, strength: float = 0.0, factor: float = 2.0) -> tuple[Any, Any, Array]:
    """A network of 5 features, 6 hidden units and 3 classes, and parameters."""
    rng = generator(seed)
    X, y = rng.normal(size=(20, 5)).astype(dtype), rng.integers(0, 3, 20)
    value, gradient = functions.network(X, y, 6, 3, strength, factor=factor)
    return value, gradient, rng.normal(size=57).astype(dtype)


def regression(seed: int, dtype: Any = np.float64, n: int = 30, d: int = 7) -> tuple[Array, Array, Array]:
    """X, real targets, weights (d,)."""
    rng = generator(seed)
    return rng.normal(size=(n, d)).astype(dtype), 2 * rng.normal(size=n).astype(dtype), rng.normal(size=d).astype(dtype)


def scaled(gradient: Gradient, factor: float) -> Gradient:
    return lambda x: gradient(x) * x.dtype.type(factor)


def with_part(gradient: Gradient, part: Any, factor: float) -> Gradient:
    """One part of it times a factor."""

    def wrong(x: Array) -> Array:
        found = np.array(gradient(x))
        found[part] *= x.dtype.type(factor)
        return found

    return wrong


def transposed(gradient: Gradient, *axes: int) -> Gradient:
    return lambda x: np.ascontiguousarray(gradient(x).transpose(axes or None))
