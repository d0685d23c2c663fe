"""What is known of a cluster's workers, and whether they compute as this process does."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._config import config


@dataclass(frozen=True)
class Worker:
    """A worker of the cluster, and what it holds.

    Attributes
    ----------
    address : str
    threads : int
        Tasks that it runs side by side, each with one kernel thread.
    instruction_set : str
        Its kernels'.
    memory_limit : int
        Bytes that dask lets it use; 0 where there is no limit.
    chunks, n_bytes : int
        Chunks of X that are its share, and the bytes of those that stay in its memory.
    """

    address: str
    threads: int
    instruction_set: str
    memory_limit: int
    chunks: int = 0
    n_bytes: int = 0


def reporter() -> Callable[[], dict[str, str]]:
    """A function that tells what is installed where it runs; it is sent by value, so that it runs anywhere."""

    def report() -> dict[str, str]:
        found = {}
        try:
            import numpy

            found["numpy"] = numpy.__version__
            from gdfast._config import config

            facts = config()
            found["gdfast"], found["instruction set"] = facts["gdfast"], facts["instruction set"]
        except Exception as error:
            found["error"] = f"{type(error).__name__}: {error}"
        return found

    return report


def fault_of(name: str, report: Any) -> str | None:
    """One sentence on what keeps a worker (or the scheduler) from computing as this process does; None if nothing."""
    version = config()["gdfast"]
    if isinstance(report, BaseException):
        return f"{name} does not answer: {type(report).__name__}: {report}"
    here = f"this process has gdfast {version}"
    if "gdfast" not in report:
        return f"{name} must have gdfast installed ({here}); importing it there gives {report.get('error')}"
    if report["gdfast"] != version:
        return f"{name} must have the same version of gdfast: it has {report['gdfast']}, {here}"
    if report["numpy"].split(".")[0] != np.__version__.split(".")[0]:
        return (
            f"{name} must have the same major version of numpy: it has numpy {report['numpy']}, "
            f"this process has {np.__version__}"
        )
    return None


def warn_of_instruction_sets(workers: Mapping[str, Worker]) -> None:
    """A warning where workers differ: then a result's last bits depend on who computed what."""
    sets: dict[str, list[str]] = {}
    for worker in workers.values():
        sets.setdefault(worker.instruction_set, []).append(worker.address)
    if len(sets) > 1:
        which = "; ".join(f"{name}: {', '.join(addresses)}" for name, addresses in sorted(sets.items()))
        warnings.warn(
            f"workers have different instruction sets ({which}): the same bits only with the same instruction set; "
            "GDFAST_ISA=baseline in the workers' environment makes them alike",
            UserWarning,
            stacklevel=2,
        )
