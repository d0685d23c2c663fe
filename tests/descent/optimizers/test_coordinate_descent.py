"""Coordinate descent finds the optimum that slow methods find, zeros included, whatever the data and the loss."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import gdfast as gd
from gdfast.descent.optimizers.coordinate_descent import newton_matrix, proximal_newton
from gdfast.objective.linear import columns
from gdfast.objective.linear.largest_strength import largest_strength

LOSSES = {
    "squared error": (gd.SquaredError(), None),
    "two targets": (gd.SquaredError(), None),
    "huber": (gd.Huber(0.7), None),
    "two classes": (gd.CrossEntropy(), 2),
    "four classes": (gd.CrossEntropy(), 4),
    "squared hinge, two": (gd.SquaredHinge(), 2),
    "squared hinge, four": (gd.SquaredHinge(), 4),
}
BIASES = {"free": {}, "none": {"bias": False}, "penalised": {"penalize_bias": True}}
REGULARIZERS = [gd.L1(0.04), gd.ElasticNet(0.03, 0.02)]


def made(loss, n=80, d=15, seed=0, is_sparse=False, dtype=np.float64, **options):
    """Correlated rows, with a column of zeros, a constant one and a duplicate; half of the weights odd."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + rng.normal(size=(n, 1)) + 1
    X[:, 3], X[:, 4], X[:, 5] = 0, 1.5, X[:, 6]
    if is_sparse:
        X[rng.random(X.shape) < 0.6] = 0
    signal = X @ np.where(np.arange(d) % 3 == 0, rng.normal(size=d), 0) + rng.normal(size=n)
    function, classes = LOSSES[loss]
    y = signal if classes is None else np.digitize(signal, np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1]))
    if loss == "two targets":
        y = np.stack([signal, X[:, 0] - signal / 2], axis=1)
    X = scipy.sparse.csr_array(X.astype(dtype)) if is_sparse else X.astype(dtype)
    return X, y, function, options


def slow_optimum(X, y, loss, regularizer, weight, has_bias, penalised, k):
    """Plain proximal gradient steps from the formulas, accelerated, in NumPy; the objective's value."""
    dense = X.toarray() if scipy.sparse.issparse(X) else np.asarray(X, dtype=np.float64)
    n = len(dense)
    Z = np.hstack([dense, np.ones((n, 1))]) if has_bias else dense
    u = np.full(n, 1 / n) if weight is None else weight / weight.sum()
    l1, l2 = regularizer.l1, regularizer.l2
    held = np.ones(Z.shape[1])
    if has_bias and not penalised:
        held[-1] = 0

    def data(W):
        S = Z @ W.T
        value, gradient = loss.value_and_gradient(S, y, weight)
        return value, gradient.T @ Z

    length = 1 / (loss.largest_curvature(k) * np.linalg.norm(Z * np.sqrt(u)[:, None], 2) ** 2)
    W = V = np.zeros((k, Z.shape[1]))
    t = 1.0
    for _ in range(40_000):
        to = V - length * data(V)[1]
        to = np.sign(to) * np.maximum(np.abs(to) - length * l1 * held, 0) / (1 + 2 * length * l2 * held)
        if np.vdot(V - to, to - W) > 0:
            t = 1.0
        after = (1 + np.sqrt(1 + 4 * t * t)) / 2
        change = np.abs(to - W).max()
        V, W, t = to + (t - 1) / after * (to - W), to, after
        if change < 1e-14:
            break
    return data(W)[0] + l1 * float((np.abs(W) * held).sum()) + l2 * float((W * W * held).sum())


def run(objective, gtol=1e-10, w0=None, **settings):
    w0 = np.zeros(objective.shape) if w0 is None else w0
    return gd.minimize(objective, w0, gd.CoordinateDescent(), gtol=gtol, max_steps=60, **settings)


