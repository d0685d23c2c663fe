"""Where the errors are: a row, a column, the bias, a slice, a block; and what is wrong there."""

from __future__ import annotations

import numpy as np

from ...describe import counted
from .comparison import Comparison, Indices, fit
from .factors import factor_sentence

DENSE = 0.7  # the share of a block's checked coordinates that must be wrong
NOISE = 0.03


def where(found: Comparison, n_samples: int | None, *, explain: bool) -> tuple[str, bool]:
    """The sentence, and whether the errors sit together in a part of the point. explain: with the factor there."""
    wrong = found.wrong
    n, size = int(wrong.sum()), wrong.size
    many = f"Wrong: {n:,} of {counted(size, 'checked coordinate')}"
    if n in (1, size):  # the report's table shows the one
        return f"{many}.", n < size
    ranges = [_range(i[wrong], i) for i in found.indices()]
    inside = np.ones(size, dtype=bool)
    for index, limits in zip(found.indices(), ranges, strict=True):
        if limits is not None:
            inside &= (index >= limits[0]) & (index <= limits[1])
    if inside.all() or n < DENSE * inside.sum():
        return f"{many}.", False
    place = _place(found.shape, ranges)
    sentence = f"{many}, all of them {place}."
    if explain:
        factor, left = fit(found.analytic[inside], found.numerical[inside])
        named = None
        if not found.analytic[inside].any():
            named = "zero gradient: nothing was written into that part; fill it."
        elif left <= NOISE:
            named = factor_sentence(factor, left, n_samples, everywhere=False, guess=n > 2)
        sentence += "" if named is None else f" There: {named}"
    return sentence, True


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
