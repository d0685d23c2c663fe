"""The kernels of L-BFGS's pairs: NumPy's sums in float64, its two loops, and the same bits at any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast import _kernels

# Elements: less than a vector, no whole number of them, more than a block, many chunks.
SIZES = [1, 7, 650, 5000, 300_001]


@pytest.fixture(autouse=True)
def as_many_threads_as_before():
    before = _kernels.get_num_threads()
    yield
    _kernels.set_num_threads(before)


def drawn(count: int, size: int, dtype: str):
    return list(np.random.default_rng([count, size]).normal(size=(count, size)).astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_sums_are_those_of_numpy_at_any_number_of_threads(size, dtype):
    rows, vectors, factors = drawn(9, size, dtype), drawn(6, size, dtype), np.linspace(-1, 2, 9)
    found = []
    for n_threads in (1, 2, 5):
        _kernels.set_num_threads(n_threads)
        products, combination = np.full((9, 6), np.nan), np.full(size, np.nan, dtype)
        _kernels.stack_products(rows, vectors, products)
        _kernels.stack_combination(factors, rows, combination)
        found.append(products.tobytes() + combination.tobytes())
    wide = np.array(rows, dtype=np.float64)
    np.testing.assert_allclose(products, wide @ np.array(vectors, dtype=np.float64).T, atol=1e-14 * size)
    assert combination.dtype == dtype
    np.testing.assert_allclose(combination, factors @ wide, atol=20 * np.finfo(dtype).eps)
    assert len(set(found)) == 1


@pytest.mark.parametrize("pairs", [1, 3, 4, 5, 11])
@pytest.mark.parametrize("is_preconditioned", [False, True])
def test_two_loops_are_those_of_nocedal(pairs, is_preconditioned):
    memory, size = 4, 12
    rng = np.random.default_rng(pairs)
    A = np.cov(rng.normal(size=(size, 40))) + np.eye(size)  # of a bowl: changes = A moves
    inverse = np.diag(rng.uniform(0.5, 2, size)) if is_preconditioned else np.eye(size)
    stack, order = np.zeros((3 * memory, size)), []
    for i in range(pairs):
        move = rng.normal(size=size)
        for part, row in enumerate((move, A @ move, inverse @ A @ move)):
            stack[part * memory + i % memory] = row
        order = [*order, (move, A @ move)][-memory:]
    rows = stack if is_preconditioned else stack[: 2 * memory]
    gradient = rng.normal(size=size)
    found = np.empty(len(rows) + 1)
    _kernels.two_loops(rows @ rows.T, rows @ gradient, memory, pairs, found)
    move, change = order[-1]
    own = (move @ change) / (change @ inverse @ change)
    left, alphas = gradient.copy(), []
    for s, y in reversed(order):
        alphas.append((s @ left) / (s @ y))
        left -= alphas[-1] * y
    left = own * inverse @ left
    for (s, y), alpha in zip(order, reversed(alphas), strict=True):
        left += (alpha - (y @ left) / (s @ y)) * s
    np.testing.assert_allclose(found[:-1] @ rows + found[-1] * inverse @ gradient, left, atol=1e-10)


def test_arrays_of_other_sizes_or_types_are_refused():
    rows = [np.zeros(3), np.zeros(4)]
    with pytest.raises(ValueError, match="rows must be float64 of shape"):
        _kernels.stack_products(rows, rows[:1], np.zeros((2, 1)))
    with pytest.raises(TypeError, match="rows must be float64"):
        _kernels.stack_combination(np.ones(2), [np.zeros(3), np.zeros(3, np.float32)], np.zeros(3))
    with pytest.raises(ValueError, match="rows must hold an array at least"):
        _kernels.stack_products([], rows[:1], np.zeros((1, 1)))
    with pytest.raises(ValueError, match="products must be square, of 2 or 3 times memory rows"):
        _kernels.two_loops(np.eye(5), np.ones(5), 2, 1, np.zeros(6))
