"""Checkpoints with a right digest and wrong contents are refused by name: nothing is written beyond its end, and no
array of another shape or type is gone on from."""

from __future__ import annotations

import pytest

from reliability.crafted import RUNS

QUICK = {
    "Momentum",
    "Adam",
    "LBFGS",
    "DualCoordinateAscent",
    "LBFGS, preconditioned",
    "solve",
}  # the kinds of states; the others are slow tests


@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=() if each in QUICK else pytest.mark.slow) for each in RUNS],
)
def test_a_crafted_checkpoint_is_refused(name, child):
    assert child.require_no_faults("crafted", name) >= 20
