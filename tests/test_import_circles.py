"""No module of gdfast imports, at its top, a module that imports it: no circle, however long."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from test_layers import FILES, SOURCE, imports


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def graph(sources: dict[str, tuple[str, bool]]) -> dict[str, set[str]]:
    """Module -> what its top imports, the packages above it left out; sources are (text, is a package)."""
    edges: dict[str, set[str]] = {}
    for name, (text, is_package) in sources.items():
        package = tuple(name.split(".")) if is_package else tuple(name.split(".")[:-1])
        found = set()
        for imported in imports(ast.parse(text), package):
            if imported.at_top:
                target = imported.module
                while target not in sources and "." in target:
                    target = target.rpartition(".")[0]
                found |= {target} & set(sources) - {name}
        edges[name] = found
    return edges


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Modules in a circle, or none."""
    done: set[str] = set()

    def search(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name not in done:
            for target in sorted(edges[name]):
                if found := search(target, [*path, name]):
                    return found
            done.add(name)
        return []

    return next((found for name in sorted(edges) if (found := search(name, []))), [])


def test_there_is_no_circle():
    sources = {module_of(path): (path.read_text(encoding="utf-8"), path.name == "__init__.py") for path in FILES}
    assert circle(graph(sources)) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("from .b import x", "from .a import y"),
        ("from . import b", "import gdfast.a"),
        ("try:\n    from .b import x\nfinally:\n    pass", "from gdfast.a import y"),
    ],
)
def test_a_circle_is_found(first, second):
    found = circle(graph({"gdfast.a": (first, False), "gdfast.b": (second, False), "gdfast.c": ("", False)}))
    assert set(found) == {"gdfast.a", "gdfast.b"}


def test_imports_inside_functions_and_for_type_checkers_make_no_circle():
    late = "def f():\n    from .a import y"
    checked = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import y"
    for second in (late, checked):
        assert circle(graph({"gdfast.a": ("from .b import x", False), "gdfast.b": (second, False)})) == []
