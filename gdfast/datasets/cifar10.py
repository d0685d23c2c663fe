"""CIFAR-10 from disk: 60,000 colour images of 32x32 pixels in ten classes, without a float copy.

Pixels stay uint8: the kernels read them as they are, and mean and scale are folded into the weights.
``Dataset.pixel_max`` is the largest value that a pixel can have; ``scale=np.full(d, pixel_max)`` lets a model use
[0, 1].
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .._arrays import check_integer
from ..describe import PlainErrors, described, one_line
from .cifar10_files import (
    NAMES_FILES,
    PIXELS,
    PUBLISHED_NAMES,
    RECORDS,
    TEST_BATCH,
    TRAINING_BATCHES,
    class_names_in,
    fill_from,
    read_files,
    stem_of,
    test_batch_is_there,
)
from .dataset import Images, Pixels


@PlainErrors()
def load_cifar10(path: str | os.PathLike[str], held_out: int | None = 1000) -> Images:
    """CIFAR-10 from disk: its binary or its python version, as a folder or as the published .tar.gz.

    Parameters
    ----------
    path : str or path
        The folder (``cifar-10-batches-bin`` or ``cifar-10-batches-py`` when a published archive is unpacked),
        or the archive itself, which is read without writing anything to the disk.
    held_out : int or None
        How many images, the last ones of the fifth batch, are taken out of the training part and
        held out; 0 <= held_out < 50,000. ``None``: train on all 50,000 and hold out the 10,000 of
        the test batch, which has to be there. The choice never depends on which
        files happen to be in the folder; the description says whether the test batch is there.

    Returns
    -------
    Images
        X uint8 (50000 - held_out, 3072), X_test uint8 (held_out, 3072): views of one array whose rows
        are 64-byte aligned. image_shape (3, 32, 32): red, green and blue planes; pixel_max 255. The
        names come from batches.meta.txt or batches.meta, or are the published ones where that is not there.

    Raises
    ------
    TypeError
        path is not a str or a path; held_out is not an integer or None.
    FileNotFoundError
        The folder or one of the files is missing; the message names it and the size it should have.
    NotADirectoryError
        path is a file, but no .tar.gz.
    ValueError
        A file is truncated or holds other images, a label is above 9, there are not ten names, held_out is out of
        range; an archive is damaged, holds links or members that point outside, or unpacks to far more than
        CIFAR-10; a pickle contains anything that plain data do not need.

    Notes
    -----
    Every file of a binary folder is checked before the first is read. Memory: the images once, and one batch (31
    MB). Pickles are taken apart, never loaded: no code of theirs runs.

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
    held_out, n = check_held_out(held_out), len(TRAINING_BATCHES) * RECORDS
    place = _check_place(path)
    stems = [*TRAINING_BATCHES, TEST_BATCH] if held_out is None else [*TRAINING_BATCHES]
    files = read_files(place, stems)
    X = _aligned(len(stems) * RECORDS)
    y = np.empty(len(stems) * RECORDS, dtype=np.int64)
    class_names: tuple[str, ...] = PUBLISHED_NAMES
    missing = list(stems)
    for file, content in files:
        if file.name in NAMES_FILES:
            class_names = class_names_in(file, content)
            continue
        stem = stem_of(file)
        if stem not in missing:
            raise ValueError(f"{place} holds {stem} twice")
        missing.remove(stem)
        k = stems.index(stem)
        rows = slice(k * RECORDS, (k + 1) * RECORDS)
        fill_from(file, content, X[rows], y[rows])
    if missing:
        raise FileNotFoundError(f"{place} is not all of CIFAR-10: it holds no {missing[0]}")
    first = n if held_out is None else n - held_out
    return Images(
        X=X[:first],
        y=y[:first],
        X_test=X[first:],
        y_test=y[first:],
        class_names=class_names,
        image_shape=(3, 32, 32),
        pixel_max=255,
        description=one_line(_describe(place, held_out)),
    )


def check_held_out(held_out: int | None) -> int | None:
    """An integer in [0, 50,000), or None."""
    if held_out is None:
        return None
    held_out, n = check_integer(held_out, "held_out", minimum=0), len(TRAINING_BATCHES) * RECORDS
    if held_out >= n:
        raise ValueError(f"held_out must be < {n:,}, the number of training images; it is {held_out:,}")
    return held_out


def _check_place(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a str or a path; it is {described(path)}")
    place = Path(path)
    wanted = "path must be a folder of CIFAR-10's files or its .tar.gz"
    if not place.exists():
        raise FileNotFoundError(f"{wanted}; {place} does not exist")
    if not place.is_dir() and not place.name.endswith((".tar.gz", ".tgz")):
        raise NotADirectoryError(f"{wanted}; {place} is a file")
    return place


def _aligned(n: int) -> Pixels:
    """An uninitialised uint8 (n, 3072); every row begins on a 64-byte cache line."""
    memory = np.empty(n * PIXELS + 64, dtype=np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + n * PIXELS].reshape(n, PIXELS)


def _describe(place: Path, held_out: int | None) -> str:
    if held_out is None:
        return f"CIFAR-10 from {place}; the 10,000 images of its test batch are held out"
    there = test_batch_is_there(place)
    return f"CIFAR-10 from {place}; {there}: the last {held_out:,} training images are held out"
