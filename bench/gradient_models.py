"""20 models of several parameters with gradients by hand: layers, cells, likelihoods; all in NumPy, float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gradient_data import Array, generator

Parameters = dict[str, Array]


@dataclass(frozen=True)
class Model:
    """A value and a gradient of a dict of arrays."""

    value: Callable[[Parameters], float]
    gradient: Callable[[Parameters], Parameters]
    parameters: Parameters


def all_models() -> list[tuple[str, Model]]:
    """Ten kinds of models, each on two sets of data."""
    makers = (
        attention, lstm_cell, batch_norm, layer_norm, crf, gaussian_mixture, triplet_loss, two_layers,
        softmax_with_bias, bilinear,
    )  # fmt: skip
    return [
        (f"{maker.__name__.replace('_', ' ')} {draw}", maker(generator(400 + 10 * k + draw)))
        for k, maker in enumerate(makers)
        for draw in (1, 2)
    ]


def softmax(scores: Array) -> Array:
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_sum_exp(a: Array, axis: int) -> Array:
    top = a.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(a - top).sum(axis=axis))


def sigmoid(t: Array) -> Array:
    return 1 / (1 + np.exp(-t))


def attention(rng: Any) -> Model:
    """Sum of C times softmax(Q K' / sqrt(d)) V, with Q = X Wq and so on."""
    X, C = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))

    def forward(p: Parameters) -> Any:
        Q, K, V = X @ p["Wq"], X @ p["Wk"], X @ p["Wv"]
        P = softmax(Q @ K.T / np.sqrt(3))
        return Q, K, V, P

    def value(p: Parameters) -> float:
        _, _, V, P = forward(p)
        return float((C * (P @ V)).sum())

    def gradient(p: Parameters) -> Parameters:
        Q, K, V, P = forward(p)
        back = C @ V.T
        S = P * (back - (back * P).sum(axis=1, keepdims=True)) / np.sqrt(3)
        return {"Wq": X.T @ (S @ K), "Wk": X.T @ (S.T @ Q), "Wv": X.T @ (P.T @ C)}

    return Model(value, gradient, {name: rng.normal(size=(4, 3)) for name in ("Wq", "Wk", "Wv")})


def lstm_cell(rng: Any) -> Model:
    """One step: sum of a times h, of the gates' weights."""
    x, h, c, a = (rng.normal(size=n) for n in (3, 4, 4, 4))
    z = np.concatenate([x, h])

    def forward(p: Parameters) -> Any:
        i, f, o = (sigmoid(p[f"W{k}"] @ z + p[f"b{k}"]) for k in "ifo")
        g = np.tanh(p["Wg"] @ z + p["bg"])
        cell = f * c + i * g
        return i, f, o, g, cell

    def value(p: Parameters) -> float:
        _, _, o, _, cell = forward(p)
        return float(a @ (o * np.tanh(cell)))

    def gradient(p: Parameters) -> Parameters:
        i, f, o, g, cell = forward(p)
        inner = a * o * (1 - np.tanh(cell) ** 2)
        back = {
            "i": inner * g * i * (1 - i), "f": inner * c * f * (1 - f), "o": a * np.tanh(cell) * o * (1 - o),
            "g": inner * i * (1 - g**2),
        }  # fmt: skip
        return {f"W{k}": np.outer(back[k], z) for k in "ifog"} | {f"b{k}": back[k] for k in "ifog"}

    return Model(
        value, gradient,
        {f"W{k}": rng.normal(size=(4, 7)) for k in "ifog"} | {f"b{k}": rng.normal(size=4) for k in "ifog"},
    )  # fmt: skip


def normalized(A: Array, axis: int) -> tuple[Array, Array]:
    scale = 1 / np.sqrt(A.var(axis=axis, keepdims=True) + 1e-5)
    return (A - A.mean(axis=axis, keepdims=True)) * scale, scale


