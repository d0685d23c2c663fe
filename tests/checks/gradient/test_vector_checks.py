"""check_jacobian and check_product: right ones pass, one wrong entry fails and is named."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

A = np.random.default_rng(0).normal(size=(4, 3))
UNITS = np.array([1.0, 1e6, 1e-5])


def f(x):
    return np.sin(A @ (x / UNITS)) + np.array([0, 0, 1e6, 0])


def jacobian(x):
    return np.cos(A @ (x / UNITS))[:, None] * A / UNITS


X = np.array([0.5, -1e6, 2e-5])


def spoiled(i, j, factor):
    def wrong(x):
        J = jacobian(x)
        J[i, j] *= factor
        return J

    return wrong


def test_a_right_jacobian_passes_whatever_the_units():
    report = gd.check_jacobian(f, jacobian, X)
    assert report.verdict == "PASS", str(report)
    assert report.shape == (4, 3)
    np.testing.assert_allclose(report.numerical.reshape(4, 3), jacobian(X), rtol=1e-3)
    assert str(report).startswith("Jacobian check: PASS")


@pytest.mark.parametrize("i", range(4))
@pytest.mark.parametrize("j", range(3))
@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.1])
def test_one_wrong_entry_of_a_jacobian_fails(i, j, factor):
    report = gd.check_jacobian(f, spoiled(i, j, factor), X)
    assert report.verdict == "FAIL"
    assert report.name(report.worst(1)[0]) == f"[{i}, {j}]"


def test_outputs_and_points_of_any_shape():
    x = np.random.default_rng(1).normal(size=(2, 3))
    report = gd.check_jacobian(lambda x: x**2, lambda x: 2 * np.einsum("ij,ik,jl->ijkl", x, np.eye(2), np.eye(3)), x)
    assert report.passed
    assert report.shape == (2, 3, 2, 3)
    assert gd.check_jacobian(lambda x: float(x.sum()), np.ones_like, x).passed
    with pytest.raises(ValueError, match="must return the shape"):
        gd.check_jacobian(lambda x: x**2, lambda x: 2 * x, x)


PRODUCTS = {
    "jvp": (f, lambda x, v: jacobian(x) @ v),
    "vjp": (f, lambda x, u: jacobian(x).T @ u),
    "hvp": (lambda x: float(np.sum(np.exp(A @ x))), lambda x, v: A.T @ (np.exp(A @ x) * (A @ v))),
    "hvp of a gradient": (lambda x: A.T @ np.exp(A @ x), lambda x, v: A.T @ (np.exp(A @ x) * (A @ v))),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name):
    function, product = PRODUCTS[name]
    kind, x = name[:3], X if name in ("jvp", "vjp") else np.array([0.3, -0.2, 0.5])
    lengths = UNITS if x is X else None
    report = gd.check_product(function, product, x, kind=kind, scale=lengths, rng=0)
    assert report.verdict == "PASS", str(report)
    assert str(report).startswith(f"{kind.upper()} check")
    size = product(x, np.ones(4 if kind == "vjp" else 3)).size
    for j in range(size):

        def wrong(x, v, j=j):
            found = np.array(product(x, v))
            found[j] *= 1.1
            return found

        report = gd.check_product(function, wrong, x, kind=kind, scale=lengths, rng=0)
        assert report.verdict == "FAIL"
        assert report.worst(1).tolist() == [j]


def test_a_direction_of_ones_own_and_its_length():
    for scale in (1.0, 1e3):
        v = scale * np.array([1.0, 2.0, -1.0])
        assert gd.check_product(np.sin, lambda x, v: np.cos(x) * v, np.ones(3), direction=v).passed
        assert gd.check_product(np.sin, lambda x, v: np.cos(x), np.ones(3), direction=v).verdict == "FAIL"
    with pytest.raises(ValueError, match="direction must not be zero"):
        gd.check_product(np.sin, lambda x, v: np.cos(x) * v, np.ones(3), direction=np.zeros(3))
    with pytest.raises(ValueError, match="kind must be one of"):
        gd.check_product(np.sin, lambda x, v: np.cos(x) * v, np.ones(3), kind="hessian")


def test_an_objective_gives_its_gradient_for_a_hessian_product():
    rng = np.random.default_rng(0)
    objective = gd.LinearObjective(rng.normal(size=(30, 4)), rng.integers(3, size=30), gd.CrossEntropy(), gd.L2(0.1))
    W = rng.normal(size=objective.shape)
    assert gd.check_product(objective, objective.hessian_product, W, kind="hvp", rng=0).passed
    assert not gd.check_product(objective, lambda W, V: 1.1 * objective.hessian_product(W, V), W, kind="hvp").passed
