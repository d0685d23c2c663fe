"""The Huber loss between its two limits, at its seams, beside other libraries', and on data with outliers.

That it agrees with the oracle everywhere (kernels, rays, differences, compiled runs) is tested with the other losses.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import gdfast as gd
import reference

KINDS = ["float64", "float32", "float16", "uint8", "csr64", "csr32"]


def draw(kind, n=70, d=9, k=3, seed=0):
    """X of a kind, targets whose residuals lie on both sides of 1, weights of rows (some 0), and W."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 4, (n, d)) if kind == "uint8" else rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.6)
    X = X.astype({"csr64": "float64", "csr32": "float32"}.get(kind, kind))
    shares = np.where(np.arange(n) % 5, rng.uniform(0.1, 3, n), 0.0)
    given = scipy.sparse.csr_array(X) if kind.startswith("csr") else X
    return given, X.astype(np.float64), rng.normal(size=(n, k)) * 2, shares, rng.normal(size=(k, d + 1))


@given(size=st.floats(1e-150, 1e150), sign=st.sampled_from([-1, 0, 1]), delta=st.floats(1e-150, 1e150))
def test_one_residual(size, sign, delta):
    r = sign * size
    value, gradient = gd.Huber(delta).value_and_gradient(np.array([[r]]), np.zeros(1))
    assert gradient[0, 0] == 2 * min(max(r, -delta), delta)
    if abs(r) <= delta:
        assert value == r * r
    else:
        assert value == pytest.approx(delta * (2 * abs(r) - delta), rel=1e-15)


@pytest.mark.parametrize("delta", [0.3, 1.0, 7.0])
def test_value_and_gradient_are_continuous_at_delta(delta):
    loss, y = gd.Huber(delta), np.zeros(1)
    for sign in (-1, 1):
        inside, at, beyond = (np.array([[sign * np.nextafter(delta, to)]]) for to in (0, delta, math.inf))
        assert loss.value(at, y) == delta**2
        assert loss.value(inside, y) <= loss.value(at, y) <= loss.value(beyond, y)
        assert loss.value(beyond, y) == pytest.approx(delta**2, rel=1e-15)
        assert loss.gradient(at, y) == loss.gradient(beyond, y) == 2 * sign * delta


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_large_delta_is_squared_error_to_the_bit(kind, weighted):
    X, _, y, shares, W = draw(kind)
    options = {"sample_weight": shares if weighted else None}
    for delta in (1e3, 1e200, 1.7e308):
        huber, squares = (gd.LinearObjective(X, y, loss, **options) for loss in (gd.Huber(delta), gd.SquaredError()))
        assert huber.value(W) == squares.value(W)
        np.testing.assert_array_equal(huber.gradient(W), squares.gradient(W))
        np.testing.assert_array_equal(huber.rows([3, 1, 4]).gradient(W), squares.rows([3, 1, 4]).gradient(W))
        steps = np.linspace(-1, 1, 5)
        np.testing.assert_array_equal(
            gd.along_ray(huber, W, W).values(steps), gd.along_ray(squares, W, W).values(steps)
        )
        for scheme in ("centered", "forward"):
            quotients = [f.numerical_gradient(W, h=0.1, scheme=scheme) for f in (huber, squares)]
            np.testing.assert_allclose(*quotients, rtol=1e-12, atol=1e-12)
        run = {"batches": gd.MiniBatches(8), "step": 0.01, "epochs": 2}
        np.testing.assert_array_equal(gd.minimize(huber, W, **run).w, gd.minimize(squares, W, **run).w)


@pytest.mark.parametrize("kind", KINDS)
def test_a_small_delta_is_the_absolute_error(kind):
    X, dense, y, _, W = draw(kind)
    residuals = dense @ W[:, :-1].T + W[:, -1] - y
    for delta in (1e-6, 1e-12):
        huber = gd.LinearObjective(X, y, gd.Huber(delta))
        assert huber.value(W) / (2 * delta) == pytest.approx(np.abs(residuals).sum(axis=1).mean(), rel=1e-5)
        signs = np.sign(residuals)
        expected = np.column_stack([signs.T @ dense, signs.sum(axis=0)]) / len(y)
        np.testing.assert_allclose(huber.gradient(W) / (2 * delta), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["float64", "csr64", "uint8"])
