"""The command line: every argument and option of every command with wrong numbers, texts and files.

What there is to try follows from click's own parameters. A refusal is one sentence with exit code 1 or 2, which names
the option or what it was given; it leaves no file behind and no input changed, and no control character in it reaches
the terminal.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from click.testing import CliRunner

import gdfast as gd
from gdfast.cli import main
from gdfast.cli.option_types import FileName, NumberOr
from gdfast.describe import CONTROL, one_line, printable

ROWS = "length,width,height,kind\n" + "".join(
    f"{i % 7 + 0.5},{i * i % 11},{i % 3},{('a', 'b', 'c')[i % 3]}\n" for i in range(30)
)
CODE = (
    "import numpy as np\nfrom gdfast import FunctionObjective\nw0 = np.ones(3)\n"
    "objective = FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)\n"
)
EXAMPLES: dict[str, tuple[list[str], dict[str, str]]] = {
    "check": (["code.py:objective"], {}),
    "completion": (["bash"], {}),
    "demo": ([], {"--images": "20", "--out": "out"}),
    "evaluate": (["model.npz", "rows.csv"], {}),
    "figures": (["out"], {}),
    "info": (["model.npz"], {}),
    "landscape": ([], {"--images": "20", "--points": "3", "--epochs": "1", "--out": "out"}),
    "play": ([], {"--out": "page.html"}),
    "predict": (["model.npz", "rows.csv"], {"--out": "predicted.csv"}),
    "train": (["rows.csv"], {"--out": "new.npz", "--epochs": "2"}),
}
"""A call of each command that is right."""

TEXTS = {
    "empty": "",
    "a space": " ",
    "text": "text",
    "minus": "-",
    "NaN": "nan",
    "inf": "inf",
    "-inf": "-inf",
    "1e999": "1e999",
    "-1": "-1",
    "0": "0",
    "-0.0": "-0.0",
    "1e-400": "1e-400",
    "0.5": "0.5",
    "2**63": str(2**63),
    "10**400": "1" + "0" * 400,
    "10**5000": "1" + "0" * 5000,
    "0x10": "0x10",
    "1_0": "1_0",
    "1,5": "1,5",
    "Arabic digits": "\u0661\u0662",
    "None": "None",
    "True": "True",
    "a list": "[1, 2]",
    "escape": "\x1b[31mred\x1b[0m",
    "line feed": "a\nb",
    "carriage return": "a\rb",
    "turned": "a\u202eb",
    "not UTF-8": "\udcff\udcfe",
    "long": "a" * 5000,
    "a percent sign": "%s%n{0}",
    "home": "~",
    "a comma": ",",
    "a colon": ":",
    "dots": "../..",
}
FILES = {
    "missing": "missing",
    "in a missing folder": "no/such/folder/file",
    "in a file": "rows.csv/file",
    "a folder": "folder",
    "an empty file": "empty",
    "noise": "noise",
    "zeros": "zeros",
    "a link to itself": "loop",
    "a dangling link": "dangling",
    "a link": "link.csv",
    "/dev/null": "/dev/null",
    "/dev/full": "/dev/full",
    "a socket": "socket",
    "another kind": "model.npz",
    "another table": "rows.csv",
    "a script": "code.py",
    "rows of another width": "narrow.csv",
    "a header alone": "header.csv",
    "a name with control characters": "rows\x1b[31m\n.csv",
    "a name that is not UTF-8": "rows\udcff.csv",
    "a name of 300 letters": "x" * 300,
}
MUST_REFUSE: dict[type, set[str]] = {
    click.types.FloatParamType: {"empty", "text", "NaN", "inf", "-inf", "1e999", "a list", "None", "escape"},
    click.types.IntParamType: {"empty", "text", "NaN", "inf", "1e999", "0.5", "a list", "None", "10**5000"},
    NumberOr: {"empty", "text", "NaN", "inf", "-inf", "1e999", "-1", "10**400", "a list", "None", "escape"},
    FileName: {"empty", "in a file", "a link to itself", "a name of 300 letters"},
    click.types.Choice: set(TEXTS),
}
"""Of each type of parameter: what is wrong for all of them."""
HEAVY = {"demo", "figures"}
"""Commands of which a right call takes seconds: they are called with what they must refuse alone."""
ELSEWHERE = {"scheduler"}
"""What asks the network."""


class Parameter(NamedTuple):
    """One of a command's, and where its value stands in the call."""

    command: str
    name: str
    flag: str | None
    type: Any
    nargs: int

    def call(self, value: str) -> list[str]:
        """The right call with another value of this."""
        places, options = EXAMPLES[self.command]
        arguments = [p.name for p in main.commands[self.command].params if isinstance(p, click.Argument)]
        if self.flag is None:
            places = [value if name == self.name else right for name, right in zip(arguments, places, strict=True)]
        else:
            options = options | {self.flag: value}
        words = [f"{name}={option}" for name, option in options.items()]
        if self.nargs == 2 and self.flag is not None:
            words[-1:] = [self.flag, value, "1"]
        return [self.command, *words, "--", *places]


