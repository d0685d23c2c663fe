"""Users' functions that behave badly: the run is that of the same function written well, or an error that names it."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.objective import capabilities, second_derivatives

SCALES = np.array([1.0, 3.0])


def value(w):
    return float(SCALES @ (w - 1) ** 2)


def gradient(w):
    return 2 * SCALES * (w - 1)


def value_in_place(w):
    w -= 1.0
    w *= w
    return float(SCALES @ w)


def gradient_in_place(w):
    w -= 1.0
    w *= 2 * SCALES
    return w


class Buffered:
    """Returns one buffer again and again."""

    def __init__(self):
        self.buffer = np.empty(2)

    def __call__(self, w):
        self.buffer[...] = gradient(w)
        return self.buffer


class OwnObjective:
    """An objective of a user's own, which works in place and reuses its buffers."""

    def __init__(self):
        self.buffer, self.product = np.empty(2), np.empty(2)

    def value(self, w):
        return value_in_place(w)

    def gradient(self, w):
        self.buffer[...] = gradient_in_place(w)
        return self.buffer

    def value_and_gradient(self, w):
        found = value(w)
        return found, self.gradient(w)

    def hessian_product(self, w, v):
        w[...] = 0.0
        v *= 2 * SCALES
        self.product[...] = v
        return self.product


BADLY = {
    "value in place": lambda: gd.FunctionObjective(value_in_place, gradient),
    "gradient in place": lambda: gd.FunctionObjective(value, gradient_in_place),
    "numerical, in place": lambda: gd.FunctionObjective(value_in_place),
    "buffer": lambda: gd.FunctionObjective(value, Buffered()),
    "own class": OwnObjective,
}
RUNS = {
    "descent": {"step": 0.05, "max_steps": 30},
    "momentum": {"optimizer": gd.Momentum(0.5), "step": 0.02, "max_steps": 30},
    "adam": {"optimizer": gd.Adam(), "step": 0.1, "max_steps": 30},
    "line search": {"step": gd.Backtracking(), "max_steps": 20},
    "wolfe": {"optimizer": gd.LBFGS(), "step": gd.StrongWolfe(), "max_steps": 20},
    "conjugate": {"optimizer": gd.NonlinearConjugateGradient(), "step": gd.StrongWolfe(), "max_steps": 20},
    "newton": {"optimizer": gd.Newton(), "step": 1.0, "max_steps": 5},
}


@pytest.mark.parametrize("sign", ["minimize", "maximize"])
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("badly", BADLY)
def test_the_run_is_that_of_the_function_written_well(badly, run, sign):
    objective = BADLY[badly]()
    well = gd.FunctionObjective(value, None if badly.startswith("numerical") else gradient)
    arguments = RUNS[run]
    if sign == "maximize":  # of a function that rises everywhere: a few steps of a given length, so nothing overflows
        if not isinstance(arguments["step"], float):
            return
        arguments = arguments | {"max_steps": 3}
    found, wanted = (getattr(gd, sign)(o, [4.0, -2.0], **arguments) for o in (objective, well))
    tolerance = 1e-6 if run == "newton" else 1e-12  # (a product with the Hessian of its own is not a difference)
    np.testing.assert_allclose(found.w, wanted.w, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found.history.values, wanted.history.values, rtol=1e-6, atol=1e-9)
    assert found.status == wanted.status


def test_a_value_that_changes_its_argument_is_minimised():
    result = gd.minimize(gd.FunctionObjective(value_in_place, gradient), [4.0, -2.0], max_steps=2000, step=0.1)
    np.testing.assert_allclose(result.w, [1, 1], atol=1e-5)


@pytest.mark.parametrize("badly", BADLY)
def test_rays_planes_checks_and_capabilities_see_the_same_function(badly):
    w, v, u = np.array([4.0, -2.0]), np.array([-1.0, 0.5]), np.array([1.0, 1.0])
    objective, well = BADLY[badly](), gd.FunctionObjective(value, gradient)
    before = w.copy(), v.copy()
    for one in (objective, well):
        assert gd.along_ray(one, w, v).value(0.5) == pytest.approx(value(w + 0.5 * v))
        assert gd.along_ray(one, w, v).slope(0.5) == pytest.approx(gradient(w + 0.5 * v) @ v)
        assert gd.on_plane(one, w, u, v).values([1.0], [2.0])[0, 0] == pytest.approx(value(w + u + 2 * v))
        assert gd.classify_critical_point(one, np.ones(2)).kind == "minimum"
        np.testing.assert_allclose(gd.classify_critical_point(one, np.ones(2)).eigenvalues, 2 * SCALES, rtol=1e-4)
    assert np.array_equal(before[0], w)
    assert np.array_equal(before[1], v)


