"""Checkpoints with a right digest and wrong contents: every array and number of runs of every optimizer and solve."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np
from scipy import sparse

import gdfast as gd
from gdfast.files.saved_arrays import load_arrays, save_arrays
from reliability.bad_values import REFUSED, SURVIVES
from reliability.starts import HINGE, OPTIMIZERS, regularizer_of

ROWS, FEATURES, CLASSES = 20, 5, 3
PRECONDITIONED = {
    f"{kind.__name__}, preconditioned": kind
    for kind in OPTIMIZERS
    if "preconditioner" in (field.name for field in fields(kind))
}
SOLVED = "solve"
RUNS = [*(kind.__name__ for kind in OPTIMIZERS), *PRECONDITIONED, SOLVED]
"""Each optimizer, those that take a preconditioner once more with one, and what `solve` makes of rows in float32."""
WHOLE = ("Adam", "LBFGS", "DualCoordinateAscent", SOLVED)
"""Of whose checkpoints everything is crafted; of the others the state alone."""
OPTIONAL = ("direction", "gradient", "extra.", "unreported", "record.best_w")

ARRAYS: dict[str, Callable[[np.ndarray], Any]] = {
    "left out": lambda a: None,
    "a row less": lambda a: a[:-1],
    "a row more": lambda a: np.concatenate([a, a[-1:]]),
    "no rows": lambda a: a[:0],
    "one element": lambda a: a.reshape(-1)[:1],
    "0-d": lambda a: a.reshape(-1)[0] if a.size else a,
    "an axis before": lambda a: a[None],
    "an axis after": lambda a: a[..., None],
    "transposed": lambda a: np.ascontiguousarray(a.T),
    "flat": lambda a: a.reshape(-1),
    "a thousand times": lambda a: np.tile(a, (1000,) + (1,) * (a.ndim - 1)),
    "float32": lambda a: a.astype(np.float32),
    "float64": lambda a: a.astype(np.float64),
    "float16": lambda a: a.astype(np.float16),
    "int64": lambda a: np.nan_to_num(a).astype(np.int64),
    "int8": lambda a: np.nan_to_num(a).astype(np.int8),
    "bool": lambda a: a.astype(bool),
    "complex": lambda a: a.astype(complex),
    "text": lambda a: a.astype("U4"),
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
}
NUMBERS: dict[str, Any] = {
    "left out": ...,
    "None": None,
    "text": "text",
    "a list": [1, 2],
    "an empty list": [],
    "an object": {"a": 1},
    "another class": {"gdfast.descent.optimizers.adam:AdamState": [1, 2, 3]},
    "no class": {"gdfast.descent.nowhere:Nothing": [1]},
    "another module": {"os:system": ["true"]},
    "an array that is not there": {"array": "part.99"},
    "True": True,
    "-1": -1,
    "0.5": 0.5,
    "1e308": 1e308,
    "NaN": float("nan"),
    "10**30": 10**30,
}


def run_of(name: str) -> tuple[Callable[[], Any], dict[str, Any]]:
    """An objective and the arguments of a run."""
    if name in PRECONDITIONED:
        optimizer = PRECONDITIONED[name]
        settings = {"preconditioner": gd.GramPreconditioner()}
    else:
        optimizer = next((kind for kind in OPTIMIZERS if kind.__name__ == name), gd.LBFGS)
        settings = {}
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(ROWS, FEATURES)), np.arange(ROWS) % CLASSES
    if optimizer is gd.GradientDescent:  # whose compiled steps keep something of their own there
        X = sparse.csr_array(X)
    loss = gd.Hinge() if optimizer in HINGE else gd.CrossEntropy()
    if optimizer is gd.CoordinateDescent:  # which keeps matrices where outputs don't hang together
        loss, y = gd.SquaredError(), np.eye(CLASSES)[y]
    batches = gd.MiniBatches(4) if optimizer in (gd.GradientDescent, gd.Adam, gd.Momentum, gd.SVRG) else None
    return lambda: gd.LinearObjective(X, y, loss, regularizer_of(optimizer)), {
        "w0": np.zeros((CLASSES, FEATURES + 1)),
        "optimizer": optimizer(**settings),
        "batches": batches,
        "gap_tol": 1e-9,
        "evaluate_every": 3,
        "callback": Noting(),
        "gtol": 0.0,
    }


NAMED = ("crafted.npz", " must ", " needs ", "use minimize", "leave it out")
"""A message says which file, or which setting in it."""


class Noting:
    """A callback that keeps something."""

    def __call__(self, k: int, w: Any, value: float) -> None: ...

    def saved(self) -> Any:
        return [1, 2.0, np.ones(3)]

    def restore(self, saved: Any) -> None: ...


class Crafted:
    """One checkpoint with one part replaced."""

    def __init__(self, name: str, part: str, path: tuple[Any, ...], change: str) -> None:
        self.name, self.part, self.path, self.change = name, part, path, change

    def __str__(self) -> str:
        return f"{self.name}: {self.part} {'.'.join(map(str, self.path))} = {self.change}"

    def run(self) -> str | None:
        """What is wrong with what came of it."""
        make, _ = run_of(self.name)
        arrays, facts = copy.deepcopy(_written(self.name))
        want = _crafted(arrays, facts, self.part, self.path, self.change)
        if want is None:
            return None
        save_arrays("crafted.npz", "checkpoint", 1, arrays, facts)
        try:
            gd.resume("crafted.npz", make(), max_steps=9, callback=Noting())
        except (TypeError, ValueError) as error:
            told = "\n".join((str(error), *getattr(error, "__notes__", ())))
            named = any(text in told for text in NAMED)
            return None if named else f"not named: {type(error).__name__}: {error}"
        except BaseException as error:
            return f"another error: {type(error).__name__}: {error}"
        return None if want == SURVIVES else "accepted"


@cache
def _written(name: str) -> tuple[dict[str, Any], Any]:
    make, arguments = run_of(name)
    if name == SOLVED:
        gd.solve(make(), 1e-9, max_passes=4, callback=Noting(), checkpoint=gd.Checkpoint("run.npz"))
        return load_arrays("run.npz", "checkpoint", 1)
    gd.minimize(make(), max_steps=5, checkpoint=gd.Checkpoint("run.npz"), **arguments)
    return load_arrays("run.npz", "checkpoint", 1)


def _crafted(arrays: dict[str, Any], facts: Any, part: str, path: tuple[Any, ...], change: str) -> str | None:
    """Replaces one part; what must come of it, None where nothing was changed."""
    if part == "array":
        name, old = path[0], arrays[path[0]]
        new = ARRAYS[change](old) if old.ndim or change == "left out" else None
        if new is None:
            del arrays[name]
            return SURVIVES if name.startswith(OPTIONAL) else REFUSED
        arrays[name] = np.asarray(new)
        if arrays[name].dtype == old.dtype and arrays[name].shape == old.shape:
            return None
        of_the_callback = name.startswith("part.") and old.shape == (3,)
        return SURVIVES if name in ("unreported", "record.evaluated") or of_the_callback else REFUSED
    parent = facts
    for key in path[:-1]:
        parent = parent[key]
    old, new = parent[path[-1]], copy.deepcopy(NUMBERS[change])
    if new is ...:
        del parent[path[-1]]
    elif type(new) is type(old) and new == old:
        return None
    else:
        parent[path[-1]] = new
    return SURVIVES


def places(thing: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a nest of dicts and lists something stands."""
    if path:
        yield path
    parts = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def cases_of(name: str) -> list[Crafted]:
    """All of one run's."""
    arrays, facts = _written(name)
    whole = name in WHOLE
    names = [array for array in arrays if whole or array.startswith(("part.", "extra."))]
    cases = [Crafted(name, "array", (array,), change) for array in names for change in ARRAYS]
    return (
        cases
        if not whole
        else cases + [Crafted(name, "fact", place, change) for place in places(facts) for change in NUMBERS]
    )
