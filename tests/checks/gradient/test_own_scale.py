"""Each coordinate is judged on its own scale: nothing passes that was not judged, nothing right fails."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast.checks import check_gradient

WRONG = {"flipped": -1.0, "doubled": 2.0, "zero": 0.0, "1.05 times": 1.05}


def offset(c):
    return lambda z: float(c + z @ z)


@pytest.mark.parametrize("factor", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("c", [1e9, 1e11, -1e12, 1e13, 1e16, 1e20])
def test_no_wrong_gradient_passes_under_an_offset(c, factor):
    report = check_gradient(offset(c), lambda z: 2 * factor * z, np.ones(2))
    assert not report.passed
    assert report.verdict in ("FAIL", "NOISE")
    assert report.verdict == "FAIL" or not report.judged.any()


def test_the_offset_that_leaves_enough_passes():
    assert check_gradient(offset(1e11), lambda z: 2 * z, np.ones(2)).verdict == "PASS"
    report = check_gradient(offset(1e16), lambda z: 2 * z, np.ones(2))
    assert str(report).splitlines()[0] == "Gradient check: NOISE (2 of 2 coordinates not judged)"


@pytest.mark.parametrize("factor", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("unit", [1e-8, 1e-4, 1e6, 1e12])
def test_a_large_entry_hides_no_small_one(unit, factor):
    def f(w):
        return float(np.sin(w[0] / unit) + np.sin(w[1]))

    def gradient(w, by=1.0):
        return np.array([np.cos(w[0] / unit) / unit, by * np.cos(w[1])])

    at = np.array([2 * unit, 1.7])
    assert check_gradient(f, gradient, at).verdict == "PASS"
    report = check_gradient(f, lambda w: gradient(w, factor), at)
    assert report.verdict == "FAIL"
    assert report.worst(1).tolist() == [1]


def test_mixed_units_in_one_vector():
    at = np.array([1e12, 1e-3, 0.0])

    def f(x):
        return float(np.exp(x[0] / 1e12) + np.sin(1e3 * x[1]) + np.exp(x[2]))

    def gradient(x):
        return np.array([np.exp(x[0] / 1e12) / 1e12, 1e3 * np.cos(1e3 * x[1]), np.exp(x[2])])

    assert check_gradient(f, gradient, at).verdict == "PASS"
    for j in range(3):
        assert check_gradient(f, lambda x, j=j: gradient(x) * (1 + 0.5 * (np.arange(3) == j)), at).verdict == "FAIL"


def test_values_far_above_their_spacing_and_no_factor_nobody_would_write():
    x = np.random.default_rng(11).normal(size=5) * 0.01
    report = check_gradient(lambda x: float(np.log(1 + np.sum(x**2))), lambda x: 2 * x / (1 + np.sum(x**2)), x)
    assert report.verdict == "PASS"
    wrong = check_gradient(lambda x: float(np.sum(x**2)), lambda x: 2 * x / 32_515_308_910, np.ones(5))
    assert wrong.verdict == "FAIL"
    assert "N =" not in " ".join(wrong.diagnosis)
    named = check_gradient(lambda x: float(np.sum(x**2)), lambda x: 2 * x / 250, np.arange(1.0, 6.0))
    assert "N = 250" in " ".join(named.diagnosis)


def test_float64_parameters_in_float32_arithmetic():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        w = rng.normal(size=rng.integers(2, 8))
        for f in (
            lambda w: float(np.exp(w.astype(np.float32)).sum()),
            lambda w: float(np.exp(w.astype(np.float32)).sum()) + float(np.sin(w).sum()),
        ):
            extra = np.cos if f(w) != float(np.exp(w.astype(np.float32)).sum()) else np.zeros_like
            assert check_gradient(f, lambda w, extra=extra: np.exp(w) + extra(w), w).verdict != "FAIL"
            assert not check_gradient(f, lambda w, extra=extra: 0.8 * np.exp(w) + extra(w), w).passed


DOMAINS = {
    "log": (lambda w: sum(math.log(v) for v in w), lambda w: 1 / w, [1e-6, 1.0]),
    "numpy's log": (lambda w: np.log(w).sum(), lambda w: 1 / w, [1e-9, 1.0]),
    "square root": (lambda w: sum(math.sqrt(v) for v in w), lambda w: 0.5 / np.sqrt(w), [1e-8, 1.0]),
    "log1p": (lambda w: sum(math.log1p(v) for v in w), lambda w: 1 / (1 + w), [-1 + 1e-7, 0.1]),
    "arcsine": (lambda w: sum(math.asin(v) for v in w), lambda w: 1 / np.sqrt(1 - w * w), [1 - 1e-6, 0.1]),
    "division": (lambda w: sum(1 / v for v in w.tolist()), lambda w: -1 / w**2, [1e-5, 1.0]),
    "one side": (lambda w: sum(math.pow(v, 2.5) + v for v in w), lambda w: 2.5 * w**1.5 + 1, [0.0, 1.0]),
    "Cholesky": (
        lambda w: 2 * np.log(np.diag(np.linalg.cholesky(np.diag(w)))).sum(), lambda w: 1 / w, [1e-7, 1.0],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOMAINS)
def test_near_the_end_of_a_domain_steps_are_shorter_or_one_sided(name):
    f, gradient, at = DOMAINS[name]
    report = check_gradient(f, gradient, at)
    assert report.verdict == "PASS", str(report)
    assert np.isfinite(report.numerical).all()
    assert check_gradient(f, lambda w: 1.01 * gradient(w), at).verdict == "FAIL"


def test_where_no_step_stays_in_the_domain_that_is_said():
    def f(w):
        return float(w[1]) if w[0] == 1.0 else math.nan

    report = check_gradient(f, lambda w: np.array([0.0, 1.0]), [1.0, 2.0])
    assert report.verdict == "NOISE"
    assert report.judged.tolist() == [False, True]
    assert any("can't be evaluated on either side" in sentence for sentence in report.diagnosis)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sum_in_another_order_is_deterministic(dtype):
    for seed in range(20):
        rng, order = np.random.default_rng(seed), np.random.default_rng(1)
        w, A = rng.normal(size=8), rng.normal(size=(400, 8))

        def f(w, A=A, order=order):
            terms = np.sin(A @ w).astype(dtype)
            return float(np.add.accumulate(terms[order.permutation(400)])[-1])

        verdict = check_gradient(f, lambda w, A=A: A.T @ np.cos(A @ w), w).verdict
        assert verdict in ("PASS", "NOISE")
        assert check_gradient(f, lambda w, A=A: 1.5 * A.T @ np.cos(A @ w), w).verdict == "FAIL"


def test_nondeterminism_that_is_allowed_is_noise():
    rng, w = np.random.default_rng(0), np.array([0.5, -1.0])

    def f(w):
        return float(np.exp(w).sum()) + 1e-6 * rng.normal()

    assert check_gradient(f, np.exp, w).verdict == "NONDETERMINISTIC"
    assert check_gradient(f, np.exp, w, nondeterminism=1e-4).verdict in ("PASS", "NOISE")
    assert not check_gradient(f, lambda w: 2 * np.exp(w), w, nondeterminism=1e-4).passed
    assert check_gradient(f, np.exp, w, nondeterminism=0).verdict == "NONDETERMINISTIC"


class Forward:
    """Keeps what value computed, and uses it in gradient whatever the point; or the other way round."""

    def __init__(self, wrong):
        self.wrong, self.e = wrong, None

    def value(self, w):
        if self.wrong != "value" or self.e is None:
            self.e = np.exp(w)
        return float(self.e.sum())

    def gradient(self, w):
        if self.wrong == "gradient":
            return self.e if self.e is not None else np.exp(w)
        self.e = np.exp(w)
        return self.e.copy()


@pytest.mark.parametrize("wrong", ["value", "gradient"])
def test_stale_caches_are_found(wrong):
    report = check_gradient(Forward(wrong), at=np.array([0.5, -1.0]))
    assert report.verdict == "FAIL"
    assert any("stale cache" in sentence for sentence in report.diagnosis), report.diagnosis
    assert check_gradient(Forward("neither"), at=np.array([0.5, -1.0])).verdict == "PASS"


def test_a_gradient_that_keeps_its_first_answer_fails():
    kept = []

    def gradient(w):
        kept.append(2 * w)
        return kept[0]

    report = check_gradient(lambda w: float(w @ w), gradient, np.array([1.0, 2.0]))
    assert report.verdict == "FAIL"
    assert any("stale cache" in sentence for sentence in report.diagnosis)


def test_a_cache_that_compares_points_passes():
    class Careful:
        def __init__(self):
            self.at, self.e = None, None

        def _at(self, w):
            if self.at is None or not np.array_equal(self.at, w):
                self.at, self.e = w.copy(), np.exp(w)
            return self.e

        def value(self, w):
            return float(self._at(w).sum())

        def gradient(self, w):
            return self._at(w).copy()

    assert check_gradient(Careful(), at=np.array([0.5, -1.0])).verdict == "PASS"


def test_a_value_that_changes_its_argument_does_not_pass():
    def f(w):
        w -= 1.0
        return float(w @ w)

    report = check_gradient(f, lambda w: 2 * (w - 1), np.array([3.0, 4.0]))
    assert report.verdict == "FAIL"
    assert "changes its argument" in report.diagnosis[0]


@pytest.mark.parametrize("c", [1.0, 1e6])
def test_zero_derivatives_are_judged_where_f_is_flat(c):
    """A dead unit, a coordinate that f leaves out, and a minimum."""
    at = np.array([-3.0, 5.0, 0.0])

    def f(x):
        return float(c + max(x[0], 0.0) + x[2] ** 2)

    assert check_gradient(f, lambda x: np.array([0.0, 0.0, 2 * x[2]]), at).verdict == "PASS"
    for j in range(3):
        wrong = np.zeros(3)
        wrong[j] = 0.1
        assert check_gradient(f, lambda x, wrong=wrong: wrong.copy(), at).verdict == "FAIL"


@pytest.mark.parametrize("seed", range(120))
def test_random_functions(seed):
    """Of mixed units, small or under an offset: a right gradient never fails, one wrong entry never passes."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 7))
    unit = 10.0 ** rng.integers(-9, 10, d) if rng.random() < 0.5 else np.ones(d)
    A, b = rng.normal(size=(6, d)), rng.normal(size=6)
    add, times = rng.choice([0, 0, 1e3, -1e8]), rng.choice([1, 1e-8, 1e-15, 1e6])
    value, slope = [
        (lambda t: np.exp(t / 2).sum(), lambda t: np.exp(t / 2) / 2),
        (lambda t: np.sin(t).sum(), np.cos),
        (lambda t: np.log(1 + t * t).sum(), lambda t: 2 * t / (1 + t * t)),
        (lambda t: np.maximum(t, 0).sum(), lambda t: (t > 0) * 1.0),
        (lambda t: (np.tanh(t) * b).sum(), lambda t: (1 - np.tanh(t) ** 2) * b),
    ][seed % 5]
    j, factor = rng.integers(d), rng.choice([-1.0, 0.0, 2.0, 1.05])

    def f(x):
        return float(times * value(A @ (x / unit) + b) + add)

    def gradient(x):
        return times * (A.T @ slope(A @ (x / unit) + b)) / unit

    def wrong(x):
        found = gradient(x)
        found[j] *= factor
        return found

    x = rng.normal(size=d) * unit
    report = check_gradient(f, gradient, x)
    assert report.verdict in ("PASS", "KINKS", "NOISE") if add else ("PASS", "KINKS"), str(report)
    if d > 1 or factor != 0:  # a constant and no gradient at all can't be told from the right one
        assert not check_gradient(f, wrong, x).passed
