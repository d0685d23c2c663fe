"""`optimizer="solve"`: the coefficients of scikit-learn's exact solvers, to the accuracy that the fit has proven."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, HuberRegressor, Lasso, LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

import gdfast as gd
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDRegressor

TOL = 1e-7
SOLVE = {"optimizer": "solve", "tol": TOL}
AS_IT_IS = SOLVE | {"standardize": False}
PEERS = 1e-5  # how near the peers come, at the tolerances that they are given here


def classes(k=3, n=240):
    X, y = blobs(n)
    return StandardScaler().fit_transform(X), (y == 1).astype(int) if k == 2 else y


def targets():
    X, y = line()
    return StandardScaler().fit_transform(X), y


def assert_same(ours, theirs, alpha, bend=1.0, unit=1.0):
    """The objective bends by bend * alpha at least: so its proven gap says how far the coefficients are at most."""
    assert_proven(ours)
    near = unit * np.sqrt(2 * ours.duality_gap_ / (bend * alpha)) + PEERS
    assert near < 0.01 * max(1.0, unit)
    assert np.linalg.norm(ours.coef_ - theirs.coef_) <= near
    assert np.ravel(ours.intercept_) == pytest.approx(np.ravel(theirs.intercept_), abs=10 * near)


def assert_proven(model, tol=TOL):
    assert 0 <= model.duality_gap_ <= tol * model.history_["loss"][-1] * (1 + 1e-6)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("alpha", ["auto", 0.3])
def test_logistic_regression(k, alpha):
    X, y = classes(k)
    C = 1.0 if alpha == "auto" else 1 / (alpha * len(y))
    ours = GDClassifier(alpha=alpha, **AS_IT_IS).fit(X, y)
    assert_same(ours, LogisticRegression(C=C, tol=1e-10, max_iter=9999).fit(X, y), 1 / (C * len(y)))


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0, 1: 0.5, 2: 1.0}], ids=str)
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
def test_weights_of_rows_and_classes(class_weight, make):
    X, y = classes()
    counts = np.random.default_rng(0).integers(0, 4, len(y))
    ours = GDClassifier(class_weight=class_weight, alpha=0.01, **AS_IT_IS).fit(make(X), y, counts)
    theirs = LogisticRegression(C=1 / (0.01 * counts.sum()), class_weight=class_weight, tol=1e-10, max_iter=9999)
    assert_same(ours, theirs.fit(make(X), y, counts), 0.01)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_linear_svc(loss):
    X, y = classes(2)
    alpha = 0.02
    theirs = LinearSVC(C=1 / (len(y) * alpha), loss=loss, fit_intercept=False, tol=1e-10, max_iter=999_999)
    ours = GDClassifier(loss, alpha=alpha, fit_intercept=False, **AS_IT_IS).fit(X, y)
    assert_same(ours, theirs.fit(X, y), alpha)


def test_ridge_lasso_and_elastic_net():
    X, y = targets()
    least = 2 * np.linalg.eigvalsh(np.cov(X.T)).min()  # by which half of the squared error bends, twice
    for ours, theirs, alpha in (
        (GDRegressor(alpha=0.1, **AS_IT_IS), Ridge(0.1 * len(y)), 0.1),
        (GDRegressor(alpha=0.1, l1_ratio=1.0, **AS_IT_IS), Lasso(0.1, tol=1e-12), least / 2),
        (GDRegressor(alpha=0.1, l1_ratio=0.4, **AS_IT_IS), ElasticNet(0.1, l1_ratio=0.4, tol=1e-12), 0.06),
    ):
        assert_same(ours.fit(X, y), theirs.fit(X, y), alpha, bend=2.0, unit=y.std())
        assert ((ours.coef_ == 0) == (theirs.coef_ == 0)).all()


def test_huber_regressor():
    """scikit-learn's finds the spread too: with that spread given, the rest is our objective."""
    X, y = targets()
    y = y.copy()
    y[::17] += 40
    theirs = HuberRegressor(epsilon=1.35, alpha=0.5, tol=1e-9, max_iter=9999).fit(X, y)
    spread = 1.5 * np.median(np.abs(y - np.median(y)))
    delta = theirs.epsilon * theirs.scale_ / spread
    alpha = theirs.alpha * theirs.scale_ / len(y)
    ours = GDRegressor(gd.Huber(delta), alpha=alpha, **AS_IT_IS).fit(X, y)
    assert_same(ours, theirs, alpha, bend=2.0, unit=spread)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_hinge"])
def test_narrow_types_are_solved_as_float64_is(dtype, loss):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 200, (300, 8)).astype(dtype)
    y = (X[:, 0].astype(float) + X[:, 1] + rng.normal(size=300) * 60 > 200).astype(int)
    ours = GDClassifier(loss, optimizer="solve", tol=1e-6).fit(X, y)
    wide = GDClassifier(loss, optimizer="solve", tol=1e-6).fit(X.astype(np.float64), y)
    assert ours.coef_.dtype == np.float32
    assert ours.coef_ == pytest.approx(wide.coef_, rel=1e-3, abs=1e-5)
    assert_proven(ours, 1e-6)


