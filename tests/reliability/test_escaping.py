"""Names from data that attack what shows them: in pages, terminals, JSON, CSV, figures. Every command and every plot
that shows names is on a list here, and `test_every_command_is_tried` finds those that are not."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import warnings
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from gdfast.cli import main
from gdfast.cli.predictions import write_csv
from gdfast.describe import CONTROL
from quick import quick_among

HOSTILE = {
    "script": "</script><script>alert(1)</script>",
    "attribute": "\" onload='alert(1)' x=\"",
    "comment": "--><img src=x onerror=alert(1)><!--",
    "title": "</title></svg></text>]]>",
    "plotly": "<b>x</b><a href='javascript:alert(1)'>y</a><br>",
    "entity": "&lt;img&gt; &#60;b&#62; &amp;",
    "template": "{{7*7}} ${7*7} %s %n {0.__class__} {x!r}",
    "formula": "=HYPERLINK(\"http://evil.invalid\")",
    "plus": "+1+1", "minus": "-1+1", "at": "@SUM(A1)", "tab": "\t=1+1", "return": "\r=1+1", "wide": "\uff1d1+1",
    "escape": "\x1b[2J\x1b]0;owned\x07", "hyperlink": "\x1b]8;;http://evil.invalid\x1b\\x", "c1": "\x9b31m\x9d0;x\x9c",
    "backspace": "right\x08\x08\x08\x08\x08wrong", "bell": "\x07\x7f", "nul": "a\0b",
    "line": "x\nFORGED all is well", "carriage": "x\r\nFORGED all is well", "vertical": "x\x0b\x0cFORGED",
    "separators": "a\u2028b\u2029c\x85d", "bidi": "\u202egnp.exe\u2066\u2069\u200f", "lone half": "a\ud800b",
    "math": "$5 and $6", "bad math": r"$\foo{$", "one dollar": r"\$ 5 $", "underscore": "_hidden", "empty": "",
    "option": "--help", "slash": "../../planted", "drive": "C:\\x",
    "long": "x" * 5000, "letters": "\xe9\u4e2d\u05d0\U0001f600",
    "noncharacter": "\ufdd0", "combining": "e" + "\u0301" * 200, "quote": "'\";`x`$(x)|x", "percent": "100 %",
}  # fmt: skip
"""What a name does -> the name."""

IN_FILES = {name: text for name, text in HOSTILE.items() if name not in ("lone half", "empty", "nul")}
"""Those that a table of text, UTF-8, can hold as a class."""

FOR_PATHS = ("escape", "c1", "bidi", "line", "carriage", "script", "math", "option", "quote", "separators", "formula")


def terminal_faults(text: str) -> list[str]:
    """What a terminal would obey, and lines that a name has forged."""
    found = [ascii(match[0]) for match in [CONTROL.search(text.replace(os.linesep, "\n"))] if match]
    return found + [line for line in text.splitlines() if line.lstrip().startswith("FORGED")]


# ---- pages ----


class Structure(HTMLParser):
    """The elements of a page and the names of their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, tuple(name for name, _ in attributes)))


def page_with(name: str) -> str:
    from gdfast.pictures.page import RunReport, Templates, render

    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    run = gd.minimize(bowl, [3.0, 1.0], max_steps=3)
    metric = gd.minimize(bowl, [3.0, 1.0], max_steps=3, metrics={name: lambda w: 1.0}) if name else run
    paths = {name or "x": [np.array([3.0, 1.0]), np.array([1.0, 2.0]), np.zeros(2)]}
    grid = np.linspace(-1.0, 1.0, 5)
    return render(
        RunReport(
            name or "x", name, runs={name: run, "other": metric},
            trajectory=gd.landscape.trajectory(bowl, paths, grid, grid),
            templates=Templates(np.ones((3, 5)), (2, 2), [name, "b", "c"]),
            gradient_checks={name: gd.check_gradient(bowl, at=[3.0, 1.0])}, settings={name: name}, command=name,
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def harmless_page():
    pytest.importorskip("plotly")
    return Structure(page_with("harmless")).found


@pytest.mark.parametrize("attack", quick_among(HOSTILE, {"script", "separators", "lone half"}.__contains__))
def test_no_name_becomes_a_part_of_a_page(attack, harmless_page):
    text = page_with(HOSTILE[attack])
    expected = harmless_page
    if attack == "empty":  # a page without description and command
        expected = Structure(page_with("")).found
    assert Structure(text).found == expected
    assert not CONTROL.search(re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL))
    data = re.search(r'<script type="application/json" id="figures">(.*?)</script>', text, re.DOTALL)[1]
    assert not set(data) & set("<>&\u2028\u2029")
    json.loads(data)
    assert "alert(1)>" not in data
    text.encode()


@pytest.mark.parametrize("attack", HOSTILE)
def test_no_name_becomes_a_part_of_a_notebook(attack):
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)

    def shown(name):
        run = gd.minimize(bowl, [3.0], max_steps=3, metrics={name or "x": lambda w: 1.0})
        return [part._repr_html_() for part in (run, gd.check_gradient(bowl, at=[3.0]))]

    for hostile, harmless in zip(shown(HOSTILE[attack]), shown("harmless"), strict=True):
        assert Structure(hostile).found == Structure(harmless).found
        assert not CONTROL.search(hostile)


