"""Some 60 wrong values for every kind of argument, made from a right one, and what each must lead to.

An argument is a number in a range, an integer, a flag, one of some words, a function, a matrix, ... `Bad.make` turns
the right value of an example call into a wrong (or merely unusual) one:

REFUSED : TypeError or ValueError that names the argument
SAME : an answer, the one that the right value gives
EITHER : one of these two
SURVIVES : an answer of any kind, or TypeError or ValueError that names the argument: large numbers, other float types
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

REFUSED, SAME, EITHER, SURVIVES = "refused", "same", "either", "survives"


class Bad(NamedTuple):
    """A wrong value: its name, how it is made from the right one, what must come of it."""

    name: str
    make: Callable[[Any], Any]
    want: str = REFUSED


class Unavailable(Exception):
    """This wrong value can't be made from that right one (a matrix of one element has no other shape ...)."""


class _Index:
    def __init__(self, number: int) -> None:
        self.number = number

    def __index__(self) -> int:
        return self.number


def constant(name: str, value: Any, want: str = REFUSED) -> Bad:
    """The same wrong value whatever the right one is."""
    return Bad(name, lambda _: value, want)


NONE = constant("None", None)

NOTHING_LIKE_IT = (
    constant("text", "text"),
    constant("empty text", ""),
    constant("a digit as text", "1"),
    constant("bytes", b"1"),
    Bad("object()", lambda _: object()),
    constant("dict", {"a": 1}),
    constant("set", {1.5}),
    Bad("generator", lambda _: (i for i in (1.0, 2.0))),
    constant("the class float", float),
    constant("Ellipsis", ...),
    constant("complex", 1 + 2j),
    constant("numpy complex", np.complex128(1j)),
    constant("Decimal", Decimal("0.5")),
    constant("numpy's module", np),
    constant("np.ma.masked", np.ma.masked),
    constant("datetime64", np.datetime64("2020-01-01")),
    constant("timedelta64", np.timedelta64(1, "s")),
    constant("numpy text", np.str_("0.5")),
)

NOT_A_FUNCTION = (Bad("function", lambda _: lambda *_: 1.0),)

NOT_ONE_NUMBER = (
    constant("empty list", []),
    constant("nested list", [[1.0], [2.0]]),
    Bad("list of it", lambda v: [v]),
    Bad("tuple of it", lambda v: (v,)),
    Bad("array of it", lambda v: np.array([v])),
    Bad("0-d array", lambda v: np.array(v)),
    Bad("object array", lambda v: np.array(v, dtype=object)),
    constant("empty array", np.zeros(0)),
    constant("matrix", np.ones((2, 2))),
    constant("True", True),
    constant("False", False),
    constant("np.True_", np.True_),
)

NOT_FINITE = (
    constant("NaN", math.nan),
    constant("inf", math.inf),
    constant("-inf", -math.inf),
    constant("float64 NaN", np.float64(math.nan)),
    constant("float32 inf", np.float32(math.inf)),
    constant("longdouble NaN", np.longdouble(math.nan)),
    constant("float16 inf", np.float16(math.inf)),
)

BEYOND = (constant("10**400", 10**400), constant("-10**400", -(10**400)))

# The right numbers of the examples are exact in every float type, so that these are the same number.
OTHER_NUMBERS = (
    Bad("float64", np.float64, SAME),
    Bad("float32", np.float32, EITHER),
    Bad("float16", np.float16, EITHER),
    Bad("longdouble", np.longdouble, EITHER),
    Bad("Fraction", Fraction, EITHER),
)

LARGE = (
    constant("1e308", 1e308, SURVIVES),
    constant("largest float", np.finfo(np.float64).max, SURVIVES),
)
TINY = (
    constant("smallest float", 5e-324, SURVIVES),
    constant("1e-308", 1e-308, SURVIVES),
)
NEGATIVE = (
    constant("-1", -1),
    constant("-1.5", -1.5),
    constant("-1e308", -1e308),
    constant("-5e-324", -5e-324),
    constant("np.int8 -128", np.int8(-128)),
)
ZERO = (constant("0", 0), constant("0.0", 0.0), constant("-0.0", -0.0), constant("float32 zero", np.float32(0)))

_number = (*NOTHING_LIKE_IT, *NOT_A_FUNCTION, *NOT_ONE_NUMBER, *NOT_FINITE, *BEYOND, *OTHER_NUMBERS)
POSITIVE = (*_number, *NEGATIVE, *ZERO, *LARGE, *TINY)
NON_NEGATIVE = (*_number, *NEGATIVE, *LARGE, *TINY)
REAL = (*_number, *LARGE, *TINY)
FRACTION = (*_number, *NEGATIVE, constant("1.0", 1.0), constant("1", 1), constant("1e308", 1e308), *TINY)

