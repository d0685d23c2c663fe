"""The commands read a table as `load` does, and a model's new rows as those that it was trained on."""

from __future__ import annotations

import html
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from command import blobs
from gdfast.cli import main
from gdfast.cli.predictions import FORMATS, Predicted


def run(*arguments, code=0, stdin=b""):
    """The command in this process; its output and its messages."""
    result = CliRunner().invoke(main, list(map(str, arguments)), input=stdin)
    assert result.exit_code == code, result.output
    return result.stdout_bytes.decode(), result.stderr_bytes.decode()


@pytest.fixture
def messy(tmp_path, monkeypatch):
    """A table with an id, text, decimal commas; the model of its numbers; those numbers."""
    monkeypatch.chdir(tmp_path)
    X, y = blobs(120, 3, 2, seed=4)
    rows = [f"{i};n{i};{a:.6g};{b:.6g};{c:.6g};{'xy'[k]}" for i, ((a, b, c), k) in enumerate(zip(X, y, strict=True))]
    Path("t.csv").write_text("id;name;a;b;c;kind\n" + "\n".join(rows).replace(".", ",") + "\n")
    run("train", "t.csv", "-o", "m.npz", "-q", "--drop", "id,name", "--decimal", ",")
    return gd.datasets.load("t.csv", drop=["id", "name"], decimal=",")


def test_options_of_the_command_are_those_of_load(messy):
    model = gd.load_model("m.npz")
    assert model.feature_names == ("a", "b", "c")
    assert model.facts["reading"] == {"drop": ["id", "name"], "decimal": ",", "label_name": "kind"}
    run("train", "t.csv", "-o", "n.npz", "-q", "--columns", "a,b,c,kind", "--label", "kind", "--decimal", ",")
    assert np.array_equal(gd.load_model("n.npz").W, model.W)
    run("train", "t.csv", "-o", "o.npz", "-q", "--drop", "0", "--drop", "name", "--decimal", ",", "--header",
        "--delimiter", ";", "--encoding", "cp1252")  # fmt: skip
    assert np.array_equal(gd.load_model("o.npz").W, model.W)


def test_predict_reads_new_rows_as_in_training_and_by_name(messy):
    said, _ = run("predict", "m.npz", "t.csv")
    expected = [messy.class_names[k] for k in gd.load_model("m.npz").predict(messy.X)]
    assert said.splitlines()[1:] == expected
    lines = Path("t.csv").read_text().splitlines()
    blank = "\n".join(line.rpartition(";")[0] + ";" * (i > 0) + "kind" * (i == 0) for i, line in enumerate(lines))
    blank = blank.replace(";ckind", ";c;kind", 1)
    without = "\n".join(line.rpartition(";")[0] for line in lines)
    bare = "\n".join(";".join(line.split(";")[2:5]) for line in lines[1:])
    turned = "\n".join(";".join(reversed(line.split(";"))) for line in lines)
    more = "\n".join(f"{line};{'extra' if i == 0 else 'text'}" for i, line in enumerate(lines))
    objects = "\n".join(json.dumps(dict(zip("cab", row[[2, 0, 1]].tolist(), strict=True))) for row in messy.X)
    for text in (blank, without, bare, turned, more, objects):
        assert run("predict", "m.npz", "-", stdin=text)[0] == said


def test_evaluate_finds_the_labels_by_their_name(messy):
    straight, _ = run("evaluate", "m.npz", "t.csv", "--json")
    turned = "\n".join(";".join(reversed(line.split(";"))) for line in Path("t.csv").read_text().splitlines())
    Path("t2.csv").write_text(turned)
    assert json.loads(run("evaluate", "m.npz", "t2.csv", "--json")[0])["accuracy"] == json.loads(straight)["accuracy"]


def test_the_base_of_svmlight_is_the_models(tmp_path, monkeypatch):
    dump = pytest.importorskip("sklearn.datasets").dump_svmlight_file
    monkeypatch.chdir(tmp_path)
    X, y = blobs(200, 4, 2, seed=1)
    X = X.round(3)
    X[100:, 0] = 0  # in the second part index 0 does not occur
    dump(X, y, "whole.svm", zero_based=True)
    dump(X[100:], y[100:], "part.svm", zero_based=True)
    run("train", "whole.svm", "-o", "m.npz", "-q")
    model = gd.load_model("m.npz")
    assert model.facts["reading"]["zero_based"] is True
    said, _ = run("predict", "m.npz", "part.svm")
    assert said.splitlines()[1:] == [model.class_names[k] for k in model.predict(X[100:])]
    assert gd.datasets.load("part.svm", zero_based=True, n_features=4).X[:, 1].nnz == 100
    assert gd.datasets.load("part.svm", n_features=4).X[:, 0].nnz == 100  # svmlight's own way of counting
    _, words = run("predict", "m.npz", "whole.svm", "--one-based", code=1)
    assert "must count its columns from 1; it holds an index 0" in words


