"""A process that runs cases in children of its own, which may crash: one line of JSON in, one line out.

Started by test_bad_input.py as a script. For each callable it forks; the child runs case after case and writes what
came of each; where it dies, the case it was in is the culprit, and another child goes on with the next one.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

SECONDS = 20
"""For one case; who needs longer hangs."""
MEMORY = 6 << 30
"""Bytes of address space: who asks for more gets a MemoryError."""


def run_all(n_cases: int, run: Callable[[int], Any]) -> list[Any]:
    """What `run(i)` returns for each case, or the sentence that says how the process ended that ran it."""
    outcomes: list[Any] = []
    while len(outcomes) < n_cases:
        first = len(outcomes)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _work(writer, first, n_cases, run)
        os.close(writer)
        with os.fdopen(reader) as lines:
            for line in lines:
                if line.endswith("\n"):
                    outcomes.append(json.loads(line))
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            hung = number == signal.SIGALRM
            outcomes.append(f"hangs for {SECONDS} s" if hung else f"crash: {signal.Signals(number).name}")
        elif len(outcomes) < n_cases:
            outcomes.append(f"crash: exit code {os.WEXITSTATUS(status)}")
    return outcomes


def _work(writer: int, first: int, n_cases: int, run: Callable[[int], Any]) -> None:
    """Runs the cases from `first` on, a line for each, and never returns."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if "ASAN_OPTIONS" not in os.environ:  # whose shadow of the memory takes far more addresses
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        warnings.simplefilter("ignore")
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        for i in range(first, n_cases):
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            outcome = run(i)
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.write(writer, (json.dumps(outcome) + "\n").encode())
        os._exit(0)
    finally:
        os._exit(77)


def main() -> None:
    """Serve: the name of a module and what its `cases_of` is asked for in, the faults and the number of cases out."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    os.fsync = lambda handle: None  # thousands of small files are written, of which none is kept
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for line in sys.stdin:
            asked = json.loads(line)
            try:
                cases = import_module(f"reliability.{asked['module']}").cases_of(asked["name"])
                outcomes = run_all(len(cases), lambda i, cases=cases: cases[i].run())
                faults = [f"{case}: {outcome}" for case, outcome in zip(cases, outcomes, strict=True) if outcome]
            except Exception as error:
                cases, faults = [], [f"{type(error).__name__}: {error}"]
            print(json.dumps({"cases": len(cases), "faults": faults}), flush=True)


if __name__ == "__main__":
    main()
