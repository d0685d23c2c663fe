"""Files of strangers: read in a process of its own, where a crash, a hang or a bomb of a reader's is an error here.

The process gets the request as JSON and hands arrays back as .npy files in a private folder, the rest as JSON: what
comes from it is checked like any file, and nothing is unpickled.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..files.npy_reader import physical_memory
from .labels import LabelColumn
from .numpy_files import Arrays, read_npy
from .options import ReadingOptions

SECONDS, BYTES_PER_SECOND = 120.0, 1e6
"""Who takes longer than so many, and one more for each so many bytes of the file, hangs."""
MEMORY, TIMES = 4 << 30, 200
"""Bytes of address space, and as many times the file: who needs more reads a bomb."""
_ERRORS = {kind.__name__: kind for kind in (ValueError, TypeError, FileNotFoundError, NotADirectoryError, ImportError)}
_CHILD = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.readline()); "
    "from gdfast.datasets.reading import READERS; from gdfast.datasets.untrusted import serve; serve(READERS)"
)
_FACTS = "facts.json"


def read_apart(path: Path, what: str, options: ReadingOptions, **arguments: Any) -> Arrays:
    """What the reader `what` of `readers` makes of a file, in a process of its own.

    Raises
    ------
    ValueError
        The reader crashed, hangs, or takes more memory than the file justifies.
    Exception
        Whatever the reader raises, in its words.
    """
    size = _size_of(path)
    seconds = SECONDS + size / BYTES_PER_SECOND
    with tempfile.TemporaryDirectory(prefix="gdfast-") as folder:
        request = {
            "path": str(path), "what": what, "folder": folder, "options": asdict(options), "arguments": arguments,
            "memory": _limit(size), "seconds": seconds,
        }  # fmt: skip
        text = json.dumps(sys.path) + "\n" + json.dumps(request)
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, text=True,
        )  # fmt: skip
        try:
            child.communicate(text, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise ValueError(f"{path} is damaged, or made to: its reader has not ended in {seconds:.0f} s") from None
        finally:  # on Ctrl-C too
            with contextlib.suppress(OSError):
                child.kill()
            child.wait()
        return _handed_back(Path(folder), path, child.returncode)


def _size_of(path: Path) -> int:
    """Bytes of the file, or of all in a folder."""
    place = Path(str(path).partition("::")[0])
    with contextlib.suppress(OSError):
        if place.is_dir():
            return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
        return place.stat().st_size
    return 0


def _limit(size: int) -> int:
    asked = MEMORY + TIMES * size
    return min(asked, physical_memory() or asked)


def _handed_back(folder: Path, path: Path, code: int) -> Arrays:
    try:
        facts = json.loads((folder / _FACTS).read_text("ascii"))
        error = facts.pop("error", None)
    except (OSError, ValueError):
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"exit code {code}"
        raise ValueError(f"{path} is damaged, or made to: its reader crashed ({name})") from None
    if error is not None:
        raise _ERRORS.get(error[0], ValueError)(error[1])
    found = {name: _value(stored, folder) for name, stored in facts.items()}
    return Arrays(**{**found, "notes": tuple(found["notes"])})


# Values <-> JSON, arrays apart.


def _kept(value: Any, name: str, folder: Path) -> Any:
    if isinstance(value, np.ndarray) and value.dtype != object:
        np.save(folder / f"{name}.npy", value, allow_pickle=False)
        return {"array": name}
    if isinstance(value, np.ndarray):
        return {"names": [str(text) for text in value]}
    if isinstance(value, LabelColumn):
        return {"labels": [_kept(value.codes, name, folder), list(value.values)]}
    if hasattr(value, "indptr"):
        parts = [_kept(getattr(value, part), f"{name}.{part}", folder) for part in ("data", "indices", "indptr")]
        return {"csr": [*parts, list(map(int, value.shape))]}
    if isinstance(value, tuple):
        return {"tuple": list(value)}
    if isinstance(value, dict):
        return {"dict": {key: _kept(each, "", folder) for key, each in value.items()}}
    return value


def _value(stored: Any, folder: Path) -> Any:
    if not isinstance(stored, dict):
        return stored
    ((kind, content),) = stored.items()
    if kind == "array":
        return read_npy(folder / f"{Path(content).name}.npy", mmap=False)
    if kind == "names":
        return np.array(content, dtype=object)
    if kind == "labels":
        codes = _value(content[0], folder)
        if codes.dtype != np.int64 or (codes.size and not 0 <= codes.min() <= codes.max() < len(content[1])):
            raise ValueError("labels must be among their values")
        return LabelColumn(codes, tuple(content[1]))
    if kind == "csr":
        import scipy.sparse

        data, indices, indptr = (_value(part, folder) for part in content[:3])
        return scipy.sparse.csr_matrix((data, indices, indptr), shape=tuple(content[3]))
    return tuple(content) if kind == "tuple" else {key: _value(each, folder) for key, each in content.items()}


# In the process.


def serve(readers: Mapping[str, Callable[..., Arrays]]) -> None:
    """Read what standard input asks for; the result, or the error, in the folder that it names."""
    request = json.load(sys.stdin)
    with contextlib.suppress(ImportError):  # Windows has no limits of this kind
        _set_limits(request["memory"], request["seconds"])
    folder = Path(request["folder"])
    facts: dict[str, Any]
    try:
        found = readers[request["what"]](Path(request["path"]), _options(request["options"]), **request["arguments"])
        facts = {name: _kept(getattr(found, name), name, folder) for name in found._fields if name != "reading"}
        facts["reading"] = _kept(dict(found.reading), "reading", folder)
    except MemoryError:
        facts = {"error": ["ValueError", f"{request['path']} takes more than {request['memory']:,} bytes to read"]}
    except Exception as error:
        known = next((kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _ERRORS), "ValueError")
        said = str(error) if request["path"] in str(error) else f"{request['path']}: {error}"
        facts = {"error": [known, said if known == "ValueError" else str(error)]}
    (folder / _FACTS).write_text(json.dumps(facts), "ascii")


def _set_limits(memory: int, seconds: float) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    cores = os.cpu_count() or 1
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) * cores, int(seconds) * cores))  # though nobody waits


def _options(stored: dict[str, Any]) -> ReadingOptions:
    tuples = {name: tuple(stored[name]) for name in ("drop", "columns", "only") if stored[name] is not None}
    return ReadingOptions(**{**stored, **tuples, "trusted": True})
