"""Data that are read chunk by chunk: what counts as such, and which rows are read."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast.training import chunked_data
from gdfast.training.chunked_data import ChunkedData, StandardizedSource, in_memory, is_chunked


class Rows:
    """Of the Chunks protocol; notes what is read."""

    n_samples, n_features, dtype = 1000, 3, np.dtype("f4")

    def __init__(self):
        self.X = np.random.default_rng(0).normal(size=(1000, 3)).astype("f4")
        self.read_rows = []

    def read(self, start, stop):
        self.read_rows.append((start, stop))
        return self.X[start:stop]


def test_what_is_read_chunk_by_chunk(tmp_path):
    assert all(map(is_chunked, ["rows.npy", tmp_path, Rows(), [Rows(), Rows()], [tmp_path / "a.npy"]]))
    in_memory_ = [np.zeros((2, 2)), [[1, 2], [3, 4]], [], [np.zeros(2)], [["a", "b"]], None, 3, [1, 2], np.float64(2)]
    assert not any(map(is_chunked, in_memory_))


@pytest.mark.parametrize("share", [0.003, 0.2, 1.0])
def test_rows_are_gathered_in_order(share, monkeypatch):
    chunks = Rows()
    monkeypatch.setattr(chunked_data, "CHUNK_BYTES", 600)
    monkeypatch.setattr(chunked_data, "GAP_BYTES", 36)
    data = ChunkedData.of([chunks, chunks])
    chosen = np.flatnonzero(np.random.default_rng(1).random(2000) < share)
    both = np.vstack([chunks.X, chunks.X])
    np.testing.assert_array_equal(data.gathered(chosen), both[chosen])
    assert max(stop - start for start, stop in chunks.read_rows) <= 600 // 12
    if share == 0.003:  # far from each other: only these are read
        assert sum(stop - start for start, stop in chunks.read_rows) < 3 * len(chosen) + 2


def test_blocks_cover_all_rows_or_those_of_the_indices():
    chunks = Rows()
    data = ChunkedData.of(chunks, memory_limit=8 * 12 * 100)
    blocks = list(data.blocks())
    assert [(block.start, block.stop) for block in blocks] == [(i, i + 100) for i in range(0, 1000, 100)]
    np.testing.assert_array_equal(np.vstack([block.X for block in blocks]), chunks.X)
    rows = np.array([3, 4, 250, 999])
    some = list(data.blocks(rows))
    assert [(block.start, block.stop) for block in some] == [(0, 2), (2, 3), (3, 4)]
    np.testing.assert_array_equal(np.vstack([block.X for block in some]), chunks.X[rows])


def test_a_standardised_source_reads_standardised_rows():
    data = ChunkedData.of(Rows())
    mean, scale = np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 0.5])
    source = StandardizedSource(data.source, mean, scale)
    expected = (data.source.read(5, 9).astype("f8") - mean) / scale
    np.testing.assert_allclose(source.read(5, 9), expected, rtol=1e-6)
    assert source.read(5, 9).dtype == source.dtype == np.float32


def test_labels_come_from_files_and_stores(tmp_path):
    np.save(tmp_path / "y.npy", np.array(["a", "b"]))
    np.testing.assert_array_equal(in_memory(tmp_path / "y.npy", "y"), ["a", "b"])
    np.testing.assert_array_equal(in_memory([np.array([1, 2]), np.array([3])], "y"), [1, 2, 3])
    assert in_memory(None, "y") is None
    np.save(tmp_path / "odd.npy", np.array([None]), allow_pickle=True)
    with pytest.raises(ValueError, match="y must be a file of numbers or text"):
        in_memory(str(tmp_path / "odd.npy"), "y")
    (tmp_path / "weights.csv").write_text("1\n2\n")
    with pytest.raises(ValueError, match=r"sample_weight must be a file of numbers or text; .* its format is csv"):
        in_memory(tmp_path / "weights.csv", "sample_weight")
