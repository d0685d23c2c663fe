"""The types of the compiled core, gdfast._kernels: src/_kernels.pyx is the binding."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[Any]

def available_instruction_sets() -> list[str]: ...
def instruction_set() -> str: ...
def compiler() -> str: ...
def loss_names() -> tuple[str, ...]: ...
def get_num_threads() -> int: ...
def set_num_threads(n_threads: int) -> None: ...
def use_threads(n_threads: int) -> int: ...
def first_not_finite(X: _Array) -> int: ...
def permutation(n: int, seed: int, epoch: int) -> NDArray[np.int64]: ...

class SparseRows:
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    values: _Array
    indices: _Array
    starts: NDArray[np.int64]
    def __init__(self, values: _Array, indices: _Array, starts: _Array, shape: tuple[int, ...]) -> None: ...
    def first_fault(self, n_entries: int, check_finite: bool) -> tuple[int, int]: ...

class Problem:
    double_arithmetic: bool
    def __init__(
        self,
        X: _Array,
        input: int,
        labels: _Array | None,
        targets: _Array | None,
        weights: _Array | None,
        index: _Array | None,
        mean: _Array | None,
        scale: _Array | None,
        loss: int,
        margin: float,
        normalizer: float,
        n_classes: int,
        has_bias: bool,
    ) -> None: ...
    def on_rows(self, index: _Array, normalizer: float) -> Self: ...
    def with_pairs(self, factors: _Array) -> Self: ...
    def evaluate(
        self,
        W: _Array,
        values: _Array | None,
        gradient: _Array | None,
        scores: _Array | None,
        double_arithmetic: bool,
    ) -> None: ...
    def differences(
        self,
        W: _Array,
        h: float,
        scheme: int,
        columns: _Array,
        difference: _Array,
        crossings: _Array | None,
        generic: bool = False,
    ) -> None: ...
    def mix(
        self,
        base: _Array,
        first: _Array | None,
        second: _Array | None,
        points: _Array | None,
        values: _Array | None,
        slopes: _Array | None,
        coefficients: _Array | None,
    ) -> None: ...
    def grid(self, base: _Array, first: _Array, second: _Array, a: _Array, b: _Array, values: _Array) -> None: ...
    def take_steps(
        self,
        rule: int,
        settings: tuple[float, ...],
        order: _Array,
        starts: _Array,
        rates: _Array,
        l1: float,
        l2: float,
        penalize_bias: bool,
        mean_weight: float,
        first_step: int,
        W: _Array,
        states: tuple[_Array, ...],
        values: _Array,
        done: _Array,
        double_arithmetic: bool,
    ) -> None: ...

class SparseProblem(Problem):
    def __init__(
        self,
        X: SparseRows,
        input: int,
        labels: _Array | None,
        targets: _Array | None,
        weights: _Array | None,
        index: _Array | None,
        mean: None,
        scale: _Array | None,
        loss: int,
        margin: float,
        normalizer: float,
        n_classes: int,
        has_bias: bool,
    ) -> None: ...
    def share_tiles(self, other: Problem) -> None: ...

def weighted_rows(problem: Problem, coefficients: _Array, sums: _Array, double_arithmetic: bool) -> None: ...
def with_curvature(problem: Problem, factors: _Array, kind: int) -> Problem: ...
def dual_epoch(
    problem: Problem,
    order: _Array,
    rows: _Array,
    squares: _Array,
    unit: float,
    bias_square: float,
    mean_weight: float,
    duals: _Array,
    idle: _Array,
    W: _Array,
) -> None: ...
def dual_sums(
    problem: Problem, squares: _Array, mean_weight: float, duals: _Array, sums: _Array, as_given: bool
) -> tuple[float, float]: ...
def dual_squares(problem: Problem, squares: _Array) -> None: ...
def descend_quadratic(
    matrix: _Array, gradient: _Array, w: _Array, l1: _Array, l2: _Array, tolerance: float, epochs: int
) -> tuple[int, float]: ...
def descend_columns(
    values: _Array,
    starts: _Array | None,
    rows: _Array | None,
    classes: _Array,
    columns: _Array,
    diagonal: _Array,
    less: _Array | None,
    more: _Array | None,
    changes: _Array,
    sums: _Array,
    gradient: _Array,
    w: _Array,
    l1: _Array,
    l2: _Array,
    tolerance: float,
    epochs: int,
) -> tuple[int, float]: ...
def gram(
    problem: Problem, roots: _Array | None, factor: float, double_arithmetic: bool, matrix: _Array, largest: _Array
) -> None: ...
def smoothed_in_span(
    terms: _Array,
    changes: _Array,
    center: _Array,
    steps: _Array,
    weights: _Array | None,
    mu: float,
    least: float,
    there: _Array,
    value: _Array,
    slopes: _Array,
    products: _Array,
) -> None: ...
def stack_products(rows: Sequence[_Array], vectors: Sequence[_Array], products: _Array) -> None: ...
def stack_combination(factors: _Array, rows: Sequence[_Array], combination: _Array) -> None: ...
def few_scores(X: _Array, W: _Array, bias: _Array | None, scores: _Array) -> bool: ...
def two_loops(products: _Array, on_gradient: _Array, memory: int, pairs: int, coefficients: _Array) -> None: ...
