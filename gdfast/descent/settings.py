"""The arguments of minimize and maximize, checked once, before any work.

A keyword of `minimize` is written in its signature, in its docstring, here as a field of `Settings` with its check, and
where the loop uses it; a checkpoint holds every field but those that are given again to `resume`.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

import numpy as np

from .._arrays import check_flag, check_integer, check_non_negative, check_positive
from .._derived import derived
from ..describe import described
from ..objective.capabilities import check_certifies, in_float64, rows_wanted, start_for
from ..objective.guarded import guarded
from ..objective.linear.search_rays import ScoredSearch, scored_search
from ..objective.mini_batches import MiniBatches
from ..objective.negated import Negated
from ..objective.run_batches import run_batches
from ..protocols import Array, Objective, RunBatches
from .goal import Goal, check_goal
from .optimizers.capabilities import (
    bind,
    bound_in_float64,
    compares_gradients,
    direction_of,
    needs_gradient,
    owns_step,
    proves_bounds,
    sets_own_step,
    step_for,
)
from .step_sizes import StepRule, step_rule

Callback = Callable[[int, Array, float], Any]
Metrics = Mapping[str, Callable[[Array], Any]]

DEFAULT_STEP = 0.1
_DEFAULT_STEPS = 1000
NEVER = "never"


def _saved(check: Callable[..., Any], **limits: Any) -> dict[str, Any]:
    """A field that ``check(value, name)`` converts, and that a checkpoint holds: a number."""
    return {"check": partial(check, **limits), "is_saved": True}


def _given_again(check: Callable[[Any, str], Any]) -> dict[str, Any]:
    """A field that ``check(value, name)`` converts, and that `resume` is given again."""
    return {"check": check, "is_saved": False}


def _optional(check: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, name, **limits: None if value is None else check(value, name, **limits)


def _checked_period(period: Any, name: str) -> int | str | None:
    if isinstance(period, str):
        if period != NEVER:
            raise ValueError(f'{name} must be a number of steps, "never" or None; it is {described(period)}')
        return NEVER
    return None if period is None else check_integer(period, name, minimum=1)


def _checked_metrics(metrics: Any, name: str) -> Metrics:
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping):
        raise TypeError(f"metrics must be a dict of name -> callable; it is {described(metrics)}")
    for key, metric in metrics.items():
        if not isinstance(key, str) or not callable(metric):
            raise TypeError(f"metrics must be a dict of name -> callable; it holds {key!r}: {described(metric)}")
    return dict(metrics)


def _checked_callback(callback: Any, name: str) -> Any:
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None; it is {described(callback)}")
    return callback


def _checked_checkpoint(checkpoint: Any, name: str) -> Any:
    if checkpoint is not None and not (hasattr(checkpoint, "path") and hasattr(checkpoint, "every")):
        raise TypeError(f"checkpoint must be gdfast.Checkpoint(path, every) or None; it is {described(checkpoint)}")
    return checkpoint


@dataclass(frozen=True, eq=False, kw_only=True)
class Settings:
    """What a run needs to know: the arguments of `minimize` under their names, and what follows from them."""

    objective: Any
    w0: Array
    optimizer: Any
    step: StepRule
    batches: MiniBatches | None
    max_steps: int
    gtol: float = field(metadata=_saved(check_non_negative))
    gap_tol: float | None = field(metadata=_saved(_optional(check_non_negative)))
    evaluate_every: int | str | None = field(metadata=_saved(_checked_period))
    metrics: Metrics = field(metadata=_given_again(_checked_metrics))
    callback: Callback | None = field(metadata=_given_again(_checked_callback))
    callback_every: int = field(metadata=_saved(check_integer, minimum=1))
    clip: float | None = field(metadata=_saved(_optional(check_positive)))
    keep_weights: bool = field(metadata=_saved(check_flag))
    progress: bool = field(metadata=_given_again(check_flag))
    checkpoint: Any = field(metadata=_given_again(_checked_checkpoint))
    goal: Goal | None
    """What a run of `solve` is to reach, see `Goal`; None: gtol, gap_tol and max_steps say it all."""

    sign: float
    """1 to go down, -1 to go up."""
    minimised: Any
    """``sign * objective``."""
    wide_objective: Any
    """The objective in float64 arithmetic, for the end of a run whose own is narrower; None: there is none."""
    bound_optimizer: Any
    """The optimizer for this run: `optimizer` as a checkpoint writes it, bound to the objective."""
    owns_step: bool
    """It moves w itself."""
    direction: Any
    """Otherwise, how it finds the direction of a step."""
    run_batches: RunBatches | None
    """The mini-batches of the objective; None: the whole of it at every step."""
    keeps_scores: bool
    """Line searches keep the objective's scores, where it has some."""
    evaluates_always: bool
    """The whole objective is evaluated after every step."""
    never_evaluates: bool
    """Not even at the end: the mini-batches say what is known of it."""
    period: int | None
    """Steps between two evaluations of the run; None: at the end at most."""
    goes_on_in_float64: bool = False
    """It began in narrower arithmetic: `in_float64`."""

    @derived
    def scored(self) -> ScoredSearch | None:
        """How line searches keep the objective's scores; None: they do not."""
        return scored_search(self.objective) if self.keeps_scores else None

    def batch(self, k: int) -> Objective:
        """``sign * objective`` on the mini-batch of step k."""
        assert self.run_batches is not None
        batch = self.run_batches.batch(k)
        return batch if self.sign > 0 else Negated(batch)

    def in_float64(self) -> Settings:
        """Those with which the run goes on in float64 arithmetic, once its own has stalled."""
        wide = self.wide_objective
        optimizer = bound_in_float64(self.optimizer, self.bound_optimizer, wide, self.w0, self.sign)
        return replace(
            self,
            goes_on_in_float64=True,
            objective=wide,
            minimised=guarded(wide, "objective"),
            wide_objective=None,
            bound_optimizer=optimizer,
            direction=None if self.owns_step else direction_of(optimizer),
        )

    def saved(self) -> dict[str, Any]:
        """Numbers that a checkpoint holds as they are."""
        return {name: getattr(self, name) for name in sorted(saved_names())}


