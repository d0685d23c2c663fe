"""The linear objective on chunks of rows that live on the workers of a dask.distributed cluster."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

from ..datasets.chunks import ChunkSource
from ..datasets.chunks.stored import StoredPart
from ..objective.chunked.checked_rows import require_finite_rows
from ..objective.chunked.engine import Engine
from ..objective.chunked.layout import check_memory, recipes_of
from ..objective.chunked.objective import ChunkedObjective
from ..objective.chunked.problem import ChunkedRows
from ..objective.losses.base import Loss
from ..objective.regularizers.regularizers import Regularizer
from ..protocols import Array
from .blocks import ClusterArray, in_blocks_of_rows, is_dask, labels_here
from .cluster import Cluster, client_of
from .engine import DaskEngine
from .suppliers import Blocks, supplier_of
from .workers import Worker


class _Absent:
    """A method of the base class that is not there."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise AttributeError(f"{owner.__name__} has no {self._name}{owner.without_rows}")  # type: ignore[attr-defined]


class DaskObjective(ChunkedObjective):
    """``L(W) = mean_i loss(W [x_i, 1], y_i) + regularizer(W)``, for rows on the workers of a dask.distributed cluster.

    A `ChunkedObjective` whose chunks are made and kept on workers, and computed on there; W goes to them and sums come
    back. What a cluster must have is in docs/how_to/clusters.md.

    Parameters
    ----------
    X : dask array, path, array, store, or objects with read(start, stop)
        A dask array (n_samples, n_features): its blocks are computed once and stay on the workers. Of paths and stores,
        the workers read their own rows: they must see the same files. Rows of an array in this process are sent.
    y : array or dask array (n_samples,), path; None where the chunks carry labels
        It is held in this process, and each worker gets what belongs to its rows.
    loss, regularizer, label, bias, penalize_bias, sample_weight, mean, scale, n_classes, check_finite
        As `ChunkedObjective`.
    client : distributed.Client, optional
        The cluster; None: the client that is running.
    memory_limit : int or str, optional
        Bytes of X that EACH worker may hold, as 10**9 or "1 GB"; None: half of the memory that dask lets it use. What
        is beyond it is read in every pass.

    Raises
    ------
    TypeError, ValueError
        As `ChunkedObjective`; no client, or a closed one; a worker without gdfast, or with another version of it or
        another major version of numpy.
    ConnectionError
        From any method: the scheduler can't be reached, or no worker is left.
    RuntimeError
        From any method: a dozen workers in a row died at the same work.
    ImportError
        dask.distributed is not installed.

    Warns
    -----
    UserWarning
        Workers have different instruction sets, or one that joins can't be used.

    Notes
    -----
    Chunks are those of ``ChunkedObjective(X, y, ..., memory_limit=memory_limit)``, and what they give is added up on
    the workers by the same fixed tree: the same bits at any number of workers, if these have the same instruction set.
    A task runs its kernels in one thread; a worker runs as many tasks at a time as it has threads.

    Where a worker dies, its chunks are made on the others and the evaluation begins anew: a run goes on to the same
    bits. One that joins is used from the next evaluation on. Each evaluation costs some 10 to 30 ms of messages, which
    pays where a pass over X takes longer than that.

    Methods that visit single rows are refused: mini-batches, `DualCoordinateAscent`, `SVRG`, `CoordinateDescent`.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> from distributed import Client
    >>> from gdfast.distributed import DaskObjective
    >>> client = Client(processes=False, dashboard_address=None)
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0, 1, 2])
    >>> objective = DaskObjective(X, y, gd.Hinge(), client=client)
    >>> objective.value(np.zeros(objective.shape))
    2.0
    >>> client.close()
    """

    without_rows: ClassVar[str] = (
        ": single rows, which are far away on workers, would cost more than whole passes; take gd.solve, LBFGS or "
        "another optimizer of whole passes, or gd.ChunkedObjective on one machine"
    )
    rows: Any = _Absent()
    run_batches: Any = _Absent()

    def __init__(
        self,
        X: Any,
        y: Any = None,
        loss: Loss | None = None,
        regularizer: Regularizer | None = None,
        *,
        client: Any = None,
        memory_limit: int | str | None = None,
        label: str | None = None,
        bias: bool = True,
        penalize_bias: bool = False,
        sample_weight: Array | None = None,
        mean: Array | None = None,
        scale: Array | None = None,
        n_classes: int | None = None,
        check_finite: bool = True,
    ) -> None:
        self._client = client_of(client)
        self._room = None if memory_limit is None else check_memory(memory_limit)
        super().__init__(
            X, y, loss, regularizer, memory_limit="1 GB" if memory_limit is None else memory_limit, label=label,
            bias=bias, penalize_bias=penalize_bias, sample_weight=sample_weight, mean=mean, scale=scale,
            n_classes=n_classes, check_finite=check_finite,
        )  # fmt: skip

    def workers(self) -> tuple[Worker, ...]:
        """The workers that compute: address, threads, instruction set, chunks and the bytes that they hold of X."""
        return self._dask_engine.workers()

    def _own_options(self) -> dict[str, Any]:
        return {"memory_limit": self._room}

    def _source(self, X: Any, y: Any, label: str | None) -> ChunkSource:
        self._blocks = in_blocks_of_rows(X) if is_dask(X) else None
        y = labels_here(self._client, y)
        if self._blocks is None:
            return super()._source(X, y, label)
        source = super()._source(self._blocks, y, label)
        blocks = ClusterArray("X", self._blocks, source.is_sparse, self._client)
        return replace(source, parts=(StoredPart.of(blocks),))

    def _engine(
        self, rows: ChunkedRows, loss: Loss, options: dict[str, Any], memory_limit: int, check_finite: bool
    ) -> Engine:
        recipes = recipes_of(rows.source, rows.boundaries, rows.y, rows.sample_weight, loss, options)
        cluster = Cluster(self._client)
        if self._blocks is None:
            supplier: Any = supplier_of(rows.source, rows.boundaries)
        else:
            supplier = Blocks(self._client, self._blocks, rows.boundaries)
        bytes_per_row = math.ceil(rows.source.bytes_per_row)
        sizes = [recipe.n_rows * bytes_per_row for recipe in recipes]
        self._dask_engine = DaskEngine(cluster, recipes, supplier, sizes, self._room)
        if check_finite and rows.source.dtype.kind == "f":
            require_finite_rows(rows.source, self._dask_engine, loss)
        return self._dask_engine
