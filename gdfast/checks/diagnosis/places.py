"""Where the errors are: a row, a column, the bias, a slice, a block; and what is wrong there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...describe import counted
from .comparison import Comparison, Indices, Mask, fit
from .factors import factor_sentence

DENSE = 0.7  # the share of a block's checked coordinates that must be wrong
NOISE = 0.03
COPY = 1e-6  # of two derivatives that are the same

Parts = Sequence[tuple[str, int, int]]
"""The parameters that a flat point is made of: (name, first coordinate, the one after the last)."""


def where(found: Comparison, n_samples: int | None, parts: Parts, *, explain: bool) -> tuple[str, bool]:
    """The sentence, and whether the errors sit together in a part of the point. explain: with the factor there."""
    wrong = found.wrong
    n, size = int(wrong.sum()), wrong.size
    many = f"Wrong: {n:,} of {counted(size, 'checked coordinate')}"
    if n == size:
        return f"{many}.", False
    if len(parts) > 1:
        place, inside = _in_parts(found, parts)
    else:
        ranges = [_range(i[wrong], i) for i in found.indices()]
        place, inside = _place(found.shape, ranges), np.ones(size, dtype=bool)
        for index, limits in zip(found.indices(), ranges, strict=True):
            if limits is not None:
                inside &= (index >= limits[0]) & (index <= limits[1])
        if n < DENSE * inside.sum():
            return f"{many}.", False
    if inside.all():
        return f"{many}.", False
    sentence = f"{many}, {'' if n == 1 else 'all of them '}{place}."
    named = _explained(found, inside, n_samples) if explain else None
    return sentence if named is None else f"{sentence} There: {named}", True


def _in_parts(found: Comparison, parts: Parts) -> tuple[str, Mask]:
    """The parameters that hold errors, by name, and which coordinates are theirs."""
    named, inside = [], np.zeros(found.wrong.size, dtype=bool)
    for name, first, last in parts:
        own = (found.coordinates >= first) & (found.coordinates < last)
        if found.wrong[own].any():
            named.append(name)
            inside |= own
    return f"in {', '.join(named)}", inside


def _explained(found: Comparison, inside: Mask, n_samples: int | None) -> str | None:
    """What is wrong with that part: nothing there, a factor, or the derivative by another coordinate."""
    if not found.analytic[inside].any():
        return "zero gradient: nothing was written into that part; fill it."
    factor, left = fit(found.analytic[inside], found.numerical[inside])
    guess = int(found.wrong.sum()) > 2
    named = factor_sentence(factor, left, n_samples, everywhere=False, guess=guess) if left <= NOISE else None
    if named is None and inside.sum() == 1:
        same = np.isclose(found.numerical, found.analytic[inside], rtol=COPY, atol=0.0) & ~inside
        if same.sum() == 1:
            other = int(found.coordinates[same][0])
            return (
                f"it is the derivative by coordinate {other}; multiply by what this coordinate itself is multiplied by "
                "in the value."
            )
    return named


def _range(wrong: Indices, checked: Indices) -> tuple[int, int] | None:
    """The first and last wrong index along an axis; None where they reach over all that were checked."""
    first, last = int(wrong.min()), int(wrong.max())
    return None if first <= checked.min() and last >= checked.max() else (first, last)


def _place(shape: tuple[int, ...], ranges: list[tuple[int, int] | None]) -> str:
    words = []
    for axis, limits in enumerate(ranges):
        if limits is None:
            continue
        first, last = limits
        span = str(first) if first == last else f"{first} to {last}"
        if len(shape) == 1:
            words.append(f"at coordinate {span}" if first == last else f"from coordinate {span}")
        elif len(shape) == 2:
            words.append("in " + ("row", "column")[axis] + ("" if first == last else "s") + f" {span}")
        else:
            words.append(f"at {'index' if first == last else 'indices'} {span} along axis {axis}")
    if len(shape) == 2 and ranges == [None, (shape[1] - 1, shape[1] - 1)]:
        words.append("the last one (the bias of a linear objective)")
    return ", ".join(words)
