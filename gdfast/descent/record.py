"""What a run writes down while it lasts; it becomes the history at the end."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ..objective.function import returned_gradient, returned_value
from ..protocols import Array, Objective
from .result import History


class Look(NamedTuple):
    """An objective at one point; norm is the largest absolute element of the gradient."""

    value: float
    gradient: Array
    norm: float

    def is_finite(self) -> bool:
        """Whether no number in it is NaN or infinite."""
        return math.isfinite(self.value) and math.isfinite(self.norm)


class Evaluation(NamedTuple):
    """The whole objective and the metrics after k steps."""

    k: int
    look: Look
    metrics: tuple[float, ...]


class Record:
    """Arrays that grow with the steps. Values are those of the objective that is minimised.

    An interrupt may come between two lines of it, so `history` is told how much of it is finished.
    """

    def __init__(self, objective: Any, metrics: Mapping[str, Callable[[Array], Any]]) -> None:
        self.values, self.norms, self.seconds, self.step_sizes = array("d"), array("d"), array("d"), array("d")
        self.best: tuple[float, Array | None] = (math.inf, None)
        self.evaluated: list[Evaluation] = []
        self.evaluations = 0
        self._objective = objective
        self._passes_before = getattr(objective, "passes", None)
        self._metrics = metrics
        self._start = perf_counter()

    def look(self, objective: Objective, w: Array) -> Look:
        """The objective (or a mini-batch of it) at w: one evaluation."""
        self.evaluations += 1
        value, gradient = objective.value_and_gradient(w)
        gradient = returned_gradient(gradient, w, "the objective")
        return Look(returned_value(value, "the objective"), gradient, largest_element(gradient))

    def add(self, look: Look) -> None:
        """What the next step sees goes into the history."""
        self.values.append(look.value)
        self.norms.append(look.norm)
        self.seconds.append(perf_counter() - self._start)

    def add_segment(self, values: Array, rates: Array) -> None:
        """Steps that were taken in one call: no gradient was looked at, and the clock once."""
        n = len(values)
        self.evaluations += n
        self.values.frombytes(values.tobytes())
        self.norms.extend(array("d", [math.nan]) * n)
        self.seconds.extend(array("d", [perf_counter() - self._start]) * n)
        self.step_sizes.frombytes(rates.tobytes())

    def keep_best(self, value: float, w: Array) -> None:
        """The whole objective is known at w."""
        if value < self.best[0]:
            self.best = (value, w)

    def evaluate(self, k: int, look: Look, w: Array) -> None:
        """The run is evaluated at w, after k steps: the metrics are called here, and only here."""
        self.keep_best(look.value, w)
        numbers = tuple(returned_value(f(w), f"metrics[{name!r}]") for name, f in self._metrics.items())
        self.evaluated.append(Evaluation(k, look, numbers))

    def elapsed(self) -> float:
        """Seconds since the start."""
        return perf_counter() - self._start

    def passes(self) -> float | None:
        """Passes over the data since the start, where the objective counts them."""
        return None if self._passes_before is None else float(self._objective.passes - self._passes_before)

    def history(self, looks: int, steps: int, sign: float) -> History:
        """The first `looks` looks and `steps` steps; values times sign."""
        looks = min(looks, len(self.values))
        return History(
            steps=np.arange(looks),
            values=sign * np.array(self.values[:looks]),
            gradient_norms=np.array(self.norms[:looks]),
            step_sizes=np.array(self.step_sizes[:steps]),
            seconds=np.array(self.seconds[:looks]),
            evaluated_steps=np.array([e.k for e in self.evaluated], dtype=np.int64),
            evaluated_values=sign * np.array([e.look.value for e in self.evaluated]),
            metrics={name: np.array([e.metrics[i] for e in self.evaluated]) for i, name in enumerate(self._metrics)},
        )


def largest_element(gradient: Array) -> float:
    """The largest absolute element; NaN where there is one. (argmax starts sooner than max on small arrays.)"""
    magnitudes = np.abs(gradient)
    return float(magnitudes.item(magnitudes.argmax()))
