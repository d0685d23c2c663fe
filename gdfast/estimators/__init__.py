"""scikit-learn estimators: linear classifiers and regressors by stochastic gradient descent, on data as it is.

What they do beneath scikit-learn's conventions is `gdfast.training`, which does not need it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .classifier import GDClassifier
    from .classifier_cv import GDClassifierCV
    from .regressor import GDRegressor
    from .regressor_cv import GDRegressorCV

__all__ = ["GDClassifier", "GDClassifierCV", "GDRegressor", "GDRegressorCV"]
_HOME = {
    "GDClassifier": "classifier",
    "GDClassifierCV": "classifier_cv",
    "GDRegressor": "regressor",
    "GDRegressorCV": "regressor_cv",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise ImportError("gdfast.estimators needs scikit-learn: pip install 'gdfast[sklearn]'") from error
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
