"""The format of a data file: by its first bytes, with which its name must agree."""

from __future__ import annotations

import re
from pathlib import Path

READ = (
    ".npy, .npz, .csv, .tsv, .jsonl, .svmlight, .parquet, .arrow, .feather, and CIFAR-10 as a folder or a .tar.gz; "
    "folders of pictures are not read: put their pixels into a .npy file"
)
_BY_SUFFIX = {
    "npy": (".npy",),
    "npz": (".npz",),
    "csv": (".csv", ".tsv", ".tab"),
    "jsonl": (".jsonl", ".ndjson"),
    "svmlight": (".svmlight", ".svm", ".libsvm"),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc"),
    "tar.gz": (".tar.gz", ".tgz"),
}
_BY_START = {
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\x1f\x8b": "gzip",
    b"\x89PNG": "PNG picture",
    b"\xff\xd8\xff": "JPEG picture",
    b"\x89HDF": "HDF5 file",
    b"\x80": "Python pickle",
}
_SVMLIGHT_LINE = re.compile(r"\s*[-+.\deE]+(,[-+.\deE]+)*(\s+qid:\d+)?(\s+\d+:[-+.\w]+)+\s*(#.*)?$")
_HEAD = 1 << 16


def format_of(path: Path) -> str:
    """ "npy", "npz", "csv", "jsonl", "svmlight", "parquet", "arrow" or "cifar10".

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is empty, in a format that is not read, or in another format than its name says.
    """
    if path.is_dir():
        names = [p.name for p in path.iterdir()]
        if any(name.startswith("data_batch_") for name in names):
            return "cifar10"
        raise ValueError(f"{path} is a folder, but not one of CIFAR-10's; read are {READ}")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    if not path.is_file():
        raise ValueError(f"{path} must be a file or a folder; it is a device or a pipe")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip():
        raise ValueError(f"{path} is empty")
    named, found = _named(path), _found(head)
    if found == "gzip":
        if named == "tar.gz":
            return "cifar10"
        raise ValueError(f"{path} is compressed by gzip: unpack it first (gunzip); only CIFAR-10's .tar.gz is read so")
    if found == "unknown" or " " in found:
        what = "a " + found if " " in found else "of no kind that is known"
        raise ValueError(f"{path} is {what}; read are {READ}")
    if named is not None and found != named:
        raise ValueError(
            f"{path} is named {_suffix(path)}, but it is {_article(found)} file: rename it or give another"
        )
    return found


def _suffix(path: Path) -> str:
    return next((s for suffixes in _BY_SUFFIX.values() for s in suffixes if path.name.lower().endswith(s)), "")


def _named(path: Path) -> str | None:
    suffix = _suffix(path)
    return next((kind for kind, suffixes in _BY_SUFFIX.items() if suffix in suffixes), None)


def _article(kind: str) -> str:
    return {
        "csv": "a CSV",
        "jsonl": "a JSON lines",
        "svmlight": "an svmlight",
        "arrow": "an Arrow",
        "parquet": "a Parquet",
    }.get(kind, f"a .{kind}")


def _found(head: bytes) -> str:
    for start, kind in _BY_START.items():
        if head.startswith(start):
            return kind
    if b"\0" in head:
        return "unknown"
    lines = head.decode("utf-8", errors="replace").lstrip("\ufeff").splitlines()
    content = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    first = content[0].lstrip() if content else ""
    if first.startswith(("{", "[")):
        return "jsonl"
    return "svmlight" if _SVMLIGHT_LINE.match(first) else "csv"
