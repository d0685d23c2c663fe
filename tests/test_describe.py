"""How messages name what came, and how sentences count."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.describe import counted, described, shortened


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("fast", "str 'fast'"),
        (3, "int 3"),
        (None, "NoneType None"),
        (gd.Adam, "the class Adam"),
        (np.array([1, 2, 3]), "ndarray of dtype int64 array([1, 2, 3])"),
        (np.zeros((2, 2), np.float32), "ndarray of dtype float32 array([[0., 0.], [0., 0.]], dtype=flo..."),
        (np.float64(0.5), "float64 np.float64(0.5)"),
    ],
)
def test_a_value_is_named_by_its_type_and_first_letters(value, name):
    assert described(value) == name


def test_a_long_value_is_cut_and_stays_on_one_line():
    assert shortened("x" * 100) == "'" + "x" * 36 + "..."
    assert len(shortened(list(range(1000)), 60)) == 60
    assert "\n" not in described(np.eye(9))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((0, "row"), "0 rows"),
        ((1, "row"), "1 row"),
        ((2, "row"), "2 rows"),
        ((12345, "loss term"), "12,345 loss terms"),
        ((np.int64(1), "class", "classes"), "1 class"),
        ((np.sum([True, True]), "class", "classes"), "2 classes"),
    ],
)
def test_things_are_counted(words, text):
    assert counted(*words) == text
