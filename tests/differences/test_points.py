"""Calling f: one by one or in blocks, the same bits, the same errors, and x is never lent to it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast.differences import (
    directional_derivative,
    numerical_gradient,
    numerical_hessian,
    numerical_jacobian,
    points,
    step_sweep,
)
from worked_example import Counted


def sweep(f, x, h=None, **settings):
    return step_sweep(f, np.zeros_like, x, None if h is None else [h], **settings).error


def directional(f, x, h=1e-5, **settings):
    return directional_derivative(f, x, np.arange(1.0, np.size(x) + 1).reshape(np.shape(x)), h, **settings)


EVERY = pytest.mark.parametrize(
    "derivative", [numerical_gradient, numerical_jacobian, numerical_hessian, directional, sweep]
)


def value(x):
    """One number, by operations of which each element is the same in a block."""
    return float(x[0, 0] * x[0, 1] ** 3 - x[1, 2] / (2 + x[1, 0] ** 2))


def values(X):
    return X[:, 0, 0] * X[:, 0, 1] ** 3 - X[:, 1, 2] / (2 + X[:, 1, 0] ** 2)


X = np.random.default_rng(4).normal(size=(2, 3))


@pytest.fixture(params=[1, 150, 2**22])
def _blocks_of_bytes(request, monkeypatch):
    monkeypatch.setattr(points, "BLOCK_BYTES", request.param)


@EVERY
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.usefixtures("_blocks_of_bytes")
def test_a_vectorized_function_gives_the_same_bits(derivative, dtype):
    x = np.asfortranarray(X.astype(dtype))

    def plain(x):  # float64 inside, so that the scalars of NumPy round as its arrays do
        return value(x.astype(np.float64))

    def vectorized(block):
        assert block.dtype == dtype
        assert block.shape[1:] == (2, 3)
        return values(block.astype(np.float64))

    one_by_one = derivative(plain, x, h=0.01)
    in_blocks = derivative(vectorized, x, h=0.01, vectorized=True)
    assert np.array_equal(one_by_one, in_blocks)


@pytest.mark.parametrize("scheme", ["centered", "forward"])
@pytest.mark.usefixtures("_blocks_of_bytes")
def test_vectorized_gradients_by_scheme_and_coordinates(scheme):
    for coordinates in (None, [4, 0, 5]):
        plain = numerical_gradient(value, X, 1e-4, scheme, coordinates=coordinates)
        fast = numerical_gradient(values, X, 1e-4, scheme, coordinates=coordinates, vectorized=True)
        assert np.array_equal(plain, fast)


@pytest.mark.parametrize("scheme", ["centered", "forward"])
@pytest.mark.usefixtures("_blocks_of_bytes")
def test_a_vectorized_jacobian_gives_the_same_bits(scheme):
    plain = numerical_jacobian(lambda x: x**2 * x[0, 1], X, 1e-4, scheme)
    fast = numerical_jacobian(lambda block: block**2 * block[:, :1, 1:2], X, 1e-4, scheme, vectorized=True)
    assert plain.shape == (2, 3, 2, 3)
    assert np.array_equal(plain, fast)


@pytest.mark.usefixtures("_blocks_of_bytes")
def test_a_vectorized_gradient_gives_the_same_hessian():
    plain = numerical_hessian(None, X, gradient=lambda x: x**2)
    assert np.array_equal(plain, numerical_hessian(None, X, gradient=lambda block: block**2, vectorized=True))


def test_vectorized_functions_of_a_number():
    assert numerical_gradient(np.exp, 0.0, vectorized=True) == numerical_gradient(np.exp, 0.0)
    assert numerical_hessian(np.exp, 0.0, vectorized=True) == numerical_hessian(np.exp, 0.0)


def test_blocks_are_bounded_and_few():
    x = np.zeros(2**12)
    f = Counted(lambda block: block[:, 0])
    numerical_gradient(f, x, vectorized=True)
    assert max(block.nbytes for block in f.seen) <= points.BLOCK_BYTES
    assert sum(len(block) for block in f.seen) == 2 * x.size
    assert len(f.seen) == math.ceil(2 * x.size * x.nbytes / points.BLOCK_BYTES)


@EVERY
def test_x_is_untouched_whatever_f_does(derivative):
    x = X.copy()
    x.flags.writeable = False

    def spoil(y):
        found = value(y)
        y[:] = np.nan
        return found

    def spoil_blocks(block):
        found = values(block)
        block[:] = np.nan
        return found

    assert np.array_equal(derivative(spoil, x), derivative(value, x))
    assert np.array_equal(derivative(spoil_blocks, x, vectorized=True), derivative(values, x, vectorized=True))
    assert np.array_equal(x, X)
    for settings in ({}, {"vectorized": True}):
        f = Counted(lambda y: value(y) if y.ndim == 2 else values(y))
        derivative(f, x, **settings)
        assert len({id(y) for y in f.seen}) == len(f.seen)
        assert not any(np.shares_memory(x, y) for y in f.seen)


@EVERY
@pytest.mark.parametrize("vectorized", [False, True])
def test_an_exception_of_f_comes_through_unchanged_with_the_place_as_a_note(derivative, vectorized):
    x, original = X.copy(), KeyError("mine")

    def f(y):
        y[:] = 0.0
        raise original

    with pytest.raises(KeyError) as caught:
        derivative(f, x, vectorized=vectorized)
    assert caught.value is original
    (note,) = caught.value.__notes__
    assert note.startswith("raised by f at ")
    assert ("points from" in note) == vectorized
    assert np.array_equal(x, X)


def test_the_note_names_both_coordinates_of_a_second_derivative():
    def f(x):
        return 1 / 0 if x[0, 1] > 1 and x[1, 2] < 1 else 0.0

    with pytest.raises(ZeroDivisionError) as caught:
        numerical_hessian(f, np.ones((2, 3)), 1e-4)
    assert "at x + h in x[0, 1], - h in x[1, 2] (h = 0.0001)" in caught.value.__notes__[0]


def test_the_note_of_a_sweep_names_the_step():
    with pytest.raises(ValueError, match="domain") as caught:
        step_sweep(lambda x: math.log(x[1]), np.copy, [1.0, 0.05], hs=[0.1, 0.2])  # no step is left
    assert "at x - h in x[1] (h = 0.2)" in caught.value.__notes__[0]


def test_the_note_names_the_gradient_where_that_raises():
    def gradient(x):
        raise RuntimeError("mine")

    for call in (
        lambda: numerical_hessian(None, X, gradient=gradient),
        lambda: step_sweep(value, gradient, X),
    ):
        with pytest.raises(RuntimeError, match="mine") as caught:
            call()
        assert caught.value.__notes__[0].startswith("raised by gradient at x")


SCALARS = pytest.mark.parametrize("derivative", [numerical_gradient, numerical_hessian, directional, sweep])


@SCALARS
@pytest.mark.parametrize("bad", [None, "1", 1j, np.complex128(1), np.ones(1), np.ones((2, 2)), True, np.True_, [1.0]])
def test_what_is_no_real_number_is_refused(derivative, bad):
    with pytest.raises(TypeError, match=r"f must return one real number; at x.* it returned"):
        derivative(lambda x: bad, X)


@SCALARS
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, np.float32(math.nan)])
def test_what_is_not_finite_is_refused(derivative, bad):
    with pytest.raises(ValueError, match=r"f must return a finite number; at x.* it returned -?(nan|inf)"):
        derivative(lambda x: bad, X)


@SCALARS
@pytest.mark.parametrize(
    "shape",
    [lambda m: (), lambda m: (1,), lambda m: (m + 1,), lambda m: (m, 1), lambda m: (1, m)],
    ids=["number", "one", "one more", "column", "row"],
)
def test_vectorized_values_of_another_shape_are_refused(derivative, shape):
    with pytest.raises(ValueError, match=r"f must return the shape \(\d+,\) with vectorized=True, for \d+ points"):
        derivative(lambda block: np.zeros(shape(len(block))), X, vectorized=True)


@EVERY
@pytest.mark.parametrize(
    "bad", [None, "1", 1j, np.ma.zeros(12), [[1.0], [1.0, 2.0]], np.ones(12, bool), np.array([None] * 12)]
)
def test_vectorized_values_that_are_not_real_are_refused(derivative, bad):
    with pytest.raises(TypeError, match=r"f must return an array of real numbers; at the .* points from x"):
        derivative(lambda block: bad, X, vectorized=True)


def test_a_vectorized_value_that_is_not_finite_names_its_coordinate():
    def f(block):
        return np.where(block[:, 1, 0] < 1, np.nan, 0.0)

    with pytest.raises(ValueError, match=r"finite numbers; at x - h in x\[1, 0\] \(h = 1e-05\) it returned nan"):
        numerical_gradient(f, np.ones((2, 3)), vectorized=True)
    with pytest.raises(ValueError, match=r"at x - h in x\[1, 0\]"):
        numerical_jacobian(lambda block: np.stack([f(block)] * 2, axis=1), np.ones((2, 3)), vectorized=True)


def test_a_vectorized_jacobian_of_another_shape_is_refused(monkeypatch):
    monkeypatch.setattr(points, "BLOCK_BYTES", 3 * X.nbytes)
    for wrong in (lambda block: 1.0, lambda block: np.zeros((len(block) + 1, 2)), lambda block: np.zeros((2, 3))):
        with pytest.raises(ValueError, match=r"f must return the shape \(3, ...\) with vectorized=True"):
            numerical_jacobian(wrong, X, vectorized=True)
    sizes = iter([2, 3])
    with pytest.raises(ValueError, match=r"f must return the shape \(3, 2\) .* its shape is \(3, 3\)"):
        numerical_jacobian(lambda block: np.zeros((len(block), next(sizes))), X, vectorized=True)


@EVERY
@pytest.mark.parametrize("x", [3, [1, 2], np.array([True]), np.array([1j]), np.array(["a"]), None, np.ma.ones(2)])
def test_points_of_another_type_are_refused_before_f_is_called(derivative, x):
    f = Counted(lambda x: 0.0)
    with pytest.raises(TypeError, match="x must be"):
        derivative(f, x)
    assert f.seen == []


@EVERY
@pytest.mark.parametrize("x", [np.zeros(0), np.zeros((3, 0)), np.array([1.0, math.nan]), np.array(math.inf)])
def test_points_that_are_empty_or_not_finite_are_refused_before_f_is_called(derivative, x):
    f = Counted(lambda x: 0.0)
    with pytest.raises(ValueError, match="x must"):
        derivative(f, x)
    assert f.seen == []


@EVERY
@pytest.mark.parametrize("h", [0, 0.0, -1e-5, math.nan, math.inf])
def test_steps_that_are_not_positive_are_refused_before_f_is_called(derivative, h):
    f = Counted(lambda x: 0.0)
    with pytest.raises(ValueError, match=r"hs? must be"):
        derivative(f, X, h=h)
    assert f.seen == []


@EVERY
def test_a_step_that_is_lost_is_refused_before_f_is_called(derivative):
    f = Counted(lambda x: 0.0)
    with pytest.raises(ValueError, match="when rounded to float32"):
        derivative(f, np.full(3, 1e6, np.float32), h=1e-3)
    assert f.seen == []


@EVERY
@pytest.mark.parametrize("vectorized", [1, None, "yes"])
def test_vectorized_is_a_flag(derivative, vectorized):
    with pytest.raises(TypeError, match="vectorized must be True or False"):
        derivative(value, X, vectorized=vectorized)


@EVERY
def test_what_cannot_be_called_is_refused(derivative):
    with pytest.raises(TypeError, match=r"f must be .*callable"):
        derivative(3.0, X)


@EVERY
@pytest.mark.parametrize("library", ["torch", "jax.numpy"])
def test_functions_of_other_libraries_serve(derivative, library):
    np_like = pytest.importorskip(library)

    def squares(x):
        return (np_like.asarray(x) ** 2).sum()

    found, expected = derivative(squares, X, h=0.01), derivative(lambda x: (x**2).sum(), X, h=0.01)
    np.testing.assert_allclose(found, expected, rtol=0.01, atol=0.01)  # JAX computes in float32


def test_a_stop_iteration_of_the_function_comes_through():
    def stops(x):
        raise StopIteration("the data ran out")

    with pytest.raises(StopIteration, match="the data ran out") as raised:
        numerical_gradient(stops, [1.0])
    assert "raised by f at x + h in x[0]" in raised.value.__notes__[0]
