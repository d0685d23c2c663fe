"""Linear models, derivatives and optimizers that were silently wrong elsewhere, replayed: tests name the threads."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import gdfast as gd

RNG = np.random.default_rng(2)
X = RNG.normal(size=(40, 5))
Y = np.arange(40) % 3
T = X @ RNG.normal(size=5) + 1.5


def solved(rows=X, y=Y, loss=None, strength=0.01, **options):
    """The proven optimum."""
    regularizer = gd.L2(strength) if strength else None
    return gd.solve(gd.LinearObjective(rows, y, loss or gd.CrossEntropy(), regularizer, **options), tol=1e-10).w


def test_scikit_learn_23376_33032_integers_in_float32_are_the_same_regression():
    rng = np.random.default_rng(0)
    rows = rng.integers(1000, 10_000, size=(20_000, 3)).astype(np.float64)
    y = rows @ [3.0, 1.0, -5.0] + 2.0
    found = solved(rows.astype(np.float32), y, gd.SquaredError(), 0)
    np.testing.assert_allclose(np.ravel(found)[:3], [3.0, 1.0, -5.0], rtol=1e-5)


@pytest.mark.parametrize("loss", [gd.SquaredError(), gd.CrossEntropy(), gd.SquaredHinge()])
def test_scikit_learn_19578_30131_sparse_rows_with_weights_are_dense_ones(loss):
    sparse = pytest.importorskip("scipy.sparse")
    y = T if isinstance(loss, gd.SquaredError) else Y
    weights = RNG.uniform(0.01, 2, 40)
    rows = np.where(np.abs(X) < 0.8, 0.0, X)
    dense = solved(rows, y, loss, sample_weight=weights)
    np.testing.assert_allclose(solved(sparse.csr_array(rows), y, loss, sample_weight=weights), dense, atol=1e-6)
    ones = solved(sparse.csr_array(rows), y, loss, sample_weight=np.ones(40))
    np.testing.assert_allclose(ones, solved(rows, y, loss), atol=1e-6)


@pytest.mark.parametrize("loss", [gd.SquaredError(), gd.CrossEntropy(), gd.Huber()])
def test_scikit_learn_26164_rows_of_weight_0_are_no_rows(loss):
    y = (Y if isinstance(loss, gd.CrossEntropy) else T).copy()
    weights = np.ones(40)
    weights[30:] = 0
    if loss.classifies:
        y[30:] = (y[30:] + 1) % 3
    else:
        y[30:] *= 1000
    np.testing.assert_allclose(solved(X, y, loss, sample_weight=weights), solved(X[:30], y[:30], loss), atol=1e-6)


def test_scikit_learn_34139_a_class_whose_rows_all_weigh_0():
    weights = np.where(Y == 2, 0.0, 1.0)
    found = solved(sample_weight=weights)
    assert np.isfinite(found).all()
    scores = X[Y < 2] @ found[:, :-1].T + found[:, -1]
    assert (scores.argmax(axis=1) < 2).all()


def test_scikit_learn_13638_the_logistic_loss_has_all_digits():
    row = np.ones((1, 1))
    objective = gd.LinearObjective(row, np.array([0]), gd.CrossEntropy(), n_classes=2)
    for score in (0.0, 1.0, 30.0, 300.0, -30.0, -700.0):
        w = np.array([[score / 2, 0.0], [-score / 2, 0.0]])
        assert objective.value(w) == pytest.approx(np.logaddexp(0, -score), rel=1e-14)


@pytest.mark.parametrize("n", [5, 20, 30, 500])
def test_chainer_3046_paddle_4283_scipy_12991_a_right_gradient_in_float32(n):
    a = np.random.default_rng(n).normal(size=n).astype(np.float32)
    report = gd.check_gradient(lambda w: np.float32(w @ a), lambda w: a.copy(), np.ones(n, dtype=np.float32))
    assert report.verdict.name != "FAIL"


@pytest.mark.parametrize("scale", [1e-12, 1e-8, 1.0, 1e8, 1e12])
def test_scipy_7766_a_wrong_gradient_is_wrong_at_any_scale(scale):
    wrong = gd.check_gradient(lambda w: scale * float(w @ w), lambda w: scale * 3 * w, np.ones(3))
    right = gd.check_gradient(lambda w: scale * float(w @ w), lambda w: scale * 2 * w, np.ones(3))
    assert not wrong.passed
    assert right.passed


def test_jax_7742_a_check_in_float16_is_refused_or_right():
    report = None
    try:
        report = gd.check_gradient(lambda w: float(w @ w), lambda w: 2 * w, np.ones(3, dtype=np.float16))
    except TypeError as error:
        said = str(error)
    assert report.passed if report is not None else "float16" in said


@pytest.mark.parametrize("regularizer", [gd.L1(0.01), gd.ElasticNet(0.01, 0.01), gd.L2(0.01)])
@pytest.mark.parametrize("loss", [gd.SquaredError(), gd.CrossEntropy()])
def test_glum_240_celer_36_andersoncd_63_columns_of_zeros_and_of_ones(regularizer, loss):
    rows = np.column_stack([np.zeros(40), X[:, 0], np.ones(40), X[:, 0], np.full(40, 1e-200)])
    y = T if isinstance(loss, gd.SquaredError) else Y
    objective = gd.LinearObjective(rows, y, loss, regularizer)
    result = gd.solve(objective, tol=1e-8)
    assert np.isfinite(result.w).all()
    assert np.abs(np.atleast_2d(result.w)[:, 0]).max() <= 1e-12
    ones = gd.LinearObjective(np.ones((40, 1)), y, loss, regularizer)
    assert np.isfinite(gd.solve(ones, tol=1e-8).w).all()


def test_scikit_learn_26493_rows_in_either_order_are_one_model():
    rows = np.random.default_rng(0).normal(100, 0.1, size=(30, 60))
    np.testing.assert_allclose(
        solved(np.asfortranarray(rows), Y[:30]), solved(np.ascontiguousarray(rows), Y[:30]), rtol=1e-6, atol=1e-9
    )


def test_pyglmnet_170_a_proximal_step_at_zero_weights():
    objective = gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L1(100.0))
    result = gd.minimize(objective, np.zeros(objective.shape), gd.ProximalGradient(), max_steps=20)
    assert np.isfinite(result.w).all()
    assert not result.w[:, :-1].any()


ADAPTIVE = [gd.Adam(), gd.RMSProp(), gd.AdaGrad(), gd.Lion(), gd.Momentum()]


@pytest.mark.parametrize("optimizer", ADAPTIVE, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_optax_1754_1755_1769_a_gradient_of_zero_leaves_no_nan(optimizer, dtype):
    flat = gd.FunctionObjective(lambda w: 1.0, lambda w: np.zeros_like(w))
    result = gd.minimize(flat, np.ones(3, dtype=dtype), optimizer, 0.1, max_steps=5, gtol=0.0)
    np.testing.assert_array_equal(result.w, np.ones(3, dtype=dtype))


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e-8, 1e8, 1e30])
def test_optax_1203_lbfgs_where_products_of_steps_underflow(scale):
    tiny = gd.FunctionObjective(lambda w: scale * float(w @ w), lambda w: 2 * scale * w)
    result = gd.minimize(tiny, np.array([3.0, -2.0]), gd.LBFGS(), max_steps=50, gtol=0.0)
    assert np.isfinite(result.w).all()
    assert result.value <= scale * 13.0


@pytest.mark.parametrize("sizes", [(40,), (1, 39), (8,) * 5, (6, 1, 1, 32)])
def test_dask_ml_860_950_770_weights_do_not_depend_on_the_parts(sizes):
    places = np.cumsum((0, *sizes))
    parts = [X[a:b] for a, b in pairwise(places)]
    chunked = gd.ChunkedObjective(parts, Y, gd.CrossEntropy(), gd.L2(0.01))
    whole = gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L2(0.01))
    w = RNG.normal(size=whole.shape)
    assert chunked.value(w) == pytest.approx(whole.value(w), rel=1e-13)
    np.testing.assert_allclose(chunked.gradient(w), whole.gradient(w), atol=1e-13)


def test_cuml_7806_a_part_without_rows():
    whole = gd.LinearObjective(X, Y, gd.CrossEntropy())
    try:
        value = gd.ChunkedObjective([X[:20], X[:0], X[20:]], Y, gd.CrossEntropy()).value(np.zeros(whole.shape))
    except ValueError as error:
        value, said = None, str(error)
    assert value == pytest.approx(np.log(3)) if value is not None else "row" in said


@pytest.mark.slow
def test_cuml_spark_394_a_strength_of_zero():
    pytest.importorskip("sklearn")
    from gdfast.estimators import GDClassifier

    fitted = GDClassifier(alpha=0.0, random_state=0).fit(X, Y)
    assert np.isfinite(fitted.coef_).all()


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [2.0, 7.0], [-1, 1], ["", " "]])
def test_python_glmnet_27_labels_of_any_kind_with_one_feature(labels):
    pytest.importorskip("sklearn")
    from gdfast.estimators import GDClassifier

    y = np.array(labels)[(X[:, 0] > 0).astype(int)]
    if labels == ["", " "]:
        y = y.astype(object)
    fitted = GDClassifier(random_state=0).fit(X[:, :1], y)
    assert fitted.predict(X[:, :1]).dtype == fitted.classes_.dtype
    assert np.mean(fitted.predict(X[:, :1]) == y) > 0.9
