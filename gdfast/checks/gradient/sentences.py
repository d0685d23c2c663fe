"""The sentences of a report: the error's band, the bug, the kinks, what is not judged and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...describe import counted
from ...protocols import NearestKinks
from .calls import AtPoint
from .comparison import RESOLUTION, Comparison
from .report import Verdict
from .subgradient_at_ties import TieDisagreement
from .verdict import Judgement


@dataclass(frozen=True)
class Context:
    """How precisely the parties compute.

    Attributes
    ----------
    value, h, rtol : float
    unit : float
        The rounding unit of f's values.
    noise : float
        Of f's values.
    is_measured : bool
        The noise was measured and is much larger than the type of the values tells.
    is_gradient_coarse : bool
        The analytic gradient has float32's digits alone, the values those of float64.
    """

    value: float
    h: float
    rtol: float
    unit: float
    noise: float
    is_measured: bool
    is_gradient_coarse: bool


def diagnosis(
    found: Judgement,
    compared: Comparison,
    here: AtPoint,
    context: Context,
    bugs: tuple[str, ...],
    tie: TieDisagreement | None,
    nearest: NearestKinks | None,
) -> tuple[str, ...]:
    """The error's band, the bug, the kinks, the noise."""
    analytic, said = here.analytic, []
    if found.verdict is not Verdict.NOISE:
        worst = found.unexplained if np.isfinite(analytic).all() and not compared.jumps.any() else np.inf
        said.append(_band(worst))
    said += bugs
    if found.wrong.any() and len(bugs) < 2:  # a bug that has a name is explained
        said += _answers_of_elsewhere(found, compared, here)
    if tie is not None:
        said.append(_tie(tie))
    if not np.isfinite(analytic).all():
        said.append(
            f"The analytic gradient is not finite in {counted(np.sum(~np.isfinite(analytic)), 'coordinate')}: a power "
            "that overflows, a division by 0 or a logarithm of 0."
        )
    if context.is_gradient_coarse:
        said.append(
            "The analytic gradient is in float32, the values in float64: it is known to 1e-7 of itself at best; "
            "compute it in float64."
        )
    if compared.jumps.any():
        said.append(
            f"In {counted(np.sum(compared.jumps), 'coordinate')} the slope grows without end as h shrinks: f jumps "
            "there, or is infinitely steep, and has no derivative."
        )
    if compared.crossing.any():
        said += _kinks(compared, found, context.h, nearest)
    if compared.undefined.any():
        said.append(
            f"In {counted(np.sum(compared.undefined), 'coordinate')} f can't be evaluated on either side of x, "
            "however small the step: not judged. Take a point inside f's domain."
        )
    if found.within_noise.any() or (~found.judged & ~compared.undefined).any():
        said += _noise(compared, found, context)
    if compared.fades.any():
        said.append(_fades(compared, context.h))
    return tuple(said)


def _answers_of_elsewhere(found: Judgement, compared: Comparison, here: AtPoint) -> list[str]:
    """A gradient or a value that is the same wherever it is asked for."""
    analytic = here.analytic
    if here.elsewhere is not None and np.any(analytic) and np.array_equal(here.elsewhere, analytic):
        return [
            "gradient returned the same at another point, to the last bit: it may answer from a stale cache, or leave "
            "out its argument."
        ]
    if analytic.size and not np.any(compared.numerical) and np.any(analytic):
        return ["value is the same at every point that was tried: it may answer from a stale cache."]
    return []


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


def _noise(compared: Comparison, found: Judgement, context: Context) -> list[str]:
    spread = compared.uncertainty + compared.gradient_noise
    if context.is_measured:
        kind = f"the values carry noise of {context.noise:.0e}, though their type is finer: is a part in float32?"
    else:
        kind = "the values are in float64" if context.unit < 1e-12 else "the values are less precise than float64"
    said = []
    if found.within_noise.any():
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            part = float((spread / np.abs(compared.corrected))[found.within_noise].max())
        size = f"{part:.0e} of the derivative" if part <= RESOLUTION else "what rounding makes of zero"
        said.append(
            f"In {counted(np.sum(found.within_noise), 'coordinate')} the disagreement is within the noise, {size}: "
            f"smaller errors can't be seen ({kind})."
        )
    unknown = ~found.judged & ~compared.undefined
    if not unknown.any():
        return said
    noise = float(spread.max(where=unknown & np.isfinite(spread), initial=0.0))
    # Truncation h**2 and noise e / h are least together near h = e**(1/3), e relative to f.
    best = max(context.unit, context.noise / 8 / abs(context.value) if context.value else 0.0) ** (1 / 3)
    step = f"use h near {best:.0e}" if not 0.2 < context.h / best < 20 else ""
    remedy = "use a float64 point" if context.unit > 1e-12 and not context.is_measured else ""
    advice = ", or ".join(part for part in (step, remedy) if part) or (
        "take constants out of f, or check at a point where the derivative is larger"
    )
    said.append(
        f"{counted(np.sum(unknown), 'coordinate')} not judged: noise of up to {noise:.0e} hides the derivative itself; "
        f"{kind}: {advice}."
    )
    return said


def _fades(compared: Comparison, h: float) -> str:
    return (
        f"In {counted(np.sum(compared.fades), 'coordinate')} the disagreement fades with another h than {h:g}: it is "
        "the quotient's own error (truncation or rounding, or a kink close by), not the gradient's."
    )
