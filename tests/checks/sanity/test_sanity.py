"""sanity_check: silent on healthy set-ups of every kind, and a sentence with a remedy for each thing planted."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gdfast as gd
from gdfast.checks.sanity import Finding, SanityReport, Severity
from sanity import CLASSIFIERS, REGULARIZERS, data, found, not_ok

# ---- no false alarms ----


def bundled():
    datasets = pytest.importorskip("sklearn.datasets")
    for name in ("iris", "wine", "breast_cancer"):
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        scale = {"mean": X.mean(axis=0), "scale": X.std(axis=0)}
        yield f"{name} scaled", X, y, scale, []
        yield f"{name} scaled, float32", X.astype(np.float32), y, scale, []
        yield f"{name} raw", X, y, {}, [] if name == "iris" else [("features", "warning")]
    digits = gd.datasets.load_digits()
    yield "digits", digits.X, digits.y, {"mean": digits.X.mean(axis=0), "scale": np.full(64, 16.0)}, []
    yield "digits raw", digits.X, digits.y, {}, []


@pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
def test_lecture_39_40_41_42_bundled_data_raise_no_false_alarm(loss):
    for name, X, y, settings, expected in bundled():
        for regularizer in REGULARIZERS:
            objective = gd.LinearObjective(X, y, loss, regularizer, **settings)
            assert not_ok(gd.sanity_check(objective)) == expected, (name, regularizer)


@pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
@pytest.mark.parametrize("regularizer", REGULARIZERS, ids=repr)
def test_weights_that_were_trained_raise_no_false_alarm(loss, regularizer):
    X, y = data()
    objective = gd.LinearObjective(X, y, loss, regularizer)
    w0 = gd.minimize(objective, np.zeros(objective.shape), gd.Momentum(), step=0.01, max_steps=300).best_w
    before = w0.copy()
    assert not_ok(gd.sanity_check(objective, w0)) == []
    assert (w0 == before).all()


@pytest.mark.parametrize("scale", [0.0, 1e-4, 1e-2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
def test_usual_starts_raise_no_false_alarm(loss, scale, dtype):
    X, y = data()
    objective = gd.LinearObjective(X, y, loss, gd.L2(1e-3))
    w0 = (scale * np.random.default_rng(1).normal(size=objective.shape)).astype(dtype)
    assert not_ok(gd.sanity_check(objective, w0)) == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [*CLASSIFIERS, gd.SquaredError()], ids=repr)
def test_sparse_rows_raise_no_false_alarm(loss, dtype):
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(2)
    X = sparse.csr_matrix(np.where(rng.random((300, 400)) < 0.05, rng.random((300, 400)), 0.0).astype(dtype))
    y = np.arange(300) % 5 if loss.classifies else rng.normal(size=300)
    assert not_ok(gd.sanity_check(gd.LinearObjective(X, y, loss, gd.L2(1e-4)))) == []


@pytest.mark.parametrize("settings", [{}, {"bias": False}, {"penalize_bias": True}, {"sample_weight": True}])
@pytest.mark.parametrize("loss", [gd.Hinge(), gd.CrossEntropy(), gd.SquaredError()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8])
def test_every_kind_of_objective_raises_no_false_alarm(loss, settings, dtype):
    X, y = data()
    X = (10 * (X - X.min())).astype(dtype)
    y = y if loss.classifies else X[:, :3] @ np.array([1.0, -2.0, 3.0])
    weight = {"sample_weight": np.random.default_rng(0).random(len(X))} if "sample_weight" in settings else {}
    objective = gd.LinearObjective(X, y, loss, gd.L2(1e-4), **(settings | weight), scale=np.full(30, 100.0))
    assert not_ok(gd.sanity_check(objective)) == []
    assert not_ok(gd.sanity_check(objective.rows(np.arange(60)))) == []


def test_regression_on_few_features_and_on_repeated_rows_raises_no_false_alarm():
    rng = np.random.default_rng(0)
    kinds = np.column_stack([np.eye(5)[rng.integers(0, 5, 100)], np.eye(4)[rng.integers(0, 4, 100)]])
    for X in (rng.normal(size=(100, 3)), rng.integers(0, 2, (100, 1)).astype(float), kinds):
        objective = gd.LinearObjective(X, rng.normal(size=(100, 2)), gd.SquaredError(), gd.L2(1e-3))
        assert not_ok(gd.sanity_check(objective)) == []


# ---- LECTURE 39: the first loss ----


@pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
def test_lecture_39_the_first_loss_is_as_the_formula_says(loss):
    X, y = data(k=7)
    expected = {
        gd.Hinge: 6 * loss.margin,
        gd.SquaredHinge: 6 * loss.margin**2,
        gd.CrossEntropy: math.log(7),
    }[type(loss)]
    sentence = found(gd.sanity_check(gd.LinearObjective(X, y, loss)), "first loss").sentence
    assert f"At W = 0 the loss is {expected:.6g}," in sentence


@pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
def test_lecture_39_a_value_that_is_wrong_at_zero_is_a_problem(loss):
    class Summed(gd.LinearObjective):
        """Forgets to divide by the number of rows."""

        def value(self, W):
            return self.n_samples * super().value(W)

    report = gd.sanity_check(Summed(*data(), loss))
    assert found(report, "first loss").severity is Severity.PROBLEM
    assert not report.passed


@pytest.mark.parametrize("loss", [*CLASSIFIERS, gd.SquaredError()], ids=repr)
def test_lecture_39_a_start_far_above_the_first_loss_is_a_warning(loss):
    X, y = data()
    y = y if loss.classifies else X[:, 0]
    objective = gd.LinearObjective(X, y, loss)
    w0 = 50 * np.random.default_rng(0).normal(size=objective.shape)
    finding = found(gd.sanity_check(objective, w0), "first loss")
    assert finding.severity is Severity.WARNING
    assert "w0 is worse than no weights at all. Start at zeros" in finding.sentence


def test_lecture_39_features_so_large_that_small_weights_are_large():
    X, y = data()
    report = gd.sanity_check(gd.LinearObjective(1e6 * X, y, gd.CrossEntropy()))
    assert ("first loss", "warning") in not_ok(report)
    assert "Give mean and scale" in found(report, "first loss").sentence


# ---- LECTURE 40: twenty samples ----


@pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
def test_lecture_40_twenty_samples_of_random_labels_can_be_fitted(loss):
    rng = np.random.default_rng(0)
    objective = gd.LinearObjective(rng.normal(size=(200, 40)), rng.integers(0, 5, 200), loss, gd.L2(10.0))
    finding = found(gd.sanity_check(objective), "overfitting")
    assert finding.severity is Severity.OK
    assert finding.sentence.startswith("20 samples can be fitted")


def test_lecture_40_identical_rows_with_different_labels_are_named():
    X, y = data()
    X[5::7] = X[5]
    finding = found(gd.sanity_check(gd.LinearObjective(X, y)), "overfitting")
    assert finding.severity is Severity.WARNING
    i, j = (int(word) for word in finding.sentence.replace(",", "").split() if word.isdecimal() and word != "20")
    assert i != j
    assert (X[i] == X[j]).all()
    assert y[i] != y[j]


def test_lecture_40_identical_sparse_rows_with_different_labels_are_named():
    sparse = pytest.importorskip("scipy.sparse")
    X, y = data()
    X[::2] = 0.0
    finding = found(gd.sanity_check(gd.LinearObjective(sparse.csr_array(X), y)), "overfitting")
    assert "are identical and their labels differ" in finding.sentence


def test_lecture_40_rows_that_no_linear_function_tells_apart_are_no_bug():
    X = np.linspace(-1, 1, 50)[:, None]
    finding = found(gd.sanity_check(gd.LinearObjective(X, np.arange(50) % 2, gd.CrossEntropy())), "overfitting")
    assert finding.severity is Severity.OK
    assert "That 20 samples can't is no bug: a linear function of 1 feature" in finding.sentence


class Uphill(gd.LinearObjective):
    def value_and_gradient(self, W):
        value, gradient = super().value_and_gradient(W)
        return value, -gradient


def test_lecture_40_a_gradient_that_leads_nowhere_is_a_problem():
    report = gd.sanity_check(Uphill(*data(), gd.CrossEntropy()))
    assert {("overfitting", "problem"), ("data gradient", "problem")} <= set(not_ok(report))
    assert "20 samples can't be fitted, though the features allow it" in found(report, "overfitting").sentence


def test_lecture_40_the_classes_take_turns():
    from gdfast.checks.sanity.overfit import interleave_classes

    y = np.repeat([0, 1, 2], [500, 30, 4])
    order = interleave_classes(gd.LinearObjective(np.zeros((534, 2)) + y[:, None], y))
    assert sorted(order) == list(range(534))
    assert np.bincount(y[order[:12]]).tolist() == [4, 4, 4]
    assert np.bincount(y[order[:20]]).tolist() == [8, 8, 4]


# ---- LECTURE 41: gradients apart, and the regularizer's strength ----


class HalfL2:
    """The gradient's factor 2 is missing."""

    def value(self, W):
        return 0.1 * float(np.sum(W**2))

    def gradient(self, W):
        return 0.1 * W


