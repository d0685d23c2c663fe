"""A loss on rows plus a regularizer on the weights that it sees: what holds wherever the rows are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..._derived import derived
from ...protocols import Array, FloatArray
from ..losses.base import FreeBias, Loss
from ..regularizers.regularizers import Regularizer, Strengths, strengths_of


class NearTerms(NamedTuple):
    """Kinks of terms: how far each weight may go (of W's shape), how many terms are met, the nearest of them."""

    safe_h: FloatArray
    n_terms: int
    terms: tuple[tuple[int, int, float], ...]


SHORT = 1 << 16
"""Weights whose regularizer is added as a whole."""


@dataclass(frozen=True, eq=False)
class Terms(ABC):
    """``sum_i u_i loss(W z_i, y_i) + regularizer(W)``; `rows` say whether there is a bias.

    What needs the rows themselves is asked of those who have them, by the abstract methods: each is a sum over rows, in
    float64, of the data's term alone.
    """

    rows: Any
    loss: Loss
    regularizer: Regularizer | None
    penalize_bias: bool

    @derived
    def strengths(self) -> Strengths | None:
        """Of the regularizer, where it is gdfast's own or none."""
        return strengths_of(self.regularizer)

    @derived
    def has_free_bias(self) -> bool:
        """The bias is not penalised."""
        return bool(self.rows.bias and not self.penalize_bias)

    @property
    def has_penalised_bias(self) -> bool:
        """It is a column like the others."""
        return bool(self.rows.bias and self.penalize_bias)

    @property
    def closed_form_side(self) -> int:
        """Of the square matrix that a closed form of squared error needs: of the columns' products."""
        return int(self.rows.n_features) + int(self.has_penalised_bias)

    def penalised(self, W: Array) -> Array:
        """A view of the weights that the regularizer sees."""
        return W[:, :-1] if self.has_free_bias else W

    def penalty(self, W: Array) -> float:
        """The regularizer at W."""
        return 0.0 if self.regularizer is None else self.regularizer.value(self.penalised(W))

    def with_regularizer(self, W: Array, value: float, gradient: Array) -> tuple[float, Array]:
        """Value and gradient of the data's term, to which the regularizer's are added: the gradient's in place."""
        regularizer = self.regularizer
        if regularizer is not None:
            penalised = self.penalised(W)
            value += regularizer.value(penalised)
            part = self.penalised(gradient)
            if self.strengths is None or W.size <= SHORT:
                part += regularizer.gradient(penalised)
            else:  # of long rows in turn, whose gradients stay in the cache
                for own, there in zip(part, penalised, strict=True):
                    own += regularizer.gradient(there)
        return value, gradient

    # ---- sums over rows ----

    @abstractmethod
    def on_rows(self, index: Array) -> Terms:
        """The same loss and regularizer on some of the rows."""

    @property
    @abstractmethod
    def free_bias(self) -> FreeBias | None:
        """Sums of rows, and of targets, that mend a dual point where the bias is not penalised; else None."""

    @property
    @abstractmethod
    def class_sums(self) -> FloatArray | None:
        """Sums of the rows of each class, their weights last, where the bias is not penalised; else None."""

    @property
    @abstractmethod
    def reach(self) -> FloatArray:
        """At least max_i |z_ij|, (shape[1],), 1 for the bias."""

    @abstractmethod
    def times_moments(self, n_outputs: int) -> Callable[[FloatArray], FloatArray]:
        """V (n_outputs, m) -> ``V sum_i u_i z_i z_i'``; each call makes one pass."""

    @abstractmethod
    def data_curvature(self, W: FloatArray) -> Callable[[FloatArray], FloatArray]:
        """V -> the data's Hessian at W times V, with what the scores of W say of it already there."""

    @abstractmethod
    def differences(self, W: Array, h: float, code: int, columns: Array) -> tuple[FloatArray, Array]:
        """Of the data's loss, by steps h in some columns of W, and how many terms cross a kink: (k, len(columns))."""

    @abstractmethod
    def near_kinks(self, W: Array, h: float, wanted: Array) -> NearTerms:
        """The loss's kinks within a step of h of the wanted weights."""
