"""What belongs to the program stays as it was, and gdfast runs in programs that have set it otherwise."""

from __future__ import annotations

import ctypes
import ctypes.util
import locale
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gdfast as gd
from reliability import runs

LIBM = ctypes.util.find_library("m") if sys.platform == "linux" else None
ROUNDINGS = {"to nearest": 0, "down": 0x400, "up": 0x800, "to zero": 0xC00}
FLUSH = 0x8040  # denormals are 0, in results and in what is read
MXCSR_AT = 28  # of x86-64's fenv_t


class Arithmetic:
    """The calling thread's floating-point environment."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBM)

    def get(self) -> bytes:
        """All of it."""
        place = ctypes.create_string_buffer(64)
        assert self._library.fegetenv(place) == 0
        return bytes(place)

    def set(self, environment: bytes) -> None:
        """All of it."""
        assert self._library.fesetenv(ctypes.create_string_buffer(environment, 64)) == 0

    def control(self) -> int:
        """Rounding, denormals and traps, without the flags that every rounding sets."""
        return int.from_bytes(self.get()[MXCSR_AT : MXCSR_AT + 4], "little") & ~0x3F

    def change(self, rounding: int, flush: bool) -> None:
        """For what follows."""
        assert self._library.fesetround(rounding) == 0
        environment = bytearray(self.get())
        environment[MXCSR_AT : MXCSR_AT + 4] = (self.control() | (FLUSH if flush else 0)).to_bytes(4, "little")
        self.set(bytes(environment))


def tiny() -> gd.LinearObjective:
    """Whose gradient is of denormal numbers."""
    return gd.LinearObjective((1e-20 * runs.X).astype(np.float32), 1e-18 * runs.TARGETS, gd.SquaredError())


on_x86 = pytest.mark.skipif(
    LIBM is None or os.uname().machine != "x86_64", reason="the test knows where x86-64 Linux keeps its control word"
)


@on_x86
@pytest.mark.parametrize("flush", [False, True])
@pytest.mark.parametrize("rounding", ROUNDINGS.values(), ids=ROUNDINGS)
def test_all_threads_compute_as_the_caller_does(rounding, flush):
    """Otherwise bits would depend on which thread has taken which rows; afterwards all is as it was."""
    arithmetic, before = Arithmetic(), Arithmetic().get()
    objectives = [tiny(), runs.OBJECTIVES["float64"](), runs.OBJECTIVES["float32"](), runs.OBJECTIVES["CSR"]()]

    def answers() -> list[bytes]:
        found = []
        for n in (1, 2, 3):
            gd.set_num_threads(n)
            some = [o.value_and_gradient((1e-18 if o is objectives[0] else 1) * runs.point(o)) for o in objectives]
            found.append(b"".join(runs.as_bytes(*each) for each in some))
        return found

    usual = answers()
    try:
        arithmetic.change(rounding, flush)
        control = arithmetic.control()
        found, after = answers(), arithmetic.control()
    finally:
        arithmetic.set(before)
    assert after == control
    assert len(set(found)) == 1
    assert set(answers()) == set(usual[:1])


@pytest.mark.skipif(sys.platform != "linux", reason="the default stack of threads is set as glibc does")
def test_small_stacks():
    """Of 16 kB, as `ulimit -s 16` leaves to a thread."""
    code = """
import ctypes
import numpy as np
import gdfast as gd
libc, attribute = ctypes.CDLL(None), ctypes.create_string_buffer(128)
libc.pthread_attr_init(attribute)
assert libc.pthread_attr_setstacksize(attribute, ctypes.c_size_t(1 << 14)) == 0
assert libc.pthread_setattr_default_np(attribute) == 0
gd.set_num_threads(3)
rng = np.random.default_rng(0)
X = rng.normal(size=(20000, 300)).astype(np.float32)
objective = gd.LinearObjective(X, rng.integers(0, 7, 20000), gd.CrossEntropy())
objective.gram()
objective.numerical_gradient(np.zeros(objective.shape))
print("right")
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "right\n"), done.stderr


# ---- what belongs to the program ----


def state() -> dict[str, Any]:
    """What no library should change."""
    found: dict[str, Any] = {
        "random": random.getstate(),
        "numpy.random": np.random.get_state(legacy=False)["state"]["key"].tobytes(),  # noqa: NPY002
        "errstate": np.geterr(),
        "filters": list(warnings.filters),
        "locale": locale.setlocale(locale.LC_ALL),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "path": list(sys.path),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "excepthooks": (sys.excepthook, threading.excepthook, sys.unraisablehook),
        "count": gd.get_num_threads(),
        "switches": sys.getswitchinterval(),
        "recursion": sys.getrecursionlimit(),
    }
    found["handlers"] = [signal.getsignal(number) for number in signal.valid_signals()]
    if hasattr(signal, "pthread_sigmask"):
        found["mask"], found["alarm"] = (
            signal.pthread_sigmask(signal.SIG_BLOCK, ()),
            signal.getitimer(signal.ITIMER_REAL)[0] > 0,
        )
        found["umask"] = os.umask(0o22)
        os.umask(found["umask"])
    if LIBM is not None and os.uname().machine == "x86_64":
        found["arithmetic"] = Arithmetic().control()
    return found


