"""What was fitted, replaced by something else: predictions and further training say so by name, or are right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

pytest.importorskip("sklearn")

from gdfast.estimators import GDClassifier, GDRegressor

X = np.random.default_rng(0).normal(size=(40, 4))
Y = np.arange(40) % 3
MODELS = {
    "three classes": (lambda: GDClassifier(epochs=2), Y),
    "two classes": (lambda: GDClassifier(epochs=2, loss="hinge"), Y % 2),
    "regression": (lambda: GDRegressor(epochs=2), X[:, 0]),
    "two outputs": (lambda: GDRegressor(epochs=2), X[:, :2]),
}
USES = {
    "few rows": lambda model, y: model.predict(X[:3]),
    "rows": lambda model, y: model.predict(X),
    "sparse rows": lambda model, y: model.predict(sparse.csr_array(X)),
    "a part": lambda model, y: model.partial_fit(X, y),
    "a warm start": lambda model, y: model.set_params(warm_start=True).fit(X, y),
}
CHANGES = {
    "None": lambda a: None,
    "text": lambda a: "text",
    "a row less": lambda a: a[:-1],
    "a row more": lambda a: np.concatenate([a, a[-1:]]),
    "an axis before": lambda a: a[None, None],
    "empty": lambda a: a[:0],
    "complex": lambda a: a.astype(complex),
    "text array": lambda a: a.astype(str),
    "NaN": lambda a: a * np.nan,
    "inf": lambda a: a * 0 + np.inf,
    "masked": lambda a: np.ma.MaskedArray(a, mask=True),
    "records": lambda a: np.zeros(a.shape, [("a", "f8")]),
}
HARMLESS = {"read-only": lambda a: np.broadcast_to(a, a.shape), "Fortran order": np.asfortranarray, "list": np.array}
OF_LABELS = ("None", "text", "a row more", "an axis before", "empty")


@pytest.mark.slow
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", MODELS)
def test_what_does_not_fit_is_named(name, use):
    make, y = MODELS[name]
    of_intercepts = {change: CHANGES[change] for change in CHANGES if "axis" not in change}  # which are a row anyway
    attributes = {"coef_": CHANGES, "intercept_": of_intercepts}
    if hasattr(make().fit(X, y), "classes_") and "row" in use:
        attributes["classes_"] = {change: CHANGES[change] for change in OF_LABELS}
    for attribute, changes in attributes.items():
        for change, changed in changes.items():
            model = make().fit(X, y)
            setattr(model, attribute, changed(getattr(model, attribute)))
            with pytest.raises((TypeError, ValueError), match=r"coef_|intercept_|classes_"):
                pytest.fail(f"{attribute} {change}: {USES[use](model, y)}")


@pytest.mark.parametrize("name", MODELS)
def test_what_is_the_same_gives_the_same(name):
    make, y = MODELS[name]
    right = make().fit(X, y).predict(X)
    for changed in HARMLESS.values():
        model = make().fit(X, y)
        model.coef_, model.intercept_ = changed(model.coef_), changed(model.intercept_)
        np.testing.assert_array_equal(model.predict(X), right)
