"""Every call of the compiled core with right arguments, and the same calls with wrong ones, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gdfast import _kernels

N, D, K, STEPS = 40, 7, 4, 6
HINGE, SQUARED_HINGE, CROSS_ENTROPY, SQUARED_ERROR, HUBER = range(5)
INPUTS = {"uint8": 0, "float16": 1, "float32": 2, "float64": 3}
# Settings and states of each rule.
RULES = [(0, 0), (1, 1), (1, 1), (1, 1), (2, 1), (3, 2), (4, 2)]
CASES = [("float64", False), ("uint8", False), ("float32", False), ("float64", True), ("float32", True)]
# Where an array may be of another type than it is here.
EITHER = [
    *((call, name, ("int32", "int64")) for call in ("rows", "unseen rows") for name in ("indices", "starts")),
    ("weighted_rows", "sums", ("float32", "float64")),
    *((call, "W", ("float32", "float64")) for call in ("evaluate", "differences", "take_steps 0")),
    *((call, "values", ("uint8", "float32", "float64")) for call in ("rows", "unseen rows")),
    ("dual_sums", "duals", ("float32", "float64")),
    ("first_not_finite", "X", ("float16", "float32", "float64")),
]
WRITTEN = {
    "evaluate": ("values", "gradient", "scores"),
    "weighted_rows": ("sums",),
    "differences": ("difference", "crossings"),
    "mix": ("values", "slopes", "coefficients"),
    "grid": ("values",),
    "take_steps": ("W", "values", "done"),
    "dual_epoch": ("W", "duals", "idle"),
    "dual_sums": ("sums",),
    "dual_squares": ("squares",),
    "gram": ("matrix", "largest"),
    "smoothed_in_span": ("there", "value", "slopes", "products"),
    "stack_products": ("products",),
    "stack_combination": ("combination",),
    "few_scores": ("scores",),
    "two_loops": ("coefficients",),
    "descend_quadratic": ("gradient", "w"),
    "descend_columns": ("changes", "sums", "w"),
}
Call = tuple[str, Callable[..., Any], dict[str, Any], dict[str, Any]]


# ---- right calls ----


def problem_arguments(dtype: str, is_sparse: bool, loss: int, rng: np.random.Generator) -> dict[str, Any]:
    X = rng.integers(0, 9, (N, D)).astype(dtype)
    regression = loss in (SQUARED_ERROR, HUBER)
    return {
        "X": sparse_rows(X) if is_sparse else X,
        "input": INPUTS[dtype],
        "labels": None if regression else rng.integers(0, K, N).astype(np.int32),
        "targets": rng.normal(size=(N, K)) if regression else None,
        "weights": rng.uniform(0.5, 1, N),
        "index": rng.integers(0, N, 2 * N),
        "mean": None if is_sparse else rng.normal(size=D),
        "scale": rng.uniform(1, 2, D),
        "loss": loss,
        "margin": 1.0,
        "normalizer": 1 / N,
        "n_classes": K,
        "has_bias": True,
    }


def row_arguments(X: np.ndarray) -> dict[str, Any]:
    n, d = X.shape
    return {
        "values": X.ravel().copy(),
        "indices": np.tile(np.arange(d, dtype=np.int32), n),
        "starts": np.arange(0, n * d + 1, d, dtype=np.int32),
        "shape": (n, d),
    }


def columns_arguments(is_sparse: bool, rng: np.random.Generator) -> dict[str, Any]:
    classes, columns = (part.ravel() for part in np.indices((K, D)))
    return {
        "values": rng.normal(size=N * D if is_sparse else (D, N)),
        "starts": np.arange(0, N * D + 1, N) if is_sparse else None,
        "rows": np.tile(np.arange(N), D) if is_sparse else None,
        "classes": classes,
        "columns": columns,
        "diagonal": rng.uniform(1, 2, (K, N)),
        "less": rng.uniform(0, 0.1, (K, N)),
        "more": rng.uniform(0, 0.1, (K, N)),
        "changes": np.zeros((K, N)),
        "sums": np.zeros((2, N)),
        "gradient": rng.normal(size=K * D),
        "w": np.zeros(K * D),
        "l1": np.full(K * D, 0.1),
        "l2": np.full(K * D, 0.1),
        "tolerance": 1e-6,
        "epochs": 5,
    }


def sparse_rows(X: np.ndarray) -> _kernels.SparseRows:
    return _kernels.SparseRows(**row_arguments(X))


def make(is_sparse: bool, arguments: dict[str, Any]) -> _kernels.Problem:
    return (_kernels.SparseProblem if is_sparse else _kernels.Problem)(*arguments.values())


def right_calls(dtype: str, is_sparse: bool) -> Iterator[Call]:
    """(name, what is called, its arguments, limits of the ints in them): each call is right as it is."""
    rng = np.random.default_rng(0)
    wide = dtype == "float64"
    real = np.float64 if wide else np.float32
    W = rng.normal(size=(K, D + 1)).astype(real)
    hinge = problem_arguments(dtype, is_sparse, HINGE, rng)
    limits = {"labels": K, "index": N}
    for loss in (HINGE, CROSS_ENTROPY, SQUARED_ERROR):
        arguments = problem_arguments(dtype, is_sparse, loss, rng)
        yield f"problem {loss}", lambda **a: make(is_sparse, a), arguments, limits
    problem = make(is_sparse, {**hinge, "index": None})
    yield "on_rows", problem.on_rows, {"index": rng.integers(0, N, 9), "normalizer": 1.0}, {"index": N}
    yield "with_pairs", problem.with_pairs, {"factors": rng.uniform(size=(N, K))}, {}
    curved = {"problem": problem, "factors": rng.uniform(size=(N, K)), "kind": 2}
    yield "with_curvature", _kernels.with_curvature, curved, {"kind": 3}
    yield "weighted_rows", _kernels.weighted_rows, {
        "problem": problem,
        "coefficients": rng.normal(size=(N, 2)), "sums": np.zeros((2, D + 1), real), "double_arithmetic": wide,
    }, {}  # fmt: skip
    yield "evaluate", problem.evaluate, {
        "W": W, "values": np.zeros(1), "gradient": np.zeros_like(W), "scores": np.zeros((N, K), real),
        "double_arithmetic": wide,
    }, {}  # fmt: skip
    yield "evaluate many", problem.evaluate, {
        "W": np.stack([W, W]), "values": np.zeros(2), "gradient": None, "scores": np.zeros((N, 2 * K), real),
        "double_arithmetic": wide,
    }, {}  # fmt: skip
    for scheme in range(3):
        yield f"differences {scheme}", problem.differences, {
            "W": W, "h": 1e-3, "scheme": scheme, "columns": np.array([0, 2, D]), "difference": np.zeros((K, 3)),
            "crossings": np.zeros((K, 3), np.int64),
        }, {"columns": D + 1}  # fmt: skip
    scores = rng.normal(size=(N, K))
    yield "mix", problem.mix, {
        "base": scores, "first": scores + 1, "second": None, "points": np.ones(1), "values": np.zeros(1),
        "slopes": np.zeros(1), "coefficients": np.zeros((N, K)),
    }, {}  # fmt: skip
    yield "mix on a plane", problem.mix, {
        "base": scores, "first": scores + 1, "second": scores - 1, "points": np.ones((5, 2)), "values": np.zeros(5),
        "slopes": np.zeros(5), "coefficients": None,
    }, {}  # fmt: skip
    yield "grid", problem.grid, {
        "base": scores, "first": scores + 1, "second": scores - 1, "a": np.ones(3), "b": np.ones(4),
        "values": np.zeros((3, 4)),
    }, {}  # fmt: skip
    for rule, (n_settings, n_states) in enumerate(RULES):
        yield f"take_steps {rule}", problem.take_steps, {
            "rule": rule, "settings": (0.5,) * n_settings, "order": rng.integers(0, N, 3 * STEPS),
            "starts": np.arange(0, 3 * STEPS + 1, 3), "rates": np.full(STEPS, 1e-3), "l1": 0.0, "l2": 1e-3,
            "penalize_bias": False, "mean_weight": 1.0, "first_step": 0, "W": W.copy(),
            "states": tuple(np.zeros_like(W) for _ in range(n_states)), "values": np.zeros(STEPS),
            "done": np.zeros(1, np.int64), "double_arithmetic": wide,
        }, {"order": N, "starts": 3 * STEPS + 1}  # fmt: skip
    if is_sparse:
        yield "take_steps, kept factors", problem.take_steps, {
            "rule": 0, "settings": (), "order": rng.integers(0, N, 3 * STEPS), "starts": np.arange(0, 3 * STEPS + 1, 3),
            "rates": np.full(STEPS, 1e-3), "l1": 0.0, "l2": 1e-3, "penalize_bias": False, "mean_weight": 1.0,
            "first_step": 0, "W": W.copy(), "states": (np.zeros_like(W), np.zeros(2)), "values": np.zeros(STEPS),
            "done": np.zeros(1, np.int64), "double_arithmetic": wide,
        }, {"order": N, "starts": 3 * STEPS + 1}  # fmt: skip
    yield "dual_squares", _kernels.dual_squares, {"problem": problem, "squares": np.zeros(N)}, {}
    order = rng.permutation(N)
    yield "dual_epoch", _kernels.dual_epoch, {
        "problem": problem, "order": order, "rows": order.copy(), "squares": np.ones(N), "unit": 1.0,
        "bias_square": 1.0, "mean_weight": 1.0, "duals": np.zeros((N, K), real), "idle": np.zeros(N, np.uint8),
        "W": W.copy(),
    }, {"order": N, "rows": N}  # fmt: skip
    yield "dual_sums", _kernels.dual_sums, {
        "problem": problem, "squares": np.ones(N), "mean_weight": 1.0, "duals": np.zeros((N, K), real),
        "sums": np.zeros((K, D + 1)), "as_given": False,
    }, {}  # fmt: skip
    if is_sparse:
        arguments = row_arguments(np.ones((N, D), dtype))
        yield "rows", lambda **a: _kernels.SparseRows(**a).first_fault(N * D, True), arguments, {}
        yield "unseen rows", lambda **a: make(True, {**hinge, "X": _kernels.SparseRows(**a)}), arguments, {
            "indices": D, "starts": N * D + 1,
        }  # fmt: skip
        rows = sparse_rows(np.ones((N, D), dtype))
        yield "first_fault", rows.first_fault, {"n_entries": N * D, "check_finite": True}, {}
        other = make(True, {**hinge, "X": rows, "index": None})
        same = make(True, {**hinge, "X": rows, "index": None})
        yield "share_tiles", other.share_tiles, {"other": same}, {}
    if dtype.startswith("float") and not is_sparse:
        yield "first_not_finite", _kernels.first_not_finite, {"X": hinge["X"]}, {}
    if not is_sparse:
        yield "gram", _kernels.gram, {
            "problem": problem, "roots": np.ones(N), "factor": 1.0, "double_arithmetic": wide,
            "matrix": np.zeros((D + 1, D + 1)), "largest": np.zeros(D + 1),
        }, {}  # fmt: skip
    pairs = {name: np.zeros((N, K), real) for name in ("terms", "center", "there")}
    yield "smoothed_in_span", _kernels.smoothed_in_span, {
        "terms": pairs["terms"], "changes": np.ones((3, N, K), real), "center": pairs["center"], "steps": np.zeros(3),
        "weights": np.ones(N), "mu": 1.0, "least": 1e-3, "there": pairs["there"], "value": np.zeros(1),
        "slopes": np.zeros(3), "products": np.zeros((3, 3)),
    }, {}  # fmt: skip
    flat = [rng.normal(size=N).astype(real) for _ in range(4)]
    yield "stack_products", lambda vector, **a: _kernels.stack_products(flat, [vector], **a), {
        "vector": flat[0], "products": np.zeros((4, 1)),
    }, {}  # fmt: skip
    yield "stack_combination", lambda row, **a: _kernels.stack_combination(rows=[flat[1], row], **a), {
        "row": flat[0], "factors": np.ones(2), "combination": np.zeros(N, real),
    }, {}  # fmt: skip
    yield "few_scores", _kernels.few_scores, {
        "X": rng.normal(size=(3, D)).astype(real), "W": rng.normal(size=(K, D)).astype(real),
        "bias": np.zeros(K, real), "scores": np.zeros((3, K), real),
    }, {}  # fmt: skip
    yield "two_loops", _kernels.two_loops, {
        "products": np.eye(6), "on_gradient": np.ones(6), "memory": 2, "pairs": 5, "coefficients": np.zeros(7),
    }, {}  # fmt: skip
    if wide and not is_sparse:
        A = rng.normal(size=(N, D))
        yield "descend_quadratic", _kernels.descend_quadratic, {
            "matrix": A.T @ A, "gradient": rng.normal(size=D), "w": np.zeros(D), "l1": np.full(D, 0.1),
            "l2": np.full(D, 0.1), "tolerance": 1e-6, "epochs": 5,
        }, {}  # fmt: skip
    if wide:
        yield "descend_columns", _kernels.descend_columns, columns_arguments(is_sparse, rng), {
            "starts": N * D + 1, "rows": N, "classes": K, "columns": D,
        }  # fmt: skip
    yield "permutation", _kernels.permutation, {"n": 9, "seed": 1, "epoch": 2}, {}
    yield "set_num_threads", _kernels.set_num_threads, {"n_threads": 1}, {}


def all_calls() -> Iterator[Call]:
    for dtype, is_sparse in CASES:
        for name, function, arguments, limits in right_calls(dtype, is_sparse):
            yield f"{name}, {'sparse ' * is_sparse}{dtype}", function, arguments, limits


# ---- wrong arguments ----


def wrong_arrays(
    right: np.ndarray, limit: int | None, written: bool, strided: bool, either: tuple[str, ...]
) -> Iterator[tuple[str, Any]]:
    yield "list", right.tolist()
    for dtype in ("float64", "float32", "float16", "uint8", "int32", "int64", "uint64", "complex128", "bool", "object"):
        if dtype != right.dtype.name and dtype not in either:
            with np.errstate(all="ignore"):
                yield dtype, right.astype(dtype)
    yield "structured", np.zeros(right.shape, dtype=[("a", right.dtype)])
    yield "dates", np.zeros(right.shape, dtype="M8[s]")
    if right.itemsize > 1:
        yield "byte order", right.astype(right.dtype.newbyteorder())
    yield "0-d", right[(0,) * right.ndim]
    yield "an axis more", right[None, None]
    yield "empty", right[:0]
    if not strided:
        yield "flat", right.ravel() if right.ndim > 1 else right[:, None]
        if right.shape[-1] > 1:
            yield "strided", np.repeat(right, 2, axis=-1)[..., ::2]
            yield "reversed", right[..., ::-1]
        if right.ndim > 1 and min(right.shape) > 1:
            yield "Fortran", np.asfortranarray(right)
            yield "transposed", right.T
        if right.itemsize > 1:
            memory = np.zeros(right.nbytes + 1, np.uint8)
            shifted = memory[1:].view(right.dtype).reshape(right.shape)
            shifted[...] = right
            yield "misaligned", shifted
    if written:
        frozen = right.copy()
        frozen.flags.writeable = False
        yield "read-only", frozen
        yield "broadcast", np.broadcast_to(np.zeros((), right.dtype), right.shape)
        yield "bytes", right.tobytes()
    if limit is not None:
        for value in (-1, limit, limit + 10**6, np.iinfo(right.dtype).min, np.iinfo(right.dtype).max):
            for place in (0, right.size // 2, right.size - 1):
                changed = right.copy()
                changed.flat[place] = value
                yield f"[{place}] = {value}", changed


def wrong_lengths(right: np.ndarray, may_grow: int | None) -> Iterator[tuple[str, Any]]:
    for axis in range(right.ndim):
        size = right.shape[axis]
        if axis != may_grow or right.ndim == 1:
            yield f"longer along {axis}", np.concatenate([right, right.take([0], axis)], axis)
        if size > 1:
            yield f"shorter along {axis}", np.ascontiguousarray(right.take(range(size - 1), axis))


NO_NUMBERS = [("str", "1"), ("complex", 1j), ("list", [1.0]), ("array", np.ones(3)), ("object", object())]
NO_INTEGERS = [*NO_NUMBERS, ("float", 1.0), ("too large", 10**30), ("far below 0", -(10**30))]
LARGEST = {"epochs": 2**31, "input": 4, "loss": 5, "n_classes": 2**31, "scheme": 3, "rule": 7, "n_entries": N * D + 1}
WRONG_SHAPES = [
    *[(N,), (N, D, 1), [N, D], (0, D), (N, 0), (-1, D), (N + 1, D), (N - 1, D), (2**62, D), (N, 2**62), (1.5, D), "ab"]
]
FREE = {"order": 0, "index": 0, "columns": 0}  # along which axis an array may have any length


def wrong_numbers(name: str, right: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(right, bool):
        yield from [*NO_INTEGERS, ("int", 1)]
    elif isinstance(right, int):
        yield from NO_INTEGERS
        yield "below 0", -1
        if name in LARGEST:
            yield "too large", LARGEST[name]
    else:
        yield from [*NO_NUMBERS, ("too large", 10**400)]
        if name == "h":
            yield from [("0", 0.0), ("below 0", -1.0), ("nan", float("nan")), ("infinite", float("inf"))]


def wrong_tuples(name: str, right: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    yield "list", [*right, 0.5]
    yield "None", None
    yield "one more", (*right, 0.5 if name == "settings" else np.zeros((K, D + 1)))
    yield "four more", (*right, *(0.5, 0.5, 0.5, 0.5, 0.5))
    if right:
        yield "one less", right[1:] if len(right) == 1 else right[:1]
        yield "strings", ("a",) * len(right)
        yield "None inside", (*right[:-1], None)


def wrong_values(name: str, right: Any, call: str, limits: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What `name` must not be, where the other arguments stay as they are."""
    written = any(call.startswith(start) and name in names for start, names in WRITTEN.items())
    if isinstance(right, np.ndarray):
        either = next((types for start, one, types in EITHER if call.startswith(start) and name == one), ())
        strided = name == "X" or (call.startswith("few_scores") and name == "bias")
        yield from wrong_arrays(right, limits.get(name), written, strided, either)
        if name not in FREE and name != "X":
            yield from wrong_lengths(right, 0 if (call.startswith("descend_columns") and name == "values") else None)
        if call.startswith("differences") and name == "columns":
            yield from [("falling", right[::-1].copy()), ("repeated", np.repeat(right, 2)), ("more", np.arange(D + 1))]
        if name == "starts":
            flat = right.copy()
            flat[1] = flat[2]
            if call.startswith("take_steps"):
                yield "a step of no rows", flat
            falling = right.copy()
            falling[[1, 2]] = falling[[2, 1]]
            if not call.startswith("rows"):  # which only tells where
                yield "falling", falling
        if call.startswith("take_steps") and name == "order":
            yield "shorter than the starts say", right[:-1].copy()
        if call.startswith("dual_epoch") and name in ("order", "rows"):
            yield "of another length than its fellow", right[:-1].copy()
    elif isinstance(right, tuple):
        if name == "shape":
            yield from ((str(shape), shape) for shape in WRONG_SHAPES)
        else:
            yield from wrong_tuples(name, right)
    elif isinstance(right, int | float):
        yield from wrong_numbers(name, right)
    elif right is not None:
        yield from [("None", None), ("type", type(right)), ("array", np.zeros((N, D))), ("bare", bare(right))]


