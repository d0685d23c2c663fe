"""Known mistakes of any gradient: a constant factor, transposed axes, an error of the regularizer's derivative."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from ...protocols import FloatArray
from .comparison import FEW, Comparison, Indices, Mask, fit, norm
from .factors import factor_sentence

NOISE = 0.03  # of a fit to difference quotients
EXACT = 1e-4  # of a fit with two constants, which fits more by chance
ALONG = 1e-6  # of a right angle's cosine: gradient and weights are multiples of each other
AGREED = 1e-6  # of two ratios that count as one
MOST_SLICES = 64  # that are tried in every order
LARGEST_RANK = 4  # of arrays whose axes are tried in every order


@dataclass(frozen=True, eq=False)
class Suspect:
    """A wrong gradient (n,) and the sentence that names it; `known` tells at which coordinates it is known."""

    sentence: str
    gradient: FloatArray
    known: Mask | None = None


def suspects(found: Comparison, n_samples: int | None) -> Iterator[Suspect]:
    """All that the numbers alone bring up."""
    yield from _constant_factor(found, n_samples)
    yield from _other_axes(found)
    yield from _other_order(found)
    yield from _inner_derivative(found)
    yield from _sign_for_weight(found)
    yield from _multiple_of_the_point(found)
    yield from _factor_beside_a_regularizer(found, n_samples)


def is_zero(found: Comparison) -> bool:
    """Whether nothing, or next to nothing, stands in the analytic gradient."""
    return norm(found.analytic) <= 1e-9 * norm(found.numerical)


def _constant_factor(found: Comparison, n_samples: int | None) -> Iterator[Suspect]:
    factor, left = fit(found.analytic, found.numerical)
    if left > NOISE:
        return
    several = int(np.count_nonzero(found.numerical))
    spread = several >= FEW or (several == FEW - 1 and left <= AGREED)
    sentence = factor_sentence(factor, left, n_samples, guess=spread)
    if sentence is not None:
        yield Suspect(sentence, factor * found.numerical)


def _other_axes(found: Comparison) -> Iterator[Suspect]:
    """The numerical gradient with its axes in another order, or read in another order."""
    shape = found.shape
    if not 2 <= len(shape) <= LARGEST_RANK or sum(length > 1 for length in shape) < 2:
        return
    order = np.argsort(found.coordinates, kind="stable")
    ranked = found.coordinates[order]
    for axes in permutations(range(len(shape))):
        turned = tuple(shape[axis] for axis in axes)
        for sources in {
            _after_transpose(found.coordinates, shape, axes).tobytes(),
            _after_reshape(found.coordinates, shape, axes).tobytes(),
        }:
            source = np.frombuffer(sources, dtype=np.int64)
            if np.array_equal(source, found.coordinates):
                continue
            place = np.minimum(np.searchsorted(ranked, source), ranked.size - 1)
            known = ranked[place] == source
            moved = known & (source != found.coordinates)
            gradient = found.numerical[order[place]]
            if moved.sum() < FEW or norm(gradient[moved] - found.numerical[moved]) == 0:
                continue
            if turned == shape:
                text = f"transposed: the analytic gradient has its axes in the order {axes}"
                text = "transposed: the analytic gradient is that of the other side" if len(shape) == 2 else text
                yield Suspect(f"{text}; transpose it back.", gradient, known)
            else:
                yield Suspect(
                    f"transposed: the analytic gradient is that of shape {turned} reshaped to {shape}; "
                    "transpose it instead.",
                    gradient,
                    known,
                )


def _after_transpose(flat: Indices, shape: tuple[int, ...], axes: tuple[int, ...]) -> Indices:
    """Where g.transpose(axes).reshape(shape) takes its entries from."""
    turned = np.unravel_index(flat, tuple(shape[axis] for axis in axes))
    back = [turned[axes.index(axis)] for axis in range(len(shape))]
    return np.asarray(np.ravel_multi_index(back, shape), dtype=np.int64)


def _after_reshape(flat: Indices, shape: tuple[int, ...], axes: tuple[int, ...]) -> Indices:
    """Where g.reshape(shape in the order of axes), transposed back, takes its entries from."""
    index = np.unravel_index(flat, shape)
    turned = tuple(shape[axis] for axis in axes)
    return np.asarray(np.ravel_multi_index([index[axis] for axis in axes], turned), dtype=np.int64)


def _other_order(found: Comparison) -> Iterator[Suspect]:
    """The right entries, rows or columns, at each other's places."""
    if not found.complete:
        return
    names = ("entries",) if len(found.shape) == 1 else ("rows", "columns") if len(found.shape) == 2 else ()
    for axis, name in enumerate(names):
        n = found.shape[axis]
        if not 2 <= n <= MOST_SLICES:
            continue
        analytic, numerical = (
            np.moveaxis(a.reshape(found.shape), axis, 0).reshape(n, -1) for a in (found.analytic, found.numerical)
        )
        order = np.array([int(np.abs(numerical - one).max(axis=1).argmin()) for one in analytic])
        if np.unique(order).size < n or norm((analytic - numerical[order]).ravel()) > AGREED * norm(found.error):
            continue
        turned = np.moveaxis(numerical[order].reshape(np.moveaxis(np.empty(found.shape), axis, 0).shape), 0, axis)
        i = int(np.flatnonzero(order != np.arange(n))[0])
        yield Suspect(
            f"{name} in another order: number {i} of the gradient's {name} is that of number {order[i]}; write each at "
            "its own place.",
            turned.reshape(-1),
        )


