"""Runs that diverge: every optimizer, schedule and line search that gdfast has, found by its registries, on every kind
of objective; and a judge of what such a run says of itself."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse

import gdfast as gd
from gdfast.descent import optimizers, schedules
from gdfast.descent.line_searches import searches

N, D, K = 24, 4, 3
SETTINGS: dict[str, dict[str, Any]] = {
    "StepDecay": {"every": 30, "factor": 0.5},
    "Exponential": {"factor": 0.99},
    "InverseTime": {"decay": 0.01},
    "Polynomial": {"steps": 200},
    "Cosine": {"steps": 200},
    "CosineRestarts": {"period": 50},
    "OneCycle": {"steps": 200},
}


def all_optimizers() -> dict[str, Any]:
    """Every public optimizer with its defaults, by its name."""
    public = {name: getattr(optimizers, name) for name in optimizers.__all__}
    return {name: made() for name, made in public.items() if dataclasses.is_dataclass(made) and "State" not in name}


def all_schedules(rate: float) -> dict[str, Any]:
    """Every public schedule at such a rate."""
    public = {name: getattr(schedules, name) for name in schedules.__all__}
    own = {
        "PiecewiseConstant": lambda: gd.PiecewiseConstant([50, 100], [rate, rate / 2, rate]),
        "Sequence": lambda: gd.Sequence([rate] * 300),
        "Warmup": lambda: gd.Warmup(10, gd.Constant(rate)),
    }
    return {
        name: own[name]() if name in own else made(rate, **SETTINGS.get(name, {}))
        for name, made in public.items()
        if isinstance(made, type)
    }


def all_line_searches() -> dict[str, Any]:
    """Every public line search."""
    public = {name: made for name, made in vars(searches).items() if hasattr(made, "search") and hasattr(gd, name)}
    return {name: made([0.1, 10.0, 1e6]) if name == "GridSearch" else made() for name, made in public.items()}


LOSSES = {"hinge": gd.Hinge(), "squared hinge": gd.SquaredHinge(), "cross-entropy": gd.CrossEntropy(),
          "squared error": gd.SquaredError(), "Huber": gd.Huber()}  # fmt: skip


def objective_of(kind: str, loss: str, regularizer: Any = None, size: float = 1.0) -> Any:
    """A problem of this kind of X; its features are of about this size."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(N, D)) * size
    if kind == "uint8":
        X = rng.integers(0, 256, (N, D)).astype(np.uint8)
    y = rng.normal(size=(N, 2)) if loss in ("squared error", "Huber") else rng.integers(0, K, N)
    regularizer = gd.L2(1.0) if regularizer is None else regularizer
    of_type = {"float32": np.float32, "float16": np.float16, "chunked float32": np.float32, "csr32": np.float32}
    X = X.astype(of_type[kind]) if kind in of_type else X
    if kind.startswith("chunked"):
        return gd.ChunkedObjective([X[:10], X[10:]], y, LOSSES[loss], regularizer)
    if kind.startswith("csr"):
        X = scipy.sparse.csr_array(X)
    linear = gd.LinearObjective(X, y, LOSSES[loss], regularizer)
    if kind == "function":
        return gd.FunctionObjective(linear.value, linear.gradient)
    return linear


KINDS = ("float64", "float32", "float16", "uint8", "csr", "csr32", "chunked", "chunked float32", "function")


class Planted:
    """An objective whose value, gradient or both are not finite from evaluation number `first` on (or there only)."""

    def __init__(self, inner: Any, bad: float, where: str, first: int, once: bool = False) -> None:
        self.inner, self.bad, self.where, self.first, self.once, self.calls = inner, bad, where, first, once, 0

    def _is_bad(self) -> bool:
        self.calls += 1
        return self.calls == self.first if self.once else self.calls >= self.first

    def value(self, w: Any) -> float:
        """L(w), or not."""
        return self.bad if self._is_bad() and self.where != "gradient" else self.inner.value(w)

    def gradient(self, w: Any) -> Any:
        """Its gradient, one element of which may be bad."""
        return self._gradient(w, self._is_bad())

    def value_and_gradient(self, w: Any) -> tuple[float, Any]:
        """Both."""
        is_bad = self._is_bad()
        return self.bad if is_bad and self.where != "gradient" else self.inner.value(w), self._gradient(w, is_bad)

    def _gradient(self, w: Any, is_bad: bool) -> Any:
        gradient = np.array(self.inner.gradient(w))
        if is_bad and self.where != "value":
            gradient.flat[-1] = self.bad
        return gradient


def faults(result: gd.Result, objective: Any, gtol: float = 1e-6, gap_tol: float | None = None) -> Iterator[str]:
    """What a result hides. `objective` is asked again at the weights that it hands back."""
    status, never = result.status, result.averaged_batches is not None
    if not (np.isfinite(result.w).all() and np.isfinite(result.best_w).all()):
        yield f"{status.name} with weights that are not finite"
        return
    with np.errstate(all="ignore"):
        value, norm = objective.value(result.w), float(np.abs(objective.gradient(result.w)).max())
    is_sound = math.isfinite(value) and math.isfinite(norm)
    if status is not gd.Status.DIVERGED and not math.isfinite(result.value):
        yield f"{status.name} with value {result.value}"
    if status is not gd.Status.DIVERGED and not is_sound:
        yield f"{status.name}, but value and gradient at w are {value}, {norm}"
    if not never and not agrees(value, result.value):
        yield f"{status.name}, value {result.value}, but at w it is {value}"
    if status is gd.Status.CONVERGED:
        gap = result.duality_gap
        enough = norm <= gtol * (1 + 1e-3) + 1e-12 or (gap is not None and gap_tol is not None and gap <= gap_tol)
        if not enough:
            yield f"CONVERGED, but the gradient at w is {norm}, the gap {gap}"
    if math.isfinite(result.best_value) and result.best_value > result.value * (1 + 1e-6) and not never:
        yield f"the best value {result.best_value} is above {result.value}"
    if not np.isfinite(result.history.values).all():
        yield "a history that is not finite"


def agrees(one: float, other: float) -> bool:
    """Whether two values are the same number, but for rounding in float32."""
    return (
        one == other or (math.isnan(one) and math.isnan(other)) or abs(one - other) <= 1e-4 * max(abs(one), abs(other))
    )


def rose(result: gd.Result) -> bool:
    """Whether the run went far up: then it must say so."""
    values = result.history.values
    return len(values) > 1 and bool(values[-1] > 1e3 * max(1.0, abs(values[0])))


def runs(step: Any, **options: Any) -> Callable[[Any, Any, Any], gd.Result]:
    """A run with these settings, from weights of this type."""
    return lambda objective, w0, optimizer: gd.minimize(objective, w0, optimizer, step, **options)
