"""The progress bar of runs and searches; tqdm is imported only when one is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def progress_bar(total: int, unit: str, show: bool) -> Iterator[Any]:
    """A tqdm bar while the block runs, or None."""
    if not show:
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit=unit) as bar:
        yield bar