def norm(rng: Any, axis: int) -> Model:
    """Sum of C times gamma * normalized(X W + b) + beta."""
    X, C = rng.normal(size=(6, 3)), rng.normal(size=(6, 4))

    def value(p: Parameters) -> float:
        N, _ = normalized(X @ p["W"] + p["b"], axis)
        return float((C * np.tanh(p["gamma"] * N + p["beta"])).sum())

    def gradient(p: Parameters) -> Parameters:
        N, scale = normalized(X @ p["W"] + p["b"], axis)
        back = C * (1 - np.tanh(p["gamma"] * N + p["beta"]) ** 2)
        inner = back * p["gamma"]
        inner = scale * (inner - inner.mean(axis=axis, keepdims=True) - N * (inner * N).mean(axis=axis, keepdims=True))
        return {"gamma": (back * N).sum(axis=0), "beta": back.sum(axis=0), "W": X.T @ inner, "b": inner.sum(axis=0)}

    return Model(
        value, gradient,
        {"gamma": rng.normal(size=4), "beta": rng.normal(size=4), "W": rng.normal(size=(3, 4))}
        | {"b": rng.normal(size=4)},
    )  # fmt: skip


def batch_norm(rng: Any) -> Model:
    """Over the rows: the bias before it has no effect."""
    return norm(rng, 0)


def layer_norm(rng: Any) -> Model:
    """Over the features."""
    return norm(rng, 1)


def crf(rng: Any) -> Model:
    """Negative log-likelihood of a linear chain: emissions X W, transitions T."""
    X, y = rng.normal(size=(6, 4)), rng.integers(0, 3, 6)

    def forward(p: Parameters) -> Any:
        E = X @ p["W"]
        alpha, beta = np.zeros_like(E), np.zeros_like(E)
        alpha[0] = E[0]
        for t in range(1, 6):
            alpha[t] = E[t] + log_sum_exp(alpha[t - 1][:, None] + p["T"], 0)
        for t in range(4, -1, -1):
            beta[t] = log_sum_exp(p["T"] + (E[t + 1] + beta[t + 1])[None], 1)
        return E, alpha, beta, log_sum_exp(alpha[-1], 0)

    def value(p: Parameters) -> float:
        E, _, _, total = forward(p)
        return float(total - E[np.arange(6), y].sum() - p["T"][y[:-1], y[1:]].sum())

    def gradient(p: Parameters) -> Parameters:
        E, alpha, beta, total = forward(p)
        single = np.exp(alpha + beta - total)
        T = np.zeros((3, 3))
        for t in range(5):
            T += np.exp(alpha[t][:, None] + p["T"] + (E[t + 1] + beta[t + 1])[None] - total)
        np.add.at(T, (y[:-1], y[1:]), -1.0)
        return {"W": X.T @ (single - np.eye(3)[y]), "T": T}

    return Model(value, gradient, {"W": rng.normal(size=(4, 3)), "T": rng.normal(size=(3, 3))})


def gaussian_mixture(rng: Any) -> Model:
    """Mean negative log-likelihood; logits, means, logarithms of the spreads."""
    X = rng.normal(size=(9, 2))

    def parts(p: Parameters) -> Any:
        distance = (X[:, None] - p["mean"]) / np.exp(p["log_spread"])
        logs = -0.5 * (distance**2).sum(axis=2) - p["log_spread"].sum(axis=1)
        return distance, logs + p["logits"] - log_sum_exp(p["logits"], 0)

    def value(p: Parameters) -> float:
        return float(-log_sum_exp(parts(p)[1], 1).mean())

    def gradient(p: Parameters) -> Parameters:
        distance, logs = parts(p)
        R = softmax(logs) / len(X)
        return {
            "logits": softmax(p["logits"]) - R.sum(axis=0),
            "mean": -(R[:, :, None] * distance / np.exp(p["log_spread"])).sum(axis=0),
            "log_spread": (R[:, :, None] * (1 - distance**2)).sum(axis=0),
        }

    return Model(
        value, gradient,
        {"logits": rng.normal(size=3), "mean": rng.normal(size=(3, 2)), "log_spread": 0.3 * rng.normal(size=(3, 2))},
    )  # fmt: skip


