"""Diagnosis: every known bug is named on several functions and shapes; right and unknown ones get no name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnoses import SHAPES, diagnose, generator, numbers, sample

N, D, K = 17, 5, 4


@pytest.mark.parametrize("noise", [1e-9, 1e-4])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize(
    ("factor", "name"),
    [
        (-1, "sign flipped"),
        (2, "factor 2 too many"),
        (0.5, "missing factor 2"),
        (23, "missing factor 1/N"),
        (1 / 23, "extra factor 1/N"),
        (-23, "missing factor 1/N, and sign flipped"),
        (3.7, "constant factor"),
        (0, "zero gradient"),
    ],
)
def test_a_constant_factor_is_named_on_any_shape(factor, name, shape, sampled, noise):
    right = numbers(shape)
    said = diagnose(factor * right, right, coordinates=sample(right) if sampled else None, noise=noise)
    assert said[0].startswith(name + ":")
    assert len(said) == 2


class Averages:
    """Any objective that says how many samples it averages."""

    n_samples = 37


@pytest.mark.parametrize(("factor", "name"), [(37, "missing factor 1/N:"), (1 / 37, "extra factor 1/N:")])
def test_n_of_the_objective_is_the_n_that_is_named(factor, name):
    right = numbers((3, 4))
    said = diagnose(factor * right, right, objective=Averages())
    assert said[0].startswith(name)
    assert "N = 37" in said[0]
    assert diagnose(23 * right, right, objective=Averages())[0].startswith("constant factor:")


@given(
    factor=st.floats(1e-6, 1e6).filter(lambda r: abs(r - 1) > 0.01),
    sign=st.sampled_from([-1.0, 1.0]),
    size=st.integers(3, 40),
    seed=st.integers(0, 1000),
    exponent=st.integers(-150, 150),
)
def test_every_ratio_is_seen_whatever_the_scale(factor, sign, size, seed, exponent):
    right = numbers((size,), seed) * 10.0**exponent
    (name, place) = diagnose(sign * factor * right, right)
    assert any(word in name for word in ("factor", "sign flipped"))
    assert ("sign flipped" in name) == (sign < 0) or name.startswith("constant factor: ")
    assert place == f"Wrong: {size} of {size} checked coordinates."


@given(size=st.integers(1, 40), seed=st.integers(0, 1000))
def test_a_flipped_sign_is_seen_from_one_coordinate_on(size, seed):
    right = numbers((size,), seed)
    assert diagnose(-right, right)[0].startswith("sign flipped:")


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (1, 4), (4, 1), (1, 1, 3)])
def test_flat_shapes_are_no_obstacle(shape):
    right = np.asarray(numbers((math.prod(shape),)).reshape(shape))
    assert diagnose(-right, right)[0].startswith("sign flipped:")
    assert diagnose(0 * right, right)[0].startswith("zero gradient:")


@pytest.mark.parametrize(("shape", "axes"), [((5, 5), (1, 0)), ((3, 3, 4), (1, 0, 2)), ((3, 3, 3), (1, 2, 0))])
@pytest.mark.parametrize("sampled", [False, True])
def test_a_transpose_is_named(shape, axes, sampled):
    right = numbers(shape)
    coordinates = sample(right, 15 if len(shape) == 2 else 24) if sampled else None
    said = diagnose(right.transpose(axes), right, coordinates=coordinates)
    assert said[0].startswith("transposed:")
    if len(shape) == 3:
        assert str(axes) in said[0]


@pytest.mark.parametrize("shape", [(4, 5), (2, 7), (2, 3, 4)])
@pytest.mark.parametrize("mistake", ["reshaped transpose", "transposed reshape"])
def test_a_reshape_in_place_of_a_transpose_is_named(shape, mistake):
    right = numbers(shape)
    wrong = right.T.reshape(shape) if mistake == "reshaped transpose" else right.reshape(shape[::-1]).T
    assert diagnose(wrong, right)[0].startswith("transposed:")


@pytest.mark.parametrize("shape", SHAPES)
def test_errors_that_are_multiples_of_the_weights_are_a_regularizer(shape):
    right, w = numbers(shape), generator(2).normal(size=shape)
    said = diagnose(right - 0.1 * w, right, w)
    assert said[0].startswith("regularizer without the factor 2:")
    assert "0.1 * w" in said[0]
    assert diagnose(right + 0.1 * w, right, w)[0].startswith("regularizer too large:")
    assert "0.3 * sign(w)" in diagnose(right - 0.3 * np.sign(w), right, w)[0]


@pytest.mark.parametrize(("sign", "name"), [(1, "regularizer on the bias:"), (-1, "regularizer missing on the bias:")])
def test_a_regularizer_on_the_last_column_is_one_on_the_bias(sign, name):
    right, w = numbers((4, 6)), generator(2).normal(size=(4, 6))
    wrong = right.copy()
    wrong[:, -1] += sign * 0.2 * w[:, -1]
    said = diagnose(wrong, right, w)
    assert said[0].startswith(name)
    assert said[1].endswith("in column 5, the last one (the bias of a linear objective).")


def test_classes_that_do_not_add_up_lack_the_right_one():
    right = numbers((4, 6))
    right[-1] = -right[:-1].sum(axis=0)
    wrong = right + np.abs(numbers((4, 6), 3))
    assert diagnose(wrong, right)[0].startswith("correct-class row missing, or")
    assert "columns" in diagnose(np.ascontiguousarray(wrong.T), np.ascontiguousarray(right.T))[0]


def test_a_bias_that_adds_up_to_minus_one_counts_the_own_class():
    right = numbers((4, 6))
    right[-1] = -right[:-1].sum(axis=0)
    own = -np.abs(numbers((4, 6), 3))
    own[:, -1] /= -own[:, -1].sum()
    assert diagnose(right + own, right)[0].startswith(">= for >:")


@pytest.mark.parametrize("told", [True, False])
def test_errors_at_kinks_alone_are_a_wrong_comparison(told):
    right, w = numbers((12,)), numbers((12,), 1)
    tied = np.isin(np.arange(12), [1, 4, 7, 11])
    if told:
        said = diagnose(right + 0.4 * tied, right, w, at_kink=tied)
    else:
        said = diagnose(right + 0.4 * tied, right, np.where(tied, 0.0, w))
    assert said[0].startswith(">= for > at ties:")


def test_the_derivative_of_a_square_inside_is_missed():
    right, w = numbers((12,)), numbers((12,), 1)
    assert "3 * w times" in diagnose(right / (3 * w), right, w)[0]
    assert len(diagnose(right / (3 * w**2), right, w)) == 1


@pytest.mark.parametrize(
    ("shape", "order", "name"),
    [
        ((2,), [1, 0], "entries in another order: number 0 of the gradient's entries is that of number 1;"),
        ((7,), [0, 2, 1, 3, 4, 5, 6], "entries in another order: number 1"),
        ((4, 6), [1, 2, 3, 0], "rows in another order: number 0 of the gradient's rows is that of number 1"),
    ],
)
def test_the_right_entries_at_other_places_are_told(shape, order, name):
    right = numbers(shape)
    assert diagnose(right[order], right, noise=1e-10)[0].startswith(name)
    if len(shape) == 2:
        said = diagnose(np.ascontiguousarray(right[order].T), np.ascontiguousarray(right.T), noise=1e-10)
        assert said[0].startswith("columns in another order:")


def test_the_derivative_of_absolute_weights_is_told_from_that_of_squares():
    w = numbers((4, 6), 1)
    right, wrong = 0.6 * w, 0.3 * np.sign(w)
    assert diagnose(wrong, right, w, noise=1e-10)[0].startswith("L1 for L2: the gradient is 0.3 * sign(w)")


def test_a_derivative_by_another_coordinate_is_placed():
    right = numbers((5,))
    wrong = right.copy()
    wrong[3] = right[1]
    (said,) = diagnose(wrong, right, noise=1e-10)
    assert "at coordinate 3. There: it is the derivative by coordinate 1;" in said


def test_errors_are_placed_by_parameter():
    right = numbers((20,))
    wrong = right.copy()
    wrong[6:10] *= 3.7
    parts = [("W1", 0, 6), ("b1", 6, 10), ("W2", 10, 20)]
    assert "all of them in b1. There: constant factor" in diagnose(wrong, right, parts=parts)[0]
    wrong[12] += 1
    assert diagnose(wrong, right, parts=parts) == ("Wrong: 5 of 20 checked coordinates, all of them in b1, W2.",)
    wrong[0] += 1
    assert diagnose(wrong, right, parts=parts) == ("Wrong: 6 of 20 checked coordinates.",)


def test_errors_off_the_kinks_are_not_blamed_on_them():
    right = numbers((12,))
    tied = np.isin(np.arange(12), [1, 4, 7, 11])
    wrong = right + 0.4 * tied
    wrong[5] += 0.3
    assert len(diagnose(wrong, right, at_kink=tied)) == 1


@pytest.mark.parametrize(
    ("shape", "part", "place"),
    [
        ((30,), slice(8, 20), "from coordinate 8 to 19."),
        ((4, 6), 2, "in row 2."),
        ((4, 6), (slice(None), 3), "in column 3."),
        ((4, 6), (slice(None), -1), "in column 5, the last one (the bias of a linear objective)."),
        ((4, 6), (slice(1, 3), slice(2, 5)), "in rows 1 to 2, in columns 2 to 4."),
        ((4, 6), (0, slice(0, 2)), "in row 0, in columns 0 to 1."),
        ((3, 5, 4), (slice(None), 2), "at index 2 along axis 1."),
        ((3, 5, 4), (slice(None), slice(None), slice(0, 2)), "at indices 0 to 1 along axis 2."),
    ],
)
def test_one_wrong_block_is_placed(shape, part, place):
    right = numbers(shape)
    wrong = right.copy()
    wrong[part] += generator(7).uniform(1, 2, size=np.shape(wrong[part]))
    (said,) = diagnose(wrong, right)
    assert said.startswith("Wrong: ")
    assert said.endswith(f"all of them {place}")


@pytest.mark.parametrize(
    ("factor", "there"),
    [(-1.0, "sign flipped:"), (0.0, "zero gradient:"), (3.7, "constant factor:"), (37.0, "missing factor 1/N:")],
)
def test_the_factor_of_a_wrong_block_is_said(factor, there):
    right = numbers((4, 6))
    wrong = right.copy()
    wrong[1] *= factor
    (said,) = diagnose(wrong, right, objective=Averages())
    assert f"in row 1. There: {there}" in said


def test_entries_that_are_not_finite_are_left_to_others():
    right = numbers((3, 4))
    wrong = -right
    wrong[0, 1] = np.nan
    wrong[2, 2] = np.inf
    assert diagnose(wrong, right)[0].startswith("sign flipped:")
    assert diagnose(np.full((3, 4), np.nan), right) == ()


def test_a_given_mask_says_what_is_wrong():
    right = numbers((3, 4))
    wrong = right * (1 + 1e-3 * generator(3).normal(size=(3, 4)))
    mask = np.zeros(12, dtype=bool)
    assert diagnose(wrong, right, wrong=mask) == ()
    mask[4:8] = True
    assert "row 1" in diagnose(wrong, right, wrong=mask)[-1]


# No false names


@pytest.mark.parametrize("shape", [*SHAPES, (), (1,), (1, 1), (1, 8)])
def test_a_right_gradient_has_no_bug(shape):
    right = numbers(shape)
    assert diagnose(right, right) == ()
    assert diagnose(right * 0, right * 0) == ()


@given(shape=st.sampled_from([(4,), (9,), (3, 4), (4, 4), (2, 3, 2)]), seed=st.integers(0, 10_000))
def test_errors_without_a_pattern_have_no_name(shape, seed):
    rng = generator(seed)
    right = rng.normal(size=shape)
    assert len(diagnose(right + rng.normal(size=shape), right, rng.normal(size=shape))) == 1


def test_one_large_wrong_coordinate_is_no_factor_of_all():
    right = numbers((10,))
    right[3] = 1e8
    wrong = right.copy()
    wrong[3] *= 2
    (said,) = diagnose(wrong, right)
    assert said.startswith("Wrong: 1 of 10 checked coordinates, at coordinate 3. There: factor 2 too many:")


# A plain function's data and regularizer


def softmax_data(classes_in_rows=True, correct_row=True):
    """The data's gradient of a softmax on (K, D), or on (D, K), the bias last among the features."""
    rng = generator(3)
    X, y = rng.normal(size=(N, D)), rng.integers(0, K, N)
    p = rng.dirichlet(np.ones(K), N)
    if correct_row:
        p[np.arange(N), y] -= 1
    return p.T @ X / N if classes_in_rows else X.T @ p / N


