"""The checklist in order: which checks a linear objective goes through, and which any other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...objective.capabilities import start_for, terms_of
from ...objective.linear.objective import LinearObjective
from ...objective.linear.problem import LinearProblem
from ...objective.linear.terms import Terms
from ...protocols import Array, Objective
from .data import check_features, check_labels
from .first_loss import check_first_loss, check_scores, small_weights
from .gradients import (
    check_agreement,
    check_data_gradient,
    check_gradient_size,
    check_own_gradient,
    check_precision,
    check_regularizer,
)
from .overfit import NEARLY, check_overfitting
from .report import Finding, SanityReport, Severity

MOST_ELEMENTS, FEW_ROWS = 1 << 24, 1000
"""Of the rows of chunks that are taken into memory."""


def sanity_check(objective: Objective, w0: Any = None) -> SanityReport:
    """Check for what usually goes wrong, before a long run: each finding is a sentence with a remedy.

    Of a `LinearObjective`:

    - first loss: at W = 0 it is ``(n_classes - 1) * margin`` (hinge), ``(n_classes - 1) * margin**2`` (squared hinge)
      or ``ln(n_classes)`` (cross-entropy); near zero, or at w0, it is not far above
    - overfitting: 20 samples, the classes taking turns, can be fitted by the same loss without its regularizer
    - gradients: those of the data and of the regularizer are right, each alone; the regularizer does not dominate;
      there is a gradient to follow; how precise it is
    - at w0, where one is given: no class is dead, no softmax saturated
    - data: every class has samples; features are of like size and not constant

    Of a `ChunkedObjective` the same, of rows evenly spread that make 2**24 elements (all, where they are fewer).

    Of any other objective: whether its methods agree, its gradient, the size of it, and the precision.

    Parameters
    ----------
    objective : Objective
    w0 : float array, optional
        Where the run will start, or where one has ended. None, for a linear objective: zeros and, where that says more,
        ``1e-4 * normal``. Never modified.

    Returns
    -------
    SanityReport
        ``print(report)`` lists the findings; ``report.passed`` is False when one is a "problem".

    Raises
    ------
    TypeError
        The objective has no value and gradient, or is no linear one and no w0 is given; w0 is no float array.
    ValueError
        w0 has not the objective's shape, or is not finite.

    Notes
    -----
    Each number is the same in every call: what is drawn at random has a fixed seed. Of a linear objective about 15
    passes over X, and up to 500 steps on 20 rows; features are read in at most 2**24 elements of X, in rows evenly
    spread. Of any other objective some 200 values.

    References
    ----------
    A. Karpathy, A recipe for training neural networks, 2019.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(100, 30)), np.arange(100) % 10
    >>> X[:, 3] *= 1000
    >>> report = gd.sanity_check(gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1e-3)))
    >>> print(report.with_severity("warning")[0].sentence)  # doctest: +ELLIPSIS
    Feature 3 spans ... and feature ... only ...: no step suits both. Give mean=X.mean(axis=0) and ...
    """
    if isinstance(objective, type) or not isinstance(objective, Objective):
        raise TypeError(f"objective must have value, gradient and value_and_gradient; it is {objective!r:.60}")
    if isinstance(objective, LinearObjective):
        return SanityReport(tuple(_of_linear(objective, None if w0 is None else start_for(objective, w0, "w0"))))
    terms = terms_of(objective)
    if terms is not None:
        return sanity_check(_some_in_memory(terms), w0)
    if w0 is None:
        raise TypeError(f"w0 must be given: the shape of the weights of a {type(objective).__name__} is not known")
    return SanityReport(tuple(_of_any(objective, np.array(start_for(objective, w0, "w0")))))


def _some_in_memory(terms: Terms) -> LinearObjective:
    """Rows of chunks, evenly spread: all of them where they are few."""
    n, d = terms.rows.n_samples, terms.rows.n_features
    few = min(n, max(MOST_ELEMENTS // max(1, d), FEW_ROWS))
    problem = terms.on_rows(np.unique(np.linspace(0, n - 1, few).astype(np.int64)))
    assert isinstance(problem, LinearProblem)
    return LinearObjective.of_problem(problem)


def _of_linear(objective: LinearObjective, w0: Array | None) -> list[Finding]:
    data = objective.with_terms(objective.loss, None)
    point = small_weights(objective) if w0 is None else w0
    first_loss, at_zeros = check_first_loss(data, point, w0 is not None)
    findings = [first_loss, check_overfitting(data)]
    size = check_gradient_size(data, point, NEARLY * at_zeros)
    if size.severity is not Severity.PROBLEM:  # there are numbers to compare
        findings.append(check_data_gradient(data, point))
    findings += [*check_regularizer(objective, data, w0), size, check_precision(objective, point)]
    if w0 is not None and w0.any() and objective.loss.classifies:
        findings.append(check_scores(data, w0, at_zeros))
    return [*findings, check_labels(objective), *check_features(objective)]


def _of_any(objective: Objective, w0: Array) -> list[Finding]:
    size = check_gradient_size(objective, w0, -np.inf)
    if size.severity is Severity.PROBLEM:  # nothing further can be computed
        return [size]
    return [check_agreement(objective, w0), check_own_gradient(objective, w0), size, check_precision(objective, w0)]
