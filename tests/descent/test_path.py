"""The regularization path: scikit-learn's coefficients, true gaps, the laws of a path, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import gdfast as gd
from gdfast.descent.path_descent import PathDescent

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 7)) * np.linspace(0.5, 2, 7) + 1
LABELS = np.argmax(X[:, :3] + RNG.normal(size=(60, 3)), axis=1)
TARGETS = X[:, :2] @ np.array([[1.0, -2.0], [0.5, 1.0]]) + RNG.normal(size=(60, 2)) + 5
WEIGHTS = RNG.uniform(0.1, 2.0, size=60)
STRENGTHS = [10.0, 0.1, 1.0, 1e-4]


def squares(regularizer, rows=60, **options):
    return gd.LinearObjective(X[:rows], TARGETS[:rows], gd.SquaredError(), regularizer, **options)


def classes(loss, regularizer, **options):
    return gd.LinearObjective(X, LABELS, loss, regularizer, **options)


# ---- squared error with L2: one eigendecomposition ----


@pytest.mark.parametrize("rows", [60, 5])
@pytest.mark.parametrize(
    "options", [{}, {"bias": False}, {"penalize_bias": True}, {"mean": np.ones(7), "scale": np.arange(1.0, 8)}]
)
def test_every_point_is_the_closed_form(rows, options):
    objective = squares(gd.L2(3.0), rows, **options)
    path = gd.regularization_path(objective, STRENGTHS)
    assert path.strengths.tolist() == [10.0, 1.0, 0.1, 1e-4]
    for w, strength, value in zip(path.W, path.strengths, path.values, strict=True):
        own = objective.with_terms(objective.loss, gd.L2(strength))
        np.testing.assert_allclose(w, own.solve(), rtol=1e-8, atol=1e-10)
        assert value == own.value(w)
    assert (path.gaps <= 1e-9).all()
    assert path.status is gd.Status.CONVERGED


@pytest.mark.parametrize("rows", [60, 5])
def test_weighted_rows_and_scikit_learns_ridge(rows):
    linear_model = pytest.importorskip("sklearn.linear_model")
    u = WEIGHTS[:rows]
    path = gd.regularization_path(squares(gd.L2(1.0), rows, sample_weight=u), STRENGTHS)
    for w, strength in zip(path.W, path.strengths, strict=True):
        ridge = linear_model.Ridge(strength * u.sum()).fit(X[:rows], TARGETS[:rows], u)
        np.testing.assert_allclose(w[:, :-1], ridge.coef_, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(w[:, -1], ridge.intercept_, rtol=1e-6, atol=1e-8)


def test_sparse_and_narrow_rows_have_the_same_path():
    X8 = (np.abs(X) * 20).astype(np.uint8)
    path = gd.regularization_path(gd.LinearObjective(X8.astype(float), TARGETS, gd.SquaredError(), gd.L2(1.0)), 5)
    for other in (X8, X8.astype(np.float32), sparse.csr_array(X8.astype(float))):
        found = gd.regularization_path(
            gd.LinearObjective(other, TARGETS, gd.SquaredError(), gd.L2(1.0)), path.strengths
        )
        np.testing.assert_allclose(found.W, path.W, rtol=1e-6, atol=1e-9)


def test_strength_0_of_dependent_columns_gives_the_smallest_norm():
    twice = np.column_stack([X, X])
    objective = gd.LinearObjective(twice, TARGETS, gd.SquaredError(), gd.L2(1.0))
    path = gd.regularization_path(objective, [0.0, 1.0])
    with pytest.warns(RuntimeWarning, match="smallest norm"):
        best = objective.with_terms(objective.loss, None).solve()
    np.testing.assert_allclose(path.W[-1], best, atol=1e-8)
    assert np.isnan(path.gaps[-1])
    assert "strength 0" in str(path)


def test_it_costs_three_passes_a_point_beside_the_matrix():
    objective = squares(gd.L2(1.0))
    path = gd.regularization_path(objective, 20)
    assert path.passes == objective.passes <= 3 * 20 + 8


# ---- other losses and L1 ----


@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.SquaredHinge(), gd.Hinge()], ids=repr)
@pytest.mark.parametrize("strengths", [[1.0, 0.1, 0.03], [0.01, 0.001, 0.0001]])  # with the latter values are small
def test_gaps_are_true_and_within_tol(loss, strengths):
    path = gd.regularization_path(classes(loss, gd.L2(1.0), penalize_bias=True), strengths, tol=1e-2)
    assert (path.gaps <= 1e-2 * path.values).all()
    better = gd.regularization_path(classes(loss, gd.L2(1.0), penalize_bias=True), strengths, tol=1e-4)
    assert (path.values - path.gaps <= better.values).all()
    assert path.status is gd.Status.CONVERGED


def test_softmax_has_scikit_learns_coefficients():
    linear_model = pytest.importorskip("sklearn.linear_model")
    path = gd.regularization_path(classes(gd.CrossEntropy(), gd.L2(1.0)), [0.3, 0.03, 0.003], tol=1e-9)
    for w, strength in zip(path.W, path.strengths, strict=True):
        peer = linear_model.LogisticRegression(C=1 / (2 * strength * 60), tol=1e-10, max_iter=10_000).fit(X, LABELS)
        np.testing.assert_allclose(w[:, :-1], peer.coef_, atol=1e-4)


def test_l1_path_is_scikit_learns_and_begins_where_all_are_zero():
    linear_model = pytest.importorskip("sklearn.linear_model")
    y = TARGETS[:, 0]
    objective = gd.LinearObjective(X, y, gd.SquaredError(), gd.L1(1.0))
    path = gd.regularization_path(objective, 6, tol=1e-8)
    assert path.nonzeros[0] == 0
    assert path.nonzeros[-1] == 7
    centred = X - X.mean(axis=0)
    assert path.strengths[0] == pytest.approx(2 * np.abs(centred.T @ (y - y.mean())).max() / 60)
    assert path.strengths[-1] == pytest.approx(path.strengths[0] / 1000)
    _, coef, _ = linear_model.lasso_path(centred, y - y.mean(), alphas=path.strengths / 2, tol=1e-12)
    np.testing.assert_allclose(path.W[:, 0, :-1], coef.T, atol=1e-4)


def test_elastic_net_keeps_its_ratio():
    linear_model = pytest.importorskip("sklearn.linear_model")
    y = TARGETS[:, 0]
    path = gd.regularization_path(
        gd.LinearObjective(X, y, gd.SquaredError(), gd.ElasticNet(2.0, 1.0)), [0.5, 0.05], tol=1e-8
    )
    assert path.regularizers == (gd.ElasticNet(0.5, 0.25), gd.ElasticNet(0.05, 0.025))
    for w, l1 in zip(
        path.W, path.strengths, strict=True
    ):  # alpha * l1_ratio = l1 / 2, alpha (1 - l1_ratio) / 2 = l2 / 2
        peer = linear_model.ElasticNet(alpha=l1 / 2 + l1 / 2, l1_ratio=0.5, tol=1e-12, max_iter=100_000).fit(X, y)
        np.testing.assert_allclose(w[0, :-1], peer.coef_, atol=1e-4)


def test_strength_0_of_classes_that_can_be_separated_is_told():
    objective = gd.LinearObjective(X, (X[:, 0] > 1).astype(int), gd.CrossEntropy(), gd.L2(1.0))
    with pytest.warns(RuntimeWarning, match=r"strength=0\.0\): There is no optimum: the classes are separable"):
        path = gd.regularization_path(objective, [1.0, 0.1, 0.0])
    assert path.status is gd.Status.MAX_STEPS
    assert (path.gaps[:2] <= 1e-3 * path.values[:2]).all()
    assert np.isnan(path.gaps[2])


# ---- laws ----


@pytest.mark.parametrize("regularizer", [gd.L2(1.0), gd.L1(1.0), gd.ElasticNet(1.0, 0.5)], ids=repr)
@pytest.mark.parametrize("make", [squares, lambda r: classes(gd.CrossEntropy(), r)], ids=["squares", "softmax"])
def test_the_laws_of_a_path(make, regularizer):
    """A smaller strength gives a smaller objective and a larger penalty; the order of the strengths is irrelevant."""
    objective = make(regularizer)
    strengths = [0.3, 0.01, 0.1]
    path = gd.regularization_path(objective, strengths, tol=1e-5)
    again = gd.regularization_path(objective, np.array(strengths[::-1]), tol=1e-5)
    assert path.strengths.tolist() == [0.3, 0.1, 0.01]
    assert (np.diff(path.values) < 0).all()
    penalties = [regularizer.value(w[:, :-1]) for w in path.W]
    assert (np.diff(penalties) > 0).all()
    assert path.W.tobytes() == again.W.tobytes()


@pytest.mark.parametrize("make", [squares, lambda r: classes(gd.CrossEntropy(), r)], ids=["squares", "softmax"])
def test_the_same_bits_with_any_number_of_threads(make):
    before, found = gd.get_num_threads(), []
    try:
        for threads in (1, 3):
            gd.set_num_threads(threads)
            found.append(gd.regularization_path(make(gd.L2(1.0)), 4).W.tobytes())
    finally:
        gd.set_num_threads(before)
    assert found[0] == found[1]


def test_the_grid_of_l2_begins_where_weights_are_nearly_0():
    path = gd.regularization_path(squares(gd.L2(1.0)), 9)
    assert path.strengths[-1] == pytest.approx(1e-8 * path.strengths[0])
    assert np.abs(path.W[0, :, :-1]).max() < 0.01 * np.abs(path.W[-1, :, :-1]).max()
    np.testing.assert_allclose(np.diff(np.log(path.strengths)), np.log(0.1), rtol=1e-9)


# ---- bad input ----


@pytest.mark.parametrize(
    ("strengths", "message"),
    [
        ([0.1, -1.0], r"strengths\[1\] is -1"),
        ([0.1, 0.2, 0.1], r"strengths\[2\] is 0.1, as strengths\[0\] is"),
        ([0.1, np.nan], r"strengths\[1\]"),
        ([], "strengths"),
        (0, "strengths must be >= 1"),
        (10**400, "8 GB"),
    ],
)
def test_strengths_that_are_none(strengths, message):
    objective = squares(gd.L2(1.0))
    with pytest.raises(ValueError, match=message):
        gd.regularization_path(objective, strengths)
    assert objective.passes == 0


def test_objectives_without_a_strength():
    with pytest.raises(ValueError, match="must have a regularizer whose strength can vary"):
        gd.regularization_path(squares(None))
    with pytest.raises(ValueError, match=r"strengths must be an array for Hinge\(margin=1.0\)"):
        gd.regularization_path(classes(gd.Hinge(), gd.L1(1.0)))
    with pytest.raises(ValueError, match="both are 0"):
        gd.regularization_path(squares(gd.ElasticNet(0.0, 0.0)))
    with pytest.raises(TypeError, match="objective must be"):
        gd.regularization_path(gd.FunctionObjective(lambda w: 0.0))


def test_print_and_notebook():
    path = gd.regularization_path(squares(gd.L2(1.0)), [1.0, 0.1])
    assert repr(path) == "Path(2 strengths from 1 to 0.1, W of the shape (2, 8), CONVERGED)"
    lines = str(path).splitlines()
    assert lines[1].split() == ["strength", "objective", "gap", "nonzero", "weights"]
    assert len(lines) == 2 + len(path)
    assert "<table" in path._repr_html_()


def test_a_ctrl_c_leaves_the_points_that_were_finished(monkeypatch):
    objective, left = classes(gd.CrossEntropy(), gd.L2(1.0)), [2]
    whole = gd.regularization_path(objective, [1.0, 0.1, 0.01])
    proven = PathDescent.proven

    def interrupted(*arguments, **options):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return proven(*arguments, **options)

    monkeypatch.setattr(PathDescent, "proven", interrupted)
    path = gd.regularization_path(objective, [1.0, 0.1, 0.01])
    assert path.status is gd.Status.INTERRUPTED
    assert path.W.tobytes() == whole.W[:2].tobytes()
    assert len(path.strengths) == len(path.gaps) == len(path) == 2
    with pytest.raises(KeyboardInterrupt):  # nothing is finished
        gd.regularization_path(objective, [1.0, 0.1, 0.01])
