"""What each argument is, by its name: the right value of the example call, and the wrong values that are made from it.

A public function is tested because it is public: its arguments are read from its signature and looked up here, under
"function.argument" first, then under "argument" alone. A name that is found in neither place fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

import gdfast as gd
from reliability import bad_arrays as arrays
from reliability import bad_values as values
from reliability.bad_values import EITHER, SURVIVES, Bad, constant

# Every number is exact in float16, so that narrower types hold the same ones.
X = np.array(
    [
        [1.0, 0.5, -2.0],
        [0.0, 1.5, 1.0],
        [2.0, -1.0, 0.5],
        [-1.0, 0.25, 3.0],
        [0.5, 0.5, 0.0],
        [1.0, 2.0, -0.5],
        [-0.75, 1.0, 1.0],
        [3.0, 0.0, 2.0],
    ]
)
Y = np.array([0, 1, 2, 0, 1, 2, 1, 0])
W = np.array([[0.5, -0.25, 1.0, 0.125], [0.25, 0.75, -0.5, 0.0], [-1.0, 0.5, 0.25, -0.125]])
V = np.array([[0.25, 0.5, -0.5, 1.0], [-1.0, 0.125, 0.5, 0.25], [0.5, 1.0, 0.75, -0.5]])
U = np.array([[1.0, 0.0, 0.5, 0.25], [0.5, -0.5, 0.25, 1.0], [0.125, 0.5, 0.25, 0.75]])
SIZE = W.size


def linear(X: Any = X, loss: Any = None, **options: Any) -> gd.LinearObjective:
    """The objective of the example calls."""
    return gd.LinearObjective(X, Y.copy(), gd.CrossEntropy() if loss is None else loss, gd.L2(0.125), **options)


def bowl(w: Any) -> float:
    """A function of an array of any shape."""
    return float(np.sum(np.square(w, dtype=np.float64)))


def bowl_gradient(w: Any) -> Any:
    """Its gradient."""
    return w + w


def squares(scores: Any, y: Any) -> Any:
    """A loss of one's own: half the squared distance of a row's scores from the one-hot vector of its label."""
    distance = scores - np.eye(scores.shape[1])[y]
    return 0.5 * np.sum(distance**2, axis=1), distance


@dataclass(frozen=True)
class Argument:
    """A right value, the wrong ones, and what the call needs beside it.

    `extra` are other arguments that this one needs (or, with the value LEFT_OUT, excludes); `called` other names under
    which a message may speak of it.
    """

    right: Callable[[], Any]
    bad: tuple[Bad, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)
    called: tuple[str, ...] = ()


LEFT_OUT, GIVEN = object(), object()
"""In place of an argument's value: the example call has no such argument; it has it, with its right value."""


def number(right: float, bad: tuple[Bad, ...], **extra: Any) -> Argument:
    """A number, made anew by being immutable."""
    return Argument(lambda: right, bad, extra)


def copy_of(array: np.ndarray, bad: tuple[Bad, ...], **extra: Any) -> Argument:
    """An array, a fresh copy for every call."""
    return Argument(array.copy, bad, extra)


def function(right: Callable[..., Any], **extra: Any) -> Argument:
    """A callable."""
    return Argument(lambda: right, values.FUNCTION, extra)


NON_FINITE_POINT = tuple(bad._replace(want=SURVIVES) if bad in arrays.NOT_FINITE else bad for bad in arrays.POINT)
"""A float array of any shape; NaN and infinity are outcomes there."""

CONTAINERS = tuple(bad for bad in arrays.POINT if bad.name != "dict of rows")
"""A point of several parameters as well: the function of the example call takes no dict."""

CONTAINERS = tuple(bad for bad in arrays.POINT if bad.name != "dict of rows")
"""A point of several parameters as well: the function of the example call takes no dict."""

# Words that both a loss and a regularizer may not be.
_objects = (*values.FUNCTION, constant("1j", 1j), Bad("its class", type), Bad("a function", lambda _: lambda w: 1.0))

