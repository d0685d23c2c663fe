"""A run on disk: settings, weights, the optimizer's state and the record, so that it goes on as if never stopped.

Settings are frozen dataclasses of gdfast, arrays and numbers; they are written as names and fields, and read back
through gdfast's own public names. Nothing in a file can name anything else, and no code runs on loading.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._arrays import check_integer, check_point
from ..describe import PlainErrors, described
from ..files.saved_arrays import load_arrays, save_arrays
from ..objective.capabilities import fingerprint
from ..protocols import Array
from .result import Status
from .run_state import UNEVALUATED, RunState
from .settings import Settings, saved_names

KIND, VERSION = "checkpoint", 1


@dataclass(frozen=True)
class Checkpoint:
    """Where and how often a run is written to disk.

    Parameters
    ----------
    path : path
        The file; its folder must exist. It is replaced as a whole, so that a crash leaves the last good one.
    every : int
        Steps between two writings, >= 1. The end of a run is written as well.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range, or there is no such folder.

    Notes
    -----
    `gdfast.resume` goes on from it, to the same bits as the uninterrupted run. The file holds the weights, the
    optimizer's state and the history; of the data only digests. Its own digest shows damage, but not who wrote it. A
    callback with ``saved()``, arrays, numbers and lists of them, and ``restore(saved)`` is written down with the run,
    and gets it back.

    Examples
    --------
    >>> import gdfast as gd
    >>> gd.Checkpoint("run.npz", every=50).every
    50
    """

    path: str | os.PathLike[str]
    every: int = 100

    @PlainErrors()
    def __post_init__(self) -> None:
        if not isinstance(self.path, str | os.PathLike):
            raise TypeError(f"path must be a path; it is {described(self.path)}")
        object.__setattr__(self, "every", check_integer(self.every, "every", minimum=1))
        place = Path(self.path)
        if place.is_dir() or not place.name:
            raise ValueError(f"path must name a file; {place} is a folder")
        if not place.parent.is_dir():
            raise ValueError(f"path must lie in a folder that exists; {place.parent} does not")


def check_can_save(settings: Settings) -> None:
    """ValueError, before any work, where a setting of the run cannot be written down."""
    given = {"optimizer": settings.optimizer, "step": settings.step.given, "batches": settings.batches}
    for name, setting in given.items():
        _encode(setting, {}, name)


def save(settings: Settings, state: RunState) -> None:
    """Write the run as it stands after k steps."""
    w, here, record = state.w, state.evaluation, state.record
    arrays: dict[str, Array] = {"w": w, "w0": settings.w0}
    if here is not UNEVALUATED and here.gradient is not w:
        arrays["gradient"] = here.gradient
    if here.scores is not None:
        arrays["scores"] = here.scores
    if state.direction is not None:
        arrays["direction"] = state.direction
    arrays |= {f"extra.{i}": array for i, array in enumerate(state.extra_state)}
    if record.unreported:
        arrays["unreported"] = np.array(record.unreported)
    keeps = callable(getattr(settings.callback, "saved", None))
    noted: Any = settings.callback.saved() if keeps else None  # type: ignore[union-attr]
    recorded, facts = record.saved()
    arrays |= {f"record.{name}": array for name, array in recorded.items()}
    everything = {
        "k": state.k,
        "evaluation": [here.value, here.norm],
        "previous_value": state.previous_value,
        "converged": state.ending is Status.CONVERGED,
        "in_float64": settings.goes_on_in_float64,
        "state": _encode(state.optimizer_state, arrays, "the optimizer's state"),
        "record": facts,
        "known": _encode(record.known, arrays, "what the run has proven"),
        "callback": _encode(noted, arrays, "what the callback keeps"),
        "objective": fingerprint(settings.objective, w),
        "settings": {
            "optimizer": _encode(settings.optimizer, arrays, "optimizer"),
            "step": _encode(settings.step.given, arrays, "step"),
            "batches": _encode(settings.batches, arrays, "batches"),
            "goal": _encode(settings.goal, arrays, "goal"),
            **settings.saved(),
            "sign": settings.sign,
            "every": settings.checkpoint.every,
        },
    }
    save_arrays(settings.checkpoint.path, KIND, VERSION, arrays, everything)


class Loaded(NamedTuple):
    """A run in a file: the arguments of `minimize` that it holds, the sign, how often it is written, the rest of it."""

    arguments: dict[str, Any]
    sign: float
    every: int
    callback: Any
    arrays: dict[str, Array]
    facts: dict[str, Any]


@PlainErrors()
def load(path: str | os.PathLike[str], objective: Any) -> Loaded:
    """The run in a file that was written for this objective; `restored_state` checks what is not checked here."""
    arrays, facts = load_arrays(path, KIND, VERSION)
    try:
        w = check_point(arrays["w"], "its w", finite=False)
        facts |= {name: _decode(facts.get(name), arrays) for name in ("state", "known", "callback")}
        arguments = {name: _decode(value, arrays) for name, value in facts["settings"].items()}
        sign, every = arguments.pop("sign"), arguments.pop("every")
        arguments = {"keep_weights": False, "goal": None} | arguments  # which version 0.1 did not have
        arguments["w0"] = arrays["w0"]
        written = dict(facts["objective"])
        names = saved_names() | {"optimizer", "step", "batches", "goal", "w0"}
        if sign not in (1.0, -1.0) or arguments.keys() != names:
            raise ValueError(f"a run has the settings {sorted(names)}; it has {sorted(arguments)}, sign {sign!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} holds no run that can go on ({type(error).__name__}: {error})") from error
    _require_same(written, fingerprint(objective, w), path)
    return Loaded(arguments, sign, every, facts["callback"], arrays, facts)


class Noted(NamedTuple):
    """What a callback wrote down after `k` of `max_steps` steps; whether the run had converged there."""

    k: int
    max_steps: int
    converged: bool
    callback: Any


def noted_in(path: str | os.PathLike[str]) -> Noted:
    """What the callback of a run wrote down, before anything goes on: no objective is needed."""
    arrays, facts = load_arrays(path, KIND, VERSION)
    try:
        noted = _decode(facts.get("callback"), arrays)
        return Noted(facts["k"], facts["settings"]["max_steps"], facts["converged"], noted)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} holds no run that can go on ({type(error).__name__}: {error})") from error


def _require_same(written: Mapping[str, Any], given: Mapping[str, Any], path: Any) -> None:
    """ValueError that says how the objective differs from the one that the run was on."""
    for name in {**given, **written}:  # the kind first, the value last
        old, new = written.get(name), given.get(name)
        if name == "value" and old is not None and new is not None:
            is_number = isinstance(old, int | float)
            same = is_number and bool(np.isclose(float(old), new, rtol=1e-4, atol=1e-8, equal_nan=True))
        else:
            same = old == new
        if not same:
            raise ValueError(
                f"objective must be the one that {path} was written for: its {name} was {old}; it is {new}"
            )


# Settings and states <-> JSON, arrays apart.


def _encode(thing: Any, arrays: dict[str, Array], what: str) -> Any:
    if thing is None or isinstance(thing, bool | int | float | str):
        return thing
    if isinstance(thing, np.generic):
        return {"scalar": _keep(np.asarray(thing), arrays)}
    if isinstance(thing, np.ndarray) and thing.dtype.kind in "fiub":
        return {"array": _keep(thing, arrays)}
    if isinstance(thing, tuple | list):
        kind = type(thing).__name__ if type(thing) in (tuple, list) else _name_of(type(thing), what)
        return {kind: [_encode(part, arrays, what) for part in thing]}
    if is_dataclass(thing) and not isinstance(thing, type):
        parts = [_encode(getattr(thing, field.name), arrays, what) for field in fields(thing)]
        return {_name_of(type(thing), what): parts}
    raise ValueError(
        f"checkpoint needs settings that can be written down: gdfast's own objects, arrays and numbers; {what} is "
        f"{described(thing)}"
    )


def _decode(thing: Any, arrays: Mapping[str, Array]) -> Any:
    if not isinstance(thing, dict):
        return thing
    (kind, content), = thing.items()  # fmt: skip
    if kind == "scalar":
        return arrays[content][()]
    if kind == "array":
        return arrays[content]
    parts = [_decode(part, arrays) for part in content]
    if kind in ("tuple", "list"):
        return parts if kind == "list" else tuple(parts)
    return _class_of(kind)(*parts)


def _keep(array: Array, arrays: dict[str, Array]) -> str:
    name = f"part.{sum(key.startswith('part.') for key in arrays)}"
    arrays[name] = array
    return name


def _name_of(kind: type, what: str) -> str:
    """module:class of one of gdfast's own settings or states."""
    name = f"{kind.__module__}:{kind.__qualname__}"
    try:
        if _class_of(name) is kind:
            return name
    except ValueError:
        pass
    raise ValueError(
        f"checkpoint needs settings that can be written down: gdfast's own objects, arrays and numbers; {what} is of "
        f"the class {kind.__qualname__}"
    )


def _class_of(name: str) -> type:
    """A frozen dataclass or named tuple of gdfast's descent or objective layer, and nothing else."""
    module, _, qualified = name.partition(":")
    parts = module.split(".")
    if parts[0] == "gdfast" and len(parts) > 1 and parts[1] in ("descent", "objective") and qualified.isidentifier():
        try:
            found: Any = getattr(import_module(module), qualified, None)
        except ImportError:
            found = None
        if (
            isinstance(found, type)
            and found.__module__ == module
            and (is_dataclass(found) or hasattr(found, "_fields"))
        ):
            return found
    raise ValueError(f"{name} is no setting of gdfast's")
