"""Names for a constant ratio of analytic and numerical gradient: 1/N, 2, -1, or just a factor."""

from __future__ import annotations

import math

LIKELY = 0.02  # a ratio so near to an integer counts as one
LARGEST_N = 1e6  # number of samples that a ratio is taken for, if nothing else is known
PLAUSIBLE = 1e6  # factors beyond it are no slip of the pen, unless they are powers of ten: another unit


def factor_sentence(
    factor: float, doubt: float, n_samples: int | None, *, everywhere: bool = True, guess: bool = True
) -> str | None:
    """Names a ratio analytic / numerical that is known up to the relative `doubt`; None where nothing is sure.

    everywhere: not in a part of the gradient alone. guess: a ratio without a known meaning is worth a sentence.
    """
    near = max(1e-4, 2 * doubt)

    def equals(value: float) -> bool:
        return math.isclose(factor, value, rel_tol=near)

    place = " everywhere" if everywhere else ""
    said = f"the analytic gradient is {factor:.6g} times the numerical one{place}"
    guess_n = everywhere and guess and n_samples is None
    if equals(1):
        return None
    if equals(-1):
        return f"sign flipped: the analytic gradient is minus the numerical one{place}; turn its sign."
    for sign, flipped in ((1, ""), (-1, ", and sign flipped")):
        if n_samples is not None and n_samples > 1:
            if equals(sign * n_samples):
                return f"missing factor 1/N{flipped}: {said}, and N = {n_samples:,}; divide by the number of samples."
            if equals(sign / n_samples):
                return f"extra factor 1/N{flipped}: {said}, and N = {n_samples:,}; take one division by N out."
        if equals(2 * sign):
            return f"factor 2 too many{flipped}: {said}; there may be a 2 that a 1/2 in the value takes away."
        if equals(sign / 2):
            return f"missing factor 2{flipped}: {said}; the derivative of a square has one."
        if guess_n and _is_whole(sign * factor, doubt):
            n = round(sign * factor)
            return f"missing factor 1/N{flipped}: {said}; if N = {n:,} samples are averaged, divide by N."
        if guess_n and _is_whole(sign / factor, doubt):
            n = round(sign / factor)
            return f"extra factor 1/N{flipped}: {said}, 1/{n:,}; if N = {n:,}, take one division by N out."
    if not guess or not _is_plausible(abs(factor), near):
        return None
    return f"constant factor: {said}; one of value and gradient lacks a factor."


def _is_whole(x: float, doubt: float) -> bool:
    """A number of samples, as far as it is known precisely enough to be told from its neighbours."""
    return 2.5 < x <= LARGEST_N and abs(x - round(x)) <= LIKELY and doubt * x <= 5 * LIKELY


def _is_plausible(factor: float, near: float) -> bool:
    """Whether somebody would write it."""
    if factor == 0:
        return False
    power = math.log10(factor)
    return 1 / PLAUSIBLE <= factor <= PLAUSIBLE or (abs(power) < 15 and abs(power - round(power)) < near)
