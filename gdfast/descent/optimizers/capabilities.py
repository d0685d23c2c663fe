"""What an optimizer may offer beyond init and update, asked for through ONE free function each.

An optimizer that needs more than the gradient defines `direction(objective, k, w, state)`; one that corrects the
gradient of a mini-batch by more of the objective defines `batch_direction(objective, batch, k, w, gradient, state)`.
What they compute themselves is counted where their state has a number `evaluations`. One that does not fit every run
defines `bound(objective, w0, batches, sign)`, which refuses, or hands back the optimizer for this run.
One whose answer is not the last w (a running mean) defines `answer(w, state)`; one that proves a bound on the optimum
defines `lower_bound(objective, state)`; one that does not use the driver's look at the objective says
`blind = True`; one whose direction is the whole way says `takes_step = False`. The driver never asks which optimizer it
has.
"""

from __future__ import annotations

from typing import Any

from ...protocols import Array, Objective, Optimizer


def bound(optimizer: Any, objective: Any, w0: Array, batches: Any, sign: float) -> Any:
    """The optimizer for a run on sign * objective from w0 (batches None: whole ones), or TypeError or ValueError."""
    own = getattr(optimizer, "bound", None)
    return optimizer if own is None else own(objective, w0, batches, sign)


def descent_direction(
    optimizer: Optimizer[Any], objective: Objective, batch: Objective, k: int, w: Array, gradient: Array, state: Any
) -> tuple[Array, Any]:
    """The direction of step k and the state after it, by whichever road the optimizer offers.

    `objective` is the whole one, `batch` what the gradient is of: a mini-batch of it, or the same.
    """
    own: Any = getattr(optimizer, "direction", None)
    if own is not None:
        direction, state = own(objective, k, w, state)
        return direction, state
    own = getattr(optimizer, "batch_direction", None)
    if own is not None:
        direction, state = own(objective, batch, k, w, gradient, state)
        return direction, state
    return optimizer.update(gradient, state, w)


def evaluations_of(state: Any) -> int:
    """Points at which the optimizer itself has computed the objective since the start of the run."""
    return int(getattr(state, "evaluations", 0))


def final_answer(optimizer: Optimizer[Any], w: Array, state: Any) -> Array:
    """The weights that a run which stands at w hands back: w itself unless the optimizer has an `answer`."""
    own = getattr(optimizer, "answer", None)
    return w if own is None else own(w, state)


def lower_bound(optimizer: Optimizer[Any], objective: Objective, state: Any) -> float | None:
    """What the optimizer has proven the objective never to be below; None unless it proves bounds."""
    own = getattr(optimizer, "lower_bound", None)
    return None if own is None else float(own(objective, state))


def proves_bounds(optimizer: Any) -> bool:
    """Whether it has a `lower_bound`."""
    return callable(getattr(optimizer, "lower_bound", None))


def is_blind(optimizer: Any) -> bool:
    """Whether its steps need no look of the driver at the objective."""
    return bool(getattr(optimizer, "blind", False))


def takes_step(optimizer: Any) -> bool:
    """Whether somebody else says how far its directions lead."""
    return bool(getattr(optimizer, "takes_step", True))
