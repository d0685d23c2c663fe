"""A process that is pressed Ctrl-C at random moments of one long operation, again and again.

Started by test_interrupts.py as a script. Another process presses, which no lock of Python's in this one can delay: it
sleeps, reads both clocks of this process, and sends SIGINT. What came of each press is told as a line of JSON.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

MOST = 1.0
"""Seconds after which a press comes at the latest, however long the operation lasts."""
CHECKS = 3
"""So often among the presses of an operation, and after the last one, the whole answer is compared."""


class Operation(NamedTuple):
    """What lasts: `run()` gives an answer, the same bits each time; `partial(answer)` says what is wrong of one that
    a press has ended early and that came back nevertheless, or None."""

    run: Callable[[], Any]
    partial: Callable[[Any], str | None] | None = None


class Presser:
    """The other process."""

    def __init__(self) -> None:
        orders, self._orders = os.pipe()
        self._told, told = os.pipe()
        pid = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._orders)
            os.close(self._told)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                while order := os.read(orders, 8):
                    time.sleep(struct.unpack("d", order)[0])
                    moment = struct.pack("dd", time.perf_counter(), processor_time(pid))
                    os.kill(pid, signal.SIGINT)
                    os.write(told, moment)
            finally:
                os._exit(0)
        os.close(orders)
        os.close(told)

    def press_after(self, seconds: float) -> None:
        """Order a press."""
        os.write(self._orders, struct.pack("d", seconds))

    def pressed(self) -> tuple[float, float]:
        """When it was, by the wall clock and by the processor's; it is waited for."""
        moment: tuple[float, float] = struct.unpack("dd", os.read(self._told, 16))
        return moment

    def stop(self) -> None:
        """No press comes any more."""
        os.close(self._orders)
        os.close(self._told)
        os.waitpid(self._pid, 0)


def processor_time(pid: int) -> float:
    """Seconds that all threads of another process have computed."""
    return time.clock_gettime((~pid << 3) | 2)  # the clock that clock_getcpuclockid gives


def bits_of(answer: Any) -> str:
    """A digest of all numbers, arrays and texts in an answer."""
    digest = hashlib.sha256()
    _add(digest, answer)
    return digest.hexdigest()


def _add(digest: Any, thing: Any) -> None:
    digest.update(type(thing).__name__.encode())
    if isinstance(thing, Mapping):
        thing = sorted(thing.items())
    if isinstance(thing, tuple | list):
        for part in thing:
            _add(digest, part)
    elif isinstance(thing, bytes):
        digest.update(thing)
    elif hasattr(thing, "tocsr"):
        _add(digest, [thing.data, thing.indices, thing.indptr])
    elif hasattr(thing, "tobytes"):
        digest.update(f"{thing.dtype} {thing.shape}".encode() + thing.tobytes())
    else:
        digest.update(repr(thing).encode())


class Outcome(NamedTuple):
    """Of one press: how it was answered, the seconds that took, and what was wrong."""

    how: str
    seconds: float
    fault: str | None = None


lost: list[str] = []


def _keep(unraisable: Any) -> None:
    """What Python can raise nowhere: a Ctrl-C that it hears while it frees something is lost to any program."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        lost.append(str(unraisable.object))
    else:
        sys.__unraisablehook__(unraisable)


def press(presser: Presser, operation: Operation, seconds: float, whole: str) -> Outcome:
    """Run the operation, and press after so many seconds."""
    how, answer, fault = "returned", None, None
    returned = ended = ()
    try:
        presser.press_after(seconds)
        answer = operation.run()
        ended = time.perf_counter(), time.process_time()
        returned = ended
        while True:  # the press is still to come, or has been swallowed
            time.sleep(0.01)
            if time.perf_counter() - ended[0] > seconds + 1:
                break
    except KeyboardInterrupt:
        ended = time.perf_counter(), time.process_time()
        how = "late" if returned else "raised"
    except BaseException as error:
        ended = time.perf_counter(), time.process_time()
        how, fault = "failed", f"{type(error).__name__}: {error}"
    moment = presser.pressed()
    if how == "returned":
        ended = returned
        if lost:
            how, fault = "lost", None  # in a callback of Python's own, which raises nothing
            lost.clear()
        elif moment[0] > returned[0]:
            fault = "the press was not heard at all"
        elif operation.partial is not None and bits_of(answer) != whole:
            fault = operation.partial(answer)
        else:
            fault = "the press was swallowed"
    return Outcome(how, min(ended[0] - moment[0], ended[1] - moment[1]), fault)


def press_often(make: Callable[[], Operation], presses: int, seed: int) -> dict[str, Any]:
    """What came of so many presses at random moments: latencies and faults."""
    chooser = random.Random(seed)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.unraisablehook = _keep
    presser = Presser()  # before there are threads
    operation = make()
    operation.run()  # whatever is imported, or computed once, on first use
    whole = bits_of(operation.run())
    began = time.perf_counter()
    same = bits_of(operation.run()) == whole
    lasts = time.perf_counter() - began
    faults: list[str] = [] if same else ["it gives other bits each time"]
    latencies: list[float] = []
    tries = 0
    while same and len(latencies) < presses and tries < 3 * presses + 10 and len(faults) < 3:
        tries += 1
        moment = chooser.uniform(0.0, min(lasts, MOST))
        outcome = press(presser, operation, moment, whole)
        if outcome.how in ("late", "lost"):
            continue
        latencies.append(outcome.seconds)
        if outcome.fault is not None:
            faults.append(f"pressed after {moment:.3f} of {lasts:.3f} s: {outcome.fault}")
        is_checked = len(latencies) % max(1, presses // CHECKS) == 0 or len(latencies) == presses
        if is_checked and bits_of(operation.run()) != whole:
            faults.append(f"after a press at {moment:.3f} of {lasts:.3f} s it gives other bits")
    presser.stop()
    return {"presses": len(latencies), "latencies": sorted(latencies), "lasts": lasts, "faults": faults}


def main() -> None:
    """`presses.py MODULE NAME PRESSES SEED`: the operations are in the module's `OPERATIONS`."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    module, name, presses, seed = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        make = import_module(f"reliability.{module}").OPERATIONS[name]
        print(json.dumps(press_often(make, int(presses), int(seed))), flush=True)
    os._exit(0)  # what a press has left behind in the background is not waited for


if __name__ == "__main__":
    main()
