"""Damaged files: a byte with flipped bits, a missing end. In place, since to make a file anew takes longest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path


def flipped(path: Path, flips: Iterable[tuple[int, int]]) -> Iterator[int]:
    """For each (place, mask): the file with the bits of that byte flipped, and its place; whole again at the end."""
    whole = path.read_bytes()
    with path.open("r+b", buffering=0) as file:
        for place, mask in flips:
            file.seek(place)
            file.write(bytes([whole[place] ^ mask]))
            yield place
            file.seek(place)
            file.write(whole[place : place + 1])


def cut(path: Path, sizes: Iterable[int]) -> Iterator[int]:
    """The file with its first so many bytes alone, the largest size first."""
    with path.open("r+b", buffering=0) as file:
        for size in sorted(sizes, reverse=True):
            file.truncate(size)
            yield size
