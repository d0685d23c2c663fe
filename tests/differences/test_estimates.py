"""Steps that suit each coordinate, and estimated errors that bound the true ones, against exact derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gdfast as gd

TERMS = {  # f, f', f''
    "sine": (math.sin, math.cos, lambda t: -math.sin(t)),
    "exponential": (math.exp, math.exp, math.exp),
    "logarithm": (math.log, lambda t: 1 / t, lambda t: -1 / t**2),
    "inverse": (lambda t: 1 / t, lambda t: -1 / t**2, lambda t: 2 / t**3),
    "root": (math.sqrt, lambda t: 0.5 / math.sqrt(t), lambda t: -0.25 / t**1.5),
    "cube": (lambda t: t**3, lambda t: 3 * t**2, lambda t: 6 * t),
    "tanh": (math.tanh, lambda t: math.cosh(t) ** -2, lambda t: -2 * math.tanh(t) * math.cosh(t) ** -2),
    "gauss": (
        lambda t: math.exp(-t * t),
        lambda t: -2 * t * math.exp(-t * t),
        lambda t: (4 * t * t - 2) * math.exp(-t * t),
    ),
    "arctangent": (math.atan, lambda t: 1 / (1 + t * t), lambda t: -2 * t / (1 + t * t) ** 2),
    "entropy": (lambda t: t * math.log(t), lambda t: 1 + math.log(t), lambda t: 1 / t),
    "arc cosine": (
        lambda t: math.acos(t / 4),
        lambda t: -1 / math.sqrt(16 - t * t),
        lambda t: -t * (16 - t * t) ** -1.5,
    ),
}
POINTS, SCALES, CONSTANTS = (0.45, 2.2), (1e-9, 1.0, 1e12), (0.0, 1.0, 1e10)


def cases():
    for name, (f, first, second) in TERMS.items():
        for t in POINTS:
            for scale in SCALES:
                for constant in CONSTANTS:
                    x = t * scale
                    exact = first(x / scale) / scale, second(x / scale) / scale**2
                    yield (
                        name,
                        (lambda x, f=f, s=scale, c=constant: f(x[0] / s) + c),
                        np.array([x]),
                        exact,
                        scale,
                        constant,
                    )


@pytest.mark.parametrize("which", ["gradient", "hessian", "hessian of gradients", "jacobian", "forward"])
def test_estimated_errors_bound_the_true_ones_in_nearly_all_cases(which):
    bounded, total, looseness = 0, 0, []
    for name, f, x, (first, second), scale, constant in cases():
        if which == "hessian of gradients":
            if constant:
                continue
            own = TERMS[name][1]
            gradient = lambda x, own=own, s=scale: np.array([own(x[0] / s) / s])  # noqa: E731
            found, error = gd.numerical_hessian(None, x, gradient=gradient, error=True)
        elif which == "hessian":
            found, error = gd.numerical_hessian(f, x, error=True)
        elif which == "jacobian":
            found, error = gd.numerical_jacobian(lambda x, f=f: np.array([f(x)]), x, "auto", error=True)
        else:
            found, error = gd.numerical_gradient(
                f, x, "auto", "forward" if which == "forward" else "centered", error=True
            )
        exact = second if "hessian" in which else first
        off = abs(float(found.ravel()[0]) - exact)
        bounded += off <= float(error.ravel()[0]) + 1e-15 * abs(exact)
        total += 1
        looseness.append(float(error.ravel()[0]) / max(off, 1e-13 * abs(exact)))
    assert bounded >= 0.98 * total
    assert np.median(looseness) < 30  # and is no bound that says nothing


@pytest.mark.parametrize("h", [1e-3, 1e-5, 1e-7])
def test_the_errors_of_a_given_step_are_its_own(h):
    bounded, total = 0, 0
    for _, f, x, (first, _), scale, _ in cases():
        steps = np.array([h * scale])
        found, error = gd.numerical_gradient(f, x, steps, error=True)
        assert np.array_equal(found, gd.numerical_gradient(f, x, steps))
        bounded += abs(found[0] - first) <= error[0]
        total += 1
    assert bounded >= 0.98 * total


def test_steps_are_relative_to_the_coordinate_and_to_the_values_noise():
    for _, f, x, (first, second), scale, constant in cases():
        found = gd.numerical_gradient(f, x, "auto")[0]
        noise = 1e-16 * max(1.0, constant)
        assert abs(found - first) <= 10 * noise ** (2 / 3) * max(abs(first), 1 / scale) + 1e-7 * abs(first)
        assert abs(gd.numerical_hessian(f, x)[0, 0] - second) <= 30 * noise**0.5 * max(abs(second), 1 / scale**2)


@pytest.mark.parametrize("point", [[1e4, 1e4], [1e6, 1e6], [1e4, 1e-4], [1.0, 0.0], [1e12, 1e-3], [0.0, 0.0]])
@pytest.mark.parametrize("constant", [0.0, 1e10])
def test_hessians_far_out_and_of_large_values(point, constant):
    found = gd.numerical_hessian(lambda z: float(z @ z) + constant, point)
    np.testing.assert_allclose(found, 2 * np.eye(2), atol=2e-5)
    found = gd.numerical_hessian(lambda z: float(z @ [[3.0, 1.0], [1.0, 2.0]] @ z) + constant, point)
    np.testing.assert_allclose(found, [[6, 2], [2, 4]], atol=1e-4)


def test_parameters_of_mixed_units_in_one_vector():
    units = np.array([1e12, 1e-3, 1.0, 1e-8])
    x = units * [1.1, 0.7, 0.4, 2.0]

    def f(x):
        z = x / units
        return float(np.sin(z[0]) * z[1] ** 2 + np.exp(z[2]) * z[3])

    z = x / units
    gradient = [np.cos(z[0]) * z[1] ** 2, 2 * np.sin(z[0]) * z[1], np.exp(z[2]) * z[3], np.exp(z[2])]
    np.testing.assert_allclose(gd.numerical_gradient(f, x, "auto") * units, gradient, rtol=1e-8)
    hessian = np.zeros((4, 4))
    hessian[0, :2] = -np.sin(z[0]) * z[1] ** 2, 2 * np.cos(z[0]) * z[1]
    hessian[1, :2] = 2 * np.cos(z[0]) * z[1], 2 * np.sin(z[0])
    hessian[2, 2:] = np.exp(z[2]) * z[3], np.exp(z[2])
    hessian[3, 2] = np.exp(z[2])
    found, error = gd.numerical_hessian(f, x, error=True)
    np.testing.assert_allclose(found * np.outer(units, units), hessian, atol=1e-5)
    assert (np.abs(found - hessian / np.outer(units, units)) <= error).all()


def test_a_short_wave_far_from_the_origin_is_resolved():
    found, error = gd.numerical_gradient(
        lambda x: math.sin(x[0] / 1e-8) + math.sin(x[1]), [0.9, 1.7], "auto", error=True
    )
    exact = math.cos(0.9 / 1e-8) * 1e8, math.cos(1.7)
    assert (abs(found - exact) <= error).all()
    np.testing.assert_allclose(found, exact, rtol=1e-2)


def test_float32_inside_float64():
    def f(x):
        return float(np.sum(np.exp(x.astype(np.float32)), dtype=np.float32))

    x = np.array([0.3, -1.2, 0.7])
    found, error = gd.numerical_gradient(f, x, "auto", error=True)
    np.testing.assert_allclose(found, np.exp(x), rtol=1e-3)
    assert (abs(found - np.exp(x)) <= error).all()
    narrow = x.astype(np.float32)
    np.testing.assert_allclose(gd.numerical_gradient(lambda x: np.exp(x).sum(), narrow, "auto"), np.exp(x), rtol=1e-3)


@pytest.mark.parametrize(
    "outside", [math.nan, math.inf, ValueError("mine"), ZeroDivisionError("mine"), RuntimeError("mine")]
)
@pytest.mark.parametrize("vectorized", [False, True])
def test_the_edge_of_a_domain_is_not_crossed(outside, vectorized):
    def one(x):
        if x[0] <= 0:
            if isinstance(outside, Exception):
                raise outside
            return outside
        return x[0] * math.log(x[0]) + x[1] ** 2

    f = (lambda points: np.array([one(x) for x in points])) if vectorized else one
    x = np.array([1e-7, 1.0])
    found = gd.numerical_gradient(f, x, "auto", vectorized=vectorized)
    np.testing.assert_allclose(found, [1 + math.log(1e-7), 2.0], rtol=1e-7)
    hessian = gd.numerical_hessian(f, x, vectorized=vectorized)
    np.testing.assert_allclose(hessian[0, 0], 1e7, rtol=1e-3)
    np.testing.assert_allclose(hessian[1], [0, 2], atol=1e-3)


def test_where_no_step_is_of_use_what_f_raised_comes_through():
    def f(x):
        if x[0] != 1.0:
            raise OSError("mine")
        return 1.0

    with pytest.raises(OSError, match="mine"):
        gd.numerical_gradient(f, [1.0], "auto")
    with pytest.raises(ValueError, match="must return a finite number"):
        gd.numerical_gradient(lambda x: 1.0 if x[0] == 1.0 else math.nan, [1.0], "auto")
    with pytest.raises(TypeError, match="f must return one real number"):  # a mistake, wherever it happens
        gd.numerical_gradient(lambda x: 1.0 if x[0] == 1.0 else None, [1.0], "auto")


def test_an_array_of_steps_is_a_step_for_each_coordinate():
    x, h = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1e-2, 1e-3], [1e-4, 1e-5]])
    seen = []

    def f(x):
        seen.append(x)
        return float(np.sum(x**3))

    found = gd.numerical_gradient(f, x, h)
    np.testing.assert_allclose(found, 3 * x**2 + h**2, rtol=1e-7)
    np.testing.assert_allclose(np.abs(np.array(seen) - x).max(axis=(1, 2)), np.repeat(h.ravel(), 2), rtol=1e-9)
    one = gd.numerical_gradient(f, x, h, coordinates=[3, 0])
    assert np.array_equal(one, found.ravel()[[3, 0]])
    assert np.array_equal(gd.numerical_gradient(f, x, 1e-3), gd.numerical_gradient(f, x, np.full((2, 2), 1e-3)))
    jacobian = gd.numerical_jacobian(lambda x: x**3, x, h)
    assert np.array_equal(jacobian.sum(axis=(0, 1)), found) or np.allclose(jacobian.sum(axis=(0, 1)), found, rtol=1e-9)
    values, errors = gd.numerical_jacobian(lambda x: x**3, x, h, error=True)
    assert np.array_equal(values, jacobian)
    assert values.shape == errors.shape == (2, 2, 2, 2)
    np.testing.assert_allclose(gd.numerical_hessian(f, x, h).reshape(4, 4), np.diag(6 * x.ravel()), atol=1e-4)


@pytest.mark.parametrize("take", [gd.numerical_gradient, gd.numerical_jacobian, gd.numerical_hessian])
@pytest.mark.parametrize(
    ("h", "error", "words"),
    [
        (np.ones(3), ValueError, r"h must be a number or have x's shape \(2,\), a step for each; its shape is \(3,\)"),
        ([1e-3], ValueError, r"its shape is \(1,\)"),
        ([1e-3, 0.0], ValueError, r"h must be > 0; h\[1\] is 0"),
        ([1e-3, math.nan], ValueError, r"h must be finite; h\[1\] is nan"),
        ([1e-3, 1j], TypeError, "h must hold real numbers; its dtype is complex128"),
        (np.ma.array([1e-3, 1e-3]), TypeError, "h must be a plain array; it is a masked array"),
        ("relative", TypeError, "h must be a real number, an array of them or 'auto'; it is str 'relative'"),
        ([1e-3, 1e-30], ValueError, r"h must change x\[1\] when rounded to float64; h = 1e-30 is lost"),
    ],
)
def test_steps_that_are_none_are_refused_before_f_is_called(take, h, error, words):
    called = []
    with pytest.raises(error, match=words):
        take(lambda x: called.append(x) or 0.0, [1.0, 2.0], h)
    assert called == []


def test_what_the_steps_cost():
    calls = []

    def f(x):
        calls.append(x)
        return float(np.exp(x).sum())

    x = np.array([0.5, 1.0, 2.0])
    gd.numerical_gradient(f, x, "auto")
    assert len(calls) == 6 * 3 + 1
    calls.clear()
    gd.numerical_hessian(f, x)
    assert len(calls) >= 2 * 3**2 + 1 + 4 * 3


@pytest.mark.parametrize("constant", [1.0, 1e4, 1e8])
@pytest.mark.parametrize("h", ["auto", 1e-3, 1e-5, 1e-7])
def test_noise_inside_a_function_is_seen_in_its_values(constant, h):
    """Values whose last bits are always 0, as of sums with a constant that is taken away again."""
    bounded, total = 0, 0
    for f, first, _ in TERMS.values():
        for t in (0.45, 1.3, 2.2):
            x = np.array([t])
            steps = h if isinstance(h, str) else h * x
            found, error = gd.numerical_gradient(lambda x, f=f: (f(x[0]) + constant) - constant, x, steps, error=True)
            bounded += abs(found[0] - first(t)) <= error[0]
            total += 1
            if h == "auto":
                assert abs(found[0] - first(t)) <= 1e-8 * constant**0.5 * abs(first(t))
    assert bounded >= 0.98 * total


def test_a_small_value_beside_one():
    x = np.random.default_rng(11).normal(size=5) * 0.01
    exact = 2 * x / (1 + x @ x)
    found, error = gd.numerical_gradient(lambda x: float(np.log(1 + (x**2).sum())), x, "auto", error=True)
    assert (np.abs(found - exact) <= error).all()
    np.testing.assert_allclose(found, exact, rtol=1e-4)
