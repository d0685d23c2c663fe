"""Which worker holds which chunk: in even shares of rows for each thread, moved only as far as workers come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def place(before: Sequence[str | None], rows: Sequence[int], threads: Mapping[str, int]) -> list[str]:
    """The worker of each chunk.

    Parameters
    ----------
    before : sequence of str or None
        Where the chunks are; None, or a worker that is gone: nowhere.
    rows : sequence of int
        Of each chunk.
    threads : mapping
        Of each worker; at least one.
    """
    if not any(address in threads for address in before):
        return _in_runs(rows, threads)
    load = dict.fromkeys(threads, 0)
    for address, n in zip(before, rows, strict=True):
        if address is not None and address in threads:
            load[address] += n
    placed: list[str] = []
    for address, n in zip(before, rows, strict=True):
        if address is None or address not in threads:
            address = min(threads, key=lambda one: (load[one] + n) / threads[one])
            load[address] += n
        placed.append(address)
    while True:
        fullest = max(threads, key=lambda one: load[one] / threads[one])
        emptiest = min(threads, key=lambda one: load[one] / threads[one])
        last = max(i for i, address in enumerate(placed) if address == fullest)
        if (load[emptiest] + rows[last]) * threads[fullest] >= load[fullest] * threads[emptiest]:
            return placed
        placed[last] = emptiest
        load[fullest] -= rows[last]
        load[emptiest] += rows[last]


def runs_of(chunks: Sequence[int], places: Sequence[str], most: int) -> list[list[int]]:
    """Neighbours on one worker, `most` of them at the most."""
    runs: list[list[int]] = []
    for i in chunks:
        if runs and places[runs[-1][-1]] == places[i] and len(runs[-1]) < most:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


def _in_runs(rows: Sequence[int], threads: Mapping[str, int]) -> list[str]:
    """Neighbours on one worker, where most of what they give is added up."""
    middles = (np.cumsum(rows) - np.asarray(rows) / 2) / max(1, sum(rows))
    addresses = list(threads)
    ends = np.cumsum([threads[address] for address in addresses]) / sum(threads.values())
    return [addresses[min(int(np.searchsorted(ends, middle)), len(addresses) - 1)] for middle in middles]
