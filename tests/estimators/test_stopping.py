"""When a fit stops: never worse than the default, proven where that is asked for; and who may stop it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp
from sklearn.datasets import load_digits, load_wine, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.preprocessing import MaxAbsScaler

import gdfast as gd
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDRegressor
from gdfast.training.recipe import cycle_ends
from quick import quick_among

LOSSES = ["hinge", "squared_hinge", "cross_entropy"]
STOPS = [{"tol": 1e-3, "epochs": 1000}, {"tol": 1e-3}, {"tol": 1e-2, "epochs": 200}, {"early_stopping": True},
         {"early_stopping": True, "tol": 1e-4, "epochs": 300}]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_warning_of_convergence():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@pytest.mark.parametrize("settings", STOPS[:3], ids=str)
@pytest.mark.parametrize("optimizer", [None, "momentum", "gradient_descent", "adam", "lbfgs"])
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
def test_a_tolerance_loses_nothing_of_a_regression(loss, optimizer, settings, make):
    """60 rows of 40 features: the loss stands still long before the run has arrived."""
    X, y = make_regression(60, 40, n_informative=10, noise=20, random_state=0)
    is_dense, X = make is np.asarray, make(X)
    default = GDRegressor(loss, optimizer=optimizer, random_state=0).fit(X, y)
    stopped = GDRegressor(loss, optimizer=optimizer, random_state=0, **settings).fit(X, y)
    assert stopped.score(X, y) > default.score(X, y) - 2e-3
    assert loss == "huber" or optimizer == "adam" or stopped.score(X, y) > (0.998 if is_dense else 0.975)


@pytest.mark.parametrize("settings", STOPS, ids=str)
@pytest.mark.parametrize("optimizer", [None, "momentum"])
@pytest.mark.parametrize("loss", quick_among(LOSSES, lambda loss: loss == "hinge"))
@pytest.mark.parametrize("make", [np.asarray, MaxAbsScaler().fit_transform], ids=["dense", "csr"])
def test_stopping_loses_nothing_on_wine(loss, optimizer, settings, make):
    X, y = load_wine(return_X_y=True)
    X = X if make is np.asarray else sp.csr_matrix(make(X))
    scores = []
    for each in ({}, settings):
        model = GDClassifier(loss, optimizer=optimizer, random_state=0, **each)
        scores.append(cross_val_score(model, X, y, cv=3).mean())
    assert scores[1] > scores[0] - (
        0.03 if "early_stopping" in settings else 0.012
    )  # a tenth of the rows less to learn


def test_early_stopping_on_digits():
    X, y = load_digits(return_X_y=True)
    default, stopped = (
        cross_val_score(GDClassifier(random_state=0, optimizer="momentum", early_stopping=early), X, y, cv=3).mean()
        for early in (False, True)
    )
    assert stopped > default - 0.015


@pytest.mark.parametrize("load", quick_among([load_wine, load_digits], lambda load: load is load_wine))
def test_probabilities_by_default_are_those_of_logistic_regression(load):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = load(return_X_y=True)
    peer = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    ours, theirs = (
        log_loss(y, cross_val_predict(model, X, y, cv=5, method="predict_proba")) for model in (GDClassifier(), peer)
    )
    assert ours < 1.01 * theirs


@pytest.mark.parametrize("epochs", [1, 19, 20, 21, 39, 40, 60, 100, 500, 1000])
def test_no_cycle_is_shorter_than_a_default_run(epochs):
    ends = (0, *cycle_ends(epochs, 20))
    lengths = np.diff(ends)
    assert ends[-1] == epochs
    assert epochs < 20 or lengths.min() >= 20
    assert (lengths[1:] <= 2 * lengths[:-1] + 20).all()


def test_a_run_goes_on_as_long_as_that_gains_and_stops_when_it_does_not():
    X, y = blobs(700)
    settings = {"optimizer": "momentum", "min_steps": 0, "random_state": 0, "epochs": 2000}
    near, far = (GDClassifier(tol=tol, **settings).fit(X, y) for tol in (1e-2, 1e-5))
    assert near.n_iter_ in (20, 60)
    assert near.n_iter_ <= far.n_iter_ < 2000
    rates = np.array(far.history_["learning_rate"])
    assert rates[19] < 0.02 * rates[0]  # where it is judged


def test_a_constant_rate_is_judged_as_ever():
    X, y = blobs(700)
    settings = {"optimizer": "momentum", "learning_rate": "constant", "epochs": 500, "random_state": 0}
    assert GDClassifier(tol=1e-2, **settings).fit(X, y).n_iter_ < 200


# ---- proven ----


@pytest.mark.parametrize("optimizer", [None, "lbfgs", "momentum", "dual_coordinate_ascent"])
def test_a_run_stops_where_the_gap_is_proven(optimizer):
    X, y = blobs(400)
    loss = "hinge" if optimizer == "dual_coordinate_ascent" else "cross_entropy"
    settings = {"alpha": 0.1, "gap_tol": 0.01, "epochs": 500, "optimizer": optimizer, "random_state": 0}
    model = GDClassifier(loss, **settings).fit(X, y)
    assert 0 <= model.duality_gap_ <= 0.01
    assert model.n_iter_ < 500
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    objective = gd.LinearObjective(Z, y, gd.Hinge() if loss == "hinge" else gd.CrossEntropy(), gd.L2(0.05))
    W = np.column_stack([model.coef_ * X.std(axis=0), model.intercept_ + model.coef_ @ X.mean(axis=0)])
    best = gd.minimize(objective, np.zeros(objective.shape), gd.LBFGS(), gd.StrongWolfe(), max_steps=500).best_value
    assert objective.value(W) - best <= model.duality_gap_ + 1e-9


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_what_is_not_proven_is_said():
    X, y = blobs(400)
    with pytest.warns(ConvergenceWarning, match="The optimum was not proven to be within gap_tol"):
        GDClassifier("hinge", gap_tol=1e-9, optimizer="momentum", epochs=2, min_steps=0).fit(X, y)


def test_what_cannot_be_proven_is_refused():
    X, y = blobs(60)
    own = gd.ScoreLoss(lambda scores, y: ((scores**2).sum(axis=1), 2 * scores))
    for settings in ({"alpha": 0}, {"loss": own}):
        with pytest.raises(ValueError, match="gap_tol needs a loss and a penalty that can be certified"):
            GDClassifier(gap_tol=0.1, **settings).fit(X, y)
    with pytest.raises(ValueError, match="gap_tol must be None in partial_fit"):
        GDClassifier(gap_tol=0.1).partial_fit(X, y, classes=[0, 1, 2])


@pytest.mark.parametrize("ratio", [0.5, 1.0])
def test_l1_and_huber_can_be_proven(ratio):
    X, y = blobs(60)
    assert GDClassifier(gap_tol=0.1, alpha=0.01, l1_ratio=ratio, random_state=0).fit(X, y).duality_gap_ <= 0.1
    assert (
        GDRegressor("huber", gap_tol=0.1, alpha=0.01, l1_ratio=ratio, random_state=0).fit(*line(60)).duality_gap_ >= 0
    )


def test_dual_coordinate_ascent_hands_on_what_its_run_has_proven():
    X, y = blobs(3000)
    run = GDClassifier("hinge", alpha=0.1, random_state=0).fit(sp.csr_matrix(X), y)
    from_weights = GDClassifier("hinge", alpha=0.1, random_state=0, optimizer="momentum", certify=True)
    gap = from_weights.fit(sp.csr_matrix(X), y).duality_gap_
    assert run.duality_gap_ < 0.03
    assert gap is None or gap > run.duality_gap_


def test_a_gap_that_says_nothing_is_none():
    """Early weights and next to no penalty: the bound is the whole objective."""
    X, y = blobs(600)
    settings = {"alpha": 1e-9, "optimizer": "momentum", "epochs": 1, "min_steps": 0, "certify": True}
    assert GDClassifier(random_state=0, **settings).fit(X, y).duality_gap_ is None


# ---- own rows, own function ----


@pytest.mark.parametrize("model", [GDClassifier(), GDClassifier("hinge"), GDRegressor()], ids=str)
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
def test_rows_of_the_users_own_are_scored_and_teach_nothing(model, early_stopping, make):
    X, y = blobs(400) if isinstance(model, GDClassifier) else line(400)
    y = np.array(["a", "b", "c"])[y] if isinstance(model, GDClassifier) else y
    settings = {"random_state": 0, "optimizer": "momentum", "early_stopping": early_stopping}
    model = type(model)(model.loss, **settings)
    own = {"X_val": make(X[300:]), "y_val": y[300:]}
    model.fit(make(X[:300]), y[:300], **own)
    scores = model.history_["validation_score"]
    assert len(scores) == model.n_iter_
    expected = max(scores) if early_stopping else scores[-1]
    assert model.score(make(X[300:]), y[300:]) == pytest.approx(expected, abs=1e-6)
    if not early_stopping:
        plain = type(model)(model.loss, **settings).fit(make(X[:300]), y[:300])
        assert np.array_equal(plain.coef_, model.coef_)


TEXT = [np.str_, object, np.dtypes.StringDType()]


@pytest.mark.parametrize("text", TEXT, ids=str)
def test_validation_labels_are_of_the_kind_of_y(text):
    """A text is never a number: all rows would be wrong, and the run would stop for that."""
    X, y = blobs(100)
    named = y.astype(np.str_).astype(text)
    for ours, theirs in [(y, named), (named, y), (y.astype(float), named), (named, y > 0)]:
        with pytest.raises(TypeError, match=r"y_val must hold labels like y's, such as .*; y_val\[0\] is"):
            GDClassifier(early_stopping=True).fit(X, ours, X_val=X, y_val=theirs)
    model = GDClassifier(early_stopping=True, random_state=0)
    wanted = model.fit(X, y, X_val=X, y_val=y).history_["validation_score"]
    assert max(wanted) > 0.8
    for like in TEXT:
        found = model.fit(X, named, X_val=X, y_val=y.astype(np.str_).astype(like)).history_
        assert found["validation_score"] == wanted
    for numbers in (y.astype(float), y.astype(np.uint8)):
        assert model.fit(X, y, X_val=X, y_val=numbers).history_["validation_score"] == wanted


def test_wrong_rows_of_the_users_own_are_refused_by_name():
    X, y = blobs(100)
    for own, message in [
        ({"X_val": X}, "y_val must be given with X_val"),
        ({"y_val": y}, "X_val must be given with y_val"),
        ({"X_val": X[:, :3], "y_val": y}, "X_val has 3 features"),
        ({"X_val": X, "y_val": y[:5]}, "y_val must hold a label for each of the 100 rows of X_val"),
        ({"X_val": X * np.nan, "y_val": y}, "X_val contains NaN"),
    ]:
        with pytest.raises(ValueError, match=message):
            GDClassifier(early_stopping=True).fit(X, y, **own)
    model = GDClassifier(early_stopping=True, random_state=0).fit(X, y, X_val=X, y_val=np.full(100, 9))
    assert set(model.history_["validation_score"]) == {0.0}  # a class that was never seen


@pytest.mark.parametrize("model", [GDClassifier(), GDRegressor(), GDClassifier("hinge")], ids=str)
def test_a_function_is_called_after_every_epoch_and_may_stop(model):
    X, y = blobs(300, k=2) if isinstance(model, GDClassifier) else line(300)
    seen = []

    def watch(epoch, weights, loss):
        seen.append((epoch, weights, loss))
        return epoch == 7

    watched = type(model)(model.loss, optimizer="momentum", random_state=0, callback=watch).fit(X, y)
    assert [epoch for epoch, _, _ in seen] == list(range(1, 8))
    assert watched.n_iter_ == 7
    assert [loss for _, _, loss in seen] == watched.history_["loss"]
    last = np.column_stack([np.atleast_2d(watched.coef_), watched.intercept_])
    assert np.array_equal(seen[-1][1], last)
    silent = type(model)(model.loss, random_state=0).fit(X, y)
    heard = type(model)(model.loss, random_state=0, callback=lambda *_: None).fit(X, y)
    assert np.array_equal(silent.coef_, heard.coef_)
