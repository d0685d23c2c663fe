"""Text files as UTF-8 in blocks: unpacked where they are compressed, decoded, and never held as a whole."""

from __future__ import annotations

import codecs
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..files.npy_reader import physical_memory

BLOCK = 1 << 21
"""Bytes that are read together; Ctrl-C is answered between two blocks."""

COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
LONGEST_LINE = 1 << 25
"""Bytes of a line, of which a million numbers fill some part."""
MODEST = 1 << 23
MOST_TIMES = 100
"""What is packed may unpack to 8 MB, or to 100 times its size: tables hardly go beyond 20 times, bombs to 1,000."""
_DAMAGES = (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)


def compression_of(head: bytes) -> str | None:
    """What the first bytes of a file say: "gzip", "bzip2", "xz", "Zstandard" or None."""
    return next((kind for start, kind in COMPRESSIONS.items() if head.startswith(start)), None)


def byte_blocks(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    """The bytes of the file, unpacked, in blocks.

    Raises
    ------
    ImportError
        It is compressed by Zstandard, and neither Python nor pyarrow can unpack it here.
    ValueError
        What is compressed is damaged, or unpacks to more than this machine's memory, or to far more than text does.
    """
    with path.open("rb") as file:
        kind = compression_of(file.read(6))
    if kind is None:
        with path.open("rb") as file:
            while block := file.read(size):
                yield block
        return
    limit, total, most = physical_memory(), 0, max(MODEST, MOST_TIMES * path.stat().st_size)
    unpacked = _unpacked(path, kind)
    try:
        while block := _read(unpacked, size, path, kind):
            total += len(block)
            if limit is not None and total > limit:
                raise ValueError(f"{path} unpacks to more than this machine's memory, {limit:,} bytes")
            if total > most:
                raise ValueError(f"{path} unpacks to more than {MOST_TIMES} times its size: unpack it first")
            yield block
    finally:
        unpacked.close()


def _read(file: Any, size: int, path: Path, kind: str) -> bytes:
    try:
        return bytes(file.read(size))
    except _DAMAGES as error:
        raise ValueError(f"{path} is damaged: it is compressed by {kind}, and {error}") from error


def _unpacked(path: Path, kind: str) -> Any:
    if kind == "gzip":
        import gzip

        return gzip.open(path)
    if kind == "bzip2":
        import bz2

        return bz2.open(path)
    if kind == "xz":
        return lzma.open(path)
    try:
        from compression import zstd  # type: ignore[import-not-found]  # Python 3.14

        return zstd.open(path)
    except ImportError:
        pass
    try:
        import pyarrow

        return pyarrow.input_stream(str(path), compression="zstd")
    except ImportError as error:
        raise ImportError(
            f"{path} is compressed by Zstandard, which takes Python 3.14 or pyarrow (pip install 'gdfast[tables]'): "
            "unpack it first (unzstd), or install one"
        ) from error


def text_blocks(path: Path, encoding: str, size: int = BLOCK, longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """The file's text as UTF-8 without a byte order mark, in blocks of whole characters.

    Raises
    ------
    ValueError
        It is no text in this encoding (the message names the byte), or has a line that nobody's numbers fill.
    """
    line, length = 1, 0
    for block in _text_blocks(path, encoding, size):
        yield block
        end = max(block.rfind(b"\n"), block.rfind(b"\r")) + 1
        length = len(block) - end + (0 if end else length)
        line += block.count(b"\n")
        if length > longest:
            raise ValueError(f"{path} must hold lines of at most {longest:,} bytes; line {line:,} is longer")


def _text_blocks(path: Path, encoding: str, size: int) -> Iterator[bytes]:
    utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    decoder = codecs.getincrementaldecoder("utf-8" if utf8 else encoding)("strict")
    position, begun = 0, False
    for block in byte_blocks(path, size):
        if utf8 and not begun:
            position = 3 * block.startswith(codecs.BOM_UTF8)
            block = block[position:]
        begun = True
        pending = len(decoder.getstate()[0])
        if utf8 and not pending and block.isascii():
            position += len(block)
            yield block
            continue
        text = _decoded(decoder, block, path, encoding, position - pending, final=False)
        position += len(block)
        yield text.encode()
    rest = _decoded(decoder, b"", path, encoding, position - len(decoder.getstate()[0]), final=True)
    if rest:
        yield rest.encode()


def _decoded(decoder: Any, block: bytes, path: Path, encoding: str, before: int, *, final: bool) -> str:
    try:
        text: str = decoder.decode(block, final)
        text.encode()  # surrogates, which some encodings let pass
        return text
    except UnicodeDecodeError as error:
        name = codecs.lookup(encoding).name.upper()
        hint = "; encoding=, or --encoding, says what it is, such as cp1252" if name == "UTF-8" else ""
        raise ValueError(f"{path} is not {name} text: {error.reason} at byte {before + error.start:,}{hint}") from error
    except UnicodeError as error:  # UTF-16 without a byte order mark, surrogates
        raise ValueError(f"{path} is not {encoding} text: {error}") from error


class Lines:
    """The lines of a text in blocks of UTF-8, line ends kept, as `csv.reader` wants them."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._text = io.TextIOWrapper(io.BufferedReader(_Stream(blocks), 1 << 16), encoding="utf-8", newline="")

    def __iter__(self) -> Iterator[str]:
        return iter(self._text)


class _Stream(io.RawIOBase):
    """A readable stream of byte blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(self._rest), len(buffer))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
