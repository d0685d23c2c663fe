"""How far each kernel is from exact arithmetic: the worst of many random examples, in units in the last place.

An error is counted in `eps * magnitude`, with eps the spacing of the arithmetic's type at 1, and the magnitude that of
`precise`: the sum of the sizes of whatever the number is the sum of. Beside it stands what NumPy comes to where the
formula is written down in the same type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gdfast import _kernels
from kernel_calls import CROSS_ENTROPY, HINGE, HUBER, INPUTS, SQUARED_ERROR, SQUARED_HINGE
from reliability import precise
from reliability.precise import Long

NAMES = {
    HINGE: "hinge",
    SQUARED_HINGE: "squared_hinge",
    CROSS_ENTROPY: "cross_entropy",
    SQUARED_ERROR: "squared_error",
    HUBER: "huber",
}
SHAPES = ((1, 1, 2), (5, 3, 3), (9, 8, 5), (4, 17, 10), (33, 5, 2), (3, 70, 17), (70, 33, 4))
"""Rows, features, classes: less than a vector of each, and more than a tile."""

Found = dict[str, list[float]]
"""By what was computed, and in which type: the worst error of gdfast, that of NumPy, how many numbers there were."""
MEASURES: dict[str, Callable[[np.random.Generator, int, Found], None]] = {}


def measures(*kernels: str) -> Callable[[Any], Any]:
    """What measures these kernels of the core."""

    def keep(function: Any) -> Any:
        for kernel in kernels:
            MEASURES[kernel] = function
        return function

    return keep


class Worst(float):
    """The largest of so many errors."""

    count: int


def units(got: Any, exact: Any, size: Any, real: Any) -> Worst:
    """The largest error, in eps times the magnitude; what is below the type's normal numbers counts as nothing."""
    facts = np.finfo(real)
    unit = Long(facts.eps) * size + 4 * Long(facts.tiny)
    error = np.abs(np.asarray(got, dtype=Long) - exact) / unit
    assert not np.isnan(error).any()
    worst = Worst(error.max(initial=0))
    worst.count = error.size
    return worst


def note(found: Found, name: str, ours: Worst, theirs: float = 0.0) -> None:
    """Keep the worst, of every loss but softmax under one name."""
    for loss in NAMES.values():
        if loss != NAMES[CROSS_ENTROPY]:
            name = name.replace(f", {loss}:", ":")
    worst = found.setdefault(name, [0.0, 0.0, 0])
    worst[:] = max(worst[0], ours), max(worst[1], theirs), worst[2] + ours.count


def spread(rng: np.random.Generator, shape: Any, decades: float) -> Any:
    """Numbers of both signs, over so many powers of ten up and down."""
    return rng.normal(size=shape) * 10.0 ** rng.uniform(-decades, decades, shape)


# ---- one pass over rows ----


