"""What would silently fit another model: refused by name, or right; a fit that is refused changes nothing."""

from __future__ import annotations

import threading

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp
from joblib import parallel_backend
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_val_score

import gdfast as gd
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDRegressor


def with_duplicates(X, seed=0):
    """CSR whose entries are cut in two, in any order."""
    single, rng = sp.csr_matrix(X), np.random.default_rng(seed)
    rows, columns = np.repeat(np.arange(len(X)), np.diff(single.indptr)), single.indices
    order = np.lexsort((rng.random(2 * len(rows)), np.tile(rows, 2)))
    data, columns = np.tile(single.data / 2, 2)[order], np.tile(columns, 2)[order]
    return sp.csr_matrix((data, columns, 2 * single.indptr), shape=single.shape)


MODELS = [GDClassifier(), GDClassifier("hinge"), GDClassifier(optimizer="adam")]
MODELS += [GDRegressor(), GDRegressor("huber"), GDRegressor(standardize=False)]


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_entries_of_one_place_add_up(model, dtype, method):
    X, y = blobs(120) if isinstance(model, GDClassifier) else line(120)
    double = with_duplicates((X / X.std(axis=0)).astype(dtype))
    single = double.copy()
    single.has_canonical_format = False
    single.sum_duplicates()
    before = [part.copy() for part in (double.data, double.indices, double.indptr)]
    extra = {"classes": [0, 1, 2]} if isinstance(model, GDClassifier) and method == "partial_fit" else {}
    a, b = (
        getattr(type(model)(**{**model.get_params(), "random_state": 0}), method)(rows, y, **extra)
        for rows in (double, single)
    )
    assert np.array_equal(a.coef_, b.coef_)
    assert a.score(double, y) == pytest.approx(b.score(single, y))
    for part, was in zip((double.data, double.indices, double.indptr), before, strict=True):
        assert np.array_equal(part, was)


def test_flags_that_say_otherwise_are_not_believed():
    X, y = blobs(120)
    double = with_duplicates(X)
    expected = GDClassifier().fit(double, y).coef_
    double.has_canonical_format = True  # as scipy keeps it after arrays have been changed in place
    assert np.array_equal(GDClassifier().fit(double, y).coef_, expected)


def test_a_sum_beyond_the_type_is_refused():
    X = sp.csr_matrix((np.array([3e38, 3e38, 1.0], np.float32), np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 2))
    with pytest.raises(ValueError, match="X must be finite"):
        GDClassifier().fit(X, [0, 1])


def test_explicit_zeros_are_zeros():
    X, y = blobs(200)
    X = np.where(X > 3, X, 0)
    zeros = sp.csr_matrix(np.where(X == 0, 1.0, X))
    zeros.data[zeros.data == 1.0] = 0.0
    for loss in ("cross_entropy", "hinge"):
        a, b = (GDClassifier(loss, random_state=0).fit(rows, y) for rows in (zeros, sp.csr_matrix(X)))
        assert a.decision_function(X) == pytest.approx(b.decision_function(X), abs=1e-6)


