"""What the loop promises of itself: short functions, one signature, settings that are named once, frozen settings."""

from __future__ import annotations

import ast
import inspect
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent.settings import Settings, checked_settings

SOURCE = Path(gd.__file__).parent / "descent"
LONGEST = 60


def functions(path):
    """(name, lines of the function, lines without its docstring) of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            has_docstring = ast.get_docstring(node) is not None
            docstring = first.end_lineno - first.lineno + 1 if has_docstring else 0
            lines = node.end_lineno - node.lineno + 1
            yield node.name, lines, lines - docstring


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_function_is_longer_than_a_screen(path):
    """Docstrings count, but for the public functions, whose length they are."""
    for name, lines, body in functions(path):
        assert (body if name in gd.__all__ else lines) <= LONGEST, f"{name} has {lines} lines"


def test_minimize_and_maximize_share_one_signature():
    assert inspect.signature(gd.maximize) == inspect.signature(gd.minimize)
    assert gd.maximize.__annotations__ == gd.minimize.__annotations__
    assert (gd.maximize.__name__, gd.maximize.__module__) == ("maximize", "gdfast.descent.minimize")
    assert "Gradient ascent" in gd.maximize.__doc__


@pytest.mark.parametrize("run", [gd.minimize, gd.maximize])
@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        ((), {"lr": 0.1}, r"{}\(\) got an unexpected keyword argument 'lr'"),
        ((), {"w0": [1.0]}, r"{}\(\) .*multiple values for argument 'w0'"),
        ((gd.Adam(), 0.1, None), {}, r"{}\(\) .*positional arguments"),
    ],
)
def test_wrong_calls_are_named(run, arguments, keywords, message):
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    with pytest.raises(TypeError, match=message.format(run.__name__)):
        run(bowl, [1.0], *arguments, **keywords)


def test_a_missing_argument_is_named():
    for run in (gd.minimize, gd.maximize):
        with pytest.raises(TypeError, match=rf"{run.__name__}\(\) missing .*required.* argument.*'w0'"):
            run(gd.FunctionObjective(lambda w: 1.0))


def test_every_argument_is_a_setting():
    """A keyword is written in the signature, in its docstring, as a field with its check, and where it is used."""
    arguments = set(inspect.signature(gd.minimize).parameters)
    names = {setting.name for setting in fields(Settings)}
    assert arguments - names == {"epochs"}  # which counts max_steps
    for name in arguments:
        assert f"\n{name} : " in inspect.getdoc(gd.minimize), f"{name} stands in no line of the docstring"


def test_settings_are_frozen():
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    given = {name: argument.default for name, argument in inspect.signature(gd.minimize).parameters.items()}
    w0 = np.ones(2)
    settings = checked_settings(given | {"objective": bowl, "w0": w0}, sign=1.0)
    assert settings.w0 is not w0
    for name in ("gtol", "max_steps", "w0"):
        with pytest.raises(FrozenInstanceError):
            setattr(settings, name, 3)
