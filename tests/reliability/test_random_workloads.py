"""Random workloads, on every instruction set: the oracle's numbers, and the same bits at any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gdfast import _kernels
from reliability.workload_kinds import KINDS

PROGRAM = Path(__file__).with_name("workloads.py")
SHARE, WHOLE = 150, 4000
"""Of each instruction set."""


def faults(instruction_set: str, first: int, count: int) -> str:
    """What the program prints in a process of its own, which may die; nothing where all is right."""
    run = subprocess.run(
        [sys.executable, "-P", str(PROGRAM), str(first), str(count)],
        env={**os.environ, "GDFAST_ISA": instruction_set}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode == 0 and run.stdout.endswith(f"{count} workloads, 0 faults, {instruction_set}\n"):
        return ""
    return f"exit code {run.returncode}\n{run.stdout[-6000:]}{run.stderr[-6000:]}"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("instruction_set", _kernels.available_instruction_sets())
def test_answers_are_the_oracles_at_any_number_of_threads(instruction_set, amount, record_property):
    count = amount(SHARE, WHOLE)
    assert not faults(instruction_set, 0, count)
    record_property("figure", f"random workloads on {instruction_set}: {count} of {len(set(KINDS))} kinds, 0 faults")
