"""Atomic writing of files: under a name of their own beside their place, flushed to the disk, and renamed over it.

A crash at any moment leaves the file that was there. What is written over keeps its mode, and a symbolic link stays
one: the file that it leads to is replaced. A writer holds a lock on what it has not finished, so that whoever writes
there next sweeps away what a killed process has left, and nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from .._arrays import check_path

try:
    import fcntl
except ImportError:  # Windows, which refuses to remove what somebody has open
    fcntl = None  # type: ignore[assignment]

LONGEST_NAME = 200  # bytes, of the 255 that a file system takes
_SUFFIX = re.compile(r"[0-9a-f]{16}\.unfinished")


def write_whole(path: str | os.PathLike[str], write: Callable[[BinaryIO], Any]) -> None:
    """A file that `write` fills, there whole or not at all; its folder must exist."""
    with Unfinished(path) as file:
        file.fill(write)
        file.finish()


class Unfinished:
    """A file under construction: fill it, then finish it; what leaves the block unfinished is removed.

    Parameters
    ----------
    path : path
        Where it will be; its folder must exist.

    Raises
    ------
    OSError
        The file cannot be written (the path is a folder or a device, say); what was there before is still there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._target = _target_of(Path(check_path(path)))
        self._given = os.fspath(path)
        self._own: Path | None = None
        self._handle: BinaryIO | None = None

    def __enter__(self) -> Unfinished:
        _sweep(self._target)
        try:
            self._handle = self._open()
        except BaseException as error:
            self.__exit__()
            if isinstance(error, OSError):
                raise self._named(error) from None
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            with contextlib.suppress(OSError):  # of a disk that takes nothing any more: whoever writes next sweeps it
                self._own.unlink(missing_ok=True)
        self._close()

    def fill(self, write: Callable[[BinaryIO], Any]) -> None:
        """Let `write` put the content there, and flush it to the disk."""
        assert self._handle is not None
        try:
            write(self._handle)
            self._handle.flush()
            os.fsync(self._handle.fileno())
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.errno is None or error.filename is not None:  # of something that `write` reads
                raise
            raise self._named(error) from None

    def finish(self) -> None:
        """Rename it over what was there."""
        assert self._own is not None
        if fcntl is None:
            self._close()
        try:
            os.replace(self._own, self._target)
        except OSError as error:
            raise self._named(error) from None
        self._own = None
        self._close()
        _sync_folder(self._target.parent)

    def _named(self, error: OSError) -> OSError:
        """The error, named by the file that the caller wanted."""
        return type(error)(error.errno, error.strerror, self._given)

    def _open(self) -> BinaryIO:
        before = self._target.stat() if self._target.exists() else None
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        while True:
            # Nobody else may read what will be private.
            self._own = self._target.parent / f"{_beginning(self._target)}{secrets.token_hex(8)}.unfinished"
            handle = os.open(self._own, flags, 0o666 if before is None else 0o600)
            if _is_locked_here(handle, wait=True):
                break
            os.close(handle)  # a sweep came between
        if before is not None and hasattr(os, "fchmod"):
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(OSError):
                    os.fchown(handle, before.st_uid, before.st_gid)
            os.fchmod(handle, stat.S_IMODE(before.st_mode))
        return os.fdopen(handle, "wb")

    def _close(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            with contextlib.suppress(OSError):  # of a full disk: it has been told already
                handle.close()


def _target_of(place: Path) -> Path:
    """The file that a path leads to, or OSError where none can be there."""
    if place.is_symlink():
        followed = Path(os.path.realpath(place))
        if followed.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(place))
        place = followed
    if place.exists() and not place.is_file():
        raise OSError(f"{place} must be a file, or nothing yet: it is a folder or a device")
    return place


def _beginning(target: Path) -> str:
    """Of the names of what is not finished: the file's own, or a digest of it where that leaves no room for more."""
    name = os.fsencode(target.name)
    return f".{target.name}." if len(name) <= LONGEST_NAME else f".{hashlib.sha256(name).hexdigest()}."


def _sweep(target: Path) -> None:
    """Remove what killed processes have left beside the target: unfinished files that nobody holds."""
    if fcntl is None:
        return
    prefix = _beginning(target)
    try:
        left = [name for name in os.listdir(target.parent) if name.startswith(prefix)]
    except OSError:
        return
    for name in left:
        if _SUFFIX.fullmatch(name, len(prefix)):
            with contextlib.suppress(OSError):
                _remove_if_free(target.parent / name)


def _remove_if_free(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if stat.S_ISREG(os.fstat(handle).st_mode) and _is_locked_here(handle, wait=False):
            path.unlink()
    finally:
        os.close(handle)


def _is_locked_here(handle: int, *, wait: bool) -> bool:
    """Whether the file is locked by us now, and still there. On a disk without locks, whoever made it takes it so."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return wait
    return os.fstat(handle).st_nlink > 0


def _sync_folder(folder: Path) -> None:
    """The new name reaches the disk too, where folders can be opened and flushed.

    It is no failure where they cannot: the new file is whole and in its place, and what a power cut may bring back is
    the old one, as whole.
    """
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
