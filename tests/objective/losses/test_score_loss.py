"""A loss written in NumPy does all that the compiled loss of its formula does, but for what only that one knows."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference
from gdfast.objective import capabilities
from rays import Plain

N, D, K = 40, 6, 4


def hinge(scores, y, margin=1.0):
    rows = np.arange(len(scores))
    terms = scores - scores[rows, y][:, None] + margin
    terms[rows, y] = 0
    counts = (terms > 0).astype(float)
    counts[rows, y] = -counts.sum(axis=1)
    return np.maximum(terms, 0).sum(axis=1), counts


def squared_hinge(scores, y):
    rows = np.arange(len(scores))
    terms = np.maximum(scores - scores[rows, y][:, None] + 1, 0)
    terms[rows, y] = 0
    gradient = 2 * terms
    gradient[rows, y] = -gradient.sum(axis=1)
    return (terms**2).sum(axis=1), gradient


def softmax(scores, y):
    rows = np.arange(len(scores))
    scores = scores - scores.max(axis=1, keepdims=True)
    total = np.exp(scores).sum(axis=1)
    p = np.exp(scores) / total[:, None]
    losses = np.log(total) - scores[rows, y]
    p[rows, y] -= 1
    return losses, p


def squared_error(scores, y):
    y = y.reshape(scores.shape)
    return ((scores - y) ** 2).sum(axis=1), 2 * (scores - y)


TWINS = {
    "hinge": (gd.Hinge(), gd.ScoreLoss(hinge, curvature=K / 2)),
    "squared hinge": (gd.SquaredHinge(), gd.ScoreLoss(squared_hinge, curvature=2.0 * K)),
    "softmax": (gd.CrossEntropy(), gd.ScoreLoss(softmax, curvature=0.5)),
    "squared error": (gd.SquaredError(), gd.ScoreLoss(squared_error, classifies=False, curvature=2.0)),
}
each = pytest.mark.parametrize("name", TWINS)
KINDS = ["float64", "float32", "uint8", "csr64", "csr32"]
TOLERANCE = {"float64": 1e-12, "csr64": 1e-12, "float32": 2e-5, "uint8": 2e-5, "csr32": 2e-5}


def twins(name, kind="float64", seed=0, n=N, batch=False, regularizer=None, **options):
    """The same objective with the compiled loss and with NumPy's; weights and two directions."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 256, (n, D)).astype(np.uint8) if kind == "uint8" else rng.normal(size=(n, D))
    if kind == "float32":
        X = X.astype(np.float32)
    if kind.startswith("csr"):
        X = scipy.sparse.csr_array(X * (rng.random(X.shape) < 0.5), dtype=f"float{kind[3:]}")
    if kind == "uint8":
        options.setdefault("scale", np.full(D, 255.0))
    y = rng.normal(size=(n, K)) if name == "squared error" else rng.integers(0, K, n)
    classes = {} if name == "squared error" else {"n_classes": K}
    pair = [gd.LinearObjective(X, y, loss, regularizer, **options, **classes) for loss in TWINS[name]]
    if batch:
        chosen = rng.integers(0, n, n // 2 + 1)
        pair = [objective.rows(chosen) for objective in pair]
    return *pair, *rng.normal(size=(3, *pair[0].shape))


def assert_near(found, expected, tolerance):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(1.0, float(np.abs(expected).max())))


@each
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 50),
    batch=st.booleans(),
    bias=st.booleans(),
    weighted=st.booleans(),
    l1=st.sampled_from([0.0, 0.1]),
)
def test_value_and_gradient_are_the_compiled_loss_s(name, kind, seed, n, batch, bias, weighted, l1):
    options = {"bias": bias, "regularizer": gd.ElasticNet(l1, 0.2)}
    if weighted:
        options["sample_weight"] = np.append(np.random.default_rng(seed).integers(0, 3, n - 1), 1)
    compiled, own, W, _, _ = twins(name, kind, seed, n, batch, **options)
    value, gradient = own.value_and_gradient(W)
    expected = compiled.value_and_gradient(W)
    tolerance = TOLERANCE[kind]
    assert value == pytest.approx(expected[0], rel=tolerance, abs=tolerance)
    assert gradient.dtype == W.dtype
    assert own.value(W) == value
    if name != "hinge" or kind in ("float64", "csr64"):  # in float32 a term may lie on either side of its kink
        assert_near(gradient, expected[1], 10 * tolerance)
    assert_near(own.scores(W), compiled.scores(W), tolerance)


