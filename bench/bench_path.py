"""The choice of a penalty: 20 strengths on 5 folds and the fit at the best, beside scikit-learn at the same grid.

GDClassifierCV beside LogisticRegressionCV (lbfgs; newton-cholesky where --slow), GDRegressorCV beside RidgeCV, LassoCV
and ElasticNetCV. Features are taken as they are, strengths are the same in each fold, contestants take turns. How far
from the optimum either is at most, relative to it, is computed at the points of the first fold, after the clock has
stopped; the optimum is proven to 1e-6. Of images, the peer's path on one fold is timed and counted five times.

    python bench/bench_path.py [--data FOLDER] [--only NAME ...] [--slow] [--rows N] [--quick] [--json] [--threads 1]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import common
import numpy as np
from solve_problems import correlated, mnist_sized

FOLDS, STRENGTHS = 5, 20
COLUMNS = (
    "problem", "gdfast, s", "passes a fold", "peer", "its s", "times as fast", "farthest from the optimum",
    "the peer's", "same alpha",
)  # fmt: skip
Array = np.ndarray[Any, Any]
Found = dict[str, Any]


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data", help="folder with svmlight/dna.scale; default: made-up rows of its size")
        parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES), help="these rows")
        parser.add_argument("--slow", action="store_true", help="newton-cholesky too, on digits and dna")
        parser.add_argument("--rows", type=int, default=60_000, help="images of 28 x 28")
        parser.add_argument("--rounds", type=int, default=5, help="runs of each that take less than 10 s")
        parser.set_defaults(threads=[1])

    chosen = common.arguments(__doc__, add)
    if chosen.case is not None:
        print(json.dumps(CASES[chosen.case.pop("name")](**chosen.case)))
        return
    facts, results = common.machine(), []
    if not chosen.json:
        print(common.describe(facts))
    for threads in chosen.threads:
        found = []
        for name in chosen.only:
            case = {"name": name, **{setting: getattr(chosen, setting) for setting in SETTINGS}}
            found += common.run_apart(__file__, case, threads)["rows"]
        results.append({"threads": threads, "rows": found})
        if not chosen.json:
            print(f"\n{threads} thread{'s' * (threads > 1)}\n")
            print(common.table(COLUMNS, [[row[column] for column in COLUMNS] for row in found]), flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


SETTINGS = ("data", "slow", "rows", "rounds", "quick")


# Cases.


def digits(data: str | None, slow: bool, rows: int, rounds: int, quick: bool) -> Found:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    if quick:
        X, y = X[:400], y[:400]
    return classes("digits", X / 16, y, solvers(slow), 1 if quick else rounds)


def dna(data: str | None, slow: bool, rows: int, rounds: int, quick: bool) -> Found:
    file = Path(data or "") / "svmlight" / "dna.scale"
    if data is not None and file.exists():
        from sklearn.datasets import load_svmlight_file

        X, y = load_svmlight_file(str(file), n_features=180)
        X, y = X.toarray(), (y - 1).astype(int)
    else:
        rng = np.random.default_rng(0)
        X = (rng.uniform(size=(2000, 180)) < 0.25).astype(float)
        y = np.argmax(X @ rng.normal(size=(180, 3)) + 2 * rng.normal(size=(2000, 3)), axis=1)
    if quick:
        X, y = X[:500, :60], y[:500]
    return classes("dna" if file.exists() else "made-up, 2,000 x 180", X, y, solvers(slow), 1 if quick else rounds)


def images(data: str | None, slow: bool, rows: int, rounds: int, quick: bool) -> Found:
    _, X, y = mnist_sized(quick)
    n = rows
    if quick:
        n, X = 500, X[:, ::8]
    return classes(f"made-up images, {n:,} x {X.shape[1]}", X[:n], y[:n], ["lbfgs"], 1, one_fold=True)


def squares(data: str | None, slow: bool, rows: int, rounds: int, quick: bool) -> Found:
    from sklearn.linear_model import ElasticNetCV, LassoCV, RidgeCV

    n, d = (500, 20) if quick else (10_000, 200)
    X = correlated(n, d)[0].astype(np.float64)
    rng = np.random.default_rng(1)
    y = X @ (rng.normal(size=X.shape[1]) * (rng.uniform(size=X.shape[1]) < 0.2)) + 3 * rng.normal(size=len(X))
    trained = n - n // FOLDS

    def ridge(alphas: Array) -> Any:
        return RidgeCV(alphas * trained, cv=FOLDS)

    def lasso(alphas: Array) -> Any:
        return LassoCV(alphas=alphas, cv=FOLDS, max_iter=100_000, tol=1e-4)

    def elastic(alphas: Array) -> Any:
        return ElasticNetCV(l1_ratio=0.5, alphas=alphas, cv=FOLDS, max_iter=100_000, tol=1e-4)

    rows_of = []
    for name, make, l1_ratio, divisor in (
        ("RidgeCV", ridge, 0.0, trained), ("LassoCV", lasso, 1.0, 1), ("ElasticNetCV", elastic, 0.5, 1)
    ):  # fmt: skip
        rows_of.append(regression(f"squared error, {n:,} x {X.shape[1]}", X, y, name, make, l1_ratio, divisor, rounds))
    return {"rows": rows_of}


CASES: dict[str, Callable[..., Found]] = {"digits": digits, "dna": dna, "images": images, "squares": squares}


def solvers(slow: bool) -> list[str]:
    return ["lbfgs", "newton-cholesky"] if slow else ["lbfgs"]


# Contestants.


def classes(problem: str, X: Array, y: Array, names: list[str], rounds: int, one_fold: bool = False) -> Found:
    """Rows of the table for the softmax with L2."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold

    from gdfast.estimators import GDClassifierCV

    folds = list(StratifiedKFold(FOLDS).split(X, y))
    trained = len(folds[0][0])
    with paths_seen() as seen:
        ours = GDClassifierCV(alphas=STRENGTHS, cv=folds, standardize=False).fit(X, y)
    alphas = ours.alphas_
    distances = distance(X, y, folds[0][0], alphas)
    passes = statistics.mean(path.seen.objective.passes for path, _ in seen)
    farthest = distances([w for _, w in zip(alphas, seen[0][1], strict=False)])
    contestants = {"gdfast": GDClassifierCV(alphas=alphas, cv=folds, standardize=False)}
    for name in names:
        contestants[name] = LogisticRegressionCV(
            Cs=1 / (alphas[::-1] * trained), cv=folds[:1] if one_fold else folds, solver=name, max_iter=1000,
            use_legacy_attributes=False,
        )  # fmt: skip
    seconds = timed(contestants, X, y, rounds)
    found = []
    for name in names:
        peer = contestants[name]
        paths = np.asarray(peer.coefs_paths_)  # folds, l1 ratios, strengths, classes, columns
        own = paths.reshape(len(paths), STRENGTHS, -1, X.shape[1] + 1)[0, ::-1]
        alpha = 1 / (float(np.ravel(peer.C_)[0]) * trained)
        factor = FOLDS if one_fold else 1
        found.append(
            row(problem, seconds["gdfast"], passes, f"LogisticRegressionCV, {name}", factor * seconds[name], farthest,
                distances(own), "" if one_fold else same(ours.alpha_, alpha))
        )  # fmt: skip
    return {"rows": found}


