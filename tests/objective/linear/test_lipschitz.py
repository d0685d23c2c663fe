"""suggest_step is 1 / L to within a factor of 2, so that gradient descent with it never rises."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
from reference import LOSSES, REGRESSIONS, LinearProblem

SMOOTH = {
    "squared_hinge": gd.SquaredHinge(),
    "cross_entropy": gd.CrossEntropy(),
    "squared_error": gd.SquaredError(),
    "huber": gd.Huber(3.0),
}
CURVATURE = {"hinge": lambda k: k / 2, "squared_hinge": lambda k: 2 * k, "cross_entropy": lambda k: 0.5}


def test_the_curvatures_of_the_losses_are_the_largest_that_there_are():
    """Second derivatives by the scores, by differences of the gradient: never above, and reached."""
    rng = np.random.default_rng(0)
    for name, loss in SMOOTH.items():
        for k in (2, 3, 6):
            most = 0.0
            candidates = [rng.normal(size=k) * 10.0 ** rng.uniform(-2, 1) for _ in range(100)]
            for s in [*candidates, np.append([1.0, 1.0], np.full(k - 2, -40.0)), np.zeros(k)]:
                y = np.ones((1, k)) if name in REGRESSIONS else np.array([0])
                H = [
                    (loss.gradient((s + h)[None], y) - loss.gradient((s - h)[None], y))[0] / 2e-6
                    for h in np.eye(k) * 1e-6
                ]
                most = max(most, float(np.linalg.eigvalsh(np.array(H)).max()))
            assert most == pytest.approx(loss.largest_curvature(k), rel=1e-6)


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "uint8", "csr"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (300, 30), (4000, 60)])
def test_it_is_the_largest_eigenvalue(kind, bias, shape):
    """Against LAPACK on the features that the model sees; from below at most by a third."""
    rng = np.random.default_rng(1)
    n, d = shape
    X = rng.integers(0, 255, shape).astype(kind.replace("csr", "float64"))
    weights = rng.random(n)
    centred = {} if kind == "csr" else {"mean": rng.normal(size=d) * 50}
    scaled = {"sample_weight": weights, "scale": rng.uniform(1, 100, d), "bias": bias, **centred}
    X_given = scipy.sparse.csr_array(X) if kind == "csr" else X
    y = np.arange(n) % 3
    objective = gd.LinearObjective(X_given, y, gd.CrossEntropy(), gd.L2(0.25), n_classes=3, **scaled)
    Z = LinearProblem(X.astype(np.float64), y, **scaled).features() * np.sqrt(weights / weights.sum())[:, None]
    largest = 0.5 * np.linalg.norm(Z, 2) ** 2 + 0.5
    assert largest * 0.7 <= 1 / gd.suggest_step(objective) <= largest * 1.11
    assert gd.suggest_step(objective) == gd.suggest_step(objective)


def test_one_row_that_dwarfs_the_others_is_not_missed():
    X = np.random.default_rng(2).normal(size=(20_000, 50))
    X[12_345] *= 1e5
    objective = gd.LinearObjective(X, np.arange(20_000) % 2, gd.CrossEntropy())
    assert 1 / gd.suggest_step(objective) >= 0.9 * 0.5 * np.linalg.norm(X, 2) ** 2 / len(X)
    assert objective.passes <= 6.1


def test_what_it_costs():
    """Two passes, and one more's worth of a sample."""
    X = np.random.default_rng(3).normal(size=(4000, 20))
    objective = gd.LinearObjective(X, np.arange(4000) % 2, gd.CrossEntropy())
    gd.suggest_step(objective)
    assert 2 <= objective.passes <= 3


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    loss=st.sampled_from(sorted(SMOOTH)),
    kind=st.sampled_from(["float64", "float32", "uint8", "csr", "csr32"]),
    n=st.integers(1, 40),
    d=st.integers(1, 30),
    spread=st.floats(0, 4),
    bias=st.booleans(),
    strength=st.sampled_from([None, 0.0, 1e-3, 10.0]),
)
def test_gradient_descent_with_it_never_rises(seed, loss, kind, n, d, spread, bias, strength):
    rng = np.random.default_rng(seed)
    if kind == "uint8":
        X = rng.integers(0, 256, (n, d)).astype(np.uint8)
    else:
        X = (rng.normal(size=(n, d)) + rng.integers(0, 3)) * 10.0 ** rng.uniform(-spread, spread, d)
        X[:, rng.random(d) < 0.2] = rng.choice([0.0, 3.0])
        X = X.astype(np.float32 if kind == "csr32" else kind.replace("csr", "float64"))
    X = scipy.sparse.csr_array(X) if kind.startswith("csr") else X
    y = rng.normal(size=n) * 10 if loss in REGRESSIONS else rng.integers(0, 4, n)
    regularizer = None if strength is None else gd.L2(strength)
    objective = gd.LinearObjective(X, y, SMOOTH[loss], regularizer, bias=bias)
    result = gd.minimize(objective, np.zeros(objective.shape), step="auto", max_steps=20, gtol=0.0)
    rounding = 1e-12 if objective.arithmetic == np.float64 else 1e-5
    values = result.history.values
    assert (np.diff(values) <= rounding * values[0]).all()
    assert result.status is not gd.Status.DIVERGED


