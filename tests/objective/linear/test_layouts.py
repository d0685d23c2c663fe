"""However the numbers of X lie in memory, every answer is the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd

LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber(0.5)]
DTYPES = ["float64", "float32", "float16", "uint8"]


def fortran(X):
    return np.asfortranarray(X)


def apart(X):
    """Every third column of every second row of a wider array."""
    n, d = X.shape
    whole = np.zeros((2 * n, 3 * d), dtype=X.dtype)
    view = whole[::2, ::3]
    view[...] = X
    return view


def backwards(X):
    """Rows and columns in falling order of addresses."""
    return X[::-1, ::-1].copy()[::-1, ::-1]


def columns_backwards_of_fortran(X):
    return np.asfortranarray(X[:, ::-1])[:, ::-1]


def beside_others(X):
    """A slice of columns whose rows are not a whole number of vectors apart, from an odd address on."""
    n, d = X.shape
    whole = np.zeros((n, d + 3), dtype=X.dtype)
    whole[:, 1 : d + 1] = X
    return whole[:, 1 : d + 1]


LAYOUTS = [fortran, apart, backwards, columns_backwards_of_fortran, beside_others]


def drawn(dtype, loss, n, d, k, seed):
    rng = np.random.default_rng((seed, n, d, k))
    X = rng.integers(0, 256, (n, d)) if dtype == "uint8" else rng.normal(size=(n, d))
    y = rng.integers(0, k, n) if loss.classifies else rng.normal(size=(n, k))
    W = rng.normal(size=(k, d + 1)) / (128 if dtype == "uint8" else 1)
    return np.ascontiguousarray(X.astype(dtype)), y, W


def answers(X, y, loss, W, scaled=False):
    """Bytes of all that is computed of X."""
    classes = {"n_classes": len(W)} if loss.classifies else {}
    if scaled:
        columns = np.arange(1.0, X.shape[1] + 1)
        classes |= {"mean": columns / 8, "scale": columns, "sample_weight": np.arange(1.0, len(X) + 1)}
    objective = gd.LinearObjective(X, y, loss, gd.L2(1e-3), **classes)
    V = np.random.default_rng(1).normal(size=W.shape)
    narrow = W.astype(np.float32)
    value, gradient = objective.value_and_gradient(narrow)
    found = {
        "value": np.array([objective.value(W), value]),
        "gradient": objective.gradient(W),
        "narrow gradient": gradient,
        "scores": objective.scores(W),
        "predict": objective.predict(W),
        "predict others": objective.predict(W, X),
        "differences": objective.numerical_gradient(W, h=1e-4),
        "ray": objective.along_ray(W, V).values(np.linspace(0, 1, 5)),
        "gram": objective.gram(),
        "weighted gram": objective.gram(np.arange(float(len(X)))),
        "diagonal": objective.gram_diagonal(),
        "values at": objective.values_at(np.stack([W, V])),
        "batch": objective.rows(np.arange(len(X))[::-2]).gradient(W),
    }
    if not loss.has_kinks:
        found["hessian"] = objective.hessian_product(W, V)
    for size in (1, 16):
        run = gd.minimize(objective, W, gd.Momentum(), step=1e-4, batches=min(size, len(X)), max_steps=5)
        found[f"steps of {size}"] = run.w
    found["searches"] = gd.minimize(objective, narrow, gd.LBFGS(), gd.StrongWolfe(), max_steps=4).w
    return {name: (np.asarray(a).dtype.str, np.asarray(a).tobytes()) for name, a in found.items()}


def differing(one, other):
    return [name for name in one if one[name] != other[name]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_any_layout_gives_the_bits_of_rows_one_after_another(loss, dtype):
    """Enough rows and columns for the passes in integers, in blocks and in chunks; classes for each kind of pass."""
    for n, d, k, scaled in ((700, 70, 3, False), (530, 129, 4, True), (40, 16, 40, False)):
        X, y, W = drawn(dtype, loss, n, d, k, 0)
        expected = answers(X, y, loss, W, scaled)
        for layout in LAYOUTS:
            other = layout(X)
            assert np.array_equal(other, X)
            assert differing(expected, answers(other, y, loss, W, scaled)) == [], (layout.__name__, n, d, k)


@settings(max_examples=40)
@given(
    st.sampled_from(LOSSES), st.sampled_from(DTYPES), st.sampled_from(LAYOUTS), st.integers(1, 80), st.integers(1, 70),
    st.integers(2, 12), st.booleans(), st.integers(0, 99),
)  # fmt: skip
def test_the_same_of_any_size(loss, dtype, layout, n, d, k, scaled, seed):
    X, y, W = drawn(dtype, loss, n, d, k, seed)
    assert differing(answers(X, y, loss, W, scaled), answers(layout(X), y, loss, W, scaled)) == []


def preconditioned(objective):
    rule = gd.LBFGS(preconditioner=gd.GramPreconditioner())
    return gd.minimize(objective, np.zeros(objective.shape), rule, gd.StrongWolfe(), max_steps=3).w


METHODS = {
    "solve": lambda objective: gd.solve(objective, 1e-2, max_passes=20).w,
    "preconditioner": preconditioned,
    "lipschitz": lambda objective: np.array([objective.lipschitz()]),
    "sketch": lambda objective: objective.gram_sketch(4)[0],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_methods_that_read_x_otherwise(method, dtype):
    X, y, _ = drawn(dtype, gd.CrossEntropy(), 300, 24, 3, 0)
    options = {"scale": np.full(24, 64.0)} if dtype == "uint8" else {}
    results = [
        np.asarray(
            METHODS[method](gd.LinearObjective(layout(X), y, gd.CrossEntropy(), gd.L2(1e-2), **options))
        ).tobytes()
        for layout in (np.ascontiguousarray, *LAYOUTS)
    ]
    assert len(set(results)) == 1
