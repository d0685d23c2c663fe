"""Choice of a table's columns, the same for every format: labels, features, what is left out, and the notes on it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ..describe import shortened
from ..protocols import Array
from .labels import LabelColumn
from .options import Column, ReadingOptions

MOST_COLUMNS = 1 << 18
"""Of a table. Each has a name, a type, a place in messages: rows that are longer are no table."""
_INDEX_NAME = re.compile(r"__index_level_\d+__|Unnamed: \d+(\.\d+)*")
_NAMES_OF_LABELS = frozenset({"label", "labels", "class", "target", "targets", "y"})
_NAMES_OF_ROWS = frozenset({"id", "ids", "index", "row", "row_id", "rowid", "row_number", "uuid", "guid"})


class Table(NamedTuple):
    """What a table holds: the numbers, the labels as they were found, the features' names, and notes on guesses."""

    X: Any
    labels: LabelColumn | Array | None
    feature_names: tuple[str, ...] | None
    notes: tuple[str, ...] = ()
    label_name: str | None = None


class Header(NamedTuple):
    """The columns of a table: their names (positions as text where it has none) and how many numbers each holds.

    `left_out` says of a column why it is none, though the file stores it: an index, what follows a trailing delimiter.
    """

    names: list[str]
    named: bool
    widths: list[int]
    left_out: Mapping[int, str]


class Choice(NamedTuple):
    """The columns that are read: features in this order, and the labels (None: there are none)."""

    features: list[int]
    label: int | None
    notes: tuple[str, ...]


def index_columns(names: Sequence[str]) -> dict[int, str]:
    """Columns at the beginning that `DataFrame.to_csv` writes for its index: without a name, or named by readers."""
    found: dict[int, str] = {}
    for j, name in enumerate(names):
        if name.strip() and not _INDEX_NAME.fullmatch(name.strip()):
            break
        found[j] = f"column {j + 1} is left out: it has no name, as the index that pandas writes"
    return found if len(found) < len(names) else {}


def choose_columns(where: str, header: Header, options: ReadingOptions, n_features: int | None) -> Choice:
    """Labels and features among the columns of a table.

    Positions count the columns without those that `left_out` names; negative ones, from the end, without `drop` too.

    Raises
    ------
    ValueError
        A column is not there, or twice; labels stand in one that is left out; there are no features, or not as many
        as there must be.
    """
    if len(header.names) > MOST_COLUMNS:
        raise too_many(where, len(header.names))
    table = _Columns(where, header)
    if options.of_model:
        options = _as_far_as_there(table, options, n_features)
    dropped = {table.position(column, "drop") for column in options.drop}
    named = header.named and options.only is not None
    rest = [j for j in table.present if j not in dropped]
    notes = [reason for j, reason in header.left_out.items()]
    if named and (wanted := _of_model(table, header, options.only or ())) is not None:
        label = _label(table, options, rest, None) if options.judged else None
        return Choice(wanted, None if label in wanted else label, ())
    columns = rest
    if options.columns is not None:
        columns = [table.position(column, "columns") for column in options.columns]
        if len(set(columns)) < len(columns):
            raise ValueError(f"columns must name each column once; they are {shortened(options.columns, 80)}")
        if both := [j for j in columns if j in dropped]:
            raise ValueError(f"drop must not hold a column of columns; both hold {header.names[both[0]]!r:.40}")
    width = sum(header.widths[j] for j in columns)
    chosen = None if options.columns is None else columns
    label = _label(table, options, rest, chosen, optional=width == n_features)
    features = [j for j in columns if j != label]
    d = sum(header.widths[j] for j in features)
    if d == 0:
        beside = "" if label is None else " beside the labels"
        raise ValueError(
            f"{where} must hold at least one column of numbers{beside}; it has {len(table.present)} column"
            f"{'s' * (len(table.present) != 1)}"
        )
    if n_features is not None and d != n_features:
        raise ValueError(f"{where} must hold {n_features:,} features; it holds {d:,}")
    if header.named and options.columns is None:
        notes += _notes(header.names, features, label, options)
    return Choice(features, label if options.judged else None, tuple(notes))


def too_many(where: str, count: int) -> ValueError:
    """What a table of so many columns is answered with."""
    return ValueError(
        f"{where} must hold at most {MOST_COLUMNS:,} columns; it holds {count:,}: rows of so many numbers belong into "
        "a .npy file"
    )


