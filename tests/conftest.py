"""What all tests share: no display, reproducible random examples, and a thread count that each test gives back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

import gdfast as gd

# A process started in the background of a script ignores Ctrl-C, and its children inherit that: the tests that press
# it need the usual handler.
signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.setdefault("MPLBACKEND", "Agg")
settings.register_profile("gdfast", deadline=None, derandomize=True, database=None)
settings.load_profile("gdfast")


@pytest.fixture(autouse=True)
def _same_threads() -> Iterator[None]:
    before = gd.get_num_threads()
    yield
    gd.set_num_threads(before)
