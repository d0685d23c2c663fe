"""A gd.ScoreLoss as an estimator's loss: what gdfast's own losses do, done by a function of the user's."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import gdfast as gd
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDRegressor


def softmax(scores, y):
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    losses = -np.log(p[rows, y])
    p[rows, y] -= 1
    return losses, p


def squares(scores, y):
    residuals = scores[:, 0] - y
    return residuals**2, 2 * residuals[:, None]


SOFTMAX = gd.ScoreLoss(softmax, curvature=0.5)
SQUARES = gd.ScoreLoss(squares, classifies=False, curvature=2.0)
CASES = [(GDClassifier, SOFTMAX, "cross_entropy", blobs), (GDRegressor, SQUARES, "squared_error", line)]


def outputs(model, X):
    return model.decision_function(X) if isinstance(model, GDClassifier) else model.predict(X)


@pytest.mark.parametrize(("kind", "own", "name", "data"), CASES, ids=["classifier", "regressor"])
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"optimizer": "lbfgs", "min_steps": 30}], ids=str)
def test_it_learns_what_the_same_loss_with_a_kernel_learns(kind, own, name, data, make, settings):
    """The recipe's constants are each loss's own, so both follow the same given learning rate."""
    X, y = data(200)
    weights = np.random.default_rng(0).integers(0, 3, 200)
    if "optimizer" not in settings:
        settings = settings | {"learning_rate": 0.02, "epochs": 5, "min_steps": 0, "batch_size": 16}
    ours = kind(own, random_state=0, **settings).fit(make(X), y, sample_weight=weights)
    theirs = kind(name, random_state=0, **settings).fit(make(X), y, sample_weight=weights)
    assert outputs(ours, make(X)) == pytest.approx(outputs(theirs, make(X)), rel=1e-6, abs=1e-6)
    assert ours.history_["loss"] == pytest.approx(theirs.history_["loss"])
    assert ours.score(make(X), y) == pytest.approx(theirs.score(make(X), y), abs=1e-6)
    assert ours.duality_gap_ is None


@pytest.mark.parametrize(("kind", "own", "name", "data"), CASES, ids=["classifier", "regressor"])
@pytest.mark.parametrize("curvature", [None, 0.1, 100.0])
def test_the_recipe_needs_no_curvature(kind, own, name, data, curvature):
    """A wrong one costs steps, or is taken back by the guard."""
    X, y = data(300)
    loss = gd.ScoreLoss(own.function, classifies=own.classifies, curvature=curvature)
    assert kind(loss, random_state=0).fit(X, y).score(X, y) > kind(name, random_state=0).fit(X, y).score(X, y) - 0.05


@pytest.mark.parametrize(("kind", "own", "name", "data"), CASES, ids=["classifier", "regressor"])
def test_parts_warm_starts_and_scikit_learns_tools(kind, own, name, data):
    X, y = data(300)
    extra = {"classes": np.unique(y)} if kind is GDClassifier else {}
    model = kind(own, random_state=0)
    for _ in range(20):
        for part in np.array_split(np.arange(300), 3):
            model.partial_fit(X[part], y[part], **extra)
    whole = kind(own, random_state=0).fit(X, y)
    assert model.score(X, y) > whole.score(X, y) - 0.05
    assert np.array_equal(outputs(pickle.loads(pickle.dumps(whole)), X), outputs(whole, X))
    assert clone(whole).loss is own or clone(whole).loss == own
    assert cross_val_score(kind(own, random_state=0, min_steps=200), X, y, cv=3).min() > 0.5
    warm = kind(own, random_state=0, warm_start=True, epochs=1, min_steps=0, optimizer="momentum")
    losses = [warm.fit(X, y).history_["loss"][0] for _ in range(4)]
    assert losses == sorted(losses, reverse=True)


def test_labels_of_any_kind_come_as_their_places_among_the_classes():
    X, y = blobs(100)
    seen = []

    def watching(scores, labels):
        seen.append(labels.copy())
        return softmax(scores, labels)

    names = np.array(["z", "a", "m"])[y]
    model = GDClassifier(gd.ScoreLoss(watching), epochs=1, min_steps=0, batch_size=100).fit(X, names)
    assert model.classes_.tolist() == ["a", "m", "z"]
    assert np.array_equal(seen[-1], np.searchsorted(model.classes_, names))


def test_what_only_a_loss_of_gdfasts_own_knows_is_refused_by_name(tmp_path):
    X, y = blobs(60)
    model = GDClassifier(SOFTMAX, min_steps=50).fit(X, y)
    assert not hasattr(model, "predict_proba")
    with pytest.raises(ValueError, match=r"loss must be one of gdfast's own to be written down; it is ScoreLoss\(soft"):
        gd.save_model(tmp_path / "model.npz", np.column_stack([model.coef_, model.intercept_]), loss=SOFTMAX)
    with pytest.raises(ValueError, match=r"loss must be one of squared_error.*ScoreLoss\(softmax, classifies=True"):
        GDRegressor(SOFTMAX).fit(X, y)
    with pytest.raises(ValueError, match=r"loss must be one of hinge.*ScoreLoss\(squares, classifies=False"):
        GDClassifier(SQUARES).fit(X, y)
    with pytest.raises(TypeError, match=r"loss must be one of hinge.*gd.ScoreLoss"):
        GDClassifier(softmax).fit(X, y)
