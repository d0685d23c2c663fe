"""What ScoreLoss refuses: settings, what its function returns, and losses of a user's that are none."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.objective.losses import Loss


def softmax(scores, y):
    shifted = scores - scores.max(axis=1, keepdims=True)
    shares = np.exp(shifted)
    shares /= shares.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    return -np.log(shares[rows, y]), shares - (np.arange(scores.shape[1]) == y[:, None])


@pytest.mark.parametrize(
    ("returned", "error", "words"),
    [
        (lambda s, y: s.sum(axis=1), TypeError, r"function must return \(losses, gradient\)"),
        (lambda s, y: None, TypeError, r"function must return \(losses, gradient\)"),
        (lambda s, y: (s.sum(axis=1), s, s), TypeError, r"function must return \(losses, gradient\)"),
        (lambda s, y: (s.sum(), s), ValueError, r"function \(losses\) must return the shape \(3,\)"),
        (lambda s, y: (s.sum(axis=1, keepdims=True), s), ValueError, r"\(losses\) must return the shape \(3,\)"),
        (lambda s, y: (s.sum(axis=1), s.T), ValueError, r"function \(gradient\) must return the shape \(3, 2\)"),
        (lambda s, y: (s.sum(axis=1), s[0]), ValueError, r"function \(gradient\) must return the shape \(3, 2\)"),
        (lambda s, y: (s.sum(axis=1), s + 0j), TypeError, r"\(gradient\) must return an array of real numbers"),
        (lambda s, y: (s.sum(axis=1) > 0, s), TypeError, r"\(losses\) must return an array of real numbers"),
        (lambda s, y: (np.array(["a"] * 3), s), TypeError, r"\(losses\) must return an array of real numbers"),
        (
            lambda s, y: (s.sum(axis=1), [[1.0], [1.0, 2.0], [3.0]]),
            TypeError,
            r"\(gradient\) must return an array of real",
        ),
        (lambda s, y: (np.ma.array(s.sum(axis=1)), s), TypeError, "MaskedArray"),
    ],
)
def test_what_the_function_returns_is_checked(returned, error, words):
    objective = gd.LinearObjective(np.ones((3, 2)), np.array([0, 1, 1]), gd.ScoreLoss(returned))
    W = np.ones((2, 3))
    for call in (objective.value, objective.gradient, lambda W: gd.along_ray(objective, W, W).value(1.0)):
        with pytest.raises(error, match=words):
            call(W)
    with pytest.raises(error, match=words):
        objective.loss.value(np.ones((3, 2)), np.array([0, 1, 1]))


def test_errors_of_the_function_reach_the_caller():
    def fails(scores, y):
        raise ZeroDivisionError("mine")

    objective = gd.LinearObjective(np.ones((3, 2)), np.array([0, 1, 1]), gd.ScoreLoss(fails))
    with pytest.raises(ZeroDivisionError, match="mine"):
        objective.value(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "name"),
    [
        ((3,), {}, TypeError, "function"),
        ((None,), {}, TypeError, "function"),
        ((softmax,), {"classifies": 1}, TypeError, "classifies"),
        ((softmax,), {"curvature": 0}, ValueError, "curvature"),
        ((softmax,), {"curvature": np.nan}, ValueError, "curvature"),
        ((softmax,), {"curvature": "big"}, TypeError, "curvature"),
    ],
)
def test_bad_settings_are_named(arguments, options, error, name):
    with pytest.raises(error, match=name):
        gd.ScoreLoss(*arguments, **options)


class Code(Loss):
    code = 77


class Doubled(gd.Hinge):
    def value(self, scores, y, sample_weight=None):
        return 2 * super().value(scores, y, sample_weight)


class Wrapped(gd.ScoreLoss):
    pass


@pytest.mark.parametrize("loss", [Code(), Doubled(), Wrapped(softmax), Loss(), "hinge", gd.Hinge, None])
def test_other_losses_are_refused(loss):
    X, y = np.ones((3, 2)), np.array([0, 1, 1])
    if loss is not None:
        with pytest.raises(TypeError, match="loss must be a"):
            gd.LinearObjective(X, y, loss)
    with pytest.raises(TypeError, match="loss must be a"):
        gd.LinearObjective(X, y).with_terms(loss, None)
    with pytest.raises(TypeError, match="loss must be a"):
        gd.Model(np.ones((2, 3)), loss)
