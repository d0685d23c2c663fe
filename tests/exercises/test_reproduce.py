"""The script of docs/learn/reproduce.md runs on the digits, and its numbers are those of the public functions."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd

SCRIPT = Path(__file__).parents[2] / "docs" / "learn" / "reproduce.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_lecture_14_15_34_the_script_prints_sweeps_and_the_accuracies_of_every_seed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["reproduce.py", "--seeds", "2", "--evaluations", "20"])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    shown = capsys.readouterr().out
    assert len(re.findall(r"^.*: loss \d+\.\d{4}, lowest .* at step .*$", shown, re.MULTILINE)) == 4
    assert len(re.findall(r"1e-10 .*, 1e-01 ", shown)) == 4
    assert len(re.findall(r"^    accuracy in %: \d+\.\d \d+\.\d$", shown, re.MULTILINE)) == 4


def test_lecture_14_a_seed_of_random_search_is_that_of_the_demo(script):
    digits = gd.datasets.load_digits()
    value, accuracy = script["search"](digits, "random search", True, 3, 64, 500)
    settings = {"mean": digits.X.mean(axis=0), "scale": np.full(64, 16.0)}
    train = gd.LinearObjective(digits.X[:500], digits.y[:500], **settings)
    found = gd.random_search(train, n=64, scale=255e-4, rng=3)
    assert value == found.value
    scores = (np.vstack([digits.X[500:], digits.X_test]) - settings["mean"]) / 16 @ found.w[:, :-1].T + found.w[:, -1]
    assert accuracy == np.mean(scores.argmax(axis=1) == np.concatenate([digits.y[500:], digits.y_test]))


def test_lecture_34_the_sweep_is_the_loss_after_one_step(script):
    digits = gd.datasets.load_digits()
    found = script["sweeps"](digits)["raw pixels, W = 1e-4 * normal"]
    train = gd.LinearObjective(digits.X, digits.y)
    W = 1e-4 * np.random.default_rng(0).standard_normal(train.shape)
    assert found.start == pytest.approx(train.value(W))
    assert found.values[8] == pytest.approx(train.value(W - 1e-2 * train.gradient(W)))