def _as_far_as_there(table: _Columns, options: ReadingOptions, n_features: int | None) -> ReadingOptions:
    """The options of a model's training for rows that may have less than those: what `drop` names may be gone."""
    if sum(table.header.widths[j] for j in table.present) == n_features:
        return replace(options, drop=(), columns=None)
    there = [c for c in options.drop if (len(table.named(c)) == 1 if isinstance(c, str) else c < len(table.present))]
    known = all(isinstance(c, int) or table.named(c) for c in options.columns or ())
    return replace(options, drop=tuple(there), columns=options.columns if known else None)


class _Columns:
    """The columns that a user can mean, by name or position."""

    def __init__(self, where: str, header: Header) -> None:
        self.where, self.header = where, header
        self.present = [j for j in range(len(header.names)) if j not in header.left_out]

    def position(self, column: Column, what: str) -> int:
        """Where a column stands that must be there."""
        if isinstance(column, str):
            found = self.named(column)
            if len(found) == 1:
                return found[0]
            names = [self.header.names[j] for j in self.present]
            shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
            have = f"its columns are {shown}" if self.header.named else "its columns have no names"
            raise ValueError(f"{self.where} must hold one column named {column!r}; {have}")
        width = len(self.present)
        if not -width <= column < width:
            raise ValueError(f"{what} must be in [{-width}, {width}), the columns of {self.where}; it is {column}")
        return self.present[column]

    def named(self, name: str) -> list[int]:
        """The columns of that name; what is left out counts where nothing else is called so."""
        if not self.header.named:
            return []
        places = [j for j, known in enumerate(self.header.names) if known == name]
        return [j for j in places if j not in self.header.left_out] or places


def _label(
    table: _Columns, options: ReadingOptions, rest: list[int], columns: list[int] | None, *, optional: bool = False
) -> int | None:
    """The labels' column; `optional`: the table has as many columns as there are features."""
    label = options.label
    if options.label_name is not None and len(table.named(options.label_name)) == 1:
        label = options.label_name
    if label is None or (optional and (isinstance(label, int) or not table.named(label))):
        return None
    if isinstance(label, str) or label >= 0:
        position = table.position(label, "label")
        if position not in rest and position in table.present:
            raise ValueError(f"label must not be a column that drop leaves out; both hold {label!r:.40}")
        return position
    if not -len(rest) <= label:
        raise ValueError(
            f"label must be in [{-len(rest)}, {len(table.present)}), the columns of {table.where}; it is {label}"
        )
    position = rest[label]
    if columns is not None and position != columns[-1]:
        name = table.header.names[position]
        raise ValueError(
            f"label must be given by its name where columns does not end with the last column, {name!r:.40}"
            "; None: there are no labels"
        )
    return position


def _of_model(table: _Columns, header: Header, only: Sequence[str]) -> list[int] | None:
    """The columns that hold a model's features; None: this table's columns are not called so."""
    wanted = set(only)
    found = [j for j, names in enumerate(expanded_names(header)) if wanted & set(names)]
    names = [name for j in found for name in expanded_names(header)[j] if name in wanted]
    if len(names) == len(wanted) == len(only):
        return found
    return None


def expanded_names(header: Header) -> list[list[str]]:
    """The features' names of every column: ``a``, or ``a[0], a[1]`` where it holds lists."""
    return [
        [name] if width == 1 else [f"{name}[{i}]" for i in range(width)]
        for name, width in zip(header.names, header.widths, strict=True)
    ]


def feature_names(header: Header, choice: Choice) -> tuple[str, ...] | None:
    """The names of X's columns; None where the table names none."""
    if not header.named:
        return None
    names = expanded_names(header)
    return tuple(name for j in choice.features for name in names[j])


def label_name(header: Header, choice: Choice) -> str | None:
    """What the labels' column is called."""
    return header.names[choice.label] if header.named and choice.label is not None else None


def _notes(names: list[str], features: list[int], label: int | None, options: ReadingOptions) -> list[str]:
    notes = []
    if label is not None and isinstance(options.label, int):
        for j in features:
            if names[j].lower() in _NAMES_OF_LABELS:
                notes.append(f"the labels are {names[label]!r:.40}; {names[j]!r:.40} is a feature (label= takes it)")
    notes += [
        f"{names[j]!r:.40} is a feature (drop= leaves it out)" for j in features if names[j].lower() in _NAMES_OF_ROWS
    ]
    return notes


def remedy(column: str | int) -> str:
    """What to do about a column that is no feature as it stands."""
    return (
        f": drop={column!r:.40}, or --drop, leaves the column out; docs/how_to/messy_tables.md shows how scikit-learn "
        "makes numbers of it"
    )
