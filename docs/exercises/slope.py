"""Exercise 1: the derivative of a function of one number (LECTURE 19).

The function is f(w) = (w**2 - 1)**2: two minima and a maximum between them. Here w holds five numbers at once, value(w)
adds up f at each of them, and so coordinate i of the gradient is f'(w_i).

Write gradient(w), an array of five slopes by the chain rule, without a loop. It is marked by

    gdfast check docs/exercises/slope.py
"""

import numpy as np

w0 = np.array([-1.5, -0.7, 0.4, 0.9, 1.7])


def value(w):
    """The sum of f at the five numbers."""
    return np.sum((w**2 - 1) ** 2)


def gradient(w):
    """(5,) -> (5,): f' at each."""
    raise NotImplementedError("write the gradient")
