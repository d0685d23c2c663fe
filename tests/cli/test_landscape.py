"""`gdfast landscape`: a picture, the data behind it and its table, or one sentence."""

from __future__ import annotations

import csv
import sys

import numpy as np
import pytest
from click.testing import CliRunner, Result

import gdfast as gd
from gdfast.cli import landscape as command
from gdfast.cli import main

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
KINDS = ["line", "plane", "weight", "step-sizes"]


def landscape(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["landscape", *map(str, arguments)])


def one_sentence(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    return last


@pytest.mark.parametrize("kind", KINDS)
def test_lecture_9_10_12_34_picture_data_and_table(tmp_path, kind):
    result = landscape("--kind", kind, "--images", 7, "--points", 9, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {f"{kind}.{ending}" for ending in ("png", "npz", "csv")}
    assert (out / f"{kind}.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    data = gd.landscape.load(out / f"{kind}.npz")
    assert type(data).__name__ == kind.title().replace("-", "")
    with (out / f"{kind}.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    column = header.index("total" if kind == "weight" else "value" if kind in ("line", "plane") else header[1])
    values = data.totals if kind == "weight" else data.values
    np.testing.assert_array_equal([float(row[column]) for row in rows], values.ravel())
    assert "The hinge loss of 7 images at random weights is " in result.output


def test_the_lines_point_is_the_loss_that_is_printed(tmp_path):
    arguments = ["--kind", "line", "--loss", "softmax", "--weights", "zeros", "--range", -1, 1, "--points", 3]
    result = landscape(*arguments, "--out", tmp_path)
    data = gd.landscape.load(tmp_path / "line.npz")
    np.testing.assert_array_equal(data.steps, [-1.0, 0.0, 1.0])
    assert data.values[1] == pytest.approx(np.log(10))  # LECTURE 39
    assert "softmax loss of 1,442 images at zeros weights is 2.30259" in result.output


def test_one_image_has_edges_and_the_weight_is_the_users(tmp_path):
    assert landscape("--images", 1, "--points", 9, "--out", tmp_path).exit_code == 0
    assert len(gd.landscape.load(tmp_path / "plane.npz").edges)
    assert landscape("--kind", "weight", "--weight", 3, 20, "--images", 5, "--out", tmp_path).exit_code == 0
    assert gd.landscape.load(tmp_path / "weight.npz").index == (3, 20)


def test_trained_weights_are_lower_than_random_ones_and_the_seed_decides(tmp_path):
    def start(name, *arguments):
        result = landscape("--kind", "step-sizes", "--points", 5, "--out", tmp_path / name, *arguments)
        assert result.exit_code == 0, result.output
        return gd.landscape.load(tmp_path / name / "step-sizes.npz")

    trained, again = (start(name, "--weights", "trained", "--epochs", 2) for name in "ab")
    assert trained == again
    assert trained.start < start("c").start
    assert start("d", "--seed", 1) != start("c")


def test_training_that_diverges_is_told(tmp_path, monkeypatch):
    def diverge(*arguments, **options):
        bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
        return gd.minimize(bowl, [1e200], step=1e200, max_steps=5)

    monkeypatch.setattr(command, "minimize", diverge)
    result = landscape("--weights", "trained", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "training did not finish, nothing was written. Diverged" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--images", "1443"], "--images must be at most 1,442; it is 1,443"),
        (["--kind", "weight", "--weight", "10", "0"], "--weight's CLASS must be in [0, 10); it is 10"),
        (["--kind", "weight", "--weight", "0", "64"], "--weight's PIXEL must be in [0, 64); it is 64"),
        (["--data", "nowhere"], "nowhere does not exist"),
        (["--points", "100000"], "GiB"),
    ],
)
def test_mistakes_are_one_sentence_and_nothing_is_written(tmp_path, arguments, sentence):
    assert sentence in one_sentence(landscape(*arguments, "--out", tmp_path / "out"), 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--range", "1", "1"], "LOW must be below HIGH"),
        (["--range", "nan", "1"], "LOW must be below HIGH"),
        (["--kind", "step-sizes", "--range", "-1", "1"], "LOW must be > 0 for step sizes; it is -1"),
        (["--kind", "line", "--weight", "0", "1"], "it goes with --kind weight alone, not with --kind line"),
        (["--points", "1"], "--points"),
        (["--points", "1000000000"], "--points"),
        (["--kind", "torus"], "--kind"),
        (["--loss", "zero-one"], "--loss"),
        (["--weights", "good"], "--weights"),
        (["plane"], "unexpected extra argument"),
    ],
)
def test_wrong_usage(tmp_path, arguments, sentence):
    assert sentence in one_sentence(landscape(*arguments, "--out", tmp_path / "out"), 2)


def test_a_folder_that_cannot_be_written_and_a_library_that_is_missing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    assert "file is not a folder" in one_sentence(landscape("--out", tmp_path / "file"), 1)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "pip install 'gdfast[plot]'" in one_sentence(landscape("--out", tmp_path / "out"), 1)


def test_the_help_text_has_an_example():
    result = landscape("--help")
    assert result.exit_code == 0
    for words in ("--kind", "--loss", "--range", "--seed", "--out", "Example: gdfast landscape"):
        assert words in result.output
