"""Files that are not trusted: read in a process of its own, with the same result; what kills it is an error here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import gdfast as gd
from gdfast.datasets import load, untrusted
from reliability.fuzz import seeds

pytestmark = pytest.mark.slow

FILES = {
    "t.csv": (seeds.csv, {}),
    "t.npy": (seeds.npy_files, {}),
    "t.npz": (seeds.npz_files, {}),
    "t.parquet": (seeds.parquet, {"label": "k"}),
    "t.arrow": (seeds.arrow, {"label": "k", "drop": ("b",)}),
    "t.h5": (seeds.hdf5, {}),
}


def dense(X):
    return X.toarray() if sparse.issparse(X) else X


@pytest.mark.parametrize("name", FILES)
def test_the_same_data_set(name, tmp_path):
    make, options = FILES[name]
    path = tmp_path / name
    path.write_bytes(make()[-1])
    if name == "t.npy":
        np.save(tmp_path / "t_labels.npy", [4, 5])
    here, apart = load(path, **options), load(path, trusted=False, **options)
    assert dense(apart.X).dtype == dense(here.X).dtype
    np.testing.assert_array_equal(dense(apart.X), dense(here.X))
    assert type(apart.X) is type(here.X)
    np.testing.assert_array_equal(apart.y, here.y)
    for part in ("class_names", "feature_names", "notes", "reading", "description", "image_shape"):
        assert getattr(apart, part) == getattr(here, part)


def test_the_same_error(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,k\n1,2,x\n3,wide,y\n")
    with pytest.raises(ValueError, match="line 3, column 2") as here:
        load(path)
    with pytest.raises(ValueError, match="line 3, column 2") as apart:
        load(path, trusted=False)
    assert str(apart.value) == str(here.value)
    with pytest.raises(FileNotFoundError, match=r"nothing\.csv does not exist"):
        load(tmp_path / "nothing.csv", trusted=False)
    with pytest.raises(ValueError, match=r"t\.csv is read as a whole where it is not trusted"):
        load(path, trusted=False, mmap=True)
    with pytest.raises(TypeError, match="trusted must be"):
        load(path, trusted="no")


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("os.kill(os.getpid(), 11)", r"t\.csv is damaged, or made to: its reader crashed \(SIGSEGV\)"),
        ("os._exit(3)", r"t\.csv is damaged, or made to: its reader crashed \(exit code 3\)"),
        ("os.read(os.pipe()[0], 1)", r"t\.csv is damaged, or made to: its reader has not ended in 4 s"),
        ("bytearray(1 << 40)", r"t\.csv takes more than [\d,]+ bytes to read"),
        ("int('what')", r"t\.csv: invalid literal"),
    ],
)
def test_what_kills_the_reader_is_an_error_here(does, said, tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("1,2,x\n3,4,y\n")
    dies = f"import os\ndef reader(*_, **__): {does}\n"
    child = untrusted._CHILD.replace("serve(READERS)", "READERS['rows'] = reader; serve(READERS)")
    monkeypatch.setattr(untrusted, "_CHILD", f"{dies}{child.replace('; ', chr(10))}")
    monkeypatch.setattr(untrusted, "SECONDS", 4.0)
    with pytest.raises(ValueError, match=said):
        load(path, trusted=False)


def test_ctrl_c_ends_the_reader_and_leaves_nothing(tmp_path):
    (tmp_path / "t.csv").write_text("1,2,x\n3,4,y\n")
    program = (
        "import tempfile; tempfile.tempdir = '.'\n"
        "from gdfast.datasets import load, untrusted\n"
        "untrusted._CHILD = 'import time; print(flush=True); time.sleep(100)'\n"
        "print('begun', flush=True)\nload('t.csv', trusted=False)\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-P", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "begun\n"
    until = time.monotonic() + 20
    while not list(tmp_path.glob("gdfast-*")) and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.3)
    started.send_signal(signal.SIGINT)
    _, error = started.communicate(timeout=20)
    assert "KeyboardInterrupt" in error
    assert os.listdir(tmp_path) == ["t.csv"]


def test_the_command(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from gdfast.cli import main

    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i},{i % 3},{'xy'[i > 20]}\n" for i in range(40))
    Path("t.csv").write_text("a,b,k\n" + rows)
    run = CliRunner().invoke
    done = run(main, ["train", "t.csv", "-o", "m.npz", "--untrusted", "-q"])
    assert done.exit_code == 0, done.output
    assert "trusted" not in str(gd.load_model("m.npz").facts)
    done = run(main, ["evaluate", "m.npz", "t.csv", "--untrusted"])
    assert done.exit_code == 0, done.output
    done = run(main, ["evaluate", "m.npz", "t.csv", "--untrusted", "--memory-limit", "1 MB"])
    assert done.exit_code == 1
    assert "t.csv is read as a whole where it is not trusted" in done.output
