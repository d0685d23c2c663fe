"""Ctrl-C as users press it: a real SIGINT to a real process while something lasts, and how long the answer takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

SECONDS = 0.25
"""An answer may take so long."""
PATIENCE = 3 * SECONDS * (10 if "ASAN_OPTIONS" in os.environ else 1)
"""Of a process whose threads work side by side, in processor time; ten times that of one that checks each access."""

PRELUDE = """
import json, os, signal, sys, threading, time
import numpy as np
import gdfast as gd

gd.minimize, gd.FunctionObjective, gd.random_search, gd.sanity_check  # imported on first use: not in what lasts
signal.signal(signal.SIGINT, signal.default_int_handler)
pressed = []

def press_after(seconds):
    def press():
        time.sleep(seconds)
        pressed.append((time.perf_counter(), time.process_time()))
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=press, daemon=True).start()

def tell(**facts):
    # By the second clock nothing counts that other programs do meanwhile.
    seconds = min(time.perf_counter() - pressed[-1][0], time.process_time() - pressed[-1][1]) if pressed else None
    print(json.dumps({"seconds": seconds, **facts}), flush=True)
"""


def interrupted(code: str, folder: Path | None = None) -> dict[str, Any]:
    """What the code tells: it calls `press_after(seconds)` before what lasts, and `tell(name=value)` after it."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", PRELUDE + textwrap.dedent(code)],
        capture_output=True, text=True, check=False, timeout=120, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
