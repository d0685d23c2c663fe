"""X that is changed while an objective uses it, in forked children: never a crash."""

from __future__ import annotations

import pytest

from quick import quick_among
from reliability.changed_rows import USES, cases_of

QUICK = {"value", "solve", "gram diagonal"}


@pytest.mark.parametrize("use", quick_among(sorted(USES), QUICK.__contains__))
def test_rows_that_change_crash_nothing(use, child):
    assert child.require_no_faults("changed_rows", use) > 200


def test_there_are_thousands_of_cases(record_property):
    n_cases = sum(len(cases_of(use)) for use in USES)
    record_property("figure", f"X that changes while an objective uses it: {n_cases:,} cases")
    assert n_cases > 6_000
