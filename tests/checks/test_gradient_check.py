"""The gradient check: right gradients pass, wrong ones fail, kinks and noise are told apart from both."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.checks import GradientReport, check_gradient


class Quartic:
    """sum(a w**4), as an objective; it counts what it is asked."""

    def __init__(self, shape, factor=4.0):
        self.a = np.random.default_rng(0).uniform(1, 2, size=shape)
        self.factor = factor
        self.values = self.gradients = 0

    def value(self, w):
        self.values += 1
        return float(np.sum(self.a * w**4))

    def gradient(self, w):
        self.gradients += 1
        return self.factor * self.a * w**3

    def value_and_gradient(self, w):
        return self.value(w), self.gradient(w)


class Structured(Quartic):
    """The same, with a numerical gradient of its own, exact but for an error put in by hand."""

    error = 0.0

    def numerical_gradient(self, w, h=1e-5, scheme="centered", coordinates=None):
        full = 4 * self.a * w**3 + self.error
        return full if coordinates is None else full.reshape(-1)[coordinates]


class Corner:
    """Has no gradient of its own."""

    has_gradient = False

    def value(self, w):
        return float(np.abs(w).sum())

    def gradient(self, w):
        return np.sign(w)


def point(shape, seed=1):
    """A generic point, its entries between 0.5 and 1.5 with either sign."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.5, 1.5, size=shape) * rng.choice([-1.0, 1.0], size=shape)


def softmax(w):
    return float(np.log(np.exp(w).sum()))


def softmax_gradient(w):
    return np.exp(w) / np.exp(w).sum()


# The verdict


@pytest.mark.parametrize("shape", [(), (1,), (20,), (4, 5), (2, 3, 4)])
def test_lecture_23_a_right_gradient_passes(shape):
    objective, w = Quartic(shape), point(shape)
    report = check_gradient(objective, at=w)
    assert isinstance(report, GradientReport)
    assert report.verdict == "PASS"
    assert report.passed
    assert report.max_relative_error < 1e-7
    assert report.require() is report
    assert np.array_equal(report.coordinates, np.arange(w.size))
    np.testing.assert_allclose(report.analytic, objective.gradient(w).reshape(-1))
    np.testing.assert_allclose(report.numerical, report.analytic, rtol=1e-7)
    assert report.kinks.size == 0


@pytest.mark.parametrize("factor", [3.999, 4.4, -4.0, 0.0, 4e6])
def test_lecture_23_a_wrong_gradient_fails(factor):
    report = check_gradient(Quartic((3, 4), factor), at=point((3, 4)))
    assert report.verdict == "FAIL"
    assert not report.passed
    with pytest.raises(RuntimeError, match="Gradient check: FAIL"):
        report.require()


def test_lecture_23_one_wrong_entry_among_many_is_found_and_named():
    def wrong(w):
        gradient = softmax_gradient(w)
        gradient[2, 3] *= 1.001
        return gradient

    report = check_gradient(softmax, wrong, point((4, 5)))
    assert report.verdict == "FAIL"
    assert report.worst(1).tolist() == [13]
    assert "[2, 3]" in str(report)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_analytic_gradient_that_is_not_finite_fails(bad):
    report = check_gradient(lambda w: float(np.sum(w**2)), lambda w: np.where(w == 2.0, bad, 2 * w), [1.0, 2.0])
    assert report.verdict == "FAIL"
    assert report.relative_error[1] == np.inf
    assert report.worst(1).tolist() == [1]
    assert any("not finite in 1 coordinate." in sentence for sentence in report.diagnosis)


def test_the_relative_error_is_the_documented_one():
    f, gradient = softmax, lambda w: 1.01 * softmax_gradient(w) - 1e-4
    w = point((6,)) * [1, 1, 1, 1, 1, 30]
    for h in (1e-5, 1e-12):
        report = check_gradient(f, gradient, w, h=h)
        a, n = report.analytic, report.numerical
        floor = 10 * 2.0**-52 * abs(f(w)) / h
        expected = abs(a - n) / np.maximum(np.maximum(abs(a), abs(n)), floor)
        np.testing.assert_allclose(report.relative_error, expected, rtol=1e-14)
        assert report.max_relative_error == report.relative_error.max()


