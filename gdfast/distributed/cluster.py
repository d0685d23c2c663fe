"""A dask.distributed client as this package uses it: which one, which workers run, and what its troubles mean."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..describe import described
from .workers import Worker, fault_of, reporter, warn_of_instruction_sets

CONTACT = 0.25  # seconds between two contacts with the cluster while a result is waited for
PATIENCE = 60.0  # seconds without a single worker before a run gives up; a Nanny restarts one in 2 to 3


class WorkersChangedError(Exception):
    """A worker that has a part in this call is gone: the call begins anew."""


def client_of(client: Any) -> Any:
    """The client itself, or the one that is running.

    Raises
    ------
    ImportError
        dask.distributed is not installed.
    TypeError, ValueError
        It is no Client of dask.distributed's, is closed or asynchronous; or none is running.
    """
    try:
        import distributed
    except ImportError:
        raise ImportError(
            "DaskObjective runs on dask.distributed, which is not installed: pip install 'gdfast[dask]'"
        ) from None
    if client is None:
        try:
            client = distributed.get_client()
        except ValueError:
            raise ValueError(
                "client must be a dask.distributed Client where none is running: distributed.Client() starts workers "
                "on this machine, distributed.Client('ADDRESS:8786') connects to a scheduler"
            ) from None
    if not isinstance(client, distributed.Client):
        raise TypeError(f"client must be a dask.distributed Client; it is {described(client)}")
    if client.asynchronous:
        raise ValueError("client must be made with asynchronous=False: what it computes is waited for")
    if client.status != "running":
        raise ValueError(f"client must be connected to a scheduler; its status is {client.status!r}")
    return client


class Cluster:
    """The workers of a client's scheduler that compute as this process does."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.address = str(client.scheduler.address)
        self.workers: dict[str, Worker] = {}
        self.refused: dict[str, str] = {}
        self._seen = 0.0
        fault = fault_of(f"the scheduler at {self.address}", self._ask(client.run_on_scheduler, reporter()))
        if fault is not None:
            raise ValueError(fault)
        self.refresh(patience=CONTACT * 20)
        if self.refused:
            raise ValueError(next(iter(self.refused.values())))

    def refresh(self, at_once: bool = True, patience: float = PATIENCE) -> bool:
        """Which workers run now; newcomers are asked what they are. Whether anything changed."""
        self.require_connected()
        if not at_once and time.monotonic() - self._seen < CONTACT * 4:
            return False
        deadline = time.monotonic() + patience
        while not (running := self._running()) and time.monotonic() < deadline:
            time.sleep(CONTACT / 2)
        if not running:
            raise ConnectionError(f"no worker runs at the scheduler {self.address}: start some, with the same gdfast")
        self.refused = {address: fault for address, fault in self.refused.items() if address in running}
        before = set(self.workers)
        self.workers = {address: one for address, one in self.workers.items() if address in running}
        new = [address for address in running if address not in self.workers and address not in self.refused]
        reports = self._ask(self.client.run, reporter(), workers=new, on_error="return") if new else {}
        for address, report in reports.items():
            fault = fault_of(f"the worker {address}", report)
            if fault is not None:
                self.refused[address] = fault
                if self._seen:
                    warnings.warn(f"{fault}; it is not used", UserWarning, stacklevel=2)
                continue
            facts = running[address]
            self.workers[address] = Worker(
                address, int(facts["nthreads"]), report["instruction set"], int(facts.get("memory_limit") or 0)
            )
        if not self.workers and self.refused:
            raise ValueError(next(iter(self.refused.values())))
        self._seen = time.monotonic()
        if set(self.workers) - before:
            warn_of_instruction_sets(self.workers)
        return set(self.workers) != before

    def result(self, future: Any, needed: Collection[str]) -> Any:
        """What a task gives.

        Raises
        ------
        WorkersChangedError
            One of the workers that are needed for it is gone, or something was lost with one.
        ConnectionError
            The scheduler is.
        """
        from distributed.client import FutureCancelledError

        from distributed import KilledWorker

        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        while not done.wait(CONTACT):
            self.require_connected()
            running = self._running()
            if not all(address in running for address in needed):
                raise WorkersChangedError
        try:
            return future.result()
        except (FutureCancelledError, KilledWorker):
            self.require_connected()
            raise WorkersChangedError from None

    def require_connected(self) -> None:
        """ConnectionError, which names the scheduler, where it does not answer any more."""
        if self.client.status != "running":
            raise ConnectionError(
                f"the scheduler at {self.address} can't be reached any more; a run that wrote checkpoints goes on "
                "from the last one on another cluster: gd.resume(path, objective)"
            )

    def _running(self) -> Mapping[str, Any]:
        info = self._ask(self.client.scheduler_info)
        return {address: facts for address, facts in info["workers"].items() if facts["status"] == "running"}

    def _ask(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except (OSError, AttributeError):  # a client that closes loses its parts one by one
            self.require_connected()
            raise
