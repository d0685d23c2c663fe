"""What a run writes down while it lasts; it becomes the history at the end."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ..objective.function import returned_gradient, returned_value
from ..protocols import Array, Objective
from .result import History

_GROWING = ("steps", "values", "norms", "seconds", "step_sizes")


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
    value: float
    norm: float
    metrics: tuple[float, ...]


class Record:
    """Arrays that grow with the steps. Values are those of the objective that is minimised.

    An interrupt may come between two lines of it, so `history` is told how much of it is finished.
    """

    def __init__(self, objective: Any, metrics: Mapping[str, Callable[[Array], Any]]) -> None:
        self.steps = array("q")
        self.values, self.norms, self.seconds, self.step_sizes = array("d"), array("d"), array("d"), array("d")
        self.best: tuple[float, Array | None] = (math.inf, None)
        self.bound = -math.inf
        self.known: Any = None  # what the bound was proven with
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

    def add(self, k: int, look: Look) -> None:
        """What step k sees goes into the history."""
        self.steps.append(k)
        self.values.append(look.value)
        self.norms.append(look.norm)
        self.seconds.append(perf_counter() - self._start)

    def add_segment(self, k: int, values: Array, rates: Array) -> None:
        """Steps from step k on that were taken in one call: no gradient was looked at, and the clock once."""
        n = len(values)
        self.evaluations += n
        self.steps.extend(range(k, k + n))
        self.values.frombytes(values.tobytes())
        self.norms.extend(array("d", [math.nan]) * n)
        self.seconds.extend(array("d", [perf_counter() - self._start]) * n)
        self.step_sizes.frombytes(rates.tobytes())

    def keep_best(self, value: float, w: Array) -> None:
        """The whole objective is known at w."""
        if value < self.best[0]:
            self.best = (value, w)

    def keep_bound(self, bound: float) -> None:
        """The objective is proven to be nowhere below this."""
        self.bound = max(self.bound, bound)

    def gap(self, value: float) -> float | None:
        """How far a value is from the optimum at most, rounded up; None where nothing is proven of it."""
        if self.bound == -math.inf or math.isnan(value):
            return None
        return max(0.0, (value - self.bound) * (1 + 2.0**-52))

    def evaluate(self, k: int, look: Look, w: Array) -> None:
        """The run is evaluated at w, after k steps: the metrics are called here, and only here."""
        self.keep_best(look.value, w)
        numbers = tuple(returned_value(f(w), f"metrics[{name!r}]") for name, f in self._metrics.items())
        self.evaluated.append(Evaluation(k, look.value, look.norm, numbers))

    def saved(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """All that it knows, as arrays and numbers; `restore` takes it back."""
        arrays = {name: np.array(getattr(self, name)) for name in _GROWING}
        arrays["evaluated"] = np.array([(e.k, e.value, e.norm, *e.metrics) for e in self.evaluated])
        value, w = self.best
        if w is not None:
            arrays["best_w"] = w
        return arrays, {
            "best_value": value,
            "bound": self.bound,
            "evaluations": self.evaluations,
            "seconds": self.elapsed(),
            "passes": self.passes(),
            "metrics": list(self._metrics),
        }

    def restore(self, arrays: Mapping[str, Array], facts: Mapping[str, Any]) -> None:
        """Go on from what `saved` gave; ValueError when the metrics are others."""
        if list(self._metrics) != facts["metrics"]:
            raise ValueError(f"metrics must be those of the run, {facts['metrics']}; they are {list(self._metrics)}")
        for name in _GROWING:
            getattr(self, name).frombytes(arrays[name].tobytes())
        self.evaluated = [Evaluation(int(k), value, norm, tuple(rest)) for k, value, norm, *rest in arrays["evaluated"]]
        self.best = (facts["best_value"], arrays.get("best_w"))
        self.bound, self.known, self.evaluations = facts["bound"], facts["known"], facts["evaluations"]
        self._start -= facts["seconds"]
        if self._passes_before is not None:
            self._passes_before -= facts["passes"]

    def elapsed(self) -> float:
        """Seconds since the start."""
        return perf_counter() - self._start

    def passes(self) -> float | None:
        """Passes over the data since the start, where the objective counts them."""
        return None if self._passes_before is None else float(self._objective.passes - self._passes_before)

    def history(self, before: int, steps: int, sign: float) -> History:
        """The looks before step `before`, and `steps` steps; values times sign."""
        looks = bisect_left(self.steps, before, hi=len(self.seconds))
        return History(
            steps=np.array(self.steps[:looks]),
            values=sign * np.array(self.values[:looks]),
            gradient_norms=np.array(self.norms[:looks]),
            step_sizes=np.array(self.step_sizes[:steps]),
            seconds=np.array(self.seconds[:looks]),
            evaluated_steps=np.array([e.k for e in self.evaluated], dtype=np.int64),
            evaluated_values=sign * np.array([e.value for e in self.evaluated]),
            metrics={name: np.array([e.metrics[i] for e in self.evaluated]) for i, name in enumerate(self._metrics)},
        )


def largest_element(gradient: Array) -> float:
    """The largest absolute element; NaN where there is one. (argmax starts sooner than max on small arrays.)"""
    magnitudes = np.abs(gradient)
    return float(magnitudes.item(magnitudes.argmax()))
