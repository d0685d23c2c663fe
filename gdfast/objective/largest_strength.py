"""The smallest strength of L1 at which all weights are 0, wherever the rows are: from y, and one gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .capabilities import in_float64
from .linear.largest_strength import bias_optimum, require_curvature
from .linear.objective import LinearObjective
from .linear.outputs import Outputs
from .linear.terms import Terms


def largest_strength_by_gradient(objective: Any) -> float:
    """As `linear.largest_strength` of a linear problem: the largest element of the data's gradient at the best bias."""
    terms: Terms = objective.terms
    require_curvature(terms)
    outputs = Outputs(_without_features(terms).linear_problem)
    W = np.zeros(terms.rows.shape)
    if terms.has_free_bias:
        W[:, -1] = outputs.to_weights(bias_optimum(outputs, np.zeros(outputs.n_outputs))[:, None])[:, 0]
    gradient = in_float64(objective.with_terms(terms.loss, None)).gradient(W)
    return float(np.abs(terms.penalised(outputs.of_gradient(gradient))).max(initial=0.0))


def _without_features(terms: Terms) -> LinearObjective:
    """The same loss where only a bias is left; of classes one row each is enough."""
    rows, loss = terms.rows, terms.loss
    y, weights = rows.y, rows.sample_weight
    if loss.classifies:
        masses = np.bincount(y, weights, minlength=rows.n_classes)
        y, weights = np.flatnonzero(masses), masses[masses > 0]
    n_classes = rows.n_classes if loss.classifies else None
    return LinearObjective(np.zeros((len(y), 1)), y, loss, sample_weight=weights, n_classes=n_classes)
