"""Which cases of many the quick suite runs: the others are slow tests, that `pytest -m slow` runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def quick_among(cases: Iterable[Any], is_quick: Callable[[Any], bool]) -> list[Any]:
    """The cases as parameters, those that are not quick marked slow."""
    return [pytest.param(case, marks=() if is_quick(case) else pytest.mark.slow) for case in cases]
