"""LECTURE 24, 25, 26: kinds of critical points, on functions with known points; Newton's method on gradient = 0."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
from gdfast.checks import critical_points
from gdfast.test_functions import (
    Beale,
    BoundedSaddle,
    Bumpy,
    Hill,
    Himmelblau,
    Inflection,
    Plateau,
    Rosenbrock,
    Saddle,
    Valley,
)

KNOWN = [
    Beale(),
    BoundedSaddle(),
    Bumpy(),
    Hill(),
    Himmelblau(),
    Inflection(),
    Plateau(),
    Rosenbrock(),
    Saddle(),
    Valley(),
]
POINTS = [
    (function, kind, point)
    for function in KNOWN
    for kind, points in (
        ("minimum", function.minima),
        ("maximum", function.maxima),
        ("saddle", function.saddles),
    )
    for point in points
]


def name(value):
    return "-".join(f"{x:.3g}" for x in value) if isinstance(value, np.ndarray) else repr(value)


@pytest.mark.parametrize(("function", "kind", "point"), POINTS, ids=name)
def test_known_points(function, kind, point):
    """LECTURE 24: by the function's gradient, and by its values alone."""
    before = point.copy()
    for objective in (function, gd.FunctionObjective(function.value)):
        found = gd.classify_critical_point(objective, point)
        assert found.kind == kind
        assert found.value == function.value(point)
        assert found.eigenvalues.shape == (point.size,)
    assert np.array_equal(point, before)


@pytest.mark.parametrize(("function", "kind", "point"), POINTS, ids=name)
def test_next_to_them_is_not_critical(function, kind, point):
    found = gd.classify_critical_point(function, point + 0.1)
    assert (found.kind, found.eigenvalues.size) == ("not critical", 0)


def test_eigenvalues_are_those_of_the_second_derivatives():
    for x, y in (*Himmelblau().minima, *Himmelblau().maxima, *Himmelblau().saddles):
        cross = 4 * (x + y)
        H = np.array([[12 * x**2 + 4 * y - 42, cross], [cross, 4 * x + 12 * y**2 - 26]])
        found = gd.classify_critical_point(Himmelblau(), np.array([x, y]))
        np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh(H), rtol=1e-7)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize(
    ("f", "slope", "kind"),
    [
        (lambda x: x**2, lambda x: 2 * x, "minimum"),
        (lambda x: 1e-8 * x**2, lambda x: 2e-8 * x, "minimum"),
        (lambda x: -(x**2), lambda x: -2 * x, "maximum"),
        (lambda x: x**3, lambda x: 3 * x**2, "saddle"),
        (lambda x: 7 - x**3, lambda x: -3 * x**2, "saddle"),
        (lambda x: x**4, lambda x: 4 * x**3, "minimum"),
        (lambda x: -(x**4), lambda x: -4 * x**3, "maximum"),
        (lambda x: x**8, lambda x: 8 * x**7, "minimum"),
        (lambda x: 5 + 0 * x, lambda x: 0 * x, "degenerate"),
        (lambda x: np.maximum(x, 0) ** 4, lambda x: 4 * np.maximum(x, 0) ** 3, "degenerate"),
    ],
)
def test_in_one_dimension_the_slopes_decide(shape, f, slope, kind):
    """LECTURE 24: in 1-D what is no extremum is an inflection; also away from 0, where terms cancel."""
    for at in (0.0, 3.0):
        objective = gd.FunctionObjective(
            lambda w, at=at: float(f(w - at).sum()), lambda w, at=at: np.asarray(slope(w - at))
        )
        found = gd.classify_critical_point(objective, np.full(shape, at))
        assert found.kind == kind
        assert found.name == ("inflection" if kind == "saddle" else kind)
        assert (found.slopes is not None) == (found.kind != "degenerate" and abs(found.eigenvalues[0]) < 1e-6)


def test_noise_does_not_decide():
    """(x - 1)^6 multiplied out: near 1 its slopes are rounding."""
    c = np.polynomial.polynomial.polyfromroots([1.0] * 6)
    d = np.polynomial.polynomial.polyder(c)
    objective = gd.FunctionObjective(
        lambda w: float(np.polynomial.polynomial.polyval(w[0], c)),
        lambda w: np.array([np.polynomial.polynomial.polyval(w[0], d)]),
    )
    assert gd.classify_critical_point(objective, [1.0]).kind == "minimum"


def bowl_of(eigenvalues, seed=0):
    """w'Aw / 2, with A of these eigenvalues."""
    eigenvalues = np.asarray(eigenvalues, dtype=float)
    basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(eigenvalues),) * 2))
    A = basis * eigenvalues @ basis.T
    return gd.FunctionObjective(lambda w: float(w @ A @ w) / 2, lambda w: A @ w)


