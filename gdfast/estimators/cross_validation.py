"""What GDClassifierCV and GDRegressorCV share: folds, a path on each, the choice of alpha, and the fit on all rows."""

from __future__ import annotations

import numbers
import warnings
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from .._arrays import check_integer, check_positive
from ..descent.path import checked_strengths
from ..descent.result import Status
from ..protocols import Array, FloatArray
from ..training.cross_validation import Standardized, alpha_grid, fitted_point, path_on_fold, split_of_fold
from ..training.settings import Settings, checked
from ..training.split import Split
from .base import LinearPredictor


@dataclass(eq=False)
class PathSettings:
    """The parameters that GDClassifierCV and GDRegressorCV share.

    Parameters
    ----------
    alphas : int or array of floats >= 0
        Strengths of the penalty to choose from, as `alpha` of GDClassifier and GDRegressor: the objective of
        scikit-learn's peer of the same alpha (LogisticRegressionCV's C is 1 / (n_samples * alpha), RidgeCV's alpha is
        n_samples * alpha). An integer: so many, evenly spaced on a logarithmic scale; from the smallest that leaves no
        weight, down to a thousandth, with L1, and from one that leaves hardly any, over eight decades, without.
    cv : int, splitter or iterable of (train, test) rows
        As for LogisticRegressionCV: an integer makes so many folds (of a classifier with as large a share of each
        class), the rows as they stand.
    scoring : str, callable or None
        What is largest at the best alpha, as scikit-learn's scorers; None: accuracy, of a regressor R2.
    l1_ratio : float in [0, 1]
        Share of the L1 penalty, as in GDClassifier.
    tol : float > 0
        The fit on all rows is PROVEN to be within this share of the objective's optimum, where that can be proven.
    fit_intercept : bool
    standardize : "auto", True or False
        As in GDClassifier; by the training rows of each fold, by all rows at the end.
    random_state : int, RandomState or None
        Of optimizers that visit rows in random order. (The folds' is the splitter's own.)
    n_threads : int, optional
        Of this fit; None: those of `gdfast.set_num_threads`.
    verbose : int
        Print a line for each fold.
    """

    loss: Any
    _: KW_ONLY
    alphas: Any = 20
    cv: Any = 5
    scoring: Any = None
    l1_ratio: float = 0.0
    tol: float = 1e-4
    fit_intercept: bool = True
    standardize: Any = "auto"
    random_state: Any = None
    n_threads: int | None = None
    verbose: int = 0


