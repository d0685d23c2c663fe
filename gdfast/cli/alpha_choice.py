"""`gdfast train --alpha cv`: the strength of the penalty by cross-validation, and the table that shows the choice."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..datasets import Dataset
from ..protocols import Array, FloatArray
from ..training.settings import Settings
from .tables import say, say_line

FOLDS, ALPHAS = 5, 20
FINAL_TOL = 0.1  # of the fit that the estimator ends with, in place of which the command trains its own


@dataclass(frozen=True, eq=False)
class AlphaChoice:
    """Scores of the rows left out, (folds, alphas), and the alpha whose mean is best."""

    chosen: float
    alphas: FloatArray
    scores: FloatArray
    losses: FloatArray
    score_name: str

    def tell(self) -> None:
        """Print the table."""
        say(f"{'alpha':>10}  {self.score_name:>8}  {'+-':>6}  {'loss':>8}   mean of {len(self.scores)} folds")
        for alpha, scores, loss in zip(self.alphas, self.scores.T, self.losses.mean(axis=0), strict=True):
            mark = "  <- chosen" if alpha == self.chosen else ""
            say(f"{alpha:10.3g}  {scores.mean():8.4f}  {scores.std():6.4f}  {loss:8.4g}{mark}")
        say()

    def line(self) -> str:
        """The choice in a line."""
        best = float(self.scores.mean(axis=0).max())
        which = f"{len(self.scores)}-fold cross-validation of {len(self.alphas)} ({self.score_name} {best:.3f})"
        edge = {self.alphas[0]: "largest", self.alphas[-1]: "smallest"}.get(self.chosen)
        return f"{self.chosen:.3g}, by {which}" + ("" if edge is None else f"; the {edge} of them")

    def as_data(self) -> dict[str, Any]:
        """The choice as JSON-like data."""
        return {
            "alpha": self.chosen,
            "cross_validation": [
                {"alpha": float(alpha), self.score_name: float(score), "loss": float(loss)}
                for alpha, score, loss in zip(
                    self.alphas, self.scores.mean(axis=0), self.losses.mean(axis=0), strict=True
                )
            ],
        }


def require_estimators() -> None:
    """ImportError, before any work, where scikit-learn is missing."""
    from .. import estimators

    getattr(estimators, "GDClassifierCV")  # noqa: B009 (it is imported when it is asked for)


def choose_alpha(found: Dataset, settings: Settings, held_out: Array | None) -> AlphaChoice:
    """By the folds of the rows to train on: what is held out has no part in it."""
    from ..estimators import GDClassifierCV, GDRegressorCV

    y, n, classifies = found.labels(), found.X.shape[0], settings.loss.classifies
    trains = np.ones(n, dtype=bool)
    if held_out is not None:
        trains[held_out] = False
    rows = np.flatnonzero(trains)
    kind = GDClassifierCV if classifies else GDRegressorCV
    model = kind(
        settings.loss, alphas=ALPHAS, cv=_folds(found, rows, y if classifies else None, settings.random_state),
        standardize=settings.standardize, tol=FINAL_TOL,
    )  # fmt: skip
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(found.X, y, sample_weight=None if trains.all() else trains.astype(np.float64))
    for text in dict.fromkeys(str(warning.message) for warning in caught):
        if "points of the folds" in text:
            say_line(f"Note: {text}", err=True)
    return AlphaChoice(
        model.alpha_, model.alphas_, model.scores_path_, model.losses_path_, "accuracy" if classifies else "R2"
    )


def _folds(found: Dataset, rows: Array, y: Array | None, seed: int) -> list[tuple[Array, Array]]:
    """The rows to train on in FOLDS parts, at random; of every class as many in each as can be."""
    order = np.random.default_rng(seed).permutation(rows)
    folds = min(FOLDS, len(rows) // 2)
    if y is not None:
        counts = np.bincount(y[rows])
        rare = np.flatnonzero((counts > 0) & (counts < 2))
        if rare.size:
            name = (found.class_names or ())[rare[0]]
            raise ValueError(
                f"--alpha cv needs two rows of each class at least to train on; class {name!r} has one: leave it out, "
                "or give --alpha a number"
            )
        order = order[np.argsort(y[order], kind="stable")]
        folds = FOLDS
    if folds < 2:
        raise ValueError(
            f"--alpha cv needs four rows at least to train on; there are {len(rows)}: give --alpha a number"
        )
    part = np.arange(len(order)) % folds
    return [(np.sort(order[part != i]), np.sort(order[part == i])) for i in range(folds) if (part == i).any()]
