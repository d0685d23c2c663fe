"""Small wrong changes of a Python file, one at a time: what a test of a formula must notice."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Change = tuple[str, ast.AST | None]
"""What is wrong, and what stands in the place of a node; None: nothing does."""

OTHER_OPERATOR: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}  # fmt: skip
OTHER_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
}  # fmt: skip
OTHER_NAME = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "argmin": "argmax", "argmax": "argmin",
    "floor": "ceil", "ceil": "floor", "any": "all", "all": "any", "sum": "mean", "mean": "sum",
}  # fmt: skip
NOT_FORMULAS = (ast.Raise, ast.Assert, ast.JoinedStr, ast.ImportFrom, ast.Import)
"""Messages, and what cannot be wrong without an error."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file: `number` counts the changes of the file, in its order."""

    number: int
    line: int
    kind: str
    before: str
    after: str
    tree: Callable[[], ast.Module]


def mutants(source: str) -> Iterator[Mutant]:
    """All of a file."""
    tree = ast.parse(source)
    number = 0
    for place, node in _places(tree, ()):
        for position, (kind, changed) in enumerate(changes(node)):
            before, after = ast.unparse(node), "" if changed is None else ast.unparse(changed)
            if before == after:
                continue

            def mutated(place: tuple[tuple[str, int | None], ...] = place, position: int = position) -> ast.Module:
                return _with_change(source, place, position)

            yield Mutant(number, node.lineno, kind, before, after, mutated)  # type: ignore[attr-defined]
            number += 1


def changes(node: ast.AST) -> Iterator[Change]:
    """What may be wrong with one node."""
    match node:
        case ast.BinOp(left, operator, right) if type(operator) in OTHER_OPERATOR:
            yield "operator", ast.BinOp(left, OTHER_OPERATOR[type(operator)](), right)
            if isinstance(operator, ast.Mult | ast.Div | ast.Add | ast.Sub):
                yield "part dropped", left
            if isinstance(operator, ast.Mult | ast.Add):
                yield "part dropped", right
        case ast.AugAssign(target, operator, value):
            if type(operator) in OTHER_OPERATOR:
                yield "operator", ast.AugAssign(target, OTHER_OPERATOR[type(operator)](), value)
            yield "statement deleted", None
        case ast.Compare(left, [comparison], [right]):
            for other in OTHER_COMPARISONS.get(type(comparison), ()):
                yield "comparison", ast.Compare(left, [other()], [right])
        case ast.BoolOp(operator, values):
            yield "and, or", ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not() | ast.USub() | ast.Invert(), operand):
            yield "sign or not dropped", operand
        case ast.Constant(bool() as value):
            yield "constant", ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield "constant", ast.Constant(value + 1)
            yield "constant", ast.Constant(value - 1 if value > 1 else value / 2 if value else -1)
        case ast.Call(ast.Name("abs") | ast.Attribute(_, "abs" | "fabs" | "absolute"), [argument, *_]):
            yield "abs dropped", argument
        case ast.Call(ast.Name(name), arguments, keywords) if name in OTHER_NAME:
            yield "function", ast.Call(ast.Name(OTHER_NAME[name], ast.Load()), arguments, keywords)
        case ast.Call(ast.Attribute(value, name), arguments, keywords) if name in OTHER_NAME:
            yield "function", ast.Call(ast.Attribute(value, OTHER_NAME[name], ast.Load()), arguments, keywords)
        case ast.Return(value) if value is not None and not isinstance(value, ast.Constant | ast.Tuple | ast.Lambda):
            yield "value negated", ast.Return(ast.UnaryOp(ast.USub(), value))
        case ast.Expr(ast.Call()):
            yield "statement deleted", None
        case ast.IfExp(test, body, otherwise):
            yield "condition negated", ast.IfExp(test, otherwise, body)
        case ast.If(test, body, otherwise):
            yield "condition negated", ast.If(ast.UnaryOp(ast.Not(), test), body, otherwise)


def _places(node: ast.AST, place: tuple[tuple[str, int | None], ...]) -> Iterator[tuple[tuple, ast.AST]]:
    """Every node that a formula may stand in, and the way to it from the top: a field, and a number in a list."""
    yield place, node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params", "slice") and not (
            name == "slice" and isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
        ):
            continue
        for number, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not isinstance(child, NOT_FORMULAS) and not _for_type_checkers(child):
                yield from _places(child, (*place, (name, number)))


def _for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _with_change(source: str, place: tuple[tuple[str, int | None], ...], position: int) -> ast.Module:
    tree = ast.parse(source)
    parent: ast.AST = tree
    for name, number in place[:-1]:
        value = getattr(parent, name)
        parent = value if number is None else value[number]
    name, number = place[-1]
    value = getattr(parent, name)
    node = value if number is None else value[number]
    changed = copy.deepcopy(list(changes(node))[position][1])
    changed = ast.copy_location(ast.Pass() if changed is None else changed, node)
    if number is None:
        setattr(parent, name, changed)
    else:
        value[number] = changed
    return ast.fix_missing_locations(tree)
