"""`ChunkSource`: the rows of many parts as one sequence, of which any stretch can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._arrays import check_integer
from ..._derived import derived
from ...describe import counted, described
from ...protocols import Array
from .part import Part
from .window import narrowed

_SAMPLES, _SAMPLED = 4, 64
"""In how many places how many rows are read, to know what a row of a sparse source takes."""


@dataclass(frozen=True, eq=False, repr=False)
class ChunkSource:
    """Rows read piece by piece: a frozen, picklable recipe that holds paths and places, and no open file.

    Made by `chunk_source`.

    Attributes
    ----------
    parts : tuple of Part
        The files, stores and arrays, in order.
    y : (n,), (n, k) or None
        Labels or targets that were given beside X.
    n_samples, n_features, shape : int, and both
    dtype : numpy dtype
        Of X, the same in every part.
    bytes_per_row : float
        In memory.
    is_sparse : bool
        `read` gives scipy.sparse CSR.
    boundaries : int64 (m + 1,)
        The rows at which files, dask's chunks, row groups and the chunks of a store begin (small ones of the latter two
        joined, up to 16 MB), and n_samples: what is read between two of them is read once.
    """

    parts: tuple[Part, ...]
    y: Array | None = None
    _starts: Array = field(init=False, default_factory=lambda: np.zeros(1, dtype=np.int64))

    def __post_init__(self) -> None:
        sizes = [part.n_samples for part in self.parts]
        if not sum(sizes):
            raise ValueError(
                f"X must hold at least one row; it has {counted(len(sizes), 'part')}, all of them empty"
                + (f" ({self.parts[0].name}, ...)" if self.parts else "")
            )
        first = self.parts[0]
        for part in self.parts:
            _require_alike(part, first)
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes, dtype=np.int64)])
        object.__setattr__(self, "_starts", starts)
        filled = [part for part in self.parts if part.n_samples]
        with_labels = [part for part in filled if part.has_labels]
        if self.y is None and with_labels and len(with_labels) < len(filled):
            without = next(part for part in filled if not part.has_labels)
            raise ValueError(f"{without.name} must have labels, as {with_labels[0].name} has; there are none")
        if self.y is not None and len(self.y) != self.n_samples:
            raise ValueError(
                f"y must hold one label for each of the {self.n_samples:,} rows of X; it holds {len(self.y):,}"
            )

    @property
    def n_samples(self) -> int:
        return int(self._starts[-1])

    @property
    def n_features(self) -> int:
        return self.parts[0].n_features

    @property
    def shape(self) -> tuple[int, int]:
        """(n_samples, n_features), as an array's."""
        return self.n_samples, self.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.parts[0].dtype.newbyteorder("=")  # of Zarr's "<f4" the plain float32 that kernels know

    @property
    def is_sparse(self) -> bool:
        return self.parts[0].is_sparse

    @property
    def boundaries(self) -> Array:
        pieces = [start + part.starts for start, part in zip(self._starts, self.parts, strict=False) if part.n_samples]
        return np.concatenate([*pieces, self._starts[-1:]]).astype(np.int64)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({counted(self.n_samples, 'row')} of {counted(self.n_features, 'feature')} "
            f"({self.dtype}{', sparse' if self.is_sparse else ''}) in {counted(len(self.parts), 'part')})"
        )

    @derived
    def bytes_per_row(self) -> float:
        """What a row takes in memory: of sparse ones the mean of a few, which are read for it."""
        if not self.is_sparse:
            return float(self.n_features * self.dtype.itemsize)
        places = range(0, self.n_samples, max(1, self.n_samples // _SAMPLES))
        rows = [self.read(i, min(i + _SAMPLED, self.n_samples)) for i in places]
        n = sum(part.shape[0] for part in rows)
        return float(sum(part.data.nbytes + part.indices.nbytes + part.indptr.nbytes for part in rows) / n)

    @property
    def in_memory(self) -> bool:
        """Without `out`, nothing is copied when rows are read."""
        return all(getattr(part, "in_memory", False) for part in self.parts)

    @property
    def rows_at_once(self) -> int:
        """How many a part reads to give one: a store's chunk, a row group; 1 where rows lie by themselves."""
        return max(1, *(int(getattr(part, "rows_at_once", 1)) for part in self.parts))

    def narrowed(self, start: int, stop: int) -> ChunkSource:
        """Rows [start, stop) as a source of their own, without y: what a worker needs of a source, and no more."""
        start, stop = self._range(start, stop)
        return ChunkSource(tuple(narrowed(part, first, last) for part, first, last in self._pieces(start, stop)))

    def read(self, start: int, stop: int, out: Array | None = None) -> Any:
        """Rows [start, stop).

        Parameters
        ----------
        start, stop : int
            0 <= start <= stop <= n_samples.
        out : C-ordered array (stop - start, n_features) of the source's dtype, optional
            Where dense rows are written: a pass that reuses it allocates nothing.

        Returns
        -------
        dense (stop - start, n_features), C-ordered, or scipy.sparse CSR
            `out` where it is given. Without it, a view of an array that is in memory anyway; else the caller's own.

        Raises
        ------
        ValueError, FileNotFoundError
            What is read was changed since the source was made, or is gone; the message names it.
        """
        start, stop = self._range(start, stop)
        if out is not None:
            self._check_out(out, (stop - start, self.n_features))
        pieces = list(self._pieces(start, stop))
        if len(pieces) == 1:
            part, first, last = pieces[0]
            return part.read(first, last, out)
        if self.is_sparse:
            return self._stacked([part.read(first, last, None) for part, first, last in pieces])
        if out is None:
            out = np.empty((stop - start, self.n_features), dtype=self.dtype)
        done = 0
        for part, first, last in pieces:
            part.read(first, last, out[done : done + last - first])
            done += last - first
        return out

    def expect(self, stretches: Sequence[tuple[int, int]]) -> None:
        """Rows [start, stop) of each will be read next: parts that can begin to read them."""
        of_parts: dict[int, tuple[Part, list[tuple[int, int]]]] = {}
        for stretch in stretches:
            for part, first, last in self._pieces(*self._range(*stretch)):
                of_parts.setdefault(id(part), (part, []))[1].append((first, last))
        for part, some in of_parts.values():
            told = getattr(part, "expect", None)
            if told is not None:
                told(some)

    def labels(self, start: int = 0, stop: int | None = None) -> Array | None:
        """The labels of rows [start, stop), all by default: y, or what the parts carry; None where there are none.

        Raises
        ------
        TypeError
            They are text.
        """
        found = self.labels_as_found(start, stop)
        return None if found is None else require_numbers(found, "y" if self.y is not None else self.where(start))

    def labels_as_found(self, start: int = 0, stop: int | None = None) -> Array | None:
        """The same, which may be text."""
        start, stop = self._range(start, self.n_samples if stop is None else stop)
        if self.y is not None:
            return self.y[start:stop]
        if not self.has_labels:
            return None
        pieces = [part.labels(first, last) for part, first, last in self._pieces(start, stop)]
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int64)

    @property
    def has_labels(self) -> bool:
        """`labels` gives labels."""
        return self.y is not None or any(part.has_labels for part in self.parts if part.n_samples)

    def where(self, row: int) -> str:
        """Which row of which part a row is: ``row 12 of part-3.npy``."""
        row, _ = self._range(row, self.n_samples)
        k = min(int(np.searchsorted(self._starts, row, side="right")) - 1, len(self.parts) - 1)
        return f"row {row - int(self._starts[k]):,} of {self.parts[k].name}"

    def require_unchanged(self) -> None:
        """ValueError or FileNotFoundError where a part was changed since the source was made, or is gone."""
        for part in self.parts:
            part.require_unchanged()

    def _range(self, start: int, stop: int) -> tuple[int, int]:
        start, stop = check_integer(start, "start"), check_integer(stop, "stop")
        if not 0 <= start <= stop <= self.n_samples:
            raise ValueError(
                f"start and stop must be in [0, {self.n_samples}], start the smaller; they are {start} and {stop}"
            )
        return start, stop

    def _check_out(self, out: Any, shape: tuple[int, int]) -> None:
        if self.is_sparse:
            raise ValueError("out must be left out: the rows are sparse")
        if not isinstance(out, np.ndarray):
            raise TypeError(f"out must be a numpy array; it is {described(out)}")
        if out.shape != shape or out.dtype != self.dtype or not out.flags.c_contiguous or not out.flags.writeable:
            raise ValueError(
                f"out must be {shape} of dtype {self.dtype}, C-ordered and writeable; it is {out.shape} of {out.dtype}"
            )

    def _pieces(self, start: int, stop: int) -> Any:
        """The parts that hold rows [start, stop), each with its own rows of them."""
        k = int(np.searchsorted(self._starts, start, side="right")) - 1
        while start < stop:
            beginning, end = int(self._starts[k]), int(self._starts[k + 1])
            if end > start:
                last = min(stop, end)
                yield self.parts[k], start - beginning, last - beginning
                start = last
            k += 1

    def _stacked(self, rows: list[Any]) -> Any:
        import scipy.sparse

        if rows:
            return scipy.sparse.vstack(rows, format="csr")
        return scipy.sparse.csr_matrix((0, self.n_features), dtype=self.dtype)


def require_numbers(y: Array, where: str) -> Array:
    """Labels that are numbers; booleans become 0 and 1."""
    if y.dtype.kind == "b":
        return y.astype(np.int64)
    if y.dtype.kind not in "iuf":
        raise TypeError(
            f"labels must be numbers; those of {where} are {y.dtype}: "
            "numpy.unique(labels, return_inverse=True) numbers them, for y="
        )
    return y


def _require_alike(part: Part, first: Part) -> None:
    if part.is_sparse != first.is_sparse:
        kinds = ("sparse", "dense") if first.is_sparse else ("dense", "sparse")
        raise ValueError(f"{part.name} must hold {kinds[0]} rows, as {first.name} does; they are {kinds[1]}")
    if part.n_features != first.n_features:
        raise ValueError(
            f"{part.name} must hold {counted(first.n_features, 'feature')}, as {first.name} does; "
            f"it holds {part.n_features:,}"
        )
    if part.dtype != first.dtype:
        raise ValueError(f"{part.name} must be {first.dtype}, as {first.name} is; its dtype is {part.dtype}")
