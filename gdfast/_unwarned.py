"""Code that warns in vain, run without its warnings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def unwarned(category: type[Warning] = Warning) -> Iterator[None]:
    """For the length of a block, no warnings of that category.

    Unlike `warnings.catch_warnings`, of which two in two threads leave each other's filters behind: nothing is put back
    here but the one filter taken away, from wherever it has got to.
    """
    silent = ("ignore", None, category, None, 0)
    before = warnings.filters
    before.insert(0, silent)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        # Elsewhere too, where somebody has entered or left `catch_warnings` meanwhile: that goes on with a copy.
        for filters in {id(each): each for each in (before, warnings.filters)}.values():
            with suppress(ValueError):
                filters.remove(silent)  # type: ignore[attr-defined]
