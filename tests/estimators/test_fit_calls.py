"""What a fit costs besides its arithmetic: Python calls, counted as a profiler counts them."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_digits

import gdfast as gd
from gdfast.estimators import GDClassifier

HOME = str(Path(gd.__file__).parent)
NOT_COUNTED = str(Path(HOME, "_derived.py"))  # it stands in for functools.cached_property, which is not counted either


def calls_of(function, *arguments):
    """(file, function) -> how often gdfast's Python code was called; comprehensions and generators count as well."""
    calls: Counter[tuple[str, str]] = Counter()

    def profile(frame, event, argument):
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(HOME) and file != NOT_COUNTED:
            calls[file, frame.f_code.co_name] += 1

    sys.setprofile(profile)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "cross_entropy"])
def test_a_fit_makes_few_calls(loss):
    """35 epochs of 29 steps on digits."""
    X, y = load_digits(return_X_y=True)
    model = GDClassifier(loss, optimizer=gd.Momentum(), random_state=0)
    model.fit(X[:100], y[:100])  # what is imported on first use
    calls = calls_of(model.fit, X, y)
    assert calls.total() < 500, calls.most_common(20)
    assert len({file for file, _ in calls}) <= 35


def test_a_step_of_lbfgs_makes_few_calls_and_there_are_few_steps():
    """What `optimizer=None` chooses for small data."""
    X, y = load_digits(return_X_y=True)
    GDClassifier().fit(X[:100], y[:100])
    model = GDClassifier()
    calls = calls_of(model.fit, X, y)
    assert model.n_iter_ < 40
    assert calls.total() < 200 + 60 * model.n_iter_, calls.most_common(20)


def test_an_epoch_makes_fewer_than_ten():
    X, y = load_digits(return_X_y=True)
    settings = {"optimizer": "momentum", "min_steps": 0, "random_state": 0}
    few, many = (calls_of(GDClassifier(epochs=epochs, **settings).fit, X, y).total() for epochs in (20, 40))
    assert many - few < 10 * 20
