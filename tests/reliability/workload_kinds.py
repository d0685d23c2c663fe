"""What a random workload asks of a problem: each kind of kernel, its answers and the oracle's, from one generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import gdfast as gd
import reference
from gdfast import _kernels
from reliability.drawn_problems import Array, Drawn, drawn, lying

ROOM = {"float64": 1e-12, "float32": 2e-5}


@dataclass
class Workload:
    """Answers under names; for each the right one, and how far from it an answer may be (elementwise)."""

    text: str
    answers: Callable[[], dict[str, Any]]
    right: dict[str, tuple[Any, Any]]


def evaluations(rng: np.random.Generator) -> Workload:
    """Value, gradient and scores, alone and together, and the values of several weights."""
    one = drawn(rng)
    o, W = one.objective, one.W
    several = np.stack([W, W / 2, -W])
    value, gradient = one.right_value(W), one.right_gradient(W)
    values = [one.right_value(each) for each in several]

    def answers() -> dict[str, Any]:
        both = o.value_and_gradient(W)
        found = {"value": o.value(W), "gradient": o.gradient(W), "value beside": both[0], "gradient beside": both[1]}
        return found | {"scores": o.scores(W), "values": o.values_at(several)}

    right = {"value": value, "value beside": value, "gradient": gradient, "gradient beside": gradient}
    right["scores"] = (one.problem.scores(W), one.scores_room(W))
    right["values"] = tuple(np.array(part) for part in zip(*values, strict=True))
    return Workload(one.text, answers, right)


def _coordinates(rng: np.random.Generator, one: Drawn) -> Array:
    return np.unique(rng.integers(0, one.W.size, 4))


def differences(rng: np.random.Generator) -> Workload:
    """Difference quotients with a step that moves over kinks, of some weights."""
    one = drawn(rng, small=True)
    chosen, scheme = _coordinates(rng, one), str(rng.choice(["centered", "forward"]))
    h = 0.25 / (64 if one.objective.arithmetic == np.float32 and one.text.startswith("uint8") else 1)
    W = one.W.astype(np.float64)
    right = reference.numerical_gradient(lambda w: one.right_value(w)[0], W, h, scheme, chosen)
    rooms = []
    for c in chosen:
        moved = np.abs(W)
        moved.flat[c] += h
        rooms.append(one.right_value(np.copysign(moved, W))[1] + one.right_value(W)[1])
    room = 2 * np.array(rooms) / h
    answers = lambda: {"gradient": one.objective.numerical_gradient(one.W, h, scheme, chosen)}  # noqa: E731
    return Workload(f"{one.text}, {scheme}, h = {h}, {chosen}", answers, {"gradient": (right, room)})


def lines_and_planes(rng: np.random.Generator) -> Workload:
    """Values along a ray, and on a grid and at points of a plane."""
    one = drawn(rng, small=True)
    W, U, V = (np.asarray(each, dtype=np.float64) for each in (one.W, *one.W * np.array([[[0.5]], [[-0.75]]])))
    U, V = np.roll(U, 1, axis=0) + 0.25, np.roll(V, 1, axis=1) - 0.5
    W, U, V = (each.astype(one.W.dtype) for each in (W, U, V))
    steps = np.array([-2.0, 0.0, 0.25, 1.0])
    a, b = np.linspace(-1, 1, int(rng.integers(1, 6))), np.linspace(-0.5, 2, int(rng.integers(1, 10)))

    def value(*parts: Array) -> tuple[float, float]:
        point = sum(part.astype(np.float64) for part in parts)
        size = sum(np.abs(part.astype(np.float64)) for part in parts)
        right, room = one.right_value(point)
        scores, slopes = one.scores_room(size).max(axis=1), one.problem.loss
        _, slopes = reference.mean_loss(slopes, one.problem.scores(point), one.problem.y, None, one.problem.margin)
        around = np.abs(slopes).sum(axis=1).max() * len(scores) + one.steepness * scores.max()
        around += scores.shape[0] * 2 * one.W.shape[0] * (one.loss == reference.HINGE) / len(scores)
        return right, room + one.factor * 4 * float(scores.max() * around)

    def answers() -> dict[str, Any]:
        ray, plane = gd.along_ray(one.objective, W, U), gd.on_plane(one.objective, W, U, V)
        single = np.array([ray.value(step) for step in steps])
        return {"ray": ray.values(steps), "one by one": single, "plane": plane.values(a, b)}

    along = [value(W, step * U) for step in steps]
    grid = [value(W, x * U, y * V) for x in a for y in b]
    ray = tuple(np.array(part) for part in zip(*along, strict=True))
    plane = tuple(np.array(part).reshape(len(a), len(b)) for part in zip(*grid, strict=True))
    return Workload(one.text, answers, {"ray": ray, "one by one": ray, "plane": plane})


def _moved(rule: int, s: tuple[float, ...], t: int, rate: float, w: Array, g: Array, states: list[Array]) -> Array:
    """The weights after step t = 1, 2, ... of a rule; its states move in place."""
    if rule == 0:
        return w - rate * g
    first = states[0]
    if rule in (1, 2):
        first[:] = s[0] * first + g
        return w - rate * (first if rule == 1 else g + s[0] * first)
    if rule == 3:
        first += g * g
        return w - rate * g / (np.sqrt(first) + s[0])
    if rule == 4:
        first[:] = s[0] * first + (1 - s[0]) * g * g
        return w - rate * g / (np.sqrt(first) + s[1])
    first[:] = s[0] * first + (1 - s[0]) * g
    states[1][:] = s[1] * states[1] + (1 - s[1]) * g * g
    decayed = w - (rate * s[3] * w if rule == 6 else 0)
    return decayed - rate * first / (1 - s[0] ** t) / (np.sqrt(states[1] / (1 - s[1] ** t)) + s[2])


SETTINGS = [(), (0.9,), (0.9,), (0.1,), (0.9, 0.1), (0.9, 0.99, 0.1), (0.9, 0.99, 0.1, 0.01)]


def steps(rng: np.random.Generator) -> Workload:
    """Compiled steps of every rule, on mini-batches of any sizes: the squared error and cross-entropy have no kinks."""
    one = drawn(rng, small=True)
    while one.loss in (reference.HINGE, reference.SQUARED_HINGE) or "some rows" in one.text or one.steepness > 99:
        one = drawn(rng, small=True)
    problem, p, n = one.objective.linear_problem, one.problem, len(one.problem.X)
    rule, n_steps = int(rng.integers(0, 7)), int(rng.integers(1, 6))
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, 9, n_steps))])
    order, rates = rng.integers(0, n, starts[-1]), rng.uniform(0.5, 1, n_steps) / 64 / (1 + (one.sizes**2).sum(1).max())
    wide = one.objective.arithmetic == np.float64
    W0 = one.W.astype("float64" if wide else one.W.dtype)
    first = int(rng.integers(0, 3))
    weights = np.ones(n) if p.sample_weight is None else p.sample_weight
    n_states = (0, 1, 1, 1, 1, 2, 2)[rule]

    def answers() -> dict[str, Any]:
        W, states, values, done = W0.copy(), tuple(np.zeros_like(W0) for _ in range(n_states)), np.zeros(n_steps), [0]
        counted = np.array(done)
        problem.compiled.take_steps(
            rule, SETTINGS[rule], order, starts, rates, p.l1, p.l2, p.penalize_bias, float(weights.mean()), first,
            W, states, values, counted, wide,
        )  # fmt: skip
        return {"W": W, "values": values, "steps": counted} | {f"state {i}": s for i, s in enumerate(states)}

    w, states, values = W0.astype(np.float64), [np.zeros(W0.shape) for _ in range(n_states)], np.zeros(n_steps)
    for t in range(n_steps):
        rows = order[starts[t] : starts[t + 1]]
        share = weights[rows].sum() / (len(rows) * weights.mean())
        batch = reference.LinearProblem(
            p.X[rows], p.y[rows], p.loss, p.margin, 0, 0, p.bias, p.penalize_bias, weights[rows], p.mean, p.scale
        )
        value, gradient = batch.data_loss(w)
        values[t] = share * value + reference.penalty(p.penalized(w), p.l1, p.l2)
        g = share * gradient + reference.penalty_gradient(p.penalized(w), p.l1, p.l2)
        w = _moved(rule, SETTINGS[rule], first + t + 1, rates[t], w, g, states)
    room = 1e-3 if not wide or W0.dtype == np.float32 else 1e-9

    def around(part: Array) -> tuple[Array, Any]:
        return part, room * (np.abs(part).max() + 1e-12) + room * (rates.max() if part is w else 0)

    right: dict[str, Any] = {"W": around(w), "values": around(values), "steps": (np.array([n_steps]), 0)}
    right |= {f"state {i}": around(state) for i, state in enumerate(states)}
    return Workload(f"{one.text}, rule {rule}, {n_steps} steps of {np.diff(starts)} rows", answers, right)


def products(rng: np.random.Generator) -> Workload:
    """Sums of rows times coefficients, and the Gram matrix."""
    one = drawn(rng)
    problem, Z, n = one.objective.linear_problem, one.problem.features(), len(one.problem.X)
    coefficients, roots = rng.normal(size=(n, int(rng.integers(1, 9)))), rng.uniform(0.5, 2, n)
    coefficients[rng.random(n) < 0.2] = 0
    wide, m, is_dense = one.objective.arithmetic == np.float64, Z.shape[1], not one.text.startswith("csr")
    real = "float64" if wide else "float32"

    def answers() -> dict[str, Any]:
        sums = np.full((coefficients.shape[1], m), np.nan)
        _kernels.weighted_rows(problem.scorer, coefficients, sums, wide)
        if not is_dense:
            return {"sums": sums}
        matrix, largest = np.full((m, m), np.nan), np.full(m, np.nan)
        _kernels.gram(problem.scorer, roots, 0.5, wide, matrix, largest)
        return {"sums": sums, "gram": matrix, "largest": largest}

    tolerance = ROOM[real] + one.tolerance
    right = {"sums": (coefficients.T @ Z, tolerance * np.abs(coefficients).T @ one.sizes + 1e-300)}
    rooted = roots[:, None] * Z
    sizes = roots[:, None] * one.sizes
    right["gram"] = (0.5 * rooted.T @ rooted, tolerance * sizes.T @ sizes)
    right["largest"] = (np.abs(rooted).max(axis=0), tolerance * sizes.max(axis=0) + 1e-300)
    return Workload(one.text, answers, right)


def duals(rng: np.random.Generator) -> Workload:
    """Dual coordinate ascent: its weights belong to its duals, which stay in their box; sums are NumPy's."""
    one = drawn(rng, small=True)
    while one.loss != reference.HINGE or "some rows" in one.text or one.W.shape[0] < 2:
        one = drawn(rng, small=True)
    problem, p, n, k = one.objective.linear_problem, one.problem, len(one.problem.X), one.W.shape[0]
    wide = one.objective.arithmetic == np.float64
    real, Z = np.float64 if wide else np.float32, p.features()
    weights = np.ones(n) if p.sample_weight is None else p.sample_weight
    upper, unit, order = weights / weights.mean(), 0.25 / n, np.concatenate([rng.permutation(n) for _ in range(2)])
    start = np.zeros((n, k), real)

    def answers() -> dict[str, Any]:
        squares, A, W = np.full(n, np.nan), start.copy(), np.zeros((k, Z.shape[1]), real)
        _kernels.dual_squares(problem.compiled, squares)
        found = {"squares": squares.copy()}
        _kernels.dual_epoch(problem.compiled, order, order, squares, unit, float(p.bias), float(weights.mean()), A,
                            np.zeros(n, np.uint8), W)  # fmt: skip
        sums = np.full((k, p.X.shape[1] + 1), np.nan)
        total, moment = _kernels.dual_sums(problem.compiled, squares, float(weights.mean()), A, sums, False)
        wrong = A.astype(np.float64)
        wrong[np.arange(n), p.y] = 0
        full = wrong.copy()
        full[np.arange(n), p.y] = -wrong.sum(axis=1)
        most = upper @ one.sizes  # what W may have held meanwhile
        off = np.abs(W + unit * full.T @ Z) / (unit * most + 1e-12)
        own = np.column_stack([Z, np.ones(n)]) if not p.bias else Z
        found["weights"] = np.array(off.max())
        found["box"] = np.array(max(-wrong.min(), (wrong - upper[:, None]).max(), 0))
        grown = np.column_stack([one.sizes, np.ones(n)]) if not p.bias else one.sizes
        found["sums"] = np.array((np.abs(sums - full.T @ own) / (np.abs(full).T @ grown + 1e-12)).max())
        found["total"] = np.array(abs(total - wrong.sum()) / (1 + wrong.sum()))
        lengths = np.sqrt((Z[:, : p.X.shape[1]] ** 2).sum(axis=1))
        expected = float((np.abs(full).sum(axis=1) * lengths).sum())
        found["moment"] = np.array(abs(moment - expected) / (1 + expected))
        before, after = (_dual_value(p, unit, upper, each, Z) for each in (np.zeros((n, k)), full))
        found["risen"] = np.array(float(after >= before - 1e-5 * abs(after)))
        return found

    near = (0, 1e-10 if wide else 1e-4)
    squares = ((Z**2)[:, : p.X.shape[1]].sum(axis=1), 1e-4 * (one.sizes**2).sum(axis=1))
    laws = ("weights", "box", "sums", "total", "moment")
    return Workload(one.text, answers, {"squares": squares, "risen": (1, 0)} | dict.fromkeys(laws, near))


