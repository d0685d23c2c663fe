"""Weights, held-out rows, warm starts, calls in parts, history, warnings and callbacks: alike for both estimators."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import gdfast as gd
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDRegressor

KINDS = [GDClassifier("hinge"), GDClassifier("cross_entropy"), GDRegressor(), GDRegressor("huber")]


def fitted(kind, X, y, **settings):
    weight = settings.pop("sample_weight", None)
    return type(kind)(kind.loss, random_state=0, **settings).fit(X, y, sample_weight=weight)


def data_for(kind, n=300):
    return blobs(n) if isinstance(kind, GDClassifier) else line(n)


def outputs(model, X):
    return model.decision_function(X) if isinstance(model, GDClassifier) else model.predict(X)


# ---- weights (LECTURE 36: copies teach nothing) ----


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
def test_weights_equal_repetition(kind, make):
    X, y = data_for(kind, 16)
    counts = np.random.default_rng(1).integers(0, 4, len(y))
    weighted = fitted(kind, make(X), y, sample_weight=counts)
    repeated = fitted(kind, make(np.repeat(X, counts, axis=0)), np.repeat(y, counts))
    assert outputs(weighted, X) == pytest.approx(outputs(repeated, X), rel=1e-6, abs=1e-6)


def test_rows_of_weight_zero_are_as_if_they_were_not_there():
    X, y = blobs(500)
    weights = (np.arange(500) % 3 > 0).astype(float)
    X[weights == 0] *= 1e12
    y[weights == 0] = 7
    kept = weights > 0
    a = GDClassifier(random_state=0).fit(X, y, sample_weight=weights)
    b = GDClassifier(random_state=0).fit(X[kept], y[kept])
    assert a.classes_.tolist() == b.classes_.tolist() == [0, 1, 2]
    assert a.coef_ == pytest.approx(b.coef_, rel=0.2, abs=1e-2)
    assert np.mean(a.predict(X[kept]) == b.predict(X[kept])) > 0.97


def test_large_weights_do_not_upset_a_run():
    X, y = blobs(3000)
    weights = np.ones(3000)
    weights[:5] = 1e6
    model = GDClassifier("cross_entropy", random_state=0).fit(X, y, sample_weight=weights)
    assert np.isfinite(model.coef_).all()
    assert model.score(X[:5], y[:5]) == 1


def test_balanced_classes_have_the_same_total():
    X, y = blobs(900, k=2)
    rare = (y == 0) | (np.arange(900) % 10 == 0)
    X, y = X[rare], y[rare]
    balanced = GDClassifier("cross_entropy", class_weight="balanced", random_state=0).fit(X, y)
    factors = {c: len(y) / (2 * np.sum(y == c)) for c in (0, 1)}
    given = GDClassifier("cross_entropy", class_weight=factors, random_state=0).fit(X, y)
    assert balanced.coef_ == pytest.approx(given.coef_)
    Z = StandardScaler().fit(X)  # weighted only in gdfast; the rule is the same
    peer = LogisticRegression(class_weight="balanced").fit(Z.transform(X), y)
    assert np.mean(balanced.predict(X) == peer.predict(Z.transform(X))) > 0.97
    plain = GDClassifier("cross_entropy", random_state=0).fit(X, y)
    assert np.sum(balanced.predict(X) == 1) > np.sum(plain.predict(X) == 1)


# ---- held-out rows ----

SEED_OF_0 = np.random.RandomState(0).randint(np.iinfo(np.int32).max)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
def test_early_stopping_keeps_the_best_held_out_weights(kind, make):
    X, y = data_for(kind, 600)
    held = train_test_split(
        np.arange(600), test_size=0.2, stratify=y if isinstance(kind, GDClassifier) else None, random_state=SEED_OF_0
    )[1]
    model = fitted(kind, make(X), y, early_stopping=True, epochs=1000, validation_fraction=0.2)
    scores = model.history_["validation_score"]
    assert len(scores) == model.n_iter_ == len(model.history_["loss"])
    assert model.n_iter_ < 1000
    assert model.score(make(X)[held], y[held]) == pytest.approx(max(scores), abs=1e-6)


def test_small_data_have_patience():
    """Three steps make an epoch here: five of them are no reason to stop."""
    X, y = load_iris(return_X_y=True)
    for seed in range(6):
        model = GDClassifier(early_stopping=True, random_state=seed).fit(X, y)
        assert model.n_iter_ > 80
        assert model.score(X, y) > 0.9


def test_held_out_rows_teach_nothing():
    X, y = blobs(600)
    seed = np.random.RandomState(3).randint(np.iinfo(np.int32).max)
    held = train_test_split(np.arange(600), test_size=0.1, stratify=y, random_state=seed)[1]
    settings = {"early_stopping": True, "random_state": 3, "epochs": 1, "min_steps": 0}
    changed = X.copy()
    changed[held] = 1e6
    a, b = (GDClassifier("cross_entropy", **settings).fit(rows, y) for rows in (X, changed))
    assert np.array_equal(a.coef_, b.coef_)
    changed[np.setdiff1d(np.arange(600), held)[0]] += 1
    assert not np.array_equal(GDClassifier("cross_entropy", **settings).fit(changed, y).coef_, a.coef_)


# ---- going on ----


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_warm_start_goes_on_from_the_weights(kind):
    X, y = data_for(kind)
    once = fitted(kind, X, y)
    one_epoch = {"warm_start": True, "epochs": 1, "min_steps": 0, "optimizer": "momentum"}
    again = type(kind)(kind.loss, random_state=0, **one_epoch).fit(X, y)
    first = again.history_["loss"][0]
    for _ in range(12):
        again.fit(X, y)
    assert again.history_["loss"][0] < first
    assert abs(again.score(X, y) - once.score(X, y)) < 0.05


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_parts_teach_what_the_whole_does(kind):
    X, y = data_for(kind, 1000)
    model = type(kind)(kind.loss, random_state=0)
    for _ in range(10):
        for part in np.split(np.arange(1000), 10):
            extra = {"classes": np.unique(y)} if isinstance(kind, GDClassifier) else {}
            model.partial_fit(X[part], y[part], **extra)
    assert model.score(X, y) > fitted(kind, X, y).score(X, y) - 0.05
    assert model.n_iter_ == 100


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_parts_after_a_fit_go_on_from_it(kind):
    X, y = data_for(kind)
    model = fitted(kind, X, y)
    score = model.score(X, y)
    model.partial_fit(X[:100], y[:100])
    assert model.score(X, y) > score - 0.1


def test_parts_in_other_units_are_seen_as_the_model_sees_them():
    """The columns of all parts together scale the next one, and the weights are moved to that scale."""
    X, y = blobs(400)
    model = GDClassifier("cross_entropy", random_state=0)
    model.partial_fit(X[:1], y[:1], classes=[0, 1, 2])  # one row: no deviation at all
    for _ in range(30):
        model.partial_fit(X, y)
    assert model.score(X, y) > 0.7


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_parts_may_be_dense_and_sparse_and_with_an_intercept_or_without(kind):
    """Columns that can't be merged begin anew; the coefficients, in the units of X, go on."""
    X, y = data_for(kind)
    X = X - 3  # sparse columns are not centred
    model = fitted(kind, X, y)
    score = model.score(X, y)
    for part in (sp.csr_matrix(X), X, sp.csr_matrix(X)):
        assert model.partial_fit(part, y).score(X, y) > score - 0.1
    model.set_params(fit_intercept=False)
    for _ in range(2):
        assert not model.partial_fit(X, y).intercept_.any()


