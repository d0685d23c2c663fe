"""The error of each analytic derivative, on its own scale, corrected for kinks and for the quotient's own error.

For a linear objective the quotients are computed from the scores and its kinks are known exactly; for any other
function the one-sided slopes at several steps show them. Either way the result is a `Comparison`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...objective import capabilities
from ...protocols import FloatArray
from .flatness import is_flat, is_zero
from .one_sided_slopes import FirstSlopes, ScoreSlopes
from .sampling import Indices
from .step_ladder import Estimates, Mask, Noise, estimate, ladder

FEW = 32  # re-examined first: where none of them turns out right it is a bug, and the rest is spared
LOPSIDED = 1e-2  # left and right slopes that differ by so much are re-examined, though their mean is right
TINY = 1e-4  # times h: what is still crossed then is a kink at the point itself
WITNESSES = 3
SEEN = 50.0  # times the noise of a quotient, a disagreement is beyond doubt
RESOLUTION = 1e-2  # of a derivative that noise may hide: more would hide what is almost surely a bug

Measure = Callable[[], tuple[Noise, FloatArray]]
"""The noise of f's values, and of the analytic derivatives (n,): asked for where something is to be re-examined."""


@dataclass(eq=False)
class Comparison:
    """The analytic derivatives along n lines against the numerical ones.

    Attributes
    ----------
    numerical, steps : float64 (n,)
        The centred quotients, and their steps: those that were asked for; where the step was ours to choose, the best.
    corrected : float64 (n,)
        The best estimate of the derivative, after kink correction: what the analytic one is compared with.
    distance : float64 (n,)
        Of the analytic derivative from it, or at a kink from the interval of the slopes that are right there.
    uncertainty : float64 (n,)
        How far `distance` may be wrong.
    gradient_noise : float64 (n,)
        How far the analytic derivatives may be wrong by rounding.
    crossing : bool (n,)
        The stencil crosses a kink.
    kink_excess : float64 (n,)
        What kinks add to the quotient; only where that is known exactly.
    at_kink : bool (n,)
        The point lies on the kink.
    judged : bool (n,)
        Whatever is not told from right here is right, to RESOLUTION of itself.
    fades : bool (n,)
        The disagreement is the quotient's own error (truncation or rounding): another h shows none.
    jumps : bool (n,)
        There is no derivative: the slopes grow as h shrinks.
    undefined : bool (n,)
        f can't be evaluated on either side with any step.
    doubtful : bool (n,)
        The disagreement with the step that was asked for is within some noise: longer steps tell of it.
    noise : Noise or None
        Of f's values, where it was measured.
    """

    numerical: FloatArray
    steps: FloatArray
    corrected: FloatArray
    distance: FloatArray
    uncertainty: FloatArray
    gradient_noise: FloatArray
    crossing: Mask
    kink_excess: FloatArray
    judged: Mask
    noise: Noise | None = None
    at_kink: Mask = field(init=False)
    fades: Mask = field(init=False)
    jumps: Mask = field(init=False)
    undefined: Mask = field(init=False)
    doubtful: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.at_kink, self.fades, self.jumps, self.undefined, self.doubtful = (
            np.zeros(self.numerical.size, dtype=bool) for _ in range(5)
        )


def compare_structured(
    objective: Any, slopes: ScoreSlopes, analytic: FloatArray, first: FirstSlopes, rtol: float, asked: bool,
    measure: Measure,
) -> Comparison:  # fmt: skip
    """By quotients that the objective computes from its scores, and by its kinks, which it knows exactly."""
    n = analytic.size
    numerical, steps = first.left.copy(), first.steps.copy()
    crossing, excess = np.zeros(n, dtype=bool), np.zeros(n)
    for step in np.unique(steps).tolist():
        here = np.flatnonzero(steps == step)
        crossings = capabilities.kink_crossings(
            objective, slopes.point, h=step, coordinates=None if here.size == slopes.point.size else slopes.flat[here]
        )
        if crossings is not None:
            if here.size == slopes.point.size:  # in the order of the coordinates that were asked for
                crossings = crossings[0].reshape(-1)[slopes.flat], crossings[1].reshape(-1)[slopes.flat]
            crossing[here], excess[here] = np.ravel(crossings[0]) > 0, np.ravel(crossings[1])
    corrected = numerical - excess
    compared = Comparison(
        numerical, steps, corrected, np.abs(analytic - corrected), np.zeros(n), np.zeros(n), crossing, excess,
        np.isfinite(analytic),
    )  # fmt: skip
    apart = compared.distance > rtol * np.maximum(np.abs(analytic), np.abs(corrected))
    zero = (analytic == 0) & (corrected == 0)
    suspect = np.flatnonzero(np.isfinite(analytic) & (apart | zero))
    if suspect.size == 0:
        return compared
    noise, compared.gradient_noise = measure()
    compared.noise = noise
    compared.judged[suspect] = False
    compared.uncertainty[suspect] = noise.value[suspect] / steps[suspect]
    kinked, straight = suspect[crossing[suspect]], suspect[~crossing[suspect]]
    for some in _in_turn(kinked):
        if not _at_kinks(compared, some, slopes, analytic, rtol, objective).any():
            break
    if straight.size:
        left, right = slopes.sides(straight, steps[straight], first.value[straight])
        first.left[straight], first.right[straight] = left, right
        refine(compared, straight, first, analytic, rtol, asked)
    return compared


