"""Estimators and models are one another: saved, loaded, predicted with by the command, and back."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

import gdfast as gd
from command import gdfast
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDRegressor

X, Y = blobs(200)
LABELS = {
    "numbers": Y,
    "negative": np.where(Y == 1, 1, -1),
    "floats": np.where(Y == 1, 1.0, -1.0),
    "text": np.array(["z", "a", "m"])[Y],
    "objects": np.array(["z", "a", "m"], dtype=object)[Y],
    "booleans": Y == 1,
    "int8": Y.astype(np.int8),
    "one class": np.full(200, 7),
}


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_classifier_is_saved_and_comes_back(kind, loss, dtype, tmp_path):
    y, rows = LABELS[kind], X.astype(dtype)
    fitted = GDClassifier(loss, random_state=0).fit(rows, y)
    gd.save_model(tmp_path / "m.npz", fitted)
    again = gd.load_model(tmp_path / "m.npz").to_sklearn()
    assert type(again) is GDClassifier
    assert again.classes_.tolist() == fitted.classes_.tolist()
    assert again.classes_.dtype.kind == fitted.classes_.dtype.kind
    assert np.array_equal(again.predict(rows), fitted.predict(rows))
    assert again.decision_function(rows) == pytest.approx(fitted.decision_function(rows), rel=1e-6, abs=1e-6)
    assert again.loss == (gd.CrossEntropy() if loss == "cross_entropy" else gd.Hinge())
    if loss == "cross_entropy":
        assert again.predict_proba(rows) == pytest.approx(fitted.predict_proba(rows), abs=1e-6)
    assert again.partial_fit(rows, y).score(rows, y) > 0.6


@pytest.mark.parametrize("loss", ["squared_error", "huber", gd.Huber(0.3)])
@pytest.mark.parametrize("columns", [None, 1, 3])
def test_a_regressor_is_saved_and_comes_back(loss, columns, tmp_path):
    X, y = line(150)
    y = 1000 * (y if columns is None else np.column_stack([(j + 1) * y + X[:, j] for j in range(columns)]))
    fitted = GDRegressor(loss).fit(X, y)
    gd.save_model(tmp_path / "m.npz", fitted)
    model = gd.load_model(tmp_path / "m.npz")
    again = model.to_sklearn()
    assert again.predict(X).shape == y.shape
    assert again.predict(X) == pytest.approx(fitted.predict(X))
    assert np.reshape(model.predict(X), y.shape) == pytest.approx(fitted.predict(X))
    assert type(again.loss) is type(model.loss)
    if isinstance(loss, gd.Huber):
        assert again.loss.delta == pytest.approx(0.3)  # in spreads again; the model's is in units of y
    assert again.partial_fit(X, y).score(X, y) > 0.5


def test_names_of_columns_are_kept(tmp_path):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcdef"))
    fitted = GDClassifier().fit(table, Y)
    gd.save_model(tmp_path / "m.npz", fitted)
    again = gd.load_model(tmp_path / "m.npz").to_sklearn()
    assert again.feature_names_in_.tolist() == list("abcdef")
    assert np.array_equal(again.predict(table), fitted.predict(table))


def test_the_command_predicts_with_a_saved_estimator(tmp_path):
    names = np.array(["z", "a", "m"])[Y]
    fitted = GDClassifier().fit(X, names)
    gd.save_model(tmp_path / "m.npz", fitted)
    np.save(tmp_path / "X.npy", X)
    done = gdfast("predict", "m.npz", "X.npy", "--format", "jsonl", cwd=tmp_path, text=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [next(iter(each.values())) for each in found] == fitted.predict(X).tolist(), done.stderr


def test_a_model_of_a_run_becomes_an_estimator():
    digits = gd.datasets.load_digits()
    settings = {"mean": np.full(64, 5.0), "scale": np.full(64, 16.0)}
    objective = gd.LinearObjective(digits.X, digits.y, gd.CrossEntropy(), gd.L2(1e-3), **settings)
    W = gd.minimize(objective, np.zeros(objective.shape), gd.LBFGS(), gd.StrongWolfe(), max_steps=30).w
    for names in (None, digits.class_names):
        model = gd.Model(W, gd.CrossEntropy(), class_names=names, **settings)
        estimator = model.to_sklearn()
        expected = model.predict(digits.X_test)
        assert np.array_equal(estimator.predict(digits.X_test).astype(int), expected)
        assert estimator.predict_proba(digits.X_test) == pytest.approx(model.probabilities(digits.X_test), abs=1e-5)


def test_what_is_no_model_is_refused_by_name(tmp_path):
    for other in (LogisticRegression(), GDClassifier):
        with pytest.raises(TypeError, match=r"model must be a gd.Model, a fitted estimator of gdfast or W; it is"):
            gd.save_model(tmp_path / "m.npz", other)
    with pytest.raises(NotFittedError):
        gd.save_model(tmp_path / "m.npz", GDClassifier())
    assert not (tmp_path / "m.npz").exists()
    with pytest.raises(TypeError, match="bias"):
        gd.save_model(tmp_path / "m.npz", GDClassifier().fit(X, Y), bias=True)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scaled", [False, True])
def test_a_few_rows_have_the_scores_of_many(dtype, scaled):
    rng = np.random.default_rng(0)
    parts = {"mean": rng.normal(size=20), "scale": rng.uniform(1, 2, 20)} if scaled else {}
    model = gd.Model(rng.normal(size=(3, 21)).astype(dtype), **parts)
    rows = rng.normal(size=(50, 20)).astype(dtype)
    estimator, near = model.to_sklearn(), {"rel": 1e-4, "abs": 1e-4} if dtype == np.float32 else {"abs": 1e-12}
    for some in (rows[:1], rows[:8]):
        assert model.scores(some).dtype == dtype
        assert model.scores(some) == pytest.approx(model.scores(rows)[: len(some)], **near)
        assert estimator.decision_function(some) == pytest.approx(model.scores(some), **near)
    rows[0, 3] = np.nan
    with pytest.raises(ValueError, match=r"X must be finite; X\[0, 3\] is nan"):
        model.predict(rows[:1])
    with pytest.raises(ValueError, match="NaN"):
        estimator.predict(rows[:1])
    with pytest.raises(ValueError, match="model's 20 features; it has 19"):
        model.predict(rows[1:2, :19])
    with pytest.raises(ValueError, match="X has 19 features"):
        estimator.predict(rows[1:2, :19])
    with pytest.raises(TypeError, match="masked"):
        estimator.predict(np.ma.masked_array(rows[:1], mask=True))
