"""Training and held-out rows: which rows of X train with which sample and class weights, and which are held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .._arrays import check_number
from ..protocols import Array, FloatArray


class Split(NamedTuple):
    """Rows of X with labels or targets y; X is never cut.

    `chosen` are the rows to train on (None: all), `held_out` those held out, with weights of their own. `weights` at
    rows that are not chosen are the mean of the others: so the objective of the chosen rows is their weighted mean.
    `X_val`, `y_val` are rows of their own to score on, where the user has some.
    """

    X: Any
    y: Array
    weights: FloatArray | None
    chosen: Array | None = None
    held_out: Array | None = None
    held_out_weights: FloatArray | None = None
    X_val: Any = None
    y_val: Array | None = None

    @property
    def has_scores(self) -> bool:
        """Whether there are rows to score on."""
        return self.held_out is not None or self.X_val is not None

    def training_weights(self) -> FloatArray | None:
        """The weights of all rows of X by which only those to train on count; None: all of them, alike."""
        if self.chosen is None:
            return self.weights
        only = np.zeros(self.X.shape[0])
        only[self.chosen] = 1.0 if self.weights is None else self.weights[self.chosen]
        return only

    @staticmethod
    def of(X: Any, y: Array, weights: FloatArray | None, held_out: Array | None = None) -> Split:
        """Neither rows of weight 0 nor those held out are trained on."""
        trains = np.ones(X.shape[0], dtype=bool) if weights is None else weights > 0
        held_out_weights = None if held_out is None or weights is None else weights[held_out]
        if held_out is not None:
            trains[held_out] = False
        if trains.all():
            return Split(X, y, weights)
        chosen = np.flatnonzero(trains)
        if weights is not None:
            weights = np.where(trains, weights, weights[chosen].mean())
        return Split(X, y, weights, chosen, held_out, held_out_weights)


def held_out_rows(n: int, fraction: float, seed: int, classes: Array | None = None) -> Array:
    """A random share of n rows, in order; of every class the same share, and never the last row of one."""
    order = np.random.default_rng(seed).permutation(n)
    if classes is None:
        return np.sort(order[: min(n - 1, round(fraction * n))])
    order = order[np.argsort(classes[order], kind="stable")]
    counts = np.bincount(classes)
    starts = np.cumsum(counts) - counts
    taken = [
        order[a : a + min(max(count - 1, 0), round(fraction * count))] for a, count in zip(starts, counts, strict=True)
    ]
    return np.sort(np.concatenate(taken))


def times_class_weight(
    class_weight: Any, classes: Array, labels: Array, weights: FloatArray | None
) -> tuple[FloatArray, float]:
    """Sample weights times the weight of each row's class, and the mean of the latter.

    A dict, in which classes that are not there may stand (a fold may lack some; where a class is missing as well they
    are taken for a mistake, as in scikit-learn), or "balanced", which gives every class the same total.
    """
    own = np.ones(len(labels)) if weights is None else weights
    if isinstance(class_weight, str) and class_weight == "balanced":
        totals = np.bincount(labels, weights=own, minlength=len(classes))
        factors = np.divide(totals.sum(), len(classes) * totals, out=np.ones(len(classes)), where=totals > 0)
    elif isinstance(class_weight, Mapping):
        named = {label: check_number(value, "class_weight") for label, value in class_weight.items()}
        if not all(0 <= value < np.inf for value in named.values()):
            raise ValueError(f"class_weight must hold finite weights >= 0; it is {class_weight!r}")
        present = classes.tolist()
        unknown = [label for label in named if label not in present]
        if unknown and any(label not in named for label in present):
            raise ValueError(f"class_weight must be for the classes {classes}; it also is for {unknown}")
        factors = np.array([named.get(label, 1.0) for label in present])
    else:
        raise ValueError(f"class_weight must be None, 'balanced' or a dict of class -> weight; it is {class_weight!r}")
    product: FloatArray = own * factors[labels]
    if not product.any():
        raise ValueError("class_weight must leave a row of weight > 0; all are zero")
    return product, float(product.sum() / own.sum())
