"""The verdict on a comparison (PASS, KINKS, FAIL, NOISE), and the sentences that explain it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...describe import counted
from ...protocols import FloatArray, NearestKinks
from .comparison import Comparison
from .report import Verdict
from .step_ladder import Mask
from .subgradient_at_ties import TieDisagreement

RESOLUTION = 1e-3  # noise may hide so much of the largest entry in float64,
LOW_RESOLUTION = 1e-2  # and so much where values are less precise: more would hide what is almost surely a bug
ZERO = 10.0  # times the smallest gradient that can be told from zero
BEST_STEP = 6e-6  # of float64


@dataclass(frozen=True)
class Precision:
    """How precisely the parties compute.

    Attributes
    ----------
    value, gradient : float
        The noise of f's values, and the largest of the gradient's entries.
    unit : float
        The rounding unit of f's values.
    is_measured : bool
        The noise was measured and is much larger than the type of the values tells.
    """

    value: float
    gradient: float
    unit: float
    is_measured: bool = False

    @property
    def is_low(self) -> bool:
        """Less precise than float64."""
        return self.unit > 1e-12 or self.is_measured

    def smallest_gradient(self, value: float) -> float:
        """A gradient that is no more than rounding: its own, that of numbers near 1 (f may be the rest of a difference
        of such), or in float64 that of f with the step that shows gradients best."""
        by_value = 0.0 if self.is_low else max(self.value, self.unit * abs(value)) / BEST_STEP
        return max(self.gradient, self.unit, by_value)


@dataclass(frozen=True, eq=False)
class Judgement:
    """The verdict, and for each coordinate: its errors, whether it is wrong, within noise, explained by a kink."""

    verdict: Verdict
    relative_error: FloatArray
    unexplained_error: FloatArray
    unexplained: float
    wrong: Mask
    within_noise: Mask
    explained: Mask


def judge(
    compared: Comparison,
    analytic: FloatArray,
    value: float,
    rtol: float,
    floor: FloatArray,
    gradient_noise: FloatArray,
    precision: Precision,
    tie: TieDisagreement | None,
) -> Judgement:
    """The verdict on the comparison."""
    relative_error = relative(np.abs(analytic - compared.numerical), analytic, compared.numerical, floor)
    scale = np.maximum(np.maximum(np.abs(analytic), np.abs(compared.corrected)), floor)
    unexplained_error = relative(compared.distance, analytic, compared.corrected, floor)
    apart = unexplained_error > rtol
    noise = compared.uncertainty + gradient_noise
    wrong = apart & ~compared.fades & ~(compared.distance <= rtol * scale + noise)
    wrong |= compared.jumps | ~np.isfinite(analytic)
    within_noise = apart & ~wrong & ~compared.fades
    differs = np.abs(analytic - compared.numerical) > floor + gradient_noise
    explained = compared.crossing & ~wrong & (relative_error > rtol) & differs
    steepest = float(np.abs(analytic).max(where=np.isfinite(analytic), initial=0.0))
    largest = max(steepest, float(np.abs(compared.corrected).max()))
    is_zero = steepest <= ZERO * precision.smallest_gradient(value)
    # Where the noise might hide much and yet nearly none is measured, the agreement is no accident.
    resolution = LOW_RESOLUTION if precision.is_low else RESOLUTION
    hidden = within_noise.any() and (
        min(noise[within_noise].max(), compared.distance[within_noise].max()) > resolution * largest
    )
    if wrong.any() or tie is not None:
        verdict = Verdict.FAIL
    elif hidden and not is_zero:
        verdict = Verdict.NOISE
    else:
        verdict = Verdict.KINKS if explained.any() else Verdict.PASS
    unexplained = float(unexplained_error.max(where=~(within_noise | compared.fades), initial=0.0))
    return Judgement(verdict, relative_error, unexplained_error, unexplained, wrong, within_noise, explained)


def relative(difference: FloatArray, a: FloatArray, n: FloatArray, floor: FloatArray) -> FloatArray:
    """|difference| / max(|a|, |n|, floor): 0 where there is none, infinite where a is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        scale = np.maximum(np.maximum(np.abs(a), np.abs(n)), floor)
        error = np.divide(difference, scale, out=np.zeros_like(difference), where=difference > 0)
    error[~np.isfinite(a)] = np.inf
    return error


def sentences(
    found: Judgement,
    compared: Comparison,
    analytic: FloatArray,
    value: float,
    h: float,
    gradient_noise: FloatArray,
    precision: Precision,
    bugs: tuple[str, ...],
    tie: TieDisagreement | None,
    nearest: NearestKinks | None,
) -> tuple[str, ...]:
    """The diagnosis: the error's band, the bug, the kinks, the noise."""
    said = []
    if found.verdict is not Verdict.NOISE:
        said.append(_band(found.unexplained))
    said += bugs
    if tie is not None:
        said.append(_tie(tie))
    if not np.isfinite(analytic).all():
        said.append(f"The analytic gradient is not finite in {counted(np.sum(~np.isfinite(analytic)), 'coordinate')}.")
    if compared.jumps.any():
        said.append(
            f"In {counted(np.sum(compared.jumps), 'coordinate')} the slope grows without end as h shrinks: f jumps "
            "there, or is infinitely steep, and has no derivative."
        )
    if compared.crossing.any():
        said += _kinks(compared, found, h, nearest)
    if found.within_noise.any():
        said.append(_noise(compared, found, value, h, gradient_noise, precision))
    if compared.fades.any():
        said.append(_fades(compared, h))
    return tuple(said)


