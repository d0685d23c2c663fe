"""Incidents of other libraries, replayed: each test is named after its thread; `incidents.py` lists them all."""

from __future__ import annotations

import ast
import gc
import re
import tracemalloc
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
from reliability.incidents import OF_OTHERS, OF_OUR_OWN

TESTS = Path(__file__).parent.parent
RNG = np.random.default_rng(5)
X = RNG.normal(size=(24, 5))
Y = np.arange(24) % 3
W = RNG.normal(size=(3, 6))


def value_and_gradient(rows, y=Y, loss=None):
    """Of the cross-entropy, or another loss."""
    value, gradient = gd.LinearObjective(rows, y, loss or gd.CrossEntropy()).value_and_gradient(W)
    return value, np.array(gradient)


# ---- the lists themselves ----


@cache
def names_of_tests(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("listed", [OF_OTHERS, OF_OUR_OWN], ids=["others", "our own"])
def test_every_incident_has_its_test(listed, record_property):
    for incident, test in listed.items():
        file, _, name = test.partition("::")
        assert names_of_tests(file), incident
        assert not name or name in names_of_tests(file), f"{incident}: {test}"
    assert len(listed) >= 14
    whose = "other libraries' incidents" if listed is OF_OTHERS else "faults of the first release"
    record_property("figure", f"{whose}: {len(listed)} rows, each a test named after it")


def test_every_promise_of_the_security_page_names_tests_that_are_there():
    promises = (TESTS.parent / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line for line in promises.splitlines() if line.startswith("| ")][2:]
    named = [re.findall(r"`tests/([\w/]+\.py)`", row.rpartition(" | ")[2]) for row in rows]
    assert len(rows) >= 10
    assert all(named)
    assert all(names_of_tests(file) for files in named for file in files)


# ---- known for long ----


def test_scikit_learn_21654_misaligned_rows():
    memory = np.zeros(X.nbytes + 1, dtype=np.uint8)
    misaligned = memory[1:].view(np.float64).reshape(X.shape)
    misaligned[:] = X
    assert not misaligned.flags.aligned
    try:
        value, gradient = value_and_gradient(misaligned)
    except TypeError as error:  # refused by name
        said, value, gradient = str(error), *value_and_gradient(X)
    else:
        said = "X"
    assert "X" in said
    assert value == value_and_gradient(X)[0]
    assert np.array_equal(gradient, value_and_gradient(X)[1])


def test_scikit_learn_10624_25484_read_only_rows():
    rows, y, weights = X.copy(), Y.copy(), np.arange(1.0, 25.0)
    for array in (rows, y, weights):
        array.setflags(write=False)
    value = gd.LinearObjective(rows, y, gd.Hinge(), sample_weight=weights).value(W)
    assert value == gd.LinearObjective(X, Y, gd.Hinge(), sample_weight=np.arange(1.0, 25.0)).value(W)


@pytest.mark.parametrize("dtype", [">f8", ">f4", "<f8"])
def test_bottleneck_104_byte_order(dtype):
    rows = X.astype(dtype)
    try:
        value, _ = value_and_gradient(rows)
    except (TypeError, ValueError) as error:
        assert "X" in str(error)  # noqa: PT017
        assert dtype.startswith(">")
    else:
        assert value == pytest.approx(value_and_gradient(rows.astype(dtype[1:]))[0], rel=1e-6)


@pytest.mark.parametrize("label", [-1, 3, 2**31, -(2**31), 2**63 - 1])
def test_pytorch_43840_bad_labels(label):
    y = Y.copy()
    y[7] = label
    objective = None
    with pytest.raises(ValueError, match=r"y\[7\]|y must"):
        objective = gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=3)
    assert objective is None


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy()])
@pytest.mark.parametrize("k", [2, 3])
def test_lightning_48_two_classes(loss, k):
    objective = gd.LinearObjective(X, Y % k, loss)
    run = gd.minimize(objective, np.zeros(objective.shape), step=0.05, max_steps=30)
    assert objective.shape == (k, 6)
    assert run.value < objective.value(np.zeros(objective.shape))


@pytest.mark.slow
def test_scikit_learn_34256_a_fit_leaks_nothing():
    pytest.importorskip("sklearn")
    from gdfast.estimators import GDClassifier

    rows = np.tile(X, (40, 40))

    def fits(count):
        for _ in range(count):
            GDClassifier(epochs=1).fit(rows, np.tile(Y, 40))
        gc.collect()

    fits(2)
    tracemalloc.start()
    try:
        fits(1)
        before = tracemalloc.get_traced_memory()[0]
        fits(4)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < rows.nbytes / 4


def test_liblinear_77_88_sparse_indices_of_64_bits():
    sparse = pytest.importorskip("scipy.sparse")
    rows = sparse.csr_array(X)
    expected = value_and_gradient(rows)
    rows.indices, rows.indptr = rows.indices.astype(np.int64), rows.indptr.astype(np.int64)
    found = value_and_gradient(rows)
    assert found[0] == expected[0]
    assert np.array_equal(found[1], expected[1])
