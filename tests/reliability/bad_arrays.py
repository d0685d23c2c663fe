"""Wrong arrays, made from right ones: values, shapes, types, layouts in memory, and masks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from reliability.bad_values import EITHER, NONE, NOTHING_LIKE_IT, SAME, SURVIVES, Bad, Unavailable, constant


def _with(value: Any, at: int) -> Callable[[Any], Any]:
    """One element of a copy replaced."""

    def make(array: Any) -> Any:
        copy = np.array(array)
        copy.reshape(-1)[at] = value
        return copy

    return make


def _filled(value: float) -> Callable[[Any], Any]:
    return lambda array: np.full_like(array, value)


def _reshaped(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An array of another shape, or Unavailable."""

    def make(array: Any) -> Any:
        other = np.asarray(change(array))
        if other.shape == np.shape(array):
            raise Unavailable
        return other

    return make


def _like(array: Any, dtype: Any) -> Any:
    """The values in another type; zeros where a type has no such values."""
    try:
        with np.errstate(all="ignore"):
            return np.asarray(array).astype(dtype)
    except (TypeError, ValueError):
        return np.zeros(np.shape(array), dtype)


def misaligned(array: Any) -> Any:
    """The same numbers, one byte off."""
    array = np.asarray(array)
    other = np.zeros(array.nbytes + 1, dtype=np.uint8)[1:].view(array.dtype).reshape(array.shape)
    other[...] = array
    return other


def read_only(array: Any) -> Any:
    """A copy that must not be written to."""
    other = np.array(array)
    other.setflags(write=False)
    return other


def _strided(array: Any, axis: int) -> Any:
    array = np.asarray(array)
    if array.ndim == 0:
        raise Unavailable
    return np.repeat(array, 2, axis=axis)[(slice(None),) * (axis % array.ndim) + (slice(None, None, 2),)]


def _backwards(array: Any) -> Any:
    array = np.asarray(array)
    return np.array(array[::-1])[::-1]


def _masked(array: Any, hidden: bool) -> Any:
    other = np.ma.MaskedArray(np.array(array), mask=False)
    if hidden:
        other[(0,) * other.ndim] = np.ma.masked
    return other


class _Subclass(np.ndarray):
    pass


