"""Right gradients and planted bugs of four kinds: mixed units, float32 inside float64, small values, many parameters.

Each function comes once with its right gradient and once with one entry (or one parameter) of it wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradient_models as models
import numpy as np
from gradient_data import Array, Case, generator

FACTORS = (-1.0, 0.0, 2.0, 1.1, 0.5)
CURVES: tuple[tuple[str, Callable[[Array], Any], Callable[[Array], Array]], ...] = (
    ("exponentials", lambda t: np.exp(t / 2).sum(), lambda t: np.exp(t / 2) / 2),
    ("sines", lambda t: np.sin(t).sum(), np.cos),
    ("logarithms", lambda t: np.log(1 + t * t).sum(), lambda t: 2 * t / (1 + t * t)),
    ("squares", lambda t: (t * t).sum(), lambda t: 2 * t),
    ("softplus", lambda t: np.logaddexp(0, t).sum(), lambda t: 1 / (1 + np.exp(-t))),
    ("log-sum-exp", lambda t: np.log(np.exp(t).sum()), lambda t: np.exp(t) / np.exp(t).sum()),
)


def kinds() -> dict[str, list[Case]]:
    """All cases of each kind."""
    return {
        "mixed units": mixed_units(),
        "float32 inside": float32_inside(),
        "small values": small_values(),
        "several parameters": several_parameters(),
    }


def both(title: str, value: Any, gradient: Any, x: Array, i: int) -> list[Case]:
    """A right case and one with a wrong entry."""
    j, factor = i % x.size, FACTORS[i % len(FACTORS)]

    def wrong(x: Array) -> Array:
        found = np.array(gradient(x))
        found[j] *= factor
        return found

    return [
        Case(title, value, gradient, x, low="float32" in title),
        Case(f"{title}: [{j}] x {factor:g}", value, wrong, x, "entry", low="float32" in title),
    ]


def mixed_units() -> list[Case]:
    """30 functions of parameters whose units differ by up to 18 powers of ten."""
    found = []
    for i in range(30):
        rng, (name, value, slope) = generator(100 + i), CURVES[i % len(CURVES)]
        unit = 10.0 ** rng.integers(-9, 10, 5)
        A, b = rng.normal(size=(6, 5)), rng.normal(size=6)

        def f(x: Array, A: Array = A, b: Array = b, unit: Array = unit, value: Any = value) -> float:
            return float(value(A @ (x / unit) + b))

        def g(x: Array, A: Array = A, b: Array = b, unit: Array = unit, slope: Any = slope) -> Array:
            return A.T @ slope(A @ (x / unit) + b) / unit

        found += both(f"{name}, mixed units", f, g, rng.normal(size=5) * unit, i)
    return found


def float32_inside() -> list[Case]:
    """30 functions of float64 parameters that compute in float32: the parameters cast, the result, or a part."""
    found = []
    for i in range(30):
        rng, (name, value, slope) = generator(200 + i), CURVES[i % len(CURVES)]
        A, b = rng.normal(size=(6, 4)).astype(np.float32), rng.normal(size=6).astype(np.float32)
        part = i % 3

        def f(x: Array, A: Array = A, b: Array = b, value: Any = value, part: int = part) -> float:
            if part == 0:
                return float(value(A @ x.astype(np.float32) + b))
            if part == 1:
                return float(np.float32(value(A @ x + b)))
            return float(value(A @ x.astype(np.float32) + b)) + 0.1 * float(x @ x)

        def g(x: Array, A: Array = A, b: Array = b, slope: Any = slope, part: int = part) -> Array:
            return A.astype(np.float64).T @ slope(A.astype(np.float64) @ x + b) + (0.2 * x if part == 2 else 0.0)

        found += both(f"{name}, float32 inside", f, g, rng.normal(size=4), i)
    return found


def small_values() -> list[Case]:
    """30 functions whose values are 1e-5 to 1e-30, as they are or as the logarithm of a number near 1."""
    found = []
    for i in range(30):
        rng, (name, value, slope) = generator(300 + i), CURVES[i % len(CURVES)]
        A, b, size = rng.normal(size=(6, 4)), rng.normal(size=6), 10.0 ** -int(5 + (i * 5) % 26)
        if i % 5 == 4:
            x = 0.01 * rng.normal(size=4)
            log = (lambda x: float(np.log(1 + x @ x)), lambda x: 2 * x / (1 + x @ x))
            found += both("logarithm near 1", *log, x, i)
            continue

        def f(x: Array, A: Array = A, b: Array = b, size: float = size, value: Any = value) -> float:
            return float(size * value(A @ x + b))

        def g(x: Array, A: Array = A, b: Array = b, size: float = size, slope: Any = slope) -> Array:
            return size * (A.T @ slope(A @ x + b))

        found += both(f"{name} times {size:.0e}", f, g, rng.normal(size=4), i)
    return found


def several_parameters() -> list[Case]:
    """20 models, each with its own bug."""
    found = []
    for i, (title, model) in enumerate(models.all_models()):
        parameters = model.parameters

        def wrong(p: Any, model: Any = model, i: int = i) -> Any:
            gradient = {name: np.array(array) for name, array in model.gradient(p).items()}
            name = list(gradient)[i % len(gradient)]
            flat = gradient[name].reshape(-1)
            flat[int(np.argmax(np.abs(flat)))] *= FACTORS[i % len(FACTORS)]
            return gradient

        found += [
            Case(title, model.value, model.gradient, parameters),
            Case(f"{title}: x {FACTORS[i % len(FACTORS)]:g}", model.value, wrong, parameters, "entry"),
        ]
    return found
