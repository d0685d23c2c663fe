"""Malformed text: CSV, svmlight and JSON lines, also compressed."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from itertools import product
from typing import Any

MB = 1 << 20
Files = dict[str, tuple[Callable[[], bytes], Any]]

FIELDS = {
    "nothing": b"",
    "a space": b" ",
    "text": b"x",
    "10,000 digits": b"1" * 10_000,
    "NaN": b"nan",
    "infinity": b"inf",
    "beyond": b"1e999",
    "underscore": b"1_0",
    "hexadecimal": b"0x1",
    "two points": b"1.2.3",
    "two signs": b"--1",
    "an exponent alone": b"e5",
    "a comma": b"1,5",
    "NUL": b"1\0",
    "an open quote": b'"1',
    "a quote within": b'1"2',
    "Arabic digits": "٣x".encode(),
    "a broken letter": b"\xff",
    "half a letter": b"\xc3",
    "NA": b"NA",
    "null": b"null",
    "a brace": b"{",
    "an escape": b"\x1b[31m",
    "a very long word": b"a" * 200_000,
    "a carriage return": b"1\r2",
    "a date": b"2020-01-01",
    "percent": b"5%",
    "money": b"$5",
    "parentheses": b"(1)",
    "a surrogate": b"\xed\xa0\x80",
}
"""What stands where a number belongs."""
ROW_PLACES = {"first": 0, "second": 1, "after 300 rows": 300, "last": 399}


def _with(rows: list[bytes], place: int, row: bytes) -> bytes:
    return b"\n".join([*rows[:place], row, *rows[place + 1 :]]) + b"\n"


def _csv() -> Files:
    rows = [b"1.5,2.5,3"] * 400
    found: Files = {
        f"{what}, in the {where} row": (
            lambda field=field, place=place: _with(rows, place, b"1," + field + b",3"),
            None,
        )
        for (what, field), (where, place) in product(FIELDS.items(), ROW_PLACES.items())
        if where != "first"
    }
    ragged = {"a field less": b"1,2", "a field more": b"1,2,3,4", "only commas": b",,"}
    found |= {
        f"{what}, in the {where} row": (lambda row=row, place=place: _with(rows, place, row), None)
        for (what, row), (where, place) in product(ragged.items(), ROW_PLACES.items())
        if where != "first"
    }
    few = b"1,2\n3,4\n"
    read = [[1, 2], [3, 4]]
    return found | {
        "empty": (lambda: b"", None),
        "blank lines": (lambda: b"\n" * MB, None),
        "a million columns": (lambda: (b"1," * 10**6 + b"1\n") * 2, None),
        "50 million commas": (lambda: b"," * (50 * MB) + b"\n", None),
        "a line without end": (lambda: b"1" * (100 * MB), None),
        "a line without end after rows": (lambda: few * 100 + b"1" * (100 * MB), None),
        "a quote that is never closed": (lambda: few * 100 + b'"' + few * (10 * MB), None),
        "a quote that opens the file": (lambda: b'"' + few * (10 * MB), None),
        "UTF-16": (lambda: few.decode().encode("utf-16"), None),
        "UTF-16 without a mark": (lambda: few.decode().encode("utf-16-le"), None),
        "UTF-32": (lambda: few.decode().encode("utf-32"), None),
        "zeros": (lambda: bytes(1000), None),
        "zeros at the end": (lambda: few * 100 + bytes(4096), None),
        "Ctrl-Z": (lambda: few + b"\x1a", None),
        "a mark of UTF-8": (lambda: b"\xef\xbb\xbf" + few, read),
        "two marks of UTF-8": (lambda: b"\xef\xbb\xbf\xef\xbb\xbf" + few, ...),
        "CR": (lambda: few.replace(b"\n", b"\r"), read),
        "CR LF": (lambda: few.replace(b"\n", b"\r\n"), read),
        "mixed line ends": (lambda: b"1,2\r\n3,4\n", read),
        "no end": (lambda: few[:-1], read),
        "blank lines between": (lambda: b"1,2\n\n\n3,4\n\n", read),
        "HTML": (lambda: b"<html><body>404</body></html>", None),
    }


def _packed() -> Files:
    found: Files = {}
    pieces = {"zeros": b"0", "rows": b"0,1\n", "quotes": b'"a', "commas": b",", "NUL": b"\0", "blank": b"\n"}
    packers = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
    for (what, piece), (name, pack) in product(pieces.items(), packers.items()):
        found[f"30 MB of {what} by {name}"] = (lambda p=piece, k=pack: k(p * (30 * MB // len(p))), None)
    whole = b"1.5,2\n2.5,3\n" * 3000
    for name, pack in packers.items():
        for share in range(1, 30):
            found[f"{share}/30 of {name}"] = (lambda k=pack, s=share: k(whole)[: len(k(whole)) * s // 30], None)
        found[f"{name} in itself"] = (lambda k=pack: k(k(whole)), None)
        found[f"{name} and rubbish"] = (lambda k=pack: k(whole) + b"rubbish" * 5, ...)
    return found


def _svmlight() -> Files:
    rows = [b"1 1:2 3:4"] * 400
    fields = {
        "falling": b"3:1 2:1",
        "twice": b"2:1 2:2",
        "negative": b"-1:2",
        "beyond int": b"99999999999:1",
        "beyond long": b"9" * 30 + b":1",
        "no number": b"2:",
        "no index": b":2",
        "text": b"a:b",
        "one number": b"5",
        "qid without number": b"qid:",
        "qid and more": b"qid1:2",
        "two qid": b"qid:1 qid:2",
        "qid last": b"1:2 qid:1",
        "underscore": b"1_0:2",
        "underscore in the number": b"1:2_0",
        "a comma": b"1,2",
        "two colons": b"1:2:3",
        "a fraction": b"1.5:2",
        "a space": b"1 :2",
        "NUL": b"1:2\0",
        "a broken letter": b"1:\xff",
        "hex": b"0x1:2",
        "10,000 digits": b"1:" + b"1" * 10_000,
        "an exponent": b"1e1:2",
        "an open comment": b"1:2#3:x 4",
        "tab": b"1\t:2",
        "semicolon": b"1;2",
        "an equals sign": b"1=2",
        "plus": b"1:++2",
        "NUL before a comment": b"1:1 \0# 2:x",
    }
    fine = {"an open comment", "10,000 digits"}  # (infinity, which is found later)
    found: Files = {
        f"{what}, in the {where} row": (
            lambda field=field, place=place: _with(rows, place, b"1 " + field),
            ... if what in fine else None,
        )
        for (what, field), (where, place) in product(fields.items(), ROW_PLACES.items())
    }
    labels = {"no label": b"1:2 3:4", "a word": b"one 1:2", "two labels": b"1,2 1:2", "a quoted one": b'"1" 1:2'}
    found |= {
        f"{what}, in the {where} row": (lambda row=row, place=place: _with(rows, place, row), None)
        for (what, row), (where, place) in product(labels.items(), ROW_PLACES.items())
    }
    return found | {
        "a line without end": (lambda: b"1 " + b"1:1 " * (15 * MB), None),
        "comments alone": (lambda: b"# nothing\n" * 1000, None),
        "blank lines": (lambda: b"1 1:1\n" + b"\n" * MB + b"2 1:2\n", [[1], [2]]),
        "UTF-16": (lambda: "1 1:2\n".encode("utf-16"), None),
        "CR LF": (lambda: b"1 1:2\r\n2 1:3\r\n", [[2], [3]]),
    }


def _json_lines() -> Files:
    rows = [b"[1, 2.5, 3]"] * 400
    fields = {
        "nothing": b"",
        "null": b"null",
        "text": b'"x"',
        "NaN": b"NaN",
        "infinity": b"Infinity",
        "beyond": b"1e999",
        "a boolean": b"true",
        "10,000 digits": b"1" * 10_000,
        "a list": b"[1]",
        "an empty list": b"[]",
        "an object": b"{}",
        "a leading zero": b"01",
        "a plus": b"+1",
        "a point alone": b".5",
        "a hexadecimal": b"0x1",
        "an underscore": b"1_0",
        "single quotes": b"'1'",
        "an open text": b'"x',
        "a bad escape": b'"\\q"',
        "a surrogate": b'"\\ud800"',
        "a control character": b'"\x01"',
        "a NUL": b"\0",
        "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
        "a broken letter": b"\xff",
        "an integer beyond floats": b"1" * 400,
    }
    found: Files = {
        f"{what}, in the {where} row": (
            lambda field=field, place=place: _with(rows, place, b"[1, " + field + b", 3]"),
            ... if what == "a list" else None,
        )
        for (what, field), (where, place) in product(fields.items(), ROW_PLACES.items())
        if where != "first" or what not in ("a boolean", "a list")
    }
    named = b'{"a": 1, "b": 2}\n'
    return found | {
        "a name less": (lambda: named + b'{"a": 1}\n', None),
        "a name more": (lambda: named + b'{"a": 1, "b": 2, "c": 3}\n', None),
        "a name twice": (lambda: named + b'{"a": 1, "b": 2, "a": 3}\n', None),
        "a list after an object": (lambda: named + b"[1, 2]\n", None),
        "a number on a line": (lambda: b"1\n2\n", None),
        "one array": (lambda: b'[{"a": 1, "b": 2}]', None),
        "nested for ever": (lambda: b"[" * (50 * MB), None),
        "a text without end": (lambda: b'["' + b"a" * (50 * MB), None),
        "empty lists without end": (lambda: b"[" + b"[]," * (10 * MB) + b"[]]", None),
        "two million names": (lambda: b"{" + b",".join(b'"%d":1' % i for i in range(2_000_000)) + b"}", None),
        "names in another order": (lambda: named + b'{"b": 4, "a": 3}\n', [[1, 2], [3, 4]]),
    }


TEXT: dict[str, Files] = {"csv": _csv(), "csv.gz": _packed(), "svm": _svmlight(), "jsonl": _json_lines()}
