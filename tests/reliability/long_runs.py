"""Runs of every optimizer, solver and search that last a good tenth of a second, for presses of Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse

import gdfast as gd
from reliability.presses import Operation

RNG = np.random.default_rng(0)
ROWS, CLASSES = 6000, 5
DENSE = RNG.normal(size=(ROWS, 120)).astype(np.float32)
LABELS = (DENSE[:, :CLASSES] + RNG.normal(size=(ROWS, CLASSES))).argmax(1)
X_OF: dict[str, Callable[[], Any]] = {
    "float32": lambda: DENSE,
    "float64": lambda: DENSE.astype(np.float64),
    "uint8": lambda: np.clip(128 + 40 * DENSE, 0, 255).astype(np.uint8),
    "CSR": lambda: scipy.sparse.csr_array(DENSE * (np.abs(DENSE) > 1.5)),
}


def objective(
    loss: Any = None, regularizer: Any = None, kind: str = "float32", chunked: bool = False, rows: int = ROWS
) -> Any:
    """Softmax by default, on rows that no line divides."""
    loss = gd.CrossEntropy() if loss is None else loss
    regularizer = gd.L2(1e-3) if regularizer is None else regularizer
    X = X_OF[kind]()[:rows]
    y = LABELS[:rows] if loss.classifies else DENSE[:rows, :2].astype(np.float64)
    if chunked:
        parts = [X[i : i + 1000] for i in range(0, rows, 1000)]
        return gd.ChunkedObjective(parts, y, loss, regularizer)
    scale = {"mean": np.full(120, 128.0), "scale": np.full(120, 40.0)} if kind == "uint8" else {}
    return gd.LinearObjective(X, y, loss, regularizer, **scale)


def same_run(again: Callable[..., Any], answer: Any) -> str | None:
    """A run that a press has ended is the beginning of the whole one, to the last bit."""
    if answer.status is not gd.Status.INTERRUPTED:
        return f"its status is {answer.status.name}, and the press was swallowed"
    if answer.steps == 0:
        return None
    straight = again(max_steps=answer.steps)
    if not np.array_equal(straight.w, answer.w):
        return f"the weights after {answer.steps} steps are other bits than those of a run of so many steps"
    n = min(len(answer.history.values), len(straight.history.values))
    if n < answer.steps - 1 or not np.array_equal(straight.history.values[:n], answer.history.values[:n]):
        return f"the values of the first {answer.steps} steps are others"
    if len(answer.history.step_sizes) != answer.steps:
        return f"there are {len(answer.history.step_sizes)} step sizes of {answer.steps} steps"
    return None


def facts(result: Any) -> Any:
    """Of a result: what must be the same bits in each run."""
    return [result.w, result.value, result.steps, result.status.name, result.history.values, result.history.step_sizes]


class Run(list[Any]):
    """The facts of a result, which stands behind them."""

    def __init__(self, result: Any) -> None:
        super().__init__(facts(result))
        self.result = result


def of_run(again: Callable[..., Any]) -> Operation:
    """`again(max_steps=...)` is a run; without, one that lasts."""
    return Operation(lambda: Run(again()), lambda answer: same_run(again, answer.result))


def descent(
    optimizer: Any = None, steps: int = 60, step: Any = 0.01, made: Callable[[], Any] = objective, **options: Any
) -> Operation:
    """A run of `minimize`."""
    on, optimizer = made(), gd.GradientDescent() if optimizer is None else optimizer

    def again(max_steps: int = steps) -> Any:
        given = {"gtol": 0.0, **options} | ({} if step is None else {"step": step})
        return gd.minimize(on, np.zeros(on.shape), optimizer, max_steps=max_steps, **given)

    return of_run(again)


def solution(made: Callable[[], Any], tol: float = 1e-9) -> Operation:
    """A run of `solve`; one that was ended early has the first values of the whole one."""
    on = made()

    def wrong(answer: Any) -> str | None:
        result = answer.result
        if result.status is not gd.Status.INTERRUPTED:
            return f"its status is {result.status.name}, and the press was swallowed"
        whole = gd.solve(on, tol)
        n = max(0, len(result.history.values) - 1)
        if not np.array_equal(whole.history.values[:n], result.history.values[:n]):
            return "its values are not the first ones of the whole run"
        return None if np.isfinite(result.w).all() else "its weights are not finite"

    return Operation(lambda: Run(gd.solve(on, tol)), wrong)


def estimate(make: Callable[[], Any], X: Any = None, y: Any = None, method: str = "fit") -> Operation:
    """A fit, and what the fitted estimator says."""
    X, y = DENSE if X is None else X, LABELS if y is None else y

    def run() -> Any:
        estimator = getattr(make(), method)(X, y)
        return [estimator.coef_, estimator.intercept_, estimator.predict(X[:50])]

    return Operation(run)


def function() -> Any:
    """A user's own, in which Python itself is busy."""
    A = DENSE[:200, :30].astype(np.float64)
    return gd.FunctionObjective(
        lambda w: float(np.logaddexp(0, A @ w).sum()), lambda w: A.T @ (1 / (1 + np.exp(-(A @ w))))
    )


def user_run(**options: Any) -> Operation:
    on = function()

    def again(max_steps: int = 3000) -> Any:
        return gd.minimize(on, np.zeros(30), step=1e-4, gtol=0.0, max_steps=max_steps, **options)

    return of_run(again)


