"""Whatever the kind of source, the rows and the stretch: what is read is the slice."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdfast.datasets.chunks import chunk_source
from stored_rows import KINDS, Counted, D, N, dense, opened

STRETCH = st.tuples(st.integers(0, N), st.integers(0, N)).map(sorted)
BRIEF = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("kind", KINDS)
def test_a_stretch_is_the_slice(kind, tmp_path):
    X = np.random.default_rng(0).integers(0, 255, (N, D)).astype(np.uint8)
    y = np.arange(N) % 7
    source = opened(kind, tmp_path, X, y)

    @BRIEF
    @given(STRETCH, STRETCH)
    def check(stretch, inner):
        start, stop = stretch
        np.testing.assert_array_equal(source.read(start, stop), X[start:stop])
        np.testing.assert_array_equal(source.labels(start, stop), y[start:stop])
        if start < stop:
            part = source.narrowed(start, stop)
            a, b = (min(i, stop - start) for i in inner)
            np.testing.assert_array_equal(part.read(a, b), X[start:stop][a:b])

    check()


@BRIEF
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(any),
    st.lists(st.sampled_from(["array", "object", "fortran", "csr"]), min_size=6, max_size=6),
    st.booleans(),
    st.data(),
)
def test_parts_of_any_lengths_are_one_sequence(lengths, kinds, is_sparse, data):
    cuts = np.concatenate([[0], np.cumsum(lengths)])
    n = int(cuts[-1])
    X = np.random.default_rng(n).integers(0, 3, (n, 4)).astype(np.float64)
    parts = []
    for (a, b), kind in zip(pairwise(cuts), kinds, strict=False):
        rows = np.asfortranarray(X[a:b]) if kind == "fortran" else X[a:b]
        rows = scipy.sparse.csr_matrix(rows) if is_sparse and b > a else rows
        if is_sparse and b == a:
            continue  # scipy's CSR without rows is no chunk
        parts.append(Counted(rows) if kind == "object" else rows)
    source = pickle.loads(pickle.dumps(chunk_source(parts)))
    assert source.boundaries.tolist() == sorted(set(cuts.tolist()))
    for _ in range(4):
        start, stop = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
        np.testing.assert_array_equal(dense(source.read(start, stop)), X[start:stop])
        if start < n:
            k = int(np.searchsorted(cuts, start, side="right")) - 1
            assert source.where(start).startswith(f"row {start - cuts[k]:,} of X[")
