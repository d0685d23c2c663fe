"""GDClassifierCV and GDRegressorCV: scikit-learn's choice and coefficients, and what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.linear_model import LogisticRegressionCV, Ridge
from sklearn.model_selection import GroupKFold, KFold, cross_val_score

import gdfast as gd
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifierCV, GDRegressorCV

RNG = np.random.default_rng(0)
ALPHAS = np.geomspace(10, 1e-3, 6)


def test_the_choice_and_the_scores_are_those_of_ridge():
    X, y = line(60, 4)
    model = GDRegressorCV(alphas=ALPHAS, cv=KFold(4), standardize=False).fit(X, y)
    for j, alpha in enumerate(model.alphas_):
        expected = cross_val_score(Ridge(alpha * 45), X, y, cv=KFold(4))
        np.testing.assert_allclose(model.scores_path_[:, j], expected, rtol=1e-7)
    assert model.alpha_ == model.alphas_[model.scores_path_.mean(axis=0).argmax()]
    peer = Ridge(model.alpha_ * 60).fit(X, y)
    np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-6)


def test_the_choice_is_that_of_logistic_regression():
    X, y = blobs(150, 4)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = GDClassifierCV(alphas=ALPHAS, cv=KFold(3), standardize=False, tol=1e-8).fit(X, y)
    peer = LogisticRegressionCV(
        Cs=1 / (100 * ALPHAS), cv=KFold(3), tol=1e-8, max_iter=10_000, l1_ratios=(0,), use_legacy_attributes=False,
        scoring="accuracy",
    ).fit(X, y)  # fmt: skip
    np.testing.assert_allclose(model.scores_path_, peer.scores_[:, 0], atol=0.021)  # a row on the border
    assert model.scores_path_.shape == (3, 6)
    assert model.classes_.tolist() == [0, 1, 2]


def test_clone_pickle_and_file(tmp_path):
    X, y = blobs(90, 4)
    model = clone(GDClassifierCV(alphas=4, cv=3)).fit(X, y)
    assert pickle.loads(pickle.dumps(model)).predict(X).tolist() == model.predict(X).tolist()
    gd.save_model(tmp_path / "model.npz", model)
    assert gd.load_model(tmp_path / "model.npz").to_sklearn().predict(X).tolist() == model.predict(X).tolist()
    assert len(model.alphas_) == 4
    assert (np.diff(model.alphas_) < 0).all()


def test_scorers_groups_and_folds_as_a_list():
    X, y = blobs(90, 4)
    groups = np.arange(90) % 3
    by_groups = GDClassifierCV(alphas=3, cv=GroupKFold(3), scoring="neg_log_loss").fit(X, y, groups=groups)
    folds = list(GroupKFold(3).split(X, y, groups))
    as_list = GDClassifierCV(alphas=3, cv=folds, scoring="neg_log_loss").fit(X, y)
    np.testing.assert_array_equal(by_groups.scores_path_, as_list.scores_path_)
    np.testing.assert_allclose(-by_groups.scores_path_, by_groups.losses_path_, rtol=1e-6)


def test_a_weight_of_two_is_a_row_twice():
    X, y = blobs(60, 4)
    twice = np.concatenate([np.arange(60), np.arange(30)])
    weights = np.where(np.arange(60) < 30, 2.0, 1.0)
    folds = [(np.arange(0, 60, 2), np.arange(1, 60, 2)), (np.arange(1, 60, 2), np.arange(0, 60, 2))]
    doubled = [tuple(np.flatnonzero(np.isin(twice, part)) for part in fold) for fold in folds]
    one = GDRegressorCV(alphas=[0.1, 0.01], cv=folds).fit(X, y.astype(float), weights)
    other = GDRegressorCV(alphas=[0.1, 0.01], cv=doubled).fit(X[twice], y[twice].astype(float))
    np.testing.assert_allclose(one.scores_path_, other.scores_path_, rtol=1e-8)
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-7)


def test_a_fold_without_a_class_is_refused():
    X, y = blobs(30, 4, k=2)
    y[:] = np.arange(30) >= 15
    with pytest.raises(ValueError, match="fold 0 has none of class 0"):
        GDClassifierCV(cv=[(np.arange(15, 30), np.arange(15))]).fit(X, y)


@pytest.mark.parametrize(
    ("alphas", "message"), [([0.1, -1], r"alphas\[1\]"), ([0.1, 0.1], "alphas must differ"), (0, "alphas must be >= 1")]
)
def test_wrong_alphas(alphas, message):
    X, y = blobs(30, 4)
    with pytest.raises(ValueError, match=message):
        GDClassifierCV(alphas=alphas).fit(X, y)
