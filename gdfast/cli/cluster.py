"""`--scheduler`: the cluster that a command computes on, one that runs or one of this machine for the command alone."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

import click

from .._config import get_num_threads
from .failures import explain_mistakes

LOCAL = "local"
TIMEOUT = 5.0  # seconds in which a scheduler must answer

scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS|local",
    help="Compute on the workers of a dask cluster, which must see DATA; local: of one started on this machine.",
)  # fmt: skip


@contextmanager
def cluster_of(scheduler: str | None) -> Iterator[Any]:
    """The client of the scheduler at that address, None without one; a cluster that was started here ends with it."""
    if scheduler is None:
        yield None
        return
    with explain_mistakes():
        client, started = _connected(scheduler)
    try:
        yield client
    finally:
        client.close()
        if started is not None:
            started.close()


def _connected(scheduler: str) -> tuple[Any, Any]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError("--scheduler needs dask.distributed: pip install 'gdfast[dask]'") from error
    logging.getLogger("distributed").setLevel(logging.ERROR)
    started = _local_cluster() if scheduler == LOCAL else None
    try:
        if not scheduler.strip():
            raise ValueError("no address")  # of which dask makes a cluster of this machine
        client = Client(started or scheduler, timeout=TIMEOUT)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(
            f"--scheduler {scheduler}: no scheduler answers there ({type(error).__name__}); it must run (`dask "
            "scheduler` starts one, as at tcp://host:8786), or give --scheduler local"
        ) from error
    return client, started


def _local_cluster() -> Any:
    """A worker of one thread for each thread of gdfast's; a Ctrl-C that the terminal sends to all is this process's."""
    import dask

    from distributed import LocalCluster

    resource_tracker.ensure_running()  # its start lets SIGINT through again in the thread that starts it

    def start() -> Any:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the processes that are started inherit it
        with dask.config.set({"logging.distributed": "error"}):
            return LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=get_num_threads(), threads_per_worker=1, dashboard_address=None
            )

    with ThreadPoolExecutor(1) as starter:
        starting = starter.submit(start)
        try:
            return starting.result()
        except KeyboardInterrupt:
            starting.result().close()
            raise
