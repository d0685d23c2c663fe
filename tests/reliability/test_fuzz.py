"""A share of the fuzzing, by the project's own mutator: every parser and loader, no fault in so many mutated files."""

from __future__ import annotations

import contextlib

import pytest

from reliability.fuzz.every import TARGETS
from reliability.fuzz.run import plainly

EXECUTIONS = 400
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_files_are_refused_or_read_rightly(name, amount, record_property):
    count = amount(EXECUTIONS, 25 * EXECUTIONS)
    faults = plainly(name, 0, count)
    record_property("figure", f"fuzzing, {name}: {count:,} executions, {len(faults)} faults")
    assert not faults, faults[:3]


@pytest.mark.parametrize("name", TARGETS)
def test_what_the_mutations_begin_with_is_read(name, tmp_path):
    target, read = TARGETS[name], 0
    path = tmp_path / target.file
    for seed in target.seeds():
        assert target.fault_of(seed, tmp_path) is None
        path.write_bytes(target.wrap(seed))
        with contextlib.suppress(ValueError):  # (a table of names and text is no table of numbers, say)
            target.check(path, seed)
            read += 1
    assert read
