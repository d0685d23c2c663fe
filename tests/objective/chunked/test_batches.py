"""Mini-batches of chunked rows: the runs that the same rows in memory have, whatever is read when, and resumed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent import compiled
from gdfast.objective.chunked.batches import ChunkedBatches

ROWS, FEATURES, CLASSES = 400, 6, 3
BATCHES = gd.MiniBatches(8, seed=3, window=40, blocks=5)
PENALTY = gd.L2(0.01)
LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber(0.5)]


def problem(dtype: str, loss: Any) -> tuple[Any, Any, dict[str, Any]]:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 255, (ROWS, FEATURES)) if dtype == "uint8" else rng.normal(size=(ROWS, FEATURES))
    y = rng.integers(0, CLASSES, ROWS) if loss.classifies else rng.normal(size=ROWS)
    weights = np.where(rng.random(ROWS) < 0.3, 0.0, rng.uniform(0, 2, ROWS))
    return X.astype(dtype), y, {"mean": X.mean(axis=0), "scale": X.std(axis=0), "sample_weight": weights}


def limit(rows: int, itemsize: int) -> int:
    """With which a piece holds so many rows."""
    return 16 * rows * FEATURES * itemsize


class Stored:
    """Rows that are not in memory, to a source."""

    def __init__(self, X: Any) -> None:
        self._X, self.dtype = X, X.dtype
        self.n_samples, self.n_features = X.shape

    def read(self, start: int, stop: int) -> Any:
        return self._X[start:stop].copy()


def pair(
    dtype: str = "float64", loss: Any = LOSSES[2], rows: int = 45, regularizer: Any = PENALTY
) -> tuple[Any, Any, Any]:
    """The objective on chunks, the one in memory, and weights."""
    X, y, options = problem(dtype, loss)
    chunked = gd.ChunkedObjective([Stored(X)], y, loss, regularizer, memory_limit=limit(rows, X.itemsize), **options)
    linear = gd.LinearObjective(X, y, loss, regularizer, **options)
    return chunked, linear, np.random.default_rng(1).normal(size=linear.shape) * 0.1


@pytest.mark.parametrize("optimizer", [rule() for rule in compiled.RULES], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_compiled_steps_are_those_of_the_rows_in_memory(optimizer: Any, dtype: str) -> None:
    for loss, regularizer in zip(LOSSES, 3 * [gd.L2(0.01), gd.ElasticNet(0.001, 0.01)], strict=False):
        chunked, linear, W = pair(dtype, loss, regularizer=regularizer)
        run = {"batches": BATCHES, "epochs": 2, "step": 0.01}
        result, expected = gd.minimize(chunked, W, optimizer, **run), gd.minimize(linear, W, optimizer, **run)
        np.testing.assert_allclose(result.w, expected.w, rtol=0, atol=1e-12 if dtype == "float64" else 1e-6)
        np.testing.assert_allclose(result.history.values, expected.history.values, rtol=1e-5)
        assert result.passes == expected.passes == 3


@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.Adam()])
def test_compiled_steps_follow_the_generic_ones(monkeypatch: pytest.MonkeyPatch, optimizer: Any) -> None:
    chunked, _, W = pair()
    run = {"batches": BATCHES, "epochs": 2, "step": 0.01}
    result = gd.minimize(chunked, W, optimizer, **run)
    monkeypatch.setattr(ChunkedBatches, "compiled_steps", lambda *_: None)
    expected = gd.minimize(chunked, W, optimizer, **run)
    np.testing.assert_allclose(result.w, expected.w, rtol=0, atol=1e-13)
    np.testing.assert_allclose(result.history.values, expected.history.values, rtol=1e-12)


@pytest.mark.parametrize("optimizer", [gd.SVRG(), gd.Lion(), gd.AveragedSGD()], ids=str)
def test_other_optimizers_take_the_batches_of_the_rows_in_memory(optimizer: Any) -> None:
    chunked, linear, W = pair()
    for run in ({"step": 0.01}, {"step": 0.01, "clip": 0.5}):
        if "clip" in run and not isinstance(optimizer, gd.Lion):
            continue
        run = {"batches": BATCHES, "epochs": 2, **run}
        result, expected = gd.minimize(chunked, W, optimizer, **run), gd.minimize(linear, W, optimizer, **run)
        np.testing.assert_allclose(result.w, expected.w, rtol=0, atol=1e-12)


def test_maximize() -> None:
    chunked, linear, W = pair(regularizer=None)
    run = {"batches": BATCHES, "max_steps": 20, "step": 0.01}
    np.testing.assert_allclose(gd.maximize(chunked, W, **run).w, gd.maximize(linear, W, **run).w, rtol=1e-12)


@pytest.mark.parametrize("optimizer", [gd.Momentum(), gd.Adam(), gd.Lion()], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_neither_memory_nor_cuts_change_a_bit(monkeypatch: pytest.MonkeyPatch, optimizer: Any, dtype: str) -> None:
    run = {"batches": BATCHES, "max_steps": 110, "step": 0.01}
    first, _, W = pair(dtype, gd.Hinge())
    whole = gd.minimize(first, W, optimizer, **run)
    for rows in (41, 44, 49, 1000):
        again = gd.minimize(pair(dtype, gd.Hinge(), rows)[0], W, optimizer, **run)
        np.testing.assert_array_equal(again.w, whole.w)
        np.testing.assert_array_equal(again.history.values, whole.history.values)
    seen = gd.minimize(first, W, optimizer, **run, callback=lambda k, w, value: None, evaluate_every=7)
    np.testing.assert_array_equal(seen.w, whole.w)
    monkeypatch.setattr(compiled, "SEGMENT", 24)
    np.testing.assert_array_equal(gd.minimize(first, W, optimizer, **run).w, whole.w)


@pytest.mark.parametrize("optimizer", [gd.Adam(), gd.Lion()], ids=str)
def test_a_checkpoint_in_the_middle_of_an_epoch_goes_on_to_the_same_bits(tmp_path: Path, optimizer: Any) -> None:
    chunked, _, W = pair("uint8")
    run = {"batches": gd.MiniBatches(8, seed=5), "step": 0.01}
    whole = gd.minimize(chunked, W, optimizer, **run, max_steps=120)
    saved = gd.Checkpoint(tmp_path / "run.npz", every=1000)
    gd.minimize(chunked, W, optimizer, **run, max_steps=71, checkpoint=saved)
    resumed = gd.resume(saved.path, pair("uint8", rows=48)[0], max_steps=120)
    np.testing.assert_array_equal(resumed.w, whole.w)
    np.testing.assert_array_equal(resumed.history.values, whole.history.values)
    with pytest.raises(ValueError, match=r"window of at most 30 rows, a sixteenth .* it is 45"):
        gd.resume(saved.path, pair("uint8", rows=30)[0], max_steps=120)


def test_the_order_of_a_run_does_not_become_another_where_it_goes_on_in_memory_or_on_a_disk(tmp_path: Path) -> None:
    chunked, linear, W = pair()
    saved = gd.Checkpoint(tmp_path / "run.npz", every=1000)
    gd.minimize(linear, W, batches=8, step=0.01, max_steps=71, checkpoint=saved)
    with pytest.raises(ValueError, match="batches must have a window of at most 45 rows"):
        gd.resume(saved.path, chunked, max_steps=120)
    whole = gd.minimize(chunked, W, batches=8, step=0.01, max_steps=120)
    gd.minimize(chunked, W, batches=8, step=0.01, max_steps=71, checkpoint=saved)
    np.testing.assert_allclose(gd.resume(saved.path, linear, max_steps=120).w, whole.w, rtol=1e-12)


def test_where_all_rows_fit_the_shuffle_is_full_and_they_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    chunked, linear, W = pair(rows=1000)
    read = counted_reads(monkeypatch, chunked)
    result = gd.minimize(chunked, W, batches=8, epochs=4, max_steps=None, step=0.01)
    expected = gd.minimize(linear, W, batches=8, epochs=4, step=0.01)
    np.testing.assert_allclose(result.w, expected.w, rtol=1e-12)
    assert sum(read) == 1 + ROWS  # what compiled steps there are; all of them (the array itself is at hand)


def test_an_epoch_reads_every_row_once_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    chunked = pair()[0]
    per_epoch = BATCHES.steps_per_epoch(ROWS)
    batches = chunked.run_batches(BATCHES)
    read = counted_reads(monkeypatch, chunked)
    batches.batch(0)
    for k in range(per_epoch):
        batches.batch(k)
    ahead = batches._coming[1].result().places.size
    assert sum(read) == ROWS + ahead
    assert len(read) < 10 * len(batches._bounds)


def test_a_block_is_at_least_two_of_what_a_store_reads_at_once(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    X, y, _ = problem("float32", LOSSES[0])
    with h5py.File(tmp_path / "X.h5", "w") as file:
        file.create_dataset("X", data=X, chunks=(4, FEATURES), compression="gzip")
    np.save(tmp_path / "X.npy", X)
    for name, blocks, rows_at_once in (("X.h5", 5, 4), ("X.npy", 45, 1)):
        chunked = gd.ChunkedObjective(tmp_path / name, y, memory_limit=limit(45, 4))
        assert chunked.problem.rows.source.rows_at_once == rows_at_once
        assert chunked.run_batches(gd.MiniBatches(8)).batches == gd.MiniBatches(8, window=45, blocks=blocks)
        assert chunked.run_batches(BATCHES).batches == BATCHES
        run = {"batches": BATCHES, "max_steps": 30, "step": 0.01}
        mine, other = (gd.minimize(o, np.zeros(o.shape), **run) for o in (chunked, gd.LinearObjective(X, y)))
        np.testing.assert_allclose(mine.w, other.w, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.Lion()], ids=str)
def test_a_file_that_goes_while_a_run_reads_it_is_named(tmp_path: Path, optimizer: Any) -> None:
    X, y, _ = problem("float32", LOSSES[0])
    np.save(tmp_path / "X.npy", X)
    chunked = gd.ChunkedObjective(tmp_path / "X.npy", y, memory_limit=limit(45, 4))

    def remove(k: int, w: Any, value: float) -> None:
        if k == 20:
            (tmp_path / "X.npy").unlink()

    with pytest.raises(FileNotFoundError, match=r"X\.npy"):
        gd.minimize(chunked, np.zeros(chunked.shape), optimizer, batches=BATCHES, epochs=5, step=0.01, callback=remove)


def test_rows_sorted_by_class_are_learned_as_from_a_full_shuffle() -> None:
    """Held-out accuracy within .003 by windows of 8 % of the rows; a window of one block forgets the class before."""
    rng = np.random.default_rng(0)
    centres, y = rng.normal(size=(10, 20)), np.sort(rng.integers(0, 10, 8000))
    X = (centres[y] + 1.5 * rng.normal(size=(8000, 20))).astype(np.float32)
    labels = rng.integers(0, 10, 8000)
    held_out = gd.LinearObjective((centres[labels] + 1.5 * rng.normal(size=(8000, 20))).astype(np.float32), labels)
    terms = {"loss": gd.CrossEntropy(), "regularizer": gd.L2(1e-3)}
    full = gd.LinearObjective(X, y, **terms)
    chunked = gd.ChunkedObjective([Stored(X)], y, memory_limit=16 * 640 * 80, **terms)
    accuracy = []
    for objective, batches in ((full, 32), (chunked, 32), (chunked, gd.MiniBatches(32, window=640, blocks=1))):
        run = {"batches": batches, "epochs": 4, "step": gd.Cosine(0.3, 1000)}
        result = gd.minimize(objective, np.zeros(full.shape, np.float32), gd.Momentum(0.5), **run)
        accuracy.append(held_out.accuracy(result.w))
    assert abs(accuracy[1] - accuracy[0]) < 0.003
    assert accuracy[2] < accuracy[0] - 0.01


def test_blocks_are_worth_their_reads_and_a_window_has_no_fewer_than_64() -> None:
    """600 MB of rows that nobody reads: windows of 62.5 MB and of 6.25 MB, blocks of 256 kB or one of 64."""
    X = np.broadcast_to(np.zeros(1000, np.uint8), (600_000, 1000))
    for memory, rows, blocks in ((10**9, 62_500, 238), (10**8, 6_250, 64)):
        chunked = gd.ChunkedObjective([Stored(X)], np.zeros(len(X), np.int8), memory_limit=memory, n_classes=2)
        assert chunked.run_batches(gd.MiniBatches(256)).batches == gd.MiniBatches(256, window=rows, blocks=blocks)
        chosen = gd.MiniBatches(256, blocks=10)
        assert chunked.run_batches(chosen).batches == gd.MiniBatches(256, window=rows, blocks=10)


def test_any_number_of_threads_gives_the_same_bits() -> None:
    before, found = gd.get_num_threads(), []
    try:
        for threads in (1, 2):
            gd.set_num_threads(threads)
            chunked, _, W = pair("float32")
            found.append(gd.minimize(chunked, W, batches=40, epochs=2, step=0.01).w)
    finally:
        gd.set_num_threads(before)
    np.testing.assert_array_equal(*found)


def counted_reads(monkeypatch: pytest.MonkeyPatch, chunked: Any) -> list[int]:
    """Of how many rows each was."""
    kind, read = type(chunked.problem.rows.source), []
    own = kind.read

    def counting(self: Any, start: int, stop: int, out: Any = None) -> Any:
        read.append(stop - start)
        return own(self, start, stop, out)

    monkeypatch.setattr(kind, "read", counting)
    return read


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("loss", [gd.Hinge(), gd.SquaredError()], ids=repr)
def test_rows_are_those_of_the_objective_in_memory(loss: Any, dtype: str) -> None:
    chunked, linear, W = pair(dtype, loss)
    rng = np.random.default_rng(2)
    for indices in (rng.integers(0, ROWS, 30), np.arange(20, 60), np.array([7]), np.array([3, 3, 1])):
        mine, other = chunked.rows(indices), linear.rows(indices)
        np.testing.assert_allclose(mine.value(W), other.value(W), rtol=1e-6)
        np.testing.assert_allclose(mine.gradient(W), other.gradient(W), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(mine.y, other.y)
    before = chunked.passes
    chunked.rows([1, 2, 3]).value(W)
    assert chunked.passes - before == pytest.approx(3 / ROWS)
    mean = np.mean([chunked.rows([i]).value(W) for i in range(ROWS)])
    assert mean == pytest.approx(linear.value(W), rel=1e-5)


@dataclass(frozen=True)
class Backwards(gd.MiniBatches):
    """An order of its own."""

    def permutation(self, n_samples: int, epoch: int) -> Any:
        return np.arange(n_samples)[::-1]


@dataclass(frozen=True)
class Favourites(gd.MiniBatches):
    """Rows of its own."""

    def rows(self, n_samples: int, k: int) -> Any:
        return [k % n_samples, 2, 5]


@pytest.mark.parametrize("batches", [Backwards(8), Favourites(3), gd.MiniBatches(8, shuffle=False)], ids=repr)
def test_orders_of_a_subclass_s_own_and_none(batches: Any) -> None:
    chunked, linear, W = pair()
    run = {"batches": batches, "max_steps": 70, "step": 0.01}
    np.testing.assert_allclose(gd.minimize(chunked, W, **run).w, gd.minimize(linear, W, **run).w, rtol=1e-12)


def test_sparse_rows() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    X = sparse.csr_array(rng.normal(size=(ROWS, 40)) * (rng.random((ROWS, 40)) < 0.1))
    y = rng.integers(0, CLASSES, ROWS)
    chunked = gd.ChunkedObjective([Stored(X)], y, gd.Hinge(), gd.L2(0.01), memory_limit=16 * 45 * 4 * 16)
    linear = gd.LinearObjective(X, y, gd.Hinge(), gd.L2(0.01))
    W = np.zeros(linear.shape)
    for optimizer in (gd.GradientDescent(), gd.Adam()):  # the first has a state of the kernel's own
        run = {"batches": BATCHES, "epochs": 2, "step": 0.1}
        result, expected = gd.minimize(chunked, W, optimizer, **run), gd.minimize(linear, W, optimizer, **run)
        np.testing.assert_allclose(result.w, expected.w, rtol=1e-10, atol=1e-12)


def test_what_memory_does_not_hold_is_refused_by_name() -> None:
    chunked, _, W = pair()
    with pytest.raises(
        ValueError, match=r"batches must be of at most 45 rows, a sixteenth of memory_limit \(34,560 bytes"
    ):
        gd.minimize(chunked, W, batches=46)
    with pytest.raises(ValueError, match=r"batches must have a window of at most 45 rows, .* it is 1,000"):
        gd.minimize(chunked, W, batches=gd.MiniBatches(8, window=1000))


@pytest.mark.parametrize(
    "optimizer", [gd.DualCoordinateAscent(), gd.CoordinateDescent(), gd.SemismoothNewton()], ids=str
)
def test_what_visits_single_rows_by_itself_is_refused_by_name(optimizer: Any) -> None:
    chunked, _, W = pair(loss=gd.Hinge())
    with pytest.raises(
        TypeError, match=f"{type(optimizer).__name__} needs a gdfast.LinearObjective; .*ChunkedObjective"
    ):
        gd.minimize(chunked, W * 0, optimizer, max_steps=3)
