"""Exercises of docs/exercises: right solutions pass, each wrong one is told from the others by what the check says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from exercise_solutions import RIGHT, WRONG, lines_of
from gdfast.cli import main

FOLDER = Path(__file__).parent.parent.parent / "docs" / "exercises"
EXERCISES = sorted(file.stem for file in FOLDER.glob("*.py"))
HOLE = '    raise NotImplementedError("write the gradient")\n'


@pytest.fixture
def marked(tmp_path, monkeypatch):
    """A function (name, lines in its hole) -> what `gdfast check` says of the exercise."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def mark(name: str, lines: str | None) -> Result:
        text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        assert text.count(HOLE) == 1
        Path(f"{name}.py").write_text(text if lines is None else text.replace(HOLE, lines_of(lines)))
        with np.errstate(all="ignore"):  # an overflow is told by the report
            return CliRunner().invoke(main, ["check", f"{name}.py"])

    yield mark
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def test_every_exercise_has_solutions_and_stands_on_the_page():
    page = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert EXERCISES == sorted(RIGHT) == sorted(WRONG)
    assert [name for name in EXERCISES if f"[{name}.py]({name}.py)" not in page] == []
    assert all(4 <= len(wrong) <= 12 for wrong in WRONG.values())


@pytest.mark.parametrize("name", EXERCISES)
def test_what_is_not_written_yet_is_said_in_one_sentence(marked, name):
    result = marked(name, None)
    assert result.exit_code == 1
    assert re.fullmatch(
        rf"Error: {name}\.py, line \d+: gradient is not written yet \(write the gradient\)\n", result.output
    )
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert f"    gdfast check docs/exercises/{name}.py\n" in text


@pytest.mark.parametrize("name", EXERCISES)
def test_lecture_23_the_right_gradient_passes(marked, name):
    result = marked(name, RIGHT[name])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{name}.py at w0\nGradient check: PASS\n")


@pytest.mark.parametrize("name", EXERCISES)
def test_lecture_23_each_wrong_gradient_is_told_from_the_others_by_name(marked, name):
    for hint, lines in WRONG[name].items():
        result = marked(name, lines)
        said = " ".join(result.output.split())
        assert [other for other in WRONG[name] if other in said] == [hint], result.output
        assert (result.exit_code == 0) == (hint == "in float32")  # which is right, to fewer digits