@each
def test_float32_weights_have_a_float32_gradient(name):
    compiled, own, W, _, _ = twins(name, "float32")
    W = W.astype(np.float32)
    assert own.gradient(W).dtype == np.float32
    if name != "hinge":
        assert_near(own.gradient(W), compiled.gradient(W), 1e-5)


@each
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["centered", "forward"])
def test_numerical_gradients_are_the_compiled_loss_s(name, kind, scheme):
    compiled, own, W, _, _ = twins(name, kind, mean=None, regularizer=gd.L2(0.1))
    some = [0, 5, W.size - 1]
    expected = compiled.numerical_gradient(W, 1e-5, scheme)
    assert_near(own.numerical_gradient(W, 1e-5, scheme), expected, 1e-8)
    assert_near(own.numerical_gradient(W, 1e-5, scheme, coordinates=some), expected.ravel()[some], 1e-8)
    if "64" in kind:  # values in float32 have no digits left for differences
        assert_near(capabilities.numerical_gradient(Plain(own), W, 1e-5, scheme), expected, 1e-6)


@each
@pytest.mark.parametrize("kind", KINDS)
def test_rays_and_planes_are_the_compiled_loss_s(name, kind):
    compiled, own, W, U, V = twins(name, kind, regularizer=gd.ElasticNet(0.1, 0.1))
    ray, expected = gd.along_ray(own, W, V), gd.along_ray(compiled, W, V)
    steps = np.linspace(-2, 2, 50)
    assert_near(ray.values(steps), expected.values(steps), 1e-10)
    for step in (-0.3, 0.0, 0.7):
        assert ray.value(step) == pytest.approx(expected.value(step), rel=1e-10)
        assert ray.slope(step) == pytest.approx(expected.slope(step), rel=1e-9, abs=1e-9)
        assert ray.slope_left(step) == pytest.approx(expected.slope_left(step), rel=1e-9, abs=1e-9)
    assert ray.value(ray.minimum()) == pytest.approx(expected.value(expected.minimum()), rel=1e-8)
    a, b = np.linspace(-1, 1, 5), np.linspace(0, 2, 40)
    assert_near(gd.on_plane(own, W, U, V).values(a, b), gd.on_plane(compiled, W, U, V).values(a, b), 1e-10)


@each
def test_many_values_in_one_pass_of_scores(name):
    compiled, own, W, U, V = twins(name, regularizer=gd.L2(0.1))
    points = np.stack([W, U, V])
    before = own.passes
    assert_near(own.values_at(points), compiled.values_at(points), 1e-12)
    assert own.passes - before == 1


@each
def test_a_gradient_takes_two_passes_and_a_value_one(name):
    _, own, W, _, _ = twins(name)
    for call, passes in ((own.value, 1), (own.gradient, 2), (own.value_and_gradient, 2)):
        before = own.passes
        call(W)
        assert own.passes - before == passes


@each
@pytest.mark.parametrize(
    ("optimizer", "step"),
    [
        (gd.GradientDescent(), 0.05),
        (gd.Momentum(0.8), gd.InverseTime(0.05, 0.01)),
        (gd.Adam(), 0.02),
        (gd.AveragedSGD(start=3), 0.05),
        (gd.SVRG(), 0.05),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_mini_batch_runs_are_the_compiled_loss_s(name, optimizer, step):
    compiled, own, W, _, _ = twins(name, regularizer=gd.L2(0.05))
    run = {"batches": gd.MiniBatches(7, seed=3), "max_steps": 40, "gtol": 0.0}
    expected, found = (gd.minimize(objective, 0.1 * W, optimizer, step, **run) for objective in (compiled, own))
    assert_near(found.w, expected.w, 1e-9)
    assert_near(found.history.values, expected.history.values, 1e-9)


@each
@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.LBFGS(), gd.NonlinearConjugateGradient()])
def test_full_batch_runs_end_where_the_compiled_loss_s_end(name, optimizer):
    compiled, own, W, _, _ = twins(name, regularizer=gd.L2(0.1))
    run = {"step": gd.StrongWolfe(), "max_steps": 60}
    expected, found = (gd.minimize(objective, 0 * W, optimizer, **run) for objective in (compiled, own))
    assert found.value == pytest.approx(expected.value, rel=1e-2 if name == "hinge" else 1e-8)


