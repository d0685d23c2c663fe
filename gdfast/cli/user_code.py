"""Loading of a user's module by name, and one sentence that says where an error in it was raised."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import click

from .tables import say

OWN_FOLDER = str(Path(__file__).parent.parent) + os.sep


def load_module(name: str) -> ModuleType:
    """A module by its file (`my.py`, `folder/my.py`) or its dotted name, the current folder included."""
    if name.endswith(".py") or os.sep in name:
        return _load_file(Path(name))
    sys.path.insert(0, os.getcwd())
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # found, but an import of its own fails
        hint = f": is it {name}.py?" if Path(f"{name}.py").is_file() else ""
        raise click.ClickException(
            f"there is no module {error.name!r}, neither in this folder nor installed{hint}"
        ) from error


class _FreshLoader(SourceFileLoader):
    """From the source alone: what Python has kept of it is taken for it where size and second are the same."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise click.ClickException(f"{path} {'is no file' if path.exists() else 'does not exist'}")
    sys.path.insert(0, str(path.parent.resolve()))  # as for `python my.py`: its neighbours can be imported
    name = path.stem if path.stem not in sys.modules else f"_{path.stem}"
    if path.suffix != ".py":
        raise click.ClickException(f"{path} must be a Python file, with a name that ends in .py")
    spec = spec_from_file_location(name, path, loader=_FreshLoader(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def attribute(module: ModuleType, name: str) -> Any:
    """An attribute of the module, by a name that may have dots."""
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            known = [k for k, v in vars(module).items() if not k.startswith("_") and not isinstance(v, ModuleType)]
            raise click.ClickException(
                f"{module.__name__} has no attribute {name!r}; it has {', '.join(known[:12]) or 'none'}"
                + (", ..." if len(known) > 12 else "")
            )
        found = getattr(found, part)
    return found


@contextmanager
def explain_errors_of(what: str, show_traceback: bool) -> Iterator[None]:
    """Whatever the user's code raises within becomes one sentence (after the whole traceback, where it is wanted)."""
    try:
        yield
    except click.ClickException:
        raise
    except (Exception, SystemExit) as error:
        if show_traceback:
            say("".join(traceback.format_exception(error)).rstrip(), err=True)
        raise click.ClickException(_sentence(what, error)) from error


def _sentence(what: str, error: BaseException) -> str:
    """Where the user's code failed, and how; only the message where it is gdfast that refuses what it was given."""
    said = " ".join(str(error).split())
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    if isinstance(error, SyntaxError):
        return f"{what}: {_short(error.filename or what)}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    place = _last_place(error)
    if place is None:
        return f"{what}: {said or type(error).__name__}{notes}"
    raised = traceback.extract_tb(error.__traceback__)[-1]
    is_hole = isinstance(error, NotImplementedError) and (raised.line or "").startswith("raise NotImplementedError")
    # The user's own line, as an exercise has one to be filled in. What a library does not implement is told as it says.
    if is_hole and place == f"{_short(raised.filename)}, line {raised.lineno}":
        return f"{place}: {raised.name} is not written yet{f' ({said})' if said else ''}"
    return f"{what}: {place}: {type(error).__name__}{': ' + said if said else ''}{notes}"


def _last_place(error: BaseException) -> str | None:
    """The last line of a file of the user's that the error went through; None where gdfast itself raised it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    foreign = [frame for frame in frames if not frame.filename.startswith(OWN_FOLDER)]
    own = [frame for frame in foreign if not _is_installed(frame.filename)]
    if not own and foreign and frames[-1] is foreign[-1]:
        own = foreign  # an installed package is what is checked
    return f"{_short(own[-1].filename)}, line {own[-1].lineno}" if own else None


def _short(filename: str) -> str:
    """As one would write it from the current folder."""
    here = os.getcwd() + os.sep
    return filename.removeprefix(here)


def _is_installed(filename: str) -> bool:
    """Whether a file belongs to a library or to Python itself."""
    return "site-packages" in filename or filename.startswith(os.path.dirname(os.__file__) + os.sep)