def _band(error: float) -> str:
    """LECTURE 42's bands, in words."""
    if error < 1e-7:
        return "A relative error below 1e-7 is fine."
    if error <= 1e-4:
        return "A relative error up to 1e-4 is acceptable with kinks; without any, a smaller one is usual."
    if error <= 1e-2:
        return "A relative error between 1e-4 and 1e-2 is suspicious."
    return "A relative error above 1e-2 is almost surely a bug."


def _tie(found: TieDisagreement) -> str:
    return (
        "At the kinks each entry is right alone, but not with the others: along the gradient itself f's slope is "
        f"{_between(found.left, found.right)}, and the gradient says {found.analytic:.6g}. Where several terms tie, "
        "each takes the whole slope (>= for >): give it to one, or share it."
    )


def _between(low: float, high: float) -> str:
    return f"{low:.6g}" if f"{low:.6g}" == f"{high:.6g}" else f"between {low:.6g} and {high:.6g}"


def _kinks(compared: Comparison, found: Judgement, h: float, nearest: NearestKinks | None) -> list[str]:
    largest = float(found.relative_error.max(where=compared.crossing, initial=0.0))
    stencils = f"{counted(np.sum(compared.crossing), 'difference stencil')} across a kink"
    said = [
        f"{stencils}, where the quotient mixes two slopes (relative error up to {largest:.1e}): that alone is no bug."
    ]
    if nearest is not None:
        if nearest.n_terms:
            named = "; ".join(f"sample {i}, class {c} (margin {margin:.2g})" for i, c, margin in nearest.terms)
            first = "" if nearest.n_terms == len(nearest.terms) else ", the nearest "
            cross = "crosses" if nearest.n_terms == 1 else "cross"
            said.append(f"{counted(nearest.n_terms, 'loss term')} {cross} the margin within h{first or ': '}{named}.")
        size = float(np.abs(compared.kink_excess).max())
        said.append(
            f"They add exactly up to {size:.2g} to a quotient; what is left is the error after kink correction."
        )
        safe = nearest.safe_h[compared.crossing]
        safe = safe[safe > 0]
        if safe.size:
            rest = (
                "" if compared.at_kink.sum() == 0 and (nearest.safe_h > 0).all() else " but those at the point itself"
            )
            said.append(f"With h = {safe.min():.1e} none is crossed{rest}; `safe_h` holds it for each coordinate.")
    if compared.at_kink.any():
        said.append(
            f"In {counted(np.sum(compared.at_kink), 'coordinate')} the point itself is on a kink: any slope between "
            "those to the left and right is right there. A point off the kink tells more"
            + (": where kinks meet, automatic differentiation too may be wrong." if found.wrong.any() else ".")
        )
    elif nearest is None:
        said.append("A smaller step crosses none of them, and its quotient was taken.")
    return said


def _noise(
    compared: Comparison, found: Judgement, value: float, h: float, gradient_noise: FloatArray, precision: Precision
) -> str:
    noise = float((compared.uncertainty + gradient_noise)[found.within_noise].max())
    where = (
        f"In {counted(np.sum(found.within_noise), 'coordinate')} the disagreement is within the noise of {noise:.0e}"
    )
    if precision.is_measured:
        kind = f"the values carry noise of {precision.value:.0e}, though their type is finer: is a part in float32?"
    else:
        kind = "the values are in float64" if precision.unit < 1e-12 else "the values are less precise than float64"
    if found.verdict is not Verdict.NOISE:
        largest = float(np.abs(compared.corrected).max())
        beside = f", {noise / largest:.0e} of the largest entry" if largest > 0 else ""
        return f"{where}{beside}: not judged, and smaller errors can't be seen ({kind})."
    # Truncation h**2 and noise e / h are least together near h = e**(1/3), e relative to f.
    best = max(precision.unit, precision.value / 8 / abs(value) if value else 0.0) ** (1 / 3)
    remedy = "use a float64 point" if precision.is_low else ""
    step = f"use h near {best:.0e}" if not 0.2 < h / best < 20 else ""
    advice = ", or ".join(part for part in (step, remedy) if part) or "use a larger h, or scale the function"
    return f"{where}, which hides the gradient itself; {kind}: {advice}."


def _fades(compared: Comparison, h: float) -> str:
    return (
        f"In {counted(np.sum(compared.fades), 'coordinate')} the disagreement fades with another h than {h:g}: it is "
        "the quotient's own error (truncation or rounding, or a kink close by), not the gradient's."
    )


def nondeterministic(what: str, first: float, second: float, where: str) -> str:
    """The sentence for two calls that differ."""
    return (
        f"Two calls of {what} at the same point differ: {first:.17g} and {second:.17g}{where}. Fix the random seed or "
        "the mini-batch, and switch dropout and batch normalisation to evaluation (model.eval()); then check again."
    )
