"""Finite data give finite weights, no matter how odd; and no float copy of what is not float."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from estimators.problems import blobs
from gdfast.estimators import GDClassifier, GDRegressor

MODELS = [GDClassifier("hinge"), GDClassifier("squared_hinge"), GDClassifier("log_loss"),
          GDRegressor(), GDRegressor("huber")]  # fmt: skip


def odd_data():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 5)), rng.integers(0, 3, 200)
    outlier, outliers = X.copy(), X.copy()
    outlier[3, 2] = 1e30
    outliers[3, 2], outliers[7, 2] = 1e30, -1e30
    constant = X.copy()
    constant[:, 0] = 1e30
    thin = np.where(X > 1, X, 0)
    order = np.argsort(y)
    both = {
        "offsets": (X + 1e6, y),
        "an outlier": (outlier, y),
        "outliers": (outliers, y),
        "a constant column": (constant, y),
        "nothing but zeros": (np.zeros((200, 5)), y),
        "one row": (X[:1], y[:1]),
        "two rows": (X[:2], np.array([0, 1])),
        "one class": (X, np.zeros(200, dtype=int)),
        "sorted labels": (X[order], y[order]),
        "Cauchy": (rng.standard_cauchy((200, 5)), y),
        "Cauchy, cubed": (rng.standard_cauchy((200, 5)) ** 3, y),
        "small": (X * 1e-38, y),
        "large": (X * 1e37, y),
        "sparse": (sp.csr_matrix(thin), y),
        "sparse, large": (sp.csr_matrix(thin * 1e30), y),
        "sparse, empty": (sp.csr_matrix((200, 5)), y),
    }
    cases = {f"{name}, {dtype}": (X.astype(dtype), y) for name, (X, y) in both.items() for dtype in ("f4", "f8")}
    cases["largest numbers"] = (np.sign(X) * 1.7e308, y)
    cases["smallest numbers"] = (np.sign(X) * 5e-324, y)
    cases["an outlier of 1e300"] = (np.where(outlier > 1e9, 1e300, outlier), y)
    cases["pixels that hardly change"] = (np.where(np.arange(200)[:, None] == 0, 255, np.full((200, 5), 254, "u1")), y)
    return cases


ODD = odd_data()


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_finite_data_give_finite_weights(model, name):
    X, y = ODD[name]
    fitted = type(model)(model.loss, random_state=0).fit(X, y)
    assert np.isfinite(fitted.coef_).all()
    assert np.isfinite(fitted.intercept_).all()
    assert len(fitted.predict(X)) == X.shape[0]


@given(
    st.integers(1, 90),
    st.integers(1, 4),
    st.lists(st.floats(-300, 300), min_size=4, max_size=4),
    st.floats(0.5, 4),
    st.integers(0, 2**31),
)
def test_any_units_and_tails(n, d, powers, tail, seed):
    rng = np.random.default_rng(seed)
    X = np.sign(rng.normal(size=(n, d))) * np.abs(rng.standard_t(tail, (n, d))) * 10.0 ** np.array(powers[:d])
    y = rng.integers(0, 3, n)
    for model in (GDClassifier("squared_hinge", random_state=0), GDRegressor(random_state=0)):
        fitted = model.set_params(min_steps=50).fit(X, y)
        assert np.isfinite(fitted.coef_).all()
        assert np.isfinite(fitted.intercept_).all()


def test_an_offset_costs_nothing():
    X, y = blobs(400)
    near = GDClassifier("cross_entropy", random_state=0).fit(X, y)
    far = GDClassifier("cross_entropy", random_state=0).fit(X + 1e6, y)
    assert far.predict_proba(X + 1e6) == pytest.approx(near.predict_proba(X), abs=1e-5)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}], ids=str)
def test_pixels_are_trained_and_told_apart_with_no_float_copy(settings):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (20_000, 500), dtype=np.uint8)
    y = (X[:, 0] > 127) + (X[:, 1] > 127).astype(int)
    model = GDClassifier("cross_entropy", epochs=1, min_steps=0, random_state=0, **settings)
    model.fit(X[:300], y[:300])
    tracemalloc.start()
    try:
        model.fit(X, y).predict(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.8 * X.nbytes  # 10 MB of bytes; a float32 copy alone would be 40


@pytest.mark.parametrize("optimizer", [None, "adagrad", "solve"])
def test_coefficients_that_would_not_be_finite_are_an_error(optimizer):
    """y / x is 1e310; float32 that can't hold a coefficient of 1e50 is float64."""
    X = np.random.default_rng(0).normal(size=(40, 4))
    with pytest.raises(ValueError, match="X must have features for which coefficients are finite"):
        GDRegressor(optimizer=optimizer, alpha=1e-12).fit(X * 1e-300, X[:, 0] * 1e10)
    narrow = (X * 1e-20).astype(np.float32)
    model = GDRegressor(optimizer=optimizer, alpha=1e-12).fit(narrow, X[:, 0] * 1e30)
    assert model.coef_[0] == pytest.approx(1e50, rel=1e-3)
    assert model.predict(narrow) == pytest.approx(X[:, 0] * 1e30, rel=1e-3, abs=1e27)
