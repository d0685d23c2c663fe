"""Calls of the user's value and gradient: what they take and return, whether they answer the same when asked again,
leave their argument alone, and compute from it rather than from what another call stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._returned import finite_number
from ..._unwarned import unwarned
from ...protocols import Array, FloatArray
from .noise import FLOAT64, is_float32, rounding_unit
from .one_sided_slopes import Evaluations
from .parameters import Parameters
from .report import Verdict

ROUNDINGS = 512.0  # by which two calls may differ, in rounding units: a sum in another order
REPEATS = 4  # calls more, where two differ by rounding
ELSEWHERE = 0.05  # of each coordinate's size, another point lies away


@dataclass(eq=False)
class Derivative:
    """The user's gradient (or Jacobian, or product), as the n numbers that are compared.

    Attributes
    ----------
    function : callable
        At a point as the user's functions take it.
    parameters : Parameters
    lines : callable
        Of the array that came, (*point's shape), the n numbers.
    read : callable, optional
        Another reading of what came than as an array like the point: value -> array.
    whole : float64 (m,)
        All that the last call returned, of which `lines` takes some.
    """

    function: Callable[[Any], Any]
    parameters: Parameters
    lines: Callable[[Array], FloatArray]
    read: Callable[[Any], Array] | None = None
    value: float | None = field(default=None, init=False)
    unit: float = field(default=FLOAT64, init=False)
    changes: bool = field(default=False, init=False)
    whole: FloatArray = field(default_factory=lambda: np.empty(0), init=False)

    def __call__(self, x: Array) -> FloatArray:
        """The n numbers at (a copy of) x; the value that came with them, if one did, is kept."""
        given = self.parameters.of_user(x.copy())
        try:
            returned = self.function(given)
        except Exception as error:
            error.add_note("raised by gradient, in a gradient check")
            raise
        self.changes |= changed(self.parameters, given, x)
        if self.read is not None:
            found = self.read(returned)
        else:
            self.value, returned = pair(returned, self.parameters)
            found = self.parameters.from_user(returned, "gradient(x)")
        self.whole = found.reshape(-1).astype(np.float64)
        return self.lines(found)

    def remember_type(self, analytic: FloatArray) -> None:
        """Whether all numbers fit into float32."""
        told = [fits for fits in map(is_float32, analytic[:1000].tolist()) if fits is not None]
        self.unit = rounding_unit(np.float32(0)) if len(told) > 1 and all(told) else FLOAT64


def pair(returned: Any, parameters: Parameters) -> tuple[float | None, Any]:
    """(value, gradient) where a function returned both; (None, gradient) else."""
    if not isinstance(returned, tuple) or len(returned) != 2 or np.ndim(_plain(returned[0])) != 0:
        return None, returned
    if parameters.single and np.shape(_plain(returned[1])) != parameters.shape:
        return None, returned
    if not parameters.single and not isinstance(returned[1], dict | list | tuple):
        return None, returned
    return finite_number(returned[0], "gradient", "x"), returned[1]


def _plain(value: Any) -> Any:
    return value.detach() if callable(getattr(value, "detach", None)) else value


def changed(parameters: Parameters, given: Any, x: Array) -> bool:
    """Whether a function wrote into its argument."""
    try:
        return not np.array_equal(parameters.from_user(given, "x"), parameters.from_user(parameters.of_user(x), "x"))
    except (TypeError, ValueError):  # another shape, a key that is gone
        return True


@dataclass(frozen=True, eq=False)
class AtPoint:
    """What both say at the point.

    Attributes
    ----------
    value : float
    analytic : float64 (n,)
    elsewhere : float64 (n,), or None
        The derivatives at another point.
    value_spread : float
        By how much calls of f differ, by rounding in another order.
    spread : float64 (n,)
        The same of the derivatives.
    complaint : (Verdict, str), or None
        What makes a comparison pointless.
    """

    value: float
    analytic: FloatArray
    elsewhere: FloatArray | None
    value_spread: float
    spread: FloatArray
    complaint: tuple[Verdict, str] | None


def at_point(
    f: Evaluations,
    value_changes: Callable[[], bool],
    derivative: Derivative,
    tolerance: float | None,
    sizes: FloatArray,
    name: Callable[[int], str],
) -> AtPoint:
    """f and its derivatives at the point, each asked again after the other was asked at another point.

    tolerance: of two calls, relative to a size of at least 1; None: what a sum in another order may do. sizes: of the
    point's coordinates. name: of one of all that the gradient returns, for messages.
    """
    point = f.point
    other = _another_point(f, sizes)
    value = f.at_point()
    elsewhere = _or_none(derivative, other)
    again = f.at_point()
    analytic = derivative(point)
    derivative.remember_type(analytic)
    claimed, whole = derivative.value, derivative.whole
    _elsewhere(f, other)
    spread = _spread(derivative(point), analytic)
    repeated = derivative.whole
    nothing = np.zeros(analytic.size)

    def found(verdict: Verdict | None, said: str, by: float = 0.0, spread: FloatArray = nothing) -> AtPoint:
        complaint = None if verdict is None else (verdict, said)
        return AtPoint(value, analytic, elsewhere, by, spread, complaint)

    for what, changes in (("value", value_changes()), ("gradient", derivative.changes)):
        if changes:
            return found(Verdict.FAIL, argument_changed(what))
    with np.errstate(over="ignore", invalid="ignore"):
        terms = float(np.nansum(np.abs(whole * point.reshape(-1)))) if whole.size == point.size else 0.0
    terms = terms if np.isfinite(terms) else 0.0
    limit = f.unit * ROUNDINGS * max(abs(value), abs(again), terms)
    limit = limit if tolerance is None else tolerance * max(1.0, abs(value), abs(again))
    if abs(value - again) > limit:
        _or_none(derivative, other)
        if abs(f.at_point() - again) <= limit:  # the same calls give the same answer
            return found(Verdict.FAIL, stale("value", "gradient"))
        return found(Verdict.NONDETERMINISTIC, nondeterministic("f", value, again, ""))
    by = abs(value - again)
    if by > 0:
        more = [value, again, *(f.at_point() for _ in range(REPEATS))]
        by = max(more) - min(more)

    unit = max(f.unit, derivative.unit)
    apart, limits = _apart(whole, repeated, unit, tolerance)
    if (apart > limits).any():
        _elsewhere(f, other)
        derivative(point)
        same = not (np.subtract(*_apart(repeated, derivative.whole, unit, tolerance)) > 0).any()
        i = int(np.argmax(apart - limits))
        if same:
            return found(Verdict.FAIL, stale("gradient", "value"))
        place = f" in {name(i)}" if whole.size > 1 else ""
        return found(Verdict.NONDETERMINISTIC, nondeterministic("gradient", whole[i], repeated[i], place))
    if (apart > 0).any():
        for _ in range(REPEATS // 2):
            spread = np.fmax(spread, _spread(derivative(point), analytic))
    if claimed is not None and abs(claimed - value) > max(limit, by, 1e-4 * f.unit**0.5 * abs(value)):
        return found(
            Verdict.FAIL,
            f"gradient returns the value {claimed:.17g} at x, and value {value:.17g}: they are not of one function.",
        )
    return found(None, "", by, spread)


def _apart(
    first: FloatArray, second: FloatArray, unit: float, tolerance: float | None
) -> tuple[FloatArray, FloatArray]:
    """By how much they differ, and may differ; 0 where neither is finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.where((first == second) | (~np.isfinite(first) & ~np.isfinite(second)), 0.0, np.abs(first - second))
        size = np.abs(first).max(where=np.isfinite(first), initial=0.0)
        limit = ROUNDINGS * unit * size if tolerance is None else tolerance * np.maximum(1.0, np.abs(first))
    return np.where(np.isnan(apart), np.inf, apart), np.broadcast_to(np.nan_to_num(limit), apart.shape)


def _spread(first: FloatArray, second: FloatArray) -> FloatArray:
    """By how much they differ where both are finite."""
    known = np.isfinite(first) & np.isfinite(second)
    with np.errstate(over="ignore"):
        return np.abs(np.subtract(first, second, out=np.zeros_like(first), where=known))


def _another_point(f: Evaluations, sizes: FloatArray) -> Array:
    """A point that differs in every coordinate; by less where the first is outside f's domain is left to f."""
    rng = np.random.default_rng(1)
    away = ELSEWHERE * sizes.reshape(f.point.shape) * rng.uniform(0.5, 1.0, f.point.shape)
    with np.errstate(over="ignore"):
        return np.asarray((f.point + np.where(f.point < 0, -away, away)).astype(f.point.dtype))


def _elsewhere(f: Evaluations, x: Array) -> None:
    """Ask f at a point that the user did not ask for."""
    f.lenient = True
    f.or_nan(f.points_at(x[np.newaxis], lambda i: "another point"))
    f.lenient = False


def _or_none(derivative: Derivative, x: Array) -> FloatArray | None:
    """The derivatives at a point that the user did not ask for."""
    with unwarned(), np.errstate(all="ignore"):
        try:
            return derivative(x)
        except MemoryError:
            raise
        except Exception:
            return None


def argument_changed(what: str) -> str:
    """The sentence for a function that writes into its argument."""
    return (
        f"{what} changes its argument: what it is given is another array after the call. Work on a copy, as "
        "w = w - 1 instead of w -= 1: otherwise the next to use the same array gets other numbers."
    )


def stale(what: str, other: str) -> str:
    """The sentence for a function that answers from what another stored."""
    return (
        f"{what} answers otherwise once {other} was called at another point: it uses what {other} stored there, not "
        "its own argument (a stale cache). Compute it from the argument, or compare the stored point with it first."
    )


def nondeterministic(what: str, first: float, second: float, where: str) -> str:
    """The sentence for two calls that differ."""
    size = max(1.0, abs(first), abs(second))
    allowed = float(f"{10 * abs(first - second) / size:.0e}") if np.isfinite(first - second) else 0.0
    rest = f" Or say how much is rounding: nondeterminism={allowed:g}." if 0 < allowed < 1e-3 else ""
    return (
        f"Two calls of {what} at the same point differ: {first:.17g} and {second:.17g}{where}. Fix the random seed or "
        "the mini-batch, and switch dropout and batch normalisation to evaluation (model.eval()); then check again."
        f"{rest}"
    )
