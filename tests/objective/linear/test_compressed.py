"""Squared error on few rows: the same value at every W as on all of them, and so the same optimum under any penalty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import gdfast as gd
from gdfast.objective.linear.compressed import compressed

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 5)) @ RNG.normal(size=(5, 5)) + 3.0
TARGETS = X @ RNG.normal(size=(5, 2)) + RNG.normal(size=(90, 2)) + 7.0
WEIGHTS = RNG.integers(0, 4, 90).astype(float)


@pytest.mark.parametrize("options", [{}, {"penalize_bias": True}, {"bias": False}], ids=["free", "penalised", "none"])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["rows alike", "weighted rows"])
def test_the_value_is_that_on_all_rows(options, make, weights):
    objective = gd.LinearObjective(make(X), TARGETS, gd.SquaredError(), sample_weight=weights, **options)
    few = compressed(objective.linear_problem)
    assert few.objective.n_samples <= 7
    for _ in range(3):
        w = RNG.normal(size=objective.shape)
        start = few.start(w)
        best = few.whole(start)
        assert few.objective.value(start) == pytest.approx(objective.value(best), rel=1e-10)
        assert objective.value(best) <= objective.value(w) * (1 + 1e-12)
        if options == {}:  # the bias is at its best
            assert np.abs(objective.gradient(best)[:, -1]).max() < 1e-9 * objective.value(best)


@pytest.mark.parametrize("width", [0, 1], ids=["constant column", "duplicate column"])
def test_columns_that_depend_on_each_other(width):
    more = np.column_stack([X, X[:, 0] if width else np.ones(90)])
    objective = gd.LinearObjective(more, TARGETS, gd.SquaredError())
    few = compressed(objective.linear_problem)
    w = RNG.normal(size=objective.shape)
    assert few.objective.value(few.start(w)) == pytest.approx(objective.value(few.whole(few.start(w))), rel=1e-10)


def test_what_it_does_not_pay_for():
    assert compressed(gd.LinearObjective(X[:8], TARGETS[:8], gd.SquaredError()).linear_problem) is None
    assert compressed(gd.LinearObjective(X, TARGETS, gd.Huber()).linear_problem) is None


def test_the_scores_of_a_lasso_by_folds_are_scikit_learns():
    linear_model = pytest.importorskip("sklearn.linear_model")
    from sklearn.model_selection import KFold, cross_val_score

    from gdfast.estimators import GDRegressorCV

    y, alphas = TARGETS[:, 0], np.array([1.0, 0.1, 0.01])
    for l1_ratio in (1.0, 0.5):
        model = GDRegressorCV(alphas=alphas, l1_ratio=l1_ratio, cv=KFold(3), standardize=False).fit(X, y)
        for j, alpha in enumerate(model.alphas_):
            peer = linear_model.ElasticNet(alpha, l1_ratio=l1_ratio, tol=1e-10, max_iter=100_000)
            expected = cross_val_score(peer, X, y, cv=KFold(3))
            np.testing.assert_allclose(model.scores_path_[:, j], expected, atol=2e-3)