class _ArrayInterface:
    """What NumPy can make an array of."""

    def __init__(self, array: Any) -> None:
        self._array = np.array(array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._array if dtype is None else self._array.astype(dtype)


def _ragged(array: Any) -> Any:
    rows = np.asarray(array).tolist()
    if np.ndim(array) != 2:
        raise Unavailable
    return [*rows[:-1], rows[-1][:-1]]


def _list_with(value: Any) -> Callable[[Any], Any]:
    def make(array: Any) -> Any:
        values = np.asarray(array).tolist()
        if isinstance(value, list) and np.size(array) == 1:
            raise Unavailable
        if isinstance(values[0], list):
            values[0][0] = value
        else:
            values[0] = value
        return values

    return make


NOT_AN_ARRAY = (
    *(bad for bad in NOTHING_LIKE_IT),
    Bad("function", lambda _: lambda *_: 1.0),
    constant("True", True),
    constant("object array of None", np.array([None])),
    constant("text array", np.array(["a"])),
    Bad("generator of rows", lambda v: (row for row in np.asarray(v))),
    Bad("ragged list", _ragged),
    Bad("list with None", _list_with(None)),
    Bad("list with text", _list_with("1.0")),
    Bad("list with 10**400", _list_with(10**400)),
    Bad("list with a list", _list_with([1.0])),
    Bad("list with complex", _list_with(1j)),
    Bad("masked array", lambda v: _masked(v, True)),
    Bad("masked array without a mask", lambda v: _masked(v, False)),
    Bad("dict of rows", lambda v: dict(enumerate(np.asarray(v)))),
)

OTHER_TYPES = (
    Bad("complex128", lambda v: _like(v, np.complex128)),
    Bad("complex64", lambda v: _like(v, np.complex64)),
    Bad("object dtype", lambda v: _like(v, object)),
    Bad("object dtype with None", lambda v: _with(None, -1)(_like(v, object))),
    Bad("object dtype with 10**400", lambda v: _with(10**400, 0)(_like(v, object))),
    Bad("text dtype", lambda v: _like(v, "U8")),
    Bad("bytes dtype", lambda v: _like(v, "S8")),
    Bad("StringDType", lambda v: _like(v, np.dtypes.StringDType())),
    Bad("bool dtype", lambda v: _like(v, bool)),
    Bad("datetime64 dtype", lambda v: _like(v, "datetime64[s]")),
    Bad("timedelta64 dtype", lambda v: _like(v, "timedelta64[s]")),
    Bad("structured dtype", lambda v: np.zeros(np.shape(v), dtype=[("a", "f8")])),
    Bad("void dtype", lambda v: np.zeros(np.shape(v), dtype="V8")),
)
INTEGER_TYPES = tuple(
    Bad(f"{name} dtype", lambda v, name=name: _like(v, name)) for name in ("int64", "int32", "int8", "uint8", "uint64")
)
FLOAT_TYPES = tuple(
    Bad(f"{name} dtype", lambda v, name=name: _like(v, name), SURVIVES) for name in ("float16", "float32", "longdouble")
)

LAYOUTS = (
    Bad("read-only", read_only, SAME),
    Bad("Fortran order", lambda v: np.array(v, order="F"), SAME),
    Bad("strided rows", lambda v: _strided(v, 0), SAME),
    Bad("strided columns", lambda v: _strided(v, -1), EITHER),
    Bad("from the last to the first", _backwards, EITHER),
    Bad("misaligned", misaligned, EITHER),
    Bad("byte-swapped", lambda v: np.asarray(v).astype(np.asarray(v).dtype.newbyteorder()), EITHER),
    Bad("subclass", lambda v: np.array(v).view(_Subclass), EITHER),
    Bad("list", lambda v: np.asarray(v).tolist(), EITHER),
    Bad("tuple", lambda v: tuple(np.asarray(v).tolist()), EITHER),
    Bad("list of arrays", lambda v: list(np.array(v)), EITHER),
    Bad("memoryview", lambda v: memoryview(np.array(v)), EITHER),
    Bad("__array__", _ArrayInterface, EITHER),
    Bad("strided, read-only and misaligned", lambda v: _read_only_view(_strided(misaligned(v), 0)), EITHER),
)


def _read_only_view(array: Any) -> Any:
    array.setflags(write=False)
    return array


SHAPES = (
    Bad("empty", _reshaped(lambda v: np.zeros(0, np.asarray(v).dtype))),
    Bad("no rows", _reshaped(lambda v: np.asarray(v)[:0])),
    Bad("no columns", _reshaped(lambda v: np.asarray(v)[..., :0])),
    Bad("0-d", _reshaped(lambda v: np.asarray(v).reshape(-1)[0])),
    Bad("one element", _reshaped(lambda v: np.asarray(v).reshape(-1)[:1])),
    Bad("one by one", _reshaped(lambda v: np.asarray(v).reshape(-1)[:1].reshape(1, 1))),
    Bad("a row less", _reshaped(lambda v: np.asarray(v)[:-1])),
    Bad("a row more", _reshaped(lambda v: np.concatenate([v, np.asarray(v)[-1:]]))),
    Bad("twice", _reshaped(lambda v: np.concatenate([v, v]))),
    Bad("a column less", _reshaped(lambda v: np.asarray(v)[..., :-1])),
    Bad("a column more", _reshaped(lambda v: np.concatenate([v, np.asarray(v)[..., -1:]], axis=-1))),
    Bad("transposed", _reshaped(np.transpose)),
    Bad("flattened", _reshaped(np.ravel)),
    Bad("one axis before", _reshaped(lambda v: np.asarray(v)[None])),
    Bad("one axis more", _reshaped(lambda v: np.asarray(v)[..., None])),
    Bad("32 axes more", _reshaped(lambda v: np.asarray(v).reshape(np.shape(v) + (1,) * 32))),
    Bad("huge, of stride 0", _reshaped(lambda v: np.broadcast_to(np.asarray(v).reshape(-1)[0], (2**40, 3)))),
)
EMPTY = tuple(bad for bad in SHAPES if bad.name in ("empty", "no rows", "no columns"))

NOT_FINITE = (
    Bad("NaN first", _with(math.nan, 0)),
    Bad("NaN last", _with(math.nan, -1)),
    Bad("inf", _with(math.inf, 0)),
    Bad("-inf", _with(-math.inf, -1)),
    Bad("all NaN", _filled(math.nan)),
    Bad("float32 NaN", lambda v: _with(math.nan, 0)(_like(v, np.float32))),
    Bad("longdouble beyond float64", lambda v: _with(np.longdouble("1e4000"), 0)(_like(v, np.longdouble))),
    Bad("NaN in a list", _list_with(math.nan)),
)
EXTREME = (
    Bad("all 1e308", _filled(1e308), SURVIVES),
    Bad("one -1e308", _with(-1e308, 0), SURVIVES),
    Bad("all 5e-324", _filled(5e-324), SURVIVES),
    Bad("all zero", _filled(0.0), SURVIVES),
    Bad("all -0.0", _filled(-0.0), SURVIVES),
)

_array = (*NOT_AN_ARRAY, *OTHER_TYPES, *LAYOUTS, NONE, constant("1.5", 1.5), constant("NaN", math.nan))
"""Of a fixed number of axes, so that a number is none."""

WEIGHTS = (*_array, *INTEGER_TYPES, *FLOAT_TYPES, *SHAPES, *NOT_FINITE, *EXTREME)
"""A float array of one shape."""

POINT = tuple(
    bad._replace(want=SURVIVES) if bad.name == "longdouble beyond float64" else bad
    for bad in (
        *NOT_AN_ARRAY,
        *OTHER_TYPES,
        *LAYOUTS,
        NONE,
        *INTEGER_TYPES,
        *FLOAT_TYPES,
        *EMPTY,
        *NOT_FINITE,
        *EXTREME,
    )
)
"""A float array of any shape."""

REAL_ROW = (
    *_array,
    *FLOAT_TYPES,
    *SHAPES,
    *NOT_FINITE,
    *EXTREME,
    *(bad._replace(want=SURVIVES) for bad in INTEGER_TYPES),
)
"""Real numbers of one shape, integers among them."""

POSITIVE_ROW = (
    *(bad for bad in REAL_ROW if not (bad.name.startswith(("all zero", "all -0.0", "one -1e308")))),
    Bad("all zero", _filled(0.0)),
    Bad("all -0.0", _filled(-0.0)),
    Bad("one zero", _with(0.0, -1)),
    Bad("one negative", _with(-1.0, 0)),
)
NON_NEGATIVE_ROW = (
    *(bad for bad in REAL_ROW if not (bad.name.startswith(("all zero", "all -0.0", "one -1e308")))),
    Bad("all zero", _filled(0.0)),
    Bad("one negative", _with(-1.0, 0)),
    Bad("one -5e-324", _with(-5e-324, 0)),
)

SEVERAL = (
    *_array,
    *FLOAT_TYPES,
    *NOT_FINITE,
    *EXTREME,
    *EMPTY,
    *(bad._replace(want=SURVIVES) for bad in INTEGER_TYPES),
    *(bad for bad in SHAPES if "axes" in bad.name or "axis" in bad.name or bad.name in ("0-d", "one by one")),
    constant("more than fit in memory", np.broadcast_to(1.0, 2**40)),
)
"""Real numbers (m,), any m >= 1."""

_labels = (
    *NOT_AN_ARRAY,
    *OTHER_TYPES,
    *LAYOUTS,
    NONE,
    constant("1.5", 1.5),
    *SHAPES,
    Bad("float dtype", lambda v: _like(v, float)),
    Bad("float16 dtype", lambda v: _like(v, np.float16)),
    Bad("one half", lambda v: _with(0.5, 0)(_like(v, float))),
    Bad("NaN", lambda v: _with(math.nan, 0)(_like(v, float))),
    Bad("-1", _with(-1, -1)),
    Bad("int64 minimum", _with(-(2**63), 0)),
    Bad("2**32, which int32 makes 0", _with(2**32, 0)),
    Bad("2**63", lambda v: _with(2**63, 0)(_like(v, np.uint64))),
    Bad("2**64 - 1", lambda v: _with(2**64 - 1, 0)(_like(v, np.uint64))),
    Bad("int8 dtype", lambda v: _like(v, np.int8), SAME),
    Bad("uint8 dtype", lambda v: _like(v, np.uint8), SAME),
    Bad("int32 dtype", lambda v: _like(v, np.int32), SAME),
    Bad("uint64 dtype", lambda v: _like(v, np.uint64), SAME),
)
LABELS = _labels
"""Integers (n,) >= 0; how many classes follows from them."""


def indices(size: int) -> tuple[Bad, ...]:
    """Integers (m,) in [0, size)."""
    return (
        *(bad for bad in _labels if bad.name in CHANGES_OF_INDICES or bad not in SHAPES),
        Bad("the size", _with(size, 0)),
        Bad("size + 1", _with(size + 1, -1)),
        Bad("2**31", _with(2**31, 0)),
    )


CHANGES_OF_INDICES = ("empty", "no rows", "0-d", "one by one", "one axis before", "one axis more", "32 axes more")


def labels(n_classes: int) -> tuple[Bad, ...]:
    """Integers (n,) in [0, n_classes)."""
    return (*LABELS, Bad("K", _with(n_classes, 0)), Bad("K + 1", _with(n_classes + 1, -1)))


def matrix(rows: int | None = None) -> tuple[Bad, ...]:
    """X, dense: (n, d) of float64, of any d, and of any n where nothing else says how many rows."""
    free = {"a column less", "a column more", "huge, of stride 0"}
    free |= set() if rows else {"a row less", "a row more", "twice", "transposed", "one by one"}
    return (
        *_array,
        *(bad for bad in SHAPES if bad.name not in free),
        *NOT_FINITE,
        *EXTREME,
        *FLOAT_TYPES,
        *(bad for bad in INTEGER_TYPES if bad.name != "uint8 dtype"),
        Bad("uint8 dtype", lambda v: _like(np.abs(v), np.uint8), SURVIVES),
        Bad("np.matrix", np.asmatrix, EITHER),
        *(
            Bad(f"sparse {name}", lambda v, name=name: getattr(sparse, f"{name}_array")(v))
            for name in ("csc", "coo", "lil", "dok", "bsr", "dia")
        ),
    )


def matrix_of_weights() -> tuple[Bad, ...]:
    """W (k, d) of a model, of any k and d."""
    free = {"a row less", "a row more", "twice", "transposed", "a column less", "a column more", "one by one"}
    free.add("huge, of stride 0")
    return tuple(bad for bad in WEIGHTS if bad.name not in free)