KINDS = [
    ([1.0, 2.0, 5.0], "minimum"),
    ([-1.0, -2.0, -5.0], "maximum"),
    ([-1.0, 2.0, 5.0], "saddle"),
    ([1e-3, 2.0, 5.0], "minimum"),
    ([0.0, 2.0, 5.0], "degenerate"),
    ([1e-8, 2.0, 5.0], "degenerate"),
    ([0.0, -2.0, -5.0], "degenerate"),
    ([-3.0, 0.0, 5.0], "degenerate"),
    ([0.0, 0.0, 0.0], "degenerate"),
]


@pytest.mark.parametrize(("eigenvalues", "kind"), KINDS)
@pytest.mark.parametrize("size", [3, critical_points.FEW + 50])
def test_kinds_of_quadratics(eigenvalues, kind, size):
    """All eigenvalues, and both ends of the spectrum by Lanczos: the same verdict."""
    middle = np.resize(sorted(eigenvalues)[1:2], size - 3)
    objective = bowl_of([*eigenvalues, *middle])
    found = gd.classify_critical_point(objective, np.zeros(size))
    hidden = size > 3 and min(eigenvalues) < 0 < max(eigenvalues)  # a zero between the ends is not seen
    assert found.kind == ("saddle" if hidden else kind)
    ends = [min(eigenvalues), max(eigenvalues)]
    np.testing.assert_allclose(found.eigenvalues[[0, -1]], ends, atol=1e-6 * max(map(abs, ends)))
    assert found.eigenvalues.size == (3 if size == 3 else 2)


@settings(max_examples=60, deadline=None)
@given(
    eigenvalues=st.lists(st.floats(0.01, 100), min_size=2, max_size=8),
    signs=st.lists(st.booleans(), min_size=8, max_size=8),
    seed=st.integers(0, 1000),
    at=st.floats(-1e3, 1e3),
)
def test_any_quadratic_anywhere(eigenvalues, signs, seed, at):
    values = [x if s else -x for x, s in zip(eigenvalues, signs, strict=False)]
    centred = bowl_of(values, seed)
    objective = gd.FunctionObjective(lambda w: centred.value(w - at), lambda w: centred.gradient(w - at))
    expected = "saddle" if min(values) < 0 < max(values) else "minimum" if values[0] > 0 else "maximum"
    found = gd.classify_critical_point(objective, np.full(len(values), at))
    assert found.kind == expected
    np.testing.assert_allclose(found.eigenvalues, np.sort(values), rtol=1e-6, atol=1e-7 * max(eigenvalues))


def test_flat_in_every_direction():
    """x^4 + y^4 rises everywhere, but its second derivatives are 0: they cannot tell."""
    objective = gd.FunctionObjective(lambda w: float((w**4).sum()), lambda w: 4 * w**3)
    assert gd.classify_critical_point(objective, np.zeros(2)).kind == "degenerate"
    monkey = gd.FunctionObjective(
        lambda w: float(w[0] ** 3 - 3 * w[0] * w[1] ** 2),
        lambda w: np.array([3 * w[0] ** 2 - 3 * w[1] ** 2, -6 * w[0] * w[1]]),
    )
    assert gd.classify_critical_point(monkey, np.zeros(2)).kind == "degenerate"


def test_a_kink_is_no_guess():
    hat = gd.FunctionObjective(lambda w: float(np.abs(w).sum()), lambda w: np.sign(w))
    assert gd.classify_critical_point(hat, np.zeros(3)).kind == "degenerate"


@pytest.mark.parametrize(("function", "kind", "point"), [p for p in POINTS if p[0] == Himmelblau()], ids=name)
def test_float32(function, kind, point):
    found = gd.classify_critical_point(function, point.astype(np.float32), gtol=1e-3)
    assert found.kind == kind


def digits(regularizer=None, **settings):
    data = gd.datasets.load_digits()
    X = data.X[:300] / 16
    return gd.LinearObjective(X, data.y[:300], gd.CrossEntropy(), regularizer, **settings)


@pytest.mark.parametrize("own", [True, False])
def test_a_classifier_of_650_weights(own):
    """LECTURE 24, 26: with the bias penalised there is one minimum; without, biases may move together."""
    for penalize_bias, kind in ((True, "minimum"), (False, "degenerate")):
        objective = digits(gd.L2(1e-2), penalize_bias=penalize_bias)
        W = gd.solve_critical_point(objective, np.zeros(objective.shape)).require().w
        asked = objective if own else gd.FunctionObjective(objective.value, objective.gradient)
        found = gd.classify_critical_point(asked, W)
        assert found.kind == kind
        H = np.array([objective.hessian_product(W, V.reshape(W.shape)).ravel() for V in np.eye(W.size)])
        np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh(H)[[0, -1]], rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("ask", [gd.classify_critical_point, gd.solve_critical_point])
