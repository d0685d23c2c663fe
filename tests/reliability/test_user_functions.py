"""Functions of users that return nonsense or raise anything: named errors, and their own come out as they were."""

from __future__ import annotations

import pytest

from reliability.user_functions import USES, cases_of


@pytest.mark.parametrize("use", USES)
def test_what_a_function_returns_wrong_is_named(use, child):
    assert child.require_no_faults("user_functions", use) >= 25


def test_there_are_hundreds_of_cases(record_property):
    n_cases = sum(len(cases_of(use)) for use in USES)
    record_property("figure", f"functions of users: {n_cases:,} wrong returns and exceptions in {len(USES)} places")
    assert n_cases > 800
