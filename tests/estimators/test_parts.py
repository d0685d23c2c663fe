"""partial_fit goes on where the last call stopped: the optimizer's state too; what needs all rows is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp

import gdfast as gd
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDRegressor

RATE, SIZE = 0.02, 50
STATEFUL = [gd.Momentum(0.9), gd.Nesterov(0.9), gd.AveragedSGD(), gd.Adam(), gd.AdamW(), gd.AdaGrad(), gd.RMSProp(),
            gd.NAdam(), gd.RAdam(), gd.AMSGrad(), gd.Lion(), gd.AdaDelta()]  # fmt: skip


def in_parts(optimizer, make=np.asarray, calls=12, **settings):
    """Each call one full batch of its own: one step."""
    X, y = blobs(SIZE * calls)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = GDClassifier(optimizer=optimizer, learning_rate=RATE, batch_size=SIZE, random_state=0, **settings)
    for part in np.split(np.arange(len(X)), calls):
        model.partial_fit(make(X[part]), y[part], classes=[0, 1, 2])
        model = pickle.loads(pickle.dumps(model))
    return model, X, y


def steps_of(optimizer, X, y, calls=12):
    """The same steps by hand: `update` on the gradient of each part in turn."""
    w = np.zeros((3, X.shape[1] + 1))
    state = optimizer.init(w)
    for part in np.split(np.arange(len(X)), calls):
        objective = gd.LinearObjective(X[part], y[part], gd.CrossEntropy(), gd.L2(0.05), n_classes=3)
        direction, state = optimizer.update(objective.gradient(w), state, w)
        w = w + RATE * direction
    return optimizer.answer(w, state) if hasattr(optimizer, "answer") else w


@pytest.mark.parametrize("optimizer", STATEFUL, ids=lambda optimizer: type(optimizer).__name__)
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
def test_the_optimizers_state_goes_on(optimizer, make):
    model, X, y = in_parts(optimizer, make, alpha=0.1, standardize=False)
    w = steps_of(optimizer, X, y)
    assert np.column_stack([model.coef_, model.intercept_]) == pytest.approx(w, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("optimizer", [gd.Momentum(0.9), gd.AveragedSGD(), gd.Adam()], ids=str)
@pytest.mark.parametrize("kind", [GDClassifier, GDRegressor])
def test_momentum_and_averages_survive_a_change_of_scale(optimizer, kind):
    """The features' mean and scale are better known with each part."""
    X, y = blobs(3000) if kind is GDClassifier else line(3000)
    extra = {"classes": [0, 1, 2]} if kind is GDClassifier else {}
    model = kind(optimizer=optimizer, random_state=0)
    for part in np.split(np.arange(3000), 100):
        model.partial_fit(X[part], y[part], **extra)
    assert model.score(X, y) > kind(random_state=0).fit(X, y).score(X, y) - 0.04


def test_another_optimizer_or_another_shape_begins_anew():
    X, y = blobs(200)
    model = GDClassifier(optimizer="adam", random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    model.set_params(optimizer="momentum").partial_fit(X, y)
    model.set_params(fit_intercept=False).partial_fit(X, y)
    model.set_params(optimizer="adam", fit_intercept=True).partial_fit(X.astype(np.float32), y)
    assert np.isfinite(model.coef_).all()


def test_what_needs_all_rows_is_refused_by_name():
    X, y = blobs(100)
    for settings, message in [
        (
            {"class_weight": "balanced"},
            "class_weight 'balanced' is not supported for partial_fit.*compute_class_weight",
        ),
        ({"early_stopping": True}, "early_stopping must be False in partial_fit"),
        ({"loss": "hinge", "optimizer": "dual_coordinate_ascent"}, "optimizer must start from weights in partial_fit"),
    ]:
        with pytest.raises(ValueError, match=message):
            GDClassifier(**settings).partial_fit(X, y, classes=[0, 1, 2])
    GDClassifier(class_weight={0: 2.0}).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="early_stopping must be False in partial_fit"):
        GDRegressor(early_stopping=True).partial_fit(*line(100))


def test_dual_coordinate_ascent_does_not_start_from_weights():
    X, y = blobs(100)
    model = GDClassifier("hinge", optimizer="dual_coordinate_ascent", warm_start=True)
    with pytest.raises(ValueError, match="warm_start needs an optimizer that starts from weights"):
        model.fit(X, y)
    rows, labels = sp.csr_matrix(np.tile(X, (20, 1))), np.tile(y, 20)
    chosen = GDClassifier("hinge", warm_start=True, random_state=0).fit(rows, labels)  # another one is chosen
    assert chosen.fit(rows, labels).score(X, y) > 0.6
