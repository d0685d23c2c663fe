"""40 wrong gradients: 8 kinds of bugs, five of each."""

from __future__ import annotations

from typing import Any

import gradient_functions as functions
import numpy as np
from gradient_data import (
    Array,
    Case,
    Gradient,
    generator,
    integer_rows,
    linear,
    network,
    regression,
    rows,
    scaled,
    transposed,
    with_part,
)

import gdfast as gd


def wrong_cases() -> list[Case]:
    found = [
        *wrong_means(), *wrong_signs(), *transposes(), *missing_rows(), *wrong_regularizers(), *wrong_margins(),
        *wrong_ties(), *wrong_blocks(),
    ]  # fmt: skip
    assert len(found) == 40
    return found


def wrong_means() -> list[Case]:
    """1/N missing, or once too often."""
    X, y, W = rows(10)
    n, small = len(y), X.astype(np.float32)
    ridge, bare = functions.softmax(X, y, 0.1)[1], functions.softmax(X, y)[1]
    value, gradient, theta = network(11)
    Z, t, w = regression(12, np.float32)
    loss, slope = functions.huber(Z, t)
    hinge = linear(small, y, gd.Hinge())
    missing, extra = ("missing factor 1/N",), ("extra factor 1/N",)
    kind = "1/N"
    return [
        Case("hinge", functions.hinge(X, y)[0], scaled(functions.hinge(X, y)[1], n), W, kind, missing),
        Case(
            "softmax + L2, LinearObjective: the data's part",
            linear(X, y, gd.CrossEntropy(), gd.L2(0.1)), lambda V: ridge(V) + (n - 1) * bare(V), W, kind, missing,
        ),
        Case("ReLU network", value, scaled(gradient, 1 / 20), theta, kind, extra),
        Case("Huber, float32", loss, scaled(slope, 30), w, kind, missing, low=True),
        Case("hinge, LinearObjective, float32 X", hinge, scaled(hinge.gradient, 1 / n), W, kind, extra, low=True),
    ]  # fmt: skip


def wrong_signs() -> list[Case]:
    X, y, W = rows(13)
    hinge = linear(X, y, gd.Hinge())
    small = X.astype(np.float32)
    Z, t, w = regression(14)
    lasso = gd.LinearObjective(Z, t, gd.SquaredError(), gd.L1(0.1), bias=False)
    kind, names = "sign", ("sign flipped",)
    loss, slope = functions.softmax(small, y)
    value, gradient = functions.log_sum_exp(X, X[:, 0])
    huber = functions.huber(Z, t)
    return [
        Case("hinge, LinearObjective", hinge, scaled(hinge.gradient, -1), W, kind, names),
        Case("softmax, float32", loss, scaled(slope, -1), W.astype(np.float32), kind, names, low=True),
        Case(
            "L1-regularised least squares, LinearObjective: the regularizer's",
            lasso, lambda V: lasso.gradient(V) - 0.2 * np.sign(V), w[None], kind, names,
        ),
        Case("log-sum-exp", value, scaled(gradient, -1), W[0], kind, names),
        Case("Huber", huber[0], scaled(huber[1], -1), w, kind, names),
    ]  # fmt: skip


def transposes() -> list[Case]:
    rng = generator(15)
    X, y, W = rng.normal(size=(23, 5)), rng.integers(0, 5, 23), rng.normal(size=(5, 5))
    softmax = gd.LinearObjective(X, y, gd.CrossEntropy(), bias=False, n_classes=5)
    value, gradient = functions.factorization(np.diag(rng.normal(size=5)))
    targets, small = rng.normal(size=(23, 4)), X.astype(np.float32)
    layer = functions.one_layer(small, rng.normal(size=(23, 5)).astype(np.float32))
    tensor = functions.tensor_regression(rng.normal(size=(20, 3, 3, 4)), rng.normal(size=20))
    kind, names = "transpose", ("transposed",)
    return [
        Case("softmax, LinearObjective", softmax, transposed(softmax.gradient), W, kind, names),
        Case("matrix factorization", value, transposed(gradient), W, kind, names),
        Case(
            "least squares: reshaped instead", *functions.least_squares(X, targets, reshaped=True), W[:4], kind, names
        ),
        Case("ReLU layer, float32", layer[0], transposed(layer[1]), W.astype(np.float32), kind, names, low=True),
        Case("a tensor, two axes", tensor[0], transposed(tensor[1], 1, 0, 2), rng.normal(size=(3, 3, 4)), kind, names),
    ]


def missing_rows() -> list[Case]:
    """The right class's share forgotten."""
    X, y, W = rows(16)
    small = X.astype(np.float32)
    squared = gd.LinearObjective(X, y, gd.SquaredHinge(), bias=False, n_classes=4)
    kind, names = "correct-class row", ("correct-class row missing",)

    def forgets(objective: Any, X: Array) -> Gradient:
        def gradient(V: Array) -> Array:  # the wrong classes' terms alone
            terms = 2 * np.maximum(objective.margins(V), 0)
            return terms.T @ X / len(X)

        return gradient

    def both(make: Any, X: Array, *settings: Any) -> Gradient:
        wrong: Gradient = make(X, y, *settings, correct_row=False)[1]
        return wrong

    hinge, softmax = functions.hinge, functions.softmax
    return [
        Case("hinge, LinearObjective", linear(X, y, gd.Hinge()), both(hinge, X), W, kind, names),
        Case(
            "softmax, LinearObjective, float32 X",
            linear(small, y, gd.CrossEntropy()), both(softmax, X), W, kind, names, low=True,
        ),
        Case(
            "softmax + L2, LinearObjective",
            linear(X, y, gd.CrossEntropy(), gd.L2(0.1)), both(softmax, X, 0.1), W, kind, names,
        ),
        Case("squared hinge, LinearObjective, no bias", squared, forgets(squared, X), W, kind, names),
        Case("hinge", *hinge(X, y, correct_row=False), W, kind, names),
    ]  # fmt: skip


