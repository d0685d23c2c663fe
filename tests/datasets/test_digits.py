"""scikit-learn's digits: every image once, the split always the same."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gdfast.datasets import load_digits


def test_digits_are_scikit_learns_every_image_once():
    from sklearn.datasets import load_digits as bundled

    digits, whole = load_digits(), bundled()
    assert digits.X.dtype == digits.X_test.dtype == np.uint8
    assert digits.y.dtype == digits.y_test.dtype == np.int64
    assert digits.X.shape == (1442, 64)
    assert digits.X_test.shape == (355, 64)
    assert digits.X.flags.c_contiguous
    rows = {(*x, y) for x, y in zip(digits.X.tolist(), digits.y.tolist(), strict=True)}
    held_out = {(*x, y) for x, y in zip(digits.X_test.tolist(), digits.y_test.tolist(), strict=True)}
    assert not rows & held_out
    assert rows | held_out == {(*x, y) for x, y in zip(whole.data.tolist(), whole.target.tolist(), strict=True)}


def test_digits_the_split_is_stratified_and_always_the_same():
    digits, again = load_digits(), load_digits()
    everything = np.bincount(digits.y) + np.bincount(digits.y_test)
    assert np.array_equal(np.bincount(digits.y_test), everything // 5)
    assert np.array_equal(digits.X_test, again.X_test)
    assert np.array_equal(digits.y, again.y)


def test_digits_what_a_caller_needs_to_know():
    digits = load_digits()
    assert digits.X.max() == digits.pixel_max == 16
    assert digits.X[0].reshape(digits.image_shape).shape == (8, 8)
    assert digits.class_names == tuple("0123456789")
    assert "held out" in digits.description


def test_digits_without_scikit_learn_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"scikit-learn.*pip install 'gdfast\[sklearn\]'"):
        load_digits()
