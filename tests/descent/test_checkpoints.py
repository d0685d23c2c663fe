"""A run that is saved and resumed ends on the bits of the run that was never stopped; files are whole or refused."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import pytest

import gdfast as gd
from damage import flipped
from gdfast.files.saved_arrays import load_arrays, save_arrays

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


# ---- files ----


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "run.npz"
    gd.minimize(objective(), W0, step=0.1, max_steps=4, checkpoint=gd.Checkpoint(path, every=2))
    whole = path.read_bytes()
    expected = gd.resume(path, objective()).w
    chooser, refused = random.Random(0), 0
    for _ in range(120):
        place = chooser.randrange(len(whole))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chooser.randrange(8)
        path.write_bytes(damaged)
        try:
            w = gd.resume(path, objective()).w
        except ValueError as error:
            refused += str(path) in str(error)
        else:  # a byte that nobody reads
            refused += same_bits(w, expected)
    assert refused == 120
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="is not a whole file"):
            gd.resume(path, objective())


def test_every_flipped_bit_of_a_file_is_noticed_or_harmless(tmp_path):
    path = tmp_path / "file.npz"
    save_arrays(path, "model", 1, {"w": np.arange(6.0)}, {"a": 1})
    bits = 8 * path.stat().st_size
    refused = 0
    for _ in flipped(path, ((i // 8, 1 << i % 8) for i in range(bits))):
        try:
            arrays, facts = load_arrays(path, "model", 1)
        except ValueError as error:
            refused += str(path) in str(error)
        else:  # a bit that nobody reads
            refused += np.array_equal(arrays["w"], np.arange(6.0)) and facts == {"a": 1}
    assert refused == bits


def test_a_file_that_must_not_be_read_is_not_called_damaged(tmp_path):
    with pytest.raises(IsADirectoryError):
        load_arrays(tmp_path, "model", 1)


def test_kinds_and_versions(tmp_path):
    path = tmp_path / "file.npz"
    save_arrays(path, "model", 3, {"w": np.arange(3)}, {"a": [1, None, "b"]})
    arrays, facts = load_arrays(path, "model", 3)
    assert facts == {"a": [1, None, "b"]}
    assert np.array_equal(arrays["w"], np.arange(3))
    with pytest.raises(ValueError, match="is of version 3; this gdfast reads versions up to 2"):
        load_arrays(path, "model", 2)
    with pytest.raises(ValueError, match="must hold a checkpoint; it holds a model"):
        load_arrays(path, "checkpoint", 3)
    np.savez(path, w=np.arange(3))
    with pytest.raises(ValueError, match="is not a whole file of gdfast's"):
        load_arrays(path, "model", 3)


def test_no_file_can_name_foreign_code(tmp_path):
    path = tmp_path / "run.npz"
    gd.minimize(objective(), W0, step=0.1, max_steps=4, checkpoint=gd.Checkpoint(path, every=2))
    arrays, facts = load_arrays(path, "checkpoint", 1)
    for name in ("os:system", "gdfast.cli.demo:Demo", "gdfast.descent.record:Record", "gdfast.descent.minimize:np"):
        facts["settings"]["optimizer"] = {name: []}
        save_arrays(path, "checkpoint", 1, arrays, facts)
        with pytest.raises(ValueError, match="is no setting of gdfast's"):
            gd.resume(path, objective())


def test_a_failed_writing_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    save_arrays(path, "model", 1, {"w": np.arange(3)}, {})
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_arrays(path, "model", 1, {"w": np.arange(4)}, {})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


PARENT = """
import os, sys
import numpy as np
import gdfast as gd
rng = np.random.default_rng(1)
X, y = rng.standard_normal((400, 30)), rng.integers(0, 5, 400)
objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1e-3))

def run(steps):
    gd.minimize(objective, np.zeros(objective.shape), gd.Adam(), step=0.01, batches=gd.MiniBatches(16),
                max_steps=steps, checkpoint=gd.Checkpoint(sys.argv[1], every=2), gtol=0.0)

run(4)  # whatever is imported on first use
os.unlink(sys.argv[1])
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(10**6)
        os._exit(0)
    print(child, flush=True)
    print(os.WTERMSIG(os.waitpid(child, 0)[1]), flush=True)
"""
"""For each line that it reads a process that runs, and may be killed: gdfast is imported once."""


def test_kill_9_at_any_moment_leaves_the_last_good_checkpoint(tmp_path):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((400, 30)), rng.integers(0, 5, 400)
    whole = gd.LinearObjective(x, y, gd.CrossEntropy(), gd.L2(1e-3))
    chooser = random.Random(7)
    path = tmp_path / "run.npz"
    resumed = 0
    parent = subprocess.Popen(
        [sys.executable, "-P", "-c", PARENT, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    for _ in range(20):
        print(file=parent.stdin, flush=True)
        child = int(parent.stdout.readline())
        while not path.exists():
            time.sleep(0.001)
        time.sleep(0.05 * chooser.random())
        os.kill(child, signal.SIGKILL)
        assert int(parent.stdout.readline()) == signal.SIGKILL
        k = load_arrays(path, "checkpoint", 1)[1]["k"]
        straight = gd.minimize(
            whole, np.zeros(whole.shape), gd.Adam(), step=0.01, batches=gd.MiniBatches(16), max_steps=k + 5, gtol=0.0
        )
        result = gd.resume(path, whole, max_steps=k + 5)
        assert same_bits(result.w, straight.w)
        resumed += 1
        path.unlink()
    assert resumed == 20
    parent.stdin.close()
    assert parent.wait() == 0
    parent.stdout.close()
    left = [p.name for p in tmp_path.iterdir()]
    save_arrays(path, "model", 1, {"w": np.arange(3)}, json.loads("{}"))
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"], left


def test_what_a_crash_left_is_swept_away_whatever_the_file_is_called(tmp_path):
    left = [tmp_path / f".{name}.0123456789abcdef.unfinished" for name in ("run[1].npz", "run1.npz")]
    for file in left:
        file.write_bytes(b"half")
    save_arrays(tmp_path / "run[1].npz", "kind", 1, {}, {})
    assert not left[0].exists()
    assert left[1].exists()  # another's


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
