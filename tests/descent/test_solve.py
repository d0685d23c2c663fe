"""gd.solve: what it proves is true, for every loss, regularizer and type of X; how it chooses, ends and goes on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse

import gdfast as gd
from gdfast.descent.checkpoints import KIND, VERSION
from gdfast.files.saved_arrays import load_arrays
from interrupts import PATIENCE, interrupted
from optima import Small
from reference import LinearProblem

LOSSES = [gd.CrossEntropy(), gd.SquaredHinge(), gd.Hinge(), gd.SquaredError(), gd.Huber(0.7)]
REGULARIZERS = [gd.L2(0.01), gd.L1(0.02), gd.ElasticNet(0.02, 0.01)]
PROVEN = [  # the hinge with L1 has no method that proves
    pytest.param(loss, regularizer, id=f"{loss.name}-{regularizer!r}")
    for loss, regularizer in itertools.product(LOSSES, REGULARIZERS)
    if not (loss.has_kinks and regularizer.gives_zeros)
]
TYPES = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "uint8": np.uint8,
    "csr": scipy.sparse.csr_array,
}
BIASES = {"free": {}, "penalised": {"penalize_bias": True}, "none": {"bias": False}}
FLOAT32 = 3e-7  # of a value that is computed in float32
each_bias = pytest.mark.parametrize("bias", BIASES.values(), ids=BIASES)


def data(loss, n=60, d=5):
    """Small integers, which every type holds, and labels of 3 classes or 2 targets."""
    rng = np.random.default_rng(7)
    X = rng.integers(0, 9, size=(n, d)).astype(np.float64)
    y = rng.integers(0, 3, size=n) if loss.classifies else X[:, :2] @ rng.normal(size=(2, 2)) + rng.normal(size=(n, 2))
    return X, y


def problem(loss, regularizer, kind="float64", n=60, d=5, **options):
    X, y = data(loss, n, d)
    X = TYPES[kind](X) if kind == "csr" else X.astype(TYPES[kind])
    return gd.LinearObjective(X, y, loss, regularizer, **options)


def oracle(loss, regularizer, n=60, d=5, index=slice(None), **options):
    """The same problem by `reference`, and its optimum by `optima`: (problem, value)."""
    X, y = data(loss, n, d)
    l1 = regularizer.strength if isinstance(regularizer, gd.L1) else getattr(regularizer, "l1", 0.0)
    l2 = regularizer.strength if isinstance(regularizer, gd.L2) else getattr(regularizer, "l2", 0.0)
    margin = loss.delta if isinstance(loss, gd.Huber) else loss.margin
    known = LinearProblem(X[index], y[index], loss.name, margin, l1, l2, **options)
    small = Small(known, 3 if loss.classifies else 2)
    return small, small.optimum()[1]


def proven_share(result, small, optimum, rounding=1e-12):
    """The gap that it has proven, as a share of its value, once all that it says is seen to be true.

    That is its value, that it has converged, and a bound that the optimum is not below. The optimum that is found
    otherwise is not below the true one, and must not be above ours.
    """
    assert result.status is gd.Status.CONVERGED, str(result)
    value, share = small.value(result.w), result.duality_gap / result.value
    assert result.value == pytest.approx(value, rel=rounding)
    assert optimum <= value * (1 + 1e-10)
    assert result.value - result.duality_gap <= optimum * (1 + 1e-12)
    assert value <= optimum * (1 + 1.01 * share) + rounding * value
    return share


@each_bias
@pytest.mark.parametrize(("loss", "regularizer"), PROVEN)
def test_what_is_proven_is_true(loss, regularizer, bias):
    objective = problem(loss, regularizer, n=30, d=4, **bias)
    result = gd.solve(objective, 1e-6)
    assert proven_share(result, *oracle(loss, regularizer, n=30, d=4, **bias)) <= 1e-6
    assert result.method
    assert result.method in str(result)


@each_bias
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_weights_mean_and_scale_are_part_of_the_problem(loss, bias):
    rng = np.random.default_rng(0)
    options = bias | {
        "sample_weight": np.where(rng.random(30) < 0.2, 0, rng.uniform(0.5, 2, 30)),
        "mean": rng.normal(size=4) + 4,
        "scale": rng.uniform(0.5, 3, 4),
    }
    result = gd.solve(problem(loss, gd.L2(0.01), "float32", n=30, d=4, **options), 1e-6)
    assert proven_share(result, *oracle(loss, gd.L2(0.01), n=30, d=4, **options), rounding=FLOAT32) <= 1e-6


@pytest.mark.parametrize(("loss", "regularizer"), PROVEN)
def test_some_rows_of_an_objective_are_an_objective(loss, regularizer):
    index = np.arange(3, 60, 2)
    result = gd.solve(problem(loss, regularizer, "float32").rows(index), 1e-5)
    assert proven_share(result, *oracle(loss, regularizer, index=index), rounding=FLOAT32) <= 1e-5


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_every_type_of_x_has_the_same_optimum(loss, kind):
    result = gd.solve(problem(loss, gd.L2(0.05), kind), 1e-7)
    assert proven_share(result, *oracle(loss, gd.L2(0.05)), rounding=1e-12) <= 1e-7


def test_a_hinge_with_l1_goes_down_and_claims_no_more_than_it_knows():
    result = gd.solve(problem(gd.Hinge(), gd.L1(0.02), n=30, d=4), 1e-3, max_passes=300)
    _, optimum = oracle(gd.Hinge(), gd.L1(0.02), n=30, d=4)
    assert result.value - result.duality_gap <= optimum * (1 + 1e-9)
    assert optimum * (1 - 1e-9) <= result.value < 2.0


@pytest.mark.parametrize(
    ("objective", "word"),
    [
        (problem(gd.SquaredError(), gd.L2(0.1)), "closed form"),
        (problem(gd.CrossEntropy(), gd.L2(0.1)), "preconditioned"),
        (problem(gd.CrossEntropy(), gd.L1(0.1)), "Coordinate descent"),
        (problem(gd.Hinge(), gd.L2(10.0)), "Dual coordinate ascent"),
        (problem(gd.Hinge(), gd.L2(1e-4)), "Semismooth Newton"),
        (problem(gd.Hinge(), None), "kinks"),
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


@each_bias
@pytest.mark.parametrize("tol", [1e-3, 1e-8])
def test_squared_errors_of_many_rows_go_by_passes(bias, tol):
    rng = np.random.default_rng(3)
    X = (rng.normal(size=(1300, 60)) @ rng.normal(size=(60, 60))).astype(np.float32)
    y = X[:, 0] - X[:, 1] + rng.normal(size=1300)
    narrow = gd.LinearObjective(X, y, gd.SquaredError(), gd.L2(1e-3), **bias)
    wide = gd.LinearObjective(X.astype(np.float64), y, gd.SquaredError(), gd.L2(1e-3), **bias)
    result = gd.solve(narrow, tol)
    assert "L-BFGS" in result.method
    assert "closed form" in gd.solve(wide, tol).method
    optimum = wide.value(wide.solve())
    assert result.status is gd.Status.CONVERGED
    assert result.duality_gap <= tol * result.value
    assert result.value - result.duality_gap <= optimum * (1 + 1e-12)
    assert optimum <= wide.value(result.w) * (1 + 1e-12) <= optimum * (1 + 1.01 * tol)


# ---- what stalls in float32 ----

IN_FLOAT64 = [
    (gd.CrossEntropy(), gd.L2(1e-4), 1e-9),
    (gd.SquaredHinge(), gd.L2(1e-4), 1e-9),
    (gd.Huber(0.7), gd.L2(1e-4), 1e-9),
    (gd.CrossEntropy(), gd.ElasticNet(1e-2, 1e-3), 1e-9),
    (gd.Hinge(), gd.L2(1e-3), 1e-9),  # semismooth Newton
    (gd.Hinge(), gd.L2(2.0), 1e-7),  # dual coordinate ascent
]
each_in_float64 = pytest.mark.parametrize(
    ("loss", "regularizer", "tol"), IN_FLOAT64, ids=[f"{loss.name}-{penalty!r}" for loss, penalty, _ in IN_FLOAT64]
)


@each_bias
@each_in_float64
def test_what_float32_cannot_prove_is_proven_in_float64(loss, regularizer, tol, bias):
    result = gd.solve(problem(loss, regularizer, "float32", **bias), tol)
    assert "went on in float64 arithmetic" in str(result)
    assert proven_share(result, *oracle(loss, regularizer, **bias)) <= tol
    wide = gd.solve(problem(loss, regularizer, **bias), tol)
    assert "float64" not in str(wide)
    assert result.passes < 3 * wide.passes


@each_in_float64
def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path, loss, regularizer, tol):
    objective = problem(loss, regularizer, "float32")
    whole = gd.solve(objective, tol)
    assert whole.status is gd.Status.CONVERGED
    tails = []
    last = whole.steps + 1  # which does not come: the run has ended by itself
    for stop in sorted({*range(1, whole.steps, max(1, whole.steps // 5)), whole.steps - 1, whole.steps, last}):
        saved = gd.Checkpoint(tmp_path / f"{stop}.npz", every=stop)
        gd.solve(objective, tol, callback=lambda k, w, value, stop=stop: k == stop, checkpoint=saved)
        tails.append(load_arrays(saved.path, KIND, VERSION)[1]["in_float64"])
        result = gd.resume(saved.path, problem(loss, regularizer, "float32"))
        assert np.array_equal(result.w, whole.w), stop
        assert (result.status, result.steps, result.method) == (whole.status, whole.steps, whole.method)
        assert result.duality_gap == whole.duality_gap
    assert tails == sorted(tails)
    assert tails[0] is False
    assert tails[-1] is True
    # Coordinate descent has nothing left to do in float64.
    assert tails[-3] is not regularizer.gives_zeros


# ---- how it ends ----


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


def test_a_loss_of_0_is_at_its_optimum():
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    result = gd.solve(gd.LinearObjective(X, y, gd.Hinge()))
    assert result.status is gd.Status.CONVERGED
    assert (result.value, result.duality_gap) == (0, 0)
    assert "proven to be within 0 " in str(result)


def test_nothing_is_claimed_where_nothing_is_proven():
    objective = gd.FunctionObjective(lambda w: float((w - 3) @ (w - 3)) + 1, lambda w: 2 * (w - 3))
    result = gd.solve(objective, w0=np.zeros(2))
    assert result.status is gd.Status.CONVERGED
    assert result.duality_gap is None
    assert "nothing is proven" in str(result)
    assert result.w == pytest.approx([3, 3])


def below_zero(scores, y):
    """Squared error less its value at scores of 0: an own loss need not be >= 0."""
    y = y.reshape(scores.shape)
    return ((scores - y) ** 2 - y**2).sum(axis=1), 2 * (scores - y)


@pytest.mark.parametrize("regularizer", [None, gd.L2(0.01), gd.L1(0.01)], ids=repr)
@pytest.mark.parametrize("curvature", [2.0, None])
def test_an_own_loss_goes_to_its_optimum_and_proves_nothing(regularizer, curvature):
    """It is 0 where the run starts, as no loss of the library is but at its optimum."""
    X, y = data(gd.SquaredError())
    own = gd.ScoreLoss(below_zero, classifies=False, curvature=curvature)
    if curvature is None and regularizer == gd.L1(0.01):
        with pytest.raises(TypeError, match="says its curvature"):
            gd.solve(gd.LinearObjective(X, y, own, regularizer))
        return
    result = gd.solve(gd.LinearObjective(X, y, own, regularizer), 1e-7)
    known = gd.solve(gd.LinearObjective(X, y, gd.SquaredError(), regularizer), 1e-9)
    assert result.status is gd.Status.CONVERGED
    assert result.duality_gap is None
    assert "nothing is proven" in str(result)
    assert result.value == pytest.approx(known.value - (y**2).sum(axis=1).mean(), rel=1e-6)


class Quartic:
    """A regularizer of the user's."""

    def value(self, w):
        return 0.01 * float((w**4).sum())

    def gradient(self, w):
        return 0.04 * w**3


