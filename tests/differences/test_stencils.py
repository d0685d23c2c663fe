"""LECTURE 18: how often f is evaluated, counted in real calls."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast.differences import evaluations, numerical_gradient, numerical_hessian, numerical_jacobian
from worked_example import Counted


def test_lecture_18_counts_of_a_linear_classifier_of_cifar10():
    assert evaluations(10 * 3073, "forward") == 30_731
    assert evaluations(10 * 3073, "centered") == evaluations(30_730) == 61_460


@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3)])
@pytest.mark.parametrize("scheme", ["centered", "forward"])
def test_lecture_18_counts_are_those_of_real_calls(shape, scheme):
    x = np.ones(shape)
    for derivative in (numerical_gradient, numerical_jacobian):
        f = Counted(lambda x: float(np.sum(x)))
        derivative(f, x, scheme=scheme)
        blocks = Counted(lambda block: block.reshape(len(block), -1).sum(axis=1))
        derivative(blocks, x, scheme=scheme, vectorized=True)
        assert len(f.seen) == sum(map(len, blocks.seen)) == evaluations(x, scheme) == evaluations(x.size, scheme)
        assert len(blocks.seen) == 1


@pytest.mark.parametrize("size", [1, 2, 5])
def test_lecture_18_the_counts_of_a_hessian_are_those_its_page_says(size):
    f = Counted(lambda x: float(np.sum(x)))
    numerical_hessian(f, np.ones(size), 1e-4)
    assert len(f.seen) == 2 * size**2 + 1
    g = Counted(np.copy)
    numerical_hessian(None, np.ones(size), 1e-4, gradient=g)
    assert len(g.seen) == evaluations(size)


@pytest.mark.parametrize(
    ("x", "error"), [(0, ValueError), (-3, ValueError), (True, TypeError), ("9", TypeError), ([1, 2], TypeError)]
)
def test_what_is_no_size_and_no_point_is_refused(x, error):
    with pytest.raises(error, match="x must"):
        evaluations(x)
    with pytest.raises(ValueError, match="x must not be empty"):
        evaluations(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="scheme must be"):
        evaluations(3, "both")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("scheme", ["centered", "forward"])
def test_lecture_18_quotients_of_every_float_type_divide_by_the_step_really_taken(dtype, scheme):
    x = np.array([1.1, -0.3, 1 / 3], dtype=dtype)
    slopes = np.array([2.0, -4.0, 0.5])
    found = numerical_gradient(lambda x: float(slopes @ x.astype(np.float64)), x, 0.01, scheme)
    np.testing.assert_allclose(found, slopes, rtol=1e-12)


def test_values_that_overflow_make_an_infinite_quotient_without_a_warning():
    assert numerical_gradient(lambda x: math.copysign(1.7e308, x[0]), [0.0]) == [math.inf]
