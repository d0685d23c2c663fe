"""Imports point down only, and heavy libraries are imported inside functions.

Read from the source tree itself, so that a module that no test runs is judged as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parent.parent / "gdfast"

# A chapter (a module or folder of gdfast) may import itself, what stands on a line above its own, and what
# stands to its left.
LAYERS = [
    ["_kernels"],
    ["_background", "_derived", "_unwarned", "protocols", "describe", "_returned", "_arrays", "_config"],
    ["notebook", "differences", "files", "datasets"],
    ["objective", "test_functions"],
    ["descent", "checks", "model", "distributed", "training", "testing"],
    ["pictures", "estimators"],
    ["cli", "__main__", "figures"],
]
RANK = {chapter: (row, column) for row, line in enumerate(LAYERS) for column, chapter in enumerate(line)}

MAY_IMPORT_KERNELS = {"_config", "_arrays", "objective"}
HEAVY = {
    "scipy",
    "sklearn",
    "matplotlib",
    "plotly",
    "dask",
    "distributed",
    "pooch",
    "requests",
    "pyarrow",
    "pandas",
    "h5py",
    "zarr",
}
TERMINAL = {"click", "rich"}
# A chapter whose classes are made of a library's is itself imported when it is first used.
MAY_IMPORT = {("estimators", "sklearn")}


class Import(NamedTuple):
    module: str  # dotted, absolute
    line: int
    at_top: bool  # runs when the file is imported


def absolute(node: ast.ImportFrom, package: tuple[str, ...]) -> str:
    """The dotted name that `from x import y` starts from, in a module of that package."""
    base = package[: len(package) - node.level + 1] if node.level else ()
    return ".".join((*base, node.module) if node.module else base)


def imports(tree: ast.AST, package: tuple[str, ...], at_top: bool = True) -> Iterator[Import]:
    """Every import below the node; those for type checkers alone are no longer at the top."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, package)
            yield from (Import(f"{base}.{alias.name}", node.lineno, at_top) for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from imports(node, package, at_top=False)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imports(ast.Module(node.body, []), package, at_top=False)
            yield from imports(ast.Module(node.orelse, []), package, at_top)
        else:
            yield from imports(node, package, at_top)


def faults(source: str, path: str) -> list[str]:
    """What is wrong with the imports of a file at this path below gdfast/."""
    folder = tuple(Path(path).parts[:-1])
    chapter = folder[0] if folder else Path(path).stem
    found = []
    for module, line, at_top in imports(ast.parse(source), ("gdfast", *folder)):
        root, _, rest = module.partition(".")
        if root == "gdfast":
            target = rest.partition(".")[0]
            if target not in RANK:
                found.append(f"{path}:{line} imports {module}, which is no chapter")
            elif target == "_kernels" and chapter not in MAY_IMPORT_KERNELS:
                found.append(f"{path}:{line} imports the kernels; only {sorted(MAY_IMPORT_KERNELS)} may")
            elif target != chapter and not _is_below(target, chapter):
                found.append(f"{path}:{line} imports {module}, which is not below {chapter}")
        elif (chapter, root) in MAY_IMPORT:
            continue
        elif at_top and (root in HEAVY or (root in TERMINAL and chapter not in ("cli", "__main__"))):
            found.append(f"{path}:{line} imports {root} outside a function")
    return found


def _is_below(target: str, chapter: str) -> bool:
    (row, column), (own_row, own_column) = RANK[target], RANK[chapter]
    return row < own_row or (row == own_row and column < own_column)


def test_the_house_is_drawn_as_it_is():
    """CONTRIBUTING.md draws these layers from above, without the modules that only start a command."""
    text = (SOURCE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawing = text.split("```text\n")[1].split("```")[0]
    drawn = [set(line[:76].split()) for line in drawing.strip().split("\n")]
    built = [
        {name for name in line if (SOURCE / name).is_dir() or (SOURCE / f"{name}.py").is_file()}
        - {"__main__", "figures"}
        for line in reversed(LAYERS)
    ]
    assert drawn == [chapters or {"_kernels"} for chapters in built]


FILES = [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "__init__.py"]


def test_the_source_tree_is_there():
    assert {path.relative_to(SOURCE).as_posix() for path in FILES} >= {
        "protocols/__init__.py", "protocols/objective.py", "_arrays.py", "_config.py",
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_point_down(path):
    relative = path.relative_to(SOURCE)
    chapter = relative.parts[0].removesuffix(".py")
    assert chapter in RANK, f"{relative} belongs to no layer: add its chapter to LAYERS"
    assert faults(path.read_text(encoding="utf-8"), relative.as_posix()) == []


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("from ..descent.minimize import minimize", "objective/linear.py"),
        ("def f():\n    from ..checks import gradient_check", "descent/minimize.py"),
        ("import gdfast.cli", "datasets.py"),
        ("import gdfast", "datasets.py"),
        ("from gdfast import minimize", "checks/sanity.py"),
        ("from .._kernels import evaluate", "differences/gradient.py"),
        ("import scipy.sparse", "datasets.py"),
        ("class A:\n    try:\n        from sklearn import base\n    finally:\n        pass", "datasets.py"),
        ("import scipy.sparse", "estimators/columns.py"),
        ("import click", "pictures/page.py"),
    ],
)
def test_a_wrong_import_is_found(source, path):
    assert len(faults(source, path)) == 1


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("from ..descent.minimize import minimize", "checks/sanity.py"),
        ("from .. import _kernels", "objective/linear.py"),
        ("from .linear import LinearObjective", "objective/rays.py"),
        ("def f():\n    import scipy.sparse", "datasets.py"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import matplotlib", "pictures/plots.py"),
        ("import click", "cli.py"),
        ("from sklearn.base import BaseEstimator", "estimators/base.py"),
    ],
)
def test_a_right_import_passes(source, path):
    assert faults(source, path) == []
