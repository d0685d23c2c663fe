"""Chunks on the workers of a cluster: each is made there from its recipe, and what is asked of it runs there.

Every task has its worker: the chunk's. So nothing of X moves unless workers come or go, and a worker that was not asked
what it has installed computes nothing. Where one is gone, its chunks are made on the others and the call begins anew.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from ..objective.chunked.chunk import ChunkRecipe, View
from ..objective.chunked.engine import Function, Outcome
from ..objective.chunked.ordered_sum import FAN_IN, groups
from . import tasks
from .cluster import Cluster, WorkersChangedError
from .placement import place, runs_of
from .suppliers import Supplier
from .workers import Worker

Found = TypeVar("Found")

EMBEDDED_BYTES = 1 << 22  # of arguments that travel with each task of a call; more travels as one task's result
TASK_SECONDS = 0.2  # of chunks that share a task: Ctrl-C waits for it
LOSSES = 12  # of workers in a row, before a call gives up


class DaskEngine:
    """Runs functions on chunks that the workers of a cluster hold. See `Engine`.

    Parameters
    ----------
    cluster : Cluster
    recipes : sequence of ChunkRecipe
    supplier : Supplier
    sizes : sequence of int
        Bytes of each chunk.
    room : int or None
        Bytes of X that a worker may hold; None: half of its memory. Chunks beyond it are read in every pass.
    """

    def __init__(
        self,
        cluster: Cluster,
        recipes: Sequence[ChunkRecipe],
        supplier: Supplier,
        sizes: Sequence[int],
        room: int | None,
    ) -> None:
        self.cluster, self._supplier = cluster, supplier
        self._recipes = [replace(recipe, source=None, options={}) for recipe in recipes]
        self._options = dict(recipes[0].options)
        self._rows = [recipe.n_rows for recipe in recipes]
        self._sizes, self._room = list(sizes), room
        self._stays = [True] * len(recipes)
        self._is_supplying = True
        self._places: list[str | None] = supplier.places(cluster.client)
        self._held: list[Any] = [None] * len(recipes)
        self._pace: dict[Function, float] = {}
        self._settle()

    @property
    def n_chunks(self) -> int:
        """How many."""
        return len(self._recipes)

    def workers(self) -> tuple[Worker, ...]:
        """Each one, with the chunks that are its share and the bytes that it holds of them."""
        self._refresh(at_once=True, wait=True)
        found = []
        for address, worker in self.cluster.workers.items():
            own = [i for i, where in enumerate(self._places) if where == address]
            held = sum(self._sizes[i] for i in own if self._stays[i])
            found.append(replace(worker, chunks=len(own), n_bytes=held))
        return tuple(found)

    # ---- what an engine does ----

    def sum(self, view: View, function: Function, *arguments: Any) -> Outcome:
        """See `Engine`."""
        return self.until_done(lambda batch: batch.total(tasks.run, view, function, arguments))

    def each(self, view: View, function: Function, *arguments: Any) -> Generator[Outcome, None, None]:
        """See `Engine`."""
        at_once = max(FAN_IN, 2 * sum(worker.threads for worker in self.cluster.workers.values()))
        for first in range(0, self.n_chunks, at_once):
            chosen = range(first, min(first + at_once, self.n_chunks))
            yield from self.until_done(partial(_each_of, view, function, arguments, chosen))

    def keep(self, view: View, function: Function, *arguments: Any) -> tuple[DaskKept, float]:
        """See `Engine`."""
        kept = DaskKept(self, view, function, arguments)
        return kept, kept.visited

    # ---- how ----

    @property
    def places(self) -> list[str]:
        """The worker of each chunk."""
        return [str(where) for where in self._places]

    @property
    def held(self) -> list[Any]:
        """The chunks, as futures."""
        return self._held

    def own_arguments(self, arguments: tuple[Any, ...], i: int) -> dict[int, Any]:
        """Those that a chunk has its own of, by their place."""
        recipe = self._recipes[i]
        return {
            place: argument.of_chunk(i, recipe.start, recipe.stop)
            for place, argument in enumerate(arguments)
            if hasattr(argument, "of_chunk")
        }

    def until_done(self, work: Callable[[Batch], Found]) -> Found:
        """What the work gives, which begins anew where a worker dies; its tasks are gone when this ends."""
        for _ in range(LOSSES):
            self._refresh(at_once=False)
            batch = Batch(self)
            try:
                found = work(batch)
                self._supply_ends()
                return found
            except WorkersChangedError:
                self._refresh(at_once=True)
            finally:
                batch.release()
        raise RuntimeError(
            f"{LOSSES} times in a row, workers of the scheduler {self.cluster.address} died while they computed: "
            "their logs say why; too little memory for their chunks is the usual reason"
        )

    def runs(self, function: Function) -> list[list[list[int]]]:
        """Neighbours on one worker that a task takes together, for each node of the tree that adds chunks up.

        A message costs what some 60 MB of X do; but a task that runs can't be stopped, and all threads need some.
        """
        share = self.n_chunks / sum(worker.threads for worker in self.cluster.workers.values())
        pace = max(self._pace.get(function, TASK_SECONDS), 1e-9)  # at first each chunk has a task of its own
        most = max(1, min(int(TASK_SECONDS / pace), math.ceil(share)))
        return [runs_of(node, self.places, most) for node in groups(range(self.n_chunks))]

    def note(self, function: Function, seconds: float) -> None:
        """How long a call of it took: by that many chunks of the next one share a task. No bit depends on it."""
        threads = sum(worker.threads for worker in self.cluster.workers.values())
        self._pace[function] = seconds * min(threads, self.n_chunks) / self.n_chunks

    def forget(self, chunk: int) -> None:
        """It is made anew when it is next needed."""
        self._held[chunk] = None

    def _refresh(self, at_once: bool, wait: bool = False) -> None:
        changed = self.cluster.refresh(at_once, wait)
        if at_once:
            self._held = [held if is_alive(held) else None for held in self._held]
        if changed or any(held is None for held in self._held):
            self._settle()

    def _supply_ends(self) -> None:
        if self._is_supplying and all(held is not None and held.status == "finished" for held in self._held):
            self._supplier.release()
            self._is_supplying = False

    def _settle(self) -> None:
        """Every chunk on a worker that runs, evenly."""
        workers, before = self.cluster.workers, self._places
        self._places = list(place(before, self._rows, {address: one.threads for address, one in workers.items()}))
        self._is_supplying = True
        taken = dict.fromkeys(workers, 0)
        options = None
        for i, address in enumerate(self.places):
            taken[address] += self._sizes[i]
            if self._held[i] is not None and address == before[i]:
                continue
            limit = self._room or workers[address].memory_limit // 2 or taken[address]
            self._stays[i] = not self._supplier.can_read or taken[address] <= limit
            if options is None:
                options = self.submitted(tasks.literal, address, self._options)
            rows = self._supplier.rows(self.cluster.client, i, address)
            recipe = replace(self._recipes[i], source=rows.source)
            self._held[i] = self.submitted(
                tasks.hold, address, recipe, i, self._stays[i], options, rows.future, rows.first
            )

    def submitted(self, function: Callable[..., Any], address: str, *arguments: Any) -> Any:
        """A task on a worker, as a future."""
        key = new_key(function)
        return self.cluster.client.submit(function, *arguments, key=key, pure=False, workers=[address])


def _each_of(
    view: View, function: Function, arguments: tuple[Any, ...], chosen: Sequence[int], batch: Batch
) -> list[Outcome]:
    return batch.all(batch.called(tasks.run, view, function, arguments, chosen=chosen))


class Batch:
    """The tasks of one call, which are released together."""

    def __init__(self, engine: DaskEngine) -> None:
        self._engine = engine
        self._futures: list[Any] = []
        self._needed: set[str] = set()

    def called(
        self,
        task: Callable[..., Any],
        view: View,
        function: Function,
        arguments: tuple[Any, ...],
        firsts: Sequence[Any] | None = None,
        chosen: Sequence[int] | None = None,
    ) -> list[Any]:
        """A task for each chunk, or for what is kept of it, on its worker."""
        chosen = range(self._engine.n_chunks) if chosen is None else chosen
        firsts = self._engine.held if firsts is None else firsts
        own = self._own(arguments, chosen)
        places = [self._engine.places[i] for i in chosen]
        return self.mapped(
            task,
            [firsts[i] for i in chosen],
            places,
            [self._call(view, function, arguments, places)] * len(places),
            own,
        )

    def total(
        self,
        task: Callable[..., Any],
        view: View,
        function: Function,
        arguments: tuple[Any, ...],
        firsts: Sequence[Any] | None = None,
    ) -> Outcome:
        """A function of each chunk, or of what is kept of it, added up by the fixed tree."""
        start = time.perf_counter()
        engine = self._engine
        own = self._own(arguments, range(engine.n_chunks))
        firsts = engine.held if firsts is None else firsts
        of_nodes = engine.runs(function)
        runs = [run for of_node in of_nodes for run in of_node]
        where = [engine.places[run[0]] for run in runs]
        n = len(runs)
        parts = iter(
            self.mapped(
                partial(tasks.run_each, task),
                [[firsts[i] for i in run] for run in runs],
                where,
                [self._call(view, function, arguments, where)] * n,
                [[own[i] for i in run] for run in runs],
                [len(of_node) == 1 for of_node in of_nodes for _ in of_node],
            )
        )
        found: Outcome = self._known(self._added([[next(parts) for _ in of_node] for of_node in of_nodes]))
        engine.note(function, time.perf_counter() - start)
        return found

    def _added(self, of_nodes: list[list[Any]]) -> Any:
        """Each node on the worker of its first part; one that a task has added up already is that task."""
        where = self._engine.places[::FAN_IN]
        split = [i for i, parts in enumerate(of_nodes) if len(parts) > 1]
        sums = iter(self.mapped(tasks.add, [of_nodes[i] for i in split], [where[i] for i in split]))
        parts = [parts[0] if len(parts) == 1 else next(sums) for parts in of_nodes]
        while len(parts) > 1:
            where = where[::FAN_IN]
            parts = self.mapped(tasks.add, [list(group) for group in groups(parts)], where)
        return parts[0]

    def _own(self, arguments: tuple[Any, ...], chosen: Sequence[int]) -> list[dict[int, Any]]:
        for argument in arguments:
            if hasattr(argument, "states"):
                argument.states(self)
        return [self._engine.own_arguments(arguments, i) for i in chosen]

    def _call(self, view: View, function: Function, arguments: tuple[Any, ...], places: Sequence[str]) -> Any:
        """What all tasks of a call share: in each of them, or as one task's result."""
        shared = tuple(None if hasattr(argument, "of_chunk") else argument for argument in arguments)
        call = tasks.Call(view, function, shared)
        size = sum(getattr(argument, "nbytes", 0) for argument in shared)
        if size * len(places) <= EMBEDDED_BYTES:
            return call
        self._futures.append(self._engine.submitted(tasks.literal, places[0], call))
        return self._futures[-1]

    def mapped(self, task: Callable[..., Any], firsts: Sequence[Any], places: Sequence[str], *more: Any) -> list[Any]:
        """A task for each first argument, on its worker, in one message to the scheduler."""
        from dask.base import annotate

        self._needed.update(places)
        keys = [new_key(getattr(task, "func", task)) for _ in firsts]
        with annotate(workers=tasks.Pinned(dict(zip(keys, places, strict=True)))):
            found = self._engine.cluster.client.map(task, list(firsts), *more, key=keys, pure=False)
        self._futures += found
        return list(found)

    def all(self, parts: Sequence[Any]) -> list[Outcome]:
        """What each gives."""
        return [self._known(part) for part in parts]

    def keep(self, futures: Sequence[Any]) -> None:
        """They outlive the call."""
        kept = set(map(id, futures))
        self._futures = [future for future in self._futures if id(future) not in kept]

    def release(self) -> None:
        """What is not finished is not computed any more, nor kept."""
        for future in self._futures:
            future.release()
        self._futures = []

    def _known(self, future: Any) -> Any:
        found = self._engine.cluster.result(future, self._needed)
        found = found[0] if isinstance(found, list) else found
        if isinstance(found, tasks.Failed):
            self._engine.forget(found.chunk)
            raise found.error
        return found


