"""From a data set to a model: what it predicts, what is refused, and that scikit-learn is not needed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import gdfast as gd
from command import blobs
from gdfast.datasets import Dataset
from gdfast.training.settings import Settings
from gdfast.training.train_model import train_model

X, Y = blobs(120, 4, 3, seed=2, spread=1.0)
CLASSES = Dataset(X, Y, class_names=("a", "b", "c"))
TARGETS = Dataset(X, X[:, 0] * 1e3 + Y)
SETTINGS = Settings(gd.CrossEntropy(), batch_size=8, epochs=12, min_steps=0, random_state=1)


def test_predictions_are_in_the_units_of_the_targets():
    """Targets in any unit, features in any unit: predictions are in the targets' own."""
    model, _ = train_model(TARGETS, replace(SETTINGS, loss=gd.SquaredError(), epochs=300))
    design = np.column_stack([X / X.std(axis=0), np.ones(120)])
    exact = design @ np.linalg.lstsq(design, TARGETS.y, rcond=None)[0]
    assert np.abs(model.predict(X) - exact).max() < 0.05 * TARGETS.y.std()


def test_the_model_is_the_fit():
    model, fitted = train_model(CLASSES, replace(SETTINGS, certify=True))
    end = fitted.end
    assert model.scores(X) == pytest.approx(X @ end.coef.T + end.intercept)
    assert model.class_names == CLASSES.class_names
    gap = (
        fitted.objective.value(fitted.run.w)
        - gd.minimize(fitted.objective, fitted.run.w, gd.LBFGS(), gd.StrongWolfe(), max_steps=1000).value
    )
    assert 0 <= gap <= fitted.gap


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(ValueError, match="two classes are needed at least, and there is 1"):
        train_model(replace(CLASSES, y=np.zeros(120, dtype=np.int64), class_names=("a",)), SETTINGS)
    with pytest.raises(ValueError, match="real targets are needed, and there are classes"):
        train_model(CLASSES, replace(SETTINGS, loss=gd.Huber()))
    with pytest.raises(ValueError, match="labels are needed"):
        train_model(replace(CLASSES, y=None), SETTINGS)


def test_scikit_learn_is_not_needed():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import numpy as np, gdfast as gd\n"
        "from gdfast.datasets import Dataset\n"
        "from gdfast.training.settings import Settings, checked\n"
        "from gdfast.training.train_model import train_model\n"
        "X = np.random.default_rng(0).normal(size=(50, 2))\n"
        "data = Dataset(X, (X[:, 0] > 0).astype(int), class_names=('-', '+'))\n"
        "model, fitted = train_model(data, checked(Settings('hinge', random_state=0), classifies=True), np.arange(9))\n"
        "assert np.mean(model.predict(X) == data.y) > 0.95\n"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
