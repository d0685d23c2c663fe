"""Assertions for users' own test suites: `assert_gradient`, whose AssertionError holds the whole report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .checks.gradient.check import check_gradient


def assert_gradient(value: Any, gradient: Callable[..., Any] | None = None, at: Any = None, **settings: Any) -> None:
    """Assert that a gradient agrees with difference quotients of its function.

    Parameters
    ----------
    value, gradient, at
        As for `gdfast.check_gradient`: ``(objective, at=w)`` or ``(f, grad, x)``.
    **settings
        All others that it takes: h, coordinates, rtol, rng, vectorized, names, scale, nondeterminism.

    Raises
    ------
    AssertionError
        The check does not pass; the message is the whole report.
    TypeError, ValueError
        An argument cannot be used.

    Notes
    -----
    Give ``rng`` a seed where only a sample of the coordinates is checked, so that the test repeats itself.

    Examples
    --------
    >>> import numpy as np
    >>> from gdfast.testing import assert_gradient
    >>> assert_gradient(lambda w: float(np.sum(w**2)), lambda w: 2 * w, np.array([1.0, -2.0]))
    """
    __tracebackhide__ = True
    report = check_gradient(value, gradient, at, **settings)
    if not report.passed:
        raise AssertionError(str(report))
