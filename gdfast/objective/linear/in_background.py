"""A computation of NumPy's that lasts, in a thread of its own, so that a Ctrl-C is answered while it does.

Python hears a signal between two of its own steps; a product of large matrices or their decomposition is one step. The
main thread waits for it instead, and leaves at once: what was begun ends by itself, and nobody gets its result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")

QUICK = 1e8
"""Multiply-adds that are over before anybody waits: a few hundredths of a second."""
_WAIT = 0.05


def in_background(
    work: float, function: Callable[Arguments, Returned], *arguments: Arguments.args, **keywords: Arguments.kwargs
) -> Returned:
    """What the function returns or raises; the bits are the same. `work`: about so many multiply-adds."""
    if work < QUICK or threading.current_thread() is not threading.main_thread():
        return function(*arguments, **keywords)
    outcome: list[Any] = []
    errors = np.geterr()

    def compute() -> None:
        try:
            with np.errstate(**errors):
                outcome.extend((function(*arguments, **keywords), None))
        except BaseException as error:
            outcome.extend((None, error))

    thread = threading.Thread(target=compute, name="gdfast: a long computation", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_WAIT)
    returned, error = outcome
    if error is not None:
        raise error
    found: Returned = returned
    return found
