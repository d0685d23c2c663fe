"""scikit-learn's own checks, all of them: no failure is expected."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from gdfast.estimators import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV

ESTIMATORS = [
    GDClassifier(),
    GDClassifier("squared_hinge"),
    GDClassifier("cross_entropy"),
    GDClassifier("cross_entropy", optimizer="adam", learning_rate="cosine", standardize=False),
    GDRegressor(),
    GDRegressor("huber"),
    GDClassifierCV(alphas=[0.1, 0.01], cv=3),
    GDRegressorCV(alphas=[0.1, 0.01], cv=3),
]


@pytest.mark.filterwarnings("default")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_is_content(estimator, check):
    check(estimator)
