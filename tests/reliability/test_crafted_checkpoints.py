"""Checkpoints with a right digest and wrong contents are refused by name: nothing is written beyond its end, and no
array of another shape or type is gone on from."""

from __future__ import annotations

import pytest

from reliability.starts import OPTIMIZERS


@pytest.mark.parametrize("name", [optimizer.__name__ for optimizer in OPTIMIZERS])
def test_a_crafted_checkpoint_is_refused(name, child):
    assert child.require_no_faults("crafted", name) >= 20
