"""Computations in a process whose addresses run out: what they should have given, or a MemoryError.

`child.py` runs them: each in a forked process, which may crash.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import gdfast as gd
from reliability import runs

SPARE = [1 << k for k in range(14, 25)]
"""Bytes that are left. (With none at all Python itself waits for ever for a thread that cannot begin.)"""


def _saved(_: Any) -> bytes:
    path = Path("limited.npz")
    before = path.read_bytes()
    try:
        gd.save_model(path, gd.load_model(path))
    finally:
        assert gd.load_model(path) is not None if path.read_bytes() != before else True
    return b"saved"


def _fitted(kind: str) -> Callable[[Any], bytes]:
    return lambda _: runs.as_bytes(runs.ESTIMATORS[kind](2))


WHAT: dict[str, Callable[[Any], bytes]] = {
    **runs.COMPUTATIONS,
    "large rows": lambda _: runs.as_bytes(gd.LinearObjective(np.ones((4000, 300)), np.arange(4000) % 7).gram()),
    "save and load": _saved,
    **{f"{kind}.fit": _fitted(kind) for kind in ("GDClassifier", "GDClassifier, CSR", "GDRegressor")},
}
OBJECTIVES = ("float64", "uint8", "CSR", "chunked")


@cache
def objective(kind: str) -> Any:
    return runs.OBJECTIVES[kind]()


def outcome(what: str, kind: str) -> bytes:
    """Also where this objective refuses it."""
    try:
        return WHAT[what](objective(kind))
    except (TypeError, ValueError) as refusal:
        return f"{type(refusal).__name__}: {refusal}".encode()


@dataclass(frozen=True)
class Case:
    """One computation with so many bytes to spare."""

    what: str
    kind: str
    spare: int
    right: bytes

    def __str__(self) -> str:
        return f"{self.what} on {self.kind}, {self.spare:,} bytes to spare"

    def run(self) -> str | None:
        """What is wrong; None: nothing."""
        gd.set_num_threads(3)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + self.spare, before[1]))
        try:
            found = outcome(self.what, self.kind)
        except MemoryError:
            found = None
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
        if found not in (None, self.right):
            return f"another answer: {found[:100]!r}"
        again = outcome(self.what, self.kind)  # nothing is left half done
        return None if again == self.right else f"another answer afterwards: {again[:100]!r}"


def cases_of(kind: str) -> list[Case]:
    """Of one objective, or of what needs none."""
    names = list(runs.COMPUTATIONS) if kind in OBJECTIVES else [name for name in WHAT if name not in runs.COMPUTATIONS]
    model = runs.ESTIMATORS["GDClassifier"](1)
    gd.save_model("limited.npz", runs.GDClassifier(epochs=1, random_state=0).fit(runs.X, runs.Y))
    assert model is not None
    made = kind if kind in OBJECTIVES else OBJECTIVES[0]
    right = {name: outcome(name, made) for name in names}  # and everything is imported
    return [Case(name, made, spare, right[name]) for name in names for spare in SPARE]
