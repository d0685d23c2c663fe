"""Configuration: threads, instruction set, versions of this build.

The thread count is ONE number that lives in the compiled core, so that `set_num_threads`, threadpoolctl
and the kernels can never disagree. Results do not depend on it: not in a single bit.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import threadpoolctl

from . import _kernels
from ._arrays import check_integer

THREADS_VARIABLE = "GDFAST_NUM_THREADS"


def get_num_threads() -> int:
    """How many threads the compiled core uses.

    Returns
    -------
    int
        At first `GDFAST_NUM_THREADS` where that is set, else the number of CPUs this process may use.

    Examples
    --------
    >>> import gdfast as gd
    >>> gd.get_num_threads() >= 1
    True
    """
    return _kernels.get_num_threads()


def set_num_threads(n: int) -> None:
    """Use n threads from now on, in the whole process.

    Parameters
    ----------
    n : int
        At least 1; it may exceed the number of CPUs. Results are the same bits for any n.

    Raises
    ------
    TypeError, ValueError
        n is not an integer, or is below 1.

    Notes
    -----
    `threadpoolctl.threadpool_limits` limits gdfast as well, for the length of a block.

    Examples
    --------
    >>> import gdfast as gd
    >>> before = gd.get_num_threads()
    >>> gd.set_num_threads(2)
    >>> gd.get_num_threads()
    2
    >>> gd.set_num_threads(before)
    """
    # A C int holds the count; no machine has threads beyond that.
    _kernels.set_num_threads(min(check_integer(n, "n", minimum=1), 2**31 - 1))


@contextmanager
def own_threads(n: int | None) -> Iterator[None]:
    """For the length of a block, and in the calling Python thread alone, n threads; None: as the process has it.

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast._config import own_threads
    >>> before = gd.get_num_threads()
    >>> with own_threads(5):
    ...     print(gd.get_num_threads())
    5
    >>> gd.get_num_threads() == before
    True
    """
    before = _kernels.use_threads(0 if n is None else min(n, 2**31 - 1))
    try:
        yield
    finally:
        _kernels.use_threads(before)


def config() -> dict[str, Any]:
    """What `show_config` prints, as a dictionary.

    Examples
    --------
    >>> from gdfast._config import config
    >>> config()["instruction set"] in config()["instruction sets available"]
    True
    """
    from importlib.metadata import version

    return {
        "gdfast": version("gdfast"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": np.__version__,
        "built with": _kernels.compiler(),
        "machine": f"{platform.system()} {platform.machine()}",
        "instruction set": _kernels.instruction_set(),
        "instruction sets available": _kernels.available_instruction_sets(),
        "threads": get_num_threads(),
        "CPUs this process may use": usable_cpus(),
    }


def show_config() -> None:
    """Print versions, compiler, instruction set and threads.

    Notes
    -----
    The environment variables `GDFAST_ISA` (one of the available instruction sets) and
    `GDFAST_NUM_THREADS` are read once, at import.

    Examples
    --------
    >>> import gdfast as gd
    >>> gd.show_config()  # doctest: +ELLIPSIS
    gdfast: ...
    """
    for name, value in config().items():
        print(f"{name}: {', '.join(value) if isinstance(value, list) else value}")


def usable_cpus() -> int:
    """The CPUs this process may use: fewer than the machine has where its affinity says so.

    Examples
    --------
    >>> from gdfast._config import usable_cpus
    >>> usable_cpus() >= 1
    True
    """
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _threads_at_start() -> int:
    text = os.environ.get(THREADS_VARIABLE, "")
    if not text:
        return usable_cpus()
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise ImportError(f"{THREADS_VARIABLE} must be an integer >= 1; it is {text!r}")
    return int(text)


class _Controller(threadpoolctl.LibController):  # type: ignore[misc]  # threadpoolctl is untyped
    """How threadpoolctl reaches the thread count: through two symbols of the compiled core."""

    user_api = "gdfast"
    internal_api = "gdfast"
    filename_prefixes = ("_kernels",)
    check_symbols = ("gdfast_get_num_threads", "gdfast_set_num_threads")

    def get_num_threads(self) -> int:
        return int(self.dynlib.gdfast_get_num_threads())

    def set_num_threads(self, num_threads: int) -> None:
        self.dynlib.gdfast_set_num_threads(num_threads)

    def get_version(self) -> str:
        from importlib.metadata import version

        return version("gdfast")


set_num_threads(_threads_at_start())
threadpoolctl.register(_Controller)
