"""Clusters of worker processes on loopback, which end with the block whatever happens."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Running(NamedTuple):
    """A cluster and its client."""

    cluster: Any
    client: Any


@contextmanager
def quiet_cluster(n_workers: int, threads: int = 1, **options: Any) -> Iterator[Running]:
    """Workers, each a process with a Nanny that starts it anew when it dies; no dashboard."""
    from distributed import Client, LocalCluster

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Port .* is already in use", category=UserWarning)
        cluster = LocalCluster(
            n_workers=n_workers, threads_per_worker=threads, processes=True, dashboard_address=None,
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
