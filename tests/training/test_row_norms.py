"""Row norms: those of the standardised rows by their definition, for every layout, weighted, chosen or copied."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")

import scipy.sparse as sp

from gdfast.training.feature_statistics import feature_statistics
from gdfast.training.row_norms import standardized_rows


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_rows_are_measured_as_the_model_sees_them(make, offset):
    """Also where they have to be a copy (float32 can't fold 1e9)."""
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(60, 3)) * [1, 100, 1e4] + offset).astype(np.float32)
    weights = rng.integers(1, 4, 60).astype(float)
    statistics = feature_statistics(make(X), weights, None, centre=True)
    rows = standardized_rows(make(X), statistics, weights, None)
    Z = (X.astype(float) - (0 if statistics.mean is None else statistics.mean)) / statistics.scale
    share = weights / weights.mean()
    norms = (Z**2).sum(axis=1)
    assert (rows.X is not X) == (offset > 0 and make is np.asarray) or make is sp.csr_matrix
    assert rows.norms() == pytest.approx(norms, rel=1e-4)
    assert len(rows) == 60
    assert rows.mean_norm() == pytest.approx((share * norms).mean(), rel=1e-4)
    assert rows.mean_norm(2) == pytest.approx((share**2 * norms).mean(), rel=1e-4)
    assert rows.spread_norm() == pytest.approx(((share * norms) ** 2).sum() / (share * norms).sum(), rel=1e-4)
    top = np.linalg.eigvalsh((Z * share[:, None]).T @ Z / 60)[-1]
    assert rows.top_eigenvalue() == pytest.approx(top, rel=0.05)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
def test_rows_that_are_not_chosen_count_for_nothing(make):
    rng = np.random.default_rng(1)
    X, weights = rng.normal(size=(80, 3)), rng.uniform(1, 3, 80)
    chosen = np.flatnonzero(rng.random(80) < 0.5)
    X[np.setdiff1d(np.arange(80), chosen)] = 1e9
    some = standardized_rows(make(X), None, weights, chosen)
    alone = standardized_rows(make(X[chosen]), None, weights[chosen], None)
    assert len(some) == len(alone) == len(chosen)
    for measure in ("mean_norm", "spread_norm", "top_eigenvalue"):
        assert getattr(some, measure)() == pytest.approx(getattr(alone, measure)(), rel=1e-12)


def test_rows_of_zeros_have_no_length_and_no_direction():
    rows = standardized_rows(np.zeros((5, 2)), None, None, None)
    assert rows.mean_norm() == rows.spread_norm() == rows.top_eigenvalue() == 0