OPTIMIZERS = ["lbfgs", "nonlinear_conjugate_gradient", "newton", gd.LBFGS(5), "dual_coordinate_ascent"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("kind", [GDClassifier, GDRegressor])
def test_optimizers_that_l1_misleads_are_refused(optimizer, kind):
    X, y = blobs(60) if kind is GDClassifier else line(60)
    with pytest.raises(ValueError, match=r"optimizer must follow the L1 penalty of l1_ratio=0\.5"):
        kind(l1_ratio=0.5, optimizer=optimizer).fit(X, y)
    if optimizer != "dual_coordinate_ascent":
        kind(l1_ratio=0.5, alpha=0.0, optimizer=optimizer).fit(X, y)  # nothing to follow


@pytest.mark.parametrize("settings", [{"optimizer": "lbfgs", "learning_rate": "cosine"}, {"loss": "hinge",
    "optimizer": "dual_coordinate_ascent", "learning_rate": 0.1}], ids=str)  # fmt: skip
def test_a_learning_rate_that_nobody_would_follow_is_refused(settings):
    with pytest.raises(ValueError, match=r"learning_rate .* is no step of"):
        GDClassifier(**settings).fit(*blobs(60))


@pytest.mark.parametrize("kind", [GDClassifier, GDRegressor])
def test_a_fit_that_is_refused_leaves_the_model_as_it_was(kind):
    X, y = blobs(100) if kind is GDClassifier else line(100)
    model = kind(random_state=0).fit(X, y)
    before = dict(vars(model))
    predicted = model.predict(X)
    for call in (
        lambda: model.fit(X[:, :4], y[:-1]),
        lambda: model.fit(X[:, :4] * np.nan, y),
        lambda: model.fit(X[:, :4], np.full(100, np.nan) if kind is GDRegressor else np.linspace(0, 1, 100)),
        lambda: model.fit(X, y[::-1] + 5, sample_weight=-np.ones(100)),
        lambda: model.fit(X, y[::-1] + 5, sample_weight=np.zeros(100)),
        lambda: model.partial_fit(X[:, :3], y),
        lambda: model.fit(X[:, :4], y, X_val=X, y_val=y),
        lambda: model.set_params(epochs=20).fit(np.ma.masked_array(X, X > 3), y),
        lambda: model.fit(X, np.ma.masked_array(y, y > 1)),
    ):
        with pytest.raises((ValueError, TypeError)):
            call()
        assert vars(model).keys() == before.keys()
        assert all(value is before[name] for name, value in vars(model).items() if name.endswith("_"))
        assert np.array_equal(model.predict(X), predicted)


def test_an_interrupted_fit_leaves_the_model_as_it_was():
    X, y = blobs(300)
    model = GDClassifier(random_state=0).fit(X, y)
    coef = model.coef_

    def interrupt(epoch, weights, loss):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.set_params(callback=interrupt).fit(X[:, :3], y)
    assert model.coef_ is coef
    assert model.n_features_in_ == 6


def test_class_weights_of_classes_that_a_fold_lacks():
    X, y = blobs(120)
    weights = {0: 1.0, 1: 3.0, 2: 0.5}
    groups = np.where(y == 2, 1, np.arange(120) % 2)  # the second fold is trained on without class 2
    for model in (GDClassifier(class_weight=weights), LogisticRegression(class_weight=weights, max_iter=5000)):
        scores = cross_val_score(model, X, y, cv=LeaveOneGroupOut(), groups=groups)
        assert np.isfinite(scores).all()


def test_threads_are_a_fits_own():
    X, y = blobs(3000)
    before, seen = gd.get_num_threads(), []
    wanted = before + 3

    def watch(epoch, weights, loss):
        other = threading.Thread(target=lambda: seen.append(("other", gd.get_num_threads())))
        other.start()
        other.join()
        seen.append(("own", gd.get_num_threads()))
        return True

    GDClassifier(n_threads=wanted, callback=watch).fit(X, y)
    assert seen == [("other", before), ("own", wanted)]
    assert gd.get_num_threads() == before
    with pytest.raises(ValueError, match="Unknown label type"):
        GDClassifier(n_threads=wanted).fit(X, X[:, 0])
    assert gd.get_num_threads() == before


def test_a_grid_search_in_threads_leaves_the_process_its_threads():
    X, y = blobs(600)
    before = gd.get_num_threads()
    gd.set_num_threads(before + 2)
    try:
        with parallel_backend("threading", n_jobs=4):
            search = GridSearchCV(GDClassifier(n_threads=1, random_state=0), {"alpha": [1e-3, 1e-2, 0.1, 1.0]}, cv=3)
            search.fit(X, y)
        assert gd.get_num_threads() == before + 2
    finally:
        gd.set_num_threads(before)
    assert search.best_score_ > 0.6
