"""The thread pool, seen from Python: one answer for any number of threads, in forks, in other threads, after Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import gdfast as gd

PROBLEM = """
import numpy as np
import gdfast as gd

rng = np.random.default_rng(0)
X = rng.integers(0, 256, (4000, 60), dtype=np.uint8)
objective = gd.LinearObjective(X, rng.integers(0, 7, 4000), gd.CrossEntropy(), n_classes=7)
W = rng.normal(size=objective.shape) / 1000

def answer():
    value, gradient = objective.value_and_gradient(W)
    return np.append(gradient.ravel(), value).tobytes()
"""


def python(code: str) -> str:
    """What the code prints, in a fresh interpreter off the source tree; it must end, and end well."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROBLEM + code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def answer():
    names: dict[str, object] = {}
    exec(PROBLEM, names)
    return names["answer"]


@pytest.mark.parametrize("threads", [2, 3, 5, 40])
def test_any_number_of_threads_gives_the_same_bits(answer, threads):
    gd.set_num_threads(1)
    expected = answer()
    gd.set_num_threads(threads)
    for _ in range(20):
        assert answer() == expected


def test_python_threads_at_once_get_the_same_bits(answer):
    gd.set_num_threads(1)
    expected = answer()
    gd.set_num_threads(3)
    with ThreadPoolExecutor(8) as executor:
        answers = list(executor.map(lambda _: answer(), range(100)))
    assert set(answers) == {expected}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_after_a_parallel_call_goes_on():
    shown = python("""
import os, warnings
warnings.simplefilter("ignore")  # of Python itself, about forks of programs with threads
gd.set_num_threads(3)
expected = answer()
for _ in range(5):
    child = os.fork()
    if child == 0:
        os._exit(0 if answer() == expected else 3)
    print(os.waitpid(child, 0)[1], answer() == expected)
""")
    assert shown.splitlines() == ["0 True"] * 5


@pytest.mark.parametrize("threads", [1, 3])
def test_ctrl_c_ends_a_long_call_and_the_next_one_is_right(threads):
    shown = python(f"""
import os, signal, threading, time
gd.set_num_threads({threads})
expected = answer()
X = np.zeros((100_000, 1000), np.uint8)
long = gd.LinearObjective(X, np.zeros(len(X), np.int64), gd.CrossEntropy(), n_classes=1000)
V = np.zeros(long.shape)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
start = time.perf_counter()
try:
    while True:
        long.value_and_gradient(V)
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - start < 5, answer() == expected)
""")
    assert shown == "interrupted True True\n"


def test_an_error_in_a_signal_handler_comes_through():
    shown = python("""
import os, signal, threading
def refuse(number, frame):
    raise OSError("from the handler")
signal.signal(signal.SIGINT, refuse)
X = np.zeros((100_000, 1000), np.uint8)
long = gd.LinearObjective(X, np.zeros(len(X), np.int64), gd.CrossEntropy(), n_classes=1000)
V = np.zeros(long.shape)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        long.value_and_gradient(V)
except OSError as error:
    print(error)
""")
    assert shown == "from the handler\n"


def test_results_do_not_depend_on_the_process():
    gd.set_num_threads(2)
    names: dict[str, object] = {}
    exec(PROBLEM, names)
    assert python("gd.set_num_threads(3); print(answer().hex())").strip() == names["answer"]().hex()
