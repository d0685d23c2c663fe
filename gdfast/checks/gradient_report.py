"""What a gradient check found, in numbers and in sentences for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import check_integer
from ..protocols import FloatArray

Indices = NDArray[np.int64]

SHRINK = 32  # a second look at a disagreement is taken with a step so much smaller


class Verdict(StrEnum):
    """The outcome of a gradient check; each member is a plain string."""

    PASS = "PASS"
    KINKS = "KINKS"
    FAIL = "FAIL"
    NOISE = "NOISE"


@dataclass(frozen=True, eq=False)
class GradientReport:
    """What a gradient check found; ``print(report)`` explains it.

    The arrays analytic, numerical, relative_error and unexplained_error are one-dimensional, one entry
    per checked coordinate, in the order of `coordinates`.

    Attributes
    ----------
    verdict : Verdict
        PASS: every relative error that counts is within rtol. KINKS: some are not, but exactly the
        crossed kinks explain them. FAIL: a bug. NOISE: the disagreement lies within rounding noise, and
        so does the gradient: nothing is known.
    passed : bool
        PASS or KINKS.
    value : float
        The function at the point.
    shape : tuple of int
        Of the point.
    h, rtol : float
    coordinates : int64 (n,)
        Flat indices of the checked coordinates.
    analytic, numerical : float64 (n,)
    relative_error : float64 (n,)
        ``|a - n| / max(|a|, |n|, floor)``, floor = 10 eps |f| / h.
    max_relative_error : float
    kinks : int64 (k,)
        Flat indices of the checked coordinates whose difference stencil crosses a kink.
    unexplained_error : float64 (n,)
        The relative error once the contribution of crossed kinks is taken out of the quotient.
    unexplained : float
        The largest of these that counts.
    uncounted : int64 (m,)
        Flat indices of the coordinates that do not count, whatever their relative error: they disagree
        by less than rounding noise, or by an error of the quotient itself (the disagreement is at least
        ten times smaller with a step 32 times smaller).
    evaluations : int
        Two for each difference quotient: what they cost, or would cost without structure.
    structured : bool
        The objective's structure gave the quotients, at a small part of that cost.
    diagnosis : tuple of str
        Sentences.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> report = gd.check_gradient(lambda x: float(np.sum(x**3)), lambda x: 3 * x**2, [[1.0, 2.0], [3.0, 4.0]])
    >>> report.passed, report.coordinates.size, report.max_relative_error < 1e-7
    (True, 4, True)
    """

    verdict: Verdict
    value: float
    shape: tuple[int, ...]
    h: float
    rtol: float
    coordinates: Indices
    analytic: FloatArray
    numerical: FloatArray
    relative_error: FloatArray
    max_relative_error: float
    kinks: Indices
    unexplained_error: FloatArray
    unexplained: float
    uncounted: Indices
    evaluations: int
    structured: bool
    diagnosis: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """PASS or KINKS."""
        return self.verdict in (Verdict.PASS, Verdict.KINKS)

    def worst(self, k: int = 5) -> Indices:
        """Flat indices of the k largest errors (kinks accounted for), the largest first; uncounted ones last."""
        worst: Indices = self.coordinates[self._worst_positions(check_integer(k, "k", minimum=0))]
        return worst

    def require(self) -> GradientReport:
        """The report itself if the check passed; otherwise a RuntimeError with the report as its text."""
        if not self.passed:
            raise RuntimeError(str(self))
        return self

    def __str__(self) -> str:
        return "\n".join([*self._heading(), "", *self._table(5), "", *self._sentences()])

    def _worst_positions(self, k: int) -> Indices:
        order: Indices = np.lexsort((-self.unexplained_error, np.isin(self.coordinates, self.uncounted)))
        return order[:k]

    def _heading(self) -> list[str]:
        size = int(np.prod(self.shape))
        cost = f"{self.evaluations:,} evaluations" + (" (by structure)" if self.structured else "")
        lines = [
            f"Gradient check: {self.verdict}",
            f"  {self.coordinates.size:,} of {_many(size, 'coordinate')} checked",
            f"  h = {self.h:g}, {cost}",
            f"  largest relative error {self.max_relative_error:.1e}, tolerance {self.rtol:g}",
        ]
        if self.kinks.size:
            stencils = _many(self.kinks.size, "difference stencil")
            lines.append(f"  {stencils} across a kink; with the kinks taken out {self.unexplained:.1e}")
        if self.uncounted.size:
            left_out = _many(self.uncounted.size, "coordinate")
            lines.append(f"  {left_out} left out of account (see below); the others {self.unexplained:.1e}")
        return lines

    def _table(self, k: int) -> list[str]:
        crossing = np.isin(self.coordinates, self.kinks)
        lines = [f"  {'worst coordinates':<20}{'analytic':>16}{'numerical':>16}{'rel. error':>12}"]
        if self.kinks.size:
            lines[0] += f"{'kinks out':>12}"
        for i in self._worst_positions(k):
            index = "[" + ", ".join(str(int(j)) for j in np.unravel_index(self.coordinates[i], self.shape)) + "]"
            line = f"  {index:<20}{self.analytic[i]:>16.8g}{self.numerical[i]:>16.8g}{self.relative_error[i]:>12.1e}"
            lines.append(line + (f"{self.unexplained_error[i]:>12.1e}" if crossing[i] else ""))
        return lines

    def _sentences(self) -> list[str]:
        return [textwrap.fill(sentence, 78, initial_indent="  ", subsequent_indent="  ") for sentence in self.diagnosis]


def judge(
    analytic: FloatArray,
    numerical: FloatArray,
    crossing: NDArray[np.bool_],
    excess: FloatArray,
    close_by: Callable[[Indices], FloatArray],
    *,
    value: float,
    shape: tuple[int, ...],
    coordinates: Indices,
    h: float,
    rtol: float,
    eps: float,
    gradient_noise: float,
    structured: bool,
) -> GradientReport:
    """The verdict on a gradient.

    Per checked coordinate: the analytic and numerical derivative, whether the stencil crosses a kink,
    and what the kinks add to the quotient (the excess). close_by gives the quotients of some flat
    indices with the step h / SHRINK. eps is the rounding unit of the quotients, gradient_noise how
    far rounding may have moved the analytic gradient.
    """
    smooth = numerical - excess
    floor = 10 * eps * abs(value) / h
    steepest = float(np.abs(analytic).max(where=np.isfinite(analytic), initial=0.0))
    noise = floor + gradient_noise
    relative_error = _relative_error(analytic, numerical, floor)
    unexplained_error = _relative_error(analytic, smooth, floor)

    apart = unexplained_error > rtol
    wrong = apart & ~(np.abs(analytic - smooth) <= noise)  # so written that NaN is wrong
    lost = apart & ~wrong
    suspect = wrong & ~crossing & np.isfinite(analytic)
    fading, looked_at = _fading(analytic, numerical, suspect, coordinates, close_by)
    wrong &= ~fading
    explained = crossing & (relative_error > rtol) & (np.abs(analytic - numerical) > noise)
    unexplained = float(unexplained_error.max(where=~(lost | fading), initial=0.0))
    if wrong.any():
        verdict = Verdict.FAIL
    elif lost.any() and noise > rtol * max(steepest, float(np.abs(smooth).max())):
        verdict = Verdict.NOISE
    else:
        verdict = Verdict.KINKS if explained.any() else Verdict.PASS

    diagnosis = []
    if verdict is not Verdict.NOISE:
        diagnosis.append(_band(unexplained))
    if wrong.any():
        diagnosis.append(_where(coordinates, wrong, shape))
    if not np.isfinite(analytic).all():
        infinite = _many(np.sum(~np.isfinite(analytic)), "coordinate")
        diagnosis.append(f"The analytic gradient is not finite in {infinite}.")
    if crossing.any():
        diagnosis.append(_kinks(crossing, relative_error, h))
    if lost.any():
        diagnosis.append(_noise(lost, noise, eps, verdict))
    if fading.any():
        diagnosis.append(_fades(fading, h))
    return GradientReport(
        verdict=verdict,
        value=value,
        shape=shape,
        h=h,
        rtol=rtol,
        coordinates=coordinates,
        analytic=analytic,
        numerical=numerical,
        relative_error=relative_error,
        max_relative_error=float(relative_error.max()),
        kinks=coordinates[crossing],
        unexplained_error=unexplained_error,
        unexplained=unexplained,
        uncounted=coordinates[lost | fading],
        evaluations=2 * (coordinates.size + looked_at),
        structured=structured,
        diagnosis=tuple(diagnosis),
    )


def _fading(
    analytic: FloatArray,
    numerical: FloatArray,
    suspect: NDArray[np.bool_],
    coordinates: Indices,
    close_by: Callable[[Indices], FloatArray],
) -> tuple[NDArray[np.bool_], int]:
    """In which suspects the disagreement fades as h shrinks, and how many were looked at.

    The quotient's own error falls with h**2 where f is smooth, and with h where its second derivative
    jumps; the disagreement with a wrong derivative stays. A first few suspects decide whether the rest
    is looked at: where many disagree it is mostly a bug.
    """
    fading = np.zeros(suspect.size, dtype=bool)
    looked_at = 0
    positions = np.flatnonzero(suspect)
    for some in (positions[:16], positions[16:]):
        if some.size == 0:
            break
        looked_at += some.size
        before = np.abs(analytic[some] - numerical[some])
        fading[some] = np.abs(analytic[some] - close_by(coordinates[some])) <= 0.1 * before
        if not fading[some].all():
            break
    return fading, looked_at


def _relative_error(a: FloatArray, n: FloatArray, floor: float) -> FloatArray:
    """|a - n| / max(|a|, |n|, floor): 0 where both are zero, infinite where a is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        difference = np.abs(a - n)
        scale = np.maximum(np.maximum(np.abs(a), np.abs(n)), floor)
        error = np.divide(difference, scale, out=np.zeros_like(difference), where=difference > 0)
    error[~np.isfinite(a)] = np.inf
    return error


