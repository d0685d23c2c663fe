"""Every line of the tables in docs/reference/losses.md: what a loss and a penalty of another library are here."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

N, D, K = 90, 4, 3


def scores_and(kind, seed=0):
    """Scores (n, k) and labels or targets."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, K, N) if kind == "labels" else rng.normal(size=(N, K)) * 2
    return rng.normal(size=(N, K)), y


# ---- PyTorch: (its loss, what gdfast's is, divided by what) ----

PYTORCH = [
    ("MultiMarginLoss", {"margin": 0.7}, gd.Hinge(0.7), K),
    ("MultiMarginLoss", {"p": 2, "margin": 0.7}, gd.SquaredHinge(0.7), K),
    ("CrossEntropyLoss", {}, gd.CrossEntropy(), 1),
    ("MSELoss", {}, gd.SquaredError(), K),
    ("HuberLoss", {"delta": 0.7}, gd.Huber(0.7), 2 * K),
    ("SmoothL1Loss", {"beta": 0.7}, gd.Huber(0.7), 2 * K * 0.7),
]


@pytest.mark.parametrize(("name", "settings", "loss", "divisor"), PYTORCH)
def test_pytorch(name, settings, loss, divisor):
    torch = pytest.importorskip("torch")
    scores, y = scores_and("labels" if loss.classifies else "targets")
    theirs = torch.tensor(scores, requires_grad=True)
    value = getattr(torch.nn, name)(**settings)(theirs, torch.tensor(y))
    value.backward()
    assert loss.value(scores, y) / divisor == pytest.approx(value.item(), rel=1e-13)
    np.testing.assert_allclose(loss.gradient(scores, y) / divisor, theirs.grad.numpy(), rtol=1e-12, atol=1e-16)


def test_weight_decay():
    torch = pytest.importorskip("torch")
    objective = gd.LinearObjective(np.zeros((1, D)), np.zeros(1), gd.SquaredError(), gd.L2(0.3 / 2), penalize_bias=True)
    W = np.array([[1.0, -2.0, 0.5, 3.0, 0.0]])  # no residual: the penalty alone moves W
    theirs = torch.tensor(W, requires_grad=True)
    rule = torch.optim.SGD([theirs], lr=0.1, weight_decay=0.3)
    theirs.grad = torch.zeros_like(theirs)
    rule.step()
    ours = gd.minimize(objective, W, step=0.1, max_steps=1).w
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-14)


# ---- scikit-learn, LIBLINEAR: (its estimator, gdfast's loss, classes, strength for n, how near) ----

C, ALPHA, WIDTH = 0.7, 0.05, 0.3
SLOW = {"max_iter": 4000, "tol": None, "learning_rate": "constant", "eta0": 1e-3, "average": 150_000, "random_state": 0}
EXACT = {"tol": 1e-12, "max_iter": 1_000_000}
SCIKIT_LEARN = {
    "LogisticRegression, 3 classes": (
        ("linear_model", "LogisticRegression", {"C": C, **EXACT}),
        gd.CrossEntropy(),
        3,
        lambda n: 1 / (2 * C * n),
        1e-4,
    ),
    "LogisticRegression, 2 classes": (
        ("linear_model", "LogisticRegression", {"C": C, **EXACT}),
        gd.CrossEntropy(),
        2,
        lambda n: 1 / (C * n),
        1e-4,
    ),
    "LinearSVC, hinge": (
        ("svm", "LinearSVC", {"C": C, "loss": "hinge", "random_state": 0, **EXACT, "tol": 1e-6}),
        gd.Hinge(),
        2,
        lambda n: 1 / (C * n),
        2e-3,
    ),
    "LinearSVC": (("svm", "LinearSVC", {"C": C, **EXACT}), gd.SquaredHinge(), 2, lambda n: 1 / (C * n), 1e-4),
    "SGDClassifier, hinge": (
        ("linear_model", "SGDClassifier", {"loss": "hinge", "alpha": ALPHA, **SLOW}),
        gd.Hinge(),
        2,
        lambda n: ALPHA,
        0.02,
    ),
    "SGDClassifier, squared hinge": (
        ("linear_model", "SGDClassifier", {"loss": "squared_hinge", "alpha": ALPHA, **SLOW}),
        gd.SquaredHinge(),
        2,
        lambda n: ALPHA,
        0.02,
    ),
    "SGDClassifier, log loss": (
        ("linear_model", "SGDClassifier", {"loss": "log_loss", "alpha": ALPHA, **SLOW}),
        gd.CrossEntropy(),
        2,
        lambda n: ALPHA,
        0.02,
    ),
    "Ridge": (("linear_model", "Ridge", {"alpha": 3.0}), gd.SquaredError(), 1, lambda n: 3.0 / n, 1e-6),
    "SGDRegressor": (
        ("linear_model", "SGDRegressor", {"alpha": ALPHA, **SLOW}),
        gd.SquaredError(),
        1,
        lambda n: ALPHA,
        0.02,
    ),
    "SGDRegressor, Huber": (
        ("linear_model", "SGDRegressor", {"loss": "huber", "epsilon": WIDTH, "alpha": ALPHA, **SLOW}),
        gd.Huber(WIDTH),
        1,
        lambda n: ALPHA,
        0.02,
    ),
}
# SGD's own mean is over rows, whatever they weigh.
CASES = [(name, weighted) for name in SCIKIT_LEARN for weighted in (False, True) if not (weighted and "SGD" in name)]


def minimum(objective):
    """Its weights of least value: by L-BFGS, or exactly for the hinge."""
    W = np.zeros(objective.shape)
    if isinstance(objective.loss, gd.Hinge) and objective.penalize_bias:
        return gd.minimize(objective, W, gd.DualCoordinateAscent(), epochs=5000).best_w
    if isinstance(objective.loss, gd.Hinge):
        run = {"batches": gd.MiniBatches(N), "step": gd.InverseTime(1.0, 0.05), "max_steps": 20_000}
        return gd.minimize(objective, W, **run).best_w
    return gd.minimize(objective, W, gd.LBFGS(), step=gd.StrongWolfe(), gtol=1e-7).require().w


@pytest.mark.parametrize(("name", "weighted"), CASES)
def test_scikit_learn(name, weighted):
    (module, estimator, settings), loss, k, strength, tolerance = SCIKIT_LEARN[name]
    sklearn = pytest.importorskip(f"sklearn.{module}")
    rng = np.random.default_rng(4)
    X = rng.normal(size=(N, D))
    signal = X @ rng.normal(size=(D, max(k, 1))) + rng.normal(size=(N, max(k, 1)))
    y = signal.argmax(axis=1) if loss.classifies else signal[:, 0] + 0.5
    shares = rng.uniform(0.2, 3, N) if weighted else None
    peer = getattr(sklearn, estimator)(**settings).fit(X, y, sample_weight=shares)
    theirs = np.column_stack([peer.coef_.reshape(-1, D), np.reshape(peer.intercept_, (-1, 1))])
    total = N if shares is None else float(shares.sum())
    options = {"sample_weight": shares, "penalize_bias": estimator == "LinearSVC"}
    ours = minimum(gd.LinearObjective(X, y, loss, gd.L2(strength(total)), **options))
    if k == 2:
        ours = ours[1:] - ours[:1]
    if k == 3:  # softmax knows biases to a constant
        ours, theirs = (W - [*[0] * D, W[:, -1].mean()] for W in (ours, theirs))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * np.abs(theirs).max())
