"""A computation of NumPy's that lasts, in a thread of its own, so that a Ctrl-C is answered while it does.

Python hears a signal between two of its own steps; a product of large matrices or their decomposition is one step. The
main thread waits for it instead, and leaves at once: what was begun ends by itself, and nobody gets its result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from ..._background import Coming

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")

QUICK = 1e8
"""Multiply-adds that are over before anybody waits: a few hundredths of a second."""


def in_background(
    work: float, function: Callable[Arguments, Returned], *arguments: Arguments.args, **keywords: Arguments.kwargs
) -> Returned:
    """What the function returns or raises; the bits are the same. `work`: about so many multiply-adds."""
    if work < QUICK or threading.current_thread() is not threading.main_thread():
        return function(*arguments, **keywords)
    errors = np.geterr()

    def compute() -> Returned:
        with np.errstate(**errors):
            return function(*arguments, **keywords)

    return Coming(compute, "gdfast: a long computation", daemon=True).result()