def _band(error: float) -> str:
    """LECTURE 42's bands, in words."""
    if error < 1e-7:
        return "A relative error below 1e-7 is fine."
    if error <= 1e-4:
        return "A relative error up to 1e-4 is acceptable with kinks; without any, a smaller one is usual."
    if error <= 1e-2:
        return "A relative error between 1e-4 and 1e-2 is suspicious."
    return "A relative error above 1e-2 is almost surely a bug."


def _kinks(crossing: NDArray[np.bool_], relative_error: FloatArray, h: float) -> str:
    largest = float(relative_error.max(where=crossing, initial=0.0))
    return (
        f"{_many(np.sum(crossing), 'difference stencil')} across a kink, where the quotient mixes two slopes "
        f"(relative error up to {largest:.1e}): that alone is no bug. A smaller h than {h:g} crosses fewer."
    )


def _noise(lost: NDArray[np.bool_], noise: float, eps: float, verdict: Verdict) -> str:
    many = f"In {_many(np.sum(lost), 'coordinate')} the disagreement is less than the rounding noise of {noise:.0e}"
    if verdict is not Verdict.NOISE:
        return f"{many}, itself nothing beside the largest entry: not counted."
    precision = "float64" if eps < 1e-12 else "less precise than float64"
    remedy = f"use h near {eps ** (1 / 3):.0e}" + ("" if eps < 1e-12 else ", or a float64 point")
    return f"{many}, which hides the gradient itself; the values are {precision}: {remedy}."


def _fades(fading: NDArray[np.bool_], h: float) -> str:
    return (
        f"In {_many(np.sum(fading), 'coordinate')} the disagreement fades as h = {h:g} shrinks: it is the quotient's "
        "own error (truncation, or a kink close by), and not counted."
    )


def _many(count: Any, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _where(coordinates: Indices, wrong: NDArray[np.bool_], shape: tuple[int, ...]) -> str:
    """Where the wrong coordinates sit: everywhere, one row, the bias, one column."""
    many = f"Wrong: {wrong.sum():,} of {_many(wrong.size, 'checked coordinate')}"
    if 1 < wrong.sum() < wrong.size and len(shape) == 2:
        rows, columns = (np.unique(i) for i in np.unravel_index(coordinates[wrong], shape))
        if rows.size == 1:
            return f"{many}, all of them in row {rows[0]}."
        if columns.size == 1:
            last = ", the last one (the bias of a linear objective)" if columns[0] == shape[1] - 1 else ""
            return f"{many}, all of them in column {columns[0]}{last}."
    return f"{many}."