class Call:
    """One call of a command with one wrong value."""

    def __init__(self, parameter: Parameter, kind: str, value: str) -> None:
        self.parameter, self.kind, self.value = parameter, kind, value

    def __str__(self) -> str:
        return f"gdfast {self.parameter.command}: {self.parameter.flag or self.parameter.name} = {self.kind}"

    @property
    def must_be_refused(self) -> bool:
        """Whatever the command."""
        kinds = (kinds for cls, kinds in MUST_REFUSE.items() if isinstance(self.parameter.type, cls))
        return self.kind in next(kinds, ())

    def run(self) -> str | None:
        """What is wrong with what came of it."""
        outer = Path.cwd()
        folder = Path(tempfile.mkdtemp(dir=outer))
        try:
            shutil.copytree(_inputs(outer), folder, symlinks=True, dirs_exist_ok=True)
            os.chdir(folder)
            before = _found()
            result = CliRunner().invoke(main, self.parameter.call(self.value), prog_name="gdfast")
            return self._judged(result, before, _found())
        finally:
            os.chdir(outer)
            shutil.rmtree(folder, ignore_errors=True)

    def _judged(self, result: Any, before: dict[str, Any], after: dict[str, Any]) -> str | None:
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            return f"a traceback: {type(result.exception).__name__}: {result.exception}"
        if result.exit_code == 0:
            written = {self.value, before.get(self.value)}  # an output may be a file that is there, or a link to it
            changed = [name for name, found in before.items() if after.get(name) != found and name not in written]
            return f"changed {changed}" if changed else "accepted" if self.must_be_refused else None
        if result.exit_code not in (1, 2):
            return f"exit code {result.exit_code}"
        if after != before:
            return f"left {set(after) - set(before)}, changed {[n for n in before if after.get(n) != before[n]]}"
        return self._wrong_sentence(result.stderr)

    def _wrong_sentence(self, said: str) -> str | None:
        *others, last = said.splitlines() or [""]
        usage = [line for line in others if line and not line.startswith(("Usage: ", "Try "))]
        if usage or not last.startswith("Error: "):
            return f"no sentence: {said[-200:]!r}"
        if CONTROL.search(last):
            return f"control characters: {last[:200]!r}"
        return None if any(name in said for name in self._names()) else f"names nothing: {last[:200]!r}"

    def _names(self) -> set[str]:
        """Under which a sentence may speak of what is wrong: the value as it is shown, the parameter, a file."""
        value, parameter = self.value, self.parameter
        shown = {one_line(value), repr(value)[1:-1], value[:20], Path(value).stem}
        shown |= {" ".join(value.split()), " ".join(printable(value).split()), repr(Path(value).stem)[1:-1]}
        shown |= {str(Path(value).parent), parameter.name, (parameter.flag or parameter.name).upper(), "standard input"}
        shown |= {"--", *EXAMPLES[parameter.command][0], *EXAMPLES[parameter.command][1].values()}
        return shown - {"", "."}


@cache
def _inputs(outer: Path) -> Path:
    """The files of the example calls and the wrong ones, made once in each process."""
    folder = Path(tempfile.mkdtemp(dir=outer, prefix="inputs"))
    (folder / "rows.csv").write_text(ROWS)
    (folder / "narrow.csv").write_text("length,kind\n1,a\n2,b\n")
    (folder / "header.csv").write_text("length,width,height,kind\n")
    (folder / "rows\x1b[31m\n.csv").write_text(ROWS)
    Path(os.fsdecode(os.fsencode(folder) + b"/rows\xff.csv")).write_text(ROWS)
    (folder / "code.py").write_text(CODE)
    (folder / "empty").write_bytes(b"")
    (folder / "noise").write_bytes(np.random.default_rng(0).bytes(2000))
    (folder / "zeros").write_bytes(bytes(2000))
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "link.csv").symlink_to("rows.csv")
    model = gd.Model(
        np.ones((3, 4)), gd.CrossEntropy(), class_names=("a", "b", "c"), feature_names=("length", "width", "height")
    )
    gd.save_model(folder / "model.npz", model)
    return folder


def _found() -> dict[str, Any]:
    """Every file of the folder, with what it holds."""
    found: dict[str, Any] = {}
    for path in sorted(Path().rglob("*")):
        name = str(path)
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file():
            found[name] = path.read_bytes()
        else:
            found[name] = None
    return {name: found[name] for name in found if "__pycache__" not in name}


def parameters(command: str) -> list[Parameter]:
    """Those that take a value."""
    return [
        Parameter(command, str(p.name), p.opts[-1] if isinstance(p, click.Option) else None, p.type, p.nargs)
        for p in main.commands[command].params
        if not getattr(p, "is_flag", False) and p.name not in ELSEWHERE
    ]


def cases_of(name: str) -> list[Call]:
    """All of one command, as `train`, or some, as `train 1/9`."""
    command, _, part = name.partition(" ")
    calls = [Call(p, kind, value) for p in parameters(command) for kind, value in (TEXTS | FILES).items()]
    calls = [call for call in calls if command not in HEAVY or call.must_be_refused]
    return calls[:: int(part.removeprefix("1/") or 1)]