# ---- figures ----


def figures_with(name: str):
    """A figure of each plot that shows names."""
    from gdfast.pictures.strategies import Plan, compare_strategies

    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    rows = gd.LinearObjective(np.eye(4), np.arange(4) % 2, gd.CrossEntropy(), gd.L2(1.0))
    run = gd.minimize(bowl, [3.0, 1.0], max_steps=3, metrics={name: lambda w: 1.0})
    walk = {name: [np.array([3.0, 1.0]), np.array([1.0, 2.0]), np.zeros(2)], "other": [np.ones(2), np.zeros(2)]}
    W, names = np.arange(15.0).reshape(3, 5), [name, "b", "c"]
    yield gd.plots.history({name: run, "other": run})
    yield gd.plots.history(run, quantity=name)
    yield gd.plots.templates(W, class_names=names)
    yield gd.plots.path_templates(gd.regularization_path(rows, [1.0, 0.1]), class_names=names[:2])
    yield gd.plots.trajectory(gd.landscape.trajectory(bowl, walk, np.linspace(-1, 1, 5), np.linspace(-1, 1, 5)))
    yield gd.plots.strategies(compare_strategies(rows, rows, Plan(evaluations=20), rng=0))


@pytest.mark.slow
@pytest.mark.parametrize("attack", HOSTILE)
def test_a_figure_shows_a_name_letter_by_letter(attack, record_property):
    matplotlib = pytest.importorskip("matplotlib")
    from matplotlib import cbook
    from matplotlib import pyplot as plt
    from matplotlib.text import Text

    name, drawn = HOSTILE[attack], 0
    with warnings.catch_warnings(), matplotlib.rc_context({"svg.fonttype": "none", "backend": "agg"}):
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", category=UserWarning)
        for ax in figures_with(name):
            texts = [text.get_text() for text in ax.figure.findobj(Text)]
            for text in texts:
                assert cbook.is_math_text(text) is False or text.startswith("$\\mathdefault"), text
                assert not CONTROL.search(text)
            buffer = io.BytesIO()
            ax.figure.savefig(buffer, format="svg")
            found = Structure(buffer.getvalue().decode())
            assert not {"script", "b", "a", "img"} & {tag for tag, _ in found.found}
            assert not {"onload", "onerror"} & {key for _, keys in found.found for key in keys}
            plt.close(ax.figure)
            drawn += 1
    assert drawn == 6


def test_no_name_is_lost_from_a_legend():
    pytest.importorskip("matplotlib")
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    run = gd.minimize(bowl, [3.0], max_steps=3)
    ax = gd.plots.history(dict.fromkeys(("", "_hidden", "a", "x" * 100), run))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["''", " _hidden", "a", "x" * 37 + "..."]


# ---- commands ----

_TRAIN = "train DATA -o m.npz"
COMMANDS = {
    "train": [
        f"{_TRAIN} --epochs 1", f"{_TRAIN} --epochs 1 --json", "train DATA -o NAME/x/m.npz", "train NAME -o m.npz",
        *(f"{_TRAIN} --{option} NAME" for option in (
            "label", "drop", "columns", "labels", "lr", "encoding", "delimiter", "optimizer", "memory-limit", "alpha",
        )),
        f"{_TRAIN} --checkpoint NAME/no/run", f"{_TRAIN} --report NAME/no/r.html",
    ],
    "evaluate": [
        "evaluate MODEL DATA", "evaluate MODEL DATA --json", "evaluate NAME DATA", "evaluate MODEL NAME",
        "evaluate MODEL DATA --label NAME",
    ],
    "info": ["info MODEL", "info MODEL --json", "info NAME", "info DATA"],
    "predict": [
        "predict MODEL DATA -o p.csv --scores", "predict MODEL DATA -o NAME/no/p.csv", "predict MODEL NAME",
    ],
    "check": [
        "check NAME", "check NAME.py", "check my.py:NAME", "check my.py --at NAME", "check my.py --h NAME",
        "check raises.py", "check raises.py --json", "check raises.py --traceback",
    ],
    "landscape": ["landscape --data NAME", "landscape --out my.py/NAME", "landscape --kind NAME"],
    "demo": ["demo --data NAME", "demo --out my.py/NAME"],
    "figures": ["figures --data NAME o", "figures my.py/NAME"],
    "play": ["play --out NAME/no/play.html"],
    "completion": ["completion NAME"],
}  # fmt: skip
"""Of each command: what it is given where names are hostile. NAME is one, DATA and MODEL hold it."""


