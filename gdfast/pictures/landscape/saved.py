"""Landscape data on disk: .npz, which `load` gives back as it was, or .csv, the table alone for other programs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..._arrays import check_path
from ...describe import PlainErrors, described
from ...files.atomic import write_whole
from ...files.saved_arrays import load_arrays, save_arrays
from ...protocols import Array

KIND, VERSION = "landscape", 1
Table = tuple[Sequence[str], Iterable[Sequence[Any]]]


class Saved:
    """What all of them can do: be saved, and be compared array by array. Subclasses are frozen dataclasses."""

    kinds: ClassVar[dict[str, type[Saved]]] = {}
    shapes: ClassVar[dict[str, tuple[str | int, ...]]] = {}
    """Of the arrays: a letter stands for one length wherever it occurs."""

    def __init_subclass__(cls) -> None:
        Saved.kinds[cls.__name__] = cls

    def table(self) -> Table:
        """The header and the rows of the CSV file."""
        raise TypeError(f"{type(self).__name__} must define table()")

    @PlainErrors()
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a .npz file (everything; `gdfast.landscape.load` reads it) or a .csv file (its table).

        Raises
        ------
        ValueError
            The name ends in neither.
        OSError
            The file cannot be written; nothing half-written is left.
        """
        suffix = Path(check_path(path)).suffix.lower()
        if suffix == ".npz":
            arrays: dict[str, Array] = {}
            save_arrays(path, KIND, VERSION, arrays_of(self, "", arrays), _facts_of(self))
        elif suffix == ".csv":
            text = io.StringIO(newline="")
            header, rows = self.table()
            writer = csv.writer(text)
            writer.writerow(header)
            writer.writerows(rows)
            write_whole(path, lambda file: file.write(text.getvalue().encode()))
        else:
            raise ValueError(f"path must end in .npz or .csv; it is {os.fspath(path)!r}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(_equal(getattr(self, field.name), getattr(other, field.name)) for field in fields(self))  # type: ignore[arg-type]

    __hash__ = None  # type: ignore[assignment]


@PlainErrors()
def load(path: str | os.PathLike[str]) -> Any:
    """What `save` wrote to a .npz file, of the class and with the numbers that it had.

    Parameters
    ----------
    path : path

    Returns
    -------
    Line, Plane, Weight, StepSizes or Trajectory

    Raises
    ------
    OSError
        There is no such file, or it must not be read.
    ValueError
        It is no such file, or damaged; a .csv file holds the table alone.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> line = gd.landscape.line(bowl, [3.0], [1.0], [-3.0, 0.0])
    >>> line.save("line.npz")
    >>> gd.landscape.load("line.npz") == line
    True
    """
    if Path(check_path(path)).suffix.lower() == ".csv":
        raise ValueError(f"path must name a .npz file; {os.fspath(path)!r} holds a table alone: np.loadtxt reads it")
    arrays, facts = load_arrays(path, KIND, VERSION)
    try:
        return _made(facts, "", arrays)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} is no landscape that can be used ({type(error).__name__}: {error})") from error


def arrays_of(thing: Saved, prefix: str, arrays: dict[str, Array]) -> dict[str, Array]:
    """Its arrays by name, those of what it holds too."""
    for name, value in _content(thing):
        if isinstance(value, Saved):
            arrays_of(value, f"{prefix}{name}.", arrays)
        elif isinstance(value, np.ndarray):
            arrays[prefix + name] = value
    return arrays


def _facts_of(thing: Saved) -> dict[str, Any]:
    facts: dict[str, Any] = {"class": type(thing).__name__}
    for name, value in _content(thing):
        if isinstance(value, Saved):
            facts[name] = _facts_of(value)
        elif not isinstance(value, np.ndarray):
            facts[name] = value
    return facts


def _made(facts: dict[str, Any], prefix: str, arrays: dict[str, Array]) -> Any:
    kind: Any = Saved.kinds[facts["class"]]
    given = {}
    for field in fields(kind):
        key = prefix + field.name
        if key not in arrays and field.name not in facts:
            continue  # it has a default, and the file is older
        value = facts.get(field.name)
        if key in arrays:
            value = arrays[key]
        elif isinstance(value, dict):
            value = _made(value, f"{key}.", arrays)
        elif isinstance(value, list):
            value = tuple(value)
        _require_kind(value, str(field.type), f"its {key}")
        given[field.name] = value
    made = kind(**given)
    _require_shapes(made)
    return made


def _require_shapes(thing: Saved) -> None:
    """ValueError where an array has not the shape that its class says."""
    lengths: dict[str, int] = {}
    for name, shape in thing.shapes.items():
        array = getattr(thing, name)
        if array is None:
            continue
        fits = array.ndim == len(shape)
        for size, length in zip(shape, array.shape, strict=False):
            fits &= length == (size if isinstance(size, int) else lengths.setdefault(size, length))
        if not fits:
            raise ValueError(f"{name} must have the shape ({', '.join(map(str, shape))}); its shape is {array.shape}")


def _require_kind(value: Any, kind: str, name: str) -> None:
    """TypeError where a part is of another type than its class says."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits: dict[str, Callable[[], bool]] = {
        "FloatArray": lambda: isinstance(value, np.ndarray) and value.dtype.kind == "f",
        "Array": lambda: isinstance(value, np.ndarray) and value.dtype.kind in "iu",
        "float": lambda: is_number,
        "int": lambda: is_number and isinstance(value, int),
        "tuple[int, ...]": lambda: isinstance(value, tuple) and all(type(part) is int for part in value),
        "tuple[str, ...]": lambda: isinstance(value, tuple) and all(type(part) is str for part in value),
        "None": lambda: value is None,
    }
    kinds = kind.split(" | ")
    if not any(fits[one]() if one in fits else type(value) is Saved.kinds[one] for one in kinds):
        raise TypeError(f"{name} must be {' or '.join(kinds)}; it is {described(value)}")


def _content(thing: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(thing, field.name)) for field in fields(thing)]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return bool(one == other)
