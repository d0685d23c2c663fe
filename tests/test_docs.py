"""The pages of docs/ keep their promises: their examples run, what they name exists, their links lead somewhere."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import gdfast as gd
from gdfast.descent import schedules

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
RUN_HERE = ["descent.md", "mini_batches.md", "schedules.md", "searches.md", "test_functions.md"]


def test_the_pages_are_there():
    assert {"index.md", "optimizers.md", *RUN_HERE} <= set(PAGES)


@pytest.mark.parametrize("name", RUN_HERE)
def test_the_examples_run(name, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    examples = re.findall(r"^```python\n(.*?)^```", PAGES[name], flags=re.DOTALL | re.MULTILINE)
    assert examples
    for example in examples:
        exec(compile(example, f"docs/{name}", "exec"), names)
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", PAGES[name]) if "://" not in link]
    assert [link for link in links if not (DOCS / link).exists()] == []


def test_every_schedule_stands_in_the_table_with_its_defaults():
    written = re.findall(r"^\| `((\w+)\(.*?\))` \|", PAGES["schedules.md"], flags=re.MULTILINE)
    assert {name for _, name in written} == {name for name in schedules.__all__ if name in gd.__all__}
    for call, name in written:
        parameters = inspect.signature(getattr(gd, name)).parameters.values()
        shown = ", ".join(p.name if p.default is p.empty else f"{p.name}={p.default}" for p in parameters)
        assert call == f"{name}({shown})"


def test_every_schedule_is_drawn():
    script = (DOCS / "draw_schedules.py").read_text(encoding="utf-8")
    assert [name for name in schedules.__all__ if name in gd.__all__ and f'"{name}(' not in script] == []


def test_every_test_function_stands_in_the_table():
    table = PAGES["test_functions.md"]
    assert [name for name in gd.test_functions.__all__ if f"`{name}(" not in table] == ["KnownFunction"]