def test_lecture_41_a_wrong_regularizer_is_told_from_the_data():
    report = gd.sanity_check(gd.LinearObjective(*data(), gd.Hinge(), HalfL2()))
    assert not_ok(report) == [("regularizer gradient", "problem")]
    assert found(report, "data gradient").severity is Severity.OK
    with pytest.raises(RuntimeError, match="Regularizer gradient"):
        report.require()


def test_lecture_41_a_wrong_data_gradient_is_told_from_the_regularizer():
    class Scaled(gd.LinearObjective):
        def value_and_gradient(self, W):
            value, gradient = super().value_and_gradient(W)
            return value, 1.01 * gradient

    report = gd.sanity_check(Scaled(*data(), gd.CrossEntropy(), gd.L2(1e-3)))
    assert not_ok(report) == [("data gradient", "problem")]


@pytest.mark.parametrize("regularizer", [gd.L2(1e4), gd.L1(10.0), gd.ElasticNet(10.0, 1.0)], ids=repr)
@pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
def test_lecture_41_a_regularizer_that_dominates_is_a_warning(loss, regularizer):
    report = gd.sanity_check(gd.LinearObjective(*data(), loss, regularizer))
    assert not_ok(report) == [("regularizer strength", "warning")]
    assert "The regularizer dominates" in found(report, "regularizer strength").sentence


