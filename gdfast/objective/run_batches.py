"""The mini-batches of a run: an objective and an order of its rows, brought together once, before the first step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..protocols import Array, HasRunBatches, Objective, RunBatches, StepsKernel
from .capabilities import compiled_steps, offered, rows_wanted
from .mini_batches import EpochOrder, MiniBatches, cuts_permutations, rows_of_steps


def run_batches(objective: Any, batches: MiniBatches) -> RunBatches:
    """The objective's own, where it reads its rows in an order that suits it; else `rows(indices)` of any objective."""
    own = offered(objective, HasRunBatches)
    return BatchesOfRows(objective, batches) if own is None else own.run_batches(batches)


def with_all_rows(batches: MiniBatches, n_samples: int) -> MiniBatches:
    """A full shuffle that says so, wherever a run goes on."""
    if type(batches) is not MiniBatches or batches.window is not None or not batches.shuffle:
        return batches
    return replace(batches, window=max(batches.size, n_samples))


class BatchesOfRows:
    """Those of an objective whose rows may be visited in any order."""

    def __init__(self, objective: Any, batches: MiniBatches) -> None:
        self._objective, self._with_rows = objective, rows_wanted(objective, "batches need")
        self.batches = with_all_rows(batches, self._with_rows.n_samples)
        self._rows_of = rows_of_steps(batches, self._with_rows.n_samples)

    def batch(self, k: int) -> Objective:
        """See `RunBatches`."""
        return self._with_rows.rows(self._rows_of(k))

    def compiled_steps(self, w: Array, rule: str, settings: tuple[float, ...]) -> StepsOfRows | None:
        """See `RunBatches`; None where the batches are no permutation in pieces."""
        if not cuts_permutations(self.batches):
            return None
        kernel = compiled_steps(self._objective, w, rule, settings)
        return None if kernel is None else StepsOfRows(kernel, StepOrder(self.batches, self._with_rows.n_samples))


class StepOrder:
    """Which rows the steps of a run take, one step after the other."""

    def __init__(self, batches: MiniBatches, n_samples: int) -> None:
        self.n_samples = n_samples
        self.size = min(batches.size, n_samples)
        self.per_epoch = batches.steps_per_epoch(n_samples)
        self.order = EpochOrder(batches, n_samples)
        self._starts = np.minimum(np.arange(self.per_epoch + 1) * self.size, n_samples)

    def rows(self, k: int, n: int) -> tuple[Array, Array]:
        """Those of steps k .. k + n - 1, and where each step's begin."""
        epoch, i = divmod(k, self.per_epoch)
        if i + n <= self.per_epoch:
            starts = self._starts[i : i + n + 1]
            rows = self.order.rows(epoch, int(starts[0]), int(starts[-1]))
            return rows, starts - starts[0] if i else starts
        last, end = divmod(k + n, self.per_epoch)
        begin, parts = int(self._starts[i]), []
        for e in range(epoch, last + (end > 0)):
            stop = self.n_samples if e < last else int(self._starts[end])
            parts.append(self.order.rows(e, begin if e == epoch else 0, stop).copy())  # two views hold two permutations
        epochs, places = np.divmod(np.arange(k, k + n + 1), self.per_epoch)
        return np.concatenate(parts), (epochs - epoch) * self.n_samples + self._starts[places] - begin


@dataclass(frozen=True, eq=False)
class StepsOfRows:
    """See `gdfast.protocols.RunSteps`."""

    kernel: StepsKernel
    order: StepOrder
    extra_state: tuple[Array, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "extra_state", self.kernel.extra_state)

    def __call__(
        self, w: Array, states: tuple[Array, ...], k: int, rates: Array, first_step: int, values: Array, done: Array
    ) -> None:
        """Steps k, k + 1, ..."""
        rows, starts = self.order.rows(k, len(rates))
        self.kernel(w, states, rows, starts, rates, first_step, values, done)
