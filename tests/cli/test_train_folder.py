"""`gdfast train FOLDER`: rows read chunk by chunk are trained on, evaluated and predicted as those of a file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from command import KINDS, blobs
from gdfast.cli import main

LIMIT = ("--memory-limit", "8 kB")  # ten chunks and more


def run(*arguments: str | Path, code: int = 0) -> str:
    """The command in this process; its output, where it ends with that code."""
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def one_line(*arguments: str | Path, code: int = 1) -> str:
    """What a command says that fails: one sentence, the last of its lines."""
    lines = run(*arguments, code=code).splitlines()
    assert len(lines) == 1 or lines[0].startswith("Usage: ")
    return lines[-1].removeprefix("Error: ")


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """X and y in `folder` as three .npy files with labels beside them, and in all.npz as one; the current folder."""
    monkeypatch.chdir(tmp_path)
    X, y = blobs(300, 4, 3, seed=0, spread=1.5)
    X = X.astype("f4")
    Path("folder").mkdir()
    for i in range(3):
        part = slice(100 * i, 100 * i + 100)
        np.save(f"folder/part-{i}.npy", X[part])
        np.save(f"folder/part-{i}_labels.npy", y[part])
    np.savez("all.npz", X=X, y=y)
    return X, y


def test_a_folder_trains_the_model_of_the_same_rows_in_a_file(rows):
    X, _ = rows
    shown = run("train", "folder", "-o", "folder.npz", *LIMIT)
    for word in ("folder: 300 rows of 4 features (float32), 3 classes", "on 270 rows", "30 rows: accuracy"):
        assert word in shown
    there = json.loads(run("train", "folder", "-o", "folder.npz", "--json"))
    here = json.loads(run("train", "all.npz", "-o", "all-model.npz", "--json"))
    assert there["held_out"] == pytest.approx(here["held_out"], rel=1e-3)  # the same rows are held out
    assert there["training"] == pytest.approx(here["training"], rel=1e-4)
    mine, other = gd.load_model("folder.npz"), gd.load_model("all-model.npz")
    np.testing.assert_allclose(mine.scores(X), other.scores(X), atol=0.02)
    assert mine.class_names == other.class_names == ("0", "1", "2")


def test_evaluate_and_predict_take_what_was_trained_on(rows):
    X, y = rows
    run("train", "folder", "-o", "m.npz", "-q")
    model = gd.load_model("m.npz")
    for data in (("folder", *LIMIT), ("all.npz",)):
        said = json.loads(run("evaluate", "m.npz", *data, "--json"))
        assert said["accuracy"] == np.mean(model.predict(X) == y)
        assert said["loss"] == pytest.approx(model.loss.value(model.scores(X), y), rel=1e-5)
        assert np.sum(said["confusion"]) == 300
    for suffix in ("csv", "jsonl", "npy"):
        for more in ((), ("--scores",), ("--probabilities",)):
            run("predict", "m.npz", "folder", "-o", f"a.{suffix}", *more, *LIMIT)
            run("predict", "m.npz", "all.npz", "-o", f"b.{suffix}", *more)
            assert Path(f"a.{suffix}").read_bytes() == Path(f"b.{suffix}").read_bytes()
    np.testing.assert_array_equal(np.load("a.npy").argmax(axis=1), model.predict(X))


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_a_regression(rows, loss):
    X, _ = rows
    targets = 1e3 * X[:, 0] + np.random.default_rng(0).normal(size=300)
    np.save("X.npy", X)
    np.save("targets.npy", targets)
    options = ("--labels", "targets.npy", "--loss", loss, "--json")
    there = json.loads(run("train", "X.npy", "-o", "a.npz", *options, *LIMIT))
    here = json.loads(run("train", "X.npy", "-o", "b.npz", *options))
    for part in ("training", "held_out"):
        assert there[part] == pytest.approx(here[part], rel=1e-3)
    said = json.loads(run("evaluate", "a.npz", "X.npy", "--labels", "targets.npy", "--json", *LIMIT))
    assert said["R2"] == pytest.approx(1 - np.mean((gd.load_model("a.npz").predict(X) - targets) ** 2) / targets.var())
    run("predict", "a.npz", "X.npy", "-o", "p.npy", *LIMIT)
    np.testing.assert_array_equal(np.load("p.npy"), gd.load_model("a.npz").predict(X))


def test_tables_in_a_folder(rows):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    X, y = rows
    Path("tables").mkdir()
    for i in range(2):
        part = slice(150 * i, 150 * i + 150)
        columns = {name: X[part, j] for j, name in enumerate("abcd")} | {"kind": np.array(KINDS)[y[part]]}
        parquet.write_table(pyarrow.table(columns), f"tables/{i}.parquet")
        del columns["kind"]
        parquet.write_table(pyarrow.table(columns), f"new-{i}.parquet")
    run("train", "tables", "-o", "m.npz", "-q")  # the label is the last column, as of any table
    model = gd.load_model("m.npz")
    assert model.class_names == KINDS
    assert model.feature_names == ("a", "b", "c", "d")
    assert json.loads(run("evaluate", "m.npz", "tables", "--json"))["accuracy"] == np.mean(model.predict(X) == y)
    with_labels = run("predict", "m.npz", "tables").splitlines()
    without = run("predict", "m.npz", "new-0.parquet", *LIMIT).splitlines()
    assert with_labels[:151] == without
    run("train", "tables", "-o", "two.npz", "--drop", "a,c", "-q")
    assert gd.load_model("two.npz").feature_names == ("b", "d")
    assert len(run("predict", "two.npz", "new-0.parquet", *LIMIT).splitlines()) == 151
    assert "'sort'" in one_line("train", "tables", "-o", "x.npz", "--label", "sort")


def test_a_run_goes_on_to_the_same_bits(rows):
    options = ("--optimizer", "lbfgs", "--epochs", "40", "--checkpoint", "run.npz", "--resume", "-q", *LIMIT)
    run("train", "folder", "-o", "whole.npz", *options)
    Path("run.npz").unlink(missing_ok=True)
    from gdfast.training import guarded_run

    class Killed(Exception):
        pass

    def kill(self, k, w, loss):
        if k == 6:
            raise Killed
        return before(self, k, w, loss)

    before = guarded_run.GuardedRun.__call__
    guarded_run.GuardedRun.__call__ = kill
    try:
        with pytest.raises(Killed):
            CliRunner().invoke(main, ["train", "folder", "-o", "again.npz", *options], catch_exceptions=False)
    finally:
        guarded_run.GuardedRun.__call__ = before
    assert Path("run.npz").exists()
    run("train", "folder", "-o", "again.npz", *options)
    assert Path("again.npz").read_bytes() == Path("whole.npz").read_bytes()


def test_mistakes_are_one_sentence(rows):
    X, _ = rows
    shutil.copytree("folder", "nan")
    spoilt = X[200:].copy()
    spoilt[50, 2] = np.nan
    np.save("nan/part-2.npy", spoilt)
    for arguments, words in {
        ("absent",): "absent does not exist",
        ("folder", "--drop", "1"): "--drop must be left out: folder is no table",
        ("all.npz", *LIMIT): "all.npz",
        ("-", *LIMIT): "standard input is read as a whole: --memory-limit and --scheduler need a file",
        ("nan",): "row 50 of nan/part-2.npy",
        (
            "folder",
            "--optimizer",
            "dual_coordinate_ascent",
            "--loss",
            "hinge",
        ): "--optimizer must not visit single rows",
    }.items():
        assert words in one_line("train", *arguments, "-o", "m.npz"), arguments
    for arguments, words in {
        ("folder", "--memory-limit", "much"): "'much' is no size: give bytes",
        ("folder", "--alpha", "cv"): "--alpha cv needs rows that fit into memory",
    }.items():
        assert words in one_line("train", *arguments, "-o", "m.npz", code=2), arguments
    assert not Path("m.npz").exists()
    run("train", "folder", "-o", "m.npz", "-q")
    np.save("narrow.npy", X[:, :3].copy())
    assert "narrow.npy must hold the model's 4 features; it holds 3" in one_line(
        "predict", "m.npz", "narrow.npy", *LIMIT
    )
    np.save("X.npy", X)
    assert "labels are needed, and there are none: X.npy" in one_line("evaluate", "m.npz", "X.npy", *LIMIT)
    Path("empty").mkdir()
    assert "empty must hold .npy, .parquet or .svmlight files; it holds nothing" in one_line(
        "train", "empty", "-o", "x.npz"
    )


@pytest.mark.parametrize("more", [(), ("--early-stopping",)])
def test_mini_batches_of_chunks_arrive_where_those_of_a_file_do(rows, more):
    options = ("--optimizer", "momentum", "--json", "--alpha", "0.01", *more)
    there = json.loads(run("train", "folder", "-o", "a.npz", *options))
    here = json.loads(run("train", "all.npz", "-o", "b.npz", *options))
    assert there["training"]["loss"] == pytest.approx(here["training"]["loss"], rel=0.1)
    assert there["held_out"]["rows"] == 30
    assert there["epochs"] <= there["passes"] <= 1.2 * there["epochs"] + 5
