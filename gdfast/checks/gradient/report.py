"""`GradientReport`: the outcome of a gradient check as arrays, and as sentences for a terminal of 80 columns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ..._arrays import check_integer
from ...describe import counted
from ...notebook import BAD, DOUBTFUL, GOOD, panel, table
from ...protocols import FloatArray
from .sampling import Indices

UNJUDGED = 0.01  # of the coordinates that need not be judged for the check to pass


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
        PASS: every relative error that is judged is within rtol, or within the noise where that is at most 1e-2 of the
        derivative; all coordinates are judged but for 1 %. KINKS: some errors are larger, but kinks explain them. FAIL:
        a bug. NOISE: more are not judged, because noise hides the derivative itself. NONDETERMINISTIC: two calls at
        the same point differ.
    passed : bool
        PASS or KINKS.
    value : float
        The function at the point.
    shape : tuple of int
        Of the point.
    h, rtol : float
        The step that was asked for (the largest of them), or the automatic one of a coordinate of size 1.
    coordinates : int64 (n,)
        Flat indices of the checked coordinates.
    analytic, numerical : float64 (n,)
    steps : float64 (n,)
        Of each numerical derivative: what was asked for, or the best of the automatic ones.
    judged : bool (n,)
        Whether noise leaves enough of a coordinate's own derivative to be seen. `passed` needs all but 1 %.
    relative_error : float64 (n,)
        ``|a - n| / max(|a|, |n|, floor)``, floor = 10 eps |f| / h, with each coordinate's own h.
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
        Flat indices of the coordinates that are not judged.
    evaluations : int
        Of f; where the quotients are computed from the scores, what they would cost without that.
    structured : bool
        The objective computed the quotients from its scores, at a small part of that cost.
    kind : str
        "Gradient", "Jacobian", "JVP", "VJP" or "HVP".
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
    judged: NDArray[np.bool_]
    steps: FloatArray
    evaluations: int
    structured: bool
    diagnosis: tuple[str, ...]
    kink_excess: FloatArray | None = None
    safe_h: FloatArray | None = None
    direction: FloatArray | None = None
    kind: str = "Gradient"
    name_of: Callable[[int], str] | None = field(default=None, repr=False)

    @property
    def not_judged(self) -> Indices:
        """Flat indices of the coordinates that are not judged; none along a direction."""
        return self.coordinates[~self.judged] if self.coordinates.size else self.coordinates

    def name(self, flat: int) -> str:
        """Of a coordinate, by its flat index: ``[3, 1]``, or ``W2[3, 1]`` where parameters have names."""
        flat = check_integer(flat, "flat", minimum=0)
        if flat >= math.prod(self.shape):
            raise ValueError(f"flat must be below {math.prod(self.shape)}; it is {flat}")
        if self.name_of is not None:
            return self.name_of(flat)
        return "[" + ", ".join(str(int(j)) for j in np.unravel_index(flat, self.shape)) + "]"

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

    def _repr_html_(self) -> str:
        """For notebooks: the title, the sentences, the worst entries."""
        lines, rows = self._heading(), []
        for i in [] if np.isnan(self.max_relative_error) else self._worst_positions(5):
            name = "" if self.coordinates.size == 0 else self.name(int(self.coordinates[i]))
            rows.append((name, *(f"{x:.6g}" for x in (self.analytic[i], self.numerical[i], self.relative_error[i]))))
        colour = GOOD if self.passed else BAD if self.verdict is Verdict.FAIL else DOUBTFUL
        worst = (table(("worst", "analytic", "numerical", "relative error"), rows),) if rows else ()
        facts = "; ".join(line.strip() for line in lines[1:])
        return panel(colour, lines[0], (facts, *self.diagnosis), *worst)

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
        errors = (np.nan_to_num(error, nan=0.0) for error in (self.relative_error, self.unexplained_error))
        order: Indices = np.lexsort((*(-error for error in errors), ~self.judged))
        return order[:k]

    def _title(self) -> str:
        unjudged = int(np.count_nonzero(~self.judged))
        if self.verdict is Verdict.NONDETERMINISTIC or unjudged == 0:
            return f"{self.kind} check: {self.verdict}"
        if self.direction is not None:
            return f"{self.kind} check: {self.verdict} (the direction not judged)"
        return (
            f"{self.kind} check: {self.verdict} ({unjudged:,} of {counted(self.judged.size, 'coordinate')} not judged)"
        )

    def _heading(self) -> list[str]:
        size = int(np.prod(self.shape))
        cost = f"{counted(self.evaluations, 'evaluation')}" + (" (computed from the scores)" if self.structured else "")
        checked = "one random direction" if self.direction is not None else f"{self.coordinates.size:,}"
        if np.isnan(self.max_relative_error):
            return [f"{self.kind} check: {self.verdict}", f"  {cost}, {counted(size, 'coordinate')}, none checked"]
        lines = [
            self._title(),
            f"  {checked} of {counted(size, 'coordinate')} checked",
            f"  h = {self._step_text()}, {cost}",
            f"  largest relative error {self.max_relative_error:.1e}, tolerance {self.rtol:g}",
        ]
        if self.kinks.size:
            stencils = counted(self.kinks.size, "difference stencil")
            lines.append(f"  {stencils} across a kink; error after kink correction {self.unexplained:.1e}")
        return lines

    def _step_text(self) -> str:
        """The one step, or the smallest and the largest."""
        steps = self.steps[np.isfinite(self.steps)]
        low, high = (float(steps.min()), float(steps.max())) if steps.size else (self.h, self.h)
        return (
            f"{high:g}"
            if low == high
            else f"{low:.1g}"
            if f"{low:.1g}" == f"{high:.1g}"
            else f"{low:.1g} to {high:.1g}"
        )

    def _table(self, k: int) -> list[str]:
        crossing = np.isin(self.coordinates, self.kinks)
        title = "along the direction" if self.direction is not None else "worst coordinates"
        lines = [f"  {title:<20}{'analytic':>16}{'numerical':>16}{'rel. error':>12}"]
        if self.kinks.size:
            lines[0] += f"{'corrected':>12}"
        largest = np.argsort(-self.relative_error, kind="stable")[:k]  # what is to be explained
        for i in largest if self.verdict is Verdict.KINKS else self._worst_positions(k):
            index = "" if self.direction is not None else self.name(int(self.coordinates[i]))
            line = f"  {index:<20}{self.analytic[i]:>16.8g}{self.numerical[i]:>16.8g}{self.relative_error[i]:>12.1e}"
            lines.append(line + (f"{self.unexplained_error[i]:>12.1e}" if crossing.size and crossing[i] else ""))
        return lines
