"""GDRegressor: least squares and Huber, whatever the units of y."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gdfast as gd
from estimators.problems import line
from gdfast.estimators import GDRegressor
from gdfast.training.target_scaling import weighted_median


def model(loss="squared_error", **settings):
    return GDRegressor(loss, random_state=0, **settings)


@pytest.mark.parametrize("alpha", ["auto", 0.3])
def test_least_squares_are_ridge_regression(alpha):
    """mean r^2 / 2 + alpha / 2 |w|^2 is Ridge's sum r^2 + n alpha |w|^2."""
    X, y = line()
    peer = make_pipeline(StandardScaler(), Ridge(alpha=1.0 if alpha == "auto" else len(y) * alpha)).fit(X, y)
    ours = model(alpha=alpha).fit(X, y)
    assert ours.predict(X) == pytest.approx(peer.predict(X), abs=1e-5)
    stochastic = model(alpha=alpha, optimizer="momentum", epochs=100).fit(X, y)
    assert stochastic.predict(X) == pytest.approx(peer.predict(X), abs=0.05)
    assert ours.coef_.shape == (X.shape[1],)
    assert ours.intercept_.shape == (1,)
    assert X @ ours.coef_ + ours.intercept_ == pytest.approx(ours.predict(X))


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_units_and_offsets_of_y_change_nothing(loss):
    X, y = line()
    near = model(loss).fit(X, y)
    for kind in (loss, gd.Huber() if loss == "huber" else gd.SquaredError()):
        far = model(kind).fit(X, 2.0**30 * y + 2.0**40)
        assert (far.predict(X) - 2.0**40) / 2.0**30 == pytest.approx(near.predict(X), abs=1e-6)


@pytest.mark.parametrize("loss", ["squared_error", gd.Huber(10)])
@pytest.mark.parametrize(("factor", "offset"), [(1.0, 1e9), (1e290, 0.0), (1e-290, 0.0)])
def test_targets_that_float32_cannot_hold(loss, factor, offset):
    X, y = line()
    fitted = model(loss).fit(X.astype(np.float32), factor * y + offset)
    assert fitted.coef_.dtype == fitted.predict(X).dtype == np.float64
    predicted = (fitted.predict(X.astype(np.float32)) - offset) / factor
    assert predicted == pytest.approx(model(loss).fit(X, factor * y).predict(X) / factor, abs=1e-3)


def test_no_intercept():
    X, y = line()
    ours = model(fit_intercept=False, epochs=2000).fit(X, y)
    scale = np.sqrt((X**2).mean(axis=0))
    peer = Ridge(alpha=0.5, fit_intercept=False).fit(X / scale, y)
    assert ours.intercept_.tolist() == [0.0]
    assert ours.predict(X) == pytest.approx(peer.predict(X / scale), abs=0.15)


def test_huber_is_not_governed_by_outliers():
    X, y = line(600)
    bad = y.copy()
    bad[::20] += 1e3
    bad[7] = 1e30
    assert model("huber").fit(X, bad).score(X, y) > 0.97
    assert model("squared_error").fit(X, bad).score(X, y) < 0


def test_huber_with_a_wide_delta_is_least_squares():
    X, y = line()
    assert model(gd.Huber(1e6), epochs=100).fit(X, y).predict(X) == pytest.approx(
        model(epochs=100).fit(X, y).predict(X), abs=0.05
    )


def test_sparse_rows():
    X, y = line(600)
    X = np.where(np.abs(X - 3) > X.std(axis=0), X - 3, 0)
    ours = model(epochs=60).fit(sp.csr_matrix(X), y)
    peer = Ridge(alpha=0.5).fit(X / np.abs(X).max(axis=0), y)
    assert ours.score(sp.csr_matrix(X), y) == pytest.approx(peer.score(X / np.abs(X).max(axis=0), y), abs=0.02)


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 4)), min_size=1, max_size=12))
def test_a_weighted_median_is_that_of_copies(pairs):
    values, counts = (np.array(part, dtype=float) for part in zip(*pairs, strict=True))
    if counts.any():
        copies = np.sort(np.repeat(values, counts.astype(int)))
        assert weighted_median(values, counts) == copies[(len(copies) - 1) // 2]