def test_standardised_by_the_way_is_scikit_learns_scaler():
    X, y = blobs(240)
    scaled = StandardScaler().fit(X)
    theirs = LogisticRegression(tol=1e-10, max_iter=9999).fit(scaled.transform(X), y)
    ours = GDClassifier(**SOLVE).fit(X, y)
    assert_proven(ours)
    near = np.sqrt(2 * ours.duality_gap_ * len(y)) + PEERS
    assert np.linalg.norm(ours.coef_ * scaled.scale_ - theirs.coef_) <= near


def test_a_start_elsewhere_leads_to_the_same_optimum():
    X, y = blobs()
    cold = GDClassifier(**SOLVE).fit(X, y)
    warm = GDClassifier(warm_start=True, random_state=0, **SOLVE)
    warm.fit(X[::2], y[::2]).fit(X, y)
    assert warm.coef_ == pytest.approx(cold.coef_, rel=1e-2, abs=1e-4)
    assert_proven(warm)
    assert warm.n_iter_ > 1
    assert warm.fit(X, y).n_iter_ == 1


def test_the_history_ends_with_the_objective_that_is_proven():
    X, y = targets()
    model = GDRegressor(alpha=0.5, **AS_IT_IS).fit(X, y)  # a closed form: one step
    residuals = (y - model.predict(X)) / y.std()
    objective = np.mean(residuals**2) + 0.5 * np.sum((model.coef_ / y.std()) ** 2)
    assert model.history_["loss"] == pytest.approx([objective])
    assert model.n_iter_ == 1


def test_what_was_not_proven_is_a_warning_that_says_what_was():
    X, y = blobs(n=60, d=40)
    with pytest.warns(
        ConvergenceWarning, match="not proven to be within tol=1e-07.*it ended after.*passes.*more epochs"
    ):
        hurried = GDClassifier(epochs=3, min_steps=0, **SOLVE).fit(X, y)
    assert hurried.n_iter_ <= 6
    with pytest.warns(ConvergenceWarning, match=r"proven: nothing.*there may be no optimum.*alpha > 0"):
        separable = GDClassifier(alpha=0, **SOLVE).fit(X, y)
    assert separable.score(X, y) == 1.0
    assert separable.duality_gap_ is None
    X, y = classes()
    with pytest.warns(ConvergenceWarning, match="proven: nothing.*have settled.*alpha > 0"):
        free = GDClassifier(alpha=0, **AS_IT_IS).fit(X, y)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=9999).fit(X, y)
    assert free.decision_function(X) == pytest.approx(theirs.decision_function(X), abs=0.01)


def test_callbacks_rows_to_score_on_and_history_are_those_of_other_fits():
    X, y = blobs()
    told = []

    def watch(epoch, weights, loss):
        told.append((epoch, weights.shape, loss))
        return epoch == 3

    model = GDClassifier(callback=watch, **SOLVE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # who stops a run needs no warning
        model.fit(X, y, X_val=X[:50], y_val=y[:50])
    assert [epoch for epoch, *_ in told] == [1, 2, 3]
    assert {shape for _, shape, _ in told} == {(3, X.shape[1] + 1)}
    assert model.n_iter_ == len(model.history_["loss"]) == len(model.history_["validation_score"]) == 3
    assert model.history_["validation_score"][-1] == model.score(X[:50], y[:50])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"early_stopping": True}, "early_stopping must be False with optimizer='solve'"),
        ({"learning_rate": 0.1}, "learning_rate must be None with optimizer='solve'.*0.1"),
        ({"gap_tol": 0.1}, "gap_tol must be None with optimizer='solve'"),
        ({"tol": 0.0}, "tol must be > 0 with optimizer='solve'"),
    ],
)
@pytest.mark.parametrize("kind", [GDClassifier, GDRegressor])
def test_what_has_no_meaning_with_it_is_refused_by_name(kind, given, message):
    X, y = blobs()
    with pytest.raises(ValueError, match=message):
        kind(**{"optimizer": "solve"} | given).fit(X, y)


@pytest.mark.parametrize("kind", [GDClassifier, GDRegressor])
def test_there_is_no_partial_fit(kind):
    X, y = blobs()
    model = kind(optimizer="solve")
    assert not hasattr(model, "partial_fit")
    assert hasattr(model.set_params(optimizer=None), "partial_fit")
    with pytest.raises(AttributeError) as caught:
        model.set_params(optimizer="solve").partial_fit(X, y)
    assert "'solve'" in str(caught.value.__cause__)


@pytest.mark.filterwarnings("default")
@parametrize_with_checks(
    [
        GDClassifier(optimizer="solve"),
        GDClassifier("squared_hinge", optimizer="solve", l1_ratio=0.3, tol=1e-12),  # 7 digits of weights are compared
        GDRegressor(optimizer="solve"),
        GDRegressor("huber", optimizer="solve"),
        GDRegressor(optimizer="solve", l1_ratio=0.5),
    ]
)
def test_scikit_learn_is_content(estimator, check):
    check(estimator)
