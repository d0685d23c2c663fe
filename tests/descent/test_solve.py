"""gd.solve: what it proves is true, for every loss, regularizer and type of X; how it chooses, ends and goes on."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse

import gdfast as gd

LOSSES = [gd.CrossEntropy(), gd.SquaredHinge(), gd.Hinge(), gd.SquaredError(), gd.Huber(0.7)]
TYPES = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "uint8": np.uint8,
    "csr": scipy.sparse.csr_array,
}


def problem(loss, regularizer, kind="float64", n=60, d=5, **options):
    rng = np.random.default_rng(7)
    X = rng.integers(0, 9, size=(n, d)).astype(np.float64)
    y = rng.integers(0, 3, size=n) if loss.classifies else X[:, :2] @ rng.normal(size=(2, 2)) + rng.normal(size=(n, 2))
    return gd.LinearObjective(
        TYPES[kind](X) if kind == "csr" else X.astype(TYPES[kind]), y, loss, regularizer, **options
    )


def least(objective, start):
    """The lowest value that a general minimiser finds from there, in float64."""
    return min(
        scipy.optimize.minimize(
            lambda w: objective.value(w.reshape(objective.shape)),
            start.ravel(),
            method=method,
            options={"maxiter": 300},
        ).fun
        for method in ("Powell", "BFGS")
    )


@pytest.mark.parametrize("bias", [{}, {"penalize_bias": True}, {"bias": False}], ids=["free", "penalised", "none"])
@pytest.mark.parametrize("regularizer", [gd.L2(0.01), gd.L1(0.02), gd.ElasticNet(0.02, 0.01)], ids=repr)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_what_is_proven_is_true(loss, regularizer, bias):
    if loss.has_kinks and regularizer != gd.L2(0.01):
        pytest.skip("the hinge with L1 has no method that proves")
    objective = problem(loss, regularizer, **bias)
    result = gd.solve(objective, 1e-6)
    assert result.status is gd.Status.CONVERGED, str(result)
    assert result.duality_gap <= 1e-6 * result.value
    assert result.value == pytest.approx(objective.value(result.w), rel=1e-12)
    assert least(objective, result.w) >= result.value - result.duality_gap - 1e-12
    assert result.method
    assert result.method in str(result)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_every_type_of_x_has_the_same_optimum(loss, kind):
    objective = problem(loss, gd.L2(0.05), kind)
    result = gd.solve(objective, 1e-5)
    assert result.status is gd.Status.CONVERGED, str(result)
    expected = gd.solve(problem(loss, gd.L2(0.05)), 1e-7).value
    assert expected * (1 - 2e-7) <= result.value + 1e-6 * expected
    assert result.value <= expected * (1 + 2e-5)


@pytest.mark.parametrize(
    ("objective", "word"),
    [
        (problem(gd.SquaredError(), gd.L2(0.1)), "closed form"),
        (problem(gd.CrossEntropy(), gd.L2(0.1)), "preconditioned"),
        (problem(gd.CrossEntropy(), gd.L1(0.1)), "Coordinate descent"),
        (problem(gd.Hinge(), gd.L2(10.0)), "Dual coordinate ascent"),
        (problem(gd.Hinge(), gd.L2(1e-4)), "Semismooth Newton"),
        (gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w), "value and gradient alone"),
    ],
)
def test_the_method_is_named(objective, word):
    assert word in gd.solve(objective, 0.01, w0=np.full(getattr(objective, "shape", (3,)), 0.0)).method


def test_the_number_of_threads_changes_no_bit():
    before = gd.get_num_threads()
    try:
        found = []
        for threads in (1, 2, 3):
            gd.set_num_threads(threads)
            found.append(gd.solve(problem(gd.CrossEntropy(), gd.L2(0.001), "float32", n=3000, d=20), 1e-6))
    finally:
        gd.set_num_threads(before)
    assert all(np.array_equal(found[0].w, other.w) for other in found[1:])
    assert len({result.passes for result in found}) == 1


@pytest.mark.parametrize(
    ("loss", "regularizer", "kind"),
    [
        (gd.CrossEntropy(), gd.L2(1e-4), "float32"),
        (gd.SquaredHinge(), gd.L2(1e-4), "float64"),
        (gd.Hinge(), gd.L2(0.05), "float64"),
        (gd.CrossEntropy(), gd.L1(1e-3), "float64"),
    ],
    ids=lambda part: getattr(part, "name", None),
)
def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path, loss, regularizer, kind):
    objective = problem(loss, regularizer, kind)
    whole = gd.solve(objective, 1e-7)
    assert whole.status is gd.Status.CONVERGED
    for stop in range(1, whole.steps, max(1, whole.steps // 6)):
        saved = gd.Checkpoint(tmp_path / f"{stop}.npz", every=1)
        gd.solve(objective, 1e-7, callback=lambda k, w, value, stop=stop: k == stop, checkpoint=saved)
        result = gd.resume(saved.path, objective)
        assert np.array_equal(result.w, whole.w), stop
        assert (result.status, result.steps, result.method) == (whole.status, whole.steps, whole.method)


def test_a_limit_of_passes_ends_it():
    result = gd.solve(problem(gd.CrossEntropy(), gd.L2(1e-6), n=500, d=20), 1e-9, max_passes=3)
    assert result.status is gd.Status.MAX_STEPS
    assert result.passes <= 12
    assert "max_passes" in str(result)


def test_without_an_optimum_it_says_so():
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    result = gd.solve(gd.LinearObjective(X, y, gd.CrossEntropy()))
    assert result.status is gd.Status.DIVERGED
    assert "separable" in str(result)


def test_nothing_is_claimed_where_nothing_is_proven():
    objective = gd.FunctionObjective(lambda w: float((w - 3) @ (w - 3)) + 1, lambda w: 2 * (w - 3))
    result = gd.solve(objective, w0=np.zeros(2))
    assert result.status is gd.Status.CONVERGED
    assert result.duality_gap is None
    assert "nothing is proven" in str(result)
    assert result.w == pytest.approx([3, 3])


def test_duplicate_and_constant_columns_are_no_obstacle():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    X = np.column_stack([X, X[:, :1], np.ones(40), np.zeros(40)])
    objective = gd.LinearObjective(X, rng.integers(0, 3, 40), gd.CrossEntropy(), gd.L2(1e-6))
    assert gd.solve(objective).status is gd.Status.CONVERGED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tol": 0}, "tol must be"),
        ({"tol": np.nan}, "tol must be"),
        ({"max_passes": 0}, "max_passes must be"),
        ({"w0": np.zeros((2, 2))}, "w0 must"),
    ],
)
def test_bad_arguments_are_named_before_any_work(arguments, message):
    objective = problem(gd.CrossEntropy(), gd.L2(0.1))
    with pytest.raises(ValueError, match=message):
        gd.solve(objective, **arguments)
    assert objective.passes == 0


def test_an_objective_without_a_shape_needs_a_start():
    with pytest.raises(ValueError, match="w0 must be given"):
        gd.solve(gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w))
