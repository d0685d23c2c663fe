"""The process in which the cases of this folder run: it forks, so that a crash there does not take pytest along."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SHOWN = 12


class Child:
    """The process that forks: one line in, one line out."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("child.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def require_no_faults(self, module: str, name: str) -> int:
        """How many cases `reliability.module.cases_of(name)` has; AssertionError that lists those with faults."""
        outcome = self.ask({"module": module, "name": name})
        cases, faults = outcome["cases"], outcome["faults"]
        more = f"\n... and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        assert not faults, f"{len(faults)} of {cases} cases:\n" + "\n".join(faults[:SHOWN]) + more
        return int(cases)

    def ask(self, question: dict[str, str]) -> dict[str, Any]:
        """One line of JSON there and one back."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the process that runs the cases has ended"
        return json.loads(line)  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def child() -> Iterator[Child]:
    child = Child()
    yield child
    with child.process:
        child.process.kill()
