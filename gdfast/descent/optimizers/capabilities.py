"""What an optimizer may offer beyond init and update, asked for through ONE free function each.

The protocols stand in `gdfast.protocols`. The loop never asks which optimizer it has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...describe import described
from ...objective.second_derivatives import suggest_step
from ...protocols import Array, Objective, Optimizer


def bind(optimizer: Any, objective: Any, w0: Array, batches: Any, sign: float) -> Any:
    """The optimizer for a run on sign * objective from w0 (batches None: whole ones), or TypeError or ValueError."""
    own = getattr(optimizer, "bind", None)
    return optimizer if own is None else own(objective, w0, batches, sign)


Direction = Callable[[Objective, Objective, int, Array, Array, Any], tuple[Array, Any]]


def direction_of(optimizer: Any) -> Direction:
    """(objective, batch, k, w, gradient, state) -> the direction of step k and the state after it.

    By whichever method the optimizer has. `objective` is the whole one, `batch` what the gradient is of: a mini-batch
    of it, or the same.
    """
    own = getattr(optimizer, "direction", None)
    if own is not None:
        return lambda objective, batch, k, w, gradient, state: own(objective, k, w, state)
    from_batch: Direction | None = getattr(optimizer, "batch_direction", None)
    if from_batch is not None:
        return from_batch
    update = optimizer.update
    return lambda objective, batch, k, w, gradient, state: update(gradient, state, w)


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


def needs_gradient(optimizer: Any) -> bool:
    """Whether its steps need the gradient at w that the loop has."""
    return bool(getattr(optimizer, "needs_gradient", True))


def compares_gradients(optimizer: Any) -> bool:
    """Whether it learns from how gradients differ, so that a clipped one would tell it a wrong curvature."""
    return bool(getattr(optimizer, "compares_gradients", False))


def sets_own_step(optimizer: Any) -> bool:
    """Whether its directions are full steps, so that nobody else says how far they lead."""
    return bool(getattr(optimizer, "sets_own_step", False))


def owns_step(optimizer: Any) -> bool:
    """Whether it moves w itself: it has a `step`."""
    return callable(getattr(optimizer, "step", None))


def step_for(optimizer: Any, objective: Any) -> float:
    """What step="auto" means for this optimizer: `suggest_step(objective)`, unless it has its own."""
    own = getattr(optimizer, "suggest_step", None)
    return suggest_step(objective) if own is None else float(own(objective))


def weight_like(optimizer: Any) -> tuple[str, ...]:
    """Names of the arrays in its state that are weights: a change of the weights' units changes them too."""
    return tuple(getattr(optimizer, "weight_like", ()))


def evaluation_point(optimizer: Any, w: Array, state: Any) -> Array:
    """Where its `step` wants the gradient: w itself unless it says another point."""
    own = getattr(optimizer, "evaluation_point", None)
    return w if own is None else own(w, state)


def stationarity(optimizer: Any) -> Callable[[Array, Array, float], Array] | None:
    """(gradient, w, length of a step) -> what vanishes at optima; None where that is the gradient."""
    own: Callable[[Array, Array, float], Array] | None = getattr(optimizer, "stationarity", None)
    return own


def check_state(optimizer: Any, objective: Any, w: Array, state: Any) -> None:
    """ValueError where a state that comes from outside is none of the optimizer's at weights like w."""
    own = getattr(optimizer, "check_state", None)
    if own is not None:
        own(objective, w, state)
    else:
        check_like(state, optimizer.init(w), "the optimizer's state")


def bound_in_float64(optimizer: Any, bound: Any, objective: Any, w0: Array, sign: float) -> Any:
    """What is bound to an objective, for the same in float64: itself where it knows how to go on, else bound anew."""
    own = getattr(bound, "in_float64", None)
    return bind(optimizer, objective, w0, None, sign) if own is None else own()


def state_in_float64(optimizer: Any, objective: Any, w: Array, state: Any) -> Any:
    """The state with which it goes on from w on the objective in float64: of a new start, unless it keeps more."""
    own = getattr(optimizer, "state_in_float64", None)
    return optimizer.init(w) if own is None else own(objective, w, state)


def check_like(state: Any, expected: Any, name: str) -> None:
    """ValueError unless types, shapes and dtypes are those expected; integers are counts."""
    if isinstance(expected, np.ndarray):
        found = isinstance(state, np.ndarray | np.generic | float)  # of 0-d arrays NumPy makes scalars
        array = np.asarray(state if found else None)
        if (array.shape, array.dtype) != (expected.shape, expected.dtype):
            raise ValueError(f"{name} must be {expected.dtype} of shape {expected.shape}; it is {described(state)}")
    elif isinstance(expected, tuple):
        if type(state) is not type(expected) or len(state) != len(expected):
            raise ValueError(f"{name} must be {described(type(expected))}; it is {described(state)}")
        for i, (part, like) in enumerate(zip(state, expected, strict=True)):
            check_like(part, like, f"{name}: {getattr(expected, '_fields', range(len(expected)))[i]}")
    elif isinstance(expected, int):
        if type(state) is not int or not 0 <= state < 2**53:
            raise ValueError(f"{name} must be an integer >= 0; it is {described(state)}")
    elif isinstance(expected, float):
        if not isinstance(state, float):
            raise ValueError(f"{name} must be a float; it is {described(state)}")
    elif state is not None:
        raise ValueError(f"{name} must be None; it is {described(state)}")
