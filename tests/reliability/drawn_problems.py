"""Random linear problems for random workloads: data of every type lying in memory in every way, and how far a right
answer may be from the oracle's.

The hinge's problems are of small integers and powers of 2, whose scores have no rounding: so which terms count is no
matter of chance, ties on the kink included.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

import gdfast as gd
import reference

Array = np.ndarray[Any, np.dtype[Any]]

KINDS_OF_X = ["float64", "float32", "float16", "uint8", *(f"csr {v} {i}" for v in ("64", "32") for i in ("32", "64"))]
# Around the widths of vectors and tiles, one, odd ones, several chunks.
ROWS = [1, 2, 3, 5, 8, 9, 31, 33, 64, 65, 100, 257]
FEATURES = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 257]
CLASSES = [2, 3, 4, 5, 6, 7, 9, 10, 11, 16, 17, 33, 130]
LARGE = [(700, 100, 5), (700, 257, 8), (1300, 33, 9), (400, 64, 33), (193, 200, 20), (2500, 60, 3)]


def sizes(rng: np.random.Generator) -> tuple[int, int, int]:
    """n_samples, n_features, n_classes: mostly small; what the oracle's loops can do."""
    if rng.random() < 0.15:
        return LARGE[rng.integers(len(LARGE))]
    n, d, k = (int(rng.choice(choices)) for choices in (ROWS, FEATURES, CLASSES))
    return min(n, max(1, 4000 // k)), d, k


def lying(rng: np.random.Generator, X: Array) -> tuple[str, Array]:
    """The same array, in memory in one of many ways."""
    n, d = X.shape
    way = str(rng.choice(["C", "F", "rows backwards", "columns backwards", "rows apart", "columns apart", "inside"]))
    offset = int(rng.integers(0, 9))
    memory = np.zeros((2 * n + 1, 2 * d + offset + 9), X.dtype)
    if way in ("C", "F"):
        return way, np.array(X, order=way)  # type: ignore[call-overload]
    found = {
        "rows backwards": memory[:n, :d][::-1],
        "columns backwards": memory[:n, :d][:, ::-1],
        "rows apart": memory[: 2 * n : 2, offset : offset + d],
        "columns apart": memory[:n, offset : offset + 2 * d : 2],
        "inside": memory[1 : n + 1, offset : offset + d],
    }[way]
    found[:] = X
    return f"{way}, {offset} in", found


def stored(rng: np.random.Generator, X: Array, kind: str) -> tuple[str, Any]:
    """X in the type of its kind; what is asked for as CSR has some rows and columns without entries."""
    if not kind.startswith("csr"):
        return lying(rng, X.astype(kind))
    _, values, indices = kind.split()
    found = sparse.csr_array(X.astype(f"float{values}"))
    found.indices, found.indptr = (part.astype(f"int{indices}") for part in (found.indices, found.indptr))
    return "", found


@dataclass
class Drawn:
    """A problem twice, gdfast's and the oracle's, and weights."""

    text: str
    objective: gd.LinearObjective
    problem: reference.LinearProblem
    W: Array
    factor: float
    """Of the oracle's data loss: weights are divided by the mean of all rows, also where only some are taken."""

    @property
    def loss(self) -> str:
        return self.problem.loss

    @cached_property
    def tolerance(self) -> float:
        """Of a sum, relative to the sum of its terms' sizes."""
        narrow = self.objective.arithmetic == np.float32 or self.W.dtype == np.float32
        return (1e-5 if narrow else 1e-13) + float(np.finfo("f4" if narrow else "f8").eps) * self.problem.X.shape[1]

    @cached_property
    def sizes(self) -> Array:
        """|x| as the model sees it, before its mean is taken away."""
        p = self.problem
        X = np.abs(np.asarray(p.X, dtype=np.float64)) + (0 if p.mean is None else np.abs(p.mean))
        X = X if p.scale is None else X / p.scale
        return np.column_stack([X, np.ones(len(X))]) if p.bias else X

    def scores_room(self, W: Array) -> Array:
        """How far scores may be from the oracle's."""
        return self.tolerance * (self.sizes @ np.abs(np.asarray(W, dtype=np.float64)).T + 1e-30)

    @cached_property
    def steepness(self) -> float:
        """How much a row's coefficient changes with its scores, at most."""
        classes = self.W.shape[0]
        return {"hinge": 0.0, "squared_hinge": 2.0 * classes, "cross_entropy": 1.0}.get(self.loss, 2.0)

    def shares(self) -> Array:
        weights = self.problem.sample_weight
        return np.full(len(self.problem.X), 1 / len(self.problem.X)) if weights is None else weights / weights.sum()

    def right_value(self, W: Array) -> tuple[float, float]:
        """The objective, and how far a right answer may be from that."""
        p, scores, room = self.problem, self.problem.scores(W), self.scores_room(W)
        value, slopes = reference.mean_loss(p.loss, scores, p.y, p.sample_weight, p.margin)
        penalty = reference.penalty(p.penalized(W), p.l1, p.l2)
        most = room.max(axis=1)
        moved = float((np.abs(slopes) * room).sum() + (self.shares() * (self.steepness + 1e-3) * most**2).sum())
        if p.loss == reference.HINGE:  # a term on its kink may count
            moved += float((self.shares() * scores.shape[1] * 2 * most).sum())
        right = self.factor * value + penalty
        return right, self.tolerance * (self.factor * value + penalty) + self.factor * moved + 1e-300

    def right_gradient(self, W: Array) -> tuple[Array, Array]:
        """Its gradient, likewise."""
        p, room = self.problem, self.scores_room(W)
        features = p.features()
        _, slopes = reference.mean_loss(p.loss, p.scores(W), p.y, p.sample_weight, p.margin)
        moved = self.shares()[:, None] * self.steepness * room.max(axis=1, keepdims=True) * np.ones_like(slopes)
        penalties = reference.penalty_gradient(p.penalized(W), p.l1, p.l2)
        around = (self.tolerance * np.abs(slopes) + moved).T @ self.sizes
        rounding = self.tolerance * np.abs(penalties) + 1e-300
        return self.factor * slopes.T @ features + penalties, self.factor * around + rounding


def drawn(rng: np.random.Generator, kind: str | None = None, small: bool = False) -> Drawn:
    """One of them."""
    kind = kind or str(rng.choice(KINDS_OF_X))
    loss = str(rng.choice(reference.LOSSES))
    n, d, k = sizes(rng)
    if small:
        n, d, k = min(n, 33), min(d, 33), min(k, 11)
    regression = loss in reference.REGRESSIONS
    if regression and rng.random() < 0.3:
        k = 1
    exact = loss == reference.HINGE
    X = rng.integers(0, 17 if exact else 256, (n, d)) if kind == "uint8" else rng.normal(size=(n, d)) * 4
    X = (np.round(X) if exact else X).astype("float32" if kind == "float16" else "float64")
    if kind.startswith("csr"):
        X = X * (rng.random((n, d)) < 0.4)
    way, held = stored(rng, X, kind)
    X = held.toarray() if kind.startswith("csr") else np.asarray(held, dtype=np.float64)
    W = rng.normal(size=(k, d + 1)) / (np.sqrt(d) * (128 if kind == "uint8" else 1))
    W = (np.clip(np.round(rng.normal(size=(k, d + 1)) * 4) / 4, -2, 2) if exact else W).astype(
        rng.choice(["float64", "float32"])
    )
    y = rng.normal(size=(n, k)) if regression else rng.integers(0, k, n)
    margin = float(rng.choice([1.0, 0.75, 0.78125])) if kind != "uint8" else 0.78125  # the first two: ties
    bias, weighted, some = (bool(rng.random() < share) for share in (0.75, 0.4, 0.3))
    options: dict[str, Any] = {"bias": bias, "penalize_bias": bias and bool(rng.random() < 0.3)}
    if weighted:
        options["sample_weight"] = rng.uniform(0.25, 2, n)
    if rng.random() < 0.4 and not kind.startswith("csr"):
        options["mean"] = np.round(rng.normal(size=d)) if exact else rng.normal(size=d)
    if rng.random() < 0.4:
        options["scale"] = 2.0 ** rng.integers(-1, 2, d) if exact else rng.uniform(0.5, 2, d)
    W = W if bias else np.ascontiguousarray(W[:, :-1])
    l1, l2 = (float(rng.choice([0.0, 0.125])) for _ in range(2))
    makers = {reference.HINGE: lambda: gd.Hinge(margin), reference.SQUARED_HINGE: lambda: gd.SquaredHinge(margin),
              reference.CROSS_ENTROPY: gd.CrossEntropy, reference.SQUARED_ERROR: gd.SquaredError,
              reference.HUBER: lambda: gd.Huber(margin)}  # fmt: skip
    classes = {} if regression else {"n_classes": k}
    objective = gd.LinearObjective(
        held, y, makers[loss](), gd.ElasticNet(l1, l2) if l1 or l2 else None, **options, **classes
    )
    factor = 1.0
    if some:
        index = rng.integers(0, n, int(rng.integers(1, 2 * n + 1)))
        objective = objective.rows(index)
        X, y = X[index], y[index]
        if weighted:
            chosen = options["sample_weight"][index]
            factor = float(chosen.sum() / (len(index) * options["sample_weight"].mean()))
            options["sample_weight"] = chosen
    problem = reference.LinearProblem(X, y, loss, margin, l1, l2, **options)
    text = f"{kind} X ({n}, {d}) {way}, {k} classes, {loss}, {W.dtype} W, {sorted(options)}{', some rows' * some}"
    return Drawn(text, objective, problem, W, factor)
