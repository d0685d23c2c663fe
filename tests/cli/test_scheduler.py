"""`gdfast train --scheduler`: what is wrong is one sentence, and Ctrl-C leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("distributed")

from command import blobs
from gdfast.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = blobs(120, 3, 2, seed=0)
    Path("folder").mkdir()
    np.save("folder/0.npy", X)
    np.save("folder/0_labels.npy", y)
    return tmp_path


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", ""])
def test_no_scheduler_answers(folder, address, monkeypatch):
    monkeypatch.setattr("gdfast.cli.cluster.TIMEOUT", 0.2)
    result = CliRunner().invoke(main, ["train", "folder", "-o", "m.npz", "--scheduler", address])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: --scheduler {address}: no scheduler answers there")
    assert "or give --scheduler local" in result.stderr
    assert not Path("m.npz").exists()


def test_dask_is_not_installed(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = CliRunner().invoke(main, ["train", "folder", "-o", "m.npz", "--scheduler", "local"])
    assert result.exit_code == 1
    assert result.stderr == "Error: --scheduler needs dask.distributed: pip install 'gdfast[dask]'\n"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="process groups")
def test_ctrl_c_ends_the_cluster_that_was_started(folder):
    """In a terminal all processes get the signal; the workers say nothing of it."""
    options = ["--solve", "--tol", "1e-13", "--alpha", "1e-12", "--checkpoint", "run.npz"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gdfast", "train", "folder", "-o", "m.npz", "--scheduler", "local", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while not Path("run.npz").exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err == (
        "Interrupted: no model was written; the run is kept in run.npz: the same command with --resume goes on.\n"
    )
    for _ in range(100):  # until the last of them is gone
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a process of the cluster is left")
