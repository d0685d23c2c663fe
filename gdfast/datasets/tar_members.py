"""Streaming reader of chosen members of a .tar.gz; nothing is written to the disk."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Self

_LONGEST_HEADER = 1 << 20
LARGEST_TAR = 1 << 29
"""Bytes that an archive may unpack to; CIFAR-10 takes 184 million, or 270 in other pickles."""


def tar_members(path: Path, wanted: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """The name (without folders) and the content of every wanted member, in the archive's order.

    Parameters
    ----------
    path : Path
    wanted : dict of name -> int
        The most bytes that the member may have.

    Raises
    ------
    ValueError
        The archive is truncated or no .tar.gz, unpacks to more than `LARGEST_TAR` bytes, holds a link or a device,
        a member that points outside, a wanted one that is too long, or one twice.
    """
    seen = set()
    try:
        with (
            gzip.open(path) as unpacked,
            tarfile.open(fileobj=_Bounded(unpacked, path), mode="r|", tarinfo=_Member) as archive,
        ):
            for member in archive:
                _check(member, path)
                name = PurePosixPath(member.name).name
                if name not in wanted or not member.isfile():
                    continue
                if name in seen:
                    raise ValueError(f"{path} holds {name} twice")
                seen.add(name)
                if member.size > wanted[name]:
                    raise ValueError(f"{path}: {name} must have {wanted[name]:,} bytes at most; it has {member.size:,}")
                file = archive.extractfile(member)
                assert file is not None
                content = file.read()
                if len(content) != member.size:
                    raise ValueError(f"{path} is truncated: {name} has {len(content):,} of {member.size:,} bytes")
                yield name, content
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError, RecursionError) as error:
        said = "its names are nested too deeply" if isinstance(error, RecursionError) else error
        raise ValueError(f"{path} is not a whole .tar.gz: {said}") from error


def _check(member: tarfile.TarInfo, path: Path) -> None:
    place = PurePosixPath(member.name.replace("\\", "/"))
    drive = ":" in place.parts[0] if place.parts else False
    if place.is_absolute() or drive or ".." in place.parts:
        raise ValueError(f"{path} holds a member that points outside: {member.name!r:.80}")
    if not member.isfile() and not member.isdir():
        raise ValueError(f"{path} must hold files and folders only; {member.name!r:.80} is a link or a device")


class _Member(tarfile.TarInfo):
    """Refuses names and comments that are too long, before they are read."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """As tarfile's."""
        member = super().frombuf(buf, encoding, errors)
        if not member.isfile() and member.size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {member.size:,} bytes")
        return member


class _Bounded(io.RawIOBase):
    """Refuses to unpack more than `LARGEST_TAR` bytes."""

    def __init__(self, source: gzip.GzipFile, path: Path) -> None:
        self.source, self.path, self.left = source, path, LARGEST_TAR

    def read(self, size: int = -1) -> bytes:
        content = self.source.read(self.left + 1 if size < 0 else min(size, self.left + 1))
        self.left -= len(content)
        if self.left < 0:
            raise ValueError(f"{self.path} unpacks to more than {LARGEST_TAR:,} bytes: it is not CIFAR-10")
        return content
