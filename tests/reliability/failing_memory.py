"""Memory that fails: the n-th block that the compiled core asks for is refused, what it does not give back counted."""

from __future__ import annotations

import ctypes
import shlex
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("failing_memory.c")


class FailingMemory:
    """Python's allocator, wrapped by failing_memory.c."""

    def __init__(self, folder: Path) -> None:
        compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[-1:]
        made = folder / "failing_memory.so"
        flags = ["-shared", "-fPIC", "-O1", f"-I{sysconfig.get_path('include')}", "-o", str(made), str(SOURCE), "-ldl"]
        subprocess.run([*compiler, *flags], check=True, capture_output=True)
        self._library = ctypes.PyDLL(str(made))
        self._library.begin.argtypes = [ctypes.c_long]
        for name in ("asked", "lost"):
            getattr(self._library, name).restype = ctypes.c_long

    @contextmanager
    def wrapped(self) -> Iterator[None]:
        self._library.wrap()
        try:
            yield
        finally:
            self._library.begin(0)
            self._library.unwrap()

    def call(self, function: Callable[[], Any], n: int) -> tuple[bool, int, int]:
        """Whether a MemoryError came where the n-th request fails; how many requests there were; blocks lost."""
        self._library.begin(n)
        try:
            function()
            failed = False
        except MemoryError:
            failed = True
        finally:
            asked, lost = int(self._library.asked()), int(self._library.lost())
            self._library.begin(0)
        return failed, asked, lost