def _fails() -> None:
    with pytest.raises(ValueError, match="W"):
        runs.OBJECTIVES["float64"]().value(np.full((runs.K, runs.D + 1), np.nan))


CALLS: dict[str, Callable[[], Any]] = {
    **{f"{name}, {kind}": lambda name=name, kind=kind: runs.outcome(name, runs.OBJECTIVES[kind]())
       for name in runs.COMPUTATIONS for kind in ("float64", "CSR", "chunked")},
    **{name: lambda fitted=fitted: fitted(2) for name, fitted in runs.ESTIMATORS.items()},
    **{name: lambda name=name: runs.descent(name, runs.OBJECTIVES["float32"]()) for name in runs.OPTIMIZERS},
    "a refused call": _fails,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_calls_leave_the_program_as_it_was(record_property):
    for call in CALLS.values():  # what is imported when it is first used sets up things of its own
        call()
    changed = {}
    for name, call in CALLS.items():
        before = state()
        call()
        after = state()
        things = [key for key in before if before[key] != after[key]]
        if things:
            changed[name] = things
    assert changed == {}
    record_property("figure", f"hygiene: {len(CALLS)} calls, {len(state())} things of the program, 0 changed")


# ---- programs that are set otherwise ----

PROGRAM = """
import hashlib
import numpy as np
import gdfast as gd
X = np.random.default_rng(0).normal(size=(500, 8))
y = np.arange(500) % 3
objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1e-2))
W = np.zeros(objective.shape)
run = gd.minimize(objective, W, gd.Adam(), 0.05, batches=gd.MiniBatches(32), max_steps=50)
solved = gd.solve(objective)
for report in run, run.history, solved, gd.check_gradient(objective, at=W), gd.sanity_check(objective):
    print(report)
refused = 0
for call in (lambda: gd.LinearObjective(X, y - 1), lambda: gd.LinearObjective(X * np.nan, y), lambda: gd.L2(-1),
             lambda: gd.minimize(objective, np.zeros((3, 3))), lambda: gd.MiniBatches(0), lambda: gd.solve(3),
             lambda: gd.GradientDescent(3), lambda: gd.load_model("/nonexistent")):
    try:
        call()
    except (TypeError, ValueError, OSError):
        refused += 1
with open(OUT, "w", encoding="ascii") as file:
    file.write(f"{hashlib.sha256(run.w.tobytes() + solved.w.tobytes()).hexdigest()} {refused}")
"""
C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
NO_HOME = {"HOME": "/nonexistent", "TMPDIR": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}
SETTINGS: dict[str, tuple[list[str], dict[str, str], tuple[int, ...]]] = {
    "plain": ([], {}, ()),
    "no asserts": (["-O"], {}, ()),
    "no docstrings": (["-OO"], {}, ()),
    "warnings are errors": (["-W", "error", "-bb"], {}, ()),
    "development mode": (["-X", "dev", "-W", "error"], {}, ()),
    "isolated": (["-I"], {}, ()),
    "ASCII": ([], C, ()),
    "no home": ([], NO_HOME, ()),
    "hashes 1": ([], {"PYTHONHASHSEED": "1"}, ()),
    "hashes 2": ([], {"PYTHONHASHSEED": "2"}, ()),
    "no output": ([], {}, (1,)),
    "no errors": ([], {}, (2,)),
    "no streams": ([], {}, (0, 1, 2)),
}


def printed_by(setting: str, out: Any) -> str:
    """What the program writes."""
    options, variables, closed = SETTINGS[setting]
    done = subprocess.run(
        [sys.executable, "-P", *options, "-c", PROGRAM.replace("OUT", repr(str(out)))],
        env={**os.environ, **variables}, timeout=100, check=False, capture_output=True,
        preexec_fn=lambda: [os.close(number) for number in closed],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return str(out.read_text())


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="streams are closed as Unix does")
def test_programs_set_otherwise_get_the_same(tmp_path, amount, record_property):
    chosen = list(SETTINGS)[: amount(5, len(SETTINGS))]
    found = {setting: printed_by(setting, tmp_path / setting) for setting in chosen}
    assert found["plain"].endswith(" 8")
    assert {setting: text for setting, text in found.items() if text != found["plain"]} == {}
    record_property("figure", f"hygiene: {len(chosen)} ways to start Python, the same bits and refusals in all")