def wrong_regularizers() -> list[Case]:
    """L2's factor 2 forgotten, or the bias penalised in the gradient alone."""
    X, y, W = rows(17)
    hinge = linear(X, y, gd.Hinge(), gd.L2(0.1))
    Z, t, w = regression(18)
    kind = "regularizer"
    factor, bias = ("without the factor 2",), ("regularizer on the bias",)

    def on_bias(V: Array) -> Array:
        found = hinge.gradient(V)
        found[:, -1] += 0.2 * V[:, -1]
        return found

    softmax = linear(X, y, gd.CrossEntropy(), gd.L2(0.1))
    halved = functions.softmax(X, y, 0.1, factor=1.0)[1]
    return [
        Case("softmax + L2, LinearObjective: factor", softmax, halved, W, kind, factor),
        Case("hinge + L2, LinearObjective: bias", hinge, on_bias, W, kind, bias),
        Case("ridge regression: factor", *functions.least_squares(Z, t, l2=0.1, factor=1.0), w, kind, factor),
        Case("softmax + L2: bias", *functions.softmax(X, y, 0.1, penalised_bias=True), W, kind, bias),
        Case("ReLU network, float32: factor", *network(19, np.float32, 0.1, 1.0), kind, factor, low=True),
    ]


def wrong_margins() -> list[Case]:
    X, y, W = rows(20)
    small = X.astype(np.float32)
    kind, names = "margin", ("another margin",)

    def at(margin: float) -> Gradient:
        return functions.hinge(X, y, used_margin=margin)[1]

    wide = linear(X, y, gd.SquaredHinge(2.0))
    return [
        Case("hinge, LinearObjective: forgotten", linear(X, y, gd.Hinge()), at(0.0), W, kind, names),
        Case(
            "squared hinge of margin 2, LinearObjective: 1",
            wide, linear(X, y, gd.SquaredHinge()).gradient, W, kind, names,
        ),
        Case("hinge of margin 0.5, LinearObjective: 1", linear(X, y, gd.Hinge(0.5)), at(1.0), W, kind, names),
        Case(
            "hinge, LinearObjective, float32 X: -1", linear(small, y, gd.Hinge()), at(-1.0), W, kind, names, low=True
        ),
        Case("hinge: forgotten", *functions.hinge(X, y, used_margin=0.0), W, kind, names),
    ]  # fmt: skip


def wrong_ties() -> list[Case]:
    """>= for > where that gives no subgradient."""
    X, y, W = rows(21)
    Z, labels, V = integer_rows(22)
    small, rng = X.astype(np.float32), generator(23)
    x, a = rng.normal(size=12).astype(np.float32), rng.uniform(1, 2, 12).astype(np.float32)
    zeros = np.where(np.arange(12) % 3 == 0, np.float32(0), x)
    c = rng.uniform(1, 2, (2, 3, 3))
    blocks = rng.integers(0, 2, (2, 6, 6)).astype(np.float64)
    own = functions.hinge(X, y, own_class=True)[1]
    kind, names = ">= for >", (">= for >",)
    return [
        Case("hinge, LinearObjective: own class", linear(X, y, gd.Hinge()), own, W, kind, names),
        Case("hinge, LinearObjective, float32 X", linear(small, y, gd.Hinge()), own, W, kind, names, low=True),
        Case("hinge at exact ties: own class", *functions.hinge(Z, labels, own_class=True), V, kind, names),
        Case("leaky ReLU at 0, float32", *functions.residual_units(a, with_ties=True), zeros, kind, names, low=True),
        Case("max-pool at ties: all tied", *functions.max_pool(c, all_tied=True), blocks, kind, names),
    ]


def wrong_blocks() -> list[Case]:
    """One part wrong, the rest right."""
    X, y, W = rows(24)
    value, gradient, theta = network(25)
    softmax, hinge = linear(X, y, gd.CrossEntropy()), linear(X, y, gd.Hinge())
    lasso = functions.least_squares(X, X[:, :3], l1=0.1)
    T = generator(26).normal(size=(3, 5, 4)).astype(np.float32)
    A, t = generator(27).normal(size=(20, 3, 5, 4)).astype(np.float32), generator(28).normal(size=20)
    tensor = functions.tensor_regression(A, t.astype(np.float32))
    kind, every = "block", slice(None)
    return [
        Case("ReLU network: W2", value, with_part(gradient, slice(36, 54), 0.5), theta, kind, ("36 to 53", "36:54")),
        Case(
            "softmax, LinearObjective: the bias",
            softmax, with_part(softmax.gradient, (every, -1), len(y)), W, kind, ("the bias",),
        ),
        Case("hinge, LinearObjective: row 2", hinge, with_part(hinge.gradient, 2, 0.0), W, kind, ("row 2",)),
        Case(
            "L1-regularised least squares: column 3",
            lasso[0], with_part(lasso[1], (every, 3), -1.0), W[:3], kind, ("column 3",),
        ),
        Case(
            "a tensor, float32: a slice", tensor[0], with_part(tensor[1], (every, 2), 3.0), T, kind, ("axis 1",),
            low=True,
        ),
    ]  # fmt: skip