def test_lecture_42_both_zero_passes():
    report = check_gradient(lambda w: 0.0, lambda w: 0 * w, np.ones(3))
    assert report.verdict == "PASS"
    assert report.max_relative_error == 0


@pytest.mark.parametrize(("error", "words"), [(0, "fine"), (3e-6, "acceptable"), (1e-3, "suspicious"), (0.1, "a bug")])
def test_lecture_42_bands(error, words):
    report = check_gradient(softmax, lambda w: softmax_gradient(w) * (1 + error), point(3))
    assert words in report.diagnosis[0]


def test_rtol_decides():
    def nearly(w):
        return softmax_gradient(w) * 1.001

    assert check_gradient(softmax, nearly, point(3), rtol=1e-2).passed
    assert not check_gradient(softmax, nearly, point(3), rtol=1e-4).passed


# Noise and truncation


@pytest.mark.parametrize("seed", range(5))
def test_float32_is_noise_at_a_small_step_and_never_a_false_alarm(seed):
    w = point((5, 4), seed).astype(np.float32)
    report = check_gradient(lambda w: np.log(np.exp(w).sum()), softmax_gradient, w)
    assert report.verdict == "NOISE"
    assert not report.passed
    assert any("float64 point" in sentence for sentence in report.diagnosis)
    assert check_gradient(lambda w: np.log(np.exp(w).sum()), softmax_gradient, w, h=1e-1, rtol=0.05).passed


def test_values_in_float32_at_a_float64_point_are_known_to_be_noisy():
    report = check_gradient(lambda w: np.float32(softmax(w)), softmax_gradient, point(5))
    assert report.verdict == "NOISE"


def test_an_objective_may_declare_that_it_computes_in_float32():
    class Single(Structured):
        arithmetic = np.float32

        def gradient(self, w):
            exact = super().gradient(w)
            return exact + 1e-7 * np.abs(exact).max() * np.resize([1, -1], w.shape)

    w = point((4, 5))
    w[:, 0] *= 1e-2  # small derivatives beside large ones: 1e-7 of the largest is much of them
    report = check_gradient(Single((4, 5)), at=w)
    assert report.verdict == "PASS"
    assert report.uncounted.tolist() == [0, 5, 10, 15]
    Single.arithmetic = np.float64
    assert check_gradient(Single((4, 5)), at=w).verdict == "FAIL"


def test_a_step_that_is_far_too_small_is_noise():
    assert check_gradient(softmax, softmax_gradient, point(5), h=1e-14).verdict == "NOISE"


@pytest.mark.parametrize("seed", range(5))
def test_entries_below_the_rounding_noise_do_not_count(seed):
    w = point((5, 40), seed)
    w[:, ::2] -= 17  # derivatives near 1e-9, noise near 1e-10
    report = check_gradient(softmax, softmax_gradient, w)
    assert report.verdict == "PASS"
    assert report.max_relative_error > report.rtol >= report.unexplained
    assert np.all(w.reshape(-1)[report.uncounted] < -10)
    assert not np.isin(report.worst(5), report.uncounted).any()


ROSENBROCK = (
    lambda x: float(100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2),
    lambda x: np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)]),
)


@pytest.mark.parametrize(
    ("f", "gradient", "x"),
    [
        (lambda x: float(x**3), lambda x: 3 * x**2, 0.0),
        (lambda x: float(np.sum(x**4 + x**3)), lambda x: 4 * x**3 + 3 * x**2, np.zeros(40)),
        (*ROSENBROCK, [1.0, 1.0]),
        (lambda x: float(np.sum((x - 1.1) ** 2)), lambda x: 2 * (x - 1.1), np.full(3, 1.1)),
    ],
)
def test_lecture_24_a_right_gradient_passes_at_critical_points(f, gradient, x):
    report = check_gradient(f, gradient, x)
    assert report.verdict == "PASS", str(report)


@pytest.mark.parametrize("size", [1, 5, 40])
def test_lecture_24_a_wrong_gradient_fails_at_critical_points(size):
    def wrong(x):
        gradient = 3 * x**2
        gradient[-1] = 1e-9
        return gradient

    report = check_gradient(lambda x: float(np.sum(x**3)), wrong, np.zeros(size))
    assert report.verdict == "FAIL"
    assert report.worst(1).tolist() == [size - 1]


# Kinks