def _at_kinks(
    compared: Comparison, some: Indices, slopes: ScoreSlopes, analytic: FloatArray, rtol: float, objective: Any
) -> Mask:
    """Which are right. Another choice of slope at a kink of the point is as right as the objective's own."""
    declared = np.dtype(getattr(objective, "arithmetic", slopes.point.dtype))
    tiny = compared.steps[some] * (TINY if declared == np.float64 else 1.0)
    ahead = slopes.quotients(some, tiny, "forward")
    behind = 2 * slopes.quotients(some, tiny) - ahead  # the centred quotient is the mean of both
    low, high = np.minimum(ahead, behind), np.maximum(ahead, behind)
    distance = np.maximum(0.0, np.maximum(low - analytic[some], analytic[some] - high))
    sides = np.maximum(np.abs(low), np.abs(high))
    spread = compared.uncertainty[some] + compared.gradient_noise[some]
    scale = np.maximum(np.maximum(np.abs(analytic[some]), np.abs(compared.corrected[some])), sides)
    right = (distance <= rtol * scale + spread) & (spread <= RESOLUTION * sides)
    alone = np.abs(analytic[some] - compared.corrected[some]) <= rtol * scale + spread
    compared.at_kink[some] = right
    compared.corrected[some] = np.where(right, analytic[some], compared.corrected[some])
    compared.distance[some] = np.where(right, 0.0, compared.distance[some])
    own = np.maximum(np.abs(analytic[some]), np.abs(compared.corrected[some]))
    zero = (analytic[some] == 0) & (compared.corrected[some] == 0)
    compared.judged[some] = right | (spread <= RESOLUTION * own) | zero
    return np.asarray(right | alone)


def compare_slopes(first: FirstSlopes, analytic: FloatArray, rtol: float, unit: float) -> tuple[Comparison, Indices]:
    """By slopes at the step that was asked for; and the lines to re-examine: those that disagree, those near a kink,
    those where f can't be evaluated, those where nothing moves."""
    with np.errstate(over="ignore", invalid="ignore"):
        numerical, gap = (first.left + first.right) / 2, np.abs(first.right - first.left)
        distance, noise = np.abs(analytic - numerical), 10 * unit * np.abs(first.value) / first.steps
        sides = np.fmax(np.abs(first.left), np.abs(first.right))
        n = numerical.size
        compared = Comparison(
            numerical, first.steps.copy(), numerical.copy(), distance, np.zeros(n), np.zeros(n),
            np.zeros(n, dtype=bool), np.zeros(n), np.isfinite(analytic),
        )  # fmt: skip
        agrees = distance <= rtol * np.maximum(np.abs(analytic), np.abs(numerical))
        lopsided = gap > np.maximum(20 * noise, LOPSIDED * sides)
        zero = (analytic == 0) & (numerical == 0)
    return compared, np.flatnonzero((~agrees | lopsided | zero) & np.isfinite(analytic))


