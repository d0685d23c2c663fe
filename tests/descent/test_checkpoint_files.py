"""Files of checkpoints: whole or refused, whatever damages them and whenever the process dies."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import gdfast as gd
from damage import flipped
from gdfast.files.saved_arrays import load_arrays, save_arrays

RNG = np.random.default_rng(5)
X = RNG.standard_normal((90, 7))
Y = RNG.integers(0, 4, 90)
W0 = 0.1 * RNG.standard_normal((4, 8))


def objective():
    return gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L2(1e-3))


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
            refused += w.tobytes() == expected.tobytes()
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
        assert result.w.tobytes() == straight.w.tobytes()
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
