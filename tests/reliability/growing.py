"""What a process holds after calls that are repeated: `python growing.py COUNT` prints the growth as JSON."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

import gdfast as gd
from gdfast.estimators import GDClassifier, GDRegressor

WARM_UP = 100
N, D, K = 60, 5, 3
_rng = np.random.default_rng(0)
X, Y = _rng.normal(size=(N, D)), np.arange(N) % K
PIXELS = _rng.integers(0, 255, (N, D)).astype(np.uint8)
CSR = scipy.sparse.csr_array(X * (X > 0))
FOLDER = Path(tempfile.gettempdir())


def _objective(rows: Any = X, loss: Any = None) -> Any:
    return gd.LinearObjective(rows, Y, loss or gd.CrossEntropy(), gd.L2(1e-2))


def _steps(rows: Any) -> None:
    objective = _objective(rows)
    gd.minimize(objective, np.zeros(objective.shape), gd.Adam(), 0.01, batches=gd.MiniBatches(16), max_steps=8)


def _saved() -> None:
    path = FOLDER / "grown.npz"
    gd.save_model(path, GDClassifier(epochs=1, random_state=0).fit(X, Y))
    gd.load_model(path)


def _checkpoints() -> None:
    path, objective = FOLDER / "grown-run.npz", _objective()
    path.unlink(missing_ok=True)
    gd.minimize(
        objective, np.zeros(objective.shape), gd.Momentum(), 0.1, max_steps=4, checkpoint=gd.Checkpoint(path, 2)
    )
    gd.resume(path, objective)


def _refused() -> None:
    for wrong in (X[:, 0], X[:0], np.where(X > 2, np.nan, X), Y, "no file"):
        with suppress(TypeError, ValueError, FileNotFoundError):
            GDClassifier().fit(wrong, Y)
    with suppress(TypeError, ValueError):
        gd.LinearObjective(X, Y + 0.5)
    with suppress(TypeError, ValueError):
        gd.load_model(__file__)


def _raises() -> None:
    def value(w: Any) -> float:
        raise ArithmeticError("of a user's function")

    with suppress(ArithmeticError):
        gd.minimize(gd.FunctionObjective(value, lambda w: w), np.ones(3), max_steps=3)


def _chunked() -> None:
    gd.ChunkedObjective(X, Y, gd.Hinge(), memory_limit="100 kB").value_and_gradient(np.zeros((K, D + 1)))


CALLS: dict[str, Callable[[], Any]] = {
    "GDClassifier.fit": lambda: GDClassifier(epochs=2, random_state=0).fit(X, Y).predict(X),
    "GDClassifier.fit, CSR": lambda: GDClassifier("hinge", epochs=2, random_state=0).fit(CSR, Y).predict(CSR),
    "GDRegressor.fit": lambda: GDRegressor(epochs=2, random_state=0).fit(X, X[:, 0]).predict(X),
    "GDClassifier.partial_fit": lambda: GDClassifier(random_state=0).partial_fit(X, Y, classes=[0, 1, 2]),
    "minimize by L-BFGS": lambda: gd.minimize(_objective(), np.zeros((K, D + 1)), gd.LBFGS(), max_steps=5),
    "minimize on mini-batches": lambda: _steps(PIXELS),
    "minimize on sparse mini-batches": lambda: _steps(CSR),
    "solve": lambda: gd.solve(_objective(), 1e-3),
    "solve, the hinge's dual": lambda: gd.solve(_objective(loss=gd.Hinge()), 1e-2),
    "a chunked objective": _chunked,
    "a numerical gradient": lambda: _objective().numerical_gradient(np.zeros((K, D + 1))),
    "check_gradient": lambda: gd.check_gradient(_objective(), at=np.zeros((K, D + 1)), coordinates=2, rng=0),
    "a ray": lambda: _objective().along_ray(np.zeros((K, D + 1)), np.ones((K, D + 1))).minimum(),
    "save and load": _saved,
    "checkpoint and resume": _checkpoints,
    "what is refused": _refused,
    "what raises": _raises,
}


def held() -> tuple[int, int, int]:
    """Bytes in memory, open files, threads."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir("/proc/self/fd")), threading.active_count()


def main(count: int) -> None:
    """Repeat each of them, and print what grew."""
    global FOLDER
    grown = {}
    with tempfile.TemporaryDirectory() as folder:
        FOLDER = Path(folder)
        for name, call in CALLS.items():
            for _ in range(WARM_UP):
                call()
            before = held()
            for _ in range(count):
                call()
            grown[name] = [b - a for a, b in zip(before, held(), strict=True)]
    print(json.dumps(grown))


if __name__ == "__main__":
    main(int(sys.argv[1]))
