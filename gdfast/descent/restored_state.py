"""A run's state from a checkpoint: every type, shape and range in it is checked before a step is taken.

The digest of a file says that it is whole, not who wrote it: whatever stands in it comes from outside.
"""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..describe import described
from ..protocols import Array, FloatArray
from .compiled import CompiledSteps
from .optimizers.capabilities import check_state
from .record import Evaluation
from .result import Status
from .run_state import RunState, new_record
from .settings import Settings


def restored_state(
    path: str | os.PathLike[str], arrays: Mapping[str, Array], facts: Mapping[str, Any], settings: Settings
) -> tuple[Settings, RunState]:
    """The run in a file, for settings made of its arguments: its state, and the settings that it has by then.

    ValueError where it does not fit them.

    `arrays` and `facts` are those of the file, objects in them decoded.
    """
    try:
        settings = _settings(facts, settings)
        return settings, _state(arrays, facts, settings)
    except (KeyError, TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"{path} holds no run that can go on ({type(error).__name__}: {error})") from error
    except ValueError as error:
        error.add_note(f"in the checkpoint {path}")
        raise


def _settings(facts: Mapping[str, Any], settings: Settings) -> Settings:
    """In float64 arithmetic where the run has gone on there, as only one with a goal and a narrower one does."""
    found = facts.get("in_float64", False)  # which version 0.1 did not have
    if not isinstance(found, bool) or (found and settings.wide_objective is None):
        needed = "False" if settings.wide_objective is None else "True or False"
        raise ValueError(f"in_float64 must be {needed}; it is {described(found)}")
    return settings.in_float64() if found else settings


def _state(arrays: Mapping[str, Array], facts: Mapping[str, Any], settings: Settings) -> RunState:
    k, w = _count(facts["k"], "k"), _like_w(arrays["w"], settings.w0, "w")
    if not isinstance(facts["evaluation"], list) or len(facts["evaluation"]) != 2:
        raise ValueError(f"the evaluation must be two numbers; it is {described(facts['evaluation'])}")
    value, norm = facts["evaluation"]
    gradient = _like_w(arrays.get("gradient", w), w, "the gradient")
    record = new_record(settings)
    recorded = {name.removeprefix("record."): a for name, a in arrays.items() if name.startswith("record.")}
    _check_record(recorded, facts["record"], k, w, len(settings.metrics))
    if settings.keep_weights and recorded["steps"].size:
        _check_weights(recorded["weights"], recorded["steps"].size, w)
    record.restore(recorded, facts["record"] | {"known": facts["known"]})
    if "unreported" in arrays:
        record.unreported = _numbers(arrays["unreported"], "the values since the last callback").tolist()
    optimizer_state = facts["state"]
    check_state(settings.bound_optimizer, settings.objective, w, optimizer_state)
    ending = Status.CONVERGED if facts["converged"] else None
    if ending is None and k == settings.max_steps:
        ending = Status.MAX_STEPS
    return RunState(
        k=k,
        w=w,
        optimizer_state=optimizer_state,
        evaluation=Evaluation(
            _number(value, "the value"), gradient, _number(norm, "its norm"), _scores(arrays, settings)
        ),
        previous_value=_number(facts["previous_value"], "the value before"),
        direction=_like_w(arrays["direction"], w, "the direction") if "direction" in arrays else None,
        record=record,
        extra_state=_extra_state(arrays, settings),
        ending=ending,
    )


def _scores(arrays: Mapping[str, Array], settings: Settings) -> FloatArray | None:
    """Those that a line search goes on from, where this run keeps any."""
    scores = arrays.get("scores")
    if scores is None or settings.scored is None:
        return None
    if scores.shape != settings.scored.shape or scores.dtype != np.float64:
        raise ValueError(f"the scores must be float64 of shape {settings.scored.shape}; they are {described(scores)}")
    return np.asarray(scores, order="C")


def _extra_state(arrays: Mapping[str, Array], settings: Settings) -> tuple[Array, ...]:
    """What the compiled steps kept besides: nothing, or arrays like those that they start with."""
    found = tuple(arrays[f"extra.{i}"] for i in range(sum(name.startswith("extra.") for name in arrays)))
    compiled = CompiledSteps.of(settings) if found else None
    if compiled is None:  # as with another step, which they do not take
        return ()
    expected = compiled.extra_state
    if [(a.shape, a.dtype) for a in found] not in ([], [(a.shape, a.dtype) for a in expected]):
        raise ValueError("the state of the compiled steps must be like that of this run; it is of another")
    return found


def _check_record(arrays: Mapping[str, Array], facts: Mapping[str, Any], k: int, w: Array, n_metrics: int) -> None:
    steps = arrays["steps"]
    if steps.dtype != np.int64 or steps.ndim != 1:
        raise ValueError(f"the steps of the history must be an array of int64; it is {described(steps)}")
    for name, size in (("values", steps.size), ("norms", steps.size), ("seconds", steps.size), ("step_sizes", k)):
        if _numbers(arrays[name], name).size != size:
            raise ValueError(f"the {name} of the history must be {size}; they are {arrays[name].size}")
    evaluated = arrays["evaluated"]
    if evaluated.size and (evaluated.dtype != np.float64 or evaluated.shape[1:] != (3 + n_metrics,)):
        raise ValueError(f"the evaluated steps must have {3 + n_metrics} numbers each; they are {described(evaluated)}")
    if "best_w" in arrays:
        _like_w(arrays["best_w"], w, "the best w")
    for name in ("best_value", "bound", "seconds"):
        _number(facts[name], name)
    _number(facts.get("foretold", math.inf), "foretold")
    _count(facts["evaluations"], "the number of evaluations")
    if facts["passes"] is not None:
        _number(facts["passes"], "the number of passes")


def _check_weights(weights: Array, size: int, w: Array) -> None:
    if weights.shape != (size, *w.shape) or weights.dtype != w.dtype:
        raise ValueError(
            f"the weights of the history must be {w.dtype} of shape {(size, *w.shape)}; they are {weights.dtype} of "
            f"shape {weights.shape}"
        )


def _like_w(array: Array, w: Array, name: str) -> Array:
    if array.shape != w.shape or array.dtype != w.dtype:
        raise ValueError(f"{name} must be {w.dtype} of shape {w.shape}; it is {array.dtype} of shape {array.shape}")
    return np.asarray(array, order="C")


def _numbers(array: Array, name: str) -> Array:
    if array.ndim != 1 or array.dtype != np.float64:
        raise ValueError(f"{name} must be one-dimensional and float64; it is {array.dtype} of shape {array.shape}")
    return array


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"{name} must be a number; it is {described(value)}")
    return float(value)


def _count(value: Any, name: str) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError(f"{name} must be an integer >= 0; it is {described(value)}")
    return value
