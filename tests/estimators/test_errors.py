"""Messages name the argument, what is needed and what came."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn")

import gdfast as gd
from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDRegressor

PARAMETERS = [
    ({"loss": "hing"}, ValueError, "loss must be one of hinge, squared_hinge, cross_entropy, log_loss.*'hing'"),
    ({"loss": 3}, TypeError, "loss must be one of.* 3"),
    ({"loss": gd.SquaredError()}, ValueError, r"loss must be.*SquaredError\(\)"),
    ({"alpha": -1}, ValueError, "alpha must be >= 0; it is -1"),
    ({"alpha": "car"}, ValueError, "alpha must be 'auto'.*'car'"),
    ({"l1_ratio": 1.5}, ValueError, r"l1_ratio must be in \[0, 1\]; it is 1.5"),
    ({"optimizer": "sgd"}, ValueError, "optimizer must be None, one of gradient_descent.*'sgd'"),
    ({"optimizer": gd.Adam}, TypeError, r"optimizer must be.*gd.Adam\(\)"),
    ({"learning_rate": "optimal"}, ValueError, "learning_rate must be.*linear, cosine, constant.*'optimal'"),
    ({"learning_rate": -0.1}, ValueError, "learning_rate must be > 0; it is -0.1"),
    ({"batch_size": 0}, ValueError, "batch_size must be >= 1; it is 0"),
    ({"epochs": 2.5}, TypeError, "epochs must be an integer; it is float 2.5"),
    ({"min_steps": -1}, ValueError, "min_steps must be >= 0"),
    ({"learning_rate": float("inf")}, ValueError, "learning_rate must be finite"),
    ({"tol": "no"}, TypeError, "tol must be a real number"),
    ({"early_stopping": 1}, TypeError, "early_stopping must be True or False"),
    ({"early_stopping": True, "optimizer": "lbfgs"}, ValueError, "early_stopping needs an optimizer"),
    ({"validation_fraction": 1.0}, ValueError, r"validation_fraction must be in \(0, 1\); it is 1"),
    ({"n_iter_no_change": 0}, ValueError, "n_iter_no_change must be >= 1"),
    ({"fit_intercept": "yes"}, TypeError, "fit_intercept must be True or False"),
    ({"standardize": "std"}, ValueError, "standardize must be 'auto', True or False; it is 'std'"),
    ({"n_threads": 0}, ValueError, "n_threads must be >= 1"),
    ({"certify": None}, TypeError, "certify must be True or False"),
    ({"verbose": -1}, ValueError, "verbose must be >= 0"),
    ({"class_weight": "equal"}, ValueError, "class_weight must be None, 'balanced' or a dict.*'equal'"),
    ({"class_weight": {9: 2.0}}, ValueError, r"class_weight must be for the classes \[0 1 2\]; it also is for \[9\]"),
    ({"class_weight": {0: "a"}}, TypeError, "class_weight must be a real number; it is str 'a'"),
    ({"class_weight": {0: -2.0}}, ValueError, "class_weight must hold finite weights >= 0"),
    ({"class_weight": {0: 0, 1: 0, 2: 0}}, ValueError, "class_weight must leave a row of weight > 0"),
]


@pytest.mark.parametrize(("settings", "kind", "message"), PARAMETERS, ids=lambda value: str(value)[:40])
def test_parameters(settings, kind, message):
    X, y = blobs(60)
    with pytest.raises(kind, match=message):
        GDClassifier(**settings).fit(X, y)


def test_losses_of_the_other_kind():
    X, y = line(60)
    with pytest.raises(ValueError, match=r"loss must be one of squared_error, huber.*'hinge'"):
        GDRegressor("hinge").fit(X, y)


DATA = [
    (lambda X, y: (X, y[:-1]), "y must hold a (label|number) for each of the 60 rows of X; it holds 59"),
    (lambda X, y: (X[:, 0], y), "Expected 2D array, got 1D array"),
    (lambda X, y: (np.where(X[7, 1] == X, np.nan, X), y), "Input X contains NaN"),
    (lambda X, y: (X[:0], y[:0]), "0 sample"),
    (lambda X, y: (X.astype(complex), y), "Complex data not supported"),
    (lambda X, y: (X, None), "requires y to be passed"),
]


@pytest.mark.parametrize(("change", "message"), DATA)
@pytest.mark.parametrize("model", [GDClassifier(), GDRegressor()], ids=str)
def test_data(model, change, message):
    X, y = blobs(60)
    with pytest.raises(ValueError, match=message):
        model.fit(*change(X, y))


@pytest.mark.parametrize("model", [GDClassifier(), GDRegressor()], ids=str)
def test_weights(model):
    X, y = blobs(60)
    for weights, message in [
        (np.zeros(60), "sample_weight.*(non-zero|all are 0)"),
        (-np.ones(60), "(?i)negative"),
        (np.ones(59), "sample_weight"),
        (np.full(60, np.nan), "NaN"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.fit(X, y, sample_weight=weights)


def test_later_calls_must_fit_the_first():
    X, y = blobs(90)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        GDClassifier().partial_fit(X, y)
    model = GDClassifier().partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes must be those of the first call"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"y must hold the classes \[0 1 2\]; it also holds \[3\]"):
        model.partial_fit(X, y + (y == 2))
    with pytest.raises(ValueError, match="X has 5 features, but GDClassifier is expecting 6"):
        model.predict(X[:, :5])
    warm = GDClassifier(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="y must hold the classes of the first fit"):
        warm.fit(X, y + (y == 2))


def test_huge_features_must_be_standardised():
    X, y = blobs(200)
    with pytest.raises(ValueError, match=r"X must have features whose squares are finite with standardize=False"):
        GDClassifier(standardize=False).fit(X * 1e160, y)


def test_continuous_labels_are_refused():
    X, y = line(60)
    with pytest.raises(ValueError, match="Unknown label type"):
        GDClassifier().fit(X, y)


def test_gdfast_itself_does_not_import_scikit_learn():
    code = (
        "import sys, gdfast\n"
        "assert 'sklearn' not in sys.modules and 'estimators' in dir(gdfast)\n"
        "gdfast.estimators.GDClassifier\n"
        "assert 'sklearn' in sys.modules\n"
        "sys.modules['sklearn'] = None\n"
        "del sys.modules['gdfast.estimators']\n"
        "import importlib\n"
        "try: importlib.import_module('gdfast.estimators').GDClassifier\n"
        "except ImportError as error: assert 'gdfast[sklearn]' in str(error)\n"
        "else: raise SystemExit('imported')\n"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