def _dual_value(p: reference.LinearProblem, unit: float, upper: Array, A: Array, Z: Array) -> float:
    """What dual ascent raises: margin * sum a - unit / 2 |A'Z|^2."""
    wrong = A.copy()
    wrong[np.arange(len(A)), p.y] = 0
    return float(p.margin * wrong.sum() - unit / 2 * ((A.T @ Z) ** 2).sum())


def arrays(rng: np.random.Generator) -> Workload:
    """Kernels that need no problem: the smoothed hinge in a span, long sums, scores of a few rows, the finite scan."""
    real = str(rng.choice(["float32", "float64"]))
    n, k, m, size = (int(rng.integers(*between)) for between in ((1, 70), (2, 40), (1, 9), (1, 40_000)))
    terms, center = rng.normal(size=(n, k)).astype(real), rng.uniform(size=(n, k)).astype(real)
    changes, along, weights = rng.normal(size=(m, n, k)).astype(real), rng.normal(size=m), rng.uniform(0, 2, n)
    rows, factors = rng.normal(size=(m, size)).astype(real), rng.normal(size=m)
    text, X = lying(rng, rng.normal(size=(n, k)).astype(real))
    X_few, W_few = rng.normal(size=(min(n, 16), k)).astype(real), rng.normal(size=(m, k + 1)).astype(real)
    bad = int(rng.integers(-1, X.size))
    if bad >= 0:
        X[np.unravel_index(bad, X.shape)] = rng.choice([np.nan, np.inf, -np.inf])

    def answers() -> dict[str, Any]:
        there, value, slopes, bends = np.empty_like(terms), np.empty(1), np.empty(m), np.empty((m, m))
        _kernels.smoothed_in_span(terms, changes, center, along, weights, 1.5, 1e-3, there, value, slopes, bends)
        inner, combined, few = np.empty((m, m)), np.empty(size, real), np.empty((len(X_few), m), real)
        _kernels.stack_products(list(rows), list(rows), inner)
        _kernels.stack_combination(factors, list(rows), combined)
        _kernels.few_scores(X_few, W_few[:, :-1], W_few[:, -1], few)
        mixed = np.sort(_kernels.permutation(size, n, k))
        found = {"there": there, "value": value, "slopes": slopes, "bends": bends, "inner": inner, "few": few}
        return found | {"combined": combined, "bad": np.array(_kernels.first_not_finite(X)), "permutation": mixed}

    T, C, A, R = (each.astype(np.float64) for each in (terms, changes, center, rows))
    M = T + np.tensordot(along, C, 1)
    size_M = np.abs(T) + np.tensordot(np.abs(along), np.abs(C), 1)
    a, w, eps = np.clip(A + M / 1.5, 0, 1), weights[:, None], ROOM[real]
    inside, size_few = w * np.where((a > 0) & (a < 1), 1, 1e-3), np.abs(X_few) @ np.abs(W_few[:, :-1]).T + 9
    wide, sizes, all_of = X_few.astype(np.float64), np.abs(C), w + 0 * a
    right = {
        "there": (M, eps * size_M), "few": (wide @ W_few[:, :-1].T.astype(np.float64) + W_few[:, -1], eps * size_few),
        "value": ((w * (a * M - 0.75 * (a - A) ** 2)).sum(), eps * (w * (size_M + 3)).sum()),
        "slopes": (np.tensordot(C, w * a, 2), eps * np.tensordot(sizes, w * (1 + size_M), 2)),
        "bends": (np.einsum("ine,ne,jne->ij", C, inside, C), eps * np.einsum("ine,ne,jne->ij", sizes, all_of, sizes)),
        "inner": (R @ R.T, 1e-13 * size), "combined": (factors @ R, eps * (np.abs(factors) @ np.abs(R))),
        "bad": (bad, 0), "permutation": (np.arange(size), 0),
    }  # fmt: skip
    return Workload(f"{real}, {n} x {k}, {m} directions, {size} elements, {text}, not finite at {bad}", answers, right)


