"""Places that attack who writes there: every writer refuses them, or writes where it was told and nowhere else."""

from __future__ import annotations

import io
import os
import socket
import stat
import sys
import tarfile

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from gdfast.cli import main
from gdfast.cli.outputs import write_files
from gdfast.files.atomic import write_whole

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")

MODEL = gd.Model(np.ones((3, 5)), gd.CrossEntropy())
LEFT = "0123456789abcdef.unfinished"
RUN = "run.npz"


def bowl():
    return gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)


def command(*arguments):
    """A command that writes; its sentence as an OSError, as a function would raise it."""
    outcome = CliRunner().invoke(main, list(map(str, arguments)), prog_name="gdfast", catch_exceptions=False)
    if outcome.exit_code:
        raise OSError(outcome.output)


def rows_beside(path):
    rows = path.parent.parent / "rows.csv"
    if not rows.exists():
        X = np.random.default_rng(0).normal(size=(30, 4))
        rows.write_text("\n".join(",".join([*map(str, x), "ab"[k % 2]]) for k, x in enumerate(X)))
        gd.save_model(path.parent.parent / "rows.npz", gd.Model(np.ones((2, 5)), gd.CrossEntropy()))
    return rows


WRITERS = {
    "model": lambda path: gd.save_model(path, MODEL),
    "checkpoint": lambda path: gd.minimize(bowl(), [3.0], max_steps=2, checkpoint=gd.Checkpoint(path)),
    "landscape": lambda path: gd.landscape.line(bowl(), [3.0], [1.0], [-3.0, 0.0]).save(path),
    "page": lambda path: _write_page(path),
    "files": lambda path: write_files(path.parent, {path.name: b"content"}),
    "train": lambda path: command("train", rows_beside(path), "-o", path, "--epochs", "1", "--quiet"),
    "train's page": lambda path: command(
        "train", rows_beside(path), "-o", path.parent.parent / "m.npz", "--epochs", "1", "--quiet", "--report", path
    ),
    "train's run": lambda path: command(
        "train", rows_beside(path), "-o", path.parent.parent / "m.npz", "--epochs", "1", "--quiet", "--checkpoint", path
    ),
    "predict": lambda path: command("predict", rows_beside(path).with_suffix(".npz"), rows_beside(path), "-o", path),
    "play": lambda path: command("play", "--out", path),
}
"""Everything that writes a file of a given name. (The folders of demo, figures and landscape go through "files".)"""
QUICK = {"model", "checkpoint", "files"}
WRITER = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in WRITERS]


def _write_page(path):
    from gdfast.pictures.page import RunReport, write_page

    write_page(path, RunReport("A page"))


@pytest.fixture
def folder(tmp_path):
    """A folder to write to, with a file outside of it that must stay as it is."""
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "victim").chmod(0o600)
    (tmp_path / "out").mkdir()
    yield tmp_path / "out"
    assert (tmp_path / "victim").read_bytes() == b"precious"


def writes(writer, path):
    """Whether the writer wrote; what it says where it did not is one sentence."""
    said = None
    try:
        WRITERS[writer](path)
    except (OSError, ValueError) as error:
        said = str(error)
    assert said != ""
    assert not [left for left in path.parent.glob(".*.unfinished") if left.name != f".{RUN}.{LEFT}"]
    return said is None


@pytest.mark.parametrize("writer", WRITER)
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o400])
def test_a_mode_stays(folder, writer, mode):
    path = folder / RUN
    if writer == "train's run":  # which goes on with what is there: a run that has ended is replaced
        WRITERS[writer](path)
    else:
        path.write_bytes(b"before")
    before = path.stat().st_ino
    path.chmod(mode)
    assert writes(writer, path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.stat().st_ino != before


@pytest.mark.parametrize("writer", WRITER)
def test_a_new_file_honours_the_umask(folder, writer):
    before = os.umask(0o077)
    try:
        assert writes(writer, folder / RUN)
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / RUN).stat().st_mode) == 0o600


@pytest.mark.parametrize("writer", WRITER)
def test_a_link_is_written_through_and_stays(folder, writer):
    real = folder / "real"
    (folder / RUN).symlink_to("real")
    assert writes(writer, folder / RUN)
    assert (folder / RUN).is_symlink()
    assert real.is_file()


@pytest.mark.parametrize("writer", WRITER)
def test_another_name_of_a_file_keeps_its_content(folder, writer):
    """A hard link: the name is given a new file, what else leads to the old one is not written."""
    os.link(folder.parent / "victim", folder / RUN)
    is_written = writes(writer, folder / RUN)
    assert is_written == (not os.path.samefile(folder.parent / "victim", folder / RUN))


def _socket(path):
    before = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


PLACES = {
    "folder": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "socket": _socket,
    "link to a pipe": lambda path: (os.mkfifo(path.with_name("pipe")), path.symlink_to("pipe")),
    "link to a folder": lambda path: path.symlink_to("."),
    "loop": lambda path: path.symlink_to(path.name),
    "device": lambda path: path.symlink_to("/dev/null"),
    "link into a folder that is not there": lambda path: path.symlink_to("no/such/folder"),
}


