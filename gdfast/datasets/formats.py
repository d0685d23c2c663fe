"""The format of a data file: by its first bytes, with which its name must agree."""

from __future__ import annotations

import re
from pathlib import Path

from .text_files import byte_blocks, compression_of

READ = (
    ".npy, .npz, .csv, .tsv, .jsonl, .svmlight (these four also .gz, .bz2, .xz, .zst), .parquet, .arrow, .feather, and "
    "CIFAR-10 as a folder or a .tar.gz, folders of .npy, .parquet or .svmlight files, HDF5, Zarr; folders of pictures "
    "are not read: put their pixels into a .npy file"
)
_BY_SUFFIX = {
    "npy": (".npy",),
    "npz": (".npz",),
    "csv": (".csv", ".tsv", ".tab"),
    "jsonl": (".jsonl", ".ndjson"),
    "svmlight": (".svmlight", ".svm", ".libsvm"),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc", ".arrows"),
    "tar.gz": (".tar.gz", ".tgz"),
}
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_TEXT = ("csv", "jsonl", "svmlight")
_BY_START = {
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow",
    b"FEA1": "Feather file of version 1 (pyarrow.feather.read_feather reads it)",
    b"\x89PNG": "PNG picture",
    b"\xff\xd8\xff": "JPEG picture",
    b"\x89HDF": "HDF5 file",
    b"SQLite format 3": "SQLite database",
    b"\xd0\xcf\x11\xe0": "Excel or Word file: save it as CSV",
    b"%PDF": "PDF document",
    b"\x80": "Python pickle",
    b"\xff\xfe": "text in UTF-16 (encoding='utf-16', or --encoding, reads it)",
    b"\xfe\xff": "text in UTF-16 (encoding='utf-16', or --encoding, reads it)",
}
_MARKUP = re.compile(rb"\s*<(!doctype|html|head|body|table|\?xml|!--)", re.IGNORECASE)
_OLD_PICKLE = re.compile(rb"\((lp|dp)\d*\n|c(__builtin__|builtins|copy_reg|numpy|pandas|sklearn)[\w.]*\n")
_SVMLIGHT_LINE = re.compile(r"\s*[-+.\deE]+(,[-+.\deE]+)*(\s+qid:\d+)?(\s+\d+:[-+.\w]+)+\s*(#.*)?$")
_LABEL_ALONE = re.compile(r"\s*[-+.\deE]+(\s+qid:\d+)?\s*(#.*)?$")
_HEAD = 1 << 16


def format_of(path: Path, encoding: str = "utf-8") -> str:
    """ "npy", "npz", "csv", "jsonl", "svmlight", "parquet", "arrow" or "cifar10".

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is empty, in a format that is not read, or in another format than its name says.
    """
    if is_cifar10(path):
        return "cifar10"
    if path.is_dir():
        raise ValueError(f"{path} is a folder, but not one of CIFAR-10's; read are {READ}")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    if not path.is_file():
        raise ValueError(f"{path} must be a file or a folder; it is a device or a pipe")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    named, packed = named_format(path), compression_of(head)
    if packed is not None:
        head = next(byte_blocks(path, _HEAD), b"")
    if not head.strip():
        raise ValueError(f"{path} is empty")
    found = _found(head, encoding)
    if packed is not None and found not in _TEXT:
        raise ValueError(
            f"{path} is compressed by {packed}, and what it holds is no CSV, JSON lines or svmlight: unpack it first"
        )
    if found == "unknown" or " " in found:
        what = "a" + "n" * (found[0] in "AEIOU") + " " + found if " " in found else "of no kind that is known"
        raise ValueError(f"{path} is {what}; read are {READ}")
    if named == "svmlight" and found == "csv":  # the reader names the first field that is odd
        return named
    if named is not None and found != named:
        raise ValueError(
            f"{path} is named {_suffix(path)}, but it is {_article(found)} file: rename it or give another"
        )
    return found


def is_cifar10(path: Path) -> bool:
    """It is CIFAR-10's folder, or a .tar.gz."""
    if path.is_dir():
        return any(file.name.startswith("data_batch_") for file in path.iterdir())
    if named_format(path) != "tar.gz" or not path.is_file():
        return False
    with path.open("rb") as file:
        return compression_of(file.read(6)) == "gzip"


def _suffix(path: Path) -> str:
    name = path.name.lower()
    for ending in _PACKED:
        if not name.endswith(".tar.gz"):
            name = name.removesuffix(ending)
    return next((s for suffixes in _BY_SUFFIX.values() for s in suffixes if name.endswith(s)), "")


def named_format(path: Path) -> str | None:
    """The format that a file's name says, if any."""
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


def _found(head: bytes, encoding: str) -> str:
    text = head.decode(encoding, errors="replace").lstrip("\ufeff")
    wide = "\0" not in text and encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    for start, kind in _BY_START.items():
        if head.startswith(start) and not wide:
            return kind
    if _MARKUP.match(head):
        return "page of HTML or XML, not a table"
    if _OLD_PICKLE.match(head):
        return "Python pickle"
    if "\0" in text or (b"\0" in head and not wide):
        return "unknown"
    lines = text.splitlines()
    content = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    first = content[0].lstrip() if content else ""
    if first.startswith(("{", "[")):
        return "jsonl"
    if _SVMLIGHT_LINE.match(first):
        return "svmlight"
    # A first row without features: the rows after it tell.
    rows = content[:-1] if len(head) == _HEAD else content
    is_label = [bool(_LABEL_ALONE.match(line)) for line in rows]
    sparse = sum(map(bool, map(_SVMLIGHT_LINE.match, rows)))
    return "svmlight" if sparse and sparse + sum(is_label) == len(rows) else "csv"