def triplet_loss(rng: Any) -> Model:
    """Mean of max(0, |a - p|^2 - |a - n|^2 + 1) of embeddings X W + b: the bias has no effect."""
    A, P, N = (rng.normal(size=(8, 3)) for _ in range(3))

    def terms(p: Parameters) -> Any:
        near, far = (A - P) @ p["W"], (A - N) @ p["W"]
        return near, far, (near**2).sum(axis=1) - (far**2).sum(axis=1) + 1

    def value(p: Parameters) -> float:
        return float(np.maximum(terms(p)[2], 0).mean() + 0.1 * (p["b"] ** 2).sum())

    def gradient(p: Parameters) -> Parameters:
        near, far, margin = terms(p)
        active = (margin > 0)[:, None] * 2 / len(A)
        return {"W": (A - P).T @ (active * near) - (A - N).T @ (active * far), "b": 0.2 * p["b"]}

    return Model(value, gradient, {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=2)})


def two_layers(rng: Any) -> Model:
    """A tanh network with softmax."""
    X, y = rng.normal(size=(10, 3)), rng.integers(0, 3, 10)

    def forward(p: Parameters) -> Any:
        hidden = np.tanh(X @ p["W1"] + p["b1"])
        return hidden, hidden @ p["W2"] + p["b2"]

    def value(p: Parameters) -> float:
        scores = forward(p)[1]
        return float((log_sum_exp(scores, 1) - scores[np.arange(10), y]).mean())

    def gradient(p: Parameters) -> Parameters:
        hidden, scores = forward(p)
        back = (softmax(scores) - np.eye(3)[y]) / 10
        inner = back @ p["W2"].T * (1 - hidden**2)
        return {"W1": X.T @ inner, "b1": inner.sum(axis=0), "W2": hidden.T @ back, "b2": back.sum(axis=0)}

    shapes = {"W1": (3, 4), "b1": (4,), "W2": (4, 3), "b2": (3,)}
    return Model(value, gradient, {name: rng.normal(size=shape) for name, shape in shapes.items()})


def softmax_with_bias(rng: Any) -> Model:
    """Softmax regression on features of very different size, with a penalty."""
    unit = 10.0 ** rng.integers(-4, 5, 4)
    X, y = rng.normal(size=(12, 4)) * unit, rng.integers(0, 3, 12)

    def value(p: Parameters) -> float:
        scores = X @ p["W"] + p["b"]
        return float((log_sum_exp(scores, 1) - scores[np.arange(12), y]).mean() + 0.1 * ((p["W"].T * unit) ** 2).sum())

    def gradient(p: Parameters) -> Parameters:
        back = (softmax(X @ p["W"] + p["b"]) - np.eye(3)[y]) / 12
        return {"W": X.T @ back + 0.2 * (p["W"].T * unit**2).T, "b": back.sum(axis=0)}

    return Model(value, gradient, {"W": (rng.normal(size=(3, 4)) / unit).T, "b": rng.normal(size=3)})


def bilinear(rng: Any) -> Model:
    """Mean squared error of user' item + biases: matrix factorization."""
    users, items, ratings = rng.integers(0, 4, 15), rng.integers(0, 5, 15), rng.normal(size=15)

    def errors(p: Parameters) -> Array:
        return (p["U"][users] * p["V"][items]).sum(axis=1) + p["a"][users] + p["c"][items] - ratings

    def value(p: Parameters) -> float:
        return float((errors(p) ** 2).mean())

    def gradient(p: Parameters) -> Parameters:
        back = 2 * errors(p) / 15
        found = {name: np.zeros_like(array) for name, array in p.items()}
        np.add.at(found["U"], users, back[:, None] * p["V"][items])
        np.add.at(found["V"], items, back[:, None] * p["U"][users])
        np.add.at(found["a"], users, back)
        np.add.at(found["c"], items, back)
        return found

    shapes = {"U": (4, 2), "V": (5, 2), "a": (4,), "c": (5,)}
    return Model(value, gradient, {name: rng.normal(size=shape) for name, shape in shapes.items()})
