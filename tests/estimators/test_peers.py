"""`alpha`, weights and losses mean what they mean in scikit-learn: the same coefficients at convergence."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.svm import LinearSVC

import gdfast as gd
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDRegressor

EXACT = {"standardize": False, "optimizer": "lbfgs", "tol": 1e-9, "epochs": 3000}


def standard(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def classes(k, n=240):
    X, y = blobs(n)
    return standard(X), (y == 1).astype(int) if k == 2 else y


def assert_same_coefficients(ours, theirs, near=1e-4):
    assert ours.coef_ == pytest.approx(theirs.coef_, abs=near, rel=near)
    assert np.ravel(ours.intercept_) == pytest.approx(np.ravel(theirs.intercept_), abs=near, rel=near)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("alpha", ["auto", 0.01, 1.0])
@pytest.mark.parametrize("settings", [EXACT, {"tol": 1e-8}], ids=["exact", "default"])
def test_logistic_regression(k, alpha, settings):
    X, y = classes(k)
    C = 1.0 if alpha == "auto" else 1 / (len(y) * alpha)
    assert_same_coefficients(
        GDClassifier(alpha=alpha, **settings).fit(X, y), LogisticRegression(C=C, tol=1e-10, max_iter=9999).fit(X, y)
    )


@pytest.mark.parametrize("weights", ["balanced", {0: 3.0, 1: 0.5, 2: 1.0}, "sample", "both"], ids=str)
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize("alpha", ["auto", 0.05])
def test_weights_are_logistic_regressions(weights, make, alpha):
    """C multiplies what class weights multiply; `sample_weight` counts rows, so that C = 1 is alpha = 1 / its sum."""
    X, y = classes(3)
    y[: len(y) // 2] = np.where(y[: len(y) // 2] == 0, 1, y[: len(y) // 2])
    counts = np.random.default_rng(0).integers(0, 4, len(y)) if weights in ("sample", "both") else None
    class_weight = {0: 3.0, 1: 0.5, 2: 1.0} if weights == "both" else None if weights == "sample" else weights
    ours = GDClassifier(alpha=alpha, class_weight=class_weight, **EXACT).fit(make(X), y, sample_weight=counts)
    C = 1.0 if alpha == "auto" else 1 / (alpha * (len(y) if counts is None else counts.sum()))
    theirs = LogisticRegression(C=C, class_weight=class_weight, tol=1e-10, max_iter=9999)
    assert_same_coefficients(ours, theirs.fit(make(X), y, sample_weight=counts))


def test_linear_svc_and_sgd_of_two_classes():
    X, y = classes(2)
    alpha, n = 0.02, len(y)
    ours = GDClassifier("squared_hinge", alpha=alpha, fit_intercept=False, **EXACT).fit(X, y)
    assert_same_coefficients(
        ours, LinearSVC(C=1 / (n * alpha), dual=False, fit_intercept=False, tol=1e-9, max_iter=99999).fit(X, y)
    )
    exact = {"standardize": False, "optimizer": "dual_coordinate_ascent", "epochs": 2000, "tol": 1e-9}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours = GDClassifier("hinge", alpha=alpha, fit_intercept=False, **exact).fit(X, y)
    svc = LinearSVC(loss="hinge", C=1 / (n * alpha), fit_intercept=False, tol=1e-6, max_iter=999999).fit(X, y)
    assert_same_coefficients(ours, svc, near=2e-3)
    sgd = SGDClassifier(loss="log_loss", alpha=alpha, max_iter=4000, tol=None, random_state=0, average=True).fit(X, y)
    assert_same_coefficients(GDClassifier("log_loss", alpha=alpha, **EXACT).fit(X, y), sgd, near=0.03)


CLASS_WEIGHTS = ["balanced", {0: 5.0, 1: 0.5, 2: 1.0}]


@pytest.mark.parametrize("weights", CLASS_WEIGHTS, ids=str)
def test_class_weights_of_the_hinges_are_linear_svcs_and_sgds(weights):
    X, y = classes(2)
    alpha, n = 0.02, len(y)
    own = weights if weights == "balanced" else {0: 5.0, 1: 0.5}
    ours = {"class_weight": own, "alpha": alpha, "fit_intercept": False, "standardize": False, "tol": 1e-9}
    svc = {"class_weight": own, "C": 1 / (n * alpha), "fit_intercept": False}
    assert_same_coefficients(
        GDClassifier("squared_hinge", **ours).fit(X, y),
        LinearSVC(dual=False, tol=1e-9, max_iter=99999, **svc).fit(X, y),
    )
    dual = {"optimizer": "dual_coordinate_ascent", "epochs": 2000}
    hinge = GDClassifier("hinge", **(ours | dual)).fit(X, y)
    assert_same_coefficients(hinge, LinearSVC(loss="hinge", tol=1e-6, max_iter=999999, **svc).fit(X, y), near=2e-3)
    for loss in ("hinge", "log_loss"):
        sgd = {"max_iter": 1000, "tol": None, "random_state": 0, "average": True}
        theirs = SGDClassifier(loss, alpha=alpha, class_weight=own, **sgd).fit(X, y)
        plain = GDClassifier(loss, alpha=alpha, class_weight=own, standardize=False, random_state=0).fit(X, y)
        assert_same_coefficients(plain, theirs, near=0.05)


@pytest.mark.parametrize("weights", CLASS_WEIGHTS, ids=str)
@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_class_weights_with_l1_are_logistic_regressions(weights, k, l1_ratio):
    X, y = classes(k)
    own = weights if weights == "balanced" or k == 3 else {0: 5.0, 1: 0.5}
    settings = {"solver": "saga", "C": 1 / (len(y) * 0.05), "tol": 1e-10, "max_iter": 20000, "random_state": 0}
    with warnings.catch_warnings():  # how scikit-learn spells L1 changes
        warnings.simplefilter("ignore")
        theirs = LogisticRegression(penalty="elasticnet", l1_ratio=l1_ratio, class_weight=own, **settings).fit(X, y)
    ours = GDClassifier(alpha=0.05, l1_ratio=l1_ratio, class_weight=own, tol=1e-8, standardize=False).fit(X, y)
    assert_same_coefficients(ours, theirs)
    assert np.array_equal(ours.coef_ == 0, theirs.coef_ == 0)


@pytest.mark.parametrize("k", [2, 3])
def test_class_weights_and_alpha_in_parts_are_logistic_regressions(k):
    X, y = classes(k)
    own = {c: weight for c, weight in {0: 5.0, 1: 0.5, 2: 1.0}.items() if c < k}
    ours = GDClassifier(alpha=0.05, class_weight=own, standardize=False, random_state=0)
    for _ in range(400):
        ours.partial_fit(X, y, classes=range(k))
    theirs = LogisticRegression(C=1 / (len(y) * 0.05), class_weight=own, tol=1e-10, max_iter=9999).fit(X, y)
    assert_same_coefficients(ours, theirs, near=0.05)


@pytest.mark.parametrize("alpha", ["auto", 0.05])
@pytest.mark.parametrize("columns", [None, 3])
def test_ridge(alpha, columns):
    X, y = line(150)
    X = standard(X)
    y = y if columns is None else np.column_stack([y, 100 * y + X[:, 1], X[:, 2] ** 2])
    theirs = Ridge(1.0 if alpha == "auto" else alpha * len(y)).fit(X, y)
    for settings in (EXACT, {}):
        ours = GDRegressor(alpha=alpha, **settings).fit(X, y)
        assert ours.coef_.shape == theirs.coef_.shape
        assert_same_coefficients(ours, theirs)
        assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-6)
    weights = np.random.default_rng(0).integers(0, 3, len(y))
    theirs = Ridge(1.0 if alpha == "auto" else alpha * weights.sum()).fit(X, y, sample_weight=weights)
    assert_same_coefficients(GDRegressor(alpha=alpha, **EXACT).fit(X, y, sample_weight=weights), theirs)


def test_no_penalty_is_no_penalty():
    X, y = line(150)
    assert_same_coefficients(GDRegressor(alpha=0, **EXACT).fit(standard(X), y), LinearRegression().fit(standard(X), y))


@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_elastic_net_and_lasso_have_the_same_zeros(l1_ratio):
    X, y = line(150)
    X = standard(X)
    theirs = ElasticNet(0.5, l1_ratio=l1_ratio, tol=1e-12).fit(X, y)
    for settings in ({"standardize": False, "optimizer": "proximal_gradient"}, {}):
        ours = GDRegressor(alpha=0.5, l1_ratio=l1_ratio, tol=1e-8, **settings).fit(X, y)
        assert_same_coefficients(ours, theirs)
        assert np.array_equal(ours.coef_ == 0, theirs.coef_ == 0)
    assert (theirs.coef_ == 0).any() or l1_ratio < 1
    if l1_ratio == 1:
        assert_same_coefficients(ours, Lasso(0.5, tol=1e-12).fit(X, y))


@pytest.mark.parametrize("k", [2, 3])
def test_l1_logistic_regression_has_the_same_zeros(k):
    X, y = classes(k)
    alpha = 0.05
    settings = {"solver": "saga", "C": 1 / (len(y) * alpha), "tol": 1e-10, "max_iter": 20000, "random_state": 0}
    with warnings.catch_warnings():  # how scikit-learn spells L1 changes
        warnings.simplefilter("ignore")
        theirs = LogisticRegression(penalty="l1", l1_ratio=1.0, **settings).fit(X, y)
    ours = GDClassifier(alpha=alpha, l1_ratio=1.0, tol=1e-8).fit(X, y)
    assert_same_coefficients(ours, theirs, near=1e-3)
    assert np.array_equal(ours.coef_ == 0, theirs.coef_ == 0)
    assert (ours.coef_ == 0).any()


def test_huber_in_units_of_its_spread():
    """With delta given in spreads: SGDRegressor's epsilon is delta times the spread."""
    X, y = line(300)
    X = standard(X)
    y[::10] += 40
    spread = 1.5 * np.median(np.abs(y - np.median(y)))
    theirs = SGDRegressor(
        "huber", epsilon=0.5 * spread, alpha=0.01, max_iter=3000, tol=None, random_state=0, average=True
    ).fit(X, y)
    assert_same_coefficients(GDRegressor(gd.Huber(0.5), alpha=0.01, **EXACT).fit(X, y), theirs, near=0.05)


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e3, 1e6])
def test_huber_on_prices_is_near_squared_error_in_any_unit(unit):
    """Prices: positive, skewed, around 200,000."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 8))
    prices = 2e5 * np.exp(0.3 * X @ rng.normal(size=8) / 2 + 0.2 * rng.normal(size=2000))
    least = GDRegressor().fit(X, prices).score(X, prices)
    found = GDRegressor("huber").fit(X, prices * unit)
    assert found.score(X, prices * unit) > least - 0.01
    reference = GDRegressor("huber").fit(X, prices)
    assert found.predict(X) / unit == pytest.approx(reference.predict(X), rel=1e-6)
    l1 = [GDRegressor("huber", l1_ratio=0.5, alpha=0.1).fit(X, prices * u).coef_ / u for u in (1.0, unit)]
    assert l1[0] == pytest.approx(l1[1], rel=1e-4, abs=1e-2)


def test_a_row_of_weight_three_is_three_rows_at_any_alpha():
    X, y = classes(3)
    counts = np.random.default_rng(1).integers(0, 4, len(y))
    for alpha in ("auto", 0.1):
        weighted = GDClassifier(alpha=alpha, **EXACT).fit(X, y, sample_weight=counts)
        assert_same_coefficients(
            weighted, GDClassifier(alpha=alpha, **EXACT).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
        )
