"""Forks and other processes: children of a process with threads carry on, and nested pools give the same bits."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reliability import runs

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.mark.slow
@pytest.mark.timeout(660)
@pytest.mark.parametrize(("kind", "share", "whole"), [("after", 10, 100), ("during", 10, 100), ("inside", 4, 100)])
def test_children_end_well(kind, share, whole, amount, record_property):
    """Those that hang are killed after 20 seconds."""
    count = amount(share, whole)
    script = Path(__file__).with_name("forking.py")
    command = [sys.executable, "-P", str(script), kind, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout) == {"well": count}, done.stderr
    record_property("figure", f"forks {kind} threaded calls: {count} children, 0 hang, 0 wrong")


@pytest.mark.slow
@pytest.mark.timeout(660)
def test_pools_of_processes(amount, record_property):
    """Of multiprocessing by each start method, and joblib's three backends in one another."""
    count = amount(2, 12)
    command = [sys.executable, "-P", str(Path(__file__).with_name("forking.py")), "pools", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout) == {"well": 3 + count}, done.stderr
    record_property("figure", f"pools of processes: 3 start methods, {count} nestings of joblib's, 0 hang, 0 differ")


@pytest.mark.slow
def test_objectives_arrive_in_another_process(tmp_path):
    import pickle

    chosen = ("float64", "float32", "uint8", "CSR", "Huber", "mini-batch")
    made = {kind: runs.OBJECTIVES[kind]() for kind in chosen}
    (tmp_path / "made.pickle").write_bytes(pickle.dumps(made))
    code = """
import pickle, sys
made = pickle.load(open(sys.argv[1], "rb"))
sys.path.insert(0, sys.argv[2])
from reliability import runs
print({kind: runs.outcome("gradient", objective).hex() for kind, objective in made.items()})
"""
    tests = Path(__file__).parent.parent
    command = [sys.executable, "-P", "-c", code, str(tmp_path / "made.pickle"), str(tests)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = ast.literal_eval(done.stdout)
    assert found == {kind: runs.outcome("gradient", objective).hex() for kind, objective in made.items()}
    assert np.isfinite(made["float64"].value(np.zeros(made["float64"].shape)))


@pytest.mark.slow
@pytest.mark.parametrize("where", ["a daemon thread", "a thread that outlives main", "an exit function"])
def test_the_end_of_python(where):
    """Kernels and reads that are still running then, or begin then."""
    start = {
        "a daemon thread": "threading.Thread(target=work, daemon=True).start(); time.sleep(0.2)",
        "a thread that outlives main": "threading.Thread(target=answer).start()",
        "an exit function": "import atexit; atexit.register(answer)",
    }[where]
    code = f"""
import sys, threading, time
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
import gdfast as gd
from reliability import runs
gd.set_num_threads(3)
def answer():
    objective = runs.OBJECTIVES["chunked"]()
    found = [runs.outcome(name, objective) for name in ("gradient", "mini-batches", "solve")]
    print([each[:20] for each in found if b"Error" in each[:20]] or "right", flush=True)
def work():
    objective = runs.OBJECTIVES["chunked"]()
    while True:
        runs.outcome("mini-batches", objective)
{start}
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout == ("" if where == "a daemon thread" else "right\n")
