"""The errors of every kernel, on every instruction set of this processor, are within the bounds that the page tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
from gdfast._config import config
from kernel_calls import WRITTEN
from reliability import accuracy_of_steps  # noqa: F401 (registers its measures)
from reliability.accuracy import MEASURES
from reliability.accuracy_bounds import BOUNDS, rows_of_the_page
from reliability.precise import Long

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "numerics.md"
EVERY_ISA = config()["instruction sets available"]
needs_longdouble = pytest.mark.skipif(np.finfo(Long).nmant < 63, reason="longdouble is no wider than float64 here")


@needs_longdouble
@pytest.mark.slow
@pytest.mark.timeout(900)  # the whole count takes minutes
@pytest.mark.parametrize("instruction_set", EVERY_ISA)
def test_no_error_is_beyond_its_bound(instruction_set, amount, record_property):
    examples, program = amount(20, 1400), Path(__file__).with_name("accuracy_run.py")
    ran = subprocess.run(
        [sys.executable, "-P", str(program), str(examples)],
        env={**os.environ, "GDFAST_ISA": instruction_set},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(ran.stdout)
    assert found.keys() == BOUNDS.keys()
    beyond = {name: worst for name, (worst, _, _) in found.items() if worst > BOUNDS[name][0]}
    counts = Counter()
    for name, (_, _, count) in found.items():
        counts[name.split()[0].strip(",:") + name.partition(":")[2]] += count
    least, largest = min(counts.values()), max(worst for worst, _, _ in found.values())
    what = f"accuracy, {instruction_set}: {sum(counts.values()):,} numbers, at least {least:,} of each kind and type"
    record_property("figure", f"{what}; the worst error {largest:.1f} units, {len(beyond)} beyond their bounds")
    assert least >= amount(1, 10_000)
    assert beyond == {}


def test_every_kernel_is_measured():
    """A new one joins by being in the calls that all kernels' tests share."""
    assert set(WRITTEN) <= set(MEASURES)


def test_the_page_tells_the_bounds():
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"\n{row}\n" in page for row in rows_of_the_page())


@pytest.mark.parametrize("real", [np.float32, np.float64])
@pytest.mark.parametrize("chunks", [1, 7])
def test_errors_hardly_grow_with_the_rows(real, chunks):
    """7 rows, and the same repeated to 70,000, whole and in chunks: the value's error stays, the gradient's grows no
    faster than the root of their number, though equal rows err to the same side."""
    rng = np.random.default_rng(3)
    X, y, W = rng.normal(size=(7, 12)).astype(real), rng.integers(0, 4, 7), rng.normal(size=(4, 13)).astype(real)
    few = gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=4)
    exact = gd.LinearObjective(X.astype(float), y, gd.CrossEntropy(), n_classes=4)
    many, labels = np.tile(X, (10_000, 1)), np.tile(y, 10_000)
    if chunks == 1:
        whole = gd.LinearObjective(many, labels, gd.CrossEntropy(), n_classes=4)
    else:
        parts = np.array_split(many, chunks)
        whole = gd.ChunkedObjective(parts, labels, gd.CrossEntropy(), n_classes=4)
    right, right_gradient = exact.value(W.astype(float)), exact.gradient(W.astype(float))
    eps, largest = float(np.finfo(real).eps), np.abs(right_gradient).max()
    assert abs(whole.value(W) - right) <= abs(few.value(W) - right) + 8 * eps * right
    assert np.abs(whole.gradient(W) - right_gradient).max() <= np.sqrt(len(many)) * eps * largest
