"""States of chunks that memory has no room for: in files of a temporary folder, for as long as they are needed."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...files.mapping import mapping
from .kept_scores import KeptScores


class Folder:
    """A temporary folder of .npy files; it is removed with the last reference to it, or where Python ends."""

    def __init__(self, needed: int) -> None:
        place = tempfile.gettempdir()
        free = shutil.disk_usage(place).free
        if needed > free:
            raise OSError(_no_room(place, needed, free))
        self._path = Path(tempfile.mkdtemp(prefix="gdfast-", dir=place))
        self._needed = needed
        self._end = weakref.finalize(self, _remove, self._path, os.getpid())

    def written(self, state: KeptScores, number: int) -> StateInFile:
        """The state, whose scores are in a file now."""
        path = self._path / f"{number}.npy"
        try:
            np.save(path, state.parts)
        except OSError as error:
            place = self._path.parent
            self._end()
            raise OSError(_no_room(place, self._needed, shutil.disk_usage(place).free)) from error
        return StateInFile(self, path, replace(state, parts=np.empty((0, 0, 0))))


class StateInFile:
    """A state whose scores are a map of a file."""

    def __init__(self, folder: Folder, path: Path, rest: KeptScores) -> None:
        self._folder, self._path, self._rest = folder, path, rest

    def opened(self) -> KeptScores:
        """With the map."""
        with mapping(self._path):
            return replace(self._rest, parts=np.load(self._path, mmap_mode="r"))


def opened(state: Any) -> KeptScores:
    """A state, wherever its scores are."""
    found: KeptScores = state.opened() if isinstance(state, StateInFile) else state
    return found


def _no_room(place: Any, needed: int, free: int) -> str:
    return (
        f"the temporary folder {place} must have room for {needed:,} bytes of scores, which memory_limit leaves no "
        f"room for; {free:,} are free: set TMPDIR to a folder with more, or raise memory_limit"
    )


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # and no process that was forked from it
        shutil.rmtree(path, ignore_errors=True)
