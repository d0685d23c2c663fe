"""scikit-learn estimators: linear classifiers and regressors by stochastic gradient descent, on data as it is."""

from .classifier import GDClassifier
from .regressor import GDRegressor

__all__ = ["GDClassifier", "GDRegressor"]
