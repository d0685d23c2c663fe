"""Reading ahead: a thread makes the next things of a sequence while this one is worked on.

The thread lives as long as the sequence is gone through. What it raises is raised where the thing would have come.
Where there is no such thread, none is waited for.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from ..._background import has_started

Thing = TypeVar("Thing")

Made = tuple[Any, BaseException | None]

AHEAD = 2
PATIENCE = 0.3  # seconds that a sequence which is left early waits for a read to end; the read's thread ends after it


def read_ahead(make: Callable[[int], Thing], numbers: Iterable[int]) -> Generator[Thing, None, None]:
    """``make(i)`` for each of the numbers, in order: at most two are made before they are asked for."""
    made: queue.SimpleQueue[Made] = queue.SimpleQueue()
    places, left = threading.Semaphore(AHEAD), threading.Event()
    numbers = list(numbers)

    def run() -> None:
        for i in numbers:
            places.acquire()
            if left.is_set():
                return
            try:
                made.put((make(i), None))
            except BaseException as error:
                made.put((None, error))
                return

    reader = threading.Thread(target=run, name="gdfast-read", daemon=True)
    if not has_started(reader):
        for i in numbers:
            yield make(i)
        return
    patience: float | None = PATIENCE
    try:
        for i in numbers:
            found = _taken(made, reader)
            thing, error = (make(i), None) if found is None else found
            if error is not None:
                raise error
            places.release()
            yield thing
            del thing
        patience = None
    finally:
        left.set()
        places.release()
        reader.join(patience)


def _taken(made: queue.SimpleQueue[Made], reader: threading.Thread) -> Made | None:
    """The next one; None where there is none and the reader is gone: left behind by a fork."""
    while True:
        is_alive = reader.is_alive()
        try:
            return made.get(is_alive, PATIENCE)
        except queue.Empty:
            if not is_alive:
                return None
