"""Models and landscapes with a right digest and wrong contents: a named error, or something that can be used."""

from __future__ import annotations

import pytest

from quick import quick_among
from reliability.crafted_files import FILES, cases_of

QUICK = {"without a bias", "plane"}


@pytest.mark.parametrize("name", quick_among(FILES, QUICK.__contains__))
def test_a_crafted_file_is_refused_or_usable(name, child):
    assert child.require_no_faults("crafted_files", name) > 100


def test_there_are_many(tmp_path, monkeypatch, record_property):
    monkeypatch.chdir(tmp_path)
    n_cases = sum(len(cases_of(name)) for name in FILES)
    record_property("figure", f"crafted models and landscapes: {n_cases:,} of {len(FILES)} kinds")
    assert n_cases > 1_500
