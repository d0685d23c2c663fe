"""The choice of an optimizer by size and kind of the data, where the user gives none: the recipe, or one for all rows.

Measured: L-BFGS needs some thirty passes where the features are standardised, and what it finds is the optimum; so it
is quicker than 1,000 stochastic steps on small data, and steadier where rows of CSR count very differently. Single
rows of the hinge on CSR are best taken by dual coordinate ascent. On much data stochastic steps arrive before L-BFGS
is warm.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..descent.optimizers import LBFGS, DualCoordinateAscent, Newton, ProximalGradient
from ..descent.preconditioners import GramPreconditioner
from .row_norms import StandardizedRows
from .settings import Settings

SMALL = 10_000_000
"""Products in a pass over X, and in what L-BFGS does with its weights."""

WEIGHTS_COST = 8
"""A step of L-BFGS goes through so many arrays like its weights."""

GTOL, SMALLER, SMALLER_GTOL = 2e-4, 100_000, 1e-6
"""No element of the gradient is larger at the end, for each unit of the loss's curvature: the softmax's 1e-4 is that of
scikit-learn's LogisticRegression. With so few products in a pass further digits cost next to nothing."""

TINY, TINY_ROWS, TINY_GTOL = 10_000, 100, 1e-10
"""There Newton's method gives all digits that float64 has, before L-BFGS has begun to see the curvature."""

TALL, MOST_COLUMNS = 64, 256
"""Rows for each column of dense X, and columns, from which and up to which the preconditioner that `solve` takes pays
for itself: where features correlate, 6 to 18 steps do what takes L-BFGS 26 to 300, in a half to a tenth of the time;
where they do not, it takes 1.3 to 2.3 times the time. With fewer rows a column the curvature is more of the classes
than of the features: digits and dna take as many steps as before, and images of 784 pixels overfit at the optimum."""

LEAST_DUAL_ROWS, DUAL_VISITS = 1_000, 50_000
"""On fewer rows stochastic steps are quick enough; dual coordinate ascent makes so many visits of rows at least."""

MOST_GRAM = 4096
"""Columns up to which a cluster makes the second moments that precondition L-BFGS: an array of 128 MB."""

MOST_DUALS = 100_000_000


def chosen_optimizer(settings: Settings, n_outputs: int, rows: StandardizedRows) -> tuple[Any, float, int] | None:
    """An optimizer that sees all rows, how small it is to make the gradient and its most steps; None: the recipe."""
    if settings.learning_rate is not None or settings.early_stopping or settings.batch_size != Settings.batch_size:
        return None
    loss, is_sparse, n, d = settings.loss, rows.is_sparse, len(rows), rows.X.shape[1]
    is_penalised, is_weighted = settings.alpha != 0, rows.weights is not None
    is_l1 = is_penalised and settings.l1_ratio > 0
    if not rows.takes_batches:
        return _of_all_rows(settings, n_outputs, rows)
    suits_duals = (
        rows.visits_rows and loss.has_box_dual and is_sparse and n >= LEAST_DUAL_ROWS and n * n_outputs <= MOST_DUALS
    )
    if suits_duals and is_penalised and not (is_l1 or is_weighted or settings.warm_start):
        return DualCoordinateAscent(settings.random_state), 0.0, max(settings.epochs // 2, DUAL_VISITS // n, 1)
    curvature = loss.largest_curvature(n_outputs)
    if loss.has_kinks or curvature is None:
        return None
    products = n_outputs * (rows.n_stored + WEIGHTS_COST * d)
    if not (is_sparse or is_l1) and products > SMALLER and d <= MOST_COLUMNS and n >= TALL * d:
        gtol = curvature * GTOL if settings.tol is None else min(curvature * GTOL, settings.tol)
        return LBFGS(preconditioner=GramPreconditioner()), gtol, max(settings.epochs, settings.min_steps)
    if products > SMALL and (is_l1 or not (is_sparse and is_weighted)):
        return None
    optimizer: Any = ProximalGradient() if is_l1 else LBFGS()
    gtol = curvature * (SMALLER_GTOL if products <= SMALLER else GTOL)
    if rows.visits_rows and products <= TINY and n <= TINY_ROWS and not is_l1 and rows.X.dtype == np.float64:
        optimizer, gtol = Newton(), TINY_GTOL
    if settings.tol is not None and gtol != TINY_GTOL:
        gtol = min(gtol, settings.tol)
    return optimizer, gtol, max(settings.epochs, settings.min_steps)


def _of_all_rows(settings: Settings, n_outputs: int, rows: StandardizedRows) -> tuple[Any, float, int] | None:
    """Where mini-batches can't be taken, on a cluster; None: `solve`, of losses with kinks."""
    curvature = settings.loss.largest_curvature(n_outputs)
    if settings.loss.has_kinks or curvature is None:
        return None
    gtol = curvature * GTOL if settings.tol is None else min(curvature * GTOL, settings.tol)
    if settings.l1_ratio > 0 and settings.alpha != 0:
        optimizer: Any = ProximalGradient()
    elif rows.is_sparse or rows.X.shape[1] > MOST_GRAM:
        optimizer = LBFGS()
    else:
        optimizer = LBFGS(preconditioner=GramPreconditioner())
    return optimizer, gtol, max(settings.epochs, settings.min_steps)