ARGUMENTS: dict[str, Argument] = {
    # objectives
    "objective": Argument(linear, values.OBJECTIVE, called=("value", "gradient")),
    "X": Argument(X.copy, arrays.matrix(len(X)), called=("y",)),
    "y": copy_of(Y, arrays.LABELS),
    "loss": Argument(gd.Hinge, _objects),
    "regularizer": Argument(lambda: gd.L2(0.25), _objects),
    "bias": number(True, values.FLAG),
    "penalize_bias": number(True, values.FLAG),
    "classifies": number(True, values.FLAG),
    "check_finite": number(True, values.FLAG),
    "sample_weight": copy_of(np.array([1.0, 2, 0.5, 1, 1, 0, 3, 0.25]), arrays.NON_NEGATIVE_ROW),
    "row_weights": copy_of(
        np.array([1.0, 0.5, 0, 2]), tuple(bad for bad in arrays.NON_NEGATIVE_ROW if bad.name != "all zero")
    ),
    "mean": copy_of(np.array([0.5, -1.0, 2.0]), arrays.REAL_ROW),
    "scale": copy_of(np.array([0.5, 1.0, 2.0]), arrays.POSITIVE_ROW),
    "n_classes": Argument(lambda: 3, values.COUNT, called=("y",)),
    "memory_limit": number(
        100,
        (
            *(bad for bad in values.COUNT if bad.name != "a digit as text"),
            constant("1 GX", "1 GX"),
            constant("no number", "GB"),
        ),
    ),
    "indices": copy_of(np.array([0, 3, 1, 2]), arrays.indices(8)),
    "W": copy_of(W, arrays.WEIGHTS),
    "V": copy_of(V, arrays.WEIGHTS),
    "U": copy_of(U, arrays.WEIGHTS),
    "w": copy_of(W, arrays.WEIGHTS),
    "v": copy_of(V, arrays.WEIGHTS),
    "u": copy_of(U, arrays.WEIGHTS),
    "Ws": copy_of(np.stack([W, V]), arrays.WEIGHTS),
    "out": Argument(lambda: "scores.npy", values.PATH, called=("path",)),
    "scores": Argument(
        X.copy,
        tuple(bad for bad in arrays.WEIGHTS if bad.name not in ("a column more", "huge, of stride 0")),
        called=("y",),
    ),
    # functions and their points
    "f": function(bowl),
    "value": function(bowl),
    "gradient": function(bowl_gradient),
    "x": copy_of(W, arrays.POINT),
    "at": copy_of(W, arrays.POINT),
    "direction": copy_of(V, arrays.REAL_ROW),
    "h": number(0.125, values.POSITIVE),
    "hs": copy_of(np.array([0.5, 0.25]), (*arrays.SEVERAL, *(b for b in arrays.POSITIVE_ROW if b.name == "one zero"))),
    "rtol": number(0.5, values.POSITIVE),
    "scheme": number("forward", values.WORD),  # type: ignore[arg-type]
    "coordinates": copy_of(np.array([0, 3, 5, 7]), arrays.indices(SIZE)),
    "vectorized": number(False, values.FLAG),
    "error": number(False, values.FLAG),
    "rng": number(0, values.SEED),
    # runs
    "w0": copy_of(W, arrays.WEIGHTS),
    "optimizer": Argument(gd.Adam, (*values.FUNCTION, Bad("its class", type), values.NONE)),
    "step": number(0.125, tuple(bad for bad in values.POSITIVE if bad.name != "function")),
    "batches": Argument(
        lambda: gd.MiniBatches(3),
        (
            *(bad for bad in values.FUNCTION if bad.name not in ("1", "10**400")),
            Bad("its class", type),
            constant("1 row", 1, SURVIVES),
            constant("10**400 rows", 10**400, SURVIVES),
            constant("-1 rows", -1),
            constant("of 2**63 rows", gd.MiniBatches(2**63), SURVIVES),
            constant("of 10**400 rows", gd.MiniBatches(10**400), SURVIVES),
        ),
    ),
    "max_steps": number(3, (*values.COUNT_FROM_0,)),
    "epochs": number(3, values.COUNT_FROM_0, max_steps=LEFT_OUT),
    "gtol": number(0.125, values.NON_NEGATIVE),
    "tol": number(0.125, values.POSITIVE),
    "gap_tol": number(0.125, values.NON_NEGATIVE),
    "evaluate_every": number(2, (*values.COUNT, *values.LARGE_INTEGER, constant("Never", "Never"))),
    "metrics": Argument(
        lambda: {"norm": bowl},
        (
            *(bad for bad in values.FUNCTION if bad.name != "dict"),
            constant("dict of numbers", {"a": 1.0}),
            constant("dict of None", {"a": None}),
            constant("key a number", {1: len}),
            constant("key None", {None: len}),
            Bad("function", lambda _: len),
        ),
    ),
    "callback": function(lambda k, w, value: None),
    "callback_every": number(2, (*values.COUNT, *values.LARGE_INTEGER)),
    "clip": number(0.5, values.POSITIVE),
    "progress": number(False, values.FLAG),
    "checkpoint": Argument(lambda: gd.Checkpoint("run.npz"), (*values.FUNCTION, Bad("its class", type))),
    "max_passes": number(3, values.POSITIVE),
    "keep_weights": number(True, values.FLAG),
    "n": number(3, values.COUNT),
    "shape": Argument(
        lambda: (3, 4),
        (
            *values.NOTHING_LIKE_IT,
            *values.NOT_FINITE,
            constant("()", ()),
            constant("(0,)", (0,)),
            constant("(-1, 4)", (-1, 4)),
            constant("(3.0, 4)", (3.0, 4)),
            constant("(True, 4)", (True, 4)),
            constant("(3, None)", (3, None)),
            constant("-1", -1),
            constant("0", 0),
            constant("2.5", 2.5),
            constant("10**400", 10**400),
            constant("(2**40, 2**40)", (2**40, 2**40)),
            constant("((3, 4),)", ((3, 4),)),
            constant("(4, 3)", (4, 3)),
            Bad("array", np.array, EITHER),
            Bad("list", list, EITHER),
        ),
    ),
    "x0": Argument(lambda: (1, 0, 1), ()),
    "neighbors": function(lambda bits: [(*bits[:i], 1 - bits[i], *bits[i + 1 :]) for i in range(len(bits))]),
    "maximize": number(False, values.FLAG),
    "restarts": number(1, values.COUNT_FROM_0),
    "max_evaluations": number(100, values.COUNT),
    "path": Argument(lambda: "file.npz", values.PATH),
    "every": number(2, (*values.COUNT, *values.LARGE_INTEGER)),
    # settings of optimizers, schedules, line searches
    **{name: number(0.5, values.FRACTION) for name in ("momentum", "decay", "beta1", "beta2")},
    "eps": number(0.125, values.POSITIVE),
    "weight_decay": number(0.125, values.NON_NEGATIVE),
    "momentum_decay": number(0.125, values.NON_NEGATIVE),
    "start": number(2, (*values.COUNT_FROM_0, *values.LARGE_INTEGER)),
    "rank": number(3, (*values.COUNT, *values.LARGE_INTEGER)),
    "memory": number(3, (*values.COUNT, *values.LARGE_INTEGER)),
    "preconditioner": Argument(lambda: gd.GramPreconditioner(rows=5), tuple(b for b in _objects if b.name != "None")),
    "rows": number(3, (*values.COUNT, *values.LARGE_INTEGER)),
    "renew": number(False, values.FLAG),
    "products": number(3, (*values.COUNT, *values.LARGE_INTEGER)),
    "period": number(3, (*values.COUNT, *values.LARGE_INTEGER)),
    "seed": number(3, (*values.COUNT_FROM_0, constant("2**64", 2**64), constant("10**400", 10**400))),
    **{
        name: number(0.5, values.POSITIVE)
        for name in ("rate", "factor", "margin", "delta", "peak", "power", "max_step", "smoothing")
    },
    **{name: number(0.125, values.NON_NEGATIVE) for name in ("end", "strength", "l1", "l2")},
    "rise": number(0.5, (*values.FRACTION, *values.ZERO)),
    **{name: number(2.0, values.POSITIVE) for name in ("start_divisor", "end_divisor")},
    "multiplier": number(2, (*values.COUNT, *values.LARGE_INTEGER)),
    "shrink": number(0.5, (*values.FRACTION, *values.ZERO)),
    "sufficient": number(0.25, (*values.FRACTION, *values.ZERO)),
    "curvature": number(0.5, (*values.FRACTION, *values.ZERO)),
    "size": number(3, (*values.COUNT, *values.LARGE_INTEGER)),
    "shuffle": number(True, values.FLAG),
    "window": number(5, (*values.COUNT, *values.LARGE_INTEGER)),
    "blocks": number(2, (*values.COUNT, *values.LARGE_INTEGER)),
    "n_samples": number(8, values.COUNT),
    "epoch": number(1, (*values.COUNT_FROM_0,)),
    "k": number(1, values.COUNT_FROM_0),
    "names": Argument(
        lambda: ("W",),
        (constant("5", 5), constant("two", ("a", "b")), constant("numbers", (1,)), constant("a set", {"W"})),
    ),
    "nondeterminism": number(0.125, values.NON_NEGATIVE),
    # landscapes
    "steps": copy_of(np.array([0.0, 0.5, 1.0]), arrays.SEVERAL),
    "a": copy_of(np.array([0.0, 0.5, 1.0]), arrays.SEVERAL),
    "b": copy_of(np.array([0.0, 0.25]), arrays.SEVERAL),
    "index": Argument(lambda: (1, 2), ()),
    "values": copy_of(np.array([0.0, 0.5, 1.0]), arrays.SEVERAL),
    "max_terms": number(5, (*values.COUNT, *values.LARGE_INTEGER)),
    "normalize": number("row", values.WORD),  # type: ignore[arg-type]
    "like": copy_of(W, arrays.POINT),
    "W0": copy_of(W, arrays.WEIGHTS),
    "W1": copy_of(V, arrays.WEIGHTS),
    "lo": number(-0.5, values.REAL),
    "length": number(0.5, values.NON_NEGATIVE),
    "hi": number(0.5, values.REAL),
}


def csr() -> Any:
    """X as CSR."""
    return sparse.csr_array(X)