def test_what_they_refuse(ask):
    objective = gd.LinearObjective(np.eye(3), np.array([0, 1, 2]), gd.Hinge(), gd.L2(0.1))
    with pytest.raises(ValueError, match=r"Hinge.*has kinks and no curvature"):
        ask(objective, np.zeros(objective.shape))
    assert objective.passes == 0
    with pytest.raises(TypeError, match=r"objective must have value.*it is function"):
        ask(lambda w: 0.0, np.zeros(2))
    with pytest.raises(TypeError, match="objective must have value"):
        ask(Himmelblau, np.zeros(2))
    with pytest.raises(TypeError, match="must be a float array"):
        ask(Himmelblau(), np.array([1, 2]))
    with pytest.raises(ValueError, match="must be finite"):
        ask(Himmelblau(), np.array([1.0, np.nan]))
    with pytest.raises(TypeError, match="gtol must be a real number"):
        ask(Himmelblau(), np.zeros(2), gtol="small")


def test_what_is_not_finite_is_named():
    log = gd.FunctionObjective(lambda w: float("nan"), lambda w: w)
    with pytest.raises(ValueError, match="objective must be finite at w; its value is nan"):
        gd.classify_critical_point(log, np.zeros(2))

    def edge(w):
        return np.where(w == 0, 0.0, np.nan)

    for size in (2, 300):
        with pytest.raises(ValueError, match="finite second derivatives"):
            gd.classify_critical_point(gd.FunctionObjective(lambda w: 0.0, edge), np.zeros(size))


def test_it_reads_as_sentences():
    text = str(gd.classify_critical_point(Himmelblau(), Himmelblau().saddles[0]))
    assert text.startswith("A saddle: the function increases in some directions and decreases in others.")
    assert "from -31.71 to 75.51" in text
    text = str(gd.classify_critical_point(Inflection(), [0.0]))
    assert text.startswith("An inflection: the slope is zero here and has the same sign on both sides.")
    assert "on the left and" in text
    assert "Not a critical point" in str(gd.classify_critical_point(Himmelblau(), [0.0, 0.0]))
    for point in POINTS:
        found = gd.classify_critical_point(point[0], point[2])
        assert all(len(line) <= 110 for line in str(found).splitlines())


@pytest.mark.parametrize("ask", ["classify_critical_point", "solve_critical_point"])
def test_without_scipy_few_parameters_still_work(ask):
    code = f"""
import sys
sys.modules["scipy"] = None
import numpy as np, gdfast as gd
bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
gd.{ask}(bowl, np.zeros(3))
try:
    gd.{ask}(bowl, np.zeros(300))
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert "there are 300) this needs scipy: pip install scipy" in done.stdout


# Newton on gradient = 0.


@pytest.mark.parametrize(("function", "kind", "point"), [p for p in POINTS if p[0].n == 2], ids=name)
def test_newton_finds_saddles_and_maxima_too(function, kind, point):
    """LECTURE 26: from near by it arrives, whatever the kind."""
    rng = np.random.default_rng(0)
    start = point + 0.02 * rng.normal(size=2)
    result = gd.solve_critical_point(function, start, gtol=1e-10)
    assert result.status is gd.Status.CONVERGED
    assert result.gradient_norm <= 1e-10
    np.testing.assert_allclose(result.w, point, atol=1e-7)
    assert gd.classify_critical_point(function, result.w).kind == kind


def test_newton_from_anywhere_comes_to_some_critical_point():
    """LECTURE 25: which one depends on the start; all nine ends of Himmelblau's are known."""
    known = np.concatenate([Himmelblau().minima, Himmelblau().maxima, Himmelblau().saddles])
    rng = np.random.default_rng(1)
    ends = set()
    for _ in range(60):
        result = gd.solve_critical_point(Himmelblau(), rng.uniform(-5, 5, 2))
        if result.status is gd.Status.CONVERGED:
            distances = np.linalg.norm(known - result.w, axis=1)
            assert distances.min() < 1e-6
            ends.add(int(distances.argmin()))
        else:
            assert result.status is gd.Status.NO_DESCENT
    assert len(ends) >= 7


@pytest.mark.parametrize("n", [1, 5, 150, 260])
def test_indefinite_quadratics_take_one_step_or_few(n):
    rng = np.random.default_rng(2)
    eigenvalues = rng.uniform(1, 10, n) * np.where(np.arange(n) % 2, 1, -1)
    centred = bowl_of(eigenvalues)
    at = rng.normal(size=n)
    objective = gd.FunctionObjective(lambda w: centred.value(w - at), lambda w: centred.gradient(w - at))
    result = gd.solve_critical_point(objective, np.zeros(n))
    assert result.status is gd.Status.CONVERGED
    assert result.steps <= (2 if n <= critical_points.FEW else 8)
    np.testing.assert_allclose(result.w, at, atol=1e-7)


