"""Losses: frozen settings, and all that is known of a loss on scores, one idea in a file."""

from .base import Loss
from .cross_entropy import CrossEntropy
from .hinge import Hinge, SquaredHinge
from .residual import Huber, SquaredError
from .score_loss import ScoreLoss

__all__ = ["CrossEntropy", "Hinge", "Huber", "Loss", "ScoreLoss", "SquaredError", "SquaredHinge"]