def coordinates(rng: np.random.Generator) -> Workload:
    """Coordinate descent by the matrix and by columns, dense and compressed: the optimum's conditions hold."""
    n, m, k = int(rng.integers(3, 60)), int(rng.integers(1, 20)), int(rng.integers(1, 4))
    X = rng.normal(size=(m, n)) * (rng.random((m, n)) < 0.6)
    pull, l1, l2 = rng.normal(size=(k, m)), np.full((k, m), float(rng.choice([0.0, 0.2]))), np.full((k, m), 0.1)
    diagonal = rng.uniform(0.5, 2, (k, n))
    matrix = np.einsum("jn,n,in->ji", X, diagonal[0], X)
    classes, columns = (part.ravel() for part in np.indices((k, m)))
    entries = [np.flatnonzero(x) for x in X]
    starts = np.concatenate([[0], np.cumsum([len(e) for e in entries])])
    compressed = (np.concatenate([x[e] for x, e in zip(X, entries, strict=True)]), starts, np.concatenate(entries))
    if not starts[-1]:
        return coordinates(rng)

    def by_columns(values: Array, starts: Array | None, rows: Array | None) -> tuple[Array, Array]:
        changes, sums, w = np.zeros((k, n)), np.zeros((2, n)), np.zeros(k * m)
        _kernels.descend_columns(values, starts, rows, classes, columns, diagonal, None, None, changes, sums,
                                 pull.ravel(), w, l1.ravel(), l2.ravel(), 1e-10, 5000)  # fmt: skip
        return w.reshape(k, m), changes

    def violation(w: Array, right: Array) -> Array:
        g = right + 2 * l2[: len(w)] * w
        size = np.where(w != 0, np.abs(g + l1[: len(w)] * np.sign(w)), np.maximum(np.abs(g) - l1[: len(w)], 0))
        return np.array(size.max())

    def answers() -> dict[str, Any]:
        w, g = np.zeros(m), pull[0].copy()
        _kernels.descend_quadratic(matrix, g, w, l1[0].copy(), l2[0].copy(), 1e-10, 5000)
        right = pull[0] + matrix @ w
        found = {"by matrix": violation(w[None], right[None]), "its gradient": g - right}
        for name, given in (("dense", (X, None, None)), ("compressed", compressed)):
            w, changes = by_columns(*given)
            found[f"changes, {name}"] = changes - w @ X
            found[f"by columns, {name}"] = violation(w, pull + (diagonal * (w @ X)) @ X.T)
        return found

    both = [f"{of}, {how}" for of in ("changes", "by columns") for how in ("dense", "compressed")]
    laws = ["by matrix", "its gradient", *both]
    return Workload(f"{n} rows, {m} columns, {k} classes, l1 {l1[0, 0]}", answers, dict.fromkeys(laws, (0, 1e-8)))


KINDS: list[Callable[[np.random.Generator], Workload]] = [
    evaluations, differences, evaluations, lines_and_planes, steps, evaluations, products, duals, arrays, coordinates,
]  # fmt: skip
