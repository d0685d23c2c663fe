"""A system that gives no threads: what they would have made is made by who asks for it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from gdfast.objective.linear.in_background import QUICK, in_background
from reliability import runs


def test_no_thread_can_be_started(monkeypatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    objective = runs.OBJECTIVES["chunked"]()
    right = [runs.outcome(name, objective) for name in ("gradient", "mini-batches", "solve")]
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert [runs.outcome(name, objective) for name in ("gradient", "mini-batches", "solve")] == right
    assert in_background(QUICK, np.add, 1, 2) == 3
    with pytest.raises(ZeroDivisionError):
        in_background(QUICK, lambda: 1 // 0)
