"""Schedules: PyTorch's and optax's rates (recorded, and live where installed), the formulas, the bad settings.

The recorded numbers and what each case is: tests/descent/make_schedule_reference.py.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import math
import pickle
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent import schedules

FOLDER = Path(__file__).parent.parent
with np.load(FOLDER / "data" / "schedule_rates.npz", allow_pickle=False) as _file:
    CASES = _file["cases"].tolist()
    RATES = {case: _file[f"rates_{i}"] for i, case in enumerate(CASES)}
NAMES = [name for name in schedules.__all__ if name[0].isupper()]
SLOPE = gd.FunctionObjective(lambda w: float(w.sum()), np.ones_like)


def made(case):
    """The schedule that a case is named by."""
    return eval(case, {name: getattr(gd, name) for name in NAMES})


@pytest.fixture(scope="module")
def maker():
    """make_schedule_reference.py as a module."""
    spec = importlib.util.spec_from_file_location("make_schedule_reference", FOLDER / "make_schedule_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("case", CASES)
def test_rates_equal_the_recorded_ones(case):
    rates = [made(case)(k) for k in range(len(RATES[case]))]
    assert all(type(rate) is float for rate in rates)
    # PyTorch's cosine is a product of ratios, which loses some digits near zero; the others are exact to rounding.
    tolerance = 1e-9 if case.startswith("Cosine(") else 1e-13
    np.testing.assert_allclose(rates, RATES[case], rtol=tolerance, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_live_comparison(case, maker):
    library = maker.CASES[case][0].split(".")[0]
    pytest.importorskip(library, reason=f"{library} is not installed; the recorded numbers are compared anyway")
    np.testing.assert_allclose(RATES[case], maker.rates_of_the_original(case), rtol=1e-9, atol=1e-12)


def test_the_file_belongs_to_the_script(maker):
    assert list(maker.CASES) == CASES
    assert {case.partition("(")[0] for case in CASES} == set(NAMES) <= set(gd.__all__)
    assert len(NAMES) == 11


@pytest.mark.parametrize("case", CASES)
def test_a_schedule_is_a_value(case):
    """Equal settings are equal, settings can't be changed, a copy gives the same rates, numpy's integers will do."""
    schedule = made(case)
    assert schedule == made(case)
    assert hash(schedule) == hash(made(case))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(schedule, dataclasses.fields(schedule)[0].name, 1)
    copy = pickle.loads(pickle.dumps(schedule))
    backwards = [schedule(np.int64(k)) for k in reversed(range(len(RATES[case])))]
    assert backwards[::-1] == [copy(k) for k in range(len(RATES[case]))]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("k", "error", "message"),
    [
        (-1, ValueError, "k must be >= 0; it is -1"),
        (1.0, TypeError, "k must be an integer; it is float 1.0"),
        (True, TypeError, "k must be an integer; it is bool True"),
        (None, TypeError, "k must be an integer"),
        (10**400, ValueError, r"k must be < 2\*\*63; it is 1000"),
    ],
)
def test_k_is_a_step_number(case, k, error, message):
    with pytest.raises(error, match=message):
        made(case)(k)


def test_the_formulas():
    assert [gd.StepDecay(8.0, 2, 0.5)(k) for k in range(5)] == [8, 8, 4, 4, 2]
    assert [gd.InverseTime(6.0, 1.0)(k) for k in range(3)] == [6, 3, 2]
    assert [gd.Polynomial(5.0, 2, power=2, end=1.0)(k) for k in range(4)] == [5, 2, 1, 1]
    assert [gd.PiecewiseConstant([1], [2, 3])(k) for k in range(3)] == [2, 3, 3]
    assert gd.PiecewiseConstant([], [2])(7) == 2
    assert [gd.Warmup(1, gd.Exponential(4.0, 0.5))(k) for k in range(3)] == [4, 4, 2]
    assert gd.Cosine(0.5, 7, end=0.25)(7) == 0.25
    for k in (4, 5, 1000):
        assert gd.OneCycle(1.0, 5)(k) == pytest.approx(1 / 25 / 1e4, rel=1e-9)


def test_the_peak_is_reached():
    assert gd.OneCycle(0.7, 10)(2) == 0.7
    assert max(gd.OneCycle(0.7, 100, rise=0.41)(k) for k in range(100)) == 0.7
    assert gd.OneCycle(0.7, 4, rise=0.25)(0) == 0.7  # where PyTorch divides zero by zero


def test_long_runs():
    """A million steps on: no overflow, no drift, and restarts in a few turns of a loop."""
    assert gd.Exponential(1.0, 0.5)(10**6) == 0.0
    assert gd.StepDecay(1.0, 1, 0.9)(10**9) == 0.0
    assert gd.Exponential(1.0, 2.0)(10**6) == math.inf
    assert gd.CosineRestarts(1.0, 10)(10**15) == 1.0
    assert gd.CosineRestarts(1.0, 10, 2)(10 * (2**40 - 1)) == 1.0
    assert 0 <= gd.CosineRestarts(1.0, 10, 2)(10 * (2**40 - 1) - 1) < 1e-20
    assert gd.InverseTime(1.0, 1.0)(10**12 - 1) == 1e-12
    last = 2**63 - 1
    assert gd.StepDecay(0.1, 2, 1.0)(last) == gd.Exponential(0.1, 1.0)(last) == 0.1
    assert gd.Exponential(0.1, 0.75)(last) == gd.InverseTime(1.0, 1e308)(last) == gd.Polynomial(0.1, last)(last) == 0.0
    assert gd.Cosine(0.1, last)(last) == 0.0
    assert gd.OneCycle(1.0, last)(last) == pytest.approx(1 / 25 / 1e4, rel=1e-9)


def test_settings_are_copied():
    rates = np.array([0.3, 0.1])
    sequence = gd.Sequence(rates)
    rates[:] = 7
    assert sequence.rates == (0.3, 0.1)
    boundaries = [2]
    stairs = gd.PiecewiseConstant(boundaries, (1, 2))
    boundaries[0] = 1
    assert stairs.boundaries == (2,)
    assert stairs(1) == 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: gd.Constant(0.0), ValueError, "rate must be > 0; it is 0"),
        (lambda: gd.Constant("0.1"), TypeError, "rate must be a real number; it is str '0.1'"),
        (lambda: gd.StepDecay(0.1, 0, 0.5), ValueError, "every must be >= 1; it is 0"),
        (lambda: gd.StepDecay(0.1, 2.0, 0.5), TypeError, "every must be an integer; it is float 2.0"),
        (lambda: gd.StepDecay(0.1, 2, -0.5), ValueError, "factor must be > 0; it is -0.5"),
        (lambda: gd.Exponential(math.nan, 0.5), ValueError, "rate must be finite; it is nan"),
        (lambda: gd.Exponential(0.1, 0), ValueError, "factor must be > 0; it is 0"),
        (lambda: gd.InverseTime(0.1, -1), ValueError, "decay must be >= 0; it is -1"),
        (lambda: gd.Polynomial(0.1, 0), ValueError, "steps must be >= 1; it is 0"),
        (lambda: gd.Polynomial(0.1, 5, 0), ValueError, "power must be > 0; it is 0"),
        (lambda: gd.Polynomial(0.1, 5, end=-0.1), ValueError, "end must be >= 0; it is -0.1"),
        (lambda: gd.Cosine(-0.1, 5), ValueError, "rate must be > 0; it is -0.1"),
        (lambda: gd.Cosine(0.1, 5.0), TypeError, "steps must be an integer; it is float 5.0"),
        (lambda: gd.Cosine(0.1, 5, math.inf), ValueError, "end must be finite; it is inf"),
        (lambda: gd.CosineRestarts(0.1, 0), ValueError, "period must be >= 1; it is 0"),
        (lambda: gd.CosineRestarts(0.1, 5, 1.5), TypeError, "multiplier must be an integer; it is float 1.5"),
        (lambda: gd.CosineRestarts(0.1, 5, 0), ValueError, "multiplier must be >= 1; it is 0"),
        (lambda: gd.OneCycle(0, 5), ValueError, "peak must be > 0; it is 0"),
        (lambda: gd.OneCycle(0.1, True), TypeError, "steps must be an integer; it is bool True"),
        (lambda: gd.OneCycle(0.1, 5, rise=0), ValueError, "rise must be > 0; it is 0"),
        (lambda: gd.OneCycle(0.1, 5, rise=1), ValueError, r"rise must be in \[0, 1\); it is 1"),
        (lambda: gd.OneCycle(0.1, 5, start_divisor=0), ValueError, "start_divisor must be > 0"),
        (lambda: gd.OneCycle(0.1, 5, end_divisor=-1), ValueError, "end_divisor must be > 0"),
        (lambda: gd.PiecewiseConstant([3, 3], [1, 1, 1]), ValueError, r"must rise; boundaries\[1\] is 3 after 3"),
        (lambda: gd.PiecewiseConstant([0], [1, 1]), ValueError, r"boundaries\[0\] must be >= 1; it is 0"),
        (lambda: gd.PiecewiseConstant([1.5], [1, 1]), TypeError, r"boundaries\[0\] must be an integer"),
        (lambda: gd.PiecewiseConstant([1, 2], [1, 1]), ValueError, "one more than the 2 boundaries; it holds 2"),
        (lambda: gd.PiecewiseConstant(3, [1, 1]), TypeError, "boundaries must be a list, a tuple or an array.*int"),
        (lambda: gd.PiecewiseConstant([1], [1, 0]), ValueError, r"rates\[1\] must be > 0; it is 0"),
        (lambda: gd.Warmup(0, gd.Constant(1)), ValueError, "steps must be >= 1; it is 0"),
        *(
            (lambda make=make: make(2**63), ValueError, r"must be < 2\*\*63; it is 9223372036854775808")
            for make in (
                lambda n: gd.StepDecay(0.1, n, 0.5),
                lambda n: gd.Polynomial(0.1, n),
                lambda n: gd.PiecewiseConstant([n], [2, 1]),
                lambda n: gd.Cosine(0.1, n),
                lambda n: gd.CosineRestarts(0.1, n),
                lambda n: gd.CosineRestarts(0.1, 2, n),
                lambda n: gd.OneCycle(0.1, n),
                lambda n: gd.Warmup(n, gd.Constant(0.1)),
            )
        ),
        (lambda: gd.Warmup(5, 0.1), TypeError, r"then must be a schedule.*such as Constant\(0.1\); it is float 0.1"),
        (lambda: gd.Warmup(5, gd.Constant), TypeError, "then must be a schedule .*it is the class Constant"),
        (lambda: gd.Sequence([]), ValueError, "rates must hold at least one learning rate; it is empty"),
        (lambda: gd.Sequence("0.1"), TypeError, "rates must be a list, a tuple or an array of numbers; it is str"),
        (lambda: gd.Sequence({0.1, 0.2}), TypeError, "rates must be a list, a tuple or an array of numbers; it is set"),
        (lambda: gd.Sequence(iter([0.1])), TypeError, "rates must be a list, a tuple or an array of numbers"),
        (lambda: gd.Sequence(np.ones((2, 2))), ValueError, r"rates must be one-dimensional; its shape is \(2, 2\)"),
        (lambda: gd.Sequence(np.array(0.1)), ValueError, r"rates must be one-dimensional; its shape is \(\)"),
        (lambda: gd.Sequence([0.1, math.nan]), ValueError, r"rates\[1\] must be finite; it is nan"),
    ],
)
def test_bad_settings(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("case", CASES)
def test_lecture_30_minimize_takes_the_rates(case):
    steps = min(10, len(RATES[case]))
    result = gd.minimize(SLOPE, [1.0, 2.0], step=made(case), max_steps=steps)
    assert result.history.step_sizes.tolist() == [made(case)(k) for k in range(steps)]


SHORT = [gd.Sequence([0.1] * 4), gd.Warmup(2, gd.Sequence([0.1] * 2)), gd.Warmup(1, gd.Warmup(1, gd.Sequence([1, 2])))]


@pytest.mark.parametrize("step", SHORT)
def test_a_sequence_that_is_too_short_is_refused_before_any_work(step):
    def untouched(w):
        raise AssertionError("the objective was asked")

    with pytest.raises(ValueError, match="step must hold a learning rate for each of the 5 steps; it holds 4"):
        gd.minimize(gd.FunctionObjective(untouched), [3.0], step=step, max_steps=5)
    assert gd.minimize(SLOPE, [3.0], step=step, max_steps=4).steps == 4


def test_a_sequence_has_no_rate_beyond_its_end():
    with pytest.raises(ValueError, match="k must be < 2, the number of rates; it is 2"):
        gd.Sequence([0.1, 0.2])(2)


def test_only_some_schedules_end():
    assert schedules.steps_covered(gd.Warmup(3, gd.Constant(1))) is None
    assert schedules.steps_covered(lambda k: 0.1) is None
    assert schedules.steps_covered(gd.Warmup(3, gd.Sequence([1, 2]))) == 5


@pytest.mark.parametrize(
    ("then", "error", "message"),
    [
        (lambda k: "fast" if k == 1 else 0.1, TypeError, "then must return one real number; it returned str 'fast'"),
        (lambda k: 1 / (1 - k), ZeroDivisionError, "division by zero"),
    ],
)
def test_an_error_inside_a_schedule_names_the_step(then, error, message):
    with pytest.raises(error, match=message) as caught:
        gd.minimize(SLOPE, [3.0], step=gd.Warmup(2, then), max_steps=9)
    assert caught.value.__notes__ == ["raised by step at k = 3"]


def test_a_rate_that_overflows_names_the_step():
    gentle = gd.FunctionObjective(lambda w: 0.0, lambda w: np.full_like(w, 1e-320))
    with pytest.raises(ValueError, match="step must return a finite number >= 0; at k = 1024 it returned inf"):
        gd.minimize(gentle, [0.0], step=gd.Exponential(1.0, 2.0), max_steps=2000, gtol=0)


def test_compiled_steps_take_the_same_rates():
    X = np.random.default_rng(0).normal(size=(40, 3))
    objective = gd.LinearObjective(X, np.arange(40) % 3)
    schedule = gd.Warmup(5, gd.Cosine(0.3, 25))
    options = {"batches": gd.MiniBatches(8, seed=1), "max_steps": 30}
    compiled = gd.minimize(objective, np.zeros((3, 4)), step=schedule, **options)
    plain = gd.minimize(objective, np.zeros((3, 4)), step=schedule, callback=lambda k, w, value: None, **options)
    assert np.array_equal(compiled.w, plain.w)
    assert compiled.history.step_sizes.tolist() == [schedule(k) for k in range(30)]


@pytest.mark.parametrize("case", CASES)
def test_a_run_that_is_resumed_goes_on_with_the_rates_it_would_have_had(case, tmp_path):
    steps = min(9, len(RATES[case]))
    objective = gd.test_functions.BoundedSaddle()
    options = {"step": made(case), "max_steps": steps, "gtol": 0, "clip": 0.1}
    whole = gd.minimize(objective, [1.0, 0.5], gd.Momentum(), **options)
    half = gd.Checkpoint(tmp_path / "run.npz", every=1)
    stop = {"callback": lambda k, w, value: k == steps // 2, "checkpoint": half}
    gd.minimize(objective, [1.0, 0.5], gd.Momentum(), **options, **stop)
    resumed = gd.resume(half.path, objective)
    assert np.array_equal(resumed.w, whole.w)