@pytest.mark.parametrize(
    "facts",
    [
        {"label": {"a": 1}},
        {"label": [1]},
        {"label": 1.5},
        {"label": True},
        {"reading": 3},
        {"reading": {"only": ["a"]}},
        {"reading": {"delimiter": 5}},
        {"reading": {"drop": {"a": 1}}},
        {"reading": {"encoding": "none"}},
        {"reading": {"label_name": 3}},
    ],
)
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_crafted_facts_are_a_sentence(command, facts, messy):
    gd.save_model("crafted.npz", gd.Model(np.zeros((2, 4)), feature_names=("a", "b", "c"), facts=facts))
    _, said = run(command, "crafted.npz", "t.csv", code=1)
    assert said.startswith("Error: crafted.npz is no model that can be used: ")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--drop", "nope"], 1, "must hold one column named 'nope'"),
        (["--delimiter", ";;"], 2, "Error: --delimiter must be one ASCII character"),
        (["--decimal", "x"], 2, "Error: --decimal must be '.' or ','"),
        (["--encoding", "klingon"], 2, "Error: --encoding must be one that Python knows"),
        (["--label", "id", "--drop", "id"], 1, "Error: --label must not be a column that drop leaves out"),
        (["--columns", "id,id"], 1, "Error: --columns must name each column once"),
    ],
)
def test_wrong_options_are_named(options, code, words, messy):
    assert words in run("train", "t.csv", "-o", "n.npz", *options, code=code)[1]
    assert not Path("n.npz").exists()


def test_guesses_are_told(messy):
    Path("u.csv").write_text(",label,b\n0,1,0\n1,2,1\n2,3,0\n3,4,1\n")
    _, said = run("train", "u.csv", "-o", "u.npz", "--json")
    assert "Note: column 1 is left out: it has no name" in said
    assert "Note: the labels are 'b'; 'label' is a feature" in said
    assert "Note" not in run("train", "u.csv", "-o", "u.npz", "-q")[1]


# ---- names from files, on terminals and in spreadsheets ----

EVIL = "\x1b]0;owned\x07\x9b31m\u202e"


def test_control_characters_reach_no_terminal(messy):
    Path("evil.csv").write_text(f'a{EVIL},b,kind{EVIL}\n1,2,x{EVIL}\n2,3,"y\x7f"\n3,4,x{EVIL}\n4,1,"y\x7f"\n' * 1)
    outputs = [
        run("train", "evil.csv", "-o", "e.npz", "--val-fraction", "0"),
        run("train", "evil.csv", "-o", f"e{EVIL}.npz", "--json", "--val-fraction", "0"),
        run("evaluate", "e.npz", "evil.csv"),
        run("evaluate", "e.npz", "evil.csv", "--json"),
        run("predict", "e.npz", "evil.csv", "--format", "jsonl", "--scores"),
        run("info", "e.npz"),
        run("info", "e.npz", "--json"),
        run("train", "evil.csv", "-o", "n.npz", "--label", f"no{EVIL}", code=1),
        run("train", f"no{EVIL}.csv", "-o", "n.npz", code=1),
        run("train", "evil.csv", "-o", "n.npz", f"--{EVIL}", code=2),
        run(f"tr{EVIL}", code=2),
        run("info", f"no{EVIL}.npz", code=1),
    ]
    assert "\\x1b]0;owned\\x07" in outputs[0][0] + outputs[5][0] + outputs[7][1]
    for texts in outputs:
        assert not set("".join(texts)) & set("\x1b\x07\x9b\x7f\u202e")
    assert json.loads(outputs[3][0])["classes"] == [f"x{EVIL}", "y\x7f"]


@pytest.mark.parametrize(
    "name", ["=1+1", "+cmd|' /C calc'!A0", "-x", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "-"]
)
def test_no_spreadsheet_computes_a_name(name):
    names = (name, "plain", "-1", "+1", "-1e-3")
    file = io.BytesIO()
    FORMATS["csv"](file, [Predicted(np.arange(5), None)], names, "", 5)
    lines = file.getvalue().decode()
    assert lines.replace('"', "").startswith(f"prediction\n'{name}\n")
    assert lines.endswith("plain\n-1\n+1\n-1e-3\n")
    file = io.BytesIO()
    FORMATS["csv"](file, [Predicted(np.arange(1), -np.ones((1, 2)))], (name, "b"), "scores", 1)
    assert file.getvalue().decode().endswith(",-1.0,-1.0\n")  # numbers stay numbers
    assert f"'{name}" in file.getvalue().decode().partition("\nprediction")[0]
    file = io.BytesIO()
    FORMATS["jsonl"](file, [Predicted(np.arange(1), None)], names, "", 1)
    assert json.loads(file.getvalue()) == {"prediction": name}


def test_the_page_shows_a_command_that_reads_alike(messy):
    pytest.importorskip("plotly")
    Path("v.csv").write_text('"a, b",c,d,kind\n' + "".join(f"n{i},{i % 7},{i % 2},{'xy'[i % 2]}\n" for i in range(60)))
    run("train", "v.csv", "-o", "v.npz", "--drop", '"a, b"', "--header", "--report", "v.html", "-q")
    shown = "gdfast train v.csv -o v.npz --drop '\"a, b\"' --header --report v.html"
    assert shown in html.unescape(Path("v.html").read_text())
