"""Images as objectives, and random weights and directions scaled to the margin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..datasets import Images
from ..objective.linear.objective import LinearObjective
from ..objective.losses import Loss
from ..objective.rays.directions import random_direction
from ..objective.regularizers.regularizers import Regularizer
from ..protocols import Array
from . import landscape

FAR = np.array([-1e3, 1e3])  # steps between which kinks are sought


def objectives(
    images: Images, loss: Loss, regularizer: Regularizer | None = None
) -> tuple[LinearObjective, LinearObjective]:
    """The training and the held-out objective; mean and scale are folded in, the pixels stay as they are.

    Only the training objective has the regularizer.
    """
    n_classes = len(images.class_names)
    common: dict[str, Any] = {
        "mean": images.X.mean(axis=0),
        "scale": np.full(images.X.shape[1], float(images.pixel_max)),
        "n_classes": n_classes,
    }
    train = LinearObjective(images.X, images.y, loss, regularizer, **common)
    return train, LinearObjective(images.X_test, images.y_test, loss, **common)


def data_name(images: Images) -> str:
    """What the images are called, without where they come from and how they are split."""
    return images.description.partition(";")[0].partition(" from ")[0]


def unit_direction(objective: LinearObjective, rng: np.random.Generator) -> Array:
    """A random direction along which a step of 1 moves the scores by about 1: the size of a margin."""
    direction = random_direction(rng, like=np.zeros(objective.shape))
    return np.asarray(direction / float(np.std(objective.scores(direction))))


def spread_example(objective: LinearObjective, w: Array, direction: Array, count: int = 100) -> int:
    """Of the first so many images that whose kinks along the line are spread most evenly on both sides of a minimum."""

    def largest_gap(row: int) -> float:
        data = landscape.line(objective.rows(np.array([row])), w, direction, FAR)
        kinks = data.kinks
        is_inside = kinks.size > 2 and data.minimum is not None and kinks[0] < data.minimum < kinks[-1]
        return float(np.diff(kinks).max() / np.ptp(kinks)) if is_inside else np.inf

    return min(range(min(count, objective.n_samples)), key=largest_gap)


def range_of_kinks(objective: LinearObjective, w: Array, direction: Array) -> tuple[float, float]:
    """Steps between which the kinks of the hinge lie, of one image all and of many all but a tenth at either end."""
    kinks = landscape.line(objective, w, direction, FAR).kinks
    ends = [0.0, 1.0] if objective.n_samples == 1 else [0.1, 0.9]
    low, high = np.quantile(kinks, ends) if kinks.size else (-1.0, 1.0)
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    margin = 0.15 * (high - low) or 1.0
    return low - margin, high + margin


def most_varied_pixel(images: Images) -> int:
    """The pixel that differs most among the images: its weights matter."""
    return int(images.X[:10_000].std(axis=0).argmax())


def bright_examples(images: Images, pixel: int, count: int) -> Array:
    """One image of each of the first `count` classes in which that pixel is bright, as rows of X."""
    bright = images.X[:, pixel] > images.X[:, pixel].mean()
    return np.array([int(np.argmax(bright & (images.y == label))) for label in range(count)])
