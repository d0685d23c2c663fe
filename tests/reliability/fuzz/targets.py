"""What is fuzzed: a parser or loader of gdfast's, files to begin with, and what must hold of whatever it accepts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REFUSALS = (ValueError, TypeError, FileNotFoundError, NotADirectoryError)
"""What a file may be answered with."""


@dataclass(frozen=True)
class Target:
    """`check(path, content)` reads the file and asserts; `wrap` makes a file of what is mutated (a right checksum)."""

    name: str
    file: str
    seeds: Callable[[], Sequence[bytes]]
    check: Callable[[Path, bytes], Any]
    tokens: tuple[bytes, ...] = ()
    wrap: Callable[[bytes], bytes] = bytes
    named: tuple[str, ...] = ()

    def fault_of(self, content: bytes, folder: Path) -> str | None:
        """What is wrong with how these bytes are read; None: nothing is."""
        path = folder / self.file
        with path.open("wb") as file:
            file.write(self.wrap(content))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                self.check(path, content)
        except REFUSALS as error:
            told = "\n".join((str(error), *getattr(error, "__notes__", ())))
            if any(name in told for name in (self.file, *self.named)):
                return None
            return f"not named: {type(error).__name__}: {told:.300}"
        except AssertionError as error:
            return f"wrong: {error!s:.300}"
        except Exception as error:
            return f"another error: {type(error).__name__}: {error!s:.300}"
        return None


TARGETS: dict[str, Target] = {}


def add(target: Target) -> None:
    """One more."""
    TARGETS[target.name] = target
