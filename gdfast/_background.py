"""Something that another thread makes meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Thing = TypeVar("Thing")

_WAIT = 0.05  # seconds: Python hears a Ctrl-C in between


def has_started(thread: threading.Thread) -> bool:
    """Start it; False where the system has no more threads to give, or Python is about to end."""
    try:
        thread.start()
    except (RuntimeError, MemoryError):
        return False
    return True


class Coming(Generic[Thing]):
    """What ``make()`` returns or raises, made by a thread from now on.

    Where there is no such thread (none could be started, or a fork has left it behind), whoever asks makes it himself.
    """

    def __init__(self, make: Callable[[], Thing], name: str, *, daemon: bool) -> None:
        self._make = make
        self._outcome: tuple[Any, BaseException | None] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=daemon)
        self._has_started = has_started(self._thread)

    def result(self) -> Thing:
        """The thing, once it is there; what `make` raised is raised here."""
        while self._has_started and self._thread.is_alive():
            self._thread.join(_WAIT)
        if self._outcome is None:
            return self._make()
        thing, error = self._outcome
        if error is not None:
            raise error
        return thing  # type: ignore[no-any-return]

    def _run(self) -> None:
        try:
            self._outcome = self._make(), None
        except BaseException as error:
            self._outcome = None, error
