"""A loss on rows plus a regularizer on the weights that it sees: what holds wherever the rows are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...protocols import Array
from ..losses.base import Loss
from ..regularizers.regularizers import Regularizer, Strengths, strengths_of


@dataclass(frozen=True, eq=False)
class Terms:
    """``sum_i u_i loss(W z_i, y_i) + regularizer(W)``; `rows` say whether there is a bias."""

    rows: Any
    loss: Loss
    regularizer: Regularizer | None
    penalize_bias: bool

    @cached_property
    def strengths(self) -> Strengths | None:
        """Of the regularizer, where it is gdfast's own or none."""
        return strengths_of(self.regularizer)

    @cached_property
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
            part += regularizer.gradient(penalised)
        return value, gradient
