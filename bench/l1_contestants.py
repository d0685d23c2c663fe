"""The data of bench_l1.py, its contestants, and the process that one library's contestants run in.

A contestant solves one problem to a tolerance of its own kind: the smaller, the nearer to the optimum. Lasso is
``|y - Xv - b|^2 / (2 n) + alpha |v|``, logistic regression ``mean log(1 + exp(-y Xv)) + alpha |v|`` without a bias
(celer has none there, and LIBLINEAR would penalise it), softmax ``mean cross-entropy + alpha |V|`` without one.
A worker reads one request per line and answers with one line; it imports nothing but NumPy, SciPy and its library.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Fit = tuple[Array, float]  # V, (n_features,) or (n_classes, n_features), and the bias
Solver = Callable[[float], Fit]
LIBRARIES = ("gdfast", "skglm", "celer", "sklearn")


# Data.


def load(data: str, folder: str | None, quick: bool) -> tuple[Any, Array, Array]:
    """X, targets of a lasso, and labels: -1 and 1, or the classes of 20 newsgroups."""
    rng = np.random.default_rng(0)
    if data == "20 newsgroups":
        X, y = newsgroups(folder, quick, rng)
        return X, signs(y).astype(np.float64), y
    n, d = (200, 20_000) if data == "wide" else (10_000, 2_000)
    if quick:
        n, d = n // 5, d // 10
    X = rng.normal(size=(n, d))
    if data == "correlated":  # neighbours by 0.6: what celer and skglm show their times on
        for j in range(1, d):
            X[:, j] = 0.6 * X[:, j - 1] + 0.8 * X[:, j]
    some = rng.choice(d, d // 20 if d <= n else 10, replace=False)
    signal = X[:, some] @ rng.normal(size=some.size)
    signal /= signal.std()
    y = signal + rng.normal(size=n) / 3  # a signal of three times the noise
    return X, y, np.where(signal + rng.logistic(size=n) / 3 > 0, 1, -1)


def newsgroups(folder: str | None, quick: bool, rng: np.random.Generator) -> tuple[Any, Array]:
    """Those of `folder`, or random rows of like shape whose frequent words tell the classes apart."""
    import scipy.sparse as sp

    if folder is not None:
        X = sp.load_npz(Path(folder) / "news20_train.npz").tocsr()
        with np.load(Path(folder) / "news20_labels.npz") as file:
            y = file[next(name for name in file.files if "train" in name)].astype(np.int64)
        n = 1000 if quick else len(y)
        return X[:n].astype(np.float64), y[:n]
    n, d = (1000, 10_000) if quick else (11_314, 130_107)
    columns = np.minimum(rng.zipf(1.25, (n, 160)) - 1, rng.integers(0, d, (n, 160)))
    X = sp.csr_matrix((np.ones(columns.size), (np.repeat(np.arange(n), 160), columns.ravel())), shape=(n, d))
    X.sum_duplicates()
    X.data /= np.repeat(np.sqrt(np.asarray(X.multiply(X).sum(axis=1)).ravel()), np.diff(X.indptr))
    scores = X @ rng.normal(size=(d, 20))
    return X, (scores - scores.mean(axis=0)).argmax(axis=1)


# The objective, from its formula.


def value(task: str, X: Any, y: Array, alpha: float, fit: Fit) -> float:
    """Of weights, in float64; a lasso's bias is the best there is."""
    V, _ = fit
    scores, penalty = np.asarray(X @ V.T), alpha * float(np.abs(V).sum())
    if task == "lasso":
        residuals = y - scores
        return float(((residuals - residuals.mean()) ** 2).mean()) / 2 + penalty
    if task == "logistic":
        return float(np.logaddexp(0, -y * scores).mean()) + penalty
    largest = scores.max(axis=1)
    own = scores[np.arange(len(y)), y]
    return float((np.log(np.exp(scores - largest[:, None]).sum(axis=1)) + largest - own).mean()) + penalty


def largest_alpha(task: str, X: Any, y: Array) -> float:
    """The smallest alpha at which all of V is 0."""
    n = len(y)
    if task == "lasso":
        return float(np.abs(X.T @ (y - y.mean())).max()) / n
    if task == "logistic":
        return float(np.abs(X.T @ y).max()) / (2 * n)
    classes = int(y.max()) + 1
    return float(np.abs(X.T @ (np.eye(classes)[y] - 1 / classes)).max()) / n


# Contestants: name, tolerances from loose to tight, solver.


def contestants(library: str, task: str, X: Any, y: Array, alpha: float) -> dict[str, tuple[list[float], Solver]]:
    """Of one library, each with X in the form that it likes best; what it needs to convert is not timed."""
    makers = {"gdfast": of_gdfast, "skglm": of_skglm, "celer": of_celer, "sklearn": of_sklearn}
    return makers[library](task, X, y, alpha)


def ladder(first: float, last: float) -> list[float]:
    """Powers of ten."""
    return [10.0**k for k in range(round(np.log10(first)), round(np.log10(last)) - 1, -1)]


