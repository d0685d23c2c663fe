"""Comparison of three search strategies, with the same number of evaluations each, as one table.

Random search, random local search and gradient descent (without and with momentum) minimise the same
objective; the table says what each of them cost, and the accuracy of its best weights on held-out images.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from .._arrays import check_flag, check_integer, check_positive, check_rng
from ..descent.derivative_free.random_and_local import SearchResult, local_search, random_search
from ..descent.minimize import minimize
from ..descent.optimizers import GradientDescent, Momentum
from ..descent.result import Result, uninterrupted
from ..describe import described
from ..protocols import Array, Optimizer

RANDOM_SEARCH = "random search"
LOCAL_SEARCH = "random local search"
DESCENT = "gradient descent"
MOMENTUM = "momentum"
ACCURACY = "held-out accuracy"
WHY = (
    "accuracy asks only which score is the largest, and stays the same when W is multiplied by 10; the loss grows with "
    "W as long as images are classified wrongly, each by the length of its violated margins. Weights can point in the "
    "better direction and be too long."
)
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
    step : float
        The learning rate of gradient descent, from W = 0, ...
    momentum : float
        ... and of gradient descent with this momentum, in [0, 1), which runs beside it.

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
    step: float = 0.01
    momentum: float = 0.9

    def __post_init__(self) -> None:
        check_integer(self.evaluations, "evaluations", minimum=1)
        for name in ("random_scale", "local_start", "local_step", "step"):
            check_positive(getattr(self, name), name)
        Momentum(self.momentum)


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
    run : SearchResult or Result
        The whole run; ``run.history`` is its curve (of a search the lowest objective so far).
    """

    name: str
    evaluations: int
    passes: float
    seconds: float
    value: float
    accuracy: float
    w: Array = field(repr=False)
    run: SearchResult | Result = field(repr=False)


@dataclass(frozen=True, eq=False)
class StrategyTable:
    """The three strategies side by side; ``print(table)`` aligns them.

    Attributes
    ----------
    rows : tuple of StrategyRow
        Random search, random local search, gradient descent, gradient descent with momentum ("momentum").
    n_classes : int
        The chance level of the accuracy is 1 / n_classes.
    first_loss : float
        The objective at W = 0, where gradient descent starts.
    first_loss_formula : str
        Why: of the hinge "(n_classes - 1) * margin"; "" where there is none.
    """

    rows: tuple[StrategyRow, ...]
    n_classes: int
    first_loss: float
    first_loss_formula: str = ""

    def __str__(self) -> str:
        lines = [f"{'':<20} {'evaluations':>11} {'passes':>8} {'seconds':>8} {'loss':>8} {'held-out':>9}"]
        for row in self.rows:
            numbers = f"{row.evaluations:>11,} {row.passes:>8,.1f} {row.seconds:>8.2f} {row.value:>8.3f}"
            lines.append(f"{row.name:<20} {numbers} {100 * row.accuracy:>7.1f} %")
        return "\n".join(lines)

    @property
    def runs(self) -> dict[str, SearchResult | Result]:
        """The runs by name for `gdfast.plots.history`, gradient descent first."""
        found = {row.name: row.run for row in self.rows}
        return {name: found[name] for name in (DESCENT, MOMENTUM, LOCAL_SEARCH, RANDOM_SEARCH)}

    @property
    def descent(self) -> Result:
        """The run of gradient descent; ``descent.history.metrics["held-out accuracy"]`` is its curve."""
        run = self.runs[DESCENT]
        if not isinstance(run, Result):
            raise TypeError(f"rows must hold a Result under {DESCENT!r}; it is {described(run)}")
        return run

    @property
    def start(self) -> str:
        """The loss at W = 0 in words: ``9 = (n_classes - 1) * margin, the loss at W = 0``."""
        why = f" = {self.first_loss_formula}" if self.first_loss_formula else ""
        return f"{self.first_loss:.4g}{why}, the loss at W = 0"

    def remarks(self) -> list[str]:
        """What the numbers alone do not say, as sentences: overtaken when; the worse loss with the better accuracy."""
        said, overtaken = [], self.overtaken_at()
        if overtaken is not None:
            said.append(f"Gradient descent was below the best loss of both searches after {overtaken:,} evaluations.")
        said += [
            f"{row.name.capitalize()} has the worse loss and the better accuracy than {other.name}: {WHY}"
            for row in self.rows[:2]
            for other in self.rows
            if row.value > other.value and row.accuracy > other.accuracy
        ]
        return said

    def overtaken_at(self) -> int | None:
        """After how many evaluations gradient descent was below the best loss of both searches; None: never."""
        best = min(row.value for row in self.rows[:2])
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
    callback: Callable[[str, int, Array, float], Any] | None = None,
) -> StrategyTable:
    """Random search, random local search and gradient descent (without and with momentum) on one objective.

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
        Called in both runs of gradient descent, after each step: ``callback(name, k, w, value)``.

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
    are the best of the run, those with the lowest objective; it stops early where the gradient vanishes. With
    momentum it has the same start and the same learning rate.

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
    ([True, True, True, True], 1.0)
    """
    plan = Plan() if plan is None else plan
    if not isinstance(plan, Plan):
        raise TypeError(f"plan must be a Plan or None; it is {described(plan)}")
    if train.shape != held_out.shape:
        raise ValueError(f"held_out must have weights of train's shape {train.shape}; its shape is {held_out.shape}")
    check_flag(progress, "progress")
    generator = check_rng(rng)
    rows = []

    def run(name: str, search: Callable[[], Any]) -> None:
        if begin is not None:
            begin(name)
        start = perf_counter()
        found = uninterrupted(search())
        seconds = perf_counter() - start
        is_descent = isinstance(found, Result)
        w, value = (found.best_w, found.best_value) if is_descent else (found.w, found.value)
        accuracy = held_out.accuracy(w)
        if not is_descent:  # as a curve it has one point, at the end
            last, final = np.array([found.evaluations - 1]), np.array([value])
            past = replace(
                found.history, evaluated_steps=last, evaluated_values=final, metrics={ACCURACY: np.array([accuracy])}
            )
            found = replace(found, history=past)
        rows.append(StrategyRow(name, found.evaluations, found.passes, seconds, value, accuracy, w, found))

    def minimized(name: str, optimizer: Optimizer[Any]) -> Result:
        return minimize(
            train,
            np.zeros(train.shape),
            optimizer,
            plan.step,
            max_steps=n - 1,
            evaluate_every=max(1, n // 50),
            metrics={ACCURACY: held_out.accuracy},
            progress=progress,
            callback=None if callback is None else partial(callback, name),
        )

    n = plan.evaluations
    run(RANDOM_SEARCH, lambda: random_search(train, None, n, plan.random_scale, generator, progress=progress))
    start = plan.local_start * generator.standard_normal(train.shape)
    run(LOCAL_SEARCH, lambda: local_search(train, start, n, plan.local_step, generator, progress=progress))
    run(DESCENT, lambda: minimized(DESCENT, GradientDescent()))
    run(MOMENTUM, lambda: minimized(MOMENTUM, Momentum(plan.momentum)))
    first, formula = train.value(np.zeros(train.shape)), first_loss_of(train)
    return StrategyTable(tuple(rows), train.n_classes, first, formula)


def first_loss_of(objective: Any) -> str:
    """The formula of the loss at W = 0, where the loss has one."""
    known = objective.loss.value_at_zero_scores(objective.n_classes) if hasattr(objective, "loss") else None
    return "" if known is None else str(known[1])
