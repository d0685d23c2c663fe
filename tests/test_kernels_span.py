"""The kernel of the smoothed hinge in a span: its formula in float64, and the same bits at any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast import _kernels

LEAST, MU = 1e-3, 1.7
# (rows, classes, directions): less than a block of 256 terms, many of them, rows that lie in several.
SIZES = [(1, 2, 1), (37, 7, 3), (900, 10, 16), (3, 1000, 5)]


@pytest.fixture(autouse=True)
def as_many_threads_as_before():
    before = _kernels.get_num_threads()
    yield
    _kernels.set_num_threads(before)


def drawn(size: tuple[int, int, int], dtype: str, weighted: bool):
    n, k, m = size
    rng = np.random.default_rng(size)
    terms, center = rng.normal(size=(n, k)).astype(dtype), rng.uniform(size=(n, k)).astype(dtype)
    changes, steps = rng.normal(size=(m, n, k)).astype(dtype), 0.1 * rng.normal(size=m)
    return terms, changes, center, steps, rng.uniform(0, 2, n) if weighted else None


def sums(terms, changes, center, steps, weights):
    m = len(steps)
    there, value = np.empty_like(terms), np.empty(1)
    slopes, products = np.empty(m), np.empty((m, m))
    _kernels.smoothed_in_span(terms, changes, center, steps, weights, MU, LEAST, there, value, slopes, products)
    return there, value, slopes, products


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_sums_are_those_of_the_formula(size, dtype, weighted):
    given = drawn(size, dtype, weighted)
    _kernels.set_num_threads(1)
    there, value, slopes, products = sums(*given)
    terms, changes, center, steps, weights = (None if one is None else one.astype(np.float64) for one in given)
    w = np.ones((size[0], 1)) if weights is None else weights[:, None]
    M = terms + np.tensordot(steps, changes, 1)
    a = np.clip(center + M / MU, 0, 1)
    inside = w * np.where((a > 0) & (a < 1), 1, LEAST)
    tolerance = 1e-12 if dtype == "float64" else 2e-6
    np.testing.assert_allclose(there, M, atol=tolerance)
    np.testing.assert_allclose(value[0], (w * (a * M - MU / 2 * (a - center) ** 2)).sum(), rtol=tolerance)
    for found, right in (
        (slopes, np.tensordot(changes, w * a, 2)),
        (products, np.einsum("ine,ne,jne->ij", changes, inside, changes)),
    ):
        np.testing.assert_allclose(found, right, atol=tolerance * np.abs(right).max())
    _kernels.set_num_threads(3)
    for one, other in zip((there, value, slopes, products), sums(*given), strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_term_that_is_not_finite_reaches_the_value():
    terms, *rest = drawn(SIZES[1], "float32", False)
    terms[5, 2] = np.nan
    assert np.isnan(sums(terms, *rest)[1][0])


def test_no_more_directions_than_there_is_room_for():
    with pytest.raises(ValueError, match="changes must be of at most 64 directions; there are 65"):
        sums(*drawn((2, 2, 65), "float32", False))
