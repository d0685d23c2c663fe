"""`gdfast evaluate`, `gdfast info MODEL` and `gdfast completion`: what they say is so, and what they refuse."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from command import COLUMNS, KINDS, blobs
from gdfast.cli import main
from gdfast.training.evaluation import evaluate_model


def run(*arguments: str | Path, code: int = 0) -> str:
    """The command in this process; its output, where it ends with that code."""
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


@pytest.fixture
def model(flowers) -> gd.Model:
    run("train", "flowers.csv", "-o", "m.npz", "--epochs", "2", "-q")
    return gd.load_model("m.npz")


def test_the_numbers_are_those_of_the_model(model):
    said = json.loads(run("evaluate", "m.npz", "flowers.csv", "--json"))
    data = gd.datasets.load("flowers.csv")
    predicted, scores = model.predict(data.X), model.scores(data.X)
    assert said["rows"] == 150
    assert said["accuracy"] == np.mean(predicted == data.y)
    assert said["loss"] == pytest.approx(gd.CrossEntropy().value(scores, data.y), rel=1e-12)
    for i in range(3):
        for j in range(3):
            assert said["confusion"][i][j] == np.sum((data.y == i) & (predicted == j))
    assert said["classes"] == list(KINDS)


def test_rows_some_at_a_time_are_all_the_rows(monkeypatch):
    X, y = blobs(101, 4, 3, seed=3, spread=0.5)
    model = gd.Model(np.random.default_rng(0).standard_normal((3, 5)), scale=X.std(axis=0))
    whole = evaluate_model(model, X, y)
    monkeypatch.setattr("gdfast.training.evaluation.BLOCK_BYTES", 8 * 7 * 10)
    parts, some = evaluate_model(model, X, y), evaluate_model(model, X, y, np.arange(40, 90))
    assert np.array_equal(parts.confusion, whole.confusion)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-12)
    assert some.loss == pytest.approx(evaluate_model(model, X[40:90], y[40:90]).loss, rel=1e-12)


def test_of_a_regression(flowers):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((200, 2))
    y = X @ [1.0, 2.0] + rng.standard_normal(200)
    np.savez("d.npz", X=X, y=y)
    run("train", "d.npz", "-o", "r.npz", "--loss", "squared_error", "-q")
    said = json.loads(run("evaluate", "r.npz", "d.npz", "--json"))
    residuals = y - gd.load_model("r.npz").predict(X)
    assert said["R2"] == pytest.approx(1 - np.sum(residuals**2) / np.sum((y - y.mean()) ** 2), rel=1e-12)
    assert said["RMSE"] == pytest.approx(np.sqrt(np.mean(residuals**2)), rel=1e-12)
    assert said["mean_absolute_error"] == pytest.approx(np.mean(np.abs(residuals)), rel=1e-12)
    assert said["loss"] == pytest.approx(np.mean(residuals**2), rel=1e-12)
    assert "R2" in run("evaluate", "r.npz", "d.npz")


def test_the_table_fits_80_columns(model):
    shown = run("evaluate", "m.npz", "flowers.csv")
    assert all(len(line) <= 80 for line in shown.splitlines())
    for word in ("accuracy", *KINDS, "150"):
        assert word in shown


def test_a_model_without_names_counts_its_classes(flowers):
    X, y = blobs(60, 2, 3, seed=1)
    gd.save_model("m.npz", gd.Model(np.random.default_rng(0).standard_normal((3, 3))))
    np.savez("two.npz", X=X[y > 0], y=y[y > 0])
    np.savez("four.npz", X=X, y=y + 1)
    said = json.loads(run("evaluate", "m.npz", "two.npz", "--json"))
    assert said["accuracy"] == np.mean(gd.load_model("m.npz").predict(X[y > 0]) == y[y > 0])
    assert "labels of the 3 known classes (0, 1, 2)" in run("evaluate", "m.npz", "four.npz", code=1)


def test_where_all_is_found_no_class_is_listed(flowers):
    np.savez("d.npz", X=np.eye(30), y=np.arange(30))
    gd.save_model("m.npz", gd.Model(np.eye(30, 31)))
    assert "The recall of each of the 30 classes is 100 %." in run("evaluate", "m.npz", "d.npz")


def test_of_many_classes_the_worst_are_shown(flowers):
    X, y = blobs(3000, 10, 60, seed=2, spread=0.7)
    np.savez("many.npz", X=X, y=y)
    run("train", "many.npz", "-o", "many_model.npz", "--epochs", "1", "-q")
    shown = run("evaluate", "many_model.npz", "many.npz")
    assert "The 20 of 60 classes of the lowest recall:" in shown
    confusion = np.array(json.loads(run("evaluate", "many_model.npz", "many.npz", "--json"))["confusion"])
    worst = int((np.diag(confusion) / confusion.sum(axis=1)).argmin())
    assert f"\n{worst} " in shown


def test_where_the_labels_stand_is_known_from_the_training(flowers):
    lines = [line.split(",") for line in Path("flowers.csv").read_text().splitlines()]
    Path("first.csv").write_text("\n".join(",".join([line[3], *line[:3]]) for line in lines))
    run("train", "first.csv", "-o", "m.npz", "--label", "kind", "-q")
    said = json.loads(run("evaluate", "m.npz", "first.csv", "--json"))
    assert said == json.loads(run("evaluate", "m.npz", "flowers.csv", "--json")) | {"data": "first.csv"}


def test_columns_are_taken_by_their_names(model):
    lines = [line.split(",") for line in Path("flowers.csv").read_text().splitlines()]
    Path("turned.csv").write_text("\n".join(",".join([line[2], line[0], line[1], line[3]]) for line in lines))
    Path("other.csv").write_text(Path("flowers.csv").read_text().replace("width", "depth"))
    straight = json.loads(run("evaluate", "m.npz", "flowers.csv", "--json"))
    assert json.loads(run("evaluate", "m.npz", "turned.csv", "--json")) == straight | {"data": "turned.csv"}
    said = run("evaluate", "m.npz", "other.csv", code=1)
    assert "other.csv must hold the model's columns, each once; 'width'" in said


def _damaged(byte: int) -> None:
    content = bytearray(Path("m.npz").read_bytes())
    content[byte] ^= 0xFF
    Path("damaged.npz").write_bytes(content)


def test_what_is_refused(model):
    Path("bare.csv").write_text("\n".join(line.rpartition(",")[0] for line in Path("flowers.csv").read_text().split()))
    Path("unknown.csv").write_text("length,width,height,kind\n1,2,3,setosa\n4,5,6,rose\n")
    Path("wide.csv").write_text("1,2,3,4,setosa\n")
    for data, words in (
        ("bare.csv", "labels are needed, and there are none"),
        ("unknown.csv", "row 1 is 'rose'"),
        ("wide.csv", "must hold the model's 3 features; it holds 4"),
        ("none.csv", "none.csv does not exist"),
    ):
        said = run("evaluate", "m.npz", data, code=1)
        assert words in said
        assert said.count("\n") == 1
    Path("cut.npz").write_bytes(Path("m.npz").read_bytes()[:500])
    _damaged(200)
    np.savez("foreign.npz", X=np.eye(3))
    for file in ("cut.npz", "damaged.npz", "foreign.npz", "flowers.csv", "none.npz"):
        for command in (["evaluate", file, "flowers.csv"], ["predict", file, "flowers.csv"], ["info", file]):
            said = run(*command, code=1)
            assert file in said
            assert said.count("\n") == 1


def test_a_model_of_a_newer_version_is_refused(model, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr("gdfast.model.VERSION", 99)
        gd.save_model("new.npz", model)
    assert "new.npz is of version 99; this gdfast reads versions up to" in run("info", "new.npz", code=1)


def test_info_of_a_model(model):
    shown = run("info", "m.npz")
    for word in ("classifier, cross-entropy", *KINDS, *COLUMNS, "3 x 4 float64", "epochs", "seed"):
        assert word in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    facts = json.loads(run("info", "m.npz", "--json"))
    assert facts["classes"] == list(KINDS)
    assert facts["trained"]["data"] == "flowers.csv"
    assert json.loads(run("info", "--json"))["gdfast"] == gd.__version__


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script(shell, tmp_path):
    script = run("completion", shell)
    assert "_GDFAST_COMPLETE" in script
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    file = tmp_path / "script"
    file.write_text(script)
    subprocess.run([shell, "-n", str(file)], check=True)


def test_completion_answers_with_commands():
    answer = CliRunner().invoke(
        main, [], prog_name="gdfast",
        env={"_GDFAST_COMPLETE": "bash_complete", "COMP_WORDS": "gdfast tr", "COMP_CWORD": "1"},
    )  # fmt: skip
    assert answer.output.split() == ["plain,train"]