def penalty(w, classes_in_rows, on_bias):
    found = 0.3 * w
    if not on_bias:
        found[(slice(None), -1) if classes_in_rows else -1] = 0
    return found


@pytest.mark.parametrize("on_bias", [True, False])
@pytest.mark.parametrize(
    ("factor", "name"),
    [(N, "missing factor 1/N:"), (-1, "sign flipped:"), (1 / N, "extra factor 1/N:"), (2, "factor 2 too many:")],
)
def test_a_factor_in_the_datas_part_is_named_beside_a_regularizer(factor, name, on_bias):
    data, w = softmax_data(), generator(4).normal(size=(K, D))
    right = penalty(w, True, on_bias)
    said = diagnose(factor * data + right, data + right, w)
    assert said[0].startswith(name)
    assert "beside a right 0.3 * w of the regularizer" in said[0]


@pytest.mark.parametrize("on_bias", [True, False])
@pytest.mark.parametrize("classes_in_rows", [True, False])
def test_a_missing_correct_class_row_is_named_beside_a_regularizer(classes_in_rows, on_bias):
    right = softmax_data(classes_in_rows)
    w = generator(4).normal(size=right.shape)
    beside = penalty(w, classes_in_rows, on_bias)
    wrong = softmax_data(classes_in_rows, correct_row=False)
    assert diagnose(wrong + beside, right + beside, w)[0].startswith("correct-class row missing")


@pytest.mark.parametrize("seed", range(5))
def test_an_unknown_bug_beside_a_regularizer_gets_no_name(seed):
    rng = generator(seed)
    w, right = rng.normal(size=(K, D)), rng.normal(size=(K, D))
    for smooth in (0 * w, right):
        said = diagnose(rng.normal(size=(K, D)), smooth + 0.3 * w, w)
        assert said == (f"Wrong: {K * D} of {K * D} checked coordinates.",)
