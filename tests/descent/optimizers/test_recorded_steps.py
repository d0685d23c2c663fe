"""Every rule reproduces PyTorch's (Lion: optax's) iterates over 200 steps: recorded, and live where it is installed.

The numbers, the gradients and what each case is: tests/descent/make_reference.py.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd

FOLDER = Path(__file__).parent.parent
with np.load(FOLDER / "data" / "optimizer_steps.npz", allow_pickle=False) as _file:
    DATA = dict(_file)
CASES = DATA["cases"].tolist()
STEPS = len(DATA["rates"])
TOLERANCE = {"rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(scope="module")
def maker():
    """make_reference.py as a module; it needs neither library before it computes."""
    spec = importlib.util.spec_from_file_location("make_reference", FOLDER / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made(case):
    """The optimizer that a case is named by, and its learning rates."""
    return eval(f"gd.{case}"), DATA["base_rates"][CASES.index(case)] * DATA["rates"]


def iterates(case, gradient, dtype=np.float64):
    """All weights of a run, by init and update alone."""
    optimizer, rates = made(case)
    w = DATA["w0"].astype(dtype)
    state, path = optimizer.init(w), []
    for k, rate in enumerate(rates.tolist()):
        direction, state = optimizer.update(gradient(k, w).astype(dtype), state, w)
        w = w + rate * direction
        path.append(w)
    return np.array(path)


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["sequence", "quadratic", "logistic"])
@pytest.mark.parametrize("case", CASES)
def test_steps_equal_the_recorded_ones(case, kind, maker):
    path = iterates(case, maker.gradient_of(maker.GRADIENTS[kind], DATA))
    recorded = DATA["weights"][CASES.index(case), kind]
    np.testing.assert_allclose(path[DATA["recorded"] - 1], recorded, **TOLERANCE)


@pytest.mark.parametrize("case", CASES)
def test_minimize_takes_the_same_steps(case, maker):
    gradient = maker.gradient_of("logistic", DATA)
    objective = gd.FunctionObjective(lambda w: 0.0, lambda w: gradient(0, w))
    optimizer, rates = made(case)
    result = gd.minimize(objective, DATA["w0"], optimizer, rates, max_steps=STEPS, gtol=0)
    assert result.steps == STEPS
    np.testing.assert_allclose(result.w, DATA["weights"][CASES.index(case), 2, -1], **TOLERANCE)


@pytest.mark.parametrize("case", CASES)
def test_float32_stays_beside_float64(case, maker):
    gradient = maker.gradient_of("logistic", DATA)
    narrow = iterates(case, gradient, np.float32)[:20]
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, iterates(case, gradient)[:20], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_live_comparison(case, maker):
    """The library as it is installed here, and the recorded numbers are still its own."""
    library = maker.CASES[case][0].split(".")[0]
    pytest.importorskip(library, reason=f"{library} is not installed; the recorded numbers are compared anyway")
    for i, kind in enumerate(maker.GRADIENTS):
        theirs = maker.iterates_of_the_original(case, kind, DATA)
        np.testing.assert_allclose(iterates(case, maker.gradient_of(kind, DATA)), theirs, **TOLERANCE)
        np.testing.assert_allclose(DATA["weights"][CASES.index(case), i], theirs[DATA["recorded"] - 1], **TOLERANCE)


def test_the_file_belongs_to_the_script(maker):
    assert list(maker.CASES) == CASES
    assert DATA["recorded"].tolist() == maker.RECORDED
    assert {case.partition("(")[0] for case in CASES} <= set(gd.__all__)
