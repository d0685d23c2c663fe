"""Every command x every argument and option x some 60 wrong numbers, texts and files, in forked children."""

from __future__ import annotations

import pytest

from gdfast.cli import main
from reliability.commands import EXAMPLES, cases_of

QUICK = {"info", "completion", "play"}
SHARE = 12
"""One case of so many is run where not all are."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in sorted(EXAMPLES)]
)
def test_a_wrong_value_is_answered_in_one_sentence(name, child, amount):
    every = amount(1 if name in QUICK else SHARE, 1)
    cases = child.require_no_faults("commands", f"{name} 1/{every}")
    assert cases >= len(cases_of(name)) // every > 1


def test_every_command_is_there(record_property):
    n_cases = sum(len(cases_of(name)) for name in EXAMPLES)
    record_property("figure", f"command line: {n_cases:,} wrong arguments of {len(EXAMPLES)} commands")
    assert set(EXAMPLES) == set(main.commands)
    assert n_cases > 3_000
