"""docs/reference/line_searches.md shows every search with its own defaults, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path

import gdfast as gd

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "line_searches.md").read_text(encoding="utf-8")


def test_every_search_stands_in_the_table_with_its_defaults():
    written = re.findall(r"^\|[^|]*\| `(\w+\(.*?\))` \|", PAGE, flags=re.MULTILINE)
    assert [call.partition("(")[0] for call in written] == [
        "GridSearch",
        "Backtracking",
        "StrongWolfe",
        "ExactLineSearch",
    ]
    for call in written[1:]:
        search = eval(f"gd.{call}", {"gd": gd})
        assert search == type(search)()


def test_the_examples_run(capsys):
    names: dict[str, object] = {}
    for example in re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE):
        exec(compile(example, "docs/reference/line_searches.md", "exec"), names)
    shown = capsys.readouterr().out
    assert "ExactLineSearch(max_step=" in shown
    values = [float(value) for value in re.findall(r"^([0-9.]+)", shown, flags=re.MULTILINE)]
    assert len(values) == 6
    assert max(values) < 1.2
