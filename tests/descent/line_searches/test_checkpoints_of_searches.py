"""Runs with line searches, and of rules that compute more than the gradient, are resumed to the same bits."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

METHODS = {
    "L-BFGS": (gd.LBFGS(memory=4), gd.StrongWolfe()),
    "conjugate gradients": (gd.NonlinearConjugateGradient(), gd.ExactLineSearch()),
    "Newton": (gd.Newton(), gd.Backtracking(start=0.5)),
    "grid": (gd.GradientDescent(), gd.GridSearch([0.01, 0.1, 1.0])),
    "SVRG": (gd.SVRG(), 0.05),
}


class Halt(Exception):
    """Stops a run as a crash would."""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("method", METHODS)
def test_a_crashed_run_ends_on_the_same_bits(tmp_path, method, dtype):
    rng = np.random.default_rng(0)
    X, y, W0 = rng.normal(size=(90, 7)), rng.integers(0, 4, 90), 0.1 * rng.normal(size=(4, 8)).astype(dtype)
    optimizer, step = METHODS[method]
    batches = gd.MiniBatches(8, seed=2) if method == "SVRG" else None

    def run(**more):
        objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1e-3))
        return objective, gd.minimize(objective, W0, optimizer, step, batches=batches, max_steps=15, gtol=0, **more)

    def crash(k, w, value):
        if k == 9:
            raise Halt

    path = tmp_path / "run.npz"
    _, straight = run()
    with pytest.raises(Halt):
        run(callback=crash, checkpoint=gd.Checkpoint(path, every=4))
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1e-3))
    resumed = gd.resume(path, objective)
    assert resumed.w.tobytes() == straight.w.tobytes()
    assert (resumed.value, resumed.status, resumed.steps) == (straight.value, straight.status, straight.steps)
    assert resumed.evaluations == straight.evaluations
    assert resumed.history.step_sizes.tolist() == straight.history.step_sizes.tolist()
