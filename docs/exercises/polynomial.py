"""Exercise 2: all partial derivatives of a polynomial (LECTURE 19).

    f(x1, x2, x3) = x1**3 + 5 x1 x2 - 3 x2 x3**2

A partial derivative holds the other variables still. Write gradient(x), the three of them in order. It is marked by

    gdfast check docs/exercises/polynomial.py
"""

import numpy as np

w0 = np.array([1.5, -2.0, 0.7])


def value(x):
    """f at x, an array of three numbers."""
    x1, x2, x3 = x
    return x1**3 + 5 * x1 * x2 - 3 * x2 * x3**2


def gradient(x):
    """(3,) -> (3,): the derivatives by x1, x2 and x3."""
    raise NotImplementedError("write the gradient")
