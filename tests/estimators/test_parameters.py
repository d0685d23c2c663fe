"""Parameters of the estimators: what stands once in Settings is in every signature, docstring and check."""

from __future__ import annotations

import inspect
import re

import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone

from estimators.problems import blobs, line
from gdfast.estimators import GDClassifier, GDRegressor
from gdfast.training.settings import CHECKS, Settings

KINDS = [GDClassifier, GDRegressor]
SECTIONS = ["Parameters", "Attributes", "Raises", "Warns", "Notes", "References", "Examples"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_signature_is_that_of_the_settings(kind):
    parameters = inspect.signature(kind).parameters
    own = {"class_weight"} if kind is GDClassifier else set()
    assert parameters.keys() == {"loss", *CHECKS, *own}
    assert next(iter(parameters)) == "loss"
    for name in CHECKS:
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default == getattr(Settings, name)
    assert kind().get_params() == {name: parameter.default for name, parameter in parameters.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_docstring_explains_each_parameter_once(kind):
    text = inspect.getdoc(kind)
    titles = re.findall(r"^(\w+)\n-+$", text, flags=re.MULTILINE)
    assert titles == SECTIONS
    explained = text[text.index("Parameters\n") : text.index("Attributes\n")]
    for name in inspect.signature(kind).parameters:
        assert len(re.findall(rf"^{name} : ", explained, flags=re.MULTILINE)) == 1
    for attribute in ("coef_", "intercept_", "n_iter_", "history_", "duality_gap_"):
        assert len(re.findall(rf"^{attribute} : ", text, flags=re.MULTILINE)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_setting_a_parameter_changes_this_estimator_alone(kind):
    one, other = kind(), kind()
    one.set_params(epochs=3)
    assert (one.epochs, other.epochs, kind.epochs) == (3, 20, 20)
    assert clone(one).get_params() == one.get_params()
    assert one != clone(one)
    assert len({one, other}) == 2


@pytest.mark.parametrize(("kind", "data"), [(GDClassifier, blobs), (GDRegressor, line)])
def test_a_fit_changes_no_parameter(kind, data):
    model = kind(random_state=0, min_steps=50, tol=None, early_stopping=True)
    before = model.get_params()
    model.fit(*data(100))
    assert model.get_params() == before
    fitted = {name for name in vars(model) if name.endswith("_") or name.startswith("_")}
    assert set(vars(model)) == set(before) | fitted
