"""Several parameters: containers of arrays or tensors, names in the report, (value, gradient) from one function."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import gdfast as gd
from gdfast.checks import check_gradient

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(size=(12, 4)), RNG.integers(0, 3, 12)
PARAMETERS = {"W1": RNG.normal(size=(4, 5)), "b1": RNG.normal(size=5), "W2": RNG.normal(size=(5, 3))}


class Pair(NamedTuple):
    W: np.ndarray
    b: np.ndarray


def both(p):
    hidden = np.tanh(X @ p["W1"] + p["b1"])
    scores = hidden @ p["W2"]
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    prob = e / e.sum(axis=1, keepdims=True)
    back = (prob - np.eye(3)[LABELS]) / 12
    inner = back @ p["W2"].T * (1 - hidden**2)
    loss = -np.log(prob[np.arange(12), LABELS]).mean()
    return float(loss), {"W1": X.T @ inner, "b1": inner.sum(axis=0), "W2": hidden.T @ back}


def value(p):
    return both(p)[0]


def gradient(p):
    return both(p)[1]


def one_wrong(p):
    found = gradient(p)
    found["W2"][3, 1] *= 1.1
    return found


def test_a_dict_of_arrays_and_its_names():
    report = check_gradient(value, gradient, PARAMETERS)
    assert report.verdict == "PASS"
    assert report.coordinates.size == 20 + 5 + 15
    report = check_gradient(value, one_wrong, PARAMETERS)
    assert report.verdict == "FAIL"
    assert report.name(report.worst(1)[0]) == "W2[3, 1]"
    assert "W2[3, 1]" in str(report)


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_or_tuple(kind):
    keys = list(PARAMETERS)
    at = kind(PARAMETERS.values())

    def as_dict(p):
        assert type(p) is kind
        return dict(zip(keys, p, strict=True))

    def wrong(p):
        return kind(one_wrong(as_dict(p)).values())

    assert check_gradient(lambda p: value(as_dict(p)), lambda p: list(gradient(as_dict(p)).values()), at).passed
    assert "[2][3, 1]" in str(check_gradient(lambda p: value(as_dict(p)), wrong, at))
    assert "W2[3, 1]" in str(check_gradient(lambda p: value(as_dict(p)), wrong, at, names=keys))


def test_nested_and_named_tuples():
    at = {"layers": [Pair(np.ones((2, 2)), np.zeros(2)), Pair(np.full((1, 2), 2.0), np.ones(1))]}

    def f(p):
        return float(sum(np.sum(layer.W**2) + np.sum(np.sin(layer.b)) for layer in p["layers"]))

    def grad(p, factor=1.0):
        return {"layers": [Pair(2 * layer.W, factor * np.cos(layer.b)) for layer in p["layers"]]}

    assert check_gradient(f, grad, at).passed
    report = check_gradient(f, lambda p: grad(p, 2.0), at)
    assert report.verdict == "FAIL"
    assert {report.name(i) for i in report.worst(3)} == {"layers[0].b[0]", "layers[0].b[1]", "layers[1].b[0]"}


def test_a_function_that_returns_value_and_gradient():
    assert check_gradient(value, both, PARAMETERS).verdict == "PASS"
    w = np.array([0.5, -2.0])
    assert check_gradient(lambda w: float(w @ w), lambda w: (float(w @ w), 2 * w), w).verdict == "PASS"
    assert check_gradient(lambda w: float(w @ w), lambda w: (w[0] * 2, w[1] * 2), w).verdict == "PASS"  # two partials
    report = check_gradient(lambda w: float(w @ w), lambda w: (float(w @ w) / 2, 2 * w), w)
    assert report.verdict == "FAIL"
    assert "gradient returns the value" in report.diagnosis[0]


def test_parameters_of_several_types():
    at = {"low": np.array([0.5, -1.5], dtype=np.float32), "high": np.array([1e-3, 2.0])}

    def f(p):
        return float(np.sum(np.sin(p["low"].astype(np.float64))) + np.sum(p["high"] ** 2))

    def grad(p, factor=1.0):
        assert p["low"].dtype == np.float32
        return {"low": np.float32(factor) * np.cos(p["low"]), "high": 2 * p["high"]}

    assert check_gradient(f, grad, at, rtol=1e-4).passed
    report = check_gradient(f, lambda p: grad(p, 1.1), at, rtol=1e-4)
    assert report.verdict == "FAIL"
    assert report.name(report.worst(1)[0]).startswith("low")


@pytest.mark.parametrize(
    ("returned", "error", "match"),
    [
        (lambda g: {k: g[k] for k in ("W1", "b1")}, ValueError, "'W2'"),
        (lambda g: g | {"b9": g["b1"]}, ValueError, "'b9'"),
        (lambda g: g | {"W2": g["W2"].T}, ValueError, r"W2 must return .* shape \(5, 3\)"),
        (lambda g: g | {"W2": None}, TypeError, "W2"),
        (lambda g: list(g.values()), TypeError, "a dict with the keys"),
    ],
)
def test_another_container_is_refused_by_name(returned, error, match):
    with pytest.raises(error, match=match):
        check_gradient(value, lambda p: returned(gradient(p)), PARAMETERS)


def test_names_h_and_scale():
    w = np.array([[1.0, 2.0]])
    report = check_gradient(lambda w: float(np.sum(w**2)), lambda w: 3 * w, w, names="W")
    assert "W[0, 1]" in str(report)
    steps = {"W1": np.full((4, 5), 1e-4), "b1": np.full(5, 1e-6), "W2": np.full((5, 3), 1e-5)}
    report = check_gradient(value, gradient, PARAMETERS, h=steps)
    assert report.passed
    assert report.steps[20] == pytest.approx(1e-6)
    far = check_gradient(lambda w: float(np.sum(np.sin(w / 1e4))), lambda w: np.cos(w / 1e4) / 1e4, w, scale=1e4)
    assert far.passed
    assert far.steps.min() > 0.05
    with pytest.raises(ValueError, match="names must hold one name"):
        check_gradient(value, gradient, PARAMETERS, names=["a"])
    with pytest.raises(ValueError, match="h, W2 must have the shape"):
        check_gradient(value, gradient, PARAMETERS, h=steps | {"W2": np.ones(3)})


def test_tensors():
    torch = pytest.importorskip("torch")
    at = {name: torch.tensor(array, requires_grad=True) for name, array in PARAMETERS.items()}
    Xt, yt = torch.tensor(X), torch.tensor(LABELS)

    def loss(p):
        return torch.nn.functional.cross_entropy(torch.tanh(Xt @ p["W1"] + p["b1"]) @ p["W2"], yt)

    def grad(p):
        return dict(zip(p, torch.autograd.grad(loss(p), list(p.values())), strict=True))

    def wrong(p):
        found = grad(p)
        found["W2"] = found["W2"] * (1 + 0.1 * (torch.arange(15).reshape(5, 3) == 10))
        return found

    assert check_gradient(loss, grad, at).verdict == "PASS"
    assert "W2[3, 1]" in str(check_gradient(loss, wrong, at))
    assert gd.check_gradient(lambda w: (w**2).sum(), lambda w: 2 * w, torch.ones(3, dtype=torch.float64)).passed
