"""Encoding of labels (text, numbers) as class numbers 0, 1, ... with the class names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._arrays import plain_array
from ..protocols import Array


def encode_labels(
    values: Any, n_rows: int, where: str, *, targets: bool, class_names: Sequence[str] | None
) -> tuple[Array, tuple[str, ...] | None]:
    """Class numbers int64 (n,) with their names, or targets float64 (n,) with None.

    Parameters
    ----------
    values : array (n,) of integers, text or integral floats
        Text that reads as numbers everywhere counts as numbers.
    n_rows : int
        How many there must be.
    where : str
        What they are called in messages.
    targets : bool
        They are real numbers to be predicted, not classes.
    class_names : sequence of str or None
        The classes, in order: labels are looked up in it. None: the sorted values that are there.

    Raises
    ------
    ValueError
        Not (n,), not finite, fractions as classes, text as targets, or a label that is none of the classes.
    """
    labels = plain_array(values, where)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or len(labels) != n_rows:
        raise ValueError(f"{where} must hold one label for each of the {n_rows:,} rows; the shape is {labels.shape}")
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8")
    if labels.dtype.kind not in "biufU":
        raise ValueError(f"{where} must hold numbers or text; the dtype is {labels.dtype}")
    if targets:
        return _as_targets(labels, where), None
    names, y = _distinct(labels, where)
    if class_names is None:
        return y, names
    number_of = {name: i for i, name in enumerate(class_names)}
    unknown = [i for i, name in enumerate(names) if name not in number_of]
    if unknown:
        row = int(np.argmax(y == unknown[0]))
        known = ", ".join(list(class_names)[:12]) + (", ..." if len(class_names) > 12 else "")
        raise ValueError(
            f"{where} must hold labels of the {len(class_names)} known classes ({known}); row {row:,} is "
            f"{names[unknown[0]]!r:.60}"
        )
    return np.array([number_of[name] for name in names], dtype=np.int64)[y], tuple(class_names)


def _as_targets(labels: Array, where: str) -> Array:
    numbers = _numbers(labels)
    if numbers is None:
        raise ValueError(
            f"{where} must hold real targets; there is text, such as {str(labels[_first_text(labels)])!r:.60}"
        )
    values = numbers.astype(np.float64)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise ValueError(f"{where} must be finite; row {row:,} is {values[row]}")
    return values


def _distinct(labels: Array, where: str) -> tuple[tuple[str, ...], Array]:
    """The sorted names, and the position of each label's among them."""
    found, y = np.unique(labels, return_inverse=True)
    numbers = _numbers(found)
    if numbers is None:
        if (found == "").any():
            raise ValueError(f"{where} must name a class in every row; row {int(np.argmax(labels == '')):,} is empty")
        return tuple(str(name) for name in found), y.reshape(-1).astype(np.int64)
    if numbers.dtype.kind == "f":
        odd = ~np.isfinite(numbers) | (numbers != np.floor(numbers)) | (np.abs(numbers) > 2**53)
        if odd.any():
            j = int(np.argmax(odd))
            row = int(np.argmax(y.reshape(-1) == j))
            raise ValueError(
                f"{where} must hold classes, which are whole numbers or text; row {row:,} is {numbers[j]} "
                "(targets=True reads real numbers to be predicted)"
            )
        numbers = numbers.astype(np.int64)
    sorted_numbers, again = np.unique(numbers, return_inverse=True)
    return tuple(str(int(number)) for number in sorted_numbers), again.reshape(-1)[y.reshape(-1)].astype(np.int64)


def _numbers(labels: Array) -> Array | None:
    """The labels as numbers; None where one of them is text."""
    if labels.dtype.kind != "U":
        return labels
    try:
        return labels.astype(np.float64)
    except ValueError:
        return None


def _first_text(labels: Array) -> int:
    for i, label in enumerate(labels):
        try:
            float(label)
        except ValueError:
            return i
    return 0
