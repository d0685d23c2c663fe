"""Clusters of worker processes on loopback, which end with the block whatever happens."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

PATIENCE = 60


class Running(NamedTuple):
    """A cluster and its client."""

    cluster: Any
    client: Any


@contextmanager
def quiet_cluster(n_workers: int, threads: int = 1, **options: Any) -> Iterator[Running]:
    """Workers, each a process with a Nanny that starts it anew when it dies; no dashboard. The scheduler is here."""
    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=n_workers, threads_per_worker=threads, processes=True, dashboard_address=":0",
        silence_logs=logging.CRITICAL, host="127.0.0.1", **options,
    )  # fmt: skip
    try:
        client = Client(cluster, set_as_default=False)
        try:
            yield Running(cluster, client)
        finally:
            client.close()
    finally:
        cluster.close()


class Processes(NamedTuple):
    """A scheduler and workers that are processes of their own."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def processes(folder: Path, n_workers: int) -> Iterator[Processes]:
    """A scheduler and workers, each started by dask's own command."""
    file = folder / "scheduler.json"
    with ExitStack() as stack:
        scheduler = stack.enter_context(command("scheduler", "--scheduler-file", str(file), "--port", "0"))
        address = address_in(file)
        workers = [stack.enter_context(worker_of(address)) for _ in range(n_workers)]
        yield Processes(address, scheduler, workers)


def worker_of(address: str, **variables: str) -> Any:
    """One worker, without a Nanny, in an environment with these variables."""
    return command("worker", address, "--nthreads", "1", "--no-nanny", **variables)


@contextmanager
def command(kind: str, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of dask's on loopback, which is killed in the end."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "dask", kind, *arguments, "--host", "127.0.0.1", "--dashboard-address", ":0"],
        env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def address_in(file: Path) -> str:
    """Where a scheduler listens, once it does."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            return str(json.loads(file.read_text(encoding="utf-8"))["address"])
        except (FileNotFoundError, ValueError):
            time.sleep(0.05)
    raise TimeoutError(f"no scheduler in {PATIENCE} s")
