"""Laws that every update rule keeps: any shape, w's own dtype, nothing changed in place, a state of plain arrays."""

from __future__ import annotations

import dataclasses
import io
import math

import numpy as np
import pytest

import gdfast as gd
from gdfast.protocols import Optimizer

RULES = [
    gd.GradientDescent(),
    gd.Momentum(),
    gd.Nesterov(),
    gd.AveragedSGD(),
    gd.AveragedSGD(start=2),
    gd.AdaGrad(),
    gd.AdaDelta(),
    gd.RMSProp(),
    gd.Adam(),
    gd.AdamW(),
    gd.NAdam(),
    gd.RAdam(),
    gd.AMSGrad(),
    gd.Lion(),
    gd.NonlinearConjugateGradient(),
    gd.LBFGS(),
    gd.LBFGS(memory=2),
]
STEPS = 8  # RAdam leaves its warm-up at step 6
every_rule = pytest.mark.parametrize("rule", RULES, ids=repr)


def directions_of(rule, w, gradients, state=None):
    """(directions, states), the last of which is after the last gradient."""
    state = rule.init(w) if state is None else state
    directions, states = [], [state]
    for gradient in gradients:
        direction, state = rule.update(gradient, state, w)
        directions.append(direction)
        states.append(state)
        w = w + 0.1 * direction
    return directions, states


def example(shape=(2, 3), dtype=np.float64):
    rng = np.random.default_rng(5)
    return rng.normal(size=shape).astype(dtype), rng.normal(size=(STEPS, *shape)).astype(dtype)


def frozen(array):
    array.flags.writeable = False
    return array


def parts(state):
    """The arrays and numbers of a state, those of its tuples of arrays as well."""
    if state is None:
        return ()
    return tuple(one for part in state for one in (part if isinstance(part, tuple) else (part,)))


def kinds(state):
    return ["array" if isinstance(part, np.ndarray) else type(part) for part in parts(state)]


@every_rule
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_shape_and_w_s_own_dtype(rule, shape, dtype):
    directions, states = directions_of(rule, *example(shape, dtype))
    for direction in directions:
        assert direction.dtype == dtype
        assert direction.shape == shape
        assert np.isfinite(direction).all()
    for state in states:
        for name, part in ({} if state is None else state._asdict()).items():
            if name == "products":  # LBFGS keeps dot products in float64, and stacks arrays
                assert part.dtype == np.float64
            elif isinstance(part, np.ndarray | np.generic):
                assert part.dtype == dtype
                assert part.shape == shape
            elif name == "stack":
                assert {(one.dtype, one.shape) for one in part} == {(np.dtype(dtype), (math.prod(shape),))}


@every_rule
def test_arrays_are_read_and_never_changed(rule):
    """Read-only weights, gradients and states do, and a state gives the same step each time it is used."""
    w, gradients = example()
    state = rule.init(frozen(w))
    for gradient in gradients:
        for part in parts(state):
            if isinstance(part, np.ndarray):
                frozen(part)
        direction, fresh = rule.update(frozen(gradient), state, w)
        again, same = rule.update(gradient, state, w)
        assert np.array_equal(direction, again)
        assert all(np.array_equal(a, b) for a, b in zip(parts(fresh), parts(same), strict=True))
        assert not np.shares_memory(direction, gradient)
        for part in parts(fresh):
            assert not any(np.shares_memory(part, other) for other in (gradient, direction))  # a view of many
            assert isinstance(rule, gd.LBFGS) or not np.shares_memory(part, w)  # nobody can write to w
        state = fresh


@every_rule
def test_a_state_knows_nothing_of_arrays_that_somebody_may_write_to(rule):
    w, gradients = example()
    state = rule.init(w)
    for gradient in gradients:
        now, slope = w.copy(), gradient.copy()
        direction, state = rule.update(slope, state, now)
        for part in parts(state):
            assert not any(np.shares_memory(part, other) for other in (now, slope, direction))
        w = w + 0.1 * direction


@every_rule
def test_layout_of_arrays_makes_no_difference(rule):
    w, gradients = example((4, 6))
    plain, _ = directions_of(rule, w, gradients)
    turned, _ = directions_of(rule, np.asfortranarray(w), [np.asfortranarray(gradient) for gradient in gradients])
    flat, _ = directions_of(rule, w.ravel(), [gradient.ravel() for gradient in gradients])
    for a, b, c in zip(plain, turned, flat, strict=True):
        assert np.array_equal(a, b)
        assert np.array_equal(a.ravel(), c)


