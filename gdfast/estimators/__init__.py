"""scikit-learn estimators: linear classifiers and regressors by stochastic gradient descent, on data as it is."""

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("gdfast.estimators needs scikit-learn: pip install 'gdfast[sklearn]'") from error

from .classifier import GDClassifier
from .regressor import GDRegressor

__all__ = ["GDClassifier", "GDRegressor"]
