"""The compiled kernels: every input type, loss, size, thread count and instruction set against the oracle."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
import reference
from gdfast import _kernels

MAKERS = {
    reference.HINGE: gd.Hinge,
    reference.SQUARED_HINGE: gd.SquaredHinge,
    reference.CROSS_ENTROPY: gd.CrossEntropy,
    reference.SQUARED_ERROR: gd.SquaredError,
    reference.HUBER: gd.Huber,
}
CLASSIFIERS = [reference.HINGE, reference.SQUARED_HINGE, reference.CROSS_ENTROPY]
DTYPES = ["float64", "float32", "float16", "uint8"]
# Relative to the largest entry; narrower data than float64 are computed in float32.
TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "float16": 1e-5, "uint8": 1e-5}
# (n_samples, n_features, n_classes): around the widths of vectors, tiles and blocks of rows.
SIZES = [
    *[(n, 17, 5) for n in (1, 2, 3, 31, 32, 33, 63, 64, 65, 100, 1000)],
    *[(33, d, 10) for d in (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 257)],
    *[(20, 9, k) for k in (2, 3, 4, 5, 6, 9, 10, 11, 12, 15, 16, 17, 19, 20, 21, 33, 100)],
    *[(n, 9, 150) for n in (1, 4, 7, 8, 9, 64, 95, 96, 97, 193)],
    *[(30, 13, k) for k in (31, 32, 47, 48, 49, 63, 64, 65, 127, 128, 129, 257)],
    (2, 3, 1000),
    (40, 65, 100),
    (3, 5000, 3),
    (700, 3, 2),
]


def draw(dtype, loss, n, d, k, seed=0):
    """Data of a type, and weights that leave every margin clear of the hinge's kink by more than float32 rounds."""
    rng = np.random.default_rng((seed, n, d, k))
    X = rng.integers(0, 256, (n, d)) if dtype == "uint8" else rng.normal(size=(n, d))
    X = X.astype(dtype)
    W = rng.normal(size=(k, d + 1)) / np.sqrt(d) / (128 if dtype == "uint8" else 1)
    if loss in reference.REGRESSIONS:
        return X, rng.normal(size=(n, k)), W
    y = rng.integers(0, k, n)
    if loss == reference.HINGE:
        margins = reference.LinearProblem(X, y).margins(W)
        clear = (np.abs(margins) > 1e-4).sum(axis=1) >= k - 1
        clear[0] = True
        X, y = X[clear], y[clear]
    return X, y, W


def build(X, y, loss, k):
    return gd.LinearObjective(X, y, MAKERS[loss](), n_classes=None if loss in reference.REGRESSIONS else k)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_size(dtype, loss, size):
    n, d, k = size
    X, y, W = draw(dtype, loss, n, d, k)
    problem, objective, tolerance = reference.LinearProblem(X, y, loss), build(X, y, loss, k), TOLERANCE[dtype]
    expected_value, expected = problem.data_loss(W)
    value, gradient = objective.value_and_gradient(W)
    assert value == pytest.approx(expected_value, rel=tolerance, abs=tolerance)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=tolerance * np.abs(expected).max())
    scores = problem.scores(W)
    np.testing.assert_allclose(objective.scores(W), scores, rtol=0, atol=tolerance * (1 + np.abs(scores).max()))
    assert objective.value(W) == pytest.approx(expected_value, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(1, 1), (33, 7), (64, 16), (100, 257), (1000, 3)], ids=str)
def test_one_output(dtype, size):
    n, d = size
    X, y, W = draw(dtype, reference.SQUARED_ERROR, n, d, 1)
    objective = gd.LinearObjective(X, y[:, 0], gd.SquaredError())
    expected_value, expected = reference.LinearProblem(X, y, reference.SQUARED_ERROR).data_loss(W)
    value, gradient = objective.value_and_gradient(W)
    assert value == pytest.approx(expected_value, rel=TOLERANCE[dtype])
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=TOLERANCE[dtype] * np.abs(expected).max())


def answers(objective, W):
    value, gradient = objective.value_and_gradient(W)
    rows = np.arange(objective.n_samples)[::-3]
    batch = objective.rows(rows)
    return {
        "value": value,
        "gradient": gradient,
        "loss alone": objective.value(W),
        "float32 gradient": objective.gradient(W.astype(np.float32)),
        "scores": objective.scores(W),
        "mini-batch gradient": batch.gradient(W),
        "numerical gradient": objective.numerical_gradient(W, h=1e-2, coordinates=[0, W.shape[1] - 1, W.size - 1]),
    }


