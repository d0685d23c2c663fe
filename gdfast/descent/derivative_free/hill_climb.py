"""Hill climbing: the search for discrete parameters, which have neighbours instead of a gradient."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..._arrays import check_flag, check_integer, check_rng
from ..._returned import returned_value
from ...describe import described
from ..argument_names import OF_CLIMBS, explains_names
from ..result import Status
from .random_and_local import SearchResult

# Moves of the random walk that leads from x0 to the start of a restart, at most.
_WALK = 100


@explains_names(OF_CLIMBS)
def hill_climb(
    f: Callable[[Any], Any],
    x0: Any,
    neighbors: Callable[[Any], Iterable[Any]],
    *,
    maximize: bool = False,
    restarts: int = 0,
    rng: int | np.random.Generator | None = None,
    max_evaluations: int = 100_000,
) -> SearchResult:
    """Go to the best neighbour as long as it is better: ``x <- argmin f(neighbors(x))``.

    Parameters
    ----------
    f : callable
        ``f(x)``, one real number. NaN is never better than a number.
    x0 : any object, or callable
        Where to start: a tuple, a string, a list, an array, ... A callable is asked for each start:
        ``x0(generator) -> start``.
    neighbors : callable
        ``neighbors(x)``, the finitely many neighbours of x: any iterable, generators included.
    maximize : bool
        Climb up instead of down.
    restarts : int
        How many more climbs, >= 0; the best of all is returned. Where x0 is no callable, each starts where a
        random walk of 1 to 100 moves from x0 over the neighbours ends.
    rng : int, Generator or None
        For the starts; the same seed gives the same climbs. A climb itself draws nothing.
    max_evaluations : int
        How many points are evaluated at most, in all climbs together, >= 1.

    Returns
    -------
    SearchResult
        `w` is the best x found, `value` is f there, `evaluations` counts the calls of f; `passes` is None. `status` is
        CONVERGED where every climb has reached a local optimum, MAX_STEPS after max_evaluations and INTERRUPTED after a
        Ctrl-C: then the best of the points so far, which may have better neighbours.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong type or range, f does not return one real number, or neighbors nothing that can
        be iterated over. Exceptions of f, x0 and neighbors come through.

    Notes
    -----
    All neighbours are evaluated before each move, and of equal ones the first is taken: the climb is the steepest
    one and the same every time. It goes on while a neighbour is strictly better, so it ends on plateaus. Its end is no
    worse than any of its neighbours: a local optimum, which need not be the global one. Restarts are the remedy.

    Lists, arrays, sets and dicts are copied (as deep as their ``copy`` goes) where they are kept, so a generator may
    yield one and the same list again and again, changed in place. Other objects must be left as they are.

    Examples
    --------
    >>> import gdfast as gd
    >>> def flips(bits):
    ...     return [bits[:i] + (1 - bits[i],) + bits[i + 1 :] for i in range(len(bits))]
    >>> found = gd.hill_climb(sum, (0, 1, 0, 0), flips, maximize=True)
    >>> found.w, found.value, found.evaluations
    ((1, 1, 1, 1), 4.0, 17)
    """
    for argument, name in ((f, "f"), (neighbors, "neighbors")):
        if not callable(argument):
            raise TypeError(f"{name} must be callable; it is {described(argument)}")
    sign = -1.0 if check_flag(maximize, "maximize") else 1.0
    restarts = check_integer(restarts, "restarts", minimum=0)
    generator = check_rng(rng)
    search = _Search(f, sign, check_integer(max_evaluations, "max_evaluations", minimum=1))
    status = Status.CONVERGED
    try:
        for climb in range(restarts + 1):
            start = x0
            if callable(x0):
                start = x0(generator)
            elif climb > 0:
                start = _walk(x0, neighbors, generator, search.limit)
            _climb(search.height, _kept(start), neighbors)
    except _LimitReached:
        status = Status.MAX_STEPS
    except KeyboardInterrupt:
        if search.evaluations == 0:  # nothing is known that could be handed back
            raise
        status = Status.INTERRUPTED
    return SearchResult(search.best_x, sign * search.best, search.evaluations, None, status)


class _LimitReached(Exception):
    """No further point may be evaluated."""


class _Search:
    """Evaluates points, up to a limit, and keeps the first of the best."""

    def __init__(self, f: Callable[[Any], Any], sign: float, limit: int) -> None:
        self._f, self._sign, self.limit = f, sign, limit
        self.evaluations, self.best_x, self.best = 0, None, math.nan

    def height(self, x: Any) -> float:
        if self.evaluations == self.limit:
            raise _LimitReached
        value = self._sign * returned_value(self._f(x), "f")
        if self.evaluations == 0 or _is_lower(value, self.best):
            self.best_x, self.best = _kept(x), value
        self.evaluations += 1
        return value


def _climb(height: Callable[[Any], float], x: Any, neighbors: Callable[[Any], Any]) -> None:
    """From x down to where no neighbour is lower."""
    value = height(x)
    while True:
        lowest, lowest_value, is_lower = x, value, False
        for candidate in _iterate(neighbors(x)):
            candidate_value = height(candidate)
            if _is_lower(candidate_value, lowest_value):
                lowest, lowest_value, is_lower = _kept(candidate), candidate_value, True
        if not is_lower:
            return
        x, value = lowest, lowest_value


def _walk(x: Any, neighbors: Callable[[Any], Any], generator: np.random.Generator, limit: int) -> Any:
    """Where a random walk from x ends; at the latest where there is no neighbour. It sees at most `limit` of them."""
    x = _kept(x)
    for _ in range(generator.integers(1, _WALK + 1)):
        around = [_kept(candidate) for candidate in islice(_iterate(neighbors(x)), limit)]
        if not around:
            break
        x = around[generator.integers(len(around))]
    return x


def _is_lower(value: float, than: float) -> bool:
    return value < than or (math.isnan(than) and not math.isnan(value))


def _iterate(returned: Any) -> Iterator[Any]:
    try:
        return iter(returned)
    except TypeError as error:
        raise TypeError(
            f"neighbors must return an iterable of neighbours; it returned {described(returned)}"
        ) from error


def _kept(x: Any) -> Any:
    """x as it is now, also when its owner changes it later (for the mutable kinds that Python and NumPy have)."""
    return x.copy() if isinstance(x, list | set | dict | bytearray | np.ndarray) else x
