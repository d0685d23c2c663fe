"""A run from weights of another shape is refused by name before any work, whatever optimizer, batches and X."""

from __future__ import annotations

import pytest

from reliability.starts import OPTIMIZERS, cases_of


@pytest.mark.parametrize("name", [optimizer.__name__ for optimizer in OPTIMIZERS])
def test_weights_of_another_shape_are_refused_before_any_work(name, child):
    assert child.require_no_faults("starts", name) == 120


def test_every_optimizer_is_there():
    assert len(OPTIMIZERS) >= 18
    assert sum(len(cases_of(optimizer.__name__)) for optimizer in OPTIMIZERS) > 2_000
