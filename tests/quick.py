"""Which cases of many the quick suite runs: the others are slow tests, that `pytest -m slow` runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import pytest


def quick_among(cases: Iterable[Any], is_quick: Callable[[Any], bool]) -> list[Any]:
    """The cases as parameters, those that are not quick marked slow."""
    return [pytest.param(case, marks=() if is_quick(case) else pytest.mark.slow) for case in cases]


def one_in(n: int, *settings: Iterable[Any]) -> list[Any]:
    """All combinations of some settings as parameters, all but each n-th marked slow.

    Where n divides none of their numbers (the first's aside), the quick ones still meet every setting.
    """
    cases = product(*settings)
    return [pytest.param(*case, marks=() if i % n == 0 else pytest.mark.slow) for i, case in enumerate(cases)]
