"""The worst errors of all kernels on so many examples of each case: a program, which each instruction set can run.

It takes the number of examples, and writes JSON; GDFAST_ISA says which kernels.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

import numpy as np

if __name__ == "__main__":  # a process of its own: without pytest, which has tests/ on its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reliability import accuracy_of_steps  # noqa: F401 (registers its measures)
from reliability.accuracy import MEASURES, Found

MORE = {"mixtures": 2, "few_scores": 6, "steps": 10, "one_row": 4, "two_loops": 10, "coordinates": 25, "stack": 36}
"""So many times the examples, of kernels of whose numbers there are fewer to an example."""


def run(kernels: list[str], examples: int) -> Found:
    """What these kernels come to."""
    found: Found = {}
    for measure in dict.fromkeys(MEASURES[kernel] for kernel in kernels):
        more = MORE.get(measure.__name__, 1)
        measure(np.random.default_rng(zlib.crc32(measure.__name__.encode())), examples * more, found)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(sys.argv[2:] or list(MEASURES), int(sys.argv[1]))))
