"""Blocks of memory that the compiled core asks for fail in their turn: always a MemoryError, nothing is lost, and the
same call then gives the same bits."""

from __future__ import annotations

import copy
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import gdfast as gd
from kernel_calls import all_calls
from reliability.failing_memory import FailingMemory

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="wraps the allocator with a C compiler, on Linux"
)


@pytest.fixture(scope="module")
def memory(tmp_path_factory) -> FailingMemory:
    return FailingMemory(tmp_path_factory.mktemp("memory"))


def bits(found: Any) -> list[bytes]:
    """Of everything in an answer or in arguments."""
    if isinstance(found, np.ndarray):
        return [found.tobytes()]
    if isinstance(found, float | int | np.generic):
        return [np.asarray(found).tobytes()]
    if isinstance(found, tuple | list):
        return [each for part in found for each in bits(part)]
    if isinstance(found, dict):
        return bits(list(found.values()))
    return []


def in_turn(memory: FailingMemory, call: Callable[[], Any]) -> int:
    """How many requests failed, one at a time: each of the first 16, and a share of what follows.

    AssertionError where one came as no MemoryError, or lost a block.
    """
    right = bits(call())
    failed, n, requests = True, 0, -1
    while failed:
        n += 1 + n // 16
        requests += 1
        with memory.wrapped():
            memory.call(call, n)  # what the binding keeps of an error's place, it keeps once
            failed, asked, lost = memory.call(call, n)
        assert failed == (asked >= n), f"request {n} of {asked} failed without a MemoryError"
        assert lost == 0, f"{lost} blocks lost when request {n} failed"
        assert bits(call()) == right, f"another answer after request {n} failed"
    return requests


def copied(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: copy.deepcopy(one) if isinstance(one, np.ndarray | tuple) else one for name, one in arguments.items()}


def test_every_call_of_the_core(memory, record_property):
    calls = requests = 0
    for name, function, arguments, _ in all_calls():
        if name.startswith("set_num_threads"):
            continue

        def call(function: Any = function, arguments: Any = arguments) -> Any:
            own = copied(arguments)
            return [function(**own), own]

        try:
            requests += in_turn(memory, call)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
        calls += 1
    assert requests > calls / 2
    record_property("figure", f"failing allocations: {calls} calls of the core, {requests} requests failed, 0 lost")


def public_calls() -> Iterator[tuple[str, Callable[[], Any]]]:
    """What users call, on X of every kind."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 9, (60, 12)), rng.integers(0, 3, 60)
    W, V = rng.normal(size=(3, 13)), rng.normal(size=(3, 13))
    for kind in ("float64", "float32", "uint8", "csr"):
        data: Any = sparse.csr_array(X.astype(np.float64)) if kind == "csr" else X.astype(kind)
        for loss in (gd.Hinge(), gd.CrossEntropy()):
            o = gd.LinearObjective(data, y, loss, gd.L2(0.1))
            about = f"{kind}, {type(loss).__name__}"
            yield f"construction, {about}", lambda d=data, loss=loss: gd.LinearObjective(d, y, loss).value(W)
            yield f"value and gradient, {about}", lambda o=o: o.value_and_gradient(W)
            yield f"scores, {about}", lambda o=o: (o.scores(W), o.predict(W), o.accuracy(W))
            yield f"values, {about}", lambda o=o: o.values_at(np.stack([W, V]))
            yield f"some rows, {about}", lambda o=o: o.rows(np.arange(0, 60, 2)).value_and_gradient(W)
            yield f"ray, {about}", lambda o=o: gd.along_ray(o, W, V).values(np.linspace(-1, 1, 5))
            yield f"plane, {about}", lambda o=o: gd.on_plane(o, W, V, W).values(np.ones(2), np.ones(3))
            yield f"differences, {about}", lambda o=o: o.numerical_gradient(W, coordinates=[0, 5])
            yield f"gradient check, {about}", lambda o=o: gd.check_gradient(o, at=W).passed
            last: Any = gd.DualCoordinateAscent() if isinstance(loss, gd.Hinge) else gd.Newton()
            runs: list[Any] = [(gd.Adam(), {"step": 0.01, "batches": gd.MiniBatches(8)}), (gd.LBFGS(), {}), (last, {})]
            for optimizer, options in runs:
                yield (
                    f"{type(optimizer).__name__}, {about}",
                    lambda o=o, p=optimizer, given=options: gd.minimize(o, 0 * W, p, max_steps=4, **given).w,
                )


@pytest.mark.slow
def test_every_call_of_users(memory, record_property):
    calls = requests = 0
    for name, call in public_calls():
        try:
            requests += in_turn(memory, call)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
        calls += 1
    assert requests > calls
    record_property("figure", f"failing allocations: {calls} calls of users, {requests} requests failed, 0 lost")
