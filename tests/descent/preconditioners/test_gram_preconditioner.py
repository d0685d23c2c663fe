"""The Gram preconditioner: what P is, against NumPy; and what the methods that have one keep of their laws."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent.preconditioners import PreconditionerState, preconditioner_for
from gdfast.objective.linear.inverse_root import InverseRoot
from gdfast.objective.linear.inverse_sketch import InverseSketch

LOSSES = {
    "softmax": gd.CrossEntropy(),
    "squared hinge": gd.SquaredHinge(),
    "hinge": gd.Hinge(),
    "squared error": gd.SquaredError(),
    "Huber": gd.Huber(0.5),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def problem(loss, dtype=np.float64, n=90, d=6, k=3, seed=0, **options):
    """Features of different sizes that correlate."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * np.geomspace(0.05, 3, d) + rng.normal(size=(n, 1))
    if dtype == np.uint8:
        X = np.clip(40 * X + 100, 0, 255)
    y = rng.integers(0, k, n) if loss.classifies else rng.normal(size=(n, k)) + X[:, :1] / X[:, :1].std()
    return gd.LinearObjective(X.astype(dtype), y, loss, options.pop("regularizer", gd.L2(0.01)), **options)


def curvatures(objective, W):
    """The mean of the second derivatives by the scores, by hand."""
    S, y, k = objective.scores(W).astype(np.float64), objective.y, objective.n_classes
    name = type(objective.loss).__name__
    if name == "CrossEntropy":
        p = np.exp(S - S.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return (p - p * p).mean(axis=1)
    if name == "SquaredHinge":
        own = S[np.arange(len(y)), y]
        return np.array([4 * sum(S[i, c] - own[i] + 1 > 0 for c in range(k) if c != y[i]) / k for i in range(len(y))])
    if name == "Huber":
        return np.mean([2 * np.minimum(1, 0.5 / np.abs(S[:, c] - y[:, c])) for c in range(k)], axis=0)
    return np.full(len(S), 2.0 if name == "SquaredError" else 1.0)


def counted_curvatures(objective, W):
    """No row counts as flatter than 0.3 times the mean."""
    found = curvatures(objective, W)
    return np.maximum(found, 0.3 * found.mean())


@every_loss
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"penalize_bias": True}], ids=str)
def test_p_is_the_rows_curvature_and_the_strength(loss, options):
    objective = problem(loss, **options)
    W = np.random.default_rng(1).normal(size=objective.shape)
    Z = objective.X if options == {"bias": False} else np.column_stack([objective.X, np.ones(90)])
    P = (Z * counted_curvatures(objective, W)[:, None] / 90).T @ Z
    free = options == {}
    P[np.diag_indices(len(P) - free)] += 2 * 0.01
    bound = preconditioner_for(gd.GramPreconditioner(), objective, W, None, 1.0)
    V = np.random.default_rng(2).normal(size=objective.shape)
    found = bound.times(V, PreconditionerState(W, 1))
    np.testing.assert_allclose(found, np.linalg.solve(P, V.T).T, rtol=1e-8)


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 1e-5), (np.float64, 1e-12)])
@pytest.mark.parametrize("m", [1, 2, 63, 64, 65, 130, 201])
def test_the_inverse_of_a_matrix(m, dtype, error):
    rng = np.random.default_rng(m)
    A = rng.normal(size=(m, 2 * m))
    P, V = A @ A.T / m, rng.normal(size=(3, m)) * 1e-30
    expected = np.linalg.solve(P, V.T).T
    found = InverseRoot.of(P.copy(), dtype).times(V)
    assert np.abs(found - expected).max() < error * m * np.abs(expected).max()