def search(find: Callable[..., Any], **options: Any) -> Operation:
    """A search without a gradient; a shorter one has tried the same first points."""
    return Operation(lambda: _found(find, options), lambda answer: _shorter(find, options, answer))


class Found(list[Any]):
    def __init__(self, result: Any) -> None:
        super().__init__([result.w, result.value, result.history.values])
        self.result = result


def _found(find: Any, options: Any) -> Found:
    return Found(find(**options))


def _shorter(find: Any, options: Any, answer: Any) -> str | None:
    result = answer.result
    if result.status is not gd.Status.INTERRUPTED:
        return f"its status is {result.status.name}, and the press was swallowed"
    whole = find(**options).history.values
    seen = result.history.values
    if not np.array_equal(whole[: len(seen)], seen):
        return "its values are not the first ones of the whole search"
    known = len(seen) == 0 or (result.value <= min(seen) and result.value in whole)
    return None if known else "its value is not the least that it has seen"


BATCHED: dict[str, Any] = {
    type(o).__name__: o
    for o in (
        gd.GradientDescent(), gd.Momentum(), gd.Nesterov(), gd.AveragedSGD(), gd.AdaGrad(), gd.AdaDelta(), gd.RMSProp(),
        gd.Adam(), gd.AdamW(), gd.NAdam(), gd.RAdam(), gd.AMSGrad(), gd.Lion(), gd.SVRG(),
    )
}  # fmt: skip
OPERATIONS: dict[str, Callable[[], Operation]] = {}
for _name, _optimizer in BATCHED.items():
    OPERATIONS[f"{_name}, mini-batches"] = partial(descent, _optimizer, 1500, 1e-3, batches=64)
    if _name != "SVRG":
        OPERATIONS[f"{_name}, all rows"] = partial(descent, _optimizer, 60)
for _kind in X_OF:
    OPERATIONS[f"Adam, huge batches of {_kind}"] = partial(
        descent, gd.Adam(), 60, 1e-3, partial(objective, kind=_kind), batches=5000
    )
    OPERATIONS[f"GradientDescent, all rows of {_kind}"] = partial(
        descent, None, 100, made=partial(objective, kind=_kind)
    )
for _loss in (gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber()):
    for _penalty in (gd.L2(1e-3), gd.L1(1e-3), gd.ElasticNet(1e-3, 0.5)):
        OPERATIONS[f"solve {type(_loss).__name__} {type(_penalty).__name__}"] = partial(
            solution, partial(objective, _loss, _penalty, rows=1000), 1e-5
        )
OPERATIONS |= {
    "solve CSR": partial(solution, partial(objective, kind="CSR")),
    "solve uint8": partial(solution, partial(objective, kind="uint8")),
    "solve chunked": partial(solution, partial(objective, chunked=True), 1e-5),
    "LBFGS, Wolfe": partial(descent, gd.LBFGS(), 60, gd.StrongWolfe()),
    "LBFGS, exact search": partial(descent, gd.LBFGS(), 30, gd.ExactLineSearch()),
    "nonlinear conjugate gradients": partial(descent, gd.NonlinearConjugateGradient(), 60, gd.StrongWolfe()),
    "backtracking": partial(descent, None, 60, gd.Backtracking()),
    "grid of steps": partial(descent, None, 30, gd.GridSearch(np.geomspace(1e-3, 1, 8))),
    "Newton": partial(descent, gd.Newton(), 8, gd.StrongWolfe()),
    "ProximalGradient": partial(descent, gd.ProximalGradient(), 60, None, partial(objective, None, gd.L1(1e-3))),
    "CoordinateDescent": partial(
        descent, gd.CoordinateDescent(), 6, None, partial(objective, gd.SquaredError(), gd.L1(1e-3))
    ),
    "DualCoordinateAscent": partial(descent, gd.DualCoordinateAscent(), 10, None, partial(objective, gd.Hinge())),
    "SemismoothNewton": partial(descent, gd.SemismoothNewton(), 10, None, partial(objective, gd.Hinge())),
    "metrics": partial(descent, gd.Adam(), 400, 1e-3, batches=64, evaluate_every=50,
                       metrics={"twice": lambda w: 2.0 * float(np.sum(w))}),
    "kept weights": partial(descent, gd.Adam(), 1500, 1e-3, batches=64, keep_weights=True),
    "callback": partial(descent, gd.Adam(), 1500, 1e-3, batches=64, callback=lambda k, w, value: None),
    "checkpoints": partial(descent, gd.Adam(), 600, 1e-3, batches=64, checkpoint=gd.Checkpoint("run.npz", 40)),
    "progress": partial(descent, gd.Adam(), 1500, 1e-3, batches=64, progress=True),
    "clipped": partial(descent, gd.Adam(), 700, 1e-3, batches=64, clip=1.0),
    "chunked": partial(descent, None, 20, made=partial(objective, chunked=True)),
    "chunked, mini-batches": partial(descent, gd.Adam(), 400, 1e-3, partial(objective, chunked=True), batches=64),
    "user's function": user_run,
    "user's function, callback": partial(user_run, callback=lambda k, w, value: None),
    "random search": partial(
        search, lambda **o: gd.random_search(objective(rows=2000), shape=(CLASSES, 121), **o), n=300, rng=0
    ),
    "local search": partial(
        search, lambda **o: gd.local_search(objective(rows=2000), np.zeros((CLASSES, 121)), **o), n=300, rng=0
    ),
}  # fmt: skip