def saved_names() -> set[str]:
    """Which fields a checkpoint holds as they are."""
    return {"max_steps", *(setting.name for setting in fields(Settings) if setting.metadata.get("is_saved"))}


def checked_settings(arguments: Mapping[str, Any], sign: float) -> Settings:
    """The settings of a run from the arguments of `minimize` by name, or TypeError/ValueError naming one.

    `sign` is 1 to go down and -1 to go up. w0 is copied.
    """
    given = {"goal": None} | dict(arguments)
    if given["goal"] is not None:
        check_goal(given["goal"])
    objective, optimizer = given["objective"], given["optimizer"]
    batches = _checked_batches(given["batches"])
    _check_objective(objective, batches)
    in_batches = None if batches is None else run_batches(guarded(objective, "objective"), batches)
    given["batches"] = batches = None if in_batches is None else in_batches.batches
    _check_optimizer(optimizer, given["clip"])
    point = np.array(start_for(objective, given["w0"], "w0"))
    for_this_run = bind(optimizer, objective, point, batches, sign)
    given["max_steps"] = max_steps = _count_steps(given["max_steps"], given.pop("epochs"), batches, objective)
    for setting in fields(Settings):
        if "check" in setting.metadata:
            given[setting.name] = setting.metadata["check"](given[setting.name], setting.name)
    never = given["evaluate_every"] == NEVER
    if never:
        _check_never(given, batches)
    _check_gap(given["gap_tol"], objective, for_this_run, sign)
    rule = _step_of(for_this_run, given["step"], max_steps, objective, type(optimizer).__name__)
    return Settings(
        **given | {"w0": point, "step": rule},
        sign=sign,
        # What is proven is proven of a gradient as the objective gives it.
        keeps_scores=rule.line_search is not None
        and batches is None
        and sign > 0
        and given["goal"] is None
        and given["gap_tol"] is None,
        minimised=guarded(objective, "objective") if sign > 0 else Negated(objective),
        wide_objective=None if given["goal"] is None else wider(objective),
        bound_optimizer=for_this_run,
        owns_step=owns_step(for_this_run),
        direction=None if owns_step(for_this_run) else direction_of(for_this_run),
        run_batches=in_batches,
        evaluates_always=batches is None and (given["evaluate_every"] is None or needs_gradient(for_this_run)),
        never_evaluates=never,
        period=None if never else given["evaluate_every"],
    )


