"""Reader of CIFAR-10's pickles without unpickling: an interpreter that builds plain data only.

`pickletools` takes the instructions apart, and those on the list below are carried out here. A name in the pickle is
compared with the few that numpy's arrays need; it is never imported or called. So no content can run code, and none
can build anything but dicts, lists, tuples, text, bytes, numbers and uint8 arrays no larger than the pickle itself.
"""

from __future__ import annotations

import pickletools
import re
from typing import Any, NamedTuple

import numpy as np

_IGNORED = {"PROTO", "FRAME"}
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = {
    "INT", "LONG", "BININT", "BININT1", "BININT2", "LONG1", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8",
}  # fmt: skip
_PUTS, _GETS = {"PUT", "BINPUT", "LONG_BINPUT"}, {"GET", "BINGET", "LONG_BINGET"}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_REBUILD = {"numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct"}
_FROM_BUFFER = {"numpy.core.numeric _frombuffer", "numpy._core.numeric _frombuffer"}
_NAMES = _REBUILD | _FROM_BUFFER | {"numpy ndarray", "numpy dtype", "_codecs encode"}


_MOST = 300_000
"""Instructions of a pickle: CIFAR-10's have some 50,000."""


_OCTAL = re.compile(rb"\s*[-+]?0[0-9]*[2-9]|\s*[-+]?0[0-9]{2}")


class _Name(NamedTuple):
    text: str


class _Type:
    """A numpy dtype that is being rebuilt: only its code is kept."""

    def __init__(self, code: Any) -> None:
        self.code = code


class _Rebuilt:
    """An array that is being rebuilt; its numbers come with BUILD."""

    array: Any = None


def read_plain_pickle(content: bytes, name: str) -> Any:
    """The plain data that a pickle holds.

    Parameters
    ----------
    content : bytes
    name : str
        The file, for messages.

    Raises
    ------
    ValueError
        It is no pickle, damaged, or contains anything that plain data and uint8 arrays do not need.
    """
    machine = _Machine()
    try:
        for count, (instruction, argument, place) in enumerate(pickletools.genops(content)):
            if count == _MOST:
                raise _Refused(f"it has more than {_MOST:,} instructions")
            if instruction.name in ("INT", "LONG") and place is not None and _OCTAL.match(content, place + 1):
                raise _Refused("a number of it begins with 0, which is an octal one to some readers")
            if instruction.name == "STOP":
                return _finished(machine.stack.pop())
            machine.carry_out(instruction.name, argument)
    except _Refused as error:
        raise ValueError(f"{name} is a pickle that is not read: {error}") from error
    # What a wrong order of instructions, or a cut-off one, raises.
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{name} is not a whole pickle of plain data ({type(error).__name__}: {error})") from error
    raise ValueError(f"{name} is not a whole pickle of plain data: it does not end")


class _Refused(Exception):
    pass


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memory: dict[int, Any] = {}

    def carry_out(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _PUTS:
            self.memory[argument] = self.stack[-1]
        elif name in _GETS:
            self.stack.append(self.memory[argument])
        elif name == "MEMOIZE":
            self.memory[len(self.memory)] = self.stack[-1]
        elif name == "MARK":
            self.marked.append(self.stack)
            self.stack = []
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name == "EMPTY_DICT":
            self.stack.append({})
        elif name == "EMPTY_LIST":
            self.stack.append([])
        elif name in _TUPLES:
            parts = [self.stack.pop() for _ in range(_TUPLES[name])]
            self.stack.append(tuple(reversed(parts)))
        elif name in ("TUPLE", "LIST", "DICT"):
            items = self.since_mark()
            made = tuple(items) if name == "TUPLE" else items if name == "LIST" else _pairs(items)
            self.stack.append(made)
        elif name in ("APPEND", "APPENDS"):
            items = [self.stack.pop()] if name == "APPEND" else self.since_mark()
            _of_kind(self.stack[-1], list).extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = [self.stack.pop(-2), self.stack.pop()] if name == "SETITEM" else self.since_mark()
            _of_kind(self.stack[-1], dict).update(_pairs(items))
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            self.stack.append(_allowed(argument if name == "GLOBAL" else self.two_names()))
        elif name == "REDUCE":
            arguments = self.stack.pop()
            self.stack.append(_call(_of_kind(self.stack.pop(), _Name), _of_kind(arguments, tuple)))
        elif name == "BUILD":
            state = self.stack.pop()
            _build(self.stack[-1], state)
        elif name not in _IGNORED:
            raise _Refused(f"its instruction {name} is none that plain data need")

    def since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marked.pop()
        return items

    def two_names(self) -> str:
        attribute, module = self.stack.pop(), self.stack.pop()
        return f"{_of_kind(module, str)} {_of_kind(attribute, str)}"


def _allowed(text: str) -> _Name:
    if text not in _NAMES:
        raise _Refused(f"it asks for {text.replace(' ', '.')!r:.80}, and only numpy's arrays may be asked for")
    return _Name(text)


def _of_kind(thing: Any, kind: type) -> Any:
    if not isinstance(thing, kind):
        raise TypeError(f"{kind.__name__} expected, {type(thing).__name__} found")
    return thing


def _pairs(items: list[Any]) -> dict[Any, Any]:
    keys = [key.decode("latin-1") if isinstance(key, bytes) else _of_kind(key, str) for key in items[::2]]
    return dict(zip(keys, items[1::2], strict=True))


def _call(function: _Name, arguments: tuple[Any, ...]) -> Any:
    """What numpy's own names would give, for text and uint8 arrays alone."""
    if function.text in _REBUILD:
        return _Rebuilt()
    if function.text in _FROM_BUFFER:
        content, kind, shape, order = arguments
        return _array(shape, kind, order == "F", content)
    if function.text == "numpy dtype":
        return _Type(arguments[0])
    if function.text == "_codecs encode":
        text, encoding = arguments
        if encoding not in ("latin1", b"latin1"):
            raise _Refused(f"it encodes text as {encoding!r:.40}, not as latin1")
        return _of_kind(text, str).encode("latin-1")
    raise _Refused(f"it calls {function.text.replace(' ', '.')}")


def _build(thing: Any, state: Any) -> None:
    if isinstance(thing, _Rebuilt):
        _, shape, kind, fortran, content = state
        thing.array = _array(shape, kind, fortran, content)
    elif not isinstance(thing, _Type):
        raise _Refused(f"it sets the state of a {type(thing).__name__}")


def _array(shape: Any, kind: Any, fortran: Any, content: Any) -> Any:
    code = _of_kind(kind, _Type).code
    if code not in ("u1", "|u1", b"u1", b"|u1"):
        raise _Refused(f"it holds an array of {code!r:.40}, and only uint8 is read")
    data = content.encode("latin-1") if isinstance(content, str) else content
    lengths = tuple(int(_of_kind(length, int)) for length in _of_kind(shape, tuple))
    flat = np.frombuffer(data, dtype=np.uint8)
    if min(lengths, default=0) < 0:
        raise ValueError(f"a shape of {lengths}")
    return flat.reshape(lengths, order="F" if fortran else "C")


def _finished(thing: Any) -> Any:
    """The data with every rebuilt array in its place: those of the outermost dict, which is where CIFAR-10 has them."""
    if isinstance(thing, dict):
        return {key: value.array if isinstance(value, _Rebuilt) else value for key, value in thing.items()}
    return thing.array if isinstance(thing, _Rebuilt) else thing
