"""Made-up CIFAR-10 in its real formats: six batches of zeros with a few records filled in."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

STEMS = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
NAMES = [f"class{k}" for k in range(10)]


def batch(k):
    """The labels and pixels of batch k: labels k, k + 1, ... modulo 10, and a few pixels that are not 0."""
    labels = (np.arange(10_000) + k) % 10
    pixels = np.zeros((10_000, 3072), dtype=np.uint8)
    pixels[::1000] = np.random.default_rng(k).integers(0, 256, (10, 3072), dtype=np.uint8)
    return labels, pixels


def binary(labels, pixels):
    """A file of the binary version."""
    return np.hstack([labels[:, None].astype(np.uint8), pixels]).tobytes()


def python2_pickle(labels, pixels):
    """A batch as the published files have it: byte strings of Python 2, protocol 2, numpy of its time."""

    def string(value):
        return b"U" + bytes([len(value)]) + value

    dtype = (
        b"cnumpy\ndtype\nq\x08"
        + string(b"u1")
        + b"K\x00K\x01\x87Rq\x0a(K\x03"
        + string(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    )
    content = pixels.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85" + string(b"b") + b"\x87R"
        b"(K\x01M\x10'M\x00\x0c\x86" + dtype + b"\x89T" + struct.pack("<i", len(content)) + content + b"tb"
    )  # fmt: skip
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels.tolist()) + b"e"
    pairs = string(b"batch_label") + string(b"training batch") + string(b"labels") + numbers + string(b"data") + array
    return b"\x80\x02}q\x01(" + pairs + b"u."


def meta_pickle(names=NAMES):
    """batches.meta"""
    return pickle.dumps({"num_cases_per_batch": 10_000, "label_names": names, "num_vis": 3072}, protocol=2)


def tar_gz(path: Path, files, extra=()):
    """A .tar.gz of these files, and of these members without content."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for member in extra:
            archive.addfile(member)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture(scope="session")
def binary_files():
    """The binary version's files by name."""
    files = {f"cifar-10-batches-bin/{stem}.bin": binary(*batch(k)) for k, stem in enumerate(STEMS)}
    return {"cifar-10-batches-bin/batches.meta.txt": "\n".join(NAMES).encode(), **files}


@pytest.fixture(scope="session")
def python_files():
    """The python version's files by name."""
    files = {f"cifar-10-batches-py/{stem}": python2_pickle(*batch(k)) for k, stem in enumerate(STEMS)}
    return {**files, "cifar-10-batches-py/batches.meta": meta_pickle()}


@pytest.fixture(scope="session")
def binary_archive(binary_files, tmp_path_factory):
    """cifar-10-binary.tar.gz"""
    return tar_gz(tmp_path_factory.mktemp("binary") / "cifar-10-binary.tar.gz", binary_files)


@pytest.fixture(scope="session")
def python_archive(python_files, tmp_path_factory):
    """cifar-10-python.tar.gz"""
    return tar_gz(tmp_path_factory.mktemp("python") / "cifar-10-python.tar.gz", python_files)