# n_samples, n_features, n_classes: one chunk, several, many; fewer rows than threads; many classes.
THREADED = [(3, 40, 10), (800, 300, 10), (5000, 130, 5), (300, 40, 150), (1000, 30, 129)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("size", THREADED, ids=str)
def test_any_number_of_threads_gives_the_same_bits(dtype, loss, size):
    rng = np.random.default_rng(size)
    n, d, k = size
    X = (rng.integers(0, 256, (n, d)) if dtype == "uint8" else rng.normal(size=(n, d))).astype(dtype)
    y = rng.normal(size=(n, k)) if loss in reference.REGRESSIONS else rng.integers(0, k, n)
    W = rng.normal(size=(k, d + 1))
    objective = gd.LinearObjective(
        X,
        y,
        MAKERS[loss](),
        gd.L2(0.01),
        mean=rng.normal(size=d),
        scale=rng.uniform(0.5, 2, d),
        sample_weight=rng.uniform(0.1, 1, n),
        n_classes=None if loss in reference.REGRESSIONS else k,
    )
    gd.set_num_threads(1)
    alone = answers(objective, W)
    for threads in (1, 2, 3, 5):
        gd.set_num_threads(threads)
        for name, answer in answers(objective, W).items():
            np.testing.assert_array_equal(answer, alone[name], err_msg=f"{name}, {threads} threads")


@pytest.mark.parametrize("weights", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F", "every other row"])
def test_many_classes_whatever_the_rows_and_the_answer(dtype, order, weights):
    # More blocks of rows than are added up at a time; mean, scale, weights of rows (some 0), rows in any order.
    n, d, k = 7000, 3, 130
    rng = np.random.default_rng(1)
    X, y, W = draw(dtype, reference.SQUARED_HINGE, n, d, k)
    mean, scale, sample_weight = rng.normal(size=d), rng.uniform(0.5, 2, d), rng.integers(0, 3, n).astype(float)
    rows = rng.integers(0, n, n)
    held = {"C": X, "F": np.asfortranarray(X), "every other row": np.repeat(X, 2, axis=0)[::2]}[order]
    folded = {"mean": mean, "scale": scale}
    objective = gd.LinearObjective(held, y, gd.SquaredHinge(), n_classes=k, sample_weight=sample_weight, **folded).rows(
        rows
    )
    z = np.column_stack([(X - mean) / scale, np.ones(n)])[rows]
    W = W.astype(weights)
    scores = z @ W.T.astype(float)
    margins = np.maximum(0, scores - scores[np.arange(n), y[rows]][:, None] + 1)
    margins[np.arange(n), y[rows]] = 0
    share = sample_weight[rows] / (n * sample_weight.mean())
    coefficients = 2 * margins * share[:, None]
    coefficients[np.arange(n), y[rows]] = -coefficients.sum(axis=1)
    expected = coefficients.T @ z
    value, gradient = objective.value_and_gradient(W)
    assert gradient.dtype == weights
    tolerance = TOLERANCE["float32"] if weights == np.float32 else TOLERANCE[dtype]
    assert value == pytest.approx(share @ (margins**2).sum(axis=1), rel=tolerance)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def test_long_sums_keep_their_digits():
    # Equal rows: each rounding of a running float32 sum has the same sign.
    n, k = 100_000, 200
    X, y = np.full((n, 2), 0.1, dtype=np.float32), np.zeros(n, dtype=int)
    gradient = gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=k).gradient(np.zeros((k, 3)))
    np.testing.assert_allclose(gradient[1:, 0], X[0, 0].astype(float) / k, rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("n_models", [3, 13, 64])
def test_many_weights_in_one_pass(dtype, loss, n_models):
    n, d, k = 130, 21, 10
    X, y, W = draw(dtype, loss, n, d, k)
    objective = build(X, y, loss, k)
    Ws = np.stack([W * (1 + i / 50) for i in range(n_models)])
    values, tolerance = objective.values_at(Ws), 1e-4 if dtype != "float64" else 1e-12
    np.testing.assert_allclose(values, [objective.value(one) for one in Ws], rtol=tolerance)
    some = [0, 1, n_models // 2, n_models - 1]
    expected = [reference.LinearProblem(X, y, loss).data_loss(one)[0] for one in Ws[some]]
    np.testing.assert_allclose(values[some], expected, rtol=tolerance)


# Instruction sets: each in a process of its own, since it is chosen at import.

COMPARED = [*THREADED[:3], (33, 17, 11), (20, 65, 1), (5, 3, 100), (100, 21, 130)]
CASES = [(dtype, loss, size) for dtype in DTYPES for loss in reference.LOSSES for size in COMPARED]
SCRIPT = """
import sys
import numpy as np
import test_kernels, gdfast
assert gdfast._kernels.instruction_set() == sys.argv[2]
np.savez(sys.argv[1], **test_kernels.dump())
"""


def dump():
    """All the answers of CASES as one flat dictionary."""
    found = {}
    for dtype, loss, size in CASES:
        n, d, k = size
        if k == 1 and loss not in reference.REGRESSIONS:
            continue
        X, y, W = draw(dtype, loss, n, d, k)
        for name, answer in answers(build(X, y, loss, k), W).items():
            found[f"{dtype} {loss} {size} {name}"] = answer
    return found


@pytest.fixture(scope="module")
def best():
    return dump()


@pytest.mark.parametrize("isa", _kernels.available_instruction_sets())
def test_every_instruction_set_gives_the_same_numbers(isa, best, tmp_path):
    environment = {**os.environ, "GDFAST_ISA": isa, "PYTHONPATH": str(Path(__file__).parent)}
    path = tmp_path / "answers.npz"
    command = [sys.executable, "-c", SCRIPT, str(path), isa]
    run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    with np.load(path) as found:
        assert set(found) == set(best)
        for name, answer in found.items():
            dtype = "float32" if "float32 gradient" in name else name.split()[0]
            tolerance = 1e-10 if "numerical" in name else TOLERANCE[dtype]
            room = tolerance * (1 + np.abs(best[name]).max())
            np.testing.assert_allclose(answer, best[name], rtol=0, atol=room, err_msg=name)


def test_an_unknown_instruction_set_is_refused_in_one_sentence(tmp_path):
    environment = {**os.environ, "GDFAST_ISA": "abacus"}
    command = [sys.executable, "-c", "import gdfast"]
    run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "GDFAST_ISA" in run.stderr.splitlines()[-1]
    assert "abacus" in run.stderr.splitlines()[-1]


# The lecture's statements.


def test_lecture_2_the_hinge_is_summed_over_wrong_classes_and_averaged_over_samples():
    # Two samples whose scores are W's rows themselves: (3, 1, 2.5) with label 0, (1, 2, 0) with label 2.
    X, y = np.eye(2), np.array([0, 2])
    W = np.array([[3.0, 1.0], [1.0, 2.0], [2.5, 0.0]])
    objective = gd.LinearObjective(X, y, gd.Hinge(), bias=False)
    assert objective.value(W) == pytest.approx((max(0, -1) + max(0, 0.5) + (1 - 0 + 1) + (2 - 0 + 1)) / 2, rel=1e-15)
    for margin in (0.25, 1.0, 7.0):
        expected = reference.LinearProblem(X, y, margin=margin, bias=False).value(W)
        assert gd.LinearObjective(X, y, gd.Hinge(margin), bias=False).value(W) == pytest.approx(expected, rel=1e-15)


def test_lecture_3_softmax_and_the_average_squared_loss():
    X, W = np.eye(2), np.array([[3.0, 1.0], [1.0, 2.0], [2.5, 0.0]])
    cross_entropy = gd.LinearObjective(X, np.array([0, 2]), gd.CrossEntropy(), bias=False)
    expected = -(np.log(np.exp(3) / np.exp([3, 1, 2.5]).sum()) + np.log(np.exp(0) / np.exp([1, 2, 0]).sum())) / 2
    assert cross_entropy.value(W) == pytest.approx(expected, rel=1e-14)
    # h = w0 + w1 x on (1, 2), (2, 2), (4, 7) with w1 = 2, w0 = -1: residuals -1, 1, 0; the mean of squares, no 1/2.
    line = gd.LinearObjective(np.array([[1.0], [2.0], [4.0]]), np.array([2.0, 2.0, 7.0]), gd.SquaredError())
    assert line.value(np.array([[2.0, -1.0]])) == pytest.approx(2 / 3, rel=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", [reference.HINGE, reference.SQUARED_HINGE])
def test_lecture_5_all_margins_met_is_exactly_zero(dtype, loss):
    y = np.arange(200) % 10
    X = np.zeros((200, 10), dtype=dtype)
    X[np.arange(200), y] = 1
    value, gradient = gd.LinearObjective(X, y, MAKERS[loss]()).value_and_gradient(np.eye(10, 11))
    assert value == 0.0
    np.testing.assert_array_equal(gradient, np.zeros((10, 11)))


@pytest.mark.parametrize("w", [(2.0, 1.0, -1.0), (0.25, -0.5, 0.125), (0.0, 0.0, 0.0)])
def test_lecture_8_worked_example(w):
    x = np.array([1.0, 2.0, -1.0])
    w0, w1, w2 = w
    L0 = max(0, w1 * x[0] - w0 * x[0] + 1) + max(0, w2 * x[0] - w0 * x[0] + 1)
    L1 = max(0, w0 * x[1] - w1 * x[1] + 1) + max(0, w2 * x[1] - w1 * x[1] + 1)
    L2 = max(0, w0 * x[2] - w2 * x[2] + 1) + max(0, w1 * x[2] - w2 * x[2] + 1)
    objective = gd.LinearObjective(x[:, None], np.array([0, 1, 2]), gd.Hinge(), bias=False)
    assert objective.value(np.array([[w0], [w1], [w2]])) == (L0 + L1 + L2) / 3


def test_lecture_22_the_analytic_gradient_of_the_hinge():
    rng = np.random.default_rng(22)
    x, W, y = rng.normal(size=7), rng.normal(size=(5, 8)), 2
    objective = gd.LinearObjective(x[None], np.array([y]), gd.Hinge(), n_classes=5)
    violated = [j for j in range(5) if j != y and W[j, :7] @ x + W[j, 7] - W[y, :7] @ x - W[y, 7] + 1 > 0]
    assert 0 < len(violated) < 4
    expected = np.zeros((5, 8))
    for j in violated:
        expected[j] += [*x, 1]
        expected[y] -= [*x, 1]
    np.testing.assert_array_equal(objective.gradient(W), expected)


def test_lecture_34_the_loss_after_one_step_falls_then_overshoots():
    rng = np.random.default_rng(34)
    y = np.arange(300) % 10
    X = (rng.integers(0, 156, (300, 60)) + 10 * y[:, None] * (rng.random(60) < 0.5)).astype(np.uint8)
    objective = gd.LinearObjective(X, y, gd.Hinge())
    W = 1e-3 * rng.normal(size=(10, 61))
    start, gradient = objective.value_and_gradient(W)
    steps = 10.0 ** np.arange(-12, 1)
    losses = np.array([objective.value(W - step * gradient) for step in steps])
    best = losses.argmin()
    # Too small a step changes nothing, a good one lowers the loss, too large a one overshoots far beyond the start.
    assert losses[0] == pytest.approx(start, rel=1e-4)
    assert 0 < best < len(steps) - 1
    assert losses[best] < 0.95 * start
    assert losses[-1] > 100 * start
    assert (np.diff(losses[: best + 1]) < 0).all()
    assert (np.diff(losses[best:]) > 0).all()
    # The same sweep by one ray: two products, then every step is cheap.
    along = gd.along_ray(objective, W, -gradient).values(steps)
    np.testing.assert_allclose(along, losses, rtol=1e-5)


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "uint8"])
def test_lecture_36_copies_change_no_mean(loss, dtype):
    # 20 unique images, each copied 60 times: the same mean loss and gradient as the 20; and as weights of 60.
    X, y, W = draw(dtype, loss, 20, 30, 4)
    unique = build(X, y, loss, 4)
    copied = build(np.tile(X, (60, 1)), np.tile(y, (60, 1) if y.ndim == 2 else 60), loss, 4)
    weighted = gd.LinearObjective(
        X,
        y,
        MAKERS[loss](),
        sample_weight=np.full(len(X), 60.0),
        n_classes=None if loss in reference.REGRESSIONS else 4,
    )
    value, gradient = unique.value_and_gradient(W)
    tolerance = 1e-13 if dtype == "float64" else 1e-5
    for same in (copied, weighted):
        other_value, other_gradient = same.value_and_gradient(W)
        assert other_value == pytest.approx(value, rel=tolerance)
        np.testing.assert_allclose(other_gradient, gradient, rtol=0, atol=tolerance * np.abs(gradient).max())
