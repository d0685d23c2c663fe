"""Readers of CIFAR-10's published files: a folder of .bin files, a folder of pickles, or a .tar.gz of either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .dataset import Labels, Pixels
from .plain_pickles import read_plain_pickle
from .tar_members import tar_members

RECORDS = 10_000
PIXELS = 3 * 32 * 32
RECORD_BYTES = 1 + PIXELS
BATCH_BYTES = RECORDS * RECORD_BYTES
LARGEST_PICKLE = 64_000_000
LARGEST_NAMES = 10_000
TRAINING_BATCHES = tuple(f"data_batch_{k}" for k in range(1, 6))
TEST_BATCH = "test_batch"
NAMES_FILES = ("batches.meta.txt", "batches.meta")
PUBLISHED_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read_files(place: Path, stems: list[str]) -> Iterator[tuple[Path, bytes]]:
    """The batches of these names and the class names, in any order: each file and what it holds."""
    if not place.is_dir():
        return _from_archive(place, stems)
    pickled = not (place / f"{stems[0]}.bin").is_file() and (place / stems[0]).is_file()
    return _from_pickles(place, stems) if pickled else _from_binary(place, stems)


def stem_of(file: Path) -> str:
    """data_batch_1 of data_batch_1.bin and of data_batch_1."""
    return file.name.removesuffix(".bin")


def test_batch_is_there(place: Path) -> str:
    """A clause that says whether a folder holds the test batch."""
    if not place.is_dir():
        return "its test batch is not used"
    for name in (f"{TEST_BATCH}.bin", TEST_BATCH):
        if (place / name).is_file():
            return f"{name} is there, and not used"
    return f"{TEST_BATCH}.bin is not there"


def fill_from(file: Path, content: bytes, X: Pixels, y: Labels) -> None:
    """One batch into its rows of X and y."""
    if file.suffix == ".bin":
        _check_size(file, len(content))
        records = np.frombuffer(content, dtype=np.uint8).reshape(RECORDS, RECORD_BYTES)
        labels, pixels, kind = records[:, 0].astype(np.int64), records[:, 1:], "label byte"
    else:
        labels, pixels = _batch_in_pickle(file, content)
        kind = "label"
    if labels.min() < 0 or labels.max() > 9:
        i = int(np.argmax((labels < 0) | (labels > 9)))
        raise ValueError(f"{file} must hold labels in [0, 10); the {kind} of record {i:,} is {labels[i]}")
    X[:] = pixels
    y[:] = labels


def class_names_in(file: Path, content: bytes) -> tuple[str, ...]:
    """The ten names of batches.meta.txt or of the pickle batches.meta."""
    if file.suffix == ".txt":
        names = tuple(content.decode("utf-8", errors="replace").split())
    else:
        listed = _dict_in_pickle(file, content).get("label_names")
        if not isinstance(listed, list) or not all(isinstance(name, str | bytes) for name in listed):
            raise ValueError(f"{file} must hold a list of names under 'label_names'")
        names = tuple(name.decode("utf-8", errors="replace") if isinstance(name, bytes) else name for name in listed)
    if len(names) != len(PUBLISHED_NAMES):
        raise ValueError(f"{file} must hold {len(PUBLISHED_NAMES)} class names; it holds {len(names)}")
    return names


def _from_binary(folder: Path, stems: list[str]) -> Iterator[tuple[Path, bytes]]:
    files = [folder / f"{stem}.bin" for stem in stems]
    for file in files:
        _check_batch(file)
    return _read_each(folder / NAMES_FILES[0], files)


def _from_pickles(folder: Path, stems: list[str]) -> Iterator[tuple[Path, bytes]]:
    files = [folder / stem for stem in stems]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"{file} is missing: expected a pickle of some 31 MB, found none{_remedy(file)}")
        if file.stat().st_size > LARGEST_PICKLE:
            raise ValueError(f"{file} is too long for a batch of CIFAR-10: {file.stat().st_size:,} bytes")
    return _read_each(folder / NAMES_FILES[1], files)


def _read_each(names: Path, files: list[Path]) -> Iterator[tuple[Path, bytes]]:
    if names.is_file():
        with names.open("rb") as file:
            yield names, file.read(LARGEST_NAMES)
    for batch in files:
        yield batch, batch.read_bytes()


def _from_archive(archive: Path, stems: list[str]) -> Iterator[tuple[Path, bytes]]:
    limits = dict.fromkeys(NAMES_FILES, LARGEST_NAMES)
    limits |= {f"{stem}.bin": BATCH_BYTES for stem in stems} | dict.fromkeys(stems, LARGEST_PICKLE)
    for name, content in tar_members(archive, limits):
        yield archive / name, content


def _remedy(file: Path) -> str:
    return "; without it, held_out=1000 holds out the last 1,000 training images" if stem_of(file) == TEST_BATCH else ""


def _check_batch(file: Path) -> None:
    if not file.is_file():
        raise FileNotFoundError(
            f"{file} is missing: expected a file of {BATCH_BYTES:,} bytes, found none{_remedy(file)}"
        )
    _check_size(file, file.stat().st_size)


def _check_size(file: Path, size: int) -> None:
    if size != BATCH_BYTES:
        kind = "truncated" if size < BATCH_BYTES else "too long"
        expected = f"{BATCH_BYTES:,} bytes ({RECORDS:,} records of {RECORD_BYTES:,})"
        raise ValueError(f"{file} is {kind}: expected {expected}, found {size:,} bytes")


def _dict_in_pickle(file: Path, content: bytes) -> dict[str, object]:
    found = read_plain_pickle(content, str(file))
    if not isinstance(found, dict):
        raise ValueError(f"{file} must hold a dict; it holds a {type(found).__name__}")
    return found


def _batch_in_pickle(file: Path, content: bytes) -> tuple[Labels, Pixels]:
    batch = _dict_in_pickle(file, content)
    pixels, labels = batch.get("data"), batch.get("labels")
    if not isinstance(pixels, np.ndarray) or pixels.shape != (RECORDS, PIXELS):
        shape = getattr(pixels, "shape", None)
        raise ValueError(
            f"{file} must hold uint8 pixels ({RECORDS:,}, {PIXELS:,}) under 'data'; their shape is {shape}"
        )
    if not isinstance(labels, list) or len(labels) != RECORDS or not all(type(label) is int for label in labels):
        raise ValueError(f"{file} must hold a list of {RECORDS:,} integers under 'labels'")
    bounded = [min(max(label, -1), 10) for label in labels]
    return np.array(bounded, dtype=np.int64), pixels