def test_every_command_is_tried():
    assert COMMANDS.keys() == main.commands.keys()


def _files_with(name: str) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    with Path("data.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([f"{name}1", "b", f"{name}2", f"kind{name}"])
        writer.writerows([*map(float, rng.normal(size=3) + k), [name, "b", "c"][k]] for k in y)
    names = (name, "b", "c")
    gd.save_model("model.npz", gd.Model(np.ones((3, 4)), gd.CrossEntropy(), class_names=names, facts={name: name}))
    Path("my.py").write_text("w0 = [1.0]\ndef value(w): return float(w @ w)\ndef gradient(w): return 2 * w\n")
    Path("raises.py").write_text(f"w0 = [1.0]\ndef value(w): raise ValueError({name!r})\ndef gradient(w): return w\n")


@pytest.mark.slow
@pytest.mark.parametrize("attack", IN_FILES)
def test_a_command_shows_names_and_obeys_none(attack, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = IN_FILES[attack]
    _files_with(name)
    inside = {path.name for path in tmp_path.parent.iterdir()}
    for arguments in [one for ones in COMMANDS.values() for one in ones]:
        given = [
            part.replace("DATA", "data.csv").replace("MODEL", "model.npz").replace("NAME", name)
            for part in arguments.split()
        ]
        outcome = CliRunner().invoke(main, given, prog_name="gdfast")
        assert outcome.exception is None or isinstance(outcome.exception, SystemExit), (arguments, outcome.exception)
        said = outcome.stderr.replace("\nFORGED", "FORGED") if "--traceback" in given else outcome.stderr
        assert not terminal_faults(said), (arguments, said)
        assert not terminal_faults(outcome.stdout), (arguments, outcome.stdout)
        assert ("Traceback" in outcome.output) == ("--traceback" in given), arguments
        if outcome.exit_code == 0 and "--json" in given and outcome.stdout:
            json.loads(outcome.stdout)
    assert {path.name for path in tmp_path.parent.iterdir()} == inside


@pytest.mark.parametrize("attack", quick_among(FOR_PATHS, "escape".__eq__))
def test_files_of_hostile_names(attack, tmp_path, monkeypatch):
    """A file's own name: in what is printed, and in the errors of the library."""
    monkeypatch.chdir(tmp_path)
    name = f"x{HOSTILE[attack]}".replace("/", "|")
    _files_with("kind")
    Path("data.csv").rename(f"{name}.csv")
    out = CliRunner().invoke(main, ["train", f"{name}.csv", "-o", f"{name}.npz", "--epochs", "1"], prog_name="gdfast")
    assert out.exit_code == 0, out.output
    assert not terminal_faults(out.stdout + out.stderr)
    assert not terminal_faults(str(gd.datasets.load(f"{name}.csv")))
    readers = (gd.datasets.load, gd.load_model, gd.landscape.load, gd.datasets.load_cifar10)
    for read in readers:
        for place in (f"{name}.csv2", f"{name}/x"):
            with pytest.raises((OSError, ValueError)) as caught:
                read(place)
            assert not terminal_faults(f"{type(caught.value).__name__}: {caught.value}")


# ---- CSV ----


@pytest.mark.parametrize("attack", HOSTILE)
def test_no_cell_of_predictions_is_a_formula(attack):
    from gdfast.cli.predictions import Predicted

    name = HOSTILE[attack].replace("\ud800", "?")
    file = io.BytesIO()
    write_csv(file, [Predicted(np.array([0, 1]), np.array([[0.5, -0.5], [1.0, 2.0]]))], (name, "b"), "scores", 2)
    rows = list(csv.reader(io.StringIO(file.getvalue().decode(), newline="")))
    assert [len(row) for row in rows] == [3, 3, 3]
    starts = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    for cell in (rows[0][1], rows[1][0]):
        assert not cell.startswith(starts)
        assert cell in (name, f"'{name}")
    assert rows[1][1:] == ["0.5", "-0.5"]


def test_how_many(record_property):
    runs = len(IN_FILES) * sum(map(len, COMMANDS.values()))
    assert runs > 1000
    record_property(
        "figure",
        f"hostile names: {len(HOSTILE)} in pages, notebooks, figures and CSV, {runs:,} commands: 0 obeyed",
    )
