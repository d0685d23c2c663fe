"""What came of a call: an answer as plain numbers, whether an argument was changed, and whether that is right."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import FunctionType, GeneratorType, ModuleType
from typing import Any

import numpy as np
from scipy import sparse

import gdfast as gd
from reliability.bad_values import EITHER, REFUSED, SAME, SURVIVES

UNTIMED = {"seconds", "path"}  # fields of results that differ from run to run
DEPTH = 6


def contents(value: Any, depth: int = DEPTH) -> Any:
    """Everything an argument holds, byte for byte, so that it can be compared before and after."""
    if isinstance(value, np.ma.MaskedArray):
        return ("masked", contents(value.data), contents(np.ma.getmaskarray(value)))
    if isinstance(value, np.ndarray):
        raw = value.tolist() if value.dtype.hasobject or value.dtype.kind == "T" else _bytes(value)
        return (value.shape, value.strides, value.dtype.str, value.flags.writeable, repr(raw) if depth else None)
    if sparse.issparse(value):
        parts = {name: getattr(value, name, None) for name in ("data", "indices", "indptr", "row", "col", "rows")}
        return (value.format, value.shape, {name: contents(part) for name, part in parts.items()})
    if isinstance(value, gd.LinearObjective):
        return (contents(value.X), contents(value.y), repr(value.loss), repr(value.regularizer))
    if isinstance(value, np.random.Generator | GeneratorType | FunctionType | ModuleType | type) or depth == 0:
        return id(value)
    if isinstance(value, Mapping):
        return [(repr(key), contents(part, depth - 1)) for key, part in value.items()]
    if isinstance(value, list | tuple | set):
        return [contents(part, depth - 1) for part in value]
    if isinstance(value, str | bytes | int | float | complex | np.generic):
        return repr(value)
    if hasattr(value, "__dict__") and type(value).__module__.startswith("gdfast"):
        return [(name, contents(part, depth - 1)) for name, part in vars(value).items() if not name.startswith("_")]
    return id(value)


def _bytes(array: np.ndarray) -> Any:
    if 0 in array.strides and array.size > 10_000:  # far more of it than there is memory
        return array[(0,) * array.ndim].tobytes()
    return array.tobytes()


def answer(result: Any, depth: int = DEPTH) -> Any:
    """A result as numbers, text and lists of them, so that two results can be compared."""
    if depth == 0 or result is None or isinstance(result, str | bytes | bool | int | float | complex):
        return result
    if isinstance(result, enum.Enum):
        return result.name
    if isinstance(result, np.ndarray | np.generic):
        return np.asarray(result)
    if sparse.issparse(result):
        return result.toarray()
    if isinstance(result, gd.LinearObjective):
        value, gradient = result.value_and_gradient(np.full(result.shape, 0.25))
        return [result.shape, result.n_samples, value, gradient]
    if hasattr(result, "get_params") and hasattr(result, "coef_"):
        return [np.asarray(result.coef_), np.asarray(result.intercept_)]
    if isinstance(result, gd.FunctionObjective):
        return answer(result.value_and_gradient(np.full((3, 4), 0.25)))
    if isinstance(result, Mapping):
        return [[str(name), answer(part, depth - 1)] for name, part in result.items()]
    if callable(getattr(result, "values", None)):  # a ray, a plane
        points = (np.array([0.0, 0.5]), np.array([0.0, 0.25]))
        return np.asarray(result.values(*points[: len(inspect.signature(result.values).parameters)]))
    if is_dataclass(result) and not isinstance(result, type):
        return [answer(getattr(result, f.name), depth - 1) for f in fields(result) if f.name not in UNTIMED]
    if isinstance(result, list | tuple):
        return [answer(part, depth - 1) for part in result]
    if hasattr(result, "__next__"):
        return [answer(part, depth - 1) for part in result]
    return type(result).__name__


def same(one: Any, other: Any, tolerance: float = 1e-9) -> bool:
    """Whether two answers are the same numbers, to rounding."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(same(a, b, tolerance) for a, b in zip(one, other, strict=True))
    if one is None or other is None:
        return one is other
    if isinstance(one, str | bytes) or isinstance(other, str | bytes):
        return isinstance(one, str | bytes) and isinstance(other, str | bytes) and one == other
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape:
        return False
    if a.dtype.kind not in "fiubc" or b.dtype.kind not in "fiubc":
        return a.dtype.kind == b.dtype.kind and bool(np.array_equal(a, b))
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))


def names(error: BaseException, allowed: tuple[str, ...]) -> bool:
    """Whether the message names the argument: of `along_ray(objective, w, v)` a linear objective's says W and V."""
    return any(
        re.search(rf"(?<![A-Za-z_]){re.escape(name)}(?![A-Za-z_])", str(error), re.IGNORECASE) for name in allowed
    )


def fault(want: str, outcome: Any, error: BaseException | None, right: Any, allowed: tuple[str, ...]) -> str | None:
    """What is wrong with an outcome, in a few words; None where it is as it should be."""
    if error is not None:
        told = f"{type(error).__name__}: {str(error)[:160]}"
        if want == SAME:
            return f"refused what is documented: {told}"
        if not isinstance(error, TypeError | ValueError):
            return f"another error: {told}"
        return None if names(error, allowed) else f"does not name {' or '.join(allowed)}: {told}"
    if want == SURVIVES:
        return None
    if want == REFUSED:
        return f"accepted: {repr(outcome)[:80]}"
    assert want in (SAME, EITHER)
    return None if same(outcome, right) else f"another answer: {repr(outcome)[:80]}; right: {repr(right)[:80]}"
