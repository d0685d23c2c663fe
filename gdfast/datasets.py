"""Real images, ready for a linear classifier: rows of uint8 pixels, integer labels, a part held out.

Pixels stay uint8, as they are on disk: the kernels read them as they are, and mean and scale are
folded into the weights, so no float copy of the images is ever made. ``Dataset.pixel_max`` is the
largest value that a pixel can have; ``scale=np.full(d, pixel_max)`` lets a model see [0, 1].
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ._arrays import check_integer

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]

RECORDS = 10_000
PIXELS = 3 * 32 * 32
RECORD_BYTES = 1 + PIXELS
BATCH_BYTES = RECORDS * RECORD_BYTES
TRAINING_BATCHES = tuple(f"data_batch_{k}.bin" for k in range(1, 6))
TEST_BATCH = "test_batch.bin"
NAMES_FILE = "batches.meta.txt"
PUBLISHED_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images: a training part and a held-out part.

    Attributes
    ----------
    X, y : uint8 (n, d) and int64 (n,)
        The training images, one per row, and their labels in [0, len(class_names)).
    X_test, y_test : uint8 (m, d) and int64 (m,)
        The held-out images, none of which is in X.
    class_names : tuple of str
    image_shape : tuple of int
        ``X[i].reshape(image_shape)`` is the picture: (rows, columns) or (colours, rows, columns).
    pixel_max : int
        Pixels lie in [0, pixel_max].
    description : str
        Where the images come from, and which of them are held out.
    """

    X: Pixels
    y: Labels
    X_test: Pixels
    y_test: Labels
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...]
    pixel_max: int
    description: str


def load_digits() -> Dataset:
    """scikit-learn's bundled 8x8 digits: 1,797 images of 64 pixels in 0..16, every fifth held out.

    Within each class every fifth image, in scikit-learn's order, belongs to the held-out part. So the
    split is stratified, and the same on every machine and with every version of NumPy.

    Returns
    -------
    Dataset
        X uint8 (1442, 64), X_test uint8 (355, 64); image_shape (8, 8), pixel_max 16.

    Raises
    ------
    ImportError
        scikit-learn, which brings the images, is not installed.

    Notes
    -----
    Nothing is downloaded.

    Examples
    --------
    >>> from gdfast.datasets import load_digits
    >>> digits = load_digits()
    >>> digits.X.shape, digits.X.dtype, digits.X_test.shape
    ((1442, 64), dtype('uint8'), (355, 64))
    """
    try:
        from sklearn.datasets import load_digits as load_bundled
    except ImportError as error:
        raise ImportError(
            "load_digits() takes its images from scikit-learn, which is not installed: pip install 'gdfast[sklearn]'"
        ) from error
    bundled = load_bundled()
    X = np.ascontiguousarray(bundled.data, dtype=np.uint8)
    y = np.ascontiguousarray(bundled.target, dtype=np.int64)
    held_out = np.zeros(len(y), dtype=bool)
    for label in range(10):
        held_out[np.flatnonzero(y == label)[4::5]] = True
    return Dataset(
        X=X[~held_out],
        y=y[~held_out],
        X_test=X[held_out],
        y_test=y[held_out],
        class_names=tuple(str(digit) for digit in range(10)),
        image_shape=(8, 8),
        pixel_max=16,
        description="scikit-learn's 8x8 digits; every fifth image of each class is held out",
    )


