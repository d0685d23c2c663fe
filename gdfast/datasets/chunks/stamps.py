"""Stamps of files: size and time of the last change, by which a file that was changed in mid-run is known."""

from __future__ import annotations

import os
from typing import NamedTuple


class FileStamp(NamedTuple):
    """A file by its absolute path, as it was when the source was made."""

    path: str
    size: int
    modified: int  # ns

    @staticmethod
    def of(path: str | os.PathLike[str]) -> FileStamp:
        """The file as it is."""
        absolute = os.path.abspath(path)
        found = os.stat(absolute)
        return FileStamp(absolute, found.st_size, found.st_mtime_ns)

    def require_unchanged(self, found: os.stat_result | None = None) -> None:
        """A FileNotFoundError where it is gone, a ValueError where it is another; `found` is its stat where known."""
        try:
            found = found or os.stat(self.path)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.path} is gone: it was there when the source was made") from None
        if found.st_size != self.size:
            raise ValueError(
                f"{self.path} must not change while it is read: it had {self.size:,} bytes when the source was made, "
                f"and has {found.st_size:,}"
            )
        if found.st_mtime_ns != self.modified:
            raise ValueError(
                f"{self.path} must not change while it is read: it was written to since the source was made"
            )

    def open(self) -> int:
        """A file descriptor for reading, which the caller closes; raises where the file changed."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.path} is gone: it was there when the source was made") from None
        try:
            self.require_unchanged(os.fstat(descriptor))
        except ValueError:
            os.close(descriptor)
            raise
        return descriptor
