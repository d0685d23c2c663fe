"""The estimators x every parameter and argument x some 60 wrong values, in forked children: as test_bad_input.py."""

from __future__ import annotations

import pytest

from quick import quick_among

estimators = pytest.importorskip("reliability.estimators", exc_type=ImportError)

QUICK = {"GDClassifier.fit", "GDClassifier.predict", "GDRegressorCV.fit"}


@pytest.mark.parametrize("name", quick_among(sorted(estimators.NAMES), QUICK.__contains__))
def test_wrong_input_is_refused_by_name(name, child):
    assert child.require_no_faults("estimators", name) > 100