@pytest.mark.parametrize("scheme", ["centered", "forward"])
@pytest.mark.parametrize("h", [1e-3, 0.3, 4.0])
def test_differences_cross_the_seams_exactly(kind, scheme, h):
    """LECTURE 18: steps that stay inside, that cross delta, and that go from -delta to +delta; weighted rows."""
    X, dense, y, shares, W = draw(kind, n=40)
    objective = gd.LinearObjective(X, y, gd.Huber(0.8), sample_weight=shares)
    problem = reference.LinearProblem(dense, y, reference.HUBER, 0.8, sample_weight=shares)
    expected = reference.numerical_gradient(problem.value, W, h, scheme)
    quotients = objective.numerical_gradient(W, h=h, scheme=scheme)
    np.testing.assert_allclose(quotients, expected, rtol=0, atol=1e-13 * (1 + problem.value(W)) / h)
    some = np.array([0, 5, 9, 17, 29])
    few = objective.numerical_gradient(W, h=h, scheme=scheme, coordinates=some)
    np.testing.assert_allclose(few, quotients.ravel()[some], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("kind", ["float64", "csr64"])
def test_centred_differences_are_the_gradient_where_no_residual_is_at_its_seam(kind):
    """On a straight or a quadratic piece there is nothing between them but rounding, however small the step."""
    X, dense, y, shares, W = draw(kind)
    residuals = np.abs(dense @ W[:, :-1].T + W[:, -1] - y)
    delta = float(np.mean(np.sort(residuals.ravel())[100:102]))
    objective = gd.LinearObjective(X, y, gd.Huber(delta), sample_weight=shares)
    assert np.abs(residuals - delta).min() > 1e-4
    for h in (1e-5, 1e-9):
        np.testing.assert_allclose(objective.numerical_gradient(W, h=h), objective.gradient(W), rtol=0, atol=1e-13)
    assert gd.check_gradient(objective, at=W).verdict == "PASS"


def test_values_on_a_plane():
    X, dense, y, shares, W = draw("float64")
    U, V = np.random.default_rng(7).normal(size=(2, *W.shape))
    objective = gd.LinearObjective(X, y, gd.Huber(1.3), gd.L2(0.1), sample_weight=shares)
    problem = reference.LinearProblem(dense, y, reference.HUBER, 1.3, l2=0.1, sample_weight=shares)
    corners = [W, W + U, W - 2 * V]
    np.testing.assert_allclose(objective.values_at(corners), [problem.value(w) for w in corners], rtol=1e-12)


# ---- minima ----


@pytest.mark.parametrize("optimizer", [gd.LBFGS(), gd.Newton()])
def test_outliers_do_not_govern_the_minimum(optimizer):
    """A tenth of the targets is nonsense: the line is found to a hundredth, where least squares is far away."""
    rng = np.random.default_rng(3)
    X, true_w = rng.normal(size=(400, 3)), np.array([[1.0, -2.0, 0.5, 3.0]])
    y = X @ true_w[0, :-1] + true_w[0, -1] + rng.normal(size=400) * 0.01
    y[:40] += 100.0
    errors = []
    for loss in (gd.Huber(0.03), gd.SquaredError()):
        objective = gd.LinearObjective(X, y, loss)
        result = gd.minimize(objective, np.zeros((1, 4)), optimizer, step=gd.StrongWolfe(), max_steps=500)
        assert result.status is gd.Status.CONVERGED
        errors.append(float(np.abs(result.w - true_w).max()))
    assert errors[0] < 0.01 < 1 < errors[1]


def test_the_suggested_step_never_rises():
    X, _, y, shares, W = draw("float64")
    objective = gd.LinearObjective(X, y, gd.Huber(0.5), gd.L2(1e-3), sample_weight=shares)
    result = gd.minimize(objective, W, step="auto", max_steps=200)
    assert (np.diff(result.history.values) <= 1e-14).all()


# ---- other libraries ----


@pytest.mark.parametrize("delta", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("kind", ["float64", "csr64"])
def test_it_gives_the_iterates_of_pytorch(kind, delta):
    """SGD with momentum on 2 k HuberLoss, whose mean is over the outputs as well, batch for batch."""
    torch = pytest.importorskip("torch")
    X, dense, y, _, W = draw(kind)
    batches, steps, rate = gd.MiniBatches(16, seed=5), 60, 0.02
    w = torch.tensor(W, requires_grad=True)
    features = torch.tensor(np.column_stack([dense, np.ones(len(dense))]))
    rule, loss = torch.optim.SGD([w], lr=rate, momentum=0.9), torch.nn.HuberLoss(delta=delta)
    values = []
    for k in range(steps):
        rows = batches.rows(len(y), k)
        rule.zero_grad()
        value = 2 * y.shape[1] * loss(features[rows] @ w.T, torch.tensor(y[rows]))
        value.backward()
        rule.step()
        values.append(value.item())
    objective = gd.LinearObjective(X, y, gd.Huber(delta))
    result = gd.minimize(objective, W, gd.Momentum(0.9), batches=batches, step=rate, max_steps=steps)
    np.testing.assert_allclose(result.w, w.detach().numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.history.values[:steps], values, rtol=1e-11)


# ---- settings ----


@pytest.mark.parametrize("delta", [0, 0.0, -1.0, math.inf, math.nan])
def test_a_bad_delta_is_named(delta):
    with pytest.raises(ValueError, match="delta must be"):
        gd.Huber(delta)


@pytest.mark.parametrize("delta", ["1", None, [1.0], True, 1j])
def test_a_delta_of_the_wrong_type_is_named(delta):
    with pytest.raises(TypeError, match="delta must be"):
        gd.Huber(delta)


def test_it_is_a_regression():
    X = np.ones((3, 2))
    with pytest.raises(ValueError, match="n_classes has no meaning for Huber"):
        gd.LinearObjective(X, np.zeros(3), gd.Huber(), n_classes=2)
    objective = gd.LinearObjective(X, np.zeros(3), gd.Huber(2))
    assert repr(objective.loss) == "Huber(delta=2.0)"
    for call in (objective.accuracy, objective.margins):
        with pytest.raises(ValueError, match="no meaning for Huber"):
            call(np.zeros((1, 3)))
    np.testing.assert_array_equal(objective.predict(np.ones((1, 3))), np.full(3, 3.0))
    assert objective.kink_crossings(np.ones((1, 3)), 1.0) is None


def test_scores_that_overflow_reach_the_value():
    objective = gd.LinearObjective(np.full((2, 1), 1e200), np.zeros(2), gd.Huber(), bias=False)
    assert math.isfinite(objective.value(np.array([[1e100]])))
    assert not math.isfinite(objective.value(np.array([[1e200]])))
