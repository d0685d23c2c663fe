"""Reading ahead: a thread makes the next things of a sequence while this one is worked on.

The thread lives as long as the sequence is gone through. What it raises is raised where the thing would have come.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

Thing = TypeVar("Thing")

AHEAD = 2
PATIENCE = 0.3  # seconds that a sequence which is left early waits for a read to end; the read's thread ends after it


def read_ahead(make: Callable[[int], Thing], numbers: Iterable[int]) -> Generator[Thing, None, None]:
    """``make(i)`` for each of the numbers, in order: at most two are made before they are asked for."""
    made: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
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
    reader.start()
    patience: float | None = PATIENCE
    try:
        for _ in numbers:
            thing, error = made.get()
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
