"""Problems of the hinge with L2 for the methods that prove its optimum, and what each of them must do with them."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.files.saved_arrays import load_arrays

BIASES = {"none": {"bias": False}, "penalised": {"penalize_bias": True}, "free": {}}
each_bias = pytest.mark.parametrize("bias", BIASES)


def primal(W, X, y, margin, strength, weight, has_bias, penalised):
    """The objective, straight from its formula."""
    flat = W[:, :-1] if has_bias else W
    scores = X @ flat.T + (W[:, -1] if has_bias else 0)
    terms = scores - scores[np.arange(len(y)), y][:, None] + margin
    terms[np.arange(len(y)), y] = 0
    losses = np.maximum(terms, 0).sum(axis=1)
    return float((weight * losses).sum() / weight.sum() + strength * ((W if penalised else flat) ** 2).sum())


def scipy_optimum(k, X, y, margin, strength, weight, has_bias, penalised):
    """The least value of the objective, as a quadratic program in W and the terms."""
    optimize = pytest.importorskip("scipy.optimize")
    n = len(X)
    Z = np.hstack([X, np.ones((n, int(has_bias)))])
    size, wrong = k * Z.shape[1], [(i, c) for i in range(n) for c in range(k) if c != y[i]]
    rows = np.zeros((len(wrong), size + len(wrong)))
    for t, (i, c) in enumerate(wrong):
        rows[t, c * Z.shape[1] : (c + 1) * Z.shape[1]] -= Z[i]
        rows[t, y[i] * Z.shape[1] : (y[i] + 1) * Z.shape[1]] += Z[i]
        rows[t, size + t] = 1
    squared = np.ones((k, Z.shape[1]))
    if has_bias and not penalised:
        squared[:, -1] = 0
    squared = np.concatenate([strength * squared.ravel(), np.zeros(len(wrong))])
    linear = np.concatenate([np.zeros(size), [weight[i] / weight.sum() for i, _ in wrong]])
    start = np.concatenate([np.zeros(size), np.full(len(wrong), margin)])
    found = optimize.minimize(
        lambda v: squared @ v**2 + linear @ v, start, jac=lambda v: 2 * squared * v + linear, method="SLSQP",
        bounds=[(None, None)] * size + [(0, None)] * len(wrong),
        constraints={"type": "ineq", "fun": lambda v: rows @ v - margin, "jac": lambda v: rows},
        options={"ftol": 1e-14, "maxiter": 1000},
    )  # fmt: skip
    W = found.x[:size].reshape(k, -1)
    return primal(W, X, y, margin, strength, weight, has_bias, penalised)


def made(seed, n=12, d=3, k=3, bias="penalised", dtype=np.float64, strength=None, odd=True, **options):
    """Random rows, some of them equal, one of them zero; labels of every class."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * 10 ** rng.uniform(-1, 1)
    y = rng.integers(0, k, n)
    y[:k] = np.arange(k)
    if odd:
        X[n // 2] = X[n // 2 + 1]
        X[n - 1] = 0
    strength = 10 ** rng.uniform(-3, 0) if strength is None else strength
    loss = gd.Hinge(10 ** rng.uniform(-0.5, 0.5))
    X = X.astype(dtype)
    objective = gd.LinearObjective(X, y, loss, gd.L2(strength), n_classes=k, **BIASES[bias] | options)
    return objective, X.astype(np.float64), y


def exact(objective, X, y, sample_weight=None, mean=0.0, scale=1.0):
    """The arguments of `primal` for such an objective, made with these options."""
    weight = np.ones(len(X)) if sample_weight is None else sample_weight
    margin, strength, penalised = objective.loss.margin, objective.regularizer.strength, objective.penalize_bias
    return (X - mean) / scale, y, margin, strength, weight, objective.bias, penalised or not objective.bias


def drawn_with_optimum(seed, bias):
    """One of six small problems, some with weights, mean and scale, and its optimum by SciPy."""
    rng = np.random.default_rng(100 + seed)
    options = {"sample_weight": np.where(rng.random(12) < 0.2, 0, rng.uniform(0.5, 2, 12))} if seed % 2 == 1 else {}
    if seed % 3 == 2:
        options |= {"mean": rng.normal(size=3), "scale": rng.uniform(0.5, 2, 3)}
    k = 2 + seed % 3
    objective, X, y = made(seed, bias=bias, k=k, strength=0.03, **options)
    return objective, scipy_optimum(k, *exact(objective, X, y, **options))


def drawn(seed, bias, dtype):
    """Any of many problems, what is drawn next, and the arguments of `primal`."""
    rng = np.random.default_rng(seed)
    options = {"sample_weight": rng.uniform(0, 2, 14)} if seed % 4 == 0 else {}
    if seed % 5 == 0:
        options |= {"mean": rng.normal(size=4), "scale": rng.uniform(0.5, 2, 4)}
    objective, X, y = made(seed, n=14, d=4, k=2 + seed % 5, bias=bias, dtype=dtype, **options)
    return objective, rng, exact(objective, X, y, **options)


class Halt(Exception):
    """What ends a run in a test."""


def resumed_and_straight(run, make, path, at, **settings):
    """``run(objective, **settings)`` in two parts, the second one from the checkpoint before `at`, and straight on."""

    def crash(k, w, value):
        if k == at:
            raise Halt

    straight = run(make(), **settings)
    with pytest.raises(Halt):
        run(make(), callback=crash, checkpoint=gd.Checkpoint(path, every=8), **settings)
    assert load_arrays(path, "checkpoint", 1)[1]["k"] == at // 8 * 8
    resumed = gd.resume(path, make())
    return resumed, straight


def bits_of(result):
    """What must be equal to the last bit."""
    return result.w.tobytes(), result.value, result.duality_gap, result.steps


def require_refusals(optimizer, more=()):
    """All that the methods of the hinge cannot do is refused before any work; `more` are (w0, error, message)."""
    X, y = np.eye(4), np.array([0, 1, 2, 0])

    def objective(loss=None, regularizer=gd.L2(0.1)):  # noqa: B008 (frozen)
        return gd.LinearObjective(X, y, gd.Hinge() if loss is None else loss, regularizer)

    good, zero = objective(), np.zeros((3, 5))
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    for run, error, message in (
        (lambda: gd.minimize(bowl, [0.0], optimizer), TypeError, "FunctionObjective"),
        (lambda: gd.minimize(objective(gd.SquaredHinge()), zero, optimizer), ValueError, "SquaredHinge"),
        (lambda: gd.minimize(objective(gd.CrossEntropy()), zero, optimizer), ValueError, "CrossEntropy"),
        (lambda: gd.minimize(objective(regularizer=None), zero, optimizer), ValueError, "L2.*None"),
        (lambda: gd.minimize(objective(regularizer=gd.L2(0)), zero, optimizer), ValueError, "strength > 0"),
        (lambda: gd.minimize(objective(regularizer=gd.L1(1)), zero, optimizer), ValueError, "L1"),
        (lambda: gd.minimize(objective(regularizer=gd.ElasticNet(0.1, 1)), zero, optimizer), ValueError, "ElasticNet"),
        (lambda: gd.minimize(good, zero, optimizer, batches=gd.MiniBatches(2)), ValueError, "batches must be None"),
        (lambda: gd.maximize(good, zero, optimizer), ValueError, "use minimize"),
        (lambda: gd.minimize(good, np.zeros(15), optimizer), ValueError, r"w0 must have .* \(3, 5\)"),
        (lambda: gd.minimize(good, zero, optimizer, step=1.0), ValueError, "takes no step"),
        (lambda: gd.minimize(good, zero, optimizer, step=[0.1] * 1000), ValueError, "takes no step"),
        (lambda: gd.minimize(good, zero, optimizer, clip=1.0), ValueError, "clip"),
        (lambda: optimizer.update(zero, None, zero), TypeError, "direction"),
    ):
        with pytest.raises(error, match=message):
            run()
    for w0, error, message in more:
        with pytest.raises(error, match=message):
            gd.minimize(good, w0, optimizer)
    assert good.passes == 0
