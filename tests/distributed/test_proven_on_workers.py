"""gd.solve on a cluster proves what it proves on chunks here, by the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gdfast as gd
from gdfast.distributed import DaskObjective

CASES = [
    (gd.CrossEntropy(), gd.L2(0.1)),
    (gd.Hinge(), gd.L2(0.5)),
    (gd.SquaredError(), gd.L2(0.1)),
    (gd.SquaredError(), gd.L1(0.1)),
]


@pytest.mark.parametrize(("loss", "regularizer"), CASES, ids=repr)
def test_the_proof_is_the_same(client: Any, loss: Any, regularizer: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 5))
    y = rng.integers(0, 3, 120) if loss.classifies else X[:, 0] + rng.normal(size=120)
    parts = [X[:50], X[50:90], X[90:]]
    there = gd.solve(DaskObjective(parts, y, loss, regularizer, client=client), 1e-2)
    here = gd.solve(gd.ChunkedObjective(parts, y, loss, regularizer), 1e-2)
    assert there.status is gd.Status.CONVERGED
    np.testing.assert_array_equal(there.w, here.w)
    assert (there.value, there.duality_gap, there.passes) == (here.value, here.duality_gap, here.passes)
