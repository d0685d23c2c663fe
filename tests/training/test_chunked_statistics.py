"""Feature statistics and row norms of chunks are those of the rows in memory, whatever the chunks."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("scipy")

import scipy.sparse as sp

import gdfast as gd
from gdfast.training.chunked_data import ChunkedData
from gdfast.training.chunked_fit import standardized_chunks
from gdfast.training.chunked_statistics import chunked_statistics, norms_of_chunk, statistics_of_chunk
from gdfast.training.feature_statistics import FeatureStatistics, feature_statistics
from gdfast.training.row_norms import standardized_rows
from gdfast.training.settings import Settings
from gdfast.training.split import Split


def rows(dtype: str, n: int = 300) -> np.ndarray:
    rng = np.random.default_rng(0)
    if dtype == "u1":
        return rng.integers(0, 255, (n, 5)).astype(dtype)
    X = rng.normal(size=(n, 5)) * [1, 100, 1, 1e-3, 1] + [0, 0, 50, 0, 0]
    X[:, 4] = 7.0
    return X.astype(dtype)


def data_of(X, n_chunks: int = 10) -> ChunkedData:
    """As many chunks, or nearly so."""
    row_bytes = X.shape[1] * X.dtype.itemsize
    return ChunkedData.of(X, memory_limit=8 * row_bytes * -(-X.shape[0] // n_chunks))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["f8", "f4", "u1"])
def test_statistics_of_chunks_are_those_in_memory(dtype, weighted):
    X, y = rows(dtype), np.arange(300) % 3
    weights = np.where(np.arange(300) < 60, 0.0, np.arange(300) % 4 + 0.5) if weighted else None  # two chunks of 0
    chosen = None if weights is None else np.flatnonzero(weights)
    for centre in (True, False):
        objective = data_of(X).objective(y, gd.CrossEntropy(), sample_weight=weights)
        assert objective.problem.engine.n_chunks >= 10
        found = chunked_statistics(objective, centre=centre)
        other = feature_statistics(X, weights, chosen, centre=centre)
        assert found.weight == pytest.approx(other.weight, rel=1e-14)
        np.testing.assert_allclose(found.mean, other.mean, rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(found.deviation, other.deviation, rtol=1e-12)
        assert found.is_centred == centre
        if dtype != "u1" and centre:
            assert found.deviation[4] == 0  # a constant column stays exactly constant over chunks


def test_statistics_of_sparse_chunks():
    X = sp.random(300, 7, 0.2, format="csr", random_state=0)
    X.data -= 0.5
    objective = data_of(X).objective(np.arange(300) % 2, gd.CrossEntropy())
    found, other = chunked_statistics(objective, centre=True), feature_statistics(X, None, None, centre=True)
    assert found.mean is None
    np.testing.assert_array_equal(found.largest, other.largest)
    np.testing.assert_allclose(found.deviation, other.deviation, rtol=1e-13)


def test_a_column_that_is_constant_in_each_chunk_alone_has_a_deviation():
    X = np.repeat(np.arange(10.0), 30)[:, None]
    objective = data_of(X).objective(np.arange(300) % 2, gd.CrossEntropy())
    found = chunked_statistics(objective, centre=True)
    assert found.mean[0] == pytest.approx(X.mean())
    assert found.deviation[0] == pytest.approx(X.std())


def test_rows_that_weigh_nothing_change_nothing():
    """Statistics of weight 0 leave others as they are, from either side; and they travel by pickle."""
    some = feature_statistics(rows("f8"), None, None, centre=True)
    nothing = FeatureStatistics(0.0, np.zeros(5), np.zeros(5), None, np.dtype("f8"), True)
    for total in (some + nothing, nothing + some, pickle.loads(pickle.dumps(some))):
        np.testing.assert_array_equal(total.mean, some.mean)
        np.testing.assert_array_equal(total.deviation, some.deviation)
        assert total.weight == some.weight
    for function in (statistics_of_chunk, norms_of_chunk):
        assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_norms_of_chunks_are_those_in_memory(sparse, weighted):
    X = sp.random(300, 5, 0.4, format="csr", random_state=0) if sparse else rows("f8")
    y, weights = np.arange(300) % 3, np.arange(300) % 4 + 0.5 if weighted else None
    split = Split.of(X, y, weights, np.arange(0, 300, 7))
    settings = Settings(gd.CrossEntropy())
    statistics, mine = standardized_chunks(settings, split._replace(X=data_of(X)), y, None, 3)
    other = standardized_rows(X, statistics, split.weights, split.chosen)
    assert len(mine) == len(other)
    for power in (1, 2):
        assert mine.mean_norm(power) == pytest.approx(other.mean_norm(power), rel=1e-12)
    assert mine.spread_norm() == pytest.approx(other.spread_norm(), rel=1e-12)
    assert mine.top_eigenvalue() == pytest.approx(other.top_eigenvalue(), rel=1e-12)
