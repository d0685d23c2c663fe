"""Estimators on rows that are read chunk by chunk: the fit, the predictions and the score are those in memory."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import train_test_split

import gdfast as gd
from gdfast.estimators import GDClassifier, GDClassifierCV, GDRegressor
from gdfast.training import chunked_data

LIMIT = 8 * 5 * 8 * 60  # ten chunks
NAMES = np.array(["ash", "beech", "cedar"])


class Rows:
    """Of the Chunks protocol, with labels or without."""

    def __init__(self, X, y=None):
        self.X, self.y = X, y
        self.n_samples, self.n_features, self.dtype = *X.shape, X.dtype

    def read(self, start, stop):
        return self.X[start:stop] if self.y is None else (self.X[start:stop], self.y[start:stop])


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    """X, labels as text, targets, and the same in .npy files."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 600)
    X = (rng.normal(size=(600, 5)) + 2 * np.eye(3)[y] @ rng.normal(size=(3, 5))) * [1, 10, 1e3, 1e-3, 1] + 5
    targets = X @ [1, 0.1, 1e-3, 10, 0] + rng.normal(size=600) * 0.3
    folder = tmp_path_factory.mktemp("flowers")
    for name, values in {"X": X, "y": NAMES[y], "targets": targets}.items():
        np.save(folder / f"{name}.npy", values)
    return X, NAMES[y], targets, folder


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"alpha": 0.1, "class_weight": "balanced"},
        {"fit_intercept": False},
        {"optimizer": "lbfgs", "standardize": False, "alpha": 1e5},
        {"loss": "squared_hinge"},
    ],
    ids=str,
)
def test_a_fit_to_a_file_is_the_fit_in_memory(flowers, settings):
    X, y, _, folder = flowers
    weights = np.arange(600) % 4 + 0.0
    there = GDClassifier(memory_limit=LIMIT, **settings).fit(folder / "X.npy", folder / "y.npy", weights)
    here = GDClassifier(**settings).fit(X, y, weights)
    np.testing.assert_array_equal(there.classes_, NAMES)
    assert there.n_features_in_ == 5
    np.testing.assert_allclose(there.coef_, here.coef_, rtol=1e-3, atol=1e-4 * np.abs(here.coef_).max())
    np.testing.assert_array_equal(there.predict(folder / "X.npy"), there.predict(X))
    np.testing.assert_array_equal(there.decision_function(str(folder / "X.npy")), there.decision_function(X))
    if settings.get("loss") is None:
        np.testing.assert_array_equal(there.predict_proba(folder / "X.npy"), there.predict_proba(X))
    assert there.score(folder / "X.npy", folder / "y.npy") == here.score(X, y) > 0.6


@pytest.mark.parametrize("settings", [{}, {"loss": "huber"}], ids=str)
def test_regression(flowers, settings):
    X, _, targets, folder = flowers
    there = GDRegressor(memory_limit=LIMIT, **settings).fit(folder / "X.npy", folder / "targets.npy")
    here = GDRegressor(**settings).fit(X, targets)
    np.testing.assert_allclose(there.predict(folder / "X.npy"), here.predict(X), rtol=1e-5)
    assert there.score(folder / "X.npy", folder / "targets.npy") == pytest.approx(here.score(X, targets), rel=1e-9)
    two = np.column_stack([targets, 2 * targets])
    assert GDRegressor(memory_limit=LIMIT).fit(folder / "X.npy", two).predict(folder / "X.npy").shape == (600, 2)


def test_chunks_that_carry_labels(flowers):
    X, y, _, folder = flowers
    parts = [Rows(X[:250], y[:250]), Rows(X[250:], y[250:])]
    model = GDClassifier(memory_limit=LIMIT).fit(parts)
    np.testing.assert_allclose(model.coef_, GDClassifier().fit(X, y).coef_, rtol=1e-6)
    assert model.score(parts, None) == model.score(X, y)
    with pytest.raises(ValueError, match="requires y to be passed"):
        GDClassifier().fit(folder / "X.npy")
    with pytest.raises(ValueError, match="y must be given: X carries no labels"):
        model.score(folder / "X.npy", None)


