"""Ten thousand repetitions of a call leave memory, open files and threads as they were."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

MEGABYTE = 1_000_000


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")
def test_nothing_grows(amount, record_property):
    count = amount(100, 10_000)
    command = [sys.executable, "-P", str(Path(__file__).with_name("growing.py")), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    grown = json.loads(done.stdout)
    assert {name: growth for name, growth in grown.items() if growth[0] >= MEGABYTE or growth[1:] != [0, 0]} == {}
    most = max(memory for memory, _, _ in grown.values())
    what = f"{len(grown)} calls, each {count:,} times: at most {most / 1000:.0f} kB, no file, no thread"
    record_property("figure", f"growth: {what}")
