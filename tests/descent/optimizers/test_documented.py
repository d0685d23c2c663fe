"""docs/reference/optimizers.md names every rule with its own defaults, and its examples run."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import gdfast as gd
from gdfast.descent import optimizers

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "optimizers.md").read_text(encoding="utf-8")


def test_every_rule_stands_in_the_table_with_its_defaults():
    written = re.findall(r"^\| `(\w+\(.*?\))` \|", PAGE, flags=re.MULTILINE)
    rules = {name for name in optimizers.__all__ if name in gd.__all__}
    assert len(written) == len(rules)
    for call in written:
        name = call.partition("(")[0]
        rule = getattr(gd, name)
        assert name in rules
        assert eval(f"gd.{call}") == rule()
        assert all(parameter in call for parameter in inspect.signature(rule).parameters)


def test_the_examples_run(capsys):
    names: dict[str, object] = {}
    for example in re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE):
        exec(compile(example, "docs/reference/optimizers.md", "exec"), names)
    shown = capsys.readouterr().out
    assert float(re.search(r"the objective is ([0-9.]+)", shown)[1]) < 0.3
    assert len(set(re.findall(r"passes (0\.\d{6})$", shown, flags=re.MULTILINE))) == 1  # three rules, one optimum
    plain, reduced = (float(norm) for norm in re.findall(r"element of the gradient ([0-9.e-]+)$", shown, re.MULTILINE))
    assert reduced < 0.1 * plain
    assert names["certain"].duality_gap <= 0.005
    assert "[0. 0.]" in shown
