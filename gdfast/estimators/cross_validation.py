"""What GDClassifierCV and GDRegressorCV share: folds, a path on each, the choice of alpha, and the fit on all rows."""

from __future__ import annotations

import math
import warnings
from contextlib import nullcontext
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import _check_method_params

from .._arrays import check_indices, check_number, check_positive
from .._config import own_threads
from ..descent.path import checked_strengths
from ..descent.path_descent import Shared
from ..descent.result import Status
from ..describe import described
from ..protocols import Array, FloatArray
from ..training.cross_validation import (
    KEPT_BYTES,
    FoldPath,
    PointScores,
    alpha_grid,
    class_factor,
    contenders,
    mean_of_folds,
    proven_point,
    shared_by_folds,
    split_of_fold,
    standardized_fold,
)
from ..training.feature_statistics import with_single_entries
from ..training.fit import Standardized
from ..training.settings import Settings, checked
from ..training.split import Split
from .base import LinearPredictor, named

UNSETTLED = (Status.MAX_STEPS, Status.DIVERGED)


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
        As for LogisticRegressionCV: an integer (5 of None) makes so many folds (of a classifier with as large a share
        of each class), the rows as they stand; rows are indices or masks.
    scoring : str, callable or None
        What is largest at the best alpha, as scikit-learn's scorers; None: accuracy, of a regressor R2. Each answer
        must be a finite number.
    l1_ratio : float in [0, 1]
        Share of the L1 penalty, as in GDClassifier.
    tol : float > 0
        The fit on all rows is PROVEN to be within this share of the objective's optimum, where that can be proven.
    fit_intercept : bool
    standardize : "auto", True or False
        As in GDClassifier; by the training rows of each fold, by all rows at the end.
    n_threads : int, optional
        For the passes of this fit; None: `gd.get_num_threads()`. Results do not depend on it.
    verbose : int
        Print a line for each fold.
    """

    loss: Any
    _: KW_ONLY
    alphas: Any = 20
    cv: Any | None = 5
    scoring: Any = None
    l1_ratio: float = 0.0
    tol: float = 1e-4
    fit_intercept: bool = True
    standardize: Any = "auto"
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
        Of each fold's rows left out; `sample_weight` counts (where metadata are routed: if the scorer asks for it).
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
        trains on no row of a class, or leaves a single row for R2.

    Warns
    -----
    ConvergenceWarning
        A point of a path, or the fit at the end, has not come as near to its optimum as it should.

    Notes
    -----
    A fold is an index into X, which is used where it lies (see GDClassifier). Squared error with L2 costs one matrix of
    products and one eigendecomposition for each fold, whatever the number of alphas; other smooth losses with L2 one of
    all rows, which serves every fold, and each alpha starts where the larger ones lead, as near to its optimum as
    scikit-learn's LogisticRegressionCV (with L1 or the hinge: proven to a thousandth). There alphas whose mean scores
    are within 0.2 % of their range of the best are solved to more digits before one is chosen.
    ``gd.plots.validation_curve(model.alphas_, model.scores_path_, model.alpha_)`` draws the choice. A fit that is
    refused or interrupted leaves the estimator as it was.

    References
    ----------
    J. Friedman, T. Hastie and R. Tibshirani, Regularization paths for generalized linear models via coordinate descent,
    Journal of Statistical Software 33, 2010.
    """

    alpha_: float
    alphas_: FloatArray
    scores_path_: FloatArray
    losses_path_: FloatArray
    n_iter_: int
    duality_gap_: float | None

    def get_metadata_routing(self) -> MetadataRouter:
        """Metadata go to `fit` itself, to the splitter and to the scorer, as those of LogisticRegressionCV."""
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        scorer = check_scoring(self, scoring=self.scoring)
        return router.add(scorer=scorer, method_mapping=MethodMapping().add(caller="fit", callee="score"))

    def _checked_settings(self, *, classifies: bool) -> Settings:
        """The settings of one fit."""
        settings = checked(
            Settings(
                self.loss, l1_ratio=self.l1_ratio, fit_intercept=self.fit_intercept, standardize=self.standardize,
                random_state=0, n_threads=self.n_threads, verbose=self.verbose,
            ),
            classifies=classifies,
        )  # fmt: skip
        check_positive(self.tol, "tol")
        return settings

    def _metadata(self, sample_weight: Any, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What goes to the splitter, and to the scorer."""
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            return dict(routed.splitter.split), dict(routed.scorer.score)
        unknown = sorted(set(params) - {"groups"})
        if unknown:
            raise TypeError(
                f"fit takes sample_weight and groups; {unknown[0]} is taken with "
                "sklearn.set_config(enable_metadata_routing=True) alone"
            )
        return params, {} if sample_weight is None else {"sample_weight": sample_weight}

    def _scorer(self) -> Any:
        """The scorer of `scoring`; None where that is None."""
        if self.scoring is None:
            return None
        if not (isinstance(self.scoring, str) or callable(self.scoring)) or isinstance(self.scoring, type):
            raise TypeError(f"scoring must be None, a scorer's name or a scorer; it is {described(self.scoring)}")
        with named("scoring", self.scoring):
            return check_scoring(self, scoring=self.scoring)

    def _folds(self, X: Any, y: Array, weights: FloatArray | None, params: dict[str, Any]) -> list[tuple[Array, Array]]:
        """Each fold's rows to train on and rows to score on, as indices; both hold some of weight > 0."""
        with named("cv", self.cv):
            splitter = check_cv(self.cv, y, classifier=is_classifier(self))
            folds = [
                (
                    _rows(train, len(y), f"cv's rows to train on, fold {i}"),
                    _rows(test, len(y), f"cv's rows to score on, fold {i}"),
                )
                for i, (train, test) in enumerate(splitter.split(X, y, **params))
            ]
        if not folds:
            raise ValueError("cv must make a fold at least; it makes none")
        for i, fold in enumerate(folds):
            for rows, what in zip(fold, ("train", "score"), strict=True):
                if weights is not None and not weights[rows].any():
                    raise ValueError(f"cv must leave rows of weight > 0 to {what} on; fold {i} has none")
        return folds

    def _check_fold(self, split: Split, held_out: Array, fold: int) -> None:
        raise TypeError("a CrossValidated is a classifier or a regressor")

    def _score_of(self, scores: Array, y: Array, weights: FloatArray | None) -> float:
        raise TypeError("a CrossValidated is a classifier or a regressor")

    def _coefficients(self, coef: FloatArray, intercept: FloatArray, seen: Standardized) -> dict[str, Any]:
        raise TypeError("a CrossValidated is a classifier or a regressor")

    def _learn(
        self, settings: Settings, split: Split, y: Array, sample_weight: FloatArray | None,
        params: dict[str, Any], n_outputs: int,
    ) -> None:  # fmt: skip
        """Choose alpha_, and set the attributes of the fit on all rows there.

        The split's weights are `sample_weight` times those of classes; y is what scorers and the splitter are given.
        """
        split = split._replace(X=with_single_entries(split.X))
        alphas = checked_strengths(self.alphas, (n_outputs, split.X.shape[1] + settings.fit_intercept), "alphas")
        scorer = self._scorer()
        of_splitter, of_scorer = self._metadata(sample_weight, params)
        folds = self._folds(split.X, y, sample_weight, of_splitter)
        splits = [split_of_fold(split.X, split.y, split.weights, train) for train, _ in folds]
        for i, (each, (_, test)) in enumerate(zip(splits, folds, strict=True)):
            self._check_fold(each, test, i)

        def standardized(part: Split, rows: Array) -> Standardized:
            return standardized_fold(settings, part, n_outputs, class_factor(split.weights, sample_weight, rows))

        with nullcontext() if settings.n_threads is None else own_threads(settings.n_threads):
            whole = standardized(Split.of(split.X, split.y, split.weights), np.arange(len(y)))
            grid = alpha_grid(whole, alphas) if isinstance(alphas, int) else alphas
            scores, losses = np.empty((2, len(folds), len(grid)))
            unsettled = np.zeros(scores.shape, dtype=bool)
            shared = shared_by_folds(whole, grid, len(folds))

            def judge(path: FoldPath, i: int, j: int, found: PointScores) -> None:
                own = _check_method_params(split.X, of_scorer, indices=path.held_out)
                unsettled[i, j] = found.point.status in UNSETTLED
                losses[i, j] = settings.loss.value(found.scores, found.y, own.get("sample_weight"))
                if scorer is None:
                    scores[i, j] = self._score_of(found.scores, found.y, own.get("sample_weight"))
                    return
                fitted = self._fitted(found.coef, found.intercept, path.seen)
                answer = scorer(fitted, split.X[path.held_out], y[path.held_out], **own)
                scores[i, j] = _score(answer, i, grid[j])

            keeps = shared is not None and 8 * scores.size * math.prod(whole.objective.shape) <= KEPT_BYTES
            paths: list[tuple[FoldPath, list[Array]]] = []
            for i, ((train, test), each) in enumerate(zip(folds, splits, strict=True)):
                path, weights = FoldPath(standardized(each, train), test, shared), []
                for j, found in enumerate(path.points(grid)):
                    judge(path, i, j, found)
                    if keeps:
                        weights.append(found.point.w)
                if keeps:
                    paths.append((path, weights))
                if self.verbose:
                    print(f"Fold {i + 1} of {len(folds)}: best score {scores[i].max():.6g}", flush=True)
            close = contenders(scores) if keeps else np.zeros(0, dtype=np.intp)
            near: Shared | None = shared
            if shared is not None and len(close) > 1:  # which of them is best may hang on more digits
                near = shared.near(whole.objective, mean_of_folds(whole, paths, int(close[0])), len(close) * len(folds))
                for i, (path, weights) in enumerate(paths):
                    finer = path.finer(grid[close], [weights[j] for j in close], near)
                    for j, found in zip(close, finer, strict=True):
                        judge(path, i, int(j), found)
                        weights[j] = found.point.w
            if unsettled.any():
                _warn(f"{unsettled.sum()} of {scores.size} points of the folds' paths have not come as near to their "
                      "optimum as they should: larger alphas, or scaled features, are easier")  # fmt: skip
            self.alphas_, self.scores_path_, self.losses_path_ = grid, scores, losses
            best = int(np.argmax(scores.mean(axis=0)))
            self.alpha_ = float(grid[best])
            start = mean_of_folds(whole, paths, best) if keeps else None
            point = proven_point(whole, self.alpha_, self.tol, near, start)
        if point.status in UNSETTLED:
            _warn("The fit at alpha_ has not come as near to its optimum as tol asks: larger ones are easier")
        self.n_iter_ = max(1, point.steps)
        self.duality_gap_ = None if np.isnan(point.gap) else point.gap
        for name, value in self._coefficients(*whole.coefficients(point.w), whole).items():
            setattr(self, name, value)

    def _fitted(self, coef: FloatArray, intercept: FloatArray, seen: Standardized) -> Any:
        """An estimator like this one, of these coefficients: what a scorer is given, with rows of an array."""
        other: Any = object.__new__(type(self))
        other.__dict__.update(vars(self) | self._coefficients(coef, intercept, seen))
        vars(other).pop("feature_names_in_", None)
        return other


def _rows(part: Any, n: int, name: str) -> Array:
    """Rows of a fold as indices, which a mask of all rows may be as well."""
    rows = np.asarray(part)
    if rows.dtype == bool and rows.shape == (n,):
        rows = np.flatnonzero(rows)
    return check_indices(rows, n, name)


def _score(answer: Any, fold: int, alpha: float) -> float:
    try:
        return check_number(answer, "scoring's answer")
    except (TypeError, ValueError) as error:
        raise type(error)(f"{error} (fold {fold}, alpha {alpha:g})") from None


def _warn(message: str) -> None:
    warnings.warn(message, ConvergenceWarning, stacklevel=5)