def test_features_too_far_from_0_for_float32_are_standardised_as_they_are_read(flowers):
    X, y, _, _ = flowers
    X = (X / X.std(axis=0) + 5e4).astype("f4")
    there, here = (GDClassifier(memory_limit=LIMIT).fit(data, y) for data in (Rows(X), X))
    assert there.coef_.dtype == here.coef_.dtype == np.float64
    np.testing.assert_allclose(there.coef_, here.coef_, rtol=1e-3, atol=1e-4)
    assert there.score(Rows(X), y) == here.score(X, y)


def test_mini_batches_that_fit_in_memory_are_those_of_the_array(flowers):
    """The same rows in the same order: the same bits."""
    X, y, _, folder = flowers
    settings = {"optimizer": "momentum", "epochs": 3, "min_steps": 0, "random_state": 0}
    there = GDClassifier(**settings).fit(folder / "X.npy", y)
    np.testing.assert_allclose(there.coef_, GDClassifier(**settings).fit(X, y).coef_, rtol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("part", [4, 10**6])  # of the memory: rows held out are gathered there, or scored in a pass
def test_early_stopping_scores_the_rows_that_it_holds_out(flowers, part, weighted, monkeypatch):
    monkeypatch.setattr(chunked_data, "GATHERED", part)
    X, y, _, folder = flowers
    weights = np.arange(600) % 3 + 0.0 if weighted else None
    settings = {"random_state": 0, "epochs": 4, "min_steps": 0, "alpha": 0.1, "batch_size": 16}
    model = GDClassifier(early_stopping=True, memory_limit=LIMIT, **settings)
    model.fit(folder / "X.npy", y, weights)
    counted = np.arange(600) if weights is None else np.flatnonzero(weights)
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    held_out = train_test_split(counted, test_size=0.1, stratify=y[counted], random_state=seed)[1]
    score = model.score(X[held_out], y[held_out], None if weights is None else weights[held_out])
    assert max(model.history_["validation_score"]) == pytest.approx(score, rel=1e-12)
    assert score > 0.6


def test_rows_of_the_user_to_score_on(flowers):
    X, y, _, folder = flowers
    seen = []
    model = GDClassifier(memory_limit=LIMIT, optimizer="lbfgs", callback=lambda *epoch: seen.append(epoch[2]))
    model.fit(folder / "X.npy", y, X_val=Rows(X[:77]), y_val=y[:77])
    there = model.history_["validation_score"]
    model.fit(X, y, X_val=X[:77], y_val=y[:77])
    assert there == model.history_["validation_score"]
    assert len(seen) == 2 * len(there)


def test_what_cannot_be_done_is_refused(flowers):
    X, y, _, folder = flowers
    path = folder / "X.npy"
    model = GDClassifier()
    with pytest.raises(TypeError, match="X must be an array in memory for partial_fit"):
        model.partial_fit(path, y, classes=NAMES)
    with pytest.raises(TypeError, match="X must be an array in memory for GDClassifierCV"):
        GDClassifierCV().fit(path, y)
    with pytest.raises(ValueError, match="optimizer must not visit single rows again and again"):
        GDClassifier("hinge", optimizer="dual_coordinate_ascent").fit(path, y)
    with pytest.raises(ValueError, match="y must hold one label for each of the 600 rows of X; it holds 599"):
        model.fit(path, y[:-1])
    with pytest.raises(FileNotFoundError, match=r"absent\.npy does not exist"):
        model.fit(folder / "absent.npy", y)
    with pytest.raises(NotFittedError):
        model.predict(path)
    with pytest.raises(ValueError, match=r'memory_limit must be bytes, as 10\*\*9, or as "1 GB"'):
        GDClassifier(memory_limit="much").fit(path, y)
    assert not hasattr(model, "coef_")
    model.fit(X, y)
    with pytest.raises(ValueError, match="X has 4 features, but GDClassifier is expecting 5 features"):
        model.predict(Rows(X[:, :4].copy()))


def test_a_clone_keeps_the_limit():
    assert clone(GDClassifier(memory_limit="2 GB")).memory_limit == "2 GB"


def test_a_model_of_a_file_is_saved_as_any(flowers, tmp_path):
    X, y, _, folder = flowers
    model = GDClassifier(memory_limit=LIMIT).fit(folder / "X.npy", y)
    gd.save_model(tmp_path / "model.npz", model)
    again = gd.load_model(tmp_path / "model.npz").to_sklearn()
    np.testing.assert_array_equal(again.predict(folder / "X.npy"), model.predict(X))
