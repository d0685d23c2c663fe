"""Products in pieces are NumPy's, and between passes no thread of NumPy's library is woken."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import threadpoolctl

from gdfast.objective.one_thread import QUIET, dot, weighted_sum

SIZES = [1, 7, QUIET, QUIET + 1, 3 * QUIET + 5]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_dot_is_in_float64(size, dtype):
    a, b = np.random.default_rng(size).normal(size=(2, size)).astype(dtype)
    assert dot(a, b) == pytest.approx(float((a.astype(np.float64) * b).sum()), rel=1e-9, abs=1e-10 * size)
    assert dot(a.reshape(1, -1), b.reshape(1, -1)) == dot(a, b)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("k", [None, 1, 3, 10_000])
def test_weighted_sums_are_those_of_numpy(n, k):
    if k == 10_000 and n > 7:
        n = 7
    rng = np.random.default_rng(n)
    weights, values = rng.uniform(size=n), rng.normal(size=n if k is None else (n, k))
    found = weighted_sum(weights, values)
    assert np.shape(found) == np.shape(weights @ values)
    np.testing.assert_allclose(found, weights @ values, atol=1e-11 * n)


WAKES = """
import glob, os
import numpy as np
own = f"/proc/self/task/{os.getpid()}/"
others = [open(path) for path in glob.glob("/proc/self/task/*/schedstat") if not path.startswith(own)]
import gdfast as gd

def wakes():
    total = 0
    for file in others:
        file.seek(0)
        total += int(file.read().split()[2])
    return total

gd.set_num_threads(1)
rng = np.random.default_rng(0)
n, d, k = 12_000, 1_100, 10
X = rng.normal(size=(n, d)).astype(np.float32)
y, t = rng.integers(0, k, n), rng.normal(size=n)
before = wakes()
for loss in (gd.CrossEntropy(), gd.Hinge(), gd.SquaredHinge()):
    objective = gd.LinearObjective(X, y, loss, gd.L2(1e-3))
    W = 1e-3 * rng.normal(size=(k, d + 1))
    objective.duality_gap(W)
    gd.minimize(objective, W, gd.LBFGS(), step=gd.StrongWolfe(), max_steps=3)
for loss in (gd.SquaredError(), gd.Huber(1.0)):
    gd.LinearObjective(X, t, loss, gd.L2(1e-3)).duality_gap(np.zeros((1, d + 1)))
print(len(others), wakes() - before)
np.ones((700, 700)) @ np.ones((700, 700))
print(wakes() - before)
"""


@pytest.mark.skipif(
    not os.path.exists("/proc/self/schedstat")
    or not any(pool["internal_api"] == "openblas" for pool in threadpoolctl.threadpool_info()),
    reason="needs Linux and OpenBLAS",
)
def test_between_passes_no_thread_of_blas_is_woken():
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2", "OPENBLAS_THREAD_TIMEOUT": "4"}
    shown = subprocess.run(
        [sys.executable, "-P", "-c", WAKES], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    if shown[0] == "0" or shown[2] == "0":
        pytest.skip("BLAS has no thread of its own here")
    assert shown[1] == "0"
