"""The mini-batches of a run, which an objective may read in an order that suits it: one more optional capability.

The free function is `gdfast.objective.run_batches.run_batches`.
"""

from __future__ import annotations

from typing import Any, Protocol

from .arrays import Array
from .objective import Objective


class RunSteps(Protocol):
    """Many stochastic steps of a run in one call: a `StepsKernel` that knows which rows step k takes."""

    @property
    def extra_state(self) -> tuple[Array, ...]:
        """As of `StepsKernel`."""
        ...

    def __call__(
        self,
        w: Array,
        states: tuple[Array, ...],
        k: int,
        rates: Array,
        first_step: int,
        values: Array,
        done: Array,
        /,
    ) -> None:
        """Steps k, k + 1, ...: one for each of the rates."""
        ...


class RunBatches(Protocol):
    """The mini-batches of one run on one objective."""

    @property
    def batches(self) -> Any:
        """As `MiniBatches`, every setting chosen: what a checkpoint holds."""
        ...

    def batch(self, k: int, /) -> Objective:
        """The objective on the rows of step k."""
        ...

    def compiled_steps(self, w: Array, rule: str, settings: tuple[float, ...], /) -> RunSteps | None:
        """As of `CompiledSteps`."""
        ...


class HasRunBatches(Protocol):
    """Rows that are cheap to read in some orders only, as from a disk: `run_batches`."""

    def run_batches(self, batches: Any, /) -> RunBatches:
        """The mini-batches of a run, whose rows are read before they are needed."""
        ...
