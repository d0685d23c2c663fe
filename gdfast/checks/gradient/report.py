"""`GradientReport`: the outcome of a gradient check as arrays, and as sentences for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..._arrays import check_integer
from ...describe import counted
from ...protocols import FloatArray
from .sampling import Indices


class Verdict(StrEnum):
    """The outcome of a gradient check; each member is a plain string."""

    PASS = "PASS"
    KINKS = "KINKS"
    FAIL = "FAIL"
    NOISE = "NOISE"
    NONDETERMINISTIC = "NONDETERMINISTIC"


@dataclass(frozen=True, eq=False)
class GradientReport:
    """What a gradient check found; ``print(report)`` explains it.

    The arrays analytic, numerical, relative_error, unexplained_error, kink_excess and safe_h are one-dimensional,
    one entry per checked coordinate, in the order of `coordinates`. Along a direction they have one entry, and
    `coordinates` none.

    Attributes
    ----------
    verdict : Verdict
        PASS: every relative error that is judged is within rtol. KINKS: some are not, but kinks explain them. FAIL: a
        bug. NOISE: the disagreement lies within the noise of the function's values, and so does the gradient: nothing
        is known. NONDETERMINISTIC: two calls at the same point differ.
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
        Flat indices of the checked coordinates whose difference stencil crosses a kink; for nonlinear objectives
        and plain functions those of which slopes at smaller steps show it.
    kink_excess : float64 (n,), or None
        What the crossed kinks add to the quotient, exactly; linear objectives only, as safe_h.
    safe_h : float64 (n,), or None
        The largest step that crosses no kink, at most h.
    unexplained_error : float64 (n,)
        The relative error after kink correction, and without errors of the quotient itself.
    unexplained : float
        The largest of these that is judged.
    not_judged : int64 (m,)
        Flat indices of the coordinates whose relative error with this h is not judged: they disagree by less than
        noise, or by an error of the quotient itself, which fades with a better h.
    evaluations : int
        Of f; where the quotients are computed from the scores, what they would cost without that.
    structured : bool
        The objective computed the quotients from its scores, at a small part of that cost.
    direction : float64 array of the point's shape, or None
        The direction of length 1 along which slopes were compared.
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
    not_judged: Indices
    evaluations: int
    structured: bool
    diagnosis: tuple[str, ...]
    kink_excess: FloatArray | None = None
    safe_h: FloatArray | None = None
    direction: FloatArray | None = None

    @property
    def passed(self) -> bool:
        """PASS or KINKS."""
        return self.verdict in (Verdict.PASS, Verdict.KINKS)

    def worst(self, k: int = 5) -> Indices:
        """Flat indices of the k largest errors (after kink correction), the largest first; not judged ones last."""
        k = check_integer(k, "k", minimum=0)
        worst: Indices = self.coordinates if self.coordinates.size == 0 else self.coordinates[self._worst_positions(k)]
        return worst

    def require(self) -> GradientReport:
        """The report itself if the check passed; otherwise a RuntimeError with the report as its text."""
        if not self.passed:
            raise RuntimeError(str(self))
        return self

    def __str__(self) -> str:
        parts = [self._heading()]
        if self.verdict is not Verdict.NONDETERMINISTIC:
            parts.append(self._table(5))
        parts.append(
            [
                textwrap.fill(text, 78, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
                for text in self.diagnosis
            ]
        )
        return "\n\n".join("\n".join(part) for part in parts)

    def _worst_positions(self, k: int) -> Indices:
        apart = np.isin(self.coordinates, self.not_judged) if self.coordinates.size else np.zeros(self.analytic.size)
        order: Indices = np.lexsort((-self.relative_error, -self.unexplained_error, apart))
        return order[:k]

    def _heading(self) -> list[str]:
        size = int(np.prod(self.shape))
        cost = f"{counted(self.evaluations, 'evaluation')}" + (" (computed from the scores)" if self.structured else "")
        checked = "one random direction" if self.direction is not None else f"{self.coordinates.size:,}"
        title = f"Gradient check: {self.verdict}"
        if self.verdict is Verdict.NONDETERMINISTIC:
            return [title, f"  {cost}, {counted(size, 'coordinate')}, none checked"]
        lines = [
            title,
            f"  {checked} of {counted(size, 'coordinate')} checked",
            f"  h = {self.h:g}, {cost}",
            f"  largest relative error {self.max_relative_error:.1e}, tolerance {self.rtol:g}",
        ]
        if self.kinks.size:
            stencils = counted(self.kinks.size, "difference stencil")
            lines.append(f"  {stencils} across a kink; error after kink correction {self.unexplained:.1e}")
        elif self.not_judged.size:
            not_judged = f"  {counted(self.not_judged.size, 'coordinate')} not judged (see below)"
            rest = "" if self.not_judged.size == self.coordinates.size else f"; the others {self.unexplained:.1e}"
            lines.append(not_judged + rest)
        return lines

    def _table(self, k: int) -> list[str]:
        crossing = np.isin(self.coordinates, self.kinks)
        title = "along the direction" if self.direction is not None else "worst coordinates"
        lines = [f"  {title:<20}{'analytic':>16}{'numerical':>16}{'rel. error':>12}"]
        if self.kinks.size:
            lines[0] += f"{'corrected':>12}"
        largest = np.argsort(-self.relative_error, kind="stable")[:k]  # what is to be explained
        for i in largest if self.verdict is Verdict.KINKS else self._worst_positions(k):
            index = "" if self.direction is not None else self._index(int(self.coordinates[i]))
            line = f"  {index:<20}{self.analytic[i]:>16.8g}{self.numerical[i]:>16.8g}{self.relative_error[i]:>12.1e}"
            lines.append(line + (f"{self.unexplained_error[i]:>12.1e}" if crossing.size and crossing[i] else ""))
        return lines

    def _index(self, flat: int) -> str:
        return "[" + ", ".join(str(int(j)) for j in np.unravel_index(flat, self.shape)) + "]"
