"""GDClassifierCV and GDRegressorCV: scikit-learn's choice and coefficients, and what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer, log_loss
from sklearn.model_selection import GroupKFold, KFold, cross_val_score

import gdfast as gd
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDClassifierCV, GDRegressorCV

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


def test_the_scores_are_those_of_logistic_regression():
    X, y = blobs(150, 4)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = GDClassifierCV(alphas=ALPHAS, cv=KFold(3), standardize=False, tol=1e-8).fit(X, y)
    for j, alpha in enumerate(model.alphas_):
        expected = cross_val_score(LogisticRegression(C=1 / (100 * alpha), tol=1e-8), X, y, cv=KFold(3))
        np.testing.assert_allclose(model.scores_path_[:, j], expected, atol=0.021)  # a row on the border
    assert model.scores_path_.shape == (3, 6)
    assert model.classes_.tolist() == [0, 1, 2]


CLASS_WEIGHTS = {"none": None, "dict": {0: 5.0, 1: 0.5, 2: 1.0}, "balanced": "balanced"}


@pytest.mark.parametrize("class_weight", CLASS_WEIGHTS.values(), ids=CLASS_WEIGHTS)
@pytest.mark.parametrize("weighs", [False, True], ids=["rows alike", "weighted rows"])
@pytest.mark.parametrize("make", [np.asarray, csr_matrix], ids=["dense", "csr"])
def test_alpha_means_what_it_means_in_the_plain_classifier(class_weight, weighs, make):
    """On all rows, and on each fold, whose classes are of other shares than those of all rows."""
    X, y = blobs(120, 4)
    X = make((X - X.mean(axis=0)) / X.std(axis=0))
    y[:60:2] = np.where(y[:60:2] == 1, 0, y[:60:2])
    weights = np.random.default_rng(1).integers(0, 4, len(y)).astype(float) if weighs else None
    model = GDClassifierCV(alphas=[0.3, 0.02], cv=KFold(2), class_weight=class_weight, tol=1e-10).fit(X, y, weights)
    plain = GDClassifier(alpha=model.alpha_, class_weight=class_weight, tol=1e-9).fit(X, y, weights)
    assert model.coef_ == pytest.approx(plain.coef_, abs=1e-4)
    assert model.intercept_ == pytest.approx(plain.intercept_, abs=1e-4)
    own = np.ones(len(y)) if weights is None else weights
    factors = (
        class_weight if class_weight != "balanced" else _balanced(y, own)
    )  # by all rows, as LogisticRegressionCV's
    for i, (train, test) in enumerate(KFold(2).split(X)):
        for j, alpha in enumerate(model.alphas_):
            fold = GDClassifier(alpha=alpha, class_weight=factors, tol=1e-9).fit(X[train], y[train], own[train])
            loss = log_loss(y[test], fold.predict_proba(X[test]), sample_weight=own[test], labels=[0, 1, 2])
            assert model.losses_path_[i, j] == pytest.approx(loss, rel=1e-4)


def _balanced(y, weights):
    return {c: weights.sum() / (3 * weights[y == c].sum()) for c in range(3)}


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


@pytest.mark.parametrize("make", [GDClassifierCV, GDRegressorCV])
def test_entries_of_one_place_are_their_sum(make):
    X, y = blobs(60, 4, k=2)
    single = csr_matrix(X)
    parts = np.repeat(single.data, 2) * np.tile([3.0, -2.0], single.nnz)
    several = csr_matrix((parts, np.repeat(single.indices, 2), 2 * single.indptr), shape=X.shape)
    model, again = (make(alphas=[0.1, 0.01], cv=2).fit(part, y) for part in (single, several))
    np.testing.assert_allclose(again.coef_, model.coef_, rtol=1e-9)
    np.testing.assert_allclose(again.losses_path_, model.losses_path_, rtol=1e-9)


def test_scorers_and_masks_on_frames():
    """Any warning is an error here: a scorer's rows name no features."""
    pandas = pytest.importorskip("pandas")
    X, y = blobs(90, 4)
    frame = pandas.DataFrame(X, columns=list("abcd"))
    folds = list(KFold(3).split(X))
    masks = [tuple(np.isin(np.arange(90), rows) for rows in fold) for fold in folds]
    plain = GDClassifierCV(alphas=[0.1, 0.01], cv=folds).fit(X, y)
    framed = GDClassifierCV(alphas=[0.1, 0.01], cv=masks, scoring="accuracy").fit(frame, y)
    np.testing.assert_array_equal(framed.scores_path_, plain.scores_path_)
    assert framed.feature_names_in_.tolist() == list("abcd")


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


