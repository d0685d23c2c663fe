"""The worked example of LECTURE 19, and a function that counts its calls."""

from __future__ import annotations

import numpy as np


class Counted:
    """A function that counts its calls and keeps what it was given."""

    def __init__(self, f):
        self.f = f
        self.seen = []

    def __call__(self, x):
        self.seen.append(x)
        return self.f(x)


def worked(x):
    return float(x[0] ** 3 + 5 * x[0] * x[1] - 3 * x[1] * x[2] ** 2)


def worked_gradient(x):
    return np.array([3 * x[0] ** 2 + 5 * x[1], 5 * x[0] - 3 * x[2] ** 2, -6 * x[1] * x[2]])


POINT = np.array([1.5, -2.0, 0.7])
