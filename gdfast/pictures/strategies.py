"""Comparison of three search strategies, with the same number of evaluations each, as one table.

Random search, random local search and gradient descent minimise the same objective; the table says
what each of them cost, and the accuracy of its best weights on held-out images.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from .._arrays import check_flag, check_integer, check_positive, check_rng
from ..descent.derivative_free.random_and_local import local_search, random_search
from ..descent.minimize import minimize
from ..descent.optimizers import Momentum
from ..descent.result import Result, uninterrupted
from ..describe import described
from ..protocols import Array, Optimizer

RANDOM_SEARCH = "random search"
LOCAL_SEARCH = "random local search"
DESCENT = "gradient descent"
COLUMNS = ("strategy", "evaluations", "passes over X", "seconds", "loss", "held-out accuracy")


@dataclass(frozen=True)
class Plan:
    """How the three strategies are run; checked when it is made.

    Parameters
    ----------
    evaluations : int
        Evaluations of the objective that each strategy may use, >= 1.
    random_scale : float
        Random search tries ``W = random_scale * normal``.
    local_start, local_step : float
        Local search starts at ``local_start * normal`` and tries ``W + local_step * normal``.
    optimizer : Optimizer
        Gradient descent starts at W = 0 and follows this rule ...
    step : float
        ... with this step.

    Examples
    --------
    >>> from gdfast.pictures.strategies import Plan
    >>> Plan(evaluations=300).evaluations
    300
    """

    evaluations: int = 1000
    random_scale: float = 1e-4
    local_start: float = 1e-3
    local_step: float = 1e-4
    optimizer: Optimizer[Any] = field(default_factory=Momentum)
    step: float = 0.01

    def __post_init__(self) -> None:
        check_integer(self.evaluations, "evaluations", minimum=1)
        for name in ("random_scale", "local_start", "local_step", "step"):
            check_positive(getattr(self, name), name)


@dataclass(frozen=True, eq=False)
class StrategyRow:
    """The cost and the result of one strategy.

    Attributes
    ----------
    name : str
    evaluations : int
        Points at which the objective was computed (by gradient descent: with its gradient).
    passes : float
        Passes over the training data.
    seconds : float
    value : float
        The objective at w.
    accuracy : float
        The share of held-out samples that w classifies rightly.
    w : array
        The weights found.
    """

    name: str
    evaluations: int
    passes: float
    seconds: float
    value: float
    accuracy: float
    w: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class StrategyTable:
    """The three strategies side by side; ``print(table)`` aligns them.

    Attributes
    ----------
    rows : tuple of StrategyRow
        Random search, random local search, gradient descent.
    descent : Result
        The whole run of gradient descent; ``descent.history.metrics["held-out accuracy"]`` is its curve.
    n_classes : int
        The chance level of the accuracy is 1 / n_classes.
    """

    rows: tuple[StrategyRow, ...]
    descent: Result
    n_classes: int

    def __str__(self) -> str:
        lines = [f"{'':<20} {'evaluations':>11} {'passes':>8} {'seconds':>8} {'loss':>8} {'held-out':>9}"]
        for row in self.rows:
            numbers = f"{row.evaluations:>11,} {row.passes:>8,.1f} {row.seconds:>8.2f} {row.value:>8.3f}"
            lines.append(f"{row.name:<20} {numbers} {100 * row.accuracy:>7.1f} %")
        return "\n".join(lines)

    def overtaken_at(self) -> int | None:
        """After how many evaluations gradient descent was below the best loss of both searches; None: never."""
        best = min(row.value for row in self.rows[:-1])
        below = np.flatnonzero(self.descent.history.values < best)
        return int(below[0]) + 1 if below.size else None

    def csv(self) -> str:
        """The table as comma-separated text, numbers in full."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows:
            writer.writerow([row.name, row.evaluations, row.passes, row.seconds, row.value, row.accuracy])
        return text.getvalue()


def compare_strategies(
    train: Any,
    held_out: Any,
    plan: Plan | None = None,
    *,
    rng: int | np.random.Generator | None = None,
    progress: bool = False,
    begin: Callable[[str], Any] | None = None,
    callback: Callable[[int, Array, float], Any] | None = None,
) -> StrategyTable:
    """Random search, random local search and gradient descent on one objective.

    Parameters
    ----------
    train : LinearObjective
        What is minimised. (Any objective with `shape`, `n_classes` and `passes` will do.)
    held_out : LinearObjective
        Its `accuracy` of the weights is reported; same mean and scale as `train`.
    plan : Plan, optional
        Scales, steps and the number of evaluations.
    rng : int, Generator or None
        The same seed gives the same table, apart from the seconds.
    progress : bool
        Show a progress bar (tqdm) for each strategy.
    begin : callable, optional
        Called with the name of each strategy before it starts.
    callback : callable, optional
        `minimize`'s callback during gradient descent: ``callback(k, w, value)`` after each step.

    Returns
    -------
    StrategyTable

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong type or range, or the two objectives have not weights of the same shape.

    Notes
    -----
    Gradient descent's accuracy is evaluated 50 times during the run, which its seconds include. Its weights
    are the best of the run, those with the lowest objective; it stops early where the gradient vanishes.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> from gdfast.pictures.strategies import Plan, compare_strategies
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(300) % 3
    >>> X = np.eye(3)[y] + 0.1 * rng.normal(size=(300, 3))
    >>> train, held_out = gd.LinearObjective(X[:200], y[:200]), gd.LinearObjective(X[200:], y[200:])
    >>> table = compare_strategies(train, held_out, Plan(evaluations=50, step=0.1), rng=0)
    >>> [row.evaluations <= 50 for row in table.rows], table.rows[-1].accuracy
    ([True, True, True], 1.0)
    """
    plan = Plan() if plan is None else plan
    if not isinstance(plan, Plan):
        raise TypeError(f"plan must be a Plan or None; it is {described(plan)}")
    if train.shape != held_out.shape:
        raise ValueError(f"held_out must have weights of train's shape {train.shape}; its shape is {held_out.shape}")
    check_flag(progress, "progress")
    generator = check_rng(rng)
    rows = []

    def run(name: str, search: Callable[[], Any]) -> Any:
        if begin is not None:
            begin(name)
        start = perf_counter()
        found = uninterrupted(search())
        seconds = perf_counter() - start
        w, value = (found.best_w, found.best_value) if isinstance(found, Result) else (found.w, found.value)
        rows.append(StrategyRow(name, found.evaluations, found.passes, seconds, value, held_out.accuracy(w), w))
        return found

    n = plan.evaluations
    run(RANDOM_SEARCH, lambda: random_search(train, None, n, plan.random_scale, generator, progress=progress))
    start = plan.local_start * generator.standard_normal(train.shape)
    run(LOCAL_SEARCH, lambda: local_search(train, start, n, plan.local_step, generator, progress=progress))
    descent = run(
        DESCENT,
        lambda: minimize(
            train,
            np.zeros(train.shape),
            plan.optimizer,
            plan.step,
            max_steps=n - 1,
            evaluate_every=max(1, n // 50),
            metrics={"held-out accuracy": held_out.accuracy},
            progress=progress,
            callback=callback,
        ),
    )
    return StrategyTable(tuple(rows), descent, train.n_classes)