@pytest.mark.parametrize("case", ["zero column", "duplicate column", "fewer rows than columns", "all zero", "tiny"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_singular_matrix_has_an_answer(case, dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4 if case == "fewer rows than columns" else 60, 6)).astype(dtype)
    if case == "zero column":
        X[:, 2] = 0
    elif case == "duplicate column":
        X[:, 2] = X[:, 3]
    elif case == "all zero":
        X[...] = 0
    elif case == "tiny":
        X *= dtype(1e-18)
    objective = gd.LinearObjective(X, np.arange(len(X)) % 3, gd.CrossEntropy())
    rule = gd.LBFGS(preconditioner=gd.GramPreconditioner())
    start = objective.value(np.zeros(objective.shape, dtype))
    with np.errstate(all="raise"):
        result = gd.minimize(objective, np.zeros(objective.shape, dtype), rule, gd.StrongWolfe(), max_steps=20)
    assert result.status is not gd.Status.DIVERGED
    assert result.value <= start
    assert np.isfinite(result.w).all()


@every_loss
@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
def test_the_minimum_is_that_of_the_plain_method_and_sooner(loss, dtype):
    objective = problem(loss, dtype)
    w0 = np.zeros(objective.shape)
    plain = gd.minimize(objective, w0, gd.LBFGS(), gd.StrongWolfe(), max_steps=400)
    rule = gd.LBFGS(preconditioner=gd.GramPreconditioner())
    found = gd.minimize(objective, w0, rule, gd.StrongWolfe(), max_steps=400)
    if loss == gd.Hinge():  # kinks: neither arrives, both go down
        assert found.value < 0.9 * objective.value(w0)
        return
    assert found.value <= plain.value * (1 + 1e-5)
    assert found.value >= plain.value * (1 - 1e-3)
    assert found.passes < plain.passes


def test_rows_that_are_flat_for_now_do_not_make_steps_too_long():
    digits = gd.datasets.load_digits()
    spread = digits.X.std(axis=0)
    X = ((digits.X - digits.X.mean(axis=0)) / np.where(spread > 0, spread, 1))[:600]
    objective = gd.LinearObjective(X, digits.y[:600], gd.SquaredHinge(), gd.L2(1e-3))
    w0 = np.zeros(objective.shape)
    plain, found = (
        gd.minimize(objective, w0, gd.LBFGS(preconditioner=p), gd.StrongWolfe(), gtol=1e-4, max_steps=1000)
        for p in (None, gd.GramPreconditioner())
    )
    assert found.status is gd.Status.CONVERGED
    assert (
        found.passes < 1.5 * plain.passes
    )  # most rows have left the zone: P of the others alone takes three times as many


def test_objectives_without_a_gram_matrix_are_refused_by_name():
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    with pytest.raises(
        TypeError, match=r"LinearObjective or ChunkedObjective; it is FunctionObjective.*leave the preconditioner out"
    ):
        gd.minimize(bowl, np.ones(3), gd.LBFGS(preconditioner=gd.GramPreconditioner()), gd.StrongWolfe())


def test_mini_batches_are_refused():
    objective = problem(gd.CrossEntropy())
    rule = gd.LBFGS(preconditioner=gd.GramPreconditioner())
    with pytest.raises(ValueError, match="leave batches out"):
        gd.minimize(objective, np.zeros(objective.shape), rule, 0.1, batches=10)


RULES = {
    "L-BFGS": gd.LBFGS(memory=4, preconditioner=gd.GramPreconditioner(rows=50)),
    "conjugate gradients": gd.NonlinearConjugateGradient(preconditioner=gd.GramPreconditioner(rows=50)),
    "Newton": gd.Newton(preconditioner=gd.GramPreconditioner(rows=50)),
}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


@every_rule
@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.SquaredHinge(), gd.SquaredError(), gd.Huber(0.5)], ids=repr)
def test_every_method_arrives(rule, loss):
    objective = problem(loss, regularizer=gd.L2(0.02))
    w0 = np.zeros(objective.shape)
    best = gd.minimize(objective, w0, gd.LBFGS(), gd.StrongWolfe(), gtol=1e-10, max_steps=3000).value
    found = gd.minimize(objective, w0, rule, gd.StrongWolfe(curvature=0.1), gtol=1e-7, max_steps=200)
    assert found.status is gd.Status.CONVERGED
    assert found.value == pytest.approx(best, rel=1e-9)


@every_rule
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "CSR"])
def test_sample_weights_mean_and_scale_are_seen(rule, sparse):
    from scipy.sparse import csr_array

    rng = np.random.default_rng(3)
    X, weights, scale = rng.normal(size=(80, 5)) * (rng.random((80, 5)) < 0.6), rng.random(80), np.arange(1.0, 6)
    y = rng.integers(0, 3, 80)
    options = {"sample_weight": weights, "scale": scale} | ({} if sparse else {"mean": X.mean(axis=0)})
    given = gd.LinearObjective(csr_array(X) if sparse else X, y, gd.CrossEntropy(), gd.L2(0.01), **options)
    seen = (X - (0 if sparse else X.mean(axis=0))) / scale
    plain = gd.LinearObjective(seen, y, gd.CrossEntropy(), gd.L2(0.01), sample_weight=weights)
    w0 = np.zeros(given.shape)
    a, b = (gd.minimize(o, w0, rule, gd.StrongWolfe(), max_steps=4, gtol=0).w for o in (given, plain))
    # Softmax does not know a move that all classes share, and rounding along it is free.
    np.testing.assert_allclose(a - a.mean(axis=0), b - b.mean(axis=0), rtol=1e-4, atol=1e-6)


