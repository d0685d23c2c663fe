"""Atomic output of a command: all of its files, or none.

Whether the folder can be written is asked before the work begins. The files are written under
temporary names once all of them are ready, and renamed once all of them are complete.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ..files.atomic import Unfinished


def check_folder(folder: Path) -> None:
    """Raise OSError unless files can be written to the folder, which need not be there yet; nothing is made."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.lstat(folder)  # a name that is too long is refused here, and not after the work
    nearest = folder.absolute()
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    if not nearest.is_dir():
        raise NotADirectoryError(f"{folder} cannot be written: {nearest} is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder} cannot be written: no permission to write to {nearest}")


def check_file(path: Path) -> None:
    """Raise OSError unless a file can be written there, in a folder that exists; nothing is made."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} cannot be written: it is a folder")
    if path.exists() and not path.is_file():
        raise OSError(f"{path} cannot be written: it is a device or a pipe")
    if not path.parent.exists():
        raise FileNotFoundError(f"{path} cannot be written: there is no folder {path.parent}")
    check_folder(path.parent)


def write_files(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write every file into the folder, which is made where it is missing; their paths."""
    targets = [folder / name for name in contents]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(Unfinished(target)) for target in targets]
            for file, content in zip(files, contents.values(), strict=True):
                file.fill(partial(_put, content=content))
            for file in files:
                file.finish()
    except OSError as error:
        named = error.filename if error.filename in map(str, targets) else folder
        raise OSError(f"{named} cannot be written: {error.strerror or error}") from error
    return targets


def _put(file: BinaryIO, content: bytes) -> None:
    file.write(content)
