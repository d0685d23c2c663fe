"""The parameters of an estimator, checked when it is fitted: TypeError or ValueError before any work."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np

from .._arrays import check_flag, check_integer, check_non_negative, check_number, check_positive
from ..objective.losses import Loss
from ..objective.regularizers.regularizers import L2, ElasticNet
from .names import LEARNING_RATES, WHOLE, loss_of, optimizer_of


@dataclass(frozen=True)
class Settings:
    """Those of `GDClassifier` and `GDRegressor`, by their names; names of losses and optimizers have become objects.

    `alpha` None is 1 / n; `must_settle`: the user has given tol, and hears of it where it is not reached.
    """

    loss: Loss
    alpha: float | None
    l1_ratio: float
    optimizer: Any
    learning_rate: Any
    batch_size: int
    epochs: int
    min_steps: int
    tol: float | None
    must_settle: bool
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    fit_intercept: bool
    standardize: bool
    warm_start: bool
    seed: int
    n_threads: int | None
    certify: bool
    verbose: int

    @staticmethod
    def of(estimator: Any, allowed: tuple[str, ...], *, classifies: bool) -> Settings:
        """The settings of an estimator whose losses have these names."""
        from sklearn.utils import check_random_state

        e = estimator
        optimizer = optimizer_of(e.optimizer)
        early_stopping = check_flag(e.early_stopping, "early_stopping")
        if early_stopping and isinstance(optimizer, WHOLE):
            raise ValueError(f"early_stopping needs an optimizer that goes epoch by epoch; it is {optimizer!r}")
        tol = None if e.tol is None else check_non_negative(e.tol, "tol")
        return Settings(
            loss=loss_of(e.loss, allowed, classifies=classifies),
            alpha=_alpha(e.alpha),
            l1_ratio=_between(e.l1_ratio, "l1_ratio", 0, 1),
            optimizer=optimizer,
            learning_rate=_learning_rate(e.learning_rate),
            batch_size=check_integer(e.batch_size, "batch_size", minimum=1),
            epochs=check_integer(e.epochs, "epochs", minimum=1),
            min_steps=check_integer(e.min_steps, "min_steps", minimum=0),
            tol=1e-3 if tol is None and early_stopping else tol,
            must_settle=tol is not None,
            early_stopping=early_stopping,
            validation_fraction=_between(e.validation_fraction, "validation_fraction", 0, 1, open_=True),
            n_iter_no_change=check_integer(e.n_iter_no_change, "n_iter_no_change", minimum=1),
            fit_intercept=check_flag(e.fit_intercept, "fit_intercept"),
            standardize=_standardize(e.standardize),
            warm_start=check_flag(e.warm_start, "warm_start"),
            seed=int(check_random_state(e.random_state).randint(np.iinfo(np.int32).max)),
            n_threads=None if e.n_threads is None else check_integer(e.n_threads, "n_threads", minimum=1),
            certify=check_flag(e.certify, "certify"),
            verbose=int(e.verbose) if isinstance(e.verbose, bool) else check_integer(e.verbose, "verbose", minimum=0),
        )

    def penalty(self, weight: float, unit: float = 1.0) -> L2 | ElasticNet:
        """``alpha * (l1_ratio * |w|_1 + (1 - l1_ratio) / 2 * |w|_2**2)`` for rows of this total weight.

        `unit`: the targets were divided by it, and so is w.
        """
        alpha = 1 / weight if self.alpha is None else self.alpha
        if self.l1_ratio == 0:
            return L2(alpha / 2)
        return ElasticNet(alpha * self.l1_ratio / unit, alpha / 2 * (1 - self.l1_ratio))


def _alpha(alpha: Any) -> float | None:
    if isinstance(alpha, str):
        if alpha != "auto":
            raise ValueError(f"alpha must be 'auto' (1 / n_samples) or a number >= 0; it is {alpha!r}")
        return None
    return check_non_negative(alpha, "alpha")


def _between(value: Any, name: str, low: float, high: float, *, open_: bool = False) -> float:
    number = check_number(value, name)
    if not (low < number < high if open_ else low <= number <= high):
        interval = f"({low}, {high})" if open_ else f"[{low}, {high}]"
        raise ValueError(f"{name} must be in {interval}; it is {number:g}")
    return number


def _learning_rate(given: Any) -> Any:
    if isinstance(given, str) and given not in LEARNING_RATES:
        names = ", ".join(LEARNING_RATES)
        raise ValueError(f"learning_rate must be None, one of {names}, a number or a schedule; it is {given!r}")
    return check_positive(given, "learning_rate") if isinstance(given, Number) else given


def _standardize(given: Any) -> bool:
    if isinstance(given, str):
        if given != "auto":
            raise ValueError(f"standardize must be 'auto', True or False; it is {given!r}")
        return True
    return check_flag(given, "standardize")
