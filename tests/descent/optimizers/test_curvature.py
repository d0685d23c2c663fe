"""L-BFGS, nonlinear conjugate gradients and Newton: what each reaches, and in how many steps."""

from __future__ import annotations

import functools
import importlib.util

import numpy as np
import pytest
import scipy.optimize

import gdfast as gd

WOLFE = gd.StrongWolfe()
METHODS = {
    "L-BFGS": (gd.LBFGS(), WOLFE),
    "conjugate gradients": (gd.NonlinearConjugateGradient(), gd.StrongWolfe(curvature=0.1)),
    "Newton": (gd.Newton(), gd.Backtracking()),
}
every_method = pytest.mark.parametrize("method", METHODS)


def quadratic(n, seed=0, condition=100.0):
    """w'Aw / 2 - b'w with eigenvalues from 1 to `condition`, and where it is lowest."""
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.normal(size=(n, n)))
    A = basis * np.geomspace(1, condition, n) @ basis.T
    b = rng.normal(size=n)
    objective = gd.FunctionObjective(lambda w: float(w @ A @ w / 2 - b @ w), lambda w: A @ w - b)
    return objective, np.linalg.solve(A, b)


ROSENBROCK = gd.FunctionObjective(
    lambda w: float(100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2),
    lambda w: np.array([-400 * w[0] * (w[1] - w[0] ** 2) - 2 * (1 - w[0]), 200 * (w[1] - w[0] ** 2)]),
)


def images(loss, strength=1e-3, dtype=np.float64, n=300):
    digits = gd.datasets.load_digits()
    return gd.LinearObjective((digits.X[:n] / 16).astype(dtype), digits.y[:n], loss, gd.L2(strength))


@pytest.mark.parametrize("n", [1, 2, 5, 10])
@pytest.mark.parametrize("rule", [gd.NonlinearConjugateGradient(), gd.LBFGS(memory=10)], ids=repr)
def test_exact_steps_on_a_quadratic_arrive_after_n(rule, n):
    objective, lowest = quadratic(n)
    result = gd.minimize(objective, np.ones(n), rule, gd.ExactLineSearch(), gtol=1e-7)
    assert result.status is gd.Status.CONVERGED
    assert result.steps <= n + 1
    np.testing.assert_allclose(result.w, lowest, atol=1e-6)


@pytest.mark.parametrize("n", [1, 3, 20, 100])
def test_newton_solves_a_quadratic_in_one_step(n):
    objective, lowest = quadratic(n)
    result = gd.minimize(objective, np.ones(n), gd.Newton(), 1.0)
    assert (result.status, result.steps) == (gd.Status.CONVERGED, 1)
    np.testing.assert_allclose(result.w, lowest, atol=1e-6)