class Batch:
    """Stacked problems of one shape: what the kernel is given, and the same in longdouble."""

    def __init__(self, rng: np.random.Generator, kind: str, loss: int, e: int, shape: tuple[int, int, int]) -> None:
        n, d, k = shape
        self.is_sparse, self.dtype = kind.startswith("sparse "), kind.removeprefix("sparse ")
        self.wide = self.dtype == "float64"
        self.real: Any = np.float64 if self.wide else np.float32
        self.eps, self.loss, self.name = float(np.finfo(self.real).eps), loss, NAMES[loss]
        self.X = self._features(rng, (e, n, d))
        self.W = spread(rng, (e, k, d + 1), rng.choice([0, 2])).astype(self.real)
        self.W *= self.real(rng.choice([1e-3, 0.1, 1, 30] if self.dtype != "uint8" else [1e-4, 1e-2]))
        self.margin = float(10.0 ** rng.uniform(-2, 2))
        self.weights = 10.0 ** rng.uniform(-1, 1, (e, n)) ** int(rng.choice([1, 20]))
        self.scale = 10.0 ** rng.uniform(-1, 1, (e, d))
        self.mean = np.zeros((e, d)) if self.is_sparse else rng.normal(size=(e, d)) * self.scale
        if loss in (SQUARED_ERROR, HUBER):
            self.y = spread(rng, (e, n, k), 2)
        else:
            self.y = rng.integers(0, k, (e, n)).astype(np.int32)
        self._in_longdouble()

    def _features(self, rng: np.random.Generator, shape: Any) -> Any:
        if self.dtype == "uint8":
            return rng.integers(0, 256, shape).astype(np.uint8)
        X = spread(rng, shape, 1) * rng.choice([1e-2, 1, 100])
        if self.is_sparse:
            X *= rng.random(shape) < 0.7
        return X.astype(self.dtype)

    def _in_longdouble(self) -> None:
        X, W, scale = (np.asarray(a, dtype=Long) for a in (self.X, self.W, self.scale[:, None]))
        mean = np.asarray(self.mean, dtype=Long)[:, None]
        self.Z, self.Z_size = (X - mean) / scale, (np.abs(X) + np.abs(mean)) / scale
        ones = np.ones((*self.Z.shape[:2], 1), dtype=Long)
        self.Z, self.Z_size = np.concatenate([self.Z, ones], -1), np.concatenate([self.Z_size, ones], -1)
        self.S = np.einsum("eij,ecj->eic", self.Z, W)
        self.S_size = np.einsum("eij,ecj->eic", self.Z_size, np.abs(W))
        if self.dtype == "uint8":  # weights become integers of 24 bits beside the largest of their class
            largest = np.abs(W).max(-1, keepdims=True)
            self.S_size = np.maximum(
                self.S_size, np.einsum("eij,ecj->eic", self.Z_size, np.broadcast_to(largest, W.shape))
            )
        self.terms = precise.terms(self.name, self.S, self.S_size, self.y, self.margin, self.eps)
        u = np.asarray(self.weights, dtype=Long)
        self.u = u / u.sum(-1, keepdims=True)

    def problem(self, i: int) -> Any:
        """The kernel's, number i."""
        X = self.X[i]
        if self.is_sparse:
            n, d = X.shape
            rows, columns = np.nonzero(X)
            starts = np.searchsorted(rows, np.arange(n + 1)).astype(np.int32)
            values = X[rows, columns]
            if not len(values):
                values, columns, starts = X[:1, 0], np.zeros(1, int), np.minimum(starts, 0)
                starts[1:] = 1
            given: Any = _kernels.SparseRows(values, columns.astype(np.int32), starts, (n, d))
        else:
            given = X
        labels, targets = (None, self.y[i]) if self.loss in (SQUARED_ERROR, HUBER) else (self.y[i], None)
        made = _kernels.SparseProblem if self.is_sparse else _kernels.Problem
        mean = None if self.is_sparse else self.mean[i]
        return made(
            given, INPUTS[self.dtype], labels, targets, self.weights[i], None, mean, self.scale[i], self.loss,
            self.margin, float(1 / self.weights[i].sum()), self.W.shape[1], True,
        )  # fmt: skip


KINDS = ("float64", "float32", "float16", "uint8", "sparse float64", "sparse float32")