@pytest.mark.parametrize("loss", LOSSES)
def test_constant_and_zero_columns(loss):
    for X in (np.zeros((4, 3)), np.full((4, 3), 5.0), np.full((4, 3), 1e-160)):
        for bias in (True, False):
            y = np.arange(4.0) if loss in REGRESSIONS else np.array([0, 1, 2, 0])
            kind = {"hinge": gd.Hinge(), **SMOOTH}[loss]
            step = gd.suggest_step(gd.LinearObjective(X, y, kind, bias=bias))
            assert 0 < step < math.inf
    assert gd.suggest_step(gd.LinearObjective(np.zeros((2, 1)), np.array([0, 1]), bias=False)) == 1.0


def test_regularizers_say_how_they_bend():
    X, y = np.zeros((2, 1)), np.array([0, 1])
    for regularizer, curvature in ((gd.L2(3.0), 6.0), (gd.ElasticNet(5.0, 2.0), 4.0)):
        objective = gd.LinearObjective(X, y, regularizer=regularizer, bias=False)
        assert gd.suggest_step(objective) == pytest.approx(1 / curvature)

    class Own:
        def value(self, W):
            return 0.0

        def gradient(self, W):
            return np.zeros_like(W)

    objective = gd.LinearObjective(X, y, regularizer=Own())
    with pytest.raises(TypeError, match="`curvature`"):
        gd.suggest_step(objective)
    Own.curvature = 7.0
    assert 1 / gd.suggest_step(objective) >= 7


def test_what_it_refuses():
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    for wrong in (bowl, None, gd.LinearObjective):
        with pytest.raises(TypeError, match=r"needs an objective with lipschitz\(\)"):
            gd.suggest_step(wrong)
    with pytest.raises(TypeError, match=r"step='auto'"):
        gd.minimize(bowl, np.ones(2), step="auto")
    huge = gd.LinearObjective(np.full((2, 1), 1e200), np.array([0, 1]))
    with pytest.raises(ValueError, match="scale the features"):
        gd.suggest_step(huge)


def test_auto_is_that_step():
    rng = np.random.default_rng(5)
    objective = gd.LinearObjective(rng.normal(size=(50, 4)), rng.integers(0, 3, 50), gd.CrossEntropy(), gd.L2(1e-2))
    W0 = np.zeros(objective.shape)
    auto = gd.minimize(objective, W0, step="auto", max_steps=5)
    assert auto.history.step_sizes.tolist() == [gd.suggest_step(objective)] * 5
    assert np.array_equal(auto.w, gd.minimize(objective, W0, step=gd.suggest_step(objective), max_steps=5).w)


def test_a_checkpoint_of_auto_goes_on_with_the_same_step(tmp_path):
    rng = np.random.default_rng(6)
    objective = gd.LinearObjective(rng.normal(size=(50, 4)), rng.integers(0, 3, 50), gd.CrossEntropy(), gd.L2(1e-2))
    W0 = np.zeros(objective.shape)
    path = tmp_path / "run.npz"
    gd.minimize(objective, W0, step="auto", max_steps=5, checkpoint=gd.Checkpoint(path))
    assert np.array_equal(
        gd.resume(path, objective, max_steps=9).w, gd.minimize(objective, W0, step="auto", max_steps=9).w
    )
