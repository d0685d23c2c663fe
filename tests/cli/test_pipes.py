"""The command between other programs: pipes that close, disks that are full, rows that come through standard input."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
from command import blobs, gdfast, one_sentence

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes as in POSIX")
GDFAST = [sys.executable, "-m", "gdfast"]


@pytest.fixture
def model(flowers) -> gd.Model:
    assert gdfast("train", "flowers.csv", "-o", "m.npz", "-q", cwd=flowers).returncode == 0
    return gd.load_model("m.npz")


@pytest.fixture
def many(flowers) -> np.ndarray:
    X = blobs(200_000, 3, 3, seed=3)[0].astype(np.float32)
    np.save("many.npy", X)
    return X


@pytest.mark.slow  # a process each
@pytest.mark.parametrize("kind", ["csv", "jsonl", "npy"])
def test_a_reader_that_has_enough_ends_it_quietly(model, many, flowers, kind):
    process = subprocess.Popen(
        [*GDFAST, "predict", "m.npz", "many.npy", "--format", kind],
        cwd=flowers, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert len(process.stdout.read(10)) == 10
    process.stdout.close()  # as head does
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


def test_a_reader_that_is_gone_before_the_first_line(model, flowers):
    reader, writer = os.pipe()
    os.close(reader)
    for command in (["evaluate", "m.npz", "flowers.csv"], ["info", "m.npz"], ["info"], ["completion", "bash"]):
        done = subprocess.run([*GDFAST, *command], cwd=flowers, stdout=writer, stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
    os.close(writer)


@pytest.mark.slow  # a process each
def test_head(model, many, flowers):
    done = subprocess.run(
        f"{sys.executable} -m gdfast predict m.npz many.npy | head -n 3",
        shell=True, cwd=flowers, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["prediction", *(model.class_names[i] for i in model.predict(many[:2]))]
    assert done.stderr == ""


@pytest.mark.slow  # a process each
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "command", [["predict", "m.npz", "flowers.csv"], ["evaluate", "m.npz", "flowers.csv"], ["info"]]
)
def test_a_full_disk_behind_standard_output(model, flowers, command):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*GDFAST, *command], cwd=flowers, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert one_sentence(done) == "the output cannot be written: No space left on device"


def test_a_full_disk_leaves_no_half_of_the_predictions(model, many, flowers):
    import resource

    Path("p.csv").write_text("before")
    done = gdfast(
        "predict", "m.npz", "many.npy", "-o", "p.csv", cwd=flowers, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)),
    )  # fmt: skip
    assert done.returncode == 1
    assert one_sentence(done).startswith("p.csv cannot be written: ")
    assert Path("p.csv").read_text() == "before"
    assert sorted(p.name for p in flowers.iterdir()) == ["flowers.csv", "m.npz", "many.npy", "p.csv"]


def test_from_one_command_to_the_next(flowers):
    """Train from standard input, predict from standard input, and the answers are those of the files."""
    table = Path("flowers.csv").read_bytes()
    trained = gdfast("train", "-", "-o", "m.npz", "--seed", "3", cwd=flowers, input=table)
    assert trained.returncode == 0
    assert b"standard input: 150 rows of 3 features" in trained.stdout
    assert trained.stderr == b""  # no bar where nobody sees it
    gdfast("train", "flowers.csv", "-o", "n.npz", "--seed", "3", cwd=flowers)
    assert np.array_equal(gd.load_model("m.npz").W, gd.load_model("n.npz").W)
    piped = gdfast("predict", "m.npz", "-", cwd=flowers, input=table)
    assert piped.stdout == gdfast("predict", "m.npz", "flowers.csv", cwd=flowers).stdout
    judged = gdfast("evaluate", "m.npz", "-", "--json", cwd=flowers, input=table, text=False)
    assert b'"data": "standard input"' in judged.stdout


def test_a_wrong_line_of_standard_input_is_named(flowers):
    done = gdfast("train", "-", "-o", "m.npz", cwd=flowers, input="a,b,k\n1,2,x\n3,wide,y\n", text=True)
    said = one_sentence(done)
    assert said.startswith("standard input must hold numbers; line 3, column 2 ('b') is 'wide': drop='b', or --drop, ")
    assert not Path("m.npz").exists()


@pytest.mark.slow  # a process each
@pytest.mark.parametrize(
    ("closed", "message"),
    [
        ("predict m.npz - <&-", "standard input is closed"),
        ("predict m.npz flowers.csv >&-", "the output cannot be written: standard output is closed"),
    ],
)
def test_streams_that_are_closed_from_the_beginning(model, flowers, closed, message):
    command = f"{shlex.join(GDFAST)} {closed}"
    done = subprocess.run(["sh", "-c", command], cwd=flowers, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert one_sentence(done) == message


def test_a_training_needs_no_streams(flowers):
    command = f"{shlex.join(GDFAST)} train flowers.csv -o m.npz >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], cwd=flowers, check=False).returncode == 0
    assert gd.load_model("m.npz").n_features == 3
