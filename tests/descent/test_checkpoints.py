"""A run that is saved and resumed ends on the bits of the run that was never stopped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import gdfast as gd
from gdfast.files.saved_arrays import load_arrays

N, D, K = 90, 7, 4
RNG = np.random.default_rng(5)
X = RNG.standard_normal((N, D))
Y = RNG.integers(0, K, N)
W0 = 0.1 * RNG.standard_normal((K, D + 1))
OPTIMIZERS = [
    gd.GradientDescent(), gd.Momentum(0.8), gd.Nesterov(0.8), gd.AveragedSGD(start=4), gd.AdaGrad(), gd.AdaDelta(),
    gd.RMSProp(), gd.Adam(), gd.AdamW(), gd.NAdam(), gd.RAdam(), gd.AMSGrad(), gd.Lion(),
    gd.NonlinearConjugateGradient(), gd.LBFGS(memory=3),
]  # fmt: skip


def objective(loss=None, x=X):
    return gd.LinearObjective(x, Y, gd.CrossEntropy() if loss is None else loss, gd.L2(1e-3))


def same_bits(a, b):
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


def assert_same_run(one, other):
    assert same_bits(one.w, other.w)
    assert same_bits(one.best_w, other.best_w)
    assert (one.value, one.gradient_norm, one.status, one.steps) == (
        other.value, other.gradient_norm, other.status, other.steps
    )  # fmt: skip
    for name in ("steps", "values", "gradient_norms", "step_sizes", "evaluated_steps", "evaluated_values"):
        assert same_bits(getattr(one.history, name), getattr(other.history, name)), name
    assert one.history.metrics.keys() == other.history.metrics.keys()
    for name, numbers in one.history.metrics.items():
        assert same_bits(numbers, other.history.metrics[name])
    assert one.evaluations == other.evaluations
    if one.passes is not None:
        assert one.passes == pytest.approx(other.passes)


class Halt(Exception):
    """Stops a run as a crash would."""


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("batches", [None, gd.MiniBatches(16, seed=3)], ids=["full", "batches"])
@pytest.mark.parametrize("watched", [False, True], ids=["alone", "watched"])
def test_a_crashed_run_ends_on_the_same_bits(tmp_path, optimizer, batches, watched):
    extras = {"metrics": {"norm": lambda w: np.abs(w).sum()}, "evaluate_every": 6} if watched else {}
    settings = {"optimizer": optimizer, "step": 0.05, "batches": batches, "max_steps": 41, "gtol": 0.0}
    callback = (lambda k, w, value: None) if watched else None
    straight = gd.minimize(objective(), W0, callback=callback, **settings, **extras)

    def crash(k, w, value):
        if k == 29:
            raise Halt

    path = tmp_path / "run.npz"
    with pytest.raises(Halt):
        gd.minimize(objective(), W0, callback=crash, checkpoint=gd.Checkpoint(path, every=8), **settings, **extras)
    _, facts = load_arrays(path, "checkpoint", 1)
    assert facts["k"] == 24
    given = {"metrics": extras["metrics"]} if watched else {}
    resumed = gd.resume(path, objective(), callback=callback, **given)
    assert_same_run(straight, resumed)
    assert_same_run(straight, gd.resume(path, objective(), **given))  # the end was saved as well


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float32_weights_stay_float32(tmp_path, dtype):
    settings = {"step": 0.05, "batches": gd.MiniBatches(8), "max_steps": 30}
    straight = gd.minimize(objective(x=X.astype(dtype)), W0.astype(dtype), gd.Adam(), **settings)
    saved = gd.Checkpoint(tmp_path / "run.npz", every=7)
    gd.minimize(
        objective(x=X.astype(dtype)), W0.astype(dtype), gd.Adam(), checkpoint=saved, **settings | {"max_steps": 14}
    )
    assert_same_run(straight, gd.resume(saved.path, objective(x=X.astype(dtype)), max_steps=30))


def test_sequences_ascent_and_functions_are_kept(tmp_path):
    hill = gd.FunctionObjective(lambda w: 5.0 - float(w @ w), lambda w: -2 * w)
    rates = np.linspace(0.1, 0.01, 30)
    straight = gd.maximize(hill, [3.0, -4.0], gd.Momentum(), step=rates, max_steps=30)
    saved = gd.Checkpoint(tmp_path / "run.npz", every=4)

    def crash(k, w, value):
        if k == 18:
            raise Halt

    with pytest.raises(Halt):
        gd.maximize(hill, [3.0, -4.0], gd.Momentum(), step=rates, max_steps=30, checkpoint=saved, callback=crash)
    resumed = gd.resume(saved.path, hill)
    assert same_bits(straight.w, resumed.w)
    assert same_bits(straight.history.values, resumed.history.values)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_rows_with_lazy_l2(tmp_path, dtype):
    sparse = pytest.importorskip("scipy.sparse")
    rows = sparse.csr_array(np.where(np.abs(X) > 0.8, X, 0).astype(dtype))
    whole = gd.LinearObjective(rows, Y, gd.Hinge(), gd.L2(1e-2))
    settings = {"step": 0.05, "batches": gd.MiniBatches(3)}
    straight = gd.minimize(whole, W0.astype(dtype), max_steps=70, **settings)
    saved = gd.Checkpoint(tmp_path / "run.npz", every=11)
    watched = gd.minimize(whole, W0.astype(dtype), max_steps=70, checkpoint=saved, **settings)
    assert same_bits(watched.w, straight.w)
    gd.minimize(whole, W0.astype(dtype), max_steps=33, checkpoint=saved, **settings)
    assert same_bits(gd.resume(saved.path, whole, max_steps=70).w, straight.w)


def test_a_stalled_run_stalls_at_the_same_step(tmp_path):
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    start = np.array([1.0], dtype=np.float32)
    tiny = {"step": 1e-12, "max_steps": 50, "gtol": 0.0}
    straight = gd.minimize(bowl, start, **tiny)
    assert straight.status is gd.Status.NO_DESCENT
    saved = gd.Checkpoint(tmp_path / "run.npz", every=1)
    assert gd.minimize(bowl, start, checkpoint=saved, **tiny).steps == straight.steps
    assert gd.resume(saved.path, bowl).status is gd.Status.NO_DESCENT


def test_a_converged_run_does_nothing_more(tmp_path):
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    saved = gd.Checkpoint(tmp_path / "run.npz", every=10)
    result = gd.minimize(bowl, [3.0], step=0.4, checkpoint=saved)
    assert result.status is gd.Status.CONVERGED
    again = gd.resume(saved.path, bowl)
    assert (again.status, again.steps, again.evaluations) == (result.status, result.steps, result.evaluations)
    assert same_bits(again.w, result.w)


def test_a_stopped_run_goes_on(tmp_path):
    saved = gd.Checkpoint(tmp_path / "run.npz", every=1000)
    settings = {"step": 0.1, "max_steps": 20, "gtol": 0.0}
    half = gd.minimize(objective(), W0, callback=lambda k, w, value: k == 9, checkpoint=saved, **settings)
    assert (half.status, half.steps) == (gd.Status.STOPPED, 9)
    assert same_bits(gd.resume(saved.path, objective()).w, gd.minimize(objective(), W0, **settings).w)


def other_labels():
    labels = Y.copy()
    labels[0] = (labels[0] + 1) % K
    return gd.LinearObjective(X, labels, gd.CrossEntropy(), gd.L2(1e-3))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: objective(gd.Hinge()), "its loss was CrossEntropy"),
        (lambda: gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L2(2e-3)), "its regularizer was"),
        (lambda: gd.LinearObjective(X[:, :6], Y, gd.CrossEntropy(), gd.L2(1e-3)), "its shape was"),
        (lambda: objective(x=X + 1e-9), "its rows of X was"),
        (lambda: objective(x=X.astype(np.float32)), "its type of X was float64; it is float32"),
        (other_labels, "its y was"),
        (
            lambda: gd.FunctionObjective(lambda w: float(np.vdot(w, w)), lambda w: 2 * w),
            "its kind was LinearObjective; it is",
        ),
    ],
)
def test_another_objective_is_refused_and_the_file_stays(tmp_path, other, words):
    path = tmp_path / "run.npz"
    gd.minimize(objective(), W0, step=0.1, max_steps=4, checkpoint=gd.Checkpoint(path, every=2))
    before = path.read_bytes()
    with pytest.raises(ValueError, match=words):
        gd.resume(path, other())
    assert path.read_bytes() == before


def test_other_metrics_and_fewer_steps_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    gd.minimize(objective(), W0, step=0.1, max_steps=4, checkpoint=gd.Checkpoint(path, every=2))
    with pytest.raises(ValueError, match="metrics must be those of the run"):
        gd.resume(path, objective(), metrics={"a": lambda w: 1.0})
    with pytest.raises(ValueError, match="max_steps must be at least 4"):
        gd.resume(path, objective(), max_steps=3)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (2, 3, 2)])
@pytest.mark.parametrize("optimizer", [gd.Adam(), gd.LBFGS()])
def test_weights_of_any_shape_keep_it(tmp_path, shape, optimizer):
    bowl = gd.FunctionObjective(lambda w: float(np.sum(w**4)), lambda w: 4 * w**3)
    w0 = np.random.default_rng(0).normal(size=shape)
    w0, saved = np.asarray(w0), gd.Checkpoint(tmp_path / "run.npz", every=3)
    straight = gd.minimize(bowl, w0, optimizer, 0.01, max_steps=12)
    gd.minimize(bowl, w0, optimizer, 0.01, max_steps=7, checkpoint=saved)
    resumed = gd.resume(saved.path, bowl, max_steps=12)
    assert resumed.w.shape == shape
    assert_same_run(resumed, straight)


class MyRule:
    def init(self, w):
        return None

    def update(self, gradient, state, w):
        return -gradient, None


@dataclass(frozen=True)
class MySchedule:
    rate: float = 0.1

    def __call__(self, k):
        return self.rate


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": MyRule()}, "optimizer is MyRule"),
        ({"step": lambda k: 0.1}, "step is function"),
        ({"step": MySchedule()}, "step is of the class MySchedule"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(tmp_path, settings, words):
    calls = []
    bowl = gd.FunctionObjective(lambda w: calls.append(1) or float(w @ w), lambda w: 2 * w)
    with pytest.raises(ValueError, match=words):
        gd.minimize(bowl, [1.0], checkpoint=gd.Checkpoint(tmp_path / "run.npz"), **settings)
    assert not calls
    assert not list(tmp_path.iterdir())


def test_bad_checkpoints(tmp_path):
    with pytest.raises(TypeError, match="path must be a path"):
        gd.Checkpoint(3)
    with pytest.raises(ValueError, match="path must lie in a folder that exists"):
        gd.Checkpoint(tmp_path / "no" / "run.npz")
    with pytest.raises(ValueError, match="is a folder"):
        gd.Checkpoint(tmp_path)
    with pytest.raises(ValueError, match="every must be"):
        gd.Checkpoint(tmp_path / "run.npz", every=0)
    with pytest.raises(TypeError, match="checkpoint must be"):
        gd.minimize(objective(), W0, checkpoint=str(tmp_path / "run.npz"))
    with pytest.raises(FileNotFoundError):
        gd.resume(tmp_path / "run.npz", objective())


def test_a_run_of_an_own_loss_goes_on_when_the_loss_is_given_again(tmp_path):
    """A function cannot be in a file; the objective is given again anyway."""

    def logistic(scores, y):
        shifted = scores - scores.max(axis=1, keepdims=True)
        shares = np.exp(shifted)
        totals = shares.sum(axis=1)
        rows = np.arange(len(y))
        losses = np.log(totals) - shifted[rows, y]
        shares /= totals[:, None]
        shares[rows, y] -= 1
        return losses, shares

    loss = gd.ScoreLoss(logistic)
    for batches in (None, gd.MiniBatches(16)):
        run = {"optimizer": gd.Adam(), "step": 0.05, "batches": batches, "max_steps": 20}
        straight = gd.minimize(objective(loss), W0, **run)
        saved = gd.Checkpoint(tmp_path / "run.npz", every=5)
        gd.minimize(objective(loss), W0, checkpoint=saved, **run | {"max_steps": 10})
        assert_same_run(straight, gd.resume(saved.path, objective(loss), max_steps=20))
        with pytest.raises(ValueError, match="its loss was ScoreLoss"):
            gd.resume(saved.path, objective(gd.CrossEntropy()), max_steps=30)
