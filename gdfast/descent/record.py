"""What a run writes down while it lasts: its record becomes the history at the end, its progress bar goes."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from .._returned import array_like, returned_value
from ..objective.linear.search_rays import ScoredSearch
from ..protocols import Array, FloatArray, Objective
from .result import History

_GROWING = ("steps", "values", "norms", "seconds", "step_sizes")


@dataclass(slots=True, eq=False)
class Evaluation:
    """An objective at one point; norm is the largest absolute element of the gradient, or of what stands for it."""

    value: float
    gradient: Array
    norm: float
    scores: FloatArray | None = None
    """Those at the point, which a line search goes on from."""

    def is_finite(self) -> bool:
        """Whether no number in it is NaN or infinite."""
        return math.isfinite(self.value) and math.isfinite(self.norm)


class EvaluatedStep(NamedTuple):
    """The whole objective and the metrics after k steps."""

    k: int
    value: float
    norm: float
    metrics: tuple[float, ...]


class Record:
    """Arrays that grow with the steps. Values are those of the objective that is minimised.

    An interrupt may come between two lines of it, so `history` is told how much of it is finished. `stationarity` of a
    gradient and w is what the norm is of; None: of the gradient.
    """

    def __init__(
        self,
        objective: Any,
        metrics: Mapping[str, Callable[[Array], Any]],
        stationarity: Callable[[Array, Array], Array] | None = None,
        keeps_weights: bool = False,
    ) -> None:
        self.steps = array("q")
        self.values, self.norms, self.seconds, self.step_sizes = array("d"), array("d"), array("d"), array("d")
        self.weights: list[Array] | None = [] if keeps_weights else None
        self.best: tuple[float, Array | None] = (math.inf, None)
        self.bound = -math.inf
        self.known: Any = None  # what the bound was proven with
        self.foretold = math.inf  # the gap that the last costly certificate was expected to prove
        self.unreported: list[float] = []  # values since the last callback
        self.evaluated: list[EvaluatedStep] = []
        self.evaluations = 0
        self._objective = objective
        self._passes_before = getattr(objective, "passes", None)
        self._metrics = metrics
        self._stationarity = stationarity
        self._start = perf_counter()

    def evaluate(self, objective: Objective, w: Array) -> Evaluation:
        """The objective (or a mini-batch of it) at w: one evaluation."""
        self.evaluations += 1
        value, gradient = objective.value_and_gradient(w)
        # What is as it should be needs no call: this is asked at every step.
        if type(gradient) is not np.ndarray or gradient.dtype != w.dtype or gradient.shape != w.shape:
            gradient = array_like(gradient, w, "the objective")
        if type(value) is not float:
            value = returned_value(value, "the objective")
        if self._stationarity is None:
            return Evaluation(value, gradient, largest_element(gradient))
        return Evaluation(value, gradient, largest_element(self._stationarity(gradient, w)))

    def evaluate_scored(self, scored: ScoredSearch, w: Array) -> Evaluation:
        """The same with the scores, in the same pass."""
        self.evaluations += 1
        value, gradient, scores = scored.evaluate(w)
        return Evaluation(value, gradient, largest_element(gradient), scores)

    def gradient(self, objective: Objective, w: Array) -> Array:
        """The gradient at a point that nobody wants the value of: one evaluation."""
        self.evaluations += 1
        return array_like(objective.gradient(w), w, "the objective")

    def add(self, k: int, there: Evaluation, w: Array) -> None:
        """What step k starts from goes into the history."""
        if self.weights is not None:
            self.weights.append(w)
        self.steps.append(k)
        self.values.append(there.value)
        self.norms.append(there.norm)
        self.seconds.append(perf_counter() - self._start)

    def add_segment(self, k: int, values: Array, rates: Array, w: Array) -> None:
        """Steps from step k (at w) on that were taken in one call: without their gradients' norms, and at one time."""
        n = len(values)
        if self.weights is not None and n:  # then it is one step
            self.weights.append(w)
        self.evaluations += n
        self.steps.extend(range(k, k + n))
        self.values.frombytes(values.tobytes())
        self.norms.extend(array("d", [math.nan]) * n)
        self.seconds.extend(array("d", [perf_counter() - self._start]) * n)
        self.step_sizes.frombytes(rates.tobytes())

    def take_back(self) -> None:
        """The last point of the history is to be evaluated anew, and so is the best."""
        if self.evaluated and self.evaluated[-1].k == self.steps[-1]:
            self.evaluated.pop()
        for numbers in (self.steps, self.values, self.norms, self.seconds):
            numbers.pop()
        self.best = (math.inf, None)

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

    def add_evaluated(self, k: int, there: Evaluation, w: Array) -> None:
        """The run is evaluated at w, after k steps: the metrics are called here, and only here."""
        self.keep_best(there.value, w)
        if self._metrics:
            w.flags.writeable = False  # nobody who gets it may change it: the run goes on from it
        numbers = tuple(returned_value(f(w), f"metrics[{name!r}]") for name, f in self._metrics.items())
        self.evaluated.append(EvaluatedStep(k, there.value, there.norm, numbers))

    def saved(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """All that it knows, as arrays and numbers; `restore` takes it back."""
        arrays = {name: np.array(getattr(self, name)) for name in _GROWING}
        if self.weights:
            arrays["weights"] = np.stack(self.weights)
        arrays["evaluated"] = np.array([(e.k, e.value, e.norm, *e.metrics) for e in self.evaluated])
        value, w = self.best
        if w is not None:
            arrays["best_w"] = w
        return arrays, {
            "best_value": value,
            "bound": self.bound,
            "foretold": self.foretold,
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
        if self.weights is not None:
            self.weights = list(arrays.get("weights", ()))
        self.evaluated = [
            EvaluatedStep(int(k), value, norm, tuple(rest)) for k, value, norm, *rest in arrays["evaluated"]
        ]
        self.best = (facts["best_value"], arrays.get("best_w"))
        self.bound, self.known, self.evaluations = facts["bound"], facts["known"], facts["evaluations"]
        self.foretold = facts.get("foretold", math.inf)  # which version 0.1 did not have
        self._start -= facts["seconds"]
        if self._passes_before is not None:
            self._passes_before -= facts["passes"]

    def elapsed(self) -> float:
        """Seconds since the start."""
        return perf_counter() - self._start

    def passes(self) -> float | None:
        """Passes over the data since the start, where the objective counts them."""
        return None if self._passes_before is None else float(self._objective.passes - self._passes_before)

    def last_values(self, before: int, most: int) -> Array:
        """At most so many values, the last ones that were known before step `before`."""
        n = self._known(before)
        return np.array(self.values[max(0, n - most) : n])

    def _known(self, before: int) -> int:
        return bisect_left(self.steps, before, hi=len(self.seconds))

    def history(self, before: int, steps: int, sign: float) -> History:
        """What was evaluated before step `before`, and `steps` steps; values times sign."""
        n = self._known(before)
        return History(
            steps=np.array(self.steps[:n]),
            values=sign * np.array(self.values[:n]),
            gradient_norms=np.array(self.norms[:n]),
            step_sizes=np.array(self.step_sizes[:steps]),
            seconds=np.array(self.seconds[:n]),
            evaluated_steps=np.array([e.k for e in self.evaluated], dtype=np.int64),
            evaluated_values=sign * np.array([e.value for e in self.evaluated]),
            metrics={name: np.array([e.metrics[i] for e in self.evaluated]) for i, name in enumerate(self._metrics)},
            weights=None if self.weights is None else np.array(self.weights[:n]),
        )


def largest_element(gradient: Array) -> float:
    """The largest absolute element; NaN where there is one. (argmax starts sooner than max on small arrays.)"""
    magnitudes = np.abs(gradient)
    return float(magnitudes.item(magnitudes.argmax()))


@contextmanager
def progress_bar(total: int, unit: str, show: bool) -> Iterator[Any]:
    """A tqdm bar while the block runs, or None; tqdm is imported only when one is shown."""
    if not show:
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit=unit) as bar:
        yield bar
