"""kill -9 at every call of a writing, and at random moments of runs that write checkpoints: what is there is whole, the
run that goes on from it ends on the bits of the one that was never killed, and the next writing sweeps what is left."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
from gdfast.files.saved_arrays import load_arrays
from reliability.failing_disk import failing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")]

RNG = np.random.default_rng(1)
X = RNG.standard_normal((300, 20))
Y = RNG.integers(0, 4, 300)


def softmax(loss=None, regularizer=None):
    return gd.LinearObjective(X, Y, loss or gd.CrossEntropy(), regularizer or gd.L2(1e-3))


def descent(optimizer, step, made=softmax, **options):
    """A run, and how it goes on."""

    def run(path):
        made_now = made()
        checkpoint = {} if path is None else {"checkpoint": gd.Checkpoint(path, every=1)}
        given = {"max_steps": 40, "gtol": 0.0, **options, **checkpoint} | ({} if step is None else {"step": step})
        return gd.minimize(made_now, np.zeros(made_now.shape), optimizer, **given)

    return run, made


def solution(loss, regularizer):
    def made():
        return softmax(loss, regularizer)

    def run(path):
        return gd.solve(made(), 1e-5, checkpoint=None if path is None else gd.Checkpoint(path, every=1))

    return run, made


BATCHED = [
    gd.GradientDescent(), gd.Momentum(), gd.Nesterov(), gd.AveragedSGD(), gd.AdaGrad(), gd.AdaDelta(), gd.RMSProp(),
    gd.Adam(), gd.AdamW(), gd.NAdam(), gd.RAdam(), gd.AMSGrad(), gd.Lion(), gd.SVRG(),
]  # fmt: skip
RUNS = {type(o).__name__: descent(o, 0.01, batches=gd.MiniBatches(16)) for o in BATCHED}
RUNS |= {
    "LBFGS": descent(gd.LBFGS(), gd.StrongWolfe()),
    "nonlinear conjugate gradients": descent(gd.NonlinearConjugateGradient(), gd.StrongWolfe()),
    "Newton": descent(gd.Newton(), gd.StrongWolfe(), max_steps=8),
    "ProximalGradient": descent(gd.ProximalGradient(), None, lambda: softmax(None, gd.L1(1e-3))),
    "DualCoordinateAscent": descent(gd.DualCoordinateAscent(), None, lambda: softmax(gd.Hinge())),
    "solve, cross-entropy": solution(gd.CrossEntropy(), gd.L2(1e-3)),
    "solve, cross-entropy, L1": solution(gd.CrossEntropy(), gd.L1(1e-3)),
    "solve, hinge": solution(gd.Hinge(), gd.L2(1e-2)),
    "solve, squared hinge": solution(gd.SquaredHinge(), gd.L2(1e-3)),
}


def in_a_child(work):
    """Start it in a process of its own."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def lasts(run, path):
    began = time.perf_counter()
    run(path)
    return time.perf_counter() - began


def test_at_any_moment(tmp_path, amount, record_property, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # the process dies, and the system lives on
    chooser, killed, resumed, most = random.Random(0), 0, 0, amount(1, 10)
    for name, (run, made) in RUNS.items():
        path = tmp_path / "run.npz"
        straight = run(None)
        seconds = lasts(run, path)
        path.unlink()
        for _ in range(most):
            child = in_a_child(lambda run=run, path=path: run(path))
            time.sleep(chooser.uniform(0, seconds))
            os.kill(child, signal.SIGKILL)
            killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
            if not path.exists():
                continue
            load_arrays(path, "checkpoint", 1)  # whole
            result = gd.resume(path, made())
            resumed += 1
            assert result.w.tobytes() == straight.w.tobytes(), name
            assert (result.steps, result.value) == (straight.steps, straight.value), name
            path.unlink()
        run(path)
        assert [p.name for p in tmp_path.iterdir()] == ["run.npz"], name
        path.unlink()
    assert killed >= len(RUNS) // 2
    assert resumed >= len(RUNS) // 4
    record_property("figure", f"kill -9 of runs: {killed} kills, {resumed} resumed to the same bits, 0 damaged")


WRITERS = {
    "model": lambda path: gd.save_model(path, gd.Model(np.ones((3, 5)), gd.Hinge())),
    "checkpoint": lambda path: descent(gd.Adam(), 0.01, max_steps=2)[0](path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_at_every_call_of_a_writing(name, tmp_path, record_property, amount):
    write, folder = WRITERS[name], tmp_path / "out"
    folder.mkdir()
    path = folder / "file.npz"
    write(path)
    before = path.read_bytes()
    kind = load_kind(path)
    with failing(folder, at=10**9, error=5) as disk:
        write(path)
    kills = 0
    calls = range(0, disk.calls, amount(1 + disk.calls // 20, 1))
    for at in calls:

        def die(at=at):
            with failing(folder, at=at, error=None):  # None: the process dies there
                write(path)

        path.write_bytes(before)
        status = os.waitpid(in_a_child(die), 0)[1]
        kills += os.WIFSIGNALED(status)
        load_arrays(path, kind, 1)
        assert len(list(folder.iterdir())) <= 2
        write(path)
        assert [p.name for p in folder.iterdir()] == ["file.npz"]
    assert kills == len(calls)
    record_property(
        "figure", f"kill -9 at a call of writing a {name}: {kills} of {disk.calls} calls, 0 damaged, nothing left"
    )


def load_kind(path: Path) -> str:
    for kind in ("model", "checkpoint"):
        try:
            load_arrays(path, kind, 1)
        except ValueError:
            continue
        return kind
    raise AssertionError("neither")


def test_eight_processes_on_one_path(tmp_path, amount, record_property):
    """They save and read models and checkpoints under the same names: each file is whole each time."""
    rounds, children = amount(15, 150), []
    for number in range(8):

        def work(number=number):
            try:
                bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
                for _ in range(rounds):
                    gd.save_model(tmp_path / "m.npz", gd.Model(np.full((20, 50), float(number)), gd.Hinge()))
                    assert len(np.unique(gd.load_model(tmp_path / "m.npz").W)) == 1
                    gd.minimize(bowl, [3.0], max_steps=2, checkpoint=gd.Checkpoint(tmp_path / "run.npz", 1))
                    assert gd.resume(tmp_path / "run.npz", bowl).steps == 2
            except BaseException as error:
                Path(tmp_path, f"fault{number}").write_text(repr(error))

        children.append(in_a_child(work))
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    faults = [p.read_text() for p in tmp_path.glob("fault*")]
    assert faults == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.npz", "run.npz"]
    record_property(
        "figure", f"8 processes on one path: {8 * rounds * 5} savings and {8 * rounds * 2} readings, 0 failed"
    )
