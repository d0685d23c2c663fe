"""A folder whose disk fails at the n-th call: opening, writing, flushing, renaming, changing a mode."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

CALLS = ("open", "fsync", "replace", "rename", "fchmod", "fdatasync", "link", "mkdir", "ftruncate")


class Disk:
    """How many calls it has had, which of them is to fail, and with what."""

    def __init__(self, folder: Path, at: int, error: int | None) -> None:
        self.folder, self.at, self.error = os.path.realpath(folder), at, error
        self.calls, self.failed = 0, ""

    def call(self, name: str, *places: Any) -> None:
        """Count one, if it is about the folder; OSError, as the system raises it, if it is the one."""
        if not any(self._is_mine(place) for place in places):
            return
        self.calls += 1
        if self.calls == self.at + 1:
            self.failed = f"{name} (call {self.at})"
            if self.error is None:
                os.kill(os.getpid(), signal.SIGKILL)
                return
            paths = [os.fspath(p) for p in places if isinstance(p, str | os.PathLike)]
            raise OSError(self.error, os.strerror(self.error), *paths[:1])

    def _is_mine(self, place: Any) -> bool:
        if isinstance(place, int):
            try:
                place = os.readlink(f"/proc/self/fd/{place}")
            except OSError:
                return False
        return isinstance(place, str | os.PathLike) and os.path.realpath(place).startswith(self.folder)


class Writer(io.BufferedWriter):
    """A file on that disk: what it is given, and flushes, may fail."""

    disk: Disk

    def write(self, content: Any) -> int:
        self.disk.call("write", self.name)
        return super().write(content)

    def flush(self) -> None:
        if not self.closed:
            self.disk.call("flush", self.name)
        super().flush()


@contextmanager
def failing(folder: Path, at: int, error: int | None) -> Iterator[Disk]:
    """Within the block the disk under that folder fails once, at that call; `error` None: the process is killed there.

    Of files opened to write by `os.fdopen`.
    """
    disk = Disk(folder, at, error)

    def wrapped(name: str) -> Any:
        real = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            disk.call(name, *arguments[: 2 if name in ("replace", "rename", "link") else 1])
            return real(*arguments, **options)

        return call

    real_fdopen = os.fdopen

    def fdopen(handle: int, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if mode != "wb" or not disk._is_mine(handle):
            return real_fdopen(handle, mode, *arguments, **options)
        kind = type("Writer", (Writer,), {"disk": disk})
        return kind(io.FileIO(handle, "w"))

    with mock.patch.multiple(os, fdopen=fdopen, **{name: wrapped(name) for name in CALLS if hasattr(os, name)}):
        yield disk


__all__ = ["Disk", "failing"]