_integer = (
    *NOTHING_LIKE_IT,
    *NOT_A_FUNCTION,
    *NOT_ONE_NUMBER,
    *NOT_FINITE,
    Bad("float of it", float),
    Bad("float64 of it", np.float64),
    constant("2.5", 2.5),
    constant("1e308", 1e308),
    constant("Fraction", Fraction(3, 2)),
    Bad("int64", np.int64, SAME),
    Bad("int8", np.int8, SAME),
    Bad("uint64", np.uint64, SAME),
    Bad("whole Fraction", Fraction, EITHER),
    Bad("__index__", _Index, EITHER),
    constant("-10**400", -(10**400)),
    constant("int32 minimum", -(2**31)),
    constant("int64 minimum", np.int64(-(2**63))),
    constant("-1", -1),
)
COUNT = (*_integer, constant("0", 0), constant("numpy zero", np.int32(0)))  # >= 1
COUNT_FROM_0 = _integer  # >= 0
# Where a large number costs nothing.
LARGE_INTEGER = (
    constant("2**31", 2**31, SURVIVES),
    constant("2**63", 2**63, SURVIVES),
    constant("10**400", 10**400, SURVIVES),
)

FLAG = (
    *(bad for bad in (*NOTHING_LIKE_IT, *NOT_A_FUNCTION)),
    *NOT_FINITE,
    *BEYOND,
    constant("0", 0),
    constant("1", 1),
    constant("1.0", 1.0),
    constant("the text True", "True"),
    constant("[True]", [True]),
    constant("0-d array", np.array(True)),
    constant("array", np.array([True])),
    constant("numpy one", np.int8(1)),
    Bad("numpy bool", np.bool_, SAME),
    NONE,
)

SEED = (
    *(bad for bad in NOTHING_LIKE_IT if bad.name != "numpy's module"),
    *NOT_A_FUNCTION,
    *NOT_ONE_NUMBER,
    *NOT_FINITE,
    constant("1.5", 1.5),
    constant("-1", -1),
    constant("np.random", np.random),
    Bad("RandomState", lambda _: np.random.RandomState(0)),
    Bad("BitGenerator", lambda _: np.random.PCG64(0)),
    constant("the class Generator", np.random.Generator),
    constant("int64 minimum", np.int64(-(2**63))),
    Bad("int64", np.int64, SAME),
    Bad("uint8", np.uint8, SAME),
    constant("2**64", 2**64, SURVIVES),
    constant("10**400", 10**400, SURVIVES),
)

WORD = (
    *(bad for bad in NOTHING_LIKE_IT if "text" not in bad.name),
    *NOT_A_FUNCTION,
    *NOT_FINITE,
    *BEYOND,
    constant("another word", "no such word"),
    constant("empty text", ""),
    Bad("upper case", lambda v: v.upper()),
    Bad("with a space", lambda v: v + " "),
    Bad("with a null", lambda v: v + "\0"),
    Bad("bytes of it", lambda v: v.encode()),
    Bad("list of it", lambda v: [v]),
    Bad("array of it", lambda v: np.array([v])),
    Bad("0-d array", lambda v: np.array(v), EITHER),
    Bad("numpy text", np.str_, EITHER),
    constant("0", 0),
    constant("True", True),
    constant("empty list", []),
)

PATH = (
    constant("number", 1.5),
    constant("integer", 1_000_000),
    constant("True", True),
    constant("empty list", []),
    Bad("list of it", lambda v: [v]),
    Bad("object()", lambda _: object()),
    constant("dict", {}),
    constant("the class float", float),
    constant("array", np.zeros(2)),
    constant("complex", 1j),
    constant("NaN", math.nan),
    Bad("function", lambda _: lambda: "path"),
    Bad("numpy text", lambda v: np.str_(v), SAME),
)


class _Value:
    """An object with the methods of an objective, which return nonsense."""

    def __init__(self, value: Any, gradient: Callable[[Any], Any]) -> None:
        self._value, self._gradient = value, gradient

    def value(self, w: Any) -> Any:
        return self._value

    def gradient(self, w: Any) -> Any:
        return self._gradient(np.asarray(w))

    def value_and_gradient(self, w: Any) -> Any:
        return self._value, self._gradient(np.asarray(w))


class _OnlyValue:
    def value(self, w: Any) -> float:
        return 1.0


FUNCTION = (
    constant("text", "text"),
    constant("empty text", ""),
    constant("bytes", b"1"),
    constant("1", 1),
    constant("0", 0),
    constant("1.5", 1.5),
    constant("NaN", math.nan),
    constant("10**400", 10**400),
    constant("True", True),
    constant("list", [1.0]),
    constant("empty list", []),
    constant("tuple", ()),
    constant("dict", {}),
    constant("array", np.ones(2)),
    constant("object array", np.array([None])),
    Bad("list of it", lambda v: [v]),
    Bad("object()", lambda _: object()),
    Bad("generator", lambda _: (i for i in (1.0, 2.0))),
    constant("np.ma.masked", np.ma.masked),
    constant("numpy's module", np),
    constant("complex", 1j),
    constant("datetime64", np.datetime64("2020-01-01")),
    constant("Ellipsis", ...),
)

OBJECTIVE = (
    *FUNCTION,
    NONE,
    Bad("its class", type),
    Bad("function", lambda _: lambda w: 1.0),
    Bad("only a value", lambda _: _OnlyValue()),
    Bad("value is text", lambda _: _Value("1", np.zeros_like)),
    Bad("value is None", lambda _: _Value(None, np.zeros_like)),
    Bad("value is complex", lambda _: _Value(1j, np.zeros_like)),
    Bad("value is an array", lambda _: _Value(np.ones(2), np.zeros_like)),
    Bad("gradient of another shape", lambda _: _Value(1.0, lambda w: np.zeros(w.size + 1))),
)