@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_checkpoint_in_every_phase_goes_on_to_the_same_bits(rule, dtype, tmp_path):
    """Before the first renewal, at it, and after it."""
    objective = problem(gd.CrossEntropy(), dtype, regularizer=gd.L2(1e-6))
    w0, path = np.zeros(objective.shape, dtype), tmp_path / "run.npz"
    settings = {"optimizer": rule, "step": gd.StrongWolfe(), "gtol": 0.0}
    whole = gd.minimize(objective, w0, **settings, max_steps=12)
    for k in range(1, whole.steps):
        gd.minimize(objective, w0, **settings, max_steps=k, checkpoint=gd.Checkpoint(path, every=100))
        found = gd.resume(path, objective, max_steps=12)
        assert np.array_equal(found.w, whole.w), k
        assert np.array_equal(found.history.values, whole.history.values), k


def test_p_is_made_anew_once_the_curvature_has_changed():
    """Separable classes: probabilities go to 0 and 1."""
    X = np.random.default_rng(0).normal(size=(200, 4))
    objective = gd.LinearObjective(X, (X[:, 0] > 0).astype(int), gd.CrossEntropy(), gd.L2(1e-6))
    for renew in (False, True):
        bound = preconditioner_for(gd.GramPreconditioner(renew=renew), objective, np.zeros(objective.shape), None, 1.0)
        state = bound.renewed(np.zeros(objective.shape), bound.init(np.zeros(objective.shape)), 0)
        assert state.made == 1
        far = np.zeros(objective.shape)
        far[:, 0] = [-20, 20]
        assert bound.renewed(far, state, 7) is state
        assert bound.renewed(0.01 * far, state, 8) is state
        assert bound.renewed(far, state, 8).made == 1 + renew


def test_p_is_made_anew_where_other_rows_bend_the_loss_though_as_many_do():
    digits = gd.datasets.load_digits()
    X, y = digits.X[:600, 10:40].astype(float), digits.y[:600].astype(float)
    objective = gd.LinearObjective(X, y, gd.Huber(0.02), gd.L2(1e-4))
    w0 = np.zeros(objective.shape)
    fixed, renewed = (
        gd.minimize(objective, w0, gd.LBFGS(preconditioner=p), gd.StrongWolfe(), gtol=1e-5, max_steps=400)
        for p in (gd.GramPreconditioner(rows=600, renew=False), gd.GramPreconditioner(rows=600))
    )
    assert renewed.status is gd.Status.CONVERGED
    assert renewed.passes < 0.7 * fixed.passes