def load_cifar10(path: str | os.PathLike[str], held_out: int | None = 1000) -> Dataset:
    """CIFAR-10 from a folder of its binary version: data_batch_1.bin ... data_batch_5.bin.

    Parameters
    ----------
    path : str or path
        The folder (``cifar-10-batches-bin`` when the published archive is unpacked).
    held_out : int or None
        How many images, the last ones of data_batch_5.bin, are taken out of the training part and
        held out; 0 <= held_out < 50,000. ``None``: train on all 50,000 and hold out the 10,000 of
        test_batch.bin, which has to be there. Which of the two is asked for never depends on which
        files happen to be in the folder; the description says whether test_batch.bin is there.

    Returns
    -------
    Dataset
        X uint8 (50000 - held_out, 3072), X_test uint8 (held_out, 3072): views of one array whose rows
        are 64-byte aligned. image_shape (3, 32, 32): red, green and blue planes; pixel_max 255. The
        names come from batches.meta.txt, or are the published ones where that file is not there.

    Raises
    ------
    TypeError
        path is not a str or a path; held_out is not an integer or None.
    FileNotFoundError
        The folder or one of the files is missing; the message names it and the size it should have.
    ValueError
        A file has another size than 30,730,000 bytes, a label byte is above 9, batches.meta.txt does
        not hold ten names, or held_out is out of range.

    Notes
    -----
    Every file is looked at before the first is read. Memory: the images once, and one batch (31 MB).

    References
    ----------
    A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

    Examples
    --------
    >>> from gdfast.datasets import load_cifar10
    >>> cifar = load_cifar10("cifar-10-batches-bin")  # doctest: +SKIP
    >>> cifar.X.shape, cifar.X_test.shape  # doctest: +SKIP
    ((49000, 3072), (1000, 3072))
    """
    n = len(TRAINING_BATCHES) * RECORDS
    if held_out is not None:
        held_out = check_integer(held_out, "held_out", minimum=0)
        if held_out >= n:
            raise ValueError(f"held_out must be < {n:,}, the number of training images; it is {held_out:,}")
    folder = _check_folder(path)
    files = [folder / name for name in TRAINING_BATCHES]
    if held_out is None:
        files.append(folder / TEST_BATCH)
    for file in files:
        _check_batch(file)
    class_names = _class_names(folder / NAMES_FILE)
    X = _aligned(len(files) * RECORDS)
    y = np.empty(len(files) * RECORDS, dtype=np.int64)
    for k, file in enumerate(files):
        rows = slice(k * RECORDS, (k + 1) * RECORDS)
        _read_batch(file, X[rows], y[rows])
    first = n if held_out is None else n - held_out
    return Dataset(
        X=X[:first],
        y=y[:first],
        X_test=X[first:],
        y_test=y[first:],
        class_names=class_names,
        image_shape=(3, 32, 32),
        pixel_max=255,
        description=_describe(folder, held_out),
    )


def _check_folder(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a str or a path; it is {type(path).__name__} {path!r}")
    folder = Path(path)
    if not folder.exists():
        raise FileNotFoundError(f"path must be the folder of CIFAR-10's .bin files; {folder} does not exist")
    if not folder.is_dir():
        raise NotADirectoryError(f"path must be the folder of CIFAR-10's .bin files; {folder} is a file")
    return folder


def _check_batch(file: Path) -> None:
    if not file.is_file():
        remedy = (
            "; without it, held_out=1000 holds out the last 1,000 training images" if file.name == TEST_BATCH else ""
        )
        raise FileNotFoundError(f"{file} is missing: expected a file of {BATCH_BYTES:,} bytes, found none{remedy}")
    _check_size(file, file.stat().st_size)


def _check_size(file: Path, size: int) -> None:
    if size != BATCH_BYTES:
        kind = "truncated" if size < BATCH_BYTES else "too long"
        expected = f"{BATCH_BYTES:,} bytes ({RECORDS:,} records of {RECORD_BYTES:,})"
        raise ValueError(f"{file} is {kind}: expected {expected}, found {size:,} bytes")


def _read_batch(file: Path, X: Pixels, y: Labels) -> None:
    """One file into its rows of X and y, the label bytes stripped."""
    data = np.fromfile(file, dtype=np.uint8)
    _check_size(file, data.size)
    records = data.reshape(RECORDS, RECORD_BYTES)
    labels = records[:, 0]
    if labels.max() > 9:
        i = int(np.argmax(labels > 9))
        raise ValueError(f"{file} must hold labels in [0, 10); the label byte of record {i:,} is {labels[i]}")
    X[:] = records[:, 1:]
    y[:] = labels


def _class_names(file: Path) -> tuple[str, ...]:
    if not file.is_file():
        return PUBLISHED_NAMES
    names = tuple(file.read_text(encoding="utf-8", errors="replace").split())
    if len(names) != len(PUBLISHED_NAMES):
        raise ValueError(f"{file} must hold {len(PUBLISHED_NAMES)} class names; it holds {len(names)}")
    return names


def _aligned(n: int) -> Pixels:
    """An uninitialised uint8 (n, 3072); every row begins on a 64-byte cache line."""
    memory = np.empty(n * PIXELS + 64, dtype=np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + n * PIXELS].reshape(n, PIXELS)


def _describe(folder: Path, held_out: int | None) -> str:
    if held_out is None:
        return f"CIFAR-10 from {folder}; the 10,000 images of {TEST_BATCH} are held out"
    there = "is there, and not used" if (folder / TEST_BATCH).is_file() else "is not there"
    return f"CIFAR-10 from {folder}; {TEST_BATCH} {there}: the last {held_out:,} training images are held out"