def distance(X: Array, y: Array, train: Array, alphas: Array) -> Callable[[Any], float]:
    """How far weights at each alpha are from the optimum at most, relative to it."""
    import gdfast as gd

    k = int(y.max()) + 1
    strengths = alphas / 2
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1.0), n_classes=k).rows(train).in_float64()
    path = gd.regularization_path(objective, strengths, tol=1e-6)

    def farthest(weights: Any) -> float:
        worst = 0.0
        for w, value, regularizer in zip(weights, path.values, path.regularizers, strict=True):
            w = np.ascontiguousarray(w, dtype=np.float64)
            there = objective.with_terms(objective.loss, regularizer).value(w)
            worst = max(worst, there / value - 1)
        return worst

    return farthest


@contextmanager
def paths_seen() -> Iterator[list[tuple[Any, list[Array]]]]:
    """The paths of the folds, and the weights of their points."""
    from gdfast.training.cross_validation import FoldPath

    known, points = [], FoldPath.points

    def seen(path: Any, alphas: Array) -> Iterator[Any]:
        weights: list[Array] = []
        known.append((path, weights))
        for found in points(path, alphas):
            weights.append(found.point.w)
            yield found

    FoldPath.points = seen  # type: ignore[method-assign]
    try:
        yield known
    finally:
        FoldPath.points = points  # type: ignore[method-assign]


def regression(
    problem: str,
    X: Array,
    y: Array,
    name: str,
    make: Callable[[Array], Any],
    l1_ratio: float,
    divisor: int,
    rounds: int,
) -> Found:
    """A row of the table for squared error."""
    from gdfast.estimators import GDRegressorCV

    ours = GDRegressorCV(alphas=STRENGTHS, l1_ratio=l1_ratio, standardize=False)
    alphas = ours.fit(X, y).alphas_
    peer = make(alphas)
    ours.alphas = alphas
    seconds = timed({"gdfast": ours, name: peer}, X, y, rounds)
    return row(problem, seconds["gdfast"], None, name, seconds[name], None, None,
               same(ours.alpha_, peer.alpha_ / divisor))  # fmt: skip


def row(
    problem: str, ours: float, passes: float | None, peer: str, seconds: float, farthest: float | None,
    its: float | None, is_same: str,
) -> Found:  # fmt: skip
    shown = [None if one is None else f"{one:.0e}" for one in (farthest, its)]
    cells = (problem, ours, passes, peer, seconds, seconds / ours, *shown, is_same)
    return dict(zip(COLUMNS, cells, strict=True))


def same(one: float, other: float) -> str:
    return "yes" if abs(one / other - 1) < 1e-6 else f"{one:.2g}, {other:.2g}"


def timed(contestants: dict[str, Any], X: Array, y: Array, rounds: int) -> dict[str, float]:
    """The least seconds of a fit of each, in turn; one that takes 10 s or more has one round."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, model in contestants.items():
            if best.get(name, 0.0) >= 10:
                continue
            common.settle()
            start = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(X, y)
            best[name] = min(best.get(name, np.inf), time.process_time() - start)
    return best


if __name__ == "__main__":
    main()
