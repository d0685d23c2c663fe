"""`gdfast figures`: six files or none."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from gdfast.cli import figures as command
from gdfast.cli import main

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
BEGINNINGS = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-"}


def figures(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["figures", *map(str, arguments)])


def one_sentence(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    return last


@pytest.fixture
def one_figure(monkeypatch):
    """The quickest of the six alone."""
    name = "figure_6_step_sizes"
    monkeypatch.setattr(command, "FIGURES", {name: command.FIGURES[name]})
    return name


@pytest.mark.slow  # one of them is drawn by the tests below
def test_the_six_figures_of_the_digits(tmp_path):
    result = figures(tmp_path / "out", "--seed", 1)
    assert result.exit_code == 0, result.output
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name.split("_")[1] for file in files] == list("123456")
    assert all(file.read_bytes().startswith(BEGINNINGS["png"]) for file in files)
    assert [line for line in result.output.splitlines() if line.startswith("Wrote")] == [f"Wrote {f}" for f in files]
    assert "scikit-learn's 8x8 digits" in result.output


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_the_format_is_the_users_and_the_seed_decides_every_byte(tmp_path, kind, one_figure):
    contents = []
    for name in "ab":
        assert figures(tmp_path / name, "--format", kind).exit_code == 0
        contents.append((tmp_path / name / f"{one_figure}.{kind}").read_bytes())
    assert contents[0].startswith(BEGINNINGS[kind])
    assert contents[0] == contents[1]


def test_a_dark_figure_is_the_same_on_black(tmp_path, one_figure):
    from matplotlib.image import imread

    corners = []
    for name, options in (("light", ()), ("dark", ("--dark",))):
        assert figures(tmp_path / name, *options).exit_code == 0
        corners.append(imread(tmp_path / name / f"{one_figure}.png")[0, 0, :3].tolist())
    assert corners == [[1.0] * 3, [0.0] * 3]


def test_mistakes_are_found_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "FIGURES", {"x": lambda images, seed: pytest.fail("work began")})
    assert "nowhere does not exist" in one_sentence(figures(tmp_path / "out", "--data", tmp_path / "nowhere"), 1)
    (tmp_path / "file").write_text("mine")
    assert "file is not a folder" in one_sentence(figures(tmp_path / "file"), 1)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "pip install 'gdfast[plot]'" in one_sentence(figures(tmp_path / "out"), 1)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("arguments", [[], ["out", "--format", "gif"], ["out", "--seed", "-1"], ["out", "more"]])
def test_wrong_usage(arguments):
    assert one_sentence(figures(*arguments), 2)


def test_the_help_text_has_an_example():
    result = figures("--help")
    assert result.exit_code == 0
    for words in ("OUT", "--data", "--format", "--dark", "--seed", "Example: gdfast figures"):
        assert words in result.output


def test_python_dash_m_gdfast_figures_is_the_same_command():
    command = [sys.executable, "-P", "-m", "gdfast.figures", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: python -m gdfast.figures [OPTIONS] OUT")