def test_lecture_41_what_is_said_to_be_left_is_what_a_fine_search_finds():
    X, y = data()
    loss, regularizer = gd.CrossEntropy(), gd.L2(0.5)
    zeros = np.zeros((4, 31))
    plain, whole = gd.LinearObjective(X, y, loss), gd.LinearObjective(X, y, loss, regularizer)
    steps = np.geomspace(1e-6, 1e3, 2000)
    direction = -plain.gradient(zeros)
    best = [min(o.value(zeros + s * direction) for s in steps) for o in (plain, whole)]
    left = (math.log(4) - best[1]) / (math.log(4) - best[0])
    sentence = found(gd.sanity_check(whole), "regularizer strength").sentence
    assert float(sentence.split()[2].rstrip("%")) / 100 == pytest.approx(left, abs=0.1)


def test_lecture_41_a_penalty_above_the_first_loss_is_a_warning():
    objective = gd.LinearObjective(*data(), gd.CrossEntropy(), gd.L2(0.01))
    w0 = np.full(objective.shape, 5.0)
    finding = found(gd.sanity_check(objective, w0), "regularizer strength")
    assert finding.severity is Severity.WARNING
    assert f"it is {0.01 * 25 * 120:.3g} " in finding.sentence


# ---- LECTURE 42: precision ----


def test_lecture_42_float32_is_said():
    X, y = data()
    narrow = gd.sanity_check(gd.LinearObjective(X.astype(np.float32), y))
    assert "float32 because of X" in found(narrow, "precision").sentence
    assert found(gd.sanity_check(gd.LinearObjective(X, y)), "precision").sentence == "float64 throughout."
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    report = gd.sanity_check(bowl, np.ones(3, dtype=np.float32))
    assert ("precision", "warning") in not_ok(report)
    assert "float64 copy of w0" in found(report, "precision").sentence


def test_lecture_42_tiny_gradients_and_lost_digits_are_warnings():
    high = gd.FunctionObjective(lambda w: float(w @ w) + 1e6, lambda w: 2 * w)
    report = gd.sanity_check(high, np.full(3, 1e-3))
    assert {("gradient size", "warning"), ("precision", "warning")} <= set(not_ok(report))
    assert "take constants out of the value" in found(report, "precision").sentence


