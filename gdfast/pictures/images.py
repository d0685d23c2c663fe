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


def unit_direction(objective: LinearObjective, rng: np.random.Generator) -> Array:
    """A random direction along which a step of 1 moves the scores by about 1: the size of a margin."""
    direction = random_direction(rng, like=np.zeros(objective.shape))
    return np.asarray(direction / float(np.std(objective.scores(direction))))


def most_varied_pixel(images: Images) -> int:
    """The pixel that differs most among the images: its weights matter."""
    return int(images.X[:10_000].std(axis=0).argmax())


def bright_examples(images: Images, pixel: int, count: int) -> Array:
    """One image of each of the first `count` classes in which that pixel is bright, as rows of X."""
    bright = images.X[:, pixel] > images.X[:, pixel].mean()
    return np.array([int(np.argmax(bright & (images.y == label))) for label in range(count)])
