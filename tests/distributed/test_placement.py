"""Chunks are spread evenly over workers, and move only as far as workers come and go."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from gdfast.distributed.placement import place, runs_of


def test_neighbours_are_together_at_first() -> None:
    assert place([None] * 6, [5] * 6, {"a": 1, "b": 1}) == ["a"] * 3 + ["b"] * 3
    assert place([None] * 6, [5] * 6, {"a": 1, "b": 2}) == ["a"] * 2 + ["b"] * 4
    assert place([None], [5], {"a": 1, "b": 1, "c": 1}) == ["b"]


def test_what_a_lost_worker_held_goes_to_the_others_and_nothing_else_moves() -> None:
    before = ["a"] * 4 + ["b"] * 4 + ["c"] * 4
    after = place(before, [5] * 12, {"a": 1, "c": 1})
    assert after[:4] == ["a"] * 4
    assert after[8:] == ["c"] * 4
    assert Counter(after) == {"a": 6, "c": 6}


def test_a_worker_that_joins_gets_its_share() -> None:
    before = ["a"] * 4 + ["b"] * 4
    after = place(before, [5] * 8, {"a": 1, "b": 1, "c": 2})
    assert Counter(after) == {"a": 2, "b": 2, "c": 4}
    assert all(new in (old, "c") for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_no_move_would_make_the_fullest_emptier(seed: int) -> None:
    rng = np.random.default_rng(seed)
    threads = {name: int(rng.integers(1, 4)) for name in "abcd"}
    rows = rng.integers(1, 100, 30).tolist()
    after = place(rng.choice(["a", "b", "x"], 30).tolist(), rows, threads)
    load = {name: sum(n for n, at in zip(rows, after, strict=True) if at == name) / threads[name] for name in threads}
    assert max(load.values()) <= min(load.values()) + 100
    assert place(after, rows, threads) == after


@pytest.mark.parametrize("most", [1, 3, 16])
@pytest.mark.parametrize("seed", range(5))
def test_runs_are_the_chunks_in_order_on_one_worker_each(seed: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.choice(["a", "b"], 30).tolist()
    runs = runs_of(range(4, 20), places, most)
    assert [i for run in runs for i in run] == list(range(4, 20))
    assert all(len({places[i] for i in run}) == 1 for run in runs)
    assert max(map(len, runs)) <= most
    for run, following in itertools.pairwise(runs):
        assert len(run) == most or places[run[-1]] != places[following[0]]
