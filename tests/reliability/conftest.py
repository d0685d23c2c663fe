"""How many cases the tests of this folder run, and the process in which they run: it forks, so that a crash there does
not take pytest along."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SHOWN = 12


class Child:
    """The process that forks: one line in, one line out. It is started anew where it was not waited for."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def require_no_faults(self, module: str, name: str) -> int:
        """How many cases `reliability.module.cases_of(name)` has; AssertionError that lists those with faults."""
        outcome = self._ask({"module": module, "name": name})
        cases, faults = outcome["cases"], outcome["faults"]
        more = f"\n... and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        assert not faults, f"{len(faults)} of {cases} cases:\n" + "\n".join(faults[:SHOWN]) + more
        return int(cases)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            with self._process:
                self._process.kill()
        self._process = None

    def _ask(self, question: dict[str, str]) -> dict[str, Any]:
        if self._process is None:
            command = [sys.executable, str(Path(__file__).with_name("child.py"))]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            assert line, "the process that runs the cases has ended"
            return json.loads(line)  # type: ignore[no-any-return]
        except BaseException:  # the time is up, or Ctrl-C
            self.stop()
            raise


@pytest.fixture(scope="session")
def amount(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """`amount(share, whole)`: how many cases a test runs, `whole` of them where pytest was given --whole."""
    all_of_them = bool(request.config.getoption("--whole"))
    return lambda share, whole: whole if all_of_them else share


@pytest.fixture(scope="session")
def child() -> Iterator[Child]:
    child = Child()
    yield child
    child.stop()