class OwnPenalty:
    """A regularizer of a user's own."""

    def __init__(self, returned=None):
        self.returned, self.buffer = returned, np.empty((3, 2))

    def value(self, W):
        W **= 2
        return float(W.sum())

    def gradient(self, W):
        if self.returned is not None:
            return self.returned(W)
        W *= 2
        self.buffer = self.buffer if self.buffer.dtype == W.dtype else np.empty((3, 2), W.dtype)
        self.buffer[...] = W
        return self.buffer


X = np.random.default_rng(0).standard_normal((12, 2))
Y = np.arange(12) % 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_regularizer_that_works_in_place_is_as_good(dtype):
    data = X.astype(dtype), Y, gd.CrossEntropy()
    W = np.random.default_rng(1).standard_normal((3, 3)).astype(dtype)
    own, known = (gd.LinearObjective(*data, penalty) for penalty in (OwnPenalty(), gd.L2(1.0)))
    before = W.copy()
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    assert own.value(W) == pytest.approx(known.value(W), rel=tolerance)
    np.testing.assert_allclose(own.gradient(W), known.gradient(W), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(own.hessian_product(W, W), known.hessian_product(W, W), rtol=1e-3)
    np.testing.assert_allclose(own.numerical_gradient(W), known.numerical_gradient(W), rtol=1e-3, atol=1e-3)
    assert own.along_ray(W, W).slope(0.5) == pytest.approx(known.along_ray(W, W).slope(0.5), rel=1e-4)
    assert np.array_equal(before, W)
    runs = [gd.minimize(o, np.zeros((3, 3), dtype), gd.LBFGS(), gd.StrongWolfe(), max_steps=10) for o in (own, known)]
    np.testing.assert_allclose(runs[0].w, runs[1].w, rtol=0, atol=1e3 * tolerance)
    assert isinstance(own.regularizer, OwnPenalty)


def test_a_proximal_that_works_in_place_is_as_good():
    class InPlace(OwnPenalty):
        def proximal(self, w, length):
            w /= 1 + 2 * length
            return w

    data = X, Y, gd.CrossEntropy()
    runs = [
        gd.minimize(gd.LinearObjective(*data, penalty), np.ones((3, 3)), gd.ProximalGradient(), step=0.2, max_steps=20)
        for penalty in (InPlace(), gd.L2(1.0))
    ]
    np.testing.assert_allclose(runs[0].w, runs[1].w, rtol=1e-12, atol=1e-14)

    InPlace.proximal = lambda self, w, length: w[:1]
    with pytest.raises(ValueError, match=r"regularizer.proximal must return an array of w's shape"):
        gd.minimize(gd.LinearObjective(*data, InPlace()), np.ones((3, 3)), gd.ProximalGradient(), step=0.2)


@pytest.mark.parametrize(
    ("returned", "error", "words"),
    [
        (lambda W: 2.0, TypeError, "regularizer.gradient must return an array of w's dtype|shape"),
        (lambda W: W[0], ValueError, r"regularizer.gradient must return an array of w's shape \(3, 2\)"),
        (lambda W: W[:, :1], ValueError, r"shape \(3, 2\)"),
        (lambda W: W.astype(int), TypeError, "w's dtype float64; it returned ndarray of dtype int64"),
        (lambda W: np.ma.masked_array(W), TypeError, "MaskedArray"),
        (lambda W: W + 0j, TypeError, "complex128"),
        (lambda W: W.astype(object), TypeError, "object"),
    ],
)
def test_what_a_regularizer_returns_is_checked(returned, error, words):
    objective = gd.LinearObjective(X, Y, gd.CrossEntropy(), OwnPenalty(returned))
    with pytest.raises((error, ValueError), match=words):
        objective.gradient(np.ones((3, 3)))


def test_w_is_read_only_where_a_run_hands_it_out():
    seen = []

    def clip(k, w, value):
        seen.append(w)
        with pytest.raises(ValueError, match="read-only"):
            w.clip(-1, 1, out=w)

    def metric(w):
        with pytest.raises(ValueError, match="read-only"):
            w[0] = 0.0
        return 1.0

    well = gd.FunctionObjective(value, gradient)
    result = gd.minimize(well, [4.0, -2.0], max_steps=5, callback=clip, metrics={"m": metric}, evaluate_every=1)
    assert np.array_equal(result.w, gd.minimize(well, [4.0, -2.0], max_steps=5).w)
    assert len(seen) == 5
    result.w[0] = 7.0  # the caller's own
    result.best_w[0] = 7.0
    assert seen[-1][0] != 7.0


def test_an_optimizer_gets_arrays_that_it_can_not_change():
    class InPlace:
        def init(self, w):
            return None

        def update(self, gradient, state, w):
            w -= gradient
            return -gradient, state

    with pytest.raises(ValueError, match="read-only"):
        gd.minimize(gd.FunctionObjective(value, gradient), [4.0, -2.0], InPlace())


@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.Adam(), gd.LBFGS()])
@pytest.mark.parametrize("w0", [np.ones(2, np.float16), np.float16(1.0)])
def test_half_precision_is_refused(optimizer, w0):
    with pytest.raises(TypeError, match="must be float32 or float64; its dtype is float16"):
        gd.minimize(gd.FunctionObjective(value, gradient), w0, optimizer)


