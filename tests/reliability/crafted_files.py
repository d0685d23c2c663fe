"""Model files and saved landscapes with a right digest and wrong contents: each part of them replaced, then used."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

import gdfast as gd
from gdfast.files.saved_arrays import load_arrays, save_arrays
from gdfast.pictures.landscape import saved
from reliability.arguments import V, W, X, linear
from reliability.crafted import ARRAYS, NUMBERS, places

_NAMES = {"class_names": ("a", "b", "c"), "feature_names": ("d", "e", "f")}
_SCALED = {"mean": np.array([0.5, -1.0, 2.0]), "scale": np.array([0.5, 1.0, 2.0])}
_STEPS = np.array([0.0, 0.5, 1.0])

MODELS: dict[str, Callable[[], gd.Model]] = {
    "cross-entropy": lambda: gd.Model(W.copy(), gd.CrossEntropy(), **_NAMES, **_SCALED, facts={"label": "kind"}),
    "hinge in float32": lambda: gd.Model(W.astype(np.float32), gd.Hinge(0.5), scale=_SCALED["scale"]),
    "without a bias": lambda: gd.Model(W[:, :3].copy(), gd.SquaredHinge(), bias=False),
    "regression": lambda: gd.Model(W[:1].copy(), gd.Huber(0.5), mean=_SCALED["mean"]),
}
LANDSCAPES: dict[str, Callable[[], Any]] = {
    "line": lambda: gd.landscape.line(linear(loss=gd.Hinge()), W, V, _STEPS),
    "plane": lambda: gd.landscape.plane(linear(loss=gd.Hinge()), W, V, V[::-1].copy(), _STEPS, _STEPS[:2]),
    "weight": lambda: gd.landscape.weight(linear(loss=gd.Hinge()), W, (1, 2), _STEPS),
    "step sizes": lambda: gd.landscape.step_sizes(linear(), W, _STEPS[1:]),
    "trajectory": lambda: gd.landscape.trajectory(linear(), [W, V, W + V], _STEPS, _STEPS[:2]),
}
FILES = (*MODELS, *LANDSCAPES)
VALUES: dict[str, Callable[[np.ndarray], Any]] = {
    "all NaN": lambda a: np.full_like(a, np.nan),
    "infinite": lambda a: np.full_like(a, np.inf),
    "1e308": lambda a: np.full_like(a, 1e308),
    "zero": np.zeros_like,
    "negative": lambda a: np.full_like(a, -1),
    "the largest integer": lambda a: np.full_like(a, 2**31 - 1),
}
"""The same shape and type: what comes of them is a named error, or numbers."""


class CraftedFile:
    """One file with one part replaced."""

    def __init__(self, name: str, part: str, path: tuple[Any, ...], change: str) -> None:
        self.name, self.part, self.path, self.change = name, part, path, change

    def __str__(self) -> str:
        return f"{self.name}: {self.part} {'.'.join(map(str, self.path))} = {self.change}"

    def run(self) -> str | None:
        """What is wrong with what came of it."""
        arrays, facts = copy.deepcopy(written(self.name))
        if not self._crafted(arrays, facts):
            return None
        is_model = self.name in MODELS
        save_arrays("crafted.npz", "model" if is_model else saved.KIND, 1, arrays, facts)
        try:
            loaded = gd.load_model("crafted.npz") if is_model else gd.landscape.load("crafted.npz")
        except (TypeError, ValueError) as error:
            return None if "crafted.npz" in str(error) else f"not named: {type(error).__name__}: {error}"
        except BaseException as error:
            return f"another error: {type(error).__name__}: {error}"
        try:
            self._use(loaded)
        except (TypeError, ValueError) as error:
            if is_model and self.change in VALUES:  # products beyond float64 are told
                return None
            return f"accepted, then {type(error).__name__}: {error}"
        except BaseException as error:
            return f"accepted, then {type(error).__name__}: {error}"
        return None

    def _use(self, loaded: Any) -> None:
        if self.name in MODELS:
            if loaded.n_features == X.shape[1]:
                loaded.predict(X)
                loaded.scores(X)
            gd.save_model("again.npz", loaded)
            assert gd.load_model("again.npz").W.shape == loaded.W.shape
        else:
            loaded.save("again.csv")
            assert len(getattr(loaded, "paths", "")) == len(getattr(loaded, "names", ""))
            loaded.save("again.npz")
            assert gd.landscape.load("again.npz") == loaded or self.change in {"NaN", *VALUES}
        assert repr(loaded)

    def _crafted(self, arrays: dict[str, Any], facts: Any) -> bool:
        """Replace the part; whether that changed anything."""
        if self.part == "array":
            (name,) = self.path
            old = arrays[name]
            with np.errstate(all="ignore"):
                new = None if self.change == "left out" else (ARRAYS | VALUES)[self.change](old)
            if new is None:
                del arrays[name]
                return True
            arrays[name] = np.asarray(new)
            return arrays[name].shape != old.shape or arrays[name].tobytes() != old.tobytes()
        parent = facts
        for key in self.path[:-1]:
            parent = parent[key]
        if NUMBERS[self.change] is ...:
            del parent[self.path[-1]]
        else:
            parent[self.path[-1]] = copy.deepcopy(NUMBERS[self.change])
        return True


def written(name: str) -> tuple[dict[str, Any], Any]:
    """What such a file holds."""
    if name in MODELS:
        gd.save_model("right.npz", MODELS[name]())
        return load_arrays("right.npz", "model", 1)
    LANDSCAPES[name]().save("right.npz")
    return load_arrays("right.npz", saved.KIND, saved.VERSION)


def cases_of(name: str) -> list[CraftedFile]:
    """All of one file's."""
    arrays, facts = written(name)
    changes = [*ARRAYS, *VALUES]
    return [
        *(CraftedFile(name, "array", (array,), change) for array in arrays for change in changes),
        *(CraftedFile(name, "fact", place, change) for place in places(facts) for change in NUMBERS),
    ]
