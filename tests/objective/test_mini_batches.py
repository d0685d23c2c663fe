"""Mini-batches: each epoch visits every row once, and step k's rows depend on (seed, k) alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdfast import MiniBatches

SEEDS = st.integers(0, 2**64 - 1)


@given(n=st.integers(1, 200), size=st.integers(1, 250), seed=SEEDS, shuffle=st.booleans(), epoch=st.integers(0, 10**6))
def test_every_epoch_visits_every_row_once(n, size, seed, shuffle, epoch):
    batches = MiniBatches(size, seed, shuffle)
    per_epoch = batches.steps_per_epoch(n)
    parts = [batches.rows(n, epoch * per_epoch + i) for i in range(per_epoch)]
    assert all(len(part) == min(size, n) for part in parts[:-1])
    assert 0 < len(parts[-1]) <= size
    visited = np.concatenate(parts)
    assert visited.dtype == np.int64
    assert sorted(visited) == list(range(n))
    assert np.array_equal(visited, batches.permutation(n, epoch))


@given(n=st.integers(1, 60), size=st.integers(1, 20), seed=SEEDS, ks=st.lists(st.integers(0, 500), max_size=20))
def test_rows_by_step_gives_the_rows_of_any_step_in_any_order(n, size, seed, ks):
    batches = MiniBatches(size, seed)
    rows = batches.rows_by_step(n)
    for k in ks:
        assert np.array_equal(rows(k), batches.rows(n, k))


def test_rows_by_step_makes_one_permutation_per_epoch(monkeypatch):
    made = []
    permutation = MiniBatches.permutation

    def counted(self, n_samples, epoch):
        made.append(epoch)
        return permutation(self, n_samples, epoch)

    monkeypatch.setattr(MiniBatches, "permutation", counted)
    rows = MiniBatches(3).rows_by_step(10)
    for k in range(12):
        rows(k)
    assert made == [0, 1, 2]


def test_steps_per_epoch_rounds_up():
    assert [MiniBatches(4).steps_per_epoch(n) for n in (1, 4, 5, 8, 9)] == [1, 1, 2, 2, 3]


def test_epochs_and_seeds_have_orders_of_their_own():
    n = 50
    orders = {tuple(MiniBatches(1, seed).permutation(n, epoch)) for seed in range(10) for epoch in range(10)}
    assert len(orders) == 100
    assert tuple(range(n)) not in orders


def test_without_shuffle_the_order_is_the_data_s():
    batches = MiniBatches(4, seed=7, shuffle=False)
    assert np.array_equal(batches.permutation(9, 5), np.arange(9))


def test_every_row_comes_equally_often_at_every_place():
    """4 rows, 6,000 epochs: each of the 24 orders is expected 250 times (standard deviation 15.5)."""
    batches = MiniBatches(4, seed=3)
    orders, counts = np.unique([batches.permutation(4, epoch) for epoch in range(6000)], axis=0, return_counts=True)
    assert len(orders) == 24
    assert np.abs(counts - 250).max() < 5 * 15.5


def test_the_rows_of_a_step_stay_what_they_were():
    rows = MiniBatches(2, seed=1).rows_by_step(5)
    kept = [rows(k) for k in range(9)]
    assert all(np.array_equal(kept[k], MiniBatches(2, seed=1).rows(5, k)) for k in range(9))


def test_settings_are_frozen_and_compare_by_value():
    assert MiniBatches(8, 1) == MiniBatches(8, 1) != MiniBatches(8, 2)
    with pytest.raises(AttributeError):
        MiniBatches(8).size = 9


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"size": 0}, ValueError, "size must be >= 1; it is 0"),
        ({"size": 2.0}, TypeError, "size must be an integer; it is float 2.0"),
        ({"size": True}, TypeError, "size must be an integer"),
        ({"size": 2, "seed": -1}, ValueError, "seed must be >= 0; it is -1"),
        ({"size": 2, "seed": 2**64}, ValueError, "seed must be < 2"),
        ({"size": 2, "seed": None}, TypeError, "seed must be an integer"),
        ({"size": 2, "shuffle": 1}, TypeError, "shuffle must be True or False; it is int 1"),
    ],
)
def test_bad_settings(arguments, error, message):
    with pytest.raises(error, match=message):
        MiniBatches(**arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda batches: batches.rows(10, -1), "k must be >= 0; it is -1"),
        (lambda batches: batches.rows(0, 1), "n_samples must be >= 1; it is 0"),
        (lambda batches: batches.permutation(10, -1), "epoch must be >= 0; it is -1"),
        (lambda batches: batches.steps_per_epoch(0), "n_samples must be >= 1; it is 0"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call(MiniBatches(3))
