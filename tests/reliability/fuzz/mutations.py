"""Mutations of bytes: the plain, deterministic mutator that stands in where atheris is not installed."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Sequence

LENGTHS = (0, 1, 2, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, -1, -2, 10**12)
"""What a length, an offset or a count may claim to be."""
NUMBERS = (
    b"0", b"-1", b"1e999", b"nan", b"-inf", b"1_0", b"0x10", b"007", b"1e-400", b"9" * 25, b"9" * 5000, b"2147483648",
    b"4294967296", b"9223372036854775808", b"-9223372036854775809", b"1.5", b"", b" 1", b"true", b"null", b"\xd9\xa1",
)  # fmt: skip
PIECES = (
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r",
    b"\n",
    b"\r\n",
    b'"',
    b"'",
    b" ",
    b"\x1a",
    b"\xed\xa0\x80",
)
LARGEST = 1 << 16
"""Bytes that an input may grow to."""
_DIGITS = re.compile(rb"\d+")


def mutated(seeds: Sequence[bytes], tokens: Sequence[bytes], random_numbers: random.Random) -> bytes:
    """One of the seeds after one to six mutations."""
    content = bytearray(random_numbers.choice(seeds))
    for _ in range(random_numbers.choice((1, 1, 1, 2, 3, 6))):
        _mutate(content, seeds, (*tokens, *PIECES), random_numbers)
    return bytes(content[:LARGEST])


def _mutate(content: bytearray, seeds: Sequence[bytes], tokens: Sequence[bytes], rng: random.Random) -> None:
    if not content:
        content += rng.choice(seeds)
    kind, size = rng.randrange(11), len(content)
    at = rng.randrange(size)
    end = min(size, at + 1 + int(rng.expovariate(1 / 12)))
    if kind == 0:
        content[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        content[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    elif kind == 2:
        del content[at:end]
    elif kind == 3:
        content[at:at] = content[at:end] * rng.choice((1, 2, 40))
    elif kind == 4:
        del content[at:]
    elif kind == 5:
        content[at:at] = rng.choice(tokens)
    elif kind == 6:
        content[at:end] = rng.choice(tokens)
    elif kind == 7:
        _set_length(content, at, rng)
    elif kind == 8:
        _set_number(content, rng)
    elif kind == 9:
        other = rng.choice(seeds)
        content[at:] = other[rng.randrange(len(other)) :]
    else:
        piece = content[at:end]
        del content[at:end]
        place = rng.randrange(len(content) + 1)
        content[place:place] = piece


def _set_length(content: bytearray, at: int, rng: random.Random) -> None:
    """A binary integer of 1, 2, 4 or 8 bytes becomes one that lies."""
    code, width = rng.choice((("B", 1), ("<H", 2), ("<I", 4), ("<Q", 8), (">I", 4)))
    value = rng.choice(LENGTHS) % (1 << 8 * width)
    content[at : at + width] = struct.pack(code, value)


def _set_number(content: bytearray, rng: random.Random) -> None:
    """A number in digits becomes another."""
    found = list(_DIGITS.finditer(content))
    if found:
        place = rng.choice(found)
        content[place.start() : place.end()] = rng.choice(NUMBERS)