@pytest.mark.parametrize("name", ["squared hinge", "softmax", "squared error"])
def test_second_derivatives_are_the_compiled_loss_s(name):
    compiled, own, W, V, _ = twins(name, regularizer=gd.L2(0.1))
    assert_near(own.hessian_product(W, V), compiled.hessian_product(W, V), 1e-6)
    result = gd.minimize(own, 0 * W, gd.Newton(), 1.0, max_steps=30)
    assert result.value == pytest.approx(gd.minimize(compiled, 0 * W, gd.LBFGS(), gd.StrongWolfe()).value, rel=1e-6)


@each
def test_the_gradient_is_checked_and_a_wrong_one_found(name):
    _, own, W, _, _ = twins(name, regularizer=gd.L2(0.1))
    assert gd.check_gradient(own, at=W).passed
    right = own.loss.function

    def wrong(scores, y):
        losses, gradient = right(scores, y)
        return losses, 1.1 * gradient

    loss = gd.ScoreLoss(wrong, classifies=own.loss.classifies)
    assert not gd.check_gradient(own.with_terms(loss, gd.L2(0.1)), at=W).passed


@each
def test_it_works_alone_on_scores(name):
    loss, own = TWINS[name]
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(9, K))
    y = rng.normal(size=(9, K)) if name == "squared error" else rng.integers(0, K, 9)
    weights = np.append(rng.integers(0, 3, 8), 1)
    before = scores.copy()
    for more in ((), (weights,)):
        value, gradient = own.value_and_gradient(scores, y, *more)
        assert value == pytest.approx(loss.value(scores, y, *more), rel=1e-13)
        assert own.value(scores, y, *more) == value
        assert_near(gradient, loss.gradient(scores, y, *more), 1e-13)
    assert own.gradient(scores.astype(np.float32), y).dtype == np.float32
    np.testing.assert_array_equal(scores, before)


def test_suggested_steps_use_the_curvature_and_want_it():
    compiled, own, W, _, _ = twins("softmax", regularizer=gd.L2(0.1))
    assert gd.suggest_step(own) == pytest.approx(gd.suggest_step(compiled), rel=1e-12)
    assert gd.minimize(own, 0 * W, step="auto", max_steps=5).steps == 5
    without = own.with_terms(gd.ScoreLoss(softmax), None)
    with pytest.raises(TypeError, match="a loss that says its curvature"):
        gd.suggest_step(without)


def test_targets_of_one_output_are_one_dimensional_labels_integers_and_both_read_only():
    seen = []

    def note(scores, y):
        seen.append(y)
        with pytest.raises(ValueError, match="read-only"):
            y[0] = 0
        scores *= 2  # its own to change
        return np.zeros(len(scores)), np.zeros(scores.shape)

    X = np.ones((3, 2))
    for y in (np.arange(3.0), np.arange(3.0)[:, None]):
        gd.LinearObjective(X, y, gd.ScoreLoss(note, classifies=False)).gradient(np.ones((1, 3)))
        assert seen[-1].shape == (3,)
    gd.LinearObjective(X, np.zeros((3, 2)), gd.ScoreLoss(note, classifies=False)).gradient(np.ones((2, 3)))
    assert seen[-1].shape == (3, 2)
    objective = gd.LinearObjective(X, np.array([0, 1, 1]), gd.ScoreLoss(note))
    objective.gradient(np.ones((2, 3)))
    objective.rows([1, 0]).gradient(np.ones((2, 3)))
    assert seen[-1].tolist() == [1, 0]
    assert seen[-1].dtype.kind == "i"


def test_a_buffer_that_the_function_uses_again_is_no_trouble():
    losses, gradient = np.empty(N), np.empty((N, K))

    def reusing(scores, y):
        losses[...], gradient[...] = softmax(scores, y)
        return losses, gradient

    compiled, own, W, _, V = twins("softmax")
    own = own.with_terms(gd.ScoreLoss(reusing), None)
    first = own.gradient(W)
    own.gradient(V)
    assert_near(first, compiled.gradient(W), 1e-12)
    assert_near(own.numerical_gradient(W), compiled.numerical_gradient(W), 1e-8)
    assert_near(own.hessian_product(W, V), compiled.hessian_product(W, V), 1e-6)


def test_what_is_not_finite_ends_a_run_as_diverged():
    def explodes(scores, y):
        losses, gradient = softmax(scores, y)
        return np.where(np.abs(scores).max(axis=1) > 3, np.nan, losses), gradient

    _, own, W, _, _ = twins("softmax")
    own = own.with_terms(gd.ScoreLoss(explodes), None)
    result = gd.minimize(own, 0 * W, step=50.0, max_steps=50, batches=gd.MiniBatches(5))
    assert result.status is gd.Status.DIVERGED
    assert np.isfinite(result.w).all()


