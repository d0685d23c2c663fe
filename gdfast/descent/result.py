"""What comes out of a run: how it ended, where, and its history."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from ..describe import counted
from ..protocols import Array, FloatArray
from .history_table import history_table, result_html


class _HasStatus(Protocol):
    @property
    def status(self) -> Status: ...


Ended = TypeVar("Ended", bound=_HasStatus)


class Status(enum.Enum):
    """How a run ended. The value is a sentence, with a remedy where one is needed; `Result.explanation` knows the run.

    Examples
    --------
    >>> import gdfast as gd
    >>> gd.Status.STOPPED.value
    'Stopped by the callback: w is where the run stood then.'
    """

    CONVERGED = "Converged: every element of the gradient is within gtol of zero, or the optimum proven within gap_tol."
    MAX_STEPS = (
        "All steps were taken before every element of the gradient came within gtol of zero: allow more steps, or use "
        "another step or optimizer; the run's explanation says whether it rose, was still falling or has barely moved."
    )
    NO_DESCENT = (
        "No step along the direction improves the objective: w may be as good as its precision allows; "
        "otherwise use float64 weights, a larger step or another line search, and check the gradient."
    )
    DIVERGED = (
        "Diverged: the objective, its gradient or a weight became infinite or NaN, and w is the last finite one: "
        "use a smaller step, clip the gradient, or scale the features."
    )
    STOPPED = "Stopped by the callback: w is where the run stood then."
    INTERRUPTED = "Interrupted (Ctrl-C): w is where the last finished step led; start again from it to go on."


@dataclass(frozen=True, eq=False)
class History:
    """The history of a run, as arrays.

    Attributes
    ----------
    steps : int (m,)
        How many steps were finished where the objective was evaluated: 0, 1, 2, ...
    values, gradient_norms : float (m,)
        The objective there and the largest absolute element of its gradient (before clipping). Without
        batches m = K + 1 for K steps: w0 and every w after it. With batches m = K, and they are those of
        step k's mini-batch before its update.
    step_sizes : float (K,)
        The length of each step; ``step_sizes[i]`` was taken from the point of ``steps[i]``.
    seconds : float (m,)
        When that was known, since the start.
    evaluated_steps, evaluated_values : (e,)
        Where the run was evaluated (see `evaluate_every`), and the whole objective there.
    metrics : dict of name -> float (e,)
        The metrics there.
    weights : (m, *shape) or None
        The weights after `steps`, where `keep_weights` asked for them.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> print(gd.minimize(bowl, [3.0], step=0.25, max_steps=2, keep_weights=True).history)
    k  step  |gradient|       L     w
    0  0.25           6       9     3
    1  0.25           3    2.25   1.5
    2                1.5  0.5625  0.75
    """

    steps: Array
    values: FloatArray
    gradient_norms: FloatArray
    step_sizes: FloatArray
    seconds: FloatArray
    evaluated_steps: Array
    evaluated_values: FloatArray
    metrics: dict[str, FloatArray]
    weights: Array | None = None

    def __str__(self) -> str:
        return history_table(self)


@dataclass(frozen=True, eq=False)
class Result:
    """Where a run ended; printing it reads as sentences.

    Attributes
    ----------
    w : array
        The weights after `steps` steps (for an optimizer that averages: the mean).
    value, gradient_norm : float
        The objective at w and the largest absolute element of its gradient. (NaN after a Ctrl-C where they are
        not known: with batches, unless the run has just been evaluated. After ``evaluate_every="never"``: see
        `averaged_batches`.)
    status : Status
    steps : int
        Finished steps, those that led to w.
    evaluations : int
        Points at which the objective or a mini-batch of it was computed, with or without the gradient.
    passes : float or None
        Passes over the data; None when the objective does not count them.
    seconds : float
    history : History
    best_w, best_value
        The best of all points where the whole objective was known.
    duality_gap : float or None
        A proven bound on the distance to the optimum, where one was asked for.
    method : str
        Of `solve`: a sentence that names the method, and why it was chosen.
    averaged_batches : int or None
        After ``evaluate_every="never"``: value is the mean of so many mini-batches, those of the last epoch, each
        before its step; gradient_norm is NaN, and best_w is w. None: value is that of the whole objective.
    explanation : str
        Why this run ended as it did: of MAX_STEPS whether the loss rose, was stuck, still falling or has barely moved.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> result = gd.minimize(bowl, [3.0], step=0.25, max_steps=2)
    >>> result.value, result.history.values.tolist(), result.status is gd.Status.MAX_STEPS
    (0.5625, [9.0, 2.25, 0.5625], True)
    """

    w: Array
    value: float
    gradient_norm: float
    status: Status
    steps: int
    evaluations: int
    passes: float | None
    seconds: float
    history: History = field(repr=False)
    best_w: Array = field(repr=False)
    best_value: float
    duality_gap: float | None = None
    explanation: str = field(default="", repr=False)
    method: str = field(default="", repr=False)
    averaged_batches: int | None = None

    def require(self) -> Result:
        """The result itself when it CONVERGED; RuntimeError with the status's sentence otherwise."""
        if self.status is not Status.CONVERGED:
            raise RuntimeError(str(self))
        return self

    def __str__(self) -> str:
        passes = "" if self.passes is None else f", {self.passes:.6g} passes over the data"
        known = f"the objective is {self.value:.10g} and the largest element of its gradient {self.gradient_norm:.3g}"
        if self.averaged_batches is not None:
            seen = counted(self.averaged_batches, "mini-batch", "mini-batches")
            known = f"the mean of the last {seen} is {self.value:.10g}"
        lines = [
            self.explanation or self.status.value,
            f"After {counted(self.steps, 'step')} ({counted(self.evaluations, 'evaluation')}{passes}, "
            f"{self.seconds:.3g} s) {known}.",
        ]
        if self.best_value != self.value:
            lines.append(f"The best value of the run was {self.best_value:.10g}.")
        if self.duality_gap is not None:
            lines.append(f"The optimum is proven to be within {self.duality_gap:.3g}.")
        if self.method:
            lines.append(self.method)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return result_html(self)


def uninterrupted(found: Ended) -> Ended:
    """A run or search within a larger work: a Ctrl-C, which ended it, ends that work too (KeyboardInterrupt)."""
    if found.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return found