@every_rule
def test_a_state_is_arrays_then_numbers(rule):
    """None, or a named tuple that can be written as plain arrays and read again without losing a bit."""
    w, gradients = example()
    directions, states = directions_of(rule, w, gradients)
    if states[0] is None:
        assert states == [None] * (STEPS + 1)
        return
    assert kinds(states[0]) == sorted(kinds(states[0]), key=lambda kind: kind != "array")
    for k, state in enumerate(states):
        assert type(state) is type(states[0])
        assert kinds(state) == kinds(states[0])
        assert getattr(state, "steps", k) == k
        assert "steps" not in state._fields[:-1]

    file = io.BytesIO()
    np.savez(file, **states[4]._asdict())
    file.seek(0)
    with np.load(file, allow_pickle=False) as saved:
        read = {name: saved[name] if saved[name].ndim else saved[name].item() for name in saved}
    loaded = type(states[4])(
        *(tuple(read[name]) if isinstance(part, tuple) else read[name] for name, part in states[4]._asdict().items())
    )
    w_there = w + 0.1 * directions[0] + 0.1 * directions[1] + 0.1 * directions[2] + 0.1 * directions[3]
    onwards, ends = directions_of(rule, w_there, gradients[4:], states[4])
    resumed, resumed_ends = directions_of(rule, w_there, gradients[4:], loaded)
    assert all(np.array_equal(a, b) for a, b in zip(onwards, resumed, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(parts(ends[-1]), parts(resumed_ends[-1]), strict=True))


@every_rule
def test_weights_that_never_had_a_gradient_stay(rule):
    zeros = np.zeros(3)
    directions, _ = directions_of(rule, zeros, [zeros] * STEPS)
    assert not np.any(directions)


@every_rule
def test_it_goes_down(rule):
    """The first direction is downhill, and a run with a suitable step ends well below its start."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.integers(0, 3, size=60)
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(0.01))
    W = rng.normal(size=(3, 4))
    gradient = objective.gradient(W)
    direction, _ = rule.update(gradient, rule.init(W), W)
    assert np.sum(gradient * direction) < 0
    step = {gd.AdaDelta: 20.0, gd.AveragedSGD: 0.5, gd.Lion: 0.01, gd.RMSProp: 0.01, gd.RAdam: 0.1}.get(
        type(rule), 0.05
    )
    result = gd.minimize(objective, W, rule, step, max_steps=150)
    optimum = gd.minimize(objective, W, step=1.0, max_steps=2000, gtol=1e-9).value
    assert result.value - optimum < 0.1 * (objective.value(W) - optimum)


@every_rule
def test_a_batched_float32_run(rule):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(50, 4)).astype(np.float32), rng.integers(0, 3, size=50)
    objective = gd.LinearObjective(X, y, gd.Hinge(), gd.L2(0.01))
    W = np.zeros((3, 5), np.float32)
    result = gd.minimize(objective, W, rule, 0.01, batches=gd.MiniBatches(16, seed=0), epochs=20)
    assert result.w.dtype == np.float32
    assert result.value < objective.value(W)


@every_rule
def test_settings_are_frozen_values(rule):
    assert type(rule)() == type(rule)()
    assert hash(rule) == hash(rule)
    for field in dataclasses.fields(rule):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(rule, field.name, 0.1)


@every_rule
def test_numpy_numbers_as_settings_become_plain_ones(rule):
    settings = dataclasses.asdict(rule)
    numbers = {name: np.asarray(value)[()] for name, value in settings.items() if value is not None}
    narrow = type(rule)(**numbers)
    assert narrow == rule
    assert all(type(getattr(narrow, name)) in (int, float) for name in numbers)
    directions, _ = directions_of(narrow, *example(dtype=np.float32))
    assert all(direction.dtype == np.float32 for direction in directions)


def test_the_rules_are_optimizers():
    rules: list[Optimizer] = RULES
    assert all(callable(rule.init) and callable(rule.update) for rule in rules)


FRACTIONS = {"momentum", "decay", "beta1", "beta2"}
NON_NEGATIVE = {"weight_decay", "momentum_decay"}
FIELDS = sorted({(type(rule), field.name) for rule in RULES for field in dataclasses.fields(rule)}, key=str)


def bad_values(name):
    kind = (TypeError, f"{name} must be a real number")
    yield from (("0.9", *kind), (True, *kind), (None, *kind), ([0.9], *kind))
    yield from ((value, ValueError, f"{name} must be finite") for value in (math.nan, math.inf))
    if name in FRACTIONS:
        yield from ((value, ValueError, rf"{name} must be in \[0, 1\); it is {value:g}") for value in (-0.1, 1.0, 1.5))
    elif name in NON_NEGATIVE:
        yield (-0.1, ValueError, f"{name} must be >= 0; it is -0.1")
    else:
        assert name == "eps"
        yield from ((value, ValueError, f"{name} must be > 0; it is {value:g}") for value in (0.0, -1e-8))


@pytest.mark.parametrize(
    ("rule", "name"), [(rule, name) for rule, name in FIELDS if name not in ("start", "memory", "preconditioner")]
)
def test_bad_settings(rule, name):
    for value, error, message in bad_values(name):
        with pytest.raises(error, match=message):
            rule(**{name: value})


@pytest.mark.parametrize(
    ("start", "error", "message"),
    [
        (-1, ValueError, "start must be >= 0; it is -1"),
        (1.0, TypeError, "start must be an integer; it is float 1.0"),
        (True, TypeError, "start must be an integer"),
    ],
)
def test_bad_start(start, error, message):
    with pytest.raises(error, match=message):
        gd.AveragedSGD(start)


@pytest.mark.parametrize(
    ("rule", "simpler"),
    [
        (gd.Momentum(0.0), gd.GradientDescent()),
        (gd.Nesterov(0.0), gd.GradientDescent()),
        (gd.AveragedSGD(), gd.GradientDescent()),
        (gd.AdamW(weight_decay=0.0), gd.Adam()),
    ],
    ids=repr,
)
def test_a_rule_without_its_idea_is_a_simpler_one(rule, simpler):
    for a, b in zip(directions_of(rule, *example())[0], directions_of(simpler, *example())[0], strict=True):
        assert np.array_equal(a, b)


def test_rmsprop_is_adam_without_momentum_and_correction():
    w, gradients = example()
    ours, theirs = (
        directions_of(gd.RMSProp(decay=0.999), w, gradients)[0],
        directions_of(gd.Adam(beta1=0.0), w, gradients)[0],
    )
    for t, (a, b) in enumerate(zip(ours, theirs, strict=True), start=1):
        np.testing.assert_allclose(a * math.sqrt(1 - 0.999**t), b, rtol=1e-5)


def test_amsgrad_is_adam_while_gradients_grow():
    w, gradients = np.zeros(2), [np.array([2.0**k, -(3.0**k)]) for k in range(STEPS)]
    for a, b in zip(
        directions_of(gd.AMSGrad(), w, gradients)[0], directions_of(gd.Adam(), w, gradients)[0], strict=True
    ):
        assert np.array_equal(a, b)
    after_a_peak = [np.array([8.0]), np.array([1e-3]), np.array([1e-3])]
    rules = gd.AMSGrad(beta2=0.5), gd.Adam(beta2=0.5)
    slow, fast = (abs(directions_of(rule, np.zeros(1), after_a_peak)[0][-1]) for rule in rules)
    assert slow < fast


@pytest.mark.parametrize("rule", [gd.AdaGrad(), gd.Adam(), gd.AMSGrad(), gd.Lion(weight_decay=0.0)], ids=repr)
def test_the_first_direction_is_a_sign(rule):
    gradient = np.array([3.0, -0.5, 200.0])
    direction, _ = rule.update(gradient, rule.init(gradient), np.ones(3))
    np.testing.assert_allclose(direction, -np.sign(gradient), rtol=1e-6)


def test_radam_waits_and_then_is_nearly_adam():
    gradients = [np.array([2.0])] * 12_000
    directions = np.ravel(directions_of(gd.RAdam(), np.zeros(1), gradients)[0])
    np.testing.assert_allclose(directions[:5], -2.0, rtol=1e-12)
    assert (np.diff(directions[5:]) < 0).all()
    assert directions[-1] == pytest.approx(-1.0, rel=1e-3)


def test_momentum_grows_along_one_slope():
    directions = np.ravel(directions_of(gd.Momentum(0.75), np.zeros(1), [np.array([1.0])] * 100)[0])
    assert directions[-1] == pytest.approx(-1 / (1 - 0.75), rel=1e-9)