@pytest.mark.parametrize("writer", WRITER)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_file_is_refused_and_stays(folder, writer, place):
    path = folder / RUN
    PLACES[place](path)
    before = path.lstat()
    assert not writes(writer, path)
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)


@pytest.mark.parametrize("writer", WRITER)
def test_planted_temporary_names_are_not_followed(folder, writer):
    victim = folder.parent / "victim"
    for name in (f".{RUN}.{LEFT}", f".{RUN}.{os.getpid()}", f".{RUN}.tmp", "run.tmp.npz", f"{RUN}~", f"{RUN}.partial"):
        (folder / name).symlink_to(victim)
    assert writes(writer, folder / RUN)
    assert not (folder / RUN).is_symlink()


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, ""])
@pytest.mark.parametrize("writer", WRITER)
def test_names_that_no_file_can_have(folder, writer, name):
    assert not writes(writer, folder / name)
    assert [path.name for path in folder.iterdir()] == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("writer", WRITER)
def test_a_folder_that_must_not_be_written(folder, writer):
    folder.chmod(0o500)
    try:
        assert not writes(writer, folder / RUN)
    finally:
        folder.chmod(0o700)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("writer", ["model", "checkpoint", "files"])
@pytest.mark.parametrize("name", ["x" * 250, "\u00e9" * 120, "-x", "--help", "~", "a b", "%s", "$HOME"])
def test_names_that_a_file_can_have(folder, writer, name):
    assert writes(writer, folder / name)
    assert [path.name for path in folder.iterdir()] == [name]


# ---- the sweep ----


def test_the_sweep_removes_no_file_of_anothers(folder):
    """Of 1,000 files whose names resemble leftovers none goes that is not one, or that somebody holds."""
    from gdfast.files.atomic import Unfinished

    others = [
        f".{RUN}.{LEFT}.bak", f".{RUN}.{LEFT[:-1]}", f"{RUN}.{LEFT}", f".Run.npz.{LEFT}", f".{RUN}.x.{LEFT}",
        f".{RUN}.{LEFT.upper()}", f".{RUN}.0{LEFT}", f".{RUN}..unfinished", f"..{RUN}.{LEFT}", f".{RUN}{LEFT}",
        f".{RUN}.{LEFT}\n", f".{RUN}. {LEFT[1:]}",
    ]  # fmt: skip
    for name in others:
        (folder / name).write_bytes(b"other")
    (folder / f".{RUN}.{LEFT}").mkdir()
    for k in range(1000):
        (folder / f".{RUN}.{k:016x}.unfinished").write_bytes(b"left")
    with Unfinished(folder / RUN) as held:
        write_whole(folder / RUN, lambda file: file.write(b"new"))
        held.fill(lambda file: file.write(b"held"))
        held.finish()
    assert sorted(path.name for path in folder.iterdir()) == sorted([*others, f".{RUN}.{LEFT}", RUN])
    assert (folder / RUN).read_bytes() == b"held"


def test_a_folder_of_many_files_is_swept_in_no_time(folder):
    """By what the sweep opens, not by the clock: nothing of 3,000 others."""
    for k in range(3000):
        (folder / f"part-{k}").touch()
    opened = []

    def audit(event, arguments):
        if event == "open" and str(arguments[0]).startswith(str(folder)):
            opened.append(arguments[0])

    sys.addaudithook(audit)
    write_whole(folder / RUN, lambda file: file.write(b"new"))
    assert len(opened) <= 3


# ---- archives ----

MEMBERS = ("../escaped", "/tmp/escaped", "a/../../escaped", "C:\\escaped", "..\\escaped", "a\x00b", "x" * 300, "./")


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_nothing_of_an_archive_is_written(tmp_path, monkeypatch, kind):
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    with tarfile.open("crafted.tar.gz", "w:gz") as archive:
        for name in (*MEMBERS, "cifar-10-batches-bin/data_batch_1.bin"):
            member = tarfile.TarInfo(name.replace("\0", ""))
            member.type, member.linkname = kind, "../../../etc/passwd"
            member.size = 4 if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(b"evil"))
    with pytest.raises((OSError, ValueError)):
        gd.datasets.load("crafted.tar.gz")
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "crafted.tar.gz"]


def test_zip_members_are_names_of_arrays_and_no_places(tmp_path, monkeypatch):
    import zipfile

    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    content = io.BytesIO()
    np.save(content, np.eye(3))
    with zipfile.ZipFile("crafted.npz", "w") as archive:
        for name in ("../X.npy", "/X.npy", "X.npy", "y.npy", "..\\y.npy"):
            archive.writestr(name, content.getvalue())
    with pytest.raises(ValueError, match="not a whole file of gdfast's"):
        gd.load_model("crafted.npz")
    with pytest.raises(ValueError, match=r"crafted\.npz"):
        gd.datasets.load("crafted.npz")
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "crafted.npz"]


def test_how_many(record_property):
    places = len(PLACES) + len(MEMBERS) + 12
    assert len(WRITERS) >= 10
    record_property("figure", f"places that attack: {places} of them, {len(WRITERS)} writers: 0 written elsewhere")
