"""GDClassifier: where it arrives, whatever the units, types and layouts of X."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

import gdfast as gd
from estimators.problems import blobs
from gdfast.estimators import GDClassifier
from quick import quick_among

LOSSES = ["hinge", "squared_hinge", "cross_entropy"]


def model(loss="cross_entropy", **settings):
    return GDClassifier(loss, random_state=0, **settings)


def same(a, b):
    return np.array_equal(a.coef_, b.coef_) and np.array_equal(a.intercept_, b.intercept_)


# ---- where it arrives ----


@pytest.mark.parametrize("binary", [False, True])
def test_cross_entropy_arrives_where_logistic_regression_does(binary):
    X, y = blobs()
    y = (y == 1).astype(int) if binary else y
    peer = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-10, max_iter=5000)).fit(X, y)
    ours = model(optimizer="momentum", epochs=400, certify=True).fit(X, y)
    assert ours.predict_proba(X) == pytest.approx(peer.predict_proba(X), abs=0.03)
    assert ours.duality_gap_ < 3e-3
    assert model().fit(X, y).predict_proba(X) == pytest.approx(peer.predict_proba(X), abs=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_weights_minimise_the_stated_objective(loss):
    """In standardised features: an objective of gdfast, minimised by another method."""
    X, y = blobs()
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    kind = {"hinge": gd.Hinge(), "squared_hinge": gd.SquaredHinge(), "cross_entropy": gd.CrossEntropy()}[loss]
    objective = gd.LinearObjective(Z, y, kind, gd.L2(1 / (2 * len(y))))
    best = gd.minimize(objective, np.zeros(objective.shape), gd.LBFGS(), gd.StrongWolfe(), max_steps=500).value
    ours = model(loss, epochs=200, certify=True).fit(X, y)
    coef = ours.coef_ * X.std(axis=0)
    W = np.column_stack([coef, ours.intercept_ + ours.coef_ @ X.mean(axis=0)])
    assert objective.value(W) <= best + 0.01 * abs(best)
    assert objective.value(W) - best <= ours.duality_gap_ + 1e-9


@pytest.mark.parametrize(
    "load", quick_among([load_digits, load_wine, load_breast_cancer], lambda load: load is not load_digits)
)
def test_real_data_as_they_are_in_any_unit(load):
    X, y = load(return_X_y=True)
    peer = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    least = cross_val_score(peer, X, y, cv=3).mean()
    for loss, loses in (("cross_entropy", 0.01), ("hinge", 0.02)):
        scores = [cross_val_score(model(loss), X * unit, y, cv=3).mean() for unit in (1, 1e-6, 1e6)]
        assert min(scores) >= least - loses
        assert max(scores) - min(scores) <= 1 / len(y)


def test_sparse_rows_are_scaled_by_their_largest_absolute_values():
    X, y = blobs(400)
    X = np.where(np.abs(X - 3) > 0.3 * X.std(axis=0), X - 3, 0)
    peer = make_pipeline(MaxAbsScaler(), LogisticRegression(tol=1e-8, max_iter=5000)).fit(sp.csr_matrix(X), y)
    ours = model(epochs=100, certify=True).fit(sp.csr_matrix(X), y)
    assert np.mean(ours.predict(X) == peer.predict(X)) > 0.98
    assert ours.duality_gap_ < 0.01


# ---- units, types, layouts ----


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
def test_a_change_of_units_changes_nothing_but_rounding(loss, make):
    X, y = blobs()
    scores = [model(loss).fit(make(X * unit), y).decision_function(make(X * unit)) for unit in (1.0, 2.0**-20, 2.0**20)]
    # Powers of two round nothing: equal in every bit but for what the intercept adds up.
    for other in scores[1:]:
        assert other == pytest.approx(scores[0], rel=1e-9, abs=1e-9)
    odd = model(loss).fit(make(X * 1e6), y)
    assert np.array_equal(odd.predict(make(X * 1e6)), model(loss).fit(make(X), y).predict(make(X)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.uint8])
@pytest.mark.parametrize("loss", ["hinge", "cross_entropy"])
def test_every_layout_gives_the_same_bits(loss, dtype, tmp_path):
    X, y = blobs(d=10)
    X = np.clip(50 * (X - X.mean(axis=0)) / X.std(axis=0) + 128, 0, 255).astype(dtype)
    first = model(loss).fit(X, y)
    np.save(tmp_path / "X.npy", X)
    frozen = X.copy()
    frozen.flags.writeable = False
    wide = np.zeros((len(X), 15), dtype)
    wide[:, 2:12] = X
    for other in (np.asfortranarray(X), np.load(tmp_path / "X.npy", mmap_mode="r"), frozen, wide[:, 2:12]):
        fitted = model(loss).fit(other, y)
        assert same(fitted, first)
        assert np.array_equal(fitted.decision_function(other), first.decision_function(X))
    assert first.coef_.dtype == (np.float64 if dtype == np.float64 else np.float32)


def test_lists_and_integers_are_float64():
    X, y = blobs()
    X = np.round(X)
    first = model().fit(X, y)
    assert same(model().fit(X.tolist(), y.tolist()), first)
    assert same(model().fit(X.astype(np.int64), y), first)
    assert same(model().fit(X.astype(">f8"), y), first)


def test_tables_have_feature_names():
    pandas = pytest.importorskip("pandas")
    X, y = blobs()
    table = pandas.DataFrame(X, columns=list("abcdef"))
    fitted = model().fit(table, y)
    assert same(fitted, model().fit(X, y))
    assert fitted.feature_names_in_.tolist() == list("abcdef")


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
def test_the_same_bits_at_any_number_of_threads(make):
    X, y = blobs(3000)
    first = model(n_threads=1).fit(make(X), y)
    before = gd.get_num_threads()
    assert same(model(n_threads=3).fit(make(X), y), first)
    assert gd.get_num_threads() == before


def test_offsets_that_float32_cannot_fold_are_learned():
    X, y = blobs()
    Z = ((X - X.mean(axis=0)) / X.std(axis=0)).round(1)
    near, far = Z.astype(np.float32), (64 * Z + 1e6).astype(np.float32)  # spaced by 1/16 there
    a, b = model().fit(near, y), model().fit(far, y)
    assert b.coef_.dtype == np.float64
    assert np.mean(a.predict(near) == b.predict(far)) > 0.99
    assert a.predict_proba(near) == pytest.approx(b.predict_proba(far), abs=0.02)


# ---- what scikit-learn's users expect ----


def test_two_classes_have_one_row_the_difference_of_two():
    X, y = blobs()
    names = np.array(["no", "yes"])[(y == 1).astype(int)]
    ours = model().fit(X, names)
    assert ours.coef_.shape == (1, X.shape[1])
    assert ours.intercept_.shape == (1,)
    scores = ours.decision_function(X)
    assert scores.shape == (len(X),)
    assert np.array_equal(ours.predict(X) == "yes", scores > 0)
    assert ours.predict_proba(X)[:, 1] == pytest.approx(1 / (1 + np.exp(-scores)))
    assert np.exp(ours.predict_log_proba(X)) == pytest.approx(ours.predict_proba(X))


def test_probabilities_are_the_cross_entropys_alone():
    assert hasattr(model("log_loss"), "predict_proba")
    assert hasattr(model(gd.CrossEntropy()), "predict_log_proba")
    for loss in ("hinge", gd.Hinge(2.0), "squared_hinge"):
        assert not hasattr(model(loss), "predict_proba")


def test_a_loss_may_be_an_object():
    X, y = blobs()
    assert same(model(gd.CrossEntropy()).fit(X, y), model("cross_entropy").fit(X, y))
    assert not same(model(gd.Hinge(margin=5.0)).fit(X, y), model("hinge").fit(X, y))


@pytest.mark.parametrize("optimizer", ["gradient_descent", "nesterov", "averaged_sgd", "adagrad", "adadelta", "rmsprop",
                                       "adam", "adamw", "nadam", "radam", "amsgrad", "lion", gd.SVRG(), "lbfgs",
                                       "nonlinear_conjugate_gradient", "newton"])  # fmt: skip
def test_every_optimizer_learns(optimizer):
    X, y = blobs(200)
    settings = {"learning_rate": 0.05} if isinstance(optimizer, gd.SVRG) else {}
    ours = model(optimizer=optimizer, min_steps=200, **settings).fit(X, y)
    assert ours.score(X, y) > model(optimizer="momentum").fit(X, y).score(X, y) - 0.04


def test_dual_coordinate_ascent_proves_more():
    X, y = blobs(200)
    ours = model("hinge", optimizer="dual_coordinate_ascent", alpha=0.1, min_steps=0, epochs=30).fit(X, y)
    assert ours.score(X, y) > 0.7


@pytest.mark.parametrize("rate", ["linear", "cosine", "constant", 0.01, gd.Exponential(0.05, 0.999)])
def test_learning_rates(rate):
    X, y = blobs()
    ours = model(learning_rate=rate).fit(X, y)
    rates = ours.history_["learning_rate"]
    assert ours.score(X, y) > 0.7
    assert len(rates) == ours.n_iter_
    if rate in ("constant", 0.01):
        assert len(set(rates)) == 1
    else:
        assert rates[-1] < 0.5 * rates[0]


def test_a_sequence_of_learning_rates_is_followed_as_it_is():
    X, y = blobs(100)
    settings = {"epochs": 3, "min_steps": 0, "batch_size": 20}
    each = model(learning_rate=np.full(15, 0.05), **settings).fit(X, y)
    assert same(each, model(learning_rate=0.05, **settings).fit(X, y))
    assert model(optimizer="lbfgs", learning_rate=gd.Backtracking(), min_steps=50).fit(X, y).score(X, y) > 0.7


def test_a_small_alpha_fits_closer_and_a_large_one_less():
    X, y = blobs()
    sizes = [np.linalg.norm(model(alpha=alpha).fit(X, y).coef_ * X.std(axis=0)) for alpha in (0.0, 0.1, 10.0)]
    assert sizes[0] > sizes[1] > sizes[2]
    l1 = model(alpha=0.1, l1_ratio=1.0).fit(X, y).coef_ * X.std(axis=0)
    assert np.sort(np.abs(l1).max(axis=0))[:2].max() < 0.05  # the noise features


def test_nothing_is_proven_where_nobody_asks():
    X, y = blobs()
    plain, certified = model().fit(X, y), model(certify=True).fit(X, y)
    assert plain.duality_gap_ is None
    assert 0 < certified.duality_gap_ < 0.1
    assert same(plain, certified)
    assert 0 <= model(l1_ratio=0.5, certify=True).fit(X, y).duality_gap_ < 0.1
    assert model(alpha=0, certify=True).fit(X, y).duality_gap_ is None


def test_it_works_with_the_tools_of_scikit_learn():
    X, y = blobs(150)
    search = GridSearchCV(model(min_steps=100), {"alpha": ["auto", 1.0], "loss": ["hinge", "log_loss"]}, cv=3, n_jobs=2)
    assert search.fit(X, y).best_score_ > 0.6
    calibrated = CalibratedClassifierCV(model("hinge", min_steps=100), cv=3).fit(X, y)
    assert calibrated.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(len(X)))
    fitted = make_pipeline(StandardScaler(), model()).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.decision_function(X), fitted.decision_function(X))
    assert clone(model(optimizer=gd.Adam())).get_params()["optimizer"] == gd.Adam()
