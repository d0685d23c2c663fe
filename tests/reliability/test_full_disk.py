"""A disk that is full, read-only or broken at the n-th call of every writer: the error names the file, what was there
before is there still, to the last byte, and nothing lies beside it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from gdfast.cli import main
from reliability.failing_disk import failing

pytestmark = pytest.mark.skipif(os.name == "nt", reason="calls as in POSIX")

BOWL = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)


def checkpoint() -> None:
    gd.minimize(BOWL, [3.0], max_steps=3, checkpoint=gd.Checkpoint("out/file", every=3))


def scores() -> None:
    made = gd.ChunkedObjective([np.ones((4, 2)), np.zeros((3, 2))], np.array([0, 1, 0, 1, 0, 1, 0]))
    made.scores(np.zeros(made.shape), out="out/file")


def page() -> None:
    from gdfast.pictures.page import RunReport, write_page

    write_page("out/file", RunReport("A bowl"))


def command(*words: str) -> Callable[[], None]:
    """A command: its sentence becomes an OSError here."""

    def run() -> None:
        done = CliRunner().invoke(main, words)
        if done.exit_code:
            assert done.exit_code == 1, done.output
            assert done.stderr.startswith("Error: "), done.stderr
            assert done.stderr.count("\n") == 1, done.stderr
            assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
            raise OSError(done.stderr)

    return run


WRITERS: dict[str, Callable[[], Any]] = {
    "model": lambda: gd.save_model("out/file", gd.Model(np.zeros((3, 5)), gd.Hinge())),
    "checkpoint": checkpoint,
    "line": lambda: gd.landscape.line(BOWL, [3.0], [1.0], [-3.0, 0.0]).save("out/file.npz"),
    "table of a line": lambda: gd.landscape.line(BOWL, [3.0], [1.0], [-3.0, 0.0]).save("out/file.csv"),
    "scores in a file": scores,
    "page": page,
    "gdfast train": command("train", "rows.csv", "-o", "out/file", "--epochs", "2"),
    "gdfast train --checkpoint": command(
        "train", "rows.csv", "-o", "out/file", "--epochs", "2", "--checkpoint", "out/run.npz"
    ),
    "gdfast train --report": command("train", "rows.csv", "-o", "out/file", "--epochs", "2", "--report", "out/r.html"),
    "gdfast predict": command("predict", "model.npz", "rows.csv", "-o", "out/file"),
    "gdfast predict, lines": command("predict", "model.npz", "rows.csv", "-o", "out/file", "--format", "jsonl"),
    "gdfast play": command("play", "--out", "out/file"),
    "gdfast landscape": command("landscape", "--images", "3", "--points", "3", "--kind", "line", "--out", "out"),
}
QUICK = {"model"}
ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)


@contextmanager
def a_folder_of_old_files(names: set[str]) -> Iterator[None]:
    """`out`, in which everything that is to be written is there already."""
    Path("out").mkdir(exist_ok=True)
    for name in names:
        Path("out", name).write_bytes(b"what was there before: " + name.encode())
    yield
    for path in Path("out").iterdir():
        path.unlink()


def content() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("out").iterdir()}


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in WRITERS])
def test_nothing_is_lost(name, tmp_path, monkeypatch, record_property, amount):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    lines = [",".join(map(str, row)) + f",{'ab'[i % 2]}\n" for i, row in enumerate(rng.normal(size=(20, 3)).round(3))]
    Path("rows.csv").write_text("".join(lines))
    write = WRITERS[name]
    with a_folder_of_old_files(set()):
        command("train", "rows.csv", "-o", "model.npz", "--epochs", "2")()
        with failing(tmp_path / "out", at=10**9, error=errno.ENOSPC) as disk:
            write()
        names, calls = set(content()), disk.calls
    names -= {"run.npz"}  # a run that has not ended is not written over
    failures = 0
    for error in ERRORS[: amount(1, 4)]:
        for at in range(0, calls, amount(1 + calls // 6, 1)):
            with a_folder_of_old_files(names):
                before = content()
                with failing(tmp_path / "out", at=at, error=error) as disk:
                    try:
                        write()
                    except OSError as raised:
                        said = str(raised)
                        assert os.strerror(error) in said, (disk.failed, said)
                        assert any(n in said for n in names | {"run.npz", "out"}), (disk.failed, said)
                        told = True
                    else:
                        told = False
                after = content()
                after.pop("run.npz", None)
                left = set(after) - names
                assert not left, f"{disk.failed} leaves {left}"
                if told:
                    failures += 1
                    lost = [n for n in before if before[n] != after.get(n)]
                    # Of several files that are complete, each takes its place by itself.
                    assert not lost or (len(names) > 1 and disk.failed.startswith("replace")), (disk.failed, lost)
                else:  # what failed was no part of what must not fail
                    assert all(after[n] != before[n] for n in names), f"{disk.failed} is not told"
    assert failures
    record_property("figure", f"full disk, {name}: {failures} failed calls, the old file intact each time")