def refine(
    compared: Comparison, suspects: Indices, first: FirstSlopes, analytic: FloatArray, rtol: float, asked: bool
) -> None:
    """Re-examine the suspects with longer and shorter steps; the comparison is changed in place."""
    noise = compared.noise
    assert noise is not None
    compared.judged[suspects] = False
    still = suspects[(analytic[suspects] == 0) & (compared.numerical[suspects] == 0)]
    flat = still[is_flat(first, still, noise)] if still.size else still
    compared.judged[flat] = True
    compared.fades[flat] = False
    for some in _in_turn(np.setdiff1d(suspects, flat)):
        found = estimate(first, some, ladder(first, some, noise, asked and not first.slopes.cheap), noise)
        if not _take(compared, some, found, first, analytic, rtol, asked).any():
            break
    if compared.crossing.any():  # where kinks are about, longer steps are not trusted
        with np.errstate(invalid="ignore"):
            own = np.maximum(np.abs(analytic), np.abs(compared.corrected))
            wrong = compared.distance > rtol * own + compared.uncertainty + compared.gradient_noise
        unsure = compared.doubtful & wrong
        compared.uncertainty[unsure] = np.maximum(compared.uncertainty, compared.distance)[unsure]
        compared.judged[unsure] = False


def _take(
    compared: Comparison, some: Indices, found: Estimates, first: FirstSlopes, analytic: FloatArray, rtol: float,
    asked: bool,
) -> Mask:  # fmt: skip
    """What the estimates say of some lines; where that is no bug."""
    noise, claimed = compared.noise, analytic[some]
    assert noise is not None
    asked_numerical = compared.numerical[some]
    compared.corrected[some] = found.nearest(claimed)
    compared.undefined[some] = ~np.isfinite(found.derivative)
    compared.distance[some] = np.where(found.jumps, np.inf, found.distance(claimed))
    compared.uncertainty[some] = found.distance_uncertainty
    compared.crossing[some] = found.at_kink | found.near_kink
    compared.at_kink[some] = found.at_kink
    compared.jumps[some] = found.jumps
    with np.errstate(invalid="ignore", over="ignore"):
        # Where longer steps alone speak against it, which kinks may mislead, several have to.
        own_step = np.minimum(first.steps[some], first.slopes.smallest[some])
        unseen = np.abs(claimed - compared.corrected[some]) <= SEEN * noise.value[some] / own_step
        compared.doubtful[some] = unseen & ~found.jumps
        unsure = (
            compared.doubtful[some]
            & ~found.at_kink
            & (found.witnesses(claimed, first.slopes.smallest[some]) < WITNESSES)
        )
        compared.uncertainty[some] = np.where(
            unsure, np.maximum(compared.uncertainty[some], compared.distance[some]), compared.uncertainty[some]
        )
        own = np.maximum(np.abs(claimed), np.abs(compared.corrected[some]))
        own = np.where(found.at_kink, np.maximum(own, np.maximum(np.abs(found.left), np.abs(found.right))), own)
        spread = compared.uncertainty[some] + compared.gradient_noise[some]
        tolerance = rtol * np.maximum(np.abs(claimed), np.abs(compared.corrected[some]))
        exact = compared.distance[some] <= tolerance
        right = compared.distance[some] <= tolerance + spread
        agreed = (np.abs(claimed - asked_numerical) <= tolerance) & (claimed != 0)  # nothing and nothing is no evidence
        compared.judged[some] = (spread <= RESOLUTION * own) | (right & exact & (own > 0)) | (agreed & (own > 0))
        blunt = found.at_kink & (np.abs(found.right - found.left) <= SEEN * noise.value[some] / own_step)
        compared.judged[some] &= ~compared.undefined[some] & ~blunt  # from far off a curve is a kink
    compared.fades[some] = ~agreed & right & exact & ~compared.crossing[some]
    better = ~compared.crossing[some] & np.isfinite(found.derivative)
    better &= ~np.isfinite(asked_numerical) if asked else True
    compared.numerical[some] = np.where(better, found.derivative, asked_numerical)
    compared.steps[some] = np.where(better, found.step, compared.steps[some])
    open_ = right & ~compared.judged[some] & ~compared.undefined[some]
    if open_.any():
        lines = np.flatnonzero(open_)
        part = found.of(lines)
        compared.judged[some[lines]] = is_zero(first, some[lines], part, claimed[lines], spread[lines], noise)
    return np.asarray(right | compared.crossing[some] | compared.undefined[some])


def _in_turn(suspects: Indices) -> list[Indices]:
    """A few that are spread over all of them, then the rest."""
    if suspects.size <= FEW:
        return [suspects] if suspects.size else []
    few = np.zeros(suspects.size, dtype=bool)
    few[np.linspace(0, suspects.size - 1, FEW).astype(np.int64)] = True
    return [suspects[few], suspects[~few]]
