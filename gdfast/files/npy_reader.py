"""Reader of .npy arrays and .npz archives: sizes are checked before memory is taken, no pickle is loaded."""

from __future__ import annotations

import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection
from typing import IO, NamedTuple

import numpy as np

from ..protocols import Array

DAMAGES = (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error)
"""What a damaged archive makes its readers raise. For one flipped bit zipfile even says that it is encrypted, or packed
in a way that it does not know: RuntimeError, and a kind of it."""

_CHUNK = 1 << 24

MODEST = 1 << 26
MOST_TIMES = 200
"""What is packed may unpack to 64 MB, or to 200 times its size: numbers hardly go beyond 100 times, bombs to 1,000."""


class Header(NamedTuple):
    """What the first lines of a .npy file say, and where its numbers begin."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    fortran: bool
    start: int


def read_header(file: IO[bytes], size: int, name: str) -> Header:
    """The header of a .npy file of `size` bytes, which must be exactly as long as its header says.

    Raises
    ------
    ValueError
        It is not a .npy file, truncated or too long, or holds Python objects or records; the message
        begins with `name`.
    """
    # numpy reads the header's text as a Python literal: what a hostile one makes it raise.
    try:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"its format version is {version}")
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except (ValueError, SyntaxError, tokenize.TokenError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"{name} is not a whole .npy file: {error}") from error
    if dtype.hasobject:
        raise ValueError(f"{name} holds Python objects: a pickle, whose loading could run code; it is not read")
    if dtype.kind not in "biufUS" or dtype.itemsize == 0:
        raise ValueError(f"{name} must hold numbers or text; its dtype is {dtype}")
    if any(length < 0 or isinstance(length, bool) for length in shape):
        raise ValueError(f"{name} is damaged: its shape is {shape}")
    start = file.tell()
    expected = start + math.prod(shape) * dtype.itemsize
    if size != expected:
        kind = "truncated" if size < expected else "too long"
        raise ValueError(f"{name} is {kind}: expected {expected:,} bytes, found {size:,}")
    return Header(shape, dtype, fortran, start)


def read_archive(file: str | os.PathLike[str] | IO[bytes], name: str, wanted: Collection[str]) -> dict[str, Array]:
    """The arrays of these names that a .npz archive holds; the others stay unread.

    Raises
    ------
    ValueError
        The archive is damaged, an array is not as its header says, or there is no memory for it.
    """
    with _open(file, name) as archive:
        members = [
            info for info in archive.infolist() if info.filename.endswith(".npy") and info.filename[:-4] in wanted
        ]
        if isinstance(file, str | os.PathLike):
            unpacked = sum(info.file_size for info in members)
            require_no_bomb(unpacked, os.stat(file).st_size, name, "numpy.savez writes it as it is")
        return {
            info.filename.removesuffix(".npy"): _read_member(archive, info, f"{name}[{info.filename[:-4]!r}]")
            for info in members
        }


def names_in_archive(file: str | os.PathLike[str] | IO[bytes], name: str) -> dict[str, int]:
    """The arrays of a .npz archive, and how many bytes each is when unpacked."""
    with _open(file, name) as archive:
        sizes = {info.filename[:-4]: info.file_size for info in archive.infolist() if info.filename.endswith(".npy")}
    if not sizes:
        raise ValueError(f"{name} holds no arrays: it is a zip archive, but not a .npz file")
    return sizes


def require_memory(n_bytes: int, name: str) -> None:
    """ValueError where that many bytes are more than this machine's memory."""
    limit = physical_memory()
    if limit is not None and n_bytes > limit:
        raise ValueError(f"{name} would take {n_bytes:,} bytes of memory; this machine has {limit:,}")


def require_no_bomb(n_bytes: int, size: int, name: str, remedy: str) -> None:
    """ValueError where a file of `size` bytes holds so many when unpacked that hardly anything can be in them."""
    require_memory(n_bytes, name)
    if n_bytes > max(MODEST, MOST_TIMES * size):
        raise ValueError(
            f"{name} would unpack to {n_bytes:,} bytes, more than {MOST_TIMES} times its {size:,}: {remedy}"
        )


def physical_memory() -> int | None:
    """The machine's memory in bytes, where the system tells it."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _open(file: str | os.PathLike[str] | IO[bytes], name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except DAMAGES as error:
        raise ValueError(f"{name} is not a whole .npz archive: {error}") from error


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Array:
    require_memory(info.file_size, name)
    try:
        with archive.open(info) as member:
            header = read_header(member, info.file_size, name)
            content = np.empty(info.file_size - header.start, dtype=np.uint8)
            for first in range(0, content.size, _CHUNK):
                part = member.read(min(_CHUNK, content.size - first))
                content[first : first + len(part)] = np.frombuffer(part, dtype=np.uint8)
            if member.read(1):
                raise ValueError("it is longer than it says")
    except (*DAMAGES, OSError) as error:  # OSError: a place before the file's beginning
        text = str(error)
        raise ValueError(text if text.startswith(name) else f"{name} is damaged: {text}") from error
    array: Array = content.view(header.dtype).reshape(header.shape, order="F" if header.fortran else "C")
    return array
