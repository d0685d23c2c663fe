"""Bad arguments of minimize and maximize: a named error before the objective is called once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast import FunctionObjective, GradientDescent, MiniBatches, Momentum, maximize, minimize


@pytest.fixture(params=[minimize, maximize])
def run(request):
    return request.param


class Untouchable:
    """An objective that must not be evaluated."""

    n_samples = 10

    def value(self, w):
        raise AssertionError("called before the arguments were checked")

    gradient = value_and_gradient = rows = value


BAD = [
    ({"w0": np.array([1, 2])}, TypeError, "w0 must be a float array"),
    ({"w0": [1.0, math.nan]}, ValueError, r"w0 must be finite; w0\[1\] is nan"),
    ({"w0": []}, ValueError, "w0 must not be empty"),
    ({"w0": None}, TypeError, "w0 must be a float array"),
    ({"optimizer": GradientDescent}, TypeError, r"optimizer must be .* make an instance: GradientDescent\(\)"),
    ({"optimizer": "adam"}, TypeError, "optimizer must be an object with init and update; it is str 'adam'"),
    ({"max_steps": -1}, ValueError, "max_steps must be >= 0; it is -1"),
    ({"max_steps": 10.0}, TypeError, "max_steps must be an integer"),
    ({"epochs": -1}, ValueError, "epochs must be >= 0"),
    ({"epochs": 1.5}, TypeError, "epochs must be an integer"),
    ({"epochs": 2, "max_steps": 1000}, ValueError, "max_steps and epochs exclude each other; they are 1000 and 2"),
    ({"gtol": -1e-6}, ValueError, "gtol must be >= 0"),
    ({"gtol": None}, TypeError, "gtol must be a real number"),
    ({"evaluate_every": 0}, ValueError, "evaluate_every must be >= 1"),
    ({"evaluate_every": 2.0}, TypeError, "evaluate_every must be an integer"),
    ({"metrics": [len]}, TypeError, "metrics must be a dict of name -> callable; it is list"),
    ({"metrics": {"m": 3}}, TypeError, "metrics must be a dict of name -> callable; it holds 'm': int 3"),
    ({"metrics": {3: len}}, TypeError, "metrics must be a dict of name -> callable; it holds 3"),
    ({"callback": 3}, TypeError, "callback must be callable or None; it is int 3"),
    ({"clip": 0}, ValueError, "clip must be > 0"),
    ({"clip": "1"}, TypeError, "clip must be a real number"),
    ({"progress": 1}, TypeError, "progress must be True or False"),
    ({"batches": 32.0}, TypeError, "batches must be a number of rows, gdfast.MiniBatches or None; it is float 32.0"),
    ({"batches": True}, TypeError, "batches must be a number of rows"),
    ({"batches": 0}, ValueError, "batches must be >= 1; it is 0"),
    ({"step": 0}, ValueError, "step must be > 0; it is 0"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD)
def test_bad_arguments(run, arguments, error, message):
    with pytest.raises(error, match=message):
        run(Untouchable(), **{"w0": [1.0, 2.0], **arguments})


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (
            lambda w: 1.0,
            r"objective must be an object with value, gradient, value_and_gradient.*FunctionObjective\(f\)",
        ),
        (FunctionObjective, "objective must be an object"),
        (None, "objective must be an object with value, gradient, value_and_gradient; it is NoneType None$"),
    ],
)
def test_bad_objectives(run, objective, message):
    with pytest.raises(TypeError, match=message):
        run(objective, [1.0])


def test_batches_need_rows(run):
    with pytest.raises(TypeError, match=r"batches need an objective with n_samples and rows\(indices\)"):
        run(FunctionObjective(lambda w: 1.0), [1.0], batches=MiniBatches(2))


def test_clip_needs_an_optimizer_of_the_gradient(run):
    class Own(Momentum):
        def direction(self, objective, k, w, state):
            return -objective.gradient(w), state

    with pytest.raises(ValueError, match="clip needs an optimizer that works on the gradient alone; it is Own"):
        run(Untouchable(), [1.0], Own(), clip=1.0)


class ByHand:
    """A user's objective, which nothing has checked."""

    def __init__(self, value, gradient):
        self.returned = value, gradient

    def value_and_gradient(self, w):
        return self.returned

    value = gradient = value_and_gradient


@pytest.mark.parametrize(
    ("value", "gradient", "error", "message"),
    [
        (
            np.array([1.0]),
            np.ones(2),
            TypeError,
            "value_and_gradient must return one real number; it returned ndarray",
        ),
        (None, np.ones(2), TypeError, "value_and_gradient must return one real number; it returned NoneType"),
        (1j, np.ones(2), TypeError, "value_and_gradient must return one real number; it returned complex"),
        (1.0, np.ones(3), ValueError, r"value_and_gradient must return an array of w's shape \(2,\).*\(3,\)"),
        (
            1.0,
            np.ones(2, np.float32),
            TypeError,
            "value_and_gradient must return an array of w's dtype float64",
        ),
        (
            1.0,
            None,
            TypeError,
            "value_and_gradient must return an array of w's dtype float64; it returned NoneType",
        ),
    ],
)
def test_an_objective_that_returns_something_else(run, value, gradient, error, message):
    with pytest.raises(error, match=message):
        run(ByHand(value, gradient), [1.0, 2.0])


@pytest.mark.parametrize(
    ("direction", "error"),
    [(np.ones(3), ValueError), (np.ones((2, 2)), ValueError), (np.ones(2, np.float64), TypeError)],
)
def test_an_optimizer_that_returns_another_direction(run, direction, error):
    class Wrong(GradientDescent):
        def update(self, gradient, state, w):
            return direction.astype(np.float32) if error is ValueError else direction, state

    bowl = FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    with pytest.raises(error, match=r"the optimizer must return an array of w's (shape|dtype).*; it returned"):
        run(bowl, np.ones(2, np.float32), Wrong())


@pytest.mark.parametrize("returned", [None, np.ones(2), "1", 1j, True])
def test_a_metric_that_is_no_number(run, returned):
    bowl = FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    with pytest.raises(TypeError, match=r"metrics\['m'\] must return one real number; it returned"):
        run(bowl, np.ones(2), metrics={"m": lambda w: returned}, max_steps=1)
