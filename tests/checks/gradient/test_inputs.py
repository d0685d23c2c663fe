"""What check_gradient refuses, and how it says so."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast.checks import check_gradient
from gradients import Corner, Quartic, point, softmax, softmax_gradient


def test_an_objective_without_a_gradient_of_its_own_is_refused():
    with pytest.raises(ValueError, match="only check itself"):
        check_gradient(Corner(), at=np.ones(3))
    assert check_gradient(Corner(), np.sign, np.ones(3)).passed


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((softmax,), "gradient must be given"),
        ((softmax, None, np.ones(2)), "gradient must be given"),
        ((softmax, softmax_gradient), "at must be the point"),
        ((Quartic(2),), "at must be the point"),
        ((Quartic(2), np.ones(2)), "gradient must be callable"),
        ((3.0, softmax_gradient, np.ones(2)), "value must be an objective or a callable"),
        ((softmax, softmax_gradient, [1, 2]), "at must be a float array"),
        ((softmax, softmax_gradient, [1j]), "at must be a float array"),
    ],
)
def test_the_wrong_type_of_argument_is_refused(arguments, match):
    with pytest.raises(TypeError, match=match):
        check_gradient(*arguments)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("h", 0, ValueError),
        ("h", -1e-5, ValueError),
        ("h", np.nan, ValueError),
        ("h", "small", TypeError),
        ("rtol", 0.0, ValueError),
        ("rtol", None, TypeError),
        ("rng", -1, ValueError),
        ("rng", "seed", TypeError),
        ("coordinates", 0, ValueError),
        ("coordinates", -5, ValueError),
        ("coordinates", 2.0, TypeError),
        ("coordinates", True, TypeError),
        ("coordinates", "all", TypeError),
        ("coordinates", [], ValueError),
        ("coordinates", [6], ValueError),
        ("coordinates", [-1], ValueError),
        ("coordinates", [1, 1], ValueError),
        ("coordinates", [0.5], TypeError),
        ("at", [], ValueError),
        ("at", [1.0, np.nan], ValueError),
        ("vectorized", 1, TypeError),
        ("vectorized", True, ValueError),  # an objective has one value
    ],
)
def test_bad_settings_are_refused_before_any_work(name, value, error):
    objective = Quartic((2, 3))
    arguments = {"at": point((2, 3)), name: value}
    with pytest.raises(error, match=name):
        check_gradient(objective, **arguments)
    assert objective.values == objective.gradients == 0


@pytest.mark.parametrize(
    ("gradient", "error", "match"),
    [
        (lambda w: w[:2], ValueError, r"shape \(3,\); it returned shape \(2,\)"),
        (lambda w: w[None], ValueError, r"it returned shape \(1, 3\)"),
        (lambda w: w.astype(np.float32), TypeError, "dtype float64; it returned ndarray of dtype float32"),
        (lambda w: w.astype(int), TypeError, "it returned ndarray of dtype int"),
        (lambda w: w + 0j, TypeError, "it returned ndarray of dtype complex128"),
        (lambda w: None, TypeError, "it returned NoneType"),
        (lambda w: [[1.0], [1.0, 2.0]], TypeError, "it returned list"),
    ],
)
def test_a_gradient_of_another_shape_or_dtype_is_refused(gradient, error, match):
    with pytest.raises(error, match=match):
        check_gradient(softmax, gradient, np.ones(3))


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (None, TypeError),
        (np.ones(3), TypeError),
        (np.ones(1), TypeError),
        (1 + 2j, TypeError),
        ("1", TypeError),
        (True, TypeError),
        (np.nan, ValueError),
        (-np.inf, ValueError),
    ],
)
def test_a_value_that_is_no_finite_number_is_refused(value, error):
    with pytest.raises(error, match="f must return"):
        check_gradient(lambda w: value, np.ones_like, np.ones(3))


def test_an_exception_of_the_function_comes_through_with_the_coordinate():
    def f(w):
        if w[1] > 1:
            raise KeyError("mine")
        return 1.0

    with pytest.raises(KeyError, match="mine") as caught:
        check_gradient(f, np.zeros_like, np.ones(3))
    assert any("x[1]" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("coordinates", [None, "direction"])
def test_an_exception_of_the_gradient_comes_through(coordinates):
    def gradient(w):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as caught:
        check_gradient(softmax, gradient, np.ones(3), coordinates=coordinates)
    assert caught.value.__notes__ == ["raised by gradient, in a gradient check"]


def test_further_steps_never_raise_and_never_warn():
    """The user did not ask for their steps: where f is not defined so far away, or raises, they are left out."""

    def f(w):
        if np.any(w <= 0):
            raise ValueError("mine")
        return float(np.sum(np.log(w)))

    w = np.array([2e-5, 1.0, 2.0])  # longer steps than h = 1e-5 leave the domain
    assert check_gradient(f, lambda w: 1 / w, w).verdict == "PASS"
    assert check_gradient(f, lambda w: 1.01 / w, w).verdict == "FAIL"
    assert check_gradient(lambda w: np.sum(np.log(w)), lambda w: 1.01 / w, w).verdict == "FAIL"


def test_a_value_of_many_points_must_be_one_for_each():
    with pytest.raises(ValueError, match="vectorized=True"):
        check_gradient(lambda w: np.sum(w), np.ones_like, np.ones(3), vectorized=True)