class CrossValidated(LinearPredictor, PathSettings):
    """A linear model whose penalty cross-validation chooses.

    Attributes
    ----------
    alpha_ : float
        The alpha with the best mean score, of equal ones the largest.
    alphas_ : float64 (n_alphas,)
        Descending.
    scores_path_ : float64 (n_folds, n_alphas)
        Of each fold's rows left out; `sample_weight` counts.
    losses_path_ : float64 (n_folds, n_alphas)
        The mean loss of the same rows, without the penalty; of a regressor on targets divided by their spread.
    n_iter_ : int
        Steps of the fit on all rows.
    duality_gap_ : float or None
        How far that fit's objective is from its optimum at most; None where nothing is proven.
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn

    Raises
    ------
    TypeError, ValueError
        From `fit`, before any work: a parameter, X, y or sample_weight is of the wrong type, shape or range; a fold
        trains on no row of a class.

    Warns
    -----
    ConvergenceWarning
        A point of a path, or the fit at the end, has not come as near to its optimum as it should.

    Notes
    -----
    A fold is an index into X, which is used where it lies (see GDClassifier). Squared error with L2 costs one matrix of
    products and one eigendecomposition for each fold, whatever the number of alphas; other losses start each alpha
    where the larger one ended, as near to its optimum as scikit-learn's LogisticRegressionCV.
    ``gd.plots.validation_curve(model.alphas_, model.scores_path_, model.alpha_)`` draws the choice.
    """

    alpha_: float
    alphas_: FloatArray
    scores_path_: FloatArray
    losses_path_: FloatArray
    n_iter_: int
    duality_gap_: float | None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def get_metadata_routing(self) -> MetadataRouter:
        """Metadata go to `fit` itself, to the splitter and to the scorer, as those of LogisticRegressionCV."""
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        scorer = check_scoring(self, scoring=self.scoring)
        return router.add(scorer=scorer, method_mapping=MethodMapping().add(caller="fit", callee="score"))

    def _checked_settings(self, *, classifies: bool) -> tuple[Settings, FloatArray | int]:
        """The settings of one fit, and the alphas: an array, or how many."""
        settings = checked(
            Settings(
                self.loss, l1_ratio=self.l1_ratio, fit_intercept=self.fit_intercept, standardize=self.standardize,
                random_state=self.random_state, n_threads=self.n_threads, verbose=self.verbose,
            ),
            classifies=classifies,
        )  # fmt: skip
        check_positive(self.tol, "tol")
        if isinstance(self.alphas, numbers.Integral) and not isinstance(self.alphas, bool):
            return settings, check_integer(self.alphas, "alphas", minimum=1)
        return settings, np.sort(checked_strengths(self.alphas, "alphas"))[::-1].copy()

    def _metadata(self, sample_weight: Any, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What goes to the splitter, and to the scorer."""
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            return dict(routed.splitter.split), dict(routed.scorer.score)
        of_scorer = {name: value for name, value in params.items() if name != "groups"}
        if sample_weight is not None:
            of_scorer["sample_weight"] = sample_weight
        return {name: value for name, value in params.items() if name == "groups"}, of_scorer

    def _check_fold(self, split: Split, fold: int) -> None:
        """ValueError where a fold can't be trained on."""

    def _score_of(self, scores: Array, y: Array, weights: FloatArray | None) -> float:
        raise TypeError("a CrossValidated is a classifier or a regressor")

    def _coefficients(self, coef: FloatArray, intercept: FloatArray, seen: Standardized) -> dict[str, Any]:
        raise TypeError("a CrossValidated is a classifier or a regressor")

    def _chosen(
        self, settings: Settings, alphas: FloatArray | int, split: Split, given_y: Array, sample_weight: Any,
        params: dict[str, Any], class_factor: float, n_outputs: int,
    ) -> None:  # fmt: skip
        """Set alpha_, and what led to it."""
        of_splitter, of_scorer = self._metadata(sample_weight, params)
        folds = list(check_cv(self.cv, given_y, classifier=settings.loss.classifies).split(
            split.X, given_y, **of_splitter
        ))  # fmt: skip
        splits = [split_of_fold(split.X, split.y, split.weights, np.asarray(train)) for train, _ in folds]
        for i, each in enumerate(splits):
            self._check_fold(each, i)
        whole = Split.of(split.X, split.y, split.weights)
        grid = (
            alphas if isinstance(alphas, np.ndarray) else alpha_grid(settings, whole, n_outputs, alphas, class_factor)
        )
        scorer = None if self.scoring is None else check_scoring(self, scoring=self.scoring)
        scores, losses = np.empty((2, len(folds), len(grid)))
        unsettled = 0
        for i, ((_, test), each) in enumerate(zip(folds, splits, strict=True)):
            held_out = np.asarray(test)
            held_out = np.flatnonzero(held_out) if held_out.dtype == bool else held_out
            own = {name: value[held_out] if np.shape(value)[:1] == (len(given_y),) else value
                   for name, value in of_scorer.items()}  # fmt: skip
            weights = own.get("sample_weight")
            for j, point in enumerate(path_on_fold(settings, each, held_out, grid, n_outputs, class_factor)):
                unsettled += point.point.status in (Status.MAX_STEPS, Status.DIVERGED)
                losses[i, j] = settings.loss.value(point.scores, point.y, weights)
                if scorer is None:
                    scores[i, j] = self._score_of(point.scores, point.y, weights)
                else:
                    fitted = self._fitted(point.coef, point.intercept, point.seen)
                    scores[i, j] = scorer(fitted, split.X[held_out], given_y[held_out], **own)
            if self.verbose:
                best = int(np.argmax(scores[i]))
                print(f"Fold {i + 1} of {len(folds)}: best score {scores[i, best]:.6g}", flush=True)
        if unsettled:
            warnings.warn(
                f"{unsettled} of {scores.size} points of the folds' paths have not come as near to their optimum as "
                "they should: larger alphas, or scaled features, are easier",
                ConvergenceWarning,
                stacklevel=4,
            )
        self.alphas_, self.scores_path_, self.losses_path_ = grid, scores, losses
        self.alpha_ = float(grid[np.argmax(scores.mean(axis=0))])

    def _fitted(self, coef: FloatArray, intercept: FloatArray, seen: Standardized) -> Any:
        """An estimator like this one, of these coefficients: what a scorer is given."""
        other: Any = object.__new__(type(self))
        other.__dict__.update(vars(self) | self._coefficients(coef, intercept, seen))
        return other

    def _refit(self, settings: Settings, split: Split, class_factor: float, n_outputs: int) -> None:
        """Set the attributes of the fit on all rows at alpha_."""
        split = Split.of(split.X, split.y, split.weights)
        seen, point = fitted_point(settings, split, self.alpha_, n_outputs, class_factor, self.tol)
        if point.status in (Status.MAX_STEPS, Status.DIVERGED):
            warnings.warn(
                "The fit at alpha_ has not come as near to its optimum as tol asks: larger ones are easier",
                ConvergenceWarning,
                stacklevel=4,
            )
        self.n_iter_ = max(1, point.steps)
        self.duality_gap_ = None if np.isnan(point.gap) else point.gap
        for name, value in self._coefficients(*seen.coefficients(point.w), seen).items():
            setattr(self, name, value)
