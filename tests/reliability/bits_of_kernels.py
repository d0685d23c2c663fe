"""What a process prints: how many calls of the compiled core it made, and which of them the thread count changes.

Arguments: the thread counts, the first of which the others are compared with.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

import kernel_calls
from gdfast import _kernels

# Rows enough for some chunks, classes and features that are no whole vectors.
kernel_calls.N, kernel_calls.D, kernel_calls.K = 6000, 37, 11


def digest(returned: Any, arguments: dict[str, Any]) -> str:
    """Of what a call returns and of all arrays that it was given, which it may have written to."""
    total = hashlib.sha256()
    for each in (returned, *arguments.values()):
        for part in each if isinstance(each, tuple) else (each,):
            if isinstance(part, np.ndarray | int | float | None):
                total.update(np.asarray(part).tobytes() if part is not None else b"-")
    return total.hexdigest()


def digests(n_threads: int) -> dict[str, str]:
    """Of every call with this many threads, each with fresh arguments."""
    _kernels.set_num_threads(n_threads)
    found: dict[str, str] = {}
    for name, function, arguments, _ in kernel_calls.all_calls():
        if not name.startswith("set_num_threads"):
            found[name] = digest(function(**arguments), arguments)
    return found


if __name__ == "__main__":
    first, *others = (int(text) for text in sys.argv[1:])
    expected = digests(first)
    changed = [f"{name} at {n}" for n in others for name, got in digests(n).items() if got != expected[name]]
    print(len(expected) * (1 + len(others)), *changed, sep="\n")
