"""Rows for benchmarks on data larger than memory: images repeated with noise, each row a function of its number.

So a file of them can be written block by block, and any rows can be made again without the file, in any order.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

N_FEATURES = 3072
NOISE_POOL = 1 << 26  # bytes; a row's noise begins at any of them
LEVELS = 32  # of the noise, a power of two; images are darkened so that no pixel overflows
AT_ONCE = 1024  # rows that are made at a time
HELD_OUT_ROWS = 20_000
IN_MEMORY = ("tmpfs", "ramfs")  # file systems that are no disk


@dataclass(frozen=True, eq=False)
class NoisyImages:
    """Row r is an image and noise, which a hash of (seed, r) chooses. Implements `gdfast.protocols.Chunks`."""

    images: Array
    labels: Array
    n_samples: int
    seed: int

    @property
    def n_features(self) -> int:
        return N_FEATURES

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def read(self, start: int, stop: int) -> tuple[Array, Array]:
        """Rows [start, stop) and their labels."""
        return self.rows(np.arange(start, stop))

    def rows(self, numbers: Array) -> tuple[Array, Array]:
        """Any rows and their labels."""
        X = np.empty((len(numbers), self.n_features), dtype=np.uint8)
        hashes = hashed(numbers, self.seed)
        chosen = (hashes % np.uint64(len(self.labels))).astype(np.int64)
        offsets = (hashes >> np.uint64(32)).astype(np.int64) % len(self._noise)
        for i in range(0, len(numbers), AT_ONCE):
            part = slice(i, i + AT_ONCE)
            np.take(self.images, chosen[part], axis=0, out=X[part], mode="clip")
            X[part] += self._noise[offsets[part]]
        return X, self.labels[chosen]

    @cached_property
    def _noise(self) -> Array:
        bits = np.frombuffer(np.random.default_rng(self.seed).bytes(NOISE_POOL), dtype=np.uint8)
        return np.lib.stride_tricks.sliding_window_view(bits & np.uint8(LEVELS - 1), self.n_features)


@dataclass(frozen=True, eq=False)
class Reordered:
    """The same rows in another order, as chunks."""

    made: NoisyImages
    order: Array

    @property
    def n_samples(self) -> int:
        return len(self.order)

    @property
    def n_features(self) -> int:
        return self.made.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.made.dtype

    def read(self, start: int, stop: int) -> Array:
        """Some of them."""
        return self.made.rows(self.order[start:stop])[0]


def hashed(numbers: Array, seed: int) -> Array:
    """uint64 of each: the finalizer of splitmix64."""
    x = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed * 0xD1342543DE82EF95 % 2**64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def training_and_held_out(data: str | None, n_samples: int, quick: bool) -> tuple[NoisyImages, NoisyImages]:
    """CIFAR-10 (made-up images without a folder): the last images are held out, and never among the others."""
    if data is not None:
        from gdfast.datasets import load_cifar10

        cifar = load_cifar10(data, held_out=10_000)
        parts = [(cifar.X, cifar.y), (cifar.X_test, cifar.y_test)]
    else:
        parts = made_up_images(1_200 if quick else 12_000)
    sizes = (n_samples, 1000 if quick else HELD_OUT_ROWS)
    training, held_out = (
        NoisyImages(darkened(X), np.asarray(y, dtype=np.uint8), n, seed)
        for seed, ((X, y), n) in enumerate(zip(parts, sizes, strict=True))
    )
    return training, held_out


def darkened(X: Array) -> Array:
    """Pixels in [0, 256 - LEVELS]."""
    dark: Array = X - X // np.uint8(256 // LEVELS)
    return dark


def made_up_images(n: int) -> list[tuple[Array, Array]]:
    """Ten classes of smooth images in three colours; a sixth of them is held out."""
    from bench_time_to_solution import made_up

    X, y, X_held_out, y_held_out = made_up(n, N_FEATURES // 3)
    return [
        (np.tile(np.clip(128 + 24 * X, 0, 255).astype(np.uint8), (1, 3)), labels)
        for X, labels in ((X, y), (X_held_out, y_held_out))
    ]


# Files.


def write(made: NoisyImages, folder: Path, name: str) -> None:
    """The rows as NAME.npy and their labels as NAME_y.npy, both on the disk when it returns."""
    labels = np.empty(made.n_samples, dtype=np.uint8)
    with open(folder / f"{name}.npy", "wb") as file:
        shape = (made.n_samples, made.n_features)
        header = {"descr": np.lib.format.dtype_to_descr(made.dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, made.n_samples, AT_ONCE):
            X, labels[start : start + AT_ONCE] = made.read(start, min(start + AT_ONCE, made.n_samples))
            file.write(memoryview(X).cast("B"))
        file.flush()
        os.fsync(file.fileno())
    np.save(folder / f"{name}_y.npy", labels)


@contextmanager
def folder_of_its_own(where: str, n_bytes: int) -> Iterator[Path]:
    """A new folder on a disk with that much room, removed at the end: on errors, on Ctrl-C and on SIGTERM too."""
    place = Path(where).resolve()
    if not place.is_dir():
        raise SystemExit(f"--folder must be a folder that is there; it is {where}")
    if (kind := file_system_of(place)) in IN_MEMORY:
        raise SystemExit(f"{place} is memory ({kind}), not a disk: give --folder")
    free = shutil.disk_usage(place).free
    if n_bytes > 0.95 * free:
        raise SystemExit(
            f"{place} has {free / 1e9:.1f} GB free and {n_bytes / 1e9:.1f} GB are needed, with a little left over: "
            "give a smaller --size, or another --folder"
        )
    folder = Path(tempfile.mkdtemp(prefix="gdfast-out-of-core-", dir=place))
    earlier = signal.signal(signal.SIGTERM, leave)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        signal.signal(signal.SIGTERM, earlier)


def leave(number: int, frame: FrameType | None) -> None:
    """End as on Ctrl-C."""
    raise SystemExit(128 + number)


def file_system_of(place: Path) -> str | None:
    """Its kind, as ext4 or tmpfs; None where the system does not tell."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return None
    holders = [(len(at), kind) for at, kind in mounts if place.is_relative_to(at)]
    return max(holders)[1] if holders else None


def forget(path: Path) -> None:
    """Drop a file's pages from the system's cache, so that reading it is cold."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
