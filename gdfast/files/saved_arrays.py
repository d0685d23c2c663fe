"""Arrays and facts in one .npz without pickles, with a version and a digest, written atomically."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

import numpy as np

from .._arrays import check_path
from ..protocols import Array
from .atomic import write_whole
from .npy_reader import names_in_archive, read_archive

_HEADER = "gdfast"
_PIECE = 1 << 24


def save_arrays(path: str | os.PathLike[str], kind: str, version: int, arrays: Mapping[str, Array], facts: Any) -> None:
    """Write named arrays and JSON-like facts, atomically.

    Parameters
    ----------
    path : path
        Where; its folder must exist. No suffix is added.
    kind, version : str, int
        What the file is; `load_arrays` wants the same kind.
    arrays : dict of name -> array
        Of numbers.
    facts : numbers, strings, lists, dicts

    Raises
    ------
    OSError
        The file cannot be written; what was there before is still there.
    """
    plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in plain.items():
        if array.dtype.hasobject:
            raise TypeError(f"{name} must be an array of numbers or text; its dtype is {array.dtype}")
    header = {"kind": kind, "version": version, "facts": facts}
    text = json.dumps(header, sort_keys=True)
    sealed = np.frombuffer(json.dumps({"header": text, "digest": _digest(text, plain)}).encode(), dtype=np.uint8)
    write_whole(path, lambda file: _write_archive(file, {**plain, _HEADER: sealed}))


def _write_archive(file: IO[bytes], arrays: Mapping[str, Array]) -> None:
    """As np.savez; where that fails NumPy 2.0 leaves the archive open, which complains once more when it is freed."""
    with ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def load_arrays(path: str | os.PathLike[str], kind: str, version: int) -> tuple[dict[str, Array], Any]:
    """What `save_arrays` wrote: the arrays and the facts.

    Raises
    ------
    OSError
        There is no such file, or it must not be read.
    ValueError
        The file is not one of ours, holds something else, is of a newer version, or damaged; the message says which.
    """
    place = Path(check_path(path))
    with place.open("rb") as file:
        if stat.S_ISCHR(os.fstat(file.fileno()).st_mode):  # as /dev/zero, which never ends
            raise ValueError(f"{place} is not a whole file of gdfast's: it is a device")
        raw = file.read()
    content = io.BytesIO(raw)
    try:
        sizes = names_in_archive(content, "it")
        if sum(sizes.values()) > len(raw):
            raise ValueError("it unpacks to more than it has, which no file of gdfast's does")
        arrays = read_archive(content, "it", sizes)
        sealed = json.loads(bytes(arrays.pop(_HEADER)).decode())
        text, digest = sealed["header"], sealed["digest"]
        header = json.loads(text)
        found, number, facts = header["kind"], header["version"], header["facts"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{place} is not a whole file of gdfast's ({type(error).__name__}: {error})") from error
    if digest != _digest(text, arrays):
        raise ValueError(f"{place} is damaged: its content does not fit its digest")
    if found != kind:
        raise ValueError(f"{place} must hold a {kind}; it holds a {found}")
    if number > version:
        raise ValueError(f"{place} is of version {number}; this gdfast reads versions up to {version}: update gdfast")
    return arrays, facts


def _digest(text: str, arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        for start in range(0, content.size, _PIECE):  # between which a Ctrl-C is heard
            digest.update(content[start : start + _PIECE].data)
    return digest.hexdigest()
