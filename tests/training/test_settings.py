"""Settings: every parameter has a check, words mean gdfast's objects, seeds are drawn as scikit-learn draws them."""

from __future__ import annotations

import inspect
from dataclasses import fields

import numpy as np
import pytest

import gdfast as gd
import reference
from gdfast.training.settings import (
    CHECKS,
    CLASSIFIER_LOSSES,
    FULL_BATCH,
    OPTIMIZERS,
    REGRESSOR_LOSSES,
    Settings,
    checked,
    penalty,
    tolerance,
)


def test_every_parameter_is_checked_and_explained():
    names = [field.name for field in fields(Settings)]
    assert [*CHECKS] == names[1:]
    assert names[0] == "loss"
    documented = inspect.getdoc(Settings).splitlines()
    for name in CHECKS:
        assert sum(line.startswith(f"{name} : ") for line in documented) == 1


def test_defaults_are_what_they_say():
    settings = checked(Settings("hinge", random_state=0), classifies=True)
    given = Settings("hinge")
    changed = {name for name in CHECKS if getattr(settings, name) != getattr(given, name)}
    assert changed == {"standardize", "random_state"}
    assert settings.standardize is True
    again = checked(settings, classifies=True)
    assert {name for name in CHECKS if getattr(settings, name) != getattr(again, name)} == {"random_state"}


@pytest.mark.parametrize("name", [*CLASSIFIER_LOSSES, *REGRESSOR_LOSSES])
def test_the_name_of_a_loss_is_the_loss(name):
    classifies = name in CLASSIFIER_LOSSES
    loss = checked(Settings(name), classifies=classifies).loss
    assert loss == {
        "hinge": gd.Hinge(), "squared_hinge": gd.SquaredHinge(), "cross_entropy": gd.CrossEntropy(),
        "log_loss": gd.CrossEntropy(), "squared_error": gd.SquaredError(), "huber": gd.Huber(),
    }[name]  # fmt: skip
    assert checked(Settings(loss), classifies=classifies).loss is loss
    with pytest.raises(ValueError, match=f"loss must be one of.*{name}"):
        checked(Settings(name), classifies=not classifies)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_name_of_an_optimizer_is_the_optimizer(name):
    optimizer = checked(Settings("hinge", optimizer=name), classifies=True).optimizer
    assert type(optimizer).__name__.lower() == name.replace("_", "")
    if isinstance(optimizer, FULL_BATCH):
        with pytest.raises(ValueError, match="early_stopping needs an optimizer that goes epoch by epoch"):
            checked(Settings("hinge", optimizer=name, early_stopping=True), classifies=True)


def test_seeds_are_drawn_as_scikit_learn_draws_them():
    most = np.iinfo(np.int32).max
    state = np.random.RandomState(7)
    expected = np.random.RandomState(7).randint(most, size=2).tolist()
    drawn = [checked(Settings("hinge", random_state=state), classifies=True).random_state for _ in range(2)]
    assert drawn == expected
    assert checked(Settings("hinge", random_state=7), classifies=True).random_state == expected[0]
    assert len({checked(Settings("hinge"), classifies=True).random_state for _ in range(4)}) == 4


@pytest.mark.parametrize(
    ("seed", "kind", "message"),
    [
        (-1, ValueError, "random_state must be >= 0; it is -1"),
        (2**32, ValueError, r"random_state must be < 2\*\*32; it is 4294967296"),
        (True, TypeError, "random_state must be an integer; it is bool True"),
        ("a", TypeError, "random_state must be an integer; it is str 'a'"),
        (np.random.default_rng(0), TypeError, "random_state must be an integer, a numpy RandomState or None"),
    ],
)
def test_other_seeds_are_refused(seed, kind, message):
    with pytest.raises(kind, match=message):
        checked(Settings("hinge", random_state=seed), classifies=True)


@pytest.mark.parametrize("alpha", ["auto", 0.0, 0.3])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.25, 1.0])
def test_the_penalty_is_that_of_the_formula(alpha, l1_ratio):
    W = np.random.default_rng(0).normal(size=(3, 5))
    number = 1 / 40 if alpha == "auto" else alpha
    expected = reference.penalty(W, l1=number * l1_ratio, l2=number * (1 - l1_ratio) / 2)
    settings = Settings(gd.Hinge(), alpha=alpha, l1_ratio=l1_ratio)
    assert penalty(settings, 40.0, 3).value(W) == pytest.approx(expected)
    two = np.vstack([-W[0] / 2, W[0] / 2])  # of two classes: on the difference of their rows
    expected = reference.penalty(W[:1], l1=number * l1_ratio, l2=number * (1 - l1_ratio) / 2)
    assert penalty(settings, 40.0, 2).value(two) == pytest.approx(expected)
    squares = Settings(gd.SquaredError(), alpha=alpha, l1_ratio=l1_ratio)  # whose loss is twice the peers'
    assert penalty(squares, 40.0, 1).value(W[:1]) == pytest.approx(2 * expected)


def test_early_stopping_has_a_tolerance_of_its_own():
    assert tolerance(Settings("hinge")) is None
    assert tolerance(Settings("hinge", early_stopping=True)) == 1e-3
    assert tolerance(Settings("hinge", early_stopping=True, tol=0.0)) == 0.0
    assert tolerance(Settings("hinge", tol=0.5)) == 0.5


def test_learning_rates_may_be_schedules_sequences_and_line_searches():
    for given in (gd.Cosine(0.1, 70), gd.Backtracking(), lambda k: 0.1, None, "cosine"):
        assert checked(Settings("hinge", learning_rate=given), classifies=True).learning_rate is given
    for sequence in ([0.1, 0.2], (0.1, 0.2), np.array([0.1, 0.2])):
        assert checked(Settings("hinge", learning_rate=sequence), classifies=True).learning_rate == [0.1, 0.2]
    with pytest.raises(ValueError, match=r"learning_rate\[1\] must be > 0; it is 0"):
        checked(Settings("hinge", learning_rate=np.array([0.1, 0.0])), classifies=True)
    for other in (gd.Cosine, object(), np.ones((2, 2)), {0.1}):
        with pytest.raises(TypeError, match="learning_rate must be None, a name, a number > 0 or a schedule"):
            checked(Settings("hinge", learning_rate=other), classifies=True)
