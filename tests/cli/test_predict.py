"""`gdfast predict`: CSV, JSON lines and arrays say what the model says, whatever the rows come in."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gdfast as gd
from command import KINDS, blobs
from gdfast.cli import main


def run(*arguments: str | Path, code: int = 0, stdin: str | bytes = b"") -> bytes:
    """The command in this process; its output, where it ends with that code, else its sentence."""
    result = CliRunner().invoke(main, list(map(str, arguments)), input=stdin)
    assert result.exit_code == code, result.output
    return result.stdout_bytes if code == 0 else result.stderr_bytes


@pytest.fixture
def model(flowers) -> gd.Model:
    run("train", "flowers.csv", "-o", "m.npz", "-q")
    return gd.load_model("m.npz")


@pytest.fixture
def X(flowers):
    return gd.datasets.load("flowers.csv").X


def names(model, X):
    return [model.class_names[i] for i in model.predict(X)]


def test_csv(model, X):
    lines = run("predict", "m.npz", "flowers.csv").decode().split("\n")
    assert lines == ["prediction", *names(model, X), ""]
    rows = list(csv.DictReader(io.StringIO(run("predict", "m.npz", "flowers.csv", "--probabilities").decode())))
    assert list(rows[0]) == ["prediction", *KINDS]
    assert np.array_equal([[float(row[kind]) for kind in KINDS] for row in rows], model.probabilities(X))


def test_json_lines(model, X):
    rows = [json.loads(line) for line in run("predict", "m.npz", "flowers.csv", "--format", "jsonl").splitlines()]
    assert rows == [{"prediction": name} for name in names(model, X)]
    text = run("predict", "m.npz", "flowers.csv", "--format", "jsonl", "--scores")
    scores = [json.loads(line)["scores"] for line in text.splitlines()]
    assert np.array_equal([list(row.values()) for row in scores], model.scores(X))


def test_arrays(model, X):
    assert run("predict", "m.npz", "flowers.csv", "-o", "p.npy", "-q") == b""
    assert np.load("p.npy").tolist() == names(model, X)
    piped = run("predict", "m.npz", "flowers.csv", "--format", "npy", "--probabilities")
    assert np.array_equal(np.load(io.BytesIO(piped)), model.probabilities(X))


def test_whole_numbers_as_classes_stay_numbers(flowers):
    X, y = blobs(90, 3, 3, seed=5)
    np.savez("d.npz", X=X.astype(np.float32), y=y * 10 - 10)
    run("train", "d.npz", "-o", "m.npz", "-q")
    run("predict", "m.npz", "d.npz", "-o", "p.npy")
    expected = np.array([-10, 0, 10])[gd.load_model("m.npz").predict(X.astype(np.float32))]
    assert np.array_equal(np.load("p.npy"), expected)
    lines = run("predict", "m.npz", "d.npz", "--format", "jsonl").splitlines()
    assert [json.loads(line)["prediction"] for line in lines] == expected.tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_regression(flowers, dtype):
    X, _ = blobs(90, 3, 3, seed=5)
    X = X.astype(dtype)
    np.savez("d.npz", X=X, y=X[:, 0] * 1000)
    run("train", "d.npz", "-o", "m.npz", "-q", "--loss", "squared_error")
    expected = gd.load_model("m.npz").predict(X)
    assert expected.dtype == dtype
    text = run("predict", "m.npz", "d.npz").decode().splitlines()
    assert np.array_equal(np.array(text[1:]).astype(dtype), expected)
    lines = run("predict", "m.npz", "d.npz", "--format", "jsonl").splitlines()
    assert np.array_equal(np.array([json.loads(line)["prediction"] for line in lines]).astype(dtype), expected)
    run("predict", "m.npz", "d.npz", "-o", "p.npy")
    assert np.array_equal(np.load("p.npy"), expected)
    assert b"needs a classifier" in run("predict", "m.npz", "d.npz", "--scores", code=1)


def test_the_kinds_of_rows_on_standard_input(model, X):
    expected = run("predict", "m.npz", "flowers.csv")
    bare = "\n".join(",".join(map(str, row)) for row in X.tolist())
    lists = "\n".join(json.dumps(row) for row in X.tolist())
    turned = "\n".join(json.dumps({"height": c, "length": a, "width": b}) for a, b, c in X.tolist())
    svmlight = "\n".join(f"0 1:{a!r} 2:{b!r} 3:{c!r}" for a, b, c in X.tolist())
    for text in (bare, Path("flowers.csv").read_text(), lists, turned, bare.replace(",", "\t")):
        assert run("predict", "m.npz", "-", stdin=text) == expected
    pytest.importorskip("sklearn")
    # Sparse rows are centred in the bias: the same to rounding.
    probabilities = [
        np.loadtxt(io.BytesIO(run("predict", "m.npz", "-", "--probabilities", stdin=text)), skiprows=1, delimiter=",",
                   usecols=(1, 2, 3))
        for text in (svmlight, bare)
    ]  # fmt: skip
    assert probabilities[0] == pytest.approx(probabilities[1], abs=1e-9)


def test_labels_are_ignored(model, X):
    Path("odd.csv").write_text(Path("flowers.csv").read_text().replace("setosa", "rose"))
    assert run("predict", "m.npz", "odd.csv") == run("predict", "m.npz", "flowers.csv")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["m.npz"], 2, "Missing argument 'DATA'"),
        (["m.npz", "flowers.csv", "--scores", "--probabilities"], 2, "exclude each other"),
        (["m.npz", "flowers.csv", "-o", "flowers.csv"], 2, "another file than DATA"),
        (["m.npz", "flowers.csv", "-o", "m.npz"], 2, "another file than MODEL"),
        (["m.npz", "flowers.csv", "-o", "no/p.csv"], 1, "there is no folder no"),
        (["m.npz", "none.csv"], 1, "none.csv does not exist"),
        (["hinge.npz", "flowers.csv", "--probabilities"], 1, "--loss cross_entropy"),
        (["m.npz", "wide.npy"], 1, "must hold the model's 3 features; it holds 5"),
    ],
)
def test_what_is_refused(model, arguments, code, words):
    np.save("wide.npy", np.zeros((4, 5)))
    gd.save_model("hinge.npz", gd.Model(np.zeros((3, 4))))
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    assert words in run("predict", *arguments, code=code).decode()
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "standard input is empty"),
        ("1,2,3\n1,2\n", "standard input must hold 3 columns in every row; line 2 has 2"),
        ("1,2,3\n1,x,3\n", "line 2, column 2 is 'x'"),
        ("[1, 2, 3]\n[1, 2,\n", "standard input must hold JSON on each line; line 2 is not"),
        ("[1, 2, null]\n", "line 1, column 3 is null"),
        ("[1, 2, NaN]\n", "line 1, column 3 is nan"),
        ("[1, 2, 3]\n{}\n", "must hold a list or an object on each line; line 2 is {}"),
        ("[1, 2, 3]\n[1, 2]\n", "line 2 has 2"),
        ('{"length":1,"width":2,"height":3}\n{"length":1,"width":2,"depth":3}\n', "line 2 also has 'depth'"),
        ('{"length":1,"width":2,"depth":3}\n', "'height' is not so"),
        ("\0\0\0", "of no kind that is known"),
    ],
)
def test_bad_standard_input(model, text, words):
    said = run("predict", "m.npz", "-", stdin=text, code=1).decode()
    assert words in said
    assert said.startswith("Error: ")
    assert "/tmp" not in said
