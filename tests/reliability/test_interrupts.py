"""Ctrl-C at random moments of whatever lasts: it is heard at once, the same objects go on working to the same bits, and
what comes back of half a run is the beginning of the whole one."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import pytest

from interrupts import PATIENCE, SECONDS
from quick import quick_among
from reliability import long_commands, long_runs, long_work

pytestmark = pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="clocks as in Linux")

MODULES = {"long_runs": long_runs, "long_work": long_work, "long_commands": long_commands}
TABLE = [(module, name) for module, found in MODULES.items() for name in found.OPERATIONS]
QUICK = {("long_runs", "Adam, mini-batches")}


def quantile(latencies: list[float], share: float) -> float:
    return sorted(latencies)[min(len(latencies) - 1, math.ceil(share * len(latencies)) - 1)]


@pytest.mark.parametrize(
    ("module", "name"), [pytest.param(*p.values[0], marks=p.marks) for p in quick_among(TABLE, QUICK.__contains__)]
)
def test_it_is_heard_at_once_and_nothing_is_lost(module, name, amount, record_property, all_latencies):
    code = zlib.crc32(name.encode())
    if (module, name) not in QUICK and code % amount(16, 1):
        pytest.skip("a share of the operations: --whole runs all")
    presses = amount(3, 50)
    script = Path(__file__).with_name("presses.py")
    done = subprocess.run(
        [sys.executable, str(script), module, name, str(presses), str(code)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["faults"] == []
    latencies = outcome["latencies"]
    assert len(latencies) >= presses // 3
    assert quantile(latencies, 0.99) < PATIENCE
    all_latencies.extend(latencies)
    record_property(
        "figure",
        f"Ctrl-C, {name}: {len(latencies)} presses, p99 {1000 * quantile(latencies, 0.99):.0f} ms",
    )


@pytest.fixture(scope="module")
def all_latencies():
    return []


@pytest.mark.slow
def test_all_of_them_together(all_latencies, record_property):
    """The last of this table: the figure for all operations."""
    if not all_latencies:
        pytest.skip("no operation ran before")
    worst = quantile(all_latencies, 0.99)
    assert worst < SECONDS
    record_property(
        "figure",
        f"Ctrl-C: {len(all_latencies)} presses, p99 {1000 * worst:.0f} ms, worst {1000 * max(all_latencies):.0f} ms",
    )


def python(code: str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", textwrap.dedent(code), *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


STORM = """
import hashlib, os, signal, sys
import numpy as np
import gdfast as gd

rng = np.random.default_rng(0)
X = rng.normal(size=(4000, 60)).astype(np.float32)
o = gd.LinearObjective(X, rng.integers(0, 5, 4000), gd.CrossEntropy(), gd.L2(1e-3))
open("rows.csv", "w").writelines(",".join(map(str, row)) + ",a\\n" for row in X[:2000])
open("rows.csv", "a").writelines(",".join(map(str, row)) + ",b\\n" for row in X[2000:])

def work():
    digest = hashlib.sha256()
    saved = gd.Checkpoint("run.npz", every=20)
    for options in ({}, {"batches": 64}):
        run = gd.minimize(o, np.zeros(o.shape), gd.Adam(), 0.01, max_steps=100, gtol=0.0, checkpoint=saved, **options)
        digest.update(run.w.tobytes())
        digest.update(gd.resume("run.npz", o).w.tobytes())
    digest.update(np.ascontiguousarray(gd.datasets.load("rows.csv").X).tobytes())
    digest.update(gd.numerical_gradient(o.value, np.zeros(o.shape)).tobytes())
    digest.update(o.gram(np.ones(4000)).tobytes())
    return digest.hexdigest()

calm, heard = work(), []
kind, timer = getattr(signal, sys.argv[1]), sys.argv[2]
signal.signal(kind, lambda *_: heard.append(1))
if timer:
    signal.setitimer(getattr(signal, timer), 0.001, 0.001)
    stormy = work()
    signal.setitimer(getattr(signal, timer), 0, 0)
else:
    import threading
    ends = threading.Event()
    def send():
        while not ends.wait(0.001):
            os.kill(os.getpid(), kind)
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    stormy = work()
    ends.set()
    sender.join()