def test_rows_without_weight_are_ignored_whatever_their_loss():
    def one_is_bad(scores, y):
        losses, gradient = softmax(scores, y)
        losses[0], gradient[0] = np.inf, np.nan
        return losses, gradient

    weights = np.ones(N)
    weights[0] = 0
    compiled, own, W, _, _ = twins("softmax", sample_weight=weights)
    own = own.with_terms(gd.ScoreLoss(one_is_bad), None)
    assert own.value(W) == pytest.approx(compiled.value(W), rel=1e-12)
    assert_near(own.gradient(W), compiled.gradient(W), 1e-12)


def test_what_only_compiled_losses_know_is_refused_by_name(tmp_path):
    _, own, W, V, _ = twins("softmax", regularizer=gd.L2(0.1))
    zero = np.zeros(own.shape)
    with pytest.raises(ValueError, match=r"needs one of the losses Hinge.*ScoreLoss\(softmax"):
        own.duality_gap(W)
    with pytest.raises(ValueError, match=r"needs one of the losses Hinge.*ScoreLoss\(softmax"):
        gd.minimize(own, zero, gap_tol=1e-3)
    with pytest.raises(ValueError, match=r"needs the loss gdfast.Hinge.*ScoreLoss\(softmax"):
        gd.minimize(own, zero, gd.DualCoordinateAscent())
    with pytest.raises(ValueError, match=r"breakpoints are known of.*ScoreLoss\(softmax"):
        gd.along_ray(own, W, V).breakpoints(0.0, 1.0)
    with pytest.raises(ValueError, match=r"one of gdfast's own to be written down.*ScoreLoss\(softmax"):
        gd.save_model(tmp_path / "model.npz", W, loss=own.loss)
    with pytest.raises(ValueError, match=r"solve needs SquaredError.*ScoreLoss\(squared_error"):
        twins("squared error")[1].solve()
    assert own.kink_crossings(W) is None
    assert own.nearest_kinks(W) is None
    assert not own.convex
    assert own.compiled_steps(W, "adam", (0.9, 0.999, 1e-8)) is None
    line = gd.landscape.line(own, W, V, np.linspace(-1, 1, 5))
    assert line.kinks.size == 0


def test_a_checkpoint_goes_on_where_the_loss_is_given_again(tmp_path):
    _, own, W, _, _ = twins("softmax", regularizer=gd.L2(0.1))
    run = {"batches": gd.MiniBatches(8), "step": 0.1, "gtol": 0.0}
    straight = gd.minimize(own, 0 * W, gd.Momentum(), max_steps=20, **run)
    kept = gd.Checkpoint(tmp_path / "run.npz", every=5)
    gd.minimize(own, 0 * W, gd.Momentum(), max_steps=10, checkpoint=kept, **run)
    again = twins("softmax", regularizer=gd.L2(0.1))[1]
    np.testing.assert_array_equal(gd.resume(kept.path, again, max_steps=20).w, straight.w)
    other = again.with_terms(gd.ScoreLoss(squared_hinge, curvature=0.5), gd.L2(0.1))
    with pytest.raises(ValueError, match="objective must be the one"):
        gd.resume(kept.path, other, max_steps=20)


def test_copies_and_pickles():
    _, own, W, _, _ = twins("softmax")
    assert copy.deepcopy(own).value(W) == own.value(W)
    assert pickle.loads(pickle.dumps(own)).value(W) == own.value(W)
    assert own.loss == gd.ScoreLoss(softmax, curvature=0.5)
    assert own.loss != gd.ScoreLoss(hinge, curvature=0.5)
    assert repr(own.loss) == "ScoreLoss(softmax, classifies=True, curvature=0.5)"


def test_the_oracle_agrees_with_these_functions():
    """What is compared above is what the formulas say."""
    names = {"hinge": reference.HINGE, "squared hinge": reference.SQUARED_HINGE, "softmax": reference.CROSS_ENTROPY}
    for name, loss in {**names, "squared error": reference.SQUARED_ERROR}.items():
        _, own, W, _, _ = twins(name)
        problem = reference.LinearProblem(own.X, own.y, loss, 1.0)
        assert own.value(W) == pytest.approx(problem.value(W), rel=1e-12)
        assert_near(own.gradient(W), problem.gradient(W), 1e-12)
