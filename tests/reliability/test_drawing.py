"""The plots x every argument x some 60 wrong values, in forked children: as test_bad_input.py."""

from __future__ import annotations

import pytest

import gdfast as gd

drawing = pytest.importorskip("reliability.drawing", exc_type=ImportError)

NOT_CALLED = {"ends", "strategies"}  # many runs, and the table that compare_strategies makes of them


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(drawing.NAMES))
def test_wrong_input_is_refused_by_name(name, child):
    assert child.require_no_faults("drawing", name) > 40


def test_every_plot_is_there():
    plots = {name for name in gd.plots.__all__ if callable(getattr(gd.plots, name))}
    assert {f"plots.{name}" for name in plots - NOT_CALLED} == set(drawing.NAMES)
