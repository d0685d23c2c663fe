"""The same bits at any number of threads: every kernel on every instruction set, every optimizer, every run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from gdfast._config import config
from gdfast.cli import main
from reliability import runs

COUNTS = (1, 3, 8, 2, 5)
"""The share has the first ones."""
INSTRUCTION_SETS = config()["instruction sets available"]


@pytest.mark.slow
@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_kernels(instruction_set, amount, record_property):
    counts = COUNTS[: amount(2, 5)]
    script = Path(__file__).with_name("bits_of_kernels.py")
    done = subprocess.run(
        [sys.executable, "-P", str(script), *map(str, counts)],
        env={**os.environ, "GDFAST_ISA": instruction_set}, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    calls, *changed = done.stdout.splitlines()
    assert not changed
    assert int(calls) > 300
    record_property("figure", f"threads: {calls} kernel calls at {len(counts)} counts on {instruction_set}, 0 differ")


def differing(compute, counts) -> list[int]:
    """Of the counts those whose result is not that of one thread."""
    gd.set_num_threads(1)
    expected = compute()
    found = []
    for n in counts[1:]:
        gd.set_num_threads(n)
        if compute() != expected:
            found.append(n)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", runs.OBJECTIVES)
def test_computations(kind, amount, record_property):
    make, counts = runs.OBJECTIVES[kind], COUNTS[: amount(2, 5)]
    found = {name: differing(lambda name=name: runs.outcome(name, make()), counts) for name in runs.COMPUTATIONS}
    assert found == {name: [] for name in runs.COMPUTATIONS}
    record_property("figure", f"threads: {len(found)} computations on {kind} at {len(counts)} counts, 0 differ")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["float64", "float32", "CSR", "CSR float32", "L1", "uint8", "chunked"])
def test_optimizers(kind, amount, record_property):
    make, counts = runs.OBJECTIVES[kind], COUNTS[: amount(2, 5)]
    found = {name: differing(lambda name=name: runs.descent(name, make()), counts) for name in runs.OPTIMIZERS}
    assert found == {name: [] for name in runs.OPTIMIZERS}
    record_property("figure", f"threads: {len(found)} optimizers on {kind} at {len(counts)} counts, 0 differ")


@pytest.mark.filterwarnings("ignore")  # of three epochs, too few to settle
def test_estimators():
    for name, fitted in runs.ESTIMATORS.items():
        first, *others = (fitted(n).tobytes() for n in (1, 2, 5))
        assert others == [first, first], name


def test_the_train_command(tmp_path):
    data, models = tmp_path / "rows.npz", set()
    np.savez(data, X=runs.X, y=runs.Y)
    for n in (1, 3):
        out = tmp_path / f"{n}.npz"
        arguments = ["train", str(data), "--epochs", "2", "--threads", str(n), "--out", str(out)]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        models.add(gd.load_model(out).W.tobytes())
    assert len(models) == 1