def test_newton_solves_least_squares_in_one_step():
    """LECTURE 26, with more weights than are solved exactly by count."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(500, 60)), rng.normal(size=(500, 4))
    objective = gd.LinearObjective(X, y, gd.SquaredError(), gd.L2(0.01))
    result = gd.minimize(objective, np.zeros(objective.shape), gd.Newton(), 1.0, gtol=1e-10)
    assert (result.status, result.steps) == (gd.Status.CONVERGED, 1)


@every_method
def test_rosenbrock_s_valley(method):
    rule, step = METHODS[method]
    result = gd.minimize(ROSENBROCK, [-1.2, 1.0], rule, step, max_steps=100, gtol=1e-9)
    assert result.status is gd.Status.CONVERGED
    np.testing.assert_allclose(result.w, [1.0, 1.0], atol=1e-8)


@functools.cache
def lowest_of_images(loss):
    """By SciPy."""
    objective = images(loss, 0.02)
    best = scipy.optimize.minimize(
        lambda w: objective.value(w.reshape(objective.shape)),
        np.zeros(objective.shape).ravel(),
        jac=lambda w: objective.gradient(w.reshape(objective.shape)).ravel(),
        options={"gtol": 1e-7, "ftol": 1e-15, "maxiter": 5000},
        method="L-BFGS-B",
    )
    return best.fun


@every_method
@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.SquaredHinge()], ids=repr)
def test_every_method_leads_to_the_same_minimum(method, loss):
    rule, step = METHODS[method]
    objective = images(loss, 0.02)
    result = gd.minimize(objective, np.zeros(objective.shape), rule, step, max_steps=2000, gtol=1e-8)
    assert result.status is gd.Status.CONVERGED
    assert result.value == pytest.approx(lowest_of_images(loss), rel=1e-9)


def test_newton_on_softmax_takes_few_steps():
    objective = images(gd.CrossEntropy())
    result = gd.minimize(objective, np.zeros(objective.shape), gd.Newton(), gd.Backtracking(), gtol=1e-10)
    assert result.status is gd.Status.CONVERGED
    assert result.steps <= 12


def test_what_newton_computes_itself_is_counted():
    objective, _ = quadratic(3)
    seen = []
    counting = gd.FunctionObjective(objective.value, lambda w: seen.append(w) or objective.gradient(w))
    result = gd.minimize(counting, np.ones(3), gd.Newton(), 1.0)
    assert result.evaluations == len(seen)
    linear = images(gd.CrossEntropy())
    result = gd.minimize(linear, np.zeros(linear.shape), gd.Newton(), 1.0, max_steps=3)
    assert result.evaluations == result.passes


def test_newton_uses_the_objective_s_own_product():
    objective, lowest = quadratic(4)

    class Curved:
        value, gradient, value_and_gradient = objective.value, objective.gradient, objective.value_and_gradient
        products = 0

        def hessian_product(self, w, v):
            self.products += 1
            return objective.gradient(w + v) - objective.gradient(w)

    curved = Curved()
    result = gd.minimize(curved, np.ones(4), gd.Newton(), 1.0)
    assert 0 < curved.products <= 8
    np.testing.assert_allclose(result.w, lowest, atol=1e-7)


@pytest.mark.parametrize("w0", [[0.3, 0.0], [0.0, 0.5], [1e-3, 2.0]])
def test_newton_goes_downhill_where_the_curvature_is_negative(w0):
    """(x^2 - 1)^2 + y^2: the middle is a saddle."""
    saddle = gd.FunctionObjective(
        lambda w: float((w[0] ** 2 - 1) ** 2 + w[1] ** 2), lambda w: np.array([4 * w[0] * (w[0] ** 2 - 1), 2 * w[1]])
    )
    result = gd.minimize(saddle, w0, gd.Newton(), WOLFE, gtol=1e-9)
    assert result.status is gd.Status.CONVERGED
    assert result.value == pytest.approx(1.0 if w0[0] == 0 else 0.0, abs=1e-15)


def test_newton_uphill():
    objective, lowest = quadratic(3)
    hill = gd.FunctionObjective(lambda w: -objective.value(w), lambda w: -objective.gradient(w))
    np.testing.assert_allclose(gd.maximize(hill, np.ones(3), gd.Newton(), 1.0).w, lowest, atol=1e-6)


@pytest.mark.parametrize(
    ("objective", "name"),
    [
        (images(gd.Hinge()), "Hinge"),
        (gd.LinearObjective(np.eye(3), [0, 1, 2], gd.CrossEntropy(), gd.L1(0.1)), "L1"),
        (gd.LinearObjective(np.eye(3), [0, 1, 2], gd.CrossEntropy(), gd.ElasticNet(0.1, 0.1)), "ElasticNet"),
    ],
)
def test_newton_refuses_what_has_no_curvature(objective, name):
    with pytest.raises(ValueError, match=f"Newton needs curvature, and {name}"):
        gd.minimize(objective, np.zeros(objective.shape), gd.Newton(), 1.0)
    assert objective.passes == 0
    smooth = gd.LinearObjective(np.eye(3), [0, 1, 2], gd.CrossEntropy(), gd.ElasticNet(0.0, 0.1))
    assert gd.minimize(smooth, np.zeros((3, 4)), gd.Newton(), 1.0).status is gd.Status.CONVERGED


def test_newton_refuses_batches_and_clipping():
    objective = images(gd.CrossEntropy())
    with pytest.raises(ValueError, match="Newton needs the whole objective"):
        gd.minimize(objective, np.zeros(objective.shape), gd.Newton(), 1.0, batches=gd.MiniBatches(8))
    with pytest.raises(ValueError, match="clip needs"):
        gd.minimize(objective, np.zeros(objective.shape), gd.Newton(), 1.0, clip=1.0)


@pytest.mark.parametrize("rule", [gd.LBFGS(), gd.NonlinearConjugateGradient(), gd.Newton()])
@pytest.mark.parametrize("step", [1.0, gd.StrongWolfe()])
def test_rules_that_learn_curvature_refuse_clipping_before_any_work(rule, step):
    called = []
    objective = gd.FunctionObjective(called.append, called.append)
    with pytest.raises(ValueError, match=rf"clip needs an optimizer that works.*{type(rule).__name__}"):
        gd.minimize(objective, np.zeros(3), rule, step, clip=0.1)
    assert called == []


@every_method
def test_float32_runs_end_near_the_float64_optimum(method):
    rule, step = METHODS[method]
    wide, narrow = images(gd.CrossEntropy()), images(gd.CrossEntropy(), dtype=np.float32)
    best = gd.minimize(wide, np.zeros(wide.shape), gd.LBFGS(), WOLFE, gtol=1e-7)
    result = gd.minimize(narrow, np.zeros(wide.shape, np.float32), rule, step)
    assert result.w.dtype == np.float32
    assert result.value == pytest.approx(best.value, rel=1e-6)


@every_method
@pytest.mark.parametrize("shape", [(), (4,), (2, 1, 3)])
def test_any_shape(method, shape):
    rule, step = METHODS[method]
    bowl = gd.FunctionObjective(lambda w: float(np.sum(np.cosh(w - 1))), lambda w: np.sinh(w - 1))
    result = gd.minimize(bowl, np.zeros(shape), rule, step)
    assert result.status is gd.Status.CONVERGED
    assert result.w.shape == shape
    np.testing.assert_allclose(result.w, np.ones(shape), atol=1e-5)


@pytest.mark.parametrize(("rule", "name"), [(gd.LBFGS, "memory"), (gd.Newton, "products")])
def test_bad_settings(rule, name):
    with pytest.raises(ValueError, match=f"{name} must be >= 1; it is 0"):
        rule(0)
    for value in (2.0, "2", None, True):
        with pytest.raises(TypeError, match=f"{name} must be an integer"):
            rule(value)
    assert type(getattr(rule(np.int64(3)), name)) is int


# L-BFGS.


def two_loops(pairs, gradient):
    """The recursion as Nocedal and Wright write it (algorithm 7.4)."""
    q, alphas = gradient.copy(), []
    for s, y in reversed(pairs):
        alphas.append(s @ q / (s @ y))
        q -= alphas[-1] * y
    s, y = pairs[-1]
    q *= s @ y / (y @ y)
    for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
        q += (alpha - y @ q / (s @ y)) * s
    return -q


@pytest.mark.parametrize("memory", [1, 3, 10])
def test_lbfgs_is_the_two_loops(memory):
    rng = np.random.default_rng(1)
    n = 3000
    curvature, rule = np.geomspace(1, 50, n), gd.LBFGS(memory)
    w = rng.normal(size=n)
    state, pairs, gradient = rule.init(w), [], curvature * w
    _, state = rule.update(gradient, state, w)
    for k in range(12):
        move = rng.normal(size=n) / (k + 1)
        w, before = w + move, gradient
        gradient = curvature * w
        pairs = [*pairs, (move, gradient - before)][-memory:]
        direction, state = rule.update(gradient, state, w)
        np.testing.assert_allclose(direction, two_loops(pairs, gradient), rtol=1e-9, atol=1e-9)


def test_lbfgs_drops_pairs_without_curvature():
    rule, w = gd.LBFGS(3), np.zeros(4)
    _, state = rule.update(np.ones(4), rule.init(w), w)
    for change in (-1.0, 0.0):
        direction, after = rule.update(np.ones(4) + change * 1e-3, state, w + 0.1)
        assert after.pairs == 0
        np.testing.assert_allclose(direction, -(1 + change * 1e-3) / np.sqrt(4) / (1 + change * 1e-3))
    _, after = rule.update(2 * np.ones(4), state, w + 0.1)
    assert after.pairs == 1


def test_the_first_direction_is_no_longer_than_1():
    for rule in (gd.LBFGS(), gd.NonlinearConjugateGradient()):
        direction, _ = rule.update(np.array([300.0, 400.0]), rule.init(np.zeros(2)), np.zeros(2))
        np.testing.assert_allclose(direction, [-0.6, -0.8])
        direction, _ = rule.update(np.array([0.3, 0.4]), rule.init(np.zeros(2)), np.zeros(2))
        np.testing.assert_allclose(direction, [-0.3, -0.4])


def test_lbfgs_takes_its_natural_step_nearly_always():
    """So a step costs hardly more than one pass."""
    objective = images(gd.CrossEntropy())
    result = gd.minimize(objective, np.zeros(objective.shape), gd.LBFGS(), WOLFE, max_steps=100, gtol=0)
    assert np.mean(result.history.step_sizes == 1.0) > 0.85
    assert result.passes <= 1 + 1.3 * result.steps


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.SquaredHinge()], ids=repr)
def test_lbfgs_reaches_what_pytorch_reaches(loss):
    import torch

    objective = images(loss, 0.02)
    w = torch.zeros(objective.shape, dtype=torch.float64, requires_grad=True)
    theirs = torch.optim.LBFGS(
        [w], max_iter=1000, history_size=10, tolerance_grad=1e-9, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure():
        value, gradient = objective.value_and_gradient(w.detach().numpy())
        w.grad = torch.from_numpy(gradient)
        return torch.tensor(value, dtype=torch.float64)

    theirs.step(closure)
    ours = gd.minimize(objective, np.zeros(objective.shape), gd.LBFGS(), WOLFE, gtol=1e-9)
    assert ours.value == pytest.approx(objective.value(w.detach().numpy()), rel=1e-9)
    np.testing.assert_allclose(ours.w, w.detach().numpy(), atol=1e-4)


def test_conjugate_gradients_restart_where_they_must():
    rule, w = gd.NonlinearConjugateGradient(), np.zeros(2)
    _, state = rule.update(np.array([1.0, 0.0]), rule.init(w), w)
    # The same gradient again: no change, beta = 0.
    _, same = rule.update(np.array([1.0, 0.0]), state, np.array([-0.1, 0.0]))
    assert same.conjugate.tolist() == [-1.0, 0.0]
    # beta = 2, and 2 * (-1, 0) - (-1, 1) would lead uphill no more than down.
    _, turned = rule.update(np.array([-1.0, 0.1]), state, np.array([-0.1, 0.0]))
    assert turned.conjugate @ [-1.0, 0.1] < 0
    assert turned.conjugate.tolist() == [1.0, -0.1]
