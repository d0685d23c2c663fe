"""How the rows of a source are cut into chunks, and the recipe of each."""

from __future__ import annotations

import math
import numbers
import re
from typing import Any

import numpy as np

from ..._arrays import check_integer
from ...describe import described
from ...protocols import Array, FloatArray
from ..losses.base import Loss
from .chunk import ChunkRecipe

CHUNK_BYTES = 1 << 26  # large enough that a read and a pass are worth their start, small enough to have some in memory
SPARSE_COPIES = 3  # the rows, what a kernel sorts them into, and what it needs for that
SCORE_BYTES = 16  # of a row and class: two sets of scores in float64, as a ray has
CHUNKS_AT_ONCE = 8  # in memory: the one being read, the one at work, what a kernel makes of it; the rest stays free
_NO_BYTES = (bool, np.timedelta64)
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
          "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}  # fmt: skip


def check_memory(value: Any, name: str = "memory_limit") -> int:
    """Bytes: an int, or a str as "1 GB" or "512 MiB"."""
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([a-zA-Z]*)\s*", value)
        if found and found[2].lower() in _UNITS:
            value = int(float(found[1]) * _UNITS[found[2].lower()])
        else:
            raise ValueError(f'{name} must be bytes, as 10**9, or as "1 GB" or "512 MiB"; it is {described(value)}')
    elif isinstance(value, _NO_BYTES) or not isinstance(value, numbers.Integral):
        raise TypeError(f'{name} must be an int (bytes) or a str as "1 GB"; it is {described(value)}')
    return check_integer(value, name, minimum=1)


def bytes_of_row(source: Any, n_outputs: int = 0) -> int:
    """What a row takes of a chunk's memory: as it is read (sparse ones are sorted by columns, too), or its scores."""
    read: int = math.ceil(source.bytes_per_row) * (SPARSE_COPIES if source.is_sparse else 1)
    return max(1, read, SCORE_BYTES * n_outputs)


def chunk_boundaries(source: Any, memory_limit: int, n_outputs: int = 0) -> Array:
    """Where chunks begin, and the end: int64 (m + 1,). A source's own parts, and large ones cut into equal pieces."""
    most = max(1, min(CHUNK_BYTES, memory_limit // CHUNKS_AT_ONCE) // bytes_of_row(source, n_outputs))
    starts = [0]
    for begin, end in zip(source.boundaries[:-1].tolist(), source.boundaries[1:].tolist(), strict=True):
        n_pieces = -(-(end - begin) // most)
        starts += [begin + (end - begin) * (i + 1) // n_pieces for i in range(n_pieces)]
    return np.array(starts, dtype=np.int64)


def recipes_of(
    source: Any,
    boundaries: Array,
    y: Array,
    sample_weight: FloatArray | None,
    loss: Loss,
    options: dict[str, Any],
) -> list[ChunkRecipe]:
    """One for each chunk. A chunk whose rows all weigh 0 has no share, and no weights (an objective needs one > 0)."""
    recipes = []
    total = float(source.n_samples) if sample_weight is None else float(sample_weight.sum())
    for start, stop in zip(boundaries[:-1].tolist(), boundaries[1:].tolist(), strict=True):
        weights = None if sample_weight is None else sample_weight[start:stop]
        part = float(stop - start) if weights is None else float(weights.sum())
        weights = weights if part > 0 else None
        recipes.append(ChunkRecipe(source, start, stop, y[start:stop], weights, part / total, loss, options))
    return recipes
