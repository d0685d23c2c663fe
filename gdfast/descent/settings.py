"""The arguments of minimize and maximize, checked once, before any work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import check_flag, check_integer, check_non_negative, check_point, check_positive
from ..describe import described
from ..objective.capabilities import check_certifies
from ..objective.mini_batches import MiniBatches
from ..protocols import Array
from .optimizers.capabilities import bound, is_blind, proves_bounds, takes_step
from .step_sizes import StepRule, step_rule

Callback = Callable[[int, Array, float], Any]
Metrics = Mapping[str, Callable[[Array], Any]]

DEFAULT_STEP = 0.1
_DEFAULT_STEPS = 1000


@dataclass(frozen=True, eq=False)
class Settings:
    """What a run needs to know; the names are those of `minimize`.

    `sign` is 1 to go down and -1 to go up; `rows_of(k)` gives the mini-batch of step k, None the whole. `looks_always`:
    the whole objective is looked at after every step (without batches).
    """

    objective: Any
    sign: float
    w0: Array
    optimizer: Any
    step: StepRule
    batches: MiniBatches | None
    rows_of: Callable[[int], Array] | None
    looks_always: bool
    max_steps: int
    gtol: float
    gap_tol: float | None
    evaluate_every: int | None
    metrics: Metrics
    callback: Callback | None
    clip: float | None
    progress: bool
    checkpoint: Any = None
    callback_every: int = 1


def checked_settings(
    objective: Any,
    w0: Any,
    optimizer: Any,
    step: Any,
    *,
    sign: float,
    batches: Any,
    max_steps: Any,
    epochs: Any,
    gtol: Any,
    gap_tol: Any,
    evaluate_every: Any,
    metrics: Any,
    callback: Any,
    clip: Any,
    progress: Any,
    checkpoint: Any,
    callback_every: Any = 1,
) -> Settings:
    """The settings of a run, or TypeError/ValueError naming the argument; w0 is copied."""
    _check_objective(objective, batches)
    _check_optimizer(optimizer, clip)
    point = np.array(check_point(w0, "w0"))
    optimizer = bound(optimizer, objective, point, batches, sign)
    max_steps = _count_steps(max_steps, epochs, batches, objective)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None; it is {described(callback)}")
    return Settings(
        objective=objective,
        sign=sign,
        w0=point,
        optimizer=optimizer,
        step=_step_of(optimizer, step, max_steps, objective),
        batches=batches,
        rows_of=None if batches is None else batches.walk(objective.n_samples),
        looks_always=evaluate_every is None or not is_blind(optimizer),
        max_steps=max_steps,
        gtol=check_non_negative(gtol, "gtol"),
        gap_tol=_checked_gap(gap_tol, objective, optimizer, sign),
        evaluate_every=_optional(check_integer, evaluate_every, "evaluate_every", minimum=1),
        metrics=_checked_metrics(metrics),
        callback=callback,
        clip=_optional(check_positive, clip, "clip"),
        progress=check_flag(progress, "progress"),
        checkpoint=_checked_checkpoint(checkpoint),
        callback_every=check_integer(callback_every, "callback_every", minimum=1),
    )


def check_objective(objective: Any, methods: tuple[str, ...]) -> None:
    """TypeError unless the objective is an instance with these methods."""
    for method in methods:
        if isinstance(objective, type) or not callable(getattr(objective, method, None)):
            remedy = "; wrap a function: gdfast.FunctionObjective(f)" if callable(objective) else ""
            needed = ", ".join(methods)
            raise TypeError(f"objective must be an object with {needed}; it is {described(objective)}{remedy}")


def _check_objective(objective: Any, batches: Any) -> None:
    check_objective(objective, ("value", "gradient", "value_and_gradient"))
    if batches is None:
        return
    if not isinstance(batches, MiniBatches):
        raise TypeError(f"batches must be gdfast.MiniBatches or None; it is {described(batches)}")
    if not (hasattr(objective, "rows") and hasattr(objective, "n_samples")):
        raise TypeError(f"batches need an objective with n_samples and rows(indices); it is {described(objective)}")


def _check_optimizer(optimizer: Any, clip: Any) -> None:
    more = ("direction", "batch_direction")
    has = {name for name in ("init", "update", *more) if callable(getattr(optimizer, name, None))}
    if isinstance(optimizer, type) or "init" not in has or len(has) < 2:
        remedy = f"; make an instance: {optimizer.__name__}()" if isinstance(optimizer, type) else ""
        raise TypeError(f"optimizer must be an object with init and update; it is {described(optimizer)}{remedy}")
    if clip is not None and not has.isdisjoint(more):
        raise ValueError(f"clip needs an optimizer that works on the gradient alone; it is {described(optimizer)}")


def _step_of(optimizer: Any, step: Any, max_steps: int, objective: Any) -> StepRule:
    """How far; all the way, for an optimizer that takes no step. (The default step is as good as none.)"""
    if takes_step(optimizer):
        return step_rule(step, max_steps, objective)
    if type(step) is not float or step != DEFAULT_STEP:
        raise ValueError(f"{type(optimizer).__name__} takes no step: leave it out; step is {described(step)}")
    return step_rule(1.0, max_steps, objective)._replace(given=step)


def _count_steps(max_steps: Any, epochs: Any, batches: MiniBatches | None, objective: Any) -> int:
    if epochs is None:
        return check_integer(_DEFAULT_STEPS if max_steps is None else max_steps, "max_steps", minimum=0)
    count = check_integer(epochs, "epochs", minimum=0)
    if max_steps is not None:
        raise ValueError(f"max_steps and epochs exclude each other; they are {max_steps} and {count}")
    return count if batches is None else count * batches.steps_per_epoch(objective.n_samples)


def _checked_checkpoint(checkpoint: Any) -> Any:
    if checkpoint is not None and not (hasattr(checkpoint, "path") and hasattr(checkpoint, "every")):
        raise TypeError(f"checkpoint must be gdfast.Checkpoint(path, every) or None; it is {described(checkpoint)}")
    return checkpoint


def _checked_gap(gap_tol: Any, objective: Any, optimizer: Any, sign: float) -> float | None:
    if gap_tol is None:
        return None
    tolerance: float = check_non_negative(gap_tol, "gap_tol")
    if sign < 0 or not (proves_bounds(optimizer) or callable(getattr(objective, "duality_gap", None))):
        raise ValueError(
            "gap_tol needs something that proves it: minimize with an objective that has duality_gap, or an optimizer "
            f"with lower_bound; they are {described(objective)} and {described(optimizer)}"
        )
    if not proves_bounds(optimizer):
        check_certifies(objective)
    return tolerance


def _optional(check: Callable[..., Any], value: Any, name: str, **limits: Any) -> Any:
    return None if value is None else check(value, name, **limits)


def _checked_metrics(metrics: Any) -> Metrics:
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping):
        raise TypeError(f"metrics must be a dict of name -> callable; it is {described(metrics)}")
    for name, metric in metrics.items():
        if not isinstance(name, str) or not callable(metric):
            raise TypeError(f"metrics must be a dict of name -> callable; it holds {name!r}: {described(metric)}")
    return dict(metrics)
