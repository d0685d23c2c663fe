"""Checkpoints with a right digest and wrong contents are refused by name: nothing is written beyond its end, and no
array of another shape or type is gone on from."""

from __future__ import annotations

import pytest

from quick import quick_among
from reliability.crafted import RUNS

QUICK = {"Momentum"}


@pytest.mark.parametrize("name", quick_among(RUNS, QUICK.__contains__))
def test_a_crafted_checkpoint_is_refused(name, child):
    assert child.require_no_faults("crafted", name) >= 20
