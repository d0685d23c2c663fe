"""What docs/explanation/numerics.md tells of each kernel's errors: the bounds that tests hold it to.

By what was computed and in which type: the bound of gdfast's error in units in the last place of its magnitude, and
what NumPy came to where the formula was written down in that type (None: not compared).
"""

from __future__ import annotations

from collections.abc import Iterator

BOUNDS: dict[str, tuple[int, float | None]] = {
    "descend_columns: float64": (4, None),
    "descend_quadratic: float64": (2, None),
    "differences centred, cross_entropy: float64": (4, None),
    "differences centred: float64": (2, None),
    "differences forward, cross_entropy: float64": (4, None),
    "differences forward: float64": (3, None),
    "dual_epoch duals: float32": (2, None),
    "dual_epoch duals: float64": (2, None),
    "dual_epoch weights: float32": (3, None),
    "dual_epoch weights: float64": (2, None),
    "dual_squares: float64": (5, None),
    "dual_sums: float64": (5, None),
    "few_scores: float32": (4, 3),
    "few_scores: float64": (4, 4),
    "gradient, cross_entropy: float32": (4, 4e05),
    "gradient, cross_entropy: float64": (4, 9e13),
    "gradient: float32": (6, 8),
    "gradient: float64": (6, 7),
    "gram: float32": (6, 6),
    "gram: float64": (8, 9),
    "grid value, cross_entropy: float64": (14, None),
    "grid value: float64": (8, None),
    "mix coefficients, cross_entropy: float64": (3, None),
    "mix coefficients: float64": (4, None),
    "mix slope, cross_entropy: float64": (2, None),
    "mix slope: float64": (7, None),
    "mix value, cross_entropy: float64": (3, None),
    "mix value: float64": (4, None),
    "scores: float32": (7, 5),
    "scores: float64": (8, 5),
    "smoothed_in_span slopes: float32": (4, None),
    "smoothed_in_span slopes: float64": (4, None),
    "smoothed_in_span terms: float32": (4, None),
    "smoothed_in_span terms: float64": (3, None),
    "smoothed_in_span value: float32": (6, None),
    "smoothed_in_span value: float64": (6, None),
    "stack_combination: float32": (2, 4),
    "stack_combination: float64": (4, 4),
    "stack_products: float32": (6, 8e08),
    "stack_products: float64": (8, 5),
    "take_steps adagrad: float32": (2, None),
    "take_steps adagrad: float64": (3, None),
    "take_steps adam: float32": (4, None),
    "take_steps adam: float64": (24, None),
    "take_steps adamw: float32": (3, None),
    "take_steps adamw: float64": (36, None),
    "take_steps gradient descent: float32": (2, None),
    "take_steps gradient descent: float64": (2, None),
    "take_steps momentum: float32": (2, None),
    "take_steps momentum: float64": (2, None),
    "take_steps nesterov: float32": (3, None),
    "take_steps nesterov: float64": (2, None),
    "take_steps rmsprop: float32": (3, None),
    "take_steps rmsprop: float64": (3, None),
    "two_loops: float64": (3, None),
    "value, cross_entropy: float32": (3, 4e05),
    "value, cross_entropy: float64": (3, 9e13),
    "value: float32": (3, 3),
    "value: float64": (5, 3),
    "weighted_rows: float32": (6, 6),
    "weighted_rows: float64": (7, 6),
}


def rows_of_the_page() -> Iterator[str]:
    """The table's rows: one for each thing that is computed, with float64 and float32 side by side."""
    for what in dict.fromkeys(name.partition(": ")[0] for name in BOUNDS):
        parts = [BOUNDS.get(f"{what}: {real}", (None, None)) for real in ("float64", "float32")]
        told = [_shown(number) for pair in zip(*parts, strict=True) for number in pair]
        yield f"| {what.replace('_', ' ')} | " + " | ".join(told) + " |"


def _shown(number: float | None) -> str:
    return "" if number is None else f"{number:.0e}" if number >= 1000 else f"{number:g}"
