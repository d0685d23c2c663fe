"""The command as a real process, and rows for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

KINDS = ("setosa", "versicolor", "virginica")
COLUMNS = ("length", "width", "height")


def gdfast(*arguments: str | Path, cwd: Path, **options: Any) -> subprocess.CompletedProcess[Any]:
    """`python -m gdfast ...` in a folder, to its end; bytes unless `text` says otherwise."""
    return subprocess.run(
        [sys.executable, "-m", "gdfast", *map(str, arguments)], cwd=cwd, capture_output=True, check=False, **options
    )


def one_sentence(done: subprocess.CompletedProcess[Any]) -> str:
    """What a failed command says: one line, no traceback, nothing on standard output."""
    assert not done.stdout
    text = done.stderr if isinstance(done.stderr, str) else done.stderr.decode()
    lines = text.splitlines()
    assert lines[-1].startswith("Error: ")
    assert "Traceback" not in text
    assert len(lines) == 1 or lines[0].startswith("Usage: ")
    return lines[-1].removeprefix("Error: ")


def blobs(n: int, d: int, k: int, seed: int, spread: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Rows around k centres, features in units from 1e-3 to 1e3."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    y[:k] = np.arange(k)
    X = spread * rng.standard_normal((k, d))[y] + rng.standard_normal((n, d))
    return X * np.geomspace(1e-3, 1e3, d), y
