"""`gdfast train`: every kind of data, what it says, what it refuses, and runs that are killed and go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from command import KINDS, blobs, gdfast, one_sentence
from gdfast.cli import main
from gdfast.training.split import held_out_rows
from quick import quick_among


def run(*arguments: str | Path, code: int = 0) -> str:
    """The command in this process; its output, where it ends with that code."""
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def test_a_table_becomes_a_model_that_knows_its_classes_and_columns(flowers):
    shown = run("train", "flowers.csv", "-o", "model.npz")
    model = gd.load_model("model.npz")
    data = gd.datasets.load("flowers.csv")
    assert model.class_names == KINDS
    assert model.feature_names == data.feature_names
    assert model.facts["rows"] + model.facts["held out"]["rows"] == 150
    assert np.mean(model.predict(data.X) == data.y) > 0.95
    assert all(len(line) <= 80 for line in shown.splitlines())
    for word in ("150 rows of 3 features", "3 classes", "cross-entropy", "accuracy", "model.npz", "gdfast predict"):
        assert word in shown


def test_what_it_says_of_the_rows_held_out_is_true(flowers):
    """No row that is judged on was trained on: the model is the same whatever the labels there are."""
    said = json.loads(run("train", "flowers.csv", "-o", "a.npz", "--val-fraction", "0.3", "--seed", "5", "--json"))
    assert 0 < said["seconds"] < said["total_seconds"]  # of the training alone; reading and evaluation too
    data = gd.datasets.load("flowers.csv")
    held = held_out_rows(150, 0.3, 5, data.y)
    model = gd.load_model("a.npz")
    assert said["held_out"]["rows"] == len(held)
    assert said["held_out"]["accuracy"] == np.mean(model.predict(data.X[held]) == data.y[held])
    assert said["rows"] == 150 - len(held)
    X = data.X.copy()
    X[held] = np.random.default_rng(0).permutation(X[held])
    np.savez("b.npz", X=X, y=data.y)
    run("train", "b.npz", "-o", "c.npz", "--val-fraction", "0.3", "--seed", "5")
    assert np.array_equal(gd.load_model("c.npz").W, model.W)


def test_it_finds_what_scikit_learn_finds(flowers):
    sklearn = pytest.importorskip("sklearn.linear_model")
    X, y = blobs(400, 5, 3, seed=4, spread=1.0)
    np.savez("data.npz", X=X, y=y)
    run("train", "data.npz", "-o", "m.npz", "--val-fraction", "0", "--optimizer", "newton")
    scale = X.std(axis=0)
    peer = sklearn.LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000).fit((X - X.mean(axis=0)) / scale, y)
    ours = gd.load_model("m.npz").probabilities(X)
    assert ours == pytest.approx(peer.predict_proba((X - X.mean(axis=0)) / scale), abs=1e-5)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_units_change_no_prediction(flowers, factor):
    X, y = blobs(300, 4, 3, seed=2)
    for name, rows in (("a", X), ("b", factor * X)):
        np.savez(f"{name}.npz", X=rows, y=y)
        run("train", f"{name}.npz", "-o", f"{name}_model.npz", "--loss", "hinge")
    a, b = (gd.load_model(f"{name}_model.npz") for name in "ab")
    assert np.array_equal(a.predict(X), b.predict(factor * X))


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_real_targets(flowers, loss):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((500, 4)) * [1, 10, 100, 1000] + 5
    y = 1e4 + X @ [3.0, 0.2, -0.01, 0.004] + 0.1 * rng.standard_normal(500)
    np.savez("data.npz", X=X, y=y)
    said = json.loads(run("train", "data.npz", "-o", "m.npz", "--loss", loss, "--json"))
    assert said["classes"] is None
    assert said["held_out"]["R2"] > 0.99
    model = gd.load_model("m.npz")
    spread = 1.5 * np.median(np.abs(y - np.median(y)))  # Huber's delta is one of these, whatever the unit of y
    assert isinstance(model.loss, gd.SquaredError if loss == "squared_error" else gd.Huber)
    assert loss == "squared_error" or model.loss.delta == pytest.approx(spread, rel=0.1)  # of the rows that train
    assert np.abs(model.predict(X) - y).mean() < 0.3
    assert said["rows"] + said["held_out"]["rows"] == 500


def test_pixels_with_labels_beside_and_the_page(flowers):
    pytest.importorskip("plotly")
    digits = gd.datasets.load_digits()
    np.save("images.npy", digits.X.reshape(-1, 8, 8))
    np.save("images_labels.npy", digits.y)
    said = json.loads(
        run("train", "images.npy", "-o", "m.npz", "--early-stopping", "--report", "run.html", "--json", "--seed", "2")
    )
    assert said["held_out"]["accuracy"] > 0.9
    assert gd.load_model("m.npz").W.dtype == np.float32
    page = Path("run.html").read_text(encoding="utf-8")
    assert "held-out accuracy" in page
    assert "gdfast train images.npy -o m.npz --early-stopping --seed 2 --report run.html --json" in page
    for part in ("Training curves", "Optimization path", "Effect of the learning rate", "Gradient check"):
        assert f">{part}</h2>" in page
    assert "Gradient check: PASS" in page or "Gradient check: KINKS" in page


def test_a_part_that_the_file_holds_out_is_what_it_judges_on(flowers):
    X, y = blobs(200, 4, 2, seed=6)
    np.savez("data.npz", X=X[:150], y=y[:150], X_test=X[150:], y_test=y[150:])
    said = json.loads(run("train", "data.npz", "-o", "m.npz", "--json"))
    assert (said["rows"], said["held_out"]["rows"]) == (150, 50)
    assert said["held_out"]["accuracy"] == np.mean(gd.load_model("m.npz").predict(X[150:]) == y[150:])


def test_large_offsets_in_float32_keep_their_digits(flowers):
    X, y = blobs(300, 3, 3, seed=8)
    X = (X / X.std(axis=0) + 1e5).astype(np.float32)
    np.savez("data.npz", X=X, y=y)
    said = json.loads(run("train", "data.npz", "-o", "m.npz", "--json"))
    assert said["held_out"]["accuracy"] > 0.9
    assert json.loads(run("evaluate", "m.npz", "data.npz", "--json"))["accuracy"] > 0.9


@pytest.mark.parametrize("threads", [1, 3])
def test_the_same_bits_for_any_threads_loud_or_quiet(flowers, threads):
    run("train", "flowers.csv", "-o", "a.npz")
    assert run("train", "flowers.csv", "-o", "b.npz", "--threads", threads, "--quiet") == ""
    assert Path("a.npz").read_bytes() == Path("b.npz").read_bytes()


@pytest.mark.parametrize("optimizer", ["adam", "averaged_sgd", "lbfgs"])
def test_other_optimizers(flowers, optimizer):
    said = json.loads(run("train", "flowers.csv", "-o", "m.npz", "--optimizer", optimizer, "--json"))
    assert said["training"]["accuracy"] > 0.9


def test_numbers_that_never_repeat_are_asked_about(flowers):
    np.savez("data.npz", X=np.arange(60.0)[:, None], y=np.arange(60))
    result = CliRunner().invoke(main, ["train", "data.npz", "-o", "m.npz", "--epochs", "1"])
    assert result.exit_code == 0
    assert "--loss squared_error" in result.stderr


# ---- What it refuses ----


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "bad.csv is empty"),
        ("a,b,k\n1,2,x\n3,y\n", "line 3 has 2"),
        ("a,b,k\n1,2,x\n3,wide,y\n", "line 3, column 2 ('b') is 'wide'"),
        ("a,b,k\n1,2,x\n3,inf,y\n", "must hold finite numbers; line 3, column 2 ('b')"),
        ("a,b,k\n1,2,x\n3,4,x\n", "two classes are needed at least, and there is 1"),
        ("a,b,k\n1,2,0.5\n3,4,1.5\n", "--loss squared_error reads real numbers"),
    ],
)
def test_bad_tables_are_one_sentence_and_nothing_is_written(flowers, content, words):
    Path("bad.csv").write_text(content)
    assert words in run("train", "bad.csv", "-o", "m.npz", "--report", "m.html", code=1)
    assert sorted(p.name for p in flowers.iterdir()) == ["bad.csv", "flowers.csv"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.csv", "-o", "m.npz"], 1, "none.csv does not exist"),
        (["flowers.csv"], 2, "Missing option '-o'"),
        (["flowers.csv", "-o", "flowers.csv"], 2, "--out must be another file than DATA"),
        (["flowers.csv", "-o", "m.npz", "--checkpoint", "./m.npz"], 2, "--checkpoint must be another file than --out"),
        (["flowers.csv", "-o", "no/m.npz"], 1, "there is no folder no"),
        (["flowers.csv", "-o", "."], 1, "it is a folder"),
        (["flowers.csv", "-o", "m.npz", "--loss", "huber"], 1, "must hold real targets"),
        (["flowers.csv", "-o", "m.npz", "--lr", "nan"], 2, "is not > 0"),
        (["flowers.csv", "-o", "m.npz", "--lr", "fast"], 2, "'fast' is no number"),
        (["flowers.csv", "-o", "m.npz", "--alpha", "-1"], 2, "is not >= 0"),
        (["flowers.csv", "-o", "m.npz", "--resume"], 2, "--resume needs --checkpoint"),
        (["flowers.csv", "-o", "m.npz", "--label", "sort"], 1, "must hold one column named 'sort'"),
        (["flowers.csv", "-o", "m.npz", "--label", "none"], 1, "'kind') is"),
        (["flowers.csv", "-o", "m.npz", "--labels", "flowers.csv"], 1, "--labels must be an array or a .npy file"),
        (["flowers.csv", "-o", "m.npz", "--optimizer", "lbfgs", "--early-stopping"], 2, "goes epoch by epoch"),
        (["flowers.csv", "-o", "m.npz", "--optimizer", "dual_coordinate_ascent"], 2, "needs --loss hinge"),
        (["flowers.csv", "-o", "m.npz", "--early-stopping", "--val-fraction", "0"], 2, "must be > 0"),
        (["flowers.csv", "-o", "m.npz", "--val-fraction", "0.001"], 1, "holds out none of 150 rows"),
        (["flowers.csv", "-o", "m.npz", "--lr", "1e300"], 1, "a smaller --lr"),
    ],
)
def test_wrong_options(flowers, arguments, code, words):
    assert words in run("train", *arguments, code=code)
    assert [p.name for p in flowers.iterdir()] == ["flowers.csv"]


def test_the_page_needs_plotly_before_any_work(flowers, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    assert "pip install 'gdfast[report]'" in run("train", "flowers.csv", "-o", "m.npz", "--report", "r.html", code=1)
    assert not Path("m.npz").exists()


def test_it_needs_no_scikit_learn(flowers):
    code = (
        "import sys; sys.modules['sklearn'] = None; sys.modules['scipy'] = None\n"
        "from gdfast.cli import main; main(['train', 'flowers.csv', '-o', 'm.npz', '-q'])"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=flowers)
    assert gd.load_model("m.npz").class_names == KINDS


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_full_disk_leaves_the_model_that_was_there(flowers):
    import resource

    run("train", "flowers.csv", "-o", "m.npz", "-q")
    before = Path("m.npz").read_bytes()
    full = gdfast(
        "train", "flowers.csv", "-o", "m.npz", "--seed", "1", cwd=flowers, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)),
    )  # fmt: skip
    assert full.returncode == 1
    assert one_sentence(full).startswith("m.npz cannot be written: ")
    assert Path("m.npz").read_bytes() == before
    assert sorted(p.name for p in flowers.iterdir()) == ["flowers.csv", "m.npz"]


# ---- Killed, interrupted, resumed ----


def _until(condition, process, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def slow(flowers):
    """Data that take about a second and a command for them; every epoch is written down."""
    X, y = blobs(4000, 100, 5, seed=9, spread=0.3)
    np.savez("slow.npz", X=X.astype(np.float32), y=y)
    return ["train", "slow.npz", "--epochs", "100", "--batch-size", "4", "-q"]


OPTIONS = [[], ["--optimizer", "adam", "--lr", "cosine"], ["--loss", "squared_hinge", "--early-stopping"]]


@pytest.mark.parametrize(
    "options", quick_among(OPTIONS, lambda options: options == []), ids=lambda options: " ".join(options) or "recipe"
)
def test_a_killed_run_goes_on_to_the_same_bits(slow, flowers, options):
    run(*slow, *options, "-o", "straight.npz")
    command = [sys.executable, "-m", "gdfast", *slow, *options, "-o", "m.npz", "--checkpoint", "run.npz"]
    killed = 0
    for _ in range(2):
        process = subprocess.Popen([*command, "--resume"], cwd=flowers)
        before = Path("run.npz").stat().st_mtime_ns if Path("run.npz").exists() else 0
        try:
            _until(lambda b=before: Path("run.npz").exists() and Path("run.npz").stat().st_mtime_ns > b, process)
        finally:
            process.kill()
        killed += process.wait() == -signal.SIGKILL
    assert killed == 2
    assert not Path("m.npz").exists()
    again = (*slow, *options, "-o", "m.npz", "--checkpoint", "run.npz")
    assert "--resume goes on with it" in run(*again, code=1)
    refused = run(*again, "--resume", "--seed", "7", code=1)
    assert refused == "Error: --resume needs the options of the run in run.npz: its --seed was 0; it is 7\n"
    assert gdfast(*again, "--resume", cwd=flowers).returncode == 0
    assert Path("m.npz").read_bytes() == Path("straight.npz").read_bytes()
    # What has ended is gone on with at no cost, and replaced when nobody asks for it.
    run(*slow, *options, "-o", "again.npz", "--checkpoint", "run.npz", "--resume")
    assert Path("again.npz").read_bytes() == Path("straight.npz").read_bytes()
    run("train", "flowers.csv", "-o", "again.npz", "--checkpoint", "run.npz")


def test_other_data_are_no_way_to_go_on(slow, flowers):
    run("train", "flowers.csv", "-o", "m.npz", "--checkpoint", "run.npz", "-q")
    run("train", "slow.npz", "-o", "m.npz", "--epochs", "1", "--checkpoint", "other.npz", "-q")
    before = Path("run.npz").read_bytes()
    Path("petals.csv").write_text("1,a\n2,b\n3,a\n")
    Path("flowers.csv").write_text(Path("flowers.csv").read_text().replace("virginica", "alba"))
    said = run("train", "flowers.csv", "-o", "n.npz", "--checkpoint", "run.npz", "--resume", code=1)
    assert "--resume needs the data of the run in run.npz; these are others" in said
    said = run("train", "petals.csv", "-o", "n.npz", "--checkpoint", "run.npz", "--resume", code=1)
    assert "--resume needs the data of the run in run.npz; these are others" in said
    assert Path("run.npz").read_bytes() == before
    assert not Path("n.npz").exists()
    assert "is not a whole file" in run("train", "flowers.csv", "-o", "n.npz", "--checkpoint", "slow.npz", code=1)
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    gd.minimize(bowl, [3.0], checkpoint=gd.Checkpoint("bowl.npz"))
    assert "gd.resume goes on with it" in run(
        "train", "flowers.csv", "-o", "n.npz", "--checkpoint", "bowl.npz", "--resume", code=1
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_is_one_sentence_and_writes_no_model(slow, flowers):
    process = subprocess.Popen(
        [sys.executable, "-m", "gdfast", *slow, "--epochs", "5000", "-o", "m.npz", "--checkpoint", "run.npz"],
        cwd=flowers, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        _until(lambda: Path("run.npz").exists(), process)
        process.send_signal(signal.SIGINT)
        shown, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, shown) == (130, "")
    assert said == (
        "Interrupted: no model was written; the run is kept in run.npz: the same command with --resume goes on.\n"
    )
    assert sorted(p.name for p in flowers.iterdir()) == ["flowers.csv", "run.npz", "slow.npz"]


def test_the_bar_in_a_terminal_of_80_columns(flowers):
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios

    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "gdfast", "train", "flowers.csv", "-o", "m.npz"],
        cwd=flowers, stdin=terminal, stdout=terminal, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(screen, 4096)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(screen)
    assert process.wait() == 0
    text = shown.decode()
    assert "Reading flowers.csv" in text
    for word in ("left", "rows/s", "loss ", "held out "):
        assert word in text
    assert all(len(line) <= 80 for line in text.replace("\r", "\n").split("\n"))