def bare(right: Any) -> Any:
    """One that was never initialised."""
    return type(right).__new__(type(right))


# Lengths that must agree: either of the two may be named.
FELLOWS = {
    "W": ("values", "states[0]", "duals"),
    "columns": ("difference",),
    "points": ("values",),
    "a": ("values",),
    "b": ("values",),
    "order": ("starts", "rows"),
    "rates": ("starts",),
    "terms": ("changes",),
    "changes": ("steps",),
}
DESCENT_FELLOWS = {
    "gradient": ("matrix",),
    "values": ("starts", "rows", "columns"),
    "starts": ("columns",),
    "changes": ("sums", "classes", "diagonal"),
}


def fellows(call: str, name: str) -> tuple[str, ...]:
    """What an error about `name` may name in its place."""
    if call.startswith("few_scores"):  # types and lengths of one follow from another's
        return ("W", "scores")
    return (DESCENT_FELLOWS if call.startswith("descend") else FELLOWS).get(name, ())


def wrong_calls() -> Iterator[tuple[str, Callable[..., Any], dict[str, Any], str]]:
    for call, function, arguments, limits in all_calls():
        for name, right in arguments.items():
            for fault, value in wrong_values(name, right, call, limits):
                yield f"{call}: {name}: {fault}", function, {**arguments, name: value}, name