@pytest.mark.parametrize("is_sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("loss", LOSSES)
def test_it_finds_the_optimum_of_a_slow_method(loss, bias, is_sparse):
    for regularizer, is_weighted in zip(REGULARIZERS, (False, True), strict=True):
        X, y, function, _ = made(loss, is_sparse=is_sparse)
        weight = np.random.default_rng(1).random(len(y)) if is_weighted else None
        objective = gd.LinearObjective(X, y, function, regularizer, sample_weight=weight, **BIASES[bias])
        found = run(objective)
        flags = BIASES[bias]
        optimum = slow_optimum(
            X, y, function, regularizer, weight, flags.get("bias", True), flags.get("penalize_bias", False),
            objective.shape[0],
        )  # fmt: skip
        assert found.gradient_norm <= 1e-8
        assert found.value == pytest.approx(optimum, rel=1e-9)
        assert (found.w == 0).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_narrow_types_of_X_come_as_near_as_they_can(dtype):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 16, size=(100, 20)).astype(dtype)
    y = (X[:, 0] + 2.0 * X[:, 1] + rng.normal(size=100) > 22).astype(int)
    narrow = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L1(0.05), mean=np.full(20, 7.5), scale=np.full(20, 4.0))
    wide = gd.LinearObjective((X.astype(float) - 7.5) / 4, y, gd.CrossEntropy(), gd.L1(0.05))
    found = run(narrow, w0=np.zeros(narrow.shape, np.float32), gtol=1e-5)
    assert found.w.dtype == np.float32
    assert wide.value(found.w.astype(float)) == pytest.approx(run(wide).value, rel=1e-6)


def test_it_is_the_lasso_and_the_elastic_net_of_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y, loss, _ = made("squared error")
    theirs = linear_model.Lasso(alpha=0.1, tol=1e-12, max_iter=100_000).fit(X, y)
    ours = run(gd.LinearObjective(X, y, loss, gd.L1(0.2)))
    assert ours.value == pytest.approx(
        gd.LinearObjective(X, y, loss, gd.L1(0.2)).value(np.append(theirs.coef_, theirs.intercept_)[None]), rel=1e-9
    )
    theirs = linear_model.ElasticNet(alpha=0.1, l1_ratio=0.3, tol=1e-12, max_iter=100_000).fit(X, y)
    ours = run(gd.LinearObjective(X, y, loss, gd.ElasticNet(0.06, 0.07)))
    np.testing.assert_allclose(ours.w[0], np.append(theirs.coef_, theirs.intercept_), atol=1e-6)


def test_two_classes_are_the_logistic_regression_of_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y, loss, _ = made("two classes")
    strength = 0.03
    theirs = linear_model.LogisticRegression(
        l1_ratio=1.0, C=1 / (len(y) * strength), solver="saga", tol=1e-10, max_iter=100_000
    ).fit(X, y)
    ours = run(gd.LinearObjective(X, y, loss, gd.L1(strength))).w
    difference, coefficients = ours[1] - ours[0], np.append(theirs.coef_[0], theirs.intercept_)
    joined = [5, 6]  # equal columns, whose weight may be split at will
    assert difference[joined].sum() == pytest.approx(coefficients[joined].sum(), abs=1e-4)
    np.testing.assert_allclose(np.delete(difference, joined), np.delete(coefficients, joined), atol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_largest_strength_is_where_the_weights_begin(loss):
    X, y, function, _ = made(loss)
    largest = largest_strength(gd.LinearObjective(X, y, function).linear_problem)
    above = run(gd.LinearObjective(X, y, function, gd.L1(largest * (1 + 1e-9))))
    below = run(gd.LinearObjective(X, y, function, gd.L1(largest * 0.99)))
    assert not above.w[:, :-1].any()
    assert above.steps <= 2
    assert below.w[:, :-1].any()
    if function == gd.SquaredError():
        np.testing.assert_allclose(above.w[:, -1], y.reshape(len(y), -1).mean(axis=0), rtol=1e-12)


def test_fewer_rows_than_columns_one_class_and_warm_starts():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 200)), rng.normal(size=20)
    objective = gd.LinearObjective(X, y, gd.SquaredError(), gd.L1(0.05))
    found = run(objective)
    assert found.gradient_norm <= 1e-10
    assert np.count_nonzero(found.w[0, :-1]) <= 20
    again = run(objective, w0=found.w)
    assert again.steps == 0
    nearer = run(objective.with_terms(gd.SquaredError(), gd.L1(0.045)), w0=found.w)
    assert nearer.gradient_norm <= 1e-10
    one = gd.LinearObjective(X, np.ones(20, int), gd.CrossEntropy(), gd.L1(0.05))
    assert np.isfinite(run(one, gtol=1e-6).w).all()


