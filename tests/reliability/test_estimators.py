"""The estimators x every parameter and argument x some 60 wrong values, in forked children: as test_bad_input.py."""

from __future__ import annotations

import pytest

estimators = pytest.importorskip("reliability.estimators", exc_type=ImportError)

QUICK = (
    "GDClassifier",
    "GDClassifier.fit",
    "GDClassifier.predict",
    "GDClassifier.decision_function",
    "GDRegressor.fit",
    "GDClassifierCV",
    "GDRegressorCV.fit",
)


@pytest.mark.parametrize("name", QUICK)
def test_wrong_input_is_refused_by_name(name, child):
    assert child.require_no_faults("estimators", name) > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(estimators.NAMES) - set(QUICK)))
def test_wrong_input_is_refused_by_name_at_length(name, child):
    assert child.require_no_faults("estimators", name) > 100