def test_a_regularizer_of_the_users():
    X, y = data(gd.CrossEntropy())
    result = gd.solve(gd.LinearObjective(X, y, gd.CrossEntropy(), Quartic()), 1e-7)
    small = Small(LinearProblem(X, y, gd.CrossEntropy.name), 3)
    assert result.status is gd.Status.CONVERGED
    assert "own regularizer" in result.method
    assert result.duality_gap is None
    found = scipy.optimize.minimize(
        lambda w: small.value(w.reshape(3, 6)) + 0.01 * (w.reshape(3, 6)[:, :-1] ** 4).sum(),
        np.zeros(18),
        options={"gtol": 1e-7},
    )
    assert result.value == pytest.approx(found.fun, rel=1e-6)


def test_duplicate_and_constant_columns_are_no_obstacle():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    X = np.column_stack([X, X[:, :1], np.ones(40), np.zeros(40)])
    objective = gd.LinearObjective(X, rng.integers(0, 3, 40), gd.CrossEntropy(), gd.L2(1e-6))
    assert gd.solve(objective).status is gd.Status.CONVERGED


@pytest.mark.parametrize(
    ("loss", "limit", "made_by"),
    [
        (
            gd.CrossEntropy(),
            "descent.preconditioners.gram_preconditioner.MOST_BYTES",
            "objective.linear.row_curvatures.gram",
        ),
        (
            gd.Hinge(),
            "descent.optimizers.semismooth_newton.COLUMNS_MOST",
            "descent.optimizers.semismooth_newton.gram_of",
        ),
    ],
    ids=["smooth", "hinge"],
)
def test_columns_beyond_a_matrix_have_its_diagonal(monkeypatch, loss, limit, made_by):
    def refused(*arguments):
        raise AssertionError("a matrix is made")

    monkeypatch.setattr(f"gdfast.{limit}", 4)
    monkeypatch.setattr(f"gdfast.{made_by}", refused)
    result = gd.solve(problem(loss, gd.L2(1e-2)), 1e-5)
    assert proven_share(result, *oracle(loss, gd.L2(1e-2))) <= 1e-5