def test_lecture_42_a_zero_gradient_is_a_warning():
    bowl = gd.FunctionObjective(lambda w: float(w @ w) + 1, lambda w: 2 * w)
    report = gd.sanity_check(bowl, np.zeros(3))
    assert "Every element of the gradient is zero" in found(report, "gradient size").sentence
    assert found(report, "gradient").severity is Severity.OK  # both zero passes


# ---- any other objective ----


def test_a_function_with_a_wrong_gradient_is_a_problem():
    report = gd.sanity_check(gd.FunctionObjective(lambda w: float(w @ w), lambda w: 3 * w), [1.0, 2.0])
    assert not_ok(report) == [("gradient", "problem")]


def test_a_function_without_a_gradient_is_a_warning():
    report = gd.sanity_check(gd.FunctionObjective(lambda w: float(w @ w)), [1.0, 2.0])
    assert not_ok(report) == [("gradient", "warning")]


def test_a_value_that_is_not_finite_is_a_problem():
    report = gd.sanity_check(gd.FunctionObjective(lambda w: math.nan, lambda w: 2 * w), [1.0])
    assert not_ok(report) == [("gradient size", "problem")]


@pytest.mark.parametrize("other", ["value", "gradient"])
def test_methods_that_disagree_are_a_problem(other):
    class Mine:
        def value(self, w):
            return float(w @ w) * (1.01 if other == "value" else 1.0)

        def gradient(self, w):
            return 2 * w * (1.01 if other == "gradient" else 1.0)

        def value_and_gradient(self, w):
            return float(w @ w), 2 * w

    report = gd.sanity_check(Mine(), np.ones(3))
    assert ("agreement", "problem") in not_ok(report)
    assert f"gives another {other} than {other}" in found(report, "agreement").sentence


def test_an_exception_of_the_user_comes_through():
    def fail(w):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        gd.sanity_check(gd.FunctionObjective(fail, fail), [1.0])


@pytest.mark.parametrize("objective", [None, 3, gd.LinearObjective, lambda w: 0.0])
def test_what_is_no_objective_is_a_type_error(objective):
    with pytest.raises(TypeError, match=r"^objective must have value, gradient and value_and_gradient"):
        gd.sanity_check(objective, [1.0])


def test_a_wrong_start_is_named():
    objective = gd.LinearObjective(*data())
    with pytest.raises(ValueError, match=r"^w0 must have the shape \(4, 31\)"):
        gd.sanity_check(objective, np.zeros(3))
    with pytest.raises(ValueError, match=r"^w0 must be finite"):
        gd.sanity_check(objective, np.full((4, 31), np.nan))
    with pytest.raises(TypeError, match=r"^w0 must be given"):
        gd.sanity_check(gd.FunctionObjective(lambda w: 0.0))


# ---- the report ----


def test_the_report_reads_well_in_80_columns():
    X, y = data()
    X[:, 7] *= 1000
    report = gd.sanity_check(gd.LinearObjective(X, 2 * y, gd.CrossEntropy(), HalfL2()))
    lines = str(report).splitlines()
    assert lines[0] == "Sanity check: 1 problem, 2 warnings, 6 ok"
    assert max(map(len, lines)) < 80
    assert lines[1].startswith("  problem  Regularizer gradient. ")
    severities = [line.split()[0] for line in lines if line[2] != " " and line.startswith("  ")]
    assert severities == ["problem", "warning", "warning"] + 6 * ["ok"]


def test_only_problems_fail():
    ok, warning, problem = (Finding("x", severity, "It is so.") for severity in Severity)
    assert SanityReport((ok, warning)).require().passed
    assert not SanityReport((ok, problem)).passed
    assert SanityReport((ok, warning, ok)).with_severity(Severity.OK) == (ok, ok)
    assert str(SanityReport((ok,))) == "Sanity check: 1 ok\n  ok       X. It is so."


def test_the_check_repeats_itself_and_leaves_no_trace():
    X, y = data()
    objective = gd.LinearObjective(X, y, gd.Hinge(), gd.L2(1e-3))
    before = X.copy()
    assert str(gd.sanity_check(objective)) == str(gd.sanity_check(objective))
    assert (before == X).all()
    assert (objective.loss, objective.regularizer) == (gd.Hinge(), gd.L2(1e-3))
