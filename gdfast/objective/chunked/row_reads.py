"""Some rows of a source, gathered in memory: what lies side by side is read in one piece."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import Array
from ..linear.problem import LinearProblem
from .problem import ChunkedProblem


def problem_on(problem: ChunkedProblem, some: Array) -> LinearProblem:
    """The loss and the regularizer on rows by their numbers, which rise; an unbiased estimate, whose visits count."""
    return problem.on_gathered(read_rows(problem.rows.source, some), some)


def read_rows(source: Any, some: Array) -> Any:
    """Rows of X by their numbers, which rise: a C-ordered array, or CSR."""
    ends = np.append(np.flatnonzero(np.diff(some) != 1) + 1, some.size)
    begins = np.append(0, ends[:-1])
    runs = [(int(some[begin]), int(some[end - 1]) + 1) for begin, end in zip(begins, ends, strict=True)]
    if len(runs) == 1:
        return source.read(*runs[0])
    if source.is_sparse:
        import scipy.sparse

        return scipy.sparse.vstack([source.read(*run) for run in runs], format="csr")
    source.expect(runs)
    X = np.empty((some.size, source.n_features), dtype=source.dtype)
    for (start, stop), begin, end in zip(runs, begins, ends, strict=True):
        source.read(start, stop, X[begin:end])
    return X