LASTING = {
    "the Gram matrix": "(60_000, 2_000), np.float32, gd.CrossEntropy(), 1.0",
    "its factor": "(2_000, 4_000), np.float32, gd.CrossEntropy(), 1.7",
    "the closed form": "(4_000, 3_000), np.float64, gd.SquaredError(), 0.5",
    "the hinge's dual": "(100_000, 200), np.float32, gd.Hinge(), 0.5",
}


@pytest.mark.parametrize("name", LASTING)
def test_a_ctrl_c_is_answered_at_once(name):
    told = interrupted(
        f"""
        shape, dtype, loss, seconds = {LASTING[name]}
        X = np.random.default_rng(0).random(shape, dtype=np.float32).astype(dtype)
        y = np.arange(len(X)) % 10
        objective = gd.LinearObjective(X, y if loss.classifies else X[:, 0], loss, gd.L2(1e-6))
        gd.solve  # imported before
        press_after(seconds)
        result = gd.solve(objective, 1e-12)
        tell(status=result.status.name, finite=bool(np.isfinite(result.w).all()), text=str(result))
        os._exit(0)
        """
    )
    assert told["status"] == "INTERRUPTED"
    assert told["finite"]
    assert told["text"].startswith(gd.Status.INTERRUPTED.value)
    assert told["seconds"] < PATIENCE


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