@pytest.mark.parametrize("loss", ["squared error", "huber", "two classes"])
@pytest.mark.parametrize(("offset", "rel"), [(1e3, 1e-9), (1e6, 1e-7)])
def test_columns_far_from_the_origin_hide_nothing(loss, offset, rel):
    rng = np.random.default_rng(5)
    X, function = rng.normal(size=(60, 100)), LOSSES[loss][0]
    y = X[:, 0] + 0.5 * rng.normal(size=60)
    y = (y > 0).astype(int) if LOSSES[loss][1] else y
    for regularizer in (gd.L1(0.01), gd.ElasticNet(0.001, 0.001)):
        near, far = (run(gd.LinearObjective(Z, y, function, regularizer), gtol=1e-9) for Z in (X, X + offset))
        assert near.gradient_norm <= 1e-9
        assert far.value == pytest.approx(near.value, rel=rel)


@pytest.mark.parametrize("is_sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("loss", ["squared error", "two targets", "huber", "two classes", "squared hinge, two"])
def test_matrices_in_float32_and_epochs_by_columns_lead_to_the_same_optimum(loss, is_sparse, monkeypatch):
    X, y, function, _ = made(loss, n=120, d=60, is_sparse=is_sparse)
    objective = gd.LinearObjective(X, y, function, gd.L1(0.01))
    wanted = run(objective)
    for few in (0.0, 1e-300):  # all matrices in float32, after columns alone were tried; those that are tried, for good
        monkeypatch.setattr(newton_matrix, "IN_FLOAT64", few)
        monkeypatch.setattr(proximal_newton, "QUICK", 0.0 if few else 1.0)
        monkeypatch.setattr(columns, "SPARSE_PRODUCT", 0 if few else 1e9)
        found = run(objective)
        assert found.gradient_norm <= 1e-8
        assert found.value == pytest.approx(wanted.value, rel=1e-12)
        assert np.array_equal(found.w == 0, wanted.w == 0) or loss == "two targets"


def test_nothing_to_work_on_leaves_the_bias_at_its_optimum():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 4)), np.arange(30) % 2
    y[:5] = 1
    for Z in (X, X.astype(np.float32), scipy.sparse.csr_array(X), np.zeros_like(X)):
        found = run(gd.LinearObjective(Z, y, gd.CrossEntropy(), gd.L1(1.0)), w0=np.full((2, 5), [0, 0, 0, 0, 0.3]))
        assert not found.w[:, :-1].any()
        assert found.w[1, -1] - found.w[0, -1] == pytest.approx(np.log(y.mean() / (1 - y.mean())), abs=1e-6)


@pytest.mark.slow
def test_a_resumed_run_ends_at_the_same_bits(tmp_path, monkeypatch):
    for loss, few in (("squared error", None), ("four classes", None), ("two classes", None), ("two classes", 0.0)):
        if few is not None:  # matrices in float32
            monkeypatch.setattr(newton_matrix, "IN_FLOAT64", few)
        X, y, function, _ = made(loss, n=200, d=100)
        objective = gd.LinearObjective(X, y, function, gd.L1(0.005))
        whole = run(objective, gtol=0.0)
        saved = gd.Checkpoint(tmp_path / f"{loss}.npz", every=2)
        gd.minimize(
            objective, np.zeros(objective.shape), gd.CoordinateDescent(), gtol=0.0, max_steps=2, checkpoint=saved
        )
        again = gd.resume(saved.path, objective, max_steps=60)
        assert np.array_equal(again.w, whole.w)
        assert again.steps == whole.steps


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ((gd.Hinge(), gd.L1(0.1)), "smooth loss.*SquaredHinge"),
        ((gd.CrossEntropy(), gd.L1(0.0)), "strength of L1 > 0"),
        ((gd.CrossEntropy(), gd.L2(0.1)), "strength of L1 > 0"),
        ((gd.CrossEntropy(), None), "strength of L1 > 0"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(terms, message):
    X, y, _, _ = made("two classes")
    with pytest.raises(ValueError, match=message):
        run(gd.LinearObjective(X, y, *terms))


def test_steps_batches_and_other_objectives_are_refused():
    X, y, loss, _ = made("two classes")
    objective = gd.LinearObjective(X, y, loss, gd.L1(0.1))
    w0 = np.zeros(objective.shape)
    with pytest.raises(ValueError, match="takes no step"):
        gd.minimize(objective, w0, gd.CoordinateDescent(), step=0.5)
    with pytest.raises(ValueError, match="batches must be None"):
        gd.minimize(objective, w0, gd.CoordinateDescent(), batches=4)
    with pytest.raises(ValueError, match="use minimize"):
        gd.maximize(objective, w0, gd.CoordinateDescent())
    with pytest.raises(TypeError, match="LinearObjective"):
        gd.minimize(gd.FunctionObjective(lambda w: float(w @ w)), [1.0], gd.CoordinateDescent())