assert calm == stormy, "other bits"
assert len(heard) > 10, len(heard)
print(len(heard))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "timer"),
    [("SIGALRM", "ITIMER_REAL"), ("SIGPROF", "ITIMER_PROF"), ("SIGVTALRM", "ITIMER_VIRTUAL"), ("SIGCHLD", ""),
     ("SIGINT", ""), ("SIGTERM", ""), ("SIGUSR1", "")],
)  # fmt: skip
def test_a_storm_of_signals_changes_no_bit(kind, timer, tmp_path, record_property, amount):
    """Their handler only takes note: whatever reads, writes and computes goes on."""
    if kind not in ("SIGALRM", "SIGINT") and amount(1, 0):
        pytest.skip("two kinds of signals: --whole sends all")
    done = python(STORM, kind, timer, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    record_property("figure", f"storm of {kind}: {int(done.stdout)} signals, the same bits")


OWN = """
import os, signal, threading, time
import numpy as np
import gdfast as gd

class Mine(Exception):
    pass

def raises(*_):
    raise Mine

rng = np.random.default_rng(0)
X = rng.normal(size=(20_000, 60)).astype(np.float32)
o = gd.LinearObjective(X, rng.integers(0, 5, 20_000), gd.CrossEntropy(), gd.L2(1e-3))
straight = gd.minimize(o, np.zeros(o.shape), step=0.01, max_steps=5).w
signal.signal(signal.SIGUSR1, raises)
count = 0
for options in ({}, {"batches": 64}, {"batches": 10_000}):
    for delay in (0.01, 0.05, 0.1):
        threading.Timer(delay, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        try:
            gd.minimize(o, np.zeros(o.shape), step=1e-3, max_steps=10**7, gtol=0.0, **options)
        except Mine:
            count += 1
        assert np.array_equal(gd.minimize(o, np.zeros(o.shape), step=0.01, max_steps=5).w, straight)
assert count == 9

# A run in another thread is not disturbed by a Ctrl-C of the main thread, which is heard there.
found = []
thread = threading.Thread(target=lambda: found.append(gd.minimize(o, np.zeros(o.shape), step=0.01, max_steps=300)))
signal.signal(signal.SIGINT, signal.default_int_handler)
thread.start()
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    pass
thread.join()
assert found[0].status is not gd.Status.INTERRUPTED
assert np.array_equal(found[0].w, gd.minimize(o, np.zeros(o.shape), step=0.01, max_steps=300).w)

# Two presses, one right after the other, and one within a callback and a user's function.
for gap in (0.0, 0.0005, 0.002, 0.01):
    for _ in range(5):
        def twice():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(gap)
            os.kill(os.getpid(), signal.SIGINT)
        pressing = threading.Timer(0.02, twice)
        try:
            pressing.start()
            run = gd.minimize(o, np.zeros(o.shape), step=1e-3, batches=64, max_steps=10**7, gtol=0.0)
            assert run.status is gd.Status.INTERRUPTED
            while pressing.is_alive():
                time.sleep(0.001)
        except KeyboardInterrupt:
            pass
        try:
            pressing.join()
            time.sleep(0.001)
        except KeyboardInterrupt:
            pressing.join()
        assert np.array_equal(gd.minimize(o, np.zeros(o.shape), step=0.01, max_steps=5).w, straight)

def press(k, w, value):
    if k == 4:
        os.kill(os.getpid(), signal.SIGINT)

run = gd.minimize(o, np.zeros(o.shape), step=0.01, callback=press)
assert (run.status, run.steps) == (gd.Status.INTERRUPTED, 4), run
print("done")
"""


@pytest.mark.slow
def test_handlers_of_the_user_threads_two_presses_and_callbacks():
    done = python(OWN)
    assert done.stdout == "done\n", done.stderr


STOPPED = """
import sys, time
import numpy as np
import gdfast as gd

rng = np.random.default_rng(0)
X = rng.normal(size=(5000, 60)).astype(np.float32)
o = gd.LinearObjective(X, rng.integers(0, 5, 5000), gd.CrossEntropy(), gd.L2(1e-3))
print("begins", flush=True)
run = gd.minimize(o, np.zeros(o.shape), gd.Adam(), 1e-3, batches=8, max_steps=60_000, gtol=0.0)
print(run.steps, run.w.tobytes().hex()[:200], flush=True)
"""


@pytest.mark.slow
def test_ctrl_z_and_going_on_change_no_bit():
    told = []
    for stops in (0, 5):
        process = subprocess.Popen([sys.executable, "-P", "-c", STOPPED], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        for _ in range(stops):
            process.send_signal(signal.SIGSTOP)
            process.send_signal(signal.SIGCONT)
        told.append(process.communicate(timeout=120)[0])
    assert told[0] == told[1]
    assert told[0].startswith("60000 ")


WHILE_IMPORTED = """
import os, signal, sys
import gdfast_command

class Press:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Press())
gdfast_command.main()
"""


@pytest.mark.parametrize("module", ["gdfast", "gdfast.model", "click", "gdfast.cli.train"])
def test_ctrl_c_while_the_command_is_imported_is_one_sentence(module):
    done = python(WHILE_IMPORTED, module)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")
