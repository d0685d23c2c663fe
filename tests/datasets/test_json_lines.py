"""JSON lines hold what was written, as lists and as objects; a fault is named with its line and column."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gdfast.datasets import load

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(X=arrays(np.float64, (5, 3), elements=FINITE), named=st.booleans(), place=st.integers(0, 3))
def test_what_is_written_is_read(X, named, place, tmp_path):
    words = ["b", "a", "b", "ä", "a"]
    columns = [*"xyz"[:place], "kind", *"xyz"[place:]]
    rows = [[*x[:place], word, *x[place:]] for x, word in zip(X.tolist(), words, strict=True)]
    lines = [dict(zip(columns, row, strict=True)) if named else row for row in rows]
    if named:  # the order of names is the first line's
        lines[1:] = [dict(reversed(line.items())) for line in lines[1:]]
    file = tmp_path / "t.jsonl"
    file.write_text("\n\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    data = load(file, label="kind" if named else place)
    assert np.array_equal(data.X, X)
    assert [data.class_names[i] for i in data.y] == words
    assert data.feature_names == (("x", "y", "z") if named else None)


def test_numbers_as_labels_and_as_targets(tmp_path):
    file = tmp_path / "rows"  # its first character says what it is
    file.write_text("[1, 2, 3]\n[4, 5, 30]\n")
    assert load(file).class_names == ("3", "30")
    assert np.array_equal(load(file, targets=True).y, [3.0, 30.0])
    assert load(file, n_features=3).y is None
    assert load(file, label=None).X.shape == (2, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2]\n\n[1]\n", "must hold 2 columns in every row; line 3 has 1"),
        ('{"a": 1, "b": 2}\n[1, 2]\n', "line 2 differs from the first"),
        ('{"a": 1, "b": 2}\n{"a": 1}\n', "line 2 lacks 'b'"),
        ('{"a": 1, "b": 2}\n{"a": true, "b": 2}\n', "line 2, column 1 ('a') is true"),
        ("[1, [2, [4]], 3]\n", "line 1, column 2 is [4]"),
        ("[1, [2, 4], 3]\n[1, [2], 3]\n", "lists of one length in a column; line 2, column 2 holds 1, the first 2"),
        ("[1, [2, 4], 3]\n[1, 2, 3]\n", "lists of one length in a column; line 2, column 2 holds 1, the first 2"),
        ('{"a": 1, "a": 2, "b": 3}\n', "line 1 is not (it holds 'a' twice)"),
        ('[{"a": 1, "b": 2}, {"a": 1, "b": 2}]\n', "line 1 is a list of objects: give each a line"),
        ("[1, 2]\n[1, null]\n", "must name a class in every row; row 1 is missing"),
        ("[1, 2]\n[1e999, 2]\n", "must hold finite numbers; line 2, column 1 is inf"),
        (f"[{10**400}, 2]\n", "must hold finite numbers; line 1, column 1"),
        ("[1, 2]\n3\n", "line 2 is 3"),
        ("[1, 2]\n[1, 2\n", "line 2 is not"),
        ("[" * 100_000 + "\n", "line 1 is not (it is nested too deeply)"),
        ("[1, 2]\n[1" + "0" * 5000 + ", 2]\n", "line 2 is not (a number has too many digits)"),
        ("[\n1, 2\n]\n", "line 1 is not"),
        ("[1]\n", "at least one column of numbers beside the labels"),
    ],
)
def test_faults_are_named(text, words, tmp_path):
    (tmp_path / "t.jsonl").write_text(text)
    with pytest.raises(ValueError, match=r"t\.jsonl") as caught:
        load(tmp_path / "t.jsonl")
    assert words in str(caught.value)


def test_bytes_that_are_no_text_and_other_files(tmp_path):
    (tmp_path / "t.jsonl").write_bytes(b"[1, 2]\n[1, \xff]\n")
    with pytest.raises(ValueError, match="not UTF-8"):
        load(tmp_path / "t.jsonl")
    (tmp_path / "u.jsonl").write_text("1,2\n3,4\n")
    with pytest.raises(ValueError, match=r"named \.jsonl, but it is a CSV file"):
        load(tmp_path / "u.jsonl")
