"""`gdfast demo`, from the options to the files: what a user reads, and what a mistake answers."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner, Result

import gdfast as gd
from gdfast.cli import demo, main

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
pytest.importorskip("plotly")
PNG = b"\x89PNG\r\n\x1a\n"
BATCH_BYTES = 30_730_000


def gdfast(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def assert_one_sentence(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    return last


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory) -> SimpleNamespace:
    out = tmp_path_factory.mktemp("demo") / "out"
    result = gdfast("demo", "--out", out, "--threads", 2)
    return SimpleNamespace(result=result, out=out)


def test_the_demo_writes_its_pictures_and_the_table(digits_run):
    assert digits_run.result.exit_code == 0, digits_run.result.output
    names = {path.name for path in digits_run.out.iterdir()}
    assert names == {"learning_curve.png", "strategies.png", "strategies.csv", "run.html"}
    for name in ("learning_curve.png", "strategies.png"):
        assert (digits_run.out / name).read_bytes().startswith(PNG)


def test_lecture_14_15_16_the_table_of_three_strategies_on_digits(digits_run):
    with (digits_run.out / "strategies.csv").open(newline="") as file:
        rows = {row["strategy"]: row for row in csv.DictReader(file)}
    assert [row["evaluations"] for row in rows.values()] == ["1000"] * 4
    accuracy = {name: float(row["held-out accuracy"]) for name, row in rows.items()}
    assert accuracy["random search"] < accuracy["random local search"] < accuracy["gradient descent"]
    assert min(accuracy["gradient descent"], accuracy["momentum"]) >= 0.93
    for name in rows:
        assert re.search(rf"^{name} +1,000 ", digits_run.result.output, re.MULTILINE)


def test_lecture_23_every_weight_is_checked_and_a_right_gradient_never_reads_as_fail(digits_run):
    output = digits_run.result.output
    assert output.count("650 of 650 coordinates checked") == 2
    assert len(re.findall(r"^Gradient check: (PASS|KINKS)\b", output, re.MULTILINE)) == 2
    assert len(re.findall(r"^[\d,]+ of 650 difference stencils cross a kink of the loss\.$", output, re.MULTILINE)) == 1


def test_the_output_fits_a_terminal(digits_run):
    lines = [line for line in digits_run.result.output.splitlines() if not line.startswith("Wrote ")]
    assert max(map(len, lines)) <= 80


def test_the_page_shows_the_whole_run(digits_run):
    text = (digits_run.out / "run.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 6_000_000
    for name in ("strategies", "curves", "plane", "steps", "templates", "checks", "settings", "versions", "command"):
        assert f'<section id="{name}-section"' in text, name
    assert '<code id="command">gdfast demo --seed 0</code>' in text
    assert text.count('alt="The weights of class ') == 10
    with (digits_run.out / "strategies.csv").open(newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    for loss in losses:
        assert f"<td>{loss:.4g}</td>" in text


def small(evaluations: int = 30, step: float = 0.01):
    return replace(demo.PLAN, evaluations=evaluations, step=step)


def table_without_seconds(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return [row[:3] + row[4:] for row in csv.reader(file)]


def test_the_seed_decides_everything_but_the_seconds(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PLAN", small())
    for name, seed, threads in (("a", 3, 1), ("b", 3, 2), ("c", 4, 1)):
        assert gdfast("demo", "--out", tmp_path / name, "--seed", seed, "--threads", threads).exit_code == 0
        assert gd.get_num_threads() == threads
    a, b, c = (table_without_seconds(tmp_path / name / "strategies.csv") for name in "abc")
    assert a == b
    assert a != c


def test_cifar10_is_read_from_a_folder(tmp_path, monkeypatch):
    """The option reaches the reader; a small stand-in for the images keeps it quick."""
    asked = []

    def read(path):
        asked.append(path)
        rng = np.random.default_rng(0)
        y = np.arange(60) % 3
        X = (80 * y[:, None] + rng.integers(0, 60, (60, 12))).astype(np.uint8)
        return gd.datasets.Dataset(X[:48], y[:48], X[48:], y[48:], ("a", "b", "c"), (3, 2, 2), 255, "Three colours")

    monkeypatch.setattr(demo, "load_cifar10", read)
    monkeypatch.setattr(demo, "PLAN", small())
    result = gdfast("demo", "--data", tmp_path / "images", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert asked == [tmp_path / "images"]
    assert "Three colours." in result.output
    assert "48 images to train on, 12 held out.\n12 pixels, 3 classes: 39 weights.\n" in result.output


def test_only_the_first_images_are_trained_on_and_the_command_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PLAN", small(evaluations=5))
    monkeypatch.setattr(demo, "CHECKED", 100)
    result = gdfast("demo", "--images", 200, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "200 images to train on (the first of 1,442: --images 1442 takes all), 355 held out.\n" in result.output
    assert result.output.count("every weight, 100 images (") == 2
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert '<code id="command">gdfast demo --images 200 --seed 0</code>' in page


def test_whoever_watches_sees_what_is_being_done(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PLAN", small(evaluations=5))
    silent = gdfast("demo", "--out", tmp_path)
    assert silent.stderr == ""
    monkeypatch.setattr(demo, "shows_progress", lambda: True)
    told = gdfast("demo", "--out", tmp_path).stderr
    assert told.count("100%|") == 4  # a bar for each strategy
    for stage in ("Checking the gradient of CrossEntropy ...", "Checking the gradient of Hinge ...", "Drawing "):
        assert stage in told


# ---- mistakes: one sentence, no traceback, nothing written ----


@pytest.fixture
def no_work(monkeypatch):
    def refuse(*arguments):
        pytest.fail("work began before the mistake was found")

    monkeypatch.setattr(demo, "compare", refuse)


@pytest.mark.usefixtures("no_work")
class TestMistakes:
    def test_a_missing_folder_of_images(self, tmp_path):
        result = gdfast("demo", "--data", tmp_path / "nowhere", "--out", tmp_path / "out")
        assert "nowhere does not exist" in assert_one_sentence(result, 1)
        assert not list(tmp_path.iterdir())

    def test_a_truncated_file_names_itself_and_both_sizes(self, tmp_path):
        images = tmp_path / "images"
        images.mkdir()
        for k in range(1, 6):  # sparse files: no space is used
            with (images / f"data_batch_{k}.bin").open("wb") as file:
                file.truncate(BATCH_BYTES if k < 5 else 1000)
        sentence = assert_one_sentence(gdfast("demo", "--data", images, "--out", tmp_path / "out"), 1)
        assert "data_batch_5.bin is truncated" in sentence
        assert "30,730,000" in sentence
        assert "1,000 bytes" in sentence
        assert not (tmp_path / "out").exists()

    def test_an_output_folder_that_is_a_file(self, tmp_path):
        (tmp_path / "out").write_text("mine")
        sentence = assert_one_sentence(gdfast("demo", "--out", tmp_path / "out"), 1)
        assert "out is not a folder" in sentence
        assert (tmp_path / "out").read_text() == "mine"

    def test_a_library_that_is_not_installed(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        assert "pip install 'gdfast[plot]'" in assert_one_sentence(gdfast("demo", "--out", tmp_path / "out"), 1)

    @pytest.mark.parametrize(
        "arguments",
        [["--threads", "0"], ["--threads", "two"], ["--seed", "-1"], ["--seed", "0.5"], ["--dataset", "x"], ["digits"]],
    )
    def test_wrong_usage(self, arguments):
        assert_one_sentence(gdfast("demo", *arguments), 2)


def test_without_plotly_the_pictures_are_written_and_a_sentence_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PLAN", small())
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    result = gdfast("demo", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    sentence = (
        "No page was written: the page is drawn with plotly, which is not installed: pip install 'gdfast[report]'."
    )
    assert sentence in " ".join(result.output.split())
    assert {path.name for path in tmp_path.iterdir()} == {"learning_curve.png", "strategies.png", "strategies.csv"}


def test_a_disk_that_fails_at_the_end(tmp_path, monkeypatch):
    def fail(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(demo, "PLAN", small())
    monkeypatch.setattr(os, "fsync", fail)
    result = gdfast("demo", "--out", tmp_path)
    assert "No space left on device" in assert_one_sentence(result, 1)
    assert not list(tmp_path.iterdir())


def test_a_run_that_diverges_ends_with_its_status(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PLAN", small(step=1e308))
    result = gdfast("demo", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "Error: gradient descent did not finish, nothing was written. Diverged" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_gradient_that_fails_its_check_makes_the_command_fail(tmp_path, monkeypatch):
    def wrong(images, loss, w):
        return gd.check_gradient(lambda x: float(x @ x), lambda x: 3 * x, np.ones(2))

    monkeypatch.setattr(demo, "PLAN", small())
    monkeypatch.setattr(demo, "check", wrong)
    assert "a gradient check failed" in assert_one_sentence(gdfast("demo", "--out", tmp_path), 1)


def test_the_help_text_has_an_example():
    result = gdfast("demo", "--help")
    assert result.exit_code == 0
    for words in ("--data", "--out", "--seed", "--threads", "Example: gdfast demo --data"):
        assert words in result.output


def test_python_dash_m_runs_the_command():
    done = subprocess.run(
        [sys.executable, "-P", "-m", "gdfast", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"gdfast {gd.__version__}"
