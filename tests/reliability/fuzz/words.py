"""Targets: labels and class names, and the options of the commands."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from gdfast.cli import main
from gdfast.datasets.labels import MISSING, LabelColumn, encode_labels

from .targets import Target, add


def _labels(path: Path, content: bytes) -> None:
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        return
    if not isinstance(values, list) or not values:
        return
    column = LabelColumn.of(values, str(path))
    codes, names = encode_labels(column, len(values), str(path), targets=False, class_names=None)
    assert names is not None
    assert [names[code] for code in codes] == [str(value).strip() for value in values], "another label"
    assert len(set(names)) == len(names)
    assert not set(names) & MISSING
    known = LabelColumn.of([names[code] for code in codes], str(path))
    again, same = encode_labels(known, len(values), str(path), targets=False, class_names=names)
    assert same == names
    assert again.tolist() == codes.tolist()


def _command(path: Path, content: bytes) -> None:
    """A command whose options are mutated: one sentence and an exit code, no traceback."""
    try:
        words = shlex.split(content.decode("utf-8", "replace"))
    except ValueError:
        return
    if any("/" in word or "~" in word for word in words):
        return
    path.write_text("a,b,k\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n")
    words = [str(path) if word == "DATA" else word for word in words]
    result: Any = CliRunner().invoke(main, ["info", *words])
    error = result.exception
    assert error is None or isinstance(error, SystemExit), f"{type(error).__name__}: {error}"
    assert "Traceback" not in result.output


_OPTIONS = (
    "", "--label k", "--label 2 --drop a", "--columns a,b,k --header", "--delimiter ','", "--zero-based",
    "--decimal . --encoding utf-8", "--no-header --label none",
)  # fmt: skip
_LISTS = (b'["a", "b", "a"]', b"[1, 2, 10]", b'["01", "1", "1.0"]', b"[true, false]")
_TEXTS = (b'"a"', b'"\\ud800"', b'"\\u0000"', b'" a"', b"1.0", b'"1"', b"true", b"null", b"NaN", b"1e400", b"1" * 20)
_PIECES = (b"--", b"-1", b" --label ", b" --drop ", b"''", b"9" * 20)
add(Target("labels", "t.labels", lambda: _LISTS, _labels, _TEXTS))
add(Target("options", "t.csv", lambda: [f"DATA {option}".encode() for option in _OPTIONS], _command, _PIECES))
