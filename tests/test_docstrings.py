"""The examples in the docstrings of the installed package run, and every public name has one."""

from __future__ import annotations

import doctest
import inspect
import pkgutil
from importlib import import_module

import pytest

import gdfast as gd

MODULES = ["gdfast"] + [
    found.name for found in pkgutil.walk_packages(gd.__path__, "gdfast.") if not found.name.endswith("__main__")
]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FINDER = doctest.DocTestFinder(exclude_empty=True)
EXAMPLES = {
    example.name: example
    for module in MODULES
    for example in FINDER.find(import_module(module), module)
    if example.examples
}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_example_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    outcome = runner.run(EXAMPLES[name], out=report.append, clear_globs=False)
    assert outcome.failed == 0, "".join(report)


@pytest.mark.parametrize("name", [name for name in gd.__all__ if callable(getattr(gd, name))])
def test_every_public_name_has_an_example(name):
    assert ">>>" in (inspect.getdoc(getattr(gd, name)) or ""), f"gd.{name} has no example in its docstring"
