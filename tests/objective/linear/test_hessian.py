"""LECTURE 24, 26: products with the Hessian are exact, and both implementations agree."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
from gdfast.objective import second_derivatives
from reference import CROSS_ENTROPY, HUBER, REGRESSIONS, SQUARED_ERROR, SQUARED_HINGE, LinearProblem

LOSSES = {
    CROSS_ENTROPY: gd.CrossEntropy(),
    SQUARED_HINGE: gd.SquaredHinge(0.7),
    SQUARED_ERROR: gd.SquaredError(),
    HUBER: gd.Huber(0.7),
}
KINDS = ["float64", "float32", "float16", "uint8", "csr", "csr32", "strided"]


class Case:
    """A random problem, as an objective and as the plain reference."""

    def __init__(self, seed, loss, kind, bias=True, penalize_bias=False, weighted=True, scaled=True):
        rng = np.random.default_rng(seed)
        n, d, k = int(rng.integers(1, 30)), int(rng.integers(1, 6)), int(rng.integers(2, 5))
        X = rng.integers(0, 9, (n, d))
        dtype = {"csr": "float64", "csr32": "float32", "strided": "float64"}.get(kind, kind)
        plain = X.astype(np.float64)
        given = np.asfortranarray(X.astype(dtype)) if kind == "strided" else X.astype(dtype)
        given = scipy.sparse.csr_array(given) if kind.startswith("csr") else given
        y = rng.normal(size=(n, k)) if loss in REGRESSIONS else rng.integers(0, k, n)
        kwargs = {"bias": bias, "penalize_bias": penalize_bias}
        if weighted:
            kwargs["sample_weight"] = rng.random(n) + 0.01
        if scaled:
            kwargs["scale"] = rng.uniform(1, 4, d)
            if not kind.startswith("csr"):
                kwargs["mean"] = rng.normal(size=d)
        classes = {} if loss in REGRESSIONS else {"n_classes": k}
        self.problem = LinearProblem(plain, y, loss, margin=0.7, l2=0.1, **kwargs)
        self.objective = gd.LinearObjective(given, y, LOSSES[loss], gd.L2(0.1), **kwargs, **classes)
        self.W, self.V = rng.normal(size=(2, *self.objective.shape))

    def second_derivatives(self):
        """(k * m, k * m), from the formulas of each loss, row by row."""
        Z, (k, m), p = self.problem.features(), self.W.shape, self.problem
        shares = np.ones(len(Z)) if p.sample_weight is None else p.sample_weight
        H = np.zeros((k, m, k, m))
        for z, s, y, u in zip(Z, p.scores(self.W), p.y, shares / shares.sum(), strict=True):
            if p.loss == SQUARED_ERROR:
                D = 2 * np.eye(k)
            elif p.loss == HUBER:
                D = 2 * np.diag((np.abs(s - y) <= p.margin).astype(float))
            elif p.loss == CROSS_ENTROPY:
                q = np.exp(s - s.max()) / np.exp(s - s.max()).sum()
                D = np.diag(q) - np.outer(q, q)
            else:
                D = np.zeros((k, k))
                for c in set(range(k)) - {int(y)}:
                    e = np.eye(k)[c] - np.eye(k)[int(y)]
                    D += 2 * np.outer(e, e) * (e @ s + p.margin > 0)
            H += u * np.einsum("ab,i,j->aibj", D, z, z)
        diagonal = H.reshape(k * m, k * m)
        diagonal[np.diag_indices(k * m)] += 2 * p.l2 * p.penalized(np.ones((k, m))).ravel()
        return diagonal


every_loss = pytest.mark.parametrize("loss", LOSSES)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    loss=st.sampled_from(sorted(LOSSES)),
    kind=st.sampled_from(KINDS),
    bias=st.sampled_from([(True, False), (True, True), (False, False)]),
    weighted=st.booleans(),
    scaled=st.booleans(),
)
def test_it_is_the_matrix_of_second_derivatives(seed, loss, kind, bias, weighted, scaled):
    case = Case(seed, loss, kind, *bias, weighted, scaled)
    product = case.objective.hessian_product(case.W, case.V)
    assert product.dtype == np.float64
    expected = case.second_derivatives() @ case.V.ravel()
    np.testing.assert_allclose(product.ravel(), expected, rtol=1e-11, atol=1e-12 * np.abs(expected).max())


@every_loss
@pytest.mark.parametrize("seed", range(5))
def test_both_implementations_agree(loss, seed):
    """The exact product, and centred differences of the gradient."""
    case = Case(seed, loss, "float64")
    plain = gd.FunctionObjective(case.objective.value, case.objective.gradient)
    exact = second_derivatives.hessian_product(case.objective, case.W, case.V)
    assert np.array_equal(exact, case.objective.hessian_product(case.W, case.V))
    differences = second_derivatives.hessian_product(plain, case.W, case.V)
    np.testing.assert_allclose(differences, exact, rtol=1e-6, atol=1e-8 * np.abs(exact).max())
    at = second_derivatives.hessian_at(plain, case.W)
    assert np.array_equal(at(case.V), differences)


@every_loss
def test_mini_batches_have_their_own(loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = rng.normal(size=(40, 3)) if loss == SQUARED_ERROR else rng.integers(0, 3, 40)
    weights = rng.random(40)
    objective = gd.LinearObjective(X, y, LOSSES[loss], gd.L2(0.1), sample_weight=weights)
    rows = rng.integers(0, 40, 60)  # some of them twice
    batch = objective.rows(rows)
    W, V = rng.normal(size=(2, *objective.shape))
    plain = gd.FunctionObjective(batch.value, batch.gradient)
    np.testing.assert_allclose(
        batch.hessian_product(W, V), second_derivatives.hessian_product(plain, W, V), rtol=1e-6, atol=1e-8
    )
    assert batch.passes > 0


@every_loss
def test_it_is_linear_and_symmetric_also_far_from_1(loss):
    case = Case(3, loss, "float32")
    H = case.objective.hessian_at(case.W)
    U = np.random.default_rng(1).normal(size=case.W.shape)
    product = H(case.V)
    assert np.vdot(U, product) == pytest.approx(np.vdot(case.V, H(U)), rel=1e-11)
    for power in (-600, -300, 300, 600):
        assert np.array_equal(H(case.V * 2.0**power), product * 2.0**power)
    assert not H(np.zeros_like(U)).any()


@every_loss
def test_one_scores_pass_serves_many_products(loss):
    case = Case(4, loss, "float64")
    before = case.objective.passes
    H = case.objective.hessian_at(case.W)
    once = case.objective.passes - before
    H(case.V)
    H(case.V)
    assert once == (0 if loss == SQUARED_ERROR else 1)
    assert case.objective.passes - before == (2 if loss == SQUARED_ERROR else 3)


def test_large_scores_are_safe():
    X, y = np.array([[1e3], [-1e3]]), np.array([0, 1])
    objective = gd.LinearObjective(X, y, gd.CrossEntropy())
    product = objective.hessian_product(np.array([[50.0, 0.0], [-50.0, 0.0]]), np.ones((2, 2)))
    assert np.isfinite(product).all()


def test_regularizers():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(10, 3)), rng.integers(0, 2, 10)

    class Quartic:
        """No product of its own: differences of its gradient."""

        def value(self, W):
            return float((W**4).sum())

        def gradient(self, W):
            return 4 * W**3

    class Own(Quartic):
        def hessian_product(self, W, V):
            return 12 * W**2 * V

    bare = gd.LinearObjective(X, y, gd.CrossEntropy())
    W, V = rng.normal(size=(2, *bare.shape))
    rest = bare.hessian_product(W, V)
    extra = np.zeros_like(W)
    extra[:, :-1] = (12 * W**2 * V)[:, :-1]
    for regularizer, tolerance in ((Own(), 1e-13), (Quartic(), 1e-7)):
        product = gd.LinearObjective(X, y, gd.CrossEntropy(), regularizer).hessian_product(W, V)
        np.testing.assert_allclose(product - rest, extra, atol=tolerance)
    both = gd.ElasticNet(0.0, 0.3), gd.L2(0.3)
    products = [gd.LinearObjective(X, y, gd.CrossEntropy(), r).hessian_product(W, V) for r in both]
    assert np.array_equal(*products)


@pytest.mark.parametrize("shape", [(), (3,), (2, 1, 3)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-8), (np.float32, 3e-4)])
def test_differences_of_any_shape_and_precision(shape, dtype, tolerance):
    bowl = gd.FunctionObjective(lambda w: float(np.sum(np.cosh(w))), lambda w: np.sinh(w))
    rng = np.random.default_rng(6)
    w, v = rng.normal(size=(2, *shape)).astype(dtype)
    w, v = np.asarray(w), np.asarray(v)
    before = w.copy()
    product = second_derivatives.hessian_product(bowl, w, v)
    assert product.shape == shape
    assert product.dtype == np.float64
    np.testing.assert_allclose(product, np.cosh(w) * v, rtol=tolerance, atol=tolerance)
    assert np.array_equal(w, before)
    assert not second_derivatives.hessian_product(bowl, w, np.zeros_like(v)).any()


def test_numerical_gradients_serve_too():
    bowl = gd.FunctionObjective(lambda w: float(np.sum(np.cosh(w))))
    w, v = np.array([0.5, -1.0]), np.array([1.0, 2.0])
    np.testing.assert_allclose(second_derivatives.hessian_product(bowl, w, v), np.cosh(w) * v, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": gd.Hinge()}, "Hinge.*kinks and no curvature"),
        ({"loss": gd.CrossEntropy(), "regularizer": gd.L1(0.1)}, r"L1\(strength=0.1\) has a kink at 0"),
        ({"loss": gd.CrossEntropy(), "regularizer": gd.ElasticNet(0.1, 0.1)}, "ElasticNet.*has a kink at 0"),
    ],
)
def test_kinks_are_refused_by_name(settings, words):
    objective = gd.LinearObjective(np.eye(3), np.array([0, 1, 2]), **settings)
    with pytest.raises(ValueError, match=words):
        objective.hessian_product(np.zeros(objective.shape), np.ones(objective.shape))
    with pytest.raises(ValueError, match=words):
        second_derivatives.check_curvature(objective)
    assert objective.passes == 0


def test_bad_input():
    objective = gd.LinearObjective(np.eye(3), np.array([0, 1, 2]), gd.CrossEntropy())
    W = np.zeros(objective.shape)
    with pytest.raises(ValueError, match=r"V must have the shape \(3, 4\); its shape is \(4,\)"):
        objective.hessian_product(W, np.ones(4))
    with pytest.raises(TypeError, match="V must be float32 or float64; its dtype is int64"):
        objective.hessian_product(W, np.ones(objective.shape, dtype=np.int64))
    with pytest.raises(ValueError, match=r"W must be finite; W\[0, 0\] is nan"):
        objective.hessian_product(W * np.nan, W)
    assert objective.passes == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_the_curvature_of_a_row_is_its_hessian(loss):
    """Both are the row's second derivatives; beyond Huber's delta there are none, and a little is taken for them."""
    rng = np.random.default_rng(3)
    for k in (1, 2, 5):
        scores = 3 * rng.normal(size=(40, k))
        y = rng.normal(size=(40, k)) if loss in REGRESSIONS else rng.integers(0, k, 40)
        curvature = LOSSES[loss].score_curvature(scores, y)
        hessian = np.stack(
            [LOSSES[loss].hessian_times(scores, y, np.tile(axis, (40, 1))) for axis in np.eye(k)], axis=2
        )
        found = curvature.diagonal[:, :, None] * np.eye(k)
        found = found if curvature.less is None else found - curvature.less[:, :, None] * curvature.less[:, None, :]
        found = found if curvature.more is None else found + curvature.more[:, :, None] * curvature.more[:, None, :]
        if loss == HUBER:
            found[np.abs(found) == 0.02] = 0.0
        np.testing.assert_allclose(found, hessian, atol=1e-14)
        if loss != HUBER:
            diagonal = np.einsum("icc->ic", hessian)
            np.testing.assert_allclose(LOSSES[loss].curvatures(scores, y), diagonal, atol=1e-14)
