"""Random search and random local search: derivative-free baselines of gradient descent, on values alone."""

from __future__ import annotations

import math
import sys
from array import array
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from ..._arrays import check_flag, check_integer, check_positive, check_rng
from ...describe import counted, described
from ...objective.capabilities import start_for, values_at
from ...objective.guarded import guarded
from ...protocols import Objective
from ..argument_names import OF_SEARCHES, explains_names
from ..record import progress_bar
from ..result import History, Status
from ..settings import check_objective
from .random_points import Candidates

# Candidates evaluated at once: enough for the many-W kernel of a linear objective, never more than these bytes.
_BLOCK = 64
_BLOCK_BYTES = 2**25


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The best point of a search.

    Attributes
    ----------
    w : array (of `hill_climb`: whatever its x is)
    value : float
        The objective there.
    evaluations : int
        How many points were evaluated.
    passes : float or None
        Passes over the data; None when the objective does not count them.
    status : Status
        MAX_STEPS where all points were evaluated that were allowed, CONVERGED where a hill climb has no better
        neighbour, INTERRUPTED after a Ctrl-C: w is then the best so far (value NaN where none is known).
    history : History or None
        The lowest objective so far, and the seconds, after each evaluation (``steps`` counts them from 0); for
        `gdfast.plots.history`, beside the runs of `minimize`. None after a hill climb.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: 1.0 + float(w @ w))
    >>> found = gd.local_search(bowl, [0.0], n=20, rng=0)
    >>> print(found)
    The best of 20 points has the value 1.
    >>> found.history.values.shape
    (20,)
    """

    w: Any
    value: float
    evaluations: int
    passes: float | None
    status: Status = Status.MAX_STEPS
    history: History | None = field(default=None, repr=False)

    def __str__(self) -> str:
        passes = "" if self.passes is None else f" ({self.passes:.6g} passes over the data)"
        found = f"The best of {counted(self.evaluations, 'point')}{passes} has the value {self.value:.10g}."
        return f"Interrupted (Ctrl-C). {found}" if self.status is Status.INTERRUPTED else found


@explains_names(OF_SEARCHES)
def random_search(
    objective: Objective,
    shape: int | tuple[int, ...] | None = None,
    n: int = 1000,
    scale: float = 1e-4,
    rng: int | np.random.Generator | None = None,
    *,
    progress: bool = False,
) -> SearchResult:
    """The best of n random points ``w = scale * normal``.

    Parameters
    ----------
    objective : Objective
        Only its values are used.
    shape : int or tuple of int, optional
        The shape of w; None: ``objective.shape``.
    n : int
        How many points, >= 1.
    scale : float
        Standard deviation of every element, > 0.
    rng : int, Generator or None
        The same seed gives the same points. The i-th is a function of the seed and i alone: more points, or
        other groups of them, leave it as it is.
    progress : bool
        Show a progress bar (tqdm).

    Returns
    -------
    SearchResult
        The first of the best; a NaN is never better than a number. w is float64, unless the objective says
        ``objective.dtype``. After a Ctrl-C the best so far, and `status` is INTERRUPTED.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong type or range; shape is missing and the objective has none.

    Notes
    -----
    n evaluations. A linear objective computes many of them in one pass over X. The result does not depend
    on how the points are grouped.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w))
    >>> found = gd.random_search(bowl, shape=2, n=100, scale=1.0, rng=0)
    >>> found.evaluations, found.value < 0.1
    (100, True)
    """
    check_objective(objective, ("value",))
    shape = _checked_shape(objective, shape)
    n = check_integer(n, "n", minimum=1)
    scale = check_positive(scale, "scale")
    candidates = Candidates(check_rng(rng), shape)
    check_flag(progress, "progress")

    dtype = np.dtype(getattr(objective, "dtype", np.float64))
    block = min(_BLOCK, max(1, _BLOCK_BYTES // (8 * math.prod(shape))))
    passes_before = getattr(objective, "passes", None)
    best_w, best_value, evaluations, status = None, math.nan, 0, Status.MAX_STEPS
    past = _Past()
    with progress_bar(n, "point", progress) as bar:
        try:
            for start in range(0, n, block):
                m = min(block, n - start)
                ws = (scale * candidates.block(start, start + m)).astype(dtype, copy=False)
                if not np.isfinite(ws).all():
                    raise ValueError(f"scale must leave the points finite in {dtype}; it is {scale:g}")
                values = values_at(objective, ws)
                i = int(np.argmin(np.where(np.isnan(values), math.inf, values)))
                if best_w is None or values[i] < best_value or (math.isnan(best_value) and not math.isnan(values[i])):
                    best_w, best_value = ws[i].copy(), float(values[i])
                evaluations += m
                past.add(*values)
                if bar is not None:
                    bar.update(m)
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
    if best_w is None:
        best_w = (scale * candidates.at(0)).astype(dtype, copy=False)
    passes = _passes_since(objective, passes_before)
    return SearchResult(best_w, best_value, evaluations, passes, status, past.history())


@explains_names(OF_SEARCHES)
def local_search(
    objective: Objective,
    w0: Any,
    n: int = 1000,
    step: float = 1e-4,
    rng: int | np.random.Generator | None = None,
    *,
    progress: bool = False,
) -> SearchResult:
    """Try ``w + step * normal`` again and again, and go there only when the objective falls.

    Parameters
    ----------
    objective : Objective
        Only its values are used.
    w0 : float array of any shape
        Where to start; never changed. A float32 search stays float32.
    n : int
        How many points are evaluated, w0 included, >= 1.
    step : float
        Standard deviation of every element of a trial, > 0.
    rng : int, Generator or None
        The same seed gives the same trials: the i-th is a function of the seed and i, and of where the search stands.
    progress : bool
        Show a progress bar (tqdm).

    Returns
    -------
    SearchResult
        Where the search stands at the end, which is the best point seen; also after a Ctrl-C (`status`).

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong type or range (w0 must be finite).

    Notes
    -----
    n evaluations, one pass over the data each.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w))
    >>> gd.local_search(bowl, [3.0, 4.0], n=300, step=0.3, rng=0).value < 0.1
    True
    """
    check_objective(objective, ("value",))
    w = np.array(start_for(objective, w0, "w0"))
    n = check_integer(n, "n", minimum=1)
    step = check_positive(step, "step")
    candidates = Candidates(check_rng(rng), w.shape)
    check_flag(progress, "progress")

    passes_before = getattr(objective, "passes", None)
    value, evaluations, status = math.nan, 0, Status.MAX_STEPS
    past = _Past()
    with progress_bar(n, "point", progress) as bar:
        try:
            for i in range(n):
                trial = w if i == 0 else w + (step * candidates.at(i)).astype(w.dtype, copy=False)
                if not np.isfinite(trial).all():
                    raise ValueError(f"step must leave the points finite in {w.dtype}; it is {step:g}")
                trial_value = guarded(objective, "objective").value(trial)
                if trial_value < value or (math.isnan(value) and not math.isnan(trial_value)):
                    w, value = trial, trial_value
                evaluations += 1
                past.add(value)
                if bar is not None:
                    bar.update()
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
    return SearchResult(w, value, evaluations, _passes_since(objective, passes_before), status, past.history())


class _Past:
    """What a search has seen so far: values, and when."""

    def __init__(self) -> None:
        self._values, self._seconds = array("d"), array("d")
        self._start = perf_counter()

    def add(self, *values: float) -> None:
        self._values.extend(values)
        self._seconds.extend([perf_counter() - self._start] * len(values))

    def history(self) -> History:
        """The lowest value after each evaluation; a NaN is never lower than a number."""
        lowest = np.fmin.accumulate(np.array(self._values))
        none = np.empty(0)
        return History(
            steps=np.arange(lowest.size), values=lowest, gradient_norms=np.full(lowest.size, np.nan), step_sizes=none,
            seconds=np.array(self._seconds), evaluated_steps=np.empty(0, dtype=np.int64), evaluated_values=none,
            metrics={},
        )  # fmt: skip


def _checked_shape(objective: Any, shape: Any) -> tuple[int, ...]:
    if shape is None:
        shape = getattr(objective, "shape", None)
        if shape is None:
            raise TypeError("shape must be given: the objective has no shape of its own")
    sizes = shape if isinstance(shape, tuple | list) else (shape,)
    found = tuple(check_integer(size, "shape", minimum=1) for size in sizes)
    if math.prod(found) * 8 > sys.maxsize:
        raise ValueError(f"shape must be one that memory can hold; it is {described(shape)}")
    return found


def _passes_since(objective: Any, before: float | None) -> float | None:
    return None if before is None else float(objective.passes - before)