class Kinked(Structured):
    """Some stencils cross a kink; `excess` is what that adds to their quotients."""

    def __init__(self, shape, counts, excess, factor=4.0):
        super().__init__(shape, factor)
        self.counts, self.excess = np.asarray(counts), np.asarray(excess)
        self.error = self.excess

    def kinks(self, w, coordinates):
        pick = slice(None) if coordinates is None else coordinates
        both = (self.counts, self.excess) if coordinates is None else (self.counts.ravel(), self.excess.ravel())
        return both[0][pick], both[1][pick]


@pytest.fixture
def kinked(monkeypatch):
    """A maker of kinked objectives, asked for their kinks in the place of the real structure."""
    from gdfast.objective import structure

    def kink_crossings(objective, w, h=1e-5, coordinates=None):
        return objective.kinks(w, coordinates)

    monkeypatch.setattr(structure, "kink_crossings", kink_crossings)
    return Kinked


def test_kinks_that_explain_the_disagreement_pass(kinked):
    counts, excess = np.zeros((2, 3), dtype=np.int64), np.zeros((2, 3))
    counts[1, 0], excess[1, 0] = 2, -0.25
    report = check_gradient(kinked((2, 3), counts, excess), at=point((2, 3)))
    assert report.verdict == "KINKS"
    assert report.passed
    assert report.kinks.tolist() == [3]
    assert report.max_relative_error > 1e-2
    assert report.unexplained < 1e-9
    text = str(report)
    assert "FAIL" not in text
    assert "1 difference stencil across a kink; with the kinks taken out" in text


def test_kinks_do_not_hide_a_bug(kinked):
    counts, excess = np.ones((2, 3), dtype=np.int64), np.full((2, 3), 0.3)
    report = check_gradient(kinked((2, 3), counts, excess, factor=4.1), at=point((2, 3)))
    assert report.verdict == "FAIL"
    assert report.unexplained == pytest.approx(0.1 / 4.1, rel=1e-6)


def test_kinks_that_add_nothing_leave_a_pass(kinked):
    counts = np.array([0, 5, 1])
    report = check_gradient(kinked((3,), counts, np.zeros(3)), at=point((3,)))
    assert report.verdict == "PASS"
    assert report.kinks.tolist() == [1, 2]


def test_kinks_follow_the_chosen_coordinates(kinked):
    counts, excess = np.arange(6).reshape(2, 3), 0.1 * np.arange(6).reshape(2, 3)
    report = check_gradient(kinked((2, 3), counts, excess), at=point((2, 3)), coordinates=[4, 0, 2])
    assert report.verdict == "KINKS"
    assert report.kinks.tolist() == [4, 2]
    assert report.unexplained < 1e-9


# Linear objectives

LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber()]
DTYPES = [
    ("float64", "float64"),
    ("float64", "float32"),
    ("float32", "float64"),
    ("float32", "float32"),
    ("uint8", "float64"),
    ("uint8", "float32"),
]


