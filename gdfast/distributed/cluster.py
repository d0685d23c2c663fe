"""A dask.distributed client as this package uses it: which one, which workers run, and what its troubles mean."""

from __future__ import annotations

import threading
import time
import uuid
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..describe import described
from .workers import Worker, fault_of, reporter, warn_of_instruction_sets

CONTACT = 0.25  # seconds between two contacts with the cluster while a result is waited for
FIRST_PATIENCE = 10.0  # seconds for workers to be there and to answer, at first
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
        self._asked: dict[str, Any] = {}
        self._seen = 0.0
        fault = fault_of(f"the scheduler at {self.address}", self._ask(client.run_on_scheduler, reporter()))
        if fault is not None:
            raise ValueError(fault)
        self.refresh(wait=True)
        if self.refused:
            raise ValueError(next(iter(self.refused.values())))

    def refresh(self, at_once: bool = True, wait: bool = False) -> bool:
        """Which workers run now, and whether that changed.

        A newcomer is asked what it is, and is used once it has answered; `wait`: until all have. With no worker at all,
        some are waited for.
        """
        self.require_connected()
        now = time.monotonic()
        if not at_once and now - self._seen < CONTACT * 4:
            return False
        before, deadline = set(self.workers), now + (PATIENCE if self._seen else FIRST_PATIENCE)
        while True:
            running = self._running()
            for known in (self.workers, self.refused, self._asked):
                for address in [address for address in known if address not in running]:
                    del known[address]
            self._ask_newcomers(running)
            if (self.workers or self.refused) and not (wait and self._asked) and (self.workers or not self._asked):
                break
            if time.monotonic() > deadline and (self.workers or not self._asked):
                break
            time.sleep(CONTACT / 10)
        if not self.workers:
            if self.refused:
                raise ValueError(next(iter(self.refused.values())))
            raise ConnectionError(f"no worker runs at the scheduler {self.address}: start some, with the same gdfast")
        self._seen = time.monotonic()
        if set(self.workers) - before:
            warn_of_instruction_sets(self.workers)
        return set(self.workers) != before

    def _ask_newcomers(self, running: Mapping[str, Any]) -> None:
        for address in running:
            if not any(address in known for known in (self.workers, self.refused, self._asked)):
                key = f"gdfast-report-{uuid.uuid4().hex}"
                self._asked[address] = self.client.submit(reporter(), key=key, pure=False, workers=[address])
        for address, future in list(self._asked.items()):
            if not future.done():
                continue
            del self._asked[address]
            report = future.result() if future.status == "finished" else future.exception()
            fault = fault_of(f"the worker {address}", report)
            if fault is None:
                facts = running[address]
                self.workers[address] = Worker(
                    address, int(facts["nthreads"]), report["instruction set"], int(facts.get("memory_limit") or 0)
                )
            else:
                self.refused[address] = fault
                if self._seen:
                    warnings.warn(f"{fault}; it is not used", UserWarning, stacklevel=2)

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
        patience = 4 * CONTACT
        while True:
            if done.wait(CONTACT):
                try:
                    return future.result(timeout=patience)
                except TimeoutError:  # it is on its way, or was lost with its worker after it was done
                    patience *= 2
                except (FutureCancelledError, KilledWorker):
                    self.require_connected()
                    raise WorkersChangedError from None
            self.require_connected()
            running = self._running()
            if not all(address in running for address in needed):
                raise WorkersChangedError

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