def test_the_sample_is_that_of_the_seed():
    objective = problem(gd.CrossEntropy(), n=300)
    w0 = np.zeros(objective.shape)
    runs = [
        gd.minimize(objective, w0, gd.LBFGS(preconditioner=gd.GramPreconditioner(40, seed=seed)), 1.0, max_steps=1).w
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def wide_problem(n, strength=1e-4, **options):
    from scipy.sparse import random_array

    X = random_array((n, 12_000), density=0.001, rng=np.random.default_rng(0), format="csr")
    return gd.LinearObjective(X, np.arange(n) % 3, gd.CrossEntropy(), gd.L2(strength), **options)


def test_of_few_rows_a_sketch_is_the_matrix_but_for_a_part_of_its_diagonal():
    objective = wide_problem(20)
    W = np.random.default_rng(1).normal(size=objective.shape) * 0.1
    bound = preconditioner_for(gd.GramPreconditioner(), objective, np.zeros(objective.shape), None, 1.0)
    found = bound.times(W, PreconditionerState(W, 1))
    c, Z = counted_curvatures(objective, W) / 20, np.column_stack([objective.X.toarray(), np.ones(20)])
    diagonal = c @ Z**2
    P_found = (found @ Z.T * c) @ Z + found * (1e-3 * diagonal + 2e-4 * (np.arange(12_001) < 12_000))
    empty = diagonal == 0
    np.testing.assert_allclose(P_found[:, ~empty], W[:, ~empty], rtol=1e-6, atol=1e-7)


def test_a_run_with_a_sketch_goes_on_to_the_same_bits_and_to_the_optimum(tmp_path):
    import scipy.optimize

    path, w0 = tmp_path / "run.npz", np.zeros((3, 12_001))
    settings = {"optimizer": gd.LBFGS(3, gd.GramPreconditioner()), "step": gd.StrongWolfe(), "gtol": 1e-7}
    whole = gd.minimize(wide_problem(60, 1e-2), w0, max_steps=30, **settings)
    gd.minimize(wide_problem(60, 1e-2), w0, max_steps=4, checkpoint=gd.Checkpoint(path), **settings)
    found = gd.resume(path, wide_problem(60, 1e-2), max_steps=30)
    assert found.steps > 4
    assert np.array_equal(found.w, whole.w)
    value, gradient = gd.to_scipy(wide_problem(60, 1e-2))
    peer = scipy.optimize.minimize(
        value, w0.ravel(), jac=gradient, method="L-BFGS-B", options={"ftol": 0, "gtol": 1e-7}
    )
    assert whole.value == pytest.approx(peer.fun, rel=1e-8)


def test_a_run_with_a_sketch_gives_the_same_bits_on_any_number_of_threads():
    before, found = gd.get_num_threads(), []
    try:
        for threads in (1, 2):
            gd.set_num_threads(threads)
            objective = wide_problem(60, 1e-3)
            rule = gd.LBFGS(3, gd.GramPreconditioner())
            found.append(gd.minimize(objective, np.zeros(objective.shape), rule, gd.StrongWolfe(), max_steps=6).w)
    finally:
        gd.set_num_threads(before)
    assert np.array_equal(*found)


@pytest.mark.parametrize("strength", [0.0, 1e-3])
@pytest.mark.parametrize("m", [1, 2, 7, 300])
def test_the_inverse_of_a_diagonal_and_columns(m, strength):
    rng = np.random.default_rng(m)
    B, rest, V = rng.normal(size=(m, 3)), rng.uniform(0.1, 1, m), rng.normal(size=(4, m))
    diagonal, ridge = rest + (B**2).sum(axis=1), np.full(m, strength)
    P = B @ B.T + np.diag(np.maximum(rest, 1e-3 * diagonal) + strength)
    np.testing.assert_allclose(InverseSketch.of(diagonal, ridge, B).times(V), np.linalg.solve(P, V.T).T, rtol=1e-9)


def test_columns_without_entries_have_an_answer():
    found = InverseSketch.of(np.array([0.0, 2.0, 4.0]), np.zeros(3), np.zeros((3, 2)))
    np.testing.assert_allclose(found.times(np.ones((1, 3))), [[1 / 3, 1 / 2, 1 / 4]])


def test_wide_x_takes_a_sketch_and_a_matrix_that_was_asked_for_is_refused():
    objective = wide_problem(60)
    w0 = np.zeros(objective.shape)
    rule = gd.LBFGS(preconditioner=gd.GramPreconditioner())
    found = gd.minimize(objective, w0, rule, gd.StrongWolfe(), max_steps=8)
    assert found.value < 0.3 * objective.value(w0)
    rule = gd.LBFGS(preconditioner=gd.GramPreconditioner(rows=10))
    with pytest.raises(ValueError, match=r"rows asks for a matrix of 12,001 x 12,001.*4\.6 GB.*leave rows out"):
        gd.minimize(objective, w0, rule, gd.StrongWolfe())
    assert objective.passes < 60


@pytest.mark.parametrize("rule", [gd.LBFGS(), gd.NonlinearConjugateGradient(), *RULES.values()], ids=repr)
@pytest.mark.parametrize("regularizer", [gd.L1(0.1), gd.ElasticNet(0.1, 0.1)], ids=repr)
def test_l1_is_refused_by_name(rule, regularizer):
    objective = problem(gd.CrossEntropy(), regularizer=regularizer)
    with pytest.raises(ValueError, match=type(regularizer).__name__):
        gd.minimize(objective, np.zeros(objective.shape), rule, gd.StrongWolfe())
    assert objective.passes == 0


@every_rule
def test_what_is_not_for_it_is_refused(rule):
    objective = problem(gd.CrossEntropy())
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    with pytest.raises(TypeError, match=r"LinearObjective or ChunkedObjective; it is FunctionObjective"):
        gd.minimize(bowl, np.ones(3), rule, gd.StrongWolfe())
    with pytest.raises(ValueError, match="use minimize"):
        gd.maximize(objective, np.zeros(objective.shape), rule, gd.StrongWolfe())
    with pytest.raises(TypeError, match=r"make an instance: GramPreconditioner\(\)"):
        type(rule)(preconditioner=gd.GramPreconditioner)
    point, state = np.zeros(objective.shape), rule.init(np.zeros(objective.shape))
    unbound = (rule.direction, objective, 0, point) if isinstance(rule, gd.Newton) else (rule.update, point)
    with pytest.raises(ValueError, match="bind"):
        unbound[0](*unbound[1:], *((state,) if isinstance(rule, gd.Newton) else (state, point)))


@every_rule
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_state_from_outside_is_checked(rule, number):
    objective = problem(gd.CrossEntropy())
    w0 = np.zeros(objective.shape)
    bound = rule.bind(objective, w0, None, 1.0)
    state = bound.init(w0)
    bound.check_state(objective, w0, state)
    with pytest.raises(ValueError, match="finite"):
        bound.check_state(objective, w0, state._replace(preconditioner=PreconditionerState(w0 + number, 1)))
    with pytest.raises(ValueError, match="must be"):
        bound.check_state(objective, w0, state._replace(preconditioner=PreconditionerState(w0[:1], 1)))
