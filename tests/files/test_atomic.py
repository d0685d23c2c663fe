"""Atomic writing: modes and links stay, planted files are not followed, writers do not disturb one another."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import gdfast as gd
from gdfast.cli.outputs import write_files
from gdfast.files.atomic import write_whole
from gdfast.files.saved_arrays import load_arrays, save_arrays
from interrupts import PATIENCE, interrupted

LEFT = "0123456789abcdef.unfinished"
MODEL = gd.Model(np.zeros((3, 5)), gd.Hinge())


def put(path, content=b"new"):
    write_whole(path, lambda file: file.write(content))


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def checkpoint(path):
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    gd.minimize(bowl, [3.0], max_steps=3, checkpoint=gd.Checkpoint(path))


WRITERS = {
    "model": lambda path: gd.save_model(path, MODEL),
    "checkpoint": checkpoint,
    "landscape": lambda path: gd.landscape.load(_line(path)).save(path),
    "arrays": lambda path: save_arrays(path, "kind", 1, {"a": np.arange(3)}, {}),
    "command": lambda path: write_files(path.parent, {path.name: b"content"}),
}


def _line(path):
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    made = path.parent / "line.npz"
    gd.landscape.line(bowl, [3.0], [1.0], [-3.0, 0.0]).save(made)
    return made


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400, 0o666])
def test_a_mode_stays(tmp_path, writer, mode):
    path = tmp_path / "run.npz"
    path.touch()
    path.chmod(mode)
    WRITERS[writer](path)
    assert mode_of(path) == mode
    assert path.stat().st_size > 0


def test_a_new_file_has_the_mode_that_the_process_gives(tmp_path):
    before = os.umask(0o027)
    try:
        put(tmp_path / "new")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "new") == 0o640


def test_a_private_file_is_private_while_it_is_written(tmp_path):
    path = tmp_path / "run.npz"
    path.touch(0o600)
    seen = []

    def write(file):
        seen.extend(mode_of(part) for part in tmp_path.iterdir())
        file.write(b"secret")

    write_whole(path, write)
    assert seen == [0o600, 0o600]


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("target", ["there", "not yet", "chain"])
def test_a_link_stays_a_link(tmp_path, writer, target):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    real, path = folder / "real.npz", tmp_path / "run.npz"
    if target == "there":
        real.write_bytes(b"old")
    if target == "chain":
        (tmp_path / "between").symlink_to("elsewhere/real.npz")
        path.symlink_to("between")
    else:
        path.symlink_to("elsewhere/real.npz")
    WRITERS[writer](path)
    assert path.is_symlink()
    assert real.is_file()
    assert not real.is_symlink()
    assert real.read_bytes() == path.read_bytes()
    assert not list(tmp_path.rglob("*.unfinished"))


def test_links_that_lead_nowhere(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        put(loop)
    assert loop.is_symlink()
    lost = tmp_path / "lost"
    lost.symlink_to("no/such/folder/file")
    with pytest.raises(OSError, match="lost"):
        put(lost)
    folder = tmp_path / "folder"
    folder.symlink_to(".")
    with pytest.raises(OSError, match="folder or a device"):
        put(folder)


def test_planted_names_are_neither_followed_nor_waited_for(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    os.mkfifo(tmp_path / f".run.npz.{LEFT}")
    (tmp_path / f".run.npz.{LEFT[::-1][-16:]}{LEFT[16:]}").symlink_to(victim)
    for name in (f".run.npz.{os.getpid()}", ".run.npz.tmp"):
        (tmp_path / name).symlink_to(victim)
    for writer in WRITERS.values():
        writer(tmp_path / "run.npz")
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / f".run.npz.{os.getpid()}").is_symlink()


def test_the_sweep_takes_what_is_its_own(tmp_path):
    mine = tmp_path / f".run.{LEFT}"
    others = [tmp_path / name for name in (f".run.npz.{LEFT}", f".run.1.{LEFT}", ".run.unfinished", f"run.{LEFT}")]
    for file in (mine, *others):
        file.write_bytes(b"half")
    put(tmp_path / "run")
    assert not mine.exists()
    assert all(file.exists() for file in others)


def test_the_sweep_leaves_what_somebody_is_writing(tmp_path):
    path = tmp_path / "run"

    def write(file):
        put(path, b"first")  # another writer comes and goes meanwhile
        file.write(b"second")

    write_whole(path, write)
    assert path.read_bytes() == b"second"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, OSError])
def test_what_fails_leaves_nothing(tmp_path, failure):
    path = tmp_path / "run"
    path.write_bytes(b"before")

    def write(file):
        file.write(b"half")
        raise failure

    with pytest.raises(failure):
        write_whole(path, write)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"run": b"before"}


RACE = """
import sys
import numpy as np
from gdfast.files.saved_arrays import load_arrays, save_arrays

path, number = sys.argv[1], int(sys.argv[2])
for i in range(150):
    save_arrays(path, "kind", 1, {"a": np.full(2000, number)}, {"i": i})
    arrays, _ = load_arrays(path, "kind", 1)
    assert len(set(arrays["a"].tolist())) == 1
"""


@pytest.mark.parametrize("names", [("run", "run"), ("run", "run.npz"), ("run.npz", "run.npz")])
def test_two_processes_save_side_by_side(tmp_path, names):
    code = textwrap.dedent(RACE)
    children = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", code, str(tmp_path / name), str(i)], stderr=subprocess.PIPE, text=True
        )
        for i, name in enumerate(names)
    ]
    errors = [child.communicate(timeout=120)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0], errors
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(set(names))


def test_a_killed_writer_is_swept_after(tmp_path):
    code = f"""
    import os, signal
    from gdfast.files.atomic import write_whole
    write_whole({str(tmp_path / "run")!r}, lambda file: (file.write(b"half"), os.kill(os.getpid(), signal.SIGKILL)))
    """
    subprocess.run([sys.executable, "-P", "-c", textwrap.dedent(code)], check=False)
    assert len(list(tmp_path.glob(".run.*.unfinished"))) == 1
    put(tmp_path / "run")
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_ctrl_c_while_a_checkpoint_is_written(tmp_path):
    """The run is handed back, the file holds a whole checkpoint, and nothing lies beside it."""
    told = interrupted(
        """
        w0 = np.zeros(200_000)
        bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w - 1)
        press_after(1.0)
        run = gd.minimize(bowl, w0, step=1e-4, max_steps=10**6, gtol=0.0, checkpoint=gd.Checkpoint("run.npz", every=1))
        tell(status=run.status.name, steps=run.steps)
        """,
        tmp_path,
    )
    assert told["status"] == "INTERRUPTED"
    assert told["seconds"] < PATIENCE
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
    assert abs(load_arrays(tmp_path / "run.npz", "checkpoint", 1)[1]["k"] - told["steps"]) <= 1


def test_ctrl_c_in_a_command_leaves_nothing(tmp_path):
    code = """
    import os, signal, sys
    from pathlib import Path
    from gdfast.cli.outputs import write_files

    class Press(dict):
        def values(self):
            yield b"first"
            os.kill(os.getpid(), signal.SIGINT)
            yield b"second"

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        write_files(Path("."), Press({"line.npz": 0, "line.png": 0}))
    except KeyboardInterrupt:
        print(os.listdir())
    """
    done = subprocess.run(
        [sys.executable, "-P", "-c", textwrap.dedent(code)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
