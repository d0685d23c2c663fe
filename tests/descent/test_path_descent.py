"""What the points of a path share: one decomposition of the Gram matrix, where a point starts, the pairs of L-BFGS."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent.path_descent import PathDescent, SharedGram, extrapolation
from gdfast.objective.linear.spectrum import GramSpectrum

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 6)) @ RNG.normal(size=(6, 6)) + 2.0
LABELS = np.argmax(X @ RNG.normal(size=(6, 3)) + 4 * RNG.normal(size=(120, 3)), axis=1)
STRENGTHS = np.geomspace(10.0, 1e-4, 12)


def softmax(**options):
    return gd.LinearObjective(X, LABELS, gd.CrossEntropy(), gd.L2(1.0), **options)


@pytest.mark.parametrize("options", [{}, {"penalize_bias": True}, {"bias": False}], ids=["free", "penalised", "none"])
@pytest.mark.parametrize("weighs", [False, True], ids=["rows alike", "weighted rows"])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-8), (np.float32, 2e-2)])
def test_the_root_inverts_the_matrix_at_every_strength(options, weighs, dtype, rtol):
    weights = RNG.uniform(0, 2, len(X)) if weighs else None
    objective = softmax(sample_weight=weights, **options)
    spectrum = GramSpectrum.of(objective.linear_problem)
    for strength in (1e-4, 0.1, 10.0):
        P = 0.3 * objective.gram()
        shrunk = 6 if options == {} else len(P)
        P[:shrunk, :shrunk] += 2 * strength * np.eye(shrunk)
        V = RNG.normal(size=(3, len(P)))
        found = spectrum.inverse_root(0.3, strength, dtype).times(V)
        np.testing.assert_allclose(found, np.linalg.solve(P, V.T).T, rtol=rtol, atol=rtol * np.abs(found).max())


def test_columns_that_are_all_too_unlike_have_no_spectrum():
    objective = gd.LinearObjective(X * np.geomspace(1e-9, 1, 6), LABELS, gd.CrossEntropy(), gd.L2(1.0))
    assert GramSpectrum.of(objective.linear_problem) is None
    path = gd.regularization_path(objective, [1.0, 0.1])  # by the matrix of each point
    assert (path.gaps <= 1e-3 * path.values).all()


@pytest.mark.parametrize("duplicate", [False, True], ids=["constant column", "duplicate column"])
def test_a_singular_matrix_serves_as_well(duplicate):
    more = np.column_stack([X, X[:, 0] if duplicate else np.full(len(X), 3.0)])
    path = gd.regularization_path(gd.LinearObjective(more, LABELS, gd.CrossEntropy(), gd.L2(1.0)), STRENGTHS, tol=1e-6)
    assert path.status is gd.Status.CONVERGED
    assert (path.gaps <= 1e-6 * path.values).all()


@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.SquaredHinge()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_path_takes_two_thirds_of_the_passes_of_its_points_and_finds_the_same(loss, dtype):
    objective = gd.LinearObjective(X.astype(dtype), LABELS, loss, gd.L2(1.0))
    path, alone = gd.regularization_path(objective, STRENGTHS, tol=1e-5), 0.0
    for i, regularizer in enumerate(path.regularizers):
        one = objective.with_terms(loss, regularizer)
        result = gd.solve(one, 1e-7)
        alone += gd.solve(one, 1e-5).passes
        rounding = 1e-6 if dtype == np.float32 else 1e-12
        assert path.values[i] >= result.value - result.duality_gap - rounding * result.value
        assert path.values[i] <= result.value * (1 + 1e-5 + rounding)
    assert path.passes < alone * 2 / 3
    assert "which all strengths share" in path.method


def test_the_pairs_of_one_strength_are_made_those_of_the_next():
    objective = gd.LinearObjective(X, LABELS, gd.SquaredHinge(), gd.L2(0.5))
    descent = PathDescent(SharedGram.of(objective, 2))
    descent.proven(objective, 0.5, np.zeros(objective.shape), _goal())
    strength, moves, changes = descent.pairs
    assert strength == 0.5
    assert len(moves) > 2
    nearer = objective.with_terms(objective.loss, gd.L2(0.2))
    kept = descent._pairs_at(nearer, 0.2)
    for move, change in zip(*kept, strict=True):
        i = next(i for i in range(len(moves)) if np.array_equal(moves[i], move))
        expected = changes[i] - 2 * 0.3 * np.c_[move[:, :-1], np.zeros(3)]
        np.testing.assert_allclose(change, expected, atol=1e-14)
        assert (move * change).sum() > 0


def _goal():
    from gdfast.descent.goal import Goal

    return Goal(1e-3, 1000, "", True)


def test_a_polynomial_is_extrapolated_as_it_is():
    known = [3.0, 1.0, -2.0]
    shares = extrapolation(known, -4.0)
    for power in range(3):
        assert sum(share * each**power for share, each in zip(shares, known, strict=True)) == pytest.approx(
            (-4.0) ** power
        )


def test_what_has_no_shared_matrix():
    wide = gd.LinearObjective(np.eye(3), np.arange(3), gd.Hinge(), gd.L2(1.0))
    assert SharedGram.of(wide, 20) is None  # kinks
    assert SharedGram.of(gd.LinearObjective(X, X[:, 0], gd.SquaredError(), gd.L2(1.0)), 20) is None  # a closed form
    assert SharedGram.of(gd.FunctionObjective(lambda w: 0.0), 20) is None


def test_points_may_be_of_a_sample_of_the_rows():
    many = np.tile(X, (40, 1)) + RNG.normal(size=(4800, 6))
    objective = gd.LinearObjective(many, np.tile(LABELS, 40), gd.CrossEntropy(), gd.L2(1.0))
    whole, some = (
        GramSpectrum.of(objective.linear_problem, None, rows)
        for rows in (None, np.random.default_rng(1).choice(4800, 2400, False))
    )
    np.testing.assert_allclose(some.eigenvalues, whole.eigenvalues, rtol=0.2)