def test_parts_of_another_type_are_seen_in_their_own():
    X, y = blobs(400)
    far = 1e6 + X / X.std(axis=0)
    model = GDClassifier("cross_entropy", random_state=0).fit(far, y)
    score = model.score(far, y)
    assert model.partial_fit(far.astype(np.float32), y).coef_.dtype == np.float64
    assert model.score(far, y) > score - 0.05


# ---- history, warnings, words ----


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_history_is_one_number_an_epoch(kind):
    X, y = data_for(kind, 700)
    model = fitted(kind, X, y, epochs=7, min_steps=0, optimizer="momentum")
    assert model.n_iter_ == 7
    assert {name: len(part) for name, part in model.history_.items()} == {"loss": 7, "learning_rate": 7}
    assert model.history_["loss"][-1] < model.history_["loss"][0]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_small_data_have_a_thousand_steps(kind):
    X, y = data_for(kind, 128)
    assert fitted(kind, X, y, optimizer="momentum").n_iter_ == 500
    assert fitted(kind, X, y, optimizer="momentum", min_steps=0).n_iter_ == 20


def test_a_tolerance_stops_or_warns():
    X, y = blobs()
    settled = GDClassifier("cross_entropy", tol=1e-2, epochs=500, random_state=0).fit(X, y)
    assert settled.n_iter_ < 500
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached before convergence"):
        GDClassifier("cross_entropy", tol=0.0, epochs=3, min_steps=0, random_state=0).fit(X, y)


