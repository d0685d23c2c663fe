"""Nobody asks of what type a loss or a regularizer is, but the files that know them: others ask the object itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gdfast as gd
from gdfast.objective.losses import Loss
from gdfast.objective.losses.table import COMPILED

SOURCE = Path(__file__).parent.parent / "gdfast"
MAY = ("objective/losses/", "objective/regularizers/")
NAMES = {kind.__name__ for kind in COMPILED} | {Loss.__name__, "Regularizer", "ScoreLoss", "L1", "L2", "ElasticNet"}
NAMES |= {"losses", "regularizers"}  # the modules, whose attributes they are


def faults(source: str) -> list[int]:
    """Lines on which a type is told apart: isinstance, type(x) in a comparison or as a key, __class__, match, .code."""
    tree = ast.parse(source)
    aliases = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and names_in(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and not isinstance(node.value, ast.Call)
    }
    return sorted({node.lineno for node in ast.walk(tree) if is_type_test(node, NAMES | aliases)})


def names_in(node: ast.AST, names: set[str] = NAMES) -> bool:
    """Whether a loss or regularizer is named anywhere below."""
    return any(
        (isinstance(part, ast.Name) and part.id in names) or (isinstance(part, ast.Attribute) and part.attr in names)
        for part in ast.walk(node)
    )


def is_type_test(node: ast.AST, names: set[str]) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
        return names_in(node.args[1], names)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        return any(asks_type(argument) and is_about_terms(argument) for argument in node.args)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return asks_type(node.slice) and is_about_terms(node.slice)
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        code = any(isinstance(side, ast.Attribute) and side.attr == "code" for side in sides)
        asked = any(asks_type(side) for side in sides)
        return code or (asked and (names_in(node, names) or any(map(is_about_terms, sides))))
    return isinstance(node, ast.MatchClass) and names_in(node.cls, names)


def asks_type(node: ast.AST) -> bool:
    """``type(x)``, ``x.__class__``, and their names."""
    return any(
        (isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "type")
        or (isinstance(part, ast.Attribute) and part.attr == "__class__")
        for part in ast.walk(node)
    )


def is_about_terms(node: ast.AST) -> bool:
    """Whether what is asked is called a loss, or a regularizer."""
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
    names += [part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)]
    return any(word in name.lower() for name in names for word in ("loss", "regulari", "penalty"))


FILES = {path.relative_to(SOURCE).as_posix(): path for path in sorted(SOURCE.rglob("*.py"))}
OTHERS = [name for name in FILES if not name.startswith(MAY)]


@pytest.mark.parametrize("name", OTHERS)
def test_no_type_is_told_apart(name):
    assert faults(FILES[name].read_text(encoding="utf-8")) == []


def test_the_files_that_may_do_it_do_it():
    assert any(faults(FILES[name].read_text(encoding="utf-8")) for name in FILES if name.startswith(MAY))
    assert set(NAMES) >= {name for name in vars(gd) if name in ("Hinge", "Huber")}


@pytest.mark.parametrize(
    "source",
    [
        "isinstance(loss, Hinge)",
        "isinstance(loss, (SquaredHinge, Hinge))",
        "isinstance(loss, losses.Hinge | gd.Huber)",
        "not isinstance(self.regularizer, L1)",
        "issubclass(kind, Loss)",
        "type(loss) is Hinge",
        "type(self.regularizer) in (type(None), L2)",
        "type(model.loss).__name__ == 'Hinge'",
        "TABLE[type(loss)]",
        "{L1: 1}.get(type(self.regularizer))",
        "LOSS_NAMES[type(model.loss).__name__]",
        "loss.__class__ == Huber",
        "objective.loss.code == 2",
        "SMOOTH = (Huber, SquaredHinge)\nx = isinstance(loss, SMOOTH)",
        "match loss:\n    case Hinge(margin):\n        pass",
    ],
)
def test_a_type_test_is_found(source):
    assert faults(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "loss.has_kinks",
        "isinstance(x, float)",
        "f'{type(loss).__name__} has no classes'",
        "type(optimizer) in RULES",
        "gd.Hinge()",
        "names.get(loss.name)",
        "SMOOTH = Huber()\nx = isinstance(y, int)",
    ],
)
def test_what_asks_the_object_passes(source):
    assert faults(source) == []