def test_folds_without_rows_that_count_are_refused():
    X, y = line(30)
    weights = np.r_[np.zeros(15), np.ones(15)]
    first, second = np.arange(15), np.arange(15, 30)
    for fold, verb in (((first, second), "train"), ((second, first), "score")):
        with pytest.raises(ValueError, match=f"cv must leave rows of weight > 0 to {verb} on; fold 0 has none"):
            GDRegressorCV(cv=[fold]).fit(X, y, weights)


def test_r2_of_a_single_row_is_refused_and_another_score_is_not():
    X, y = line(20)
    with pytest.raises(ValueError, match=r"scoring None is R2, which needs two rows; cv leaves one in fold 0"):
        GDRegressorCV(cv=20).fit(X, y)
    model = GDRegressorCV(alphas=[10.0, 1e-3], cv=20, scoring="neg_mean_squared_error").fit(X, y)
    assert model.alpha_ == 1e-3


def test_classes_of_objects_are_named_where_a_fold_lacks_one():
    X, _ = blobs(30, 4, k=2)
    named = np.where(np.arange(30) >= 15, "b", "a").astype(object)
    with pytest.raises(ValueError, match="fold 0 has none of class 'a'"):
        GDClassifierCV(cv=[(np.arange(15, 30), np.arange(15))]).fit(X, named)


@pytest.mark.parametrize("make", [GDClassifierCV, GDRegressorCV])
def test_a_misspelt_argument_of_fit_is_refused(make):
    X, y = blobs(30, 4, k=2)
    with pytest.raises(TypeError, match="fit takes sample_weight and groups; sampel_weight is taken with"):
        make(cv=2).fit(X, y, sampel_weight=np.ones(30))


def test_metadata_go_where_they_were_asked_for():
    X, y = blobs(90, 4)
    groups, weights = np.arange(90) % 3, np.random.default_rng(0).integers(1, 4, 90).astype(float)
    plain = {"alphas": [0.1, 0.01], "scoring": "accuracy"}
    weighted = GDClassifierCV(cv=GroupKFold(3), **plain).fit(X, y, weights, groups=groups)
    with config_context(enable_metadata_routing=True):
        unscored, scored = (get_scorer("accuracy").set_score_request(sample_weight=asks) for asks in (False, True))
        with pytest.raises(TypeError, match="sampel_weight"):
            GDClassifierCV(cv=GroupKFold(3), **plain).fit(X, y, sampel_weight=weights, groups=groups)
        routed = {}
        for scorer in (scored, unscored):
            model = GDClassifierCV(cv=GroupKFold(3), alphas=[0.1, 0.01], scoring=scorer)
            model.set_fit_request(sample_weight=True).fit(X, y, sample_weight=weights, groups=groups)
            routed[scorer] = model.scores_path_
            np.testing.assert_array_equal(model.coef_, weighted.coef_)
    np.testing.assert_array_equal(routed[scored], weighted.scores_path_)
    assert (routed[unscored] != weighted.scores_path_).any()


@pytest.mark.parametrize(
    ("alphas", "message"), [([0.1, -1], r"alphas\[1\]"), ([0.1, 0.1], "alphas must differ"), (0, "alphas must be >= 1")]
)
def test_wrong_alphas(alphas, message):
    X, y = blobs(30, 4)
    with pytest.raises(ValueError, match=message):
        GDClassifierCV(alphas=alphas).fit(X, y)
