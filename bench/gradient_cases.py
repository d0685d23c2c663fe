"""40 right and 40 wrong gradients (`gradient_bugs`), on which checks of gradients are measured.

Right ones stand at generic points, at kinks (where any subgradient is right), within a stencil's reach of kinks, at
minima, where gradients are zero, tiny or large.
"""

from __future__ import annotations

import gradient_functions as functions
import numpy as np
from gradient_bugs import wrong_cases
from gradient_data import Array, Case, generator, integer_rows, linear, network, regression, rows, scaled, use_draw

import gdfast as gd


def cases(draw: int = 0) -> list[Case]:
    """All 80, on the random data of this draw."""
    use_draw(draw)
    return [*right_cases(), *wrong_cases()]


def right_cases() -> list[Case]:
    found = [*right_linear(), *right_softmax(), *right_networks(), *right_elementwise(), *right_regressions()]
    assert len(found) == 40
    return found


def right_linear() -> list[Case]:
    """Hinges."""
    X, y, W = rows(1)
    Z, labels, V = integer_rows(2)
    small = X.astype(np.float32)
    pixels = generator(3).integers(0, 256, (23, 6), dtype=np.uint8)
    objectives = {
        "hinge, LinearObjective": (linear(X, y, gd.Hinge()), W),
        "hinge, LinearObjective, float32 X": (linear(small, y, gd.Hinge()), W),
        "hinge, LinearObjective, float32 X and W": (linear(small, y, gd.Hinge()), W.astype(np.float32)),
        "hinge, LinearObjective, uint8 X": (linear(pixels, y, gd.Hinge()), 0.01 * W),
        "hinge + L1, LinearObjective, weights at 0": (linear(X, y, gd.Hinge(), gd.L1(0.1)), np.where(W > 0, W, 0.0)),
        "hinge, LinearObjective, at exact ties": (linear(Z, labels, gd.Hinge()), V),
        "hinge, LinearObjective, 1e-6 from ties": (linear(Z, labels, gd.Hinge()), off_ties(V)),
        "squared hinge, LinearObjective, at exact ties": (linear(Z, labels, gd.SquaredHinge()), V),
    }
    found = [
        Case(title, objective, objective.gradient, point, low="32" in title or "uint8" in title)
        for title, (objective, point) in objectives.items()
    ]
    at_ties = functions.hinge(Z, labels, with_ties=True)[1]
    found += [
        Case("hinge, LinearObjective, >= at exact ties", linear(Z, labels, gd.Hinge()), at_ties, V),
        Case("hinge", *functions.hinge(X, y), W),
        Case("hinge, float32", *functions.hinge(small, y), W.astype(np.float32), low=True),
        Case("hinge, at exact ties", *functions.hinge(Z, labels), V),
        Case("hinge, 1e-6 from ties", *functions.hinge(Z, labels), off_ties(V)),
    ]
    return found


def off_ties(V: Array) -> Array:
    """One row's bias moved, so that its terms' kinks lie within a stencil but not at the point."""
    moved = V.copy()
    moved[1, -1] += 1e-6
    return moved


def right_softmax() -> list[Case]:
    X, y, W = rows(4)
    small = X.astype(np.float32)
    ridge = linear(X, y, gd.CrossEntropy(), gd.L2(0.1))
    lowest = gd.minimize(ridge, W, gd.LBFGS(), step=gd.StrongWolfe(), gtol=1e-10, max_steps=500).w
    return [
        Case("softmax", *functions.softmax(X, y), W),
        Case("softmax, float32", *functions.softmax(small, y), W.astype(np.float32), low=True),
        Case("softmax + L2, LinearObjective", ridge, ridge.gradient, W),
        Case("softmax + L2, LinearObjective, at the minimum", ridge, ridge.gradient, lowest),
        Case("softmax, saturated", *functions.softmax(X, y), 100 * W),
        Case("softmax, features of 1e4", *functions.softmax(1e4 * X, y), 1e-4 * W),
        Case("log-sum-exp", *functions.log_sum_exp(X, X[:, 0]), W[0]),
        Case("log-sum-exp, exponents of 1e3", *functions.log_sum_exp(300 * X, X[:, 0]), W[0]),
    ]


def right_networks() -> list[Case]:
    value, gradient, theta = network(5)
    dead = theta.copy()
    dead[30:32] = -100.0  # biases of two hidden units
    rng = generator(6)
    Z, targets = rng.integers(-2, 3, (20, 5)).astype(np.float64), rng.normal(size=(20, 4))
    near = rng.integers(-1, 2, (4, 5)) + 1e-6 * rng.normal(size=(4, 5))  # all inputs near integers, many near 0
    return [
        Case("ReLU network", value, gradient, theta),
        Case("ReLU network, float32", *network(5, np.float32), low=True),
        Case("ReLU network, dead units", value, gradient, dead),
        Case("ReLU layer, 1e-6 from kinks", *functions.one_layer(Z, targets), near),
    ]


def right_elementwise() -> list[Case]:
    rng = generator(7)
    x, a = rng.normal(size=12), rng.uniform(1, 2, 12)
    zeros = np.where(np.arange(12) % 3 == 0, 0.0, x)
    image, c = rng.normal(size=(2, 6, 6)), rng.uniform(1, 2, (2, 3, 3))
    blocks = rng.integers(0, 2, (2, 6, 6)).astype(np.float64)
    return [
        Case("absolute values", *functions.absolute(a), x),
        Case("absolute values, float32", *functions.absolute(a.astype(np.float32)), x.astype(np.float32), low=True),
        Case("absolute values at 0, subgradient 0", *functions.absolute(a), zeros),
        Case("absolute values at 0, subgradient 1", *functions.absolute(a, at_zero=1.0), zeros),
        Case("absolute values, 3e-6 from 0", *functions.absolute(a), np.where(zeros == 0, 3e-6, zeros)),
        Case("max-pool", *functions.max_pool(c), image),
        Case("max-pool at ties, the first takes all", *functions.max_pool(c), blocks),
        Case("max-pool, 1e-6 from ties", *functions.max_pool(c), blocks + 1e-6 * rng.random(blocks.shape)),
        Case("leaky ReLU at 0", *functions.residual_units(a), zeros),
    ]


def right_regressions() -> list[Case]:
    X, y, w = regression(8)
    at_delta = X @ w + np.where(np.arange(len(y)) % 2 == 0, 1.0, 0.3)  # residuals of -1 and -0.3
    lasso = gd.LinearObjective(X, y, gd.SquaredError(), gd.L1(0.1), bias=False)
    value, gradient = functions.least_squares(X, y)
    return [
        Case("Huber", *functions.huber(X, y), w),
        Case("Huber, residuals at delta", *functions.huber(X, at_delta), w),
        Case(
            "L1-regularised least squares, LinearObjective, weights at 0",
            lasso, lasso.gradient, np.where(w > 0, w, 0.0)[None],
        ),
        Case("least squares at the minimum", value, gradient, np.linalg.lstsq(X, y)[0]),
        Case("least squares, 1e-12 of it", lambda x: 1e-12 * value(x), scaled(gradient, 1e-12), w),
        Case("least squares, 1e12 times it", lambda x: 1e12 * value(x), scaled(gradient, 1e12), w),
    ]  # fmt: skip
