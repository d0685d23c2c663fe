"""The verdict on a comparison: PASS, KINKS, FAIL or NOISE, each coordinate judged on its own scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...protocols import FloatArray
from .comparison import Comparison
from .report import UNJUDGED, Verdict
from .step_ladder import Mask
from .subgradient_at_ties import TieDisagreement


@dataclass(frozen=True, eq=False)
class Judgement:
    """The verdict, and for each coordinate: its errors, whether it is judged, wrong, within noise, explained by a
    kink."""

    verdict: Verdict
    relative_error: FloatArray
    unexplained_error: FloatArray
    unexplained: float
    judged: Mask
    wrong: Mask
    within_noise: Mask
    explained: Mask


def judge(
    compared: Comparison, analytic: FloatArray, rtol: float, floor: FloatArray, tie: TieDisagreement | None
) -> Judgement:
    """The verdict on the comparison. floor (n,): derivatives below it count as so large in relative errors."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart_here = np.abs(analytic - compared.numerical)
        relative_error = relative(apart_here, analytic, compared.numerical, floor)
        scale = np.maximum(np.abs(analytic), np.abs(compared.corrected))
        apart = ~(compared.distance <= rtol * scale)
        noise = compared.uncertainty + compared.gradient_noise
        wrong = apart & ~(compared.distance <= rtol * scale + noise) & ~compared.undefined
        wrong |= compared.jumps | ~np.isfinite(analytic)
        judged = (compared.judged | wrong) & ~(compared.undefined & np.isfinite(analytic))
        within_noise = apart & ~wrong & judged
        differs = apart_here > noise
        beyond = np.where(within_noise, 0.0, compared.distance)
        unexplained_error = relative(beyond, analytic, compared.corrected, np.where(wrong, 0.0, floor))
    explained = compared.crossing & ~wrong & (relative_error > rtol) & differs
    if wrong.any() or tie is not None:
        verdict = Verdict.FAIL
    elif np.count_nonzero(~judged) > UNJUDGED * judged.size:
        verdict = Verdict.NOISE
    else:
        verdict = Verdict.KINKS if explained.any() else Verdict.PASS
    seen = judged & ~within_noise
    unexplained = float(unexplained_error.max(where=seen, initial=0.0))
    return Judgement(verdict, relative_error, unexplained_error, unexplained, judged, wrong, within_noise, explained)


def relative(difference: FloatArray, a: FloatArray, n: FloatArray, floor: FloatArray) -> FloatArray:
    """|difference| / max(|a|, |n|, floor): 0 where there is none, infinite where a is not finite."""
    scale = np.maximum(np.maximum(np.abs(a), np.abs(n)), floor)
    error = np.divide(difference, scale, out=np.zeros_like(difference), where=difference > 0)
    error[np.isnan(difference)] = np.nan
    error[~np.isfinite(a)] = np.inf
    return error
