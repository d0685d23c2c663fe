"""The README keeps its promises: its example runs, and its commands are the ones that CI runs."""

from __future__ import annotations

import re
from pathlib import Path

import console
from command import blobs
from gdfast import load_model

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_examples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    X, y = blobs(60, 3, 3, seed=1)
    table = "\n".join(",".join([*map(str, x), "abc"[k]]) for x, k in zip(X.tolist(), y, strict=True))
    (tmp_path / "flowers.csv").write_text(table)
    examples = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    assert examples
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)
    shown = capsys.readouterr().out
    assert "PASS" in shown
    accuracy = float(re.search(r"held-out accuracy ([0-9.]+)", shown)[1])
    assert accuracy >= 0.93


def test_the_shell_examples_run(tmp_path):
    """On files such as they name: flowers with and without labels, and a survey as it comes."""
    X, y = blobs(60, 3, 3, seed=1)
    rows = [",".join(map(str, x)) for x in X.tolist()]
    labelled = "\n".join(f"{row},{'abc'[k]}" for row, k in zip(rows, y, strict=True))
    (tmp_path / "flowers.csv").write_text(labelled)
    (tmp_path / "more-flowers.csv").write_text(labelled)
    (tmp_path / "new-flowers.csv").write_text("\n".join(rows))
    survey = [f"{i};Ann {i};{row.replace(',', ';').replace('.', ',')};{'abc'[y[i]]}" for i, row in enumerate(rows)]
    (tmp_path / "survey.csv").write_text("\n".join(["id;name;u;v;w;species", *survey]))
    commands = re.findall(r"^gdfast (?:train|evaluate|predict) .*", README, flags=re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        told = console.run(command, tmp_path)
        assert "Error" not in told, told
    assert (tmp_path / "kinds.csv").read_text().splitlines()[1:] == ["abc"[k] for k in y]
    assert load_model(tmp_path / "survey.npz").n_features == 3


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
    paths = {word for word in words if ("/" in word and not word.startswith(("-", "/"))) or word.endswith(".py")}
    assert len(paths) > 15
    assert [
        path for path in sorted(paths) if not any(sorted(folder.glob(path)) for folder in (ROOT, ROOT / "gdfast"))
    ] == []
