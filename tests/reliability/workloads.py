"""Random workloads, each from its seed: what the kernels answer against the oracle, and the same bits at any number of
threads. A program of its own, so that it runs with any instruction set and under any sanitizer:

    python -P tests/reliability/workloads.py FIRST COUNT          (prints each fault, and how many workloads there were)
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import gdfast as gd
from gdfast import _kernels
from reliability.workload_kinds import KINDS

THREADS = [2, 3, 5, 17]


def faults_of(seed: int) -> Iterator[str]:
    """What is wrong with the answers of one workload."""
    rng = np.random.default_rng([18, seed])
    kind = KINDS[seed % len(KINDS)]
    workload = kind(rng)
    threads = int(rng.choice(THREADS))
    gd.set_num_threads(1)
    alone = workload.answers()
    gd.set_num_threads(threads)
    together = workload.answers()
    about = f"workload {seed}, {_kernels.instruction_set()}, {kind.__name__}: {workload.text}"
    for name, found in alone.items():
        right, room = (np.asarray(part) for part in workload.right[name])
        found = np.asarray(found)
        if found.tobytes() != np.asarray(together[name]).tobytes():
            yield f"{about}: {name} has other bits with {threads} threads"
        off = np.abs(found - right)
        if found.shape != right.shape and right.shape:
            yield f"{about}: {name} has the shape {found.shape}, not {right.shape}"
        elif not (off <= room).all():
            worst = np.nanmax(np.where(np.isfinite(off), off / (room + 1e-300), np.inf))
            yield f"{about}: {name} is off by {worst:.3g} times what rounding explains"


def main(first: int, count: int) -> int:
    """Exit code 1 where there were faults."""
    faults = [fault for seed in range(first, first + count) for fault in faults_of(seed)]
    print("\n".join(faults[:20]), flush=True)
    print(f"{count} workloads, {len(faults)} faults, {os.environ.get('GDFAST_ISA') or 'best'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