class Offers(OwnObjective):
    """More of an objective's capabilities, each of which returns what it was given."""

    def __init__(self, returned):
        super().__init__()
        self.returned = returned

    def hessian_product(self, w, v):
        return self.returned

    def values_at(self, ws):
        ws *= 0.0
        return self.returned

    def lipschitz(self):
        return self.returned


@pytest.mark.parametrize(
    "returned",
    [
        2.0,
        np.ones(3),
        np.ones((2, 1)),
        np.ones(2) + 0j,
        np.ma.masked_array(np.ones(2), [True, False]),
        np.array([None, 1.0]),
        ["a", "b"],
        [[1.0], [1.0, 2.0]],
        None,
    ],
)
def test_what_capabilities_of_users_return_is_checked(returned):
    objective, w = Offers(returned), np.ones(2)
    with pytest.raises((TypeError, ValueError), match=r"objective.hessian_product must return"):
        second_derivatives.hessian_product(objective, w, w)
    with pytest.raises((TypeError, ValueError), match=r"objective.hessian_product must return"):
        gd.minimize(objective, [4.0, -2.0], gd.Newton(), step=1.0)
    ws = np.ones((2, 2))
    with pytest.raises((TypeError, ValueError), match=r"objective.values_at must return"):
        capabilities.values_at(objective, ws)
    assert ws.all()
    if not isinstance(returned, float):
        with pytest.raises(TypeError, match=r"objective.lipschitz must return one real number"):
            gd.suggest_step(objective)


@pytest.mark.parametrize(
    "returned",
    [
        np.ma.masked,
        np.ma.masked_array(1.0),
        np.timedelta64(1, "s"),
        "1.0",
        True,
        np.bool_(True),
        [1.0],
        np.ones(1),
        1j,
        None,
    ],
)
def test_what_is_no_real_number_is_no_value(returned):
    objective = gd.FunctionObjective(lambda w: returned, gradient)
    with pytest.raises(TypeError, match="value must return one real number"):
        objective.value([1.0, 2.0])
    for take in (gd.numerical_gradient, gd.numerical_hessian):
        with pytest.raises(TypeError, match="f must return one real number; at x"):
            take(lambda w: returned, [1.0, 2.0])


def test_a_number_beyond_float64_is_refused_by_name():
    with pytest.raises(ValueError, match="value must return a number that float64 can hold"):
        gd.FunctionObjective(lambda w: 10**400, gradient).value([1.0, 2.0])


@pytest.mark.parametrize(
    "returned",
    [
        np.ma.masked_array(np.ones(2), [True, False]),
        np.ones(2) + 0j,
        np.ones(2, object),
        np.ones(2, np.float32),
        np.ones(2, int),
        np.ones((1, 2)),
        np.ones((2, 1)),
        np.ones(1),
        1.0,
        "ab",
    ],
)
def test_what_is_no_array_like_w_is_no_gradient(returned):
    for objective in (gd.FunctionObjective(value, lambda w: returned),):
        for take in (objective.gradient, objective.value_and_gradient):
            with pytest.raises((TypeError, ValueError), match="gradient must return an array of w's"):
                take([1.0, 2.0])
    with pytest.raises((TypeError, ValueError), match="gradient must return an array of w's"):
        gd.numerical_hessian(None, [1.0, 2.0], gradient=lambda w: returned)


def test_kept_arguments_and_results_stay_as_they_are():
    kept, results = [], []

    def own_value(w):
        kept.append(w)
        return value(w)

    def own_gradient(w):
        results.append(gradient(w))
        return results[-1]

    objective = gd.FunctionObjective(own_value, own_gradient)
    gd.minimize(objective, [4.0, -2.0], gd.Momentum(), max_steps=5, step=0.05)
    assert len({tuple(w) for w in kept}) == len(kept)
    for w, found in zip(kept, results, strict=True):
        assert np.array_equal(found, gradient(w))
