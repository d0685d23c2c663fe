"""The result of a step sweep: the error of each scheme against h, its two slopes and its best h, as data and text."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..protocols import FloatArray

ROWS = 13  # of the printed table: one for each decade of the default steps


@dataclass(frozen=True, eq=False)
class ErrorCurve:
    """The error of one scheme against h, and what it says.

    Attributes
    ----------
    error : float64 (k,)
        For each h; NaN where x + h or x - h leaves the domain of f, for a coordinate, and
        where h is lost in rounding: x + h is x for a coordinate (or overflows), or f is the same
        at all points although it changes at a larger h.
    best_h, best_error : float
        The h to use, and its error there. It is the h with the lowest error once each error is replaced by the
        largest among itself and its neighbours, so that one lucky hit is not suggested.
    truncation_slope : float
        The power of h with which the error falls as h shrinks, from the largest h down to 3 times the best:
        the median of the slopes between all pairs of points, in log-log (Theil and Sen). About 2 centred, 1
        forward, on smooth functions. NaN where there is no such fall, as for a linear function.
    cancellation_slope : float
        The same for h below a third of the best, where rounding takes over: about -1. NaN where there is no rise.
    """

    error: FloatArray
    best_h: float
    best_error: float
    truncation_slope: float
    cancellation_slope: float


@dataclass(frozen=True, eq=False)
class StepSweep:
    """The error of numerical gradients against h; ``print(sweep)`` shows a table and the h to use.

    Attributes
    ----------
    h : float64 (k,)
        Distinct, from large to small.
    centered, forward : ErrorCurve
        The errors of either scheme, its slopes and its best h.
    error, best_h, best_error, truncation_slope, cancellation_slope
        The centred scheme's, which is the default everywhere in gdfast.
    scale : float
        The largest absolute derivative among the coordinates: the errors are the largest absolute ones divided
        by it. 1 where all of them are zero.
    coordinates : int64 (c,)
        Flat indices of the coordinates that were moved.
    shape, dtype : tuple of int, numpy dtype
        Of the point.
    evaluations : int
        Of f: ``2 c k + 1`` where x + h is never x; both schemes share them.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> sweep = gd.step_sweep(lambda x: np.exp(x).sum(), np.exp, [0.0, 1.0], hs=[1e-2, 1e-3, 1e-4])
    >>> sweep.error.round(9), sweep.evaluations
    (array([1.6667e-05, 1.6700e-07, 2.0000e-09]), 13)
    """

    h: FloatArray
    centered: ErrorCurve
    forward: ErrorCurve
    scale: float
    coordinates: NDArray[np.int64]
    shape: tuple[int, ...]
    dtype: np.dtype[np.floating]
    evaluations: int

    @property
    def error(self) -> FloatArray:
        """Of the centred scheme, for each h."""
        return self.centered.error

    @property
    def best_h(self) -> float:
        """Of the centred scheme."""
        return self.centered.best_h

    @property
    def best_error(self) -> float:
        """Of the centred scheme at its best h."""
        return self.centered.best_error

    @property
    def truncation_slope(self) -> float:
        """Of the centred scheme: about 2."""
        return self.centered.truncation_slope

    @property
    def cancellation_slope(self) -> float:
        """Of the centred scheme: about -1."""
        return self.centered.cancellation_slope

    def __str__(self) -> str:
        return "\n".join([*self._heading(), "", *self._table(), "", *self._sentences()])

    def _heading(self) -> list[str]:
        size = math.prod(self.shape)
        kind = "relative error" if self.scale != 1 else "error"
        return [
            f"Step sweep: the largest {kind} of difference quotients, against h",
            f"  {self.coordinates.size:,} of {size:,} coordinates in {self.dtype}, {self.evaluations:,} evaluations",
        ]

    def _table(self) -> list[str]:
        lines = [f"  {'h':>12}{'centred':>12}{'forward':>12}"]
        marks = {self.centered.best_h: "  <- best centred", self.forward.best_h: "  <- best forward"}
        if self.centered.best_h == self.forward.best_h:
            marks = {self.best_h: "  <- best of both"}
        every = math.ceil(self.h.size / ROWS)
        for i, h in enumerate(self.h.tolist()):
            if i % every == 0 or h in marks:
                errors = "".join(f"{curve.error[i]:>12.1e}" for curve in (self.centered, self.forward))
                lines.append(f"  {h:>12.1e}{errors}{marks.get(h, '')}")
        for name in ("truncation", "cancellation"):
            slopes = (getattr(curve, f"{name}_slope") for curve in (self.centered, self.forward))
            powers = (f"{'none' if math.isnan(slope) else f'h^{slope:.2f}':>12}" for slope in slopes)
            lines.append(f"  {name:>12}{''.join(powers)}")
        return lines

    def _sentences(self) -> list[str]:
        sentences = [self._suggestion()]
        lost = int(np.isnan(self.error).sum())
        if lost:
            sentences.append(
                f"At {lost} of {self.h.size} steps h is lost in rounding (x + h is x in {self.dtype}, or f does not "
                "change), or leaves the domain of f: the error is nan there."
            )
        return [textwrap.fill(line, 78, initial_indent="  ", subsequent_indent="  ") for line in sentences]

    def _suggestion(self) -> str:
        if not self._has_best():
            return (
                f"No h brings the centred error below {self.best_error:.0e}: the gradient is wrong, x is at a kink, "
                "no h here is small enough, or the changes of f drown in its rounding."
            )
        return (
            f"Use h = {self.best_h:.1e} with centred differences, for {_error(self.best_error)}. Forward differences "
            f"do best with h = {self.forward.best_h:.1e}, for {_error(self.forward.best_error)}."
        )

    def _has_best(self) -> bool:
        """Whether the best h is one: its error is small for the point's dtype, or rises from there on both sides.

        f may compute less precisely than in that dtype. A wrong gradient and a kink make a plateau instead.
        """
        falls = self.truncation_slope > 0.5 or self.best_h > self.h[0] / 3
        rises = self.cancellation_slope < -0.5
        return self.best_error <= float(np.finfo(self.dtype).eps) ** (1 / 3) or (falls and rises)


def _error(error: float) -> str:
    return f"an error of {error:.0e}" if error else "no error at all"


def error_curve(h: FloatArray, error: FloatArray) -> ErrorCurve:
    """The curve through errors at steps from large to small; at least one error is not NaN."""
    usable = ~np.isnan(error)
    kept_h, kept = h[usable], error[usable]
    padded = np.concatenate([kept[:1], kept, kept[-1:]])
    best = int(np.argmin(np.maximum(kept, np.maximum(padded[:-2], padded[2:]))))
    best_h = float(kept_h[best])
    above, below = kept_h > 3 * best_h, kept_h < best_h / 3
    return ErrorCurve(
        error=error,
        best_h=best_h,
        best_error=float(kept[best]),
        truncation_slope=_slope(kept_h[above], kept[above], sign=1),
        cancellation_slope=_slope(kept_h[below], kept[below], sign=-1),
    )


def _slope(h: FloatArray, error: FloatArray, sign: int) -> float:
    """The median slope between all pairs in log-log; NaN for fewer than 2 errors > 0, or a slope of the other sign."""
    positive = (error > 0) & np.isfinite(error)
    if positive.sum() < 2:
        return math.nan
    x, y = np.log(h[positive]), np.log(error[positive])
    first, second = np.triu_indices(x.size, 1)
    slope = float(np.median((y[first] - y[second]) / (x[first] - x[second])))
    return slope if sign * slope > 0 else math.nan
