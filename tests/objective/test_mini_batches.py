"""Mini-batches: each epoch visits every row once, and step k's rows depend on (seed, k) alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdfast import MiniBatches, _kernels
from gdfast.objective.mini_batches import EpochOrder

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
    permutation = _kernels.permutation

    def counted(n_samples, seed, epoch):
        made.append(epoch)
        return permutation(n_samples, seed, epoch)

    monkeypatch.setattr(_kernels, "permutation", counted)
    rows = MiniBatches(3).rows_by_step(10)
    for k in range(12):
        rows(k)
    assert made == [0, 1, 2]


WINDOWED = st.builds(
    lambda size, more, blocks, seed: MiniBatches(size, seed, window=size + more, blocks=blocks),
    st.integers(1, 40), st.integers(0, 90), st.integers(1, 50), SEEDS,
)  # fmt: skip


@given(batches=WINDOWED, n=st.integers(1, 300), epoch=st.integers(0, 10**6))
def test_a_block_shuffle_visits_every_row_once_window_by_window(batches, n, epoch):
    order, made = batches.permutation(n, epoch), EpochOrder(batches, n)
    assert sorted(order) == list(range(n))
    assert all(begin % batches.size == 0 for begin in made.boundaries[:-1])
    for j, (begin, end) in enumerate(pairwise(made.boundaries)):
        assert 0 < end - begin <= batches.window
        assert np.array_equal(made.part(epoch, j), order[begin:end])
    per_epoch = batches.steps_per_epoch(n)
    rows = batches.rows_by_step(n)
    assert np.array_equal(np.concatenate([rows(epoch * per_epoch + i) for i in range(per_epoch)]), order)


@pytest.mark.parametrize("blocks", [1, 4, 16])
def test_a_window_is_read_in_blocks_one_of_each_part_of_the_data(blocks):
    """960 rows in 6 windows of 160: the order is that of the data but for which block each window takes."""
    batches = MiniBatches(8, seed=5, window=160, blocks=blocks)
    order = EpochOrder(batches, 960)
    length = 160 // blocks
    for epoch in range(3):
        taken = []
        for j in range(6):
            rows = np.sort(order.part(epoch, j)).reshape(blocks, length)
            assert np.array_equal(rows, rows[:, :1] + np.arange(length))
            assert np.array_equal(rows[:, 0] // (960 // blocks), np.arange(blocks))
            taken += (rows[:, 0] // length).tolist()
        assert taken != sorted(taken)
        assert sorted(taken) == list(range(6 * blocks))


def test_windows_of_data_sorted_by_class_hold_every_class_as_often():
    y = np.repeat(np.arange(10), 1000)
    order = EpochOrder(MiniBatches(10, window=1000, blocks=100), y.size)
    for j in range(10):
        assert np.bincount(y[order.part(0, j)], minlength=10).tolist() == [100] * 10


def test_rows_come_equally_often_at_every_place_of_a_block_shuffle():
    """24 rows, 4 windows, 4,000 epochs: each row is expected 1,000 times in each window (standard deviation 27)."""
    batches, counts = MiniBatches(2, seed=3, window=6, blocks=3), np.zeros((24, 4))
    for epoch in range(4000):
        counts[batches.permutation(24, epoch), np.repeat(np.arange(4), 6)] += 1
    assert np.abs(counts - 1000).max() < 5 * 27.4


def test_a_window_of_all_rows_is_the_full_shuffle():
    assert np.array_equal(MiniBatches(4, 9, window=50).permutation(50, 3), MiniBatches(4, 9).permutation(50, 3))


def test_windows_and_epochs_have_orders_of_their_own():
    batches = MiniBatches(5, window=20, blocks=1)
    order = EpochOrder(batches, 100)
    within = {tuple(order.part(epoch, j) - order.part(epoch, j).min()) for epoch in range(20) for j in range(5)}
    assert len(within) == 100


def test_parts_of_an_order_that_is_no_shuffle_are_made_as_they_are_needed():
    order = EpochOrder(MiniBatches(256, shuffle=False), 10**9)
    assert order.boundaries[1] == 1 << 17
    assert order.rows(3, 10**9 - 3, 10**9).tolist() == [10**9 - 3, 10**9 - 2, 10**9 - 1]


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
        ({"size": 2, "window": 2.0}, TypeError, "window must be an integer; it is float 2.0"),
        ({"size": 2, "window": 0}, ValueError, "window must be >= 1; it is 0"),
        ({"size": 2000, "window": 1999}, ValueError, "window must be at least size, 2,000 rows; it is 1,999"),
        ({"size": 2, "blocks": 0}, ValueError, "blocks must be >= 1; it is 0"),
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
