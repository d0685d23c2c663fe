"""The README keeps its promises: its example runs, and its commands are the ones that CI runs."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import console
from gdfast import load_model

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> SimpleNamespace:
    """The folder of a reader who ran the Python examples in order, and what they printed."""
    folder, shown = tmp_path_factory.mktemp("reader"), io.StringIO()
    examples = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    assert examples
    names: dict[str, object] = {}
    with contextlib.chdir(folder), contextlib.redirect_stdout(shown):
        for example in examples:
            exec(compile(example, "README.md", "exec"), names)
    return SimpleNamespace(folder=folder, shown=shown.getvalue())


def test_the_python_examples_run(reader):
    assert "PASS" in reader.shown
    accuracy = float(re.search(r"held-out accuracy ([0-9.]+)", reader.shown)[1])
    assert accuracy >= 0.93


def test_the_shell_examples_run(reader):
    """As they are written, on the files that the README's own lines have made and on no others."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    commands = [line for block in blocks for line in block.splitlines() if not line.startswith("pip ")]
    assert sum(line.startswith("gdfast ") for line in commands) == 5
    for command in commands:
        told = console.run(command, reader.folder)
        assert "Error" not in told, told
        assert "Traceback" not in told, told
    kinds = (reader.folder / "kinds.csv").read_text().splitlines()[1:]
    assert len(kinds) == 15
    assert set(kinds) == {"setosa", "versicolor", "virginica"}
    assert load_model(reader.folder / "survey.npz").n_features == 4


def test_the_commands_are_as_written():
    assert "pip install '.[all]' && gdfast demo\n" in README
    assert "pip install '.[test]' && pytest\n" in README
    assert "pip install '.[test]'" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_links_to_files_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_path_in_contributing_leads_somewhere():
    text = re.sub(r"```.*?```", "", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    words = {word for code in re.findall(r"`([^`\n]+)`", text) for word in code.split()}
    named = {word for word in words if "/" in word or word.endswith(".py")}
    paths = {word for word in named if not word.startswith(("-", "/", "build/"))}  # build/ is made by its commands
    assert len(paths) > 15
    assert [
        path for path in sorted(paths) if not any(sorted(folder.glob(path)) for folder in (ROOT, ROOT / "gdfast"))
    ] == []
