"""Every public function, method and class x every argument x some 60 wrong values: nothing crashes, nothing is taken
silently, no argument is changed, and each message names the argument.

The cases follow from the signatures: whatever is public is here by being public (`calls`), and a test fails where the
harness does not know a right value of one of its arguments (`arguments`). They run in forked children (`child`), which
may crash. All 50,000 take less than a minute.
"""

from __future__ import annotations

import pytest

import gdfast as gd
from reliability import calls, special
from reliability.cases import argument_of, cases_of

PUBLIC = calls.public_callables()


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_wrong_input_is_refused_by_name(name, child):
    assert child.require_no_faults("cases", name) > 0


def test_there_are_thousands_of_cases(record_property):
    n_cases = sum(len(cases_of(name)) for name in PUBLIC)
    record_property("figure", f"bad input: {n_cases:,} cases of {len(PUBLIC)} public names")
    assert n_cases > 40_000


def test_every_exception_is_of_something_public():
    """Names in the tables of exceptions that are public no more would hide what took their place."""
    owners = {public.owner for public in PUBLIC.values()}
    homes = {(owner or "").partition(".")[0] for owner in owners}
    known = set(PUBLIC) | {f"{home}.*" for home in owners | homes}
    of_arguments = {key.rpartition(".")[0] for key in special.SPECIAL}
    assert of_arguments <= known
    assert {name for name in calls.CAPABILITIES if not hasattr(gd.LinearObjective, name)} == set()
    assert set(calls.VARIANTS) <= set(PUBLIC)
    assert set(calls.OWNERS) <= owners
    for key in calls.WITHOUT:
        name, _, argument = key.rpartition(".")
        assert key in PUBLIC or argument_of(PUBLIC[name], argument)