def test_a_step_that_is_far_too_long_is_taken_back():
    X, y = line()
    with pytest.warns(ConvergenceWarning, match="smaller learning_rate"):
        model = GDRegressor(learning_rate=1e6, random_state=0).fit(X, y)
    assert np.isfinite(model.coef_).all()
    tamed = GDRegressor(learning_rate="linear", optimizer=gd.Momentum(0.999), random_state=0).fit(X, y)
    assert np.isfinite(tamed.coef_).all()


def test_verbose_prints_each_epoch(capsys):
    X, y = blobs(700)
    GDClassifier(verbose=1, epochs=3, min_steps=0, early_stopping=True, random_state=0).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"Epoch {i} of 3" for i in (1, 2, 3)]
    assert all("validation score" in line for line in lines)
    GDClassifier(random_state=0).fit(X, y)
    assert capsys.readouterr().out == ""


def test_evaluating_changes_no_bit(capsys):
    X, y = blobs(700)
    quiet = GDClassifier("cross_entropy", random_state=0).fit(X, y)
    loud = GDClassifier("cross_entropy", random_state=0, verbose=1).fit(X, y)
    assert np.array_equal(quiet.coef_, loud.coef_)
    assert quiet.history_ == loud.history_
    assert capsys.readouterr().out.count("Epoch") == loud.n_iter_


# ---- scikit-learn's callbacks ----


class Recorder:
    def __init__(self, stop_after=None):
        self.seen, self.scores, self.stop_after = [], [], stop_after

    def setup(self, estimator, context):
        self.seen.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.seen.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.seen.append(f"end {context.task_name}")
        if fitted_estimator is not None:
            self.scores.append(fitted_estimator.score(X, y))
        return self.stop_after is not None and len(self.scores) >= self.stop_after

    def teardown(self, estimator, context):
        self.seen.append("teardown")


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_callbacks_hear_of_every_epoch(kind):
    pytest.importorskip("sklearn.callback")
    X, y = data_for(kind, 700)
    settings = {"epochs": 4, "min_steps": 0, "random_state": 0, "optimizer": "momentum"}
    model, recorder = type(kind)(kind.loss, **settings), Recorder()
    model.set_callbacks(recorder).fit(X, y)
    epochs = ["begin epoch", "end epoch"] * 4
    assert recorder.seen == ["setup", "begin fit", *epochs, "end fit", "teardown"]
    assert recorder.scores[3] == recorder.scores[4] == model.score(X, y)
    silent = type(kind)(kind.loss, **settings).fit(X, y)
    assert np.array_equal(silent.coef_, model.coef_)


def test_a_callback_may_stop_the_run():
    pytest.importorskip("sklearn.callback")
    X, y = blobs(700)
    recorder = Recorder(stop_after=2)
    model = GDClassifier(epochs=9, min_steps=0, random_state=0).set_callbacks(recorder).fit(X, y)
    assert model.n_iter_ == 2
    assert recorder.seen.count("begin epoch") == recorder.seen.count("end epoch") == 2