def batches(rng: np.random.Generator, examples: int) -> Iterator[Batch]:
    """Every kind of X and loss, so many examples of each."""
    for kind in KINDS:
        for loss in NAMES:
            for shape in SHAPES:
                yield Batch(rng, kind, loss, max(1, examples // len(SHAPES)), shape)


@measures("evaluate")
def evaluate(rng: np.random.Generator, examples: int, found: Found) -> None:
    """Value, gradient and scores of one pass."""
    for b in batches(rng, examples):
        e, n, k = b.S.shape
        value, gradient, scores = np.empty((e, 1)), np.empty_like(b.W), np.empty((e, n, k), b.real)
        for i in range(e):
            b.problem(i).evaluate(b.W[i], value[i], gradient[i], scores[i], b.wide)
        losses, losses_size, slopes, slopes_size = b.terms
        exact = {
            "value": ((b.u * losses).sum(-1), (b.u * losses_size).sum(-1)),
            "gradient": (
                np.einsum("ei,eic,eij->ecj", b.u, slopes, b.Z),
                np.einsum("ei,eic,eij->ecj", b.u, slopes_size, b.Z_size),
            ),
            "scores": (b.S, b.S_size),
        }
        Z = b.Z.astype(b.real)
        S = np.einsum("eij,ecj->eic", Z, b.W)
        with np.errstate(over="ignore", under="ignore"):
            L, A = precise.naive(b.name, S, b.y, b.margin)
        u = b.u.astype(b.real)
        theirs = {"value": (u * L).sum(-1), "gradient": np.einsum("eic,eij->ecj", u[..., None] * A, Z), "scores": S}
        real = np.dtype(b.real).name
        for name, got in (("value", value[:, 0]), ("gradient", gradient), ("scores", scores)):
            of = "scores" if name == "scores" else f"{name}, {b.name}"
            worst = [units(one, *exact[name], b.real) for one in (got, theirs[name])]
            note(found, f"{of}: {real}", *worst)


# ---- on scores that are there already ----


@measures("mix", "grid")
def mixtures(rng: np.random.Generator, examples: int, found: Found) -> None:
    """Values, slopes along the first direction and coefficients of mixed scores, in float64."""
    eps, problems = float(np.finfo(np.float64).eps), max(1, examples // 20)
    for loss, name in NAMES.items():
        for n, k in ((1, 2), (7, 3), (40, 10)):
            for _ in range(max(1, problems // 3)):
                b = Batch(rng, "float64", loss, 1, (n, 1, k))
                base, first, second = (spread(rng, (n, k), 1) for _ in range(3))
                points, grid = spread(rng, (20, 2), 1), np.empty((4, 5))
                values, slopes, coefficients = np.empty(20), np.empty(20), np.empty((n, k))
                problem = b.problem(0)
                problem.mix(base, first, second, points, values, slopes, None)
                problem.mix(base, first, second, points[:1], None, None, coefficients)
                problem.grid(base, first, second, points[:4, 0].copy(), points[:5, 1].copy(), grid)
                parts = [np.asarray(a, dtype=Long) for a in (base, first, second)]
                on_grid = np.array([(a, c) for a in points[:4, 0] for c in points[:5, 1]])

                def exact(points: Any) -> Any:
                    p = np.asarray(points, dtype=Long)
                    S = parts[0] + p[:, :1, None] * parts[1] + p[:, 1:, None] * parts[2]  # noqa: B023
                    p = np.abs(p)
                    size = np.abs(parts[0]) + p[:, :1, None] * np.abs(parts[1]) + p[:, 1:, None] * np.abs(parts[2])  # noqa: B023
                    y = np.broadcast_to(b.y, (len(points), *b.y.shape[1:]))  # noqa: B023
                    return precise.terms(name, S, size, y, b.margin, eps)  # noqa: B023

                u, t = b.u[0], exact(points)
                slope_size = np.einsum("i,eic,ic->e", u, t.slopes_size, np.abs(parts[1]))
                note(found, f"mix value, {name}: float64", units(values, t.losses @ u, t.losses_size @ u, float))
                right = np.einsum("i,eic,ic->e", u, t.slopes, parts[1])
                note(found, f"mix slope, {name}: float64", units(slopes, right, slope_size, float))
                right, size = u[:, None] * t.slopes[0], u[:, None] * t.slopes_size[0]
                note(found, f"mix coefficients, {name}: float64", units(coefficients, right, size, float))
                t = exact(on_grid)
                note(found, f"grid value, {name}: float64", units(grid.ravel(), t.losses @ u, t.losses_size @ u, float))


# ---- sums of products ----


@measures("weighted_rows")
def weighted_rows(rng: np.random.Generator, examples: int, found: Found) -> None:
    """Sums of coefficients times rows."""
    for kind in KINDS:
        for shape in SHAPES:
            b = Batch(rng, kind, SQUARED_ERROR, max(1, examples // len(SHAPES)), shape)
            C = spread(rng, b.S.shape, 2)
            got = np.empty((*C.shape[:1], C.shape[2], b.Z.shape[2]), b.real)
            for i in range(len(C)):
                _kernels.weighted_rows(b.problem(i), C[i], got[i], b.wide)
            exact = np.einsum("eic,eij->ecj", np.asarray(C, dtype=Long), b.Z)
            size = np.einsum("eic,eij->ecj", np.abs(np.asarray(C, dtype=Long)), b.Z_size)
            theirs = np.einsum("eic,eij->ecj", C.astype(b.real), b.Z.astype(b.real))
            note(
                found,
                f"weighted_rows: {np.dtype(b.real).name}",
                *(units(a, exact, size, b.real) for a in (got, theirs)),
            )


@measures("few_scores")
def few_scores(rng: np.random.Generator, examples: int, found: Found) -> None:
    """Scores of a few rows."""
    for real in (np.float32, np.float64):
        for n, d, k in SHAPES:
            for _ in range(max(1, examples // n // k // 4)):
                X, W, bias = (spread(rng, s, 2).astype(real) for s in ((n, d), (k, d), (k,)))
                got = np.empty((n, k), real)
                _kernels.few_scores(X, W, bias, got)
                L, M, c = (np.asarray(a, dtype=Long) for a in (X, W, bias))
                exact, size = L @ M.T + c, np.abs(L) @ np.abs(M).T + np.abs(c)
                worst = [units(one, exact, size, real) for one in (got, X @ W.T + bias)]
                note(found, f"few_scores: {np.dtype(real).name}", *worst)


@measures("stack_products", "stack_combination")
def stack(rng: np.random.Generator, examples: int, found: Found) -> None:
    """Products of long arrays, and their combinations: float64 sums, whatever the arrays are."""
    for real in (np.float32, np.float64):
        for size in (3, 100, 1500):
            for _ in range(max(1, examples // 100)):
                rows = [spread(rng, size, 3).astype(real) for _ in range(5)]
                vectors, factors = [spread(rng, size, 3).astype(real) for _ in range(2)], spread(rng, 5, 2)
                products, combination = np.empty((5, 2)), np.empty(size, real)
                _kernels.stack_products(rows, vectors, products)
                _kernels.stack_combination(factors, rows, combination)
                R, V = np.asarray(rows, dtype=Long), np.asarray(vectors, dtype=Long)
                worst = units(products, R @ V.T, np.abs(R) @ np.abs(V).T, float)
                theirs = units(np.array(rows) @ np.array(vectors).T, R @ V.T, np.abs(R) @ np.abs(V).T, float)
                name = np.dtype(real).name
                note(found, f"stack_products: {name}", worst, theirs)
                exact, sizes = factors.astype(Long) @ R, np.abs(factors).astype(Long) @ np.abs(R)
                theirs = units(factors.astype(real) @ np.array(rows), exact, sizes, real)
                note(found, f"stack_combination: {name}", units(combination, exact, sizes, real), theirs)


@measures("gram")
def gram(rng: np.random.Generator, examples: int, found: Found) -> None:
    """Second moments of rows."""
    for kind in KINDS[:4]:
        for shape in SHAPES:
            b = Batch(rng, kind, SQUARED_ERROR, max(1, examples // 10 // len(SHAPES)), shape)
            n, m = b.Z.shape[1:]
            for i in range(len(b.Z)):
                roots, matrix, largest = 10.0 ** rng.uniform(-2, 2, n), np.empty((m, m)), np.empty(m)
                _kernels.gram(b.problem(i), roots, 1.0, b.wide, matrix, largest)
                Z, size = roots[:, None].astype(Long) * b.Z[i], roots[:, None].astype(Long) * b.Z_size[i]
                A = Z.astype(b.real)
                worst = [units(one, Z.T @ Z, size.T @ size, b.real) for one in (matrix, A.T @ A)]
                note(found, f"gram: {np.dtype(b.real).name}", *worst)


@measures("dual_sums", "dual_squares")
def dual_sums(rng: np.random.Generator, examples: int, found: Found) -> None:
    """Squares of rows and sums of coefficients times them, in float64 whatever X is."""
    for kind in KINDS:
        for shape in SHAPES:
            b = Batch(rng, kind, HINGE, max(1, examples // 4 // len(SHAPES)), shape)
            n, m = b.Z.shape[1:]
            for i in range(len(b.Z)):
                problem, squares = b.problem(i), np.empty(n)
                A, sums = spread(rng, (n, shape[2]), 2), np.empty((shape[2], m))
                _kernels.dual_squares(problem, squares)
                exact = (b.Z[i, :, :-1] ** 2).sum(-1)
                size = (b.Z_size[i, :, :-1] ** 2).sum(-1)
                note(found, "dual_squares: float64", units(squares, exact, size, float))
                _kernels.dual_sums(problem, squares, 1.0, A.astype(b.real), sums, True)
                C = np.asarray(A.astype(b.real), dtype=Long)
                note(found, "dual_sums: float64", units(sums, C.T @ b.Z[i], np.abs(C).T @ b.Z_size[i], float))


@measures("smoothed_in_span")
def smoothed_in_span(rng: np.random.Generator, examples: int, found: Found) -> None:
    """The smoothed hinge: terms, value, slopes and second derivatives."""
    for real in (np.float32, np.float64):
        for n, k, m in ((1, 2, 1), (37, 7, 3), (300, 5, 6)):
            for _ in range(max(1, examples // 60)):
                terms, center = spread(rng, (n, k), 1).astype(real), rng.uniform(size=(n, k)).astype(real)
                changes, steps = spread(rng, (m, n, k), 1).astype(real), 0.1 * rng.normal(size=m)
                mu, weights = float(10.0 ** rng.uniform(-2, 2)), rng.uniform(0, 2, n)
                there, value, slopes, products = np.empty_like(terms), np.empty(1), np.empty(m), np.empty((m, m))
                _kernels.smoothed_in_span(
                    terms, changes, center, steps, weights, mu, 1e-3, there, value, slopes, products
                )
                T, C, D, w = (np.asarray(a, dtype=Long) for a in (terms, center, changes, weights[:, None]))
                M = T + np.tensordot(steps.astype(Long), D, 1)
                M_size = np.abs(T) + np.tensordot(np.abs(steps).astype(Long), np.abs(D), 1)
                name = np.dtype(real).name
                note(found, f"smoothed_in_span terms: {name}", units(there, M, M_size, real))
                M = np.asarray(there, dtype=Long)  # what follows is of the terms as they were rounded
                a, a_size = np.clip(C + M / Long(mu), 0, 1), C + np.abs(M) / Long(mu)
                inside = (C + M / Long(mu) > -8 * a_size * np.finfo(real).eps) & (
                    C + M / Long(mu) < 1 + 8 * a_size * np.finfo(real).eps
                )
                a_size = np.where(inside, a_size + 1, a)
                moved = Long(mu) / 2 * (a - C) ** 2
                size = (w * (a_size * np.abs(M) + moved + Long(mu) * np.abs(a - C) * (a_size + C))).sum()
                note(found, f"smoothed_in_span value: {name}", units(value[0], (w * (a * M - moved)).sum(), size, real))
                exact, size = np.tensordot(D, w * a, 2), np.tensordot(np.abs(D), w * a_size, 2)
                note(found, f"smoothed_in_span slopes: {name}", units(slopes, exact, size, real))