class DaskKept:
    """A state for each chunk, on the chunk's worker. See `Kept`."""

    def __init__(self, engine: DaskEngine, view: View, function: Function, arguments: tuple[Any, ...]) -> None:
        self._engine, self._view, self._function, self._arguments = engine, view, function, arguments
        self._places: list[str] = []
        self._states: list[Any] = []
        self.visited = engine.until_done(lambda batch: self._total(batch, tasks.visited, tasks.visited, ())).visited

    def of_chunk(self, i: int, start: int, stop: int) -> Any:
        """See `Kept`: a future, in whose place the task gets the state."""
        return self._states[i]

    def sum(self, function: Function, *arguments: Any) -> tuple[Any, ...]:
        """See `Kept`."""
        return tuple(
            self._engine.until_done(lambda batch: self._total(batch, tasks.run_on_kept, function, arguments)).found
        )

    def each(self, function: Function, *arguments: Any) -> Iterator[Any]:
        """See `Kept`."""
        found = self._engine.until_done(
            lambda batch: batch.all(
                batch.called(tasks.run_on_kept, self._view, function, arguments, self.states(batch))
            )
        )
        return (one.found for one in found)

    def states(self, batch: Batch) -> list[Any]:
        """As futures, where the chunks are now: those that a worker took along are made anew."""
        places = self._engine.places
        if self._places != places or not all(map(is_alive, self._states)):
            self._states = batch.called(tasks.keep, self._view, self._function, self._arguments)
            self._places = places
            batch.keep(self._states)
        return self._states

    def _total(self, batch: Batch, task: Callable[..., Any], function: Function, arguments: tuple[Any, ...]) -> Outcome:
        return batch.total(task, self._view, function, arguments, self.states(batch))


def is_alive(future: Any) -> bool:
    """It has a result, or will have one."""
    return future is not None and future.status in ("pending", "finished")


def new_key(function: Callable[..., Any]) -> str:
    """Never used before: nothing of an earlier call is taken for it."""
    return f"gdfast-{function.__name__}-{uuid.uuid4().hex}"
