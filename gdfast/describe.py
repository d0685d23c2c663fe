"""How a value is named in an error message, and how things are counted in a sentence.

Every message of the library names what came in the same way: its type, an array's dtype, and its first letters.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

import numpy as np

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal obeys instead of showing: control characters, marks that turn the direction of writing, halves of a
character that cannot be written at all."""

LONGEST = 40  # letters of a value that a message shows


def described(value: Any, longest: int = LONGEST) -> str:
    """A value as a message names it: ``str 'fast'``, ``ndarray of dtype int64 array([1, 2])``, ``the class Adam``."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    dtype = f" of dtype {value.dtype}" if isinstance(value, np.ndarray) else ""
    return f"{type(value).__name__}{dtype} {shortened(value, longest)}"


def shortened(value: Any, longest: int = LONGEST) -> str:
    """The value's repr in one line, cut after so many letters."""
    try:
        text = printable(" ".join(repr(value).split()))
    except Exception:  # of an integer of more than 4,300 digits, or of somebody's class
        text = "that can't be shown"
    return text if len(text) <= longest else text[: longest - 3] + "..."


def counted(number: Any, noun: str, plural: str | None = None) -> str:
    """``1 row``, ``2 rows``, ``1,000 rows``; the plural is given where it takes more than an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def printable(text: str) -> str:
    """The text as a terminal may be given it: a control character in a name from a file is written as it is escaped."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def one_line(text: str) -> str:
    """As `printable`, line breaks and tabs too: a name from a file must not begin a line of its own."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


class PlainErrors(contextlib.ContextDecorator):
    """Errors of reading and writing, raised within, whose texts a terminal may be given, whatever a file is called."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError | ValueError):
            error.args = tuple(one_line(part) if isinstance(part, str) else part for part in error.args)
