"""Small wrong changes of a C source, one at a time, by its tokens: operators stand between blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

OTHER_TOKENS = {
    " + ": " - ", " - ": " + ", " * ": " / ", " / ": " * ", " += ": " -= ", " -= ": " += ", " *= ": " /= ",
    " < ": " <= ", " > ": " >= ", " <= ": " < ", " >= ": " > ", " == ": " != ", " != ": " == ", " && ": " || ",
    " || ": " && ", "fabs(": "(", "max_v": "min_v", "min_v": "max_v", "-": "",
}  # fmt: skip
TOKEN = re.compile(
    r" (?:[-+*]=?|/|[<>]=?|[=!]=|&&|\|\|) |\bfabs\(|\bmax_v(?=\w+\()|\bmin_v(?=\w+\()"
    r"|(?<=[=(,?:*/+<>-] )-(?=[\w(])|(?<![\w.\"'#])\d+\.?\d*(?:e-?\d+)?(?![\w.\"'])"
)
IN_SHAPES = re.compile(
    r"\[|\bfor \(|sizeof|aligned|\bcase\b|\benum\b|INLINE|^static|^#(?!define)|^typedef|const \w+ \*|\{NULL"
)


@dataclass(frozen=True)
class Mutant:
    """One change of one file: `number` counts the changes of the file, in its order."""

    number: int
    line: int
    kind: str
    before: str
    after: str
    source: str


def mutants(source: str, lines: tuple[int, int] = (1, 10**9)) -> Iterator[Mutant]:
    """All of a file's lines: operators, constants, signs, a function's opposite; not in comments and shapes."""
    number = 0
    rows = source.split("\n")
    code = _without_comments(source).split("\n")
    for row, text in enumerate(code, start=1):
        if (IN_SHAPES.search(text) and " = " not in text) or text.startswith("#if") or '"' in text:
            continue
        head = re.search(r"\bfor \([^;]*;[^;]*;[^;{]*?\)(?= |$)", text)
        for found in TOKEN.finditer(text):
            if head and head.start() <= found.start() < head.end():
                continue
            token = found[0]
            after = OTHER_TOKENS[token] if token in OTHER_TOKENS else _other_number(token)
            changed = text[: found.start()] + after + text[found.end() :]
            whole = "\n".join([*rows[: row - 1], changed, *rows[row:]])
            if lines[0] <= row <= lines[1]:
                yield Mutant(number, row, _kind(token), rows[row - 1].strip(), changed.strip(), whole)
            number += 1


def _kind(token: str) -> str:
    if token.strip()[0].isdigit():
        return "constant"
    return "function" if token[0].isalpha() else "sign dropped" if token == "-" else "operator"


def _other_number(token: str) -> str:
    return f"{float(token) + 1}" if "." in token or "e" in token else str(int(token) + 1)


def _without_comments(source: str) -> str:
    """The same lines and columns, blanks for comments."""
    return re.sub(r"/\*.*?\*/", lambda found: re.sub(r"[^\n]", " ", found[0]), source, flags=re.DOTALL)