def wider(objective: Any) -> Any:
    """The same in float64 arithmetic; None where there is no such thing, or its own is that."""
    wide = in_float64(objective)
    return None if wide is objective else wide


def check_objective(objective: Any, methods: tuple[str, ...]) -> None:
    """TypeError unless the objective is an instance with these methods."""
    for method in methods:
        if isinstance(objective, type) or not callable(getattr(objective, method, None)):
            remedy = "; wrap a function: gdfast.FunctionObjective(f)" if callable(objective) else ""
            needed = ", ".join(methods)
            raise TypeError(f"objective must be an object with {needed}; it is {described(objective)}{remedy}")


def _check_objective(objective: Any, batches: Any) -> None:
    check_objective(objective, ("value", "gradient", "value_and_gradient"))
    if batches is not None:
        rows_wanted(objective, "batches need")


def _checked_batches(batches: Any) -> MiniBatches | None:
    """A number of rows is taken as `MiniBatches` of that size."""
    if batches is None or isinstance(batches, MiniBatches):
        return batches
    if isinstance(batches, bool | np.bool_ | np.timedelta64) or not isinstance(batches, numbers.Integral):
        raise TypeError(f"batches must be a number of rows, gdfast.MiniBatches or None; it is {described(batches)}")
    return MiniBatches(check_integer(batches, "batches", minimum=1))


def _check_optimizer(optimizer: Any, clip: Any) -> None:
    more = ("direction", "batch_direction", "step")
    has = {name for name in ("init", "update", *more) if callable(getattr(optimizer, name, None))}
    if isinstance(optimizer, type) or "init" not in has or len(has) < 2:
        remedy = f"; make an instance: {optimizer.__name__}()" if isinstance(optimizer, type) else ""
        raise TypeError(f"optimizer must be an object with init and update; it is {described(optimizer)}{remedy}")
    if clip is not None and (not has.isdisjoint(more) or compares_gradients(optimizer)):
        raise ValueError(f"clip needs an optimizer that works on the gradient alone; it is {described(optimizer)}")


def _step_of(optimizer: Any, step: Any, max_steps: int, objective: Any, name: str) -> StepRule:
    """How far; the full direction, for an optimizer that sets its own step. (The default step is as good as none.)"""
    if sets_own_step(optimizer):
        if type(step) is not float or step != DEFAULT_STEP:
            raise ValueError(f"{name} takes no step: leave it out; step is {described(step)}")
        return step_rule(1.0, max_steps)._replace(given=step)
    rule = step_rule(step_for(optimizer, objective) if isinstance(step, str) and step == "auto" else step, max_steps)
    if rule.line_search is not None and owns_step(optimizer):
        raise ValueError(f"{name} needs a step that is a number, a sequence or a schedule; it is {described(step)}")
    return rule


def _count_steps(max_steps: Any, epochs: Any, batches: MiniBatches | None, objective: Any) -> int:
    if epochs is None:
        return check_integer(_DEFAULT_STEPS if max_steps is None else max_steps, "max_steps", minimum=0)
    count = check_integer(epochs, "epochs", minimum=0)
    if max_steps is not None:
        raise ValueError(f"max_steps and epochs exclude each other; they are {max_steps} and {count}")
    return count if batches is None else count * batches.steps_per_epoch(objective.n_samples)


def _check_never(given: Mapping[str, Any], batches: MiniBatches | None) -> None:
    if batches is None:
        raise ValueError(
            f'evaluate_every="{NEVER}" needs batches: every step without them computes the whole objective'
        )
    for name in ("gap_tol", "metrics"):
        if given[name] is not None and given[name] != {}:
            raise ValueError(f'{name} needs evaluations of the run, which evaluate_every="{NEVER}" leaves out')


def _check_gap(gap_tol: float | None, objective: Any, optimizer: Any, sign: float) -> None:
    if gap_tol is None:
        return
    if sign < 0 or not (proves_bounds(optimizer) or callable(getattr(objective, "duality_gap", None))):
        raise ValueError(
            "gap_tol needs something that proves it: minimize with an objective that has duality_gap, or an optimizer "
            f"with lower_bound; they are {described(objective)} and {described(optimizer)}"
        )
    if not proves_bounds(optimizer):
        check_certifies(objective)