def of_gdfast(task: str, X: Any, y: Array, alpha: float) -> dict[str, tuple[list[float], Solver]]:
    import gdfast as gd

    def run(rows: Any, by_solve: bool) -> Solver:
        bias = task == "lasso"
        labels = y if task != "logistic" else (y > 0).astype(np.int64)
        loss = gd.SquaredError() if task == "lasso" else gd.CrossEntropy()
        strength = 2 * alpha if task == "lasso" else alpha

        def solve(tol: float) -> Fit:
            objective = gd.LinearObjective(rows, labels, loss, gd.L1(strength), bias=bias)
            if by_solve:
                w = gd.solve(objective, tol).w
            else:
                w0 = np.zeros(objective.shape)
                w = gd.minimize(objective, w0, gd.CoordinateDescent(), gtol=tol * strength).w
            V = w[:, :-1] if bias else w
            return (V[1] - V[0] if task == "logistic" else V[0] if task == "lasso" else V), 0.0

        return solve

    narrow = X.astype(np.float32)
    return {
        "gdfast CoordinateDescent": (ladder(1e-1, 1e-9), run(X, False)),
        "gdfast solve, proven": (ladder(1e-3, 1e-7), run(X, True)),
        "gdfast CoordinateDescent, float32": (ladder(1e-1, 1e-9), run(narrow, False)),
    }


def of_skglm(task: str, X: Any, y: Array, alpha: float) -> dict[str, tuple[list[float], Solver]]:
    import skglm

    if task == "softmax":
        return {}
    columns = by_columns(X)

    def solve(tol: float) -> Fit:
        if task == "lasso":
            fit = skglm.Lasso(alpha, tol=tol * alpha).fit(columns, y)
            return fit.coef_, float(fit.intercept_)
        fit = skglm.SparseLogisticRegression(alpha, tol=tol * alpha, max_iter=100, fit_intercept=False)
        return fit.fit(columns, y).coef_.ravel(), 0.0

    return {"skglm": (ladder(1e-1, 1e-8), solve)}


def of_celer(task: str, X: Any, y: Array, alpha: float) -> dict[str, tuple[list[float], Solver]]:
    import celer

    if task == "softmax":
        return {}
    columns = by_columns(X)

    def solve(tol: float) -> Fit:
        if task == "lasso":
            fit = celer.Lasso(alpha, tol=tol).fit(columns, y)
            return fit.coef_, float(fit.intercept_)
        return celer.LogisticRegression(C=1 / (len(y) * alpha), tol=tol).fit(columns, y).coef_.ravel(), 0.0

    return {"celer": (ladder(1e-3, 1e-9), solve)}


def of_sklearn(task: str, X: Any, y: Array, alpha: float) -> dict[str, tuple[list[float], Solver]]:
    from sklearn.linear_model import Lasso, LogisticRegression

    columns = by_columns(X)

    def lasso(tol: float) -> Fit:
        fit = Lasso(alpha, tol=tol, max_iter=100_000).fit(columns, y)
        return np.asarray(fit.coef_), float(fit.intercept_)

    def logistic(solver: str, rows: Any) -> Solver:
        def solve(tol: float) -> Fit:
            fit = LogisticRegression(
                C=1 / (len(y) * alpha), l1_ratio=1.0, solver=solver, tol=tol, max_iter=100_000, fit_intercept=False,
                random_state=0,
            ).fit(rows, y)  # fmt: skip
            return (fit.coef_ if task == "softmax" else fit.coef_.ravel()), 0.0

        return solve

    if task == "lasso":
        return {"scikit-learn Lasso": (ladder(1e-3, 1e-9), lasso)}
    saga = {"scikit-learn saga": (ladder(1e-3, 1e-6), logistic("saga", X))}
    if task == "softmax":
        return saga
    return {"LIBLINEAR": (ladder(1e-1, 1e-7), logistic("liblinear", X)), **saga}


def by_columns(X: Any) -> Any:
    """CSC, or in Fortran order."""
    return np.asfortranarray(X) if isinstance(X, np.ndarray) else X.tocsc()


# The process.


def main() -> None:
    library, folder, quick = sys.argv[1], sys.argv[2] or None, sys.argv[3] == "quick"
    warnings.simplefilter("ignore")  # a loose tolerance, or too few iterations, show in the objective
    known: dict[str, tuple[Any, Array, Array]] = {}
    answer, sys.stdout = sys.stdout, sys.stderr
    field: dict[str, tuple[list[float], Solver]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "tol" in request:
            solver = field[request["name"]][1]
            used = time.process_time()
            V, bias = solver(request["tol"])
            used = time.process_time() - used
            np.save(request["file"], V)
            reply: dict[str, Any] = {"seconds": used, "bias": bias}
        else:
            task, data, alpha = request["task"], request["data"], request["alpha"]
            if data not in known:
                known = {data: load(data, folder, quick)}
                warm_up(library, known[data][0])
            X, targets, labels = known[data]
            y = targets if task == "lasso" else labels if task == "softmax" else signs(labels)
            field = contestants(library, task, X, y, alpha)
            reply = {name: tolerances for name, (tolerances, _) in field.items()}
        print(json.dumps(reply), file=answer, flush=True)


def signs(labels: Array) -> Array:
    """-1 and 1; of many classes, the first ten against the others."""
    return labels if labels.min() < 0 else np.where(labels < 10, 1, -1)


def warm_up(library: str, like: Any) -> None:
    """What is compiled or imported at first use is so before the clock starts."""
    rng = np.random.default_rng(0)
    X: Any = rng.normal(size=(60, 30))
    if not isinstance(like, np.ndarray):
        X = type(like)(X * (X > 0.5))
    y = np.where(rng.normal(size=60) > 0, 1, -1)
    for task in ("lasso", "logistic"):
        targets = y.astype(np.float64) if task == "lasso" else y
        alpha = largest_alpha(task, X, targets) / 5
        for tolerances, solver in contestants(library, task, X, targets, alpha).values():
            solver(tolerances[1])


if __name__ == "__main__":
    main()
