"""Diagnosis of a wrong gradient: comparison with known wrong gradients, and where its errors are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...objective.capabilities import terms_of
from ...protocols import Array, FloatArray
from .comparison import Comparison, Mask, compare
from .linear_mistakes import known_mistakes
from .patterns import pattern
from .places import Parts, where
from .suspects import Suspect, is_zero, suspects

__all__ = ["name_bugs"]

MATCH = 0.03  # what a suspect may leave of the error, as a share of it
COLUMNS, ELEMENTS = 64, 1 << 22  # of a linear objective's rows that its known mistakes are computed from, at most
EQUALS = 1e-6  # suspects so near to each other can't be told apart: the first is named


def name_bugs(
    objective: Any,
    point: Array,
    coordinates: NDArray[np.int64],
    analytic: FloatArray,
    numerical: FloatArray,
    *,
    wrong: NDArray[np.bool_] | None = None,
    at_kink: NDArray[np.bool_] | None = None,
    parts: Parts = (),
) -> tuple[str, ...]:
    """Sentences about a gradient that is wrong: which known mistake it is, where its errors sit, and what helps.

    Parameters
    ----------
    objective : Objective or None
        None for plain callables. Of a linear objective the mistakes that people make are known; `n_samples` tells N.
    point : float array of any shape
    coordinates : int64 (n,)
        Flat indices into the point.
    analytic, numerical : float64 (n,)
        The gradient to be judged, and the right one up to noise (after kink correction).
    wrong : bool (n,), optional
        Which coordinates are wrong; by default those that differ by more than 1e-5 of themselves, 1e-3 of the
        largest difference and 1e-7 of the largest entry.
    at_kink : bool (n,), optional
        Where the function is known to have a kink at the point itself.
    parts : sequence of (str, int, int)
        The names of several parameters, and where each begins and ends in the point.

    Returns
    -------
    tuple of str
        Empty where nothing is wrong. A name, when a known wrong gradient explains all but 3 % of the error; then
        how many are wrong, and in which row, column, slice or block if they sit together.
    """
    found = compare(point, coordinates, analytic, numerical, wrong, at_kink)
    if not found.wrong.any():
        return ()
    n_samples = getattr(objective, "n_samples", None)
    name = _best(found, _all_suspects(found, objective, point, n_samples))
    place, confined = where(found, n_samples, parts, explain=name is None)
    if name is None and not confined:
        name = pattern(found, plain=terms_of(objective) is None)
    return (place,) if name is None else (name, place)


def _all_suspects(found: Comparison, objective: Any, point: Array, n_samples: int | None) -> Iterator[Suspect]:
    if is_zero(found):
        yield Suspect("zero gradient: the analytic gradient is zero; it may never be added up.", found.analytic)
        return
    if len(found.shape) == 2:
        columns, known, places = _some_columns(found, n_samples or 1)
        for sentence, wrong in known_mistakes(objective, point, columns):
            gradient = found.numerical.copy()
            gradient[known] = wrong[places]
            yield Suspect(sentence, gradient, known)
    yield from suspects(found, n_samples)


def _some_columns(found: Comparison, n_rows: int) -> tuple[Array, Mask, tuple[Array, Array]]:
    """Columns that are enough to judge by, the last one among them; which coordinates lie there, and where."""
    rows, indices = found.indices()
    present = np.unique(indices)
    n = min(present.size, max(8, min(COLUMNS, ELEMENTS // n_rows)))
    columns = present[np.linspace(0, present.size - 1, n).astype(np.int64)]
    known = np.isin(indices, columns)
    return columns, known, (rows[known], np.searchsorted(columns, indices[known]))


def _best(found: Comparison, candidates: Iterator[Suspect]) -> str | None:
    """The sentence of the suspect that is nearest to the analytic gradient, if it is near enough."""
    name, least = None, MATCH
    for suspect in candidates:
        left = found.share_left(suspect.gradient, suspect.known)
        if left < least - EQUALS or (name is None and left <= MATCH):
            name, least = suspect.sentence, left
    return name