def test_a_singular_hessian_is_no_obstacle():
    """A valley with a flat floor: the nearest point of the floor. And a start where the curvature is 0."""
    A = np.diag([1.0, 4.0, 0.0])
    valley = gd.FunctionObjective(lambda w: float(w @ A @ w) / 2, lambda w: A @ w)
    result = gd.solve_critical_point(valley, np.array([1.0, 2.0, 3.0]))
    assert result.status is gd.Status.CONVERGED
    np.testing.assert_allclose(result.w, [0, 0, 3], atol=1e-8)
    cubic = gd.FunctionObjective(lambda w: float(w[0] ** 3 - 3 * w[0]), lambda w: 3 * w**2 - 3)
    result = gd.solve_critical_point(cubic, [0.0])
    assert result.status is gd.Status.CONVERGED
    assert abs(result.w[0]) == pytest.approx(1.0, abs=1e-8)
    flat = gd.FunctionObjective(lambda w: float(np.sum((w - 1) ** 4)), lambda w: 4 * (w - 1) ** 3)
    result = gd.solve_critical_point(flat, np.zeros((2, 1)))
    assert result.status is gd.Status.CONVERGED
    assert result.w.shape == (2, 1)


def test_other_ends():
    slope = gd.FunctionObjective(lambda w: float(w.sum()), lambda w: np.ones_like(w))
    result = gd.solve_critical_point(slope, np.zeros(2))
    assert (result.status, result.steps) == (gd.Status.NO_DESCENT, 0)
    assert gd.solve_critical_point(Himmelblau(), [0.0, 2.5], max_steps=1).status is gd.Status.MAX_STEPS
    nowhere = gd.FunctionObjective(lambda w: float("inf"), lambda w: w)
    assert gd.solve_critical_point(nowhere, [1.0]).status is gd.Status.DIVERGED
    with pytest.raises(RuntimeError, match="All steps were taken"):
        gd.solve_critical_point(Himmelblau(), [0.0, 2.5], max_steps=0).require()

    def interrupted(w):
        if abs(w[0]) < 0.5:
            raise KeyboardInterrupt
        return 2 * w

    result = gd.solve_critical_point(gd.FunctionObjective(lambda w: float(w @ w), interrupted), [1.0])
    assert result.status is gd.Status.INTERRUPTED
    assert result.w.tolist() == [1.0]


def test_the_history_is_the_way():
    start = np.array([0.0, 2.5])
    seen = []
    counting = gd.FunctionObjective(Himmelblau().value, lambda w: seen.append(w) or Himmelblau().gradient(w))
    result = gd.solve_critical_point(counting, start)
    history = result.history
    assert history.steps.tolist() == list(range(result.steps + 1))
    assert history.values[0] == Himmelblau().value(start)
    assert history.values[-1] == result.value
    assert history.gradient_norms[-1] == result.gradient_norm
    assert len(history.step_sizes) == result.steps
    assert result.evaluations == len(seen)
    assert np.array_equal(start, [0.0, 2.5])
    lengths = [np.linalg.norm(Himmelblau().gradient(start)), np.linalg.norm(Himmelblau().gradient(result.w))]
    assert lengths[1] < lengths[0]


def test_least_squares_agrees_with_the_closed_form():
    """LECTURE 26: both methods for gradient = 0."""
    rng = np.random.default_rng(3)
    for outputs in (1, 30):
        objective = gd.LinearObjective(
            rng.normal(size=(100, 9)), rng.normal(size=(100, outputs)), gd.SquaredError(), gd.L2(0.1)
        )
        result = gd.solve_critical_point(objective, np.zeros(objective.shape), gtol=1e-11).require()
        np.testing.assert_allclose(result.w, objective.solve(), atol=1e-9)
        assert result.passes is not None
        assert gd.classify_critical_point(objective, result.w).kind == "minimum"


@pytest.mark.parametrize("centre", [[0.0, 0.0], [1e6, -1e6], [1e4, 1e-4], [1e12, 1.0]])
@pytest.mark.parametrize("constant", [0.0, 1e6])
@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, -1)])
def test_far_from_the_origin_and_above_a_large_value(centre, constant, signs):
    A = np.diag(signs) * [[3.0, 0.5], [0.5, 1.0]]

    def value(w):
        return float((w - centre) @ A @ (w - centre)) + constant

    objective = gd.FunctionObjective(value, lambda w: 2 * A @ (w - centre))
    found = gd.classify_critical_point(objective, np.array(centre))
    assert found.kind == {(1, 1): "minimum", (1, -1): "saddle", (-1, -1): "maximum"}[signs]
    np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh(2 * A), rtol=1e-4)