def _inner_derivative(found: Comparison) -> Iterator[Suspect]:
    """The right gradient is a multiple of the weights times the analytic one: that of a square inside a function."""
    w = found.weights
    if np.unique(np.abs(w[w != 0])).size < FEW:
        return
    c, left = fit(found.numerical, w * found.analytic)
    if left <= AGREED and c != 0:
        yield Suspect(
            f"inner derivative missing: the numerical gradient is {c:.4g} * w times the analytic one; the chain rule "
            "multiplies by the derivative of what stands inside, which that seems to be.",
            np.divide(found.numerical, c * w, out=found.analytic.copy(), where=w != 0),
        )


def _sign_for_weight(found: Comparison) -> Iterator[Suspect]:
    """sign(w) where the right gradient is a multiple of w: the derivative of |w| for that of w**2."""
    penalised, w = found.numerical != 0, found.weights
    if np.unique(np.abs(w[penalised])).size < FEW or fit(found.numerical[penalised], w[penalised])[1] > EXACT:
        return
    c, left = fit(found.analytic[penalised], np.sign(w[penalised]))
    if left <= AGREED and c != 0:
        yield Suspect(
            f"L1 for L2: the gradient is {c:.4g} * sign(w), the derivative of {c:.4g} * |w|, and the value's is a "
            "multiple of w, that of w**2; use w.",
            np.where(penalised, c * np.sign(w), found.analytic),
        )


def _multiple_of_the_point(found: Comparison) -> Iterator[Suspect]:
    """The error is a multiple of the weights, or of their signs, wherever it is not zero: a regularizer's."""
    wrong, w, error = found.wrong, found.weights, found.error
    if wrong.sum() < FEW:
        return
    on_bias = False
    if len(found.shape) == 2 and found.shape[1] > 1:
        on_bias = bool((found.coordinates[wrong] % found.shape[1] == found.shape[1] - 1).all())
    sizes, signs = np.unique(np.abs(w[wrong])), np.unique(np.sign(w[wrong]))
    for power, direction in ((2, w), (1, np.sign(w))):
        c, left = fit(error[wrong], direction[wrong])
        if left > NOISE or sizes.size == 1 or (power == 1 and signs.size == 1):  # nothing tells a constant apart
            continue
        term = f"{abs(c):.4g} * {'w' if power == 2 else 'sign(w)'}"
        yield Suspect(
            _penalty_sentence(c, term, power, on_bias), np.where(wrong, found.numerical + c * direction, found.analytic)
        )


def _factor_beside_a_regularizer(found: Comparison, n_samples: int | None) -> Iterator[Suspect]:
    """The data's part times a factor and the derivative of c w**2 as it should be: together they are the factor times
    the right gradient and a multiple of the weights, of all or of all but the last column."""
    columns = [np.ones(found.weights.size, dtype=bool)]
    if len(found.shape) == 2 and found.shape[1] > 1:
        columns.append(found.coordinates % found.shape[1] != found.shape[1] - 1)
    for penalised in columns:
        w = np.where(penalised, found.weights, 0.0)
        if np.count_nonzero(w) <= FEW or norm(found.numerical) == 0:
            continue
        parts = np.stack([found.numerical / norm(found.numerical), w / norm(w)], axis=1)
        if 1 - abs(float(parts[:, 0] @ parts[:, 1])) < ALONG:  # nothing tells one from the other
            continue
        (along, multiple), *_ = np.linalg.lstsq(parts, found.analytic, rcond=None)
        gradient = parts @ np.array([along, multiple])
        factor, c = along / norm(found.numerical), multiple / norm(w)
        # factor * (g - c0 w) + c0 w = factor g + (1 - factor) c0 w: the right regularizer's c0 is c / (1 - factor) > 0.
        if norm(found.analytic - gradient) > EXACT * norm(found.error) or factor == 1 or c / (1 - factor) <= 0:
            continue
        sentence = factor_sentence(factor, EXACT, n_samples)
        if sentence is not None and not sentence.startswith("constant factor"):
            beside = f"in the data's part, beside a right {c / (1 - factor):.4g} * w of the regularizer"
            yield Suspect(sentence.replace("everywhere", beside), gradient)


def _penalty_sentence(c: float, term: str, power: int, on_bias: bool) -> str:
    kind = f"L{power}"
    if on_bias and c > 0:
        return (
            f"regularizer on the bias: the last column has {term} too much, which the value does not ask for; "
            "leave it out there."
        )
    if on_bias:
        return f"regularizer missing on the bias: the last column lacks {term}; add it there as the value does."
    if c > 0:
        return (
            f"regularizer too large: the gradient has {term} too much; halve the {kind} part, or add it to the value."
        )
    if power == 1:
        return f"regularizer missing: the gradient lacks {term}; add the derivative of {abs(c):.4g} * |w|."
    return (
        f"regularizer without the factor 2: the gradient lacks {term}, half the derivative of {abs(c):.4g} * w**2; "
        f"multiply that part by 2 (or the whole of {abs(c) / 2:.4g} * w**2 is missing: add it)."
    )