def images(loss, dtype="float64", seed=0):
    """60 made-up images of 12 pixels in three classes: the objective, weights to look at, and the labels."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 256, size=(60, 12)).astype(np.uint8)
    X = X if dtype == "uint8" else (X / 255).astype(dtype)
    y = rng.normal(size=(60, 3)) if isinstance(loss, gd.SquaredError | gd.Huber) else rng.integers(3, size=60)
    objective = gd.LinearObjective(X, y, loss, gd.L2(0.01), scale=np.full(12, 255.0) if dtype == "uint8" else None)
    return objective, 0.3 * rng.normal(size=objective.shape), y


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("X", "W"), DTYPES)
@pytest.mark.parametrize("h", [1e-3, 1e-5])
def test_lecture_23_right_gradients_of_linear_objectives_pass_and_wrong_ones_fail(loss, X, W, h):
    for seed in range(3):
        objective, w, _ = images(loss, X, seed)
        w = w.astype(W)
        report = check_gradient(objective, at=w, h=h)
        assert report.passed, str(report)
        assert report.structured
        assert report.coordinates.size == w.size

        wrong = objective.gradient(w)
        wrong[1] *= 1.001
        report = check_gradient(objective, lambda w, wrong=wrong: wrong, w, h=h)
        assert report.verdict == "FAIL", str(report)
        assert any("row 1" in sentence for sentence in report.diagnosis)


@pytest.mark.parametrize("h", [3e-2, 1e-2])
def test_kinks_of_the_hinge_are_counted_apart_and_explained_exactly(h):
    objective, w, y = images(gd.Hinge())
    report = check_gradient(objective, at=w, h=h)
    assert report.verdict == "KINKS"
    assert report.max_relative_error > 1e-4
    assert report.unexplained < 1e-9
    # Away from the kinks the hinge is linear: there the quotients are right as they stand.
    away = ~np.isin(report.coordinates, report.kinks)
    assert away.any()
    assert report.relative_error[away].max() < 1e-9
    # The kinks found are those that a perturbed weight really crosses.
    for i in report.coordinates:
        signs = []
        for sign in (-1, 1):
            moved = w.copy()
            moved.flat[i] += sign * h
            signs.append(objective.scores(moved))
        low, high = ((s - s[np.arange(60), y][:, None] + 1 > 0) for s in signs)
        assert (i in report.kinks) == bool((low != high).any())


def test_both_roads_give_the_same_verdict_and_numbers():
    objective, w, _ = images(gd.CrossEntropy())
    structured = check_gradient(objective, at=w)
    plain = check_gradient(objective.value, objective.gradient, w)
    assert structured.structured
    assert not plain.structured
    assert structured.verdict == plain.verdict == "PASS"
    np.testing.assert_allclose(structured.numerical, plain.numerical, atol=1e-9)


def test_function_objectives():
    w = point((3, 4))
    assert check_gradient(gd.FunctionObjective(softmax, softmax_gradient), at=w).verdict == "PASS"
    assert check_gradient(gd.FunctionObjective(softmax, lambda w: -softmax_gradient(w)), at=w).verdict == "FAIL"
    with pytest.raises(ValueError, match="only check itself"):
        check_gradient(gd.FunctionObjective(softmax), at=w)


# What is called, and how often


def test_lecture_18_evaluations_are_counted_and_reported():
    objective = Quartic((3, 4))
    report = check_gradient(objective, at=point((3, 4)))
    assert objective.values == report.evaluations + 1 == 2 * 12 + 1
    assert objective.gradients == 1
    assert "12 of 12 coordinates checked\n  h = 1e-05, 24 evaluations" in str(report)


def test_the_structure_of_an_objective_is_used():
    objective = Structured((100, 200))
    report = check_gradient(objective, at=point((100, 200)))
    assert report.verdict == "PASS"
    assert report.structured
    assert report.coordinates.size == 20_000  # all: cheap by structure
    assert objective.values == 1
    assert "40,000 evaluations (by structure)" in str(report)


def test_a_gradient_of_ones_own_against_an_objectives_values():
    objective = Structured((3, 4), factor=-1.0)
    w = point((3, 4))
    assert check_gradient(objective, lambda w: 4 * objective.a * w**3, w).verdict == "PASS"
    assert check_gradient(objective, lambda w: 5 * objective.a * w**3, w).verdict == "FAIL"
    assert objective.gradients == 0


def test_the_point_is_untouched_whatever_the_functions_do():
    w = point((2, 3))
    before = w.copy()

    def spoil(f):
        def spoiled(x):
            result = f(x)
            x[:] = 7.0
            return result

        return spoiled

    assert check_gradient(spoil(softmax), spoil(softmax_gradient), w).passed
    assert np.array_equal(w, before)


# Which coordinates


def test_small_problems_are_checked_fully_and_large_ones_by_a_sample():
    for size, checked in ((1000, 1000), (1001, 1000), (5000, 1000)):
        report = check_gradient(lambda w: float(np.sum(w)), np.ones_like, np.ones(size), rng=0)
        assert report.coordinates.size == checked


@pytest.mark.parametrize("shape", [(3, 2000), (400, 7), (500, 8), (600, 5), (1500, 2), (3000, 4)])
def test_a_sample_covers_every_row_evenly_and_the_bias(shape):
    n_rows = shape[0]
    report = check_gradient(lambda w: 1.0, np.zeros_like, np.ones(shape), rng=0)
    chosen = report.coordinates
    assert chosen.size == max(1000, n_rows)
    assert np.array_equal(chosen, np.unique(chosen))
    rows, columns = np.unravel_index(chosen, shape)
    per_row = np.bincount(rows, minlength=n_rows)
    assert per_row.min() >= 1
    assert per_row.max() - per_row.min() <= 1
    biases = np.sum(columns == shape[1] - 1)
    assert biases == n_rows if chosen.size >= 2 * n_rows else biases >= 1
    assert len(np.unique(columns)) == shape[1] or shape[1] > chosen.size


@pytest.mark.parametrize("n", [1, 2, 3, 7, 39, 40, 41])
def test_an_integer_asks_for_a_sample_of_that_many(n):
    w = point((4, 10))
    report = check_gradient(Quartic((4, 10)), at=w, coordinates=n, rng=3)
    assert report.coordinates.size == min(n, 40)
    again = check_gradient(Quartic((4, 10)), at=w, coordinates=n, rng=3)
    assert np.array_equal(report.coordinates, again.coordinates)


def test_flat_indices_are_taken_as_they_are():
    w = point((4, 10))
    objective = Quartic((4, 10))
    report = check_gradient(objective, at=w, coordinates=[39, 0, 12])
    assert report.coordinates.tolist() == [39, 0, 12]
    np.testing.assert_allclose(report.analytic, objective.gradient(w).reshape(-1)[[39, 0, 12]])
    assert objective.values == 7


def test_worst_is_ordered_and_as_long_as_asked():
    def wrong(w):
        return softmax_gradient(w) * (1 + 0.01 * np.array([1, 5, 3, 4, 2]))

    report = check_gradient(softmax, wrong, point(5))
    assert report.worst(3).tolist() == [1, 3, 2]
    assert report.worst(0).size == 0
    assert report.worst(99).size == 5
    with pytest.raises(ValueError, match="k must be >= 0"):
        report.worst(-1)


# What is printed


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        (slice(None), slice(None), "Wrong: 20 of 20 checked coordinates."),
        ([2], slice(None), "all of them in row 2."),
        (slice(None), [1], "all of them in column 1."),
        (slice(None), [-1], "the last one (the bias of a linear objective)"),
        ([0], [0], "Wrong: 1 of 20 checked coordinates."),
    ],
)
def test_the_report_says_where_the_errors_sit(rows, columns, words):
    def wrong(w):
        gradient = softmax_gradient(w)
        gradient[rows, columns] *= 2
        return gradient

    report = check_gradient(softmax, wrong, point((4, 5)))
    assert any(words in sentence for sentence in report.diagnosis)


@pytest.mark.parametrize("factor", [4.0, -4.0])
def test_the_report_fits_80_columns(factor, kinked):
    counts = np.ones((300, 400), dtype=np.int64)
    for objective in (Quartic((300, 400), factor), kinked((300, 400), counts, 1e-3 * counts, factor)):
        if isinstance(objective, Kinked):
            report = check_gradient(objective, at=point((300, 400)) * 1e-9, h=1e-12)
        else:
            report = check_gradient(objective.value, objective.gradient, point((300, 400)), coordinates=50, rng=0)
        assert max(map(len, str(report).splitlines())) <= 80


# Bad input


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
def test_the_wrong_kind_of_argument_is_refused(arguments, match):
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
        (lambda w: w[:2], ValueError, r"shape \(3,\); its shape is \(2,\)"),
        (lambda w: w[None], ValueError, r"its shape is \(1, 3\)"),
        (lambda w: w.astype(np.float32), TypeError, "dtype float64; its dtype is float32"),
        (lambda w: w.astype(int), TypeError, "its dtype is int"),
        (lambda w: w + 0j, TypeError, "its dtype is complex128"),
        (lambda w: None, TypeError, "its dtype is object"),
    ],
)
def test_a_gradient_of_another_shape_or_dtype_is_refused(gradient, error, match):
    with pytest.raises(error, match=match):
        check_gradient(softmax, gradient, np.ones(3))


@pytest.mark.parametrize(("value", "error"), [(None, TypeError), (np.ones(3), TypeError), (np.nan, ValueError)])
def test_a_value_that_is_no_finite_number_is_refused(value, error):
    with pytest.raises(error, match="f must return"):
        check_gradient(lambda w: value, np.ones_like, np.ones(3))


def test_an_exception_of_the_function_comes_through_with_the_coordinate():
    def f(w):
        if w[1] > 1:
            raise ZeroDivisionError("mine")
        return 1.0

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        check_gradient(f, np.zeros_like, np.ones(3))
    assert any("x[1]" in note for note in caught.value.__notes__)
